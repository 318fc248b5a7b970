//! `recv-timeout`: a read is given up after 50 ms, the timeout passes for `EAGAIN`, and the read is tried again at once.
//!
//! Source: the report that started this project, its third stage, the stop-gap `wait_for(sock_recv, 0.05)`. What is to be
//! sent does get sent, up to 50 ms late, and an idle peer costs twenty wakeups a second for ever. (HANGS.md, number 3.)

use std::rc::Rc;

use holdtime_core::Duration;
use holdtime_core::speaker::StreamId;
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::StreamKind;
use holdtime_reactor::tasks::{Policy, Shared};
use holdtime_reactor::turns::yield_now;

use crate::subject::defective::waits::{readable_or_writable, readable_within};
use crate::subject::defective::{Defect, read_and_send};

const RECV_TIMEOUT: Duration = Duration::from_millis(50);

pub(super) struct RecvTimeout(pub(super) Defect);

impl Policy for RecvTimeout {
    fn attend<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, Self>>, stream: StreamId, kind: StreamKind) {
        match kind {
            StreamKind::Connection => drop(shared.host().spawn(peer(shared.clone(), stream))),
            StreamKind::Program | StreamKind::Pipes => shared.attend_stream(stream),
        }
    }
}

async fn peer<H: AsyncHost + EventLog>(shared: Rc<Shared<H, RecvTimeout>>, stream: StreamId) {
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
