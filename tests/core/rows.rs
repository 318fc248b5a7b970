//! A table with one other row deviates in that row: how a defective build of kind F is made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::*;
use holdtime_core::Duration;
use holdtime_core::session::{Collision, Direction, Fsm, FsmTable, Period, Periods, Shipped, Timer};

const PEER: [u8; 4] = [10, 0, 0, 2];

struct NoHoldTimer;

impl FsmTable for NoHoldTimer {
    fn period(timer: Timer, periods: &Periods<'_>) -> Option<Period> {
        match timer {
            Timer::Hold => None,
            timer => Shipped::period(timer, periods),
        }
    }
}

struct HastyKeepalive;

impl FsmTable for HastyKeepalive {
    fn period(timer: Timer, periods: &Periods<'_>) -> Option<Period> {
        match timer {
            Timer::Keepalive => Some(Period::exactly(Duration::from_millis(1))),
            timer => Shipped::period(timer, periods),
        }
    }
}

struct WrongConnectionClosed;

impl FsmTable for WrongConnectionClosed {
    fn closes(collision: &Collision) -> Option<Direction> {
        Shipped::closes(collision).map(Direction::other)
    }
}

fn lone(fsm: Fsm) -> Lone {
    let text = neighbor("10.0.0.1", "10.0.0.2", "hold-time 9;");
    Lone::new(holdtime_core::speaker::Setup { fsm, ..setup(&text) })
}

#[test]
fn without_the_row_of_the_hold_timer_no_silence_ends_a_session() {
    let closed = |fsm| {
        let mut lone = lone(fsm);
        let stream = lone.establish(9);
        lone.advance(secs(60));
        lone.closed(stream).is_some()
    };
    assert!(closed(Fsm::default()));
    assert!(!closed(Fsm::of::<NoHoldTimer>()));
}

#[test]
fn the_row_of_the_keepalive_timer_says_how_many_leave() {
    let keepalives = |fsm| {
        let mut lone = lone(fsm);
        lone.establish(9);
        lone.sent.clear();
        lone.advance(secs(1));
        lone.sent.len()
    };
    assert_eq!(keepalives(Fsm::default()), 0);
    assert_eq!(keepalives(Fsm::of::<HastyKeepalive>()), 1_000);
}

#[test]
fn the_row_of_the_collision_says_which_connection_is_closed() {
    let closed = |fsm| {
        let mut lone = lone(fsm);
        let outgoing = lone.connect();
        let incoming = lone.accept_from("10.0.0.2");
        lone.receive(outgoing, &open(65_000, 9, PEER));
        lone.receive(incoming, &open(65_000, 9, PEER));
        [outgoing, incoming].map(|stream| lone.closed(stream).is_some())
    };
    assert_eq!(closed(Fsm::default()), [true, false], "the peer's identifier is the higher one");
    assert_eq!(closed(Fsm::of::<WrongConnectionClosed>()), [false, true]);
}
