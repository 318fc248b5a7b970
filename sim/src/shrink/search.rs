//! The search: the best trial so far, and what is offered instead.

use std::collections::BTreeSet;
use std::fmt;

use holdtime_machine::choices::Choice;

use crate::certificate::Key;
use crate::scenario::mistake::Source;
use crate::scenario::{self, Scenario};
use crate::shrink::measure::Measure;
use crate::shrink::trial::Trial;
use crate::stage::{Outcome, Run};
use crate::subject::{self, Defect, SubjectRef};

/// How long to go on.
pub struct Limits<'l> {
    /// How many runs at most, the first one included.
    pub runs: u32,
    /// Asked between two runs; true: the best so far is enough.
    pub stop: &'l dyn Fn() -> bool,
}

/// Why shrinking went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing smaller fails for the same reason, of all that the passes propose.
    Smallest,
    /// All runs are used up.
    Runs,
    /// It was told to stop.
    Stopped,
}

/// Why there is nothing to shrink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unshrinkable {
    /// It passes.
    Passes,
    /// It cannot be written as a scenario, or not be played.
    Wrong(String),
}

impl fmt::Display for Unshrinkable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passes => f.write_str("it passes, so there is nothing to shrink"),
            Self::Wrong(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unshrinkable {}

/// What one pass did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// Its name.
    pub pass: &'static str,
    /// How many candidates were played.
    pub tried: u32,
    /// How many of them were kept.
    pub kept: u32,
    /// The size before it, by [`size`](crate::shrink::size).
    pub before: usize,
    /// The size after it.
    pub after: usize,
}

/// The best trial so far.
pub(super) struct Search<'l> {
    pub(super) best: Trial,
    /// What the best one's run shows.
    pub(super) outcome: Outcome,
    pub(super) key: Key,
    /// Runs so far, and how many of them were kept.
    pub(super) runs: u32,
    pub(super) kept: u32,
    pub(super) ended: Option<Ended>,
    measure: Measure,
    subject: SubjectRef,
    limits: &'l Limits<'l>,
    /// Every trial that was played.
    played: BTreeSet<(String, u64, Option<Vec<Choice>>)>,
}

impl<'l> Search<'l> {
    /// Plays what is to be shrunk.
    pub(super) fn start(
        trial: &Trial,
        subject: SubjectRef,
        limits: &'l Limits<'l>,
    ) -> Result<Self, Unshrinkable> {
        let text = trial.scenario.write().map_err(|error| Unshrinkable::Wrong(error.to_string()))?;
        let scenario = read(&text).map_err(Unshrinkable::Wrong)?;
        let best = Trial { scenario, ..trial.clone() };
        let outcome = play(&best, subject).map_err(Unshrinkable::Wrong)?;
        let key = outcome.verdict.key().ok_or(Unshrinkable::Passes)?;
        let played = BTreeSet::from([(text, best.seed, best.choices.clone())]);
        let measure = Measure::of(&best);
        Ok(Self { best, outcome, key, runs: 1, kept: 0, ended: None, measure, subject, limits, played })
    }

    /// Does one pass.
    pub(super) fn pass(&mut self, name: &'static str, pass: fn(&mut Search<'_>)) -> LedgerLine {
        let (runs, kept, before) = (self.runs, self.kept, self.measure.size);
        pass(self);
        LedgerLine {
            pass: name,
            tried: self.runs - runs,
            kept: self.kept - kept,
            before,
            after: self.measure.size,
        }
    }

    /// Plays a candidate, and keeps it if it is smaller and fails for the same reason.
    pub(super) fn offer(&mut self, candidate: Option<Scenario>) -> bool {
        let Some(scenario) = candidate else { return false };
        let Trial { seed, choices, .. } = &self.best;
        let candidate = Trial { scenario, seed: *seed, choices: choices.clone() };
        self.offer_trial(&candidate)
    }

    /// The same for a trial with other choices.
    pub(super) fn offer_trial(&mut self, candidate: &Trial) -> bool {
        let Ok(text) = candidate.scenario.write() else { return false };
        let Ok(scenario) = read(&text) else { return false };
        let candidate = Trial { scenario, ..candidate.clone() };
        let measure = Measure::of(&candidate);
        let played = (text, candidate.seed, candidate.choices.clone());
        if measure >= self.measure || self.is_over() || !self.played.insert(played) {
            return false;
        }
        let Ok(outcome) = play(&candidate, self.subject) else { return false };
        self.runs += 1;
        let is_kept = outcome.verdict.key().as_ref() == Some(&self.key);
        if is_kept {
            self.kept += 1;
            (self.best, self.outcome, self.measure) = (candidate, outcome, measure);
        }
        is_kept
    }

    /// Takes pieces away as long as that is possible: all, then halves, and so on down to each alone, the last ones first, for what
    /// comes late hangs on what comes early.
    ///
    /// `pieces` lists them in an order that taking some away leaves as it is.
    pub(super) fn remove<P>(
        &mut self,
        pieces: impl Fn(&Scenario) -> Vec<P>,
        without: impl Fn(&Scenario, &[P]) -> Option<Scenario>,
    ) {
        let mut group = pieces(&self.best.scenario).len();
        while group > 0 {
            let mut end = usize::MAX;
            loop {
                let all = pieces(&self.best.scenario);
                end = end.min(all.len());
                let start = end.saturating_sub(group);
                let Some(some) = all.get(start..end).filter(|some| !some.is_empty()) else { break };
                let candidate = without(&self.best.scenario, some);
                self.offer(candidate);
                end = start;
            }
            group /= 2;
        }
    }

    /// Whether it is to go no further.
    pub(super) fn is_over(&mut self) -> bool {
        if self.ended.is_none() {
            if self.runs >= self.limits.runs {
                self.ended = Some(Ended::Runs);
            } else if (self.limits.stop)() {
                self.ended = Some(Ended::Stopped);
            }
        }
        self.ended.is_some()
    }
}

fn read(text: &str) -> Result<Scenario, String> {
    let source = Source::new("shrunk.toml", text);
    scenario::read(&source, |_| None, &subject::names()).map_err(|mistake| mistake.to_string())
}

fn play(trial: &Trial, subject: SubjectRef) -> Result<Outcome, String> {
    Run { play: &trial.scenario.play, subject, defect: Defect::Present, choices: trial.source() }.go()
}
