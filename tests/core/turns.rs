//! A turn is bounded by work: whatever a program asks for, sessions have their turns in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::{Lone, keepalive, neighbor, now, open, setup};
use holdtime_core::Duration;
use holdtime_core::config::ConfigText;
use holdtime_core::rib::MAX_WORK;
use holdtime_core::speaker::{Action, ExitStatus, Input, Memory, StreamId};

const NEIGHBORS: usize = 16;
const ROUTES: usize = 2_000;
/// No turn works on more routes: what it carries out, what it sends, and the last UPDATE that is filled.
const MOST: u64 = 3 * MAX_WORK as u64;

/// A program and this many neighbors, in session.
struct Cast {
    lone: Lone,
    program: StreamId,
    sessions: Vec<StreamId>,
}

impl Cast {
    fn new(options: &str) -> Self {
        let mut lone = Lone::new(setup(&config(options, 0..NEIGHBORS)));
        lone.advance(Duration::ZERO);
        let program = lone.start_program();
        let mut sessions = vec![];
        for n in 0..NEIGHBORS {
            let stream = lone.accept_from(&peer(n));
            lone.receive(stream, &open(65_000, 180, [10, 0, 0, n as u8 + 2]));
            lone.receive(stream, &keepalive());
            sessions.push(stream);
        }
        lone.advance(Duration::ZERO);
        lone.take_sent();
        Self { lone, program, sessions }
    }

    /// A cast whose peers have got all routes from its program.
    fn with_routes() -> Self {
        let mut cast = Self::new("");
        cast.say(&lines("announce"));
        assert_eq!(cast.lone.take_written(cast.program), "done\n".repeat(ROUTES));
        cast.lone.take_sent();
        cast
    }

    /// Has the program write, and lets the speaker go on, turn by turn, until nothing is left to be done at once. Returns how many turns
    /// that took, and the most routes that one of them worked on.
    fn say(&mut self, text: &str) -> (usize, u64) {
        let before = self.lone.speaker.routes_handled();
        self.lone
            .speaker
            .handle_input(now(self.lone.at), Input::Received { stream: self.program, data: text.as_bytes() });
        self.go_on(before)
    }

    fn go_on(&mut self, mut before: u64) -> (usize, u64) {
        let (mut turns, mut most) = (1, 0);
        loop {
            let after = self.lone.speaker.routes_handled();
            most = most.max(after - before);
            self.lone.drain_counting(&mut most);
            if self.lone.speaker.poll_timeout().is_none_or(|deadline| deadline > self.lone.at) {
                return (turns, most);
            }
            before = self.lone.speaker.routes_handled();
            self.lone.speaker.handle_input(now(self.lone.at), Input::Timeout);
            turns += 1;
        }
    }

    fn announced(&self) -> Vec<usize> {
        self.lone.speaker.neighbors().map(|neighbor| neighbor.adj_rib_out.len()).collect()
    }

    /// How many messages each peer was sent.
    fn messages(&self) -> Vec<usize> {
        let to = |session: &StreamId| self.lone.sent.iter().filter(|(to, _)| to == session).count();
        self.sessions.iter().map(to).collect()
    }
}

fn peer(n: usize) -> String {
    format!("10.0.0.{}", n + 2)
}

/// A program and these neighbors.
fn config(options: &str, neighbors: impl Iterator<Item = usize>) -> String {
    let options = format!("passive true; api {{ processes [ p ]; }} {options}");
    let neighbors: String = neighbors.map(|n| neighbor("10.0.0.1", &peer(n), &options)).collect();
    format!("process p {{ run /bin/cat; encoder text; }}\n{neighbors}")
}

/// So many routes of a configuration that wait for the watchdog `dog`.
fn watched() -> String {
    let route =
        |n| format!("route 10.{}.{}.0/24 next-hop 192.0.2.1 watchdog dog withdraw;\n", n / 256, n % 256);
    let routes: String = (0..ROUTES).map(route).collect();
    format!("static {{ {routes} }}")
}

/// A line for each route.
fn lines(verb: &str) -> String {
    let line = |n| format!("{verb} route 10.{}.{}.0/24 next-hop 192.0.2.1\n", n / 256, n % 256);
    (0..ROUTES).map(line).collect()
}

#[test]
fn what_a_program_writes_in_one_go_for_many_neighbors_takes_several_turns_and_is_packed_as_in_one() {
    let mut cast = Cast::new("");
    let (turns, most) = cast.say(&lines("announce"));
    assert!(turns > NEIGHBORS * ROUTES / MAX_WORK, "{turns} turns");
    assert!(most <= MOST, "{most} routes in one turn");
    assert_eq!(cast.announced(), [ROUTES; NEIGHBORS]);
    assert_eq!(cast.messages(), [2; NEIGHBORS], "as few UPDATEs as hold the routes");
    assert_eq!(cast.lone.take_written(cast.program), "done\n".repeat(ROUTES));
}

#[test]
fn a_session_is_served_between_two_slices_of_what_a_program_asks_for() {
    for command in [lines("announce"), "clear adj-rib out\n".to_owned()] {
        let mut cast = Cast::with_routes();
        let input = Input::Received { stream: cast.program, data: command.as_bytes() };
        cast.lone.speaker.handle_input(now(cast.lone.at), input);
        cast.lone.drain();
        assert_eq!(cast.lone.take_written(cast.program), "", "it takes longer than this");
        // An OPEN in session is a mistake, of which the peer is told at once.
        let session = cast.sessions[NEIGHBORS - 1];
        cast.lone.receive(session, &open(65_000, 180, [10, 0, 0, 9]));
        assert!(cast.lone.take_sent().iter().any(|message| message.starts_with("0305")), "a NOTIFICATION");
        cast.go_on(cast.lone.speaker.routes_handled());
        assert!(cast.lone.take_written(cast.program).ends_with("done\n"));
    }
}

#[test]
fn a_clear_goes_over_the_tables_a_slice_at_a_time_and_is_answered_when_all_is_withdrawn() {
    let mut cast = Cast::with_routes();
    let (turns, most) = cast.say("clear adj-rib out\n");
    assert!(turns > NEIGHBORS * ROUTES / MAX_WORK, "{turns} turns");
    assert!(most <= MOST, "{most} routes in one turn");
    assert_eq!(cast.announced(), [0; NEIGHBORS]);
    assert_eq!(cast.messages(), [2; NEIGHBORS]);
    assert_eq!(cast.lone.take_written(cast.program), "done\n");
}

#[test]
fn what_a_clear_withdraws_is_sent_while_it_goes_on() {
    let mut cast = Cast::with_routes();
    let data = b"clear adj-rib out\n";
    cast.lone.speaker.handle_input(now(cast.lone.at), Input::Received { stream: cast.program, data });
    let mut most = 0;
    while cast.lone.speaker.poll_timeout().is_some_and(|deadline| deadline <= cast.lone.at) {
        cast.lone.drain();
        most = most.max(cast.lone.speaker.neighbors().map(|neighbor| neighbor.adj_rib_out.pending()).sum());
        cast.lone.speaker.handle_input(now(cast.lone.at), Input::Timeout);
    }
    assert!(most < NEIGHBORS * ROUTES / 2, "{most} withdrawals wait at once");
    assert_eq!(cast.announced(), [0; NEIGHBORS]);
}

#[test]
fn a_clear_is_carried_out_to_its_end_though_its_program_ends() {
    let mut cast = Cast::with_routes();
    let data = b"clear adj-rib out\n";
    cast.lone.speaker.handle_input(now(cast.lone.at), Input::Received { stream: cast.program, data });
    cast.lone.feed(Input::ProgramExited { stream: cast.program, status: ExitStatus::Code(0) });
    cast.lone.advance(Duration::from_secs(5));
    assert!(cast.lone.take_actions().iter().any(|action| matches!(action, Action::Close { .. })));
    assert_eq!(cast.announced(), [0; NEIGHBORS]);
    assert!(cast.lone.speaker.neighbors().all(|neighbor| !neighbor.adj_rib_out.has_pending()));
}

#[test]
fn a_route_that_is_announced_while_a_clear_is_under_way_stays() {
    let mut cast = Cast::with_routes();
    let say = |cast: &mut Cast, data: &[u8]| {
        cast.lone.speaker.handle_input(now(cast.lone.at), Input::Received { stream: cast.program, data });
    };
    say(&mut cast, b"clear adj-rib out\n");
    assert!(cast.announced()[0] < ROUTES && cast.announced()[NEIGHBORS - 1] == ROUTES);
    say(&mut cast, b"announce route 10.0.1.0/24 next-hop 192.0.2.1\n");
    cast.go_on(0);
    assert_eq!(cast.announced(), [1; NEIGHBORS]);
    assert_eq!(cast.lone.take_written(cast.program), "done\ndone\n");
}

#[test]
fn a_watchdog_switches_its_routes_a_slice_at_a_time() {
    let mut cast = Cast::new(&watched());
    for (command, expected) in [("announce", ROUTES), ("withdraw", 0)] {
        let (turns, most) = cast.say(&format!("{command} watchdog dog\n"));
        assert!(turns > NEIGHBORS * ROUTES / MAX_WORK, "{turns} turns");
        assert!(most <= MOST, "{most} routes in one turn");
        assert_eq!(cast.announced(), [expected; NEIGHBORS]);
        assert_eq!(cast.messages(), [2; NEIGHBORS]);
        cast.lone.take_sent();
        assert_eq!(cast.lone.take_written(cast.program), "done\n");
    }
}

#[test]
fn a_neighbor_that_goes_in_the_middle_of_a_watchdog_takes_none_of_the_next_ones_routes_along() {
    let options = watched();
    let mut cast = Cast::new(&options);
    let before = cast.lone.speaker.routes_handled();
    let data = b"announce watchdog dog\n";
    cast.lone.speaker.handle_input(now(cast.lone.at), Input::Received { stream: cast.program, data });
    let middle = cast.announced().iter().position(|known| (1..ROUTES).contains(known)).unwrap();
    let text = config(&options, (0..NEIGHBORS).filter(|n| *n != middle));
    cast.lone
        .speaker
        .handle_input(now(cast.lone.at), Input::Reload(Ok(ConfigText { name: "test.conf".into(), text })));
    cast.go_on(before);
    assert_eq!(cast.announced(), [ROUTES; NEIGHBORS - 1]);
}
