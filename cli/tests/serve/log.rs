//! What `holdtime serve` logs.

use crate::ROUTE_1;
use crate::peer::Peer;
use crate::speaker::Folder;
use crate::waiting::eventually;
use crate::{ADMINISTRATIVE_SHUTDOWN, END_OF_RIB, STATIC, neighbor, with_program};

pub(super) fn settings_without_effect_are_named_once() {
    let folder = Folder::new();
    folder.write(
        "speaker.conf",
        "neighbor 127.0.0.1 { passive; router-id 10.0.0.1; local-address 127.0.0.1; local-as 1; peer-as 1; }",
    );
    let variables = [
        ("exabgp_reactor_speed", "2.0"),
        ("exabgp_cache_attributes", "true"),
        ("exabgp_pdb_enable", "1"),
        ("exabgp_tcp_attempts", "1"),
        ("exabgp_log_destination", "stderr"),
        ("exabgp_daemon_pid", "/nowhere/pid"),
    ];
    let said = String::from_utf8(folder.serve_in_vain_with("poll", &variables).stderr).unwrap();
    assert!(said.contains("settings without effect: exabgp.pdb.enable, exabgp.reactor.speed\n"), "{said}");
}

pub(super) fn a_reload_of_a_broken_file_is_answered_with_error_and_the_log_says_where() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let program = "while [ ! -e broken ]; do sleep 0.01; done
        echo reload; read word; read answer; echo $answer > first
        while [ ! -e mended ]; do sleep 0.01; done
        echo reload; read word; read answer; echo $answer > second; read end";
    let good = with_program(&peer, "./ask");
    folder.write_program("ask", program).write("speaker.conf", &good);
    let log = folder.0.join("log");
    let mut speaker = folder.serve_with("poll", &[("exabgp_log_destination", log.to_str().unwrap())]);
    let mut session = peer.session(180);
    assert_eq!(session.next(), END_OF_RIB);
    folder.write("speaker.conf", &good.replace("router-id", "router-idd")).write("broken", "");
    assert_eq!(folder.await_file("first"), "error\n");
    folder.write("speaker.conf", &good).write("mended", "");
    assert_eq!(folder.await_file("second"), "done\n");
    speaker.signal("TERM");
    assert_eq!(session.next(), ADMINISTRATIVE_SHUTDOWN, "the session went on");
    assert_eq!(speaker.wait(), Some(0));
    let log = folder.read("log");
    assert!(log.contains("the configuration stays as it is: speaker.conf:4:"), "{log}");
}

pub(super) fn each_phase_is_a_line_of_the_log() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    // More than a pipe holds is answered.
    let deaf = "n=0; while [ $n -lt 1000 ]; do echo help; n=$((n + 1)); done
        while [ ! -e told ]; do sleep 0.1; done; while read line; do :; done";
    folder.write_program("deaf", deaf).write("speaker.conf", &with_program(&peer, "./deaf"));
    let mut speaker = folder.serve("poll");
    let mut session = peer.session(180);
    assert_eq!(session.next(), END_OF_RIB);
    for _ in 0..3 {
        speaker.signal("USR1");
    }
    eventually("a deaf program is told of", || folder.read("said").contains("has read nothing for 5 s"));
    folder.write("told", "");
    eventually("so is that it reads", || folder.read("said").contains("reads again"));
    drop(session);
    eventually("the end of the session is told", || folder.read("said").contains("session down: "));
    speaker.signal("TERM");
    assert_eq!(speaker.wait(), Some(0));
    let said = folder.read("said");
    for phase in [
        "begins: speaker.conf, neighbors 1, programs 1, reactor poll, process ",
        "session established party=neighbor 127.0.0.1",
        "loaded speaker.conf",
        "no named pipes holdtime-test-",
        "mkfifo -m 600 ",
        "shutting down",
    ] {
        assert!(said.lines().any(|line| line.contains(phase)), "{phase}: {said}");
    }
}

/// How many lines of the log hold this.
pub(super) fn lines_with(folder: &Folder, text: &str) -> usize {
    folder.read("said").lines().filter(|line| line.contains(text)).count()
}

pub(super) fn every_reload_that_fails_is_a_line_of_the_log() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let good = neighbor(&peer, STATIC);
    folder.write("speaker.conf", &good);
    let mut speaker = folder.serve("poll");
    let mut session = peer.session(180);
    assert_eq!(session.next(), ROUTE_1);
    let mut failures = 0;
    for round in 1..=2 {
        folder.write("speaker.conf", &good.replace("router-id", "router-idd"));
        for _ in 0..3 {
            failures += 1;
            speaker.signal("USR1");
            let refused = "the configuration stays as it is: speaker.conf:3:";
            eventually("the failure is logged", || lines_with(&folder, refused) == failures);
        }
        folder.write("speaker.conf", &good);
        speaker.signal("USR1");
        eventually("the success is logged", || lines_with(&folder, "loaded speaker.conf") == round);
    }
    speaker.signal("TERM");
    assert_eq!(speaker.wait(), Some(0));
    assert_eq!(lines_with(&folder, " more, "), 0, "nothing is summed up");
}

pub(super) fn every_end_of_a_session_is_a_line_of_the_log() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    folder.write("speaker.conf", &neighbor(&peer, STATIC));
    let mut speaker = folder.serve("poll");
    for round in 1..=3 {
        let mut session = peer.session(180);
        assert_eq!(session.next(), ROUTE_1);
        drop(session);
        eventually("the end is logged", || lines_with(&folder, "session down: ") == round);
        assert_eq!(lines_with(&folder, "session established"), round);
    }
    speaker.signal("TERM");
    assert_eq!(speaker.wait(), Some(0));
}

pub(super) fn a_line_that_cannot_be_read_is_described_in_the_log() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let program = "echo; read answer
        printf '\\377\\033x\\n'; read answer
        head -c 3000000 /dev/zero | tr '\\0' x; echo; read answer
        for n in 1 2 3; do echo what; read answer; done
        echo over > over; while read line; do :; done";
    folder.write_program("ask", program).write("speaker.conf", &with_program(&peer, "./ask"));
    let mut speaker = folder.serve("poll");
    assert_eq!(folder.await_file("over"), "over\n");
    speaker.signal("TERM");
    assert_eq!(speaker.wait(), Some(0));
    let said = folder.read("said");
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    let places = [
        place("is no command: an empty line "),
        place(r"is no command: a line that is not UTF-8: \xff\x1bx "),
        place("is no command: a line of 3000000 octets, longer than 1048576 "),
        place("is no command: what "),
        place("is no command: what (2 times more, from "),
        place("shutting down"),
    ];
    assert!(places.is_sorted(), "{said}");
}
