//! Each defect of the kinds H and F makes an observable difference, and undone it makes none that is wrong.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_core::Instant;
use holdtime_machine::trace::{Observer, Step};
use holdtime_machine::world::ProcessId;
use holdtime_sim::certificate::Verdict;
use holdtime_sim::observe::life::Ending;
use holdtime_sim::scenario;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{self, Defect, Deviation};

const SPEAKER: &str = "\
title = 'A peer that keeps the session up, and a program'
run-for = '3m'
FAULTS

[[speaker]]
address = '10.0.0.1'
config = '''
process feed { run ./feed; encoder text; respawn false; }
neighbor 10.0.0.2 {
	router-id 10.0.0.1;
	local-address 10.0.0.1;
	local-as 65001;
	peer-as 65002;
	hold-time HOLD;
	api { processes [ feed ]; }
}
'''

[[peer]]
name = 'far'
address = '10.0.0.2'
as = 65002
script = '''
accept
expect open
send open hold HOLD
expect keepalive
send keepalive
PEER
'''

[[program]]
run = './feed'
script = '''
wait 2s
PROGRAM
'''
";

const TALKS: &str = "keepalives every 2s\nwait 40s";

/// A scenario of one speaker, a peer and a program.
fn one(faults: &str, hold: &str, peer: &str, program: &str) -> String {
    let faults = if faults.is_empty() { String::new() } else { format!("faults = '{faults}'") };
    SPEAKER.replace("FAULTS", &faults).replace("HOLD", hold).replace("PEER", peer).replace("PROGRAM", program)
}

/// What the first speaker did.
#[derive(Default)]
struct Deeds {
    speaker: Option<ProcessId>,
    /// Reads of nothing.
    ends_read: u32,
    /// KEEPALIVEs that left, and when the last one did.
    keepalives: Vec<Instant>,
}

impl Observer for Deeds {
    fn meet(&mut self, process: ProcessId, name: &str) {
        if name == "speaker" {
            self.speaker = Some(process);
        }
    }

    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        match *step {
            Step::Read(process, _, Ok([])) if Some(process) == self.speaker => self.ends_read += 1,
            Step::Wrote(process, _, Ok(octets)) if Some(process) == self.speaker => {
                let keepalives = octets.windows(3).filter(|octets| *octets == [0, 19, 4]).count();
                self.keepalives.extend(std::iter::repeat_n(at, keepalives));
            }
            _ => {}
        }
    }
}

/// Plays on a subject, with its defect and without it.
fn both(name: &str, text: &str) -> [(Outcome, Deeds); 2] {
    let read = scenario::read(&Source::new("defect.toml", text), |_| None, &subject::names());
    let play = read.unwrap().play;
    let subject = subject::find(name).unwrap();
    [Defect::Present, Defect::Undone].map(|defect| {
        let deeds = Rc::new(RefCell::new(Deeds::default()));
        let observer: Rc<RefCell<dyn Observer>> = deeds.clone();
        let outcome =
            Run { play: &play, subject, defect, choices: 0.into() }.go_watched(&[observer]).unwrap();
        (outcome, deeds.take())
    })
}

fn passes(outcome: &Outcome) {
    assert_eq!(outcome.verdict.code(), "pass", "{:?}", outcome.verdict);
}

#[test]
fn no_eof_reads_the_end_of_a_programs_output_again_and_again() {
    let text = one("", "9", TALKS, "close stdout\nwait 1s");
    let [(_, present), (undone, once)] = both("no-eof", &text);
    // A program that has closed its output is ended, before the end of its script.
    assert!(!matches!(undone.verdict, Verdict::Hang { .. }), "{:?}", undone.verdict);
    assert_eq!(once.ends_read, 1);
    assert!(present.ends_read > 10, "{}", present.ends_read);
}

#[test]
fn wall_clock_ends_a_session_when_the_clock_jumps_ahead() {
    let text = one("at 20s clock speaker +1h", "90", "keepalives every 30s\nwait 2m", "wait 1s");
    let [(present, _), (undone, _)] = both("wall-clock", &text);
    passes(&undone);
    assert_eq!(undone.course.end, None);
    assert!(matches!(present.course.end, Some(Ending::Notification(_, 4, 0))), "{:?}", present.course);
}

#[test]
fn wall_clock_sends_no_keepalive_once_the_clock_has_jumped_back() {
    let text = one("at 20s clock speaker -2h", "9", TALKS, "wait 1s");
    let [(_, present), (undone, talks)] = both("wall-clock", &text);
    passes(&undone);
    let last = |deeds: &Deeds| deeds.keepalives.last().copied().unwrap();
    assert!(last(&present) < Instant::from_secs(21), "{}", last(&present));
    assert!(last(&talks) > Instant::from_secs(35), "{}", last(&talks));
}

#[test]
fn slow_show_lets_no_keepalive_leave_for_seconds() {
    let text = one("", "9", TALKS, "send show adj-rib out\nexpect done");
    let [(_, present), (undone, talks)] = both("slow-show", &text);
    passes(&undone);
    let during = |deeds: &Deeds| {
        let show = Instant::from_millis(2_100)..Instant::from_secs(13);
        deeds.keepalives.iter().filter(|at| show.contains(at)).count()
    };
    assert_eq!(during(&present), 0);
    assert!(during(&talks) >= 3, "{:?}", talks.keepalives);
}

#[test]
fn no_hold_timer_keeps_the_session_of_a_silent_peer() {
    let text = one("", "9", "wait 60s", "wait 1s");
    let [(present, _), (undone, _)] = both("no-hold-timer", &text);
    assert!(matches!(undone.course.end, Some(Ending::Notification(_, 4, 0))), "{:?}", undone.course);
    assert_eq!(present.course.end, None);
}

#[test]
fn keepalive_1ms_sends_many_more_than_three_in_a_hold_time() {
    let text = one("", "9", "keepalives every 2s\nwait 4s", "wait 1s");
    let [(busy, present), (undone, three)] = both("keepalive-1ms", &text);
    passes(&undone);
    assert_eq!(busy.verdict.code(), "O2", "which ends the run");
    let early = |deeds: &Deeds| deeds.keepalives.iter().filter(|at| **at < Instant::from_secs(5)).count();
    assert!(early(&three) <= 4, "{}", early(&three));
    assert!(early(&present) > 10, "{}", early(&present));
}

const COLLISION: &str = "\
title = 'Two speakers dial each other'
run-for = '2m'

[[speaker]]
name = 'left'
address = '10.0.0.1'
config = '''
neighbor 10.0.0.2 {
	router-id 10.0.0.1;
	local-address 10.0.0.1;
	local-as 65001;
	peer-as 65002;
	listen 179;
}
'''

[[speaker]]
name = 'right'
address = '10.0.0.2'
config = '''
neighbor 10.0.0.1 {
	router-id 10.0.0.2;
	local-address 10.0.0.2;
	local-as 65002;
	peer-as 65001;
	listen 179;
}
'''

[[peer]]
name = 'clock'
address = '10.0.9.9'
as = 1
script = '''
wait 60s
'''
";

#[test]
fn wrong_loser_never_brings_a_session_up_between_two_of_its_kind() {
    let [(present, _), (undone, _)] = both("wrong-loser", COLLISION);
    passes(&undone);
    assert!(undone.course.is_up);
    assert_eq!(present.course.up, None);
}

#[test]
fn a_build_with_other_rows_is_the_async_reactor_once_they_are_undone() {
    let play = scenario::find("silent-peer").unwrap().play;
    let hash =
        |subject| Run { play: &play, subject, defect: Defect::Undone, choices: 0.into() }.go().unwrap().hash;
    for build in subject::defective().filter(|subject| subject.deviation() == Deviation::Fsm) {
        assert_eq!(hash(build), hash(subject::ASYNC), "{build}");
    }
}
