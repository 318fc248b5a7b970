//! The speakers among stalled peers: how each is found, configured and started. All their peers dial.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::contender::{self, Running};
use crate::note::note;

/// Every speaker's own AS number.
const ASN: u32 = 65_000;

/// What a speaker is to know.
#[derive(Clone, Debug)]
pub(crate) struct Scenery {
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    /// Seconds.
    pub(crate) hold_time: u16,
    /// Addresses and AS numbers.
    pub(crate) peers: Vec<([u8; 4], u32)>,
    /// Names and command lines of API programs.
    pub(crate) programs: Vec<(&'static str, String)>,
    /// Routes that every neighbor is told of, as a configuration of ExaBGP has them.
    pub(crate) routes: String,
}

/// A speaker that is installed.
#[derive(Clone, Debug)]
pub(crate) struct BenchDaemon {
    pub(crate) name: &'static str,
    kind: Kind,
    program: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Holdtime(&'static str),
    ExaBgp,
    Bird,
    Frr,
    GoBgp,
    OpenBgpd,
}

/// Those that are asked for and installed; the others are named.
pub(crate) fn all(
    only: &[String],
    holdtime: Option<&Path>,
    exabgp: Option<&Path>,
) -> io::Result<Vec<BenchDaemon>> {
    let mut found = Vec::new();
    let reactors = contender::reactors(only);
    if !reactors.is_empty() {
        let program = contender::binary(holdtime)?;
        found.extend(reactors.into_iter().map(|reactor| BenchDaemon {
            name: if reactor == "poll" { "holdtime poll" } else { "holdtime async" },
            kind: Kind::Holdtime(reactor),
            program: program.clone(),
        }));
    }
    if contender::is_wanted(only, "exabgp") {
        match contender::installed(exabgp) {
            Ok(program) => found.push(BenchDaemon { name: "ExaBGP 5.0.15", kind: Kind::ExaBgp, program }),
            Err(why) => note(&format!("SKIPPED ExaBGP: {why}")),
        }
    }
    for (short, name, kind, program) in [
        ("bird", "BIRD 2", Kind::Bird, "bird"),
        ("frr", "FRR bgpd", Kind::Frr, "/usr/lib/frr/bgpd"),
        ("gobgp", "GoBGP", Kind::GoBgp, "gobgpd"),
        ("openbgpd", "OpenBGPD", Kind::OpenBgpd, "/usr/sbin/bgpd"),
    ] {
        if contender::is_wanted(only, short) {
            match contender::in_path(program) {
                Some(_) if kind == Kind::OpenBgpd && !rustix::process::geteuid().is_root() => {
                    note("SKIPPED OpenBGPD: it wants to be started by root");
                }
                Some(program) => found.push(BenchDaemon { name, kind, program }),
                None => note(&format!("SKIPPED {name}: {program} is not installed")),
            }
        }
    }
    Ok(found)
}

impl BenchDaemon {
    /// Whether programs drive it over pipes; the others pass on what a peer announces.
    pub(crate) fn has_api(&self) -> bool {
        matches!(self.kind, Kind::Holdtime(_) | Kind::ExaBgp)
    }

    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Holdtime(_))
    }

    /// Writes its configuration into a folder.
    pub(crate) fn configure(&self, scenery: &Scenery, folder: &Path) -> io::Result<()> {
        let text = match self.kind {
            Kind::Holdtime(_) | Kind::ExaBgp => exabgp(scenery),
            Kind::Bird => bird(scenery),
            Kind::Frr => frr(scenery),
            Kind::GoBgp => gobgp(scenery),
            Kind::OpenBgpd => openbgpd(scenery, folder),
        };
        let path = folder.join("speaker.conf");
        fs::write(&path, text)?;
        if self.kind == Kind::OpenBgpd {
            // It wants its secrets kept, and a folder to lock itself up in.
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            fs::create_dir_all("/run/openbgpd")?;
        }
        Ok(())
    }

    /// Starts it there.
    pub(crate) fn start(&self, scenery: &Scenery, folder: &Path) -> io::Result<Running> {
        self.configure(scenery, folder)?;
        let mut command = Command::new(&self.program);
        let port = scenery.port.to_string();
        match self.kind {
            Kind::Holdtime(reactor) => command.args(["serve", "--reactor", reactor, "speaker.conf"]),
            Kind::ExaBgp => command.arg("server").arg(folder.join("speaker.conf")),
            Kind::Bird => command.args(["-f", "-c", "speaker.conf", "-s", "bird.ctl", "-P", "bird.pid"]),
            Kind::Frr => command
                .args(["-f", "speaker.conf", "-p", &port, "-l", "127.0.0.1", "-Z", "-n", "-S", "-P", "0"])
                .args(["-i", "frr.pid", "--vty_socket"])
                .arg(folder),
            Kind::GoBgp => {
                command.args(["-f", "speaker.conf", "-l", "warn", "--api-hosts", "unix://gobgp.sock"])
            }
            Kind::OpenBgpd => command.args(["-d", "-f", "speaker.conf"]),
        };
        command.current_dir(folder);
        contender::keep(&mut command, folder)?;
        command.env("exabgp_tcp_bind", "127.0.0.1").env("exabgp_tcp_port", &port);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(folder.join("log"))?);
        Running::start(&mut command, Instant::now())
    }
}

fn exabgp(scenery: &Scenery) -> String {
    let mut text = String::new();
    for (name, command) in &scenery.programs {
        // A String takes whatever is written to it.
        let _ = writeln!(text, "process {name} {{ run {command}; encoder text; }}");
    }
    let names: Vec<_> = scenery.programs.iter().map(|(name, _)| *name).collect();
    if !scenery.routes.is_empty() {
        // Once for all.
        let _ = writeln!(text, "template {{ neighbor all {{ static {{\n{}}} }} }}", scenery.routes);
    }
    let inherit = if scenery.routes.is_empty() { "" } else { "inherit all; " };
    for (address, asn) in &scenery.peers {
        let _ = writeln!(
            text,
            "neighbor {} {{ {inherit}passive true; router-id 10.0.0.1; local-address 127.0.0.1; local-as {ASN}; peer-as {asn}; \
             hold-time {}; family {{ ipv4 unicast; }} api {{ processes [ {} ]; }} }}",
            Ipv4Addr::from(*address),
            scenery.hold_time,
            names.join(" ")
        );
    }
    text
}

fn bird(scenery: &Scenery) -> String {
    let Scenery { port, hold_time, .. } = scenery;
    let mut text = "log stderr { fatal }; router id 10.0.0.1; protocol device {}\n".to_owned();
    for (index, (address, asn)) in scenery.peers.iter().enumerate() {
        let _ = writeln!(
            text,
            "protocol bgp n{index} {{ local 127.0.0.1 port {port} as {ASN}; neighbor {} port 179 as {asn}; strict bind yes; multihop 2; \
             hold time {hold_time}; passive; ipv4 {{ import all; export all; next hop self; }}; }}",
            Ipv4Addr::from(*address)
        );
    }
    text
}

fn frr(scenery: &Scenery) -> String {
    let Scenery { hold_time, .. } = scenery;
    let mut text = format!(
        "router bgp {ASN}\n bgp router-id 10.0.0.1\n no bgp ebgp-requires-policy\n no bgp network import-check\n timers bgp {} {hold_time}\n",
        hold_time / 3
    );
    for (address, asn) in &scenery.peers {
        let peer = Ipv4Addr::from(*address);
        for line in [
            format!("remote-as {asn}"),
            "ebgp-multihop 2".to_owned(),
            "disable-connected-check".to_owned(),
            "update-source 127.0.0.1".to_owned(),
            "advertisement-interval 0".to_owned(),
            "passive".to_owned(),
        ] {
            let _ = writeln!(text, " neighbor {peer} {line}");
        }
    }
    text
}

fn gobgp(scenery: &Scenery) -> String {
    let Scenery { port, hold_time, .. } = scenery;
    let mut text = format!(
        "[global.config]\nas = {ASN}\nrouter-id = \"10.0.0.1\"\nport = {port}\nlocal-address-list = [\"127.0.0.1\"]\n"
    );
    for (address, asn) in &scenery.peers {
        let _ = writeln!(
            text,
            "[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{}\"\npeer-as = {asn}\n[neighbors.timers.config]\nhold-time = {hold_time}.0\n\
             keepalive-interval = {:.1}\n[neighbors.transport.config]\nlocal-address = \"127.0.0.1\"\npassive-mode = true\n\
             [neighbors.ebgp-multihop.config]\nenabled = true\nmultihop-ttl = 2",
            Ipv4Addr::from(*address),
            f64::from(*hold_time) / 3.0
        );
    }
    text
}

fn openbgpd(scenery: &Scenery, folder: &Path) -> String {
    let Scenery { port, hold_time, .. } = scenery;
    let mut text = format!(
        "AS {ASN}\nrouter-id 10.0.0.1\nfib-update no\nholdtime {hold_time}\nlisten on 127.0.0.1 port {port}\nsocket \"{}\"\nnexthop qualify via default\n",
        folder.join("openbgpd.sock").display()
    );
    for (address, asn) in &scenery.peers {
        let _ = writeln!(
            text,
            "neighbor {} {{\nremote-as {asn}\nlocal-address 127.0.0.1\nmultihop 2\npassive\n}}",
            Ipv4Addr::from(*address)
        );
    }
    text + "allow quick from any\nallow quick to any\n"
}
