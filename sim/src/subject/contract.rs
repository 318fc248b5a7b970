//! What a subject is, and what one is written as.

use std::fmt;
use std::pin::Pin;

use holdtime_core::speaker::Setup;
use holdtime_core::time::Now;
use holdtime_machine::SimHost;
use holdtime_reactor::driver::Recorder;
use holdtime_reactor::{AsyncHost, EventLog};

use crate::observe::witness::Witness;
use crate::turmoil::TurmoilHost;

/// A BGP speaker with all that runs it.
pub trait Subject: RunOn<Witness<SimHost>> + RunOn<Witness<TurmoilHost>> + Sync {
    /// Its name on the command line and in scenarios.
    fn name(&self) -> &str;

    /// What it does, in one line.
    fn summary(&self) -> &str;

    /// Where it deviates from what ships.
    fn deviation(&self) -> Deviation;

    /// Changes what its speakers are set up with.
    fn set_up(&self, setup: &mut Setup, defect: Defect) {
        let _ = (setup, defect);
    }
}

/// A subject that can run on this kind of host.
pub trait RunOn<H> {
    /// Runs a speaker; resolves with the exit status.
    fn run_on(&self, host: H, start: Start) -> MainTask;
}

/// A speaker at work.
pub type MainTask = Pin<Box<dyn Future<Output = u8>>>;

/// What a speaker starts with.
pub struct Start {
    /// The time on its machine.
    pub now: Now,
    /// What it is set up with; [`Subject::set_up`] has had its say.
    pub setup: Setup,
    /// Is shown every input of the core.
    pub recorder: Option<Recorder>,
    /// Whether its defect is present.
    pub defect: Defect,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("now", &self.now).field("defect", &self.defect).finish_non_exhaustive()
    }
}

/// Where a subject deviates from what ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deviation {
    /// Nowhere: it ships.
    None,
    /// In the tasks of its reactor and their order.
    Reactor,
    /// In its calls on its host.
    Host,
    /// In rows of the finite state machine's table.
    Fsm,
}

/// Whether a defective subject has its defect. Undone only by tests, to show that it is the only thing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// As documented.
    Present,
    /// The single deviation is undone.
    Undone,
}

/// A subject that is holdtime's core on a reactor, which runs on any host.
pub trait Reactor: Sync + 'static {
    /// As [`Subject::name`].
    const NAME: &'static str;
    /// As [`Subject::summary`].
    const SUMMARY: &'static str;
    /// As [`Subject::deviation`].
    const DEVIATION: Deviation;

    /// As [`Subject::set_up`].
    fn set_up(setup: &mut Setup, defect: Defect) {
        let _ = (setup, defect);
    }

    /// Runs the core on a host; resolves with the exit status.
    fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> impl Future<Output = u8> + 'static;
}

impl<R: Reactor> Subject for R {
    fn name(&self) -> &str {
        R::NAME
    }

    fn summary(&self) -> &str {
        R::SUMMARY
    }

    fn deviation(&self) -> Deviation {
        R::DEVIATION
    }

    fn set_up(&self, setup: &mut Setup, defect: Defect) {
        R::set_up(setup, defect);
    }
}

impl<R: Reactor, H: AsyncHost + EventLog> RunOn<H> for R {
    fn run_on(&self, host: H, start: Start) -> MainTask {
        Box::pin(R::run(host, start))
    }
}

impl dyn Subject + '_ {
    /// Whether it ships.
    pub fn ships(&self) -> bool {
        self.deviation() == Deviation::None
    }
}

impl PartialEq for dyn Subject + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for dyn Subject + '_ {}

impl fmt::Display for dyn Subject + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for dyn Subject + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
