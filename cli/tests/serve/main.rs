//! `holdtime serve`, live: real TCP on loopback, real programs, both reactors.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed call is a failed test, which says what it knows"
)]

mod log;
#[path = "../shared/needs.rs"]
mod needs;
mod peer;
#[path = "../shared/port.rs"]
mod port;
#[path = "../shared/private.rs"]
mod private;
mod replay;
mod speaker;
#[path = "../../../tests/util/trials.rs"]
mod trials;
#[path = "../shared/waiting.rs"]
mod waiting;

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use needs::Need;
use peer::{Peer, Session};
use port::ReservedPort;
use speaker::Folder;
use trials::Test;
use waiting::eventually;

/// The UPDATEs that announce 10.1.0.0/24 and 10.2.0.0/24 over IBGP, from their length on.
const ROUTE_1: &str = "00300200000015400101004002004003040a00000140050400000064180a0100";
const ROUTE_2: &str = "00300200000015400101004002004003040a00000140050400000064180a0200";
const END_OF_RIB: &str = "00170200000000";
/// Cease, Administrative Shutdown, from its length on.
const ADMINISTRATIVE_SHUTDOWN: &str = "0015030602";

/// Tests that are run on both reactors.
macro_rules! on_both_reactors {
    ($($name:ident $(: [$($needs:expr),+])?;)*) => {
        vec![$({
            const NEEDS: &[Need] = &[$($($needs),+)?];
            let missing = || Need::first_missing(NEEDS);
            [
                Test::needing(missing, concat!("poll::", stringify!($name)), || $name("poll")),
                Test::needing(missing, concat!("tasks::", stringify!($name)), || $name("async")),
            ]
        }),*]
    };
}

/// Tests that choose their reactors themselves.
macro_rules! once {
    ($($test:path;)*) => { vec![$(Test::new(stringify!($test), $test)),*] };
}

fn main() -> ExitCode {
    let both = on_both_reactors! {
        a_static_route_is_announced_and_sigterm_ends_the_session_with_6_2;
        ctrl_c_ends_it_as_well;
        a_session_stays_up_on_keepalives_and_costs_next_to_nothing;
        a_second_ctrl_c_does_not_wait_for_a_program_that_will_not_end;
        an_api_program_announces_a_route_and_is_answered;
        a_program_that_never_reads_disturbs_nobody;
        a_peer_that_never_reads_disturbs_nobody_and_does_not_hold_up_the_shutdown;
        a_stalled_peer_is_given_up_while_others_are_served_and_a_program_is_deaf;
        a_pause_longer_than_the_hold_time_ends_no_session_whose_peer_spoke;
        a_peer_that_is_still_sending_at_the_end_is_not_reset;
        a_connection_that_is_accepted_must_come_with_the_ttl_that_its_neighbor_asks_for;
        a_peer_that_resets_its_session_may_dial_again_at_once;
        the_programs_run_as_the_user_that_the_settings_name: [Need::Root];
        a_port_in_use_is_one_sentence_and_status_2;
        a_missing_program_is_one_sentence_and_status_2;
        a_mistake_in_the_configuration_is_shown_where_it_is_with_status_2;
    };
    let once = once! {
        a_daemon_in_the_background_has_a_process_id_and_a_log_and_ends_when_told_to;
        log::settings_without_effect_are_named_once;
        log::a_reload_of_a_broken_file_is_answered_with_error_and_the_log_says_where;
        log::each_phase_is_a_line_of_the_log;
        log::every_reload_that_fails_is_a_line_of_the_log;
        log::every_end_of_a_session_is_a_line_of_the_log;
        log::a_line_that_cannot_be_read_is_described_in_the_log;
        a_program_that_closes_its_output_is_ended_and_the_log_says_why;
        a_recording_beside_another_is_named_in_the_log;
        a_second_speaker_on_one_pair_of_pipes_is_warned;
        an_unknown_reactor_is_answered_with_the_nearest_name;
        replay::a_replay_sends_what_the_peer_has_received_and_says_what_a_program_has;
        replay::commands_in_one_burst_are_replayed_whatever_their_order;
        replay::a_recording_has_no_password_and_can_be_replayed;
        replay::a_replay_ends_with_what_is_owed_to_whom;
        replay::a_recording_is_for_its_owner_alone_and_has_no_key_and_is_exact_all_the_same;
        replay::a_speaker_that_is_started_again_leaves_the_recording_of_the_one_that_was_killed;
        replay::a_recording_goes_on_in_further_files_and_takes_no_more_room_than_it_may;
        replay::what_is_no_recording_is_one_sentence_and_status_2;
    };
    trials::run(both.into_iter().flatten().chain(once).collect())
}

fn a_static_route_is_announced_and_sigterm_ends_the_session_with_6_2(reactor: &str) {
    shuts_down_on(reactor, "TERM");
}

fn ctrl_c_ends_it_as_well(reactor: &str) {
    shuts_down_on(reactor, "INT");
}

fn shuts_down_on(reactor: &str, signal: &str) {
    let (peer, folder) = (Peer::listen(), Folder::new());
    folder.write("speaker.conf", &neighbor(&peer, STATIC));
    let mut speaker = folder.serve(reactor);
    let mut session = peer.session(180);
    assert_eq!(session.next(), ROUTE_1);
    assert_eq!(session.next(), END_OF_RIB);
    speaker.signal(signal);
    assert_eq!(session.next(), ADMINISTRATIVE_SHUTDOWN);
    assert_eq!(session.next(), "", "the connection is not closed");
    assert_eq!(speaker.wait(), Some(0));
}

fn a_session_stays_up_on_keepalives_and_costs_next_to_nothing(reactor: &str) {
    let (peer, folder) = (Peer::listen(), Folder::new());
    folder.write("speaker.conf", &neighbor(&peer, STATIC));
    let speaker = folder.serve(reactor);
    let mut session = peer.session(3);
    assert_eq!(session.next(), ROUTE_1);
    assert_eq!(session.next(), END_OF_RIB);
    let before = speaker.ticks();
    for _ in 0..3 {
        session.expect_keepalive();
    }
    let spent = speaker.ticks() - before;
    assert!(spent <= 5, "two idle seconds took {} ms of computing", spent * 10);
}

fn a_second_ctrl_c_does_not_wait_for_a_program_that_will_not_end(reactor: &str) {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let program = "trap '' TERM; echo $$ > up; while :; do read line || sleep 1; done";
    folder.write_program("stubborn", program).write("speaker.conf", &with_program(&peer, "./stubborn"));
    let mut speaker = folder.serve(reactor);
    let mut session = peer.session(180);
    let pid = folder.await_file("up");
    speaker.signal("INT");
    while !session.next().is_empty() {}
    speaker.signal("INT");
    assert_eq!(speaker.wait(), Some(130));
    eventually("the program is killed with it", || {
        !std::fs::exists(format!("/proc/{}", pid.trim())).unwrap()
    });
}

fn a_peer_that_is_still_sending_at_the_end_is_not_reset(reactor: &str) {
    let (peer, folder) = (Peer::listen(), Folder::new());
    folder.write("speaker.conf", &neighbor(&peer, STATIC));
    let mut speaker = folder.serve(reactor);
    let mut session = peer.session(180);
    assert_eq!(session.next(), ROUTE_1);
    assert_eq!(session.next(), END_OF_RIB);
    speaker.signal("TERM");
    assert_eq!(session.next(), ADMINISTRATIVE_SHUTDOWN);
    assert_eq!(session.next(), "", "the connection is not closed");
    assert!(session.may_still_send(), "the connection was reset");
    assert_eq!(speaker.wait(), Some(0));
}

fn a_peer_that_resets_its_session_may_dial_again_at_once(reactor: &str) {
    let folder = Folder::new();
    let port = ReservedPort::at("127.0.0.1");
    let free = port.address();
    let text = format!(
        "neighbor 127.0.0.2 {{ passive; listen {}; router-id 10.0.0.1; local-address 127.0.0.1;
            local-as 65000; peer-as 65000; family {{ ipv4 unicast; }} }}\n",
        free.port()
    );
    folder.write("speaker.conf", &text);
    let speaker = folder.serve(reactor);
    let mut session = peer::dial("127.0.0.2", free);
    session.send_open(180);
    session.expect_keepalive();
    assert_eq!(session.next(), END_OF_RIB);
    // So that the speaker sees both at once.
    speaker.signal("STOP");
    session.reset();
    let mut session = peer::connect("127.0.0.2", free);
    speaker.signal("CONT");
    session.expect_open();
    session.send_open(180);
    session.expect_keepalive();
    assert_eq!(session.next(), END_OF_RIB);
}

fn a_connection_that_is_accepted_must_come_with_the_ttl_that_its_neighbor_asks_for(reactor: &str) {
    let folder = Folder::new();
    let port = ReservedPort::at("127.0.0.1");
    let free = port.address();
    let passive = |address, more| {
        format!(
            "neighbor {address} {{ passive; listen {}; router-id 10.0.0.1; local-address 127.0.0.1;
                local-as 65000; peer-as 65000; family {{ ipv4 unicast; }} {more} }}\n",
            free.port()
        )
    };
    // Both use one listening socket, which cannot ask for it.
    let text = passive("127.0.0.2", "incoming-ttl 255; outgoing-ttl 255;") + &passive("127.0.0.3", "");
    folder.write("speaker.conf", &text);
    let _speaker = folder.serve(reactor);
    let mut far = peer::dial("127.0.0.2", free);
    let mut other = peer::dial("127.0.0.3", free);
    far.send_open(180);
    other.send_open(180);
    other.expect_keepalive();
    assert!(!far.answers_soon(), "packets from afar were accepted");
    far.come_near();
    far.expect_keepalive();
}

fn the_programs_run_as_the_user_that_the_settings_name(reactor: &str) {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let program = "id -un > user; read line";
    folder.write_program("who", program).write("speaker.conf", &with_program(&peer, "./who")).open_to_all();
    let speaker = folder.serve_with(reactor, &[("exabgp_daemon_user", "nobody")]);
    let _session = peer.session(180);
    assert_eq!(folder.await_file("user"), "nobody\n");
    assert_eq!(speaker.user(), "nobody");
}

fn a_daemon_in_the_background_has_a_process_id_and_a_log_and_ends_when_told_to() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    folder.write("speaker.conf", &neighbor(&peer, STATIC));
    let log = folder.0.join("log");
    let variables = [
        ("exabgp_daemon_daemonize", "true"),
        ("exabgp_daemon_pid", "pid"),
        ("exabgp_log_destination", log.to_str().unwrap()),
        ("exabgp_log_level", "DEBUG"),
        ("exabgp_log_network", "false"),
    ];
    assert_eq!(folder.serve_with("poll", &variables).wait(), Some(0));
    let mut session = peer.session(180);
    assert_eq!(session.next(), ROUTE_1);
    let pid = folder.await_file("pid");
    let again = folder.serve_in_vain_with("poll", &variables[1..]);
    assert_eq!(again.status.code(), Some(2));
    let sentence = format!("holdtime: \"pid\" says that process {} is running\n", pid.trim());
    assert_eq!(String::from_utf8(again.stderr).unwrap(), sentence);
    assert!(std::process::Command::new("kill").arg(pid.trim()).status().unwrap().success());
    assert_eq!(session.next(), END_OF_RIB);
    assert_eq!(session.next(), ADMINISTRATIVE_SHUTDOWN);
    drop(session);
    eventually("the file with the process id is removed", || !folder.0.join("pid").exists());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("reactor         shutting down"), "{log}");
    assert!(!log.contains(" network "), "{log}");
}

fn a_program_that_closes_its_output_is_ended_and_the_log_says_why() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let program = "exec >&-; echo $$ >> runs; while read line; do :; done";
    folder.write_program("mute", program).write("speaker.conf", &with_program(&peer, "./mute"));
    let mut speaker = folder.serve("poll");
    let why = "has closed its standard output and runs on: it is ended";
    let ended = "ended with signal 15; it is started again";
    eventually("two runs are ended", || log::lines_with(&folder, ended) >= 2);
    assert!(log::lines_with(&folder, why) >= 2, "each end has its reason");
    speaker.signal("TERM");
    assert_eq!(speaker.wait(), Some(0));
}

fn a_recording_beside_another_is_named_in_the_log() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    folder.write("speaker.conf", &neighbor(&peer, STATIC));
    for (times, said) in [(1, "recording in flight"), (2, "recording in flight.1, since ")] {
        let mut speaker = folder.serve_recorded("poll");
        eventually("it listens", || log::lines_with(&folder, "begins: ") == times);
        speaker.signal("TERM");
        assert_eq!(speaker.wait(), Some(0));
        assert_eq!(log::lines_with(&folder, said), 1, "{said}");
    }
}

fn a_second_speaker_on_one_pair_of_pipes_is_warned() {
    let folder = Folder::new();
    let neighbor =
        "neighbor 127.0.0.7 { passive; router-id 10.0.0.1; local-address 127.0.0.1; local-as 1; peer-as 1; }";
    let root = folder.write("speaker.conf", neighbor).0.clone();
    std::fs::create_dir_all(root.join("run/exabgp")).unwrap();
    let name = private::pipename(&root);
    let pipes = ["in", "out"].map(|end| root.join(format!("run/exabgp/{name}.{end}")));
    assert!(std::process::Command::new("mkfifo").args(&pipes).status().unwrap().success());
    let speaker = folder.serve_with_pipes("poll");
    eventually("the first one reads", || folder.read("said").contains("commands are read from "));
    eventually("it has opened them", || {
        std::fs::read_dir(speaker.descriptors())
            .unwrap()
            .any(|fd| std::fs::read_link(fd.unwrap().path()).is_ok_and(|path| path == pipes[0]))
    });
    let _second = folder.serve_with_pipes("async");
    eventually("the second one warns", || folder.read("said").contains("another speaker reads "));
}

fn an_api_program_announces_a_route_and_is_answered(reactor: &str) {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let program = "echo announce route 10.2.0.0/24 next-hop 10.0.0.1; read answer; echo $answer > answer
        while read line; do :; done; echo told to end > end";
    folder.write_program("announce", program).write("speaker.conf", &with_program(&peer, "./announce"));
    let mut speaker = folder.serve(reactor);
    let mut session = peer.session(180);
    let mut updates = [session.next(), session.next()];
    updates.sort();
    assert_eq!(updates, [END_OF_RIB, ROUTE_2]);
    assert_eq!(folder.await_file("answer"), "done\n");
    speaker.signal("TERM");
    assert_eq!(session.next(), ADMINISTRATIVE_SHUTDOWN);
    assert_eq!(speaker.wait(), Some(0));
}

fn a_program_that_never_reads_disturbs_nobody(reactor: &str) {
    let (peer, folder) = (Peer::listen(), Folder::new());
    // Its answers and events fill the pipe; the other program is served all the same.
    let deaf = "while :; do echo announce route 10.1.0.0/24 next-hop 10.0.0.1; done";
    let program = "while [ ! -e go ]; do sleep 0.05; done
        echo announce route 10.2.0.0/24 next-hop 10.0.0.1; read answer; echo $answer > answer; read more";
    folder.write_program("deaf", deaf).write_program("polite", program);
    let configuration = format!(
        "process deaf {{ run ./deaf; encoder text; }} process polite {{ run ./polite; encoder text; }}\n{}",
        neighbor(&peer, "api { processes [ deaf polite ]; }")
    );
    folder.write("speaker.conf", &configuration);
    let speaker = folder.serve(reactor);
    let mut session = peer.session(180);
    while session.next() != ROUTE_1 {}
    folder.write("go", "");
    while session.next() != ROUTE_2 {}
    assert_eq!(folder.await_file("answer"), "done\n");
    drop(speaker);
}

fn a_peer_that_never_reads_disturbs_nobody_and_does_not_hold_up_the_shutdown(reactor: &str) {
    let (stalled, reading, folder) = (Peer::listen_on("127.0.0.2"), Peer::listen(), Folder::new());
    let many = neighbor(&stalled, &more_than_a_connection_holds());
    folder.write("speaker.conf", &(many + &neighbor(&reading, STATIC)));
    let mut speaker = folder.serve(reactor);
    let _never_read = stalled.session(180);
    let mut session = reading.session(3);
    assert_eq!(session.next(), ROUTE_1);
    assert_eq!(session.next(), END_OF_RIB);
    for _ in 0..3 {
        session.expect_keepalive();
    }
    speaker.signal("TERM");
    assert_eq!(session.next(), ADMINISTRATIVE_SHUTDOWN);
    assert_eq!(speaker.wait(), Some(0));
}

/// Routes for a peer that does not read.
fn more_than_a_connection_holds() -> String {
    // 6 MB: more than the kernel takes for a peer that does not read (4 MB and 128 kB by default).
    let bulk = "ab".repeat(1500);
    let routes: String = (0..4_000u32)
        .map(|n| {
            let prefix = format!("10.{}.{}.0/24", n >> 8, n & 0xff);
            format!("route {prefix} next-hop 10.0.0.1 med {n} attribute [ 0x99 0xc0 0x{bulk} ];\n")
        })
        .collect();
    format!("static {{ {routes} }}")
}

fn a_stalled_peer_is_given_up_while_others_are_served_and_a_program_is_deaf(reactor: &str) {
    let (stalled, reading, folder) = (Peer::listen_on("127.0.0.2"), Peer::listen(), Folder::new());
    folder.write_program("deaf", "while :; do echo version; done");
    folder.write_program(
        "ask",
        "while echo version; read version; read answer; do echo $answer >> answers; sleep 0.1; done",
    );
    folder.write_program("watch", "while read line; do case $line in *down*) echo $line > down;; esac; done");
    let programs: String = ["deaf", "ask", "watch"]
        .map(|name| format!("process {name} {{ run ./{name}; encoder text; }}\n"))
        .concat();
    let api = "api { processes [ watch ]; neighbor-changes; } send-hold-time 3;";
    let many = neighbor(&stalled, &format!("{api} {}", more_than_a_connection_holds()));
    let other = neighbor(&reading, &format!("api {{ processes [ deaf ask ]; }} {STATIC}"));
    folder.write("speaker.conf", &[programs, many, other].concat());
    let mut speaker = folder.serve(reactor);
    let _never_read = stalled.session(180);
    let mut session = reading.session(3);
    assert_eq!(session.next(), ROUTE_1);
    assert_eq!(session.next(), END_OF_RIB);
    // The peer says nothing but its answers to them: were one of them late, the hold timer would end the session.
    for _ in 0..5 {
        let before = std::fs::read_to_string(folder.0.join("answers")).unwrap_or_default();
        session.expect_keepalive();
        eventually("another command is answered", || {
            std::fs::read_to_string(folder.0.join("answers"))
                .is_ok_and(|answers| answers.len() > before.len())
        });
    }
    let down = folder.await_file("down");
    assert!(down.contains("(8,0)"), "the send hold timer gives its peer up (RFC 9687): {down}");
    let answers = std::fs::read_to_string(folder.0.join("answers")).unwrap();
    assert!(answers.lines().all(|answer| answer == "done"), "{answers}");
    speaker.signal("TERM");
    assert_eq!(session.next(), ADMINISTRATIVE_SHUTDOWN);
    assert_eq!(speaker.wait(), Some(0));
}

/// What comes in the moment of the pause wakes the speaker, which finds when it goes on that more time has passed than it waits.
fn a_pause_longer_than_the_hold_time_ends_no_session_whose_peer_spoke(reactor: &str) {
    let peers = [Peer::listen(), Peer::listen_on("127.0.0.2")];
    let folder = Folder::new();
    folder.write("speaker.conf", &peers.each_ref().map(|peer| neighbor(peer, STATIC)).concat());
    let mut speaker = folder.serve(reactor);
    let mut sessions = peers.each_ref().map(|peer| peer.session(3));
    for session in &mut sessions {
        assert_eq!([session.next(), session.next()], [ROUTE_1, END_OF_RIB]);
    }
    sessions[0].keepalive();
    speaker.stop();
    std::thread::sleep(Duration::from_secs(4));
    sessions.iter_mut().for_each(Session::keepalive);
    speaker.signal("CONT");
    for _ in 0..3 {
        sessions.iter_mut().for_each(Session::expect_keepalive);
    }
    speaker.signal("TERM");
    assert_eq!(sessions.each_mut().map(Session::next), [ADMINISTRATIVE_SHUTDOWN; 2]);
    assert_eq!(speaker.wait(), Some(0));
}

fn a_port_in_use_is_one_sentence_and_status_2(reactor: &str) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = Folder::new();
    let listen = format!("listen {};", address.port());
    let text = neighbor(&Peer::listen(), "").replace("connect", "passive; #connect");
    folder.write("speaker.conf", &text.replace("local-as", &format!("{listen} local-as")));
    let output = folder.serve_in_vain(reactor);
    let said = String::from_utf8(output.stderr).unwrap();
    let sentence = format!("cannot listen on {address}: address already in use");
    assert_eq!(said, format!("holdtime: {sentence}\n"));
    assert_eq!(output.status.code(), Some(2));
}

fn a_missing_program_is_one_sentence_and_status_2(reactor: &str) {
    let folder = Folder::new();
    folder.write("speaker.conf", &with_program(&Peer::listen(), "./nowhere"));
    let output = folder.serve_in_vain(reactor);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "holdtime: speaker.conf: process api: there is no program \"./nowhere\"\n");
    assert_eq!(output.status.code(), Some(2));
}

fn a_mistake_in_the_configuration_is_shown_where_it_is_with_status_2(reactor: &str) {
    let folder = Folder::new();
    folder.write("speaker.conf", "neighbor 127.0.0.1 {\n  router-idd 10.0.0.1;\n}\n");
    let output = folder.serve_in_vain(reactor);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("speaker.conf:2:3: "), "{said}");
    assert!(said.contains("did you mean `router-id`"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

fn an_unknown_reactor_is_answered_with_the_nearest_name() {
    let folder = Folder::new();
    let output = folder.serve_in_vain("pol");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "holdtime: there is no reactor \"pol\"; did you mean \"poll\"?\n");
    assert_eq!(output.status.code(), Some(2));
}

const STATIC: &str = "static { route 10.1.0.0/24 next-hop 10.0.0.1; }";

/// A configuration with one neighbor: this peer.
fn neighbor(peer: &Peer, sections: &str) -> String {
    let (address, port) = (peer.address().ip(), peer.address().port());
    format!(
        "neighbor {address} {{
            connect {port};
            router-id 10.0.0.1; local-address 127.0.0.1; local-as 65000; peer-as 65000;
            family {{ ipv4 unicast; }}
            {sections}
        }}\n"
    )
}

/// The same with an API program.
fn with_program(peer: &Peer, run: &str) -> String {
    let process = format!("process api {{ run {run}; encoder text; }}\n");
    process + &neighbor(peer, "api { processes [ api ]; }")
}
