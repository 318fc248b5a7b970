//! The mutated tree, its test binaries, and one mutant's run of them.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::switch;
use crate::table::Fate;

/// A test binary, and which of its tests judge.
#[derive(Clone, Debug)]
pub(crate) struct Jury {
    binary: PathBuf,
    /// Only the tests with this in their names.
    filter: String,
    /// Where they run.
    folder: PathBuf,
}

/// How often a run that has not ended is looked at.
const LOOK: Duration = Duration::from_millis(5);

impl Jury {
    /// Runs the tests with a mutant, 0 for none; `None`: none fails.
    ///
    /// # Errors
    /// The binary cannot be run.
    pub(crate) fn judge(&self, mutant: usize, limit: Duration) -> Result<Option<Fate>, String> {
        let started = Instant::now();
        let mut child = Command::new(&self.binary)
            .arg(&self.filter)
            .arg("--test-threads=2")
            .current_dir(&self.folder)
            .env(switch::VARIABLE, mutant.to_string())
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let mut output = child.stdout.take();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            output.as_mut().map(|output| output.read_to_string(&mut text));
            text
        });
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if started.elapsed() < limit => std::thread::sleep(LOOK),
                _ => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Ok(Some(Fate::Endless));
                }
            }
        };
        let text = reader.join().unwrap_or_default();
        Ok((!status.success()).then(|| Fate::Caught(first_failure(&text))))
    }
}

/// The first test that failed, as the harness names it.
fn first_failure(output: &str) -> String {
    let mut failed: Vec<&str> =
        output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")).collect();
    failed.sort_unstable();
    failed.first().map_or_else(|| "the binary itself".to_owned(), |test| (*test).to_owned())
}

/// Makes a tree of what is committed at `commit`.
///
/// # Errors
/// git says no.
pub(crate) fn check_out(tree: &Path, commit: &str) -> Result<(), String> {
    if tree.join(".git").exists() {
        run(Command::new("git").arg("-C").arg(tree).args(["checkout", "--force", "--detach", commit]))?;
        // The module that the last mutated sources asked is no source of the commit.
        run(Command::new("git").arg("-C").arg(tree).args(["clean", "-fdq"]))?;
    } else {
        run(Command::new("git").args(["worktree", "add", "--force", "--detach"]).arg(tree).arg(commit))?;
    }
    Ok(())
}

/// Builds tests of the mutated tree. The lines that the compiler does not take are an error of their own.
///
/// # Errors
/// The places in files at which mutants are not Rust, or what else went wrong.
pub(crate) fn build(tree: &Path, targets: &Path, test: &[&str]) -> Result<PathBuf, Broken> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(tree).env("CARGO_TARGET_DIR", targets);
    cargo
        .args(["test", "--quiet", "--no-run", "--package", "holdtime-sim", "--message-format=json"])
        .args(test);
    let output = cargo.stderr(Stdio::inherit()).output().map_err(|error| Broken::Other(error.to_string()))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let (mut binary, mut places) = (None, Vec::new());
    for message in messages {
        if let Some(path) = message.get("executable").and_then(|path| path.as_str()) {
            binary = Some(PathBuf::from(path));
        }
        if message.pointer("/message/level").and_then(|level| level.as_str()) == Some("error") {
            places.extend(spans(&message));
        }
    }
    match binary.filter(|_| output.status.success()) {
        Some(binary) => Ok(binary),
        None if places.is_empty() => Err(Broken::Other("the mutated tree does not build".to_owned())),
        None => Err(Broken::Places(places)),
    }
}

/// Why there is no binary.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The compiler complains of these lines of files.
    Places(Vec<(String, usize)>),
    /// Something else.
    Other(String),
}

fn spans(message: &serde_json::Value) -> Vec<(String, usize)> {
    let spans = message.pointer("/message/spans").and_then(|spans| spans.as_array());
    let place = |span: &serde_json::Value| {
        let line = span.get("line_start")?.as_u64()?;
        Some((span.get("file_name")?.as_str()?.to_owned(), usize::try_from(line).ok()?))
    };
    spans.into_iter().flatten().filter_map(place).collect()
}

/// The binary's tests with this in their names.
pub(crate) fn jury(binary: PathBuf, filter: &str, tree: &Path) -> Jury {
    Jury { binary, filter: filter.to_owned(), folder: tree.join("sim") }
}

/// Runs a command to its end; what it printed.
///
/// # Errors
/// It cannot be run, or it fails.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// The Rust files of a folder, by name.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn sources(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension() == Some(OsStr::new("rs"))).collect();
    files.sort();
    Ok(files)
}
