//! `no-eof`: the end of a program's output is taken for nothing to read, and read again.
//!
//! Source: ExaBGP #704 #723 #843: a read of nothing is not told from a read that would block, and a pipe that nobody writes any
//! more stays readable.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use holdtime_core::Speaker;
use holdtime_core::speaker::Event;
use holdtime_host::layer::{AsyncLayer, Layer};
use holdtime_host::{AsyncHost, IoError, ProgramSpec, StreamId};
use holdtime_reactor::{EventLog, tasks};

use crate::subject::contract::{Defect, Deviation, Reactor, Start};

/// The build `no-eof`.
#[derive(Clone, Copy, Debug)]
pub struct NoEof;

impl Reactor for NoEof {
    const NAME: &str = "no-eof";
    const SUMMARY: &str =
        "defective: the end of a program's output is taken for nothing to read, and read again";
    const DEVIATION: Deviation = Deviation::Host;

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        let host = Endless { inner: host, defect: start.defect, programs: Rc::default() };
        tasks::run(host, Speaker::new(start.now, start.setup), start.recorder).await
    }
}

/// A host on which the output of programs has no end.
#[derive(Clone)]
struct Endless<H> {
    inner: H,
    defect: Defect,
    /// The streams that are pipes of programs.
    programs: Rc<RefCell<BTreeSet<StreamId>>>,
}

impl<H: AsyncHost> Layer for Endless<H> {
    type Inner = H;

    fn inner(&self) -> &H {
        &self.inner
    }

    fn start_program(&self, stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError> {
        self.programs.borrow_mut().insert(stream);
        self.inner.start_program(stream, spec)
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        match self.inner.read(stream, into) {
            Ok(0) if self.defect == Defect::Present && self.programs.borrow().contains(&stream) => {
                Err(IoError::WouldBlock)
            }
            outcome => outcome,
        }
    }
}

impl<H: AsyncHost> AsyncLayer for Endless<H> {}

impl<H: EventLog> EventLog for Endless<H> {
    fn log(&self, event: &Event) {
        self.inner.log(event);
    }
}
