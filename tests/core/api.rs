//! Programs and what they are answered with: dialogues as data, and what happens when programs do not read.

use std::path::Path;

use crate::util::{Lone, neighbor, secs, setup};
use holdtime_core::Duration;
use holdtime_core::config::{ConfigText, Settings};
use holdtime_core::speaker::{Action, ClosedKind, ExitStatus, Input, IoError, StreamId};

/// A configuration with a program of this encoder, which commands two of its three neighbors.
fn configuration(encoder: &str, api: &str) -> String {
    let passive = format!("passive true; family {{ ipv4 unicast; }} api {{ processes [ p ]; {api} }}");
    format!("process p {{ run /bin/cat; encoder {encoder}; }}\n")
        + &neighbor("10.0.0.1", "10.0.0.2", &passive)
        + &neighbor("10.0.0.1", "10.0.0.3", &passive)
        + &neighbor("10.0.0.1", "10.0.0.4", "passive true; family { ipv4 unicast; }")
}

/// A speaker with this configuration; it is in session with nobody.
fn speaker(encoder: &str, api: &str) -> (Lone, StreamId) {
    let text = configuration(encoder, api);
    let mut lone = Lone::new(setup(&text));
    let program = lone.start_program();
    (lone, program)
}

/// The same, in session with 10.0.0.2.
fn in_session(encoder: &str, api: &str) -> (Lone, StreamId, StreamId) {
    let (mut lone, program) = speaker(encoder, api);
    let session = lone.accept_from("10.0.0.2");
    lone.receive(session, &crate::util::open(65_000, 180, [10, 0, 0, 2]));
    lone.receive(session, &crate::util::keepalive());
    (lone, program, session)
}

/// What a program reads after it wrote `text`.
fn said(lone: &mut Lone, program: StreamId, text: &str) -> String {
    lone.receive(program, text.as_bytes());
    lone.take_written(program)
}

#[test]
fn every_dialogue_goes_as_it_is_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let (mut lone, program) = speaker("json", "");
        let dialogue = std::fs::read_to_string(&file).unwrap();
        let mut happened = String::new();
        for line in dialogue.lines() {
            if let Some(said) = line.strip_prefix('>') {
                happened += &format!("{line}\n");
                let said = said.strip_prefix(' ').unwrap_or(said);
                for answer in self::said(&mut lone, program, &format!("{said}\n")).lines() {
                    happened += &format!("< {answer}\n");
                }
            } else if line.starts_with('#') {
                happened += &format!("{line}\n");
            }
        }
        assert_eq!(happened, dialogue, "{}", file.display());
    }
}

#[test]
fn commands_are_answered_whatever_pieces_they_come_in() {
    let commands = "version\nannounce route 10.1.0.0/24 next-hop 192.0.2.1\nbogus\n";
    for cut in 0..commands.len() {
        let (mut lone, program) = speaker("text", "");
        let first = said(&mut lone, program, &commands[..cut]);
        let second = said(&mut lone, program, &commands[cut..]);
        assert_eq!(first + &second, "exabgp 5.0.15\ndone\ndone\nerror\n", "cut at {cut}");
    }
}

#[test]
fn a_route_is_answered_before_its_update_is_told_of() {
    let (mut lone, program, _) = in_session("json", "send { parsed; update; }");
    lone.take_written(program);
    let told = said(&mut lone, program, "announce route 10.1.0.0/24 next-hop 192.0.2.1\n");
    let (done, update) = told.split_once('\n').unwrap();
    assert_eq!(done, "done");
    assert!(update.contains(
        "\"direction\": \"send\", \"message\": { \"update\": { \"attribute\": { \"origin\": \"igp\", "
    ));
    assert!(update.contains(
        "\"announce\": { \"ipv4 unicast\": { \"192.0.2.1\": [ { \"nlri\": \"10.1.0.0/24\" } ] } }"
    ));
}

#[test]
fn a_session_is_told_of_from_its_connection_on() {
    let (mut lone, program, session) = in_session("text", "neighbor-changes; receive { parsed; update; }");
    assert_eq!(lone.take_written(program), "neighbor 10.0.0.2 connected\n\nneighbor 10.0.0.2 up\n\n");
    lone.receive(session, &crate::util::message(2, &[0, 0, 0, 0]));
    assert_eq!(
        lone.take_written(program),
        "neighbor 10.0.0.2 receive update start\nneighbor 10.0.0.2 receive update route eor 1/1 (ipv4 unicast)\n\
         neighbor 10.0.0.2 receive update end\n\n"
    );
    lone.feed(Input::Closed { stream: session, how: ClosedKind::ReadEnd });
    assert_eq!(lone.take_written(program), "neighbor 10.0.0.2 down - closing connection\n\n");
}

#[test]
fn every_form_of_a_message_is_what_the_configuration_asks_for() {
    for (form, expected, unexpected) in [
        ("parsed;", "\"direction\": \"receive\"  } }", "0xFFFF"),
        ("packets;", "\"message\": { \"category\": 4, \"header\": \"0xFFFF", "\"body\": \"0x00"),
        ("packets; consolidate;", "\"type\": \"keepalive\", \"header\": \"0xFFFF", "\"category\""),
        // ExaBGP shows the octets of what it receives to everyone who consolidates.
        ("consolidate;", "\"type\": \"keepalive\", \"header\": \"0xFFFF", "\"category\""),
    ] {
        let (mut lone, program, session) = in_session("json", &format!("receive {{ {form} keepalive; }}"));
        lone.take_written(program);
        lone.receive(session, &crate::util::keepalive());
        let told = lone.take_written(program);
        assert_eq!(told.lines().count(), 1, "{form}: {told}");
        assert!(told.contains(expected) && !told.contains(unexpected), "{form}: {told}");
    }
}

#[test]
fn octets_of_what_is_sent_stand_beside_it_only_where_they_are_asked_for() {
    for (form, beside) in [("consolidate;", false), ("packets; consolidate;", true)] {
        let (mut lone, program, _) = in_session("json", &format!("send {{ {form} keepalive; }}"));
        let told = lone.take_written(program);
        assert!(told.contains("\"direction\": \"send\"  } }"), "{form}: {told}");
        assert_eq!(told.contains("0xFFFF"), beside, "{form}: {told}");
    }
}

#[test]
fn what_happens_before_a_program_runs_is_told_once_it_does() {
    let text = "process p { run /bin/cat; encoder json; }\n".to_owned()
        + &neighbor("10.0.0.1", "10.0.0.2", "api { processes [ p ]; fsm; }");
    let mut lone = Lone::new(setup(&text));
    let program = lone.start_program();
    let told = lone.take_written(program);
    assert!(
        told.contains("\"counter\": 1, \"type\": \"fsm\"") && told.contains("\"state\": \"ACTIVE\""),
        "{told}"
    );
}

#[test]
fn withdrawals_that_cannot_be_read_are_no_end_of_rib() {
    // A prefix of 32 bits, of which one octet is there.
    let unreach = [0, 0, 0, 8, 0x80, 15, 5, 0, 1, 1, 32, 10];
    for (encoder, expected) in [
        ("json", "\"message\": { \"update\": { \"attribute\": { \"error\": \"disable: "),
        ("text", "receive update start\nneighbor 10.0.0.2 receive update end\n"),
    ] {
        let (mut lone, program, session) = in_session(encoder, "receive { parsed; update; }");
        lone.receive(session, &crate::util::message(2, &unreach));
        let told = lone.take_written(program);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn our_open_is_told_of_with_a_host_name_even_where_there_is_none() {
    for (encoder, expected) in [
        ("json", "\"hostname\": { \"host-name\": null, \"domain-name\": null } } } } }"),
        ("text", ", hostname(none none)]"),
    ] {
        let (mut lone, program, _) = in_session(encoder, "send { parsed; open; }");
        let told = lone.take_written(program);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn events_are_numbered_neighbor_by_neighbor() {
    let (mut lone, program, session) = in_session("json", "neighbor-changes; receive { parsed; keepalive; }");
    lone.receive(session, &crate::util::keepalive());
    let other = lone.accept_from("10.0.0.3");
    let told = lone.take_written(program);
    let counters: Vec<_> =
        told.lines().map(|line| &line[line.find("\"counter\": ").unwrap() + 11..][..1]).collect();
    assert_eq!(counters, ["1", "2", "3", "4", "1"], "{told}");
    assert!(lone.closed(other).is_none());
}

#[test]
fn a_teardown_ends_the_session_and_another_one_may_begin() {
    let (mut lone, program, session) = in_session("text", "neighbor-changes;");
    lone.take_written(program);
    lone.take_sent();
    let told = said(&mut lone, program, "neighbor 10.0.0.2 teardown 4\n");
    assert!(lone.take_sent().iter().any(|message| message.starts_with("030604")), "{told}");
    assert_eq!(told.replace("\n\n", "\n"), "done\nneighbor 10.0.0.2 down - notification sent (6,4)\n");
    assert!(lone.closed(session).is_some());
    lone.actions.clear();
    let again = lone.accept_from("10.0.0.2");
    assert!(lone.closed(again).is_none());
}

#[test]
fn sessions_are_commanded_whoever_they_belong_to_and_routes_only_by_whom_the_configuration_names() {
    let (mut lone, program, _) = in_session("text", "");
    let stranger = lone.accept_from("10.0.0.4");
    lone.receive(stranger, &crate::util::open(65_000, 180, [10, 0, 0, 4]));
    lone.receive(stranger, &crate::util::keepalive());
    lone.take_sent();
    assert_eq!(said(&mut lone, program, "announce eor\n"), "done\n");
    assert_eq!(lone.take_sent(), ["0200000000", "0200000000"]);
    assert_eq!(said(&mut lone, program, "neighbor 10.0.0.4 announce eor ipv6 unicast\n"), "done\n");
    assert_eq!(lone.take_sent(), ["0200000007900f0003000201"]);
    assert_eq!(
        said(&mut lone, program, "neighbor 10.0.0.4 announce route 10.1.0.0/24 next-hop 1.1.1.1\n"),
        "error\n"
    );
    for command in [
        "flush adj-rib out",
        "clear adj-rib out",
        "announce watchdog dog",
        "announce route-refresh ipv4 unicast",
    ] {
        assert_eq!(
            said(&mut lone, program, &format!("neighbor 10.0.0.4 {command}\n")),
            "done\n",
            "{command}"
        );
    }
    said(&mut lone, program, "neighbor 10.0.0.4 teardown 2\n");
    assert!(lone.take_sent().iter().all(|message| message.starts_with("030602")));
    for command in ["flush adj-rib out", "announce eor"] {
        assert_eq!(
            said(&mut lone, program, &format!("neighbor 10.0.0.4 {command}\n")),
            "error\n",
            "{command}"
        );
    }
    assert_eq!(said(&mut lone, program, "neighbor 10.0.0.9 announce watchdog dog\n"), "done\n");
}

#[test]
fn a_peer_that_cannot_be_asked_again_is_not() {
    let mut lone = Lone::new(setup(
        &("process p { run /bin/cat; encoder text; }\n".to_owned()
            + &neighbor(
                "10.0.0.1",
                "10.0.0.2",
                "passive true; family { ipv4 unicast; } capability { route-refresh; } api { processes [ p ]; }",
            )),
    ));
    let program = lone.start_program();
    for (capabilities, asked) in [(&[][..], 0), (&[(2, &[][..])], 1)] {
        let session = lone.accept_from("10.0.0.2");
        lone.receive(session, &crate::util::open_with(65_000, 180, [10, 0, 0, 2], capabilities));
        lone.receive(session, &crate::util::keepalive());
        lone.take_sent();
        assert_eq!(said(&mut lone, program, "announce route-refresh ipv4 unicast\n"), "done\n");
        assert_eq!(lone.take_sent().len(), asked, "{capabilities:?}");
        lone.feed(Input::Closed { stream: session, how: ClosedKind::ReadEnd });
    }
}

#[test]
fn an_operational_message_may_be_named_in_capitals() {
    let (mut lone, program, _) = in_session("text", "");
    let line = "announce operational ASM afi ipv4 safi unicast advisory \"hello\"\n";
    assert_eq!(said(&mut lone, program, line), "done\n");
}

#[test]
fn the_messages_that_are_counted_are_those_of_the_session() {
    let (mut lone, program, session) = in_session("text", "");
    let line = |lone: &mut Lone| {
        let shown = said(lone, program, "show neighbor 10.0.0.2 summary\n");
        shown.lines().nth(1).unwrap().split_whitespace().skip(3).collect::<Vec<_>>().join(" ")
    };
    said(&mut lone, program, "announce route 10.1.0.0/24 next-hop 1.1.1.1\n");
    lone.take_sent();
    assert_eq!(line(&mut lone), "established 2 0");
    lone.feed(Input::Closed { stream: session, how: ClosedKind::ReadEnd });
    assert_eq!(line(&mut lone), "active 0 0");
}

#[test]
fn a_reload_is_answered_with_what_came_of_it_and_the_next_command_after_it() {
    for (before, answer) in [("", "done"), ("nonsense ", "error")] {
        let (mut lone, program, _) = in_session("text", "");
        lone.receive(program, b"reload\nversion\n");
        assert_eq!(lone.take_written(program), "reload in progress\n");
        let text = before.to_owned() + &configuration("text", "");
        lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text })));
        assert_eq!(lone.take_written(program), format!("{answer}\nexabgp 5.0.15\ndone\n"));
    }
}

#[test]
fn a_command_that_ends_its_program_is_answered_first() {
    for command in ["reload", "restart", "shutdown"] {
        let (mut lone, program, _) = in_session("json", "signal;");
        lone.stalled.push(program);
        lone.receive(program, format!("{command}\n").as_bytes());
        // Nothing can be read, and the programs start anew all the same.
        lone.feed(Input::Reload(Err(("test.conf".into(), IoError::NotFound))));
        let ends =
            |lone: &Lone| lone.actions.iter().any(|action| matches!(action, Action::StopProgram { .. }));
        lone.unstall(program);
        assert!(!ends(&lone), "{command}: it has yet to read its answer");
        let told = lone.take_written(program);
        let verdict = if command == "reload" { "error" } else { "done" };
        assert!(told.starts_with(&format!("{command} in progress\n{verdict}\n")), "{command}: {told}");
        assert_eq!(told.matches("\"code\": \"0\", \"name\": \"none\"").count(), 2, "{command}: {told}");
        lone.advance(secs(1));
        assert_eq!(ends(&lone), command != "reload", "{command}");
    }
}

#[test]
fn a_shutdown_is_answered_told_and_ends_the_program() {
    let (mut lone, program, _) = in_session("json", "");
    let told = said(&mut lone, program, "shutdown\n");
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[..2], ["shutdown in progress", "done"]);
    assert!(lines[2].ends_with("\"type\": \"notification\", \"notification\": \"shutdown\" }"), "{told}");
    lone.advance(Duration::from_millis(100));
    assert!(lone.actions.iter().any(|action| matches!(action, Action::StopProgram { .. })));
    lone.feed(Input::ProgramExited { stream: program, status: ExitStatus::Signal(15) });
    lone.advance(secs(10));
    assert_eq!(lone.exit(), Some(0));
}

#[test]
fn what_one_run_of_a_program_asked_for_is_not_answered_to_the_next() {
    let (mut lone, program) = speaker("text", "");
    lone.stalled.push(program);
    lone.receive(program, b"version\nhelp\nshow neighbor summ");
    lone.actions.clear();
    lone.feed(Input::Closed { stream: program, how: ClosedKind::ReadEnd });
    lone.feed(Input::ProgramExited { stream: program, status: ExitStatus::Code(1) });
    let next = lone.start_program();
    assert_ne!(next, program);
    assert_eq!(said(&mut lone, next, "version\n"), "exabgp 5.0.15\ndone\n");
}

#[test]
fn a_program_that_never_reads_stalls_neither_peers_nor_other_programs() {
    let api = "api { processes [ deaf good ]; receive { parsed; update; } }";
    let text = "process deaf { run /bin/cat; encoder json; }\nprocess good { run /bin/cat; encoder text; }\n"
        .to_owned()
        + &neighbor("10.0.0.1", "10.0.0.2", &format!("passive true; family {{ ipv4 unicast; }} {api}"));
    let mut lone = Lone::new(setup(&text));
    let streams: Vec<_> = lone
        .actions
        .iter()
        .filter_map(|action| match action {
            Action::StartProgram { stream, .. } => Some(*stream),
            _ => None,
        })
        .collect();
    let [deaf, good] = streams[..] else { panic!("two programs") };
    lone.feed(Input::ProgramStarted { stream: deaf, pid: 1 });
    lone.feed(Input::ProgramStarted { stream: good, pid: 2 });
    lone.stalled.push(deaf);
    let session = lone.accept_from("10.0.0.2");
    lone.receive(session, &crate::util::open(65_000, 180, [10, 0, 0, 2]));
    lone.receive(session, &crate::util::keepalive());

    // It asks for more than it reads: soon nobody listens to it.
    lone.actions.clear();
    lone.receive(deaf, "help\n".repeat(4_000).as_bytes());
    let unread = Action::Interest { stream: deaf, read: false, write: false };
    assert!(lone.actions.contains(&unread), "{:?}", lone.actions);

    // What the peer announces fills what is kept for it, and no more.
    let update = crate::util::message(
        2,
        &[0, 0, 0, 20, 64, 1, 1, 0, 64, 2, 0, 64, 3, 4, 192, 0, 2, 1, 64, 5, 4, 0, 0, 0, 100, 8, 10],
    );
    let update = fixed_length(update);
    for _ in 0..30_000 {
        lone.receive(session, &update);
    }
    let told = lone.take_written(good);
    assert_eq!(told.matches("receive update start").count(), 30_000, "the other program hears of everything");
    assert_eq!(said(&mut lone, good, "version\n"), "exabgp 5.0.15\ndone\n");
    lone.take_sent();
    said(&mut lone, good, "announce route 10.9.0.0/16 next-hop 192.0.2.1\n");
    assert_eq!(lone.take_sent().len(), 1, "and its route reaches the peer");
    assert!(lone.log().iter().any(|text| text.contains("events are lost")));
    let owed = lone.obligations();
    assert!(
        owed.iter().any(|one| one.what.contains("an answer to its command") && one.waits_for.is_some()),
        "{owed:?}"
    );

    // Once it reads, it is answered, and told what it has missed.
    lone.unstall(deaf);
    let read = lone.take_written(deaf);
    assert_eq!(read.matches("\ndone\n").count(), 4_000);
    let told = read.matches("\"type\": \"update\"").count();
    let lost: usize = read
        .lines()
        .find_map(|line| {
            line.split_once("\"type\": \"lost\", \"lost\": ")?.1.strip_suffix(" }")?.parse().ok()
        })
        .expect("a report");
    assert_eq!(told + lost, 30_000);
    assert!(read.len() < 16 << 20, "{} octets were kept", read.len());
}

/// The same message with the length of its attributes as they are, so that tests need not count.
fn fixed_length(mut message: Vec<u8>) -> Vec<u8> {
    message[22] = (message.len() - 19 - 4 - 2) as u8;
    message
}

#[test]
fn the_routes_of_a_rib_are_shown_as_the_configuration_would_write_them() {
    let (mut lone, program) = speaker("text", "");
    said(
        &mut lone,
        program,
        "neighbor 10.0.0.2 announce route 10.1.0.0/24 next-hop 1.1.1.1 cluster-list [ 1.1.1.1 ]\n",
    );
    let shown = said(&mut lone, program, "show adj-rib out 10.0.0.2 extensive\n");
    assert!(
        shown.contains(" ipv4 unicast 10.1.0.0/24 next-hop 1.1.1.1 cluster-list [ 1.1.1.1 ]\ndone\n"),
        "{shown}"
    );
}

#[test]
fn a_large_rib_is_shown_a_piece_at_a_time_between_everything_else() {
    let (mut lone, program, session) = in_session("text", "");
    let routes: String = (0..20_000)
        .map(|n| format!("announce route 10.{}.{}.0/24 next-hop 192.0.2.1\n", n / 256, n % 256))
        .collect();
    lone.receive(program, routes.as_bytes());
    lone.advance(secs(0));
    assert_eq!(lone.take_written(program).matches("done\n").count(), 20_000, "in as many turns as it takes");
    lone.stalled.push(program);
    lone.receive(program, b"show adj-rib out 10.0.0.2\nversion\n");
    lone.feed(Input::Writable { stream: program, budget: 65_536 });
    let waiting = lone.speaker.poll_transmit(program).map_or(0, <[u8]>::len);
    assert!((1..100_000).contains(&waiting), "{waiting} octets were prepared at once");
    lone.take_sent();
    lone.receive(session, &crate::util::keepalive());
    lone.unstall(program);
    lone.feed(Input::Timeout);
    let shown = lone.take_written(program);
    assert_eq!(shown.matches("10.0.0.2 ipv4 unicast 10.").count(), 20_000);
    assert!(shown.ends_with("done\nexabgp 5.0.15\ndone\n"), "what was asked for next is answered next");
}

#[test]
fn routes_are_shown_as_many_at_a_time_as_the_setting_says() {
    for (chunk, expected) in [(0, 1), (1, 1), (3, 3), (1_000, 5)] {
        let mut settings = Settings::default();
        settings.api.chunk = chunk;
        let text = "process p { run /bin/cat; encoder text; }\n".to_owned()
            + &neighbor("10.0.0.1", "10.0.0.2", "passive true; api { processes [ p ]; }");
        let mut lone = Lone::new(crate::util::setup_with(&text, settings));
        let program = lone.start_program();
        let routes: String =
            (0..5).map(|n| format!("announce route 10.1.{n}.0/24 next-hop 192.0.2.1\n")).collect();
        said(&mut lone, program, &routes);
        lone.stalled.push(program);
        lone.receive(program, b"show adj-rib out\n");
        lone.feed(Input::Writable { stream: program, budget: 65_536 });
        let waiting = lone.speaker.poll_transmit(program).unwrap_or_default();
        let lines =
            waiting.split(|octet| *octet == b'\n').filter(|line| line.starts_with(b"10.0.0.2 ")).count();
        assert_eq!(lines, expected, "with api.chunk {chunk}");
        lone.unstall(program);
        lone.feed(Input::Timeout);
        assert!(lone.take_written(program).ends_with("done\n"));
    }
}

/// An UPDATE of 800 routes.
fn many_routes(n: u8) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 14, 0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 192, 0, 2, 1];
    body.extend((0..800u16).flat_map(|m| [24, 10 + n, (m >> 8) as u8, m as u8]));
    crate::util::message(2, &body)
}

/// Whether a stream is to be read, as the speaker last said.
fn is_read(lone: &Lone, of: StreamId) -> bool {
    let read = lone.actions.iter().rev().find_map(|action| match action {
        Action::Interest { stream, read, .. } if *stream == of => Some(*read),
        _ => None,
    });
    read.unwrap_or(true)
}

#[test]
fn a_peer_is_read_again_when_the_program_that_lagged_behind_has_caught_up_and_nothing_is_lost() {
    let (mut lone, program, session) = in_session("json", "receive { parsed; update; }");
    lone.take_written(program);
    lone.stalled.push(program);
    let mut fed = 0;
    while is_read(&lone, session) {
        lone.receive(session, &many_routes(fed));
        fed += 1;
        assert!(fed < 100, "the peer is never held back");
    }
    let other = lone.accept_from("10.0.0.3");
    assert!(
        is_read(&lone, other),
        "a neighbor that the program is told nothing of yet is none of its business"
    );
    lone.unstall(program);
    assert!(is_read(&lone, session));
    assert_eq!(lone.take_written(program).lines().count(), usize::from(fed));
}

#[test]
fn a_peer_that_is_held_back_is_read_every_second_and_a_program_that_takes_nothing_is_not_waited_for() {
    let (mut lone, program, session) = in_session("json", "receive { parsed; update; }");
    lone.stalled.push(program);
    let mut reads = 0;
    for second in 0..5 {
        while is_read(&lone, session) {
            lone.receive(session, &many_routes(reads));
            reads += 1;
        }
        lone.advance(secs(1));
        assert!(is_read(&lone, session), "after {second} s the peer is heard again");
    }
    for n in 0..9 {
        lone.receive(session, &many_routes(n));
        assert!(is_read(&lone, session), "a program that takes nothing for 5 s is not waited for");
    }
}

#[test]
fn a_hundred_thousand_routes_are_answered_one_by_one() {
    let (mut lone, program, _) = in_session("text", "");
    let lines: String = (0..100_000u32)
        .map(|n| {
            format!(
                "announce route {}.{}.{}.0/24 next-hop 192.0.2.1\n",
                11 + n / 65_536,
                n / 256 % 256,
                n % 256
            )
        })
        .collect();
    let mut done = 0;
    for piece in lines.as_bytes().chunks(65_536) {
        lone.receive(program, piece);
        done += lone.take_written(program).matches("done\n").count();
    }
    assert_eq!(done, 100_000);
}

#[test]
fn a_program_hears_of_connections_that_came_about_and_not_of_dials_that_were_refused() {
    let text = "process p { run ./p; encoder json; } ".to_string()
        + &neighbor("10.0.0.1", "10.0.0.2", "api { processes [ p ]; neighbor-changes; }");
    let mut lone = Lone::new(setup(&text));
    let program = lone.start_program();
    for _ in 0..3 {
        let stream = lone.dialled().unwrap();
        lone.feed(Input::ConnectFailed { stream, error: IoError::ConnectionRefused });
        assert_eq!(lone.take_written(program), "");
        lone.actions.clear();
        lone.advance(secs(60));
    }
    let stream = lone.connect();
    assert!(lone.take_written(program).contains("\"state\": \"connected\""));
    lone.feed(Input::Closed { stream, how: ClosedKind::ReadEnd });
    let told = lone.take_written(program);
    assert!(told.contains("\"state\": \"down\", \"reason\": "), "{told}");
}

#[test]
fn what_is_shown_of_a_neighbor_that_is_not_there_is_an_error() {
    let (mut lone, program, _) = in_session("text", "");
    for command in [
        "show neighbor summary 10.0.0.9",
        "show neighbor extensive 10.0.0.9",
        "show neighbor configuration 10.0.0.9",
        "show adj-rib out 10.0.0.9",
        "neighbor 10.0.0.9 show adj-rib in",
    ] {
        assert_eq!(said(&mut lone, program, &format!("{command}\n")), "error\n", "{command}");
        assert!(
            lone.events.iter().any(|event| event.text.contains("a neighbor that is not there")),
            "{command}"
        );
        lone.events.clear();
    }
    assert!(said(&mut lone, program, "show neighbor summary 10.0.0.2\n").ends_with("done\n"));
}
