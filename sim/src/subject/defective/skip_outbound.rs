//! `skip-outbound`: a read that times out goes straight back to reading, past the code below it that sends.
//!
//! Source: the report that started this project, its second stage: `continue` on every read timeout. Commands are answered,
//! but their UPDATEs wait for a byte from the peer, and the task wakes up for nothing. (HANGS.md, number 2.)

use std::rc::Rc;

use holdtime_core::Duration;
use holdtime_core::speaker::StreamId;
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::turns::yield_now;

use crate::subject::defective::frame::{Attend, Shared, as_shipped, readable_within};

/// The report names no figure for this stage's timeout.
const READ_TIMEOUT: Duration = Duration::from_millis(150);

pub(super) async fn run<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>) -> u8 {
    shared.run_timers(attend()).await
}

fn attend<H: AsyncHost + EventLog>() -> Attend<H> {
    let connection = |shared: &Rc<Shared<H>>, stream| {
        shared.withhold(stream);
        drop(shared.host.spawn(peer(shared.clone(), stream)));
    };
    Attend { connection, program: |shared, stream| as_shipped(shared, attend(), stream) }
}

async fn peer<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, stream: StreamId) {
    shared.read_and_send(attend(), stream);
    while let Ok(ready) = readable_within(&shared.host, stream, READ_TIMEOUT).await {
        if shared.deviates && !ready {
            continue;
        }
        shared.read_and_send(attend(), stream);
        if ready {
            yield_now().await;
        }
    }
}
