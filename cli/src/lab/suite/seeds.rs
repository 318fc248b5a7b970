//! `holdtime suite --seeds A..B`: every case in the lab from many seeds, each played twice to compare the hashes.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::Range;

use holdtime_sim::report::Paint;
use holdtime_sim::subject::SubjectRef;
use holdtime_sim::suite::Case;
use serde_json::json;

use super::case_result::{CaseResult, add_hash};
use super::simulated::play_case;
use super::suite_args::SuiteArgs;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use crate::lab::parallel::Pool;

/// What all seeds showed on one reactor.
struct Sweep {
    reactor: SubjectRef,
    /// Different runs; each was played twice.
    runs: u64,
    failed: u64,
    /// The first unexpected run of every case that has one, and its seed.
    failures: Vec<(u64, CaseResult)>,
    /// The hashes of all traces, folded.
    hash: u64,
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
        let mut sweep = Sweep { reactor, runs: 0, failed: 0, failures: Vec::new(), hash: 0 };
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
        runs += sweep.runs;
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
    let all = sweeps.iter().all(|sweep| sweep.failed == 0);
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
        self.runs += 1;
        self.hash = add_hash(self.hash, &result);
        if !result.is_expected() {
            self.failed += 1;
            if self.failures.iter().all(|(_, known)| known.case.name != result.case.name) {
                self.failures.push((seed, result));
            }
        }
    }

    fn tell(&self, seeds: &Range<u64>, args: &SuiteArgs, console: &mut Console) -> Result<(), CliError> {
        if args.json {
            let failures: Vec<_> = self
                .failures
                .iter()
                .map(|(seed, result)| json!({ "case": result.case.name, "seed": seed, "verdict": result.code, "why": result.why }))
                .collect();
            let object = json!({
                "reactor": self.reactor.name(),
                "runs": self.runs,
                "failed": self.failed,
                "failures": failures,
                "hash": format!("{:016x}", self.hash),
            });
            return Ok(writeln!(console, "{object}")?);
        }
        let line = format!(
            "{:<13} seeds {}..{}: {} runs twice, {} unexpected",
            self.reactor, seeds.start, seeds.end, self.runs, self.failed
        );
        let paint = console.paint();
        let line = if self.failed == 0 { paint.good(&line) } else { paint.bad(&line) };
        Ok(writeln!(console, "{line}  [{:016x}]", self.hash)?)
    }

    /// The first unexpected run of every case; the last line is the command that shows the last one again.
    fn explain(&self, args: &SuiteArgs, console: &mut Console) -> Result<(), CliError> {
        for (seed, result) in &self.failures {
            let CaseResult { case, code, expected, why, .. } = result;
            writeln!(console, "\n{} {}, seed {seed}: {code}, expected {expected}", self.reactor, case.name)?;
            writeln!(console, "  {}", why.replace('\n', "\n  "))?;
            writeln!(console, "  again: {}", args.again(&format!("--seed {seed}"), result))?;
        }
        Ok(())
    }
}
