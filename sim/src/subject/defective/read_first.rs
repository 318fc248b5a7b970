//! `read-first`: a peer's next message is awaited, without a timeout, before anything is sent to it.
//!
//! Source: ExaBGP's own history, the commit before d203b51: peers run as tasks beside the loop that serves the API, and a
//! peer's task reads before it sends. Commands are answered, but their UPDATEs wait for a byte from the peer.
//! (HANGS.md, number 2.)

use std::rc::Rc;

use holdtime_core::speaker::StreamId;
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::turns::yield_now;

use crate::subject::defective::frame::{Attend, Shared, as_shipped};

pub(super) async fn run<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>) -> u8 {
    shared.run_timers(attend()).await
}

fn attend<H: AsyncHost + EventLog>() -> Attend<H> {
    let connection = |shared: &Rc<Shared<H>>, stream| {
        if shared.deviates {
            shared.withhold(stream);
            drop(shared.host.spawn(peer(shared.clone(), stream)));
        } else {
            as_shipped(shared, attend(), stream);
        }
    };
    Attend { connection, program: |shared, stream| as_shipped(shared, attend(), stream) }
}

async fn peer<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, stream: StreamId) {
    // Its OPEN a peer's task sends before it reads for the first time, as ExaBGP's does.
    shared.read_and_send(attend(), stream);
    while shared.host.readable(stream).await.is_ok() {
        shared.read_and_send(attend(), stream);
        yield_now().await;
    }
}
