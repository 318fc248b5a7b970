//! ExaBGP 5.0.15, from the Python package: `pip install exabgp==5.0.15`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::features::{self, Daemon, KEY, Refreshes, ShutsDown, TakesRules, With};
use crate::namespace::{DAEMON, SPEAKER};
use crate::needs::{self, Need};
use crate::private;
use crate::process::{Folder, Process, output};
use crate::route::{self, Route, THEIR_HOPS, THEIRS};
use crate::speaker::Program;

tests! { [Need::ExaBgp];
    routes_are_exchanged_on_the_poll_reactor => |folder| features::both_ways::<ExaBgp>(folder, "poll");
    routes_are_exchanged_on_the_async_reactor => |folder| features::both_ways::<ExaBgp>(folder, "async");
    rules_are_exchanged => |folder| features::rules_both_ways::<ExaBgp>(folder, "poll");
    it_gets_every_route_again_when_it_asks =>
        |folder| features::the_daemon_asks_again::<ExaBgp>(folder, "async");
    we_get_every_route_again_when_we_ask => |folder| features::we_ask_again::<ExaBgp>(folder, "poll");
    its_routes_stay_here_while_it_restarts =>
        |folder| features::the_daemon_restarts::<ExaBgp>(folder, "poll");
    suspended_it_is_closed_by_the_hold_timer_and_comes_back =>
        |folder| features::a_daemon_that_is_suspended::<ExaBgp>(folder, "async");
    it_reads_why_we_shut_down => |folder| features::our_words_at_a_shutdown::<ExaBgp>(folder, "poll");
    we_read_why_it_shuts_down => |folder| features::their_words_at_a_shutdown::<ExaBgp>(folder, "async");
    it_sees_our_end => |folder| features::our_end::<ExaBgp>(folder, "async", "TERM");
    md5_protects_the_sessions => |folder| features::a_key_that_both_have::<ExaBgp>(folder, "async");
    no_session_comes_up_with_another_key => |folder| features::a_key_that_differs::<ExaBgp>(folder, "poll");
    no_session_comes_up_without_its_key =>
        |folder| features::no_key_where_the_daemon_has_one::<ExaBgp>(folder, "async");
}

struct ExaBgp {
    process: Process,
    program: Program,
}

impl Daemon for ExaBgp {
    fn start(folder: &Folder, with: With) -> Self {
        let program = Program::write(folder, "exabgp-watch");
        let key = if with.md5 { format!("md5-password {KEY};") } else { String::new() };
        let graceful = if with.graceful { "graceful-restart 60;" } else { "" };
        let (family, rule) = match with.flow {
            true => (
                "ipv4 flow;",
                "flow { route web { match { destination 10.8.0.0/24; protocol tcp; destination-port =80; } then { discard; } } }",
            ),
            false => ("", ""),
        };
        let routes: String = THEIRS
            .iter()
            .map(|prefix| {
                let hop = THEIR_HOPS[usize::from(prefix.contains(':'))];
                format!("route {prefix} next-hop {hop} community [ 65001:9 ]; ")
            })
            .collect();
        let neighbors: String = (0..2)
            .map(|n| {
                format!(
                    "neighbor {} {{ router-id 10.0.1.1; local-address {}; local-as 65001; peer-as 65101; hold-time 9; passive true; {key}
                       family {{ ipv4 unicast; ipv6 unicast; {family} }}
                       capability {{ route-refresh; {graceful} }}
                       api {{ processes [ watch ]; neighbor-changes; receive {{ parsed; update; refresh; notification; }} }}
                       static {{ {routes} }} {rule} }}\n",
                    SPEAKER[n], DAEMON[n]
                )
            })
            .collect();
        let conf = folder.write(
            "exabgp.conf",
            &format!("process watch {{ run {}; encoder json; }}\n{neighbors}", program.command()),
        );
        let mut command = private::keep(Command::new(needs::exabgp().unwrap()), folder.as_path());
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
        let exabgp = Self { process: Process::start(folder, "exabgp", &mut command), program };
        exabgp.program.ask("version");
        exabgp
    }

    fn learned(&self, n: usize) -> BTreeSet<Route> {
        route::learned(&self.session(n), SPEAKER[n])
    }

    fn is_up(&self) -> bool {
        let states = self.session(0);
        let last = states.iter().rev().find_map(|event| event["neighbor"]["state"].as_str());
        last == Some("up")
    }

    fn was_told(&self, text: &str) -> bool {
        let said = (6, 2, format!("Shutdown Communication: \"{text}\""));
        self.program.notified(SPEAKER[0]).contains(&said)
    }

    fn signal(&self, name: &str) {
        self.process.signal(name);
    }
}

impl ExaBgp {
    /// What the program was told of a neighbor since its session came up last: ExaBGP has a RIB of what it was told, but no way
    /// to show that forgets it with the session.
    fn session(&self, n: usize) -> Vec<Value> {
        let mut heard = self.program.heard();
        heard.retain(|event| event["neighbor"]["address"]["peer"] == SPEAKER[n]);
        let last = heard
            .iter()
            .rposition(|event| event["neighbor"]["state"] == "up" || event["neighbor"]["state"] == "down");
        heard.split_off(last.unwrap_or_default())
    }
}

impl Refreshes for ExaBgp {
    fn ask_again(&self) {
        self.program.ask(&format!("neighbor {} announce route-refresh ipv4 unicast", SPEAKER[0]));
    }
}

impl TakesRules for ExaBgp {
    fn has_rule(&self) -> bool {
        let rule = "flow destination-ipv4 10.9.0.0/24 protocol =tcp destination-port =22";
        route::rules(&self.program.heard(), SPEAKER[0])
            .contains(&(rule.to_owned(), "rate-limit:0".to_owned()))
    }
}

impl ShutsDown for ExaBgp {
    fn shut_down(&self) -> &'static str {
        // Its words cannot be chosen.
        self.program.ask(&format!("neighbor {} teardown 2", SPEAKER[0]));
        "Administrative Shutdown"
    }
}

/// The fuzz corpus has UPDATEs of each family; ExaBGP prints one at each start.
pub(crate) fn messages_are_printed_as_exabgp_prints_them() {
    let exabgp = needs::exabgp().unwrap();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/update");
    for family in ["ipv4", "ipv6", "vpn", "flowspec", "evpn", "bgp-ls"] {
        for seed in [0, 3] {
            let mut message = fs::read(corpus.join(format!("{family}-{seed}"))).unwrap();
            // What the fuzz target draws its session from.
            message[..16].fill(0xff);
            let hex: String = message.iter().map(|octet| format!("{octet:02X}")).collect();
            let theirs = printed(private::command(exabgp).args(["decode", &hex]));
            let ours = printed(private::holdtime().args(["decode", "--update", &hex]));
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
