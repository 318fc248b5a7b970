//! Builds that replace one row of the finite state machine's table.

use holdtime_core::Duration;
use holdtime_core::Speaker;
use holdtime_core::session::{Collision, Direction, Fsm, FsmTable, Period, Periods, Shipped, State, Timer};
use holdtime_core::speaker::Setup;
use holdtime_reactor::{AsyncHost, EventLog, tasks};

use crate::subject::contract::{Defect, Deviation, Reactor, Start};

/// Declares a build whose table is this one.
macro_rules! build {
    ($(#[$doc:meta])* $build:ident, $table:ty, $name:literal, $summary:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $build;

        impl Reactor for $build {
            const NAME: &str = $name;
            const SUMMARY: &str = $summary;
            const DEVIATION: Deviation = Deviation::Fsm;

            fn set_up(setup: &mut Setup, defect: Defect) {
                replace_rows::<$table>(setup, defect);
            }

            async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
                tasks::run(host, Speaker::new(start.now, start.setup), start.recorder).await
            }
        }
    };
}

fn replace_rows<T: FsmTable>(setup: &mut Setup, defect: Defect) {
    if defect == Defect::Present {
        setup.fsm = Fsm::of::<T>();
    }
}

build!(
    /// The build `no-hold-timer`.
    ///
    /// Source: pmacct #634, FRR #6959: a half-open session stays for hours.
    NoHoldTimer,
    WithoutHoldTimer,
    "no-hold-timer",
    "defective: no hold timer ends a session whose peer is silent"
);

enum WithoutHoldTimer {}

impl FsmTable for WithoutHoldTimer {
    fn period(timer: Timer, periods: &Periods<'_>) -> Option<Period> {
        match timer {
            Timer::Hold => None,
            timer => Shipped::period(timer, periods),
        }
    }
}

build!(
    /// The build `keepalive-1ms`.
    ///
    /// Source: FRR #4985: KEEPALIVEs without a pause. RFC 4271 §4.4 allows one a second.
    HastyKeepalive,
    WithHastyKeepalive,
    "keepalive-1ms",
    "defective: a KEEPALIVE leaves every millisecond"
);

enum WithHastyKeepalive {}

impl FsmTable for WithHastyKeepalive {
    fn period(timer: Timer, periods: &Periods<'_>) -> Option<Period> {
        let shipped = Shipped::period(timer, periods);
        match timer {
            Timer::Keepalive => shipped.map(|_| Period::exactly(Duration::from_millis(1))),
            _ => shipped,
        }
    }
}

build!(
    /// The build `wrong-loser`.
    ///
    /// Source: FRR #1053, SONiC #11268, rustbgpd #105: each side keeps the connection that it dialled itself, and
    /// every one of them ends in 6/7.
    WrongLoser,
    WithOwnWinner,
    "wrong-loser",
    "defective: the connection that the peer dialled loses every collision, also with one that is not there yet"
);

enum WithOwnWinner {}

impl FsmTable for WithOwnWinner {
    fn closes(collision: &Collision) -> Option<Direction> {
        match collision.other {
            State::Established => Shipped::closes(collision),
            _ => Some(Direction::Incoming),
        }
    }
}
