//! A run is its plan and its choices: what a seed drew is drawn again from the list that was recorded.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_machine::choices::{Choice, ChoiceSource, Site};
use holdtime_sim::explore;
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{self, Defect, SubjectRef};

fn play(seed: u64, reactor: SubjectRef, choices: ChoiceSource) -> Result<Outcome, String> {
    let world = explore::world(seed).unwrap();
    Run { play: &world.scenario.play, subject: reactor, defect: Defect::Present, choices }.go_recorded(&[])
}

#[test]
fn the_recorded_choices_of_a_generated_world_give_the_run_of_its_seed_again() {
    for seed in 0..8 {
        for reactor in subject::SHIPPED {
            let drawn = play(seed, reactor, seed.into()).unwrap();
            assert!(!drawn.choices.is_empty(), "world {seed} draws nothing");
            let replayed = play(seed, reactor, ChoiceSource::Saved(drawn.choices.clone())).unwrap();
            assert_eq!(replayed, drawn, "world {seed} on {reactor}");
        }
    }
}

#[test]
fn recording_changes_nothing_in_a_run() {
    for seed in 20..23 {
        let world = explore::world(seed).unwrap();
        let run = Run {
            play: &world.scenario.play,
            subject: subject::ASYNC,
            defect: Defect::Present,
            choices: seed.into(),
        };
        let (plain, recorded) = (run.go().unwrap(), run.go_recorded(&[]).unwrap());
        assert_eq!((plain.hash, plain.steps), (recorded.hash, recorded.steps));
        assert!(plain.choices.is_empty());
    }
}

#[test]
fn a_list_that_does_not_name_a_site_draws_0_there_and_one_more_choice_is_another_run() {
    let all = play(3, subject::POLL, 3.into()).unwrap();
    let without: Vec<Choice> =
        all.choices.iter().filter(|choice| choice.site != Site::Sequence).cloned().collect();
    let fewer = play(3, subject::POLL, ChoiceSource::Saved(without)).unwrap();
    assert_ne!(fewer.hash, all.hash);
    assert!(fewer.choices.iter().all(|choice| choice.site != Site::Sequence));
    let simplest = play(3, subject::POLL, ChoiceSource::Saved(Vec::new())).unwrap();
    assert_eq!(simplest.choices, []);
}

#[test]
fn a_saved_choice_out_of_its_bound_is_refused_with_what_it_is() {
    let slowness = Choice { site: Site::Slowness, actor: "plan".to_owned(), n: 0, bound: 9, value: 7 };
    let refused = play(0, subject::POLL, ChoiceSource::Saved(vec![slowness.clone()])).unwrap_err();
    assert_eq!(
        refused,
        "the saved choice \"slowness 0 7/9 plan\" is out of its bound: here it is less than 4"
    );
    let adapted = play(0, subject::POLL, ChoiceSource::Adapted(vec![slowness])).unwrap();
    assert_eq!(adapted.choices, []);
}
