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

use holdtime_sim::explore;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    // `cargo test --benches` runs this too: one round of a few worlds is enough there.
    let full = std::env::args().any(|argument| argument == "--bench");
    let mut against = None;
    let mut rounds = if full { 3 } else { 1 };
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
    let worlds = saved::worlds();
    let worlds = if full { worlds.as_slice() } else { &worlds[..5] };
    compare::compare(worlds, against.as_deref(), rounds);
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
