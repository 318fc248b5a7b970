//! Shell programs in the lab, with nothing but a process that starts them.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic)] // a failed test stops

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use holdtime_guest::RealPrograms;
use holdtime_host::time::{Duration, Instant};
use holdtime_host::{AsyncHost, CloseKind, ExitStatus, Host, IoError, ProgramSpec, StreamId};
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
    let main = listen(host.clone(), spec, input.to_owned(), told.clone());
    lab.spawn_main(&host, main);
    lab.run_until(Instant::from_secs(3_600));
    let mut told = told.borrow().clone();
    told.hash = lab.hash();
    told
}

async fn listen(host: SimHost, spec: ProgramSpec, input: String, told: Rc<RefCell<Told>>) -> u8 {
    host.start_program(STREAM, &spec).unwrap();
    host.set_interest(STREAM, true, true);
    if !input.is_empty() {
        host.write(STREAM, input.as_bytes()).unwrap();
    }
    host.shutdown(STREAM);
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
