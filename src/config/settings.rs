//! `exabgp.env`'s sections and options as plain data, under ExaBGP's names.
//!
//! The core cannot read the environment or a file; the host hands over `(name, value)` pairs, from the file first
//! and from the environment second, in either spelling: `exabgp.tcp.port` or `exabgp_tcp_port`.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
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
    /// So many sessions in a row that lasted less than 60 s are followed by the next dial at once; after more the pauses grow.
    pub flaps: u32,
    /// Seconds between two dials at most.
    pub pause: u32,
}

impl Default for BgpSettings {
    fn default() -> Self {
        Self { passive: false, openwait: 60, rest: 50, flaps: 3, pause: 60 }
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

impl LogSettings {
    pub(super) fn set_subject(&mut self, subject: &str, on: bool) {
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
