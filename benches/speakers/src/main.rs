//! Speakers beside each other: holdtime on both reactors, BIRD 2 and ExaBGP 5.0.15, each on loopback with a peer that reads as
//! fast as it can.
//!
//! ```text
//! cargo run --release -p holdtime-speakers -- [--million] [--with-slow] [--only NAME,…]
//! ```
//!
//! Three tables: routes out of a configuration, routes out of an API program, and computing while 100 sessions idle. A speaker
//! that is not installed is named and passed over; ExaBGP is installed into `target/`, if Python is there.

mod contender;
mod idle;
mod note;
mod program;
mod receiver;
mod routes;
mod table;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use contender::Contender;
use note::note;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Routes in a configuration, and lines of an API program, if nothing else is asked for.
const ROUTES: u32 = 100_000;
/// Lines for a speaker that takes minutes for all of them.
const SLOW_LINES: u32 = 5_000;

/// How often each is measured; the best round counts…
const ROUNDS: u32 = 3;
/// …but what takes longer than this is measured once.
const LONG: Duration = Duration::from_secs(10);

/// holdtime beside BIRD and ExaBGP: routes out of a configuration and an API, memory, idling.
#[derive(Debug, Parser)]
struct Options {
    /// A million routes out of a configuration too, holdtime only
    #[arg(long)]
    million: bool,
    /// All 100,000 API lines for ExaBGP too: two minutes, instead of 5,000 lines
    #[arg(long)]
    with_slow: bool,
    /// Only these: poll, async, bird, exabgp
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Where ExaBGP is installed, or to be installed
    #[arg(long, value_name = "DIR")]
    exabgp: Option<PathBuf>,
    /// The API program: writes N routes and waits for as many answers
    #[arg(long, hide = true, num_args = 2, value_names = ["N", "FOLDER"])]
    program: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match options.program.as_slice() {
        [lines, folder] => program::run(lines, folder.as_ref()),
        _ => compare(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> io::Result<()> {
    let contenders = contender::all(&options.only, options.exabgp.as_deref())?;
    let folder = std::env::temp_dir().join(format!("holdtime-speakers-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    clean_up_on_interrupt(folder.clone())?;
    let measured = tables(options, &contenders, &folder);
    fs::remove_dir_all(&folder)?;
    measured
}

/// Whoever is told to stop leaves neither a process nor a folder behind.
fn clean_up_on_interrupt(folder: PathBuf) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            note("interrupted: ending the speakers");
            contender::end_all_and_exit(128 + signal, || drop(fs::remove_dir_all(&folder)));
        }
    });
    Ok(())
}

fn tables(options: &Options, contenders: &[Contender], folder: &Path) -> io::Result<()> {
    let mut rows = Vec::new();
    for contender in contenders {
        note(&format!("measuring {}: {ROUTES} routes from a configuration", contender.name()));
        rows.extend(from_configuration(contender, ROUTES, folder));
    }
    if options.million {
        for contender in contenders.iter().filter(|one| one.is_ours() && !one.rests()) {
            note(&format!("measuring {}: {} routes from a configuration", contender.name(), 10 * ROUTES));
            rows.extend(from_configuration(contender, 10 * ROUTES, folder));
        }
    }
    print(&table::of_configurations(&rows))?;
    let mut rows = Vec::new();
    for contender in contenders.iter().filter(|contender| contender.has_api() && !contender.rests()) {
        let lines = if contender.is_ours() || options.with_slow { ROUTES } else { SLOW_LINES };
        note(&format!("measuring {}: {lines} routes from a program", contender.name()));
        let measure = || routes::from_program(contender, lines, folder);
        rows.extend(told(contender, best(measure, routes::FromProgram::took)));
    }
    print(&table::of_programs(&rows))?;
    let mut rows = Vec::new();
    for contender in contenders.iter().filter(|contender| !contender.rests()) {
        for hold_time in [9, 180] {
            note(&format!("measuring {}: 100 idle sessions, hold time {hold_time} s", contender.name()));
            rows.extend(told(contender, idle::measure(contender, hold_time, folder)));
        }
    }
    print(&table::of_idling(&rows))
}

fn from_configuration(
    contender: &Contender,
    routes: u32,
    folder: &Path,
) -> Option<routes::FromConfiguration> {
    let measure = || routes::from_configuration(contender, routes, folder);
    told(contender, best(measure, routes::FromConfiguration::took))
}

/// The best of some rounds; of one, where that takes long.
fn best<T>(mut measure: impl FnMut() -> io::Result<T>, took: impl Fn(&T) -> Duration) -> io::Result<T> {
    let mut best = measure()?;
    for _ in 1..ROUNDS {
        if took(&best) > LONG {
            break;
        }
        let again = measure()?;
        if took(&again) < took(&best) {
            best = again;
        }
    }
    Ok(best)
}

/// A measurement, or a word on why there is none.
fn told<T>(contender: &Contender, measured: io::Result<T>) -> Option<T> {
    match measured {
        Ok(row) => Some(row),
        Err(error) => {
            note(&format!("{}: not measured: {error}", contender.name()));
            None
        }
    }
}

fn print(table: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{table}")
}
