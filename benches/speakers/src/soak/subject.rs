//! The speaker in a soak: its configuration file, its process, and what it says on its standard error.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::model::Configuration;
use crate::contender::{self, Running};

const FILE: &str = "soak.conf";
const LOG: &str = "speaker.log";

/// How long a speaker that was told to end may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What stays the same from one configuration to the next.
#[derive(Debug)]
pub(super) struct SoakFrame {
    pub(super) folder: PathBuf,
    pub(super) binary: PathBuf,
    pub(super) reactor: &'static str,
    /// Where the speaker listens.
    pub(super) port: u16,
    /// Where peers that are dialled listen.
    pub(super) peers_port: u16,
    pub(super) hold_time: u16,
    /// Address, AS number, and whether it is dialled.
    pub(super) peers: Vec<([u8; 4], u32, bool)>,
    /// The command lines of the program that asks, and of the one that hears.
    pub(super) programs: [String; 2],
}

impl SoakFrame {
    /// Writes a configuration, whole: whoever reads it finds the one before or this one.
    pub(super) fn write(&self, configuration: &Configuration) -> io::Result<()> {
        self.put(&self.text(configuration))
    }

    /// Writes something that is no configuration.
    pub(super) fn write_nonsense(&self) -> io::Result<()> {
        self.put("neighbor 127.1.1.1 { router-id of-nobody; }\n")
    }

    fn put(&self, text: &str) -> io::Result<()> {
        let draft = self.folder.join("draft.conf");
        fs::write(&draft, text)?;
        fs::rename(draft, self.folder.join(FILE))
    }

    fn text(&self, configuration: &Configuration) -> String {
        let [asks, hears] = &self.programs;
        let mut text = format!(
            "process asks {{ run {asks}; encoder text; }}\nprocess hears {{ run {hears}; encoder json; }}\n"
        );
        for ((address, asn, dialled), routes) in self.peers.iter().zip(&configuration.neighbors) {
            let Some(routes) = routes else { continue };
            let [a, b, c, d] = address;
            let passive = if *dialled { "" } else { "passive true; " };
            // A String takes whatever is written to it.
            let _ = writeln!(
                text,
                "neighbor {a}.{b}.{c}.{d} {{ connect {}; {passive}router-id 10.0.0.1; local-address 127.0.0.1; local-as 65000; \
                 peer-as {asn}; hold-time {};\nfamily {{ ipv4 unicast; }}\napi asks {{ processes [ asks ]; }}\n\
                 api hears {{ processes [ hears ]; neighbor-changes; receive {{ parsed; update; }} }}\nstatic {{",
                self.peers_port, self.hold_time
            );
            for (prefix, med) in routes {
                let _ = writeln!(text, "route {prefix} next-hop 10.0.0.1 med {med};");
            }
            text += "}\n}\n";
        }
        text
    }

    /// Starts a speaker with what was written last.
    pub(super) fn start(&self) -> io::Result<Running> {
        let mut command = Command::new(&self.binary);
        command.args(["--log", "warn", "serve", "--reactor", self.reactor, FILE]).current_dir(&self.folder);
        contender::keep(&mut command, &self.folder)?;
        command
            .env("exabgp_tcp_bind", "127.0.0.1")
            .env("exabgp_tcp_port", self.port.to_string())
            // Faults are many here: nobody is to wait a minute for a peer that is back.
            .env("exabgp_bgp_pause", "4");
        let log = File::options().create(true).append(true).open(self.folder.join(LOG))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Running::start(&mut command, Instant::now())
    }
}

/// Ends a speaker with a signal; how it ended.
pub(super) fn end(speaker: &mut Running, signal: Signal) -> io::Result<String> {
    speaker.signal(signal);
    match speaker.wait(PATIENCE)? {
        Some(status) => Ok(status.to_string()),
        None => Ok(format!("not within {} s", PATIENCE.as_secs())),
    }
}

/// Whether the log tells of a panic; its first line.
pub(super) fn panic_in(folder: &Path) -> Option<String> {
    let text = fs::read(folder.join(LOG)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().find(|line| line.contains("panicked at")).map(str::to_owned)
}
