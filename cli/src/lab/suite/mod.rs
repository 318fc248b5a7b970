//! `holdtime suite [DIR]`: the conf-* and api-* cases, a table, reactor by reactor.

mod capture;
mod folder;
mod guests;
mod live;
mod pictures;
mod programs;
mod seeds;
mod simulated;
mod suite_args;

use std::io::Write;
use std::path::Path;

use holdtime_sim::report;
use holdtime_sim::subject::{self, SubjectRef};
use holdtime_sim::suite::{Case, CaseResult, Folder, OwnCases, read_cases};

use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use crate::lab::run::parse_reactors;
pub(crate) use live::on_unix;
pub(crate) use suite_args::SuiteArgs;

pub(crate) fn run(args: &SuiteArgs, console: &mut Console) -> VerbResult {
    interrupt::watch()?;
    let opened: Box<dyn Folder> = match &args.dir {
        Some(dir) => Box::new(folder::DiskFolder::open(dir)?),
        None => Box::new(OwnCases),
    };
    let read = |folder: &dyn Folder| {
        choose(read_cases(folder).map_err(|error| CliError::input(error.to_string()))?, &args.only)
    };
    let mut cases = read(opened.as_ref())?;
    let with_programs = programs::find(opened.as_ref(), &cases, args.programs.as_deref())?;
    let folder: &dyn Folder = match &with_programs {
        Some(folder) => {
            cases = read(folder)?;
            folder
        }
        None => opened.as_ref(),
    };
    let reactors = match args.reactor.as_slice() {
        // Another speaker has none: it is played with once.
        [] if args.against.is_some() => vec![subject::POLL],
        [] if args.live || args.seeds.is_some() || args.dir.is_some() => subject::SHIPPED.to_vec(),
        [] => subject::reactors().collect(),
        names => parse_reactors(names)?,
    };
    if let Some(defective) = reactors.iter().find(|reactor| args.live && !reactor.ships()) {
        return Err(CliError::input(format!(
            "{defective} runs in the lab only; live there are poll and async"
        )));
    }
    let _scratch = if args.real_programs { Some(guests::fill(folder, &mut cases)?) } else { None };
    let captured = !args.live && !args.real_programs && capture::fill(folder, &mut cases, args, console)?;
    if let Some(seeds) = &args.seeds {
        return seeds::run(&cases, &reactors, seeds, args, console);
    }
    let count = reactors.len() * cases.len();
    let mut results = if args.live {
        live::run(folder, &cases, &reactors, args, console)?
    } else {
        simulated::in_the_lab(&cases, &reactors, args, console)?
    };
    if let Some(folder) = args.html.as_ref().filter(|_| !args.live) {
        pictures::of_the_lab(folder, &results, args)?;
    }
    if captured {
        // A dialogue that was captured keeps the pauses of its day, and no trace of it is like another.
        results.iter_mut().for_each(|result| result.hash = None);
    }
    if let Some(path) = &args.junit {
        write_junit(path, &results)?;
    }
    if args.json {
        print_json(&results, console)?;
    } else {
        print_table(&results, &reactors, args, console)?;
    }
    if results.len() < count {
        return Err(CliError::Interrupted(format!("{} of {count} cases are done", results.len())));
    }
    let all = results.iter().all(CaseResult::is_expected);
    Ok(if all { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

fn choose(cases: Vec<Case>, only: &[String]) -> Result<Vec<Case>, CliError> {
    if cases.is_empty() {
        return Err(CliError::input("there are no cases: a case is a file NAME.ci beside a NAME.msg"));
    }
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(CliError::unknown("case", unknown, &names));
    }
    Ok(cases.into_iter().filter(|case| only.is_empty() || only.contains(&case.name)).collect())
}

fn write_junit(path: &Path, results: &[CaseResult]) -> Result<(), CliError> {
    let text = report::junit::file(results)
        .map_err(|error| CliError::input(format!("cannot write the results: {error}")))?;
    std::fs::write(path, text)
        .map_err(|error| CliError::io(format!("cannot write \"{}\"", path.display()), &error))
}

fn print_json(results: &[CaseResult], console: &mut Console) -> Result<(), CliError> {
    for result in results {
        writeln!(console, "{}", report::json::case(result))?;
    }
    Ok(())
}

fn print_table(
    results: &[CaseResult],
    reactors: &[SubjectRef],
    args: &SuiteArgs,
    console: &mut Console,
) -> Result<(), CliError> {
    let paint = console.paint();
    write!(console, "{}", report::score_rows(results, reactors, |reactor| args.checked(reactor), &paint))?;
    // Who names cases wants to know why they hang, even where that is expected.
    let asked = !args.only.is_empty();
    let explained = report::explained_cases(results, asked, |result| args.checked(result.reactor), &paint);
    write!(console, "{explained}")?;
    if let Some(last) = results.iter().rev().find(|result| !result.is_expected()) {
        let how = match (args.live, args.spread) {
            (true, Some(spread)) => format!("--live --spread {spread:?} --seed {}", args.seed),
            (true, None) => "--live".to_owned(),
            (false, _) => format!("--seed {}", args.seed),
        };
        writeln!(console, "\nagain: {}", args.again(&how, last))?;
    }
    Ok(())
}
