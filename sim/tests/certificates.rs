//! Certificates name the true culprit, and their keys tell causes apart and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail them")]
#![allow(clippy::print_stderr, reason = "a test that skips itself should say so")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use holdtime_sim::certificate::{Certificate, Verdict};
use holdtime_sim::scenario;
use holdtime_sim::scenario::Play;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect};

/// What two runs of one cause may differ in, besides their seeds.
#[derive(Clone, Copy)]
struct Guise {
    peer: &'static str,
    program: &'static str,
    /// When what matters begins, in seconds.
    begins: u32,
    /// Whether another peer is there, with which nothing is wrong.
    company: bool,
}

const GUISES: [Guise; 3] = [
    Guise { peer: "far", program: "feed", begins: 2, company: false },
    Guise { peer: "quiet", program: "announcer", begins: 7, company: false },
    Guise { peer: "far", program: "feed", begins: 3, company: true },
];

/// A cause of a hang: the defective build, what is played on it, the oracle that sounds, and what its certificate must say.
struct Cause {
    reactor: &'static str,
    play: fn(&Guise) -> String,
    oracle: &'static str,
    culprit: &'static str,
}

const CAUSES: &[Cause] = &[
    Cause {
        reactor: "await-peers",
        play: |guise| one(guise, "", 90, "wait 100s", ANNOUNCES),
        oracle: "O3",
        culprit: "its main task waits for bytes from peer {peer}",
    },
    Cause {
        reactor: "read-first",
        play: |guise| one(guise, "", 90, "wait 100s", ANNOUNCES),
        oracle: "O1",
        culprit: "its task for peer {peer} waits for bytes from peer {peer} before anything else",
    },
    Cause {
        reactor: "skip-outbound",
        play: |guise| one(guise, "", 90, "wait 100s", ANNOUNCES),
        oracle: "O1",
        culprit: "its task for peer {peer} waits for bytes from peer {peer}, 150ms at a time",
    },
    Cause {
        reactor: "recv-timeout",
        play: |guise| one(guise, "", 90, "wait 100s", ANNOUNCES),
        oracle: "O2",
        culprit: "its timeout came 11 times, one every 50ms, and nothing moved",
    },
    Cause {
        reactor: "no-eof",
        play: |guise| one(guise, "", 90, TALKS, "close stdout\nwait 20s"),
        oracle: "O2",
        culprit: "the output of program {program} is at its end, and readable for ever",
    },
    Cause {
        reactor: "wall-clock",
        play: |guise| one(guise, "at {20}s clock speaker -2h", 9, TALKS, "wait 1s"),
        oracle: "O4",
        culprit: "the clock that it is reckoned by has gone back",
    },
    Cause {
        reactor: "wall-clock",
        play: |guise| {
            one(guise, "at {20}s clock speaker +1h", 90, "keepalives every 80s\nwait 2m", "wait 1s")
        },
        oracle: "O5",
        culprit: "its hold timer has expired by a clock that runs ahead",
    },
    Cause {
        reactor: "slow-show",
        // The program has time: what is late is the KEEPALIVE.
        play: |guise| {
            let text = one(guise, "", 9, TALKS, "send show adj-rib out\nexpect done");
            text.replace("run-for = '5m'", "run-for = '5m'\nbounds = { answer = '1m' }")
        },
        oracle: "O4",
        culprit: "its task for program {program} computes over what it has read from program {program}",
    },
    Cause {
        reactor: "no-hold-timer",
        play: |guise| one(guise, "", 9, "wait 60s", "wait 1s"),
        oracle: "O5",
        culprit: "its hold timer will never act: no deadline is armed",
    },
    Cause {
        reactor: "keepalive-1ms",
        play: |guise| one(guise, "", 9, TALKS, "wait 1s"),
        oracle: "O2",
        culprit: "its KEEPALIVE timer comes every 1ms",
    },
    Cause {
        reactor: "wrong-loser",
        play: two_speakers,
        oracle: "O6",
        culprit: "{peer} waits for here to keep the",
    },
    Cause { reactor: "async", play: refusing, oracle: "O6", culprit: "peer {peer} refuses each of them" },
];

const TALKS: &str = "keepalives every 2s\nwait 100s";
const ANNOUNCES: &str = "send announce route 192.0.2.0/24 next-hop 10.0.0.1\nexpect done\nwait 40s";
const COMES_UP: &str = "accept\nexpect open\nsend open hold HOLD\nexpect keepalive\nsend keepalive";

fn neighbor(address: &str, hold: u32, api: &str) -> String {
    format!(
        "neighbor {address} {{ router-id 10.0.0.1; local-address 10.0.0.1; local-as 65001; peer-as 65002; hold-time {hold}; {api} }}\n"
    )
}

fn peer(name: &str, address: &str, script: &str) -> String {
    format!("[[peer]]\nname = '{name}'\naddress = '{address}'\nas = 65002\nscript = '''\n{script}\n'''\n")
}

/// A speaker, a peer that comes up and goes on like this, and a program.
fn one(guise: &Guise, faults: &str, hold: u32, after: &str, dialogue: &str) -> String {
    let Guise { peer: name, program, begins, company } = *guise;
    let faults = faults.replace("{20}", &(20 + begins).to_string());
    let up = COMES_UP.replace("HOLD", &hold.to_string());
    let api = format!("api {{ processes [ {program} ]; }}");
    let mut neighbors = neighbor("10.0.0.2", hold, &api);
    let mut peers = peer(name, "10.0.0.2", &format!("{up}\n{after}"));
    if company {
        neighbors += &neighbor("10.0.0.3", hold, &api);
        peers += &peer("other", "10.0.0.3", &format!("{up}\n{TALKS}"));
    }
    format!(
        "title = 'A cause'\nrun-for = '5m'\nfaults = '{faults}'\n\
        [[speaker]]\naddress = '10.0.0.1'\nconfig = '''\n\
        process {program} {{ run ./{program}; encoder text; respawn false; }}\n{neighbors}'''\n\
        {peers}[[program]]\nrun = './{program}'\nscript = '''\nwait {begins}s\n{dialogue}\n'''\n"
    )
}

/// Two speakers that dial each other.
fn two_speakers(guise: &Guise) -> String {
    let speaker = |name: &str, own: &str, far: &str, (local, remote): (u32, u32)| {
        format!(
            "[[speaker]]\nname = '{name}'\naddress = '{own}'\nconfig = '''\nneighbor {far} {{ router-id {own}; local-address {own}; local-as {local}; peer-as {remote}; listen 179; }}\n'''\n"
        )
    };
    let wait = format!("wait {}s", 100 + guise.begins);
    format!(
        "title = 'Two'\nrun-for = '10m'\n{}{}{}{}",
        speaker("here", "10.0.0.1", "10.0.0.2", (65001, 65002)),
        speaker(guise.peer, "10.0.0.2", "10.0.0.1", (65002, 65001)),
        peer("clock", "10.0.9.9", &wait),
        if guise.company { peer("other", "10.0.9.8", &wait) } else { String::new() },
    )
}

/// A peer that refuses every connection.
fn refusing(guise: &Guise) -> String {
    let script =
        "accept\nexpect open\nsend open hold 90\nsend notification 6/5 no\nexpect close\nrepeat 25 times";
    let Guise { peer: name, company, .. } = *guise;
    let up = COMES_UP.replace("HOLD", "90");
    let other = if company { peer("other", "10.0.0.3", &format!("{up}\n{TALKS}")) } else { String::new() };
    let second = if company { neighbor("10.0.0.3", 90, "") } else { String::new() };
    format!(
        "title = 'Refused'\nrun-for = '30m'\n[[speaker]]\naddress = '10.0.0.1'\nconfig = '''\n{}{second}'''\n{}{other}",
        neighbor("10.0.0.2", 90, ""),
        peer(name, "10.0.0.2", script),
    )
}

fn read(text: &str) -> Play {
    scenario::read(&Source::new("cause.toml", text), |_| None, &subject::names()).unwrap().play
}

/// The verdict of a play on a subject.
fn verdict(play: &Play, reactor: &str, seed: u64) -> Verdict {
    let subject = subject::find(reactor).unwrap();
    Run { play, subject, defect: Defect::Present, choices: seed.into() }.go().unwrap().verdict
}

/// A certificate in lines.
fn told(certificate: &Certificate) -> String {
    let links = certificate.links.iter().map(|link| format!("{} waits for {}\n", link.who, link.what));
    links.chain([certificate.ending()]).collect()
}

/// The certificate of a hang that this oracle has found.
fn certificate(verdict: &Verdict, oracle: &str) -> Certificate {
    match verdict {
        Verdict::Hang { alarm, certificate } if alarm.oracle.code() == oracle => certificate.clone(),
        other => panic!("{oracle} does not sound: {other:?}"),
    }
}

#[test]
fn runs_of_one_cause_name_the_same_culprit_and_share_a_key_that_runs_of_no_other_cause_have() {
    let mut keys = BTreeMap::new();
    for (number, cause) in CAUSES.iter().enumerate() {
        for guise in &GUISES {
            let play = read(&(cause.play)(guise));
            for seed in 0..3 {
                let verdict = verdict(&play, cause.reactor, seed);
                let text = told(&certificate(&verdict, cause.oracle));
                let culprit = cause.culprit.replace("{peer}", guise.peer).replace("{program}", guise.program);
                assert!(text.contains(&culprit), "{}, seed {seed}: no `{culprit}` in\n{text}", cause.reactor);
                let known = keys.entry(number).or_insert_with(|| verdict.key().unwrap());
                assert_eq!(Some(&*known), verdict.key().as_ref(), "{}, seed {seed}\n{text}", cause.reactor);
            }
        }
    }
    let mut all: Vec<_> = keys.values().collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), CAUSES.len(), "{keys:#?}");
}

/// The rows of the shared cases that alarm by right: the file, the subject, the oracle and the culprit.
const SHARED: &[(&str, &str, &str, &str)] = &[
    (
        "mh-o1-second-peer",
        "read-first",
        "O1",
        "its task for peer quiet waits for bytes from peer quiet before",
    ),
    ("mh-o1-second-peer", "skip-outbound", "O1", "bytes from peer quiet, 150ms at a time"),
    ("mh-o1-withdrawal", "read-first", "O1", "its task for peer far waits for bytes from peer far before"),
    ("mh-o1-ipv6", "read-first", "O1", "its task for peer far waits for bytes from peer far before"),
    ("mh-o2-busy-beside-a-talker", "recv-timeout", "O2", "its timeout came"),
    ("h-stdin-closed", "no-eof", "O2", "the output of program feed is at its end"),
    ("mh-o5-one-way", "no-hold-timer", "O5", "its hold timer will never act: no deadline is armed"),
    ("m-row14-back", "wall-clock", "O4", "the clock that it is reckoned by has gone back"),
    ("m-row14-forward", "wall-clock", "O5", "its hold timer has expired by a clock that runs ahead"),
    (
        "m-row19",
        "slow-show",
        "O4",
        "its task for program feed computes over what it has read from program feed",
    ),
    ("m-row23", "wrong-loser", "O6", "right waits for left to keep the"),
    ("mh-o6-never-up", "async", "O6", "peer far refuses each of them"),
    ("mh-o6-never-up", "poll", "O6", "peer far refuses each of them"),
];

/// The folder of the shared cases, beside this repository or above it.
fn shared() -> Option<PathBuf> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.map(|folder| folder.join("shared/lab-cases")).find(|folder| folder.is_dir())
}

#[test]
fn every_shared_case_that_alarms_by_right_names_its_culprit() {
    let Some(folder) = shared() else {
        eprintln!("skipped: there is no folder of shared cases");
        return;
    };
    for (name, reactor, oracle, culprit) in SHARED {
        let path = folder.join(format!("{name}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let text = told(&certificate(&verdict(&read(&text), reactor, 1), oracle));
        assert!(text.contains(culprit), "{name} on {reactor}: no `{culprit}` in\n{text}");
    }
}
