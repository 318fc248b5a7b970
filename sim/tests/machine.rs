//! What the simulated machine decides about whole sessions: stalls end when they end on real Linux, and nothing that two
//! speakers do at once is the lab's own invention.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_sim::defective::Defect;
use holdtime_sim::mistake::Source;
use holdtime_sim::reactors::ReactorName;
use holdtime_sim::run::{Outcome, Play, Run};
use holdtime_sim::scenario;

fn play(text: &str, reactor: ReactorName, seed: u64) -> Outcome {
    let scenario = scenario::read(&Source::new("scenario", text), |_| None).unwrap();
    Run { play: &Play::from(&scenario), reactor, defect: Defect::Present, seed }.go().unwrap()
}

/// Both ends dial and listen; the third machine only lets time pass.
const COLLISION: &str = r"
title = 'Two speakers dial each other'
run-for = '3m'

[[speaker]]
name = 'one'
address = '10.0.0.1'
config = '''
neighbor 10.0.0.2 {
	router-id 10.0.0.1;
	local-address 10.0.0.1;
	local-as 65001;
	peer-as 65002;
	hold-time 30;
	listen 179;
}
'''

[[speaker]]
name = 'two'
address = '10.0.0.2'
config = '''
neighbor 10.0.0.1 {
	router-id 10.0.0.2;
	local-address 10.0.0.2;
	local-as 65002;
	peer-as 65001;
	hold-time 30;
	listen 179;
}
'''

[[peer]]
name = 'bystander'
address = '10.0.0.3'
as = 65003
script = '''
wait 1m
'''

[up]
at = '0s'
within = '10s'

[ends]
how = 'never'
";

#[test]
fn two_speakers_that_dial_each_other_agree_on_one_session_and_keep_it() {
    for reactor in ReactorName::SHIPPED {
        for seed in 0..40 {
            let outcome = play(COLLISION, reactor, seed);
            assert_eq!(outcome.verdict.code(), "pass", "{reactor}, seed {seed}: {:?}", outcome.verdict);
        }
    }
}
