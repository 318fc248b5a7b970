//! What is played: a scenario or a case, in the form that the stage sets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use holdtime_core::Duration;
use holdtime_core::config::{ConfigText, Settings};

use crate::scenario::expectation::Expectation;
use crate::scenario::script::{PeerScript, ProgramScript};
use crate::scenario::{Bounds, ExpectedEnd, Fault, FaultKind, Window};
use holdtime_machine::guest::Guests;
use holdtime_machine::net::{Kernel, SocketOptions};
use holdtime_machine::world::Prices;

/// The port of BGP, on which everybody listens.
const PORT: u16 = 179;

/// Everything that a run needs besides a reactor and a seed.
#[derive(Clone, Debug)]
pub struct Play {
    /// Its name on the command line.
    pub name: String,
    /// The machines under test.
    pub speakers: Vec<PlaySpeaker>,
    /// The peers.
    pub peers: Vec<PlayPeer>,
    /// The programs, by the command that starts them: a script for each start, the last one for all further ones too.
    pub programs: Vec<(String, Vec<ProgramScript>)>,
    /// Command-line clients.
    pub clients: Vec<PlayClient>,
    /// Real programs among those that are started.
    pub guests: Option<PlayGuests>,
    /// Whether every program must come to the end of its script.
    pub programs_count: bool,
    /// Whether a second of quiet must follow once everything has finished.
    pub rests: bool,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// One way, between two machines, before the seed has its say.
    pub latency: Duration,
    /// What every machine's kernel is set to.
    pub kernel: Kernel,
    /// What computing costs, before the seed has its say.
    pub prices: Prices,
    /// When oracles sound.
    pub bounds: Bounds,
    /// When a session must be established.
    pub up: Option<Window>,
    /// By when one must be established again, after the first one has ended.
    pub again_by: Option<Duration>,
    /// How the first session must end.
    pub ends: Option<ExpectedEnd>,
    /// The bound of the run.
    pub run_for: Duration,
}

/// Programs that are real processes.
#[derive(Clone, Debug)]
pub struct PlayGuests {
    /// The command that starts each.
    pub commands: Vec<String>,
    /// Where they come from.
    pub source: Arc<dyn Guests>,
}

/// The prices of a play that names none.
pub(crate) fn usual_prices() -> Prices {
    let nanos = Duration::from_nanos;
    Prices::new(nanos(2_000), nanos(500), nanos(1), nanos(300))
}

/// A machine under test.
#[derive(Clone, Debug)]
pub struct PlaySpeaker {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its configuration files; reloads go round.
    pub files: Vec<ConfigText>,
    /// Its environment.
    pub settings: Settings,
    /// What its sockets are set to.
    pub options: SocketOptions,
}

/// A command-line client, which writes to a speaker's named pipes and reads the answers from them.
#[derive(Clone, Debug)]
pub struct PlayClient {
    /// Its name.
    pub name: String,
    /// The speaker's.
    pub speaker: String,
    /// What it does.
    pub script: ProgramScript,
}

/// A peer.
#[derive(Clone, Debug)]
pub struct PlayPeer {
    /// Its name.
    pub name: String,
    /// Its machine's addresses; none: it runs on the first speaker's machine.
    pub addresses: Vec<IpAddr>,
    /// Where it listens and whom it dials.
    pub place: PeerPlace,
    /// What its sockets are set to.
    pub options: SocketOptions,
    /// What it does.
    pub actor: Actor,
}

/// Where a peer listens and whom it dials.
#[derive(Clone, Copy, Debug)]
pub struct PeerPlace {
    /// Where it listens, if its script does.
    pub listen: SocketAddr,
    /// The address that it dials from.
    pub from: IpAddr,
    /// Whom it dials.
    pub dial: SocketAddr,
}

/// What a peer does.
#[derive(Clone, Debug)]
pub enum Actor {
    /// It follows a script.
    Script {
        /// The script.
        script: PeerScript,
        /// Its AS number.
        asn: u32,
        /// Its router id.
        router_id: Ipv4Addr,
    },
    /// It checks what it receives.
    Check(Expectation),
}

impl Play {
    /// From when on nothing is wrong any more; `None`: something is to the end.
    pub fn healed(&self) -> Option<Duration> {
        self.faults
            .iter()
            .map(Fault::heals)
            .try_fold(Duration::ZERO, |latest, heals| Some(latest.max(heals?)))
    }

    /// By how much the wall clock of a host jumps before a time, each time.
    pub(crate) fn jumps_before(&self, name: &str, time: Duration) -> impl Iterator<Item = i64> {
        self.faults.iter().filter(move |fault| fault.at < time).filter_map(move |fault| match &fault.kind {
            FaultKind::Clock { host, by } if host == name => Some(*by),
            _ => None,
        })
    }

    /// When the process of this speaker is started: at first, and again. While there is none it cannot be ended, and without power it
    /// cannot be started.
    pub(crate) fn starts(&self, speaker: &str) -> Vec<Duration> {
        let mut ends: Vec<(Duration, Duration, bool)> = (self.faults.iter())
            .filter_map(|fault| match &fault.kind {
                FaultKind::Restart { host, after, machine } if host == speaker => {
                    Some((fault.at, fault.at + *after, *machine))
                }
                _ => None,
            })
            .collect();
        ends.sort_unstable();
        let mut starts = Vec::new();
        let mut last = Duration::ZERO;
        for (ends, back, machine) in ends {
            if ends > last || starts.is_empty() {
                starts.push(last);
                last = back;
            } else if machine {
                last = last.max(back);
            }
        }
        starts.push(last);
        starts
    }
}

impl PlaySpeaker {
    /// What a configuration of it is called, by its number from 0, wherever the scenario's file is: a speaker that loads one says its name.
    pub(crate) fn file_name(speaker: &str, number: usize) -> String {
        match number {
            0 => speaker.to_owned(),
            _ => format!("{speaker} ({})", number + 1),
        }
    }
}

impl PeerPlace {
    /// Of a peer with these addresses, which listens on the first and dials the speaker's in the same family.
    pub(crate) fn of(addresses: &[IpAddr], speaker: &[IpAddr]) -> Self {
        let own = addresses.first().copied().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let dial = speaker.iter().copied().find(|address| address.is_ipv4() == own.is_ipv4()).unwrap_or(own);
        Self { listen: SocketAddr::new(own, PORT), from: own, dial: SocketAddr::new(dial, PORT) }
    }
}

#[cfg(test)]
mod tests {
    use holdtime_core::Duration;

    use crate::scenario::{Fault, FaultKind};

    #[test]
    fn a_speaker_that_does_not_run_is_not_ended_again_and_begins_once_its_machine_has_power() {
        let mut play = crate::explore::world(0).unwrap().scenario.play;
        for (faults, starts) in [
            (&[][..], &[0][..]),
            (&[(5, 2, false)], &[0, 7]),
            (&[(0, 2, true)], &[0, 2]),
            (&[(20, 2, true), (5, 2, false)], &[0, 7, 22]),
            (&[(5, 20, false), (8, 2, false), (9, 3, true)], &[0, 25]),
            (&[(5, 20, false), (8, 40, true), (30, 1, false)], &[0, 48]),
            (&[(5, 2, false), (7, 9, false)], &[0, 7]),
        ] {
            let fault = |(at, after, machine): &(u64, u64, bool)| Fault {
                at: Duration::from_secs(*at),
                kind: FaultKind::Restart {
                    host: "speaker".to_owned(),
                    machine: *machine,
                    after: Duration::from_secs(*after),
                },
            };
            play.faults = faults.iter().map(fault).collect();
            let found: Vec<u64> = play.starts("speaker").iter().map(|start| start.as_secs()).collect();
            assert_eq!(found, starts, "{faults:?}");
        }
    }
}
