//! RFC 4271 §8 as a table: what each event does in each state, how long each timer runs, and which of two connections is
//! closed. It holds no data and does nothing; [`Session`](super::Session) carries the steps out.
//!
//! The speaker asks its [`Fsm`], which [`Fsm::of`] makes from a [`FsmTable`]. [`Shipped`] is the one that ships, and what every
//! [`Setup`](crate::speaker::Setup) has by default. A defective build replaces rows of it, and nothing else:
//!
//! ```
//! use holdtime_core::session::{Fsm, Period, Periods, Shipped, FsmTable, Timer};
//!
//! /// Nothing ends a session whose peer is silent.
//! struct NoHoldTimer;
//!
//! impl FsmTable for NoHoldTimer {
//!     fn period(timer: Timer, periods: &Periods) -> Option<Period> {
//!         match timer {
//!             Timer::Hold => None,
//!             timer => Shipped::period(timer, periods),
//!         }
//!     }
//! }
//!
//! let setup = holdtime_core::speaker::Setup { fsm: Fsm::of::<NoHoldTimer>(), ..Default::default() };
//! ```
//!
//! A neighbor has two machines, as §8.2.1 wants one for each connection: the *outgoing* one dials, the *incoming* one
//! waits for a connection in Active. A passive neighbor has the second only.

use core::fmt;
use core::net::Ipv4Addr;

use super::fsm::{Direction, FsmAction, FsmEvent, State};
use super::jitter::Jitter;
use super::terms::{SendHold, Terms};
use super::timer::Timer;
use crate::time::Duration;

/// The state to go to, and what to do on the way.
pub type Transition = (State, &'static [FsmAction]);

/// The rows of the machine. What an implementation does not replace is as it ships.
pub trait FsmTable {
    /// What `event` does in `state`; `None`: nothing at all, because there is nothing that it could be about.
    fn transition(state: State, event: FsmEvent) -> Option<Transition> {
        transition(state, event)
    }

    /// How long `timer` runs when it is started; `None`: it is not started.
    fn period(timer: Timer, periods: &Periods<'_>) -> Option<Period> {
        period(timer, periods)
    }

    /// Which of a neighbor's two connections is closed, where one has just got the peer's OPEN; `None`: neither, there is no
    /// collision (RFC 4271 §6.8).
    fn closes(collision: &Collision) -> Option<Direction> {
        closes(collision)
    }
}

/// The table that ships.
#[derive(Clone, Copy, Debug)]
pub enum Shipped {}

impl FsmTable for Shipped {}

/// A [`FsmTable`], to be handed on: its type is needed where it is chosen and nowhere else.
#[derive(Clone, Copy)]
pub struct Fsm {
    pub(super) transition: fn(State, FsmEvent) -> Option<Transition>,
    pub(super) period: fn(Timer, &Periods<'_>) -> Option<Period>,
    closes: fn(&Collision) -> Option<Direction>,
}

impl Fsm {
    /// The machine with the rows of `T`.
    pub const fn of<T: FsmTable>() -> Self {
        Self { transition: T::transition, period: T::period, closes: T::closes }
    }

    /// As [`FsmTable::closes`].
    pub fn closes(&self, collision: &Collision) -> Option<Direction> {
        (self.closes)(collision)
    }
}

impl Default for Fsm {
    fn default() -> Self {
        Self::of::<Shipped>()
    }
}

impl fmt::Debug for Fsm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses would differ from run to run.
        f.write_str("Fsm")
    }
}

/// What a timer's period may depend on.
#[derive(Clone, Copy, Debug)]
pub struct Periods<'a> {
    /// What the session is set up with.
    pub terms: &'a Terms,
    /// The hold time that was negotiated; zero: there is none, or not yet.
    pub hold: Duration,
    /// Which side dials.
    pub direction: Direction,
    /// Where the machine stands.
    pub state: State,
    /// Attempts that failed in a row.
    pub failures: u32,
}

/// How long a timer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// This long,
    pub length: Duration,
    /// but for jitter (RFC 4271 §10),
    pub jitter: bool,
    /// and no shorter than this.
    pub least: Duration,
}

impl Period {
    /// Exactly so long.
    pub const fn exactly(length: Duration) -> Self {
        Self { length, jitter: false, least: Duration::ZERO }
    }

    /// So long, less jitter.
    pub const fn about(length: Duration) -> Self {
        Self { length, jitter: true, least: Duration::ZERO }
    }

    /// The period this time.
    pub(super) fn draw(self, jitter: &mut Jitter) -> Duration {
        let length = if self.jitter { jitter.apply(self.length) } else { self.length };
        length.max(self.least)
    }
}

/// A connection that has just got the peer's OPEN, beside the neighbor's other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collision {
    /// Who dialled it.
    pub opened: Direction,
    /// How far the other one is.
    pub other: State,
    /// Our BGP identifier and AS number.
    pub local: (Ipv4Addr, u32),
    /// The peer's.
    pub remote: (Ipv4Addr, u32),
}

/// The shipped rows of [`FsmTable::transition`].
///
/// Deviations from the letter of §8.2.2: a NOTIFICATION is never answered with one, whatever the state (§6 forbids
/// it where §8.2.2's "any other event" asks for it); a message that the state does not allow is answered with the FSM
/// error's subcode for that state (RFC 6608); a lost connection leads to Idle in every state, and the idle hold timer
/// from there, where OpenSent would wait in Active for all of ConnectRetryTime.
const fn transition(state: State, event: FsmEvent) -> Option<Transition> {
    use FsmAction::{Damp, Dial, Drop, Enter, Notify, SendKeepalive, SendOpen, Start, Stop, Up};
    use FsmEvent as E;
    use State::{Active, Connect, Established, Idle, OpenConfirm, OpenSent};
    use Timer::{ConnectRetry, DelayOpen, Hold, IdleHold, Keepalive, OpenWait, SendHold};

    const FAIL: &[FsmAction] = &[Drop, Damp];
    const REFUSE: &[FsmAction] = &[Notify, Drop, Damp];
    const OPEN: &[FsmAction] = &[Stop(ConnectRetry), Stop(DelayOpen), SendOpen, Start(OpenWait)];
    const CONFIRM: &[FsmAction] = &[Enter, SendKeepalive, Start(Keepalive), Start(Hold)];

    Some(match (state, event) {
        (Idle, E::Start) => (Connect, &[Stop(IdleHold), Start(ConnectRetry), Dial]),
        (Idle, E::StartPassive) => (Active, &[Stop(IdleHold)]),
        (Idle, E::Stop) => (Idle, &[Stop(IdleHold)]),
        (Idle, _) => return None,

        (Connect | Active, E::Expired(ConnectRetry)) => (Connect, &[Drop, Start(ConnectRetry), Dial]),
        (Connect | Active, E::Connected) => (OpenSent, OPEN),
        (Connect, E::ConnectedDelayOpen) => (Connect, &[Stop(ConnectRetry), Start(DelayOpen)]),
        (Active, E::ConnectedDelayOpen) => (Active, &[Stop(ConnectRetry), Start(DelayOpen)]),
        (Connect | Active, E::Expired(DelayOpen)) => (OpenSent, OPEN),
        (Connect | Active, E::OpenWhileDelayed) => (
            OpenConfirm,
            &[
                Stop(ConnectRetry),
                Stop(DelayOpen),
                SendOpen,
                Enter,
                SendKeepalive,
                Start(OpenWait),
                Start(Keepalive),
                Start(Hold),
            ],
        ),

        (OpenSent, E::Open) => (OpenConfirm, CONFIRM),
        // With a connection, the hold timer's large value; and OpenConfirm without one (hold time 0).
        (OpenSent | OpenConfirm, E::Expired(OpenWait)) => (Idle, REFUSE),
        (OpenConfirm, E::Keepalive) => (Established, &[Stop(OpenWait), Start(Hold), Start(SendHold), Up]),
        (OpenConfirm | Established, E::Expired(Keepalive)) => (state, &[SendKeepalive, Start(Keepalive)]),
        (Established, E::Keepalive | E::Update) => (Established, &[Start(Hold)]),
        (OpenConfirm | Established, E::Expired(Hold)) => (Idle, REFUSE),
        (Established, E::Expired(SendHold)) => (Idle, REFUSE),

        (_, E::Stop) => (Idle, &[Notify, Drop]),
        (Connect | Active | OpenSent | OpenConfirm, E::CollisionDump) => (Idle, &[Notify, Drop]),
        (_, E::ConnectionFails | E::Notification) => (Idle, FAIL),
        (_, E::Malformed) => (Idle, REFUSE),
        // A message that this state does not allow.
        (_, E::Open | E::OpenWhileDelayed | E::Keepalive | E::Update) => (Idle, REFUSE),
        (_, E::Start | E::StartPassive | E::Connected | E::ConnectedDelayOpen | E::Expired(_)) => {
            return None;
        }
        (Established, E::CollisionDump) => return None,
    })
}

/// The shortest pause before a new attempt, in which the peer may notice that its connection has ended.
const SHORTEST_IDLE_HOLD: Duration = Duration::from_millis(10);

/// The shipped rows of [`FsmTable::period`].
fn period(timer: Timer, periods: &Periods<'_>) -> Option<Period> {
    let Periods { terms, hold, direction, state, failures } = *periods;
    Some(match timer {
        Timer::ConnectRetry => Period::about(terms.connect_retry),
        Timer::OpenWait => Period::exactly(terms.open_wait),
        Timer::DelayOpen => Period::exactly(terms.delay_open.unwrap_or(terms.open_wait)),
        // Without a hold time it is OpenWait that goes on until the session is established.
        Timer::Hold | Timer::Keepalive if hold.is_zero() => return None,
        Timer::Hold => Period::exactly(hold),
        // A third of the hold time, and no more than one a second (§4.4).
        Timer::Keepalive => Period { least: Duration::from_secs(1), ..Period::about(hold / 3) },
        // Without a hold time only `Session::note_progress` starts it.
        Timer::SendHold if hold.is_zero() && state != State::Established => return None,
        Timer::SendHold => match terms.send_hold {
            SendHold::Disabled => return None,
            SendHold::Recommended => Period::exactly(Duration::from_secs(480).max(hold * 2)),
            SendHold::After(period) => Period::exactly(period),
        },
        // The longer the more attempts failed in a row (§8.1.1 DampPeerOscillations). The peer decides when it dials, so the
        // session that waits for it is ready at once.
        Timer::IdleHold => Period::about(match (direction, failures) {
            (Direction::Incoming, _) => Duration::ZERO,
            (Direction::Outgoing, 0) => SHORTEST_IDLE_HOLD,
            (Direction::Outgoing, failures) => {
                Duration::from_secs(1 << (failures - 1).min(30)).min(terms.longest_pause)
            }
        }),
    })
}

/// The shipped row of [`FsmTable::closes`]: the connection that the side with the higher identifier dialled goes on (RFC 4271
/// §6.8; RFC 6286 §2.3 where they are equal). One that is established goes on in any case.
fn closes(collision: &Collision) -> Option<Direction> {
    let Collision { opened, other, local, remote } = *collision;
    let kept = if local > remote { Direction::Outgoing } else { Direction::Incoming };
    match other {
        State::Established => Some(opened),
        State::OpenConfirm => Some(kept.other()),
        State::Idle | State::Connect | State::Active | State::OpenSent => None,
    }
}
