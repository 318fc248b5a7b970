//! RFC 4271 §8.2.2, row by row: each state with each event, as the RFC's text has it, beside the table that ships.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::FsmEvent as E;
use super::Timer::{ConnectRetry, DelayOpen, Hold, IdleHold, Keepalive, OpenWait, SendHold};
use super::{Collision, Direction, FsmAction, FsmEvent, FsmTable, Shipped, State};
use FsmAction::{Damp, Dial, Drop, Enter, Notify, SendKeepalive, SendOpen, Start, Stop, Up};
use State::{Active, Connect, Established, Idle, OpenConfirm, OpenSent};

const STATES: [State; 6] = [Idle, Connect, Active, OpenSent, OpenConfirm, Established];

const EVENTS: [FsmEvent; 20] = [
    E::Start,
    E::StartPassive,
    E::Stop,
    E::Expired(ConnectRetry),
    E::Expired(Hold),
    E::Expired(Keepalive),
    E::Expired(DelayOpen),
    E::Expired(IdleHold),
    E::Expired(OpenWait),
    E::Expired(SendHold),
    E::Connected,
    E::ConnectedDelayOpen,
    E::ConnectionFails,
    E::Open,
    E::OpenWhileDelayed,
    E::Malformed,
    E::CollisionDump,
    E::Notification,
    E::Keepalive,
    E::Update,
];

/// What the RFC says of some events in a state.
enum Row {
    /// Go there, and do this.
    As(State, &'static [FsmAction]),
    /// Nothing: the RFC says so, or the event needs what does not exist in this state. Why.
    Nothing(&'static str),
    /// What the RFC says, and what is done instead, with the reason.
    Deviates { rfc: State, ours: State, steps: &'static [FsmAction], why: &'static str },
}
use Row::{As, Deviates, Nothing};

/// "sends a NOTIFICATION …, releases all BGP resources, drops the TCP connection, increments the ConnectRetryCounter by 1,
/// (optionally) performs peer oscillation damping, and changes its state to Idle".
const REFUSE: &[FsmAction] = &[Notify, Drop, Damp];
/// The same without a NOTIFICATION.
const FAIL: &[FsmAction] = &[Drop, Damp];
/// "drops the TCP connection, …, sets ConnectRetryCounter to zero, … and changes its state to Idle", after a Cease where an OPEN
/// was sent.
const CEASE: &[FsmAction] = &[Notify, Drop];
/// "sends an OPEN message to its peer, sets the HoldTimer to a large value, and changes its state to OpenSent".
const OPEN: &[FsmAction] = &[Stop(ConnectRetry), Stop(DelayOpen), SendOpen, Start(OpenWait)];

const NOT_RUNNING: &str = "the timer does not run in this state";
const NO_START: &str = "start events are ignored in this state";
const SECOND: &str = "the neighbor's other machine has the second connection (§8.2.1)";
const IGNORED: &str = "any other event received in Idle causes no change";
const SILENT: &str = "a NOTIFICATION is never answered with one (§6)";
const IDLE: &str = "a lost connection leads to Idle, and IdleHold on from there, where Active would wait for all of ConnectRetry";

/// §8.2.2.
fn rows(state: State) -> Vec<(&'static [FsmEvent], Row)> {
    match state {
        Idle => alloc::vec![
            (&[E::Start], As(Connect, &[Stop(IdleHold), Start(ConnectRetry), Dial])),
            (&[E::StartPassive], As(Active, &[Stop(IdleHold)])),
            (&[E::Stop], As(Idle, &[Stop(IdleHold)])),
            (&EVENTS[3..], Nothing(IGNORED)),
        ],
        Connect | Active => {
            let delayed: &[FsmAction] = &[Stop(ConnectRetry), Start(DelayOpen)];
            alloc::vec![
                (&[E::Start, E::StartPassive], Nothing(NO_START)),
                (&[E::Stop], As(Idle, CEASE)),
                (&[E::Expired(ConnectRetry)], As(Connect, &[Drop, Start(ConnectRetry), Dial])),
                (&[E::Expired(DelayOpen)], As(OpenSent, OPEN)),
                (
                    &[
                        E::Expired(Hold),
                        E::Expired(Keepalive),
                        E::Expired(IdleHold),
                        E::Expired(OpenWait),
                        E::Expired(SendHold),
                    ],
                    Nothing(NOT_RUNNING),
                ),
                (&[E::Connected], As(OpenSent, OPEN)),
                (&[E::ConnectedDelayOpen], As(state, delayed)),
                (
                    &[E::ConnectionFails],
                    match state {
                        // With DelayOpen running.
                        Connect => Deviates { rfc: Active, ours: Idle, steps: FAIL, why: IDLE },
                        _ => As(Idle, FAIL),
                    },
                ),
                (
                    &[E::OpenWhileDelayed],
                    As(
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
                ),
                (&[E::Malformed], As(Idle, REFUSE)),
                (&[E::Notification], As(Idle, FAIL)),
                (&[E::CollisionDump], As(Idle, CEASE)),
                (&[E::Open, E::Keepalive, E::Update], As(Idle, REFUSE)),
            ]
        }
        OpenSent => alloc::vec![
            (&[E::Start, E::StartPassive], Nothing(NO_START)),
            (&[E::Stop], As(Idle, CEASE)),
            (&[E::Expired(OpenWait)], As(Idle, REFUSE)),
            (
                &[
                    E::Expired(ConnectRetry),
                    E::Expired(Hold),
                    E::Expired(Keepalive),
                    E::Expired(DelayOpen),
                    E::Expired(IdleHold),
                    E::Expired(SendHold),
                ],
                Nothing(NOT_RUNNING),
            ),
            (&[E::Connected, E::ConnectedDelayOpen], Nothing(SECOND)),
            (&[E::ConnectionFails], Deviates { rfc: Active, ours: Idle, steps: FAIL, why: IDLE }),
            (&[E::Open], As(OpenConfirm, &[Enter, SendKeepalive, Start(Keepalive), Start(Hold)])),
            (&[E::Malformed], As(Idle, REFUSE)),
            (&[E::CollisionDump], As(Idle, CEASE)),
            (&[E::Notification], Deviates { rfc: Idle, ours: Idle, steps: FAIL, why: SILENT }),
            (&[E::OpenWhileDelayed, E::Keepalive, E::Update], As(Idle, REFUSE)),
        ],
        OpenConfirm => alloc::vec![
            (&[E::Start, E::StartPassive], Nothing(NO_START)),
            (&[E::Stop], As(Idle, CEASE)),
            // Without a hold time the wait for the OPEN goes on until the first KEEPALIVE.
            (&[E::Expired(Hold), E::Expired(OpenWait)], As(Idle, REFUSE)),
            (&[E::Expired(Keepalive)], As(OpenConfirm, &[SendKeepalive, Start(Keepalive)])),
            (
                &[
                    E::Expired(ConnectRetry),
                    E::Expired(DelayOpen),
                    E::Expired(IdleHold),
                    E::Expired(SendHold),
                ],
                Nothing(NOT_RUNNING),
            ),
            (&[E::Connected, E::ConnectedDelayOpen], Nothing(SECOND)),
            (&[E::ConnectionFails, E::Notification], As(Idle, FAIL)),
            (&[E::Malformed], As(Idle, REFUSE)),
            (&[E::CollisionDump], As(Idle, CEASE)),
            (&[E::Keepalive], As(Established, &[Stop(OpenWait), Start(Hold), Start(SendHold), Up])),
            (&[E::Open, E::OpenWhileDelayed, E::Update], As(Idle, REFUSE)),
        ],
        Established => alloc::vec![
            (&[E::Start, E::StartPassive], Nothing(NO_START)),
            (&[E::Stop], As(Idle, CEASE)),
            (&[E::Expired(Hold)], As(Idle, REFUSE)),
            // RFC 9687 §4.4, event 29.
            (&[E::Expired(SendHold)], As(Idle, REFUSE)),
            (&[E::Expired(Keepalive)], As(Established, &[SendKeepalive, Start(Keepalive)])),
            (
                &[
                    E::Expired(ConnectRetry),
                    E::Expired(DelayOpen),
                    E::Expired(IdleHold),
                    E::Expired(OpenWait),
                ],
                Nothing(NOT_RUNNING),
            ),
            (&[E::Connected, E::ConnectedDelayOpen], Nothing(SECOND)),
            (&[E::CollisionDump], Nothing("CollisionDetectEstablishedState is not set")),
            (&[E::ConnectionFails, E::Notification], As(Idle, FAIL)),
            (&[E::Keepalive, E::Update], As(Established, &[Start(Hold)])),
            (&[E::Malformed, E::Open, E::OpenWhileDelayed], As(Idle, REFUSE)),
        ],
    }
}

#[test]
fn the_shipped_table_is_that_of_the_rfc_row_by_row() {
    for state in STATES {
        let mut seen = BTreeSet::new();
        for (events, row) in rows(state) {
            for event in events {
                assert!(seen.insert(*event), "two rows for {event:?} in {state}");
                let shipped = Shipped::transition(state, *event);
                match row {
                    As(to, steps) => assert_eq!(shipped, Some((to, steps)), "{event:?} in {state}"),
                    Nothing(why) => assert_eq!(shipped, None, "{event:?} in {state}: {why}"),
                    Deviates { rfc, ours, steps, why } => {
                        assert_eq!(shipped, Some((ours, steps)), "{event:?} in {state}, not {rfc}: {why}");
                    }
                }
            }
        }
        assert_eq!(seen, EVENTS.into_iter().collect(), "every event has its row in {state}");
    }
}

#[test]
fn no_state_with_a_connection_is_held_without_a_timer_that_ends_it() {
    for state in STATES {
        for event in EVENTS {
            let Some((to, steps)) = Shipped::transition(state, event) else { continue };
            let starts = |timer| steps.contains(&Start(timer));
            match to {
                OpenSent => assert!(starts(OpenWait), "{event:?} in {state}"),
                OpenConfirm if state != OpenConfirm => {
                    assert!(starts(Hold) && !steps.contains(&Stop(OpenWait)), "{event:?} in {state}");
                }
                Established if state != Established => assert!(starts(Hold), "{event:?} in {state}"),
                Idle if state != Idle => assert!(steps.contains(&Drop), "{event:?} in {state}"),
                _ => {}
            }
        }
    }
}

/// RFC 4271 §6.8: "the BGP Identifier of the local system is compared to that of the remote system"; the connection that the
/// higher one dialled stays.
#[test]
fn of_two_connections_the_one_that_the_higher_identifier_dialled_stays() {
    let (low, high) = ((1.into(), 65_001), (2.into(), 65_001));
    // RFC 6286 §2.3: equal identifiers, so the AS numbers decide.
    let higher_as = (1.into(), 65_002);
    let (outgoing, incoming) = (Direction::Outgoing, Direction::Incoming);
    for (local, remote, closed) in
        [(low, high, outgoing), (high, low, incoming), (low, higher_as, outgoing), (higher_as, low, incoming)]
    {
        for opened in [outgoing, incoming] {
            let with = |other| Shipped::closes(&Collision { opened, other, local, remote });
            assert_eq!(with(OpenConfirm), Some(closed), "{local:?} {remote:?}");
            assert_eq!(with(Established), Some(opened), "one that is established stays");
            for other in [Idle, Connect, Active, OpenSent] {
                assert_eq!(with(other), None, "there is no collision before the other OPEN is here");
            }
        }
    }
}
