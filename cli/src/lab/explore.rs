//! `holdtime explore --swarm`: worlds that nobody wrote, drawn from seeds and played on the shipped reactors with all oracles.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::Range;

use clap::Args;
use holdtime_sim::explore::{self, Counted, Played, Sweep};
use holdtime_sim::report::{self, Paint};
use serde_json::json;

use super::parallel::Pool;
use super::run;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;

/// The arguments of `holdtime explore`.
#[derive(Debug, Args)]
pub(crate) struct ExploreArgs {
    /// Draw whole worlds: topology, workload, behaviours and faults
    #[arg(long, required_unless_present = "dump")]
    pub(crate) swarm: bool,
    /// The seeds, without the last one
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = args::seeds)]
    pub(crate) seeds: Range<u64>,
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
    #[arg(long, value_name = "SEED", value_parser = args::seed, conflicts_with_all = ["seeds", "jobs", "shard", "json"])]
    pub(crate) dump: Option<u64>,
    /// Print one JSON object a line: each alarm, then the sums
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &ExploreArgs, console: &mut Console) -> VerbResult {
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
    let shard = args.shard.unwrap_or(args::Shard { index: 1, count: 1 });
    let seeds = args
        .seeds
        .clone()
        .skip(usize::try_from(shard.index - 1).unwrap_or(usize::MAX))
        .step_by(usize::try_from(shard.count).unwrap_or(usize::MAX));
    let range = args.seeds.end.saturating_sub(args.seeds.start);
    let count = range.saturating_sub(shard.index - 1).div_ceil(shard.count);
    let progress = console.progress("worlds", count);
    let mut sweep = Sweep::default();
    let pool = Pool::new(args.jobs.map_or(0, NonZeroUsize::get))?;
    pool.drain(
        seeds,
        &progress,
        |seed| explore::play(*seed, reactor),
        |_, played| {
            sweep.add(played.map_err(CliError::input)?);
            Ok(())
        },
    )?;
    progress.finish_and_clear();
    if args.json {
        tell_json(&sweep, console)?;
    } else {
        tell(&sweep, console)?;
    }
    if sweep.runs < count {
        return Err(CliError::Interrupted(format!("{} of {count} worlds are played", sweep.runs)));
    }
    Ok(if sweep.alarms.is_empty() { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

/// The command that plays a world of a sweep again.
fn again(played: &Played) -> String {
    let Played { seed, reactor, .. } = played;
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
        writeln!(console, "{:<10} {}", alarm.outcome.verdict.code(), again(alarm))?;
    }
    let explanation = report::explanation(first.reactor, &first.outcome, &again(first), &paint);
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
            "again": again(alarm),
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
