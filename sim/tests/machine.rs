//! What the simulated machine decides about whole sessions: stalls end when they end on real Linux, and nothing that two
//! speakers do at once is the lab's own invention.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_sim::scenario;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{self, Defect, SubjectRef};

fn play(text: &str, reactor: SubjectRef, seed: u64) -> Outcome {
    let scenario = scenario::read(&Source::new("scenario", text), |_| None, &subject::names()).unwrap();
    Run { play: &scenario.play, subject: reactor, defect: Defect::Present, choices: seed.into() }
        .go()
        .unwrap()
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
    for reactor in subject::SHIPPED {
        for seed in 0..40 {
            let outcome = play(COLLISION, reactor, seed);
            assert_eq!(outcome.verdict.code(), "pass", "{reactor}, seed {seed}: {:?}", outcome.verdict);
        }
    }
}

/// A peer that stops reading with a small buffer, and routes that fill the speaker's send buffer from three quarters on.
const STALLED: &str = r"
title = 'A peer stops reading, and the send hold time ends its session'
run-for = '3h'

[[speaker]]
address = '10.0.0.1'
config = '''
process feed { run ./feed; encoder text; }

neighbor 10.0.0.2 {
	router-id 10.0.0.1;
	local-address 10.0.0.1;
	local-as 65001;
	peer-as 65002;
	hold-time 9;
	group-updates false;
	send-hold-time 15;
	family { ipv4 unicast; }
	api { processes [ feed ]; }
}
'''

[[peer]]
name = 'far'
address = '10.0.0.2'
as = 65002
receive-buffer = 1024
mss = 536
script = '''
accept
expect open
send open hold 9
expect keepalive
send keepalive
keepalives every 1s
stop reading
'''

[[program]]
run = './feed'
script = '''
wait 1s
send ROUTES times announce route 10.{a}.{b}.0/24 next-hop 10.0.0.1
wait 1s
'''

[bounds]
route = '2h'

[ends]
how = 'close'
at = '15s'
within = '5s'
";

#[test]
fn a_stalled_peer_is_given_up_one_send_hold_time_after_the_last_octet_went_out_as_on_real_sockets() {
    for routes in ["4000"] {
        let text = STALLED.replace("ROUTES", routes);
        for reactor in subject::SHIPPED {
            for seed in 0..3 {
                let outcome = play(&text, reactor, seed);
                assert_eq!(outcome.verdict.code(), "pass", "{routes} on {reactor}: {:?}", outcome.verdict);
            }
        }
    }
}
