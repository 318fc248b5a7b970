//! The reactors that the lab can run, by name: the two that ship, and the defective ones that re-create documented bugs.

pub mod defective;

use std::fmt;
use std::str::FromStr;

use holdtime_core::config::Settings;

/// A reactor's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReactorName {
    /// One loop, one wait over everything.
    Poll,
    /// Tasks that wait for readiness.
    Async,
    /// The API is looked at only after every peer had its turn.
    AwaitPeers,
    /// Nothing is sent to a peer before it has been read from.
    ReadFirst,
    /// A read that times out goes back to reading, past the code that sends.
    SkipOutbound,
    /// A timed-out read turned into `EAGAIN` and retried at once.
    RecvTimeout,
}

impl ReactorName {
    /// Every reactor, the shipped ones first.
    pub const ALL: [Self; 6] =
        [Self::Poll, Self::Async, Self::AwaitPeers, Self::ReadFirst, Self::SkipOutbound, Self::RecvTimeout];
    /// Those that ship.
    pub const SHIPPED: [Self; 2] = [Self::Poll, Self::Async];

    /// Its name on the command line and in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Async => "async",
            Self::AwaitPeers => "await-peers",
            Self::ReadFirst => "read-first",
            Self::SkipOutbound => "skip-outbound",
            Self::RecvTimeout => "recv-timeout",
        }
    }

    /// What it does, in one line.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Poll => "ships: one loop, one wait over peers, pipes, signals and the next deadline",
            Self::Async => "ships: tasks that wait for readiness on peers and API at once",
            Self::AwaitPeers => "defective: the API is looked at only once every peer has had its turn",
            Self::ReadFirst => "defective: the next inbound message is awaited before anything is sent",
            Self::SkipOutbound => {
                "defective: a read that times out goes back to reading, past the code that sends"
            }
            Self::RecvTimeout => {
                "defective: a read that times out counts as readiness and is retried at once"
            }
        }
    }

    /// Whether it is one of those that ship.
    pub fn ships(self) -> bool {
        Self::SHIPPED.contains(&self)
    }

    /// The settings that it plays with. The loops that the defective ones follow know of no rest before the first UPDATE, and
    /// some of them would not look at its end: that is another deviation than theirs.
    pub(crate) fn settings(self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        if !self.ships() {
            settings.bgp.rest = 0;
        }
        settings
    }
}

impl fmt::Display for ReactorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ReactorName {
    type Err = UnknownReactor;

    fn from_str(text: &str) -> Result<Self, UnknownReactor> {
        Self::ALL
            .into_iter()
            .find(|reactor| reactor.name() == text)
            .ok_or_else(|| UnknownReactor(text.to_owned()))
    }
}

/// A name that no reactor has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownReactor(String);

impl fmt::Display for UnknownReactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ReactorName::ALL.map(ReactorName::name);
        write!(f, "no reactor is called `{}`; there are {}", self.0, names.join(", "))?;
        match holdtime_core::grammar::nearest(&self.0, &names) {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownReactor {}
