//! The table of ExaBGP's settings: names, how values are written, defaults, and what comes of them; and how values are taken over.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::settings::{Encoder, LogSettings, Settings};

/// One of ExaBGP's settings.
#[derive(Clone, Copy, Debug)]
pub struct SettingRow {
    /// Its section, such as `tcp` for `exabgp.tcp.port`.
    pub section: &'static str,
    /// Its option, such as `port`.
    pub option: &'static str,
    /// How its value is written.
    pub form: SettingForm,
    /// Its value unless somebody sets it.
    pub default: &'static str,
    /// Whether anything comes of it here; else it is about the Python program.
    pub honoured: bool,
    takes: Takes,
}

/// How a value is written in a file of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingForm {
    /// `true` or `false`.
    Boolean,
    /// A number, or a word in capitals.
    Upper,
    /// A word in small letters.
    Lower,
    /// A text in quotes.
    Quoted,
    /// An octal number in quotes.
    Umask,
}

/// What is done with a value.
#[derive(Clone, Copy, Debug)]
enum Takes {
    /// Nothing.
    Nothing,
    /// It switches a subject of the log on or off.
    Subject,
    /// It is read and kept.
    Value(fn(&mut Settings, &str) -> Result<(), &'static str>),
}

impl SettingRow {
    pub(super) const fn is_subject(&self) -> bool {
        matches!(self.takes, Takes::Subject)
    }
}

/// Shortens the table.
const fn row(
    section: &'static str,
    option: &'static str,
    form: SettingForm,
    default: &'static str,
    honoured: bool,
    takes: Takes,
) -> SettingRow {
    SettingRow { section, option, form, default, honoured, takes }
}

/// All settings, in ExaBGP's order.
#[rustfmt::skip] // a row a line
pub const SETTINGS: [SettingRow; 48] = {
    use SettingForm::{Boolean, Lower, Quoted, Umask, Upper};
    use Takes::{Nothing, Subject, Value};
    const HONOURED: bool = true;
    const IDLE: bool = false;
    [
        row("profile", "enable", Boolean, "false", IDLE, Nothing),
        row("profile", "file", Quoted, "", IDLE, Nothing),
        row("pdb", "enable", Boolean, "false", IDLE, Nothing),
        row("daemon", "pid", Quoted, "", HONOURED, Value(|all, value| put(&mut all.daemon.pid, Ok(value.to_string())))),
        row("daemon", "user", Quoted, "nobody", HONOURED, Value(|all, value| put(&mut all.daemon.user, Ok(value.to_string())))),
        row("daemon", "daemonize", Boolean, "false", HONOURED, Value(|all, value| put(&mut all.daemon.daemonize, boolean(value)))),
        row("daemon", "drop", Boolean, "true", HONOURED, Value(|all, value| put(&mut all.daemon.drop, boolean(value)))),
        row("daemon", "umask", Umask, "0137", HONOURED, Value(|all, value| put(&mut all.daemon.umask, octal(value)))),
        row("log", "enable", Boolean, "true", HONOURED, Value(|all, value| put(&mut all.log.enable, boolean(value)))),
        row("log", "level", Upper, "INFO", HONOURED, Value(|all, value| put(&mut all.log.level, level(value)))),
        row("log", "destination", Quoted, "stdout", HONOURED, Value(|all, value| put(&mut all.log.destination, Ok(value.to_string())))),
        row("log", "all", Boolean, "false", HONOURED, Value(|all, value| put(&mut all.log.all, boolean(value)))),
        row("log", "configuration", Boolean, "true", HONOURED, Subject),
        row("log", "reactor", Boolean, "true", HONOURED, Subject),
        row("log", "daemon", Boolean, "true", HONOURED, Subject),
        row("log", "processes", Boolean, "true", HONOURED, Subject),
        row("log", "network", Boolean, "true", HONOURED, Subject),
        row("log", "statistics", Boolean, "true", IDLE, Subject),
        row("log", "packets", Boolean, "false", IDLE, Subject),
        row("log", "rib", Boolean, "false", IDLE, Subject),
        row("log", "message", Boolean, "false", IDLE, Subject),
        row("log", "timers", Boolean, "false", IDLE, Subject),
        row("log", "routes", Boolean, "false", IDLE, Subject),
        row("log", "parser", Boolean, "false", IDLE, Subject),
        row("log", "short", Boolean, "true", HONOURED, Value(|all, value| put(&mut all.log.short, boolean(value)))),
        row("tcp", "once", Boolean, "false", HONOURED, Value(|all, value| put(&mut all.tcp.attempts, boolean(value).map(u32::from)))),
        row("tcp", "attempts", Upper, "0", HONOURED, Value(|all, value| put(&mut all.tcp.attempts, number(value)))),
        row("tcp", "delay", Upper, "0", HONOURED, Value(|all, value| put(&mut all.tcp.delay, number(value)))),
        row("tcp", "bind", Quoted, "", HONOURED, Value(|all, value| put(&mut all.tcp.bind, addresses(value)))),
        row("tcp", "port", Upper, "179", HONOURED, Value(|all, value| put(&mut all.tcp.port, port(value)))),
        row("tcp", "acl", Boolean, "", IDLE, Nothing),
        row("bgp", "passive", Boolean, "false", HONOURED, Value(|all, value| put(&mut all.bgp.passive, boolean(value)))),
        row("bgp", "openwait", Upper, "60", HONOURED, Value(|all, value| put(&mut all.bgp.openwait, number(value)))),
        row("bgp", "flaps", Upper, "3", HONOURED, Value(|all, value| put(&mut all.bgp.flaps, number(value)))),
        row("bgp", "pause", Upper, "60", HONOURED, Value(|all, value| put(&mut all.bgp.pause, number(value)))),
        row("bgp", "rest", Upper, "50", HONOURED, Value(|all, value| put(&mut all.bgp.rest, number(value)))),
        row("cache", "attributes", Boolean, "true", IDLE, Nothing),
        row("cache", "nexthops", Boolean, "true", IDLE, Nothing),
        row("api", "ack", Boolean, "true", HONOURED, Value(|all, value| put(&mut all.api.ack, boolean(value)))),
        row("api", "chunk", Upper, "1", HONOURED, Value(|all, value| put(&mut all.api.chunk, number(value)))),
        row("api", "show-routes-format", Lower, "v1", HONOURED, Value(|all, value| put(&mut all.api.show_routes_v2, second_form(value)))),
        row("api", "encoder", Lower, "json", HONOURED, Value(|all, value| put(&mut all.api.encoder, encoder(value)))),
        row("api", "compact", Boolean, "false", HONOURED, Value(|all, value| put(&mut all.api.compact, boolean(value)))),
        row("api", "respawn", Boolean, "true", HONOURED, Value(|all, value| put(&mut all.api.respawn, boolean(value)))),
        row("api", "terminate", Boolean, "false", HONOURED, Value(|all, value| put(&mut all.api.terminate, boolean(value)))),
        row("api", "cli", Boolean, "true", HONOURED, Value(|all, value| put(&mut all.api.cli, boolean(value)))),
        row("api", "pipename", Quoted, "exabgp", HONOURED, Value(|all, value| put(&mut all.api.pipename, Ok(value.to_string())))),
        row("reactor", "speed", Upper, "1.0", IDLE, Nothing),
    ]
};

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            enable: true,
            level: "INFO".to_string(),
            destination: "stdout".to_string(),
            all: false,
            subjects: SETTINGS
                .iter()
                .filter(|row| row.is_subject() && row.default == "true")
                .map(|row| row.option.to_string())
                .collect(),
            short: true,
        }
    }
}

/// A setting whose value is not of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The setting, as given.
    pub name: String,
    /// The value, as given.
    pub value: String,
    /// What it should have been.
    pub expected: &'static str,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the setting {} must be {}, not \"{}\"", self.name, self.expected, self.value)
    }
}

impl core::error::Error for SettingsError {}

impl Settings {
    /// Takes over what `pairs` say; a later call overrides an earlier one, and within one call the spelling with dots
    /// overrides the one with underscores. Names that are not settings are passed over (`PATH`) or, when they start
    /// with `exabgp`, kept in [`Settings::unknown`].
    ///
    /// # Errors
    /// A value that is not of the setting's kind.
    pub fn apply<'a>(
        &mut self,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), SettingsError> {
        let (mut dotted, mut underscored) = (Vec::new(), Vec::new());
        for (name, value) in pairs {
            if let Some(rest) = name.strip_prefix("exabgp.") {
                dotted.push((name, rest.split_once('.').unwrap_or((rest, "")), value));
            } else if let Some(rest) = name.strip_prefix("exabgp_") {
                underscored.push((name, rest.split_once('_').unwrap_or((rest, "")), value));
            }
        }
        let named = |option: &str| {
            dotted
                .iter()
                .chain(&underscored)
                .any(|(_, (section, other), _)| *section == "tcp" && *other == option)
        };
        let attempts_are_explicit = named("attempts") || named("connections");
        for (name, (section, option), value) in underscored.iter().chain(&dotted).copied() {
            if (section, option) == ("tcp", "once") && attempts_are_explicit {
                continue;
            }
            match set(self, section, option, unquoted(value)) {
                Ok(true) => {}
                Ok(false) => self.unknown.push(name.to_string()),
                Err(expected) => {
                    return Err(SettingsError { name: name.to_string(), value: value.to_string(), expected });
                }
            }
        }
        Ok(())
    }
}

/// Puts a value where it belongs, if it is one.
fn put<T>(place: &mut T, value: Result<T, &'static str>) -> Result<(), &'static str> {
    *place = value?;
    Ok(())
}

/// Takes one value over; `false` when there is no setting of that name.
///
/// # Errors
/// What the value should have been.
fn set(settings: &mut Settings, section: &str, option: &str, value: &str) -> Result<bool, &'static str> {
    let option = match (section, option) {
        ("tcp", "connections") => "attempts",
        _ => option,
    };
    if let Some(row) = SETTINGS.iter().find(|row| row.section == section && row.option == option) {
        match row.takes {
            Takes::Nothing => {}
            Takes::Subject => settings.log.set_subject(option, boolean(value)?),
            Takes::Value(take) => take(settings, value)?,
        }
        return Ok(true);
    }
    match (section, option) {
        // ExaBGP writes these two into no file.
        ("debug", "rotate") => settings.debug.rotate = boolean(value)?,
        ("version", "") => settings.version = Some(value.to_string()),
        // Settings of the Python program that have no counterpart here.
        ("cache" | "profile" | "pdb" | "reactor" | "debug" | "cli", _) => {}
        _ => return Ok(false),
    }
    Ok(true)
}

/// ExaBGP takes everything that is not a word for "yes" as "no", and what is misspelt with it; here only nothing at all is.
fn boolean(value: &str) -> Result<bool, &'static str> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    match value {
        _ if is_one_of(&["1", "yes", "on", "enable", "true"]) => Ok(true),
        _ if is_one_of(&["", "0", "no", "off", "disable", "false"]) => Ok(false),
        _ => Err("true or false (or 1, yes, on, enable; 0, no, off, disable)"),
    }
}

fn number(value: &str) -> Result<u32, &'static str> {
    value.parse().map_err(|_| "a number")
}

fn level(value: &str) -> Result<String, &'static str> {
    let level = value.to_uppercase();
    let known = ["FATAL", "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET"];
    known.contains(&level.as_str()).then_some(level).ok_or("CRITICAL, ERROR, WARNING, INFO or DEBUG")
}

fn encoder(value: &str) -> Result<Encoder, &'static str> {
    match value.to_ascii_lowercase().as_str() {
        "text" => Ok(Encoder::Text),
        "json" => Ok(Encoder::Json),
        _ => Err("text or json"),
    }
}

fn addresses(value: &str) -> Result<Vec<IpAddr>, &'static str> {
    let addresses = value.split_whitespace().map(str::parse).collect::<Result<_, _>>();
    addresses.map_err(|_| "IP addresses with spaces between them")
}

fn port(value: &str) -> Result<u16, &'static str> {
    value.parse().map_err(|_| "a port number")
}

fn octal(value: &str) -> Result<u32, &'static str> {
    u32::from_str_radix(value.trim_start_matches("0o"), 8).map_err(|_| "an octal number")
}

fn second_form(value: &str) -> Result<bool, &'static str> {
    match value {
        "v1" | "V1" => Ok(false),
        "v2" | "V2" => Ok(true),
        _ => Err("v1 or v2"),
    }
}

/// A line of an `exabgp.env` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvFileLine<'a> {
    /// `[exabgp.tcp]`.
    Section,
    /// `port = 179`: its name behind that of its section and in small letters, for its case does not count, and its value.
    Setting(String, &'a str),
    /// What is neither.
    Neither,
}

/// The lines of an `exabgp.env` file that are neither blank nor comments, each behind its number from 1 and its text.
pub fn env_file_lines(text: &str) -> impl Iterator<Item = (usize, &str, EnvFileLine<'_>)> {
    let mut section = "";
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ';'])).map(move |(number, line)| {
        let read = if let Some(header) = line.strip_prefix('[') {
            section = header.strip_suffix(']').unwrap_or(header);
            if header.ends_with(']') { EnvFileLine::Section } else { EnvFileLine::Neither }
        } else if let Some((name, value)) = line.split_once(['=', ':']) {
            let name = alloc::format!("{section}.{}", name.trim().to_ascii_lowercase());
            EnvFileLine::Setting(name, value.trim())
        } else {
            EnvFileLine::Neither
        };
        (number, line, read)
    })
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['\'', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        settings.apply(pairs.iter().copied()).unwrap();
        settings
    }

    #[test]
    fn both_spellings_are_read_and_the_one_with_dots_wins() {
        assert_eq!(settings(&[("exabgp_tcp_port", "1790")]).tcp.port, 1790);
        let both = [("exabgp.tcp.port", "1791"), ("exabgp_tcp_port", "1790")];
        assert_eq!(settings(&both).tcp.port, 1791);
    }

    #[test]
    fn connections_is_another_name_for_attempts_and_overrides_once() {
        assert_eq!(settings(&[("exabgp_tcp_connections", "3")]).tcp.attempts, 3);
        assert_eq!(settings(&[("exabgp_tcp_once", "true")]).tcp.attempts, 1);
        let both = [("exabgp_tcp_once", "true"), ("exabgp_tcp_connections", "2")];
        assert_eq!(settings(&both).tcp.attempts, 2);
    }

    #[test]
    fn several_addresses_to_bind_are_separated_by_spaces() {
        let bind = settings(&[("exabgp_tcp_bind", "127.0.0.1 ::1")]).tcp.bind;
        assert_eq!(bind, ["127.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
    }

    #[test]
    fn a_later_call_overrides_an_earlier_one() {
        let mut settings = settings(&[("exabgp.api.encoder", "text"), ("exabgp.api.cli", "false")]);
        settings.apply([("exabgp_api_encoder", "json")]).unwrap();
        assert_eq!((settings.api.encoder, settings.api.cli), (Encoder::Json, false));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_by_name() {
        let error = Settings::default().apply([("exabgp_tcp_port", "http")]).unwrap_err();
        assert_eq!(error.to_string(), "the setting exabgp_tcp_port must be a port number, not \"http\"");
    }

    #[test]
    fn what_is_neither_true_nor_false_is_refused() {
        for (word, meant) in [("On", true), ("1", true), ("FALSE", false), ("disable", false), ("", false)] {
            assert_eq!(settings(&[("exabgp.bgp.passive", word)]).bgp.passive, meant, "{word}");
        }
        let error = Settings::default().apply([("exabgp_bgp_passive", "maybe")]).unwrap_err().to_string();
        assert!(error.starts_with("the setting exabgp_bgp_passive must be true or false"), "{error}");
        assert!(error.ends_with("not \"maybe\""), "{error}");
    }

    #[test]
    fn words_are_read_in_any_case_and_others_refused() {
        assert_eq!(settings(&[("exabgp_log_level", "debug")]).log.level, "DEBUG");
        assert!(settings(&[("exabgp_api_show-routes-format", "V2")]).api.show_routes_v2);
        let error = Settings::default().apply([("exabgp.log.level", "loud")]).unwrap_err();
        assert_eq!(error.expected, "CRITICAL, ERROR, WARNING, INFO or DEBUG");
    }

    #[test]
    fn names_that_are_no_settings_are_kept_apart() {
        let settings = settings(&[("PATH", "/bin"), ("exabgp_tcp_prot", "1"), ("exabgp_version", "5.0.15")]);
        assert_eq!(settings.unknown, ["exabgp_tcp_prot"]);
        assert_eq!(settings.version.as_deref(), Some("5.0.15"));
    }

    #[test]
    fn an_env_file_is_read_by_its_sections() {
        let text = "# ours\n[exabgp.log]\nLevel = DEBUG\n\n[exabgp.tcp\nbind = '127.0.0.1'\nport 179\n";
        let setting = |name: &str, value| EnvFileLine::Setting(name.to_string(), value);
        let lines: Vec<_> = env_file_lines(text).map(|(number, _, read)| (number, read)).collect();
        assert_eq!(
            lines,
            [
                (2, EnvFileLine::Section),
                (3, setting("exabgp.log.level", "DEBUG")),
                (5, EnvFileLine::Neither),
                (6, setting("exabgp.tcp.bind", "'127.0.0.1'")),
                (7, EnvFileLine::Neither),
            ]
        );
    }
}
