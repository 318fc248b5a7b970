//! One cell of a matrix: one scenario against one daemon, which is started for it, in network, process and mount namespaces of their
//! own. They are gone, with everything in them, when this process ends.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant as Clock};

use holdtime_sim::probe::{
    BufferSize, MatrixDaemon, Probe, ProbeOutcome, StartedDaemon, listening, only_in_lab,
};
use holdtime_sim::scenario::{FaultKind, Play};
use rustix::process::Pid;
use serde_json::json;

use super::capture::LiveCapture;
use super::folders::{CAPTURE, LOG, PICTURE, picture};
use super::player::{Daemon, JudgedProbe, LiveProbe, NoVerdict, buffer};
use crate::lab::parity::namespace::{Cable, CableEnd, End};

/// What a cell leaves in its folder.
pub(super) const OUTCOME: &str = "outcome.json";
/// How long a daemon may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may say nothing once it listens: ExaBGP reads twelve thousand routes before it does.
const SLOW: Duration = Duration::from_secs(180);
/// How often it is looked whether it does.
const LOOK: Duration = Duration::from_millis(20);
/// The port of BGP.
const PORT: u16 = 179;

/// Plays the cell and writes what came of it into its folder.
pub(super) fn run(
    daemon: &MatrixDaemon,
    probe: &Probe,
    again: &str,
    observe: Option<Duration>,
    folder: &Path,
) -> io::Result<()> {
    let outcome = match play(daemon, probe, again, observe, folder) {
        Ok(outcome) => json!({ "outcome": outcome }),
        Err(NoVerdict::Because(why)) => json!({ "error": why }),
        Err(NoVerdict::Interrupted) => json!({ "error": "was interrupted" }),
    };
    fs::write(folder.join(OUTCOME), outcome.to_string())
}

fn play(
    daemon: &MatrixDaemon,
    probe: &Probe,
    again: &str,
    observe: Option<Duration>,
    folder: &Path,
) -> Result<ProbeOutcome, NoVerdict> {
    if let Some(what) = only_in_lab(&probe.scenario.play) {
        return Ok(ProbeOutcome::refused(probe, format!("{what} is only the lab's to play")));
    }
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| NoVerdict::Because(format!("cannot be probed: {what}: {error}"))
    };
    // Where a daemon leaves what must not be there for another one; without the right to do so, what was there stays.
    let _ = Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/run"]).stderr(Stdio::null()).status();
    let probe = daemon.played(probe);
    let play = &probe.scenario.play;
    let program = std::env::current_exe().map_err(failed("this program"))?;
    let started = daemon.started(&probe, &program.display().to_string());
    for (name, text) in &started.files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(failed(name))?;
        // OpenBGPD reads no configuration that others could.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&path, mode).map_err(failed(name))?;
    }
    let cable = Cable::lay(&CableEnd::of_peers(play), &CableEnd::of_speakers(play));
    let cable = cable.map_err(failed("a network of its own"))?;
    let capture = play.speakers.first().and_then(|speaker| speaker.addresses.first());
    let capture = capture.and_then(|address| LiveCapture::start(*address).ok());
    let places = play.peers.iter().map(|peer| peer.place).collect();
    let mut cell = Cell { play, started, folder, cable, child: None, lost: Vec::new() };
    let played = LiveProbe { probe: &probe, places, observe, patience: SLOW }.play(&mut cell);
    if let Some(capture) = capture {
        let file = capture.stop(played.as_ref().ok()).map_err(failed(CAPTURE))?;
        fs::write(folder.join(CAPTURE), file).map_err(failed(CAPTURE))?;
    }
    let JudgedProbe { mut outcome, mut timeline, .. } = played?;
    timeline.head.reactor.clone_from(&daemon.name);
    timeline.head.again = again.to_owned();
    let picture = picture(&timeline).map_err(|why| NoVerdict::Because(format!("cannot be drawn: {why}")))?;
    fs::write(folder.join(PICTURE), picture).map_err(failed(PICTURE))?;
    outcome.buffers = cell.buffers();
    Ok(outcome)
}

/// A daemon in the far namespace.
struct Cell<'a> {
    play: &'a Play,
    started: StartedDaemon,
    folder: &'a Path,
    cable: Cable,
    child: Option<Child>,
    /// What is lost at present, by its place among the faults.
    lost: Vec<usize>,
}

impl Cell<'_> {
    /// Loses what the scenario's fault says, or no longer.
    fn cut(&mut self, at: usize, lose: bool) -> io::Result<()> {
        let Some(FaultKind::Cut { from, to, both, .. }) = self.play.faults.get(at).map(|fault| &fault.kind)
        else {
            return Ok(());
        };
        let addresses = |name: &str| {
            let speakers = self.play.speakers.iter().map(|host| (&host.name, &host.addresses));
            let mut hosts = speakers.chain(self.play.peers.iter().map(|host| (&host.name, &host.addresses)));
            hosts.find(|(known, _)| known.as_str() == name).map(|(_, own)| own.clone()).unwrap_or_default()
        };
        let is_daemon = |name: &str| self.play.speakers.iter().any(|host| host.name == name);
        let ways = [(from, to, true), (to, from, *both)];
        for (from, to, _) in ways.into_iter().filter(|(_, _, wanted)| *wanted) {
            let end = if is_daemon(to) { End::Far } else { End::Near };
            for (from, to) in addresses(from).into_iter().zip(addresses(to)) {
                self.cable.lose(end, from, to, lose)?;
            }
        }
        Ok(())
    }

    /// Does what of the faults is due after so much time, and undoes what is over.
    fn faults_until(&mut self, time: Duration) -> io::Result<()> {
        for at in 0..self.play.faults.len() {
            let Some(fault) = self.play.faults.get(at) else { continue };
            let is_on = fault.at <= time && fault.heals().is_none_or(|heals| time < heals);
            let was_on = self.lost.contains(&at);
            if is_on != was_on {
                self.cut(at, is_on)?;
                self.lost.retain(|lost| *lost != at);
                self.lost.extend(is_on.then_some(at));
            }
        }
        Ok(())
    }

    fn start(&self) -> io::Result<Child> {
        if let Some(prepare) = &self.started.prepare {
            let _ = Command::new("sh").args(["-c", prepare]).current_dir(self.folder).status()?;
        }
        let log = File::create(self.folder.join(LOG))?;
        let mut command = self.cable.command_there(Path::new("sh"));
        command.arg("-c").arg(format!("exec {}", self.started.start)).current_dir(self.folder);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
    }

    /// The last line that it wrote, for a sentence.
    fn last_words(&self) -> String {
        let log = fs::read(self.folder.join(LOG)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let line = log.lines().rev().map(str::trim).find(|line| !line.is_empty());
        line.map_or("it said nothing".to_owned(), |line| format!("its last line is `{line}`"))
    }

    fn buffers(&self) -> Vec<BufferSize> {
        let mut all = Vec::new();
        for name in ["tcp_rmem", "tcp_wmem"] {
            let mut there = self.cable.command_there(Path::new("cat"));
            let read = there.arg(format!("/proc/sys/net/ipv4/{name}")).output();
            let value =
                read.map(|read| String::from_utf8_lossy(&read.stdout).into_owned()).unwrap_or_default();
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            all.push(BufferSize { whose: "the daemon's namespace".to_owned(), name: name.to_owned(), value });
            let whose = "the peers' namespace".to_owned();
            all.push(BufferSize { whose, name: name.to_owned(), value: buffer(name) });
        }
        all
    }
}

impl Daemon for Cell<'_> {
    fn begin(&mut self) -> Result<(), String> {
        let failed = |error: io::Error| format!("does not start: {error}");
        self.faults_until(Duration::ZERO).map_err(failed)?;
        self.child = Some(self.start().map_err(failed)?);
        let address = self.play.speakers.first().and_then(|speaker| speaker.addresses.first());
        let Some(std::net::IpAddr::V4(address)) = address.copied() else {
            return Err("has no IPv4 address".to_owned());
        };
        let began = Clock::now();
        let mut ports = Vec::new();
        while began.elapsed() < PATIENCE && !crate::interrupt::is_pressed() {
            if let Some(how) = self.ended() {
                return Err(format!("ended before it listened: {how}"));
            }
            ports = self.socket_list().map(|text| listening(&text, address)).unwrap_or_default();
            if ports.contains(&PORT) {
                return Ok(());
            }
            sleep(LOOK);
        }
        let others: Vec<String> = ports.iter().map(u16::to_string).collect();
        let others =
            if others.is_empty() { "no port".to_owned() } else { format!("port {}", others.join(", ")) };
        Err(format!("does not listen at {address}:{PORT} after {} s, but on {others}", PATIENCE.as_secs()))
    }

    fn process(&self) -> Option<Pid> {
        self.child.as_ref().map(Pid::from_child)
    }

    fn socket_list(&self) -> Option<String> {
        let child = self.child.as_ref()?;
        fs::read_to_string(PathBuf::from(format!("/proc/{}/net/tcp", child.id()))).ok()
    }

    fn ended(&mut self) -> Option<String> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        Some(format!("{status}; {}", self.last_words()))
    }

    fn passed(&mut self, time: Duration) -> Result<(), String> {
        self.faults_until(time).map_err(|error| format!("cannot be cut off: {error}"))
    }
}
