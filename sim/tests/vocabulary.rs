//! The words of scenarios, played: each does on both reactors what it says, and a run without it shows that.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::{self, Scenario};
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{self, Defect};

fn read(text: &str) -> Scenario {
    scenario::read(&Source::new("words.toml", text), |_| None, &subject::names())
        .unwrap_or_else(|mistake| panic!("{mistake}\n{text}"))
}

/// The scenario on both reactors, after it was written and read back.
fn play(text: &str) -> [Outcome; 2] {
    let scenario = read(&read(text).write().unwrap());
    subject::SHIPPED.map(|subject| {
        Run { play: &scenario.play, subject, defect: Defect::Present, choices: 1.into() }.go().unwrap()
    })
}

/// It passes on both reactors.
fn passes(text: &str) {
    for outcome in play(text) {
        assert_eq!(outcome.verdict.code(), "pass", "{:?} {:?}\n{text}", outcome.verdict, outcome.standing);
    }
}

/// It fails on both reactors, for this reason.
fn fails(text: &str, why: &str) {
    for outcome in play(text) {
        let told = format!("{:?}", outcome.verdict);
        assert!(told.contains(why), "{told}\n{text}");
    }
}

/// A speaker and a peer with this script, and whatever else stands in `more`.
fn world(options: &str, script: &str, more: &str) -> String {
    format!(
        "title = 't'\nrun-for = '10m'\n{more}\n[[speaker]]\naddress = '10.0.0.1'\nconfig = '''\n\
         neighbor 10.0.0.2 {{\n router-id 10.0.0.1; local-address 10.0.0.1; local-as 65001; peer-as 65002; hold-time 9;\n\
         {options}\n}}\n'''\n[[peer]]\nname = 'far'\naddress = '10.0.0.2'\nas = 65002\nscript = '''\n{script}\n'''\n"
    )
}

const MEET: &str =
    "accept\nexpect open\nsend open hold 9\nexpect keepalive\nsend keepalive\nkeepalives every 3s";

#[test]
fn an_expectation_counts_and_one_of_nothing_fails_when_it_comes() {
    passes(&world("", &format!("{MEET}\nexpect 4 times keepalive within 13s\nexpect no update for 20s"), ""));
    fails(&world("", &format!("{MEET}\nexpect 9 times keepalive within 13s"), ""), "nothing of the kind");
    fails(&world("", &format!("{MEET}\nexpect no keepalive for 20s"), ""), "it came");
}

#[test]
fn prefixes_of_both_families_are_expected_announced_and_withdrawn() {
    let options = "family { ipv4 unicast; ipv6 unicast; } api { processes [ feed ]; }";
    let program = "[[program]]\nrun = './feed'\nscript = '''\nwait 2s\nsend announce route 2001:db8::/32 next-hop fd00::1\n\
                   expect done\nwait 2s\nsend withdraw route 2001:db8::/32 next-hop fd00::1\nexpect done\n'''\n";
    let meet = MEET.replace("hold 9", "hold 9 family 1 1 family 2 1");
    let expects = |withdrawal: &str| {
        let script = format!(
            "{meet}\nexpect eor\nexpect eor 2 1\nexpect route 2001:db8::/32 within 5s\nexpect withdrawal {withdrawal} within 5s\n\
             send update announce 2001:db8:1::/48 next-hop fd00::2 path 65002\nsend update withdraw 2001:db8:1::/48\nsend eor 2 1\nwait 3s"
        );
        format!("{}{program}", world(options, &script, ""))
            .replace("neighbor 10.0.0.2", "process feed { run ./feed; encoder text; }\nneighbor 10.0.0.2")
    };
    passes(&expects("2001:db8::/32"));
    fails(&expects("2001:db8::/33"), "nothing of the kind");
}

#[test]
fn a_peers_open_has_the_capabilities_that_it_says() {
    let route_refresh = MEET.replace("hold 9", "hold 9 capability 2 capability 64 0078");
    let asks = "static { route 192.0.2.0/24 next-hop 10.0.0.1; }";
    let refresh = "\nexpect route 192.0.2.0/24\nsend refresh\nexpect route 192.0.2.0/24 within 5s";
    passes(&world(asks, &format!("{route_refresh}{refresh}"), ""));
    // Without the capability nobody may ask (RFC 2918 §3), and without any the AS number is one of two octets.
    let bare = MEET.replace("hold 9", "hold 9 bare");
    passes(&world(asks, &format!("{bare}\nexpect route 192.0.2.0/24\nwait 5s"), ""));
}

#[test]
fn steps_in_a_loop_are_done_as_often_as_it_says() {
    let script = "loop 3 times\naccept\nexpect open\nsend open hold 9\nexpect keepalive\nsend keepalive\nexpect eor\nsend notification 6/4\nclose\nend";
    for outcome in play(&world("", script, "")) {
        assert_eq!(outcome.verdict.code(), "pass", "{:?}", outcome.standing);
        assert!(outcome.course.end.is_some() && outcome.course.up.is_some());
    }
    fails(&world("", &format!("{script}\naccept\nexpect no open for 1s"), ""), "it came");
}

#[test]
fn many_peers_come_from_one_table_and_several_connections_from_one_machine() {
    let neighbors: String = (1..=5)
        .map(|n| {
            format!(
                "neighbor 10.0.1.{n} {{ router-id 10.0.0.1; local-address 10.0.0.1; local-as 65001; peer-as {}; hold-time 9; }}\n",
                65_099 + n
            )
        })
        .collect();
    let text = |count: usize| {
        format!(
            "title = 't'\nrun-for = '1m'\n[[speaker]]\naddress = '10.0.0.1'\nconfig = '''\n{neighbors}'''\n\
             [[peer]]\nname = 'leaf'\naddress = '10.0.1.1'\nas = 65100\ncount = {count}\nas-step = 1\nscript = '''\n{MEET}\nwait 20s\n'''\n\
             [up]\nat = '0s'\n[ends]\nhow = 'never'\n"
        )
    };
    let scenario = read(&text(5));
    let names: Vec<&str> = scenario.play.peers.iter().map(|peer| peer.name.as_str()).collect();
    assert_eq!(names, ["leaf-1", "leaf-2", "leaf-3", "leaf-4", "leaf-5"]);
    passes(&text(5));
    // A second connection of an established peer's is one too many (RFC 4271 §6.8), and closed.
    let second = |then: &str| {
        format!(
            "{}[[peer]]\nname = 'second'\non = 'far'\nas = 65002\nscript = '''\nwait 5s\nconnect\nsend open hold 9\n{then}\n'''\n",
            world("listen 179;", &format!("{MEET}\nwait 20s"), "")
        )
    };
    passes(&second("expect notification 6/7 within 5s"));
    fails(&second("expect no notification for 5s"), "it came");
}

#[test]
fn paths_lose_delay_and_narrow_as_they_are_told() {
    let route = "static { route 10.0.0.0/8 next-hop 10.0.0.1 split /18; } group-updates false;";
    let script = format!("{MEET}\nexpect 1000 times update within 10s\nwait 10s");
    passes(&world(route, &script, ""));
    // 1,024 UPDATEs of some fifty octets at 2,000 octets a second take half a minute.
    let narrow = "faults = '''\nat 0s bandwidth speaker -> far 2000\n'''";
    fails(&world(route, &script, narrow), "nothing of the kind");
    let up = "\n[up]\nat = '600ms'\nwithin = '600ms'\n";
    let slow = "faults = '''\nat 0s latency far <-> speaker 200ms\n'''";
    passes(&(world("", &format!("{MEET}\nwait 9s"), slow) + up));
    fails(&(world("", &format!("{MEET}\nwait 9s"), "") + up), "established at");
    let weather =
        "faults = '''\nat 0s jitter far <-> speaker 50ms\nat 1s loss far <-> speaker 200 for 30s\n'''";
    let calm = play(&world("", &format!("{MEET}\nwait 40s"), ""));
    let rough = play(&world("", &format!("{MEET}\nwait 40s"), weather));
    for (calm, rough) in calm.iter().zip(&rough) {
        assert_eq!((calm.verdict.code(), rough.verdict.code()), ("pass", "pass"), "{:?}", rough.standing);
        assert!(rough.course.up > calm.course.up, "{:?} {:?}", rough.course, calm.course);
    }
}

#[test]
fn a_reload_goes_by_the_next_configuration_and_a_session_is_up_again_in_time() {
    let text = |expected: &str, again: &str| {
        let first = world(
            "static { route 192.0.2.0/24 next-hop 10.0.0.1; }",
            &format!(
                "{MEET}\nexpect route 192.0.2.0/24\n{expected}\nwait 1s\nsend notification 6/4\nclose\n{MEET}\nwait 5s"
            ),
            "faults = '''\nat 5s signal speaker SIGUSR1\n'''",
        );
        let config = first.split("config = '''").nth(1).and_then(|rest| rest.split("'''").next()).unwrap();
        let second = config.replace("192.0.2.0/24", "198.51.100.0/24");
        let first = first.replacen("[[peer]]", &format!("reloads = ['''{second}''']\n[[peer]]"), 1);
        format!("{first}\n[up]\nat = '0s'\nagain-by = '{again}'\n")
    };
    passes(&text("expect withdrawal 192.0.2.0/24\nexpect route 198.51.100.0/24", "9m"));
    fails(&text("expect route 203.0.113.0/24 within 9s", "9m"), "nothing of the kind");
    fails(&text("expect route 198.51.100.0/24", "6s"), "expected by");
}
