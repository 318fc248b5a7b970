//! What a program does, and what becomes of it.

use alloc::{format, vec};

use holdtime_host::{CloseKind, ExitStatus, IoError};

use super::super::input::ClosedKind;
use super::instance::PATIENCE;
use super::output::{COMMANDS_WAIT, EVENTS_LOST};
use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn stream(n: u64) -> StreamId {
    StreamId::opened(n)
}

fn process(name: &str, respawn: bool) -> Process {
    Process { name: name.to_string(), run: vec!["./run".to_string()], encoder: Encoder::Text, respawn }
}

/// A program that runs on stream 0.
fn running(respawn: bool) -> Programs {
    let mut programs = Programs::default();
    programs.configure(at(0), ProgramSettings::default(), &[process("p", respawn)], None, false);
    assert_eq!(programs.poll_start().as_deref(), Some("p"));
    programs.start(at(0), "p", stream(0));
    programs.started(at(0), stream(0), 42);
    drop(actions(&mut programs));
    programs
}

fn actions(programs: &mut Programs) -> Vec<Action> {
    core::iter::from_fn(|| programs.poll_action()).collect()
}

fn events(programs: &mut Programs) -> Vec<String> {
    core::iter::from_fn(|| programs.poll_event()).map(|event| event.text).collect()
}

fn now(millis: u64) -> Now {
    Now { monotonic: at(millis), ..Now::default() }
}

/// Reads everything that waits for the program.
fn read(programs: &mut Programs, stream: StreamId) -> String {
    let mut text = String::new();
    while let Some(bytes) = programs.poll_transmit(stream) {
        text.push_str(core::str::from_utf8(bytes).expect("text"));
        let count = bytes.len();
        programs.sent(now(0), stream, count);
    }
    text
}

const ENDED: ExitStatus = ExitStatus::Code(1);

#[test]
fn a_program_that_dies_is_started_again_five_times_a_minute_and_no_more() {
    let mut programs = running(true);
    for death in 0..5 {
        programs.closed(at(death), stream(death), ClosedKind::ReadEnd);
        programs.exited(at(death), stream(death), ENDED);
        assert_eq!(programs.poll_start().as_deref(), Some("p"), "death {death}");
        programs.start(at(death), "p", stream(death + 1));
        programs.started(at(death), stream(death + 1), 42);
    }
    programs.exited(at(10), stream(5), ENDED);
    programs.closed(at(10), stream(5), ClosedKind::ReadEnd);
    assert_eq!(programs.poll_start(), None);
    assert!(events(&mut programs).last().expect("an event").contains("dies too often"));
    assert!(programs.is_done());
}

#[test]
fn a_program_that_lives_for_a_minute_between_deaths_is_always_started_again() {
    let mut programs = running(true);
    for death in 0..20 {
        programs.closed(at(death * 64_000), stream(death), ClosedKind::ReadEnd);
        programs.exited(at(death * 64_000), stream(death), ENDED);
        assert_eq!(programs.poll_start().as_deref(), Some("p"), "death {death}");
        programs.start(at(death * 64_000), "p", stream(death + 1));
        programs.started(at(death * 64_000), stream(death + 1), 42);
    }
}

#[test]
fn a_program_without_respawn_is_left_dead() {
    let mut programs = running(false);
    programs.exited(at(5), stream(0), ENDED);
    assert_eq!(programs.poll_timeout(), Some(at(1_005)), "its last words are waited for");
    programs.handle_timeout(at(1_005));
    assert_eq!(programs.poll_start(), None);
    assert_eq!(
        actions(&mut programs).last(),
        Some(&Action::Close { stream: stream(0), how: CloseKind::Graceful })
    );
    assert!(!programs.has_lost_required());
}

#[test]
fn what_a_program_wrote_before_it_died_is_carried_out() {
    let mut programs = running(false);
    programs.exited(at(5), stream(0), ENDED);
    programs.received(Instant::ZERO, stream(0), b"announce route 10.0.0.0/8 next-hop self\n");
    assert!(programs.take_line(stream(0)).is_some());
    programs.closed(at(6), stream(0), ClosedKind::ReadEnd);
    assert!(!programs.owns(stream(0)));
}

#[test]
fn a_command_of_the_run_that_died_is_not_answered_to_the_next_one() {
    let mut programs = running(true);
    programs.received(Instant::ZERO, stream(0), b"version\nunfinished");
    assert_eq!(programs.take_line(stream(0)).as_deref(), Some("version"));
    programs.closed(at(1), stream(0), ClosedKind::ReadEnd);
    programs.exited(at(1), stream(0), ENDED);
    let name = programs.poll_start().expect("it is started again");
    programs.start(at(1), &name, stream(1));
    programs.started(at(1), stream(1), 43);
    programs.acknowledge(stream(0), true);
    programs.received(Instant::ZERO, stream(1), b"help\n");
    assert_eq!(programs.take_line(stream(1)).as_deref(), Some("help"));
    assert_eq!(read(&mut programs, stream(1)), "");
}

#[test]
fn a_program_that_closes_its_output_is_ended_first_gently() {
    let mut programs = running(true);
    drop(events(&mut programs));
    programs.closed(at(7), stream(0), ClosedKind::ReadEnd);
    let signal = |signal| Action::StopProgram { stream: stream(0), signal };
    assert_eq!(programs.poll_timeout(), Some(at(107)), "it may be about to end by itself");
    programs.handle_timeout(at(107));
    assert!(actions(&mut programs).contains(&signal(ProgramSignal::Terminate)));
    assert_eq!(events(&mut programs), ["has closed its standard output and runs on: it is ended"]);
    assert_eq!(programs.poll_timeout(), Some(at(2_107)));
    programs.handle_timeout(at(2_107));
    assert_eq!(actions(&mut programs), [signal(ProgramSignal::Kill)]);
    programs.exited(at(2_108), stream(0), ExitStatus::Signal(9));
    assert_eq!(programs.poll_start().as_deref(), Some("p"));
}

#[test]
fn at_the_end_every_program_is_told_then_terminated_then_killed() {
    let mut programs = running(true);
    programs.shut_down(now(10));
    assert_eq!(programs.poll_stream(), Some(stream(0)));
    assert_eq!(programs.poll_timeout(), Some(at(110)), "it may take 100 ms to read that");
    assert_eq!(read(&mut programs, stream(0)), "shutdown 0 0\n\n");
    let terminate = Action::StopProgram { stream: stream(0), signal: ProgramSignal::Terminate };
    assert!(!actions(&mut programs).contains(&terminate), "it has had no time to read what is in its pipe");
    programs.handle_timeout(at(110));
    assert!(actions(&mut programs).contains(&terminate));
    assert!(!programs.is_done());
    programs.exited(at(120), stream(0), ExitStatus::Signal(15));
    assert!(programs.is_done());
    assert_eq!(programs.poll_start(), None);
}

#[test]
fn a_program_that_never_reads_is_no_longer_read_from_and_then_loses_events_but_no_answers() {
    let mut programs = running(true);
    programs.received(Instant::ZERO, stream(0), b"version\n".repeat(20_000).as_slice());
    let mut answered = 0;
    while programs.take_line(stream(0)).is_some() {
        programs.answer(stream(0), "exabgp 5.0.15");
        answered += 1;
    }
    programs.update_interest(stream(0));
    assert!(answered < 20_000 && answered * 14 >= COMMANDS_WAIT, "{answered} were answered");
    let unread = Action::Interest { stream: stream(0), read: false, write: false };
    assert_eq!(actions(&mut programs), [unread], "its commands are no longer read");

    let event = "z".repeat(999);
    for _ in 0..10_000 {
        programs.tell(now(0), "p", &event);
    }
    assert_eq!(events(&mut programs).len(), 2, "started, and that events are lost, once");
    let queued = read(&mut programs, stream(0));
    assert!(queued.len() <= EVENTS_LOST + 2_000, "{} octets were queued", queued.len());
    assert_eq!(queued.matches("exabgp 5.0.15\n").count(), answered);
    let told = queued.matches('z').count() / 999;
    assert_eq!(
        queued.lines().find(|line| line.starts_with("lost")),
        Some(format!("lost {} events", 10_000 - told).as_str())
    );
    let wanted = Action::Interest { stream: stream(0), read: true, write: false };
    assert_eq!(actions(&mut programs), [wanted], "once it has read, it is read from again");
}

#[test]
fn an_answer_is_owed_since_the_command_came_and_not_for_half_a_line() {
    let mut programs = running(true);
    let since = |programs: &Programs| programs.obligations().map(|owed| owed.since).collect::<Vec<_>>();
    programs.received(at(3), stream(0), b"vers");
    assert_eq!(since(&programs), []);
    programs.received(at(4), stream(0), b"ion\nhelp\n");
    programs.received(at(5), stream(0), b"version\n");
    assert_eq!(since(&programs), [at(3)]);
    assert!(programs.take_line(stream(0)).is_some());
    assert_eq!(since(&programs), [at(4)]);
    assert!(programs.take_line(stream(0)).is_some());
    assert_eq!(since(&programs), [at(5)]);
    assert!(programs.take_line(stream(0)).is_some());
    assert_eq!(since(&programs), []);
}

#[test]
fn that_a_program_reads_nothing_is_told_once_and_that_it_reads_again() {
    let mut programs = running(true);
    programs.tell(now(1), "p", "an event");
    events(&mut programs);
    assert_eq!(programs.poll_timeout(), Some(at(1) + PATIENCE));
    programs.handle_timeout(at(1) + PATIENCE);
    programs.handle_timeout(at(1) + PATIENCE + PATIENCE);
    let told = events(&mut programs);
    assert!(matches!(told.as_slice(), [one] if one.contains("has read nothing for 5 s")), "{told:?}");
    assert_eq!(programs.poll_timeout(), None);
    programs.sent(now(20_000), stream(0), 9);
    assert_eq!(events(&mut programs), ["reads again"]);
}

#[test]
fn a_program_that_closed_its_input_still_commands() {
    let mut programs = running(true);
    programs.closed(at(1), stream(0), ClosedKind::WriteEnd);
    programs.received(Instant::ZERO, stream(0), b"version\n");
    assert_eq!(programs.take_line(stream(0)).as_deref(), Some("version"));
    programs.acknowledge(stream(0), true);
    assert_eq!(programs.poll_transmit(stream(0)), None);
}

#[test]
fn a_reload_starts_what_is_new_and_ends_what_is_gone_and_leaves_the_rest() {
    let mut programs = running(true);
    let settings = ProgramSettings::default();
    programs.configure(at(5), settings, &[process("p", true), process("q", true)], None, false);
    assert_eq!(programs.poll_start().as_deref(), Some("q"));
    assert_eq!(programs.poll_start(), None);
    programs.start(at(5), "q", stream(1));
    programs.configure(at(6), settings, &[process("q", true)], None, false);
    let ended = |programs: &mut Programs| {
        let stops = |action: &Action| matches!(action, Action::StopProgram { .. });
        actions(programs).into_iter().filter(stops).collect::<Vec<_>>()
    };
    assert_eq!(
        ended(&mut programs),
        [],
        "it has had no time to read the answer to what it may have asked for"
    );
    programs.handle_timeout(at(106));
    assert_eq!(
        ended(&mut programs),
        [Action::StopProgram { stream: stream(0), signal: ProgramSignal::Terminate }]
    );
    programs.exited(at(107), stream(0), ENDED);
    assert_eq!(programs.poll_start(), None, "what was ended is not started again");
}

#[test]
fn a_line_that_cannot_be_read_is_an_error_and_the_next_one_is_not() {
    let mut programs = running(true);
    programs.received(Instant::ZERO, stream(0), b"\xff\xff\nversion\n");
    assert_eq!(programs.take_line(stream(0)).as_deref(), Some("version"));
    assert_eq!(read(&mut programs, stream(0)), "error\n");
}

#[test]
fn a_reset_takes_back_a_long_answer_and_what_waits_behind_it() {
    let mut programs = running(true);
    programs.set_task(stream(0), Task::Lines(VecDeque::new()));
    programs.received(Instant::ZERO, stream(0), b"help\n");
    assert_eq!(programs.take_line(stream(0)), None, "it waits its turn");
    programs.received(Instant::ZERO, stream(0), b"reset\nversion\n");
    assert_eq!(programs.take_line(stream(0)).as_deref(), Some("version"));
}

#[test]
fn a_program_that_cannot_be_started_is_reported_once() {
    let mut programs = Programs::default();
    let settings = ProgramSettings { terminate: true, ..ProgramSettings::default() };
    programs.configure(at(0), settings, &[process("p", true)], None, false);
    let name = programs.poll_start().expect("a start");
    programs.start(at(0), &name, stream(0));
    programs.failed(at(0), stream(0), IoError::NotFound);
    assert_eq!(events(&mut programs), ["could not be started: no such file or program"]);
    assert_eq!(programs.poll_start(), None);
    assert!(programs.has_lost_required());
}

#[test]
fn a_program_that_could_not_be_started_for_want_of_something_is_tried_again_and_that_is_said_once() {
    let settings = ProgramSettings { terminate: true, ..ProgramSettings::default() };
    for shortage in [IoError::TooManyFiles, IoError::WouldBlock] {
        let mut programs = Programs::default();
        programs.configure(at(0), settings, &[process("p", false)], None, false);
        for attempt in 0..3 {
            programs.handle_timeout(at(1_000 * attempt));
            assert_eq!(programs.poll_start().as_deref(), Some("p"), "attempt {attempt}");
            programs.start(at(1_000 * attempt), "p", stream(attempt));
            programs.failed(at(1_000 * attempt), stream(attempt), shortage);
            assert_eq!(programs.poll_timeout(), Some(at(1_000 * attempt + 1_000)));
        }
        let said = format!("could not be started: {shortage}; it is tried again until it can be");
        assert_eq!(events(&mut programs), [said]);
        assert!(!programs.has_lost_required());
        programs.handle_timeout(at(3_000));
        assert_eq!(programs.poll_start().as_deref(), Some("p"));
        assert_eq!(programs.poll_timeout(), None, "it was asked for");
        programs.start(at(3_000), "p", stream(9));
        programs.started(at(3_000), stream(9), 42);
        assert_eq!(events(&mut programs), ["started, process 42"]);
        programs.handle_timeout(at(9_000));
        assert_eq!(programs.poll_start(), None);
    }
}

#[test]
fn a_program_that_waits_for_its_next_attempt_does_not_hold_up_the_end() {
    let mut programs = Programs::default();
    programs.configure(at(0), ProgramSettings::default(), &[process("p", true)], None, false);
    programs.poll_start();
    programs.start(at(0), "p", stream(0));
    programs.failed(at(0), stream(0), IoError::TooManyFiles);
    programs.shut_down(now(10));
    programs.handle_timeout(at(2_000));
    assert!(programs.is_done() && programs.poll_timeout().is_none());
}
