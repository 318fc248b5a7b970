//! The one way to read bytes: a cursor that never passes its end and knows where in the message it stands.

use super::budget;
use super::error::Malformed;

/// A cursor over part of a message. `Copy`: a copy is a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Where `rest` ends, in octets from the first of the message; with its length this gives the position.
    end: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the first of `bytes`, which stand `offset` octets into their message.
    #[inline]
    pub const fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { rest: bytes, end: offset + bytes.len() }
    }

    /// Octets from the first of the message.
    #[inline]
    pub const fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    /// How many octets are left.
    #[inline]
    pub const fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether none are left.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left, without moving.
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// An error unless at least `octets` are left: one look at the end for all the reads that follow.
    #[inline]
    pub fn need(&self, octets: usize) -> Result<(), Malformed> {
        if self.len() < octets { Err(self.truncated()) } else { Ok(()) }
    }

    /// The next of the items that stand one after another up to the end; after an error there is nothing more.
    #[inline]
    pub(crate) fn item<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Option<Result<T, Malformed>> {
        if self.is_empty() {
            return None;
        }
        budget::step();
        let parsed = parse(self);
        if parsed.is_err() {
            self.take_rest();
        }
        Some(parsed)
    }

    /// The next octet.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    /// The next two octets.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next four octets.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next eight octets.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// The next `N` octets.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        budget::step();
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(self.truncated()),
        }
    }

    /// The next `length` octets.
    #[inline]
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        budget::step();
        match self.rest.split_at_checked(length) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(self.truncated()),
        }
    }

    /// A cursor over the next `length` octets.
    #[inline]
    pub fn sub(&mut self, length: usize) -> Result<Self, Malformed> {
        let start = self.offset();
        self.bytes(length).map(|bytes| Self::new(bytes, start))
    }

    /// All that is left; nothing remains.
    #[inline]
    pub fn take_rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// An error unless all was read.
    #[inline]
    pub fn finish(self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed::length(self.offset(), "octets left over")) }
    }

    /// The error that something ends too early, here.
    #[cold]
    pub const fn truncated(&self) -> Malformed {
        Malformed::length(self.offset(), "ends too early")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_read_moves_nothing_and_names_its_place() {
        let mut reader = Reader::new(&[1, 2, 3], 19);
        assert_eq!(reader.u16(), Ok(0x0102));
        assert_eq!(reader.u32(), Err(Malformed::length(21, "ends too early")));
        assert_eq!(reader.u8(), Ok(3));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn a_sub_reader_keeps_the_offsets_of_its_message() {
        let mut reader = Reader::new(&[1, 2, 3, 4], 100);
        reader.u8().unwrap();
        let mut inner = reader.sub(2).unwrap();
        assert_eq!((inner.u8(), inner.offset()), (Ok(2), 102));
        assert_eq!(inner.finish().unwrap_err().offset, 102);
        assert_eq!(reader.rest(), [4]);
    }
}
