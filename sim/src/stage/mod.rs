//! One run: a play, a reactor and a seed, from the first event to the verdict.
//!
//! `seed → plan → the play with its faults → a quiet moment → verdict`. The oracles are asked at every instant at which something
//! happens and at each of their deadlines, and the first alarm ends the run.

mod certify;
mod set;
pub mod turmoil;

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_core::{Duration, Instant};

use crate::actor::PeerState;
use crate::certificate::Verdict;
use crate::observe::course::Course;
use crate::scenario::{Plan, Play};
use crate::subject::ReactorName;
use crate::subject::defective::Defect;
use holdtime_machine::Stop;
use holdtime_machine::trace::Observer;
use holdtime_machine::world::IncidentKind;
use set::Stage;

/// How long all must be quiet after everything has finished, so that what should rest can show that it does.
const REST: Duration = Duration::from_secs(1);

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Run<'p> {
    /// What is played.
    pub play: &'p Play,
    /// On which reactor.
    pub reactor: ReactorName,
    /// Whether a defective reactor has its defect.
    pub defect: Defect,
    /// From which seed.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it shows.
    pub verdict: Verdict,
    /// When everything had finished, or the alarm sounded.
    pub at: Instant,
    /// The hash of the trace.
    pub hash: u64,
    /// How many steps the trace has.
    pub steps: u64,
    /// What became of the first speaker's sessions.
    pub course: Course,
    /// Where every script stood at the end of a run that did not pass.
    pub standing: Vec<String>,
}

impl Run<'_> {
    /// The conditions that the seed draws.
    pub fn plan(&self) -> Plan {
        Plan::draw(self.seed, self.play.latency)
    }

    /// Plays.
    ///
    /// # Errors
    /// A configuration is wrong; the text says where.
    pub fn go(&self) -> Result<Outcome, String> {
        self.go_watched(&[])
    }

    /// Plays, and tells these observers every step.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_watched(&self, observers: &[Rc<RefCell<dyn Observer>>]) -> Result<Outcome, String> {
        let mut stage = Stage::set(self, &self.plan())?;
        for observer in observers {
            stage.introduce(&mut *observer.borrow_mut());
            stage.lab.world_mut().trace().observe(observer.clone());
        }
        let (verdict, at) = stage.play_out();
        let hash = stage.lab.hash();
        let steps = stage.lab.world_mut().trace().steps();
        let course = stage.course();
        let standing = if verdict == Verdict::Pass { Vec::new() } else { stage.standing() };
        Ok(Outcome { verdict, at, hash, steps, course, standing })
    }
}

impl Stage<'_> {
    fn play_out(&mut self) -> (Verdict, Instant) {
        let bound = Instant::ZERO + self.play.run_for;
        let mut finished: Option<Instant> = None;
        // The first turns, without which the agenda is empty.
        self.lab.run_until(Instant::ZERO);
        loop {
            let now = self.lab.world().now();
            if let Some(ended) = self.end_now(now) {
                return ended;
            }
            finished = if self.is_finished() { finished.or(Some(now)) } else { None };
            if let Some(at) = finished.filter(|_| !self.play.rests) {
                return (Verdict::Pass, at);
            }
            let rest = finished.map_or(Instant::MAX, |at| at + REST);
            if let Some(at) = finished.filter(|_| now >= rest.min(bound)) {
                return self.end_at_rest(now, at);
            }
            if now >= bound {
                return (self.unfinished(now), now);
            }
            let next = self.lab.world().next_due().unwrap_or(Instant::MAX);
            let asked = self.next_question(now).unwrap_or(Instant::MAX);
            let limit = bound.min(rest).min(asked).min(next.max(now));
            if self.lab.run_until(limit) == Stop::Quiet && finished.is_none() && asked == Instant::MAX {
                // Nothing will ever happen again: look once more, then give up now rather than at the bound.
                let now = self.lab.world().now();
                if let Some(ended) = self.end_now(now) {
                    return ended;
                }
                if !self.is_finished() {
                    return (self.unfinished(now), now);
                }
            }
        }
    }

    /// What ends the run at once: a crash, an alarm, a script that failed.
    fn end_now(&mut self, now: Instant) -> Option<(Verdict, Instant)> {
        let crash = self.lab.world().incidents().first().map(|incident| {
            let name = self.lab.world().name_of(incident.process).to_owned();
            let what = match &incident.kind {
                IncidentKind::OutOfFuel => "made calls without end in one turn".to_owned(),
                IncidentKind::Panicked(message) => format!("panicked: {message}"),
            };
            (Verdict::Crashed(format!("{name} {what}")), incident.at)
        });
        if crash.is_some() {
            return crash;
        }
        for index in 0..self.speakers.len() {
            let alarm = self.speakers.get(index).and_then(|seat| seat.watch.borrow_mut().bench().judge(now));
            if let Some(alarm) = alarm {
                let at = alarm.at;
                let certificate = self.certify(index, &alarm);
                return Some((Verdict::Hang { alarm, certificate }, at));
            }
        }
        self.failure().map(|verdict| (verdict, now))
    }

    fn end_at_rest(&mut self, now: Instant, finished: Instant) -> (Verdict, Instant) {
        for index in 0..self.speakers.len() {
            let alarm =
                self.speakers.get(index).and_then(|seat| seat.watch.borrow_mut().bench().judge_at_rest(now));
            if let Some(alarm) = alarm {
                let at = alarm.at;
                let certificate = self.certify(index, &alarm);
                return (Verdict::Hang { alarm, certificate }, at);
            }
        }
        match self.course().mistake(self.play) {
            Some(why) => (Verdict::Failed { who: "the session".to_owned(), why }, now),
            None => (Verdict::Pass, finished),
        }
    }

    /// The bound has come. What a peer still expects and the speaker has not sent is unsent, whatever kind of route it is.
    fn unfinished(&self, now: Instant) -> Verdict {
        let Some(alarm) = self.unmet_expectation(now) else {
            return Verdict::Unfinished { waiting: self.waiting() };
        };
        let certificate = self.certify(0, &alarm);
        Verdict::Hang { alarm, certificate }
    }

    fn failure(&self) -> Option<Verdict> {
        self.actors().find_map(|(who, state)| match state {
            PeerState::Failed(why) => Some(Verdict::Failed { who, why }),
            _ => None,
        })
    }

    /// Where every script stands.
    fn standing(&self) -> Vec<String> {
        let stood = self.everybody().map(|(who, state)| match state {
            PeerState::Waiting { step, since } => format!("{who} at `{step}` since {since}"),
            PeerState::Finished => format!("{who} at the end of its script"),
            PeerState::Failed(why) => format!("{who} failed {}", why.lines().next().unwrap_or_default()),
        });
        stood
            .chain(self.never_started().map(|command| format!("program {command} was never started")))
            .collect()
    }

    /// What holds the run up: scripts that wait, programs that nobody has started, sessions that took another course.
    fn waiting(&self) -> Vec<String> {
        let waiting = self.actors().filter_map(|(who, state)| match state {
            PeerState::Waiting { step, since } => Some(format!("{who} at `{step}` since {since}")),
            _ => None,
        });
        let missing = self.never_started().map(|command| format!("program {command} to be started"));
        waiting.chain(missing).chain(self.course().mistake(self.play)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn an_alarm_sounds_even_when_the_speaker_hides_what_it_owes() {
        let play = Play::from(&scenario::find("silent-peer").unwrap());
        let run = Run { play: &play, reactor: ReactorName::ReadFirst, defect: Defect::Present, seed: 0 };
        let mut told = Vec::new();
        for hides in [false, true] {
            let mut stage = Stage::set(&run, &run.plan()).unwrap();
            if hides {
                // The twin that obligations come from hears of nothing.
                stage.speakers[0].recording = Rc::default();
            }
            let (Verdict::Hang { alarm, certificate }, _) = stage.play_out() else { panic!("no hang") };
            told.push((alarm, certificate.links.len()));
        }
        assert_eq!(told[0].0, told[1].0);
        assert!(told[0].1 > told[1].1, "the certificate is the poorer for it");
    }
}
