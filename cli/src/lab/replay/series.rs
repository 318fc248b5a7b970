//! The runs of a speaker that were recorded under one name, each out of the files that it took.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::exabgp::recorder::{Continuation, series};

/// One run.
#[derive(Debug, Default)]
pub(super) struct RecordedRun {
    /// Its files, in their order.
    files: Vec<PathBuf>,
    /// Which run the continuations in them name.
    id: Option<u64>,
    /// The part of the last file.
    part: u32,
    /// Whether its beginning is there: the oldest files make place for new ones.
    pub(super) is_whole: bool,
}

impl RecordedRun {
    /// Its files, for people.
    pub(super) fn name(&self) -> String {
        let names: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        match names.as_slice() {
            [first, .., last] => format!("{first} to {last}"),
            _ => names.concat(),
        }
    }

    /// Its lines. A speaker that was killed may have left half a line behind, which is left out.
    pub(super) fn text(&self) -> Result<String, CliError> {
        let mut all = String::new();
        for file in &self.files {
            let text = read(file)?;
            let body = Continuation::parse(&text).map_or(text.as_str(), |(_, rest)| rest);
            all += body.rfind('\n').map_or("", |end| body.get(..=end).unwrap_or_default());
        }
        Ok(all)
    }
}

/// The runs that were recorded in `path`, the oldest first.
pub(super) fn runs(path: &Path) -> Result<Vec<RecordedRun>, CliError> {
    let files = match path.metadata() {
        // Something that cannot be listed is read as it is.
        Ok(metadata) if !metadata.is_file() => vec![path.to_owned()],
        _ => series(path).unwrap_or_default(),
    };
    if files.is_empty() {
        // It says why.
        read(path)?;
    }
    let mut runs: Vec<RecordedRun> = Vec::new();
    for file in files {
        let head = read_head(&file)?;
        match Continuation::parse(&head) {
            None => {
                let id = head.lines().find_map(|line| line.strip_prefix("seed ")?.parse().ok());
                runs.push(RecordedRun { files: vec![file], id, part: 0, is_whole: true });
            }
            Some((Continuation { run, part }, _)) => {
                // Two speakers that record under one name take turns with the numbers.
                let known =
                    runs.iter_mut().rev().find(|known| known.id == Some(run) && known.part + 1 == part);
                match known {
                    Some(known) => {
                        known.files.push(file);
                        known.part = part;
                    }
                    None => {
                        runs.push(RecordedRun { files: vec![file], id: Some(run), part, is_whole: false });
                    }
                }
            }
        }
    }
    Ok(runs)
}

fn read(file: &Path) -> Result<String, CliError> {
    let octets = fs::read(file)
        .map_err(|error| CliError::io(format!("cannot read \"{}\"", file.display()), &error))?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// A file up to the seed that ends a recording's head.
fn read_head(file: &Path) -> Result<String, CliError> {
    let text = read(file)?;
    let end = text.find("\nseed ").and_then(|seed| Some(seed + 1 + text.get(seed + 1..)?.find('\n')?));
    Ok(text.get(..end.map_or(text.len(), |end| end + 1)).unwrap_or_default().to_owned())
}
