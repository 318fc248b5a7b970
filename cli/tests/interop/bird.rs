//! BIRD 2.

use std::collections::BTreeSet;
use std::process::Command;

use crate::dumps::{self, Dump, Dumps, IPV4_ALONE, IPV6_ALONE, WITH_VPN};
use crate::features::{self, Daemon, KEY, Refreshes, ShutsDown, TakesRules, With};
use crate::namespace::{DAEMON, SPEAKER};
use crate::needs::{self, Need::Program};
use crate::process::{Folder, Process, output};
use crate::route::{Route, THEIR_HOPS, THEIRS};
use crate::waiting::eventually;

tests! { [Program("bird"), Program("birdc")];
    routes_are_exchanged_on_the_poll_reactor => |folder| features::both_ways::<Bird>(folder, "poll");
    routes_are_exchanged_on_the_async_reactor => |folder| features::both_ways::<Bird>(folder, "async");
    rules_are_exchanged => |folder| features::rules_both_ways::<Bird>(folder, "poll");
    it_gets_every_route_again_when_it_asks => |folder| features::the_daemon_asks_again::<Bird>(folder, "async");
    we_get_every_route_again_when_we_ask => |folder| features::we_ask_again::<Bird>(folder, "poll");
    our_routes_stay_there_while_we_restart => |folder| features::we_restart::<Bird>(folder, "poll");
    its_routes_stay_here_while_it_restarts => |folder| features::the_daemon_restarts::<Bird>(folder, "async");
    suspended_it_is_closed_by_the_hold_timer_and_comes_back =>
        |folder| features::a_daemon_that_is_suspended::<Bird>(folder, "poll");
    it_reads_why_we_shut_down => |folder| features::our_words_at_a_shutdown::<Bird>(folder, "async");
    we_read_why_it_shuts_down => |folder| features::their_words_at_a_shutdown::<Bird>(folder, "poll");
    it_sees_our_end => |folder| features::our_end::<Bird>(folder, "poll", "TERM");
    md5_protects_the_sessions => |folder| features::a_key_that_both_have::<Bird>(folder, "poll");
    no_session_comes_up_with_another_key => |folder| features::a_key_that_differs::<Bird>(folder, "async");
    its_dumps_are_told_of => |folder| dumps::are_told_of::<Bird>(folder);
    no_session_comes_up_without_its_key => |folder| features::no_key_where_the_daemon_has_one::<Bird>(folder, "poll");
}

const SESSIONS: [&str; 2] = ["v4", "v6"];

struct Bird {
    process: Process,
    folder: Folder,
}

impl Bird {
    fn ask(&self, question: &str) -> String {
        let control = self.folder.path("bird.ctl");
        output(Command::new(needs::find("birdc").unwrap()).arg("-s").arg(control).arg(question)).unwrap()
    }
}

/// What it dumps: all messages and changes of state, and its tables, over and over. It makes no dump of a VPN's table.
const DUMPED: &str = "mrtdump \"updates.mrt\"; mrtdump protocols { states, messages }; vpn4 table vpns;
    protocol mrt { table \"master4\"; filename \"paths4.mrt\"; period 1; always add path on; }
    protocol mrt { table \"master4\"; filename \"table4.mrt\"; period 1; }
    protocol mrt { table \"master6\"; filename \"table6.mrt\"; period 1; }";

impl Dumps for Bird {
    const DUMPS: &'static [Dump] = &[
        Dump { name: "updates.mrt", families: WITH_VPN, paths: true, within: 30, printed: true },
        Dump { name: "paths4.mrt", families: IPV4_ALONE, paths: true, within: 30, printed: true },
        Dump { name: "table4.mrt", families: IPV4_ALONE, paths: true, within: 30, printed: true },
        Dump { name: "table6.mrt", families: IPV6_ALONE, paths: false, within: 30, printed: true },
    ];
}

impl Daemon for Bird {
    fn start(folder: &Folder, with: With) -> Self {
        let key = if with.md5 { format!("password \"{KEY}\";") } else { String::new() };
        let graceful = if with.graceful { "graceful restart on;" } else { "" };
        let (paths, dumped) = if with.dumps { ("add paths on;", DUMPED) } else { ("", "") };
        let vpn = if with.dumps { "vpn4 mpls { table vpns; import all; export none; };" } else { "" };
        let flow = if with.flow {
            "flow4 { table rules; import all; export where source = RTS_STATIC; };"
        } else {
            ""
        };
        let export =
            "export filter { if source != RTS_STATIC then reject; bgp_community.add((65001, 9)); accept; };";
        let sessions: String = (0..2)
            .map(|n| {
                format!(
                    "protocol bgp {} {{ local {} port 179 as 65001; neighbor {} port 179 as 65101; strict bind yes;
                       multihop 2; hold time 9; error wait time 1, 2; passive; {key} {graceful}
                       ipv4 {{ import all; {export} next hop address {}; {paths} }};
                       ipv6 {{ import all; {export} next hop address {}; }}; {flow} {vpn} }}\n",
                    SESSIONS[n], DAEMON[n], SPEAKER[n], THEIR_HOPS[0], THEIR_HOPS[1]
                )
            })
            .collect();
        let conf = folder.write(
            "bird.conf",
            &format!(
                "log stderr all; router id 10.0.1.1; protocol device {{}} flow4 table rules; {dumped}
                 protocol static s4 {{ ipv4; route {} blackhole; route {} blackhole; }}
                 protocol static s6 {{ ipv6; route {} blackhole; }}
                 protocol static rule {{ flow4 {{ table rules; }};
                   route flow4 {{ dst 10.8.0.0/24; proto = 6; dport = 80; }} {{ bgp_ext_community.add((generic, 0x80060000, 0)); }}; }}
                 {sessions}",
                THEIRS[0], THEIRS[1], THEIRS[2]
            ),
        );
        let (control, pid) = (folder.path("bird.ctl"), folder.path("bird.pid"));
        let mut command = Command::new(needs::find("bird").unwrap());
        command.arg("-f").args(["-c", &conf]).arg("-s").arg(&control).arg("-P").arg(pid);
        let bird = Self { process: Process::start(folder, "bird", &mut command), folder: folder.clone() };
        eventually("BIRD answers", || bird.ask("show status").contains("up and running"));
        bird
    }

    fn learned(&self, n: usize) -> BTreeSet<Route> {
        let told = self.ask(&format!("show route protocol {} all", SESSIONS[n]));
        let mut learned: Vec<Route> = vec![];
        for line in told.lines() {
            if line.contains(&format!("[{} ", SESSIONS[n])) && !line.starts_with("flow") {
                let prefix = line.split_whitespace().next().unwrap_or_default();
                learned.push(Route { prefix: prefix.to_owned(), ..Route::default() });
            }
            let (Some((name, value)), Some(route)) = (line.trim().split_once(": "), learned.last_mut())
            else {
                continue;
            };
            match name {
                "BGP.as_path" => route.as_path = value.to_owned(),
                "BGP.next_hop" => route.next_hop = value.to_owned(),
                "BGP.med" => route.med = value.parse().unwrap(),
                "BGP.community" => {
                    let communities =
                        value.split(") (").map(|one| one.trim_matches(['(', ')']).replace(',', ":"));
                    route.communities = communities.collect();
                }
                _ => {}
            }
        }
        learned.into_iter().collect()
    }

    fn is_up(&self) -> bool {
        self.ask("show protocols v4").contains("Established")
    }

    fn was_told(&self, text: &str) -> bool {
        self.process.log().contains(&format!("v4: Received: Administrative shutdown: \"{text}\""))
    }

    fn signal(&self, name: &str) {
        self.process.signal(name);
    }
}

impl Refreshes for Bird {
    fn ask_again(&self) {
        self.ask("reload in v4");
    }
}

impl TakesRules for Bird {
    fn has_rule(&self) -> bool {
        let told = self.ask("show route table rules protocol v4 all");
        told.contains("flow4 { dst 10.9.0.0/24; proto 6; dport 22; }")
            && told.contains("(generic, 0x80060000, 0x0)")
    }
}

impl ShutsDown for Bird {
    fn shut_down(&self) -> &'static str {
        self.ask("disable v4 \"back at 5pm\"");
        "back at 5pm"
    }
}
