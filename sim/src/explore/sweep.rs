//! One world of a sweep, played, and the sums over many.

use std::collections::BTreeMap;

use holdtime_core::{Duration, Instant};
use holdtime_machine::rng::word_of;

use crate::certificate::Verdict;
use crate::explore::census::{Census, Counted};
use crate::explore::ground::{Ground, Played};
use crate::stage::Outcome;
use crate::subject::SubjectRef;

/// Plays the world of a seed, on the reactor that it draws or on this one.
///
/// # Errors
/// The world is none, or its configurations are not right, which a test rules out.
pub fn play(seed: u64, reactor: Option<SubjectRef>) -> Result<Played, String> {
    Ground { reactor, ..Ground::default() }.play(&seed.into())
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
        let own = word_of(&played.lineage.to_string());
        let words = [own, code, at.as_nanos(), *hash, *steps];
        self.hash =
            self.hash.wrapping_add(words.into_iter().fold(0, |hash: u64, word| {
                (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
            }));
        if *verdict != Verdict::Pass {
            let number = played.lineage.number();
            let at = self.alarms.partition_point(|alarm| alarm.lineage.number() < number);
            self.alarms.insert(at, played);
        }
    }

    /// How many runs share each reason of failure.
    pub fn reasons(&self) -> BTreeMap<String, u64> {
        let mut reasons = BTreeMap::new();
        for alarm in &self.alarms {
            let verdict = &alarm.outcome.verdict;
            let key = verdict.key().map_or_else(|| verdict.code().to_owned(), |key| key.to_string());
            *reasons.entry(key).or_default() += 1;
        }
        reasons
    }

    /// What a sweep that has come to its end was to show and did not: a smaller one may well miss what is rare.
    pub fn unexercised(&self) -> impl Iterator<Item = Counted> {
        let is_large = self.runs >= CENSUS_RUNS;
        self.census.missing().filter(move |_| is_large)
    }
}

/// From so many runs on a sweep over generated worlds must show everything that is counted.
pub const CENSUS_RUNS: u64 = 1_024;

/// What runs without a finding are worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assurance {
    /// So many passed.
    pub clean: u64,
    /// After so many more that all pass …
    pub more: u64,
    /// … it is certain to 99 % that a hang with this probability a run is gone.
    pub probability: f64,
}

impl Assurance {
    /// Of so many runs, among which each reason of failure has so many. Where there is one it must be mended, and the runs be
    /// other ones; the rarest counts.
    pub fn of(runs: u64, reasons: impl Iterator<Item = u64>) -> Self {
        let (mut failed, mut rarest) = (0, u64::MAX);
        for count in reasons {
            failed += count;
            rarest = rarest.min(count);
        }
        let clean = runs - failed;
        if failed > 0 {
            let probability = rarest as f64 / runs as f64;
            return Self { clean, more: needed(probability), probability };
        }
        let mut powers = (1..=12).map(|power| 0.1_f64.powi(power));
        let probability = powers.find(|power| needed(*power) > clean).unwrap_or(1e-12);
        Self { clean, more: needed(probability).saturating_sub(clean), probability }
    }
}

/// How many runs must pass for 99 %.
fn needed(probability: f64) -> u64 {
    (0.01_f64.ln() / (-probability).ln_1p()).ceil().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::guide::Guide;
    use crate::explore::lineage::Lineage;
    use crate::explore::world_of;
    use crate::stage::Run;
    use crate::subject::{self, Defect};
    use holdtime_machine::choices::Strategy;
    use holdtime_machine::trace::Observer;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// Every step of a run up to an instant.
    struct Steps(Instant, String);

    impl Observer for Steps {
        fn on_step(&mut self, at: Instant, step: &holdtime_machine::trace::Step<'_>) {
            if at < self.0 {
                self.1.push_str(&format!("{at} {step:?}\n"));
            }
        }
    }

    #[test]
    fn what_happens_before_a_turn_is_as_it_was_and_what_follows_is_not() {
        let steps = |lineage: &Lineage, until: u64| {
            let world = world_of(lineage).unwrap();
            let steps = Rc::new(RefCell::new(Steps(Instant::from_secs(until), String::new())));
            let observer: Rc<RefCell<dyn Observer>> = steps.clone();
            let (play, choices) = (&world.scenario.play, lineage.choices(Strategy::Uniform));
            let run = Run { play, subject: subject::POLL, defect: Defect::Present, choices };
            run.go_recorded_turned(&lineage.detours(Strategy::Uniform), &[observer]).unwrap();
            std::mem::take(&mut steps.borrow_mut().1)
        };
        for seed in 0..6 {
            let (parent, child) =
                (Lineage::from(seed), Lineage::from(seed).turned(Duration::from_secs(40), 1_000 + seed));
            assert_eq!(steps(&parent, 40), steps(&child, 40), "seed {seed}");
            assert_ne!(steps(&parent, 400), steps(&child, 400), "seed {seed}");
        }
    }

    #[test]
    fn a_round_has_children_of_what_reached_something_new_and_a_child_plays_the_same_again() {
        let mut guide = Guide::default();
        let ground = Ground { covered: true, ..Ground::default() };
        for lineage in guide.round(&[0, 1, 2, 3]) {
            assert_eq!(lineage.turns, []);
            assert!(guide.learn(&ground.play(&lineage).unwrap()) > 0);
        }
        let next = guide.round(&[4, 5, 6, 7]);
        let children: Vec<&Lineage> = next.iter().filter(|lineage| !lineage.turns.is_empty()).collect();
        assert_eq!(children.iter().map(|child| child.number()).collect::<Vec<_>>(), [5, 7]);
        for child in children {
            let (one, two) = (ground.play(child).unwrap(), ground.play(child).unwrap());
            assert_eq!((one.outcome, one.reached), (two.outcome, two.reached));
        }
    }

    #[test]
    fn a_sweep_is_the_same_in_any_order_and_every_time() {
        let swept = |seeds: &mut dyn Iterator<Item = u64>| {
            let mut sweep = Sweep::default();
            seeds.for_each(|seed| sweep.add(play(seed, None).unwrap()));
            (
                sweep.hash,
                sweep.census,
                sweep.alarms.iter().map(|alarm| alarm.lineage.number()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(swept(&mut (0..6)), swept(&mut (0..6).rev()));
        assert_ne!(swept(&mut (0..6)).0, swept(&mut (1..7)).0);
    }

    #[test]
    fn more_runs_without_a_finding_say_more_and_the_rarest_finding_counts() {
        let of = |runs, reasons: &[u64]| {
            let Assurance { clean, more, probability } = Assurance::of(runs, reasons.iter().copied());
            (clean, more, (probability * 1e6).round())
        };
        assert_eq!(of(0, &[]), (0, 44, 100_000.0));
        assert_eq!(of(1_000, &[]), (1_000, 3_603, 1_000.0));
        assert_eq!(of(4_603, &[]), (4_603, 41_447, 100.0));
        assert_eq!(of(1_000, &[990, 2]), (8, 2_301, 2_000.0));
        assert_eq!(of(3, &[3]), (0, 1, 1_000_000.0));
    }
}
