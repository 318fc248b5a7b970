//! `recv-timeout`: a read is given up after 50 ms, the timeout passes for `EAGAIN`, and the read is tried again at once.
//!
//! Source: the report that started this project, its third stage, the stop-gap `wait_for(sock_recv, 0.05)`. What is to be
//! sent does get sent, up to 50 ms late, and an idle peer costs twenty wakeups a second for ever. (HANGS.md, number 3.)

use std::rc::Rc;

use holdtime_core::speaker::{Setup, StreamId};
use holdtime_core::{Duration, Speaker};
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::StreamKind;
use holdtime_reactor::tasks::{Policy, Shared, run_with};
use holdtime_reactor::turns::yield_now;

use crate::subject::contract::{Defect, Deviation, Reactor, Start};
use crate::subject::defective::peer_turn::{read_and_send, without_rest};
use crate::subject::defective::peer_turn::{readable_or_writable, readable_within};

const RECV_TIMEOUT: Duration = Duration::from_millis(50);

/// The reactor `recv-timeout`.
#[derive(Clone, Copy, Debug)]
pub struct RecvTimeout;

impl Reactor for RecvTimeout {
    const NAME: &str = "recv-timeout";
    const SUMMARY: &str = "defective: a read that times out counts as readiness and is retried at once";
    const DEVIATION: Deviation = Deviation::Reactor;

    fn set_up(setup: &mut Setup, _: Defect) {
        without_rest(setup);
    }

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        let policy = PollingPeers(start.defect);
        run_with(host, Speaker::new(start.now, start.setup), start.recorder, policy).await
    }
}

struct PollingPeers(Defect);

impl Policy for PollingPeers {
    fn attend<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, Self>>, stream: StreamId, kind: StreamKind) {
        match kind {
            StreamKind::Connection => drop(shared.host().spawn(peer(shared.clone(), stream))),
            StreamKind::Program | StreamKind::Pipes => shared.attend_stream(stream),
        }
    }
}

async fn peer<H: AsyncHost + EventLog>(shared: Rc<Shared<H, PollingPeers>>, stream: StreamId) {
    loop {
        let waited = match shared.policy().0 {
            Defect::Present => readable_within(shared.host(), stream, RECV_TIMEOUT).await.map(drop),
            Defect::Undone => readable_or_writable(shared.host(), stream).await,
        };
        if waited.is_err() {
            return;
        }
        read_and_send(&shared, stream);
        yield_now().await;
    }
}
