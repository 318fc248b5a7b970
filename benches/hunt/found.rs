//! What a sweep without a scenario makes of a defective reactor: after how many runs it is found, what is left of it, and since when it was lost.

use holdtime_machine::choices::Strategy;
use holdtime_sim::certificate::Verdict;
use holdtime_sim::explore;
use holdtime_sim::shrink::{Limits, shrink};
use holdtime_sim::subject::SubjectRef;
use holdtime_sim::why;

use crate::first::{Sweeping, first, middle};
use crate::steps;

/// The table, over so many sweeps each, of which so many findings are shrunk and explained.
pub(crate) fn table(reactors: &[SubjectRef], sweeps: u64, shrunk: usize) {
    println!(
        "reactor         runs (most)  peers programs steps  lost at   culprit   of {sweeps} sweeps, medians of {shrunk} shrunk"
    );
    for &reactor in reactors {
        let found: Vec<_> =
            (0..sweeps).map(|sweep| first(reactor, sweep, Sweeping::Plain(Strategy::Uniform))).collect();
        let (middle_runs, most) = middle(found.iter().map(|(runs, _)| *runs).collect());
        let mut small = Vec::new();
        for lineage in found.iter().filter_map(|(_, lineage)| lineage.as_ref()).take(shrunk) {
            small.push(one(reactor, lineage.seed));
        }
        let of = |which: fn(&Small) -> u64| middle(small.iter().map(which).collect()).0;
        println!(
            "{:<14} {:>12}  {:>5} {:>8} {:>5}  {:>9} {}",
            reactor.name(),
            format!("{middle_runs} ({most})"),
            of(|small| small.peers),
            of(|small| small.programs),
            of(|small| small.steps),
            small.first().map_or("", |small| &small.lost),
            small.first().map_or("", |small| &small.culprit),
        );
    }
}

/// A finding that was shrunk.
struct Small {
    peers: u64,
    programs: u64,
    steps: u64,
    lost: String,
    culprit: String,
}

fn one(reactor: SubjectRef, seed: u64) -> Small {
    let limits = Limits { runs: 1_000, stop: &|| false };
    let world = explore::world(seed).unwrap().scenario;
    let shrunk = shrink(&world, reactor, seed, &limits, &mut |_| {}).unwrap();
    let why = why::explain(&shrunk.scenario, reactor, &shrunk.seed.into(), &limits).unwrap();
    let culprit = match &shrunk.outcome.verdict {
        Verdict::Hang { certificate, .. } => certificate.ending(),
        verdict => verdict.code().to_owned(),
    };
    let play = &shrunk.scenario.play;
    Small {
        // A second speaker is a peer as well.
        peers: (play.peers.len() + play.speakers.len() - 1) as u64,
        programs: play.programs.len() as u64,
        steps: steps(&shrunk) as u64,
        lost: why.point.saved.map_or_else(|| "the start".to_owned(), |_| why.point.lost.to_string()),
        culprit,
    }
}
