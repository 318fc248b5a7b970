//! A scripted peer as a process of its own, on the host that ships. It says on its standard output how far its script is.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::PathBuf;

use holdtime_core::Instant;
use holdtime_core::speaker::Signal;
use holdtime_reactor::HostOptions;
use holdtime_reactor::mio_host::{MioHost, run_blocking};
use holdtime_sim::actor::{OutOfBand, PeerAction, PeerInput, PeerRun, PeerState, ScriptedPeer, drive_peer};
use holdtime_sim::parity::stalls::Stood;
use holdtime_sim::scenario::{Actor, Play};

/// What it says once it listens.
pub(super) const READY: &str = "ready";
const FINISHED: &str = "finished";
const WAITING: &str = "waiting at ";
const FAILED: &str = "failed ";

/// Plays this peer until the process is ended.
pub(super) fn play(play: &Play, name: &str) -> io::Result<()> {
    let peer = play.peers.iter().find(|peer| peer.name == name);
    let Some((peer, Actor::Script { script, asn, router_id })) = peer.map(|peer| (peer, &peer.actor)) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let run = Reporting { peer: ScriptedPeer::new(script.clone(), *asn, *router_id), said: None };
    let host = MioHost::new(HostOptions::new(PathBuf::new(), |_| {}))?;
    let driven = run_blocking(drive_peer(&host, &RefCell::new(run), peer.place, &Nothing));
    driven.map_err(|error| io::Error::other(error.to_string()))
}

/// How far a peer is, out of the last line that it said.
pub(super) fn stood(line: &str) -> Stood {
    match (line.strip_prefix(WAITING), line.strip_prefix(FAILED)) {
        (Some(step), _) => Stood::Waiting(step.to_owned()),
        (_, Some(why)) => Stood::Failed(why.to_owned()),
        _ if line == FINISHED => Stood::Finished,
        _ => Stood::Waiting("the beginning".to_owned()),
    }
}

/// A peer that says how far it is whenever that changes.
struct Reporting {
    peer: ScriptedPeer,
    said: Option<String>,
}

impl PeerRun for Reporting {
    fn handle(&mut self, now: Instant, input: PeerInput<'_>) {
        // The first input comes when the listening socket is open.
        let first = self.said.is_none().then_some(READY);
        self.peer.handle(now, input);
        let state = match self.peer.state() {
            PeerState::Waiting { step, .. } => format!("{WAITING}{step}"),
            PeerState::Finished => FINISHED.to_owned(),
            PeerState::Failed(why) => format!("{FAILED}{}", why.lines().next().unwrap_or_default()),
        };
        let mut out = io::stdout().lock();
        // Whoever read it has gone, and so will this process.
        first.into_iter().for_each(|line| drop(writeln!(out, "{line}")));
        if self.said.as_ref() != Some(&state) {
            let _ = writeln!(out, "{state}");
            self.said = Some(state);
        }
        let _ = out.flush();
    }

    fn poll_action(&mut self) -> Option<PeerAction> {
        self.peer.poll_action()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.peer.poll_timeout()
    }

    fn listens(&self) -> bool {
        self.peer.listens()
    }

    fn state(&self) -> PeerState {
        self.peer.state()
    }
}

/// What only the lab can do is refused before a peer is started.
struct Nothing;

impl OutOfBand for Nothing {
    fn signal_speaker(&self, _: Signal) {}
    fn jump_clock(&self, _: i64) {}
    fn vanish(&self) {}
}
