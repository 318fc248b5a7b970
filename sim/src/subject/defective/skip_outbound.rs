//! `skip-outbound`: a read that times out goes straight back to reading, past the code below it that sends.
//!
//! Source: the report that started this project, its second stage: `continue` on every read timeout. Commands are answered,
//! but their UPDATEs wait for a byte from the peer, and the task wakes up for nothing. (HANGS.md, number 2.)

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use holdtime_core::speaker::{Setup, StreamId};
use holdtime_core::{Duration, Speaker};
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::StreamKind;
use holdtime_reactor::tasks::{Policy, Shared, run_with};
use holdtime_reactor::turns::yield_now;

use crate::subject::contract::{Defect, Deviation, Reactor, Start};
use crate::subject::defective::peer_turn::readable_within;
use crate::subject::defective::peer_turn::{read_and_send, without_rest};

/// The report names no figure for this stage's timeout.
const READ_TIMEOUT: Duration = Duration::from_millis(150);

/// The reactor `skip-outbound`.
#[derive(Clone, Copy, Debug)]
pub struct SkipOutbound;

impl Reactor for SkipOutbound {
    const NAME: &str = "skip-outbound";
    const SUMMARY: &str = "defective: a read that times out goes back to reading, past the code that sends";
    const DEVIATION: Deviation = Deviation::Reactor;

    fn set_up(setup: &mut Setup, _: Defect) {
        without_rest(setup);
    }

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        let policy = ImpatientPeers { defect: start.defect, peers: RefCell::default() };
        run_with(host, Speaker::new(start.now, start.setup), start.recorder, policy).await
    }
}

struct ImpatientPeers {
    defect: Defect,
    peers: RefCell<BTreeSet<StreamId>>,
}

impl Policy for ImpatientPeers {
    fn attend<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, Self>>, stream: StreamId, kind: StreamKind) {
        match kind {
            StreamKind::Connection => {
                shared.policy().peers.borrow_mut().insert(stream);
                drop(shared.host().spawn(peer(shared.clone(), stream)));
            }
            StreamKind::Program | StreamKind::Pipes => shared.attend_stream(stream),
        }
    }

    fn withholds(&self, stream: StreamId) -> bool {
        self.peers.borrow().contains(&stream)
    }
}

async fn peer<H: AsyncHost + EventLog>(shared: Rc<Shared<H, ImpatientPeers>>, stream: StreamId) {
    read_and_send(&shared, stream);
    while let Ok(ready) = readable_within(shared.host(), stream, READ_TIMEOUT).await {
        if shared.policy().defect == Defect::Present && !ready {
            continue;
        }
        read_and_send(&shared, stream);
        if ready {
            yield_now().await;
        }
    }
}
