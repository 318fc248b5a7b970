//! `read-first`: a peer's next message is awaited, without a timeout, before anything is sent to it.
//!
//! Source: ExaBGP's own history, the commit before d203b51: peers run as tasks beside the loop that serves the API, and a
//! peer's task reads before it sends. Commands are answered, but their UPDATEs wait for a byte from the peer.
//! (HANGS.md, number 2.)

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use holdtime_core::Speaker;
use holdtime_core::speaker::{Setup, StreamId};
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::StreamKind;
use holdtime_reactor::tasks::{Policy, Shared, run_with};
use holdtime_reactor::turns::yield_now;

use crate::subject::contract::{Defect, Deviation, Reactor, Start};
use crate::subject::defective::peer_turn::{read_and_send, without_rest};

/// The reactor `read-first`.
#[derive(Clone, Copy, Debug)]
pub struct ReadFirst;

impl Reactor for ReadFirst {
    const NAME: &str = "read-first";
    const SUMMARY: &str = "defective: the next inbound message is awaited before anything is sent";
    const DEVIATION: Deviation = Deviation::Reactor;

    fn set_up(setup: &mut Setup, _: Defect) {
        without_rest(setup);
    }

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        let policy = ReadingPeers { defect: start.defect, peers: RefCell::default() };
        run_with(host, Speaker::new(start.now, start.setup), start.recorder, policy).await
    }
}

struct ReadingPeers {
    defect: Defect,
    peers: RefCell<BTreeSet<StreamId>>,
}

impl Policy for ReadingPeers {
    fn attend<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, Self>>, stream: StreamId, kind: StreamKind) {
        if kind == StreamKind::Connection && shared.policy().defect == Defect::Present {
            shared.policy().peers.borrow_mut().insert(stream);
            drop(shared.host().spawn(peer(shared.clone(), stream)));
        } else {
            shared.attend_stream(stream);
        }
    }

    fn withholds(&self, stream: StreamId) -> bool {
        self.peers.borrow().contains(&stream)
    }
}

async fn peer<H: AsyncHost + EventLog>(shared: Rc<Shared<H, ReadingPeers>>, stream: StreamId) {
    // Its OPEN a peer's task sends before it reads for the first time, as ExaBGP's does.
    read_and_send(&shared, stream);
    while shared.host().readable(stream).await.is_ok() {
        read_and_send(&shared, stream);
        yield_now().await;
    }
}
