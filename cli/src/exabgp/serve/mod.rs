//! `holdtime serve CONF…`: the speaker, for real.
//!
//! Reads what ExaBGP reads (its `exabgp.env`, its environment variables, the configuration), and puts the
//! core on one of the two reactors. Everything that can be wrong before the first packet is one sentence and
//! exit status 2.

mod journal;

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use holdtime_core::config::{Config, ConfigText, Settings};
use holdtime_core::session::Fsm;
use holdtime_core::speaker::{Identity, PipePaths, Setup};
use holdtime_core::{Instant, Now, Speaker, Timestamp};
use holdtime_reactor::driver::Recorder;
use holdtime_reactor::mio_host::{MioHost, run_blocking};
use holdtime_reactor::tokio_host::run_tokio;
use holdtime_reactor::user::User;
use holdtime_reactor::{HostOptions, find_program, poll, tasks};
use rustix::fs::{Access, access};

use crate::error::{CliError, VerbResult, VerbStatus};
use crate::exabgp::{daemon, pipes, recorder, settings};
use crate::log;
use crate::log::LogArgs;
use journal::Journal;

/// The reactors that ship.
const REACTORS: [&str; 2] = ["poll", "async"];

/// The release of ExaBGP whose API this speaks, announced unless `exabgp_version` says otherwise.
const API_VERSION: &str = "5.0.15";

const SIGNALS: &str = "\
Signals: TERM, HUP and INT (Ctrl-C) end it, with a NOTIFICATION to every peer; a second Ctrl-C does not wait. USR1 reads the \
configuration again, USR2 also starts the programs anew, ALRM also the sessions.";

/// The arguments of `holdtime serve`.
#[derive(Debug, Args)]
#[command(after_help = SIGNALS)]
pub(crate) struct ServeArgs {
    /// The configuration; several are a rotation, the next one at each reload
    #[arg(required = true, value_name = "CONF")]
    pub(crate) configurations: Vec<PathBuf>,
    /// The reactor: poll or async
    #[arg(long, value_name = "R", default_value = "poll")]
    pub(crate) reactor: String,
    /// Record every input in F, then F.1, F.2, …, for `holdtime replay`; never over what is there. Keys of sessions are left out
    #[arg(long, value_name = "F")]
    pub(crate) record: Option<PathBuf>,
    /// How many MiB the recordings of one name may take; the oldest files make place
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    record_limit: u64,
    /// Dial every peer only once (exabgp.tcp.attempts 1)
    #[arg(long, short = '1')]
    once: bool,
    /// Dial nobody (exabgp.bgp.passive true)
    #[arg(long, short = 'P')]
    passive: bool,
    /// Log everything (exabgp.log.all true, exabgp.log.level DEBUG)
    #[arg(long, short)]
    verbose: bool,
    /// This is the process in the background
    #[arg(long, hide = true)]
    detached: bool,
}

impl ServeArgs {
    /// The settings that options stand for.
    fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let options: [(bool, &[_]); 3] = [
            (self.once, &[("exabgp.tcp.attempts", "1")]),
            (self.passive, &[("exabgp.bgp.passive", "true")]),
            (
                self.verbose,
                &[("exabgp.log.all", "true"), ("exabgp.log.level", "DEBUG"), ("exabgp.log.short", "false")],
            ),
        ];
        options.into_iter().filter(|(given, _)| *given).flat_map(|(_, settings)| settings).copied().collect()
    }
}

pub(crate) fn run(args: &ServeArgs, log: &LogArgs) -> VerbResult {
    if !REACTORS.contains(&args.reactor.as_str()) {
        return Err(CliError::unknown("reactor", &args.reactor, &REACTORS));
    }
    let found = settings::find_under(&args.settings())?;
    log::start_daemon(log, found.has("exabgp.log.").then_some(&found.settings.log))?;
    let (text, config) = first_configuration(&args.configurations, &found.settings)?;
    if args.detached {
        daemon::detach();
    } else if daemon::wants_background(&found.settings.daemon) {
        if !log.needs_foreground(&found.settings.log) {
            return daemon::start_in_background().map(|()| VerbStatus::AsExpected);
        }
        tracing::error!(target: "daemon", "staying in the foreground: the log goes to a standard stream");
    }
    found.warn();
    let user = daemon::user(&found)?;
    daemon::set_umask(&found);
    daemon::delay(found.settings.tcp.delay);
    let pid_file = daemon::PidFile::write(&found.settings.daemon.pid)?;
    let settings = found.settings;
    let pipes = settings.api.cli.then(|| pipes::find(&settings.api.pipename)).flatten();
    let about_pipes = about_pipes(&settings, pipes.as_ref());
    let setup = Setup {
        pipes,
        identity: identity(&settings),
        files: args.configurations.iter().map(|path| path.display().to_string()).collect(),
        seed: RandomState::new().hash_one(std::process::id()),
        settings,
        config,
        // The table that ships.
        fsm: Fsm::default(),
    };
    let recorder = args
        .record
        .as_ref()
        .map(|path| recorder::start(path, args.record_limit << 20, &setup, found.pairs, text))
        .transpose()?;
    let journal = Rc::new(Journal::default());
    let host_options = host_options(args, &setup, user, about_pipes, &journal);
    let code = serve(&args.reactor, host_options, setup, recorder)?;
    drop(pid_file);
    match (code, journal.conclude()) {
        (0, _) => Ok(VerbStatus::AsExpected),
        (_, Some(sentence)) => Err(CliError::input(sentence)),
        (_, None) => Ok(VerbStatus::Unexpected),
    }
}

/// What the reactor asks of its host: where programs are, who runs them, and what happens to lines of the log.
fn host_options(
    args: &ServeArgs,
    setup: &Setup,
    user: Option<User>,
    about_pipes: Option<(bool, String)>,
    journal: &Rc<Journal>,
) -> HostOptions {
    let begins = format!(
        "holdtime {} begins: {}, neighbors {}, programs {}, reactor {}, process {}",
        env!("CARGO_PKG_VERSION"),
        setup.files.join(", "),
        setup.config.neighbors.len(),
        setup.config.processes.len(),
        args.reactor,
        std::process::id()
    );
    let noted = Rc::clone(journal);
    HostOptions {
        folder: args.configurations.first().map(|path| folder(path)).unwrap_or_default(),
        user,
        log: Box::new(move |event| noted.note(event)),
        started: Box::new({
            let journal = Rc::clone(journal);
            move || {
                tracing::info!(target: "reactor", "{begins}");
                match &about_pipes {
                    Some((true, text)) => tracing::warn!(target: "reactor", "{text}"),
                    Some((false, text)) => tracing::info!(target: "reactor", "{text}"),
                    None => {}
                }
                journal.started();
            }
        }),
    }
}

/// What is to be said about the pipes for commands, and whether it is a warning.
fn about_pipes(settings: &Settings, pipes: Option<&PipePaths>) -> Option<(bool, String)> {
    let name = &settings.api.pipename;
    let (warns, text) = match pipes {
        _ if !settings.api.cli => return None,
        None => (
            false,
            format!(
                "no named pipes {name}.in and {name}.out: `holdtime cli` cannot reach this speaker; this makes them: {}",
                pipes::how_to_make(name)
            ),
        ),
        Some(paths) if pipes::is_taken(paths) => (
            true,
            format!(
                "another speaker reads {} too: a command goes to one of the two; exabgp_api_pipename names other pipes",
                paths.read
            ),
        ),
        Some(paths) => {
            (false, format!("commands are read from {} and answered in {}", paths.read, paths.write))
        }
    };
    Some((warns, text))
}

/// Runs the speaker until it has finished; returns its exit status.
fn serve(
    reactor: &str,
    host_options: HostOptions,
    setup: Setup,
    recorder: Option<Recorder>,
) -> Result<u8, CliError> {
    let start = Now { monotonic: Instant::ZERO, wall: Timestamp::default() };
    let code = if reactor == "async" {
        run_tokio(host_options, |host| tasks::run(host, Speaker::new(start, setup), recorder))
    } else {
        let host = MioHost::new(host_options);
        host.map(|host| run_blocking(poll::run(host, Speaker::new(start, setup), recorder)))
    };
    code.map_err(|error| CliError::io("cannot start", &error))
}

/// Reads and checks a configuration file, its programs included.
pub(crate) fn configuration(path: &Path, settings: &Settings) -> Result<Config, CliError> {
    parse(&read(path)?, settings)
}

fn read(path: &Path) -> Result<ConfigText, CliError> {
    let octets = std::fs::read(path)
        .map_err(|error| CliError::io(format_args!("cannot read \"{}\"", path.display()), &error))?;
    let text = String::from_utf8(octets).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|octet| **octet == b'\n').count() + 1;
        let column = String::from_utf8_lossy(good.rsplit(|octet| *octet == b'\n').next().unwrap_or_default())
            .chars()
            .count()
            + 1;
        CliError::input(format!(
            "{}:{line}:{column}: a configuration is UTF-8, and this octet is not",
            path.display()
        ))
    })?;
    Ok(ConfigText { name: path.display().to_string(), text })
}

fn parse(text: &ConfigText, settings: &Settings) -> Result<Config, CliError> {
    Config::parse(text, settings).map_err(|error| CliError::input(error.to_string()))
}

/// The configuration to start with; its programs must exist. The others of a rotation are looked at when
/// their turn comes.
fn first_configuration(paths: &[PathBuf], settings: &Settings) -> Result<(ConfigText, Config), CliError> {
    let Some(path) = paths.first() else { return Ok(Default::default()) };
    let text = read(path)?;
    let config = parse(&text, settings)?;
    if let Some(sentence) = faulty_programs(&config, path).next() {
        return Err(CliError::input(sentence));
    }
    if config.neighbors.is_empty() {
        tracing::warn!(target: "configuration", "{}: there is no neighbor in it", path.display());
    }
    for warning in &config.warnings {
        tracing::warn!(target: "configuration", "{warning}");
    }
    Ok((text, config))
}

/// A sentence for each program of the configuration at `path` that cannot be run.
pub(crate) fn faulty_programs<'c>(config: &'c Config, path: &'c Path) -> impl Iterator<Item = String> + 'c {
    let folder = folder(path);
    config.processes.iter().filter_map(move |process| {
        let program = process.run.first().map_or("", String::as_str);
        let fault = match find_program(program, &folder) {
            None => format!("there is no program \"{program}\""),
            Some(found) if access(&found, Access::EXEC_OK).is_err() => {
                format!("the program \"{program}\" is not executable")
            }
            Some(_) => return None,
        };
        Some(format!("{}: process {}: {fault}", path.display(), process.name))
    })
}

/// The folder of a configuration.
fn folder(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).ok();
    absolute.and_then(|path| path.parent().map(Path::to_path_buf)).unwrap_or_default()
}

pub(crate) fn identity(settings: &Settings) -> Identity {
    Identity {
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        pid: std::process::id(),
        ppid: std::os::unix::process::parent_id(),
        version: settings.version.clone().unwrap_or_else(|| API_VERSION.to_owned()),
    }
}
