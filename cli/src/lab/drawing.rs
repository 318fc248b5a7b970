//! What a run can be written down as: traces, pictures and captures, each a file of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use holdtime_sim::report;
use holdtime_sim::timeline::Timeline;
use rustix::fs::{Access, access};

use crate::error::CliError;

/// Where a run's log is written to, and as what.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DrawingArgs {
    /// Write the trace to this file, one event a line
    #[arg(long, value_name = "F")]
    pub(crate) trace: Option<PathBuf>,
    /// Write the trace to this file as JSON, one event a line
    #[arg(long, value_name = "F")]
    pub(crate) trace_json: Option<PathBuf>,
    /// Draw a picture into this file: one page, which any browser opens; of several probes it is their table
    #[arg(long, value_name = "F")]
    pub(crate) html: Option<PathBuf>,
    /// Write the trace to this file as Chrome's trace events, which Perfetto opens
    #[arg(long, value_name = "F")]
    pub(crate) perfetto: Option<PathBuf>,
    /// Write the messages to this file as a sequence diagram in Mermaid's language
    #[arg(long, value_name = "F")]
    pub(crate) sequence: Option<PathBuf>,
}

impl DrawingArgs {
    /// Whether anything of it is wanted.
    pub(crate) fn any(&self) -> bool {
        self.files().next().is_some()
    }

    /// The files that are wanted, each behind its option.
    fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let all = [
            ("--trace", &self.trace),
            ("--trace-json", &self.trace_json),
            ("--html", &self.html),
            ("--perfetto", &self.perfetto),
            ("--sequence", &self.sequence),
        ];
        all.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?)))
    }

    /// Before anything is played: whether each file, and that of a capture, can be written, is named once, and is nothing that is read.
    ///
    /// # Errors
    /// The first that is not so.
    pub(crate) fn check(&self, read: &Path, capture: Option<&Path>) -> Result<(), CliError> {
        let (read, stdout) = (fs::canonicalize(read).ok(), fs::canonicalize("/dev/stdout").ok());
        let mut known: Vec<(&str, PathBuf)> = Vec::new();
        for (option, path) in self.files().chain(capture.map(|path| ("--pcap", path))) {
            is_writable(option, path)?;
            let Some(place) = place(path) else { continue };
            let shown = path.display();
            if read.as_ref() == Some(&place) {
                return Err(CliError::input(format!(
                    "{option} would be written over \"{shown}\", which is read"
                )));
            }
            if stdout.as_ref() == Some(&place) {
                return Err(CliError::input(format!("{option}: \"{shown}\" is where the report goes")));
            }
            if let Some((other, _)) = known.iter().find(|(_, known)| *known == place) {
                return Err(CliError::input(format!("{other} and {option} are the same file, \"{shown}\"")));
            }
            known.push((option, place));
        }
        Ok(())
    }

    /// Writes the files; a picture shows the run `beside` too.
    pub(crate) fn write(&self, timeline: &Timeline, beside: Option<&Timeline>) -> Result<(), CliError> {
        let unwritable = |error: io::Error| CliError::input(error.to_string());
        if let Some(path) = &self.trace {
            write(path, report::trace::text(timeline).as_bytes())?;
        }
        if let Some(path) = &self.trace_json {
            let lines = report::trace_json::lines(timeline).map_err(|error| unwritable(error.into()))?;
            write(path, lines.as_bytes())?;
        }
        if let Some(path) = &self.html {
            let page = report::html::page(timeline, beside).map_err(unwritable)?;
            write(path, page.as_bytes())?;
        }
        if let Some(path) = &self.perfetto {
            write(path, report::perfetto::file(timeline).to_string().as_bytes())?;
        }
        if let Some(path) = &self.sequence {
            write(path, report::sequence::diagram(timeline).as_bytes())?;
        }
        Ok(())
    }
}

/// Whether a file can be made there or, if it is there, be written.
fn is_writable(option: &str, path: &Path) -> Result<(), CliError> {
    if path.as_os_str() == "-" {
        let why = "\"-\" names no file: /dev/stdout is the standard output, ./- a file that is called so";
        return Err(CliError::input(format!("{option}: {why}")));
    }
    let cannot = |error: &io::Error| CliError::io(format!("cannot write \"{}\"", path.display()), error);
    if path.is_dir() {
        return Err(cannot(&io::ErrorKind::IsADirectory.into()));
    }
    let asked = if path.exists() { path } else { folder(path) };
    access(asked, Access::WRITE_OK).map_err(|error| cannot(&error.into()))
}

/// Where a file is, whatever it is called; `None`: it is no file, such as a terminal.
fn place(path: &Path) -> Option<PathBuf> {
    if path.exists() {
        return path.is_file().then(|| fs::canonicalize(path).ok())?;
    }
    Some(fs::canonicalize(folder(path)).ok()?.join(path.file_name()?))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), CliError> {
    fs::write(path, content)
        .map_err(|error| CliError::io(format!("cannot write \"{}\"", path.display()), &error))
}
