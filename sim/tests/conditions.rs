//! Every scenario that comes with the lab brings about what its title says: a stall that never happens proves nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use holdtime_core::Instant;
use holdtime_core::speaker::{IoError, StreamId};
use holdtime_machine::trace::{Observer, Step};
use holdtime_machine::world::ProcessId;
use holdtime_sim::scenario;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect};

/// The stage sets the speaker first and its one peer second.
const SPEAKER: ProcessId = ProcessId(0);
const PEER: ProcessId = ProcessId(1);

/// What was seen of a run.
#[derive(Debug, Default)]
struct Facts {
    /// The speaker's streams to its programs.
    pipes: BTreeSet<StreamId>,
    /// When a write of the speaker's would have blocked, on a connection and on a program's pipe.
    socket_blocked: Vec<Instant>,
    pipe_blocked: Vec<Instant>,
    /// When, on which stream and how many octets the speaker and its peer wrote and read.
    speaker_read: Vec<(Instant, StreamId, usize)>,
    peer_wrote: Vec<(Instant, StreamId)>,
    peer_opened: Vec<(Instant, StreamId)>,
    peer_ran: Vec<Instant>,
    /// When programs wrote and read.
    program_wrote: Vec<Instant>,
    program_read: Vec<Instant>,
    /// Segments, by the address that sent them.
    syn_lost: Vec<Instant>,
    peer_sent: Vec<Instant>,
    faults: Vec<(Instant, String)>,
}

impl Observer for Facts {
    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        match step {
            Step::Started(SPEAKER, stream, ..) => drop(self.pipes.insert(*stream)),
            Step::Wrote(SPEAKER, stream, Err(IoError::WouldBlock)) => {
                let pipe = self.pipes.contains(stream);
                if pipe { &mut self.pipe_blocked } else { &mut self.socket_blocked }.push(at);
            }
            Step::Read(SPEAKER, stream, Ok(octets)) if !self.pipes.contains(stream) => {
                self.speaker_read.push((at, *stream, octets.len()));
            }
            Step::Wrote(PEER, stream, Ok(_)) => self.peer_wrote.push((at, *stream)),
            Step::Accepted(PEER, stream, _) | Step::Connected(PEER, stream, Ok(_)) => {
                self.peer_opened.push((at, *stream));
            }
            Step::Polled(PEER, ..) => self.peer_ran.push(at),
            Step::Wrote(process, _, Ok(_)) if *process > PEER => self.program_wrote.push(at),
            Step::Read(process, _, Ok(_)) if *process > PEER => self.program_read.push(at),
            Step::Sent(_, segment, arrives) => {
                if segment.flags.syn && arrives.is_none() {
                    self.syn_lost.push(at);
                }
                if segment.src.ip().to_string() == "10.0.0.2" {
                    self.peer_sent.push(at);
                }
            }
            Step::Fault(what) => self.faults.push((at, (*what).to_owned())),
            _ => {}
        }
    }
}

impl Facts {
    /// Whether the peer has said something, and nothing after the first two seconds.
    fn fell_silent(&self) -> bool {
        !self.peer_wrote.is_empty() && self.peer_wrote.iter().all(|(at, _)| *at < secs(2))
    }

    fn fault(&self, what: &str) -> Option<Instant> {
        self.faults.iter().find(|(_, known)| known == what).map(|(at, _)| *at)
    }

    fn wrote_on(&self, stream: StreamId) -> bool {
        self.peer_wrote.iter().any(|(_, known)| *known == stream)
    }
}

const fn secs(secs: u64) -> Instant {
    Instant::from_secs(secs)
}

/// Whether the condition in a scenario's title came about.
type Condition = fn(&Facts) -> bool;

/// What must have come about in each.
const CONDITIONS: &[(&str, Condition)] = &[
    ("half-open-after-a-power-cut", |facts| {
        let cut = facts.fault("power off");
        cut.is_some_and(|cut| !facts.peer_sent.is_empty() && facts.peer_sent.iter().all(|at| *at <= cut))
    }),
    ("mute-from-the-start", |facts| !facts.peer_opened.is_empty() && facts.peer_wrote.is_empty()),
    ("mute-listener-that-dials-in", |facts| match facts.peer_opened[..] {
        [(_, mute), (dialled, speaks)] => {
            !facts.wrote_on(mute) && facts.wrote_on(speaks) && dialled >= secs(5)
        }
        _ => false,
    }),
    ("open-dribbled", |facts| {
        let single = facts.speaker_read.iter().take_while(|(_, _, octets)| *octets == 1);
        single.count() >= 29
    }),
    ("program-never-reads", |facts| {
        // The pipe took no more while the program lived, and it had asked before.
        let asked = facts.program_wrote.first();
        asked.is_some_and(|asked| facts.pipe_blocked.iter().any(|at| at > asked))
            && facts.program_read.is_empty()
            && facts.socket_blocked.is_empty()
    }),
    ("silent-after-open", Facts::fell_silent),
    ("silent-peer", |facts| {
        facts.fell_silent() && facts.program_wrote.first().is_some_and(|at| *at >= secs(2))
    }),
    ("silent-when-established", Facts::fell_silent),
    ("suspended-peer", |facts| {
        let stopped = facts.fault("suspend");
        stopped.is_some_and(|stopped| {
            // Its kernel answers for it meanwhile.
            let meanwhile = |at: &&Instant| **at > stopped && **at < secs(90);
            !facts.peer_ran.iter().any(|at| meanwhile(&at))
                && facts.peer_ran.iter().any(|at| *at < stopped)
                && facts.peer_sent.iter().any(|at| meanwhile(&at))
        })
    }),
    ("syn-blackhole", |facts| {
        facts.syn_lost.len() >= 3 && facts.peer_opened.iter().all(|(at, _)| *at >= secs(60))
    }),
    ("wall-clock-jumps", |facts| {
        let jumps = facts.faults.iter().filter(|(_, what)| what == "clock jumps");
        jumps.count() == 2
    }),
    ("zero-window", |facts| !facts.socket_blocked.is_empty() && facts.fell_silent()),
    ("zero-window-with-keepalives", |facts| {
        let full = facts.socket_blocked.first();
        full.is_some_and(|full| facts.peer_wrote.iter().filter(|(at, _)| at > full).count() >= 10)
    }),
];

#[test]
fn every_scenario_brings_about_what_its_title_says_on_both_reactors() {
    for name in scenario::embedded() {
        let Some((_, holds)) = CONDITIONS.iter().find(|(known, _)| *known == name) else {
            panic!("nothing is said of what must come about in {name}");
        };
        let play = scenario::find(name).unwrap().play;
        for reactor in subject::SHIPPED {
            for seed in 0..5 {
                let facts = Rc::new(RefCell::new(Facts::default()));
                let run =
                    Run { play: &play, subject: reactor, defect: Defect::Present, choices: seed.into() };
                let watching: Rc<RefCell<dyn Observer>> = facts.clone();
                run.go_watched(&[watching]).unwrap();
                assert!(holds(&facts.borrow()), "{name} on {reactor}, seed {seed}");
            }
        }
    }
}
