//! holdtime, as the tests run it: one neighbor over IPv4 and one over IPv6, each for both address families, and an API program
//! that writes down every message as JSON.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::namespace::{DAEMON, SPEAKER};
use crate::private;
use crate::process::{Folder, Process};
use crate::route::{self, OURS, Route};
use crate::waiting::eventually;

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
    pub(crate) fn neighbors(&self) -> usize {
        if self.ipv4_only { 1 } else { 2 }
    }
}

/// A running holdtime.
pub(crate) struct Speaker {
    pub(crate) process: Process,
    program: Program,
}

impl Speaker {
    pub(crate) fn start(folder: &Folder, reactor: &str, wishes: &Wishes) -> Self {
        let program = Program::write(folder, "watch");
        folder.write("speaker.conf", &configuration(&program, wishes));
        let mut command = private::holdtime_in(folder.as_path());
        command.args(["serve", "--reactor", reactor, "speaker.conf"]).env("exabgp_tcp_port", "179");
        Self { process: Process::start(folder, "holdtime", &mut command), program }
    }

    /// Everything that the API told so far.
    fn heard(&self) -> Vec<Value> {
        self.program.heard()
    }

    /// Gives a command and returns the lines of its answer.
    pub(crate) fn ask(&self, command: &str) -> Vec<String> {
        self.program.ask(command)
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

    /// The unicast routes that `peer` has announced and not withdrawn.
    pub(crate) fn learned(&self, peer: &str) -> BTreeSet<Route> {
        route::learned(&self.heard(), peer)
    }

    /// The prefixes of `peer` that are kept, whether or not its session is up.
    pub(crate) fn kept(&self, peer: &str) -> BTreeSet<String> {
        let told = self.ask("show adj-rib in");
        let of_peer = told.iter().filter(|line| line.starts_with(&format!("{peer} ")));
        let prefix =
            |line: &String| line.split_whitespace().find(|word| word.contains('/')).map(str::to_owned);
        of_peer.filter_map(prefix).collect()
    }

    /// How often a prefix was announced, `direction` being `send` or `receive`.
    pub(crate) fn announced(&self, direction: &str, peer: &str, prefix: &str) -> usize {
        let heard = self.heard();
        let lists = route::updates(&heard, direction, peer)
            .flat_map(|update| update["announce"]["ipv4 unicast"].as_object().into_iter().flatten());
        lists.filter(|(_, list)| route::prefixes(list).iter().any(|one| one == prefix)).count()
    }

    /// The IPv4 flow specifications that `peer` has announced, each with its first action.
    pub(crate) fn rules(&self, peer: &str) -> BTreeSet<(String, String)> {
        route::rules(&self.heard(), peer)
    }

    /// What the tunnels of the SR policies say that `peer` has announced.
    pub(crate) fn policies(&self, peer: &str, family: &str) -> Vec<Value> {
        let heard = self.heard();
        let updates = route::updates(&heard, "receive", peer);
        let of_family = updates.filter(|update| update["announce"][family].is_object());
        of_family.map(|update| update["attribute"]["tunnel-encap"]["sr-policy"].clone()).collect()
    }

    /// How many route refreshes peers have asked for.
    pub(crate) fn refreshes_asked_for(&self) -> usize {
        let heard = self.heard();
        let asked = heard.iter().filter(|event| event["neighbor"]["route-refresh"]["subtype"] == "query");
        asked.filter(|event| event["neighbor"]["direction"] == "receive").count()
    }

    /// The NOTIFICATIONs that `peer` has sent: code, subcode and text.
    pub(crate) fn notified(&self, peer: &str) -> Vec<(u64, u64, String)> {
        self.program.notified(peer)
    }
}

/// An API program that writes down all it is told, and says what it is asked to say. ExaBGP runs one too.
pub(crate) struct Program {
    folder: Folder,
    name: &'static str,
}

impl Program {
    /// It holds its own standard output open, because ExaBGP takes the end of that pipe for the program's death.
    pub(crate) fn write(folder: &Folder, name: &'static str) -> Self {
        let program = Self { folder: folder.clone(), name };
        let (heard, asked) = (program.path("heard"), program.path("asked"));
        let script = format!("rm -f {asked}; mkfifo {asked}; cat <> {asked} & cat > {heard}; kill $!\n");
        folder.write(&format!("{name}.heard"), "");
        // That of a program which ran before has nobody at its other end.
        let _ = fs::remove_file(&asked);
        folder.write(&format!("{name}.sh"), &script);
        program
    }

    /// How a configuration runs it.
    pub(crate) fn command(&self) -> String {
        format!("/bin/sh {}", self.path("sh"))
    }

    fn path(&self, kind: &str) -> String {
        self.folder.path(&format!("{}.{kind}", self.name)).display().to_string()
    }

    fn lines(&self) -> Vec<String> {
        let text = self.folder.read(&format!("{}.heard", self.name));
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(str::to_owned).collect()
    }

    /// Every event so far.
    pub(crate) fn heard(&self) -> Vec<Value> {
        self.lines().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Gives a command and returns the lines of its answer.
    pub(crate) fn ask(&self, command: &str) -> Vec<String> {
        let answers =
            || -> Vec<String> { self.lines().into_iter().filter(|line| !line.starts_with('{')).collect() };
        let ends = |lines: &[String]| lines.iter().filter(|line| *line == "done" || *line == "error").count();
        let before = answers();
        eventually("the program can be asked", || Path::new(&self.path("asked")).exists());
        fs::write(self.path("asked"), format!("{command}\n")).unwrap();
        let mut after = Vec::new();
        eventually("the command is answered", || {
            after = answers();
            ends(&after) > ends(&before)
        });
        let mut answer = after.split_off(before.len());
        assert_eq!(answer.pop().as_deref(), Some("done"), "the answer to {command}");
        answer
    }

    /// The NOTIFICATIONs that `peer` has sent: code, subcode and text.
    pub(crate) fn notified(&self, peer: &str) -> Vec<(u64, u64, String)> {
        let heard = self.heard();
        let of_peer = heard
            .iter()
            .map(|event| &event["neighbor"])
            .filter(|neighbor| neighbor["address"]["peer"] == peer && neighbor["direction"] == "receive");
        let parts = |neighbor: &Value| {
            let told = &neighbor["notification"];
            let text = told["message"].as_str()?.to_owned();
            Some((told["code"].as_u64()?, told["subcode"].as_u64()?, text))
        };
        of_peer.filter_map(parts).collect()
    }
}

fn configuration(program: &Program, wishes: &Wishes) -> String {
    let Wishes { neighbor, capability, family, sections, .. } = wishes;
    let both = DAEMON.iter().zip(SPEAKER).zip(1..).take(wishes.neighbors());
    // Two identifiers, because GoBGP sends nothing back to the one that it comes from.
    let neighbors = both.map(|((daemon, speaker), id)| {
        format!(
            "neighbor {daemon} {{
                router-id 10.0.2.{id}; local-address {speaker}; local-as 65101; peer-as 65001; hold-time 9; {neighbor}
                family {{ ipv4 unicast; ipv6 unicast; {family} }}
                capability {{ route-refresh; {capability} }}
                api {{ processes [ watch ]; neighbor-changes; receive {{ parsed; update; refresh; notification; }} send {{ parsed; update; }} }}
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
    format!("process watch {{ run {}; encoder json; }}\n{}", program.command(), neighbors.collect::<String>())
}
