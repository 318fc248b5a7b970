//! `holdtime explore SCENARIO`: one scenario from many seeds; stops at, shrinks and saves what breaks.

use clap::Args;

use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult};

/// The arguments of `holdtime explore`.
#[derive(Debug, Args)]
pub(crate) struct ExploreArgs {
    /// A scenario's name, or the path of a scenario file
    pub(crate) scenario: String,
    /// The seeds, without the last one
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = args::seeds)]
    pub(crate) seeds: std::ops::Range<u64>,
    /// Only on these reactors
    #[arg(long, value_name = "R", value_delimiter = ',')]
    pub(crate) reactor: Vec<String>,
    /// How many threads; without it, as many as there are cores
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<std::num::NonZeroUsize>,
    /// Only every Nth seed, from the Ith on
    #[arg(long, value_name = "I/N", value_parser = args::shard)]
    pub(crate) shard: Option<args::Shard>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(_args: ExploreArgs, _console: &mut Console) -> VerbResult {
    Err(CliError::not_built("explore"))
}
