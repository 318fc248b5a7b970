//! `holdtime probe --matrix FILE`: every scenario against every daemon of a file, several cells at a time, each a process of its own.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::Duration;

use holdtime_sim::probe::{MatrixDaemon, Probe, ProbeOutcome, in_the_lab, matrix};
use holdtime_sim::report::maintainer::MATRIX;
use holdtime_sim::report::probe::ProbeRow;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::script::format_duration;
use serde_json::Value;

use super::cell;
use super::conclusion::conclude;
use super::folders::MaintainerFolders;
use super::probe_args::{ProbeArgs, chosen};
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use crate::lab::parity::namespace;
use crate::progress::Progress;

/// How many cells are played at a time, unless told: they mostly wait.
const JOBS: usize = 10;
/// How often it is looked whether a cell is over.
const LOOK: Duration = Duration::from_millis(20);
/// Whoever looked on and was later than so many seconds proves nothing: the cell is played again, alone.
const TOO_LATE: f64 = 0.5;

/// A cell to play.
struct CellJob<'a> {
    daemon: &'a MatrixDaemon,
    probe: &'a Probe,
    folder: PathBuf,
}

/// Plays the one cell that this process is for.
pub(super) fn one_cell(args: &ProbeArgs, path: &Path, name: &str, folder: &Path) -> VerbResult {
    let daemons = read(path)?;
    let daemon = daemons.iter().find(|daemon| daemon.name == name);
    let daemon = daemon.ok_or_else(|| CliError::input("there is no such daemon"))?;
    for probe in &chosen(&args.words)? {
        let again = args.again_in_matrix(path, name, &probe.name);
        cell::run(daemon, probe, &again, args.observe, folder)
            .map_err(|error| CliError::io(format!("cannot write into \"{}\"", folder.display()), &error))?;
    }
    Ok(VerbStatus::AsExpected)
}

/// Plays all of it, as often as is wanted.
pub(super) fn run(args: &ProbeArgs, path: &Path, console: &mut Console) -> VerbResult {
    let mut daemons = read(path)?;
    if !args.daemon.is_empty() {
        let names: Vec<&str> = daemons.iter().map(|daemon| daemon.name.as_str()).collect();
        if let Some(name) = args.daemon.iter().find(|name| !names.contains(&name.as_str())) {
            return Err(CliError::unknown("daemon", name, &names));
        }
        daemons.retain(|daemon| args.daemon.contains(&daemon.name));
    }
    let probes = chosen(&args.words)?;
    if args.needs_one() {
        return Err(CliError::input(
            "a trace is of one probe at an address; `--report` has a picture of each cell",
        ));
    }
    let Some(unshare) = namespace::unshare() else {
        let why = "a matrix is played in network namespaces, which this user may not make, or `unshare` and `ip` are not installed";
        return Err(CliError::input(why));
    };
    let mut kept = MaintainerFolders::at(args.report.as_deref())?;
    let mut rows = first_rows(args, path, &daemons, &probes)?;
    let times = args.times.map_or(1, NonZeroUsize::get);
    let progress = console.progress("probes", (rows.len() * times) as u64);
    for _ in 0..times {
        let root = CellFolders::make().map_err(|error| CliError::io("cannot make a folder", &error))?;
        let jobs: Vec<CellJob<'_>> = cells(&daemons, &probes)
            .map(|(daemon, probe)| {
                let folder = root.0.join(format!("{}-{}", daemon.name, probe.name));
                CellJob { daemon, probe, folder }
            })
            .collect();
        let outcomes = play_all(args, path, unshare, &jobs, &progress);
        for ((row, job), outcome) in rows.iter_mut().zip(&jobs).zip(outcomes) {
            let Some(outcome) = outcome else { continue };
            row.times.push(outcome);
            // Of several times that which is shown is kept.
            if row.shown() + 1 == row.times.len() {
                kept.keep(row, job.probe, None, || Ok(files(path, &job.folder)))?;
            }
        }
        if interrupt::is_pressed() {
            progress.finish_and_clear();
            let done: usize = rows.iter().map(|row| row.times.len()).sum();
            rows.retain(|row| !row.times.is_empty());
            conclude(args, &rows, args.drawing.html.as_deref(), console)?;
            return Err(CliError::Interrupted(format!("{done} of {} probes are done", jobs.len() * times)));
        }
    }
    progress.finish_and_clear();
    conclude(args, &rows, args.drawing.html.as_deref(), console)
}

/// Every scenario with every daemon.
fn cells<'a>(
    daemons: &'a [MatrixDaemon],
    probes: &'a [Probe],
) -> impl Iterator<Item = (&'a MatrixDaemon, &'a Probe)> {
    probes.iter().flat_map(move |probe| daemons.iter().map(move |daemon| (daemon, probe)))
}

/// The rows before anything is played live: whose they are, and what comes of our own speaker's in the lab.
fn first_rows(
    args: &ProbeArgs,
    path: &Path,
    daemons: &[MatrixDaemon],
    probes: &[Probe],
) -> Result<Vec<ProbeRow>, CliError> {
    let versions: Vec<(&str, String)> =
        daemons.iter().map(|daemon| (daemon.name.as_str(), version(daemon))).collect();
    let row = |(daemon, probe): (&MatrixDaemon, &Probe)| {
        let (name, scenario) = (daemon.name.clone(), probe.name.clone());
        let version = versions.iter().find(|(known, _)| *known == name).map(|(_, version)| version.clone());
        ProbeRow {
            again: args.again_in_matrix(path, &name, &scenario),
            version: version.unwrap_or_default(),
            daemon: name,
            scenario,
            times: Vec::new(),
            jitter: daemon.jitter,
            lab: daemon.reactor.map(|reactor| in_the_lab(probe, reactor)),
        }
    };
    Ok(cells(daemons, probes).map(row).collect())
}

fn read(path: &Path) -> Result<Vec<MatrixDaemon>, CliError> {
    let name = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| CliError::io(format!("cannot read \"{name}\""), &error))?;
    matrix(&Source::new(name, text)).map_err(|mistake| CliError::input(mistake.to_string()))
}

/// The first line that a daemon says of its version.
fn version(daemon: &MatrixDaemon) -> String {
    let program = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    let Some(command) = daemon.version.as_ref().map(|line| line.replace("{holdtime}", &program)) else {
        return String::new();
    };
    let said = Command::new("sh").args(["-c", &command]).stdin(Stdio::null()).output();
    let said = said.map(|said| [said.stdout, said.stderr].concat()).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// Plays every cell, those that may take longest first; what came of each, `None` where Ctrl-C came before.
fn play_all(
    args: &ProbeArgs,
    path: &Path,
    unshare: &[&str],
    jobs: &[CellJob<'_>],
    progress: &Progress,
) -> Vec<Option<Result<ProbeOutcome, String>>> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|at| jobs.get(*at).map(|job| std::cmp::Reverse(job.probe.scenario.play.run_for)));
    let queue = Mutex::new(VecDeque::from(order));
    let outcomes: Mutex<Vec<Option<Result<ProbeOutcome, String>>>> = Mutex::new(vec![None; jobs.len()]);
    let workers = args.jobs.map_or(JOBS, NonZeroUsize::get).min(jobs.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while !interrupt::is_pressed() {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((at, job)) = next.and_then(|at| Some((at, jobs.get(at)?))) else { break };
                    let outcome = play(args, path, unshare, job);
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(place) = outcomes.get_mut(at) {
                        *place = outcome;
                    }
                    progress.inc(1);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (job, outcome) in jobs.iter().zip(&mut outcomes) {
        let is_late = matches!(outcome, Some(Ok(outcome)) if outcome.late > TOO_LATE);
        if is_late && !interrupt::is_pressed() {
            *outcome = play(args, path, unshare, job);
        }
    }
    outcomes
}

/// Plays one cell in a process of its own.
fn play(
    args: &ProbeArgs,
    path: &Path,
    unshare: &[&str],
    job: &CellJob<'_>,
) -> Option<Result<ProbeOutcome, String>> {
    let played = start(args, path, unshare, job).and_then(|mut child| {
        let ended = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if interrupt::is_pressed() {
                break None;
            }
            sleep(LOOK);
        };
        if ended.is_none() {
            // Everything in its namespaces goes with it.
            child.kill()?;
            child.wait()?;
        }
        Ok(ended)
    });
    match played {
        Ok(None) => None,
        Ok(Some(_)) => Some(outcome(&job.folder)),
        Err(error) => Some(Err(format!("cannot be probed: {error}"))),
    }
}

fn start(args: &ProbeArgs, path: &Path, unshare: &[&str], job: &CellJob<'_>) -> io::Result<Child> {
    let _ = fs::remove_dir_all(&job.folder);
    fs::create_dir(&job.folder)?;
    let mut command = Command::new("unshare");
    command.args(unshare).args(["-m", "-p", "-f", "--kill-child", "--mount-proc"]);
    command.arg(std::env::current_exe()?).args(["probe", "--matrix"]).arg(path);
    command.arg("--cell").arg(&job.daemon.name).arg("--folder").arg(&job.folder);
    if let Some(observe) = args.observe {
        command.arg("--observe").arg(format_duration(observe));
    }
    command.arg(&job.probe.name);
    let errors = fs::File::create(job.folder.join("errors"))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn()
}

/// What a cell has left.
fn outcome(folder: &Path) -> Result<ProbeOutcome, String> {
    let text = fs::read_to_string(folder.join(cell::OUTCOME)).unwrap_or_default();
    let mut object: Value = serde_json::from_str(&text).map_err(|_| {
        let said = fs::read_to_string(folder.join("errors")).unwrap_or_default();
        format!("was not probed: {}", said.lines().last().unwrap_or("the cell ended without a word"))
    })?;
    if let Some(why) = object.get("error").and_then(Value::as_str) {
        return Err(why.to_owned());
    }
    serde_json::from_value(object["outcome"].take()).map_err(|error| format!("was not probed: {error}"))
}

/// The files of a cell that a maintainer needs beside the report.
fn files(matrix: &Path, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let matrix = fs::read(matrix).ok().map(|text| (MATRIX.to_owned(), text));
    let mut files: Vec<_> = matrix.into_iter().collect();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_ok_and(|kind| kind.is_file()) && name != cell::OUTCOME && name != "errors" {
            files.extend(fs::read(entry.path()).ok().map(|content| (name, content)));
        }
    }
    files.sort();
    files
}

/// The folders of the cells, for the time of the command.
struct CellFolders(PathBuf);

impl CellFolders {
    fn make() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("holdtime-probe-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for CellFolders {
    fn drop(&mut self) {
        // A leftover in the temporary folder is nobody's problem.
        let _ = fs::remove_dir_all(&self.0);
    }
}
