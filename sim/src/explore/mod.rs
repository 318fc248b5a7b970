//! Worlds that nobody wrote: a seed draws a whole scenario, and a sweep plays many.
//!
//! A seed draws first which kinds of faults, verbs and behaviours are on at all ([`Kinds`]), then who exists, what the programs and
//! the peers do, and what goes wrong, how often and when. Times are biased to what matters: parts of the hold time, a
//! retransmission. Every fault heals, and a time follows in which all can recover. A quarter of the seeds have no fault.
//!
//! The draws are keyed ([`Choices`](holdtime_machine::choices::Choices)): one that a later build adds leaves the others alone.

mod behaviour;
mod cast;
mod draw;
mod faults;
mod kinds;
mod workload;

pub use kinds::{Behaviour, Kinds, Trouble, Verb};

use holdtime_core::Duration;
use holdtime_core::config::ConfigText;
use holdtime_machine::net::Kernel;

use crate::scenario::mistake::Mistake;
use crate::scenario::{Bounds, Expected, PeerHost, Prices, Program, Scenario, Sockets, SpeakerHost};
use crate::subject::ReactorName;
use cast::Cast;
use draw::Draw;

/// The world of a seed.
///
/// # Errors
/// A script that was drawn is none, which a test rules out.
pub fn world(seed: u64) -> Result<Scenario, Mistake> {
    let mut draw = Draw::new(seed);
    let kinds = Kinds::draw(&mut draw);
    let cast = Cast::draw(&mut draw, &kinds);
    let peers = cast.peers.iter().map(|peer| {
        Ok(PeerHost {
            name: peer.name.clone(),
            addresses: vec![peer.address.into()],
            asn: peer.asn,
            router_id: peer.address,
            sockets: Sockets { send_buffer: None, receive_buffer: peer.receive_buffer, mss: peer.mss },
            script: behaviour::script(&mut draw, &kinds, &cast, peer)?,
        })
    });
    let peers = peers.collect::<Result<Vec<_>, Mistake>>()?;
    let programs = cast.speakers.iter().filter(|speaker| speaker.program.is_some()).map(|speaker| {
        let script = workload::script(&mut draw, &kinds, &cast, speaker)?;
        Ok(Program { run: speaker.run(), script })
    });
    let programs = programs.collect::<Result<Vec<_>, Mistake>>()?;
    let speakers = cast.speakers.iter().map(|speaker| SpeakerHost {
        name: speaker.name.clone(),
        addresses: vec![speaker.address.into()],
        config: ConfigText { name: speaker.name.clone(), text: cast.config(speaker) },
        sockets: Sockets::default(),
    });
    let reactor = draw.one_of("reactor", "", &ReactorName::SHIPPED).unwrap_or(ReactorName::Poll);
    Ok(Scenario {
        name: format!("swarm-{seed}"),
        title: format!("Generated world {seed}: {}", kinds.title(&cast)),
        source: None,
        run_for: cast.end * 2 + Duration::from_secs(600),
        faults: faults::draw(&mut draw, &kinds, &cast),
        latency: draw.one_of("latency", "", &LATENCIES).unwrap_or_default(),
        kernel: Kernel::default(),
        prices: Prices::default(),
        bounds: Bounds::default(),
        up: None,
        ends: None,
        expect: vec![(reactor, Expected::Pass)],
        speakers: speakers.collect(),
        peers,
        programs,
    })
}

const LATENCIES: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_micros(100),
    Duration::from_millis(10),
    Duration::from_millis(50),
];
