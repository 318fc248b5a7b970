//! RFC 4271 §8's finite state machine, as a table: state and event in, state and steps out. It holds no data and
//! does nothing; [`Session`](super::Session) carries the steps out.
//!
//! A neighbor has two machines, as §8.2.1 wants one for each connection: the *outgoing* one dials, the *incoming* one
//! waits for a connection in Active. A passive neighbor has the second only.

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
pub enum Event {
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
pub enum Step {
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

/// What `event` does in `state`; `None`: nothing at all, because there is nothing that it could be about.
///
/// Deviations from the letter of §8.2.2: a NOTIFICATION is never answered with one, whatever the state (§6 forbids
/// it where §8.2.2's "any other event" asks for it); a message that the state does not allow is answered with the FSM
/// error's subcode for that state (RFC 6608); a lost connection leads to Idle in every state, and the idle hold timer
/// from there, where OpenSent would wait in Active for all of ConnectRetryTime.
pub const fn react(state: State, event: Event) -> Option<(State, &'static [Step])> {
    use Event as E;
    use State::{Active, Connect, Established, Idle, OpenConfirm, OpenSent};
    use Step::{Damp, Dial, Drop, Enter, Notify, SendKeepalive, SendOpen, Start, Stop, Up};
    use Timer::{ConnectRetry, DelayOpen, Hold, IdleHold, Keepalive, OpenWait, SendHold};

    const FAIL: &[Step] = &[Drop, Damp];
    const REFUSE: &[Step] = &[Notify, Drop, Damp];
    const OPEN: &[Step] = &[Stop(ConnectRetry), Stop(DelayOpen), SendOpen, Start(OpenWait)];
    const CONFIRM: &[Step] = &[Enter, SendKeepalive, Start(Keepalive), Start(Hold)];

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

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 6] =
        [State::Idle, State::Connect, State::Active, State::OpenSent, State::OpenConfirm, State::Established];

    #[test]
    fn established_is_entered_only_from_open_confirm_by_a_keepalive() {
        for state in STATES {
            let (to, steps) = react(state, Event::Keepalive).unwrap_or((State::Idle, &[]));
            assert_eq!(to == State::Established, matches!(state, State::OpenConfirm | State::Established));
            assert_eq!(steps.contains(&Step::Up), state == State::OpenConfirm);
        }
    }

    #[test]
    fn a_notification_is_never_answered_with_one() {
        for state in STATES {
            let steps = react(state, Event::Notification).map_or(&[][..], |(_, steps)| steps);
            assert!(!steps.contains(&Step::Notify), "in {state}");
        }
    }

    #[test]
    fn every_way_back_to_idle_drops_the_connection() {
        for state in STATES.into_iter().skip(1) {
            for event in [Event::Stop, Event::ConnectionFails, Event::Malformed, Event::Notification] {
                let (to, steps) = react(state, event).unwrap();
                assert_eq!(to, State::Idle);
                assert!(steps.contains(&Step::Drop), "in {state} by {event:?}");
            }
        }
    }

    #[test]
    fn no_state_with_a_connection_is_held_without_a_timer_that_ends_it() {
        let (_, open_sent) = react(State::Connect, Event::Connected).unwrap();
        assert!(open_sent.contains(&Step::Start(Timer::OpenWait)));
        let (_, confirm) = react(State::OpenSent, Event::Open).unwrap();
        assert!(
            confirm.contains(&Step::Start(Timer::Hold)) && !confirm.contains(&Step::Stop(Timer::OpenWait))
        );
        let (_, delayed) = react(State::Connect, Event::ConnectedDelayOpen).unwrap();
        assert!(delayed.contains(&Step::Start(Timer::DelayOpen)));
    }
}
