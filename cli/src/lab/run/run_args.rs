//! The arguments of `holdtime run`.

use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use holdtime_sim::subject::SubjectRef;

use crate::args;
use crate::lab::drawing::DrawingArgs;

/// The scenario of the report that started this project.
const REPORT: &str = "silent-peer";

/// The arguments of `holdtime run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A scenario's name, a case's, or the path of a scenario file
    pub(crate) scenario: Option<String>,
    /// Only on these reactors; without it, on those the scenario names
    #[arg(long, value_name = "R", value_delimiter = ',')]
    pub(crate) reactor: Vec<String>,
    /// The seed, decimal or hexadecimal after 0x
    #[arg(long, value_name = "N", value_parser = args::seed)]
    pub(crate) seed: Option<u64>,
    /// All these seeds, without the last one: a line for each reactor, and the first run that was not as expected
    #[arg(long, value_name = "A..B", value_parser = args::seeds, conflicts_with_all = ["seed", "trace", "trace_json", "html", "perfetto", "sequence", "pcap"])]
    pub(crate) seeds: Option<Range<u64>>,
    /// Run each seed twice and compare the traces' hashes
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) drawing: DrawingArgs,
    /// Draw this run beside it: on another reactor, or from another seed
    #[arg(long, value_name = "R|N", requires = "html")]
    pub(crate) beside: Option<String>,
    /// Write what the network carried to this file, with comments on what went wrong
    #[arg(long, value_name = "F")]
    pub(crate) pcap: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl RunArgs {
    pub(super) fn name(&self) -> &str {
        self.scenario.as_deref().unwrap_or(REPORT)
    }

    /// The command that shows a run again.
    pub(super) fn again(&self, reactor: SubjectRef, seed: u64) -> String {
        let check = if self.check { " --check" } else { "" };
        format!("holdtime run {} --reactor {reactor} --seed {seed}{check}", args::quoted(self.name()))
    }

    /// Whether a file is to be made of one run: of poll where no reactor is named.
    pub(super) fn is_recorded(&self) -> bool {
        self.drawing.any() || self.pcap.is_some()
    }
}
