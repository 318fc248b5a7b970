//! Runs that are lost at a moment that is known beforehand: `why` finds it, and the run that passes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use holdtime_core::{Duration, Instant};
use holdtime_machine::choices::{Choice, ChoiceSource, Site};
use holdtime_sim::certificate::Verdict;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::script::parse_duration;
use holdtime_sim::scenario::{self, Scenario};
use holdtime_sim::shrink::Limits;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect};
use holdtime_sim::why::{Nearest, Unexplained, Why, explain};

/// A session whose peer says something every second, and is let go after three seconds without. It must be up at the end.
const SESSION: &str = "\
title = 'A session that stays up unless something goes wrong'
run-for = '1m'
faults = '''
FAULT
'''

[[speaker]]
address = '10.0.0.1'
config = '''
neighbor 10.0.0.2 {
	router-id 10.0.0.1;
	local-address 10.0.0.1;
	local-as 65001;
	peer-as 65002;
	hold-time 3;
}
'''

[[peer]]
name = 'far'
address = '10.0.0.2'
as = 65002
script = '''
accept
send open hold 3
send keepalive
keepalives every 1s
wait 25s
'''

[ends]
how = 'never'

[expect]
poll = 'pass'
";

const UNLIMITED: Limits<'_> = Limits { runs: u32::MAX, stop: &|| false };

fn session(fault: &str) -> Scenario {
    let text = SESSION.replace("FAULT", fault);
    scenario::read(&Source::new("session.toml", text), |_| None, &subject::names()).unwrap()
}

fn why(scenario: &Scenario, reactor: &str) -> Why {
    explain(scenario, subject::find(reactor).unwrap(), &0.into(), &UNLIMITED).unwrap()
}

fn seconds(at: Instant) -> f64 {
    (at - Instant::ZERO).as_secs_f64()
}

/// How long the fault lasts in the nearest run that passes, in seconds.
fn lasts(why: &Why) -> f64 {
    let Some(Nearest::Moved(moved)) = &why.nearest else { panic!("{:?}", why.nearest) };
    assert_eq!(moved.who, None, "{moved:?}");
    parse_duration(moved.to.rsplit(' ').next().unwrap()).unwrap().as_secs_f64()
}

#[test]
fn what_cannot_be_taken_back_is_lost_when_it_happens() {
    let ends = "signal speaker SIGTERM";
    for (reactor, fault) in [("wall-clock", "clock speaker -1h"), ("poll", ends), ("async", ends)] {
        for at in [5, 11, 16] {
            let why = why(&session(&format!("at {at}s {fault}")), reactor);
            let (point, fault) = (&why.point, format!("{reactor}: {fault} at {at}"));
            let at = Instant::ZERO + Duration::from_secs(at);
            assert!(point.passes && point.saved >= Some(at), "{fault}: {point:?}");
            assert!(point.lost - at <= Duration::from_millis(2), "{fault}: {point:?}");
            assert_eq!(
                (point.hung, point.exceptions.as_slice()),
                (point.reseeded, &[][..]),
                "{fault}: {point:?}"
            );
            // A signal must come at some time; the clock may jump when all is over.
            assert_eq!(why.nearest.is_some(), reactor == "wall-clock", "{fault}: {:?}", why.nearest);
        }
    }
}

#[test]
fn a_peer_that_stands_still_is_lost_when_the_hold_timer_expires_and_not_before() {
    // The last KEEPALIVE comes with the full second before, and the hold timer runs for three.
    for (at, expires) in [("4500ms", 7.0), ("8200ms", 11.0), ("12900ms", 15.0), ("17400ms", 20.0)] {
        let why = why(&session(&format!("at {at} suspend far for 6s")), "poll");
        let point = &why.point;
        let saved = seconds(point.saved.unwrap());
        assert!((saved - expires).abs() < 0.05 && point.passes, "{at}: {point:?}");
        assert_eq!((point.hung, point.exceptions.as_slice()), (point.reseeded, &[][..]), "{at}");
        let begins = parse_duration(at).unwrap().as_secs_f64();
        assert!((begins + lasts(&why) - expires).abs() < 0.05, "{at}: {:?}", why.nearest);
    }
}

#[test]
fn a_cut_is_lost_with_the_last_retransmission_that_comes_before_the_hold_timer_expires() {
    // The KEEPALIVE of the next full second is lost, and sent again 0.2 s, 0.6 s, 1.4 s and 3 s later (RFC 6298 §5.5).
    for (at, last) in [("4500ms", 6.4), ("9500ms", 11.4), ("14500ms", 16.4)] {
        let why = why(&session(&format!("at {at} cut far -> speaker for 5s")), "poll");
        let saved = seconds(why.point.saved.unwrap());
        assert!((saved - last).abs() < 0.1 && why.point.passes, "{at}: {:?}", why.point);
        let begins = parse_duration(at).unwrap().as_secs_f64();
        assert!((begins + lasts(&why) - last).abs() < 0.1, "{at}: {:?}", why.nearest);
    }
}

#[test]
fn what_is_in_the_scenario_itself_could_not_be_saved_even_at_the_start() {
    let scenario = scenario::find("silent-peer").unwrap();
    for reactor in ["await-peers", "read-first", "skip-outbound", "recv-timeout"] {
        let point = why(&scenario, reactor).point;
        assert_eq!((point.saved, point.lost), (None, Instant::ZERO), "{reactor}");
        assert_eq!((point.hung, point.exceptions.as_slice()), (point.reseeded, &[][..]), "{reactor}");
    }
}

#[test]
fn what_passes_has_no_point_of_no_return() {
    let explained = explain(&session("at 5s suspend far for 1s"), subject::POLL, &0.into(), &UNLIMITED);
    assert_eq!(explained.unwrap_err().to_string(), "it passes, so there is nothing to explain");
}

#[test]
fn a_budget_that_is_too_small_says_so_and_one_for_the_point_alone_leaves_the_nearest_out() {
    let session = session("at 10s cut far <-> speaker for 4s");
    let explained = |runs| {
        let limits = Limits { runs, stop: &|| false };
        explain(&session, subject::POLL, &0.into(), &limits)
    };
    assert_eq!(explained(3).unwrap_err(), Unexplained::Stopped);
    let whole = explained(u32::MAX).unwrap();
    assert!(whole.is_whole);
    let point = (1..whole.runs).find_map(|runs| explained(runs).ok()).unwrap();
    assert_eq!((point.is_whole, point.point), (false, whole.point));
}

/// A session that has to be up half a second after the start; WHAT goes wrong on both ways, where a choice says so.
fn in_half_a_second(what: &str) -> Scenario {
    let faults = format!("at 0s {what}").replace("BOTH", "speaker <-> far");
    let (before, _) = SESSION.split_once("[ends]").unwrap();
    let text =
        before.replace("hold-time 3", "hold-time 30").replace("hold 3", "hold 30").replace("FAULT", &faults);
    let text = format!("{text}[up]\nat = '0s'\nwithin = '500ms'\n\n[expect]\npoll = 'pass'\n");
    scenario::read(&Source::new("dial.toml", text), |_| None, &subject::names()).unwrap()
}

#[test]
fn the_one_choice_that_makes_the_difference_is_named_among_others_that_make_none() {
    // The first packet of each way is the handshake's, which is sent again after a second. All is up long before the twentieth.
    let ways = ["10.0.0.1>10.0.0.2", "10.0.0.2>10.0.0.1"];
    let loss = |way: &str, n: u64| Choice { site: Site::Loss, actor: way.to_owned(), n, bound: 2, value: 1 };
    let (jitter, late) = (2_000_000_000, 1_500_000_000);
    let jitter = |way: &str, n: u64, value: u64| Choice {
        site: Site::Jitter,
        actor: way.to_owned(),
        n,
        bound: jitter,
        value,
    };
    let mut worlds = 0;
    for (name, decisive) in ways
        .iter()
        .flat_map(|way| [("loss BOTH 500", loss(way, 0)), ("jitter BOTH 2s", jitter(way, 0, late))])
    {
        let scenario = in_half_a_second(name);
        for harmless in [vec![20, 24], vec![21, 22, 30, 31, 33], (20..36).collect::<Vec<u64>>()] {
            let harmless: Vec<Choice> = ways
                .iter()
                .flat_map(|way| harmless.iter().map(move |n| (way, *n)))
                .map(
                    |(way, n)| {
                        if decisive.site == Site::Loss { loss(way, n) } else { jitter(way, n, 7_000_000) }
                    },
                )
                .collect();
            for reactor in ["poll", "async"] {
                let subject = subject::find(reactor).unwrap();
                let passes = |choices: &[Choice]| {
                    let choices = ChoiceSource::Adapted(choices.to_vec());
                    let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices };
                    run.go().unwrap().verdict == Verdict::Pass
                };
                let all = [harmless.as_slice(), std::slice::from_ref(&decisive)].concat();
                assert!(
                    passes(&harmless) && !passes(std::slice::from_ref(&decisive)) && !passes(&all),
                    "{name}"
                );
                let why = explain(&scenario, subject, &ChoiceSource::Adapted(all), &UNLIMITED).unwrap();
                let Some(Nearest::Choice(found)) = &why.nearest else { panic!("{name}: {:?}", why.nearest) };
                let key = |choice: &Choice| (choice.site, choice.actor.clone(), choice.n);
                assert_eq!(key(found), key(&decisive), "{name} on {reactor}");
                assert!(seconds(why.point.lost) < 0.1, "{name} on {reactor}: {:?}", why.point);
                worlds += 1;
            }
        }
    }
    assert!(worlds >= 20, "{worlds}");
}
