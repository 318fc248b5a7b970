//! What goes wrong in a scenario, one fault a line:
//!
//! ```text
//! at TIME cut HOST -> HOST [for TIME]           nothing gets through in that direction; `<->`: in both
//! at TIME mtu HOST -> HOST OCTETS [for TIME]    larger packets are lost there and nobody is told; `<->`: in both
//! at TIME loss HOST -> HOST N [for TIME]        N of 1000 packets are lost there
//! at TIME latency HOST -> HOST TIME [for TIME]  packets take so long there
//! at TIME jitter HOST -> HOST TIME [for TIME]   and up to so much longer, each anew; none overtakes another
//! at TIME bandwidth HOST -> HOST N [for TIME]   N octets a second pass there
//! at TIME suspend HOST for TIME                 the process stands still (SIGSTOP); its clocks run on
//! at TIME clock HOST +TIME | -TIME              its wall clock jumps
//! at TIME power HOST off [for TIME]             nothing leaves and nothing arrives, connections are forgotten
//! at TIME signal HOST SIGNAL                    its process is signalled; a peer's handles no signal, and so is ended by each
//! at TIME restart SPEAKER after TIME            its process is killed (SIGKILL), and started again so much later
//! at TIME reboot SPEAKER after TIME             its machine loses power, and is back so much later with the process started again
//! ```
//!
//! All of it before the run is over. What a path is like from `0s` on and to the end is no fault but for `mtu` and `loss`.

use holdtime_core::Duration;
use holdtime_core::speaker::Signal;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When, since the start of the run.
    pub at: Duration,
    /// What.
    pub kind: FaultKind,
}

/// What goes wrong. Hosts are called by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Packets are lost.
    Cut {
        /// Those from here …
        from: String,
        /// … to here.
        to: String,
        /// And those the other way too.
        both: bool,
        /// For how long; `None`: to the end.
        lasts: Option<Duration>,
    },
    /// A path becomes another one.
    Path {
        /// For packets from here …
        from: String,
        /// … to here.
        to: String,
        /// And for those the other way too.
        both: bool,
        /// What becomes of it.
        change: PathChange,
        /// For how long; `None`: to the end.
        lasts: Option<Duration>,
    },
    /// A process stands still.
    Suspend {
        /// Whose.
        host: String,
        /// For how long.
        lasts: Duration,
    },
    /// A wall clock jumps.
    Clock {
        /// Whose.
        host: String,
        /// By so many nanoseconds.
        by: i64,
    },
    /// A machine loses power.
    Power {
        /// Which.
        host: String,
        /// For how long; `None`: to the end.
        lasts: Option<Duration>,
    },
    /// A process is signalled.
    Signal {
        /// Whose.
        host: String,
        /// With what.
        signal: Signal,
    },
    /// A speaker's process ends without a word, and another one begins in its place.
    Restart {
        /// Whose.
        host: String,
        /// Whether its machine goes with it, for so long.
        machine: bool,
        /// How much later.
        after: Duration,
    },
}

/// What becomes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathChange {
    /// Packets above so many octets of IP are lost, and nobody is told: a path-MTU black hole.
    Mtu(usize),
    /// So many packets of a thousand are lost.
    Loss(u32),
    /// Packets take so long.
    Latency(Duration),
    /// And up to so much longer.
    Jitter(Duration),
    /// So many octets pass in a second.
    Bandwidth(u64),
}

impl PathChange {
    /// The word for it.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Mtu(_) => "mtu",
            Self::Loss(_) => "loss",
            Self::Latency(_) => "latency",
            Self::Jitter(_) => "jitter",
            Self::Bandwidth(_) => "bandwidth",
        }
    }

    /// Whether something is lost.
    const fn loses(self) -> bool {
        matches!(self, Self::Mtu(_) | Self::Loss(_))
    }
}

impl Fault {
    /// When it is over, since the start of the run; `None`: never.
    pub fn heals(&self) -> Option<Duration> {
        match &self.kind {
            FaultKind::Path { change, lasts: None, .. } if !change.loses() => Some(self.at),
            // What comes back has nothing running on it.
            FaultKind::Power { .. } => None,
            _ => Some(self.at + self.kind.lasts()?),
        }
    }
}

impl FaultKind {
    /// For how long; zero: it is over at once; `None`: to the end.
    pub const fn lasts(&self) -> Option<Duration> {
        match self {
            Self::Cut { lasts, .. } | Self::Path { lasts, .. } | Self::Power { lasts, .. } => *lasts,
            Self::Suspend { lasts, .. } | Self::Restart { after: lasts, .. } => Some(*lasts),
            Self::Clock { .. } | Self::Signal { .. } => Some(Duration::ZERO),
        }
    }

    /// Makes it last so long, unless it is one that is over at once; whether it is not.
    pub(crate) fn set_lasts(&mut self, time: Duration) -> bool {
        match self {
            Self::Cut { lasts, .. } | Self::Path { lasts, .. } | Self::Power { lasts, .. } => {
                *lasts = Some(time);
            }
            Self::Suspend { lasts, .. } | Self::Restart { after: lasts, .. } => *lasts = time,
            Self::Clock { .. } | Self::Signal { .. } => return false,
        }
        true
    }

    /// The one whom it befalls, and for a path the other one.
    pub(crate) fn hosts(&self) -> (&str, Option<&str>) {
        match self {
            Self::Cut { from, to, .. } | Self::Path { from, to, .. } => (from, Some(to)),
            Self::Suspend { host, .. }
            | Self::Clock { host, .. }
            | Self::Power { host, .. }
            | Self::Signal { host, .. }
            | Self::Restart { host, .. } => (host, None),
        }
    }
}
