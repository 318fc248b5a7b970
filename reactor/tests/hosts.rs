//! What `Host` promises, on both real hosts: every scenario here runs on mio and on tokio, over loopback and real pipes.

#![allow(clippy::unwrap_used, reason = "a failed call is a failed test")]

use holdtime_host::{
    CloseKind, ExitStatus, IoError, ListenOptions, ListenerId, PipePaths, ProgramSignal, ProgramSpec,
    StreamId, TcpOptions,
};

use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;

use holdtime_core::time::Duration;
use holdtime_reactor::mio_host::run_blocking;
use holdtime_reactor::tokio_host::run_tokio;
use holdtime_reactor::turns::yield_now;
use holdtime_reactor::{AsyncHost, Host, HostOptions, MioHost, Ready};

/// Far longer than anything here takes; reached only by a failure.
const PATIENCE: Duration = Duration::from_secs(5);

const LISTENER: ListenerId = ListenerId(1);
const DIALLED: StreamId = StreamId::opened(1);
const ACCEPTED: StreamId = StreamId::accepted(1);
const PROGRAM: StreamId = StreamId::opened(2);

/// A machine without a folder of its own and without a log.
fn nowhere() -> HostOptions {
    HostOptions::new(PathBuf::new(), |_| {})
}

macro_rules! on_both_hosts {
    ($($name:ident)*) => {
        mod mio {
            $(#[test] fn $name() { super::run_blocking(super::$name(&super::MioHost::new(super::nowhere()).unwrap())); })*
        }
        mod tokio {
            $(#[test] fn $name() { super::run_tokio(super::nowhere(), |host| async move { super::$name(&host).await }).unwrap(); })*
        }
    };
}

on_both_hosts! {
    both_ends_of_a_connection_know_each_other
    bytes_and_the_end_arrive_in_order
    a_refused_connection_is_told_and_forgotten
    a_port_in_use_is_told
    nothing_is_reported_that_is_not_wanted
    what_is_readable_is_reported_until_it_was_read
    a_deadline_ends_the_wait_with_nothing_ready
    a_full_pipe_would_block_and_becomes_writable_again
    a_graceful_close_delivers_what_was_written_although_input_lies_unread
    a_reset_is_told_as_one
    a_program_answers_and_its_end_is_reported_after_its_pipes_are_closed
    a_program_that_closes_its_standard_input_breaks_the_pipe_and_nothing_else
    a_program_that_closes_its_standard_output_is_read_to_its_end
    a_signal_reaches_the_whole_process_group
    a_missing_program_is_not_found
    a_program_is_looked_for_in_the_folder_of_the_configuration
    named_pipes_outlive_their_clients
    a_listener_that_rests_leaves_the_connection_waiting
    calls_on_an_unknown_stream_say_so
}

#[test]
fn a_program_that_writes_without_end_keeps_tokio_from_noticing_nobody() {
    let rounds = run_tokio(nowhere(), |host| async move {
        connection(&host).await;
        start(&host, "yes");
        host.set_interest(PROGRAM, true, false);
        host.set_interest(ACCEPTED, true, false);
        let rounds = Rc::new(Cell::new(0));
        drop(host.spawn(read_for_ever(host.clone(), rounds.clone())));
        while rounds.get() < 100 {
            yield_now().await;
        }
        assert_eq!(host.read(ACCEPTED, &mut [0]), Err(IoError::WouldBlock));
        host.write(DIALLED, b"notice me").unwrap();
        let before = rounds.get();
        host.readable(ACCEPTED).await.unwrap();
        rounds.get() - before
    });
    let rounds = rounds.unwrap();
    assert!(rounds < 10, "its output was read {rounds} times before anybody looked");
}

/// Reads what a program writes, an octet at a time, so that there always is more; counts how often.
async fn read_for_ever<H: AsyncHost>(host: H, rounds: Rc<Cell<u32>>) {
    while host.readable(PROGRAM).await.is_ok() {
        if host.read(PROGRAM, &mut [0]) == Ok(1) {
            rounds.set(rounds.get() + 1);
        }
        yield_now().await;
    }
}

async fn both_ends_of_a_connection_know_each_other<H: Host>(host: &H) {
    let address = listen(host);
    host.connect(DIALLED, None, address, &TcpOptions::default()).unwrap();
    until(host, Ready::Connected(DIALLED)).await;
    let dialled = host.finish_connect(DIALLED).unwrap();
    until(host, Ready::Acceptable(LISTENER)).await;
    let accepted = host.accept(LISTENER, ACCEPTED).unwrap();
    assert_eq!((dialled.local, dialled.remote), (accepted.remote, accepted.local));
    assert_eq!(dialled.remote, address);
    assert_eq!(host.accept(LISTENER, StreamId::accepted(2)), Err(IoError::WouldBlock));
}

async fn bytes_and_the_end_arrive_in_order<H: Host>(host: &H) {
    connection(host).await;
    assert_eq!(host.write(DIALLED, b"hold"), Ok(4));
    assert_eq!(host.write(DIALLED, b"time"), Ok(4));
    host.shutdown(DIALLED);
    assert_eq!(read_to_end(host, ACCEPTED).await, b"holdtime");
    assert_eq!(host.write(ACCEPTED, b"and back"), Ok(8));
    assert_eq!(read_some(host, DIALLED).await, b"and back");
}

async fn a_refused_connection_is_told_and_forgotten<H: Host>(host: &H) {
    let address = listen(host);
    host.unlisten(LISTENER);
    let outcome = match host.connect(DIALLED, None, address, &TcpOptions::default()) {
        Err(error) => Err(error),
        Ok(()) => {
            until(host, Ready::Connected(DIALLED)).await;
            host.finish_connect(DIALLED)
        }
    };
    assert_eq!(outcome, Err(IoError::ConnectionRefused));
    assert_eq!(host.finish_connect(DIALLED), Err(IoError::NotConnected));
}

async fn a_port_in_use_is_told<H: Host>(host: &H) {
    let address = listen(host);
    let second = host.listen(ListenerId(2), address, &ListenOptions::default());
    assert_eq!(second, Err(IoError::AddressInUse));
}

async fn nothing_is_reported_that_is_not_wanted<H: Host>(host: &H) {
    connection(host).await;
    host.write(DIALLED, b"unread").unwrap();
    let ready = wait(host, Duration::from_millis(50)).await;
    assert!(!ready.iter().any(|ready| matches!(ready, Ready::Readable(_) | Ready::Writable(_))), "{ready:?}");
    host.set_interest(ACCEPTED, true, false);
    until(host, Ready::Readable(ACCEPTED)).await;
}

async fn what_is_readable_is_reported_until_it_was_read<H: Host>(host: &H) {
    connection(host).await;
    host.write(DIALLED, b"two").unwrap();
    host.set_interest(ACCEPTED, true, false);
    until(host, Ready::Readable(ACCEPTED)).await;
    let mut octet = [0];
    assert_eq!(host.read(ACCEPTED, &mut octet), Ok(1));
    until(host, Ready::Readable(ACCEPTED)).await;
    assert_eq!(read_some(host, ACCEPTED).await, b"wo");
    assert_eq!(host.read(ACCEPTED, &mut octet), Err(IoError::WouldBlock));
    let ready = wait(host, Duration::from_millis(20)).await;
    assert!(!ready.contains(&Ready::Readable(ACCEPTED)), "{ready:?}");
}

async fn a_deadline_ends_the_wait_with_nothing_ready<H: Host>(host: &H) {
    let before = host.now().monotonic;
    let deadline = before + Duration::from_millis(30);
    let mut ready = vec![Ready::Readable(DIALLED)];
    // The end of another test's program may wake this host too.
    while host.now().monotonic < deadline {
        host.wait(Some(deadline), &mut ready).await;
        assert_eq!(ready, []);
    }
    host.wait(Some(before), &mut ready).await;
    assert_eq!(ready, []);
}

async fn a_full_pipe_would_block_and_becomes_writable_again<H: Host>(host: &H) {
    connection(host).await;
    let chunk = [7; 64 * 1024];
    let mut written = 0;
    let full = loop {
        match host.write(DIALLED, &chunk) {
            Ok(count) => written += count,
            Err(error) => break error,
        }
    };
    assert_eq!(full, IoError::WouldBlock);
    host.set_interest(DIALLED, false, true);
    host.set_interest(ACCEPTED, true, false);
    let (mut read, mut into, mut writable) = (0, vec![0; 1 << 20], false);
    while read < written {
        let ready = wait(host, PATIENCE).await;
        writable |= ready.contains(&Ready::Writable(DIALLED));
        match host.read(ACCEPTED, &mut into) {
            Ok(count) => read += count,
            Err(error) => assert_eq!(error, IoError::WouldBlock),
        }
    }
    if !writable {
        until(host, Ready::Writable(DIALLED)).await;
    }
    assert!(host.write(DIALLED, &chunk).is_ok());
}

async fn a_graceful_close_delivers_what_was_written_although_input_lies_unread<H: Host>(host: &H) {
    connection(host).await;
    host.write(ACCEPTED, b"nobody reads this").unwrap();
    host.set_interest(DIALLED, true, false);
    until(host, Ready::Readable(DIALLED)).await;
    host.write(DIALLED, b"the last word").unwrap();
    host.close(DIALLED, CloseKind::Graceful);
    assert_eq!(read_to_end(host, ACCEPTED).await, b"the last word");
}

async fn a_reset_is_told_as_one<H: Host>(host: &H) {
    connection(host).await;
    host.close(DIALLED, CloseKind::Reset);
    host.set_interest(ACCEPTED, true, false);
    until(host, Ready::Readable(ACCEPTED)).await;
    assert_eq!(host.read(ACCEPTED, &mut [0; 8]), Err(IoError::ConnectionReset));
}

async fn a_program_answers_and_its_end_is_reported_after_its_pipes_are_closed<H: Host>(host: &H) {
    start(host, "read line; echo \"got $line\"; read end; exit 3");
    host.write(PROGRAM, b"something\n").unwrap();
    assert_eq!(read_some(host, PROGRAM).await, b"got something\n");
    host.close(PROGRAM, CloseKind::Graceful);
    until(host, Ready::Exited(PROGRAM, ExitStatus::Code(3))).await;
}

async fn a_program_that_closes_its_standard_input_breaks_the_pipe_and_nothing_else<H: Host>(host: &H) {
    start(host, "exec 0<&-; echo closed; exec sleep 60");
    assert_eq!(read_some(host, PROGRAM).await, b"closed\n");
    // Another test's program, not yet past its exec, may hold the other end for a moment.
    let mut written = host.write(PROGRAM, b"?");
    while written.is_ok() {
        written = host.write(PROGRAM, b"?");
    }
    assert_eq!(written, Err(IoError::BrokenPipe));
    assert_eq!(host.read(PROGRAM, &mut [0; 8]), Err(IoError::WouldBlock));
    let ready = wait(host, Duration::from_millis(20)).await;
    assert!(!ready.iter().any(|ready| matches!(ready, Ready::Readable(_) | Ready::Writable(_))), "{ready:?}");
    host.signal_program(PROGRAM, ProgramSignal::Kill);
    until(host, Ready::Exited(PROGRAM, ExitStatus::Signal(9))).await;
}

async fn a_program_that_closes_its_standard_output_is_read_to_its_end<H: Host>(host: &H) {
    start(host, "echo last; exec 1>&-; read line; exit 0");
    assert_eq!(read_to_end(host, PROGRAM).await, b"last\n");
    assert_eq!(host.write(PROGRAM, b"\n"), Ok(1));
    until(host, Ready::Exited(PROGRAM, ExitStatus::Code(0))).await;
}

async fn a_signal_reaches_the_whole_process_group<H: Host>(host: &H) {
    // The shell's own child holds the pipe open too: only the death of both ends the stream.
    start(host, "sleep 60 & echo ready; wait");
    assert_eq!(read_some(host, PROGRAM).await, b"ready\n");
    host.signal_program(PROGRAM, ProgramSignal::Terminate);
    until(host, Ready::Exited(PROGRAM, ExitStatus::Signal(15))).await;
    assert_eq!(read_to_end(host, PROGRAM).await, b"");
}

async fn a_missing_program_is_not_found<H: Host>(host: &H) {
    let spec = ProgramSpec { command: vec!["./no-such-program".into()], ..ProgramSpec::default() };
    assert_eq!(host.start_program(PROGRAM, &spec), Err(IoError::NotFound));
}

async fn a_program_is_looked_for_in_the_folder_of_the_configuration<H: Host>(host: &H) {
    let folder = scratch("program");
    fs::write(folder.join("beside.conf"), "# empty").unwrap();
    std::os::unix::fs::symlink("/bin/echo", folder.join("beside")).unwrap();
    let name = folder.join("beside.conf").to_str().unwrap().to_owned();
    assert_eq!(host.read_config(&name).unwrap().text, "# empty");
    let spec = ProgramSpec {
        command: vec!["./beside".into(), "the configuration".into()],
        ..ProgramSpec::default()
    };
    host.start_program(PROGRAM, &spec).unwrap();
    assert_eq!(read_to_end(host, PROGRAM).await, b"the configuration\n");
    fs::remove_dir_all(folder).unwrap();
}

async fn named_pipes_outlive_their_clients<H: Host>(host: &H) {
    let folder = scratch("pipes");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let paths = PipePaths { read: path("in"), write: path("out") };
    host.open_pipes(PROGRAM, &paths).unwrap();
    for command in ["version\n", "help\n"] {
        fs::write(&paths.read, command).unwrap();
        assert_eq!(read_some(host, PROGRAM).await, command.as_bytes());
    }
    assert_eq!(host.write(PROGRAM, b"done\n"), Ok(5));
    fs::write(path("file"), "not a pipe").unwrap();
    let wrong = PipePaths { read: path("file"), write: path("out") };
    assert_eq!(host.open_pipes(StreamId::opened(3), &wrong), Err(IoError::Unsupported));
    fs::remove_dir_all(folder).unwrap();
}

async fn a_listener_that_rests_leaves_the_connection_waiting<H: Host>(host: &H) {
    let address = listen(host);
    host.set_accepting(LISTENER, false);
    host.connect(DIALLED, None, address, &TcpOptions::default()).unwrap();
    until(host, Ready::Connected(DIALLED)).await;
    host.finish_connect(DIALLED).unwrap();
    let ready = wait(host, Duration::from_millis(20)).await;
    assert!(!ready.contains(&Ready::Acceptable(LISTENER)), "{ready:?}");
    host.set_accepting(LISTENER, true);
    until(host, Ready::Acceptable(LISTENER)).await;
    assert!(host.accept(LISTENER, ACCEPTED).is_ok());
}

async fn calls_on_an_unknown_stream_say_so<H: Host>(host: &H) {
    assert_eq!(host.read(DIALLED, &mut [0]), Err(IoError::NotConnected));
    assert_eq!(host.write(DIALLED, b"?"), Err(IoError::NotConnected));
    assert_eq!(host.finish_connect(DIALLED), Err(IoError::NotConnected));
    assert_eq!(host.accept(LISTENER, ACCEPTED), Err(IoError::NotConnected));
    host.set_interest(DIALLED, true, true);
    host.close(DIALLED, CloseKind::Reset);
}

fn listen<H: Host>(host: &H) -> SocketAddr {
    host.listen(LISTENER, ([127, 0, 0, 1], 0).into(), &ListenOptions::default()).unwrap()
}

/// `DIALLED` and `ACCEPTED`, connected to each other.
async fn connection<H: Host>(host: &H) {
    both_ends_of_a_connection_know_each_other(host).await;
}

fn start<H: Host>(host: &H, script: &str) {
    let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    host.start_program(PROGRAM, &ProgramSpec { command, ..ProgramSpec::default() }).unwrap();
}

/// Everything that one wait finds.
async fn wait<H: Host>(host: &H, patience: Duration) -> Vec<Ready> {
    let mut ready = Vec::new();
    host.wait(Some(host.now().monotonic + patience), &mut ready).await;
    ready
}

/// Waits until `wanted` is reported.
async fn until<H: Host>(host: &H, wanted: Ready) {
    let deadline = host.now().monotonic + PATIENCE;
    let (mut ready, mut others) = (Vec::new(), Vec::<Ready>::new());
    loop {
        host.wait(Some(deadline), &mut ready).await;
        if ready.contains(&wanted) {
            return;
        }
        others.extend(ready.iter().filter(|ready| matches!(ready, Ready::Exited(..))));
        assert!(
            host.now().monotonic < deadline,
            "{wanted:?} was never reported, but {ready:?} and {others:?}"
        );
    }
}

/// What one successful read gives; empty at the end.
async fn read_some<H: Host>(host: &H, stream: StreamId) -> Vec<u8> {
    host.set_interest(stream, true, false);
    let mut into = [0; 4096];
    loop {
        until(host, Ready::Readable(stream)).await;
        match host.read(stream, &mut into) {
            Err(IoError::WouldBlock) => {}
            result => return into[..result.unwrap()].to_vec(),
        }
    }
}

async fn read_to_end<H: Host>(host: &H, stream: StreamId) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let some = read_some(host, stream).await;
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

/// A new empty folder.
fn scratch(name: &str) -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    let unique: String = thread.chars().filter(char::is_ascii_digit).collect();
    let folder = std::env::temp_dir().join(format!("holdtime-{name}-{}-{unique}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}
