//! The whole world out of octets, as a fuzzer makes them: the plan's draws, then the choices of the run.
//!
//! ```text
//! 0        2              2 + N
//! │ N, LE  │ the plan's   │ the choices' octets …
//! ```
//!
//! Once octets are used up every draw yields 0, the simplest: whatever octets there are, they are a world.

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_machine::choices::ChoiceSource;
use holdtime_machine::trace::Observer;

use crate::explore::draw::Draw;
use crate::explore::ground::drawn_reactor;
use crate::explore::lineage::Lineage;
use crate::explore::{ExploredWorld, drawn};
use crate::observe::coverage::Coverage;
use crate::scenario::mistake::Mistake;
use crate::stage::Run;
use crate::subject::Defect;

/// The world of these octets, and its choices.
///
/// # Errors
/// A script that was drawn is none, which a test rules out.
pub fn world_of_octets(octets: &[u8]) -> Result<(ExploredWorld, ChoiceSource), Mistake> {
    let (count, rest) = octets
        .split_first_chunk()
        .map_or((0, octets), |(count, rest)| (usize::from(u16::from_le_bytes(*count)), rest));
    let (plan, choices) = rest.split_at(count.min(rest.len()));
    let world = drawn(&mut Draw::of_octets(plan), "out of octets")?;
    Ok((world, ChoiceSource::Octets(choices.to_vec())))
}

/// The octets of the world of a seed, which is played for its choices.
///
/// # Errors
/// It cannot be played, or takes more octets than can be said.
pub fn octets_of(seed: u64) -> Result<Vec<u8>, String> {
    let lineage = Lineage::from(seed);
    let mut draw = Draw::of(&lineage);
    let world = drawn(&mut draw, "out of octets").map_err(|mistake| mistake.to_string())?;
    let plan = draw.octets();
    let count = u16::try_from(plan.len()).map_err(|_| format!("the plan takes {} octets", plan.len()))?;
    let (play, subject) = (&world.scenario.play, drawn_reactor(&world));
    let run = Run { play, subject, defect: Defect::Present, choices: ChoiceSource::Seed(seed) };
    let choices = run.go_for_octets()?;
    Ok([&count.to_le_bytes()[..], plan, &choices].concat())
}

/// Plays the world of these octets on the reactor that it draws, and tells every point that it reaches.
///
/// # Panics
/// It does not pass: the message is why.
#[expect(clippy::panic, reason = "a panic is what a fuzzer takes for a finding")]
pub fn fuzz(octets: &[u8], mut reached: impl FnMut(u32)) {
    let Ok((world, choices)) = world_of_octets(octets) else { return };
    let (play, subject) = (&world.scenario.play, drawn_reactor(&world));
    let coverage = Rc::new(RefCell::new(Coverage::of(&play.faults)));
    let none: [Rc<RefCell<dyn Observer>>; 0] = [];
    let run = Run { play, subject, defect: Defect::Present, choices };
    let Ok(outcome) = run.go_covered(&[], &coverage, &none) else { return };
    coverage.borrow().reached().iter().for_each(|(point, _)| reached(*point));
    if let Some(key) = outcome.verdict.key() {
        panic!("on {subject}: {key}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::play;

    #[test]
    fn the_octets_of_a_seed_are_its_world_and_its_run() {
        for seed in 0..3 {
            let (world, choices) = world_of_octets(&octets_of(seed).unwrap()).unwrap();
            let (play_again, subject) = (&world.scenario.play, drawn_reactor(&world));
            let run = Run { play: play_again, subject, defect: Defect::Present, choices };
            assert_eq!(run.go().unwrap().hash, play(seed, None).unwrap().outcome.hash, "seed {seed}");
        }
    }

    #[test]
    fn any_octets_are_a_world_that_plays() {
        let noise: Vec<u8> =
            (0..600_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for octets in [&[][..], &[7], &[255, 255, 1], &[200, 1], &noise] {
            let mut points = 0;
            fuzz(octets, |_| points += 1);
            assert!(points > 0, "{octets:?}");
        }
    }

    #[test]
    fn every_world_of_the_corpus_plays() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/world");
        let mut count = 0;
        for entry in std::fs::read_dir(corpus).unwrap() {
            fuzz(&std::fs::read(entry.unwrap().path()).unwrap(), |_| {});
            count += 1;
        }
        assert!(count >= 6, "{count}");
    }
}
