//! OpenBGPD.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::dumps::{self, Dump, Dumps, UNICAST, WITH_VPN};
use crate::features::{self, Daemon, HearsRefreshes, Refreshes, ShutsDown, With};
use crate::namespace::{DAEMON, SPEAKER};
use crate::needs::{self, Need::Program};
use crate::process::{Folder, Process, output};
use crate::route::{Route, THEIR_HOPS, THEIRS};
use crate::waiting::eventually;

const BGPD: &str = "/usr/sbin/bgpd";

tests! { [Program(BGPD), Program("bgpctl")];
    routes_are_exchanged_on_the_poll_reactor => |folder| features::both_ways::<OpenBgpd>(folder, "poll");
    routes_are_exchanged_on_the_async_reactor => |folder| features::both_ways::<OpenBgpd>(folder, "async");
    it_gets_every_route_again_when_it_asks => |folder| features::the_daemon_asks_again::<OpenBgpd>(folder, "poll");
    it_hears_that_we_ask_for_its_routes_again => |folder| features::we_ask_in_vain::<OpenBgpd>(folder, "async");
    our_routes_stay_there_while_we_restart => |folder| features::we_restart::<OpenBgpd>(folder, "async");
    suspended_it_is_closed_by_the_hold_timer_and_comes_back =>
        |folder| features::a_daemon_that_is_suspended::<OpenBgpd>(folder, "async");
    it_reads_why_we_shut_down => |folder| features::our_words_at_a_shutdown::<OpenBgpd>(folder, "poll");
    we_read_why_it_shuts_down => |folder| features::their_words_at_a_shutdown::<OpenBgpd>(folder, "async");
    its_dumps_are_told_of => |folder| dumps::are_told_of::<OpenBgpd>(folder);
    it_sees_our_end => |folder| features::our_end::<OpenBgpd>(folder, "async", "TERM");
}

struct OpenBgpd {
    process: Process,
    folder: Folder,
}

impl OpenBgpd {
    fn ask(&self, question: &[&str]) -> String {
        let mut command = Command::new(needs::find("bgpctl").unwrap());
        command.arg("-j").arg("-s").arg(self.folder.path("openbgpd.sock")).args(question);
        output(&mut command).unwrap()
    }

    fn ask_json(&self, question: &[&str]) -> Value {
        serde_json::from_str(&self.ask(question)).unwrap_or_default()
    }
}

/// What it dumps: its tables over and over, and messages.
const DUMPED: [(&str, &str, &str); 5] = [
    ("table", "table.mrt", " 1"),
    ("table-mp", "table-mp.mrt", " 1"),
    ("table-v2", "table-v2.mrt", " 1"),
    ("all in", "all-in.mrt", ""),
    ("updates in", "updates-in.mrt", ""),
];

impl Dumps for OpenBgpd {
    const DUMPS: &'static [Dump] = &[
        Dump { name: "table.mrt", families: UNICAST, paths: false, within: 30, printed: true },
        Dump { name: "table-mp.mrt", families: UNICAST, paths: false, within: 30, printed: false },
        Dump { name: "table-v2.mrt", families: WITH_VPN, paths: true, within: 30, printed: true },
        Dump { name: "all-in.mrt", families: WITH_VPN, paths: true, within: 30, printed: true },
        Dump { name: "updates-in.mrt", families: WITH_VPN, paths: true, within: 30, printed: true },
    ];
}

impl Daemon for OpenBgpd {
    fn start(folder: &Folder, with: With) -> Self {
        // The daemon drops its privileges into this folder.
        std::fs::create_dir_all("/run/openbgpd").unwrap();
        let more = if with.dumps { "announce IPv4 vpn\nannounce add-path recv yes\n" } else { "" };
        let dumped: String = match with.dumps {
            true => DUMPED
                .iter()
                .map(|(what, file, seconds)| {
                    format!("dump {what} \"{}\"{seconds}\n", folder.path(file).display())
                })
                .collect(),
            false => String::new(),
        };
        let neighbors: String = (0..2)
            .map(|n| {
                format!(
                    "neighbor {} {{\nremote-as 65101\nlocal-address {}\nmultihop 2\npassive\nholdtime 9\n\
                     announce IPv4 unicast\nannounce IPv6 unicast\n{more}}}\n",
                    SPEAKER[n], DAEMON[n]
                )
            })
            .collect();
        let networks: String = THEIRS
            .iter()
            .map(|prefix| {
                let hop = THEIR_HOPS[usize::from(prefix.contains(':'))];
                format!("network {prefix} set nexthop {hop}\n")
            })
            .collect();
        let conf = folder.write(
            "openbgpd.conf",
            &format!(
                "AS 65001\nrouter-id 10.0.1.1\nfib-update no\nlisten on {} port 179\nlisten on {} port 179\nsocket \"{}\"\n\
                 {dumped}{networks}{neighbors}allow quick from any\nmatch to any set community 65001:9\n\
                 match to any set nexthop no-modify\n\
                 deny quick to any AS 65101\nallow quick to any\n",
                DAEMON[0],
                DAEMON[1],
                folder.path("openbgpd.sock").display()
            ),
        );
        let secret = Command::new("chmod").args(["600", &conf]).status().unwrap();
        assert!(secret.success());
        let mut command = Command::new(BGPD);
        command.args(["-d", "-v", "-f", &conf]);
        let process = Process::start(folder, "openbgpd", &mut command);
        let daemon = Self { process, folder: folder.clone() };
        eventually("OpenBGPD answers", || daemon.ask(&["show"]).contains("65101"));
        daemon
    }

    fn learned(&self, n: usize) -> BTreeSet<Route> {
        let told = self.ask_json(&["show", "rib", "detail", "in", "neighbor", SPEAKER[n]]);
        let routes = told["rib"].as_array().into_iter().flatten();
        let route = |told: &Value| {
            let text = |name: &str| told[name].as_str().unwrap_or_default();
            let communities = told["communities"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let communities: Vec<&str> = communities.collect();
            let med = told["metric"].as_u64().unwrap_or_default();
            Route::new(text("prefix"), text("true_nexthop"), text("aspath"), &communities, med)
        };
        routes.map(route).collect()
    }

    fn is_up(&self) -> bool {
        let told = self.ask_json(&["show", "neighbor", SPEAKER[0]]);
        told["neighbors"][0]["state"] == "Established"
    }

    fn was_told(&self, text: &str) -> bool {
        let words = format!("neighbor {}: received shutdown reason: \"{text}\"", SPEAKER[0]);
        self.process.log().contains(&words)
    }

    fn signal(&self, name: &str) {
        self.process.signal_all(name);
    }
}

impl Refreshes for OpenBgpd {
    fn ask_again(&self) {
        self.ask(&["neighbor", SPEAKER[0], "refresh"]);
    }
}

impl ShutsDown for OpenBgpd {
    fn shut_down(&self) -> &'static str {
        self.ask(&["neighbor", SPEAKER[0], "down", "back at 5pm"]);
        "back at 5pm"
    }
}

impl HearsRefreshes for OpenBgpd {
    fn refreshes_heard(&self) -> u64 {
        let told = self.ask_json(&["show", "neighbor", SPEAKER[0]]);
        told["neighbors"][0]["stats"]["message"]["received"]["route_refresh"].as_u64().unwrap_or_default()
    }
}
