//! One stall on one reactor, played on this machine's network stack in real time: `holdtime serve` and each peer as processes of
//! their own, in two network namespaces.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use holdtime_sim::parity::stalls::Stood;
use holdtime_sim::scenario::script::ProgramScript;
use holdtime_sim::scenario::{Actor, FaultKind, Play, PlayPeer};
use rustix::process::{Pid, Signal, kill_process};

use super::namespace::{Cable, CableEnd, End};
use super::peer;

/// Where the speaker records what comes to it.
pub(super) const RECORDING: &str = "recording";
/// The speaker's configuration.
const CONFIGURATION: &str = "speaker.conf";
/// Its settings, so that none of this machine's are taken.
const SETTINGS: &str = "settings.env";
/// How often it is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(2);
/// How long a process may take to begin, and a speaker to shut down.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much longer than the stall everybody stays, so that the end of the processes is not taken for its own.
const LONGER: Duration = Duration::from_millis(500);
/// The port of BGP, as /proc/net/tcp writes it, of a socket that listens there.
const LISTENS: &str = ":00B3 00000000:0000 0A";

/// Plays it; how far each peer came. The recording is in `folder` then.
pub(super) fn play(play: &Play, reactor: &str, folder: &Path) -> io::Result<Vec<(String, Stood)>> {
    write_files(play, folder)?;
    let mut live = LiveStall {
        cable: Cable::lay(&CableEnd::of_speakers(play), &CableEnd::of_peers(play))?,
        peers: Vec::new(),
        speaker: None,
    };
    let (listening, dialling): (Vec<_>, Vec<_>) = play.peers.iter().partition(|peer| listens(peer));
    for peer in listening {
        live.start_peer(play, &peer.name)?;
    }
    let mut deeds = deeds(play);
    // What is so from the beginning is so before anybody's first packet.
    let first = deeds.iter().take_while(|(at, _)| at.is_zero()).count();
    for (_, deed) in deeds.drain(..first) {
        live.carry_out(play, &deed)?;
    }
    live.start_speaker(reactor, folder)?;
    let began = Instant::now();
    if !dialling.is_empty()
        && play.speakers.iter().any(|host| host.files.iter().any(|file| file.text.contains("listen ")))
    {
        wait_until(|| fs::read_to_string("/proc/net/tcp").is_ok_and(|sockets| sockets.contains(LISTENS)))?;
    }
    for peer in dialling {
        live.start_peer(play, &peer.name)?;
    }
    for (at, deed) in deeds {
        sleep((began + at).saturating_duration_since(Instant::now()));
        live.carry_out(play, &deed)?;
    }
    let end = began + play.run_for + LONGER;
    sleep(end.saturating_duration_since(Instant::now()));
    live.end()
}

fn listens(peer: &PlayPeer) -> bool {
    matches!(&peer.actor, Actor::Script { script, .. } if script.listens())
}

/// Something that goes wrong, or is over.
#[derive(Clone, Debug)]
enum LiveDeed {
    Cut { from: String, to: String, both: bool, lose: bool },
    Signal(String, Signal),
}

/// What goes wrong and when, in order.
fn deeds(play: &Play) -> Vec<(Duration, LiveDeed)> {
    let mut deeds = Vec::new();
    for fault in &play.faults {
        let at = fault.at;
        match fault.kind.clone() {
            FaultKind::Cut { from, to, both, lasts } => {
                let deed = |lose| LiveDeed::Cut { from: from.clone(), to: to.clone(), both, lose };
                deeds.push((at, deed(true)));
                deeds.extend(lasts.map(|lasts| (at + lasts, deed(false))));
            }
            FaultKind::Suspend { host, lasts } => {
                deeds.push((at, LiveDeed::Signal(host.clone(), Signal::STOP)));
                deeds.push((at + lasts, LiveDeed::Signal(host, Signal::CONT)));
            }
            FaultKind::Signal { host, signal } => {
                deeds.push((at, LiveDeed::Signal(host, crate::lab::suite::on_unix(signal))));
            }
            // Refused before anything is played.
            _ => {}
        }
    }
    deeds.sort_by_key(|(at, _)| *at);
    deeds
}

/// Everybody at work.
struct LiveStall {
    cable: Cable,
    peers: Vec<(String, PeerProcess)>,
    speaker: Option<Child>,
}

struct PeerProcess {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl LiveStall {
    fn start_peer(&mut self, play: &Play, name: &str) -> io::Result<()> {
        let mut command = self.cable.command_there(&std::env::current_exe()?);
        command.args(["parity", "--stalls", "--peer", name, &play.name]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut peer = PeerProcess { child, output: BufReader::new(output) };
        let mut line = String::new();
        peer.output.read_line(&mut line)?;
        let ready = line.trim_end() == peer::READY;
        self.peers.push((name.to_owned(), peer));
        if ready { Ok(()) } else { Err(io::Error::other(format!("the peer {name} does not begin"))) }
    }

    /// Starts the speaker, and waits for the first line of its recording.
    fn start_speaker(&mut self, reactor: &str, folder: &Path) -> io::Result<()> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(&program);
        command
            .args(["serve", "--reactor", reactor, "--record", RECORDING, CONFIGURATION])
            .current_dir(folder);
        command.env("EXABGP_ENVFILE", folder.join(SETTINGS));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(folder.join("log"))?);
        self.speaker = Some(command.spawn()?);
        wait_until(|| folder.join(RECORDING).metadata().is_ok_and(|file| file.len() > 0))
    }

    fn carry_out(&mut self, play: &Play, deed: &LiveDeed) -> io::Result<()> {
        match deed {
            LiveDeed::Cut { from, to, both, lose } => {
                self.cut(play, from, to, *lose)?;
                if *both { self.cut(play, to, from, *lose) } else { Ok(()) }
            }
            LiveDeed::Signal(host, signal) => {
                let child = match self.peers.iter().find(|(name, _)| name == host) {
                    Some((_, peer)) => Some(&peer.child),
                    None => self.speaker.as_ref(),
                };
                child.map_or(Ok(()), |child| Ok(kill_process(Pid::from_child(child), *signal)?))
            }
        }
    }

    fn cut(&mut self, play: &Play, from: &str, to: &str, lose: bool) -> io::Result<()> {
        let addresses = |name: &str| -> Vec<IpAddr> {
            let peer = play.peers.iter().find(|host| host.name == name).map(|host| &host.addresses);
            let speaker = play.speakers.iter().find(|host| host.name == name);
            peer.or(speaker.map(|host| &host.addresses)).cloned().unwrap_or_default()
        };
        let is_near = play.speakers.iter().any(|host| host.name == to);
        let end = if is_near { End::Near } else { End::Far };
        for from in addresses(from) {
            for to in addresses(to).into_iter().filter(|to| to.is_ipv4() == from.is_ipv4()) {
                self.cable.lose(end, from, to, lose)?;
            }
        }
        Ok(())
    }

    /// Ends everybody; how far each peer came.
    fn end(mut self) -> io::Result<Vec<(String, Stood)>> {
        let mut stood = Vec::new();
        for (name, mut peer) in std::mem::take(&mut self.peers) {
            peer.child.kill()?;
            let mut said = String::new();
            peer.output.read_to_string(&mut said)?;
            peer.child.wait()?;
            stood.push((name, peer::stood(said.lines().next_back().unwrap_or_default())));
        }
        if let Some(speaker) = &mut self.speaker {
            // Its programs are ended by it.
            kill_process(Pid::from_child(speaker), Signal::CONT)?;
            kill_process(Pid::from_child(speaker), Signal::TERM)?;
            if wait_until(|| !matches!(speaker.try_wait(), Ok(None))).is_ok() {
                self.speaker = None;
            }
        }
        Ok(stood)
    }
}

impl Drop for LiveStall {
    fn drop(&mut self) {
        let peers = self.peers.iter_mut().map(|(_, peer)| &mut peer.child);
        for child in peers.chain(&mut self.speaker) {
            // One that has ended is not there to mind.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn wait_until(mut come: impl FnMut() -> bool) -> io::Result<()> {
    let began = Instant::now();
    while !come() {
        if began.elapsed() > PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        sleep(LOOK);
    }
    Ok(())
}

/// What the speaker reads and starts.
fn write_files(play: &Play, folder: &Path) -> io::Result<()> {
    let config = play
        .speakers
        .first()
        .and_then(|host| host.files.first())
        .map(|file| file.text.as_str())
        .unwrap_or_default();
    fs::write(folder.join(CONFIGURATION), config)?;
    let pipes = format!("holdtime-parity-{}", std::process::id());
    fs::write(folder.join(SETTINGS), format!("[exabgp.api]\npipename = '{pipes}'\n"))?;
    for (run, scripts) in &play.programs {
        let path = folder.join(run.trim_start_matches("./"));
        fs::write(&path, dialogue(scripts.first())?)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// A script as a program that the speaker can start.
fn dialogue(script: Option<&ProgramScript>) -> io::Result<String> {
    // This very program, whatever it is called and whoever starts it.
    let own = std::env::current_exe()?;
    let steps = (0..).map_while(|index| script?.step(index)).map(|(_, text)| format!("{text}\n"));
    Ok(std::iter::once(format!("#!{} dialogue\n", own.display())).chain(steps).collect())
}
