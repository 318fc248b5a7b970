//! Other people's speakers under the lab's scripts: what a clause requires of them, what is seen of them from outside, and the verdict
//! that follows. Nothing here opens a socket: the command line plays the scripts and says what it saw.
//!
//! ```text
//! matrix        daemons to start, and how
//! requirement   what a scenario's `[probe]` demands
//! sightings     connections, messages and ends as the peers saw them, and the daemon's own sockets where they can be looked at
//! sockets       /proc/net/tcp
//! judge         the verdict
//! lab           a probe in the lab, seen and judged in the same way
//! story         who waits for whom, told from outside
//! log           all of it in the order of time
//! drawn         that as a timeline, for traces and pictures
//! outcome       all of it, as what is kept and printed
//! agreement     whether the same probe came out the same several times, and as in the lab
//! ```

mod agreement;
mod drawn;
mod judge;
mod lab;
mod log;
mod matrix;
mod outcome;
mod requirement;
mod sightings;
mod sockets;
mod story;

pub use agreement::{apart, apart_from_lab};
pub use judge::{EARLY, Judgement, LATE, ProbeVerdict, judge};
pub use lab::in_the_lab;
pub use log::ProbeLog;
pub use matrix::{MatrixDaemon, StartedDaemon, matrix};
pub use outcome::{BufferSize, ProbeOutcome};
pub use requirement::{Must, Requirement, Since};
pub use sightings::{HowEnded, SeenConnection, SeenEnd, SeenOpen, SeenScript, Sightings};
pub use sockets::{SocketSeen, listening, sockets};
pub use story::{OutsideWait, story};

use crate::scenario::mistake::{Mistake, Source, nearest};
use crate::scenario::script::{PeerScript, PeerStep};
use crate::scenario::{self, Actor, FaultKind, NoScenario, Play, Scenario};

/// A scenario that is played against other people's speakers.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Its name on the command line of `probe`; [`scenario::find`] wants `probe:` before it.
    pub name: String,
    /// Its file.
    pub text: String,
    /// What is played. Its speaker is for the lab, and its addresses for network namespaces.
    pub scenario: Scenario,
    /// What must be seen.
    pub requirement: Requirement,
}

/// The names of those that come with the lab.
pub fn names() -> impl Iterator<Item = &'static str> {
    scenario::probes()
}

/// The one of this name.
///
/// # Errors
/// There is none; or, which a test rules out, its file is wrong.
pub fn find(name: &str) -> Result<Probe, NoScenario> {
    let Some((_, text)) = scenario::probe(name) else {
        let nearest = nearest(name, &names().collect::<Vec<_>>());
        return Err(NoScenario::Unknown { name: name.to_owned(), nearest });
    };
    read(name, &Source::new(format!("{name}.toml"), text)).map_err(NoScenario::Wrong)
}

/// Reads one from its file.
///
/// # Errors
/// The first mistake in it.
pub fn read(name: &str, source: &Source) -> Result<Probe, Mistake> {
    let scenario = Scenario::parse(source, |_| None, None)?;
    let requirement = Requirement::parse(source, &scenario.play)?;
    Ok(Probe { name: name.to_owned(), text: source.text().to_owned(), scenario, requirement })
}

impl Probe {
    /// Whether the daemon must dial this peer; otherwise it is to wait for it.
    pub fn is_dialled(&self, peer: usize) -> bool {
        self.script(peer).is_some_and(PeerScript::listens)
    }

    /// A peer's script.
    pub fn script(&self, peer: usize) -> Option<&PeerScript> {
        match &self.scenario.play.peers.get(peer)?.actor {
            Actor::Script { script, .. } => Some(script),
            Actor::Check(_) => None,
        }
    }

    /// What of it can be done only where both ends are this machine's; `None`: nothing.
    pub fn needs_far_machine(&self) -> Option<String> {
        let play = &self.scenario.play;
        let fault = play.faults.first().map(|fault| format!("the fault `{fault}`"));
        fault.or_else(|| self.step_of(|step| matches!(step, PeerStep::Signal(_))))
    }

    /// The first step of any peer that is such a one.
    fn step_of(&self, is: impl Fn(&PeerStep) -> bool) -> Option<String> {
        let scripts = (0..self.scenario.play.peers.len()).filter_map(|peer| self.script(peer));
        let mut steps = scripts.flat_map(|script| (0..).map_while(|index| script.step(index)));
        steps.find(|(step, _)| is(step)).map(|(_, text)| format!("the step `{text}`"))
    }
}

/// What of a play only the lab can do; `None`: nothing.
pub fn only_in_lab(play: &Play) -> Option<String> {
    let fault = play.faults.iter().find(|fault| !matches!(fault.kind, FaultKind::Cut { .. }));
    let fault = fault.map(|fault| format!("the fault `{fault}`"));
    let scripts = play.peers.iter().filter_map(|peer| match &peer.actor {
        Actor::Script { script, .. } => Some(script),
        Actor::Check(_) => None,
    });
    let mut steps = scripts.flat_map(|script| (0..).map_while(|index| script.step(index)));
    let step = steps.find(|(step, _)| matches!(step, PeerStep::Vanish | PeerStep::Clock { .. }));
    let client = play.clients.first().map(|client| format!("the client `{}`", client.name));
    fault.or_else(|| step.map(|(_, text)| format!("the step `{text}`"))).or(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_can_be_played_live_and_names_its_clause() {
        assert!(names().count() >= 18);
        for name in names() {
            let probe = find(name).unwrap();
            assert_eq!(only_in_lab(&probe.scenario.play), None, "{name}");
            assert!(probe.requirement.clause.starts_with("RFC "), "{name}");
        }
    }

    #[test]
    fn what_takes_both_machines_is_named() {
        let needs = |name| find(name).unwrap().needs_far_machine();
        assert_eq!(needs("silent-when-established"), None);
        assert_eq!(needs("syn-blackhole").as_deref(), Some("the fault `at 0ns cut speaker -> far for 4s`"));
        assert_eq!(needs("shutdown-while-one-is-stalled").as_deref(), Some("the step `signal SIGTERM`"));
    }
}
