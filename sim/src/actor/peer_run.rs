//! What a peer is to those who drive it: inputs, actions, a deadline, and how far it is.

use holdtime_core::Instant;
use holdtime_core::speaker::Signal;

/// What happens to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerInput<'a> {
    /// The run starts, or the deadline has come.
    Timeout,
    /// A connection is up, dialled or accepted.
    Connected,
    /// Dialling failed.
    Refused,
    /// These octets arrived.
    Received(&'a [u8]),
    /// The speaker closed or reset the connection.
    Closed,
}

/// What a peer does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerAction {
    /// Take the next connection from the backlog; answered by [`PeerInput::Connected`].
    Accept,
    /// Dial the speaker; answered by [`PeerInput::Connected`] or [`PeerInput::Refused`].
    Connect,
    /// Send these octets, after those before them.
    Send(Vec<u8>),
    /// Read everything (`None`), or at most so many more octets.
    Read(Option<usize>),
    /// Send FIN, after what was sent; read on.
    HalfClose,
    /// Close both directions, after what was sent.
    Close,
    /// Send RST at once.
    Reset,
    /// Forget the connection without ending it.
    Leave,
    /// Leave the connection until [`PeerAction::TakeUp`].
    SetAside,
    /// Go back to the connection that was left, and leave the one at work meanwhile.
    TakeUp,
    /// Lose power: nothing leaves, nothing arrives; the last action.
    Vanish,
    /// Move the wall clock by so many nanoseconds.
    JumpClock(i64),
    /// Signal the speaker's process.
    Signal(Signal),
}

/// How far a peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// At a step that is not done.
    Waiting {
        /// The step, as it was written.
        step: String,
        /// Since when.
        since: Instant,
        /// Whether it is for the speaker to act; otherwise the step takes its own time.
        expects: bool,
    },
    /// All that it wanted has happened.
    Finished,
    /// Something that must not happen did.
    Failed(String),
}

impl PeerState {
    /// The phase alone.
    pub fn phase(&self) -> ScriptPhase {
        match self {
            Self::Waiting { expects, .. } => ScriptPhase::Waiting { expects: *expects },
            Self::Finished => ScriptPhase::Finished,
            Self::Failed(_) => ScriptPhase::Failed,
        }
    }

    /// A phase and its words: the step at work and since when, and why a script failed.
    pub(super) fn of(phase: ScriptPhase, step: &str, since: Instant, failed: Option<&str>) -> Self {
        match phase {
            ScriptPhase::Waiting { expects } => Self::Waiting { step: step.to_owned(), since, expects },
            ScriptPhase::Finished => Self::Finished,
            ScriptPhase::Failed => Self::Failed(failed.unwrap_or_default().to_owned()),
        }
    }
}

/// How far a peer or a program is, without the words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptPhase {
    /// At a step that is not done; whether it is for the speaker to act.
    Waiting {
        /// As in [`PeerState::Waiting`].
        expects: bool,
    },
    /// All that it wanted has happened.
    Finished,
    /// Something that must not happen did.
    Failed,
}

/// What somebody waits for that the speaker has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Awaited {
    /// That a connection comes up.
    Connection,
    /// An OPEN.
    Open,
    /// A KEEPALIVE.
    Keepalive,
    /// UPDATEs, End-of-RIB among them.
    Routes,
    /// Any message.
    Message,
    /// A NOTIFICATION, or the end of the connection.
    End,
    /// An answer, or what a program is told of its own.
    Line,
    /// Room in the pipe that it writes to.
    Room,
}

impl Awaited {
    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Open => "open",
            Self::Keepalive => "keepalive",
            Self::Routes => "routes",
            Self::Message => "message",
            Self::End => "end",
            Self::Line => "line",
            Self::Room => "room",
        }
    }
}

/// What drivers run: a scripted peer or a checking peer.
pub trait PeerRun {
    /// Feeds one input; drain the actions afterwards.
    fn handle(&mut self, now: Instant, input: PeerInput<'_>);
    /// The next thing to carry out.
    fn poll_action(&mut self) -> Option<PeerAction>;
    /// When to feed [`PeerInput::Timeout`] next.
    fn poll_timeout(&self) -> Option<Instant>;
    /// Whether it listens from the start.
    fn listens(&self) -> bool;
    /// How far it is, for who asks at every instant.
    fn phase(&self) -> ScriptPhase {
        self.state().phase()
    }
    /// How far it is.
    fn state(&self) -> PeerState;
    /// What it waits for that the speaker has to do, where it can say.
    fn awaits(&self) -> Option<Awaited> {
        None
    }
    /// When it says something or goes on by itself; `None`: never, or it cannot say.
    fn speaks_at(&self) -> Option<Instant> {
        None
    }
}

impl PeerRun for Box<dyn PeerRun> {
    fn handle(&mut self, now: Instant, input: PeerInput<'_>) {
        (**self).handle(now, input);
    }

    fn poll_action(&mut self) -> Option<PeerAction> {
        (**self).poll_action()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        (**self).poll_timeout()
    }

    fn listens(&self) -> bool {
        (**self).listens()
    }

    fn phase(&self) -> ScriptPhase {
        (**self).phase()
    }

    fn state(&self) -> PeerState {
        (**self).state()
    }

    fn awaits(&self) -> Option<Awaited> {
        (**self).awaits()
    }

    fn speaks_at(&self) -> Option<Instant> {
        (**self).speaks_at()
    }
}
