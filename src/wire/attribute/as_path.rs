//! AS_PATH and AS4_PATH (RFC 4271 §4.3, RFC 6793, RFC 5065).

use alloc::vec::Vec;

use super::super::budget;
use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;

/// The AS number that stands for one of four octets where only two fit (RFC 6793 §9).
pub const AS_TRANS: u16 = 23456;

/// What a segment's AS numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[repr(u8)]
pub enum AsSegmentKind {
    /// AS_SET: in no order.
    Set = 1,
    /// AS_SEQUENCE: the nearest first.
    Sequence = 2,
    /// AS_CONFED_SEQUENCE (RFC 5065 §3)
    ConfedSequence = 3,
    /// AS_CONFED_SET (RFC 5065 §3)
    ConfedSet = 4,
}

impl AsSegmentKind {
    /// The kind with this number on the wire.
    #[inline]
    pub const fn from_u8(kind: u8) -> Option<Self> {
        match kind {
            1 => Some(Self::Set),
            2 => Some(Self::Sequence),
            3 => Some(Self::ConfedSequence),
            4 => Some(Self::ConfedSet),
            _ => None,
        }
    }

    /// Whether it says something about a confederation only (RFC 5065 §3).
    pub const fn is_confederation(self) -> bool {
        matches!(self, Self::ConfedSequence | Self::ConfedSet)
    }
}

/// A run of AS numbers of one kind. One of more than 255 is written as several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsSegment {
    /// What they mean.
    pub kind: AsSegmentKind,
    /// The AS numbers.
    pub asns: Vec<u32>,
}

/// The ASes that a route went through, the nearest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsPath {
    /// The segments, in order.
    pub segments: Vec<AsSegment>,
}

impl AsPath {
    /// The path that is one AS_SEQUENCE; the empty path where `asns` is empty.
    pub fn sequence(asns: impl Into<Vec<u32>>) -> Self {
        let asns = asns.into();
        let segment = AsSegment { kind: AsSegmentKind::Sequence, asns };
        Self { segments: if segment.asns.is_empty() { Vec::new() } else { Vec::from([segment]) } }
    }

    /// Whether no AS stands in it.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|segment| segment.asns.is_empty())
    }

    /// Every AS number, segment by segment.
    pub fn asns(&self) -> impl Iterator<Item = u32> {
        self.segments.iter().flat_map(|segment| segment.asns.iter().copied())
    }

    /// Whether some AS number needs four octets.
    pub fn needs_four_octets(&self) -> bool {
        self.asns().any(|asn| asn > u32::from(u16::MAX))
    }

    /// How many ASes it counts as: a set is one, a confederation's are none (RFC 4271 §9.1.2.2, RFC 5065 §5.3).
    pub fn hops(&self) -> usize {
        self.segments.iter().map(|segment| hops(segment.kind, segment.asns.len())).sum()
    }

    /// The whole path, of an AS_PATH in which AS_TRANS may stand for larger numbers and the AS4_PATH that came along
    /// (RFC 6793 §4.2.3): as many of our leading ASes as the other path is shorter by, then the other path.
    ///
    /// An AS4_PATH that is longer than the AS_PATH is ignored.
    #[must_use]
    pub fn merged(&self, as4_path: &Self) -> Self {
        let Some(mut leading) = self.hops().checked_sub(as4_path.hops()) else { return self.clone() };
        let mut segments = Vec::new();
        for segment in &self.segments {
            let length = segment.asns.len();
            // A set counts once and is kept whole; a confederation's segment counts nothing, and is kept where it leads.
            let keep = match segment.kind {
                AsSegmentKind::Sequence => length.min(leading),
                AsSegmentKind::Set => length * usize::from(leading > 0),
                AsSegmentKind::ConfedSequence | AsSegmentKind::ConfedSet => length,
            };
            leading -= hops(segment.kind, keep).min(leading);
            if keep > 0 {
                segments.push(AsSegment {
                    kind: segment.kind,
                    asns: segment.asns.iter().take(keep).copied().collect(),
                });
            }
            if keep < length || (leading == 0 && !segment.kind.is_confederation()) {
                break;
            }
        }
        for segment in as4_path.segments.iter().filter(|segment| !segment.kind.is_confederation()) {
            match segments.last_mut() {
                Some(last)
                    if last.kind == AsSegmentKind::Sequence && segment.kind == AsSegmentKind::Sequence =>
                {
                    last.asns.extend(&segment.asns);
                }
                _ => segments.push(segment.clone()),
            }
        }
        Self { segments }
    }

    /// Writes the segments, each AS number in four octets or two; AS_TRANS stands for what two cannot say.
    ///
    /// # Errors
    ///
    /// Where the buffer is full.
    pub fn encode(&self, asn4: bool, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        for segment in &self.segments {
            for asns in segment.asns.chunks(usize::from(u8::MAX)) {
                out.array([segment.kind as u8, asns.len() as u8])?;
                if asn4 {
                    out.items(asns.iter().map(|asn| asn.to_be_bytes()))?;
                } else {
                    let two = |asn: &u32| u16::try_from(*asn).unwrap_or(AS_TRANS).to_be_bytes();
                    out.items(asns.iter().map(two))?;
                }
            }
        }
        Ok(())
    }
}

/// How many ASes a segment counts as.
const fn hops(kind: AsSegmentKind, asns: usize) -> usize {
    match kind {
        AsSegmentKind::Sequence => asns,
        AsSegmentKind::Set => (asns > 0) as usize,
        AsSegmentKind::ConfedSequence | AsSegmentKind::ConfedSet => 0,
    }
}

/// A path as it stands on the wire: segments one after another.
///
/// ```text
/// +---------------+---------------+------------------------------------+
/// | Kind (1)      | Count (1)     | Count AS numbers of 2 or 4 octets  |
/// +---------------+---------------+------------------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AsPathView<'a> {
    bytes: &'a [u8],
    asn4: bool,
}

impl<'a> AsPathView<'a> {
    /// A view of a path that was checked before.
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], asn4: bool) -> Self {
        Self { bytes, asn4 }
    }

    /// A view of the path that `reader` holds, checked (RFC 7606 §7.2, RFC 7607 §2). `confederation`: segments about one
    /// are allowed, which they are not in what comes from outside of it (RFC 5065 §5).
    #[inline]
    pub(crate) fn parse(reader: Reader<'a>, asn4: bool, confederation: bool) -> Result<Self, Malformed> {
        let view = Self::new(reader.rest(), asn4);
        let mut segments = view.segments();
        let (mut zero, mut inside) = (false, false);
        for segment in &mut segments {
            if segment.is_empty() {
                return Err(Malformed::value(reader.offset(), "an AS path segment without an AS"));
            }
            zero |= segment.has_zero();
            inside |= segment.kind.is_confederation();
        }
        if !segments.bytes.is_empty() {
            return Err(Self::misfit(reader, segments.bytes));
        }
        if zero {
            return Err(Malformed::value(reader.offset(), "AS 0 in an AS path"));
        }
        if inside && !confederation {
            return Err(Malformed::value(reader.offset(), "a confederation's AS path segment from outside"));
        }
        Ok(view)
    }

    /// Why no segment could be cut off the front of `rest`, which ends where `reader` does.
    #[cold]
    fn misfit(reader: Reader<'_>, rest: &[u8]) -> Malformed {
        let offset = reader.offset() + reader.len().saturating_sub(rest.len());
        match rest.first() {
            Some(kind) if AsSegmentKind::from_u8(*kind).is_none() => {
                Malformed::value(offset, "an AS path segment of unknown type")
            }
            _ => Malformed::value(offset, "an AS path segment longer than its path"),
        }
    }

    /// The segments, in order.
    #[inline]
    pub const fn segments(self) -> AsSegments<'a> {
        AsSegments { bytes: self.bytes, asn4: self.asn4 }
    }
}

impl From<AsPathView<'_>> for AsPath {
    fn from(view: AsPathView<'_>) -> Self {
        let owned =
            |segment: AsSegmentView<'_>| AsSegment { kind: segment.kind, asns: segment.asns().collect() };
        Self { segments: view.segments().map(owned).collect() }
    }
}

/// The segments of an [`AsPathView`].
#[derive(Clone, Copy, Debug)]
pub struct AsSegments<'a> {
    bytes: &'a [u8],
    asn4: bool,
}

impl<'a> Iterator for AsSegments<'a> {
    type Item = AsSegmentView<'a>;

    #[inline]
    fn next(&mut self) -> Option<AsSegmentView<'a>> {
        budget::step();
        let (&[kind, count], rest) = self.bytes.split_first_chunk::<2>()?;
        let kind = AsSegmentKind::from_u8(kind)?;
        let (bytes, rest) = rest.split_at_checked(usize::from(count) << if self.asn4 { 2 } else { 1 })?;
        self.bytes = rest;
        Some(AsSegmentView { kind, bytes, asn4: self.asn4 })
    }
}

/// One segment of an [`AsPathView`].
#[derive(Clone, Copy, Debug)]
pub struct AsSegmentView<'a> {
    /// What its AS numbers mean.
    pub kind: AsSegmentKind,
    bytes: &'a [u8],
    asn4: bool,
}

impl<'a> AsSegmentView<'a> {
    /// Whether no AS stands in it.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    /// The AS numbers.
    #[inline]
    pub fn asns(self) -> impl Iterator<Item = u32> + use<'a> {
        let (four, two) = if self.asn4 { (self.bytes, &[][..]) } else { (&[][..], self.bytes) };
        let four = four.as_chunks::<4>().0.iter().map(|asn| u32::from_be_bytes(*asn));
        four.chain(two.as_chunks::<2>().0.iter().map(|asn| u32::from(u16::from_be_bytes(*asn))))
    }

    /// Whether AS 0 stands in it, which no path may carry (RFC 7607 §2).
    #[inline]
    fn has_zero(self) -> bool {
        if self.asn4 {
            self.bytes.as_chunks::<4>().0.iter().any(|asn| u32::from_ne_bytes(*asn) == 0)
        } else {
            self.bytes.as_chunks::<2>().0.iter().any(|asn| u16::from_ne_bytes(*asn) == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn parse(bytes: &[u8], asn4: bool) -> Result<AsPath, Malformed> {
        AsPathView::parse(Reader::new(bytes, 0), asn4, true).map(AsPath::from)
    }

    #[test]
    fn a_path_of_two_octet_numbers_is_read_and_written() {
        let bytes = [2, 2, 0xfd, 0xe8, 0x5b, 0xa0, 1, 1, 0, 7];
        let path = parse(&bytes, false).unwrap();
        assert_eq!(path.asns().collect::<Vec<_>>(), [65000, 23456, 7]);
        let mut buffer = [0; 32];
        let mut out = Writer::new(&mut buffer);
        path.encode(false, &mut out).unwrap();
        assert_eq!(out.written(), bytes);
    }

    #[test]
    fn as_trans_stands_for_a_number_that_needs_four_octets() {
        let mut buffer = [0; 8];
        let mut out = Writer::new(&mut buffer);
        AsPath::sequence([70_000]).encode(false, &mut out).unwrap();
        assert_eq!(out.written(), [2, 1, 0x5b, 0xa0]);
    }

    #[test]
    fn a_segment_of_more_than_255_is_written_as_several() {
        let mut buffer = [0; 2048];
        let mut out = Writer::new(&mut buffer);
        AsPath::sequence(vec![1; 300]).encode(true, &mut out).unwrap();
        assert_eq!(out.len(), 300 * 4 + 2 * 2);
        assert_eq!(out.written()[..2], [2, 255]);
    }

    #[test]
    fn a_path_is_malformed_where_a_segment_is_unknown_empty_or_too_long() {
        assert_eq!(parse(&[9, 1, 0, 0, 0, 1], true).unwrap_err().what, "an AS path segment of unknown type");
        assert_eq!(parse(&[2, 0], true).unwrap_err().what, "an AS path segment without an AS");
        assert_eq!(
            parse(&[2, 2, 0, 0, 0, 1], true).unwrap_err().what,
            "an AS path segment longer than its path"
        );
        assert_eq!(parse(&[2, 1, 0, 0, 0, 1, 2], true).unwrap_err().offset, 6);
        assert_eq!(parse(&[2, 2, 0, 0, 0, 1, 0, 0, 0, 0], true).unwrap_err().what, "AS 0 in an AS path");
    }

    #[test]
    fn as4_path_replaces_the_tail_of_as_path() {
        let old = AsPath::sequence([1, 2, 23456, 23456]);
        assert_eq!(old.merged(&AsPath::sequence([70_000, 80_000])), AsPath::sequence([1, 2, 70_000, 80_000]));
    }

    #[test]
    fn an_as4_path_longer_than_the_as_path_is_ignored() {
        let old = AsPath::sequence([23456]);
        assert_eq!(old.merged(&AsPath::sequence([70_000, 80_000])), old);
    }

    #[test]
    fn a_set_counts_as_one_as_when_paths_are_merged() {
        let set = |asns: &[u32]| AsSegment { kind: AsSegmentKind::Set, asns: asns.to_vec() };
        let sequence = |asns: &[u32]| AsSegment { kind: AsSegmentKind::Sequence, asns: asns.to_vec() };
        let old = AsPath { segments: vec![sequence(&[1, 23456]), set(&[5, 23456])] };
        let four = AsPath { segments: vec![sequence(&[70_000]), set(&[5, 80_000])] };
        let expected = AsPath { segments: vec![sequence(&[1, 70_000]), set(&[5, 80_000])] };
        assert_eq!(old.merged(&four), expected);
    }
}
