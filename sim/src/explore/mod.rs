//! Worlds that nobody wrote: a seed draws a whole scenario, and a sweep plays many.
//!
//! A seed draws first which kinds of faults, verbs and behaviours are on at all ([`Kinds`]), then who exists, what the programs and
//! the peers do, and what goes wrong, how often and when. Times are biased to what matters: parts of the hold time, a
//! retransmission. Every fault heals, and a time follows in which all can recover. A quarter of the seeds have no fault.
//!
//! The draws are keyed ([`Choices`](holdtime_machine::choices::Choices)): one that a later build adds leaves the others alone.

mod behaviour;
mod cast;
mod census;
mod draw;
mod faults;
mod ground;
mod guide;
mod kinds;
mod lineage;
mod octets;
mod said;
mod sweep;
mod timers;
mod workload;

pub use census::{Census, Counted};
pub use ground::{Ground, Played, drawn_reactor};
pub use guide::{Guide, ROUND};
pub use kinds::{Behaviour, Kinds, Trouble, Verb};
pub use lineage::{Branch, Lineage};
pub use octets::{fuzz, octets_of, world_of_octets};
pub use sweep::{Assurance, CENSUS_RUNS, Sweep, play};
pub use timers::FiredTimer;

use std::net::IpAddr;

use holdtime_core::Duration;
use holdtime_core::config::{ConfigText, Settings};
use holdtime_machine::net::{Kernel, SocketOptions};

use crate::scenario::mistake::Mistake;
use crate::scenario::script::PeerScript;
use crate::scenario::{
    Actor, Bounds, Expected, PeerPlace, Play, PlayClient, PlayPeer, PlaySpeaker, Scenario, usual_prices,
};
use crate::subject;
use cast::{DrawnCast, DrawnPeer, DrawnSpeaker};
use draw::Draw;

/// A world that was drawn.
#[derive(Clone, Debug)]
pub struct ExploredWorld {
    /// All of it, as a scenario, which names one reactor.
    pub scenario: Scenario,
    /// What each of its peers is like, in their order.
    pub behaviours: Vec<Behaviour>,
}

/// The world of a seed.
///
/// # Errors
/// A script that was drawn is none, which a test rules out.
pub fn world(seed: u64) -> Result<ExploredWorld, Mistake> {
    world_of(&seed.into())
}

/// The world of a run of a sweep.
///
/// # Errors
/// As [`world`].
pub fn world_of(lineage: &Lineage) -> Result<ExploredWorld, Mistake> {
    drawn(&mut Draw::of(lineage), &lineage.to_string())
}

fn drawn(draw: &mut Draw, name: &str) -> Result<ExploredWorld, Mistake> {
    let kinds = Kinds::draw(draw);
    let cast = DrawnCast::draw(draw, &kinds);
    let speakers: Vec<PlaySpeaker> = cast.speakers.iter().map(|speaker| speaker_of(&cast, speaker)).collect();
    let first = speakers.first().map(|speaker| speaker.addresses.clone()).unwrap_or_default();
    let peers = cast.peers.iter().map(|peer| {
        let script = behaviour::script(draw, &kinds, &cast, peer)?;
        Ok(peer_of(peer, script, &first))
    });
    let peers = peers.collect::<Result<Vec<_>, Mistake>>()?;
    let programs = cast
        .speakers
        .iter()
        .filter(|speaker| speaker.program.is_some())
        .map(|speaker| Ok((speaker.run(), vec![workload::script(draw, &kinds, &cast, speaker)?])));
    let programs = programs.collect::<Result<Vec<_>, Mistake>>()?;
    let client = workload::client(draw, &kinds, &cast)?;
    let client = client.zip(speakers.first()).map(|(script, speaker)| PlayClient {
        name: "operator".to_owned(),
        speaker: speaker.name.clone(),
        script,
    });
    let clients = client.into_iter().collect();
    draw.at(Duration::ZERO);
    let reactor = draw.one_of("reactor", "", &subject::SHIPPED).unwrap_or(subject::POLL);
    let scenario = Scenario {
        title: format!("Generated world {name}: {}", cast.title(&kinds)),
        source: None,
        play: Play {
            name: format!("swarm-{name}"),
            clients,
            guests: None,
            programs_count: true,
            rests: true,
            latency: draw.one_of("latency", "", &LATENCIES).unwrap_or_default(),
            faults: faults::draw(draw, &kinds, &cast),
            kernel: Kernel::default(),
            prices: usual_prices(),
            bounds: Bounds::default(),
            up: None,
            again_by: None,
            ends: None,
            run_for: cast.end * 2 + Duration::from_secs(600),
            speakers,
            peers,
            programs,
        },
        expect: vec![(reactor.name().to_owned(), Expected::Pass)],
    };
    let behaviours = cast.peers.iter().map(|peer| peer.behaviour).collect();
    Ok(ExploredWorld { scenario, behaviours })
}

fn speaker_of(cast: &DrawnCast, speaker: &DrawnSpeaker) -> PlaySpeaker {
    let file = |(number, text)| ConfigText { name: PlaySpeaker::file_name(&speaker.name, number), text };
    PlaySpeaker {
        name: speaker.name.clone(),
        addresses: vec![speaker.address.into()],
        files: cast.configs(speaker).into_iter().enumerate().map(file).collect(),
        settings: Settings::default(),
        options: SocketOptions::default(),
    }
}

fn peer_of(peer: &DrawnPeer, script: PeerScript, speaker: &[IpAddr]) -> PlayPeer {
    let addresses = vec![peer.address.into()];
    let usual = SocketOptions::default();
    PlayPeer {
        name: peer.name.clone(),
        place: PeerPlace::of(&addresses, speaker),
        addresses,
        options: SocketOptions {
            receive_buffer: peer.receive_buffer.unwrap_or(usual.receive_buffer),
            mss: peer.mss.unwrap_or(usual.mss),
            ..usual
        },
        actor: Actor::Script { script, asn: peer.asn, router_id: peer.address },
    }
}

const LATENCIES: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_micros(100),
    Duration::from_millis(10),
    Duration::from_millis(50),
];
