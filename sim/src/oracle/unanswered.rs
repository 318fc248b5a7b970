//! O3: every command that an API program sends is answered in time.
//!
//! What counts as an answer is the API's own: `done`, `error`, or a JSON object with an `answer`. A program may have asked
//! for no answers (`disable-ack`, `silence-ack`); comments have none.

use std::collections::{BTreeMap, VecDeque};

use holdtime_core::{Duration, Instant};

use crate::observe::{ProgramKey, Seen};
use crate::oracle::{Alarm, Creditor, Judge, Oracle};

/// O3 at work.
#[derive(Debug)]
pub(super) struct Unanswered {
    within: Duration,
    programs: BTreeMap<ProgramKey, Dialogue>,
}

#[derive(Debug)]
struct Dialogue {
    open: VecDeque<(Instant, String)>,
    acknowledged: bool,
    /// The program does not read: no answer can reach it, and none is due.
    blocked: bool,
}

impl Unanswered {
    pub(super) fn new(within: Duration) -> Self {
        Self { within, programs: BTreeMap::new() }
    }

    fn overdue(&self) -> Option<(ProgramKey, Instant, &str)> {
        let open = self.programs.iter().filter(|(_, dialogue)| !dialogue.blocked);
        open.filter_map(|(key, dialogue)| {
            dialogue.open.front().map(|(since, line)| (*key, *since, line.as_str()))
        })
        .min_by_key(|(_, since, _)| *since)
    }
}

impl Judge for Unanswered {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Command(program, line) => {
                let dialogue = self.programs.entry(*program).or_insert_with(Dialogue::new);
                dialogue.command(at, line.trim());
            }
            Seen::Answer(program, line) if is_answer(line) => {
                if let Some(dialogue) = self.programs.get_mut(program) {
                    dialogue.open.pop_front();
                }
            }
            Seen::PipeBlocked(program, blocked) => {
                if let Some(dialogue) = self.programs.get_mut(program) {
                    dialogue.blocked = *blocked;
                }
            }
            Seen::Ended(program) => drop(self.programs.remove(program)),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.overdue().map(|(_, since, _)| since + self.within)
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        let (program, since, line) = self.overdue().filter(|(_, since, _)| *since + self.within <= now)?;
        Some(Alarm {
            oracle: Oracle::Unanswered,
            at: since + self.within,
            since,
            creditor: Creditor::Program(program),
            what: format!("an answer to `{line}`"),
            clause: "API: every command is answered",
        })
    }
}

impl Dialogue {
    fn new() -> Self {
        Self { open: VecDeque::new(), acknowledged: true, blocked: false }
    }

    fn command(&mut self, at: Instant, line: &str) {
        let answered = match line {
            "" => false,
            _ if line.starts_with('#') => false,
            // It throws away what is queued before it, and has no answer of its own.
            "reset" => {
                self.open.clear();
                false
            }
            "silence-ack" => {
                self.acknowledged = false;
                false
            }
            "disable-ack" => std::mem::replace(&mut self.acknowledged, false),
            "enable-ack" => {
                self.acknowledged = true;
                true
            }
            _ => self.acknowledged,
        };
        if answered {
            self.open.push_back((at, line.to_owned()));
        }
    }
}

fn is_answer(line: &str) -> bool {
    matches!(line.trim(), "done" | "error") || (line.contains("\"answer\"") && !line.contains("\"shutdown\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: ProgramKey = ProgramKey(0);

    fn at(secs: u64) -> Instant {
        Instant::from_secs(secs)
    }

    #[test]
    fn the_oldest_unanswered_command_sounds_the_alarm_at_its_deadline() {
        let mut judge = Unanswered::new(Duration::from_secs(5));
        judge.see(at(1), &Seen::Command(PROGRAM, "announce route 10.0.0.0/24 next-hop 1.1.1.1"));
        judge.see(at(2), &Seen::Command(PROGRAM, "version"));
        judge.see(at(3), &Seen::Answer(PROGRAM, "done"));
        assert_eq!(judge.deadline(), Some(at(7)));
        assert_eq!(judge.judge(Instant::from_millis(6_999)), None);
        let alarm = judge.judge(at(7)).unwrap();
        assert_eq!((alarm.since, alarm.what.as_str()), (at(2), "an answer to `version`"));
    }

    #[test]
    fn a_program_that_asked_for_no_answers_is_owed_none() {
        let mut judge = Unanswered::new(Duration::from_secs(5));
        for line in ["# a comment", "disable-ack", "announce route 10.0.0.0/24 next-hop 1.1.1.1"] {
            judge.see(at(1), &Seen::Command(PROGRAM, line));
        }
        judge.see(at(1), &Seen::Answer(PROGRAM, "{ \"answer\": \"done\" }"));
        assert_eq!(judge.deadline(), None);
        judge.see(at(2), &Seen::Command(PROGRAM, "enable-ack"));
        assert_eq!(judge.deadline(), Some(at(7)));
    }

    #[test]
    fn a_reset_is_owed_no_answer_and_neither_is_what_it_throws_away() {
        let mut judge = Unanswered::new(Duration::from_secs(5));
        judge.see(at(1), &Seen::Command(PROGRAM, "version"));
        judge.see(at(1), &Seen::Command(PROGRAM, "reset"));
        assert_eq!(judge.deadline(), None);
        judge.see(at(2), &Seen::Command(PROGRAM, "version"));
        assert_eq!(judge.deadline(), Some(at(7)), "what comes after it is");
    }

    #[test]
    fn a_program_that_does_not_read_is_owed_nothing_until_it_does() {
        let mut judge = Unanswered::new(Duration::from_secs(5));
        judge.see(at(1), &Seen::Command(PROGRAM, "version"));
        judge.see(at(1), &Seen::PipeBlocked(PROGRAM, true));
        assert_eq!(judge.judge(at(100)), None);
    }
}
