//! Who waits for whom, told from outside: what a daemon's clock, socket and peer show, without a look into the daemon.

use std::fmt;

use holdtime_core::Instant;
use serde::{Deserialize, Serialize};

use super::requirement::Requirement;
use super::sightings::{SeenConnection, Sightings, kind_name};
use crate::actor::PeerState;

/// Somebody waits for something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideWait {
    /// Who.
    pub who: String,
    /// Since when, in nanoseconds since the start of the run.
    pub since: u64,
    /// For what.
    pub what: String,
}

impl fmt::Display for OutsideWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = Instant::from_nanos(self.since);
        write!(f, "{} waits since {since} for\n  {}", self.who, self.what)
    }
}

/// The waits at this moment, the peer whose session the requirement is about first.
pub fn story(wanted: &Requirement, seen: &Sightings) -> Vec<OutsideWait> {
    let mut waits = Vec::new();
    let wait = |who: &str, since: Instant, what: String| OutsideWait {
        who: who.to_owned(),
        since: since.as_nanos(),
        what,
    };
    let first = seen.scripts.iter().enumerate().skip(wanted.peer).take(1);
    let others = seen.scripts.iter().enumerate().filter(|(at, _)| *at != wanted.peer);
    for (at, script) in first.chain(others) {
        let connections = || seen.connections.iter().filter(|one| one.peer == at);
        match &script.state {
            PeerState::Waiting { step, since, .. } => {
                waits.push(wait(&script.peer, *since, format!("the daemon: its step `{step}`")));
            }
            PeerState::Finished if at == wanted.peer => {
                let open = connections().rfind(|one| one.end.is_none());
                if let Some(since) = open.and_then(|one| Some(one.sent?.0)) {
                    let what = format!("the daemon: {}", wanted.requires);
                    waits.push(wait(&script.peer, since, what));
                }
            }
            PeerState::Finished | PeerState::Failed(_) => {}
        }
        for one in connections().filter(|one| one.end.is_none() && !one.is_closed) {
            let (since, what) = daemon(one, &script.peer);
            waits.push(wait("the daemon", since, what));
        }
    }
    waits
}

/// What a daemon waits for on a connection that it has not ended.
fn daemon(one: &SeenConnection, name: &str) -> (Instant, String) {
    match (one.stalled, one.sent) {
        (Some((since, octets)), _) => {
            (since, format!("room in {name}'s window: {octets} octets in its socket do not move"))
        }
        (None, Some((since, kind))) => {
            (since, format!("a message of {name}, whose last was {}", kind_name(kind)))
        }
        (None, None) => (one.at, format!("a first message of {name}")),
    }
}
