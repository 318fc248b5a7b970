//! Calls on the operating system that fail: `reactor/errors.tsv`, row by row, on both real hosts.
//!
//! strace(1) puts an error in the place of a call's real answer while the speaker runs as it ships. Each time the speaker must
//! live on, two bystanders must notice nothing, and what was lost must be as before by itself.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed call is a failed test, which says what it knows"
)]

mod inject;
#[path = "../shared/needs.rs"]
mod needs;
#[path = "../shared/port.rs"]
mod port;
#[path = "../shared/private.rs"]
mod private;
#[path = "../../../tests/util/trials.rs"]
mod trials;
#[path = "../shared/waiting.rs"]
mod waiting;
mod world;

use needs::Need;
use world::ErrorWorld;

macro_rules! tests_of_situations {
    ($($name:ident: $situation:literal;)*) => {
        $(
            mod $name {
                pub(super) fn on_poll() { super::play("poll", $situation) }
                pub(super) fn on_async() { super::play("async", $situation) }
            }
        )*
        fn all() -> Vec<trials::Test> {
            let missing = || Need::first_missing(&[Need::Program("strace"), Need::Root]);
            vec![$(
                trials::Test::needing(missing, concat!("poll::", stringify!($name)), $name::on_poll),
                trials::Test::needing(missing, concat!("async::", stringify!($name)), $name::on_async),
            )*]
        }
    };
}

tests_of_situations! {
    an_error_while_a_peer_dials_costs_nobody_else_anything: "take";
    an_error_while_a_peer_is_dialled_costs_nobody_else_anything: "dial";
    an_error_while_a_peer_is_heard_costs_nobody_else_anything: "hear";
    an_error_while_a_peer_is_told_costs_nobody_else_anything: "tell";
    an_error_while_a_session_ends_costs_nobody_else_anything: "end";
    an_error_while_a_program_starts_costs_nobody_else_anything_and_it_is_started: "start";
    an_error_while_a_configuration_is_read_leaves_the_old_one: "reload";
}

fn main() -> std::process::ExitCode {
    let played = ["take", "dial", "hear", "tell", "end", "start", "reload"];
    for row in inject::rows() {
        assert!(played.contains(&row.situation), "nobody plays {row:?}");
    }
    trials::run(all())
}

/// Plays every row of a situation with one speaker.
fn play(reactor: &str, situation: &str) {
    let mut world = ErrorWorld::new(reactor);
    for row in inject::rows().into_iter().filter(|row| row.situation == situation) {
        println!("{row:?}");
        world.prepare(situation);
        let injection = world.inject(&row);
        world.act(situation);
        world.is_whole_again(situation);
        injection.until_done(&row);
        drop(injection);
        world.bystanders_live();
    }
    let said = world.said();
    // A line or two for each, and none over and over.
    assert!(said.lines().count() < 100, "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
