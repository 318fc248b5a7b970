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
/// How often what is told beside it is asked for.
const ASKED: Duration = Duration::from_millis(200);

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
    begun: Instant,
    /// What is told beside it, and when it is asked for next.
    beside: Mutex<(Instant, Option<String>)>,
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
        Self::of(what, bar, due)
    }

    /// Progress that nobody is told of.
    pub(crate) fn unseen() -> Self {
        Self::of("", ProgressBar::hidden(), None)
    }

    fn of(what: &'static str, bar: ProgressBar, due: Option<Mutex<Instant>>) -> Self {
        let begun = Instant::now();
        Self { what, bar, due, begun, beside: Mutex::new((begun, None)) }
    }

    /// What is to be told beside it from now on, together with how many steps are done in a second; asked for now and then.
    pub(crate) fn beside(&self, say: impl FnOnce() -> String) {
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now < beside.0 {
            return;
        }
        let said = format!("{}, {:.1} a second", say(), rate(self.bar.position(), now - self.begun));
        self.bar.set_message(format!("{}, {said}", self.what));
        *beside = (now + ASKED, Some(said));
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
        let beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        let line = line((done, total), self.what, beside.1.as_deref());
        stderr::say(&if JSON.load(Ordering::Relaxed) { log::json_line("INFO", &line) } else { line });
    }
}

/// How far it is, in words. Where it is not known when it will be over, its total is 0.
fn line((done, total): (u64, u64), what: &str, beside: Option<&str>) -> String {
    let of = if total > 0 { format!(" of {total}") } else { String::new() };
    let beside = beside.map(|said| format!(", {said}")).unwrap_or_default();
    format!("{done}{of} {what}{beside}")
}

fn rate(done: u64, within: Duration) -> f64 {
    done as f64 / within.as_secs_f64().max(0.001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_of_how_much_where_that_is_known_and_what_is_told_beside_it() {
        assert_eq!(line((3, 9), "cases", None), "3 of 9 cases");
        assert_eq!(line((3, 0), "worlds", Some("1 finding")), "3 worlds, 1 finding");
    }

    #[test]
    fn what_is_told_beside_it_is_asked_for_at_once_and_then_now_and_then() {
        let progress = Progress::unseen();
        progress.inc(1);
        progress.beside(|| "no finding".to_owned());
        progress.beside(|| unreachable!("a moment ago"));
        let beside = progress.beside.lock().unwrap().1.clone().unwrap();
        assert!(beside.starts_with("no finding, ") && beside.ends_with(" a second"), "{beside}");
    }

    #[test]
    fn a_rate_is_by_the_second() {
        assert!((rate(30, Duration::from_secs(2)) - 15.0).abs() < 1e-9);
        assert!(rate(1, Duration::ZERO).is_finite());
    }
}
