//! Daemons to start, from a file:
//!
//! ```toml
//! [[daemon]]
//! name = "bird"                          # one word
//! start = "bird -f -c bird.conf"         # what a shell starts in a folder of its own; it must stay in the foreground
//! version = "bird --version"             # optional; the first line that this prints says what it is
//! prepare = "mkdir -p /run/bird"         # optional; done before, where /run is empty and its own
//! neighbor = "… {address} {as} …"        # a neighbor in its configuration
//! passive = "passive;"                   # optional; what makes it wait for this neighbor
//! active = ""                            # optional; what makes it dial this neighbor
//! route = "route {prefix} …;"            # optional; a route of its own; without it, another peer announces them
//! jitter = 25                            # optional; by how many percent it shortens its timers at random, 0 unless told
//! reactor = "poll"                       # optional; it is holdtime on this reactor, and its verdicts must be the lab's
//!
//! [daemon.files]                         # what stands in the folder
//! "bird.conf" = "… {neighbors} …"
//! ```
//!
//! In `start`, `prepare` and the files stand `{daemon}` (its address), `{neighbors}`, `{routes}`, `{config}` (the configuration that the
//! scenario has for the lab) and `{holdtime}` (this program); in a neighbor `{name}`, `{address}`, `{as}`, `{routes}`, and `{passive}` for what makes
//! it wait or dial; in a route `{prefix}` and `{index}`, by which no two routes need to be alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;
use toml::Spanned;

use super::Probe;
use super::requirement::inside;
use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::PeerScript;
use crate::scenario::{Actor, PeerPlace, PlayPeer};
use crate::subject::{SHIPPED, SubjectRef};

/// The first of the routes that a daemon is to have; the others follow it.
const ROUTES: u32 = 0x0a40_0000;
/// The peer that announces the routes of a daemon that has none of its own.
const FEEDER: &str = "feeder";
const FEEDER_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const FEEDER_AS: u32 = 65_109;
/// How many routes are alike but for their prefix: many small messages fill a buffer, and few large ones may not.
const ALIKE: usize = 4;

/// A daemon to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixDaemon {
    /// Its name.
    pub name: String,
    /// What starts it.
    start: String,
    /// What says its version.
    pub version: Option<String>,
    prepare: Option<String>,
    neighbor: String,
    passive: String,
    active: String,
    route: Option<String>,
    /// By how many percent it shortens its timers at random.
    pub jitter: u8,
    /// The reactor on which it is our own speaker.
    pub reactor: Option<SubjectRef>,
    files: BTreeMap<String, String>,
}

/// A daemon as it is started for one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedDaemon {
    /// What starts it.
    pub start: String,
    /// What is done before.
    pub prepare: Option<String>,
    /// What stands in its folder.
    pub files: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MatrixFile {
    daemon: Vec<DaemonTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DaemonTable {
    name: Spanned<String>,
    start: Spanned<String>,
    version: Option<String>,
    prepare: Option<Spanned<String>>,
    neighbor: Option<Spanned<String>>,
    passive: Option<String>,
    active: Option<String>,
    route: Option<Spanned<String>>,
    #[serde(default)]
    jitter: u8,
    reactor: Option<Spanned<String>>,
    #[serde(default)]
    files: BTreeMap<String, Spanned<String>>,
}

/// Reads the daemons of a file.
///
/// # Errors
/// The first mistake in it.
pub fn matrix(source: &Source) -> Result<Vec<MatrixDaemon>, Mistake> {
    let file: MatrixFile = toml::from_str(source.text()).map_err(|error| {
        let place = error.span().unwrap_or(0..0);
        source
            .mistake(place, error.message())
            .expected("`[[daemon]]` tables, as `holdtime_sim::probe` has them")
    })?;
    let mut daemons: Vec<MatrixDaemon> = Vec::new();
    for table in file.daemon {
        let name = table.name.get_ref().clone();
        let is_word =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !is_word || daemons.iter().any(|known| known.name == name) {
            let mistake =
                source.mistake(inside(table.name.span()), format!("`{name}` is no name of its own"));
            return Err(mistake
                .expected("a word that no other daemon is called, of letters, digits, `-`, `_` and `.`"));
        }
        let outer = ["daemon", "neighbors", "routes", "config", "holdtime"];
        known_words(source, &table.start, &outer)?;
        table
            .prepare
            .iter()
            .chain(table.files.values())
            .try_for_each(|text| known_words(source, text, &outer))?;
        let neighbor = ["daemon", "name", "address", "as", "passive", "routes"];
        table.neighbor.iter().try_for_each(|text| known_words(source, text, &neighbor))?;
        table.route.iter().try_for_each(|text| known_words(source, text, &["daemon", "prefix", "index"]))?;
        daemons.push(MatrixDaemon {
            name,
            start: table.start.into_inner(),
            version: table.version,
            prepare: table.prepare.map(Spanned::into_inner),
            neighbor: table.neighbor.map(Spanned::into_inner).unwrap_or_default(),
            passive: table.passive.unwrap_or_default(),
            active: table.active.unwrap_or_default(),
            route: table.route.map(Spanned::into_inner),
            jitter: table.jitter,
            reactor: table.reactor.map(|name| shipped(source, &name)).transpose()?,
            files: table.files.into_iter().map(|(name, text)| (name, text.into_inner())).collect(),
        });
    }
    Ok(daemons)
}

/// A reactor that can be started.
fn shipped(source: &Source, name: &Spanned<String>) -> Result<SubjectRef, Mistake> {
    let found = SHIPPED.into_iter().find(|reactor| reactor.name() == name.get_ref());
    found.ok_or_else(|| {
        let word = name.get_ref();
        let mistake = source.mistake(inside(name.span()), format!("`{word}` is no reactor that is started"));
        mistake.one_of(word, &SHIPPED.map(|reactor| reactor.name()))
    })
}

/// Complains of a `{word}` that stands for nothing.
fn known_words(source: &Source, text: &Spanned<String>, known: &[&str]) -> Result<(), Mistake> {
    for part in text.get_ref().split('{').skip(1) {
        let Some((word, _)) = part.split_once('}') else { continue };
        let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
        if is_word && !known.contains(&word) {
            let place = source.at(text.span()).find(&format!("{{{word}}}")).map_or(text.span(), |at| {
                let start = text.span().start + at;
                start..start + word.len() + 2
            });
            return Err(source
                .mistake(place, format!("`{{{word}}}` stands for nothing here"))
                .one_of(word, known));
        }
    }
    Ok(())
}

impl MatrixDaemon {
    /// Whether a peer must announce the routes that it is to have.
    fn is_fed(&self, probe: &Probe) -> bool {
        let takes = |text: &String| text.contains("{config}");
        probe.requirement.routes > 0 && self.route.is_none() && !self.files.values().any(takes)
    }

    /// The scenario as it is played with this daemon: with a peer that feeds it where it has no routes of its own.
    pub fn played(&self, probe: &Probe) -> Probe {
        let mut probe = probe.clone();
        let speaker = probe.scenario.play.speakers.first().map(|speaker| speaker.addresses.clone());
        if let (true, Some(speaker)) = (self.is_fed(&probe), speaker) {
            let source = Source::new(FEEDER, feed(probe.requirement.routes));
            // It is right: a test holds that.
            let script = PeerScript::parse(&source, 0..source.text().len()).unwrap_or_default();
            let own = [IpAddr::V4(FEEDER_ADDRESS)];
            probe.scenario.play.peers.push(PlayPeer {
                name: FEEDER.to_owned(),
                addresses: own.to_vec(),
                place: PeerPlace::of(&own, &speaker),
                options: holdtime_machine::net::SocketOptions::default(),
                actor: Actor::Script { script, asn: FEEDER_AS, router_id: FEEDER_ADDRESS },
            });
        }
        probe
    }

    /// How it is started for a scenario that [`played`](Self::played) has made.
    pub fn started(&self, probe: &Probe, holdtime: &str) -> StartedDaemon {
        let play = &probe.scenario.play;
        let speaker = play.speakers.first();
        let address = speaker.and_then(|speaker| speaker.addresses.first()).map(IpAddr::to_string);
        let address = address.unwrap_or_default();
        let mut neighbors = String::new();
        for (at, peer) in play.peers.iter().enumerate() {
            let (Actor::Script { asn, .. }, Some(own)) = (&peer.actor, peer.addresses.first()) else {
                continue;
            };
            let waits = if probe.is_dialled(at) { &self.active } else { &self.passive };
            let neighbor = self.neighbor.replace("{passive}", waits).replace("{name}", &peer.name);
            let neighbor = neighbor.replace("{address}", &own.to_string()).replace("{as}", &asn.to_string());
            neighbors.push_str(&neighbor);
            neighbors.push('\n');
        }
        let mut routes = String::new();
        if let Some(route) = &self.route {
            for (index, prefix) in prefixes(probe.requirement.routes).enumerate() {
                let route = route.replace("{prefix}", &prefix).replace("{index}", &index.to_string());
                let _ = writeln!(routes, "{route}");
            }
        }
        let config = speaker.and_then(|speaker| speaker.files.first()).map(|file| file.text.as_str());
        let filled = |text: &String| {
            let text = text.replace("{neighbors}", &neighbors).replace("{routes}", &routes);
            let text = text.replace("{config}", config.unwrap_or_default());
            text.replace("{daemon}", &address).replace("{holdtime}", holdtime)
        };
        StartedDaemon {
            start: filled(&self.start),
            prepare: self.prepare.as_ref().map(filled),
            files: self.files.iter().map(|(name, text)| (name.clone(), filled(text))).collect(),
        }
    }
}

/// So many prefixes.
fn prefixes(count: usize) -> impl Iterator<Item = String> {
    (ROUTES..).step_by(256).take(count).map(|address| format!("{}/24", Ipv4Addr::from(address)))
}

/// The script of a peer that announces so many routes.
fn feed(count: usize) -> String {
    let mut script = "connect until up hold 90\nkeepalives every 10s\n".to_owned();
    let all: Vec<String> = prefixes(count).collect();
    for (group, prefixes) in all.chunks(ALIKE).enumerate() {
        let (prefixes, origin) = (prefixes.join(" "), 100_000 + group);
        let _ = writeln!(
            script,
            "send update announce {prefixes} next-hop {FEEDER_ADDRESS} path {FEEDER_AS} {origin}"
        );
    }
    script
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    const FILE: &str = "[[daemon]]\nname = 'one'\nstart = 'one -f {daemon}'\nneighbor = 'peer {name} {address} {as} {passive}'\n\
        passive = 'waits'\nactive = 'dials'\n[daemon.files]\n'one.conf' = 'conf { {neighbors} {routes} }'\n";

    #[test]
    fn a_daemon_is_started_with_the_neighbors_that_the_scenario_has() {
        let daemon = &matrix(&Source::new("m.toml", FILE)).unwrap()[0];
        let start = |name: &str| {
            let probe = daemon.played(&find(name).unwrap());
            daemon.started(&probe, "holdtime")
        };
        let started = start("silent-when-established");
        assert_eq!(started.start, "one -f 10.0.0.1");
        assert_eq!(started.files[0].1, "conf { peer far 10.0.0.2 65101 waits\n  }");
        assert!(start("no-open-from-whom-it-dialled").files[0].1.contains("65101 dials"));
        assert!(start("refresh-storm").files[0].1.contains("peer feeder 10.0.0.9 65109 waits"));
    }

    #[test]
    fn routes_are_the_daemons_own_or_another_peers() {
        let text =
            FILE.replacen("[daemon.files]", "route = 'route {prefix} med {index};'\n[daemon.files]", 1);
        let own = &matrix(&Source::new("m.toml", text)).unwrap()[0];
        let probe = own.played(&find("refresh-storm").unwrap());
        assert_eq!(probe.scenario.play.peers.len(), 1);
        assert!(own.started(&probe, "").files[0].1.contains("route 10.64.3.0/24 med 3;"));
        let fed = &matrix(&Source::new("m.toml", FILE)).unwrap()[0];
        let probe = fed.played(&find("slow-reader").unwrap());
        let script = probe.script(1).unwrap();
        assert_eq!(script.step(2 + 12_288 / 4 - 1).unwrap().1.split(' ').nth(6), Some("10.111.255.0/24"));
        assert!(script.step(2 + 12_288 / 4).is_none());
    }

    #[test]
    fn a_mistake_in_the_file_is_shown_at_its_place() {
        for (right, wrong, complaint) in [
            ("'one'", "'o n e'", "m.toml:2:9: `o n e` is no name of its own"),
            ("{neighbors}", "{neighbours}", "did you mean `neighbors`?"),
            ("{address}", "{prefix}", "stands for nothing here"),
            ("start = 'one -f {daemon}'\n", "", "missing field `start`"),
            ("passive =", "passiv =", "unknown field"),
            ("active =", "reactor = 'pol'\nactive =", "did you mean `poll`?"),
            ("active =", "reactor = 'read-first'\nactive =", "expected one of poll, async"),
        ] {
            let mistake =
                matrix(&Source::new("m.toml", FILE.replacen(right, wrong, 1))).unwrap_err().to_string();
            assert!(mistake.contains(complaint), "{wrong}: {mistake}");
        }
    }
}
