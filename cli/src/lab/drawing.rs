//! What a run can be written down as: traces, pictures and captures, each a file of its own.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use holdtime_sim::report;
use holdtime_sim::timeline::Timeline;

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
        [&self.trace, &self.trace_json, &self.html, &self.perfetto, &self.sequence]
            .into_iter()
            .any(Option::is_some)
    }

    /// Writes the files; a picture shows the run `beside` too.
    pub(crate) fn write(&self, timeline: &Timeline, beside: Option<&Timeline>) -> Result<(), CliError> {
        let unwritable = |error: std::io::Error| CliError::input(error.to_string());
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

/// Writes a file.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), CliError> {
    fs::write(path, content)
        .map_err(|error| CliError::io(format!("cannot write \"{}\"", path.display()), &error))
}
