//! `await-peers`: the main loop awaits every peer's turn before it looks at the API.
//!
//! Source: the report that started this project, its first stage: the loop did `await run_peers()` before anything of the
//! API, and a peer's turn ends with a message read. While one peer is silent no command is read, no answer is sent, and no
//! timer of the loop is looked at. (HANGS.md, number 1.)

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use holdtime_core::Speaker;
use holdtime_core::speaker::{Setup, StreamId};
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::{Driver, StreamKind};
use holdtime_reactor::tasks::{Policy, Shared, run_with, writer};

use crate::subject::contract::{Defect, Deviation, Reactor, Start};
use crate::subject::defective::peer_turn::first;
use crate::subject::defective::peer_turn::{read_and_send, without_rest};

/// The reactor `await-peers`.
#[derive(Clone, Copy, Debug)]
pub struct AwaitPeers;

impl Reactor for AwaitPeers {
    const NAME: &str = "await-peers";
    const SUMMARY: &str = "defective: the API is looked at only once every peer has had its turn";
    const DEVIATION: Deviation = Deviation::Reactor;

    fn set_up(setup: &mut Setup, _: Defect) {
        without_rest(setup);
    }

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        let policy = MainLoop { defect: start.defect, streams: RefCell::default() };
        run_with(host, Speaker::new(start.now, start.setup), start.recorder, policy).await
    }
}

struct MainLoop {
    defect: Defect,
    /// The streams that the main loop looks after.
    streams: RefCell<BTreeSet<StreamId>>,
}

impl Policy for MainLoop {
    fn attend<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, Self>>, stream: StreamId, kind: StreamKind) {
        // The main loop gives peers their turns; undone, each has tasks of its own beside it. Programs have none.
        if kind != StreamKind::Connection || shared.policy().defect == Defect::Present {
            shared.policy().streams.borrow_mut().insert(stream);
            shared.notify();
        } else {
            drop(shared.host().spawn(turns(shared.clone(), stream)));
        }
    }

    async fn turn<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, Self>>) {
        let peers = open(shared, |kind| kind == StreamKind::Connection);
        if peers.is_empty() {
            something_to_do(shared).await;
        }
        for stream in peers {
            peer_turn(shared, stream).await;
        }
        for stream in programs(shared) {
            read_and_send(shared, stream);
        }
        shared.work(Driver::timeouts);
    }
}

/// A peer's turn: what it sends is awaited and read, then what it is owed is sent. `false`: it is gone.
async fn peer_turn<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, MainLoop>>, stream: StreamId) -> bool {
    let open = shared.host().readable(stream).await.is_ok();
    read_and_send(shared, stream);
    open
}

async fn turns<H: AsyncHost + EventLog>(shared: Rc<Shared<H, MainLoop>>, stream: StreamId) {
    let reader = async { while peer_turn(&shared, stream).await {} };
    first(vec![Box::pin(reader), Box::pin(writer(shared.clone(), stream))]).await;
}

/// Resolves when a program can be read or written, a deadline has come, or something is new.
async fn something_to_do<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, MainLoop>>) {
    let mut futures: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> =
        vec![Box::pin(shared.deadline_or_notification())];
    for stream in programs(shared) {
        futures.push(Box::pin(async move { shared.host().readable(stream).await.unwrap_or(()) }));
        futures.push(Box::pin(async move { shared.host().writable(stream).await.unwrap_or(()) }));
    }
    first(futures).await;
}

fn programs<H: AsyncHost + EventLog>(shared: &Shared<H, MainLoop>) -> Vec<StreamId> {
    open(shared, |kind| kind != StreamKind::Connection)
}

/// The streams of some kinds that are still open.
fn open<H: AsyncHost + EventLog>(
    shared: &Shared<H, MainLoop>,
    wanted: impl Fn(StreamKind) -> bool,
) -> Vec<StreamId> {
    let mut streams = shared.policy().streams.borrow_mut();
    streams.retain(|stream| shared.kind(*stream).is_some());
    streams.iter().copied().filter(|stream| shared.kind(*stream).is_some_and(&wanted)).collect()
}
