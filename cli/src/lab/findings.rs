//! Folders of findings: what `holdtime explore --out` writes, `explore merge` puts together and `replay` reads.
//!
//! ```text
//! DIR/sweep.txt            the format, the build and the arguments of the sweep: no other one may write here
//! DIR/lock                 held while a process writes here
//! DIR/counts.txt           COUNT FINDING ARGUMENTS, one line each: how many runs of which sweep have its key
//! DIR/VERDICT-HASH/        a finding, named after its key: see holdtime_sim::finding
//! ```
//!
//! A folder and a file come to be whole or not at all: they are written under another name, and renamed.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use holdtime_sim::finding::{Finding, FindingFile, PLAN, RUN};
use holdtime_sim::report;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::stage::Outcome;

use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};

/// The format of a folder of findings.
const FORMAT: &str = "holdtime-sweep 1";
/// The arguments of a folder that others were merged into.
const MERGED: &str = "merge";

/// The octets that must be free, which is what a large finding takes.
const ROOM: usize = 4 << 20;

/// The build that writes.
pub(super) const BUILD: &str = env!("CARGO_PKG_VERSION");

/// A folder of findings that this process alone writes to.
#[derive(Debug)]
pub(super) struct FindingsDir {
    path: PathBuf,
    /// Held as long as this is.
    _lock: File,
    /// Runs, by finding and by the arguments of the sweep that made them.
    counts: BTreeMap<(String, String), u64>,
}

impl FindingsDir {
    /// The folder of a sweep with these arguments, which is made if there is none.
    ///
    /// # Errors
    /// It is in use, holds another sweep or something else, or cannot be written to.
    pub(super) fn open(path: &Path, arguments: &str) -> Result<Self, CliError> {
        let cannot = |error| CliError::io(format!("cannot write to \"{}\"", path.display()), &error);
        fs::create_dir_all(path).map_err(cannot)?;
        let held = fs::read_dir(path).map_err(cannot)?.next().is_some();
        let header = header(arguments);
        let named = path.join("sweep.txt");
        if held {
            let found = fs::read_to_string(&named).map_err(|_| {
                CliError::input(format!("\"{}\" is not empty and holds no sweep", path.display()))
            })?;
            if found != header {
                return Err(CliError::input(format!(
                    "\"{}\" holds another sweep: {}; this one is {}",
                    path.display(),
                    one_line(&found),
                    one_line(&header)
                )));
            }
        }
        let lock = File::create(path.join("lock")).map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(CliError::input(format!("\"{}\" is in use by another process", path.display())));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        // A sweep of hours is not to learn at its first finding that there is no room for it.
        let room = path.join("room.tmp");
        let has_room = fs::write(&room, vec![0; ROOM]);
        let removed = fs::remove_file(&room);
        has_room.and(removed).map_err(cannot)?;
        if !held {
            write_whole(&named, header.as_bytes())?;
        }
        Ok(Self { path: path.to_owned(), _lock: lock, counts: BTreeMap::new() })
    }

    /// Where a finding of this name is, or would be.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether a run counted already has this finding's key.
    pub(super) fn has_counted(&self, name: &str, arguments: &str) -> bool {
        self.counts.contains_key(&(name.to_owned(), arguments.to_owned()))
    }

    /// Counts one more run.
    pub(super) fn count(&mut self, name: &str, arguments: &str) {
        *self.counts.entry((name.to_owned(), arguments.to_owned())).or_default() += 1;
    }

    /// Writes a finding, whole or not at all, in the place of one that is there.
    pub(super) fn put(&self, name: &str, files: &[(String, Vec<u8>)]) -> Result<(), CliError> {
        put(&self.path, name, files)
    }

    /// Writes how many runs there were of each.
    pub(super) fn write_counts(&self) -> Result<(), CliError> {
        let line =
            |((name, arguments), count): (&(String, String), &u64)| format!("{count} {name} {arguments}\n");
        let text: String = self.counts.iter().map(line).collect();
        write_whole(&self.path.join("counts.txt"), text.as_bytes())
    }

    /// Each finding, and how many runs have its key.
    pub(super) fn sums(&self) -> BTreeMap<&str, u64> {
        let mut sums = BTreeMap::new();
        for ((name, _), count) in &self.counts {
            *sums.entry(name.as_str()).or_default() += count;
        }
        sums
    }
}

/// Writes a folder under a name in a place of one that is there, whole or not at all.
fn put(path: &Path, name: &str, files: &[(String, Vec<u8>)]) -> Result<(), CliError> {
    let (there, half) = (path.join(name), path.join(format!(".{name}.tmp")));
    let cannot = |error| CliError::io(format!("cannot write \"{}\"", there.display()), &error);
    if half.exists() {
        fs::remove_dir_all(&half).map_err(cannot)?;
    }
    fs::create_dir(&half).map_err(cannot)?;
    for (file, content) in files {
        if let Err(error) = fs::write(half.join(file), content) {
            // What is half there is of no use to anybody, and takes the room of what could be.
            let _ = fs::remove_dir_all(&half);
            return Err(cannot(error));
        }
    }
    if there.exists() {
        fs::remove_dir_all(&there).map_err(cannot)?;
    }
    fs::rename(&half, &there).map_err(cannot)
}

/// What a finding's files are called and hold, and its certificate for programs.
pub(super) fn with_json(outcome: &Outcome, files: Vec<FindingFile>) -> Vec<(String, Vec<u8>)> {
    let json = format!("{}\n", report::json::details(outcome));
    let mut files = owned(files);
    files.push(("certificate.json".to_owned(), json.into_bytes()));
    files
}

/// Writes a finding that is part of no sweep, whole or not at all.
///
/// # Errors
/// Something is there already, or it cannot be written.
pub(super) fn put_alone(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), CliError> {
    if folder.exists() {
        return Err(CliError::input(format!("\"{}\" is there already", folder.display())));
    }
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name =
        name.ok_or_else(|| CliError::input(format!("\"{}\" is no folder's name", folder.display())))?;
    put(folder.parent().unwrap_or(Path::new("")), &name, files)
}

/// What a finding's files are called and hold, owned.
pub(super) fn owned(files: Vec<FindingFile>) -> Vec<(String, Vec<u8>)> {
    files.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()
}

/// `holdtime explore merge DIR… --out DIR`
pub(super) fn merge(dirs: &[PathBuf], out: &Path, console: &mut Console) -> VerbResult {
    let mut merged = FindingsDir::open(out, MERGED)?;
    merged.counts = counts_of(out)?;
    for dir in dirs {
        let header = read_text(&dir.join("sweep.txt"))?;
        if header.lines().take(2).ne(self::header(MERGED).lines().take(2)) {
            return Err(CliError::input(format!(
                "\"{}\" is of another build or format: {}",
                dir.display(),
                one_line(&header)
            )));
        }
        let counts = counts_of(dir)?;
        let mut names: Vec<&String> = counts.keys().map(|(name, _)| name).collect();
        names.dedup();
        for name in names {
            let seed = read(&dir.join(name))?.run.lineage.number();
            let there = merged.folder(name);
            if there.is_dir() && read(&there)?.run.lineage.number() <= seed {
                continue;
            }
            merged.put(name, &files_of(&dir.join(name))?)?;
        }
        merged.counts.extend(counts);
        merged.write_counts()?;
    }
    for (name, count) in merged.sums() {
        writeln!(console, "{count:>8}  {name}  {}", read(&merged.folder(name))?.run.key)?;
    }
    Ok(VerbStatus::AsExpected)
}

/// Reads a finding out of its folder.
///
/// # Errors
/// A file that is missing, or what is wrong in it and where.
pub(super) fn read(folder: &Path) -> Result<Finding, CliError> {
    let source = |name: &str| {
        let path = folder.join(name);
        read_text(&path).map(|text| Source::new(path.display().to_string(), text))
    };
    Finding::read(&source(PLAN)?, &source(RUN)?).map_err(CliError::input)
}

fn files_of(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, CliError> {
    let cannot = |error| CliError::io(format!("cannot read \"{}\"", folder.display()), &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.push((name, fs::read(entry.path()).map_err(cannot)?));
    }
    Ok(files)
}

/// What a folder's runs were counted to; nothing where none were yet.
fn counts_of(dir: &Path) -> Result<BTreeMap<(String, String), u64>, CliError> {
    let path = dir.join("counts.txt");
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = read_text(&path)?;
    let counts = text.lines().enumerate().map(|(index, line)| {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().map(str::to_owned);
        let count = word().and_then(|count| count.parse().ok()).zip(word()).zip(word());
        let wrong = || {
            let place = format!("{}:{}", path.display(), index + 1);
            CliError::input(format!("{place}: `{line}` is no count: expected COUNT FINDING ARGUMENTS"))
        };
        let ((count, name), arguments) = count.ok_or_else(wrong)?;
        Ok(((name, arguments), count))
    });
    counts.collect()
}

fn header(arguments: &str) -> String {
    format!("{FORMAT}\nbuild {BUILD}\narguments {arguments}\n")
}

fn one_line(text: &str) -> String {
    text.trim_end().replace('\n', ", ")
}

fn read_text(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path)
        .map_err(|error| CliError::io(format!("cannot read \"{}\"", path.display()), &error))
}

fn write_whole(path: &Path, content: &[u8]) -> Result<(), CliError> {
    let cannot = |error| CliError::io(format!("cannot write \"{}\"", path.display()), &error);
    let half = path.with_extension("tmp");
    if let Err(error) = fs::write(&half, content) {
        let _ = fs::remove_file(&half);
        return Err(cannot(error));
    }
    fs::rename(&half, path).map_err(cannot)
}
