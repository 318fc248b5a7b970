//! What the lab costs in wall time, printed as tables: against speakers and routes, and for time in which little happens.
//!
//! Not criterion: a run of a thousand speakers is measured once, and what matters is how the figures grow.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its table, and may fail loudly")]

use std::time::{Duration, Instant};

use holdtime_core::time::Instant as LabTime;
use holdtime_sim::reactors::ReactorName;
use holdtime_sim::star::Star;

fn main() {
    // `cargo test --benches` builds and runs this too: a small star is enough there.
    let full = std::env::args().any(|argument| argument == "--bench");
    let sizes: &[u32] = if full { &[1, 10, 100, 1_000] } else { &[1, 10] };
    println!(
        "a star: every leaf announces its routes to the hub, until the hub has read them all (wall time)\n"
    );
    println!(
        "{:>8} {:>8} {:>8} {:>12} {:>12} {:>10}",
        "reactor", "leaves", "routes", "wall", "steps", "ns/step"
    );
    for reactor in ReactorName::SHIPPED {
        for leaves in sizes {
            for routes in [1, 10, 100] {
                star(Star { leaves: *leaves, routes, reactor, seed: 1 });
            }
        }
    }
    println!("\nvirtual hours of idle established sessions\n");
    println!("{:>8} {:>8} {:>12}", "reactor", "sessions", "wall/hour");
    for reactor in ReactorName::SHIPPED {
        for leaves in sizes {
            let idle = idle_hour(Star { leaves: *leaves, routes: 1, reactor, seed: 1 });
            println!("{:>8} {leaves:>8} {:>9.2} ms", reactor.name(), millis(idle));
        }
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

/// The wall time of one virtual hour, once everything is up.
fn idle_hour(star: Star) -> Duration {
    let (mut lab, _) = star.build().unwrap();
    lab.run_until(LabTime::from_secs(600));
    let begun = Instant::now();
    lab.run_until(LabTime::from_secs(600 + 3_600));
    begun.elapsed()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
