//! An answer follows its effect, and what has arrived is heard before what is new is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::{Lone, keepalive, message, neighbor, open, resting, secs, setup};
use holdtime_core::config::Settings;
use holdtime_core::speaker::{ClosedKind, Input, StreamId};
use holdtime_core::{Duration, Instant};

const NOBODY: Duration = Duration::ZERO;
const A: &str = "route 10.1.0.0/24 next-hop 192.0.2.1";
const B: &str = "route 10.2.0.0/24 next-hop 192.0.2.1";
/// As they stand in an UPDATE.
const NLRI_A: &str = "180a0100";
const NLRI_B: &str = "180a0200";

fn text(options: &str) -> String {
    let options = format!("passive true; family {{ ipv4 unicast; }} api {{ processes [ p ]; }} {options}");
    "process p { run /bin/cat; encoder text; }\n".to_owned()
        + &neighbor("10.0.0.1", "10.0.0.2", &options)
        + &neighbor("10.0.0.1", "10.0.0.3", &options)
}

/// Who is spoken to.
struct Cast {
    lone: Lone,
    program: StreamId,
}

impl Cast {
    fn new(lone: Lone) -> Self {
        let mut lone = lone;
        let program = lone.start_program();
        Self { lone, program }
    }

    fn establish(&mut self, peer: u8) -> StreamId {
        let stream = self.lone.accept_from(&format!("10.0.0.{peer}"));
        self.lone.receive(stream, &open(65_000, 180, [10, 0, 0, peer]));
        self.lone.receive(stream, &keepalive());
        stream
    }

    /// What the program reads once it has written these lines in one go and everybody has had as many turns as they want.
    fn say(&mut self, lines: &[&str]) -> String {
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        self.lone.receive(self.program, text.as_bytes());
        self.lone.advance(NOBODY);
        self.lone.take_written(self.program)
    }

    /// What was sent on a stream, message by message, without KEEPALIVEs, OPENs and End-of-RIBs.
    fn heard(&mut self, stream: StreamId) -> Vec<String> {
        let sent = std::mem::take(&mut self.lone.sent);
        let (ours, others): (Vec<_>, Vec<_>) = sent.into_iter().partition(|(to, _)| *to == stream);
        self.lone.sent = others;
        let hex = ours.iter().map(|(_, octets)| crate::util::hex(&octets[18..]));
        hex.filter(|hex| !hex.starts_with("01") && !hex.starts_with("04") && hex != "0200000000").collect()
    }
}

/// In session with 10.0.0.2, whose stream is returned.
fn cast() -> (Cast, StreamId) {
    let mut cast = Cast::new(Lone::new(setup(&text(""))));
    let peer = cast.establish(2);
    cast.heard(peer);
    (cast, peer)
}

fn announces(message: &str, nlri: &str) -> bool {
    message.starts_with("020000") && message.ends_with(nlri)
}

fn withdraws(message: &str, nlri: &str) -> bool {
    message.starts_with("0200") && !message.starts_with("020000") && message.contains(nlri)
}

#[test]
fn what_is_announced_and_cleared_in_one_read_is_never_sent() {
    let (mut cast, peer) = cast();
    assert_eq!(cast.say(&[&format!("announce {A}"), "clear adj-rib out"]), "done\ndone\n");
    assert_eq!(cast.heard(peer), [""; 0]);
    assert_eq!(cast.say(&["show adj-rib out"]), "done\n");
}

#[test]
fn what_was_answered_before_a_clear_is_sent_and_then_withdrawn() {
    let (mut cast, peer) = cast();
    assert_eq!(cast.say(&[&format!("announce {A}")]), "done\n");
    assert_eq!(cast.say(&[&format!("announce {B}"), "clear adj-rib out"]), "done\ndone\n");
    let heard = cast.heard(peer);
    assert!(heard.len() == 2 && announces(&heard[0], NLRI_A) && withdraws(&heard[1], NLRI_A), "{heard:?}");
    assert!(!heard.concat().contains(NLRI_B), "{heard:?}");
}

#[test]
fn what_follows_a_clear_in_its_read_finds_it_done() {
    let (mut cast, peer) = cast();
    cast.say(&[&format!("announce {A}")]);
    cast.heard(peer);
    let lines = ["clear adj-rib out", &format!("announce {A}"), "flush adj-rib out", "clear adj-rib out"];
    assert_eq!(cast.say(&lines), "done\n".repeat(4));
    let heard = cast.heard(peer);
    let kinds: Vec<_> = heard.iter().map(|message| announces(message, NLRI_A)).collect();
    assert_eq!(kinds, [false, true, true, false], "withdrawn, announced, flushed, withdrawn: {heard:?}");
}

#[test]
fn a_route_that_is_announced_and_withdrawn_in_one_read_is_never_announced() {
    let (mut cast, peer) = cast();
    let lines = [format!("announce {A}"), format!("announce {B}"), format!("withdraw {A}")];
    assert_eq!(cast.say(&lines.each_ref().map(String::as_str)), "done\ndone\ndone\n");
    let heard = cast.heard(peer);
    assert!(heard.len() == 1 && announces(&heard[0], NLRI_B), "{heard:?}");
}

#[test]
fn routes_of_one_read_that_share_attributes_still_share_an_update() {
    let (mut cast, peer) = cast();
    cast.say(&[&format!("announce {A}"), &format!("announce {B}"), &format!("announce {A}")]);
    let heard = cast.heard(peer);
    assert!(heard.len() == 1 && heard[0].ends_with(&format!("{NLRI_A}{NLRI_B}")), "{heard:?}");
}

#[test]
fn what_was_announced_before_a_command_that_ends_the_session_is_sent_before_its_end() {
    for end in ["neighbor 10.0.0.2 teardown 4", "shutdown"] {
        let (mut cast, peer) = cast();
        cast.say(&[&format!("announce {A}"), end]);
        let heard = cast.heard(peer);
        assert!(
            heard.len() == 2 && announces(&heard[0], NLRI_A) && heard[1].starts_with("0306"),
            "{heard:?}"
        );
    }
}

#[test]
fn commands_that_ask_for_messages_of_their_own_stay_in_their_order() {
    let (mut cast, peer) = cast();
    cast.lone.sent.clear();
    cast.say(&[&format!("announce {A}"), "announce eor ipv4 unicast", &format!("announce {B}")]);
    let sent: Vec<_> = cast.lone.sent.iter().map(|(_, octets)| crate::util::hex(&octets[18..])).collect();
    assert!(
        sent.len() == 3
            && announces(&sent[0], NLRI_A)
            && sent[1] == "0200000000"
            && announces(&sent[2], NLRI_B),
        "{sent:?}"
    );
    cast.heard(peer);
    cast.say(&["flush adj-rib out", &format!("announce {A} med 7"), "flush adj-rib out"]);
    let heard = cast.heard(peer);
    let of_a = heard.iter().filter(|update| update.contains(NLRI_A)).count();
    assert_eq!(of_a, 3, "as it was, as it is, and again: {heard:?}");
}

#[test]
fn the_answer_is_written_after_the_update() {
    let (mut cast, peer) = cast();
    let other = cast.establish(3);
    cast.lone.order.clear();
    assert_eq!(cast.say(&[&format!("announce {A}")]), "done\n");
    assert_eq!(cast.lone.order, [peer, other, cast.program]);
}

#[test]
fn a_program_that_reads_one_answer_behind_finds_every_effect_out() {
    let (mut cast, peer) = cast();
    let commands = [
        (format!("announce {A}"), NLRI_A, true),
        (format!("announce {B}"), NLRI_B, true),
        (format!("withdraw {A}"), NLRI_A, false),
        (format!("announce {A}"), NLRI_A, true),
        ("clear adj-rib out".to_owned(), NLRI_B, false),
    ];
    let mut owed = None;
    for (command, nlri, announced) in commands {
        let answer = cast.say(&[&command]);
        assert_eq!(answer, "done\n", "{command}");
        let heard = cast.heard(peer);
        let found =
            |message: &String| if announced { announces(message, nlri) } else { withdraws(message, nlri) };
        assert!(heard.iter().any(found), "{command}: {heard:?}");
        owed = Some(command);
    }
    assert!(owed.is_some());
}

#[test]
fn a_peer_that_takes_nothing_delays_no_answer_and_nobody_else() {
    let (mut cast, peer) = cast();
    let other = cast.establish(3);
    cast.heard(other);
    cast.lone.stalled.push(peer);
    assert_eq!(cast.say(&[&format!("announce {A}")]), "done\n");
    assert_eq!(cast.say(&[&format!("announce {B}")]), "done\n");
    assert_eq!(cast.say(&["clear adj-rib out"]), "done\n");
    let heard = cast.heard(other);
    assert!(
        announces(&heard[0], NLRI_A) && announces(&heard[1], NLRI_B) && withdraws(&heard[2], NLRI_A),
        "{heard:?}"
    );
    assert_eq!(
        cast.lone.speaker.poll_timeout().map(|at| at > cast.lone.at),
        Some(true),
        "and nobody is busy"
    );
}

#[test]
fn a_rate_limit_that_is_used_up_delays_no_answer() {
    let mut cast = Cast::new(Lone::new(setup(&text("rate-limit 1;"))));
    let peer = cast.establish(2);
    cast.lone.advance(secs(2));
    cast.heard(peer);
    let lines: Vec<String> = (0..3).map(|n| format!("announce {A} med {n}")).collect();
    assert_eq!(cast.say(&lines.iter().map(String::as_str).collect::<Vec<_>>()), "done\ndone\ndone\n");
    assert!(cast.heard(peer).len() <= 1);
}

#[test]
fn a_large_effect_is_handed_over_turn_by_turn_before_it_is_answered() {
    let (mut cast, peer) = cast();
    for n in 0..20_u32 {
        let routes = (0..1_000).map(|m| {
            format!("announce route 20.{n}.{}.{}/32 next-hop 192.0.2.1 med {m}\n", m / 250, m % 250)
        });
        cast.lone.receive(cast.program, routes.collect::<String>().as_bytes());
        cast.lone.advance(NOBODY);
    }
    assert_eq!(cast.lone.take_written(cast.program).lines().count(), 20_000);
    cast.heard(peer);
    cast.lone.order.clear();
    assert_eq!(cast.say(&["flush adj-rib out"]), "done\n");
    let routes: usize = cast.heard(peer).iter().map(|update| update.matches("2014").count()).sum();
    assert!(routes >= 20_000, "{routes}");
    let order = &cast.lone.order;
    assert_eq!(order.iter().position(|stream| *stream == cast.program), Some(order.len() - 1));
    assert!(order.len() > 10, "in more than one turn: {}", order.len());
}

/// How long sessions rest here.
const REST: u32 = 20;

fn resting_cast(rest: u32) -> Cast {
    Cast::new(Lone::new(resting(
        &text("static { route 10.2.0.0/24 next-hop 192.0.2.1; }"),
        Settings::default(),
        rest,
    )))
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_session_that_comes_up_says_nothing_new_for_a_moment_and_then_everything() {
    let mut cast = resting_cast(REST);
    let peer = cast.establish(2);
    cast.lone.advance(millis(u64::from(REST) - 1));
    assert_eq!(cast.heard(peer), [""; 0]);
    let owed = cast.lone.obligations();
    assert!(owed.iter().any(|owed| owed.waits_for.as_deref() == Some("what the peer has to say first")));
    // It is listened to meanwhile.
    cast.lone.receive(peer, &message(2, &[0, 0, 0, 0]));
    cast.lone.advance(millis(1));
    let heard = cast.heard(peer);
    assert!(heard.len() == 1 && announces(&heard[0], NLRI_B), "{heard:?}");
}

#[test]
fn without_a_rest_the_first_update_is_sent_at_once() {
    let mut cast = resting_cast(0);
    let peer = cast.establish(2);
    assert_eq!(cast.heard(peer).len(), 1);
}

#[test]
fn a_command_that_comes_in_the_rest_is_answered_at_its_end_and_what_takes_it_back_comes_after() {
    let mut cast = resting_cast(REST);
    let peer = cast.establish(2);
    assert_eq!(cast.say(&[&format!("announce {A}")]), "");
    assert_eq!(cast.say(&["clear adj-rib out", "version"]), "");
    cast.lone.advance(millis(u64::from(REST)));
    assert_eq!(cast.lone.take_written(cast.program), "done\ndone\nexabgp 5.0.15\ndone\n");
    let heard = cast.heard(peer);
    assert!(announces(&heard[0], &format!("{NLRI_A}{NLRI_B}")), "{heard:?}");
    assert!(heard[1..].iter().any(|message| withdraws(message, NLRI_A)), "{heard:?}");
}

#[test]
fn a_command_waits_for_no_rest_that_begins_after_it() {
    let mut cast = resting_cast(REST);
    cast.establish(2);
    assert_eq!(cast.say(&[&format!("announce {A}")]), "");
    cast.lone.advance(millis(10));
    // Another peer comes up, and then the first one again and again: neither prolongs the wait.
    cast.establish(3);
    cast.lone.advance(millis(10));
    assert_eq!(cast.lone.take_written(cast.program), "done\n");
}

#[test]
fn a_session_that_ends_in_its_rest_is_waited_for_no_longer() {
    let mut cast = resting_cast(REST);
    let peer = cast.establish(2);
    assert_eq!(cast.say(&[&format!("announce {A}")]), "");
    cast.lone.feed(Input::Closed { stream: peer, how: ClosedKind::ReadEnd });
    assert_eq!(cast.lone.take_written(cast.program), "done\n");
}

#[test]
fn a_peer_that_is_not_there_delays_no_answer() {
    let mut cast = resting_cast(REST);
    let before: Instant = cast.lone.at;
    assert_eq!(cast.say(&[&format!("announce {A}"), "clear adj-rib out"]), "done\ndone\n");
    assert_eq!(cast.lone.at, before);
}

/// A route whose communities alone fill a message without RFC 8654.
fn too_large(route: &str) -> String {
    let communities = (0..1100).map(|n| format!("65000:{n}")).collect::<Vec<_>>().join(" ");
    format!("announce {route} community [ {communities} ]")
}

fn warnings(cast: &mut Cast) -> Vec<String> {
    let events = std::mem::take(&mut cast.lone.events);
    let of_routes = |text: &String| text.starts_with("is not sent ") || text.starts_with("is sent ");
    events.into_iter().map(|event| event.text).filter(of_routes).collect()
}

#[test]
fn a_route_that_fits_no_message_is_named_in_the_log_and_not_shown_as_announced() {
    let (mut cast, peer) = cast();
    assert_eq!(cast.say(&[&too_large(A), &format!("announce {B}")]), "done\ndone\n");
    let heard = cast.heard(peer);
    assert!(heard.len() == 1 && announces(&heard[0], NLRI_B), "{heard:?}");
    let why = "is not sent 10.1.0.0/24: with its attributes it is a message of 4452 octets, and those of this session have at most 4096";
    assert_eq!(warnings(&mut cast), [why]);
    let shown = cast.say(&["neighbor 10.0.0.2 show adj-rib out"]);
    assert!(!shown.contains("10.1.0.0") && shown.contains("10.2.0.0"), "{shown}");
    assert_eq!(
        cast.lone.speaker.poll_timeout().map(|at| at > cast.lone.at),
        Some(true),
        "and nobody is busy"
    );
    // It is named once it is of another size.
    cast.say(&[&format!("announce {A}")]);
    assert!(cast.heard(peer).iter().any(|message| announces(message, NLRI_A)));
}

#[test]
fn a_route_that_has_become_too_large_is_withdrawn_from_a_peer_that_knows_it() {
    let (mut cast, peer) = cast();
    cast.say(&[&format!("announce {A}")]);
    cast.heard(peer);
    assert_eq!(cast.say(&[&too_large(A)]), "done\n");
    let heard = cast.heard(peer);
    assert!(heard.len() == 1 && withdraws(&heard[0], NLRI_A), "{heard:?}");
}

#[test]
fn a_next_hop_of_another_family_is_warned_of_once_a_session() {
    let (mut cast, peer) = cast();
    for route in ["10.1.0.0/24", "10.2.0.0/24"] {
        cast.say(&[&format!("announce route {route} next-hop 2001:db8::1")]);
    }
    assert_eq!(cast.heard(peer).len(), 2, "sent as ExaBGP sends it");
    let warned = warnings(&mut cast);
    assert!(
        warned.len() == 1 && warned[0].starts_with("is sent 10.1.0.0/24 with the next hop 2001:db8::1"),
        "{warned:?}"
    );
}
