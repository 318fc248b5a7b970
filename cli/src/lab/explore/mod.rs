//! `holdtime explore --swarm`: worlds that nobody wrote, drawn from seeds and played on the shipped reactors with all oracles.

mod bytes;
mod hunt;
mod tell;

use std::io::Write;
use std::iter;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use holdtime_sim::explore::{self, Lineage, Played, ROUND};
use holdtime_sim::scenario::script::format_duration;
use holdtime_sim::subject::SubjectRef;

use super::crew::Crew;
use super::findings::{self, FindingsDir};
use super::run;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use crate::progress::Progress;
use hunt::Hunt;

/// The arguments of `holdtime explore`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ExploreArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ExploreAction>,
    /// Draw whole worlds: topology, workload, behaviours and faults
    #[arg(long, required_unless_present_any = ["dump", "from_bytes", "to_corpus"])]
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
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = args::duration)]
    pub(crate) limit: Duration,
    /// How many threads; without it, as many as there are cores
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Only every Nth seed, from the Ith on
    #[arg(long, value_name = "I/N", value_parser = args::shard)]
    pub(crate) shard: Option<args::Shard>,
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
    /// The arguments that decide what is found, in one form.
    fn canonical(&self) -> String {
        let mut text = match &self.lineage {
            Some(lineage) => format!("--swarm --lineage {lineage}"),
            None => format!("--swarm --seeds {}..{}", self.seeds.start, self.seeds.end),
        };
        let mut add = |more: String| text.push_str(&more);
        if self.guide {
            add(" --guide".to_owned());
        }
        self.lasts.iter().for_each(|lasts| add(format!(" --for {}", format_duration(*lasts))));
        self.reactor.iter().for_each(|reactor| add(format!(" --reactor {reactor}")));
        self.shard.iter().for_each(|shard| add(format!(" --shard {}/{}", shard.index, shard.count)));
        text
    }
}

pub(crate) fn run(args: &ExploreArgs, console: &mut Console) -> VerbResult {
    if let Some(ExploreAction::Merge { dirs, out }) = &args.action {
        return findings::merge(dirs, out, console);
    }
    if let Some(seed) = args.dump {
        let world = explore::world(seed).map_err(|mistake| CliError::input(mistake.to_string()))?;
        let text = world.scenario.write().map_err(|error| CliError::input(error.to_string()))?;
        write!(console, "{text}")?;
        return Ok(VerbStatus::AsExpected);
    }
    if let Some(dir) = &args.to_corpus {
        return bytes::write_corpus(dir, args.seeds.clone());
    }
    interrupt::watch()?;
    let reactor = match &args.reactor {
        Some(name) => run::parse_reactors(std::slice::from_ref(name))?.first().copied(),
        None => None,
    };
    if let Some(file) = &args.from_bytes {
        return bytes::play(file, reactor, args.out.as_deref(), console);
    }
    let mut hunt = Hunt::new(args, reactor)?;
    let (seeds, count) = seeds(args);
    let progress = console.progress("worlds", count.unwrap_or_default());
    let covered = args.guide;
    let crew = Crew::new(args.jobs, args.limit, move |run| explore::play_lineage(run, reactor, covered));
    let drained = match &args.lineage {
        Some(one) => crew.drain(iter::once(one.clone()), &progress, |run, done| hunt.take(run, done)),
        None if args.guide => guided(seeds, &crew, &progress, &mut hunt),
        None => crew.drain(seeds.map(Lineage::from), &progress, |run, done| hunt.take(run, done)),
    };
    progress.finish_and_clear();
    // What was found is counted and told even if the rest could not be.
    let counted = hunt.out.as_ref().map_or(Ok(()), FindingsDir::write_counts);
    let is_whole = drained.is_ok() && count.map_or(!interrupt::is_pressed(), |count| hunt.runs() == count);
    let told = if args.json { tell::json(&hunt, console) } else { tell::text(&hunt, is_whole, console) };
    drained.and(counted).and(told)?;
    if !is_whole {
        let (done, of) = (hunt.runs(), count.map(|count| format!(" of {count}")).unwrap_or_default());
        return Err(CliError::Interrupted(format!("{done}{of} worlds are played")));
    }
    let clean = hunt.sweep.alarms.is_empty() && hunt.endless.is_empty();
    let exercised = hunt.sweep.unexercised().next().is_none();
    Ok(if clean && exercised { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

/// Rounds of a fixed size, so that what is played does not hang on how many threads play it.
fn guided(
    mut seeds: impl Iterator<Item = u64>,
    crew: &Crew<Lineage, Result<Played, String>>,
    progress: &Progress,
    hunt: &mut Hunt,
) -> Result<(), CliError> {
    while !interrupt::is_pressed() {
        let seeds: Vec<u64> = seeds.by_ref().take(ROUND).collect();
        if seeds.is_empty() {
            break;
        }
        let runs = hunt.guide.get_or_insert_default().round(&seeds);
        crew.drain(runs.into_iter(), progress, |run, done| hunt.take(run, done))?;
    }
    Ok(())
}

/// The seeds of this shard, and how many they are where that is known before.
fn seeds(args: &ExploreArgs) -> (impl Iterator<Item = u64> + use<>, Option<u64>) {
    let shard = args.shard.unwrap_or(args::Shard { index: 1, count: 1 });
    let end = args.lasts.map(|lasts| Instant::now() + lasts);
    let range = if end.is_some() { args.seeds.start..u64::MAX } else { args.seeds.clone() };
    let count = range.end.saturating_sub(range.start).saturating_sub(shard.index - 1).div_ceil(shard.count);
    let seeds = range
        .skip(usize::try_from(shard.index - 1).unwrap_or(usize::MAX))
        .step_by(usize::try_from(shard.count).unwrap_or(usize::MAX))
        .take_while(move |_| end.is_none_or(|end| Instant::now() < end));
    let count = if args.lineage.is_some() { 1 } else { count };
    (seeds, args.lasts.is_none().then_some(count))
}

fn quoted(path: &Path) -> String {
    args::quoted(&path.display().to_string())
}

/// The command that plays a world of a sweep again.
fn again(lineage: &Lineage, reactor: SubjectRef) -> String {
    if !lineage.turns.is_empty() {
        return format!("holdtime explore --swarm --lineage {lineage} --reactor {reactor}");
    }
    let (seed, next) = (lineage.seed, lineage.seed.saturating_add(1));
    format!("holdtime explore --swarm --seeds {seed}..{next} --reactor {reactor}")
}
