//! What both real hosts do alike, with the operating system: clock, files, sockets, programs, signals.
//!
//! Nothing here waits, and nothing here knows how the hosts find out what is ready.

mod channel;
mod errno;
mod fifo;
mod program;
mod signals;
mod socket;
mod sockopt;

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Instant as Clock, SystemTime, UNIX_EPOCH};

use holdtime_core::speaker::{ConfigText, Event, IoError};
use holdtime_core::time::{Instant, Now, Timestamp};

pub(crate) use channel::{Channel, Side, read, write};
pub(crate) use errno::{from_errno, io_error};
pub use program::find as find_program;
pub(crate) use program::{Pipes, Programs};
pub(crate) use signals::Signals;
pub(crate) use {fifo::open as open_fifos, socket::*};

/// The parts of a real host that have nothing to do with readiness.
pub(crate) struct Machine {
    origin: Clock,
    /// The folder of the configuration that was read last: where programs are looked for.
    folder: RefCell<PathBuf>,
    log: Box<dyn Fn(&Event)>,
    pub(crate) programs: RefCell<Programs>,
}

impl Machine {
    pub(crate) fn new(folder: PathBuf, log: impl Fn(&Event) + 'static) -> Self {
        Self {
            origin: Clock::now(),
            folder: RefCell::new(folder),
            log: Box::new(log),
            programs: RefCell::default(),
        }
    }

    pub(crate) fn log(&self, event: &Event) {
        (self.log)(event);
    }

    pub(crate) fn now(&self) -> Now {
        let nanos = |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos);
        Now {
            monotonic: Instant::from_nanos(nanos(self.origin.elapsed())),
            wall: Timestamp::from_nanos(since_epoch.cast_signed()),
        }
    }

    /// The operating system's clock at `instant`; `None` where that is too far to express.
    pub(crate) fn clock(&self, instant: Instant) -> Option<Clock> {
        self.origin.checked_add(std::time::Duration::from_nanos(instant.as_nanos()))
    }

    pub(crate) fn read_config(&self, name: &str) -> Result<ConfigText, IoError> {
        let text = std::fs::read_to_string(name).map_err(|error| io_error(&error))?;
        let path = std::path::absolute(name).map_err(|error| io_error(&error))?;
        *self.folder.borrow_mut() = path.parent().unwrap_or(Path::new("/")).to_path_buf();
        Ok(ConfigText { name: name.to_owned(), text })
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.borrow().clone()
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("folder", &self.folder).field("programs", &self.programs).finish()
    }
}
