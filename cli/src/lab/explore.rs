//! `holdtime explore --swarm`: worlds that nobody wrote, drawn from seeds and played on the shipped reactors with all oracles.

use std::any::Any;
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use holdtime_sim::explore::{self, Counted, Played, Sweep};
use holdtime_sim::finding::{self, Finding};
use holdtime_sim::report::{self, Paint};
use holdtime_sim::scenario::script::format_duration;
use holdtime_sim::subject::SubjectRef;
use serde_json::json;

use super::findings::{self, FindingsDir};
use super::parallel::Pool;
use super::run;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;

/// The arguments of `holdtime explore`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ExploreArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ExploreAction>,
    /// Draw whole worlds: topology, workload, behaviours and faults
    #[arg(long, required_unless_present = "dump")]
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
    /// How many threads; without it, as many as there are cores
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Only every Nth seed, from the Ith on
    #[arg(long, value_name = "I/N", value_parser = args::shard)]
    pub(crate) shard: Option<args::Shard>,
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
        let mut text = format!("--swarm --seeds {}..{}", self.seeds.start, self.seeds.end);
        let mut add = |more: String| text.push_str(&more);
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
    interrupt::watch()?;
    let reactor = match &args.reactor {
        Some(name) => run::parse_reactors(std::slice::from_ref(name))?.first().copied(),
        None => None,
    };
    let mut hunt = Hunt::new(args, reactor)?;
    let (seeds, count) = seeds(args);
    let progress = console.progress("worlds", count.unwrap_or_default());
    let pool = Pool::new(args.jobs.map_or(0, NonZeroUsize::get))?;
    let drained = pool.drain(
        seeds,
        &progress,
        |seed| {
            catch_unwind(AssertUnwindSafe(|| explore::play(*seed, reactor)))
                .map_err(|payload| panic_message(payload.as_ref()))
        },
        |seed, played| hunt.take(*seed, played),
    );
    progress.finish_and_clear();
    // What was found is counted and told even if the rest could not be.
    let Hunt { sweep, out, panics, .. } = hunt;
    let counted = out.as_ref().map_or(Ok(()), FindingsDir::write_counts);
    if args.json {
        tell_json(&sweep, console)?;
    } else {
        tell(&sweep, console)?;
    }
    for (seed, message) in &panics {
        writeln!(console, "panicked at seed {seed}: {}", message.lines().next().unwrap_or_default())?;
    }
    if let Some(out) = out.as_ref().filter(|_| !args.json) {
        for (name, runs) in out.sums() {
            writeln!(console, "{runs:>6} runs  {name}  holdtime replay {}", quoted(&out.folder(name)))?;
        }
    }
    drained.and(counted)?;
    let done = sweep.runs + panics.len() as u64;
    if count.map_or_else(interrupt::is_pressed, |count| done < count) {
        let of = count.map(|count| format!(" of {count}")).unwrap_or_default();
        return Err(CliError::Interrupted(format!("{done}{of} worlds are played")));
    }
    let clean = sweep.alarms.is_empty() && panics.is_empty();
    Ok(if clean { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
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
    (seeds, args.lasts.is_none().then_some(count))
}

/// What was found so far, and where it is written to.
struct Hunt {
    arguments: String,
    reactor: Option<SubjectRef>,
    sweep: Sweep,
    /// Seeds at which this program panicked, and what it said.
    panics: Vec<(u64, String)>,
    out: Option<FindingsDir>,
}

impl Hunt {
    fn new(args: &ExploreArgs, reactor: Option<SubjectRef>) -> Result<Self, CliError> {
        let arguments = args.canonical();
        let out = args.out.as_deref().map(|path| FindingsDir::open(path, &arguments)).transpose()?;
        Ok(Self { arguments, reactor, sweep: Sweep::default(), panics: Vec::new(), out })
    }

    /// Takes in what came of a seed; the first of its key is written at once.
    fn take(&mut self, seed: u64, played: Result<Result<Played, String>, String>) -> Result<(), CliError> {
        match played {
            Ok(played) => {
                let played = played.map_err(CliError::input)?;
                if let Some(key) = played.outcome.verdict.key() {
                    let name = finding::folder_name(played.outcome.verdict.code(), key.as_str());
                    self.note(seed, &name, None)?;
                }
                self.sweep.add(played);
            }
            Err(message) => {
                let name = finding::folder_name(finding::PANICKED, &finding::panic_key(&message));
                self.note(seed, &name, Some(&message))?;
                self.panics.push((seed, message));
            }
        }
        Ok(())
    }

    fn note(&mut self, seed: u64, name: &str, panic: Option<&str>) -> Result<(), CliError> {
        let Some(out) = &mut self.out else { return Ok(()) };
        if !out.has_counted(name, &self.arguments) {
            let world = explore::world(seed).map_err(|mistake| CliError::input(mistake.to_string()))?;
            let reactor = self.reactor.unwrap_or_else(|| explore::drawn_reactor(&world));
            let command = again(seed, reactor);
            let by = (findings::BUILD, command.as_str());
            let files = match panic {
                Some(message) => findings::owned(
                    Finding::of_panic(&world, reactor, seed, by, message).map_err(CliError::input)?,
                ),
                None => {
                    let (outcome, files) =
                        Finding::of_world(&world, reactor, seed, by).map_err(CliError::input)?;
                    let mut files = findings::owned(files);
                    let json = format!("{}\n", report::json::details(&outcome));
                    files.push(("certificate.json".to_owned(), json.into_bytes()));
                    files
                }
            };
            out.put(name, &files)?;
        }
        out.count(name, &self.arguments);
        Ok(())
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a message".to_owned())
}

fn quoted(path: &Path) -> String {
    args::quoted(&path.display().to_string())
}

/// The command that plays a world of a sweep again.
fn again(seed: u64, reactor: SubjectRef) -> String {
    let next = seed.saturating_add(1);
    format!("holdtime explore --swarm --seeds {seed}..{next} --reactor {reactor}")
}

/// The census, the sums, a line for each alarm, and the first alarm in full: the last line is the command that shows it again.
fn tell(sweep: &Sweep, console: &mut Console) -> Result<(), CliError> {
    let paint = console.paint();
    tell_census(sweep, console)?;
    let Sweep { runs, hash, alarms, .. } = sweep;
    let seconds = sweep.virtual_time.as_secs_f64() / (*runs).max(1) as f64;
    let steps = sweep.steps / (*runs).max(1);
    writeln!(
        console,
        "\n{runs} worlds, {seconds:.0} virtual seconds and {steps} steps each in the mean  [{hash:016x}]"
    )?;
    let Some(first) = alarms.first() else {
        let once_in = sweep.at_least_once_in();
        let line = format!("no alarm: with 99 % certainty fewer than one in {once_in:.0} worlds");
        writeln!(console, "{}", paint.good(&line))?;
        return Ok(());
    };
    let once_in = *runs as f64 / alarms.len() as f64;
    let line = format!("{} alarms, one in {once_in:.1} worlds", alarms.len());
    writeln!(console, "{}", paint.bad(&line))?;
    for alarm in alarms {
        writeln!(console, "{:<10} {}", alarm.outcome.verdict.code(), again(alarm.seed, alarm.reactor))?;
    }
    let explanation =
        report::explanation(first.reactor, &first.outcome, &again(first.seed, first.reactor), &paint);
    write!(console, "{explanation}")?;
    Ok(())
}

/// What took effect, and how often.
fn tell_census(sweep: &Sweep, console: &mut Console) -> Result<(), CliError> {
    let mut group = "";
    for counted in Counted::all() {
        if counted.group() != group {
            group = counted.group();
            writeln!(console, "{group}")?;
        }
        let count = sweep.census.of(counted);
        let note = if count == 0 { "  not exercised" } else { "" };
        writeln!(console, "  {:<24} {count:>12}{note}", counted.name())?;
    }
    Ok(())
}

fn tell_json(sweep: &Sweep, console: &mut Console) -> Result<(), CliError> {
    for alarm in &sweep.alarms {
        let mut object = json!({
            "seed": alarm.seed,
            "reactor": alarm.reactor.name(),
            "verdict": alarm.outcome.verdict.code(),
            "at": alarm.outcome.at.as_nanos(),
            "again": again(alarm.seed, alarm.reactor),
        });
        report::json::extend(&mut object, report::json::details(&alarm.outcome));
        writeln!(console, "{object}")?;
    }
    let census: Vec<_> = Counted::all()
        .map(|counted| json!({ "kind": counted.group(), "name": counted.name(), "count": sweep.census.of(counted) }))
        .collect();
    let sums = json!({
        "runs": sweep.runs,
        "alarms": sweep.alarms.len(),
        "hash": format!("{:016x}", sweep.hash),
        "steps": sweep.steps,
        "virtual-seconds": sweep.virtual_time.as_secs(),
        "census": census,
    });
    writeln!(console, "{sums}")?;
    Ok(())
}
