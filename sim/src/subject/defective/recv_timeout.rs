//! `recv-timeout`: a read is given up after 50 ms, the timeout passes for `EAGAIN`, and the read is tried again at once.
//!
//! Source: the report that started this project, its third stage, the stop-gap `wait_for(sock_recv, 0.05)`. What is to be
//! sent does get sent, up to 50 ms late, and an idle peer costs twenty wakeups a second for ever. (HANGS.md, number 3.)

use std::rc::Rc;

use holdtime_core::Duration;
use holdtime_core::speaker::StreamId;
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::turns::yield_now;

use crate::subject::defective::frame::{Attend, Shared, as_shipped, readable_or_writable, readable_within};

const RECV_TIMEOUT: Duration = Duration::from_millis(50);

pub(super) async fn run<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>) -> u8 {
    shared.run_timers(attend()).await
}

fn attend<H: AsyncHost + EventLog>() -> Attend<H> {
    let connection = |shared: &Rc<Shared<H>>, stream| drop(shared.host.spawn(peer(shared.clone(), stream)));
    Attend { connection, program: |shared, stream| as_shipped(shared, attend(), stream) }
}

async fn peer<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, stream: StreamId) {
    loop {
        let waited = if shared.deviates {
            readable_within(&shared.host, stream, RECV_TIMEOUT).await.map(drop)
        } else {
            readable_or_writable(&shared.host, stream).await
        };
        if waited.is_err() {
            return;
        }
        shared.read_and_send(attend(), stream);
        yield_now().await;
    }
}
