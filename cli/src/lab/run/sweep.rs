//! `holdtime run … --seeds A..B`: a line for each reactor, and the first run of each that was not as expected.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use holdtime_sim::report;
use holdtime_sim::report::{Experiment, SweepSums};
use holdtime_sim::subject::SubjectRef;

use super::explanation::{as_json, explain};
use super::run_args::RunArgs;
use super::worker::{self, Job, PlayedJob, Wanted};
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use crate::progress::Progress;

/// What all seeds showed on one reactor.
struct Sweep {
    reactor: SubjectRef,
    sums: SweepSums,
    /// How often each verdict came.
    verdicts: BTreeMap<&'static str, u64>,
    /// The first run that was not as expected.
    first: Option<PlayedJob>,
}

pub(super) fn run(
    args: &RunArgs,
    experiment: &Arc<Experiment>,
    reactors: &[SubjectRef],
    seeds: &Range<u64>,
    console: &mut Console,
) -> VerbResult {
    let paint = console.paint();
    if !args.json {
        write!(console, "{}", report::opening(experiment, None, &paint))?;
    }
    let count = (seeds.end - seeds.start).saturating_mul(reactors.len() as u64);
    let progress = Arc::new(console.progress("runs", count));
    let wanted = Wanted { check: args.check, log: false, pcap: false };
    let mut sweeps = Vec::new();
    let mut runs = 0;
    for &reactor in reactors {
        let jobs = seeds.clone().map(move |seed| Job { reactor, seed });
        // How far one run is within its time is nothing here: runs are counted.
        let unseen = Arc::new(Progress::unseen());
        let done = worker::start(experiment.clone(), jobs, wanted, unseen, 0);
        let mut sweep = Sweep::of(reactor);
        while let Some(played) = interrupt::next(&done) {
            progress.inc(1);
            let played = played.map_err(CliError::input)?;
            if args.json {
                writeln!(console, "{}", as_json(experiment, &played))?;
            }
            sweep.add(experiment, played);
        }
        runs += sweep.sums.runs;
        sweeps.push(sweep);
        if interrupt::is_pressed() {
            break;
        }
    }
    progress.finish_and_clear();
    if !args.json {
        tell(args, experiment, seeds, &sweeps, console)?;
    }
    if runs < count {
        return Err(CliError::Interrupted(format!("{runs} of {count} runs are done")));
    }
    let all = sweeps.iter().all(|sweep| sweep.sums.unexpected == 0);
    Ok(if all { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

/// The lines, then the runs that were not as expected: the last line is the command that shows one again.
fn tell(
    args: &RunArgs,
    experiment: &Experiment,
    seeds: &Range<u64>,
    sweeps: &[Sweep],
    console: &mut Console,
) -> Result<(), CliError> {
    let paint = console.paint();
    for sweep in sweeps {
        let row = report::sweep_row(sweep.reactor, seeds, &sweep.sums, args.check, &paint);
        write!(console, "{row}")?;
        let verdicts: Vec<String> =
            sweep.verdicts.iter().map(|(code, count)| format!("{code} × {count}")).collect();
        writeln!(console, "{:<13} {}", "", verdicts.join(", "))?;
    }
    for first in sweeps.iter().filter_map(|sweep| sweep.first.as_ref()) {
        explain(args, experiment, first, console)?;
    }
    Ok(())
}

impl Sweep {
    fn of(reactor: SubjectRef) -> Self {
        Self { reactor, sums: SweepSums::default(), verdicts: BTreeMap::new(), first: None }
    }

    fn add(&mut self, experiment: &Experiment, played: PlayedJob) {
        let is_expected = played.is_expected(experiment);
        self.sums.add(played.outcome.hash, is_expected);
        *self.verdicts.entry(played.outcome.verdict.code()).or_default() += 1;
        if !is_expected {
            self.first.get_or_insert(played);
        }
    }
}
