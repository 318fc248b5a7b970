//! A player: a process that plays one world at a time when it is told to, so that two builds can take turns.
//!
//! It reads all worlds of a file first and says `ready` and their number. Then it reads a number a line from its standard input,
//! plays the world of that index and answers with a line: the nanoseconds of real time that it took, setting up included and
//! reading the scenario not; steps; nanoseconds of virtual time; the verdict, in a word and
//! in full.

use std::io::{BufRead, Write};
use std::time::Instant;

use holdtime_core::Instant as LabTime;
use holdtime_sim::scenario;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect};

use crate::saved;

pub(crate) fn play(text: &str) {
    let worlds: Vec<_> = saved::split(text)
        .into_iter()
        .map(|world| {
            let source = Source::new(format!("world-{}.toml", world.seed), world.text);
            let scenario = scenario::read(&source, |_| None, &subject::names())
                .unwrap_or_else(|mistake| panic!("{mistake}"));
            let reactor = &scenario.expect.first().expect("a world names its reactor").0;
            (world.seed, subject::find(reactor).expect("a reactor"), scenario.play)
        })
        .collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready {}", worlds.len()).unwrap();
    out.flush().unwrap();
    for line in std::io::stdin().lock().lines() {
        let index: usize = line.unwrap().trim().parse().expect("an index");
        let (seed, reactor, play) = &worlds[index];
        let begun = Instant::now();
        let outcome = Run { play, subject: *reactor, defect: Defect::Present, choices: (*seed).into() }
            .go()
            .expect("a world that plays");
        let wall = begun.elapsed().as_nanos();
        let virtual_time = (outcome.at - LabTime::ZERO).as_nanos();
        let verdict = &outcome.verdict;
        writeln!(out, "{wall} {} {virtual_time} {} {verdict:?}", outcome.steps, verdict.code()).unwrap();
        out.flush().unwrap();
    }
}
