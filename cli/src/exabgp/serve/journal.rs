//! What the speaker says of itself, on its way to the log.
//!
//! Errors from before it has started are kept back: if it gives up, the last of them is the sentence it ends with, and is not said
//! twice. What is tried or refused again and again is summed up: a line a minute says how often, and from when to when. What has
//! changed, and the answer to a signal, is said every time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use holdtime_core::speaker::{Event, EventKind, Party, Severity};

use crate::log::time_of_day;

/// For so long what was said is not said again, only counted.
const WINDOW: Duration = Duration::from_secs(60);
/// So many lines of one kind that differ are said in that time.
const ALIKE: usize = 5;
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
        self.repeats.borrow_mut().sum_up(|_, _| true).iter().for_each(write);
        let mut early = self.early.borrow_mut();
        let last = early.kept.pop();
        early.kept.drain(..).for_each(|event| write(&event));
        last.map(|event| event.text)
    }

    fn say(&self, event: &Event) {
        let now = (Instant::now(), SystemTime::now());
        let event = Event { text: shortened(&event.text), ..event.clone() };
        self.repeats.borrow_mut().pass(now, &event).iter().for_each(write);
    }
}

/// What was said lately of what tends to be said again.
#[derive(Debug, Default)]
struct Repeats {
    runs: BTreeMap<(Party, String), Run>,
}

/// Lines that are alike: about one party, and the same up to their colon.
#[derive(Debug)]
struct Run {
    since: Instant,
    /// The lines that were said.
    said: Vec<String>,
    /// What was not.
    left_out: Option<LeftOut>,
}

/// Lines that were counted instead of said.
#[derive(Debug)]
struct LeftOut {
    count: u32,
    first: SystemTime,
    last: SystemTime,
    /// The last of them, as severe as the most severe.
    event: Event,
}

impl Repeats {
    /// What is to be said now that `event` happened.
    fn pass(&mut self, (now, time): (Instant, SystemTime), event: &Event) -> Vec<Event> {
        let is_over = |run: &Run| now.duration_since(run.since) >= WINDOW;
        let mut said = match event.kind {
            EventKind::Shutdown => self.sum_up(|_, _| true),
            EventKind::Change => self.sum_up(|party, run| *party == event.party || is_over(run)),
            EventKind::Repeat | EventKind::Remark => self.sum_up(|_, run| is_over(run)),
        };
        if event.kind != EventKind::Repeat {
            said.push(event.clone());
            return said;
        }
        let head = event.text.split_once(": ").map_or(event.text.as_str(), |(head, _)| head);
        let fresh = || Run { since: now, said: Vec::new(), left_out: None };
        let run = self.runs.entry((event.party.clone(), head.to_owned())).or_insert_with(fresh);
        if run.said.contains(&event.text) || run.said.len() >= ALIKE {
            let so_far = run.left_out.take();
            let (count, first, severity) = so_far.map_or((0, time, event.severity), |so_far| {
                (so_far.count, so_far.first, so_far.event.severity.max(event.severity))
            });
            let count = count.saturating_add(1);
            let event = Event { severity, ..event.clone() };
            run.left_out = Some(LeftOut { count, first, last: time, event });
        } else {
            run.said.push(event.text.clone());
            said.push(event.clone());
        }
        said
    }

    /// Ends the runs for which `ends` holds, with a line for each of which something was left out.
    fn sum_up(&mut self, ends: impl Fn(&Party, &Run) -> bool) -> Vec<Event> {
        let mut sums = Vec::new();
        self.runs.retain(|(party, _), run| {
            let over = ends(party, run);
            sums.extend(run.left_out.take_if(|_| over).map(LeftOut::sum));
            !over
        });
        sums
    }
}

impl LeftOut {
    /// The last of the lines, with how many there were, and when.
    fn sum(self) -> Event {
        let (first, last) = (time_of_day(self.first), time_of_day(self.last));
        let text = &self.event.text;
        let text = match self.count {
            1 => format!("{text} (once more, at {last} UTC)"),
            count => format!("{text} ({count} times more, from {first} to {last} UTC)"),
        };
        Event { text, ..self.event }
    }
}

/// Writes one line to the log, under the subject that ExaBGP's settings know it by.
fn write(event: &Event) {
    let (party, text) = (&event.party, &event.text);
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

    fn event(kind: EventKind, party: &Party, text: &str) -> Event {
        Event { severity: Severity::Warning, kind, party: party.clone(), text: text.into() }
    }

    /// What is said of events that come so many seconds after midnight.
    fn said(repeats: &mut Repeats, begun: Instant, events: &[(u64, Event)]) -> Vec<String> {
        let mut said = Vec::new();
        for (second, event) in events {
            let after = Duration::from_secs(*second);
            let lines = repeats.pass((begun + after, SystemTime::UNIX_EPOCH + after), event);
            said.extend(lines.into_iter().map(|event| event.text));
        }
        said
    }

    fn program() -> Party {
        Party::Program("p".into())
    }

    #[test]
    fn what_comes_again_is_summed_up_once_a_minute() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        let refused = event(EventKind::Repeat, &program(), "is no command: x");
        let events: Vec<_> = (0..61).map(|second| (second, refused.clone())).collect();
        let sum = "is no command: x (59 times more, from 00:00:01 to 00:00:59 UTC)";
        assert_eq!(said(&mut repeats, begun, &events), ["is no command: x", sum, "is no command: x"]);
        let later = event(EventKind::Remark, &Party::Speaker, "y");
        assert_eq!(said(&mut repeats, begun, &[(200, later)]), ["y"], "nothing was left out");
    }

    #[test]
    fn of_lines_that_differ_behind_their_colon_the_first_are_said() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        let refused = |n| event(EventKind::Repeat, &program(), &format!("is no command: {n}"));
        let events: Vec<_> = (0..100).map(|n| (n / 50, refused(n))).collect();
        assert_eq!(said(&mut repeats, begun, &events).len(), ALIKE);
        let sums = repeats.sum_up(|_, _| true);
        let sum = "is no command: 99 (95 times more, from 00:00:00 to 00:00:01 UTC)";
        assert_eq!(sums.iter().map(|event| event.text.as_str()).collect::<Vec<_>>(), [sum]);
    }

    #[test]
    fn what_has_changed_or_was_answered_is_said_every_time_whatever_it_says() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        let refused = event(EventKind::Change, &Party::Speaker, "the configuration stays as it is: x");
        let remark = event(EventKind::Remark, &program(), "says: x");
        let events =
            [(0, refused.clone()), (3, refused.clone()), (3, remark.clone()), (4, remark), (6, refused)];
        assert_eq!(said(&mut repeats, begun, &events).len(), 5);
    }

    #[test]
    fn a_change_of_the_same_party_ends_the_summing_up_before_it_is_said() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        let failed = event(EventKind::Repeat, &program(), "x");
        let other = event(EventKind::Change, &Party::Speaker, "loaded");
        let events = [(0, failed.clone()), (1, failed.clone()), (2, other)];
        assert_eq!(said(&mut repeats, begun, &events), ["x", "loaded"]);
        let events = [(3, event(EventKind::Change, &program(), "started")), (4, failed)];
        assert_eq!(said(&mut repeats, begun, &events), ["x (once more, at 00:00:01 UTC)", "started", "x"]);
    }

    #[test]
    fn what_is_left_is_summed_up_before_the_speaker_says_that_it_ends() {
        let (mut repeats, begun) = (Repeats::default(), Instant::now());
        let failed = event(EventKind::Repeat, &program(), "x");
        let end = event(EventKind::Shutdown, &Party::Speaker, "shutting down");
        let events = [(0, failed.clone()), (1, failed.clone()), (5, failed), (9, end)];
        let sum = "x (2 times more, from 00:00:01 to 00:00:05 UTC)";
        assert_eq!(said(&mut repeats, begun, &events), ["x", sum, "shutting down"]);
    }

    #[test]
    fn a_line_of_a_megabyte_is_shortened() {
        let line = shortened(&"x".repeat(1 << 20));
        assert!(line.len() < 700 && line.ends_with("x… (1048576 octets)"), "{line}");
    }
}
