//! BIRD 2.

use std::collections::BTreeSet;
use std::process::Command;

use crate::namespace::{self, DAEMON, SPEAKER};
use crate::process::{Folder, Process, output};
use crate::speaker::{Daemon, OURS, Speaker, THEIRS, Wishes, exchange, set};
use crate::waiting::eventually;

const NEEDS: [&str; 2] = ["bird", "birdc"];

struct Bird<'f> {
    process: Process,
    folder: &'f Folder,
}

impl<'f> Bird<'f> {
    fn start(folder: &'f Folder, session: &str, channels: &str) -> Self {
        let sessions: String = (0..2)
            .map(|n| {
                let name = ["v4", "v6"][n];
                format!(
                    "protocol bgp {name} {{ local {} port 179 as 65001; neighbor {} port 179 as 65101; strict bind yes;
                       multihop 2; hold time 9; error wait time 1, 2; passive; {session}
                       ipv4 {{ import all; export where source = RTS_STATIC; next hop address 10.0.1.1; }};
                       ipv6 {{ import all; export where source = RTS_STATIC; next hop address fd00:179::1; }}; {channels} }}\n",
                    DAEMON[n], SPEAKER[n]
                )
            })
            .collect();
        let conf = folder.write(
            "bird.conf",
            &format!(
                "log stderr all; router id 10.0.1.1; protocol device {{}} flow4 table rules;
                 protocol static s4 {{ ipv4; route {} blackhole; route {} blackhole; }}
                 protocol static s6 {{ ipv6; route {} blackhole; }}\n{sessions}",
                THEIRS[0], THEIRS[1], THEIRS[2]
            ),
        );
        let (control, pid) = (folder.path("bird.ctl"), folder.path("bird.pid"));
        let mut command = Command::new(namespace::find("bird").unwrap());
        command.arg("-f").args(["-c", &conf]).arg("-s").arg(&control).arg("-P").arg(pid);
        let bird = Self { process: Process::start(folder, "bird", &mut command), folder };
        eventually("BIRD answers", || bird.ask("show status").contains("up and running"));
        bird
    }

    fn ask(&self, question: &str) -> String {
        let control = self.folder.path("bird.ctl");
        output(Command::new(namespace::find("birdc").unwrap()).arg("-s").arg(control).arg(question)).unwrap()
    }
}

impl Daemon for Bird<'_> {
    fn learned(&self, n: usize) -> BTreeSet<String> {
        let session = ["v4", "v6"][n];
        let told = self.ask(&format!("show route protocol {session}"));
        let entries = told.lines().filter(|line| line.contains(&format!("[{session} ")));
        entries.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    }
}

fn both_ways(reactor: &str, session: &str, wishes: &Wishes) {
    let folder = Folder::new(&format!("bird-{reactor}"));
    let bird = Bird::start(&folder, session, "");
    let _speaker = exchange(&folder, reactor, &bird, wishes);
    let detail = bird.ask("show route 10.2.0.0/24 all");
    assert!(detail.contains("(65101,7)"), "the community arrives: {detail}");
}

#[test]
fn routes_are_exchanged_with_bird_on_the_poll_reactor() {
    namespace::run("bird::routes_are_exchanged_with_bird_on_the_poll_reactor", &NEEDS, || {
        both_ways("poll", "", &Wishes::default());
    });
}

#[test]
fn routes_are_exchanged_with_bird_on_the_async_reactor() {
    namespace::run("bird::routes_are_exchanged_with_bird_on_the_async_reactor", &NEEDS, || {
        both_ways("async", "", &Wishes::default());
    });
}

#[test]
fn a_session_with_bird_is_protected_by_md5() {
    namespace::run("bird::a_session_with_bird_is_protected_by_md5", &NEEDS, || {
        let wishes = Wishes { neighbor: "md5-password secret;", ..Wishes::default() };
        both_ways("poll", "password \"secret\";", &wishes);
    });
}

#[test]
fn bird_takes_a_flowspec_rule() {
    namespace::run("bird::bird_takes_a_flowspec_rule", &NEEDS, || {
        let folder = Folder::new("bird-flow");
        let bird = Bird::start(&folder, "", "flow4 { table rules; import all; export none; };");
        let wishes = Wishes {
            family: "ipv4 flow;",
            sections: "flow { route ssh { match { destination 10.9.0.0/24; protocol tcp; destination-port =22; } then { discard; } } }",
            ..Wishes::default()
        };
        let speaker = Speaker::start(&folder, "poll", &wishes);
        eventually("both sessions are up", || speaker.all_up(&wishes));
        eventually("BIRD has the rule", || {
            let told = bird.ask("show route table rules");
            told.contains("dst 10.9.0.0/24") && told.contains("proto 6") && told.contains("dport 22")
        });
    });
}

#[test]
fn bird_asks_for_a_route_refresh_and_gets_every_route_again() {
    namespace::run("bird::bird_asks_for_a_route_refresh_and_gets_every_route_again", &NEEDS, || {
        let folder = Folder::new("bird-refresh");
        let bird = Bird::start(&folder, "", "");
        let wishes = Wishes::default();
        let speaker = Speaker::start(&folder, "async", &wishes);
        eventually("BIRD has our routes", || bird.learned(0) == set(&OURS));
        let before = imported(&bird, "v4");
        bird.ask("reload in v4");
        eventually("we are told of the request", || speaker.count("refresh") >= 2);
        eventually("every route came again", || imported(&bird, "v4") >= before + OURS.len() as u64);
        assert_eq!(bird.learned(0), set(&OURS));
    });
}

/// How many import updates `session` has counted, over all its channels.
fn imported(bird: &Bird<'_>, session: &str) -> u64 {
    let told = bird.ask(&format!("show protocols all {session}"));
    let lines = told.lines().filter(|line| line.contains("Import updates:"));
    lines.filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok()).sum()
}

#[test]
fn bird_reads_why_we_shut_down() {
    namespace::run("bird::bird_reads_why_we_shut_down", &NEEDS, || {
        let folder = Folder::new("bird-shutdown");
        let bird = Bird::start(&folder, "", "");
        let wishes = Wishes::default();
        let mut speaker = Speaker::start(&folder, "poll", &wishes);
        eventually("both sessions are up", || speaker.all_up(&wishes));
        speaker.process.signal("TERM");
        assert_eq!(speaker.process.wait(), Some(0));
        eventually("BIRD logs the cease", || bird.process.log().contains("Administrative shutdown"));
    });
}

#[test]
fn a_bird_that_is_suspended_is_closed_by_the_hold_timer_and_comes_back() {
    namespace::run(
        "bird::a_bird_that_is_suspended_is_closed_by_the_hold_timer_and_comes_back",
        &NEEDS,
        || {
            let folder = Folder::new("bird-hold");
            let bird = Bird::start(&folder, "", "");
            let wishes = Wishes { ipv4_only: true, ..Wishes::default() };
            let speaker = Speaker::start(&folder, "poll", &wishes);
            eventually("the session is up", || speaker.all_up(&wishes));
            bird.process.signal("STOP");
            eventually("the hold timer closes the session", || speaker.up().is_empty());
            bird.process.signal("CONT");
            eventually("the session is up again", || speaker.times_up() == 2 && speaker.all_up(&wishes));
            eventually("the routes are back", || bird.learned(0) == set(&OURS));
        },
    );
}

#[test]
fn our_routes_stay_in_bird_while_we_restart_gracefully() {
    namespace::run("bird::our_routes_stay_in_bird_while_we_restart_gracefully", &NEEDS, || {
        let folder = Folder::new("bird-graceful");
        let bird = Bird::start(&folder, "graceful restart on;", "");
        let wishes = Wishes { capability: "graceful-restart 60;", ipv4_only: true, ..Wishes::default() };
        let speaker = Speaker::start(&folder, "poll", &wishes);
        eventually("BIRD has our routes", || bird.learned(0) == set(&OURS));
        speaker.process.signal("KILL");
        eventually("BIRD sees the session end", || bird.ask("show protocols v4").contains("Passive"));
        assert_eq!(bird.learned(0), set(&OURS), "the routes are kept as stale");
        let again = Speaker::start(&folder, "poll", &wishes);
        eventually("the session is up again", || again.all_up(&wishes));
        eventually("BIRD has our routes", || bird.learned(0) == set(&OURS));
    });
}
