//! FRR's bgpd, without zebra.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::dumps::{self, Dump, Dumps, UNICAST, WITH_VPN};
use crate::features::{self, Daemon, HearsRefreshes, KEY, Refreshes, ShutsDown, TakesRules, With};
use crate::namespace::{DAEMON, SPEAKER};
use crate::needs::{self, Need::Program};
use crate::process::{Folder, Process, output};
use crate::route::{Route, THEIR_HOPS, THEIRS};
use crate::waiting::eventually;

const BGPD: &str = "/usr/lib/frr/bgpd";

tests! { [Program(BGPD), Program("vtysh")];
    routes_are_exchanged_on_the_poll_reactor => |folder| features::both_ways::<Frr>(folder, "poll");
    routes_are_exchanged_on_the_async_reactor => |folder| features::both_ways::<Frr>(folder, "async");
    it_takes_our_rule => |folder| features::our_rule_is_taken::<Frr>(folder, "async");
    it_gets_every_route_again_when_it_asks => |folder| features::the_daemon_asks_again::<Frr>(folder, "poll");
    it_hears_that_we_ask_for_its_routes_again => |folder| features::we_ask_in_vain::<Frr>(folder, "async");
    our_routes_stay_there_while_we_restart => |folder| features::we_restart::<Frr>(folder, "async");
    its_routes_stay_here_while_it_restarts => |folder| features::the_daemon_restarts::<Frr>(folder, "poll");
    suspended_it_is_closed_by_the_hold_timer_and_comes_back =>
        |folder| features::a_daemon_that_is_suspended::<Frr>(folder, "async");
    it_reads_why_we_shut_down => |folder| features::our_words_at_a_shutdown::<Frr>(folder, "poll");
    we_read_why_it_shuts_down => |folder| features::their_words_at_a_shutdown::<Frr>(folder, "async");
    it_sees_our_end => |folder| features::our_end::<Frr>(folder, "async", "INT");
    md5_protects_the_sessions => |folder| features::a_key_that_both_have::<Frr>(folder, "async");
    no_session_comes_up_with_another_key => |folder| features::a_key_that_differs::<Frr>(folder, "poll");
    its_dumps_are_told_of => |folder| dumps::are_told_of::<Frr>(folder);
    no_session_comes_up_without_its_key => |folder| features::no_key_where_the_daemon_has_one::<Frr>(folder, "async");
}

struct Frr {
    process: Process,
    folder: Folder,
}

impl Frr {
    fn ask(&self, questions: &[&str]) -> String {
        let mut command = Command::new(needs::find("vtysh").unwrap());
        command.arg("--vty_socket").arg(self.folder.as_path()).args(["-d", "bgpd"]);
        questions.iter().for_each(|question| {
            command.args(["-c", question]);
        });
        output(&mut command).unwrap()
    }

    fn ask_json(&self, question: &str) -> Value {
        serde_json::from_str(&self.ask(&[question])).unwrap_or_default()
    }
}

/// What it dumps: all messages, UPDATEs alone, and its tables, over and over.
const DUMPED: [(&str, &str, &str); 3] =
    [("all", "all.mrt", ""), ("updates", "updates.mrt", ""), ("routes-mrt", "table.mrt", " 1")];

fn dumped(folder: &Folder) -> String {
    let line = |(what, file, seconds): &(&str, &str, &str)| {
        format!("dump bgp {what} {}{seconds}\n", folder.path(file).display())
    };
    DUMPED.iter().map(line).collect()
}

impl Dumps for Frr {
    const DUMPS: &'static [Dump] = &[
        Dump { name: "all.mrt", families: WITH_VPN, paths: true, within: 30, printed: true },
        Dump { name: "updates.mrt", families: WITH_VPN, paths: true, within: 30, printed: true },
        Dump { name: "table.mrt", families: UNICAST, paths: true, within: 30, printed: true },
    ];
}

impl Daemon for Frr {
    fn start(folder: &Folder, with: With) -> Self {
        let neighbors: String = (0..2)
            .map(|n| {
                let peer = SPEAKER[n];
                let key = if with.md5 { format!(" neighbor {peer} password {KEY}\n") } else { String::new() };
                format!(
                    " neighbor {peer} remote-as 65101\n neighbor {peer} ebgp-multihop 2\n neighbor {peer} disable-connected-check\n \
                     neighbor {peer} update-source {}\n neighbor {peer} passive\n{key}",
                    DAEMON[n],
                )
            })
            .collect();
        let activate: String = SPEAKER
            .iter()
            .map(|peer| format!("  neighbor {peer} activate\n  neighbor {peer} route-map OUT out\n"))
            .collect();
        let graceful = if with.graceful {
            " bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n"
        } else {
            ""
        };
        let flow = match with.flow {
            true => format!(
                " address-family ipv4 flowspec\n  neighbor {} activate\n exit-address-family\n",
                SPEAKER[0]
            ),
            false => String::new(),
        };
        let (dumped, vpn) = match with.dumps {
            true => (
                dumped(folder),
                format!(
                    " address-family ipv4 vpn\n  neighbor {} activate\n exit-address-family\n",
                    SPEAKER[0]
                ),
            ),
            false => (String::new(), String::new()),
        };
        let conf = folder.write(
            "frr.conf",
            &format!(
                "log stdout\n{dumped}router bgp 65001\n bgp router-id 10.0.1.1\n bgp log-neighbor-changes\n no bgp ebgp-requires-policy\n \
                 no bgp network import-check\n timers bgp 3 9\n{graceful}{neighbors}\
                 address-family ipv4 unicast\n  network {}\n  network {}\n{activate} exit-address-family\n \
                 address-family ipv6 unicast\n  network {}\n{activate} exit-address-family\n{flow}{vpn}\
                 ip prefix-list OWN seq 5 permit 10.1.0.0/16 le 24\nipv6 prefix-list OWN seq 5 permit fd01::/48\n\
                 route-map OUT permit 10\n match ip address prefix-list OWN\n set ip next-hop {}\n set community 65001:9\n\
                 route-map OUT permit 20\n match ipv6 address prefix-list OWN\n set ipv6 next-hop global {}\n set community 65001:9\n",
                THEIRS[0], THEIRS[1], THEIRS[2], THEIR_HOPS[0], THEIR_HOPS[1]
            ),
        );
        let mut command = Command::new(BGPD);
        command.args(["-f", &conf, "-p", "179", "-l", DAEMON[0], "-l", DAEMON[1], "-Z", "-n", "-S"]);
        command.args(["-A", "127.0.0.1", "-P", "2605", "-i"]).arg(folder.path("frr.pid"));
        command.arg("--vty_socket").arg(folder.as_path());
        let frr = Self { process: Process::start(folder, "frr", &mut command), folder: folder.clone() };
        eventually("FRR answers", || frr.ask(&["show bgp summary"]).contains("65001"));
        frr
    }

    fn learned(&self, n: usize) -> BTreeSet<Route> {
        let mut learned = BTreeSet::new();
        for family in ["ipv4", "ipv6"] {
            let all = self.ask_json(&format!("show bgp {family} unicast json"));
            for prefix in all["routes"].as_object().into_iter().flat_map(|routes| routes.keys()) {
                let told = self.ask_json(&format!("show bgp {family} unicast {prefix} json"));
                let paths = told["paths"].as_array().into_iter().flatten();
                learned.extend(paths.filter(|path| path["peer"]["peerId"] == SPEAKER[n]).map(|path| {
                    let communities = path["community"]["string"].as_str().unwrap_or_default();
                    Route::new(
                        prefix,
                        path["nexthops"][0]["ip"].as_str().unwrap_or_default(),
                        path["aspath"]["string"].as_str().unwrap_or_default(),
                        &communities.split_whitespace().collect::<Vec<_>>(),
                        path["metric"].as_u64().or(path["med"].as_u64()).unwrap_or_default(),
                    )
                }));
            }
        }
        learned
    }

    fn is_up(&self) -> bool {
        let told = self.ask_json(&format!("show bgp neighbors {} json", SPEAKER[0]));
        told[SPEAKER[0]]["bgpState"] == "Established"
    }

    fn was_told(&self, text: &str) -> bool {
        let log = self.process.log();
        log.lines().any(|line| {
            line.contains(&format!(
                "received from neighbor {} 6/2 (Cease/Administrative Shutdown)",
                SPEAKER[0]
            )) && line.contains(text)
        })
    }

    fn signal(&self, name: &str) {
        self.process.signal(name);
    }
}

impl Refreshes for Frr {
    fn ask_again(&self) {
        self.ask(&[&format!("clear bgp ipv4 {} soft in", SPEAKER[0])]);
    }
}

impl TakesRules for Frr {
    fn has_rule(&self) -> bool {
        let told = self.ask(&["show bgp ipv4 flowspec detail"]);
        ["Destination Address 10.9.0.0/24", "IP Protocol = 6", "Destination Port = 22", "FS:rate 0.000000"]
            .iter()
            .all(|part| told.contains(part))
    }
}

impl ShutsDown for Frr {
    fn shut_down(&self) -> &'static str {
        let command = format!("neighbor {} shutdown message back at 5pm", SPEAKER[0]);
        self.ask(&["configure terminal", "router bgp 65001", &command]);
        "back at 5pm"
    }
}

impl HearsRefreshes for Frr {
    fn refreshes_heard(&self) -> u64 {
        let told = self.ask_json(&format!("show bgp neighbors {} json", SPEAKER[0]));
        told[SPEAKER[0]]["messageStats"]["routeRefreshRecv"].as_u64().unwrap_or_default()
    }
}
