//! Attempts to save a run: the same one with faults off and other choices from an instant on, or with one thing changed.

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_core::{Duration, Instant};
use holdtime_machine::choices::ChoiceSource;
use holdtime_machine::trace::{Observer, Step};

use crate::certificate::{Key, Verdict};
use crate::scenario::{Play, Scenario};
use crate::shrink::Limits;
use crate::stage::{Detour, Outcome, Run};
use crate::subject::{Defect, SubjectRef};
use crate::why::unexplained::Unexplained;

/// What is to be saved.
pub(super) struct Saving<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) choices: &'s ChoiceSource,
    /// For what reason it fails.
    pub(super) key: Key,
    /// How many runs there were.
    pub(super) runs: u32,
    subject: SubjectRef,
    limits: &'s Limits<'s>,
}

/// The instants at which something happens.
#[derive(Default)]
struct Instants(Vec<Instant>);

impl Observer for Instants {
    fn on_step(&mut self, at: Instant, _step: &Step<'_>) {
        if self.0.last() != Some(&at) {
            self.0.push(at);
        }
    }
}

impl<'s> Saving<'s> {
    /// Plays what fails; what it shows, and all instants at which something happens, the start first.
    pub(super) fn of(
        scenario: &'s Scenario,
        (subject, choices): (SubjectRef, &'s ChoiceSource),
        limits: &'s Limits<'s>,
    ) -> Result<(Self, Outcome, Vec<Instant>), String> {
        let seen = Rc::new(RefCell::new(Instants(vec![Instant::ZERO])));
        let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices: choices.clone() };
        let observer: Rc<RefCell<dyn Observer>> = seen.clone();
        let outcome = run.go_recorded(&[observer])?;
        let key = outcome.verdict.key().ok_or("it passes, so there is nothing to explain")?;
        let mut instants = std::mem::take(&mut seen.borrow_mut().0);
        // A process may be a little ahead of the others.
        instants.sort_unstable();
        instants.dedup();
        Ok((Self { scenario, choices, key, runs: 1, subject, limits }, outcome, instants))
    }

    /// Whether it is to go no further.
    pub(super) fn is_over(&self) -> bool {
        self.runs >= self.limits.runs || (self.limits.stop)()
    }

    /// What it shows where all faults are off from `at` on, and the choices are these.
    pub(super) fn from(&mut self, at: Instant, choices: ChoiceSource) -> Result<Verdict, Unexplained> {
        if self.is_over() {
            return Err(Unexplained::Stopped);
        }
        let play = healed(&self.scenario.play, at - Instant::ZERO);
        let (subject, defect) = (self.subject, Defect::Present);
        let run = Run { play: &play, subject, defect, choices: self.choices.clone() };
        self.runs += 1;
        let outcome = run.go_turned(&Detour { at, choices }).map_err(Unexplained::Wrong)?;
        Ok(outcome.verdict)
    }

    /// What another play shows with other choices; `None`: it cannot be played.
    pub(super) fn instead(&mut self, play: &Play, choices: &ChoiceSource) -> Option<Verdict> {
        if self.is_over() {
            return None;
        }
        let run = Run { play, subject: self.subject, defect: Defect::Present, choices: choices.clone() };
        self.runs += 1;
        Some(run.go().ok()?.verdict)
    }
}

/// A play whose faults are all over by then: those that would begin do not, and those that last end.
fn healed(play: &Play, by: Duration) -> Play {
    let mut play = play.clone();
    play.faults.retain(|fault| fault.at < by);
    for fault in &mut play.faults {
        let left = by - fault.at;
        let lasts = fault.kind.lasts().map_or(left, |lasts| lasts.min(left));
        fault.kind.set_lasts(lasts);
    }
    play
}
