//! Cases in the lab, on as many threads as there are cores.

use std::num::NonZeroUsize;
use std::time::Instant;

use holdtime_sim::report;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{Defect, SubjectRef};
use holdtime_sim::suite::{Case, CaseResult, expected_code};

use super::suite_args::SuiteArgs;
use crate::console::Console;
use crate::error::CliError;
use crate::lab::parallel::Pool;

pub(super) fn in_the_lab(
    cases: &[Case],
    reactors: &[SubjectRef],
    args: &SuiteArgs,
    console: &Console,
) -> Result<Vec<CaseResult>, CliError> {
    let progress = console.progress("cases", (reactors.len() * cases.len()) as u64);
    let jobs: Vec<(SubjectRef, &Case)> =
        reactors.iter().flat_map(|reactor| cases.iter().map(|case| (*reactor, case))).collect();
    let own = args.dir.is_none();
    let pool = Pool::new(args.jobs.map_or(0, NonZeroUsize::get))?;
    let results = pool.each(&jobs, &progress, |(reactor, case)| play_case(case, *reactor, args.seed, own));
    progress.finish_and_clear();
    results.into_iter().flatten().collect()
}

/// Plays one case in the lab; `own` cases have an expectation for every reactor, others must pass.
pub(super) fn play_case(
    case: &Case,
    reactor: SubjectRef,
    seed: u64,
    own: bool,
) -> Result<CaseResult, CliError> {
    let began = Instant::now();
    let play = case.play();
    let run = Run { play: &play, subject: reactor, defect: Defect::Present, choices: seed.into() };
    let outcome = run.go().map_err(CliError::input)?;
    Ok(CaseResult {
        case: case.clone(),
        reactor,
        code: outcome.verdict.code().to_owned(),
        expected: if own { expected_code(reactor.name(), &case.name) } else { "pass" },
        why: report::finding(&outcome)
            .lines()
            .map(|line| line.strip_prefix("  ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n"),
        details: report::json::details(&outcome),
        hash: Some(outcome.hash),
        took: began.elapsed(),
    })
}
