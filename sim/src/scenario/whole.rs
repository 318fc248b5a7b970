//! Mistakes that only the whole file shows: two hosts that cannot be told apart, a program that nothing runs, a time at which the
//! run is over.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;

use holdtime_core::Duration;
use holdtime_core::config::{Config, ConfigError, ConfigText, PeerRange, Settings};
use toml::Spanned;

use crate::scenario::check::Check;
use crate::scenario::file::{Addresses, File, PeerTable};
use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::format_duration;
use crate::scenario::{Actor, PlayPeer, PlaySpeaker};

/// The name of a speaker that the file gives none.
pub(super) const SPEAKER: &str = "speaker";

/// The hosts of a scenario by their kinds, as faults call them.
pub(super) struct Hosts<'a> {
    /// The machines under test.
    pub(super) speakers: Vec<&'a str>,
    /// The scripted peers.
    pub(super) peers: Vec<&'a str>,
}

impl Hosts<'_> {
    /// Every host's name.
    pub(super) fn all(&self) -> Vec<&str> {
        self.speakers.iter().chain(&self.peers).copied().collect()
    }
}

/// The names of the hosts, each its own; and no address is that of two.
pub(super) fn hosts<'a>(
    check: &Check<'_>,
    file: &'a File,
    peers: &'a [PeerTable],
) -> Result<Hosts<'a>, Mistake> {
    let mut names = BTreeMap::new();
    let mut addresses = BTreeMap::new();
    let mut hosts = Hosts { speakers: Vec::new(), peers: Vec::new() };
    if file.speaker.is_empty() {
        return Err(check.source.mistake(0..0, "there is no speaker").expected("at least one `[[speaker]]`"));
    }
    for table in &file.speaker {
        let name = match &table.name {
            Some(name) => (name.get_ref().as_str(), check.inside(name)),
            None => (SPEAKER, table.address.span()),
        };
        hosts.speakers.push(name.0);
        own_addresses(check, &mut addresses, name.0, &table.address)?;
        own_name(check, &mut names, name)?;
    }
    for table in peers {
        let name = (table.name.get_ref().as_str(), check.inside(&table.name));
        hosts.peers.push(name.0);
        if let Some(address) = table.address.as_ref().filter(|_| table.on.is_none()) {
            own_addresses(check, &mut addresses, name.0, address)?;
        }
        own_name(check, &mut names, name)?;
    }
    Ok(hosts)
}

/// On one machine no two peers wait for the speaker to dial in: they would listen at the same place.
pub(super) fn listeners(check: &Check<'_>, tables: &[PeerTable], peers: &[PlayPeer]) -> Result<(), Mistake> {
    let listens = |peer: &&PlayPeer| matches!(&peer.actor, Actor::Script { script, .. } if script.listens());
    for (index, (table, peer)) in tables.iter().zip(peers).enumerate().filter(|(_, (_, peer))| listens(peer))
    {
        let mut above = peers.iter().take(index).filter(listens);
        if let Some(other) = above.find(|other| other.addresses == peer.addresses) {
            let problem = format!("`{}` listens on this machine already", other.name);
            let mistake = check.source.mistake(check.inside(&table.name), problem);
            return Err(
                mistake.expected("`accept` in the script of one of them, and `connect` in the others")
            );
        }
    }
    Ok(())
}

fn own_name<'a>(
    check: &Check<'_>,
    names: &mut BTreeMap<&'a str, usize>,
    (name, place): (&'a str, Range<usize>),
) -> Result<(), Mistake> {
    if name.is_empty() || name.contains(char::is_whitespace) {
        let mistake = check.source.mistake(place, "not a host's name");
        return Err(mistake.expected("one word, by which faults and reports call it"));
    }
    let line = check.line(&place);
    match names.insert(name, line) {
        None => Ok(()),
        Some(first) => Err(check
            .source
            .mistake(place, format!("two hosts are called `{name}`"))
            .expected(format!("a `name` unlike that of the host in line {first}"))),
    }
}

fn own_addresses<'a>(
    check: &Check<'_>,
    known: &mut BTreeMap<IpAddr, &'a str>,
    host: &'a str,
    addresses: &Spanned<Addresses>,
) -> Result<(), Mistake> {
    for address in addresses.get_ref().all() {
        let mistake = |problem: String| check.source.mistake(addresses.span(), problem);
        if address.is_unspecified() || address.is_multicast() {
            let problem = format!("{address} is no host's address");
            return Err(mistake(problem).expected("an address that one machine can have, such as 10.0.0.2"));
        }
        if let Some(other) = known.insert(*address, host) {
            let problem = format!("{address} is an address of `{other}` already");
            return Err(mistake(problem).expected("an address that no other host has"));
        }
    }
    Ok(())
}

/// A peer that no configuration knows is a stranger, and a neighbor that no host is does not answer; one of each is one address
/// that is misspelt.
fn strangers(
    check: &Check<'_>,
    file: &File,
    peers: &[PeerTable],
    neighbors: &[PeerRange],
) -> Result<(), Mistake> {
    let hosts = file.speaker.iter().map(|table| &table.address);
    let hosts: Vec<IpAddr> = hosts
        .chain(peers.iter().filter_map(|table| table.address.as_ref()))
        .flat_map(|addresses| addresses.get_ref().all().iter().copied())
        .collect();
    let absent = |neighbor: &&PeerRange| !hosts.iter().any(|host| neighbor.contains(*host));
    let absent: Vec<String> =
        neighbors.iter().filter(absent).map(|neighbor| neighbor.address.to_string()).collect();
    let absent: Vec<&str> = absent.iter().map(String::as_str).collect();
    let is_known = |address: &IpAddr| neighbors.iter().any(|neighbor| neighbor.contains(*address));
    for address in peers.iter().filter_map(|table| table.address.as_ref()) {
        let addresses = address.get_ref().all();
        if let (false, Some(own)) = (absent.is_empty() || addresses.iter().any(is_known), addresses.first()) {
            let mistake = check
                .source
                .mistake(address.span(), format!("no configuration has a neighbor with the address {own}"));
            return Err(mistake.one_of(&own.to_string(), &absent));
        }
    }
    Ok(())
}

/// The configurations are right, they run every program of the scenario, and the scenario has every program that they run.
pub(super) fn programs(
    check: &Check<'_>,
    file: &File,
    (peers, speakers): (&[PeerTable], &[PlaySpeaker]),
) -> Result<(), Mistake> {
    let mut commands: Vec<(String, Range<usize>)> = Vec::new();
    let mut neighbors: Vec<PeerRange> = Vec::new();
    for (table, text, inline) in file.speaker.iter().zip(speakers).flat_map(|(table, speaker)| {
        let inline = std::iter::once(table.config.as_ref()).chain(table.reloads.iter().map(Some));
        speaker.files.iter().zip(inline).map(move |(text, inline)| (table, text, inline))
    }) {
        let config = Config::parse(text, &Settings::default())
            .map_err(|error| in_configuration(check, inline, text, &error))?;
        let place = match (inline, &table.config_file) {
            (Some(config), _) => check.inside(config),
            (None, Some(file)) => check.inside(file),
            (None, None) => table.address.span(),
        };
        neighbors.extend(config.neighbors.iter().map(|neighbor| neighbor.peer));
        for process in config.processes {
            let Some(command) = process.run.into_iter().next() else { continue };
            let place = place_of(check, &place, &command);
            commands.push((command, place));
        }
    }
    strangers(check, file, peers, &neighbors)?;
    let mut known: Vec<&str> = Vec::new();
    for table in &file.program {
        let (run, place) = (table.run.get_ref().as_str(), check.inside(&table.run));
        if known.contains(&run) {
            let mistake = check.source.mistake(place, format!("`{run}` is run by another `[[program]]`"));
            return Err(mistake.expected("one `[[program]]` for each program of the configurations"));
        }
        known.push(run);
        if commands.iter().all(|(command, _)| command != run) {
            let run_by: Vec<&str> = commands.iter().map(|(command, _)| command.as_str()).collect();
            let mistake = check.source.mistake(place, format!("no configuration runs `{run}`"));
            return Err(match run_by.as_slice() {
                [] => mistake.expected("a `process` with this `run` in a speaker's configuration"),
                _ => mistake.one_of(run, &run_by),
            });
        }
    }
    match commands.into_iter().find(|(command, _)| !known.contains(&command.as_str())) {
        None => Ok(()),
        Some((command, place)) => {
            let mistake = check.source.mistake(place, format!("there is no program `{command}` here"));
            Err(mistake.expected(format!(
                "a `[[program]]` with `run = \"{command}\"` and its script, or `real = true`"
            )))
        }
    }
}

/// Where a word of a configuration stands in the scenario's file; all of `place` where the configuration is a file of its own.
fn place_of(check: &Check<'_>, place: &Range<usize>, word: &str) -> Range<usize> {
    let found = check.source.at(place.clone()).find(word);
    found.map_or_else(|| place.clone(), |at| place.start + at..place.start + at + word.len())
}

/// What is wrong with a configuration, shown in the file that it stands in.
fn in_configuration(
    check: &Check<'_>,
    inline: Option<&Spanned<String>>,
    text: &ConfigText,
    error: &ConfigError,
) -> Mistake {
    let (source, start) = match inline {
        Some(config) => (check.source.clone(), check.inside(config).start),
        None => (Source::new(text.name.clone(), text.text.clone()), 0),
    };
    let line_start = |line: usize| {
        text.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>()
    };
    let line = text.text.lines().nth(error.line.saturating_sub(1)).unwrap_or_default();
    let octets = |characters: usize| line.chars().take(characters).map(char::len_utf8).sum::<usize>();
    let before = octets(error.column.saturating_sub(1));
    let width = octets(error.column.saturating_sub(1) + error.width) - before;
    let at = start + line_start(error.line) + before;
    let mistake = source.mistake(at..at + width, error.problem.clone());
    mistake.expected(error.expected.clone()).nearest(error.nearest.as_deref())
}

/// A time of the scenario, which must come before its end.
pub(super) fn before_the_end(
    source: &Source,
    place: Range<usize>,
    at: Duration,
    run_for: Duration,
) -> Result<(), Mistake> {
    if at < run_for {
        return Ok(());
    }
    let mistake = source.mistake(place, "the run is over by then");
    Err(mistake.expected(format!("a time before the end, `run-for`: {}", format_duration(run_for))))
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use crate::scenario::mistake::{Mistake, Source};

    const GOOD: &str = "title = 'a speaker and two peers'\nrun-for = '60s'\nfaults = '''\nat 1s cut near -> far for 2s\n'''\n\n\
        [[speaker]]\nname = 'near'\naddress = '10.0.0.1'\nconfig = '''\nprocess p {\n  run ./announce;\n  encoder text;\n}\n\
        neighbor 10.0.0.2 {\n  router-id 10.0.0.1;\n  local-address 10.0.0.1;\n  local-as 1;\n  peer-as 2;\n  api { processes [ p ]; }\n}\n'''\n\n\
        [[peer]]\nname = 'far'\naddress = ['10.0.0.2', 'fd00::2']\nas = 2\nreceive-buffer = 4096\nscript = '''\naccept\nkeepalives every 3s\n'''\n\n\
        [[peer]]\nname = 'other'\naddress = '10.0.0.3'\nas = 2\nscript = 'accept'\n\n\
        [[program]]\nrun = './announce'\nscript = 'send version'\n\n[up]\nat = '5s'\n\n[ends]\nhow = 'close'\nat = '50s'\n\n\
        [expect]\nread-first = 'O1 O3'\n";

    fn parse(text: &str) -> Result<Scenario, Mistake> {
        Scenario::parse(&Source::new("two.toml", text), |_| None, None)
    }

    #[test]
    fn what_is_one_hosts_or_one_programs_is_no_other_ones() {
        parse(GOOD).unwrap();
        for (right, wrong, place, complaint, help) in [
            ("name = 'other'", "name = 'far'", "35:9:", "two hosts are called `far`", "in line 25"),
            ("name = 'other'", "name = 'near'", "35:9:", "two hosts are called `near`", "in line 8"),
            ("name = 'other'", "name = ''", "35:9:", "not a host's name", "one word"),
            ("name = 'other'", "name = 'an other'", "35:9:", "not a host's name", "one word"),
            ("'10.0.0.3'", "'10.0.0.2'", "36:11:", "10.0.0.2 is an address of `far`", "no other host has"),
            ("'10.0.0.3'", "'fd00::2'", "36:11:", "fd00::2 is an address of `far`", "no other host has"),
            ("'10.0.0.3'", "'10.0.0.1'", "36:11:", "10.0.0.1 is an address of `near`", "no other host has"),
            ("'fd00::2'", "'10.0.0.2'", "26:11:", "is an address of `far`", "no other host has"),
            ("'10.0.0.3'", "'0.0.0.0'", "36:11:", "0.0.0.0 is no host's address", "such as 10.0.0.2"),
            ("'./announce'", "'./anounce'", "41:8:", "no configuration runs", "did you mean `./announce`?"),
            ("  run ./announce;", "  run ./other;", "41:8:", "no configuration runs", "expected ./other"),
            (
                "[[program]]\nrun = './announce'\nscript = 'send version'\n",
                "",
                "12:7:",
                "no program `./announce`",
                "[[program]]",
            ),
            (
                "[up]",
                "[[program]]\nrun = './announce'\nscript = ''\n[up]",
                "45:8:",
                "another",
                "one `[[program]]`",
            ),
            (
                "neighbor 10.0.0.2 {",
                "neighbor 10.0.0.4 {",
                "26:11:",
                "no configuration has a neighbor with the address 10.0.0.2",
                "did you mean `10.0.0.4`?",
            ),
            ("local-as 1;", "local-sa 1;", "18:3:", "`local-sa`", "did you mean `local-as`?"),
        ] {
            shown(right, wrong, place, complaint, help);
        }
    }

    #[test]
    fn what_could_never_happen_is_refused() {
        for (right, wrong, place, complaint, help) in [
            ("at 1s cut", "at 60s cut", "4:4:", "over by then", "`run-for`: 1m"),
            ("at = '5s'", "at = '2m'", "45:7:", "over by then", "`run-for`: 1m"),
            ("at = '50s'", "at = '70s'", "49:7:", "over by then", "`run-for`: 1m"),
            ("run-for = '60s'", "run-for = '0s'", "2:12:", "nothing", "above zero"),
            ("for 2s", "for 0s", "4:27:", "no time at all", "above zero"),
            ("cut near -> far for 2s", "suspend far for 0s", "4:23:", "no time at all", "above zero"),
            ("cut near -> far", "cut far -> far", "4:18:", "from itself", "one of near, other"),
            ("cut near -> far for 2s", "restart far after 2s", "4:15:", "`far` is a peer", "expected near"),
            ("every 3s", "every 0s", "31:18:", "no time at all", "above zero"),
            ("receive-buffer = 4096", "receive-buffer = 0", "28:18:", "holds nothing", "at least 1"),
            ("'O1 O3'", "'O1 O1'", "52:1:", "no verdict", "oracles such as"),
        ] {
            shown(right, wrong, place, complaint, help);
        }
    }

    #[test]
    fn two_speakers_without_names_are_told_to_have_some() {
        let second =
            "[[speaker]]\naddress = '10.0.0.9'\nconfig = 'neighbor 10.0.0.1 { }'\n\n[[peer]]\nname = 'other'";
        let text = GOOD.replacen("name = 'near'\n", "", 1).replacen("near", "speaker", 1);
        let text = text.replacen("[[peer]]\nname = 'other'", second, 1);
        let mistake = parse(&text).unwrap_err().to_string();
        assert!(mistake.contains("two hosts are called `speaker`"), "{mistake}");
    }

    fn shown(right: &str, wrong: &str, place: &str, complaint: &str, help: &str) {
        let text = GOOD.replacen(right, wrong, 1);
        assert_ne!(text, GOOD, "{right}");
        let mistake = parse(&text).unwrap_err().to_string();
        let is_right = mistake.starts_with(&format!("two.toml:{place} ")) && mistake.contains(complaint);
        assert!(is_right && mistake.contains(help), "{wrong}: {mistake}");
    }
}
