//! `holdtime suite --seeds A..B`: every case in the lab from many seeds, each played twice to compare the hashes.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::Range;

use holdtime_sim::report::{self, SweepSums};
use holdtime_sim::subject::SubjectRef;
use holdtime_sim::suite::{Case, CaseResult};

use super::simulated::play_case;
use super::suite_args::SuiteArgs;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use crate::lab::parallel::Pool;

/// What all seeds showed on one reactor.
struct Sweep {
    reactor: SubjectRef,
    /// Each run was played twice.
    sums: SweepSums,
    /// The first unexpected run of every case that has one, and its seed.
    failures: Vec<(u64, CaseResult)>,
}

pub(super) fn run(
    cases: &[Case],
    reactors: &[SubjectRef],
    seeds: &Range<u64>,
    args: &SuiteArgs,
    console: &mut Console,
) -> VerbResult {
    let count = (seeds.end - seeds.start).saturating_mul((reactors.len() * cases.len()) as u64);
    let bar = console.progress("runs", count);
    let pool = Pool::new(args.jobs.map_or(0, NonZeroUsize::get))?;
    let mut sweeps = Vec::new();
    let mut runs = 0;
    for &reactor in reactors.iter().take_while(|_| !interrupt::is_pressed()) {
        let mut sweep = Sweep { reactor, sums: SweepSums::default(), failures: Vec::new() };
        let jobs = seeds.clone().flat_map(|seed| cases.iter().map(move |case| (seed, case)));
        let own = args.dir.is_none();
        pool.drain(
            jobs,
            &bar,
            |(seed, case)| play_twice(case, reactor, *seed, own),
            |(seed, _), result| {
                sweep.add(*seed, result?);
                Ok(())
            },
        )?;
        runs += sweep.sums.runs;
        sweeps.push(sweep);
    }
    bar.finish_and_clear();
    for sweep in &sweeps {
        sweep.tell(seeds, args, console)?;
    }
    for sweep in sweeps.iter().filter(|_| !args.json) {
        sweep.explain(args, console)?;
    }
    if runs < count {
        return Err(CliError::Interrupted(format!("{runs} of {count} runs are done")));
    }
    let all = sweeps.iter().all(|sweep| sweep.sums.unexpected == 0);
    Ok(if all { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

/// Plays a case twice from the same seed; where the traces differ, that is what is wrong with it.
fn play_twice(case: &Case, reactor: SubjectRef, seed: u64, own: bool) -> Result<CaseResult, CliError> {
    let mut once = play_case(case, reactor, seed, own)?;
    let twice = play_case(case, reactor, seed, own)?;
    if let (Some(first), Some(second)) = (once.hash, twice.hash)
        && first != second
    {
        "different".clone_into(&mut once.code);
        once.why = format!("its trace is {first:016x} once and {second:016x} then");
    }
    Ok(once)
}

impl Sweep {
    fn add(&mut self, seed: u64, result: CaseResult) {
        self.sums.add(result.hash.unwrap_or_default(), result.is_expected());
        let is_first = self.failures.iter().all(|(_, known)| known.case.name != result.case.name);
        if !result.is_expected() && is_first {
            self.failures.push((seed, result));
        }
    }

    fn tell(&self, seeds: &Range<u64>, args: &SuiteArgs, console: &mut Console) -> Result<(), CliError> {
        if args.json {
            let object = report::json::suite_sweep(self.reactor, &self.sums, &self.failures);
            return Ok(writeln!(console, "{object}")?);
        }
        let row = report::sweep_row(self.reactor, seeds, &self.sums, true, &console.paint());
        Ok(write!(console, "{row}")?)
    }

    /// The first unexpected run of every case; the last line is the command that shows the last one again.
    fn explain(&self, args: &SuiteArgs, console: &mut Console) -> Result<(), CliError> {
        for (seed, result) in &self.failures {
            let again = args.again(&format!("--seed {seed}"), result);
            write!(console, "{}", report::failed_case(*seed, result, &again))?;
        }
        Ok(())
    }
}
