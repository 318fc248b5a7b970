//! What a speaker has recorded can be played again.

use serde_json::Value;

use crate::peer::Peer;
use crate::speaker::Folder;
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
}

pub(crate) fn what_is_no_recording_is_one_sentence_and_status_2() {
    let folder = Folder::new();
    folder.write("flight", "neighbor 127.0.0.1 {\n}\n");
    let (printed, status) = folder.replay(&[]);
    assert_eq!(status, Some(2));
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.contains("line 1 of the recording"), "{printed}");
}
