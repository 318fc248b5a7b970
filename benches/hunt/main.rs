//! Shrinks what is found in generated worlds, and prints a line for each finding and the medians.
//!
//! ```text
//! cargo bench -p holdtime-benches --bench hunt                         ten findings of each of four defective reactors
//! … --bench hunt -- --reactors no-eof,slow-show --each N --runs N      others, another number, another budget
//! … --bench hunt -- --show                                             the shrunk scenarios too
//! … --bench hunt -- --table 50                                         over so many sweeps: runs until it is found, what is left, since when
//! … --bench hunt -- --ways 50                                          runs until it is found: uniform, guided, other strategies
//! ```
//!
//! Not criterion: what is measured are sizes and runs, and a single time each.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench prints its table, and may fail loudly"
)]

mod first;
mod found;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use holdtime_sim::certificate::Verdict;
use holdtime_sim::explore;
use holdtime_sim::scenario::Play;
use holdtime_sim::shrink::{Limits, Shrunk, shrink, size};
use holdtime_sim::subject::{self, SubjectRef};
use libtest_mimic::{Arguments, Trial};

/// What is measured.
struct Wanted {
    reactors: Vec<SubjectRef>,
    /// How many findings of each.
    each: usize,
    /// The budget of each.
    runs: u32,
    show: bool,
    /// Over so many sweeps, one of the other tables.
    table: Option<u64>,
    ways: Option<u64>,
}

/// What came of one finding.
struct Row {
    shrunk: Shrunk,
    took: Duration,
    /// Whether shrinking it again changes nothing.
    rests: bool,
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--bench") {
        let wanted = wanted();
        match (wanted.table, wanted.ways) {
            (Some(sweeps), _) => found::table(&wanted.reactors, sweeps, wanted.each),
            (None, Some(sweeps)) => first::ways(&wanted.reactors, sweeps),
            (None, None) => bench(&wanted),
        }
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` builds and runs this too, and other runners ask for its list.
    let one = Trial::test("one_finding_of_one_reactor_is_shrunk", || {
        let reactor = subject::find("await-peers").map_err(|error| error.to_string())?;
        let row = findings(reactor).next().map(|seed| row(reactor, seed, 1_000)).unwrap();
        if row.rests { Ok(()) } else { Err("shrinking it again changes it".into()) }
    });
    libtest_mimic::run(&Arguments::from_args(), vec![one]).exit_code()
}

fn wanted() -> Wanted {
    let names = ["await-peers", "read-first", "skip-outbound", "recv-timeout"];
    let mut wanted = Wanted {
        reactors: names.map(reactor).to_vec(),
        each: 10,
        runs: 1_000,
        show: false,
        table: None,
        ways: None,
    };
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
        match argument.as_str() {
            "--reactors" => wanted.reactors = value().split(',').map(reactor).collect(),
            "--each" => wanted.each = value().parse().expect("a number of findings"),
            "--runs" => wanted.runs = value().parse().expect("a number of runs"),
            "--show" => wanted.show = true,
            "--table" => wanted.table = Some(value().parse().expect("a number of sweeps")),
            "--ways" => wanted.ways = Some(value().parse().expect("a number of sweeps")),
            other => panic!("unknown argument `{other}`"),
        }
    }
    wanted
}

fn reactor(name: &str) -> SubjectRef {
    subject::find(name).unwrap_or_else(|unknown| panic!("{unknown}"))
}

/// The seeds of worlds that fail on a reactor.
fn findings(reactor: SubjectRef) -> impl Iterator<Item = u64> {
    (0..).filter(move |seed| {
        let played = explore::play(*seed, Some(reactor)).unwrap_or_else(|error| panic!("{error}"));
        played.outcome.verdict != Verdict::Pass
    })
}

fn row(reactor: SubjectRef, seed: u64, runs: u32) -> Row {
    let world = explore::world(seed).unwrap().scenario;
    let limits = Limits { runs, stop: &|| false };
    let start = Instant::now();
    let shrunk = shrink(&world, reactor, seed, &limits, &mut |_| {}).unwrap();
    let took = start.elapsed();
    assert_eq!(shrunk.outcome.verdict.key().as_ref(), Some(&shrunk.key), "{reactor}, seed {seed}");
    let again = shrink(&shrunk.scenario, reactor, shrunk.seed, &limits, &mut |_| {}).unwrap();
    let rests = again.scenario.write() == shrunk.scenario.write() && again.seed == shrunk.seed;
    Row { shrunk, took, rests }
}

fn bench(wanted: &Wanted) {
    println!("reactor        seed  size       speakers peers programs steps  runs      ms  again");
    let mut rows = Vec::new();
    for &reactor in &wanted.reactors {
        for seed in findings(reactor).take(wanted.each) {
            let row = row(reactor, seed, wanted.runs);
            tell(reactor, seed, &row);
            if wanted.show {
                println!("{}", row.shrunk.scenario.write().unwrap());
            }
            rows.push(row);
        }
    }
    let median = |of: fn(&Row) -> usize| {
        let mut all: Vec<usize> = rows.iter().map(of).collect();
        all.sort_unstable();
        (all[all.len() / 2], all[all.len() - 1])
    };
    for (name, (median, most)) in [
        ("steps and faults left", median(|row| steps(&row.shrunk))),
        ("runs", median(|row| row.shrunk.runs as usize)),
        ("milliseconds", median(|row| row.took.as_millis() as usize)),
    ] {
        println!("{name}: median {median}, at most {most}");
    }
    let rest = rows.iter().filter(|row| row.rests).count();
    println!("shrinking again changes nothing: {rest} of {}", rows.len());
}

/// Steps of all scripts, and faults.
fn steps(shrunk: &Shrunk) -> usize {
    let Play { speakers, peers, programs, .. } = &shrunk.scenario.play;
    size(&shrunk.scenario) - speakers.len() - peers.len() - programs.len()
}

fn tell(reactor: SubjectRef, seed: u64, row: &Row) {
    let Row { shrunk, took, rests } = row;
    let Play { speakers, peers, programs, .. } = &shrunk.scenario.play;
    println!(
        "{:<14} {seed:>4}  {:>3} → {:<3} {:>8} {:>5} {:>8} {:>5} {:>5} {:>7}  {}",
        reactor.name(),
        shrunk.before,
        size(&shrunk.scenario),
        speakers.len(),
        peers.len(),
        programs.len(),
        steps(shrunk),
        shrunk.runs,
        took.as_millis(),
        if *rests { "same" } else { "OTHER" },
    );
    println!("               {}", shrunk.key);
}
