//! What a sweep plays: generated worlds, or variations of one scenario; on which reactor, and by which strategy of scheduling.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use holdtime_core::{Duration, Instant};
use holdtime_machine::choices::{ChoiceSource, Strategy};
use holdtime_machine::trace::Observer;

use crate::explore::census::{Census, Taker};
use crate::explore::draw::Draw;
use crate::explore::lineage::Lineage;
use crate::explore::{ExploredWorld, world_of};
use crate::observe::coverage::Coverage;
use crate::scenario::mistake::Mistake;
use crate::scenario::{Fault, Scenario};
use crate::stage::{Detour, Outcome, Run};
use crate::subject::{self, Defect, SubjectRef};

/// What came of a run of a sweep.
#[derive(Clone, Debug)]
pub struct Played {
    /// Which it is.
    pub lineage: Lineage,
    /// On which reactor.
    pub reactor: SubjectRef,
    /// What came of it.
    pub outcome: Outcome,
    /// What took effect.
    pub census: Census,
    /// Where it has been, and when first, if that was to be noted.
    pub reached: Vec<(u32, Instant)>,
}

/// The reactor that a world draws for itself.
pub fn drawn_reactor(world: &ExploredWorld) -> SubjectRef {
    let drawn = world.scenario.expect.first().and_then(|(name, _)| subject::find(name).ok());
    drawn.unwrap_or(subject::POLL)
}

/// What a sweep plays. As it is by default: generated worlds, each on the reactor that it draws.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// The scenario whose variations are played; `None`: worlds are drawn.
    pub scenario: Option<Arc<Scenario>>,
    /// The only reactor.
    pub reactor: Option<SubjectRef>,
    /// Who runs next.
    pub strategy: Strategy,
    /// Whether it is noted where runs have been.
    pub covered: bool,
}

impl Ground {
    /// The world of a run.
    ///
    /// # Errors
    /// A script that was drawn is none, which a test rules out.
    pub fn world(&self, lineage: &Lineage) -> Result<ExploredWorld, Mistake> {
        match &self.scenario {
            None => world_of(lineage),
            Some(scenario) => Ok(varied(scenario, lineage)),
        }
    }

    /// On which reactor a world is played.
    pub fn reactor(&self, world: &ExploredWorld) -> SubjectRef {
        self.reactor.unwrap_or_else(|| drawn_reactor(world))
    }

    /// Where the choices of a run come from at first.
    pub fn choices(&self, lineage: &Lineage) -> ChoiceSource {
        lineage.choices(self.strategy)
    }

    /// And from then on.
    pub fn detours(&self, lineage: &Lineage) -> Vec<Detour> {
        lineage.detours(self.strategy)
    }

    /// Plays a run.
    ///
    /// # Errors
    /// The world is none, or its configurations are not right.
    pub fn play(&self, lineage: &Lineage) -> Result<Played, String> {
        let world = self.world(lineage).map_err(|mistake| mistake.to_string())?;
        let taker = Rc::new(RefCell::new(Taker::of(&world)));
        let reactor = self.reactor(&world);
        let play = &world.scenario.play;
        let run = Run { play, subject: reactor, defect: Defect::Present, choices: self.choices(lineage) };
        let observer: Rc<RefCell<dyn Observer>> = taker.clone();
        let mut reached = Vec::new();
        let outcome = if self.covered || !lineage.turns.is_empty() {
            let coverage = Rc::new(RefCell::new(Coverage::of(&play.faults)));
            let outcome = run.go_covered(&self.detours(lineage), &coverage, &[observer])?;
            reached.extend_from_slice(coverage.borrow().reached());
            outcome
        } else {
            run.go_watched(&[observer])?
        };
        let mut census = taker.borrow().census().clone();
        census.ask(&outcome.questions);
        Ok(Played { lineage: lineage.clone(), reactor, outcome, census, reached })
    }
}

/// A scenario, some of whose faults come at other times. Seed 0 leaves it as it is.
fn varied(scenario: &Scenario, lineage: &Lineage) -> ExploredWorld {
    let mut scenario = scenario.clone();
    if lineage.seed != 0 || !lineage.turns.is_empty() {
        let mut draw = Draw::of(lineage);
        let last = scenario.play.run_for.saturating_sub(Duration::from_millis(1));
        for (number, fault) in scenario.play.faults.iter_mut().enumerate() {
            move_in_time(&mut draw, &format!("fault {number}"), fault, last);
        }
        scenario.play.faults.sort_by_key(|fault| fault.at);
    }
    ExploredWorld { scenario, behaviours: Vec::new() }
}

/// Every second one comes earlier or later by a time that matters.
fn move_in_time(draw: &mut Draw, name: &str, fault: &mut Fault, last: Duration) {
    const HOLD: u64 = 90;
    draw.at(fault.at);
    if draw.percent("moves", name, 50) {
        let by = draw.span("by", name, HOLD);
        let at = if draw.percent("earlier", name, 50) { fault.at.saturating_sub(by) } else { fault.at + by };
        fault.at = at.max(draw.turned().unwrap_or_default()).min(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::mistake::Source;

    #[test]
    fn variations_of_a_scenario_move_its_faults_and_seed_0_is_the_scenario() {
        let mut scenario = crate::scenario::find("silent-peer").unwrap();
        let text = "at 10s clock speaker +1h\nat 20s clock speaker -1h\n";
        let faults = scenario.write().unwrap();
        let with_faults =
            faults.replacen("\n[[speaker]]", &format!("faults = '''\n{text}'''\n\n[[speaker]]"), 1);
        let source = Source::new("silent.toml", with_faults);
        scenario = crate::scenario::read(&source, |_| None, &subject::names()).unwrap();
        let ground = Ground { scenario: Some(Arc::new(scenario.clone())), ..Ground::default() };
        let faults = |seed: u64| ground.world(&seed.into()).unwrap().scenario.play.faults;
        assert_eq!(faults(0), scenario.play.faults);
        assert!((1..20).any(|seed| faults(seed) != scenario.play.faults));
        assert!((0..20).all(|seed| faults(seed).iter().all(|fault| fault.at < scenario.play.run_for)));
    }

    #[test]
    fn every_strategy_plays_generated_worlds_to_the_same_verdict_each_time() {
        for strategy in Strategy::ALL {
            let ground = Ground { strategy, ..Ground::default() };
            let played = |seed: u64| ground.play(&seed.into()).unwrap().outcome;
            for seed in 0..3 {
                let (one, two) = (played(seed), played(seed));
                assert!(one.verdict.key().is_none(), "{strategy:?}, seed {seed}: {:?}", one.verdict);
                assert_eq!(one, two, "{strategy:?}, seed {seed}");
            }
        }
    }
}
