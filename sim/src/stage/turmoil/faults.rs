//! Which faults of a play turmoil can bring about, and what is refused, each with its reason.

use std::net::IpAddr;

use holdtime_core::speaker::Signal;
use holdtime_core::time::{Duration, Instant};

use crate::scenario::{Fault, FaultKind, PathChange, Play};
use crate::turmoil::TurmoilHost;

/// Something that is done to turmoil's network, or to the speaker.
#[derive(Clone, Copy, Debug)]
pub(super) enum TurmoilDeed {
    Cut { from: IpAddr, to: IpAddr, both: bool },
    Latency { between: (IpAddr, IpAddr), time: Duration },
    Signal(Signal),
}

/// What is done when, in order.
///
/// # Errors
/// Why turmoil cannot play a fault.
pub(super) fn deeds(play: &Play) -> Result<Vec<(Instant, TurmoilDeed)>, &'static str> {
    let mut deeds = Vec::new();
    for fault in &play.faults {
        deeds.extend(of(play, fault)?);
    }
    deeds.sort_by_key(|(at, _)| *at);
    Ok(deeds)
}

/// The address of a host.
fn address(play: &Play, name: &str) -> Result<IpAddr, &'static str> {
    let speakers = play.speakers.iter().map(|host| (&host.name, &host.addresses));
    let mut all = speakers.chain(play.peers.iter().map(|host| (&host.name, &host.addresses)));
    let found = all.find(|(known, _)| *known == name).and_then(|(_, addresses)| addresses.first());
    found.copied().ok_or("turmoil's hosts are told apart by their addresses, and this one has none")
}

fn of(play: &Play, fault: &Fault) -> Result<Vec<(Instant, TurmoilDeed)>, &'static str> {
    let at = Instant::ZERO + fault.at;
    let is_speaker = |name: &String| play.speakers.iter().any(|speaker| speaker.name == *name);
    Ok(match &fault.kind {
        FaultKind::Cut { from, to, both, lasts: None } => {
            vec![(at, TurmoilDeed::Cut { from: address(play, from)?, to: address(play, to)?, both: *both })]
        }
        FaultKind::Cut { .. } | FaultKind::Path { change: PathChange::Loss(_) | PathChange::Mtu(_), .. } => {
            return Err("turmoil sends nothing again: what a path loses for a while is lost for good");
        }
        FaultKind::Path { from, to, both: true, change: PathChange::Latency(time), lasts } => {
            let between = (address(play, from)?, address(play, to)?);
            let usual = lasts.map(|lasts| (at + lasts, TurmoilDeed::Latency { between, time: play.latency }));
            std::iter::once((at, TurmoilDeed::Latency { between, time: *time })).chain(usual).collect()
        }
        FaultKind::Path { .. } => {
            return Err("turmoil's links have one latency for both directions, and no bandwidth");
        }
        FaultKind::Suspend { .. } => return Err("turmoil has no process that could be stopped"),
        FaultKind::Clock { .. } => return Err("turmoil's machines have one clock, which cannot jump"),
        FaultKind::Power { host, lasts: None } if !is_speaker(host) => {
            let speakers = play.speakers.iter().filter_map(|speaker| speaker.addresses.first());
            let peer = address(play, host)?;
            speakers.map(|speaker| (at, TurmoilDeed::Cut { from: peer, to: *speaker, both: true })).collect()
        }
        FaultKind::Power { .. } => {
            return Err(
                "turmoil's machines run their programs again once they are back, and a crash ends connections",
            );
        }
        FaultKind::Signal { host, signal } if is_speaker(host) => vec![(at, TurmoilDeed::Signal(*signal))],
        FaultKind::Signal { .. } | FaultKind::Restart { .. } => {
            return Err("turmoil has no process that a signal could end");
        }
    })
}

impl TurmoilDeed {
    /// No packet takes less than a tick.
    pub(super) fn carry_out(self, sim: &turmoil::Sim<'_>, speaker: &TurmoilHost, tick: Duration) {
        match self {
            Self::Cut { from, to, both: true } => sim.partition(from, to),
            Self::Cut { from, to, .. } => sim.partition_oneway(from, to),
            Self::Latency { between: (one, other), time } => sim.set_link_latency(one, other, time.max(tick)),
            Self::Signal(signal) => speaker.signal(signal),
        }
    }
}
