//! `holdtime explore --swarm`: worlds that nobody wrote, drawn from seeds and played on the shipped reactors with all oracles.

mod bytes;
mod explore_args;
mod hunt;
mod tell;

use std::io::Write;
use std::iter;
use std::sync::Arc;
use std::time::Instant;

use holdtime_sim::explore::{self, Ground, Lineage, Played, ROUND};

use super::crew::Crew;
use super::failing;
use super::findings::{self, FindingsDir};
use super::run;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use crate::progress::Progress;
use explore_args::ExploreAction;
pub(crate) use explore_args::ExploreArgs;
use hunt::Hunt;

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
    let scenario = args.scenario.as_ref().map(|file| run::read_scenario(file)).transpose()?.map(Arc::new);
    let named = scenario.as_ref().map(|scenario| failing::expected(scenario));
    let ground =
        Ground { scenario, reactor: reactor.or(named), strategy: args.strategy, covered: args.guide };
    let mut hunt = Hunt::new(args, ground.clone())?;
    let (seeds, count) = seeds(args);
    let progress = console.progress("worlds", count.unwrap_or_default());
    let crew = Crew::new(args.jobs, args.limit, move |run| ground.play(run));
    let drained = match &args.lineage {
        Some(one) => hunt.drain(&crew, iter::once(one.clone()), &progress),
        None if args.guide => guided(seeds, &crew, &progress, &mut hunt),
        None => hunt.drain(&crew, seeds.map(Lineage::from), &progress),
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
    let exercised = hunt.unexercised().next().is_none();
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
        hunt.drain(crew, runs.into_iter(), progress)?;
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
