//! What the speaker says of itself, on its way to the log.
//!
//! Errors from before it has started are kept back: if it gives up, the last of them is the sentence it ends with, and is not said
//! twice. What is said again and again is summed up: a line a minute says how often.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use holdtime_core::speaker::{Event, Party, Severity};

/// For so long what was said is not said again, only counted.
const WINDOW: Duration = Duration::from_secs(60);
/// So many lines of one kind that differ are said in that time.
const ALIKE: u32 = 5;
/// How much of a line is logged, in characters: what programs write may be a megabyte long.
const SHOWN: usize = 600;

/// Where what the speaker says goes to.
#[derive(Debug, Default)]
pub(super) struct Journal {
    early: RefCell<Early>,
    repeats: RefCell<Repeats>,
}

#[derive(Debug, Default)]
struct Early {
    started: bool,
    kept: Vec<Event>,
}

impl Journal {
    pub(super) fn note(&self, event: &Event) {
        let mut early = self.early.borrow_mut();
        if event.severity == Severity::Error && !early.started {
            early.kept.push(event.clone());
        } else {
            self.say(event);
        }
    }

    pub(super) fn started(&self) {
        let mut early = self.early.borrow_mut();
        early.started = true;
        early.kept.drain(..).for_each(|event| self.say(&event));
    }

    /// The sentence to end with, where the speaker never started.
    pub(super) fn conclude(&self) -> Option<String> {
        self.repeats.borrow_mut().sum_up(Instant::now(), Duration::ZERO).iter().for_each(write);
        let mut early = self.early.borrow_mut();
        let last = early.kept.pop();
        early.kept.drain(..).for_each(|event| write(&event));
        last.map(|event| event.text)
    }

    fn say(&self, event: &Event) {
        self.repeats.borrow_mut().pass(Instant::now(), event).iter().for_each(write);
    }
}

/// What was said lately of what tends to be said again.
#[derive(Debug, Default)]
struct Repeats {
    kinds: BTreeMap<(Party, String), Kind>,
}

/// Lines of one kind: about one party, and the same up to their colon.
#[derive(Debug)]
struct Kind {
    since: Instant,
    /// The lines that were said.
    said: Vec<String>,
    /// How many were not.
    left_out: u32,
    /// The last of those.
    last: Event,
}

impl Repeats {
    /// What is to be said now that `event` happened.
    fn pass(&mut self, now: Instant, event: &Event) -> Vec<Event> {
        let mut said = self.sum_up(now, WINDOW);
        let is_tried_again = event.text.contains("connection given up");
        if event.severity < Severity::Warning && !is_tried_again {
            said.push(event.clone());
            return said;
        }
        let kind = event.text.split_once(": ").map_or(event.text.as_str(), |(kind, _)| kind);
        let fresh = || Kind { since: now, said: Vec::new(), left_out: 0, last: event.clone() };
        let kind = self.kinds.entry((event.party.clone(), kind.to_owned())).or_insert_with(fresh);
        if kind.said.contains(&event.text) || kind.said.len() >= ALIKE as usize {
            kind.left_out += 1;
            kind.last = event.clone();
        } else {
            kind.said.push(event.text.clone());
            said.push(event.clone());
        }
        said
    }

    /// A line for each kind of which something was left out, once that has lasted for so long.
    fn sum_up(&mut self, now: Instant, window: Duration) -> Vec<Event> {
        let mut sums = Vec::new();
        self.kinds.retain(|_, kind| {
            let lasted = now.duration_since(kind.since);
            if lasted < window {
                return true;
            }
            if kind.left_out > 0 {
                let (last, count) = (&kind.last, kind.left_out);
                let times = if count == 1 { "once more".to_owned() } else { format!("{count} times more") };
                let text = format!("{} ({times} in {} s)", last.text, lasted.as_secs());
                sums.push(Event { text, ..last.clone() });
            }
            false
        });
        sums
    }
}

/// Writes one line to the log, under the subject that ExaBGP's settings know it by.
fn write(event: &Event) {
    let (party, text) = (&event.party, shortened(&event.text));
    macro_rules! write {
        ($subject:literal) => {
            match event.severity {
                Severity::Debug => tracing::debug!(target: $subject, %party, "{text}"),
                Severity::Info => tracing::info!(target: $subject, %party, "{text}"),
                Severity::Warning => tracing::warn!(target: $subject, %party, "{text}"),
                Severity::Error => tracing::error!(target: $subject, %party, "{text}"),
            }
        };
    }
    match party {
        Party::Speaker => write!("reactor"),
        Party::Neighbor(_) => write!("network"),
        Party::Program(_) => write!("processes"),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => {
            format!("{}… ({} octets)", text.get(..end).unwrap_or_default(), text.len())
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(severity: Severity, text: &str) -> Event {
        Event { severity, party: Party::Program("p".into()), text: text.into() }
    }

    fn texts(events: &[Event]) -> Vec<&str> {
        events.iter().map(|event| event.text.as_str()).collect()
    }

    #[test]
    fn a_warning_that_comes_again_is_summed_up_once_a_minute() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        let warning = event(Severity::Warning, "is no command: x");
        assert_eq!(texts(&repeats.pass(begun, &warning)), ["is no command: x"]);
        for n in 1..=100 {
            assert_eq!(texts(&repeats.pass(begun + Duration::from_millis(n), &warning)), [""; 0]);
        }
        let later = repeats.pass(begun + WINDOW, &warning);
        assert_eq!(texts(&later), ["is no command: x (100 times more in 60 s)", "is no command: x"]);
        assert_eq!(texts(&repeats.sum_up(begun + WINDOW + WINDOW, WINDOW)), [""; 0]);
    }

    #[test]
    fn of_warnings_that_differ_behind_their_colon_the_first_are_said() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        let said: usize = (0..100)
            .map(|n| repeats.pass(begun, &event(Severity::Warning, &format!("is no command: {n}"))).len())
            .sum();
        assert_eq!(said, ALIKE as usize);
        let sum = repeats.sum_up(begun + Duration::from_secs(2), Duration::ZERO);
        assert_eq!(texts(&sum), ["is no command: 99 (95 times more in 2 s)"]);
    }

    #[test]
    fn what_goes_well_is_said_every_time() {
        let (mut repeats, now) = (Repeats::default(), Instant::now());
        let up = event(Severity::Info, "session established");
        assert_eq!((0..9).map(|_| repeats.pass(now, &up).len()).sum::<usize>(), 9);
    }

    #[test]
    fn a_line_of_a_megabyte_is_shortened() {
        let line = shortened(&"x".repeat(1 << 20));
        assert!(line.len() < 700 && line.ends_with("x… (1048576 octets)"), "{line}");
    }
}
