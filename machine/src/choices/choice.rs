//! A choice, who it is for, and where all of them come from.

use std::fmt;

use super::schedule::Strategy;
use super::site::Site;

/// One draw that yielded something else than 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// Where it was made.
    pub site: Site,
    /// For whom.
    pub actor: String,
    /// How many were made there for them before.
    pub n: u64,
    /// It is less than this.
    pub bound: u64,
    /// What it yielded.
    pub value: u64,
}

impl fmt::Display for Choice {
    /// `SITE N VALUE/BOUND ACTOR`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, actor, n, bound, value } = self;
        write!(f, "{site} {n} {value}/{bound} {actor}")
    }
}

/// Where the values of draws come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChoiceSource {
    /// From this seed.
    Seed(u64),
    /// From this seed; who runs next is picked by a strategy.
    Scheduled {
        /// The seed, of that too.
        seed: u64,
        /// The strategy.
        strategy: Strategy,
    },
    /// From this list; what it does not name yields 0. A value that is out of the bound that its draw has in this run is refused:
    /// see [`Choices::refused`](super::Choices::refused).
    Saved(Vec<Choice>),
    /// From this list, which may be another world's: what it does not name, and what is out of its bound here, yields 0.
    Adapted(Vec<Choice>),
    /// From these octets, each draw as many as its bound needs; once they are used up every draw yields 0.
    Octets(Vec<u8>),
}

impl From<u64> for ChoiceSource {
    fn from(seed: u64) -> Self {
        Self::Seed(seed)
    }
}

impl fmt::Display for ChoiceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seed(seed) => write!(f, "seed {seed}"),
            Self::Scheduled { seed, strategy } => write!(f, "seed {seed}, {}", strategy.name()),
            Self::Saved(list) | Self::Adapted(list) => write!(f, "{} saved choices", list.len()),
            Self::Octets(octets) => write!(f, "{} octets", octets.len()),
        }
    }
}

/// For whom a draw is made, known by one number in the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActorId(pub(super) u32);
