//! What computing costs shows: a speaker with too much to do at once is late, by as much as its routes cost.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_core::Instant;
use holdtime_sim::scenario;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{self, Defect, SubjectRef};

/// A program writes 2,000 routes as fast as its pipe takes them, and reads its answers; another one asks for the
/// version meanwhile; the peer is to hear a KEEPALIVE every second.
const BATCH: &str = r"
title = 'A program announces more than the speaker can take in'
run-for = '10m'

[[speaker]]
address = '10.0.0.1'
config = '''
process feed { run ./feed; encoder text; }
process ask { run ./ask; encoder text; }

neighbor 10.0.0.2 {
	router-id 10.0.0.1;
	local-address 10.0.0.1;
	local-as 65001;
	peer-as 65002;
	hold-time 3;
	api { processes [ feed ask ]; }
}
'''

[[peer]]
name = 'far'
address = '10.0.0.2'
as = 65002
script = '''
accept
expect open
send open hold 3
expect keepalive
send keepalive
keepalives every 1s
expect route 198.18.207.0/24
'''

[[program]]
run = './feed'
script = '''
wait 2s
send 2000 times announce route 198.18.{b}.0/24 next-hop 10.0.0.1
'''

[[program]]
run = './ask'
script = '''
wait 2100ms
send version
expect exabgp
'''

[prices]
route = 'PRICE'

[bounds]
answer = '3s'
";

fn play(price: &str, reactor: SubjectRef) -> Outcome {
    let text = BATCH.replace("PRICE", price);
    let play = scenario::read(&Source::new("batch.toml", text), |_| None, &subject::names()).unwrap().play;
    Run { play: &play, subject: reactor, defect: Defect::Present, choices: 0.into() }.go().unwrap()
}

#[test]
fn a_batch_of_routes_that_cost_a_microsecond_each_keeps_nobody_waiting() {
    for reactor in subject::SHIPPED {
        let outcome = play("1us", reactor);
        assert_eq!(outcome.verdict.code(), "pass", "{reactor}: {:?}", outcome.verdict);
        assert!(outcome.at < Instant::from_millis(2_500), "{reactor}: {}", outcome.at);
    }
}

#[test]
fn the_same_batch_at_five_milliseconds_a_route_starves_the_keepalives_and_the_lab_hears_it() {
    for reactor in subject::SHIPPED {
        let outcome = play("5ms", reactor);
        assert!(["O3", "O4"].contains(&outcome.verdict.code()), "{reactor}: {:?}", outcome.verdict);
    }
}
