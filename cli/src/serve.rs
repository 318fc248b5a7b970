//! `holdtime serve CONF…`: the speaker, for real.
//!
//! Reads what ExaBGP reads (its `exabgp.env`, its environment variables, the configuration), and puts the
//! core on one of the two reactors. Everything that can be wrong before the first packet is one sentence and
//! exit status 2.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use holdtime_core::config::{Config, ConfigText, Settings, env_file_pairs};
use holdtime_core::speaker::{Event, Identity, Setup, Severity};
use holdtime_core::{Instant, Now, Speaker, Timestamp};
use holdtime_reactor::driver::Recorder;
use holdtime_reactor::mio_host::{MioHost, run_blocking};
use holdtime_reactor::tokio_host::run_tokio;
use holdtime_reactor::{find_program, poll, tasks};

use crate::console::Console;
use crate::error::{CliError, Outcome, Verdict};
use crate::{pipes, recorder};

/// The reactors that ship.
const REACTORS: [&str; 2] = ["poll", "async"];

/// The release of ExaBGP whose API this speaks, announced unless `exabgp_version` says otherwise.
const API_VERSION: &str = "5.0.15";

/// The arguments of `holdtime serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The configuration; several are a rotation, the next one at each reload
    #[arg(required = true, value_name = "CONF")]
    pub(crate) configurations: Vec<PathBuf>,
    /// The reactor: poll or async
    #[arg(long, value_name = "R", default_value = "poll")]
    pub(crate) reactor: String,
    /// Record every input to this file, for `holdtime replay`
    #[arg(long, value_name = "F")]
    pub(crate) record: Option<PathBuf>,
}

pub(crate) fn run(args: &ServeArgs, _console: &mut Console) -> Outcome {
    if !REACTORS.contains(&args.reactor.as_str()) {
        return Err(CliError::unknown("reactor", &args.reactor, &REACTORS));
    }
    let pairs = setting_pairs();
    let settings = settings_from(&pairs)?;
    let config = first_configuration(&args.configurations, &settings)?;
    let pid_file = PidFile::write(&settings.daemon.pid)?;
    let pipes = settings.api.cli.then(|| pipes::find(&settings.api.pipename)).flatten();
    let setup = Setup {
        pipes,
        identity: identity(&settings),
        files: args.configurations.iter().map(|path| path.display().to_string()).collect(),
        seed: RandomState::new().hash_one(std::process::id()),
        settings,
        config,
    };
    let recorder = args.record.as_ref().map(|path| recorder::start(path, &setup, pairs)).transpose()?;
    let last_error = Rc::default();
    let code = serve(args, setup, recorder, &last_error)?;
    drop(pid_file);
    match (code, last_error.take()) {
        (0, _) => Ok(Verdict::AsExpected),
        (_, Some(sentence)) => Err(CliError::input(sentence)),
        (_, None) => Ok(Verdict::Unexpected),
    }
}

/// Runs the speaker until it has finished; returns its exit status.
fn serve(
    args: &ServeArgs,
    setup: Setup,
    recorder: Option<Recorder>,
    last_error: &Rc<RefCell<Option<String>>>,
) -> Result<u8, CliError> {
    let folder = folder(&args.configurations);
    let log = {
        let last_error = Rc::clone(last_error);
        move |event: &Event| write_log(event, &last_error)
    };
    let start = Now { monotonic: Instant::ZERO, wall: Timestamp::default() };
    let code = if args.reactor == "async" {
        run_tokio(folder, log, |host| tasks::run(host, Speaker::new(start, setup), recorder))
    } else {
        let host = MioHost::new(folder, log);
        host.map(|host| run_blocking(poll::run(host, Speaker::new(start, setup), recorder)))
    };
    code.map_err(|error| CliError::io("cannot start", &error))
}

/// ExaBGP's settings, of which those that are none are warned of.
pub(crate) fn settings() -> Result<Settings, CliError> {
    settings_from(&setting_pairs())
}

fn settings_from(pairs: &[(String, String)]) -> Result<Settings, CliError> {
    let mut settings = Settings::default();
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    settings.apply(pairs).map_err(|error| CliError::input(error.to_string()))?;
    for name in &settings.unknown {
        tracing::warn!("{name} is not a setting");
    }
    Ok(settings)
}

/// What ExaBGP's environment file and the environment say, under the names with dots; the environment's last,
/// because it overrides the file. Within the environment the spelling with dots overrides the one with
/// underscores.
fn setting_pairs() -> Vec<(String, String)> {
    let path = std::env::var_os("EXABGP_ENVFILE").map_or_else(
        || {
            let root = std::env::var_os("EXABGP_ROOT").unwrap_or_else(|| "/".into());
            Path::new(&root).join("etc/exabgp/exabgp.env")
        },
        PathBuf::from,
    );
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let mut pairs: Vec<_> =
        env_file_pairs(&text).into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    // A variable that is not UTF-8 is none of ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let (dotted, underscored): (Vec<_>, Vec<_>) = variables
        .filter(|(name, _)| name.starts_with("exabgp.") || name.starts_with("exabgp_"))
        .partition(|(name, _)| name.starts_with("exabgp."));
    pairs.extend(underscored.into_iter().map(|(name, value)| (name.replacen('_', ".", 2), value)));
    pairs.extend(dotted);
    pairs
}

/// Reads and checks a configuration file, its programs included.
pub(crate) fn configuration(path: &Path, settings: &Settings) -> Result<Config, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::io(format_args!("cannot read \"{}\"", path.display()), &error))?;
    let text = ConfigText { name: path.display().to_string(), text };
    Config::parse(&text, settings).map_err(|error| CliError::input(error.to_string()))
}

/// The configuration to start with; its programs must exist. The others of a rotation are looked at when
/// their turn comes.
fn first_configuration(paths: &[PathBuf], settings: &Settings) -> Result<Config, CliError> {
    let Some(path) = paths.first() else { return Ok(Config::default()) };
    let config = configuration(path, settings)?;
    let folder = folder(paths);
    for process in &config.processes {
        let program = process.run.first().map_or("", String::as_str);
        if find_program(program, &folder).is_none() {
            let (path, name) = (path.display(), &process.name);
            return Err(CliError::input(format!(
                "{path}: process {name}: there is no program \"{program}\""
            )));
        }
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

/// The folder of the first configuration.
fn folder(paths: &[PathBuf]) -> PathBuf {
    let absolute = paths.first().and_then(|path| std::path::absolute(path).ok());
    absolute.and_then(|path| path.parent().map(Path::to_path_buf)).unwrap_or_default()
}

fn identity(settings: &Settings) -> Identity {
    Identity {
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        pid: std::process::id(),
        ppid: std::os::unix::process::parent_id(),
        version: settings.version.clone().unwrap_or_else(|| API_VERSION.to_owned()),
    }
}

/// Writes one line to the log, and remembers the last error: where the speaker gives up, it is the reason.
fn write_log(event: &Event, last_error: &RefCell<Option<String>>) {
    let (party, text) = (&event.party, &event.text);
    match event.severity {
        Severity::Debug => tracing::debug!(%party, "{text}"),
        Severity::Info => tracing::info!(%party, "{text}"),
        Severity::Warning => tracing::warn!(%party, "{text}"),
        Severity::Error => {
            tracing::error!(%party, "{text}");
            last_error.replace(Some(text.clone()));
        }
    }
}

/// The file that holds the process id while the speaker runs.
struct PidFile(PathBuf);

impl PidFile {
    /// Writes it; an empty name means that there is to be none.
    fn write(name: &str) -> Result<Option<Self>, CliError> {
        if name.is_empty() {
            return Ok(None);
        }
        std::fs::write(name, format!("{}\n", std::process::id()))
            .map_err(|error| CliError::io(format_args!("cannot write \"{name}\""), &error))?;
        Ok(Some(Self(name.into())))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Gone already is as good as removed.
        let _ = std::fs::remove_file(&self.0);
    }
}
