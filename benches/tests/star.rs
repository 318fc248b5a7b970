//! Speakers in a star: what they have to compute is paid for, and every route arrives.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

#[path = "../star.rs"]
mod star;

use holdtime_core::Instant;
use holdtime_sim::subject;
use star::Star;

#[test]
fn every_route_reaches_the_hub_on_both_reactors_and_a_seed_repeats_it() {
    for reactor in subject::SHIPPED {
        let star = Star { leaves: 5, routes: 7, reactor, seed: 3 };
        let cost = star.run().unwrap();
        assert_eq!(cost.routes, 35, "{reactor}");
        assert_eq!(star.run().unwrap(), cost, "{reactor}");
    }
}

#[test]
fn what_a_configuration_holds_is_paid_for_before_the_first_connection() {
    for reactor in subject::SHIPPED {
        let up = |routes| {
            let (mut lab, count) = Star { leaves: 1, routes, reactor, seed: 1 }.build().unwrap();
            let mut at = Instant::ZERO;
            while count.borrow().routes == 0 {
                at += holdtime_core::Duration::from_millis(1);
                lab.run_until(at);
            }
            at
        };
        let (few, many) = (up(1), up(10_000));
        // A microsecond a route, and each is put into the RIB, looked at twice and packed.
        assert!(many - few >= holdtime_core::Duration::from_millis(10), "{reactor}: {few} and {many}");
    }
}
