//! How large a trial is. Every step of shrinking goes down in this order, so that shrinking comes to an end.

use holdtime_core::Duration;
use holdtime_machine::net::{Kernel, SocketOptions};

use crate::scenario::{Actor, Play, Scenario, usual_prices};
use crate::shrink::number;
use crate::shrink::script::ScriptOf;
use crate::shrink::statement;
use crate::shrink::trial::Trial;

/// How large a scenario is: actors, steps of all their scripts, and faults.
pub fn size(scenario: &Scenario) -> usize {
    let Play { speakers, peers, programs, clients, faults, .. } = &scenario.play;
    let steps: usize = ScriptOf::all(scenario).map(|of| of.lines(scenario).len()).sum();
    speakers.len() + peers.len() + programs.len() + clients.len() + faults.len() + steps
}

/// How large a trial is, what matters most to its reader first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Measure {
    /// Actors, steps and faults.
    pub size: usize,
    /// Statements of all configurations.
    pub statements: usize,
    /// Values that are not the usual ones.
    pub unusual: usize,
    /// Words of all scripts and statements.
    pub words: usize,
    /// Digits of times and counts that nobody would write.
    pub uneven: usize,
    /// The sum of all times in nanoseconds, and of all counts.
    pub total: u128,
}

impl Measure {
    /// Of a trial.
    pub(super) fn of(trial: &Trial) -> Self {
        let scenario = &trial.scenario;
        let lines = ScriptOf::all(scenario).flat_map(|of| of.lines(scenario));
        let words: usize = lines.map(|line| line.split_whitespace().count()).sum();
        let (statements, config_words) = statement::weight(scenario);
        let (uneven, total) = number::weight(scenario);
        Self {
            size: size(scenario),
            statements,
            unusual: unusual(&scenario.play) + drawn(trial),
            words: words + config_words,
            uneven,
            total,
        }
    }
}

/// A seed that has to be said, or choices: one that is saved is worth as much as a value.
fn drawn(trial: &Trial) -> usize {
    match &trial.choices {
        Some(choices) => 1 + choices.len(),
        None => usize::from(trial.seed != 0),
    }
}

/// How many values are not the usual ones.
fn unusual(play: &Play) -> usize {
    let speakers = play.speakers.iter().map(|speaker| sockets(&speaker.options) + speaker.addresses.len());
    let peers = play.peers.iter().map(|peer| {
        let own = match &peer.actor {
            Actor::Script { router_id, .. } => !peer.addresses.iter().any(|address| address == router_id),
            Actor::Check(_) => false,
        };
        sockets(&peer.options) + peer.addresses.len() + usize::from(own)
    });
    let (prices, usual) = (&play.prices, usual_prices());
    let others = [
        play.latency != Duration::from_millis(1),
        play.kernel != Kernel::default(),
        prices.poll() != usual.poll(),
        prices.call() != usual.call(),
        prices.octets(1) != usual.octets(1),
        prices.routes(1) != usual.routes(1),
        play.up.is_some(),
        play.ends.is_some(),
    ];
    speakers.sum::<usize>() + peers.sum::<usize>() + others.into_iter().filter(|other| *other).count()
}

fn sockets(options: &SocketOptions) -> usize {
    let usual = SocketOptions::default();
    let unusual = [
        options.send_buffer != usual.send_buffer,
        options.receive_buffer != usual.receive_buffer,
        options.mss != usual.mss,
    ];
    unusual.into_iter().filter(|unusual| *unusual).count()
}
