//! The one way to write bytes: into the caller's buffer, never past its end, allocating nothing.

use super::error::BufferFull;

/// A cursor over the caller's buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    at: usize,
}

/// A place where a length was left out, to be filled in once what it counts has been written.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Gap {
    /// Where what it counts begins.
    start: usize,
}

impl<'a> Writer<'a> {
    /// A cursor at the start of `buffer`.
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, at: 0 }
    }

    /// How many octets were written.
    #[inline]
    pub const fn len(&self) -> usize {
        self.at
    }

    /// Whether none were.
    pub const fn is_empty(&self) -> bool {
        self.at == 0
    }

    /// How many octets more would fit.
    #[inline]
    pub const fn room(&self) -> usize {
        self.buffer.len() - self.at
    }

    /// What was written.
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.at).unwrap_or_default()
    }

    /// Forgets all but the first `length` octets: how to take back what did not fit.
    #[inline]
    pub const fn truncate(&mut self, length: usize) {
        if length < self.at {
            self.at = length;
        }
    }

    /// Writes one octet.
    #[inline]
    pub fn u8(&mut self, value: u8) -> Result<(), BufferFull> {
        self.array([value])
    }

    /// Writes two octets.
    #[inline]
    pub fn u16(&mut self, value: u16) -> Result<(), BufferFull> {
        self.array(value.to_be_bytes())
    }

    /// Writes four octets.
    #[inline]
    pub fn u32(&mut self, value: u32) -> Result<(), BufferFull> {
        self.array(value.to_be_bytes())
    }

    /// Writes eight octets.
    #[inline]
    pub fn u64(&mut self, value: u64) -> Result<(), BufferFull> {
        self.array(value.to_be_bytes())
    }

    /// Writes `N` octets.
    #[inline]
    pub fn array<const N: usize>(&mut self, octets: [u8; N]) -> Result<(), BufferFull> {
        let slot = self.buffer.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut::<N>());
        *slot.ok_or(BufferFull)? = octets;
        self.at += N;
        Ok(())
    }

    /// Writes items of at most `N` octets: `fill` puts one into a slot and says how many octets it has. The slot may reach further,
    /// into what comes next: one store of a known size is cheaper than a copy of an unknown one.
    #[inline]
    pub(crate) fn slots<T, const N: usize>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        fill: impl Fn(T, &mut [u8; N]) -> usize,
    ) -> Result<(), BufferFull> {
        let end = self.buffer.len();
        let mut rest = self.buffer.get_mut(self.at..).ok_or(BufferFull)?;
        for item in items {
            let length = match rest.first_chunk_mut() {
                Some(slot) => fill(item, slot),
                None => {
                    let mut slot = [0; N];
                    let length = fill(item, &mut slot);
                    copy_start(&slot, length, rest)?;
                    length
                }
            };
            rest = rest.get_mut(length..).ok_or(BufferFull)?;
        }
        self.at = end - rest.len();
        Ok(())
    }

    /// Writes items of `N` octets, with one look at the room for all of them.
    #[inline]
    pub(crate) fn items<const N: usize>(
        &mut self,
        items: impl ExactSizeIterator<Item = [u8; N]>,
    ) -> Result<(), BufferFull> {
        let length = items.len() * N;
        let slots =
            self.buffer.get_mut(self.at..).and_then(|rest| rest.get_mut(..length)).ok_or(BufferFull)?;
        for (slot, item) in slots.as_chunks_mut().0.iter_mut().zip(items) {
            *slot = item;
        }
        self.at += length;
        Ok(())
    }

    /// Writes `octets`.
    #[inline]
    pub fn bytes(&mut self, octets: &[u8]) -> Result<(), BufferFull> {
        let rest = self.buffer.get_mut(self.at..).ok_or(BufferFull)?;
        rest.get_mut(..octets.len()).ok_or(BufferFull)?.copy_from_slice(octets);
        self.at += octets.len();
        Ok(())
    }

    /// Leaves room for a length of one octet.
    #[inline]
    pub fn gap_u8(&mut self) -> Result<Gap, BufferFull> {
        self.u8(0)?;
        Ok(Gap { start: self.at })
    }

    /// Leaves room for a length of two octets.
    #[inline]
    pub fn gap_u16(&mut self) -> Result<Gap, BufferFull> {
        self.u16(0)?;
        Ok(Gap { start: self.at })
    }

    /// How many octets were written since the gap.
    #[inline]
    pub const fn since(&self, gap: Gap) -> usize {
        self.at.saturating_sub(gap.start)
    }

    /// Fills a gap of one octet with the number of octets since.
    #[inline]
    pub fn fill_u8(&mut self, gap: Gap) -> Result<(), BufferFull> {
        let length = u8::try_from(self.since(gap)).map_err(|_| BufferFull)?;
        self.patch(gap.start.wrapping_sub(1), [length])
    }

    /// Fills a gap of two octets with the number of octets since.
    #[inline]
    pub fn fill_u16(&mut self, gap: Gap) -> Result<(), BufferFull> {
        let length = u16::try_from(self.since(gap)).map_err(|_| BufferFull)?;
        self.patch(gap.start.wrapping_sub(2), length.to_be_bytes())
    }

    /// Widens a gap of one octet to two, moving what was written since.
    pub(crate) fn widen(&mut self, gap: Gap) -> Result<Gap, BufferFull> {
        self.u8(0)?;
        let moved = self.buffer.get_mut(gap.start..self.at).ok_or(BufferFull)?;
        moved.rotate_right(1);
        Ok(Gap { start: gap.start + 1 })
    }

    /// Overwrites octets that were written before.
    #[inline]
    pub(crate) fn patch<const N: usize>(&mut self, at: usize, octets: [u8; N]) -> Result<(), BufferFull> {
        let slot = self.buffer.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<N>());
        *slot.ok_or(BufferFull)? = octets;
        Ok(())
    }
}

/// Near the end of a buffer a slot does not fit any more; what is in it may.
#[cold]
#[inline(never)]
fn copy_start(slot: &[u8], length: usize, into: &mut [u8]) -> Result<(), BufferFull> {
    match (into.get_mut(..length), slot.get(..length)) {
        (Some(into), Some(octets)) => into.copy_from_slice(octets),
        _ => return Err(BufferFull),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_filled_with_what_was_written_since() {
        let mut buffer = [0; 8];
        let mut writer = Writer::new(&mut buffer);
        writer.u8(7).unwrap();
        let gap = writer.gap_u16().unwrap();
        writer.bytes(&[1, 2, 3]).unwrap();
        writer.fill_u16(gap).unwrap();
        assert_eq!(writer.written(), [7, 0, 3, 1, 2, 3]);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_writes_nothing() {
        let mut buffer = [0; 3];
        let mut writer = Writer::new(&mut buffer);
        writer.u16(0x0102).unwrap();
        assert_eq!(writer.u16(0x0304), Err(BufferFull));
        assert_eq!(writer.written(), [1, 2]);
    }

    #[test]
    fn widening_a_gap_moves_what_was_written() {
        let mut buffer = [0; 8];
        let mut writer = Writer::new(&mut buffer);
        let gap = writer.gap_u8().unwrap();
        writer.bytes(&[1, 2, 3]).unwrap();
        let gap = writer.widen(gap).unwrap();
        writer.fill_u16(gap).unwrap();
        assert_eq!(writer.written(), [0, 3, 1, 2, 3]);
    }
}
