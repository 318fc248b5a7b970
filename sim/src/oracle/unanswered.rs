//! O3: every command that an API program sends is answered in time.
//!
//! A program that does not read is owed nothing until it does, and one that nothing can reach any more is owed nothing at all.

use std::collections::BTreeMap;

use holdtime_core::{Duration, Instant};

use crate::observe::{ProgramKey, Seen};
use crate::oracle::alarm::{Alarm, Creditor, Judge, Missing, Oracle};
use crate::oracle::deadlines::Deadlines;
use crate::oracle::dialogue::Conversation;
use crate::oracle::session::Awake;

/// O3 at work.
#[derive(Debug)]
pub(super) struct Unanswered {
    within: Duration,
    acknowledged: bool,
    programs: BTreeMap<ProgramKey, Program>,
    due: Deadlines<ProgramKey>,
    awake: Awake,
}

#[derive(Debug)]
struct Program {
    dialogue: Conversation,
    /// The pipe is full: no answer can reach it, and none is due.
    blocked: bool,
    /// Since when it is not.
    freed: Instant,
}

impl Unanswered {
    /// Answers are due within this time, if they are given at all.
    pub(super) fn new(within: Duration, acknowledged: bool) -> Self {
        let (programs, due, awake) = (BTreeMap::new(), Deadlines::default(), Awake::default());
        Self { within, acknowledged, programs, due, awake }
    }

    /// Since when an answer to this program is due.
    fn since(&self, key: ProgramKey) -> Option<Instant> {
        let program = self.programs.get(&key).filter(|program| !program.blocked)?;
        self.awake.from(program.dialogue.oldest()?.since.max(program.freed))
    }

    fn update(&mut self, key: ProgramKey) {
        let until = self.since(key).map(|since| since + self.within);
        self.due.set(key, until);
    }
}

impl Judge for Unanswered {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        if self.awake.see(at, seen) {
            let all: Vec<ProgramKey> = self.programs.keys().copied().collect();
            return all.into_iter().for_each(|key| self.update(key));
        }
        let key = match seen {
            Seen::Started(key, name) => {
                let dialogue = Conversation::of(name, self.acknowledged);
                self.programs.insert(*key, Program { dialogue, blocked: false, freed: at });
                *key
            }
            Seen::Command(key, line) => {
                let Some(program) = self.programs.get_mut(key) else { return };
                program.dialogue.command(at, line);
                *key
            }
            Seen::Answer(key, line) => {
                let Some(program) = self.programs.get_mut(key) else { return };
                program.dialogue.answer(line);
                *key
            }
            Seen::PipeBlocked(key, blocked) => {
                let Some(program) = self.programs.get_mut(key) else { return };
                (program.blocked, program.freed) = (*blocked, at);
                *key
            }
            Seen::Ended(key) | Seen::Deaf(key) => {
                self.programs.remove(key);
                *key
            }
            _ => return,
        };
        self.update(key);
    }

    fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| at)
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        let (at, key) = self.due.due(now)?;
        let line = &self.programs.get(&key)?.dialogue.oldest()?.line;
        Some(Alarm {
            oracle: Oracle::Unanswered,
            at,
            since: self.since(key)?,
            creditor: Creditor::Program(key),
            missing: Missing::Answer,
            what: format!("an answer to `{line}`"),
            clause: "API: every command is answered",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::testing::{PROGRAM, at, ms};

    fn asked(line: &str) -> Unanswered {
        let mut judge = Unanswered::new(Duration::from_secs(5), true);
        judge.see(at(0), &Seen::Started(PROGRAM, "feed"));
        judge.see(at(1), &Seen::Command(PROGRAM, line));
        judge
    }

    #[test]
    fn the_oldest_unanswered_command_sounds_the_alarm_at_its_deadline() {
        let mut judge = asked("announce route 10.0.0.0/24 next-hop 1.1.1.1");
        judge.see(at(2), &Seen::Command(PROGRAM, "version"));
        assert_eq!(judge.deadline(), Some(at(6)));
        judge.see(at(3), &Seen::Answer(PROGRAM, "done"));
        assert_eq!(judge.deadline(), Some(at(7)));
        assert_eq!(judge.judge(ms(6_999)), None);
        let alarm = judge.judge(at(7)).unwrap();
        assert_eq!((alarm.at, alarm.since, alarm.what.as_str()), (at(7), at(2), "an answer to `version`"));
        assert_eq!(alarm.creditor, Creditor::Program(PROGRAM));
        judge.see(at(7), &Seen::Answer(PROGRAM, "error"));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
    }

    #[test]
    fn a_program_that_asked_for_no_answers_and_one_that_gets_none_are_owed_none() {
        assert_eq!(asked("silence-ack").deadline(), None);
        let mut judge = Unanswered::new(Duration::from_secs(5), false);
        judge.see(at(0), &Seen::Started(PROGRAM, "feed"));
        judge.see(at(1), &Seen::Command(PROGRAM, "version"));
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn a_program_that_does_not_read_is_owed_nothing_until_it_does() {
        let mut judge = asked("version");
        judge.see(at(1), &Seen::PipeBlocked(PROGRAM, true));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
        judge.see(at(60), &Seen::PipeBlocked(PROGRAM, false));
        assert_eq!(judge.deadline(), Some(at(65)));
        assert_eq!(judge.judge(at(65)).unwrap().since, at(60));
    }

    #[test]
    fn a_program_that_is_over_or_that_no_answer_can_reach_is_owed_none() {
        for gone in [Seen::Ended(PROGRAM), Seen::Deaf(PROGRAM)] {
            let mut judge = asked("version");
            judge.see(at(2), &gone);
            assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
            judge.see(at(3), &Seen::Command(PROGRAM, "version"));
            assert_eq!(judge.deadline(), None);
        }
    }

    #[test]
    fn a_stopped_process_answers_nothing_and_one_that_goes_on_does() {
        let mut judge = asked("version");
        judge.see(at(2), &Seen::Running(false));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
        judge.see(at(60), &Seen::Running(true));
        assert_eq!(judge.deadline(), Some(at(65)));
    }

    #[test]
    fn of_two_programs_the_one_that_waits_longer_is_named() {
        let mut judge = asked("version");
        let other = ProgramKey(1);
        judge.see(at(1), &Seen::Started(other, "other"));
        judge.see(at(3), &Seen::Command(other, "help"));
        judge.see(at(4), &Seen::Answer(PROGRAM, "done"));
        assert_eq!(judge.judge(at(100)).unwrap().creditor, Creditor::Program(other));
    }
}
