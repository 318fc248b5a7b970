//! ExaBGP's settings, as `serve` finds them: the file `exabgp.env`, then the environment. And `holdtime env`, which prints them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Args;
use holdtime_core::config::{Settings, env_file_pairs};

use crate::console::Console;
use crate::error::{CliError, Outcome, Verdict};

/// What was found: the settings, and which of them somebody made.
#[derive(Debug)]
pub(crate) struct Found {
    /// All of them.
    pub(crate) settings: Settings,
    /// Names with dots, and values; the last one of a name counts.
    pub(crate) pairs: Vec<(String, String)>,
}

impl Found {
    /// Whether somebody made this setting, or any of a section such as `exabgp.log.`.
    pub(crate) fn has(&self, prefix: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name.starts_with(prefix))
    }

    /// Says which settings are none, and which have no effect here. Those that only repeat ExaBGP's default are passed
    /// over: its own tool writes files that have them all.
    pub(crate) fn warn(&self) {
        for name in &self.settings.unknown {
            tracing::warn!(target: "configuration", "{name} is not a setting");
        }
        let idle: Vec<String> = SETTINGS
            .iter()
            .filter(|setting| {
                setting.effect == Effect::None
                    && setting.value(&self.pairs) != setting.written(setting.default)
            })
            .map(Setting::name)
            .collect();
        if !idle.is_empty() {
            tracing::warn!(target: "configuration", "settings without effect: {}", idle.join(", "));
        }
    }
}

/// Finds the settings.
pub(crate) fn find() -> Result<Found, CliError> {
    find_under(&[])
}

/// Finds the settings, of which some are made on the command line.
pub(crate) fn find_under(made: &[(&str, &str)]) -> Result<Found, CliError> {
    let mut pairs = pairs();
    pairs.extend(made.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let mut settings = Settings::default();
    let borrowed = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    settings.apply(borrowed).map_err(|error| CliError::input(error.to_string()))?;
    Ok(Found { settings, pairs })
}

/// What ExaBGP's environment file and the environment say, under the names with dots; the environment's last,
/// because it overrides the file. Within the environment the spelling with dots overrides the one with
/// underscores.
fn pairs() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
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

/// The file that the command line names.
static GIVEN_FILE: OnceLock<PathBuf> = OnceLock::new();

/// Takes the settings from this file instead of the usual one.
pub(crate) fn read_from(file: Option<PathBuf>) {
    if let Some(file) = file {
        GIVEN_FILE.get_or_init(|| file);
    }
}

/// Where the settings are: what the command line names, or `EXABGP_ENVFILE`, or `etc/exabgp/exabgp.env` below
/// `EXABGP_ROOT`, below where this program is installed, or below `/`.
fn file() -> PathBuf {
    let variable = std::env::var_os("EXABGP_ENVFILE").map(PathBuf::from);
    if let Some(file) = GIVEN_FILE.get().cloned().or(variable) {
        return file;
    }
    let below = |root: &Path| root.join("etc/exabgp/exabgp.env");
    match std::env::var_os("EXABGP_ROOT").filter(|root| !root.is_empty()) {
        Some(root) => below(Path::new(&root)),
        None => installed_below()
            .map(|root| below(&root))
            .filter(|file| file.is_file())
            .unwrap_or_else(|| below(Path::new("/"))),
    }
}

/// `/usr/local` where this program is `/usr/local/bin/holdtime`, or a link there; found through `PATH` it has no folder.
fn installed_below() -> Option<PathBuf> {
    let called = std::env::args_os().next().map(PathBuf::from).filter(|path| path.components().count() > 1);
    let program = std::path::absolute(called.or_else(|| std::env::current_exe().ok())?).ok()?;
    let folder = program.parent()?;
    let is_bin = folder.file_name().is_some_and(|name| name == "bin" || name == "sbin");
    is_bin.then(|| folder.parent().map(Path::to_path_buf)).flatten()
}

/// The arguments of `holdtime env`.
#[derive(Debug, Args)]
pub(crate) struct EnvArgs {
    /// Only what differs from the defaults
    #[arg(long, short)]
    diff: bool,
    /// As variables, instead of as a file
    #[arg(long, short)]
    env: bool,
}

/// Prints the settings in effect, in either form that ExaBGP reads.
pub(crate) fn print(args: &EnvArgs, console: &mut Console) -> Outcome {
    use std::io::Write;

    let found = find()?;
    let mut settings: Vec<&Setting> = SETTINGS.iter().collect();
    if !args.env {
        settings.sort_by_key(|setting| (setting.section, setting.option));
    }
    let mut section = "";
    for setting in settings {
        let value = setting.value(&found.pairs);
        if args.diff && value == setting.written(setting.default) {
            continue;
        }
        if args.env {
            writeln!(console, "{}={value}", setting.name())?;
            continue;
        }
        if section != setting.section {
            section = setting.section;
            writeln!(console, "\n[exabgp.{section}]")?;
        }
        writeln!(console, "{} = {value}", setting.option)?;
    }
    Ok(Verdict::AsExpected)
}

/// One of ExaBGP's settings.
struct Setting {
    section: &'static str,
    option: &'static str,
    form: Form,
    default: &'static str,
    effect: Effect,
}

/// How a value is written.
#[derive(Clone, Copy)]
enum Form {
    Boolean,
    /// A number, or a word in capitals.
    Upper,
    Lower,
    Quoted,
    Umask,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Honoured,
    /// Taken, and nothing comes of it: it is about the Python program.
    None,
}

impl Setting {
    fn name(&self) -> String {
        format!("exabgp.{}.{}", self.section, self.option)
    }

    /// What is in effect, as ExaBGP writes it.
    fn value(&self, pairs: &[(String, String)]) -> String {
        let name = self.name();
        let made = pairs.iter().rfind(|(made, _)| *made == name).map(|(_, value)| value.as_str());
        self.written(made.unwrap_or(self.default))
    }

    fn written(&self, value: &str) -> String {
        let value = value.trim().trim_matches(['\'', '"']);
        match self.form {
            Form::Boolean => {
                let yes = ["1", "yes", "on", "enable", "true"];
                yes.contains(&value.to_ascii_lowercase().as_str()).to_string()
            }
            Form::Upper => {
                value.parse().map_or_else(|_| value.to_uppercase(), |number: u32| number.to_string())
            }
            Form::Lower => value.to_lowercase(),
            Form::Quoted => format!("'{value}'"),
            Form::Umask => {
                let digits = value.trim_start_matches("0o").trim_start_matches('0');
                format!("'0o{}'", if digits.is_empty() { "0" } else { digits })
            }
        }
    }
}

/// Shortens the table.
const fn setting(
    section: &'static str,
    option: &'static str,
    form: Form,
    default: &'static str,
    effect: Effect,
) -> Setting {
    Setting { section, option, form, default, effect }
}

/// All of them, in ExaBGP's order.
const SETTINGS: [Setting; 45] = {
    use Effect::{Honoured, None};
    use Form::{Boolean, Lower, Quoted, Umask, Upper};
    [
        setting("profile", "enable", Boolean, "false", None),
        setting("profile", "file", Quoted, "", None),
        setting("pdb", "enable", Boolean, "false", None),
        setting("daemon", "pid", Quoted, "", Honoured),
        setting("daemon", "user", Quoted, "nobody", Honoured),
        setting("daemon", "daemonize", Boolean, "false", Honoured),
        setting("daemon", "drop", Boolean, "true", Honoured),
        setting("daemon", "umask", Umask, "0137", Honoured),
        setting("log", "enable", Boolean, "true", Honoured),
        setting("log", "level", Upper, "INFO", Honoured),
        setting("log", "destination", Quoted, "stdout", Honoured),
        setting("log", "all", Boolean, "false", Honoured),
        setting("log", "configuration", Boolean, "true", Honoured),
        setting("log", "reactor", Boolean, "true", Honoured),
        setting("log", "daemon", Boolean, "true", Honoured),
        setting("log", "processes", Boolean, "true", Honoured),
        setting("log", "network", Boolean, "true", Honoured),
        setting("log", "statistics", Boolean, "true", None),
        setting("log", "packets", Boolean, "false", None),
        setting("log", "rib", Boolean, "false", None),
        setting("log", "message", Boolean, "false", None),
        setting("log", "timers", Boolean, "false", None),
        setting("log", "routes", Boolean, "false", None),
        setting("log", "parser", Boolean, "false", None),
        setting("log", "short", Boolean, "true", Honoured),
        setting("tcp", "once", Boolean, "false", Honoured),
        setting("tcp", "attempts", Upper, "0", Honoured),
        setting("tcp", "delay", Upper, "0", Honoured),
        setting("tcp", "bind", Quoted, "", Honoured),
        setting("tcp", "port", Upper, "179", Honoured),
        setting("tcp", "acl", Boolean, "", None),
        setting("bgp", "passive", Boolean, "false", Honoured),
        setting("bgp", "openwait", Upper, "60", Honoured),
        setting("cache", "attributes", Boolean, "true", None),
        setting("cache", "nexthops", Boolean, "true", None),
        setting("api", "ack", Boolean, "true", Honoured),
        setting("api", "chunk", Upper, "1", Honoured),
        setting("api", "show-routes-format", Lower, "v1", Honoured),
        setting("api", "encoder", Lower, "json", Honoured),
        setting("api", "compact", Boolean, "false", Honoured),
        setting("api", "respawn", Boolean, "true", Honoured),
        setting("api", "terminate", Boolean, "false", Honoured),
        setting("api", "cli", Boolean, "true", Honoured),
        setting("api", "pipename", Quoted, "exabgp", Honoured),
        setting("reactor", "speed", Upper, "1.0", None),
    ]
};

#[cfg(test)]
mod tests {
    use holdtime_core::config::Settings;

    use super::SETTINGS;

    #[test]
    fn every_setting_of_the_table_is_one_of_the_speaker_s_and_takes_its_default() {
        for setting in &SETTINGS {
            let mut settings = Settings::default();
            let (name, value) = (setting.name(), setting.written(setting.default));
            settings.apply([(name.as_str(), value.as_str())]).unwrap();
            assert_eq!(settings, Settings::default(), "{name} = {value}");
        }
    }
}
