//! `await-peers`: the main loop awaits every peer's turn before it looks at the API.
//!
//! Source: the report that started this project, its first stage: the loop did `await run_peers()` before anything of the
//! API, and a peer's turn ends with a message read. While one peer is silent no command is read, no answer is sent, and no
//! timer of the loop is looked at. (HANGS.md, number 1.)

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use holdtime_core::speaker::StreamId;
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::{Driver, StreamKind};
use holdtime_reactor::turns::yield_now;

use crate::subject::defective::frame::{Attend, Shared, first};

pub(super) async fn run<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>) -> u8 {
    shared.start(attend());
    loop {
        if let Some(code) = shared.exit_code() {
            return code;
        }
        let peers = shared.open(StreamKind::Connection);
        if shared.deviates && !peers.is_empty() {
            for stream in peers {
                turn(&shared, stream).await;
            }
        } else {
            something_to_do(&shared).await;
        }
        serve_api(&shared);
        shared.work(attend(), Driver::timeouts);
    }
}

fn attend<H: AsyncHost + EventLog>() -> Attend<H> {
    // The main loop gives peers their turns; undone, each has a task of its own beside it. Programs have none.
    let connection = |shared: &Rc<Shared<H>>, stream| {
        if !shared.deviates {
            drop(shared.host.spawn(turns(shared.clone(), stream)));
        }
    };
    Attend { connection, program: |_, _| () }
}

/// A peer's turn: what it sends is awaited and read, then what it is owed is sent. `false`: it is gone.
async fn turn<H: AsyncHost + EventLog>(shared: &Rc<Shared<H>>, stream: StreamId) -> bool {
    let open = shared.host.readable(stream).await.is_ok();
    shared.read_and_send(attend(), stream);
    open
}

async fn turns<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, stream: StreamId) {
    let writer = async {
        while shared.host.writable(stream).await.is_ok() {
            shared.work(attend(), |driver, now| driver.fill_stream(now, stream));
            yield_now().await;
        }
    };
    let reader = async { while turn(&shared, stream).await {} };
    first(vec![Box::pin(reader), Box::pin(writer)]).await;
}

/// Reads every program's commands and sends every program its answers, without waiting.
fn serve_api<H: AsyncHost + EventLog>(shared: &Rc<Shared<H>>) {
    for stream in programs(shared) {
        shared.read_and_send(attend(), stream);
    }
}

/// Resolves when a program can be read or written, a deadline has come, or something is new.
async fn something_to_do<H: AsyncHost + EventLog>(shared: &Rc<Shared<H>>) {
    let mut futures: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![Box::pin(shared.deadline_or_bell())];
    for stream in programs(shared) {
        futures.push(Box::pin(async move { shared.host.readable(stream).await.unwrap_or(()) }));
        futures.push(Box::pin(async move { shared.host.writable(stream).await.unwrap_or(()) }));
    }
    first(futures).await;
}

fn programs<H: AsyncHost + EventLog>(shared: &Shared<H>) -> Vec<StreamId> {
    [shared.open(StreamKind::Program), shared.open(StreamKind::Pipes)].concat()
}
