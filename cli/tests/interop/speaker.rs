//! holdtime, as the tests run it: one neighbor over IPv4 and one over IPv6, each for both address families, and an API program
//! that writes down every message as JSON.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::namespace::{DAEMON, SPEAKER};
use crate::process::{Folder, Process};
use crate::waiting::eventually;

/// What holdtime announces in every test.
pub(crate) const OURS: [&str; 3] = ["10.2.0.0/24", "10.2.1.0/24", "fd02::/48"];
/// What a daemon announces in every test.
pub(crate) const THEIRS: [&str; 3] = ["10.1.0.0/24", "10.1.1.0/24", "fd01::/48"];

/// What a test wants beside the ordinary configuration.
#[derive(Default)]
pub(crate) struct Wishes {
    /// Options of both neighbors, such as `md5-password "x";`.
    pub(crate) neighbor: &'static str,
    /// Capabilities, such as `graceful-restart 30;`.
    pub(crate) capability: &'static str,
    /// Families beside the two unicast ones, such as `ipv4 flow;`.
    pub(crate) family: &'static str,
    /// Sections beside `static`, such as a `flow` section.
    pub(crate) sections: &'static str,
    /// Only the neighbor over IPv4.
    pub(crate) ipv4_only: bool,
}

impl Wishes {
    fn neighbors(&self) -> usize {
        if self.ipv4_only { 1 } else { 2 }
    }
}

/// A real daemon, as the tests ask it.
pub(crate) trait Daemon {
    /// The prefixes of both unicast families learned from holdtime over its neighbor with address `SPEAKER[n]`.
    fn learned(&self, n: usize) -> BTreeSet<String>;
}

/// Runs holdtime beside `daemon` until both sessions are up and both sides have each other's routes, all of them and no others.
pub(crate) fn exchange<'f>(
    folder: &'f Folder,
    reactor: &str,
    daemon: &impl Daemon,
    wishes: &Wishes,
) -> Speaker<'f> {
    let speaker = Speaker::start(folder, reactor, wishes);
    eventually("every session is up", || speaker.all_up(wishes));
    for (n, address) in DAEMON.iter().enumerate().take(wishes.neighbors()) {
        eventually("the daemon has our routes", || daemon.learned(n) == set(&OURS));
        eventually("we have the daemon's routes", || speaker.learned(address) == set(&THEIRS));
    }
    speaker
}

/// Prefixes as the tests compare them.
pub(crate) fn set(prefixes: &[&str]) -> BTreeSet<String> {
    prefixes.iter().map(|prefix| (*prefix).to_owned()).collect()
}

/// A running holdtime.
pub(crate) struct Speaker<'f> {
    pub(crate) process: Process,
    folder: &'f Folder,
}

impl<'f> Speaker<'f> {
    pub(crate) fn start(folder: &'f Folder, reactor: &str, wishes: &Wishes) -> Self {
        watcher(folder, "watch.sh", "heard.json");
        folder.write("speaker.conf", &configuration(folder, wishes));
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdtime"));
        command.args(["serve", "--reactor", reactor, "speaker.conf"]).env("exabgp_tcp_port", "179");
        Self { process: Process::start(folder, "holdtime", &mut command), folder }
    }

    /// Everything that the API told so far.
    fn heard(&self) -> Vec<Value> {
        let text = self.folder.read("heard.json");
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The peer addresses of the neighbors that are up: the last `state` of each.
    pub(crate) fn up(&self) -> BTreeSet<String> {
        let mut up = BTreeSet::new();
        for event in self.heard().iter().filter(|event| event["type"] == "state") {
            let peer = event["neighbor"]["address"]["peer"].as_str().unwrap_or_default().to_owned();
            match event["neighbor"]["state"].as_str() {
                Some("up") => up.insert(peer),
                Some("down") => up.remove(&peer),
                _ => continue,
            };
        }
        up
    }

    /// How often a neighbor came up.
    pub(crate) fn times_up(&self) -> usize {
        self.heard()
            .iter()
            .filter(|event| event["type"] == "state" && event["neighbor"]["state"] == "up")
            .count()
    }

    /// Whether every neighbor is up.
    pub(crate) fn all_up(&self, wishes: &Wishes) -> bool {
        self.up().len() == wishes.neighbors()
    }

    /// The prefixes that `peer` has announced and not withdrawn.
    pub(crate) fn learned(&self, peer: &str) -> BTreeSet<String> {
        learned(&self.heard(), peer)
    }

    /// How many messages of this type `peer` has sent.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.heard().iter().filter(|event| event["type"] == kind).count()
    }
}

/// Writes an API program that writes down all it is told. It holds its own standard output open, because ExaBGP takes the end of
/// that pipe for the program's death.
pub(crate) fn watcher(folder: &Folder, script: &str, heard: &str) -> String {
    folder.write(script, &format!("exec 3>&1; exec cat > {}\n", folder.path(heard).display()))
}

/// The prefixes that `peer` has announced and not withdrawn, from the events of ExaBGP's JSON API.
pub(crate) fn learned(heard: &[Value], peer: &str) -> BTreeSet<String> {
    let mut learned = BTreeSet::new();
    for event in heard.iter().filter(|event| event["neighbor"]["address"]["peer"] == peer) {
        let update = &event["neighbor"]["message"]["update"];
        for family in ["ipv4 unicast", "ipv6 unicast"] {
            for announced in update["announce"][family].as_object().into_iter().flat_map(|hops| hops.values())
            {
                learned.extend(prefixes(announced));
            }
            for prefix in prefixes(&update["withdraw"][family]) {
                learned.remove(&prefix);
            }
        }
    }
    learned
}

fn prefixes(list: &Value) -> Vec<String> {
    let entries = list.as_array().into_iter().flatten();
    entries.filter_map(|entry| entry["nlri"].as_str().or(entry.as_str())).map(str::to_owned).collect()
}

fn configuration(folder: &Folder, wishes: &Wishes) -> String {
    let Wishes { neighbor, capability, family, sections, .. } = wishes;
    let neighbors = DAEMON.iter().zip(SPEAKER).take(wishes.neighbors()).map(|(daemon, speaker)| {
        format!(
            "neighbor {daemon} {{
                router-id 10.0.2.1; local-address {speaker}; local-as 65101; peer-as 65001; hold-time 9; {neighbor}
                family {{ ipv4 unicast; ipv6 unicast; {family} }}
                capability {{ route-refresh; {capability} }}
                api {{ processes [ watch ]; neighbor-changes; receive {{ parsed; update; refresh; }} }}
                static {{
                    route {} next-hop 10.0.2.1 community [ 65101:7 ];
                    route {} next-hop 10.0.2.1 as-path [ 65101 65102 ] med 50;
                    route {} next-hop fd00:179::2;
                }}
                {sections}
            }}\n",
            OURS[0], OURS[1], OURS[2]
        )
    });
    let script = folder.path("watch.sh");
    format!(
        "process watch {{ run /bin/sh {}; encoder json; }}\n{}",
        script.display(),
        neighbors.collect::<String>()
    )
}
