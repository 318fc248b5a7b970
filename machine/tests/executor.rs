//! What the executor promises: computing takes time, loops are caught, faults do what they say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail them")]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use holdtime_host::time::{Duration, Instant};
use holdtime_host::{AsyncHost, Host, Ready};
use holdtime_host::{
    CloseKind, ExitStatus, IoError, ListenOptions, ListenerId, ProgramSignal, ProgramSpec, Signal, StreamId,
    TcpOptions,
};
use holdtime_machine::clock::Clock;
use holdtime_machine::executor::TurnWatchdog;
use holdtime_machine::world::{IncidentKind, Life};
use holdtime_machine::{Lab, LabSettings, SimHost, Stop};

fn lab() -> Lab {
    Lab::new(1, LabSettings::default())
}

/// A machine with one process.
fn process(lab: &mut Lab, address: &str) -> SimHost {
    let machine = lab.add_machine(&[address.parse().unwrap()]);
    lab.add_process(machine, "process")
}

async fn sleep(host: &SimHost, span: Duration) {
    host.sleep_until(host.now().monotonic + span).await;
}

/// Two connected processes on machines of their own: what each does with its end.
fn connect<C: Future<Output = ()> + 'static, S: Future<Output = ()> + 'static>(
    lab: &mut Lab,
    client: impl FnOnce(SimHost, StreamId) -> C + 'static,
    server: impl FnOnce(SimHost, StreamId) -> S + 'static,
) -> (SimHost, SimHost) {
    let (here, there) = (process(lab, "10.0.0.1"), process(lab, "10.0.0.2"));
    let host = there.clone();
    lab.spawn(&there, async move {
        let (listener, stream) = (ListenerId(0), StreamId::accepted(0));
        host.listen(listener, "10.0.0.2:179".parse().unwrap(), &ListenOptions::default()).unwrap();
        host.acceptable(listener).await.unwrap();
        host.accept(listener, stream).unwrap();
        host.set_interest(stream, true, true);
        server(host, stream).await;
    });
    let host = here.clone();
    lab.spawn(&here, async move {
        sleep(&host, Duration::from_millis(1)).await;
        let stream = StreamId::opened(0);
        host.connect(stream, None, "10.0.0.2:179".parse().unwrap(), &TcpOptions::default()).unwrap();
        host.connected(stream).await.unwrap();
        host.finish_connect(stream).unwrap();
        host.set_interest(stream, true, true);
        client(host, stream).await;
    });
    (here, there)
}

#[test]
fn an_idle_hour_is_one_jump() {
    let mut lab = lab();
    let host = process(&mut lab, "10.0.0.1");
    let woken = Rc::new(Cell::new(Instant::ZERO));
    let seen = woken.clone();
    lab.spawn(&host.clone(), async move {
        sleep(&host, Duration::from_secs(3_600)).await;
        seen.set(host.now().monotonic);
    });
    assert_eq!(lab.run_until(Instant::MAX), Stop::Quiet);
    assert!(woken.get() >= Instant::from_secs(3_600) && woken.get() < Instant::from_millis(3_600_001));
    assert!(lab.world_mut().trace().steps() < 10);
}

#[test]
fn a_busy_loop_cannot_stop_the_time() {
    let mut lab = lab();
    let host = process(&mut lab, "10.0.0.1");
    lab.spawn(
        &host,
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        }),
    );
    assert_eq!(lab.run_until(Instant::from_millis(100)), Stop::Limit);
    let tally = lab.world().tally(host.process());
    assert!(tally.polls > 1_000, "{tally:?}");
    assert!(tally.busy >= Duration::from_millis(99), "{tally:?}");
}

#[test]
fn a_loop_of_calls_inside_one_turn_runs_out_of_fuel() {
    let mut lab = lab();
    let host = process(&mut lab, "10.0.0.1");
    let looping = host.clone();
    lab.spawn(&host, async move {
        let mut octets = [0; 10];
        while looping.read(StreamId::opened(7), &mut octets).is_err() {}
    });
    lab.run_until(Instant::from_secs(1));
    let incidents = lab.world().incidents().to_vec();
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].kind, IncidentKind::OutOfFuel);
    assert!(matches!(lab.world().life(host.process()), Life::Over(_)));
}

#[test]
fn a_panic_ends_its_process_and_nothing_else() {
    let mut lab = lab();
    let host = process(&mut lab, "10.0.0.1");
    let other = process(&mut lab, "10.0.0.2");
    lab.spawn(&host, async { std::panic::resume_unwind(Box::new("by itself")) });
    let done = Rc::new(Cell::new(false));
    let flag = done.clone();
    lab.spawn(&other.clone(), async move {
        sleep(&other, Duration::from_secs(1)).await;
        flag.set(true);
    });
    lab.run_until(Instant::from_secs(2));
    assert_eq!(lab.world().incidents()[0].kind, IncidentKind::Panicked("by itself".to_owned()));
    assert!(done.get());
}

#[test]
fn a_turn_without_calls_that_never_ends_wakes_the_watchdog() {
    let (told, heard) = std::sync::mpsc::channel();
    let mut lab = lab();
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let release = over.clone();
    lab.watch(TurnWatchdog::new(Duration::from_millis(20), move |task| {
        release.store(true, std::sync::atomic::Ordering::Relaxed);
        let _ = told.send(task);
    }));
    let host = process(&mut lab, "10.0.0.1");
    lab.spawn(&host, async move {
        while !over.load(std::sync::atomic::Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    });
    lab.run_until(Instant::from_secs(1));
    assert!(heard.recv().is_ok());
}

#[test]
fn what_a_long_computation_sends_leaves_when_it_is_done() {
    let mut lab = lab();
    let arrived = Rc::new(Cell::new(Instant::ZERO));
    let seen = arrived.clone();
    connect(
        &mut lab,
        |host, stream| async move {
            host.computed(1_000_000);
            host.write(stream, b"x").unwrap();
        },
        move |host, stream| async move {
            host.readable(stream).await.unwrap();
            seen.set(host.now().monotonic);
        },
    );
    lab.run_until(Instant::from_secs(60));
    assert!(
        arrived.get() >= Instant::from_secs(1),
        "a million routes at a microsecond each: {}",
        arrived.get()
    );
}

#[test]
fn a_computation_delays_its_own_process_and_no_other() {
    let mut lab = lab();
    let machine = lab.add_machine(&["10.0.0.1".parse().unwrap()]);
    let late = Rc::new(RefCell::new(Vec::new()));
    let (busy, idle) = (lab.add_process(machine, "busy"), lab.add_process(machine, "idle"));
    for host in [&busy, &idle] {
        let (host, late) = (host.clone(), late.clone());
        lab.spawn(&host.clone(), async move {
            sleep(&host, Duration::from_secs(1)).await;
            late.borrow_mut().push((host.process(), host.now().monotonic));
        });
    }
    let computing = busy.clone();
    lab.spawn(&busy, async move {
        sleep(&computing, Duration::from_millis(500)).await;
        computing.computed(5_000_000);
    });
    lab.run_until(Instant::from_secs(60));
    let woken =
        |host: &SimHost| late.borrow().iter().find(|(process, _)| *process == host.process()).unwrap().1;
    assert!(woken(&busy) >= Instant::from_millis(5_500));
    assert!(woken(&idle) < Instant::from_millis(1_001));
}

#[test]
fn a_suspended_process_sleeps_through_its_deadline_and_its_kernel_still_takes_octets() {
    let mut lab = lab();
    let woken = Rc::new(Cell::new(Instant::ZERO));
    let seen = woken.clone();
    let (_, server) = connect(
        &mut lab,
        |host, stream| async move {
            sleep(&host, Duration::from_secs(5)).await;
            assert_eq!(host.write(stream, b"hello"), Ok(5));
            sleep(&host, Duration::from_secs(5)).await;
            assert_eq!(host.read(stream, &mut [0; 10]), Err(IoError::WouldBlock));
        },
        move |host, stream| async move {
            host.readable(stream).await.unwrap();
            seen.set(host.now().monotonic);
        },
    );
    let process = server.process();
    lab.world_mut().at(Instant::from_secs(1), "SIGSTOP", move |world| world.suspend(process));
    lab.world_mut().at(Instant::from_secs(60), "SIGCONT", move |world| world.resume(process));
    lab.run_until(Instant::from_secs(100));
    assert!(lab.world().incidents().is_empty(), "{:?}", lab.world().incidents());
    assert!(woken.get() >= Instant::from_secs(60));
}

#[test]
fn a_power_cut_leaves_the_peer_half_open() {
    let mut lab = lab();
    let outcome = Rc::new(Cell::new(None));
    let seen = outcome.clone();
    let (_, server) = connect(
        &mut lab,
        move |host, stream| async move {
            sleep(&host, Duration::from_secs(30)).await;
            seen.set(Some(host.read(stream, &mut [0; 10])));
        },
        |host, _| async move { sleep(&host, Duration::from_secs(1_000)).await },
    );
    let machine = lab.world().machine_of(server.process());
    lab.world_mut().at(Instant::from_secs(5), "power cut", move |world| world.power_off(machine));
    lab.run_until(Instant::from_secs(60));
    assert_eq!(outcome.get(), Some(Err(IoError::WouldBlock)), "nobody told the peer");
    assert!(matches!(lab.world().life(server.process()), Life::Over(_)));
}

#[test]
fn the_end_of_a_process_ends_its_connections() {
    let mut lab = lab();
    let outcome = Rc::new(Cell::new(None));
    let seen = outcome.clone();
    let (_, server) = connect(
        &mut lab,
        move |host, stream| async move {
            host.readable(stream).await.unwrap();
            seen.set(Some(host.read(stream, &mut [0; 10])));
        },
        |host, _| async move { sleep(&host, Duration::from_secs(1_000)).await },
    );
    let process = server.process();
    lab.world_mut().at(Instant::from_secs(5), "SIGKILL", move |world| world.signal(process, 9));
    lab.run_until(Instant::from_secs(60));
    assert_eq!(outcome.get(), Some(Ok(0)));
    assert_eq!(lab.world().life(server.process()), Life::Over(ExitStatus::Signal(9)));
}

#[test]
fn a_wall_clock_that_jumps_moves_no_timer() {
    let mut lab = lab();
    let machine = lab.world_mut().add_machine(Vec::new(), Clock::new(0, 0, Duration::from_secs(77)));
    let host = lab.add_process(machine, "process");
    let reading = Rc::new(Cell::new(None));
    let seen = reading.clone();
    lab.spawn(&host.clone(), async move {
        let before = host.now();
        sleep(&host, Duration::from_secs(10)).await;
        seen.set(Some((before, host.now())));
    });
    lab.world_mut().at(Instant::from_secs(5), "clock set an hour forward", move |world| {
        world.clock_mut(machine).unwrap().jump(3_600_000_000_000);
    });
    lab.run_until(Instant::from_secs(60));
    let (before, after) = reading.get().unwrap();
    assert!(before.monotonic >= Instant::from_secs(77), "the machine has been up for a while");
    assert_eq!((after.monotonic - before.monotonic).as_secs(), 10);
    assert_eq!((after.wall.as_nanos() - before.wall.as_nanos()) / 1_000_000_000, 3_610);
}

#[test]
fn a_program_may_catch_sigterm_but_not_sigkill() {
    let mut lab = lab();
    let statuses = Rc::new(RefCell::new(Vec::new()));
    for signal in [ProgramSignal::Terminate, ProgramSignal::Kill] {
        let host = process(&mut lab, "10.0.0.1");
        let program =
            |host: SimHost, _: &ProgramSpec| -> std::pin::Pin<Box<dyn Future<Output = ExitStatus>>> {
                Box::pin(async move {
                    host.handle_signal(Signal::Terminate);
                    assert_eq!(host.signalled().await, Signal::Terminate);
                    ExitStatus::Code(5)
                })
            };
        lab.world_mut().add_program("stubborn", Rc::new(program));
        let statuses = statuses.clone();
        lab.spawn(&host.clone(), async move {
            let stream = StreamId::opened(0);
            let spec = ProgramSpec { command: vec!["stubborn".to_owned()], ..ProgramSpec::default() };
            host.start_program(stream, &spec).unwrap();
            sleep(&host, Duration::from_secs(1)).await;
            host.signal_program(stream, signal);
            let status = host.exited(stream).await;
            statuses.borrow_mut().push((signal, status));
        });
    }
    lab.run_until(Instant::from_secs(10));
    let mut statuses = statuses.take();
    statuses.sort_by_key(|(signal, _)| *signal == ProgramSignal::Kill);
    let expected =
        [(ProgramSignal::Terminate, ExitStatus::Code(5)), (ProgramSignal::Kill, ExitStatus::Signal(9))];
    assert_eq!(statuses, expected);
}

#[test]
fn a_wait_reports_everything_that_is_ready_in_an_order_drawn_from_the_seed() {
    let orders: Vec<Vec<Ready>> = (0..20)
        .map(|seed| {
            let mut lab = Lab::new(seed, LabSettings::default());
            let host = process(&mut lab, "10.0.0.1");
            let seen = Rc::new(RefCell::new(Vec::new()));
            let reported = seen.clone();
            lab.spawn(&host.clone(), async move {
                let listener = ListenerId(0);
                let address = host.listen(listener, "10.0.0.1:0".parse().unwrap(), &ListenOptions::default());
                for n in 0..3 {
                    let options = TcpOptions::default();
                    host.connect(StreamId::opened(n), None, address.unwrap(), &options).unwrap();
                }
                sleep(&host, Duration::from_secs(1)).await;
                let mut ready = Vec::new();
                host.wait(None, &mut ready).await;
                *reported.borrow_mut() = ready;
            });
            lab.run_until(Instant::from_secs(10));
            seen.take()
        })
        .collect();
    assert!(orders.iter().all(|order| order.len() == 4), "{:?}", orders[0]);
    assert!(orders.iter().any(|order| *order != orders[0]));
}

#[test]
fn a_dropped_wait_leaves_no_deadline_behind() {
    let mut lab = lab();
    let host = process(&mut lab, "10.0.0.1");
    lab.spawn(&host.clone(), async move {
        for _ in 0..100 {
            let mut ready = Vec::new();
            let deadline = Instant::from_secs(1_000_000);
            let mut wait = Box::pin(host.wait(Some(deadline), &mut ready));
            std::future::poll_fn(|context| {
                let _ = wait.as_mut().poll(context);
                std::task::Poll::Ready(())
            })
            .await;
        }
        host.close(StreamId::opened(0), CloseKind::Reset);
    });
    assert_eq!(lab.run_until(Instant::from_secs(1)), Stop::Quiet);
}

#[test]
fn a_process_begins_at_its_time_and_is_neither_signalled_nor_without_power_before_that() {
    let mut lab = lab();
    let begun = Rc::new(Cell::new(None));
    let (host, seen) = (process(&mut lab, "10.0.0.1"), begun.clone());
    let own = host.clone();
    lab.spawn_main_at(&host, Instant::from_secs(10), async move {
        seen.set(Some(own.now().monotonic.as_nanos() / 1_000_000_000));
        3
    });
    let (id, machine) = (host.process(), lab.world().machine_of(host.process()));
    lab.world_mut().at(Instant::from_secs(1), "SIGKILL", move |world| world.signal(id, 9));
    lab.world_mut().at(Instant::from_secs(2), "power off", move |world| world.power_off(machine));
    lab.world_mut().at(Instant::from_secs(5), "power on", move |world| world.power_on(machine));
    lab.run_until(Instant::from_secs(9));
    assert_eq!((lab.world().life(id), begun.get()), (Life::Unstarted, None));
    lab.run_until(Instant::from_secs(11));
    assert_eq!((lab.world().life(id), begun.get()), (Life::Over(ExitStatus::Code(3)), Some(10)));
}

#[test]
fn a_lab_that_is_over_before_a_process_begins_keeps_nothing_of_it() {
    let mut lab = lab();
    let held = Rc::new(());
    let (host, own) = (process(&mut lab, "10.0.0.1"), held.clone());
    let main = host.clone();
    lab.spawn_main_at(&host, Instant::from_secs(10), async move {
        drop((main, own));
        0
    });
    lab.run_until(Instant::from_secs(5));
    drop((host, lab));
    assert_eq!(Rc::strong_count(&held), 1);
}

#[test]
fn on_a_machine_without_power_no_process_begins() {
    let mut lab = lab();
    let host = process(&mut lab, "10.0.0.1");
    lab.spawn_main_at(&host, Instant::from_secs(10), async { 0 });
    let machine = lab.world().machine_of(host.process());
    lab.world_mut().at(Instant::from_secs(5), "power off", move |world| world.power_off(machine));
    lab.run_until(Instant::from_secs(60));
    assert_eq!(lab.world().life(host.process()), Life::Unstarted);
}

#[test]
fn a_process_that_handles_no_signal_is_ended_by_each() {
    let mut lab = lab();
    let host = process(&mut lab, "10.0.0.1");
    let own = host.clone();
    lab.spawn_main(&host, async move {
        sleep(&own, Duration::from_secs(1_000)).await;
        0
    });
    host.handle_no_signals();
    let id = host.process();
    lab.world_mut().at(Instant::from_secs(1), "SIGUSR1", move |world| world.signal(id, 10));
    lab.run_until(Instant::from_secs(2));
    assert_eq!(lab.world().life(id), Life::Over(ExitStatus::Signal(10)));
}
