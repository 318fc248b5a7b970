//! Scenarios as data: what is written is read back as the same, and a seed's world is one that every build can play.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use holdtime_core::Duration;
use holdtime_machine::net::{Kernel, SocketOptions};
use holdtime_machine::world::Prices;
use holdtime_sim::explore;
use holdtime_sim::finding::Finding;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::script::{Pattern, ProgramScript};
use holdtime_sim::scenario::{
    self, Bounds, Expected, ExpectedEnd, Fault, FaultKind, Oracle, PathChange, Play, PlayClient, Scenario,
    Window,
};
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect};
use proptest::prelude::*;

fn read(text: &str) -> Scenario {
    scenario::read(&Source::new("written.toml", text), |_| None, &subject::names())
        .unwrap_or_else(|mistake| panic!("{mistake}\n{text}"))
}

/// All of it but the name, which is the file's, and so are those of its configurations.
fn content(mut scenario: Scenario) -> String {
    scenario.play.name.clear();
    scenario
        .play
        .speakers
        .iter_mut()
        .flat_map(|speaker| &mut speaker.files)
        .for_each(|file| file.name.clear());
    // A table has no order.
    scenario.expect.sort_by(|(one, _), (two, _)| one.cmp(two));
    format!("{scenario:?}")
}

fn times() -> impl Strategy<Value = Duration> {
    prop_oneof![(1..100_000_u64).prop_map(Duration::from_millis), (1..60_u64).prop_map(Duration::from_secs)]
}

fn windows() -> impl Strategy<Value = Window> {
    (times(), times()).prop_map(|(at, within)| Window { at, within })
}

fn ends() -> impl Strategy<Value = ExpectedEnd> {
    let how = prop_oneof![
        Just(Pattern::Close),
        Just(Pattern::Type(3)),
        (1..7_u8, 0..9_u8).prop_map(|(code, subcode)| Pattern::Notification(code, subcode))
    ];
    prop_oneof![
        Just(ExpectedEnd::Never),
        (how, windows()).prop_map(|(how, window)| ExpectedEnd::With(how, window))
    ]
}

fn expected() -> impl Strategy<Value = Expected> {
    let oracles = prop::sample::subsequence(Oracle::ALL.to_vec(), 1..4);
    prop_oneof![Just(Expected::Pass), oracles.prop_map(Expected::Hang)]
}

fn sockets() -> impl Strategy<Value = SocketOptions> {
    let octets = || prop::option::of(1..100_000_usize);
    (octets(), 1..100_000_usize, 0..2_000_u16).prop_map(|(send_buffer, receive_buffer, mss)| SocketOptions {
        send_buffer,
        receive_buffer,
        mss,
        ..SocketOptions::default()
    })
}

/// A drawn world whose every other part is any that can be written.
fn scenarios() -> impl Strategy<Value = Scenario> {
    let texts = (".*", prop::option::of(".*"), "[ -~\t\n]*");
    let costs = (times(), times(), times(), times(), 0..100_u32, times(), 0..9_u32);
    let expectations = (
        prop::option::of(windows()),
        prop::option::of(times()),
        prop::option::of(ends()),
        prop::sample::subsequence(subject::names(), 0..4),
        expected(),
    );
    let faults = (times(), prop::option::of(times()), 68..2_000_usize, any::<bool>(), -i64::MAX..i64::MAX);
    (any::<u64>(), texts, costs, expectations, sockets(), faults).prop_map(
        |(
            seed,
            (title, source, comment),
            costs,
            (up, again_by, ends, reactors, expected),
            sockets,
            fault,
        )| {
            let mut scenario = explore::world(seed).unwrap().scenario;
            let play = &mut scenario.play;
            let comment: String = comment.lines().map(|line| format!("# {line}\n")).collect();
            play.speakers[0].files[0].text.push_str(&comment);
            let again = play.speakers[0].files[0].clone();
            play.speakers[0].files.extend(again_by.map(|_| again));
            let (poll, call, byte, route, wakeups, latency, syn_linear_timeouts) = costs;
            let (at, lasts, octets, both, by) = fault;
            let (from, to) = (play.speakers[0].name.clone(), "far".to_owned());
            if let Some(peer) = play.peers.first_mut() {
                peer.name.clone_from(&to);
                peer.options = sockets;
                let own = peer.addresses.clone();
                for one in play.peers.iter_mut().filter(|one| one.addresses == own) {
                    one.addresses.push("fd00::2".parse().unwrap());
                }
                let change = match octets % 5 {
                    0 => PathChange::Loss(1 + octets as u32 % 1_000),
                    1 => PathChange::Latency(at),
                    2 => PathChange::Jitter(at),
                    3 => PathChange::Bandwidth(octets as u64),
                    _ => PathChange::Mtu(octets),
                };
                let kind = FaultKind::Path { from: from.clone(), to, both, change, lasts };
                play.faults = vec![Fault { at, kind }];
            }
            let script = "wait 1s\nsend version\nexpect done\n";
            let script = ProgramScript::parse(&Source::new("client", script), 0..script.len()).unwrap();
            play.clients = vec![PlayClient { name: "operator".to_owned(), speaker: from.clone(), script }];
            let restart = lasts.map(|after| FaultKind::Restart { host: from.clone(), machine: both, after });
            play.faults.extend(restart.map(|kind| Fault { at, kind }));
            play.faults.push(Fault { at, kind: FaultKind::Clock { host: from, by } });
            let play = Play {
                latency,
                kernel: Kernel { syn_linear_timeouts },
                prices: Prices::new(poll, call, byte, route),
                bounds: Bounds { route: poll, answer: call, wakeups },
                up,
                again_by: again_by.filter(|_| up.is_some()),
                ends,
                ..scenario.play
            };
            Scenario {
                title,
                source,
                play,
                expect: reactors.into_iter().map(|reactor| (reactor.to_owned(), expected.clone())).collect(),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_scenario_that_is_written_is_read_back_as_the_same(scenario in scenarios()) {
        let written = scenario.write().unwrap();
        prop_assert_eq!(content(read(&written)), content(scenario));
    }
}

#[test]
fn the_scenarios_that_come_with_the_lab_are_read_back_as_they_were_written() {
    for name in scenario::embedded() {
        let scenario = scenario::find(name).unwrap();
        assert_eq!(content(read(&scenario.write().unwrap())), content(scenario), "{name}");
    }
}

#[test]
fn a_script_with_quotes_and_control_characters_is_read_back_as_it_was_written() {
    let text = explore::world(0).unwrap().scenario.write().unwrap();
    for odd in ["'''", "\\u001b[31mred \\u0007", "\\u202e \\\\ \\\""] {
        let text = text.replacen("script = '''\nwait", &format!("script = \"\"\"\nsend {odd}\nwait"), 1);
        let (head, tail) = text.split_at(text.find(&format!("send {odd}")).unwrap() + 5 + odd.len());
        let scenario = read(&format!("{head}{}", tail.replacen("'''", "\"\"\"", 1)));
        let written = scenario.write().unwrap();
        assert_eq!(content(read(&written)), content(scenario), "{written}");
    }
}

#[test]
fn the_worlds_of_seeds_are_drawn_alike_every_time_and_play_to_a_verdict() {
    for seed in 0..24 {
        let text = explore::world(seed).unwrap().scenario.write().unwrap();
        assert_eq!(text, explore::world(seed).unwrap().scenario.write().unwrap());
        let scenario = read(&text);
        let subject = subject::find(&scenario.expect[0].0).unwrap();
        let outcome = Run { play: &scenario.play, subject, defect: Defect::Present, choices: seed.into() }
            .go()
            .unwrap();
        assert!(!matches!(outcome.verdict.code(), "failed" | "crashed"), "{seed}: {:?}", outcome.verdict);
    }
}

#[test]
fn a_quarter_of_the_seeds_have_no_fault_and_faults_are_over_before_the_end() {
    let worlds: Vec<Scenario> = (0..400).map(|seed| explore::world(seed).unwrap().scenario).collect();
    let clean = worlds.iter().filter(|world| world.title.ends_with("no fault")).count();
    assert!((80..120).contains(&clean), "{clean}");
    for world in &worlds {
        for fault in &world.play.faults {
            let lasts = fault.kind.lasts().unwrap();
            assert!(fault.at + lasts + Duration::from_secs(120) < world.play.run_for, "{}", world.title);
        }
        assert!(world.play.faults.len() <= 6);
    }
}

#[test]
fn what_a_generated_world_holds_is_read_back_as_it_was_written() {
    for seed in 0..2_000 {
        let scenario = explore::world(seed).unwrap().scenario;
        let written = scenario.write().unwrap();
        assert_eq!(content(read(&written)), content(scenario), "world {seed}");
    }
}

#[test]
fn a_finding_plays_the_same_wherever_its_folder_is_and_as_the_world_did() {
    let mut reloads = 0;
    for seed in 0..40 {
        let world = explore::world(seed).unwrap();
        if !world.scenario.write().unwrap().contains("reload") {
            continue;
        }
        reloads += 1;
        let (outcome, files) =
            Finding::of_world(&world, subject::POLL, &seed.into(), ("0", "a command")).unwrap();
        let source = |file: usize| {
            let text = String::from_utf8(files[file].1.clone()).unwrap();
            Source::new(format!("some/where/{}", files[file].0), text)
        };
        let finding = Finding::read(&source(0), &source(1)).unwrap();
        assert_eq!(finding.play().unwrap().1, outcome, "world {seed}");
        let played = explore::play(seed, Some(subject::POLL)).unwrap();
        assert_eq!(played.outcome.hash, outcome.hash, "world {seed}");
        if reloads == 4 {
            return;
        }
    }
    panic!("{reloads} worlds reload their configuration");
}
