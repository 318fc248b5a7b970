//! GoBGP.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::dumps::{self, Dump, Dumps, WITH_VPN};
use crate::features::{self, Daemon, KEY, ShutsDown, TakesPolicies, TakesRules, With};
use crate::namespace::{DAEMON, SPEAKER};
use crate::needs::{self, Need::Program};
use crate::process::{Folder, Process, output};
use crate::route::{Route, THEIR_HOPS, THEIRS};
use crate::waiting::eventually;

tests! { [Program("gobgpd"), Program("gobgp")];
    routes_are_exchanged_on_the_poll_reactor => |folder| features::both_ways::<GoBgp>(folder, "poll");
    routes_are_exchanged_on_the_async_reactor => |folder| features::both_ways::<GoBgp>(folder, "async");
    our_policies_go_there_and_come_back => |folder| features::policies_there_and_back::<GoBgp>(folder, "poll");
    rules_are_exchanged => |folder| features::rules_both_ways::<GoBgp>(folder, "async");
    we_get_every_route_again_when_we_ask => |folder| features::we_ask_again::<GoBgp>(folder, "poll");
    our_routes_stay_there_while_we_restart => |folder| features::we_restart::<GoBgp>(folder, "poll");
    its_routes_stay_here_while_it_restarts => |folder| features::the_daemon_restarts::<GoBgp>(folder, "async");
    suspended_it_is_closed_by_the_hold_timer_and_comes_back =>
        |folder| features::a_daemon_that_is_suspended::<GoBgp>(folder, "poll");
    it_reads_why_we_shut_down => |folder| features::our_words_at_a_shutdown::<GoBgp>(folder, "async");
    we_read_why_it_shuts_down => |folder| features::their_words_at_a_shutdown::<GoBgp>(folder, "poll");
    it_sees_our_end => |folder| features::our_end::<GoBgp>(folder, "poll", "TERM");
    md5_protects_the_sessions => |folder| features::a_key_that_both_have::<GoBgp>(folder, "poll");
    no_session_comes_up_with_another_key => |folder| features::a_key_that_differs::<GoBgp>(folder, "async");
    its_dumps_are_told_of => |folder| dumps::are_told_of::<GoBgp>(folder);
    no_session_comes_up_without_its_key => |folder| features::no_key_where_the_daemon_has_one::<GoBgp>(folder, "poll");
}

struct GoBgp {
    process: Process,
}

impl GoBgp {
    fn ask(&self, question: &[&str]) -> String {
        output(Command::new(needs::find("gobgp").unwrap()).args(question)).unwrap()
    }

    fn ask_json(&self, question: &[&str]) -> Value {
        serde_json::from_str(&self.ask(&[&["-j"], question].concat())).unwrap_or_default()
    }
}

/// What it dumps: UPDATEs, and its tables once a minute, which is as often as it can.
const DUMPED: &str = "[[mrt-dump]]\n[mrt-dump.config]\ndump-type = \"updates\"\nfile-name = \"updates.mrt\"\n\
    [[mrt-dump]]\n[mrt-dump.config]\ndump-type = \"table\"\nfile-name = \"table.mrt\"\ndump-interval = 60\n";

impl Dumps for GoBgp {
    const DUMPS: &'static [Dump] = &[
        Dump { name: "updates.mrt", families: WITH_VPN, paths: true, within: 30, printed: true },
        Dump { name: "table.mrt", families: WITH_VPN, paths: true, within: 90, printed: true },
    ];
}

impl Daemon for GoBgp {
    fn start(folder: &Folder, with: With) -> Self {
        let mut families = vec!["ipv4-unicast", "ipv6-unicast"];
        families.extend(with.flow.then_some("ipv4-flowspec"));
        families.extend(with.policies.then_some(["ipv4-srpolicy", "ipv6-srpolicy"]).into_iter().flatten());
        families.extend(with.dumps.then_some("l3vpn-ipv4-unicast"));
        let paths = if with.dumps { "[neighbors.afi-safis.add-paths.config]\nreceive = true\n" } else { "" };
        let dumped = if with.dumps { DUMPED } else { "" };
        let graceful = if with.graceful { "enabled = true\n" } else { "enabled = false\n" };
        let families: String = families
            .iter()
            .map(|name| {
                format!(
                    "[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"{name}\"\n\
                     [neighbors.afi-safis.mp-graceful-restart.config]\n{graceful}{paths}"
                )
            })
            .collect();
        let key = if with.md5 { format!("auth-password = \"{KEY}\"\n") } else { String::new() };
        let neighbors: String = (0..2)
            .map(|n| {
                format!(
                    "[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{}\"\npeer-as = 65101\n{key}\
                     [neighbors.transport.config]\npassive-mode = true\nlocal-address = \"{}\"\n\
                     [neighbors.timers.config]\nhold-time = 9\nkeepalive-interval = 3\nidle-hold-time-after-reset = 1\n\
                     [neighbors.graceful-restart.config]\n{graceful}restart-time = 60\n\
                     [neighbors.ebgp-multihop.config]\nenabled = true\nmultihop-ttl = 2\n{families}",
                    SPEAKER[n], DAEMON[n]
                )
            })
            .collect();
        let conf = folder.write(
            "gobgp.toml",
            &format!(
                "[global.config]\nas = 65001\nrouter-id = \"10.0.1.1\"\nport = 179\nlocal-address-list = [\"{}\", \"{}\"]\n{dumped}{neighbors}",
                DAEMON[0], DAEMON[1]
            ),
        );
        let mut command = Command::new(needs::find("gobgpd").unwrap());
        command.args(["-f", &conf, "-l", "debug", "--api-hosts", "127.0.0.1:50051", "-p"]);
        let gobgp = Self { process: Process::start(folder, "gobgp", &mut command) };
        eventually("GoBGP answers", || gobgp.ask(&["neighbor"]).contains(SPEAKER[1]));
        // In a table it writes its own routes with the index of no peer, which bgpdump does not read.
        let own: &[&str] = if with.dumps { &[] } else { &THEIRS };
        for prefix in own {
            let (family, hop) = match prefix.contains(':') {
                true => ("ipv6", THEIR_HOPS[1]),
                false => ("ipv4", THEIR_HOPS[0]),
            };
            gobgp.ask(&[
                "global",
                "rib",
                "-a",
                family,
                "add",
                prefix,
                "nexthop",
                hop,
                "community",
                "65001:9",
            ]);
        }
        if with.flow {
            let rule = "match destination 10.8.0.0/24 protocol tcp destination-port ==80 then discard";
            let command = ["global", "rib", "-a", "ipv4-flowspec", "add"];
            gobgp.ask(&[&command, &*rule.split(' ').collect::<Vec<_>>()].concat());
        }
        gobgp
    }

    fn learned(&self, n: usize) -> BTreeSet<Route> {
        let mut learned = BTreeSet::new();
        for family in ["ipv4", "ipv6"] {
            let told = self.ask_json(&["neighbor", SPEAKER[n], "adj-in", "-a", family]);
            // A mistake is an object too.
            let routes = told.as_object().into_iter().flatten().filter(|(_, paths)| paths.is_array());
            for (prefix, paths) in routes {
                let mut route = Route { prefix: prefix.clone(), ..Route::default() };
                for attribute in paths[0]["attrs"].as_array().into_iter().flatten() {
                    match attribute["type"].as_u64() {
                        Some(2) => {
                            let numbers = attribute["as_paths"][0]["asns"].as_array().into_iter().flatten();
                            route.as_path = numbers.map(Value::to_string).collect::<Vec<_>>().join(" ");
                        }
                        Some(3 | 14) => {
                            route.next_hop = attribute["nexthop"].as_str().unwrap_or_default().to_owned();
                        }
                        Some(4) => route.med = attribute["metric"].as_u64().unwrap_or_default(),
                        Some(8) => {
                            let numbers = attribute["communities"].as_array().into_iter().flatten();
                            let numbers = numbers.filter_map(Value::as_u64);
                            route.communities = numbers
                                .map(|number| format!("{}:{}", number >> 16, number & 0xffff))
                                .collect();
                        }
                        _ => {}
                    }
                }
                learned.insert(route);
            }
        }
        learned
    }

    fn is_up(&self) -> bool {
        self.ask(&["neighbor", SPEAKER[0]]).contains("BGP state = ESTABLISHED")
    }

    fn was_told(&self, text: &str) -> bool {
        let log = self.process.log();
        log.lines().any(|line| {
            line.contains("received notification")
                && line.contains(&format!("Communicated-Reason=\"{text}\""))
                && line.contains(&format!("Key={} ", SPEAKER[0]))
        })
    }

    fn signal(&self, name: &str) {
        self.process.signal(name);
    }
}

impl TakesRules for GoBgp {
    fn has_rule(&self) -> bool {
        let told = self.ask(&["neighbor", SPEAKER[0], "adj-in", "-a", "ipv4-flowspec"]);
        ["destination: 10.9.0.0/24", "==tcp", "==22", "[discard]"].iter().all(|part| told.contains(part))
    }
}

/// Its client does not show this family; its log does.
impl TakesPolicies for GoBgp {
    fn has_policies(&self) -> bool {
        let log = self.process.log();
        let has = |parts: &[&str]| {
            log.lines()
                .any(|line| line.contains("received update") && parts.iter().all(|part| line.contains(part)))
        };
        has(&[
            "Distinguisher: 1, Color 100, Endpoint: 192.0.2.7",
            "Preference: 100}",
            "BSID: 24000}",
            "ENLP Type: 3}",
            "{Priority: 5}",
            "Weight: 2}",
            "Label: 16001 TC: 0 S: false TTL: 0}",
            "Sid: fd00::1, Ebs: {Behavior: SRBehavior(65), BlockLen: 32, NodeLen: 0, FuncLen: 16, ArgLen: 0}",
        ]) && has(&["Distinguisher: 2, Color 200, Endpoint: 2001:db8::7", "Preference: 7}", "Sid: fd00::1}"])
    }
}

impl ShutsDown for GoBgp {
    fn shut_down(&self) -> &'static str {
        self.ask(&["neighbor", SPEAKER[0], "shutdown", "--reason", "back at 5pm"]);
        "back at 5pm"
    }
}
