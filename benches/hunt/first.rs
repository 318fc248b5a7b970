//! After how many runs a sweep finds something: by plain draws, guided, and by other strategies of scheduling.

use holdtime_machine::choices::Strategy;
use holdtime_sim::certificate::Verdict;
use holdtime_sim::explore::{Ground, Guide, Lineage, ROUND};
use holdtime_sim::subject::SubjectRef;

/// How the worlds of a sweep are come by.
#[derive(Clone, Copy)]
pub(crate) enum Sweeping {
    Plain(Strategy),
    Guided,
}

/// The ways that are set beside each other, each with its heading.
pub(crate) const WAYS: [(&str, Sweeping); 4] = [
    ("uniform", Sweeping::Plain(Strategy::Uniform)),
    ("guided", Sweeping::Guided),
    ("pct", Sweeping::Plain(Strategy::Priorities)),
    ("fewest", Sweeping::Plain(Strategy::FewestRecent)),
];

/// So many seeds apart are two sweeps.
const APART: u64 = 1_000_000;
/// A sweep that has found nothing after so many runs counts as so many.
pub(crate) const MOST: u64 = 2_000;

/// After how many runs a sweep finds its first, and which run that is.
pub(crate) fn first(reactor: SubjectRef, sweep: u64, way: Sweeping) -> (u64, Option<Lineage>) {
    let strategy = match way {
        Sweeping::Plain(strategy) => strategy,
        Sweeping::Guided => Strategy::Uniform,
    };
    let is_guided = matches!(way, Sweeping::Guided);
    let ground = Ground { reactor: Some(reactor), strategy, covered: is_guided, ..Ground::default() };
    let mut guide = Guide::default();
    let seeds: Vec<u64> = (sweep * APART..sweep * APART + MOST).collect();
    let mut runs = 0;
    for round in seeds.chunks(ROUND) {
        let lineages =
            if is_guided { guide.round(round) } else { round.iter().map(|seed| (*seed).into()).collect() };
        for lineage in lineages {
            let played = ground.play(&lineage).unwrap_or_else(|error| panic!("{lineage}: {error}"));
            runs += 1;
            if played.outcome.verdict != Verdict::Pass {
                return (runs, Some(lineage));
            }
            if is_guided {
                guide.learn(&played);
            }
        }
    }
    (MOST, None)
}

/// The middle one, and the largest.
pub(crate) fn middle(mut all: Vec<u64>) -> (u64, u64) {
    all.sort_unstable();
    (all[all.len() / 2], all[all.len() - 1])
}

/// A table of the ways, the median of the runs over so many sweeps each.
pub(crate) fn ways(reactors: &[SubjectRef], sweeps: u64) {
    print!("{:<14}", "reactor");
    WAYS.iter().for_each(|(name, _)| print!(" {name:>14}"));
    println!("   runs to the first finding: median (most), {sweeps} sweeps");
    for &reactor in reactors {
        print!("{:<14}", reactor.name());
        for (_, way) in WAYS {
            let (middle, most) = middle((0..sweeps).map(|sweep| first(reactor, sweep, way).0).collect());
            print!(" {:>14}", format!("{middle} ({most})"));
        }
        println!();
    }
}
