//! Accumulated IGP metric (attribute 26, RFC 7311).

use alloc::boxed::Box;

/// The attribute's TLVs: one AIGP TLV (type 1) counts, others are carried along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aigp {
    /// The metric.
    pub metric: u64,
    /// Further TLVs as they stand on the wire; mostly none.
    pub others: Box<[u8]>,
}

impl Aigp {
    /// The attribute that carries this metric alone.
    pub fn new(metric: u64) -> Self {
        Self { metric, others: Box::default() }
    }
}
