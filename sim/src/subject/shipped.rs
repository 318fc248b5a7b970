//! The reactors that ship.

use holdtime_core::Speaker;
use holdtime_reactor::{AsyncHost, EventLog, poll, tasks};

use crate::subject::contract::{Deviation, Reactor, Start};

/// One loop, one wait over everything.
pub(super) struct Poll;

impl Reactor for Poll {
    const NAME: &str = "poll";
    const SUMMARY: &str = "ships: one loop, one wait over peers, pipes, signals and the next deadline";
    const DEVIATION: Deviation = Deviation::None;

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        poll::run(host, Speaker::new(start.now, start.setup), start.recorder).await
    }
}

/// Tasks that wait for readiness.
pub(super) struct Async;

impl Reactor for Async {
    const NAME: &str = "async";
    const SUMMARY: &str = "ships: tasks that wait for readiness on peers and API at once";
    const DEVIATION: Deviation = Deviation::None;

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        tasks::run(host, Speaker::new(start.now, start.setup), start.recorder).await
    }
}
