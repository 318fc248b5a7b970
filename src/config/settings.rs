//! `exabgp.env`'s sections and options as plain data, under ExaBGP's names.
//!
//! The core cannot read the environment or a file; the host hands over `(name, value)` pairs, from the file first
//! and from the environment second, in either spelling: `exabgp.tcp.port` or `exabgp_tcp_port`.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

/// How an API program is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoder {
    /// Lines of words.
    Text,
    /// One JSON object a line.
    #[default]
    Json,
}

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Section `tcp`.
    pub tcp: TcpSettings,
    /// Section `bgp`.
    pub bgp: BgpSettings,
    /// Section `api`.
    pub api: ApiSettings,
    /// Section `log`.
    pub log: LogSettings,
    /// Section `daemon`.
    pub daemon: DaemonSettings,
    /// Section `debug`.
    pub debug: DebugSettings,
    /// `exabgp_version`: the version that the API and the software-version capability announce.
    pub version: Option<String>,
    /// Names that start like a setting's and are none; harmless, worth a warning.
    pub unknown: Vec<String>,
}

/// Section `tcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSettings {
    /// Addresses to listen on; none: do not listen, unless a neighbor says `listen`.
    pub bind: Vec<IpAddr>,
    /// The port to listen on, and to connect to unless a neighbor says `connect`.
    pub port: u16,
    /// Connection attempts for each peer, refused ones included, after which that peer is given up; 0: no limit.
    /// Its other names are `tcp.connections` and, for 1, `tcp.once true`.
    pub attempts: u32,
    /// Announce only when the minute of the hour is a multiple of this; 0: at once.
    pub delay: u32,
}

impl Default for TcpSettings {
    fn default() -> Self {
        Self { bind: Vec::new(), port: 179, attempts: 0, delay: 0 }
    }
}

/// Section `bgp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BgpSettings {
    /// Treat every neighbor as passive.
    pub passive: bool,
    /// Seconds to wait for the peer's OPEN.
    pub openwait: u32,
    /// Milliseconds between the beginning of a session and the first UPDATE to its peer, who is listened to meanwhile; 0: none.
    pub rest: u32,
}

impl Default for BgpSettings {
    fn default() -> Self {
        Self { passive: false, openwait: 60, rest: 50 }
    }
}

/// Section `api`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSettings {
    /// Answer each command with `done` or `error`.
    pub ack: bool,
    /// Lines of `show adj-rib` that are written before the reactor looks at anything else; at least one.
    pub chunk: u32,
    /// The encoder of programs whose `process` section names none.
    pub encoder: Encoder,
    /// Shorter JSON for unicast NLRI.
    pub compact: bool,
    /// Start a program again that ended (at most five times a minute).
    pub respawn: bool,
    /// End the speaker when a program ends.
    pub terminate: bool,
    /// Open the named pipes of the command-line client.
    pub cli: bool,
    /// The base name of these pipes.
    pub pipename: String,
    /// `show adj-rib … json` in the second form.
    pub show_routes_v2: bool,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            ack: true,
            chunk: 1,
            encoder: Encoder::Json,
            compact: false,
            respawn: true,
            terminate: false,
            cli: true,
            pipename: "exabgp".to_string(),
            show_routes_v2: false,
        }
    }
}

/// Section `log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Log at all.
    pub enable: bool,
    /// The least severity, in syslog's names, such as `INFO`.
    pub level: String,
    /// `stdout`, `stderr`, `syslog`, `host:NAME` or a file's path.
    pub destination: String,
    /// Every subject, whatever `subjects` says.
    pub all: bool,
    /// The subjects switched on: `configuration`, `reactor`, `daemon`, `processes`, `network`, `statistics`, `packets`,
    /// `rib`, `message`, `timers`, `routes`, `parser`.
    pub subjects: BTreeSet<String>,
    /// Lines without time, level, process id and source.
    pub short: bool,
}

const LOG_SUBJECTS: [&str; 12] = [
    "configuration",
    "reactor",
    "daemon",
    "processes",
    "network",
    "statistics",
    "packets",
    "rib",
    "message",
    "timers",
    "routes",
    "parser",
];

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            enable: true,
            level: "INFO".to_string(),
            destination: "stdout".to_string(),
            all: false,
            subjects: LOG_SUBJECTS.iter().take(6).map(|subject| subject.to_string()).collect(),
            short: true,
        }
    }
}

impl LogSettings {
    fn set_subject(&mut self, subject: &str, on: bool) {
        if on {
            self.subjects.insert(subject.to_string());
        } else {
            self.subjects.remove(subject);
        }
    }
}

/// Section `daemon`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSettings {
    /// Where to write the process id; empty: nowhere.
    pub pid: String,
    /// The user to run as.
    pub user: String,
    /// Go into the background.
    pub daemonize: bool,
    /// Drop privileges before programs are started.
    pub drop: bool,
    /// The umask.
    pub umask: u32,
}

impl Default for DaemonSettings {
    fn default() -> Self {
        Self { pid: String::new(), user: "nobody".to_string(), daemonize: false, drop: true, umask: 0o137 }
    }
}

/// Section `debug`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugSettings {
    /// Take the next configuration file of the command line at each reload.
    pub rotate: bool,
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
            match self.set(section, option, unquoted(value)) {
                Ok(true) => {}
                Ok(false) => self.unknown.push(name.to_string()),
                Err(expected) => {
                    return Err(SettingsError { name: name.to_string(), value: value.to_string(), expected });
                }
            }
        }
        Ok(())
    }

    /// Sets one option; `false` when there is none of that name.
    fn set(&mut self, section: &str, option: &str, value: &str) -> Result<bool, &'static str> {
        let (tcp, bgp, api, log, daemon) =
            (&mut self.tcp, &mut self.bgp, &mut self.api, &mut self.log, &mut self.daemon);
        match (section, option) {
            ("tcp", "bind") => tcp.bind = addresses(value)?,
            ("tcp", "port") => tcp.port = value.parse().map_err(|_| "a port number")?,
            ("tcp", "attempts" | "connections") => tcp.attempts = number(value)?,
            ("tcp", "once") => tcp.attempts = u32::from(boolean(value)?),
            ("tcp", "delay") => tcp.delay = number(value)?,
            ("tcp", "acl") => {}
            ("bgp", "passive") => bgp.passive = boolean(value)?,
            ("bgp", "openwait") => bgp.openwait = number(value)?,
            ("bgp", "rest") => bgp.rest = number(value)?,
            ("api", "ack") => api.ack = boolean(value)?,
            ("api", "chunk") => api.chunk = number(value)?,
            ("api", "encoder") => api.encoder = encoder(value)?,
            ("api", "compact") => api.compact = boolean(value)?,
            ("api", "respawn") => api.respawn = boolean(value)?,
            ("api", "terminate") => api.terminate = boolean(value)?,
            ("api", "cli") => api.cli = boolean(value)?,
            ("api", "pipename") => api.pipename = value.to_string(),
            ("api", "show-routes-format") => {
                api.show_routes_v2 = match value {
                    "v1" | "V1" => false,
                    "v2" | "V2" => true,
                    _ => return Err("v1 or v2"),
                }
            }
            ("log", "enable") => log.enable = boolean(value)?,
            ("log", "level") => log.level = level(value)?,
            ("log", "destination") => log.destination = value.to_string(),
            ("log", "all") => log.all = boolean(value)?,
            ("log", "short") => log.short = boolean(value)?,
            ("log", subject) if LOG_SUBJECTS.contains(&subject) => log.set_subject(subject, boolean(value)?),
            ("daemon", "pid") => daemon.pid = value.to_string(),
            ("daemon", "user") => daemon.user = value.to_string(),
            ("daemon", "daemonize") => daemon.daemonize = boolean(value)?,
            ("daemon", "drop") => daemon.drop = boolean(value)?,
            ("daemon", "umask") => {
                daemon.umask =
                    u32::from_str_radix(value.trim_start_matches("0o"), 8).map_err(|_| "an octal number")?;
            }
            ("debug", "rotate") => self.debug.rotate = boolean(value)?,
            ("version", "") => self.version = Some(value.to_string()),
            // Settings of the Python program that have no counterpart here.
            ("cache" | "profile" | "pdb" | "reactor" | "debug" | "cli", _) => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The pairs of an `exabgp.env` file: `[exabgp.tcp]`, then `port = 179`.
pub fn env_file_pairs(text: &str) -> Vec<(String, &str)> {
    let mut section = "";
    let mut pairs = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.strip_suffix(']').unwrap_or(header);
        } else if !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once(['=', ':'])
        {
            pairs.push((alloc::format!("{section}.{}", name.trim()), value.trim()));
        }
    }
    pairs
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['\'', '"'])
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
        let pairs =
            env_file_pairs("# ours\n[exabgp.log]\nlevel = DEBUG\n\n[exabgp.tcp]\nbind = '127.0.0.1'\n");
        let mut settings = Settings::default();
        settings.apply(pairs.iter().map(|(name, value)| (name.as_str(), *value))).unwrap();
        assert_eq!(settings.log.level, "DEBUG");
        assert_eq!(settings.tcp.bind, ["127.0.0.1".parse::<IpAddr>().unwrap()]);
    }
}
