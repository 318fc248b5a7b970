//! ExaBGP 5.0.15, from the Python package: `pip install exabgp==5.0.15`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::namespace::{self, DAEMON, SPEAKER};
use crate::process::{Folder, Process, output};
use crate::speaker::{Daemon, THEIRS, Wishes, exchange, learned, watcher};

const NEEDS: [&str; 1] = ["exabgp"];

struct ExaBgp<'f> {
    _process: Process,
    folder: &'f Folder,
}

impl<'f> ExaBgp<'f> {
    fn start(folder: &'f Folder) -> Self {
        let script = watcher(folder, "exabgp-watch.sh", "exabgp-heard.json");
        let neighbors: String = (0..2)
            .map(|n| {
                format!(
                    "neighbor {} {{ router-id 10.0.1.1; local-address {}; local-as 65001; peer-as 65101; hold-time 9; passive true;
                       family {{ ipv4 unicast; ipv6 unicast; }}
                       capability {{ route-refresh; }}
                       api {{ processes [ watch ]; neighbor-changes; receive {{ parsed; update; }} }}
                       static {{ route {} next-hop 10.0.1.1; route {} next-hop 10.0.1.1; route {} next-hop fd00:179::1; }} }}\n",
                    SPEAKER[n], DAEMON[n], THEIRS[0], THEIRS[1], THEIRS[2]
                )
            })
            .collect();
        let conf = folder.write(
            "exabgp.conf",
            &format!("process watch {{ run /bin/sh {script}; encoder json; }}\n{neighbors}"),
        );
        let mut command = Command::new(namespace::find("exabgp").unwrap());
        command.args(["server", &conf]);
        for (name, value) in [
            ("exabgp_tcp_bind", "127.0.1.1 fd00:179::1"),
            ("exabgp_tcp_port", "179"),
            ("exabgp_daemon_user", "root"),
            ("exabgp_daemon_drop", "false"),
            ("exabgp_api_cli", "false"),
        ] {
            command.env(name, value);
        }
        Self { _process: Process::start(folder, "exabgp", &mut command), folder }
    }
}

impl Daemon for ExaBgp<'_> {
    fn learned(&self, n: usize) -> BTreeSet<String> {
        let text = self.folder.read("exabgp-heard.json");
        let heard: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        learned(&heard, SPEAKER[n])
    }
}

fn both_ways(test: &str, reactor: &str) {
    namespace::run(test, &NEEDS, || {
        let version = output(Command::new(namespace::find("exabgp").unwrap()).arg("version")).unwrap();
        if !version.contains("5.0.") {
            return println!("SKIPPED {test}: exabgp is not version 5.0");
        }
        let folder = Folder::new(&format!("exabgp-{reactor}"));
        let daemon = ExaBgp::start(&folder);
        let _speaker = exchange(&folder, reactor, &daemon, &Wishes::default());
    });
}

#[test]
fn routes_are_exchanged_with_exabgp_on_the_poll_reactor() {
    both_ways("exabgp::routes_are_exchanged_with_exabgp_on_the_poll_reactor", "poll");
}

#[test]
fn routes_are_exchanged_with_exabgp_on_the_async_reactor() {
    both_ways("exabgp::routes_are_exchanged_with_exabgp_on_the_async_reactor", "async");
}

/// The fuzz corpus has UPDATEs of each family; ExaBGP prints one at each start.
#[test]
fn messages_are_printed_as_exabgp_prints_them() {
    let Some(exabgp) = namespace::find("exabgp") else {
        return println!("SKIPPED messages_are_printed_as_exabgp_prints_them: there is no exabgp");
    };
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/update");
    for family in ["ipv4", "ipv6", "vpn", "flowspec", "evpn", "bgp-ls"] {
        for seed in [0, 3] {
            let mut message = fs::read(corpus.join(format!("{family}-{seed}"))).unwrap();
            // What the fuzz target draws its session from.
            message[..16].fill(0xff);
            let hex: String = message.iter().map(|octet| format!("{octet:02X}")).collect();
            let theirs = printed(Command::new(&exabgp).args(["decode", &hex]));
            let ours =
                printed(Command::new(env!("CARGO_BIN_EXE_holdtime")).args(["decode", "--update", &hex]));
            assert_eq!(ours, theirs, "{family}-{seed}");
        }
    }
}

/// What a decoder prints of one message, without what differs from process to process.
fn printed(command: &mut Command) -> Value {
    let text = output(command).unwrap();
    let line = text.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("no object: {text}"));
    let mut object: Value = serde_json::from_str(line).unwrap();
    for changing in ["time", "host", "pid", "ppid", "counter"] {
        object.as_object_mut().unwrap().remove(changing);
    }
    object
}
