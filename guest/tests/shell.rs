//! Shell programs in the lab, with nothing but a process that starts them.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic)] // a failed test stops

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use holdtime_guest::RealPrograms;
use holdtime_host::time::{Duration, Instant};
use holdtime_host::{AsyncHost, CloseKind, ExitStatus, Host, IoError, ProgramSignal, ProgramSpec, StreamId};
use holdtime_machine::guest::Guests;
use holdtime_machine::{Lab, LabSettings, SimHost};

const STREAM: StreamId = StreamId::from_u64(1);

/// What became of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    said: String,
    status: Option<ExitStatus>,
    fault: Option<String>,
    /// When its last octets came.
    at: Duration,
    hash: u64,
}

/// Runs a shell program in the lab: it is told `input`, and its input ends then.
fn play(script: &str, input: &str) -> Told {
    play_signalled(script, input, &[])
}

/// The same, and its process group is signalled at these seconds; where it is, its input stays open.
fn play_signalled(script: &str, input: &str, signals: &[(u64, ProgramSignal)]) -> Told {
    let mut lab = Lab::new(7, LabSettings::default());
    let machine = lab.add_machine(&["10.0.0.1".parse().unwrap()]);
    let host = lab.add_process(machine, "speaker");
    let told = Rc::new(RefCell::new(Told::default()));
    let fault = told.clone();
    let program = move |host: SimHost, spec: &ProgramSpec| {
        let (fault, started) = (fault.clone(), RealPrograms::of(PathBuf::from("/")).start(spec));
        let run = async move {
            let ran = match started {
                Ok(mut guest) => host.run_guest(guest.as_mut(), |_, _, _| {}).await,
                Err(fault) => Err(fault),
            };
            ran.unwrap_or_else(|why| {
                fault.borrow_mut().fault = Some(why.to_string());
                ExitStatus::Code(-1)
            })
        };
        Box::pin(run) as std::pin::Pin<Box<dyn Future<Output = ExitStatus>>>
    };
    lab.world_mut().add_program("/bin/sh", Rc::new(program));
    let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    let spec = ProgramSpec { name: "shell".to_owned(), command, environment: Vec::new() };
    let main = listen(host.clone(), spec, input.to_owned(), told.clone(), signals.to_vec());
    lab.spawn_main(&host, main);
    lab.run_until(Instant::from_secs(3_600));
    let mut told = told.borrow().clone();
    told.hash = lab.hash();
    told
}

async fn listen(
    host: SimHost,
    spec: ProgramSpec,
    input: String,
    told: Rc<RefCell<Told>>,
    signals: Vec<(u64, ProgramSignal)>,
) -> u8 {
    host.start_program(STREAM, &spec).unwrap();
    host.set_interest(STREAM, true, true);
    if !input.is_empty() {
        host.write(STREAM, input.as_bytes()).unwrap();
    }
    if signals.is_empty() {
        host.shutdown(STREAM);
    }
    let signaller = host.clone();
    let _task = host.spawn(async move {
        for (second, signal) in signals {
            signaller.sleep_until(Instant::from_secs(second)).await;
            signaller.signal_program(STREAM, signal);
        }
    });
    loop {
        host.readable(STREAM).await.unwrap();
        let mut room = [0; 4096];
        match host.read(STREAM, &mut room) {
            Ok(0) => break,
            Ok(count) => {
                told.borrow_mut().said.push_str(&String::from_utf8_lossy(&room[..count]));
                told.borrow_mut().at = host.now().monotonic.saturating_since(Instant::ZERO);
            }
            Err(IoError::WouldBlock) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    let status = host.exited(STREAM).await;
    told.borrow_mut().status = Some(status);
    host.close(STREAM, CloseKind::Graceful);
    0
}

#[test]
fn a_shell_program_reads_sleeps_and_answers_in_the_labs_time() {
    let told = play("read line; sleep 100; echo \"got $line\"; exit 3", "hello\n");
    assert_eq!(told.fault, None);
    assert_eq!((told.said.as_str(), told.status), ("got hello\n", Some(ExitStatus::Code(3))));
    assert!(told.at > Duration::from_secs(100) && told.at < Duration::from_secs(101), "{:?}", told.at);
}

#[test]
fn the_same_program_leaves_the_same_trace() {
    let script = "for i in 1 2 3; do date +%s.%N; echo $$; sleep 0.3; done; cat | tr a-z A-Z";
    let (once, twice) = (play(script, "abc\n"), play(script, "abc\n"));
    assert_eq!(once.fault, None);
    assert!(once.said.ends_with("ABC\n"), "{}", once.said);
    assert_eq!(once, twice);
}

#[test]
fn the_processes_of_a_pipeline_run_one_at_a_time_and_all_of_them_end() {
    let told = play("(sleep 5; echo one) | (read x; sleep 5; echo \"$x two\") | cat; echo three", "");
    assert_eq!((told.fault, told.said.as_str()), (None, "one two\nthree\n"));
    assert!(told.at > Duration::from_secs(10), "{:?}", told.at);
}

#[test]
fn a_child_in_the_background_is_waited_for_and_can_be_killed() {
    let told = play("sleep 5 & wait; echo waited; sleep 1000 & kill $!; wait $!; echo $?", "");
    assert_eq!((told.fault, told.said.as_str()), (None, "waited\n143\n"));
    assert!(told.at < Duration::from_secs(6), "{:?}", told.at);
}

#[test]
fn a_child_that_outlives_its_program_is_refused_by_name() {
    let told = play("sleep 1000 & echo gone", "");
    let fault = "the program /bin/sh ended and left its child sleep behind, which the lab cannot hold";
    assert_eq!(told.fault.as_deref(), Some(fault));
}

#[test]
fn a_program_that_spins_without_a_call_is_ended() {
    let told = play("while :; do :; done", "");
    let fault = "computes without end: 2 s of processor time without a call of the lab's";
    assert_eq!(told.fault.as_deref(), Some(fault));
}

#[test]
fn an_alarm_rings_in_the_labs_time() {
    let python = "import signal, time\n\
        signal.signal(signal.SIGALRM, lambda *_: print('rung', flush=True))\n\
        signal.setitimer(signal.ITIMER_REAL, 7, 0)\n\
        time.sleep(20)\nprint(signal.alarm(3), flush=True)\nsignal.pause()";
    if !Path::new("/usr/bin/python3").exists() {
        return;
    }
    let told = play(&format!("exec python3 -c \"{python}\""), "");
    assert_eq!((told.fault, told.said.as_str()), (None, "rung\n0\nrung\n"));
    assert!(told.at > Duration::from_secs(23) && told.at < Duration::from_secs(24), "{:?}", told.at);
}

const TERMINATE: (u64, ProgramSignal) = (5, ProgramSignal::Terminate);

#[test]
fn a_handler_of_sigterm_runs_in_the_labs_time() {
    let shell = "trap 'echo bye; sleep 3; echo done; exit 7' TERM; while :; do sleep 100; done";
    let told = play_signalled(shell, "", &[TERMINATE]);
    assert_eq!((told.fault, told.said.as_str()), (None, "bye\ndone\n"));
    assert_eq!(told.status, Some(ExitStatus::Code(7)));
    assert!(told.at > Duration::from_secs(8) && told.at < Duration::from_secs(9), "{:?}", told.at);
}

#[test]
fn a_handler_of_sigterm_interrupts_a_wait_for_a_line() {
    let python = "import signal, sys\n\
        def handler(*_):\n    print('told', flush=True)\n    raise SystemExit(4)\n\
        signal.signal(signal.SIGTERM, handler)\n\
        sys.stdin.readline()\nprint('never')";
    if !Path::new("/usr/bin/python3").exists() {
        return;
    }
    let told = play_signalled(&format!("exec python3 -c \"{python}\""), "", &[TERMINATE]);
    assert_eq!((told.fault, told.said.as_str()), (None, "told\n"));
    assert_eq!(told.status, Some(ExitStatus::Code(4)));
}

#[test]
fn without_a_handler_sigterm_ends_a_program_and_its_children() {
    let told = play_signalled("sleep 1000 | sleep 1000; echo never", "", &[TERMINATE]);
    assert_eq!((told.fault, told.said.as_str()), (None, ""));
    assert_eq!(told.status, Some(ExitStatus::Signal(15)));
}

#[test]
fn a_program_that_ignores_sigterm_goes_on_until_it_is_killed() {
    let killed = (9, ProgramSignal::Kill);
    let told = play_signalled("trap '' TERM; sleep 7; echo still; sleep 100", "", &[TERMINATE, killed]);
    assert_eq!((told.fault, told.said.as_str()), (None, "still\n"));
    assert_eq!(told.status, Some(ExitStatus::Signal(9)));
}

#[test]
fn a_handler_that_spins_is_ended() {
    let told = play_signalled("trap 'while :; do :; done' TERM; sleep 1000", "", &[TERMINATE]);
    let fault = "computes without end: 2 s of processor time without a call of the lab's";
    assert_eq!(told.fault.as_deref(), Some(fault));
}

#[test]
fn a_child_that_outlives_sigterm_is_refused_by_name() {
    let told = play_signalled("(trap '' TERM; sleep 1000; :) & sleep 1000", "", &[TERMINATE]);
    let fault = "the program /bin/sh ended and left its child sh behind, which the lab cannot hold";
    assert_eq!(told.fault.as_deref(), Some(fault));
}

#[test]
fn a_child_can_signal_its_parent_which_waits() {
    let told = play("trap 'echo got' USR1; (sleep 3; kill -USR1 $$; sleep 2; echo after) & wait; wait", "");
    assert_eq!((told.fault, told.said.as_str()), (None, "got\nafter\n"));
    assert!(told.at > Duration::from_secs(5) && told.at < Duration::from_secs(6), "{:?}", told.at);
}

#[test]
fn a_program_that_cannot_be_executed_is_refused_with_the_kernels_reason() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("refused-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str, mode| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    write("no-interpreter", "#!/no/such/interpreter\n", 0o755);
    write("not-executable", "#!/bin/sh\n", 0o644);
    for (name, why) in [
        ("./not-there", "No such file or directory"),
        ("./no-interpreter", "No such file or directory"),
        ("./not-executable", "Permission denied"),
    ] {
        let command = vec![name.to_owned()];
        let spec = ProgramSpec { name: "refused".to_owned(), command, environment: Vec::new() };
        let fault = RealPrograms::of(folder.clone()).start(&spec).err().unwrap().to_string();
        let expected = format!("the program {name} could not be started: {why}");
        assert!(fault.starts_with(&expected), "{fault}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
