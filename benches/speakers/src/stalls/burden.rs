//! The great burden: many neighbors, many routes each, announced, cleared and reloaded, while somebody else goes on.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::daemon::BenchDaemon;
use super::scene::{Measured, Stage, StageOrder};
use super::table::{percentiles, quantile};
use crate::note::note;
use crate::wire::BenchPrefix;

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long it is quiet, for comparison, and after each step.
const QUIET: Duration = Duration::from_secs(10);
const AFTER: Duration = Duration::from_secs(3);

/// What a healthy program may wait for an answer in 99 of 100 cases: so long, or so often what it waits when it is quiet.
const BOUND: Duration = Duration::from_millis(30);
const TIMES: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Quiet,
    Announce,
    Clear,
    /// Reads a configuration in which every neighbor has the routes.
    Load,
    /// Reads one in which nobody has any.
    Unload,
}

/// Measures the speakers that programs drive and that are ours: the others are not made for it.
pub(super) fn run(
    daemons: &[BenchDaemon],
    neighbors: usize,
    routes: u32,
    hold_time: u16,
    folder: &Path,
) -> io::Result<()> {
    let interval = Duration::from_secs(u64::from(hold_time)) / 3;
    let mut out = io::stdout();
    writeln!(
        out,
        "{neighbors} neighbors x {routes} routes, hold time {hold_time} s: silence at most {:.2} s, a program's 99th percentile at most {} ms or {TIMES} x its quiet one\n\
         {:<15}{:<10}{:>7}{:>10}{:>24}{:>24}{:>6}{:>9}{:>7}{:>8}",
        interval.as_secs_f64() * 1.1,
        BOUND.as_millis(),
        "",
        "",
        "took s",
        "silence s",
        "answer ms",
        "on the wire ms",
        "lost",
        "own lag",
        "load",
        "MB"
    )?;
    for daemon in daemons.iter().filter(|daemon| daemon.is_ours()) {
        let mut stage = Stage::set(daemon, (neighbors, 0), hold_time, folder)?;
        // A program that has nothing to do with the burden speaks to one neighbor.
        stage.watch_only(neighbors - 1);
        let mut quiet = Duration::ZERO;
        for step in [Step::Quiet, Step::Announce, Step::Clear, Step::Load, Step::Unload] {
            note(&format!("measuring {}: {step:?}", daemon.name));
            let (took, measured) = play(step, daemon, &mut stage, (neighbors, routes), folder)?;
            let mut answers = measured.answers.clone();
            answers.sort_unstable();
            let usual = quantile(&answers, 0.99).unwrap_or_default();
            if step == Step::Quiet {
                quiet = usual;
            }
            let silent = measured.gaps.any > interval.mul_f64(1.1) || measured.lost > 0;
            let slow = usual > BOUND.max(quiet * TIMES);
            writeln!(
                out,
                "{:<15}{:<10}{:>7.2}{:>10.2}{:>24}{:>24}{:>6}{:>9.0}{:>7.2}{:>8}{}{}",
                daemon.name,
                format!("{step:?}").to_lowercase(),
                took.as_secs_f64(),
                measured.gaps.any.as_secs_f64(),
                percentiles(&measured.answers),
                percentiles(&measured.wire),
                measured.lost,
                measured.lag.as_secs_f64() * 1e3,
                measured.load,
                stage.running.memory() / 1024,
                if silent { "  TOO SILENT" } else { "" },
                if slow { "  TOO SLOW" } else { "" },
            )?;
        }
    }
    Ok(())
}

fn play(
    step: Step,
    daemon: &BenchDaemon,
    stage: &mut Stage,
    (neighbors, routes): (usize, u32),
    folder: &Path,
) -> io::Result<(Duration, Measured)> {
    let heard = |stage: &Stage| stage.field.peers.iter().map(|peer| peer.routes).sum::<u64>();
    let all =
        if matches!(step, Step::Announce | Step::Load) { neighbors as u64 * u64::from(routes) } else { 0 };
    let due = heard(stage) + all;
    if step == Step::Load {
        stage.scenery.routes = configured(routes);
    } else {
        stage.scenery.routes.clear();
    }
    daemon.configure(&stage.scenery, folder)?;
    stage.begin();
    let begun = Instant::now();
    let mut took = QUIET;
    match step {
        Step::Quiet => stage.probe(QUIET, |_| ())?,
        Step::Announce => {
            for n in 0..routes {
                say(stage, &format!("announce route {} next-hop 10.0.0.1", prefix(n)));
            }
        }
        Step::Clear => say(stage, "clear adj-rib out"),
        Step::Load | Step::Unload => say(stage, "reload"),
    }
    if step != Step::Quiet {
        if !stage.probe_until(PATIENCE, |stage| stage.pending_burden == 0 && heard(stage) >= due)? {
            return Err(io::Error::other(format!("{step:?} was not done in {} s", PATIENCE.as_secs())));
        }
        took = begun.elapsed();
        stage.probe(AFTER, |_| ())?;
    }
    if stage.refused > 0 {
        return Err(io::Error::other(format!("{} commands were refused", stage.refused)));
    }
    Ok((took, stage.measured()?))
}

fn say(stage: &mut Stage, line: &str) {
    stage.pending_burden += 1;
    if let Some(program) = stage.field.programs.get_mut(1) {
        program.say(Instant::now(), line, StageOrder::Burden);
    }
}

fn prefix(n: u32) -> BenchPrefix {
    BenchPrefix { address: (100 << 24) + (n << 8), length: 24 }
}

/// Others than those that were announced: nothing of them is known.
fn configured(routes: u32) -> String {
    let mut text = String::new();
    for n in 0..routes {
        let prefix = BenchPrefix { address: (101 << 24) + (n << 8), length: 24 };
        // A String takes whatever is written to it.
        let _ = writeln!(text, "route {prefix} next-hop 10.0.0.1;");
    }
    text
}
