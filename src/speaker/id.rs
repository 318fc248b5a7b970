//! The number of a neighbor.

/// A neighbor of this run; never used again once the neighbor is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeighborId(u32);

impl NeighborId {
    /// The `n`th neighbor of this run.
    pub const fn new(n: u32) -> Self {
        Self(n)
    }
}
