//! The scripts of a scenario as lines, whoever plays them.

use holdtime_core::Duration;

use crate::scenario::mistake::Source;
use crate::scenario::script::{PeerScript, ProgramScript, parse_duration};
use crate::scenario::{Actor, Scenario};

/// Whose script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScriptOf {
    /// The peer of this index.
    Peer(usize),
    /// The program of this index.
    Program(usize),
    /// The command-line client of this index.
    Client(usize),
}

impl ScriptOf {
    /// Everybody who has one.
    pub(super) fn all(scenario: &Scenario) -> impl Iterator<Item = Self> + use<> {
        let (peers, programs) = (scenario.play.peers.len(), scenario.play.programs.len());
        let clients = (0..scenario.play.clients.len()).map(Self::Client);
        (0..peers).map(Self::Peer).chain((0..programs).map(Self::Program)).chain(clients)
    }

    /// Its lines.
    pub(super) fn lines(self, scenario: &Scenario) -> Vec<String> {
        let play = &scenario.play;
        match self {
            Self::Peer(index) => match play.peers.get(index).map(|peer| &peer.actor) {
                Some(Actor::Script { script, .. }) => script.lines(),
                _ => Vec::new(),
            },
            Self::Program(index) => {
                let script = play.programs.get(index).and_then(|(_, scripts)| scripts.first());
                script.map(ProgramScript::lines).unwrap_or_default()
            }
            Self::Client(index) => {
                play.clients.get(index).map(|client| client.script.lines()).unwrap_or_default()
            }
        }
    }

    /// The scenario with other lines; `None`: they are no script.
    pub(super) fn with(self, scenario: &Scenario, lines: &[String]) -> Option<Scenario> {
        let text = lines.join("\n") + "\n";
        let source = Source::new("script", text.as_str());
        let mut scenario = scenario.clone();
        match self {
            Self::Peer(index) => {
                let new = PeerScript::parse(&source, 0..text.len()).ok()?;
                let Actor::Script { script, .. } = &mut scenario.play.peers.get_mut(index)?.actor else {
                    return None;
                };
                *script = new;
            }
            Self::Program(index) => {
                let script = ProgramScript::parse(&source, 0..text.len()).ok()?;
                scenario.play.programs.get_mut(index)?.1 = vec![script];
            }
            Self::Client(index) => {
                let script = ProgramScript::parse(&source, 0..text.len()).ok()?;
                scenario.play.clients.get_mut(index)?.script = script;
            }
        }
        Some(scenario)
    }

    /// How a report calls who plays it.
    pub(super) fn name(self, scenario: &Scenario) -> String {
        match self {
            Self::Peer(index) => {
                scenario.play.peers.get(index).map_or_else(String::new, |peer| format!("peer {}", peer.name))
            }
            Self::Program(index) => {
                let run = scenario.play.programs.get(index).map_or("", |(run, _)| run);
                format!("program {}", run.rsplit('/').next().unwrap_or(run))
            }
            Self::Client(index) => {
                let client = scenario.play.clients.get(index);
                client.map_or_else(String::new, |client| format!("client {}", client.name))
            }
        }
    }
}

/// Whether a line only lets time pass.
pub(super) fn is_wait(line: &str) -> bool {
    line.split_whitespace().next() == Some("wait")
}

/// How much time lines let pass that do nothing else.
pub(super) fn waited(lines: &[String]) -> Duration {
    lines.iter().filter(|line| is_wait(line)).filter_map(|line| parse_duration(line.get(5..)?.trim())).sum()
}
