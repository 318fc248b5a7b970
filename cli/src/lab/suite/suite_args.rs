//! The arguments of `holdtime suite`.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use holdtime_sim::subject::SubjectRef;
use holdtime_sim::suite::CaseResult;

use super::folder;
use crate::args;

/// The arguments of `holdtime suite`.
#[derive(Debug, Args)]
pub(crate) struct SuiteArgs {
    /// A folder of cases; without it, the project's own
    pub(crate) dir: Option<PathBuf>,
    /// Only on these reactors
    #[arg(long, value_name = "R", value_delimiter = ',')]
    pub(crate) reactor: Vec<String>,
    /// Over real TCP with real programs, instead of in the lab
    #[arg(long)]
    pub(crate) live: bool,
    /// Live: play the cases with another speaker, started as `COMMAND CONFIGURATION…`, such as "exabgp server"
    #[arg(long, value_name = "COMMAND", requires = "live", conflicts_with = "reactor")]
    pub(crate) against: Option<String>,
    /// Only these cases
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// The seed of the lab's runs, and of what is drawn live, decimal or hexadecimal after 0x
    #[arg(long, value_name = "N", default_value = "0", value_parser = args::seed)]
    pub(crate) seed: u64,
    /// In the lab: all these seeds, without the last one, and each twice; on the shipped reactors unless others are named
    #[arg(long, value_name = "A..B", value_parser = args::seeds, conflicts_with_all = ["seed", "live", "junit"])]
    pub(crate) seeds: Option<Range<u64>>,
    /// Live: the checking peer writes each message by itself, and each up to so long after the one before it, such as 5ms; the
    /// seed draws how long
    #[arg(long, value_name = "TIME", value_parser = args::duration, requires = "live")]
    pub(crate) spread: Option<Duration>,
    /// In the lab: run programs that are no dialogues as real processes, whose time, sleeping, polling and pipes are the lab's;
    /// Linux on x86-64
    #[arg(long, conflicts_with = "live")]
    pub(crate) real_programs: bool,
    /// Where the programs of the configurations' `run/` folder are
    #[arg(long, value_name = "DIR")]
    pub(crate) programs: Option<PathBuf>,
    /// How many cases at a time; 8 live, and in the lab as many as there are cores
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Draw every run that does not pass, as a page each in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "seeds")]
    pub(crate) html: Option<PathBuf>,
    /// Write the results to this file as JUnit XML
    #[arg(long, value_name = "F")]
    pub(crate) junit: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl SuiteArgs {
    /// Who is checked: the other speaker's program, or the reactor.
    pub(super) fn checked(&self, reactor: SubjectRef) -> String {
        let program = self.against.as_ref().and_then(|command| command.split_whitespace().next());
        program.map_or_else(|| reactor.to_string(), |program| folder::file_name(program).to_owned())
    }

    /// The command that shows a result again; `how` is its mode or seed.
    pub(super) fn again(&self, how: &str, result: &CaseResult) -> String {
        let dir = self.dir.as_ref().map(|dir| format!(" {}", args::quoted(&dir.to_string_lossy())));
        let dir = dir.unwrap_or_default();
        let real = if self.real_programs { " --real-programs" } else { "" };
        let who = match &self.against {
            Some(command) => format!("--against \"{command}\""),
            None => format!("--reactor {}", result.reactor),
        };
        format!("holdtime suite{dir}{real} {how} {who} --only {}", result.case.name)
    }
}
