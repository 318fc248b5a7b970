//! O8: what a program asks for does not pile up in the speaker: commands taken and not answered stay bounded.
//!
//! Seen from outside, a queue is what went in and has not come out. A speaker that cannot keep up must stop reading.

use std::collections::BTreeMap;

use holdtime_core::Instant;

use crate::observe::{ProgramKey, Seen};
use crate::oracle::{Alarm, Creditor, Judge, Oracle};

/// More commands than a full pipe holds lines of any useful length, several times over.
const COMMANDS: u64 = 100_000;

/// O8 at work.
#[derive(Debug, Default)]
pub(super) struct Growth {
    open: BTreeMap<ProgramKey, u64>,
    alarm: Option<Alarm>,
}

impl Judge for Growth {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Command(program, _) => {
                let open = self.open.entry(*program).or_default();
                *open += 1;
                if *open > COMMANDS && self.alarm.is_none() {
                    self.alarm = Some(Alarm {
                        oracle: Oracle::Growth,
                        at,
                        since: at,
                        creditor: Creditor::Program(*program),
                        what: format!(
                            "backpressure: more than {COMMANDS} commands were taken and not answered"
                        ),
                        clause: "every queue has a bound",
                    });
                }
            }
            Seen::Answer(program, _) => {
                self.open.entry(*program).and_modify(|open| *open = open.saturating_sub(1));
            }
            Seen::Ended(program) => drop(self.open.remove(program)),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.alarm.as_ref().map(|alarm| alarm.at)
    }

    fn judge(&mut self, _now: Instant) -> Option<Alarm> {
        self.alarm.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_pile_up_sound_the_alarm_and_answered_ones_do_not() {
        let (mut answered, mut piled) = (Growth::default(), Growth::default());
        for round in 0..=COMMANDS {
            let at = Instant::from_nanos(round);
            answered.see(at, &Seen::Command(ProgramKey(0), "version"));
            answered.see(at, &Seen::Answer(ProgramKey(0), "done"));
            piled.see(at, &Seen::Command(ProgramKey(0), "version"));
        }
        assert_eq!(answered.judge(Instant::MAX), None);
        assert!(piled.judge(Instant::MAX).is_some());
    }
}
