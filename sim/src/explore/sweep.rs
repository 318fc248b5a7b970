//! One world of a sweep, played, and the sums over many.

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_core::{Duration, Instant};
use holdtime_machine::trace::Observer;

use crate::certificate::Verdict;
use crate::explore::census::{Census, Taker};
use crate::explore::{World, world};
use crate::stage::{Outcome, Run};
use crate::subject::{self, Defect, SubjectRef};

/// What came of the world of a seed.
#[derive(Clone, Debug)]
pub struct Played {
    /// The seed.
    pub seed: u64,
    /// On which reactor.
    pub reactor: SubjectRef,
    /// What came of it.
    pub outcome: Outcome,
    /// What took effect.
    pub census: Census,
}

/// Plays the world of a seed, on the reactor that it draws or on this one.
///
/// # Errors
/// The world is none, or its configurations are not right, which a test rules out.
pub fn play(seed: u64, reactor: Option<SubjectRef>) -> Result<Played, String> {
    let world = world(seed).map_err(|mistake| mistake.to_string())?;
    let taker = Rc::new(RefCell::new(Taker::of(&world)));
    let reactor = reactor.unwrap_or_else(|| drawn_reactor(&world));
    let run =
        Run { play: &world.scenario.play, subject: reactor, defect: Defect::Present, choices: seed.into() };
    let observer: Rc<RefCell<dyn Observer>> = taker.clone();
    let outcome = run.go_watched(&[observer])?;
    let census = taker.borrow().census().clone();
    Ok(Played { seed, reactor, outcome, census })
}

/// The reactor that a world draws for itself.
pub fn drawn_reactor(world: &World) -> SubjectRef {
    let drawn = world.scenario.expect.first().and_then(|(name, _)| subject::find(name).ok());
    drawn.unwrap_or(subject::POLL)
}

/// What many worlds showed; it is the same in whatever order they came.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// How many there were.
    pub runs: u64,
    /// Steps of all traces.
    pub steps: u64,
    /// Virtual time of all runs.
    pub virtual_time: Duration,
    /// What took effect.
    pub census: Census,
    /// The runs that did not pass, by seed.
    pub alarms: Vec<Played>,
    /// The hash of all verdicts and traces.
    pub hash: u64,
}

impl Sweep {
    /// Takes in a run.
    pub fn add(&mut self, played: Played) {
        let Outcome { verdict, at, hash, steps, .. } = &played.outcome;
        self.runs += 1;
        self.steps += steps;
        self.virtual_time += *at - Instant::ZERO;
        self.census.add(&played.census);
        // A sum, for it has no order.
        let code = verdict.code().bytes().fold(0, |word, octet| word << 8 | u64::from(octet));
        let words = [played.seed, code, at.as_nanos(), *hash, *steps];
        self.hash =
            self.hash.wrapping_add(words.into_iter().fold(0, |hash: u64, word| {
                (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
            }));
        if *verdict != Verdict::Pass {
            let at = self.alarms.partition_point(|alarm| alarm.seed < played.seed);
            self.alarms.insert(at, played);
        }
    }

    /// With 99 % certainty alarms are no more frequent than once in so many runs, had there been none in these.
    pub fn at_least_once_in(&self) -> f64 {
        1.0 / (1.0 - 0.01_f64.powf(1.0 / self.runs.max(1) as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_the_same_in_any_order_and_every_time() {
        let swept = |seeds: &mut dyn Iterator<Item = u64>| {
            let mut sweep = Sweep::default();
            seeds.for_each(|seed| sweep.add(play(seed, None).unwrap()));
            (sweep.hash, sweep.census, sweep.alarms.iter().map(|alarm| alarm.seed).collect::<Vec<_>>())
        };
        assert_eq!(swept(&mut (0..12)), swept(&mut (0..12).rev()));
        assert_ne!(swept(&mut (0..12)).0, swept(&mut (1..13)).0);
    }

    #[test]
    fn a_million_runs_without_an_alarm_say_more_than_a_thousand() {
        let once_in = |runs| Sweep { runs, ..Sweep::default() }.at_least_once_in().round();
        assert_eq!((once_in(1_000), once_in(100_000)), (218.0, 21_715.0));
    }
}
