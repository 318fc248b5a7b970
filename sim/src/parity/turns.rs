//! Parity programs about tasks that wait, each for its own thing: what a reactor such as `async` relies on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holdtime_core::speaker::{IoError, ProgramSignal, StreamId};
use holdtime_core::time::Duration;
use holdtime_reactor::AsyncHost;
use holdtime_reactor::turns::yield_now;

use crate::parity::pipes::{FLOOD, SAY_LATE};
use crate::parity::stage::{CROWD, LONG_PAUSE, PAUSE, Pair, ParityStage, SOON, StandStill};

/// In which order tasks went on.
type Order = Rc<RefCell<Vec<&'static str>>>;

/// A connection, made by waiting as tasks do.
async fn pair<H: AsyncHost>(stage: &ParityStage<H>) -> Pair {
    let (listener, address) = stage.listen("127.0.0.1:0");
    let (client, server) = (stage.stream(), stage.stream());
    let options = holdtime_core::speaker::TcpOptions::default();
    stage.see_failure("connect", &stage.host.connect(client, None, address, &options));
    stage.see_failure("connected", &stage.host.connected(client).await);
    stage.see_failure("finish", &stage.host.finish_connect(client));
    stage.host.set_accepting(listener, true);
    stage.see_failure("acceptable", &stage.host.acceptable(listener).await);
    stage.see_failure("accept", &stage.host.accept(listener, server));
    stage.host.unlisten(listener);
    Pair { client, server }
}

/// Starts a task that notes when a stream was readable.
fn note_input<H: AsyncHost>(stage: &ParityStage<H>, stream: StreamId, order: &Order) {
    stage.host.set_interest(stream, true, false);
    let (host, order) = (stage.host.clone(), order.clone());
    drop(stage.host.spawn(async move {
        if host.readable(stream).await.is_ok() {
            order.borrow_mut().push("input");
        }
    }));
}

/// Lets every task come to where it waits.
async fn settle<H: AsyncHost>(stage: &ParityStage<H>) {
    stage.host.sleep_until(stage.host.now().monotonic + Duration::from_millis(5)).await;
}

/// Waits for a deadline while `before` happens and the process then stands still until long after it.
async fn note_deadline<H: AsyncHost + StandStill>(
    stage: &ParityStage<H>,
    order: &Order,
    pause: Duration,
    before: impl FnOnce(&H) + 'static,
) {
    settle(stage).await;
    let deadline = stage.host.now().monotonic + SOON;
    let host = stage.host.clone();
    drop(stage.host.spawn(async move {
        before(&host);
        host.stand_still(pause);
    }));
    stage.host.sleep_until(deadline).await;
    order.borrow_mut().push("deadline");
    settle(stage).await;
}

fn say_hello<H: AsyncHost>(host: &H, stream: StreamId) {
    let _ = host.write(stream, b"hello");
}

fn see_order<H: AsyncHost>(stage: &ParityStage<H>, order: &Order) {
    stage.see(order.borrow().join(", "));
}

pub(super) async fn after_a_pause_a_reader_goes_before_a_deadline_that_has_passed<
    H: AsyncHost + StandStill,
>(
    stage: &ParityStage<H>,
) {
    let (pair, order) = (pair(stage).await, Order::default());
    note_input(stage, pair.server, &order);
    note_deadline(stage, &order, PAUSE, move |host| say_hello(host, pair.client)).await;
    see_order(stage, &order);
}

pub(super) async fn a_reader_of_what_came_late_in_a_pause_goes_before_the_deadline<
    H: AsyncHost + StandStill,
>(
    stage: &ParityStage<H>,
) {
    let (program, order) = (stage.started(SAY_LATE), Order::default());
    note_input(stage, program, &order);
    note_deadline(stage, &order, LONG_PAUSE, |_| {}).await;
    see_order(stage, &order);
}

pub(super) async fn after_a_pause_a_writer_with_new_room_goes_before_the_deadline<
    H: AsyncHost + StandStill,
>(
    stage: &ParityStage<H>,
) {
    let (pair, order) = (pair(stage).await, Order::default());
    while stage.write(pair.client, 50_000).is_ok() {}
    settle(stage).await;
    while stage.write(pair.client, 50_000).is_ok() {}
    stage.host.set_interest(pair.client, false, true);
    let (host, seen) = (stage.host.clone(), order.clone());
    drop(stage.host.spawn(async move {
        if host.writable(pair.client).await.is_ok() {
            seen.borrow_mut().push("room");
        }
    }));
    let read_all = move |host: &H| while let Ok(1..) = host.read(pair.server, &mut [0; 65_536]) {};
    note_deadline(stage, &order, PAUSE, read_all).await;
    see_order(stage, &order);
}

pub(super) async fn every_one_of_many_readers_goes_before_the_deadline<H: AsyncHost + StandStill>(
    stage: &ParityStage<H>,
) {
    let order = Order::default();
    let mut clients = Vec::new();
    for _ in 0..CROWD {
        let pair = pair(stage).await;
        note_input(stage, pair.server, &order);
        clients.push(pair.client);
    }
    let speak = move |host: &H| clients.iter().for_each(|client| say_hello(host, *client));
    note_deadline(stage, &order, PAUSE, speak).await;
    let before = order.borrow().iter().take_while(|what| **what == "input").count();
    stage.see(format!("{before} of {CROWD} went first"));
}

pub(super) async fn a_deadline_that_has_passed_already_lets_readers_go_first<H: AsyncHost + StandStill>(
    stage: &ParityStage<H>,
) {
    let (pair, order) = (pair(stage).await, Order::default());
    note_input(stage, pair.server, &order);
    settle(stage).await;
    let passed = stage.host.now().monotonic;
    stage.see_count("write", stage.write(pair.client, 5));
    stage.host.stand_still(PAUSE);
    stage.host.sleep_until(passed).await;
    order.borrow_mut().push("deadline");
    settle(stage).await;
    see_order(stage, &order);
}

/// Reads what a program writes without end, an octet at a time; counts.
async fn read_for_ever<H: AsyncHost>(host: H, stream: StreamId, rounds: Rc<Cell<u32>>) {
    while host.readable(stream).await.is_ok() {
        match host.read(stream, &mut [0]) {
            Ok(1) => rounds.set(rounds.get() + 1),
            Err(IoError::WouldBlock) => {}
            _ => return,
        }
        yield_now().await;
    }
}

fn flood<H: AsyncHost>(stage: &ParityStage<H>) -> (StreamId, Rc<Cell<u32>>) {
    let (program, rounds) = (stage.started(FLOOD), Rc::new(Cell::new(0)));
    stage.host.set_interest(program, true, false);
    drop(stage.host.spawn(read_for_ever(stage.host.clone(), program, rounds.clone())));
    (program, rounds)
}

async fn stop<H: AsyncHost>(stage: &ParityStage<H>, program: StreamId) {
    stage.host.signal_program(program, ProgramSignal::Kill);
    stage.see(format!("it ends: {}", stage.host.exited(program).await));
}

pub(super) async fn a_reader_that_always_has_more_hides_nobody_from_another<H: AsyncHost>(
    stage: &ParityStage<H>,
) {
    let pair = pair(stage).await;
    let (program, rounds) = flood(stage);
    while rounds.get() < 100 {
        yield_now().await;
    }
    stage.host.set_interest(pair.server, true, false);
    stage.see_count("read", stage.read_now(pair.server, 1));
    stage.see_count("write", stage.write(pair.client, 1));
    let before = rounds.get();
    stage.see_outcome("readable", &stage.host.readable(pair.server).await);
    stage.see(format!("soon: {}", rounds.get() - before < 40));
    stop(stage, program).await;
}

pub(super) async fn readers_that_always_have_more_take_turns<H: AsyncHost>(stage: &ParityStage<H>) {
    let ((one, of_one), (other, of_other)) = (flood(stage), flood(stage));
    while of_one.get().min(of_other.get()) < 1 {
        yield_now().await;
    }
    let (one_before, other_before) = (of_one.get(), of_other.get());
    while of_one.get() + of_other.get() < one_before + other_before + 400 {
        yield_now().await;
    }
    let shares = [of_one.get() - one_before, of_other.get() - other_before];
    stage.see(format!("both had a share: {}", shares.iter().all(|share| *share >= 100)));
    stop(stage, one).await;
    stop(stage, other).await;
}

pub(super) async fn a_deadline_comes_although_a_reader_always_has_more<H: AsyncHost>(stage: &ParityStage<H>) {
    let (program, _) = flood(stage);
    let deadline = stage.host.now().monotonic + SOON;
    stage.host.sleep_until(deadline).await;
    let late = stage.host.now().monotonic - deadline;
    stage.see(format!("in time: {}", late < Duration::from_millis(500)));
    stop(stage, program).await;
}

pub(super) async fn a_reader_is_not_woken_again_for_what_was_read<H: AsyncHost>(stage: &ParityStage<H>) {
    let (pair, vain) = (pair(stage).await, Rc::new(Cell::new(0)));
    stage.host.set_interest(pair.server, true, false);
    let (host, counted) = (stage.host.clone(), vain.clone());
    drop(stage.host.spawn(async move {
        while host.readable(pair.server).await.is_ok() {
            if host.read(pair.server, &mut [0; 100]) == Err(IoError::WouldBlock) {
                counted.set(counted.get() + 1);
            }
        }
    }));
    for _ in 0..3 {
        stage.see_count("write", stage.write(pair.client, 5));
        settle(stage).await;
    }
    // Readiness is a hint: once in vain after each reading, and not for ever.
    stage.see(format!("seldom in vain: {}", vain.get() <= 4));
}

pub(super) async fn whoever_waits_for_a_stream_hears_that_it_is_closed<H: AsyncHost>(stage: &ParityStage<H>) {
    let (pair, order) = (pair(stage).await, Order::default());
    stage.host.set_interest(pair.server, true, false);
    let (host, seen) = (stage.host.clone(), order.clone());
    drop(stage.host.spawn(async move {
        while host.readable(pair.server).await.is_ok() {
            let _ = host.read(pair.server, &mut [0]);
        }
        seen.borrow_mut().push("gone");
    }));
    settle(stage).await;
    stage.close(pair.server);
    settle(stage).await;
    see_order(stage, &order);
}
