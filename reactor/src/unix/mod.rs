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
mod stdio;
pub mod user;

use holdtime_host::{ConfigText, ExitStatus, IoError, ProgramSignal, ProgramSpec, Signal, StreamId};

use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Instant as Clock, SystemTime, UNIX_EPOCH};

use holdtime_core::speaker::{Event, EventKind, Party, Severity};
use holdtime_core::time::{Instant, Now, Timestamp};

pub(crate) use channel::{DescriptorStream, Side, read, write};
pub(crate) use errno::{from_errno, io_error};
pub use program::find as find_program;
pub(crate) use program::{ChildPrograms, Pipes};
pub(crate) use signals::Signals;
pub use socket::try_keys;
pub(crate) use stdio::take as take_stdio;
pub(crate) use {fifo::open as open_fifos, socket::*};

/// The status of a process that may not become the user it was told to run as.
const NOT_PERMITTED: i32 = 2;

/// What a real host is given beside the operating system.
pub struct HostOptions {
    /// Where programs are looked for until a configuration is read.
    pub folder: PathBuf,
    /// The user to become once the first sockets are open, before the first program starts; `None`: stay who we
    /// are.
    pub user: Option<user::User>,
    /// Is given every line for the log.
    pub log: Box<dyn Fn(&Event)>,
    /// Is told once that everything the speaker begins with has begun.
    pub started: Box<dyn Fn()>,
}

impl HostOptions {
    /// A folder and a log, and nothing else.
    pub fn new(folder: PathBuf, log: impl Fn(&Event) + 'static) -> Self {
        Self { folder, user: None, log: Box::new(log), started: Box::new(|| ()) }
    }
}

/// The parts of a real host that have nothing to do with readiness.
pub(crate) struct UnixHost {
    origin: Clock,
    /// The folder of the configuration that was read last: where programs are looked for.
    folder: RefCell<PathBuf>,
    /// Whom to become, until that has happened.
    user: Cell<Option<user::User>>,
    log: Box<dyn Fn(&Event)>,
    started: Box<dyn Fn()>,
    programs: RefCell<ChildPrograms>,
}

impl UnixHost {
    pub(crate) fn new(options: HostOptions) -> Self {
        let HostOptions { folder, user, log, started } = options;
        Self {
            origin: Clock::now(),
            folder: RefCell::new(folder),
            user: Cell::new(user),
            log,
            started,
            programs: RefCell::default(),
        }
    }

    pub(crate) fn log(&self, event: &Event) {
        (self.log)(event);
    }

    /// The first sockets are open and the first programs run.
    pub(crate) fn started(&self) {
        self.become_user();
        (self.started)();
    }

    /// Becomes the user to run as, unless that has happened. A process that may not ends: to go on as root would be
    /// worse.
    fn become_user(&self) {
        let Some(user) = self.user.take() else { return };
        if let Err(error) = user.assume() {
            let text = format!("cannot run as user {}: {error}", user.uid.as_raw());
            (self.started)();
            let (severity, kind, party) = (Severity::Error, EventKind::Change, Party::Speaker);
            self.log(&Event { severity, kind, party, text });
            self.programs.borrow().kill_all();
            std::process::exit(NOT_PERMITTED);
        }
    }

    pub(crate) fn start_program(
        &self,
        stream: StreamId,
        spec: &ProgramSpec,
    ) -> Result<(u32, Pipes), std::io::Error> {
        self.become_user();
        self.programs.borrow_mut().start(stream, spec, &self.folder.borrow())
    }

    pub(crate) fn signal_program(&self, stream: StreamId, signal: ProgramSignal) {
        self.programs.borrow().signal(stream, signal);
    }

    /// Passes on what signals brought, after their bell was read empty. The second Ctrl-C ends the process, and every
    /// program with it.
    pub(crate) fn answer(
        &self,
        signals: &Signals,
        signalled: impl FnMut(Signal),
        exited: impl FnMut(StreamId, ExitStatus),
    ) {
        let collected = signals.collect(signalled);
        if collected.child_ended {
            self.programs.borrow_mut().reap(exited);
        }
        if collected.again {
            self.programs.borrow().kill_all();
            std::process::exit(signals::INTERRUPTED);
        }
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
}

impl fmt::Debug for UnixHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("folder", &self.folder).field("programs", &self.programs).finish()
    }
}

impl fmt::Debug for HostOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostOptions")
            .field("folder", &self.folder)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
