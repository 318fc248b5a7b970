//! What plays a cast: it has the time, the network and the processes. There are two, and the conductor knows only this of them.

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_core::Instant;
use holdtime_core::speaker::StreamId;
use holdtime_machine::Stop;
use holdtime_machine::trace::Observer;
use holdtime_machine::world::{ProcessId, ProcessStanding, StreamLook};

/// An engine on which everybody has been started.
pub(super) trait Engine {
    /// How late it is.
    fn now(&self) -> Instant;

    /// When something happens next; `None`: never, unless it is run.
    fn next_due(&self) -> Option<Instant>;

    /// Runs until `limit`, or until nothing will ever happen again.
    ///
    /// # Errors
    /// The engine itself has failed.
    fn run_until(&mut self, limit: Instant) -> Result<Stop, String>;

    /// The first process that crashed: what it did, and when.
    fn crash(&self) -> Option<(String, Instant)>;

    /// The first process that made calls without end in one turn, and when; not a crash of the speaker's.
    fn spins(&self) -> Option<(ProcessId, Instant)>;

    /// How a process stands; `None`: this engine does not know.
    fn standing(&self, process: ProcessId) -> Option<ProcessStanding>;

    /// A process's stream; `None`: it is closed, or this engine does not know.
    fn look(&self, process: ProcessId, stream: StreamId) -> Option<StreamLook>;

    /// Whether a connection that the speaker gives up ends as Linux ends it. Where not, only when it ends is judged.
    fn ends_as_linux_does(&self) -> bool;

    /// Tells this observer every step from now on.
    fn observe(&mut self, observer: Rc<RefCell<dyn Observer>>);

    /// The hash of every step so far.
    fn hash(&self) -> u64;

    /// How many steps there were.
    fn steps(&self) -> u64;
}
