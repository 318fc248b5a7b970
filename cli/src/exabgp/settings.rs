//! ExaBGP's settings, as `serve` finds them: the file `exabgp.env`, then the environment. And `holdtime env`, which prints them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Args;
use holdtime_core::config::{EnvFileLine, SETTINGS, SettingForm, SettingRow, Settings, env_file_lines};

use crate::console::{self, Console};
use crate::error::{CliError, VerbResult, VerbStatus, nearest};

/// What was found: the settings, and which of them somebody made.
#[derive(Debug, Default)]
pub(crate) struct FoundSettings {
    /// All of them.
    pub(crate) settings: Settings,
    /// Names with dots, and values; the last one of a name counts.
    pub(crate) pairs: Vec<(String, String)>,
}

impl FoundSettings {
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
        if let Some(idle) = self.idle() {
            tracing::warn!(target: "configuration", "{idle}");
        }
    }

    /// A sentence on the settings that somebody made and that have no effect here, where there are any.
    pub(crate) fn idle(&self) -> Option<String> {
        let idle: Vec<String> = SETTINGS
            .iter()
            .filter(|setting| {
                !setting.honoured && setting.value(&self.pairs) != setting.written(setting.default)
            })
            .map(Printed::name)
            .collect();
        (!idle.is_empty()).then(|| format!("settings without effect: {}", idle.join(", ")))
    }
}

/// Finds the settings.
pub(crate) fn find() -> Result<FoundSettings, CliError> {
    find_under(&[])
}

/// Finds the settings, of which some are made on the command line.
pub(crate) fn find_under(made: &[(&str, &str)]) -> Result<FoundSettings, CliError> {
    let mut pairs = pairs()?;
    pairs.extend(made.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let mut settings = Settings::default();
    let borrowed = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    settings.apply(borrowed).map_err(|error| CliError::input(error.to_string()))?;
    if let Some(sentence) = settings.unknown.iter().find_map(|name| meant(name)) {
        return Err(CliError::input(sentence));
    }
    Ok(FoundSettings { settings, pairs })
}

/// By how many letters a name may differ from that of a setting and still be taken for it.
const SLIPS: usize = 2;

/// What a name that is no setting was meant to be, in a sentence; `None`: a variable that is not about settings at all.
fn meant(name: &str) -> Option<String> {
    let (section, option) = name.strip_prefix("exabgp.")?.split_once('.')?;
    let sections: Vec<&str> = SETTINGS.iter().map(|setting| setting.section).collect();
    let known = sections.contains(&section);
    if !known {
        // A variable of this kind may be about anything: only a slip is answered.
        let names = SETTINGS.iter().map(Printed::name);
        let near = names.map(|near| (strsim::damerau_levenshtein(name, &near), near)).min()?;
        return (near.0 <= SLIPS).then(|| format!("there is no setting {name}; did you mean {}?", near.1));
    }
    let options: Vec<&str> =
        SETTINGS.iter().filter(|setting| setting.section == section).map(|setting| setting.option).collect();
    match nearest(option, &options) {
        Some(near) => Some(format!("there is no setting {name}; did you mean exabgp.{section}.{near}?")),
        None => Some(format!("there is no setting {name}; exabgp.{section} has {}", options.join(", "))),
    }
}

/// What ExaBGP's environment file and the environment say, under the names with dots; the environment's last,
/// because it overrides the file. Within the environment the spelling with dots overrides the one with
/// underscores.
fn pairs() -> Result<Vec<(String, String)>, CliError> {
    let mut pairs = pairs_of_file()?;
    // A variable that is not UTF-8 is none of ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let (dotted, underscored): (Vec<_>, Vec<_>) = variables
        .filter(|(name, _)| name.starts_with("exabgp.") || name.starts_with("exabgp_"))
        .partition(|(name, _)| name.starts_with("exabgp."));
    pairs.extend(underscored.into_iter().map(|(name, value)| (name.replacen('_', ".", 2), value)));
    pairs.extend(dotted);
    Ok(pairs)
}

/// What the file of settings says. One that is named has to be there; the usual one has not, and whoever may not read it goes
/// without.
fn pairs_of_file() -> Result<Vec<(String, String)>, CliError> {
    let (file, named) = file();
    let name = file.display();
    match std::fs::read_to_string(&file) {
        Err(error) if named => {
            Err(CliError::io(format_args!("cannot read the settings in \"{name}\""), &error))
        }
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                console::say(&format!("warning: the settings in \"{name}\" cannot be read: {error}"));
            }
            Ok(Vec::new())
        }
        Ok(text) => pairs_in(&text).map_err(|sentence| CliError::input(format!("{name}:{sentence}"))),
    }
}

/// The settings that a file makes, or what is wrong with its first line that makes none, behind the line's number.
fn pairs_in(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut made = BTreeMap::new();
    let mut pairs = Vec::new();
    for (number, line, read) in env_file_lines(text) {
        let wrong = match read {
            EnvFileLine::Section => None,
            EnvFileLine::Neither if line.starts_with('[') => Some(format!("`{line}` has no `]` at its end")),
            EnvFileLine::Neither => Some(format!(
                "`{line}` is neither a section such as [exabgp.tcp] nor a setting such as port = 179"
            )),
            EnvFileLine::Setting(name, value) => mistaken_setting(line, &name, value).or_else(|| {
                pairs.push((name.clone(), value.to_owned()));
                let before = made.insert(name.clone(), number)?;
                Some(format!("{name} stands in line {before} already"))
            }),
        };
        if let Some(wrong) = wrong {
            return Err(format!("{number}: {wrong}"));
        }
    }
    Ok(pairs)
}

fn mistaken_setting(line: &str, name: &str, value: &str) -> Option<String> {
    let mut settings = Settings::default();
    if let Err(error) = settings.apply([(name, value)]) {
        Some(error.to_string())
    } else if !name.starts_with("exabgp.") {
        Some(format!("`{line}` stands in no section such as [exabgp.tcp]"))
    } else if !settings.unknown.is_empty() {
        Some(meant(name).unwrap_or_else(|| format!("there is no setting {name}; `holdtime env` lists them")))
    } else {
        None
    }
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
/// Whether somebody named it comes second.
fn file() -> (PathBuf, bool) {
    let variable = std::env::var_os("EXABGP_ENVFILE").map(PathBuf::from);
    if let Some(file) = GIVEN_FILE.get().cloned().or(variable) {
        return (file, true);
    }
    let below = |root: &Path| root.join("etc/exabgp/exabgp.env");
    let usual = match std::env::var_os("EXABGP_ROOT").filter(|root| !root.is_empty()) {
        Some(root) => below(Path::new(&root)),
        None => installed_below()
            .map(|root| below(&root))
            .filter(|file| file.is_file())
            .unwrap_or_else(|| below(Path::new("/"))),
    };
    (usual, false)
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

/// Prints the settings in effect, in either form that ExaBGP reads. What has no effect unless somebody sets it is a comment.
pub(crate) fn print(args: &EnvArgs, console: &mut Console) -> VerbResult {
    use std::io::Write;

    let found = find()?;
    let mut settings: Vec<&SettingRow> = SETTINGS.iter().collect();
    if !args.env {
        settings.sort_by_key(|setting| (setting.section, setting.option));
    }
    let mut section = "";
    for setting in settings {
        let value = setting.in_effect(&found);
        let idle = !setting.is_in_effect(&found);
        if args.diff && value == setting.in_effect(&FoundSettings::default()) {
            continue;
        }
        let comment = if idle { "# " } else { "" };
        if args.env {
            writeln!(console, "{comment}{}={value}", setting.name())?;
            continue;
        }
        if section != setting.section {
            section = setting.section;
            writeln!(console, "\n[exabgp.{section}]")?;
        }
        writeln!(console, "{comment}{} = {value}", setting.option)?;
    }
    Ok(VerbStatus::AsExpected)
}

/// A row of the table, as this program and ExaBGP's print it.
trait Printed {
    /// Its name with dots.
    fn name(&self) -> String;

    /// What `serve` goes by, which other names may have set, as ExaBGP writes it.
    fn in_effect(&self, found: &FoundSettings) -> String;

    /// Whether anything comes of it: not of ExaBGP's user and umask unless somebody set them.
    fn is_in_effect(&self, found: &FoundSettings) -> bool;

    /// What somebody made of it, as ExaBGP writes it.
    fn value(&self, pairs: &[(String, String)]) -> String;

    /// A value as ExaBGP writes it.
    fn written(&self, value: &str) -> String;
}

impl Printed for SettingRow {
    fn name(&self) -> String {
        format!("exabgp.{}.{}", self.section, self.option)
    }

    fn in_effect(&self, found: &FoundSettings) -> String {
        let attempts = found.settings.tcp.attempts;
        match (self.section, self.option) {
            ("tcp", "attempts") => attempts.to_string(),
            ("tcp", "once") => (attempts == 1).to_string(),
            // Without any setting of the log it is for whoever watches.
            ("log", "destination") if !found.has("exabgp.log.") => self.written("stderr"),
            _ => self.value(&found.pairs),
        }
    }

    fn is_in_effect(&self, found: &FoundSettings) -> bool {
        let must_be_made = matches!((self.section, self.option), ("daemon", "user" | "umask"));
        self.honoured && (!must_be_made || found.has(&self.name()))
    }

    fn value(&self, pairs: &[(String, String)]) -> String {
        let name = self.name();
        let made = pairs.iter().rfind(|(made, _)| *made == name).map(|(_, value)| value.as_str());
        self.written(made.unwrap_or(self.default))
    }

    fn written(&self, value: &str) -> String {
        let value = value.trim().trim_matches(['\'', '"']);
        match self.form {
            SettingForm::Boolean => {
                let yes = ["1", "yes", "on", "enable", "true"];
                yes.contains(&value.to_ascii_lowercase().as_str()).to_string()
            }
            SettingForm::Upper => {
                value.parse().map_or_else(|_| value.to_uppercase(), |number: u32| number.to_string())
            }
            SettingForm::Lower => value.to_lowercase(),
            SettingForm::Quoted => format!("'{value}'"),
            SettingForm::Umask => {
                let digits = value.trim_start_matches("0o").trim_start_matches('0');
                format!("'0o{}'", if digits.is_empty() { "0" } else { digits })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use holdtime_core::config::{SETTINGS, Settings};

    use super::Printed;

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
