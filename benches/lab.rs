//! What the lab costs in wall time, printed as tables: against speakers and routes, and for time in which little happens.
//!
//! Not criterion: a run of a thousand speakers is measured once, and what matters is how the figures grow.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its table, and may fail loudly")]

mod star;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use holdtime_core::time::Instant as LabTime;
use holdtime_sim::scenario;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect, SubjectRef};
use libtest_mimic::{Arguments, Trial};
use star::Star;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--bench") {
        tables(true);
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` builds and runs this too, and other runners ask for its list: a small star is enough there.
    let small = Trial::test("a_small_star_plays", || {
        tables(false);
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![small]).exit_code()
}

fn tables(full: bool) {
    let sizes: &[u32] = if full { &[1, 10, 100, 1_000] } else { &[1, 10] };
    println!(
        "a star: every leaf announces its routes to the hub, until the hub has read them all (wall time)\n"
    );
    println!(
        "{:>8} {:>8} {:>8} {:>12} {:>12} {:>10}",
        "reactor", "leaves", "routes", "wall", "steps", "ns/step"
    );
    for reactor in subject::SHIPPED {
        for leaves in sizes {
            for routes in [1, 10, 100] {
                star(Star { leaves: *leaves, routes, reactor, seed: 1 });
            }
        }
    }
    println!("\nvirtual hours of idle established sessions\n");
    println!("{:>8} {:>8} {:>12} {:>12} {:>10}", "reactor", "sessions", "wall/hour", "steps", "ns/step");
    for reactor in subject::SHIPPED {
        for leaves in sizes {
            idle_hour(Star { leaves: *leaves, routes: 1, reactor, seed: 1 });
        }
    }
    println!(
        "\na full zero window, from the first SYN to the send hold timer's end of it after 480 s (RFC 9687)\n"
    );
    println!("{:>8} {:>12} {:>12}", "reactor", "ends", "wall");
    for reactor in subject::SHIPPED {
        zero_window(reactor, if full { 51 } else { 1 });
    }
}

fn star(star: Star) {
    let begun = Instant::now();
    let cost = star.run().unwrap();
    let wall = begun.elapsed();
    assert_eq!(cost.routes, u64::from(star.leaves) * u64::from(star.routes), "the hub has every route");
    println!(
        "{:>8} {:>8} {:>8} {:>9.2} ms {:>12} {:>10}",
        star.reactor.name(),
        star.leaves,
        star.routes,
        millis(wall),
        cost.steps,
        wall.as_nanos() / u128::from(cost.steps),
    );
}

/// One virtual hour, once everything is up.
fn idle_hour(star: Star) {
    let (mut lab, _) = star.build().unwrap();
    lab.run_until(LabTime::from_secs(600));
    let before = lab.world_mut().trace().steps();
    let begun = Instant::now();
    lab.run_until(LabTime::from_secs(600 + 3_600));
    let wall = begun.elapsed();
    let steps = lab.world_mut().trace().steps() - before;
    println!(
        "{:>8} {:>8} {:>9.2} ms {steps:>12} {:>10}",
        star.reactor.name(),
        star.leaves,
        millis(wall),
        wall.as_nanos() / u128::from(steps),
    );
}

/// The median of so many runs, oracles and all.
fn zero_window(reactor: SubjectRef, times: usize) {
    let play = scenario::find("zero-window-with-keepalives").unwrap().play;
    let mut ends = LabTime::ZERO;
    let mut walls: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            let outcome = Run { play: &play, subject: reactor, defect: Defect::Present, choices: 0.into() }
                .go()
                .unwrap();
            assert_eq!(outcome.verdict.code(), "pass");
            ends = outcome.at;
            begun.elapsed()
        })
        .collect();
    walls.sort_unstable();
    println!("{:>8} {:>12} {:>9.2} ms", reactor.name(), ends.to_string(), millis(walls[times / 2]));
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
