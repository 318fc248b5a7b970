//! Mutation tests of the lab's oracles: whether a test fails for each condition that is removed, negated or weakened.
//!
//! ```text
//! cargo run --release --package holdtime-mutants            goes on where it stopped; the table is benches/mutants/oracles.tsv
//! cargo run --release --package holdtime-mutants -- --only spin.rs
//! ```
//!
//! The oracles of HEAD are mutated in a work tree of their own, under `target/mutants`, all mutants in one build (`point.rs`), and each is tried
//! alone: first by the oracles' own tests, which take half a second together, then, where none of these fails, by the tests of the
//! lab that play the museum's subjects. The table is written after each mutant, so that Ctrl-C keeps what is known; that of another commit is begun
//! anew. A mutant that no test can notice is named in `equivalent.tsv`, with the test that shows that no run differs.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own prints")]

mod point;
mod switch;
mod table;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;

use crate::point::Mutant;
use crate::table::{Equivalents, Fate, MutantName, MutantTable, percent};
use crate::trial::{Broken, Jury};

/// Tries every mutant of the lab's oracles.
#[derive(Debug, Parser)]
struct MutantArgs {
    /// Only mutants of files with this in their names
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Try those that survived again, for tests that are new
    #[arg(long)]
    again: bool,
    /// Where the table is kept
    #[arg(long, value_name = "F", default_value = "benches/mutants/oracles.tsv")]
    table: PathBuf,
    /// Only the oracles' own tests
    #[arg(long)]
    quick: bool,
}

/// Where the oracles are.
const ORACLES: &str = "sim/src/oracle";
/// The mutants that are shown to be equivalent.
const EQUIVALENTS: &str = "benches/mutants/equivalent.tsv";
/// The files there that hold nothing but tests.
const TESTS: &[&str] = &["conditions.rs", "families.rs", "testing.rs", "twins.rs"];
/// The oracles' own tests.
const OWN: (&[&str], &str) = (&["--lib"], "oracle::");
/// Those that play what the oracles must tell apart.
const PLAYED: &[(&[&str], &str)] = &[(&["--test", "defects"], ""), (&["--test", "conditions"], "")];
/// How long tests may take before they count as endless: longer than any of them takes.
const OWN_LIMIT: Duration = Duration::from_secs(20);
const PLAYED_LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    match go(&MutantArgs::parse()) {
        Ok((tried, survive, shown)) => {
            let share = percent(survive, tried);
            println!(
                "{tried} mutants tried, {survive} survive: {share}; {shown} of them are shown to be equivalent"
            );
            ExitCode::from(u8::from(survive * 20 > tried || survive > shown))
        }
        Err(problem) => {
            eprintln!("holdtime-mutants: {problem}");
            ExitCode::from(2)
        }
    }
}

/// A mutant, its number, and the file that it is in.
type Numbered = (usize, String, Mutant);

/// Tries what was not tried; how many were, how many survive, and how many of those are shown to be equivalent.
fn go(args: &MutantArgs) -> Result<(usize, usize, usize), String> {
    let root = PathBuf::from(trial::run(Command::new("git").args(["rev-parse", "--show-toplevel"]))?);
    let commit = trial::run(Command::new("git").args(["log", "-1", "--format=%h", "--", ORACLES]))?;
    let tree = root.join("target/mutants/tree");
    let head = trial::run(Command::new("git").args(["rev-parse", "HEAD"]))?;
    trial::check_out(&tree, &head)?;
    let mut mutants = all_mutants(&tree)?;
    let equivalents = equivalents(&root, &tree)?;
    let juries = build_all(&root, &tree, &mut mutants, args.quick)?;
    let table_path = root.join(&args.table);
    let mut table = MutantTable::read(&table_path, &commit, mutants.len());
    for (number, file, mutant) in &mutants {
        let name = name_of(file, mutant);
        let is_known = match table.get(&name) {
            Some(Fate::Survived) => !args.again,
            known => known.is_some(),
        };
        if is_known || !file.contains(&args.only) {
            continue;
        }
        let mut fate = fate(&juries, *number)?;
        if let Some(proof) = equivalents.shown_by(&name).filter(|_| fate == Fate::Survived) {
            fate = Fate::Equivalent(proof.to_owned());
        }
        if fate == Fate::Survived {
            let (file, place, what) = &name;
            eprintln!("survives: {ORACLES}/{file}:{place} {what}");
        }
        table.set(name, fate);
        table.write(&table_path).map_err(|error| format!("{}: {error}", table_path.display()))?;
    }
    Ok(table.sums())
}

/// Which mutants are shown to be equivalent.
fn equivalents(root: &Path, tree: &Path) -> Result<Equivalents, String> {
    let path = root.join(EQUIVALENTS);
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let files = trial::sources(&tree.join(ORACLES))?;
    let sources = files.iter().map(|path| read(path));
    let problem = |problem| format!("{}: {problem}", path.display());
    Equivalents::parse(&read(&path)?, &sources.collect::<Result<Vec<_>, _>>()?).map_err(problem)
}

fn name_of(file: &str, mutant: &Mutant) -> MutantName {
    (file.to_owned(), format!("{}:{}", mutant.line, mutant.column), mutant.what.clone())
}

/// What becomes of a mutant.
fn fate(juries: &[(Jury, Duration)], number: usize) -> Result<Fate, String> {
    for (jury, limit) in juries {
        if let Some(fate) = jury.judge(number, *limit)? {
            return Ok(fate);
        }
    }
    Ok(Fate::Survived)
}

fn all_mutants(tree: &Path) -> Result<Vec<Numbered>, String> {
    let mut all = Vec::new();
    for path in trial::sources(&tree.join(ORACLES))? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if TESTS.contains(&file.as_str()) {
            continue;
        }
        let source = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mutants = point::mutants(&source).map_err(|error| format!("{}: {error}", path.display()))?;
        all.extend(mutants.into_iter().map(|mutant| (file.clone(), mutant)));
    }
    Ok(all.into_iter().enumerate().map(|(index, (file, mutant))| (index + 1, file, mutant)).collect())
}

/// Writes the mutated sources.
fn write(tree: &Path, mutants: &[Numbered]) -> Result<(), String> {
    let folder = tree.join(ORACLES);
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    for path in trial::sources(&folder)? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let theirs: Vec<(usize, &Mutant)> = mutants
            .iter()
            .filter(|(_, of, _)| *of == file)
            .map(|(number, _, mutant)| (*number, mutant))
            .collect();
        let committed = format!("HEAD:{ORACLES}/{file}");
        if theirs.is_empty() && file != "mod.rs" {
            continue;
        }
        let mut command = Command::new("git");
        let source = trial::run(command.arg("-C").arg(tree).args(["show", &committed]))?;
        let mut text = point::render(&source, &theirs);
        if file == "mod.rs" {
            text.push_str("\npub(crate) mod mutation;\n");
        }
        fs::write(&path, text).map_err(problem)?;
    }
    fs::write(folder.join("mutation.rs"), switch::SOURCE).map_err(problem)
}

/// Builds the tests, without the mutants that are no Rust, of which at most a few are.
fn build_all(
    root: &Path,
    tree: &Path,
    mutants: &mut Vec<Numbered>,
    quick: bool,
) -> Result<Vec<(Jury, Duration)>, String> {
    let targets = root.join("target/mutants/build");
    let own = loop {
        write(tree, mutants)?;
        match trial::build(tree, &targets, OWN.0) {
            Ok(binary) => break trial::jury(binary, OWN.1, tree),
            Err(Broken::Other(problem)) => return Err(problem),
            Err(Broken::Places(places)) => leave_out(mutants, &places)?,
        }
    };
    let mut juries = vec![(own, OWN_LIMIT)];
    for (test, filter) in PLAYED.iter().filter(|_| !quick) {
        let binary = trial::build(tree, &targets, test).map_err(|problem| format!("{problem:?}"))?;
        juries.push((trial::jury(binary, filter, tree), PLAYED_LIMIT));
    }
    for (jury, limit) in &juries {
        if let Some(fate) = jury.judge(0, *limit)? {
            return Err(format!("without any mutant a test fails: {fate:?}"));
        }
    }
    Ok(juries)
}

fn leave_out(mutants: &mut Vec<Numbered>, places: &[(String, usize)]) -> Result<(), String> {
    let before = mutants.len();
    mutants.retain(|(_, file, mutant)| {
        let is_here = |(path, line): &(String, usize)| {
            path.ends_with(&format!("oracle/{file}")) && *line == mutant.line
        };
        let is_no_rust = places.iter().any(is_here);
        if is_no_rust {
            eprintln!("left out, for it is no Rust: {file}:{} {}", mutant.line, mutant.what);
        }
        !is_no_rust
    });
    if mutants.len() == before {
        return Err(format!("the mutated tree does not build: {places:?}"));
    }
    Ok(())
}
