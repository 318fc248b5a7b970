//! Speakers, peers and programs, taken away with whatever refers to them.

use std::net::IpAddr;

use crate::scenario::{Fault, Scenario};
use crate::shrink::script::ScriptOf;
use crate::shrink::search::Search;
use crate::shrink::statement::{self, Statement};

/// A speaker, a peer or a program, by its name: others that go leave it as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Speaker(String),
    Peer(String),
    /// The command that starts it.
    Program(String),
    Client(String),
}

/// Removes actors: programs first, for nobody's session hangs on one.
pub(super) fn remove(search: &mut Search<'_>) {
    search.remove(all, without);
}

fn all(scenario: &Scenario) -> Vec<Member> {
    let play = &scenario.play;
    let speakers = play.speakers.iter().map(|speaker| Member::Speaker(speaker.name.clone()));
    let peers = play.peers.iter().map(|peer| Member::Peer(peer.name.clone()));
    let programs = play.programs.iter().map(|(run, _)| Member::Program(run.clone()));
    let clients = play.clients.iter().map(|client| Member::Client(client.name.clone()));
    speakers.chain(peers).chain(programs).chain(clients).collect()
}

fn without(scenario: &Scenario, some: &[Member]) -> Option<Scenario> {
    let mut scenario = scenario.clone();
    for actor in some {
        match actor {
            Member::Speaker(name) => without_speaker(&mut scenario, name),
            Member::Peer(name) => without_peer(&mut scenario, name),
            Member::Program(run) => without_program(&mut scenario, run),
            Member::Client(name) => scenario.play.clients.retain(|client| client.name != *name),
        }
    }
    (!scenario.play.speakers.is_empty()).then_some(scenario)
}

fn without_speaker(scenario: &mut Scenario, name: &str) {
    let Some(index) = scenario.play.speakers.iter().position(|speaker| speaker.name == name) else { return };
    let gone = scenario.play.speakers.remove(index);
    forget_host(scenario, name, &gone.addresses);
    scenario.play.clients.retain(|client| client.speaker != name);
    // Programs that nobody else runs go with it.
    let runs: Vec<String> = statement::configs(scenario)
        .into_iter()
        .flat_map(|place| processes(&statement::of(scenario, place)))
        .map(|(_, run)| run)
        .collect();
    scenario.play.programs.retain(|(run, _)| runs.contains(run));
}

fn without_peer(scenario: &mut Scenario, name: &str) {
    let Some(index) = scenario.play.peers.iter().position(|peer| peer.name == name) else { return };
    let gone = scenario.play.peers.remove(index);
    forget_host(scenario, name, &gone.addresses);
}

/// Takes away what refers to a host that is gone: its neighbor sections, its faults, commands that name it.
fn forget_host(scenario: &mut Scenario, name: &str, addresses: &[IpAddr]) {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    for place in statement::configs(scenario) {
        let is_its =
            |one: &Statement| one.is_block("neighbor") && texts.iter().any(|text| text == one.word(1));
        let changed = statement::with(scenario, place, |all| all.retain(|one| !is_its(one)));
        *scenario = changed.unwrap_or_else(|| scenario.clone());
    }
    scenario.play.faults.retain(|fault| !concerns(fault, name));
    for script in ScriptOf::all(scenario) {
        let lines = script.lines(scenario);
        let words = |line: &String| line.split(' ').any(|word| texts.iter().any(|text| text == word));
        let is_command = |line: &String| !matches!(script, ScriptOf::Peer(_)) && line.starts_with("send ");
        let left: Vec<String> =
            lines.iter().filter(|line| !(is_command(line) && words(line))).cloned().collect();
        if left.len() < lines.len()
            && let Some(changed) = script.with(scenario, &left)
        {
            *scenario = changed;
        }
    }
}

fn concerns(fault: &Fault, name: &str) -> bool {
    let (host, other) = fault.kind.hosts();
    host == name || other == Some(name)
}

/// Takes a program away: with its process, and the `api` sections that have no other.
fn without_program(scenario: &mut Scenario, run: &str) {
    scenario.play.programs.retain(|(known, _)| known != run);
    for place in statement::configs(scenario) {
        let names: Vec<String> = processes(&statement::of(scenario, place))
            .into_iter()
            .filter(|(_, command)| command == run)
            .map(|(name, _)| name)
            .collect();
        let changed = statement::with(scenario, place, |all| {
            all.retain(|one| !(one.is_block("process") && names.iter().any(|name| name == one.word(1))));
            all.iter_mut().for_each(|one| forget_process(one, &names));
        });
        *scenario = changed.unwrap_or_else(|| scenario.clone());
    }
}

/// The processes of a configuration: their names, and the commands that start them.
fn processes(statements: &[Statement]) -> Vec<(String, String)> {
    let process = statements.iter().filter(|one| one.is_block("process"));
    let run = |one: &Statement| {
        let block = one.block.as_deref().unwrap_or_default();
        block.iter().find(|below| below.word(0) == "run").map(|run| run.word(1).to_owned())
    };
    process.filter_map(|one| Some((one.word(1).to_owned(), run(one)?))).collect()
}

fn forget_process(statement: &mut Statement, names: &[String]) {
    let Some(block) = &mut statement.block else { return };
    block.retain_mut(|below| !below.is_block("api") || keeps_a_process(below, names));
}

/// Strikes processes from an `api` section; whether one is left.
fn keeps_a_process(api: &mut Statement, names: &[String]) -> bool {
    let Some(block) = &mut api.block else { return true };
    for statement in block.iter_mut().filter(|one| one.word(0) == "processes") {
        statement.words.retain(|word| !names.contains(word));
    }
    block.iter().any(|one| one.word(0) == "processes" && one.words.iter().any(|word| is_name(word)))
}

fn is_name(word: &str) -> bool {
    !["processes", "[", "]"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore;
    use crate::scenario;
    use crate::scenario::mistake::Source;

    #[test]
    fn whoever_goes_from_a_generated_world_leaves_a_scenario_behind() {
        let mut gone = 0;
        for seed in 0..60 {
            let world = explore::world(seed).unwrap().scenario;
            for actor in all(&world) {
                let Some(left) = without(&world, std::slice::from_ref(&actor)) else { continue };
                let text = left.write().unwrap();
                let read =
                    scenario::read(&Source::new("left.toml", text), |_| None, &[left.expect[0].0.as_str()]);
                let read = read.unwrap_or_else(|mistake| panic!("{seed}, {actor:?}: {mistake}"));
                assert!(!all(&read).contains(&actor), "{seed}, {actor:?}");
                gone += 1;
            }
        }
        assert!(gone > 200, "{gone}");
    }
}
