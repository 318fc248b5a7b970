//! The price of generated worlds: plays the saved ones, run by run in turn with another build's player, and prints both.
//!
//! ```text
//! cargo bench -p holdtime-benches --bench worlds                            this build alone
//! … --bench worlds -- --against PLAYER [--rounds N]                         beside another build
//! … --bench worlds -- --draw A..B                                           prints the worlds of these seeds
//! … --bench worlds -- --verify                                              draws the saved worlds again and compares
//! … --bench worlds -- --play FILE                                           is a player: see `player`
//! ```
//!
//! Not criterion: what is compared are two programs.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench prints its table, and may fail loudly"
)]

mod compare;
mod player;
mod saved;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use holdtime_sim::explore;
use libtest_mimic::{Arguments, Trial};

/// How many worlds a test plays.
const FEW: usize = 5;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    // `cargo bench` says `--bench`, and a comparison starts its players with `--play`.
    if arguments.peek().is_some_and(|first| first == "--play")
        || arguments.any(|argument| argument == "--bench")
    {
        bench();
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` builds and runs this too, and other runners ask for its list.
    let few = Trial::test("a_few_saved_worlds_are_played", || {
        compare::compare(&saved::worlds()[..FEW], None, 1);
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![few]).exit_code()
}

fn bench() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut against, mut rounds) = (None, 3);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
        match argument.as_str() {
            "--play" => return player::play(&std::fs::read_to_string(value()).expect("a file of worlds")),
            "--draw" => return draw(&value()),
            "--verify" => return verify(),
            "--against" => against = Some(PathBuf::from(value())),
            "--rounds" => rounds = value().parse().expect("a number of rounds"),
            other => panic!("unknown argument `{other}`"),
        }
    }
    compare::compare(&saved::worlds(), against.as_deref(), rounds);
}

fn draw(seeds: &str) {
    let (from, to) = seeds.split_once("..").expect("seeds such as 0..1000");
    let mut out = std::io::stdout().lock();
    for seed in from.parse::<u64>().unwrap()..to.parse().unwrap() {
        out.write_all(saved::entry(seed, &drawn(seed)).as_bytes()).unwrap();
    }
}

fn drawn(seed: u64) -> String {
    explore::world(seed).unwrap_or_else(|mistake| panic!("{mistake}")).scenario.write().unwrap()
}

fn verify() {
    let saved = saved::worlds();
    for world in &saved {
        assert_eq!(world.text, drawn(world.seed), "the generator draws another world of seed {}", world.seed);
    }
    println!("the generator draws all {} saved worlds", saved.len());
}
