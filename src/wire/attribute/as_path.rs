//! AS_PATH and AS4_PATH (RFC 4271 §4.3, RFC 6793, RFC 5065).

use alloc::vec::Vec;

/// The AS number that stands for one of four octets where only two fit (RFC 6793 §9).
pub const AS_TRANS: u16 = 23456;

/// What a segment's AS numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub const fn from_u8(kind: u8) -> Option<Self> {
        match kind {
            1 => Some(Self::Set),
            2 => Some(Self::Sequence),
            3 => Some(Self::ConfedSequence),
            4 => Some(Self::ConfedSet),
            _ => None,
        }
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
}
