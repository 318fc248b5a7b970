//! The arguments of `holdtime explore`.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use holdtime_machine::choices::Strategy;
use holdtime_machine::rng::word_of;
use holdtime_sim::explore::{Ground, Lineage};
use holdtime_sim::scenario::script::format_duration;

use crate::args;

/// The arguments of `holdtime explore`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(group(ArgGroup::new("worlds").args(["scenario", "swarm", "dump", "from_bytes", "to_corpus"]).required(true).multiple(true)))]
pub(crate) struct ExploreArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ExploreAction>,
    /// A scenario file, whose variations are played: other choices, and faults at other times
    #[arg(conflicts_with_all = ["swarm", "dump", "from_bytes", "to_corpus"])]
    pub(crate) scenario: Option<PathBuf>,
    /// Draw whole worlds: topology, workload, behaviours and faults
    #[arg(long)]
    pub(crate) swarm: bool,
    /// The seeds, without the last one
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = args::seeds)]
    pub(crate) seeds: Range<u64>,
    /// As long as this, from the first seed on, instead of to the last one
    #[arg(long = "for", value_name = "TIME", value_parser = args::duration)]
    pub(crate) lasts: Option<Duration>,
    /// Write one folder a distinct reason of failure into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Only on this reactor; without it, each world on the one that it draws
    #[arg(long, value_name = "R")]
    pub(crate) reactor: Option<String>,
    /// How long a run may take in real time; one that takes longer is a finding, and the sweep goes on
    #[arg(long, value_name = "TIME", default_value = "300s", value_parser = args::duration)]
    pub(crate) limit: Duration,
    /// How many threads; without it, as many as there are cores
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Only every Nth seed, from the Ith on
    #[arg(long, value_name = "I/N", value_parser = args::shard)]
    pub(crate) shard: Option<args::Shard>,
    /// Who runs next: uniform, pct (by priorities), or fewest-recently-run
    #[arg(long, value_name = "S", default_value = "uniform", value_parser = strategy)]
    pub(crate) strategy: Strategy,
    /// Play runs that reach something new again, with other draws from that instant on
    #[arg(long)]
    pub(crate) guide: bool,
    /// Only this run of a guided sweep, as its findings name it
    #[arg(long, value_name = "SEED@TIME:SEED", conflicts_with_all = ["seeds", "shard", "lasts", "guide", "dump"])]
    pub(crate) lineage: Option<Lineage>,
    /// Play the world of a fuzzer's octets, which are in this file; with `--out`, make a finding of it in that folder
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "shard", "lasts", "guide", "lineage", "dump", "json"])]
    pub(crate) from_bytes: Option<PathBuf>,
    /// Write the worlds of the seeds into this folder as octets for a fuzzer, one file each, and play nothing else
    #[arg(long, value_name = "DIR", conflicts_with_all = ["shard", "lasts", "guide", "lineage", "dump", "json", "from_bytes", "out", "reactor"])]
    pub(crate) to_corpus: Option<PathBuf>,
    /// Print the world of this seed as a scenario, and play nothing
    #[arg(long, value_name = "SEED", value_parser = args::seed, conflicts_with_all = ["seeds", "jobs", "shard", "json", "out", "lasts"])]
    pub(crate) dump: Option<u64>,
    /// Print one JSON object a line: each alarm, then the sums
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is done with sweeps that are over.
#[derive(Debug, Subcommand)]
pub(crate) enum ExploreAction {
    /// Put the findings of several sweeps into one folder, each reason once
    Merge {
        /// What `--out` was given
        #[arg(required = true)]
        dirs: Vec<PathBuf>,
        /// The folder of all of them
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

impl ExploreArgs {
    /// What is swept, as the command line names it.
    pub(super) fn what(&self) -> String {
        self.scenario.as_ref().map_or_else(|| "--swarm".to_owned(), |file| quoted(file))
    }

    /// The arguments that decide what is found, in one form.
    pub(super) fn canonical(&self, ground: &Ground) -> String {
        let mut text = match &self.lineage {
            Some(lineage) => format!("{} --lineage {lineage}", self.what()),
            None => format!("{} --seeds {}..{}", self.what(), self.seeds.start, self.seeds.end),
        };
        // A file may be another one by now.
        let written = ground.scenario.as_ref().and_then(|scenario| scenario.write().ok());
        written.iter().for_each(|written| text.push_str(&format!(" [{:016x}]", word_of(written))));
        let mut add = |more: String| text.push_str(&more);
        if self.guide {
            add(" --guide".to_owned());
        }
        if self.strategy != Strategy::Uniform {
            add(format!(" --strategy {}", self.strategy.name()));
        }
        self.lasts.iter().for_each(|lasts| add(format!(" --for {}", format_duration(*lasts))));
        self.reactor.iter().for_each(|reactor| add(format!(" --reactor {reactor}")));
        self.shard.iter().for_each(|shard| add(format!(" --shard {}/{}", shard.index, shard.count)));
        text
    }
}

pub(super) fn quoted(path: &Path) -> String {
    args::quoted(&path.display().to_string())
}

fn strategy(name: &str) -> Result<Strategy, String> {
    let names = Strategy::ALL.map(Strategy::name).join(", ");
    Strategy::find(name).ok_or_else(|| format!("expected one of {names}"))
}
