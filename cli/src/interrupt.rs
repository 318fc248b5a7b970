//! Ctrl-C, for verbs that can say what they have done so far: they look now and then whether it was pressed, and end with status
//! 130 when they have told and tidied up. A second one does not wait for that.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::error::CliError;

/// How often a verb that waits looks.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

static PRESSED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
/// Whether Ctrl-C ends the process at once.
static AT_ONCE: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on, whether Ctrl-C was pressed is to be asked for with [`is_pressed`]; the second time it ends the process.
pub(crate) fn watch() -> Result<(), CliError> {
    raise(PRESSED.get_or_init(Arc::default), &[(SIGINT, 130), (SIGTERM, 143)])
}

/// The first of these signals raises the flag, the second one ends the process with its status.
pub(crate) fn raise(pressed: &Arc<AtomicBool>, signals: &[(c_int, c_int)]) -> Result<(), CliError> {
    use signal_hook::flag::{register, register_conditional_shutdown};
    let again = Arc::new(AtomicBool::new(false));
    for (signal, status) in signals {
        let registered = || {
            // As soon as a signal is caught it is remembered; and the first one finds the other flag down.
            register(*signal, pressed.clone())?;
            register_conditional_shutdown(*signal, *status, again.clone())?;
            register(*signal, again.clone())
        };
        registered().map_err(|error| CliError::io("cannot answer Ctrl-C", &error))?;
        // Whoever is to answer does from here on, and no moment before.
        if let (SIGINT, Some(at_once)) = (*signal, AT_ONCE.get()) {
            at_once.store(false, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Ctrl-C ends the process at once with status 130, whatever it is computing, until something else [answers it](raise).
pub(crate) fn exit_at_once() -> Result<(), CliError> {
    let at_once = AT_ONCE.get_or_init(|| Arc::new(AtomicBool::new(true)));
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, at_once.clone())
        .map_err(|error| CliError::io("cannot answer Ctrl-C", &error))?;
    Ok(())
}

/// For a process that does a part of another one's work: either signal ends it at once, whatever else in it answers signals, and so
/// does the end of the other.
pub(crate) fn end_with_parent() -> Result<(), CliError> {
    let always = Arc::new(AtomicBool::new(true));
    for (signal, status) in [(SIGINT, 130), (SIGTERM, 143)] {
        signal_hook::flag::register_conditional_shutdown(signal, status, always.clone())
            .map_err(|error| CliError::io("cannot answer Ctrl-C", &error))?;
    }
    die_with_parent()
}

/// The end of whoever has started this process ends it too, however that came about.
pub(crate) fn die_with_parent() -> Result<(), CliError> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|error| CliError::io("cannot end with its parent", &error.into()))
}

/// Whether Ctrl-C was pressed since [`watch`].
pub(crate) fn is_pressed() -> bool {
    PRESSED.get().is_some_and(|pressed| pressed.load(Ordering::Relaxed))
}

/// The next of what another thread does; `None` once it has done everything, or Ctrl-C was pressed.
pub(crate) fn next<T>(done: &Receiver<T>) -> Option<T> {
    // Looked at before each: one that is always there in time would hide that Ctrl-C was pressed.
    while !is_pressed() {
        match done.recv_timeout(LOOK) {
            Ok(one) => return Some(one),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    None
}
