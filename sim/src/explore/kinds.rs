//! Which kinds of faults, verbs and behaviours are on in a world, drawn before any of them.

use crate::explore::draw::Draw;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Both directions of a link lose everything for a time.
    Cut,
    /// One direction does.
    CutOneWay,
    /// A process stands still.
    Suspend,
    /// A wall clock jumps.
    Clock,
    /// A speaker reads its configuration again.
    Reload,
    /// A speaker restarts itself.
    Restart,
    /// A machine loses power; it comes back with nothing running.
    Power,
    /// Some packets are lost on a link.
    Loss,
    /// Packets take longer there.
    Latency,
    /// Each takes its own time.
    Jitter,
    /// Few octets a second pass.
    Bandwidth,
    /// Large packets are lost, and nobody is told.
    BlackHole,
    /// A speaker is killed, and started again.
    Kill,
    /// A speaker's machine loses power, and comes back with the speaker.
    Reboot,
    /// A peer's process is ended by a signal.
    PeerSignal,
    /// A speaker reads another configuration.
    OtherFile,
}

/// Something that a program asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the commands")]
pub enum Verb {
    Announce,
    AnnounceMany,
    AnnounceAgain,
    Change,
    Withdraw,
    WithdrawMany,
    Flush,
    Clear,
    ShowAdjRibOut,
    ShowNeighbor,
    Version,
    RouteRefresh,
    EndOfRib,
    Teardown,
    Reload,
    Ipv6,
    Watchdog,
    Wrong,
    OneNeighbor,
    Burst,
    Acknowledge,
    Deaf,
    CloseStdout,
}

/// What a peer is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// It does what it should.
    Plain,
    /// It stops reading now and then.
    Slow,
    /// It sends octet by octet.
    Dribbling,
    /// It says nothing more, once the session is up.
    Silent,
    /// It takes connections and says nothing at all on the first one.
    Mute,
    /// It reads nothing more, for a long time.
    Deaf,
    /// It ends its sessions and takes new ones.
    Restarting,
    /// It asks for all routes again and again.
    Refreshing,
    /// It announces and withdraws.
    Talking,
    /// It does the same in a loop: a session, and its end.
    Looping,
    /// It has capabilities of its own choice.
    Capable,
    /// It is one of many that are alike.
    Crowd,
    /// It dials from the machine of another one that has a session.
    Second,
    /// It is no peer, but commands the first speaker over its named pipes.
    Client,
}

impl Trouble {
    pub(super) const ALL: [Self; 16] = [
        Self::Cut,
        Self::CutOneWay,
        Self::Suspend,
        Self::Clock,
        Self::Reload,
        Self::Restart,
        Self::Power,
        Self::Loss,
        Self::Latency,
        Self::Jitter,
        Self::Bandwidth,
        Self::BlackHole,
        Self::Kill,
        Self::Reboot,
        Self::PeerSignal,
        Self::OtherFile,
    ];

    /// Whether it may keep one end from hearing of a connection's end.
    pub(super) const fn hides_an_end(self) -> bool {
        use Trouble::{Bandwidth, BlackHole, Cut, CutOneWay, Latency, Loss, Reboot};
        matches!(self, Cut | CutOneWay | Loss | Latency | Bandwidth | BlackHole | Reboot)
    }

    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::CutOneWay => "one-way cut",
            Self::Suspend => "suspend",
            Self::Clock => "clock",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Power => "power",
            Self::Loss => "loss",
            Self::Latency => "latency",
            Self::Jitter => "jitter",
            Self::Bandwidth => "bandwidth",
            Self::BlackHole => "mtu",
            Self::Kill => "kill",
            Self::Reboot => "reboot",
            Self::PeerSignal => "signal to a peer",
            Self::OtherFile => "another file",
        }
    }
}

impl Verb {
    pub(super) const ALL: [Self; 22] = [
        Self::AnnounceMany,
        Self::AnnounceAgain,
        Self::Change,
        Self::Withdraw,
        Self::WithdrawMany,
        Self::Flush,
        Self::Clear,
        Self::ShowAdjRibOut,
        Self::ShowNeighbor,
        Self::Version,
        Self::RouteRefresh,
        Self::EndOfRib,
        Self::Teardown,
        Self::Reload,
        Self::Ipv6,
        Self::Watchdog,
        Self::Wrong,
        Self::OneNeighbor,
        Self::Burst,
        Self::Acknowledge,
        Self::Deaf,
        Self::CloseStdout,
    ];

    /// A few words for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Announce => "announce",
            Self::AnnounceMany => "announce many",
            Self::AnnounceAgain => "announce again",
            Self::Change => "change",
            Self::Withdraw => "withdraw",
            Self::WithdrawMany => "withdraw many",
            Self::Flush => "flush",
            Self::Clear => "clear",
            Self::ShowAdjRibOut => "show adj-rib out",
            Self::ShowNeighbor => "show neighbor",
            Self::Version => "version",
            Self::RouteRefresh => "route-refresh",
            Self::EndOfRib => "end of rib",
            Self::Teardown => "teardown",
            Self::Reload => "reload",
            Self::Ipv6 => "ipv6",
            Self::Watchdog => "watchdog",
            Self::Wrong => "no command",
            Self::OneNeighbor => "for one neighbor",
            Self::Burst => "burst",
            Self::Acknowledge => "acknowledge",
            Self::Deaf => "deaf",
            Self::CloseStdout => "close stdout",
        }
    }
}

impl Behaviour {
    pub(super) const ALL: [Self; 13] = [
        Self::Talking,
        Self::Slow,
        Self::Dribbling,
        Self::Silent,
        Self::Deaf,
        Self::Restarting,
        Self::Refreshing,
        Self::Mute,
        Self::Looping,
        Self::Capable,
        Self::Crowd,
        Self::Second,
        Self::Client,
    ];

    /// Whether a peer is like this by itself, rather than beside others.
    pub(super) const fn is_alone(self) -> bool {
        !matches!(self, Self::Crowd | Self::Second | Self::Client)
    }

    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Slow => "slow",
            Self::Dribbling => "dribbling",
            Self::Silent => "silent",
            Self::Mute => "mute",
            Self::Deaf => "deaf",
            Self::Restarting => "restarting",
            Self::Refreshing => "refreshing",
            Self::Talking => "talking",
            Self::Looping => "looping",
            Self::Capable => "capable",
            Self::Crowd => "crowd",
            Self::Second => "second connection",
            Self::Client => "command line",
        }
    }
}

/// What is on in a world. Announcements are always, and so is the peer that does what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// What may go wrong; nothing does in a quarter of the worlds.
    pub troubles: Vec<Trouble>,
    /// What programs may ask for.
    pub verbs: Vec<Verb>,
    /// What peers may be like.
    pub behaviours: Vec<Behaviour>,
}

impl Kinds {
    pub(super) fn draw(draw: &mut Draw) -> Self {
        let mut troubles = Vec::new();
        // 0, the simplest, is a world without faults.
        if draw.below("faults", "", 4) > 0 {
            troubles
                .extend(Trouble::ALL.into_iter().filter(|kind| draw.percent("fault is on", kind.name(), 40)));
            if troubles.is_empty() {
                troubles.extend(draw.one_of("the fault that is on", "", &Trouble::ALL));
            }
        }
        let mut verbs = vec![Verb::Announce];
        verbs.extend(
            Verb::ALL.into_iter().filter(|verb| draw.percent("verb is on", &format!("{verb:?}"), 25)),
        );
        let mut behaviours = vec![Behaviour::Plain];
        let is_on = |kind: &Behaviour| draw.percent("behaviour is on", kind.name(), 35);
        behaviours.extend(Behaviour::ALL.into_iter().filter(is_on));
        Self { troubles, verbs, behaviours }
    }

    pub(super) fn has(&self, trouble: Trouble) -> bool {
        self.troubles.contains(&trouble)
    }
}
