//! The log of a run, as all traces and pictures are made from it.

use holdtime_core::{Duration, Instant};
use holdtime_sim::report::{html, perfetto, sequence, trace, trace_json};
use holdtime_sim::scenario;
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{self, Defect};
use holdtime_sim::timeline::{Happening, LaneKind, Timeline};

#[expect(clippy::unwrap_used, reason = "a test that cannot play fails")]
fn play(scenario: &str, reactor: &str) -> (Outcome, Timeline) {
    let play = scenario::find(scenario).unwrap().play;
    let subject = subject::find(reactor).unwrap();
    let run = Run { play: &play, subject, defect: Defect::Present, choices: 0.into() };
    let logged = run.go_logged(&[]).unwrap();
    assert_eq!(run.go().unwrap().hash, logged.0.hash, "a run is the same one, with a log or without");
    logged
}

fn names(timeline: &Timeline, is: LaneKind) -> Vec<&str> {
    timeline.lanes.iter().filter(|lane| lane.is == is).map(|lane| lane.name.as_str()).collect()
}

#[test]
fn everybody_has_a_lane_and_a_name() {
    let (_, timeline) = play("silent-peer", "await-peers");
    assert_eq!(names(&timeline, LaneKind::Machine), ["machine 10.0.0.1", "machine 10.0.0.2"]);
    assert_eq!(names(&timeline, LaneKind::Speaker), ["speaker"]);
    assert_eq!(names(&timeline, LaneKind::Program), ["program announce"]);
    assert_eq!(names(&timeline, LaneKind::Peer), ["peer silent"]);
    assert_eq!(names(&timeline, LaneKind::Session), ["speaker: session with peer silent"]);
    assert_eq!(names(&timeline, LaneKind::Pipe), ["speaker: pipe to program announce"]);
    let text = trace::text(&timeline);
    assert!(!text.contains("process 0") && !text.contains("somebody"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 320), "{text}");
}

#[test]
fn states_timers_messages_and_waits_are_told_in_order() {
    let (_, timeline) = play("silent-peer", "await-peers");
    assert!(timeline.events.is_sorted_by_key(|event| event.at));
    let states: Vec<&str> = timeline
        .events
        .iter()
        .filter_map(|event| match &event.what {
            Happening::State { state } => Some(state.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(states, ["Active", "OpenSent", "OpenConfirm", "Established"]);
    let hold = timeline.events.iter().find_map(|event| match &event.what {
        Happening::Timer { timer, until: Some(until) } if timer == "hold" => {
            Some(until - event.at.as_nanos())
        }
        _ => None,
    });
    assert_eq!(hold, Some(90_000_000_000));
    let text = trace::text(&timeline);
    assert!(text.contains("OPEN as 65002 hold 90 id "), "{text}");
    assert!(
        text.contains("sends to speaker: pipe to program announce: announce route 192.0.2.0/24"),
        "{text}"
    );
    assert!(text.contains("comes to `expect route 192.0.2.0/24`"), "{text}");
    assert!(text.contains("for bytes from peer silent"), "{text}");
}

#[test]
fn a_message_that_was_read_has_the_number_with_which_it_was_sent_and_an_unread_command_has_none() {
    let (_, timeline) = play("silent-peer", "await-peers");
    let mut sent = Vec::new();
    for event in &timeline.events {
        match &event.what {
            Happening::Sent { id, text, .. } => sent.push((*id, text.clone())),
            Happening::Arrived { id, text } => {
                let at = sent.iter().position(|known| known == &(*id, text.clone()));
                sent.remove(at.unwrap());
            }
            _ => {}
        }
    }
    let unread: Vec<&str> = sent.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(unread, ["announce route 192.0.2.0/24 next-hop 10.0.0.1"]);
}

#[test]
fn every_link_of_a_chain_has_the_lane_of_whoever_waits() {
    for reactor in ["await-peers", "read-first", "skip-outbound", "recv-timeout"] {
        let (_, timeline) = play("silent-peer", reactor);
        let end = timeline.end.as_ref().unwrap();
        assert!(!end.chain.is_empty());
        for link in &end.chain {
            let lane = timeline.lanes[link.lane.unwrap()].name.clone();
            let own = link.who.strip_prefix("its ").map(|part| format!("speaker: {part}"));
            let machine = link.who == "the machine" && lane == "machine 10.0.0.1";
            assert!(
                machine || lane == link.who || Some(&lane) == own.as_ref(),
                "{reactor}: {} on {lane}",
                link.who
            );
        }
    }
    let (_, timeline) = play("silent-peer", "await-peers");
    let end = timeline.end.unwrap();
    assert_eq!((end.circle, end.verdict.as_str()), (Some(2), "O3"));
}

#[test]
fn faults_are_told_with_their_ends_and_levels_and_windows_with_their_sizes() {
    let (_, timeline) = play("suspended-peer", "poll");
    let fault = timeline.events.iter().find_map(|event| match &event.what {
        Happening::Fault { text, until } => Some((timeline.name(event.lane), text.as_str(), *until)),
        _ => None,
    });
    let (lane, text, until) = fault.unwrap();
    assert!(lane == "peer far" && text.starts_with("suspend far") && until.is_some(), "{lane}: {text}");
    let (_, timeline) = play("zero-window", "poll");
    let is = |wanted: &dyn Fn(&Happening) -> bool| timeline.events.iter().any(|event| wanted(&event.what));
    assert!(is(&|what| matches!(what, Happening::Window { octets: 0, .. })));
    assert!(is(&|what| matches!(what, Happening::Level { octets: 1_000.., .. })));
}

#[test]
fn a_speaker_whose_clock_runs_ahead_is_told_of_within_the_run() {
    let (_, timeline) = play("wall-clock-jumps", "wall-clock");
    let end = Instant::from_nanos(timeline.end.as_ref().unwrap().at);
    assert!(timeline.until() - end < Duration::from_secs(1), "{} and {end}", timeline.until());
}

#[test]
fn a_log_is_read_back_from_its_lines() {
    let (_, timeline) = play("silent-peer", "read-first");
    let lines = trace_json::lines(&timeline).unwrap();
    assert_eq!(trace_json::read(&lines).unwrap(), timeline);
    assert!(timeline.until() >= Instant::from_secs(7));
}

#[test]
fn the_page_of_a_minute_and_more_is_small() {
    for scenario in ["zero-window", "silent-when-established", "program-never-reads"] {
        let (_, timeline) = play(scenario, "poll");
        let page = html::page(&timeline, None).unwrap();
        assert!(page.len() < 300_000, "{scenario}: {} octets", page.len());
    }
}

#[test]
fn perfetto_gets_every_lane_and_what_begins_ends() {
    let (_, timeline) = play("silent-peer", "await-peers");
    let file = perfetto::file(&timeline);
    let events = file["traceEvents"].as_array().unwrap();
    let count = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert_eq!(count("b"), count("e"));
    assert_eq!(count("s"), count("f") + 1, "the command is never read");
    assert!(count("X") > 10 && count("C") > 4 && count("i") > 10);
    let threads = events.iter().filter(|event| event["name"] == "thread_name").count();
    assert_eq!(threads, timeline.lanes.len());
    assert!(
        events.iter().all(|event| event["ph"] == "M" || event["ts"].as_f64().is_some_and(|ts| ts >= 0.0))
    );
}

#[test]
fn a_sequence_diagram_has_who_speaks_what_was_never_read_and_why_it_hangs() {
    let (_, timeline) = play("silent-peer", "await-peers");
    let diagram = sequence::diagram(&timeline);
    let lines: Vec<&str> = diagram.lines().map(str::trim).collect();
    assert_eq!(lines[0], "sequenceDiagram");
    assert_eq!(lines.iter().filter(|line| line.starts_with("participant ")).count(), 3);
    assert!(lines.iter().any(|line| line.contains("->>") && line.contains(": OPEN as 65001")), "{diagram}");
    let unread = lines.iter().find(|line| line.contains("--x")).unwrap();
    assert!(unread.contains("announce route") && unread.contains("(never read)"), "{unread}");
    assert!(lines.last().unwrap().contains("hangs#58; O3"), "{diagram}");
}
