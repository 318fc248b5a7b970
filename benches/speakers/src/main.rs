//! Speakers beside each other: holdtime on both reactors, BIRD 2 and ExaBGP 5.0.15, each on loopback with a peer that reads as
//! fast as it can.
//!
//! ```text
//! cargo run --release -p holdtime-speakers -- [--million] [--with-slow] [--only NAME,…]
//! cargo run --release -p holdtime-speakers -- --stalls [--peers 30 --stalled 10] [--burden 400x30000 --hold-time 90]
//! cargo run --release -p holdtime-speakers -- --soak [--for 1h] [--seed N] [--only poll]
//! cargo run --release -p holdtime-speakers -- --memory [--small] [--only poll|async]
//! ```
//!
//! Three tables: routes out of a configuration, routes out of an API program, and computing while 100 sessions idle. A speaker
//! that is not installed is named and passed over; ExaBGP is installed into `target/`, if Python is there.
//! Stalls ([`stalls`](mod@stalls)) have FRR, GoBGP and OpenBGPD too. A soak ([`soak`](mod@soak)) has holdtime alone, among peers and programs that fail.

mod bridge;
mod contender;
mod field;
mod idle;
mod link;
mod memory;
mod note;
mod peer;
mod program;
mod receiver;
mod routes;
mod sharing;
mod soak;
mod stalls;
mod table;
mod wire;

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;

use contender::Contender;
use note::note;
use sharing::SharingForm;
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
    /// Only these: poll, async, bird, exabgp; among stalls frr, gobgp, openbgpd too
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Where ExaBGP is installed, or to be installed
    #[arg(long, value_name = "DIR")]
    exabgp: Option<PathBuf>,
    /// What the healthy feel of stalled peers and of programs that are deaf or flood, instead of the tables
    #[arg(long, conflicts_with = "soak")]
    stalls: bool,
    /// How many peers there are among stalls
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = peers)]
    peers: usize,
    /// How many of them stall
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = peers)]
    stalled: usize,
    /// Among stalls: so many neighbors with so many routes each, announced, cleared and reloaded, holdtime only
    #[arg(long, value_name = "NEIGHBORSxROUTES", value_parser = burden)]
    burden: Option<(usize, u32)>,
    /// Keep a speaker busy with faults and look whether its tables are right: for how long, and no comparison
    #[arg(long)]
    soak: bool,
    /// How long to soak: 90s, 30m, 1h
    #[arg(long = "for", value_name = "TIME", default_value = "5m", value_parser = time)]
    lasts: Duration,
    /// What the soak's faults are drawn from; another one every time, if it is not given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How long a round of the soak's faults lasts
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    round: Duration,
    /// End the soak after so many rounds, however long they take
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// The hold time of the sessions in a soak and among stalls, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 9, value_parser = clap::value_parser!(u16).range(3..))]
    hold_time: u16,
    /// End the speaker and start it again every N rounds of the soak; 0: never
    #[arg(long, value_name = "N", default_value_t = 40)]
    restart_every: u32,
    /// The holdtime binary, if not one that is built now
    #[arg(long, value_name = "FILE")]
    holdtime: Option<PathBuf>,
    /// An API program that passes on what goes through a socket
    #[arg(long, hide = true, value_name = "SOCKET")]
    bridge: Option<PathBuf>,
    /// Only memory, resident and at its peak: a million routes to 10 neighbors, 20,000 to 204, a million to one
    #[arg(long)]
    memory: bool,
    /// The same with a hundredth of the routes: a try in a few minutes
    #[arg(long, requires = "memory")]
    small: bool,
    /// The API program: writes N routes and waits for as many answers
    #[arg(long, hide = true, num_args = 2..=3, value_names = ["N", "FOLDER", "FORM"])]
    program: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match (options.program.as_slice(), &options.bridge) {
        ([lines, folder], _) => {
            program::run(lines, folder.as_ref(), SharingForm::All).map(|()| ExitCode::SUCCESS)
        }
        ([lines, folder, _], _) => {
            program::run(lines, folder.as_ref(), SharingForm::Ten).map(|()| ExitCode::SUCCESS)
        }
        (_, Some(socket)) => bridge::run(socket).map(|()| ExitCode::SUCCESS),
        _ if options.soak => soak(&options),
        _ if options.stalls && options.stalled + 2 > options.peers => {
            Err(io::Error::other("of the peers two at least must be healthy"))
        }
        _ => compare(&options).map(|()| ExitCode::SUCCESS),
    };
    match outcome {
        Ok(status) => status,
        Err(error) => {
            note(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("holdtime-speakers-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    clean_up_on_interrupt(folder.clone())?;
    let measured = if options.stalls {
        let Options { peers, stalled, hold_time, burden, .. } = *options;
        let (only, exabgp) = (options.only.clone(), options.exabgp.clone());
        let holdtime = options.holdtime.clone();
        let stalls = stalls::StallOptions { only, holdtime, exabgp, peers, stalled, hold_time, burden };
        stalls::run(&stalls, &folder.join("stalls"))
    } else if options.memory {
        measure_memory(options, &folder)
    } else {
        contender::all(&options.only, options.exabgp.as_deref())
            .and_then(|contenders| tables(options, &contenders, &folder))
    };
    fs::remove_dir_all(&folder)?;
    measured
}

/// Soaks on every reactor that is asked for, at once.
fn soak(options: &Options) -> io::Result<ExitCode> {
    let binary = contender::binary(options.holdtime.as_deref())?;
    let seed = options.seed.unwrap_or_else(|| RandomState::new().hash_one(std::process::id()) % 1_000_000);
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, interrupted.clone())?;
    }
    let folder = std::env::temp_dir().join(format!("holdtime-soak-{}", std::process::id()));
    writeln!(io::stdout(), "{}", soak::HEADER)?;
    let soaks: Vec<_> = contender::reactors(&options.only)
        .into_iter()
        .map(|reactor| {
            let Options { lasts, round, rounds, hold_time, restart_every, .. } = *options;
            let binary = binary.clone();
            let one =
                soak::SoakOptions { binary, reactor, seed, lasts, round, rounds, hold_time, restart_every };
            let (folder, interrupted) = (folder.join(reactor), interrupted.clone());
            std::thread::spawn(move || soak::run(&one, &folder, &interrupted))
        })
        .collect();
    let mut right = true;
    for soak in soaks {
        right &= soak.join().map_err(|_| io::Error::other("a soak broke off"))??;
    }
    if right {
        fs::remove_dir_all(&folder)?;
    } else {
        note(&format!("what the speakers said is in {}", folder.display()));
    }
    Ok(match (interrupted.load(Ordering::Relaxed), right) {
        (_, false) => ExitCode::FAILURE,
        (true, true) => ExitCode::from(130),
        (false, true) => ExitCode::SUCCESS,
    })
}

/// How many peers there are: as many as addresses are made for.
fn peers(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number <= 2000);
    number.ok_or_else(|| format!("\"{text}\" is no number up to 2000"))
}

/// Neighbors and routes each.
fn burden(text: &str) -> Result<(usize, u32), String> {
    let both = text.split_once('x').and_then(|(neighbors, routes)| {
        Some((peers(neighbors).ok().filter(|neighbors| *neighbors > 0)?, routes.parse().ok()?))
    });
    both.filter(|(_, routes)| *routes <= 65_536)
        .ok_or_else(|| format!("\"{text}\" is no burden: 400x30000 (at most 2000x65536) was expected"))
}

/// A time as people write it: 90s, 30m, 1h.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no time: 90s, 30m or 1h was expected");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        _ => return Err(wrong()),
    };
    let number: u32 = text.get(..text.len() - 1).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    Ok(Duration::from_secs(u64::from(number) * unit))
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

fn measure_memory(options: &Options, folder: &Path) -> io::Result<()> {
    let binary = contender::binary(options.holdtime.as_deref())?;
    let reactors = contender::reactors(&options.only);
    print(&memory::table(&memory::measure(&binary, &reactors, options.small, folder)?))
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
