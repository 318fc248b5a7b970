//! How far something long has come, told on the standard error: a bar on a terminal, elsewhere a line now and then.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{log, stderr};

/// When the first line says how far it is; what is over by then needs none.
const FIRST: Duration = Duration::from_secs(3);
/// How often a line does after that.
const EVERY: Duration = Duration::from_secs(5);

/// Whether what stands on the standard error is JSON, line by line.
static JSON: AtomicBool = AtomicBool::new(false);

/// Says whether what stands on the standard error is JSON, line by line.
pub(crate) fn in_json(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

/// Something long at work; several threads may share it.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    bar: ProgressBar,
    /// When a line is due; none: a bar is drawn instead.
    due: Option<Mutex<Instant>>,
}

impl Progress {
    /// The beginning of `total` steps of `what`.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        let due = (!io::stderr().is_terminal()).then(|| Mutex::new(Instant::now() + FIRST));
        Self { what, bar, due }
    }

    /// Progress that nobody is told of.
    pub(crate) fn unseen() -> Self {
        Self { what: "", bar: ProgressBar::hidden(), due: None }
    }

    /// So many more steps are done.
    pub(crate) fn inc(&self, steps: u64) {
        self.bar.inc(steps);
        self.tell();
    }

    /// So many steps are done in all.
    pub(crate) fn set(&self, steps: u64) {
        self.bar.set_position(steps);
        self.tell();
    }

    /// It is over, one way or the other.
    pub(crate) fn finish_and_clear(&self) {
        self.bar.finish_and_clear();
    }

    fn tell(&self) {
        let Some(due) = &self.due else { return };
        let mut due = due.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now < *due {
            return;
        }
        *due = now + EVERY;
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let line = format!("{done} of {total} {}", self.what);
        stderr::say(&if JSON.load(Ordering::Relaxed) { log::json_line("INFO", &line) } else { line });
    }
}
