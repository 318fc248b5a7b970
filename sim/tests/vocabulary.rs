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

/// Two sessions, one after the other, and what the peer does in the last one.
fn again_and_again(last: &str) -> String {
    format!("{MEET}\nexpect route 192.0.2.0/24\nexpect close\n{MEET}\n{last}")
}

const ROUTE: &str = "static { route 192.0.2.0/24 next-hop 10.0.0.1; }";

fn faults(lines: &str) -> String {
    format!("faults = '''\n{lines}\n'''")
}

#[test]
fn a_speaker_that_is_killed_ends_its_connections_without_a_word_and_begins_anew() {
    let restart = faults("at 20s restart speaker after 5s");
    let told_again = again_and_again("expect route 192.0.2.0/24 within 5s\nwait 20s");
    passes(&world(ROUTE, &told_again, &restart));
    fails(&world(ROUTE, &format!("{MEET}\nexpect notification within 60s"), &restart), "closed");
    let up = |by: &str| format!("\n[up]\nat = '0s'\nagain-by = '{by}'\n");
    passes(&(world(ROUTE, &told_again, &restart) + &up("40s")));
    fails(&(world(ROUTE, &told_again, &restart) + &up("24s")), "expected by");
    for outcome in play(&world(ROUTE, &told_again, "")) {
        assert_eq!(outcome.verdict.code(), "unfinished", "{:?}", outcome.verdict);
    }
}

#[test]
fn a_machine_that_comes_back_knows_nothing_of_its_connections() {
    // The peer hears of the end once it says something itself.
    let reboot = faults("at 20s reboot speaker after 2s");
    let told_again = again_and_again("expect route 192.0.2.0/24 within 5s\nwait 20s");
    passes(&world(ROUTE, &told_again, &reboot));
    let silent = told_again.replacen("keepalives every 3s\nexpect route", "expect route", 1);
    let silent =
        world(ROUTE, &silent, &reboot).replace("hold-time 9", "hold-time 0").replace("hold 9", "hold 0");
    for outcome in play(&silent) {
        assert_eq!(outcome.verdict.code(), "unfinished", "{:?}", outcome.verdict);
    }
}

#[test]
fn a_program_whose_speaker_was_killed_is_owed_nothing_and_the_next_speaker_starts_it_anew() {
    let program = "[[program]]\nrun = './feed'\nscript = '''\nwait 10s\nsend announce route 192.0.2.0/24 next-hop 10.0.0.1\n\
                   expect done\nexpect another line\n'''\n";
    let script = format!("{MEET}\nexpect close\n{MEET}\nexpect route 192.0.2.0/24 within 40s\nwait 1s");
    let text = |more: &str| {
        let text = world("api { processes [ feed ]; }", &script, more) + program;
        text.replace("neighbor 10.0.0.2", "process feed { run ./feed; encoder text; }\nneighbor 10.0.0.2")
    };
    // The first one waits in vain when its speaker is killed, which is no failure of it; the second one does so at the end.
    for outcome in play(&text(&faults("at 20s restart speaker after 5s"))) {
        assert_eq!(outcome.verdict.code(), "unfinished", "{:?}", outcome.verdict);
        let waiting = outcome.standing.iter().filter(|stand| stand.contains("another line")).count();
        assert_eq!(waiting, 1, "{:?}", outcome.standing);
    }
}

#[test]
fn a_signal_ends_a_peers_process_and_its_connections_with_it() {
    for signal in ["SIGTERM", "SIGUSR1", "SIGALRM"] {
        let text = world("", &format!("{MEET}\nwait 9m"), &faults(&format!("at 20s signal far {signal}")));
        for outcome in play(&format!("{text}[ends]\nhow = 'close'\nat = '20s'\n")) {
            assert_eq!(outcome.verdict.code(), "pass", "{signal}: {:?}", outcome.verdict);
            assert!(outcome.at.as_nanos() < 300_000_000_000, "nobody waits for the rest of its script");
        }
    }
}

#[test]
fn runs_that_do_not_finish_have_the_same_key_where_they_stand_on_the_same_and_another_one_otherwise() {
    let key = |text: &str| {
        let [poll, tasks] = play(text).map(|outcome| outcome.verdict.key().map(|key| key.to_string()));
        assert_eq!(poll, tasks, "{text}");
        poll.unwrap_or_default()
    };
    let stands = |steps: &str| key(&world("", &format!("{MEET}\n{steps}"), ""));
    let routes = stands("expect route 192.0.2.0/24");
    assert_eq!(stands("expect route 198.51.100.0/24"), routes, "names are no part of it");
    let cut = faults("at 1s cut speaker -> far");
    let others = [
        stands("expect notification"),
        key(&world("passive true;", "accept\nexpect open", "")),
        key(&world("", &format!("{MEET}\nexpect route 192.0.2.0/24"), &cut)
            .replace("hold-time 9", "hold-time 0")
            .replace("hold 9", "hold 0")),
        stands("expect open"),
    ];
    let mut keys: Vec<&String> = others.iter().chain([&routes]).collect();
    assert!(keys.iter().all(|key| key.starts_with("unfinished: peer > ")), "{keys:#?}");
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 5, "{keys:#?}");
}

/// A speaker with a peer that expects something, and a client at its named pipes.
fn commanded(expects: &str, client: &str) -> String {
    let client = format!("[[client]]\nname = 'operator'\nscript = '''\n{client}\n'''\n");
    world("", &format!("{MEET}\n{expects}"), "") + &client
}

#[test]
fn a_command_line_client_commands_every_neighbor_over_the_named_pipes_and_is_answered() {
    let announce = "wait 2s\nsend announce route 192.0.2.0/24 next-hop 10.0.0.1\nexpect within 5s done";
    // No program of the configuration's may.
    passes(&commanded("expect route 192.0.2.0/24 within 9s\nwait 1s", announce));
    passes(&commanded(
        "wait 5s",
        "wait 2s\nsend show neighbor summary\nexpect within 5s 10.0.0.2\nexpect within 5s done",
    ));
    fails(&commanded("expect route 203.0.113.0/24 within 9s", announce), "nothing of the kind");
    fails(
        &commanded("wait 60s", "wait 2s\nsend version\nexpect within 5s no such line"),
        "no such line came in time",
    );
}

#[test]
fn a_command_of_a_client_that_goes_unanswered_sounds_the_alarm_of_its_oracle() {
    // A reactor that waits for its peers first answers nobody while one is silent.
    let silent = "accept\nexpect open\nsend open hold 90\nexpect keepalive\nsend keepalive\nwait 60s";
    let text = world("hold-time 90;", silent, "").replace("hold-time 9;", "");
    let text =
        text + "[[client]]\nname = 'operator'\nscript = '''\nwait 2s\nsend version\nexpect done\n'''\n";
    let scenario = read(&text);
    let run = |reactor: &str| {
        let subject = subject::find(reactor).unwrap();
        let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices: 0.into() };
        run.go().unwrap().verdict
    };
    let told = format!("{:?}", run("await-peers"));
    assert_eq!(run("await-peers").code(), "O3", "{told}");
    assert!(told.contains("client operator"), "{told}");
    assert_eq!(run("poll").code(), "pass");
}

#[test]
fn two_clients_of_one_speaker_and_one_of_nobody_are_refused() {
    let refused = |client: &str| {
        let text = commanded("wait 1s", "send version") + client;
        let source = Source::new("words.toml", text);
        scenario::read(&source, |_| None, &subject::names()).unwrap_err().to_string()
    };
    let another = refused("[[client]]\nname = 'other'\nscript = ''\n");
    assert!(another.contains("`operator` has the named pipes of `speaker` already"), "{another}");
    let nobody = refused("[[client]]\nname = 'other'\non = 'speker'\nscript = ''\n");
    assert!(nobody.contains("no speaker is called `speker`") && nobody.contains("`speaker`"), "{nobody}");
    let words = world("", "accept", "") + "[[client]]\nname = 'two words'\nscript = ''\n";
    let words = scenario::read(&Source::new("words.toml", words), |_| None, &subject::names()).unwrap_err();
    assert!(words.to_string().contains("one word"), "{words}");
}
