//! The vocabulary of RFC 4271 §8's finite state machine: its states, its events, and the steps that an event leads to. What
//! leads to what is in the [`table`](super::table).

use core::fmt;

use super::timer::Timer;

/// A state of the machine (RFC 4271 §8.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Refuses connections.
    #[default]
    Idle,
    /// Waits for the connection that it dialled, or holds back its OPEN on it.
    Connect,
    /// Waits for the peer's connection, or for the time to dial.
    Active,
    /// Has sent its OPEN.
    OpenSent,
    /// Has the peer's OPEN.
    OpenConfirm,
    /// Exchanges routes.
    Established,
}

impl State {
    /// The name that RFC 4271 gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Connect => "Connect",
            Self::Active => "Active",
            Self::OpenSent => "OpenSent",
            Self::OpenConfirm => "OpenConfirm",
            Self::Established => "Established",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What can happen to the machine (RFC 4271 §8.1; the numbers are its own).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FsmEvent {
    /// Events 1, 3 and 13: begin to dial.
    Start,
    /// Events 4, 5 and 13: begin to wait for the peer.
    StartPassive,
    /// Events 2 and 8: end; a Cease goes out where a connection is.
    Stop,
    /// A timer fired: events 9 to 12, and RFC 9687's event 29.
    Expired(Timer),
    /// Events 16 and 17: the connection is up.
    Connected,
    /// The same, where the OPEN is to be held back.
    ConnectedDelayOpen,
    /// Event 18: the connection failed or was closed.
    ConnectionFails,
    /// Event 19: a valid OPEN.
    Open,
    /// Event 20: a valid OPEN while ours is held back.
    OpenWhileDelayed,
    /// Events 21, 22 and 28: the wire refused what came.
    Malformed,
    /// Event 23: this connection lost a collision.
    CollisionDump,
    /// Events 24 and 25: a NOTIFICATION came.
    Notification,
    /// Event 26
    Keepalive,
    /// Event 27, and what else may only come on an established session: ROUTE-REFRESH, OPERATIONAL.
    Update,
}

/// One thing to do on a transition, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FsmAction {
    /// Be in the new state from here on; without it, from the last step on.
    Enter,
    /// Ask for a TCP connection to the peer.
    Dial,
    /// Send our OPEN.
    SendOpen,
    /// Send a KEEPALIVE.
    SendKeepalive,
    /// Send the NOTIFICATION that the event carries.
    Notify,
    /// Close the connection and stop every timer.
    Drop,
    /// Count a failure and start the idle hold timer: the next attempt comes later (§8.1.1 DampPeerOscillations).
    Damp,
    /// Start a timer, or start it anew.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
    /// Routes may flow.
    Up,
}

/// Which side dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// We do.
    Outgoing,
    /// The peer does.
    Incoming,
}

impl Direction {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outgoing => "outgoing",
            Self::Incoming => "incoming",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Outgoing => Self::Incoming,
            Self::Incoming => Self::Outgoing,
        }
    }
}
