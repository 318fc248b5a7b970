//! What a run leaves to chance, drawn where it is needed: each draw is keyed by the place in the code, who it is for, and how many
//! were made there for them before.
//!
//! So one more draw at one place, or one actor less, leaves all others as they are. 0 is the simplest value of every draw (first in,
//! first out; whole segments; no loss; no jitter): whoever draws orders what there is to choose from so. Where there is one thing to
//! choose from nothing is drawn and nothing counted.
//!
//! A seed, a saved list or a fuzzer's octets say what the draws yield ([`ChoiceSource`]); what differed from 0 can be recorded
//! ([`Choices::record`]), and the list of it as the source gives the same run again.

mod choice;
mod draws;
mod schedule;
mod site;

use std::cell::RefCell;
use std::rc::Rc;

pub use choice::{ActorId, Choice, ChoiceSource};
use draws::{Draws, Weight};
pub use schedule::Strategy;
pub use site::Site;

/// All draws of one run. A clone is another handle of the same draws.
#[derive(Clone, Debug)]
pub struct Choices(Rc<RefCell<Draws>>);

impl Choices {
    /// Draws from this source.
    pub fn new(source: &ChoiceSource) -> Self {
        Self(Rc::new(RefCell::new(Draws::new(source))))
    }

    /// The actor of this name; a name that is new is one more actor.
    pub fn actor(&self, name: &str) -> ActorId {
        self.0.borrow_mut().actor(name)
    }

    /// From now on draws from this source. What was counted stays counted, so that a saved list names the draws that are still to come.
    pub fn turn_to(&self, source: &ChoiceSource) {
        self.0.borrow_mut().turn_to(source);
    }

    /// From now on keeps every draw that yields something else than 0, for [`recorded`](Self::recorded).
    pub fn record(&self) {
        self.0.borrow_mut().record();
    }

    /// From now on writes every draw as octets that yield the same as a source, for [`octets`](Self::octets).
    pub fn record_octets(&self) {
        self.0.borrow_mut().record_octets();
    }

    /// A number in `0..bound`; 0 when `bound` is 0 or 1, which draws nothing.
    pub fn below(&self, site: Site, actor: ActorId, bound: u64) -> u64 {
        if bound < 2 {
            return 0;
        }
        self.0.borrow_mut().draw(site, actor, &Weight::Even(bound))
    }

    /// An index into a slice of `len` elements; 0 when it is empty.
    pub fn index(&self, site: Site, actor: ActorId, len: usize) -> usize {
        self.below(site, actor, len as u64) as usize
    }

    /// Which of these runs next: its index, drawn or as a strategy picks it, which tells them apart by their numbers.
    pub fn pick<T>(&self, site: Site, actor: ActorId, all: &[T], number: impl Fn(&T) -> u32) -> usize {
        if all.len() < 2 || !self.0.borrow().is_scheduled() {
            return self.index(site, actor, all.len());
        }
        let numbers: Vec<u32> = all.iter().map(number).collect();
        self.0.borrow_mut().pick(site, actor, &numbers) as usize
    }

    /// True `per_mille` times in a thousand: a draw of 0 or 1, made where that can happen at all.
    pub fn chance(&self, site: Site, actor: ActorId, per_mille: u32) -> bool {
        per_mille > 0 && self.0.borrow_mut().draw(site, actor, &Weight::PerMille(per_mille.min(1000))) == 1
    }

    /// What was recorded, by site, actor and number.
    pub fn recorded(&self) -> Vec<Choice> {
        self.0.borrow().recorded()
    }

    /// What was recorded as octets, without the zeros at the end.
    pub fn octets(&self) -> Vec<u8> {
        self.0.borrow().octets()
    }

    /// The first saved choice whose value was out of the bound that it has in this run, with that bound.
    pub fn refused(&self) -> Option<(Choice, u64)> {
        self.0.borrow().refused()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(source: &ChoiceSource, draws: &[(Site, &str, u64)]) -> (Vec<u64>, Choices) {
        let choices = Choices::new(source);
        choices.record();
        choices.record_octets();
        let draw =
            |(site, actor, bound): &(Site, &str, u64)| choices.below(*site, choices.actor(actor), *bound);
        (draws.iter().map(draw).collect(), choices)
    }

    const MIXED: [(Site, &str, u64); 9] = [
        (Site::Task, "one", 3),
        (Site::Task, "two", 3),
        (Site::Cut, "one", 70_000),
        (Site::Task, "one", 200),
        (Site::Process, "lab", 1),
        (Site::Sequence, "two", 1 << 32),
        (Site::Seed, "one", u64::MAX),
        (Site::Task, "two", 4),
        (Site::Process, "lab", 2),
    ];

    #[test]
    fn a_draw_more_for_one_leaves_the_draws_for_the_others_alone() {
        let (one, two) = (Choices::new(&7.into()), Choices::new(&7.into()));
        let undisturbed: Vec<u64> = (0..20).map(|_| one.below(Site::Cut, one.actor("far"), 1_000)).collect();
        let near = two.actor("near");
        let disturbed: Vec<u64> = (0..20)
            .map(|_| {
                let far = two.actor("far");
                two.below(Site::Cut, near, 1_000);
                two.below(Site::Loss, far, 1_000);
                two.below(Site::Cut, far, 1_000)
            })
            .collect();
        assert_eq!(undisturbed, disturbed);
    }

    #[test]
    fn draws_differ_by_place_actor_count_and_seed() {
        let draw = |seed: u64, site, actor, count| {
            let choices = Choices::new(&seed.into());
            (0..=count).fold(0, |_, _: u64| choices.below(site, choices.actor(actor), u64::MAX))
        };
        let first = draw(1, Site::Cut, "far", 0);
        for other in
            [draw(2, Site::Cut, "far", 0), draw(1, Site::Loss, "far", 0), draw(1, Site::Cut, "near", 0)]
        {
            assert_ne!(first, other);
        }
        assert_ne!(first, draw(1, Site::Cut, "far", 1));
        assert_eq!(first, draw(1, Site::Cut, "far", 0));
    }

    #[test]
    fn after_a_turn_draws_come_from_the_other_source_as_if_all_before_had_too() {
        let draw = |choices: &Choices| choices.below(Site::Task, choices.actor("one"), 1_000);
        let all: Vec<u64> = {
            let choices = Choices::new(&7.into());
            (0..6).map(|_| draw(&choices)).collect()
        };
        let choices = Choices::new(&7.into());
        let before: Vec<u64> = (0..3).map(|_| draw(&choices)).collect();
        assert_eq!(before, all[..3]);
        let later = |n, value| Choice { site: Site::Task, actor: "one".to_owned(), n, bound: 1_000, value };
        choices.turn_to(&ChoiceSource::Saved(vec![later(1, 5), later(4, 9)]));
        assert_eq!([draw(&choices), draw(&choices), draw(&choices)], [0, 9, 0]);
        choices.turn_to(&8.into());
        assert_eq!(draw(&choices), draw(&Choices::new(&8.into())));
    }

    #[test]
    fn nothing_to_choose_from_is_0_and_every_value_comes() {
        let choices = Choices::new(&3.into());
        let far = choices.actor("far");
        assert_eq!((choices.below(Site::Cut, far, 0), choices.below(Site::Cut, far, 1)), (0, 0));
        let mut seen = [false; 5];
        (0..200).for_each(|_| seen[choices.index(Site::Cut, far, 5)] = true);
        assert_eq!(seen, [true; 5]);
    }

    #[test]
    fn a_chance_comes_about_as_often_as_it_says_and_never_where_there_is_none() {
        let choices = Choices::new(&3.into());
        let far = choices.actor("far");
        let hits = |per_mille| (0..10_000).filter(|_| choices.chance(Site::Loss, far, per_mille)).count();
        assert_eq!((hits(0), hits(1000)), (0, 10_000));
        assert!((2_700..3_300).contains(&hits(300)));
    }

    #[test]
    fn a_strategy_passes_nobody_over_for_long_and_what_it_picks_is_picked_again_from_the_saved_list() {
        for strategy in Strategy::ALL {
            let picked = |source: &ChoiceSource| {
                let choices = Choices::new(source);
                choices.record();
                let actor = choices.actor("lab");
                let pick = |_| choices.pick(Site::Process, actor, &[7, 8, 9], |number| *number);
                ((0..400).map(pick).collect::<Vec<usize>>(), choices.recorded())
            };
            let (picks, list) = picked(&ChoiceSource::Scheduled { seed: 3, strategy });
            for index in 0..3 {
                let waits = picks.split(|pick| *pick == index).map(<[usize]>::len).max().unwrap();
                assert!(waits <= 36, "{strategy:?} passes {index} over {waits} times");
            }
            assert_eq!(picked(&ChoiceSource::Saved(list)).0, picks, "{strategy:?}");
            assert_eq!(Strategy::find(strategy.name()), Some(strategy));
        }
        let fewest = ChoiceSource::Scheduled { seed: 1, strategy: Strategy::FewestRecent };
        let choices = Choices::new(&fewest);
        let picks: Vec<usize> = (0..6)
            .map(|_| choices.pick(Site::Task, choices.actor("one"), &[1, 2, 3], |number| *number))
            .collect();
        assert_eq!(picks, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn what_a_seed_drew_is_drawn_again_from_the_saved_list_and_from_the_octets() {
        for seed in 0..50 {
            let (values, choices) = drawn(&ChoiceSource::Seed(seed), &MIXED);
            let list = choices.recorded();
            assert!(list.is_sorted() && list.iter().all(|choice| choice.value != 0));
            for source in [ChoiceSource::Saved(list.clone()), ChoiceSource::Octets(choices.octets())] {
                let (again, repeated) = drawn(&source, &MIXED);
                assert_eq!(again, values, "seed {seed} from {source}");
                assert_eq!(repeated.recorded(), list, "seed {seed} from {source}");
                assert_eq!(repeated.refused(), None);
            }
        }
    }

    #[test]
    fn a_site_that_the_list_does_not_name_and_octets_that_are_used_up_draw_0() {
        for source in [ChoiceSource::Saved(Vec::new()), ChoiceSource::Octets(Vec::new())] {
            let (values, choices) = drawn(&source, &MIXED);
            assert_eq!(values, [0; 9]);
            assert!(!choices.chance(Site::Loss, choices.actor("one"), 999));
            assert_eq!(choices.recorded(), []);
        }
    }

    #[test]
    fn a_saved_value_out_of_its_bound_is_refused_and_an_adapted_one_is_0() {
        let choice = Choice { site: Site::Task, actor: "one".to_owned(), n: 1, bound: 300, value: 200 };
        let (values, choices) = drawn(&ChoiceSource::Saved(vec![choice.clone()]), &MIXED);
        assert_eq!(values, [0; 9]);
        assert_eq!(choices.refused(), Some((choice.clone(), 200)));
        assert_eq!(choice.to_string(), "task 1 200/300 one");
        let (values, choices) = drawn(&ChoiceSource::Adapted(vec![choice.clone()]), &MIXED);
        assert_eq!((values, choices.refused()), (vec![0; 9], None));
        let fits = Choice { value: 199, ..choice };
        let (values, _) = drawn(&ChoiceSource::Adapted(vec![fits]), &MIXED);
        assert_eq!(values, [0, 0, 0, 199, 0, 0, 0, 0, 0]);
    }
}
