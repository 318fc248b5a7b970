//! The places at which something is drawn.

use std::fmt;

/// A place at which something is drawn. What its 0 means stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// Which process runs next. 0: the one that has waited longest.
    Process,
    /// Which of a process's ready tasks runs next. 0: the one that has waited longest.
    Task,
    /// The order in which a wait tells what is ready. 0: by name.
    Ready,
    /// Whether a segment is cut short. 0: it is not.
    Cut,
    /// By how many octets. 0: none.
    CutBy,
    /// Whether a packet is lost. 0: it is not.
    Loss,
    /// How many nanoseconds later than its latency a packet arrives. 0: none.
    Jitter,
    /// The first sequence number of a direction of a connection.
    Sequence,
    /// The latency of every path. 0: what the play says.
    Latency,
    /// How often segments are cut. 0: never.
    CutRate,
    /// How many times dearer computing is. 0: it is not.
    Slowness,
    /// The seed of a program under test that draws for itself.
    Seed,
}

impl Site {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All of them, in their order.
    pub const ALL: [Self; 12] = [
        Self::Process,
        Self::Task,
        Self::Ready,
        Self::Cut,
        Self::CutBy,
        Self::Loss,
        Self::Jitter,
        Self::Sequence,
        Self::Latency,
        Self::CutRate,
        Self::Slowness,
        Self::Seed,
    ];

    /// Its name in a saved run.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Task => "task",
            Self::Ready => "ready",
            Self::Cut => "cut",
            Self::CutBy => "cut-by",
            Self::Loss => "loss",
            Self::Jitter => "jitter",
            Self::Sequence => "sequence",
            Self::Latency => "latency",
            Self::CutRate => "cut-rate",
            Self::Slowness => "slowness",
            Self::Seed => "seed",
        }
    }

    /// The site of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|site| site.name() == name)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Site;

    #[test]
    fn every_site_stands_at_its_number_and_is_found_by_its_name() {
        for (index, site) in Site::ALL.into_iter().enumerate() {
            assert_eq!(site as usize, index);
            assert_eq!(Site::find(site.name()), Some(site));
        }
    }
}
