//! One direction of a TCP connection: segments in, its octets in their order out (RFC 9293 §3.4).

use super::stamp::Stamp;
use std::collections::BTreeMap;

/// Octets that wait for others before them, for one direction; more of them, and what is missing is given up.
pub(super) const MAX_HELD: usize = 1 << 20;
/// What a piece that waits costs beside its octets.
const OVERHEAD: usize = 64;

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The next octets, and the packet with which they were there.
    Octets(&'a [u8], Stamp),
    /// So many octets were not captured.
    Missing(u64, Stamp),
    /// So many octets were cut from their packet when it was captured.
    Cut(u64, Stamp),
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    /// The place of the octet that comes next; the lower 32 bits are its sequence number. `None`: nothing was seen yet.
    next: Option<u64>,
    /// What stands behind octets that are missing, by its place.
    waiting: BTreeMap<u64, Waiting>,
    /// What that costs, in octets.
    held: usize,
}

#[derive(Debug)]
struct Waiting {
    octets: Box<[u8]>,
    cut: u32,
    stamp: Stamp,
}

impl Reassembly {
    /// Places begin so far up that one before the first can be told of.
    const FIRST: u64 = 1 << 40;

    /// Begins anew: the first octet has this sequence number.
    pub(super) fn begin(&mut self, sequence: u32) {
        *self = Self { next: Some(Self::FIRST | u64::from(sequence)), ..Self::default() };
    }

    /// Whether anything was seen.
    pub(super) fn has_begun(&self) -> bool {
        self.next.is_some()
    }

    /// Whether everything before this place was handed over or given up.
    pub(super) fn reached(&self, place: u64) -> bool {
        self.next.is_some_and(|next| next >= place)
    }

    /// What waits costs so many octets.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// The place of a sequence number, taken to be within 2^31 octets of the next.
    pub(super) fn place(&self, sequence: u32) -> Option<u64> {
        let next = self.next?;
        let distance = sequence.wrapping_sub(next as u32).cast_signed();
        next.checked_add_signed(i64::from(distance))
    }

    /// How far a sequence number is from the next, in either direction.
    pub(super) fn distance(&self, sequence: u32) -> u64 {
        self.place(sequence).zip(self.next).map_or(0, |(place, next)| place.abs_diff(next))
    }

    /// Whether the octet before this place is still missing.
    pub(super) fn lacks(&self, place: u64) -> bool {
        !self.waiting.is_empty() && self.next.is_some_and(|next| next < place)
    }

    /// Takes a segment: its payload, and `cut` octets behind it that were not captured.
    pub(super) fn take(
        &mut self,
        sequence: u32,
        payload: &[u8],
        cut: u32,
        stamp: Stamp,
        out: &mut impl FnMut(Piece<'_>),
    ) {
        if self.next.is_none() {
            self.begin(sequence);
        }
        let (Some(place), Some(next)) = (self.place(sequence), self.next) else { return };
        if place > next {
            self.wait(place, payload, cut, stamp);
            return;
        }
        self.deliver(place, payload, cut, stamp, out);
        while let Some(entry) = self.waiting.first_entry().filter(|entry| Some(*entry.key()) <= self.next) {
            let (place, waiting) = entry.remove_entry();
            self.held -= waiting.octets.len() + OVERHEAD;
            // It had to wait for this packet.
            let stamp = waiting.stamp.max(stamp);
            self.deliver(place, &waiting.octets, waiting.cut, stamp, out);
        }
    }

    /// Hands over what of a segment was not handed over before.
    fn deliver(
        &mut self,
        place: u64,
        payload: &[u8],
        cut: u32,
        stamp: Stamp,
        out: &mut impl FnMut(Piece<'_>),
    ) {
        let Some(next) = self.next else { return };
        let known = usize::try_from(next.saturating_sub(place)).unwrap_or(usize::MAX);
        let mut reached = next;
        if let Some(new) = payload.get(known..).filter(|new| !new.is_empty()) {
            out(Piece::Octets(new, stamp));
            reached += new.len() as u64;
        }
        let end = place + payload.len() as u64 + u64::from(cut);
        if cut > 0 && end > reached {
            // Another packet may have what was cut from this one.
            let mut before = self.waiting.range(..=reached);
            if !before.any(|(place, waiting)| place + waiting.octets.len() as u64 > reached) {
                let until = self.waiting.range(reached..).next().map_or(end, |(place, _)| end.min(*place));
                out(Piece::Cut(until - reached, stamp));
                reached = until;
            }
        }
        self.next = Some(reached);
    }

    fn wait(&mut self, place: u64, payload: &[u8], cut: u32, stamp: Stamp) {
        if payload.is_empty() && cut == 0 {
            return;
        }
        let longer = |waiting: &Waiting| waiting.octets.len() >= payload.len();
        if self.waiting.get(&place).is_some_and(longer) {
            return;
        }
        let waiting = Waiting { octets: payload.into(), cut, stamp };
        self.held += payload.len() + OVERHEAD;
        if let Some(shorter) = self.waiting.insert(place, waiting) {
            self.held -= shorter.octets.len() + OVERHEAD;
        }
    }

    /// Gives up the first octets that are missing, and hands over what stands behind them; false: none are missing.
    pub(super) fn give_up(&mut self, out: &mut impl FnMut(Piece<'_>)) -> bool {
        let Some((place, waiting)) = self.waiting.pop_first() else { return false };
        self.held -= waiting.octets.len() + OVERHEAD;
        if let Some(next) = self.next.filter(|next| *next < place) {
            out(Piece::Missing(place - next, waiting.stamp));
            self.next = Some(place);
        }
        self.take(place as u32, &waiting.octets, waiting.cut, waiting.stamp, out);
        true
    }
}
