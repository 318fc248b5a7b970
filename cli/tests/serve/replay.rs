//! What a speaker has recorded can be played again.

use serde_json::Value;

use crate::peer::Peer;
use crate::port::ReservedPort;
use crate::speaker::Folder;
use crate::waiting::eventually;
use crate::{ADMINISTRATIVE_SHUTDOWN, STATIC, neighbor, with_program};

pub(crate) fn a_replay_sends_what_the_peer_has_received_and_says_what_a_program_has() {
    for reactor in ["poll", "async"] {
        let (peer, folder) = (Peer::listen(), Folder::new());
        let program = "echo version; read version; read answer; echo $answer > answer; read end";
        let config = with_program(&peer, "./ask").replace("family", &format!("{STATIC} family"));
        folder.write_program("ask", program).write("speaker.conf", &config);
        let mut speaker = folder.serve_recorded(reactor);
        let mut session = peer.session(180);
        let mut received = vec![session.next(), session.next()];
        folder.await_file("answer");
        speaker.signal("TERM");
        received.push(session.next());
        assert_eq!(received[2], ADMINISTRATIVE_SHUTDOWN);
        assert_eq!(speaker.wait(), Some(0));

        let (printed, status) = folder.replay(&["--json"]);
        assert_eq!(status, Some(0), "{printed}");
        let told: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let sent = told.iter().filter(|told| told["what"] == "sent");
        let octets = sent.clone().filter_map(|told| told["octets"].as_str());
        let messages: Vec<&str> = octets.map(|octets| &octets[32..]).collect();
        let checked: Vec<&str> =
            messages.into_iter().filter(|message| ["02", "03"].contains(&&message[4..6])).collect();
        assert_eq!(checked, received, "{reactor}");
        let answers: Vec<&str> = sent
            .filter(|told| told["who"] == "program api")
            .filter_map(|told| told["text"].as_str())
            .collect();
        assert!(answers.len() >= 2 && answers[1] == "done", "{reactor}: {answers:?}");
    }
}

pub(crate) fn commands_in_one_burst_are_replayed_whatever_their_order() {
    let (announce, clear, flush) =
        ("announce route 10.2.0.0/24 next-hop self", "clear adj-rib out", "flush adj-rib out");
    let (reload, teardown) = ("reload", "neighbor 127.0.0.1 teardown 4");
    let bursts: [&[&str]; 8] = [
        &[announce, reload, teardown],
        &[clear, reload, teardown],
        &[flush, announce, reload, reload, teardown],
        &[reload, announce, teardown],
        &[announce, teardown, reload],
        &[announce, reload, clear, reload, "shutdown"],
        &[announce, "restart", clear],
        &[announce, reload, announce, flush, teardown, clear, "shutdown"],
    ];
    for reactor in ["poll", "async"] {
        for burst in bursts {
            replay_burst(reactor, burst);
        }
    }
}

fn replay_burst(reactor: &str, burst: &[&str]) {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let program = "until [ -e go ]; do sleep 0.01; done; [ -e said-it ] || { echo > said-it; cat burst; }
        while read line; do :; done";
    let config = with_program(&peer, "./talk").replace("family", &format!("{STATIC} family"));
    folder.write_program("talk", program).write("speaker.conf", &config);
    folder.write("burst", &burst.iter().map(|command| format!("{command}\n")).collect::<String>());
    let mut speaker = folder.serve_recorded(reactor);
    let mut session = peer.session(180);
    let mut received = vec![session.next(), session.next()];
    folder.write("go", "");
    received.extend(std::iter::from_fn(|| Some(session.next()).filter(|message| !message.is_empty())));
    if !burst.contains(&"shutdown") {
        speaker.signal("TERM");
    }
    assert_eq!(speaker.wait(), Some(0));

    let (printed, status) = folder.replay(&["--json"]);
    assert_eq!(status, Some(0), "{reactor}: {burst:?}: {printed}");
    let told = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let octets = told.filter(|told| told["what"] == "sent");
    let octets = octets.filter_map(|told| told["octets"].as_str().map(|octets| octets[32..].to_owned()));
    // Once the session has ended, the next one begins.
    let replayed = octets.filter(|message| ["02", "03"].contains(&&message[4..6])).take(received.len());
    assert_eq!(replayed.collect::<Vec<_>>(), received, "{reactor}: {burst:?}");
}

pub(crate) fn a_recording_has_no_password_and_can_be_replayed() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    let own = "router-id 10.0.0.1; local-address 127.0.0.1; local-as 65000; peer-as 65000; connect 9;";
    let secrets = format!(
        "neighbor 127.0.0.8 {{ {own} md5-password \"hunter2\"; md5-base64 false; }}
         neighbor 127.0.0.9 {{ {own}
            tcp-ao {{ keyid 1; algorithm hmac-sha-256; password aHVudGVyMg==; base64 true; }} }}\n"
    );
    folder.write("speaker.conf", &(neighbor(&peer, STATIC) + &secrets));
    let mut speaker = folder.serve_recorded("poll");
    let mut session = peer.session(180);
    session.next();
    // Read again, it is recorded again.
    speaker.signal("USR1");
    speaker.signal("TERM");
    session.next();
    assert_eq!(speaker.wait(), Some(0));
    let recording = folder.await_file("flight");
    for secret in ["hunter2", "aHVudGVyMg"] {
        assert!(!recording.contains(secret), "{recording}");
    }
    let (printed, status) = folder.replay(&[]);
    assert_eq!(status, Some(0), "{printed}");
}

pub(crate) fn a_replay_ends_with_what_is_owed_to_whom() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    folder.write("speaker.conf", &neighbor(&peer, STATIC));
    let speaker = folder.serve_recorded("poll");
    let mut session = peer.session(180);
    session.next();
    session.next();
    // Killed in the middle: what is there can be read all the same.
    drop(speaker);
    let (printed, status) = folder.replay(&[]);
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("sent      OPEN, "), "{printed}");
    assert!(printed.contains("owes speaker  a KEEPALIVE or an UPDATE since "), "{printed}");
    let (at_once, _) = folder.replay(&["--until", "0"]);
    assert!(at_once.lines().count() < printed.lines().count(), "{at_once}");
    let (_, status) = folder.replay(&["--until", "0", "--trace", "shown"]);
    assert_eq!(status, Some(0));
    assert!(folder.read("shown").contains("shown up to here"), "{}", folder.read("shown"));
}

pub(crate) fn a_recording_is_for_its_owner_alone_and_has_no_key_and_is_exact_all_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let (peer, folder) = (Peer::listen(), Folder::new());
    let program = "echo 'show neighbor configuration'; while read line; do echo \"$line\" >> answer; done";
    let keyed = "neighbor 127.0.0.9 { passive; listen 0; router-id 10.0.0.1; local-address 127.0.0.1; local-as 1; peer-as 1;
        md5-password 'much too secret'; # md5-password older-secret;\n api { processes [ api ]; } }\n";
    let configuration = with_program(&peer, "./ask").replace("family", &format!("{STATIC} family")) + keyed;
    folder.write_program("ask", program).write("speaker.conf", &configuration.replace("listen 0;", ""));
    let port = ReservedPort::at("127.0.0.1");
    let free = port.address().port().to_string();
    let mut speaker =
        folder.serve_recorded_with("poll", &["--record", "flight"], &[("exabgp_tcp_port", &free)]);
    let mut session = peer.session(180);
    session.next();
    eventually("the configuration is told", || folder.read("answer").lines().any(|line| line == "done"));
    assert!(folder.read("answer").contains("much too secret"), "{}", folder.read("answer"));
    // The keys are in what is loaded again, too.
    speaker.signal("USR1");
    eventually("it is loaded again", || folder.read("flight").contains(" reload "));
    speaker.signal("TERM");
    assert_eq!(speaker.wait(), Some(0));
    let mode = std::fs::metadata(folder.0.join("flight")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!folder.read("flight").contains("secret"), "{}", folder.read("flight"));
    let (printed, status) = folder.replay(&[]);
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("md5-password \"x"), "{printed}");
    assert!(!printed.contains("secret"), "{printed}");
}

pub(crate) fn a_speaker_that_is_started_again_leaves_the_recording_of_the_one_that_was_killed() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    folder.write("speaker.conf", &neighbor(&peer, STATIC));
    for run in 1..=2 {
        let speaker = folder.serve_recorded("poll");
        let mut session = peer.session(180);
        session.next();
        speaker.signal("KILL");
        drop(speaker);
        let (printed, status) = folder.replay(&[]);
        assert_eq!(status, Some(0), "{printed}");
        assert_eq!(printed.matches("received  OPEN, ").count(), run, "{printed}");
    }
    let (printed, _) = folder.replay(&["--run", "2"]);
    assert!(printed.starts_with("run 2 of 2: flight.1\n"), "{printed}");
    assert_eq!(printed.matches("received  OPEN, ").count(), 1, "{printed}");
    let (printed, status) = folder.replay(&["--run", "3"]);
    assert_eq!((printed.as_str(), status), ("holdtime: \"flight\" has 2 runs\n", Some(2)));
}

pub(crate) fn a_recording_goes_on_in_further_files_and_takes_no_more_room_than_it_may() {
    let (peer, folder) = (Peer::listen(), Folder::new());
    // A command takes some 4 kB of the recording: a few files are full after the first hundred, and 1 MiB is after all of them.
    let long = "ab".repeat(1000);
    let program = format!(
        "n=0
        say() {{ while [ $n -lt $1 ]; do n=$((n + 1));
            echo announce route 10.2.0.0/24 next-hop 10.0.0.1 med $n attribute [ 0x99 0xc0 0x{long} ]; read answer; done; }}
        say 100; echo > some; until [ -e more ]; do sleep 0.01; done; say 400; echo > all; read end"
    );
    folder.write_program("talk", &program).write("speaker.conf", &with_program(&peer, "./talk"));
    let arguments = ["--record", "flight", "--record-limit", "1"];
    let mut speaker = folder.serve_recorded_with("poll", &arguments, &[]);
    let mut session = peer.session(180);
    std::thread::spawn(move || while !session.next().is_empty() {});
    folder.await_file("some");
    assert!(folder.0.join("flight.2").exists());
    let (printed, status) = folder.replay(&[]);
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("program api              started "), "the run is played from its beginning");
    assert!(printed.contains("what is owed at "), "{printed}");
    folder.write("more", "").await_file("all");
    assert!(!folder.0.join("flight").exists(), "the oldest file is still there");
    speaker.signal("TERM");
    assert_eq!(speaker.wait(), Some(0));
    let sizes = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap());
    let sizes = sizes.filter(|entry| entry.file_name().to_string_lossy().starts_with("flight"));
    let size: u64 = sizes.map(|entry| entry.metadata().unwrap().len()).sum();
    assert!(size <= 1 << 20, "{size} octets");
    let (printed, status) = folder.replay(&[]);
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("the beginning of this run is gone"), "{printed}");
    assert!(printed.contains("received  announce route 10.2.0.0/24 next-hop 10.0.0.1 med "), "{printed}");
}

pub(crate) fn what_is_no_recording_is_one_sentence_and_status_2() {
    let folder = Folder::new();
    folder.write("flight", "neighbor 127.0.0.1 {\n}\n");
    let (printed, status) = folder.replay(&[]);
    assert_eq!(status, Some(2));
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.contains("line 1 of the recording"), "{printed}");
}
