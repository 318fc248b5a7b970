//! `slow-show`: a `show` is worked out in one piece that takes seconds, and everybody else waits for it.
//!
//! Source: FRR #706 #7280 #21444: the answer to a `show` is made in one turn of the loop that also sends KEEPALIVEs.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use holdtime_core::speaker::Event;
use holdtime_core::{Duration, Speaker};
use holdtime_host::layer::{AsyncLayer, Layer};
use holdtime_host::{AsyncHost, IoError, ProgramSpec, StreamId};
use holdtime_reactor::{EventLog, tasks};

use crate::subject::contract::{Defect, Deviation, Reactor, Start};

/// How long a `show` takes: longer than a KEEPALIVE may be late at any hold time up to 18 s.
const SHOW: Duration = Duration::from_secs(12);
/// How many routes are computed between two looks at the clock.
const PIECE: u64 = 100_000;

/// The build `slow-show`.
#[derive(Clone, Copy, Debug)]
pub struct SlowShow;

impl Reactor for SlowShow {
    const NAME: &str = "slow-show";
    const SUMMARY: &str = "defective: a `show` is worked out in one piece that takes seconds";
    const DEVIATION: Deviation = Deviation::Host;

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        let host = Dear { inner: host, defect: start.defect, programs: Rc::default() };
        tasks::run(host, Speaker::new(start.now, start.setup), start.recorder).await
    }
}

/// A host on which it takes long to have read a `show`.
#[derive(Clone)]
struct Dear<H> {
    inner: H,
    defect: Defect,
    /// The streams that are pipes of programs.
    programs: Rc<RefCell<BTreeSet<StreamId>>>,
}

impl<H: AsyncHost> Dear<H> {
    /// Computes for so long, and lets nobody have a turn. Where computing takes no time, it is over at once.
    fn compute_for(&self, time: Duration) {
        let mut last = self.inner.now().monotonic;
        let end = last + time;
        while last < end {
            self.inner.computed(PIECE);
            let now = self.inner.now().monotonic;
            if now - last < Duration::from_millis(1) {
                return;
            }
            last = now;
        }
    }
}

impl<H: AsyncHost> Layer for Dear<H> {
    type Inner = H;

    fn inner(&self) -> &H {
        &self.inner
    }

    fn start_program(&self, stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError> {
        self.programs.borrow_mut().insert(stream);
        self.inner.start_program(stream, spec)
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        let count = self.inner.read(stream, into)?;
        let is_show = || into.get(..count).is_some_and(|read| read.starts_with(b"show "));
        if self.defect == Defect::Present && self.programs.borrow().contains(&stream) && is_show() {
            self.compute_for(SHOW);
        }
        Ok(count)
    }
}

impl<H: AsyncHost> AsyncLayer for Dear<H> {}

impl<H: EventLog> EventLog for Dear<H> {
    fn log(&self, event: &Event) {
        self.inner.log(event);
    }
}
