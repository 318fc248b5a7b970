//! Parity programs about one wait over everything: what a reactor such as `poll` relies on.

use holdtime_core::time::Duration;
use holdtime_reactor::{Host, Ready};

use crate::parity::pipes::{FLOOD, SAY_LATE};
use crate::parity::stage::{CROWD, LONG_PAUSE, PAUSE, ParityStage, SOON, StandStill};

pub(super) async fn after_a_pause_input_is_found_by_the_wait_whose_deadline_has_passed<
    H: Host + StandStill,
>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.host.set_interest(pair.server, true, false);
    stage.see_count("write", stage.write(pair.client, 5));
    stage.see_after_a_pause("input", PAUSE, Ready::Readable(pair.server)).await;
}

pub(super) async fn what_comes_late_in_a_pause_is_found_although_it_missed_the_deadline<
    H: Host + StandStill,
>(
    stage: &ParityStage<H>,
) {
    let program = stage.started(SAY_LATE);
    stage.host.set_interest(program, true, false);
    stage.see_after_a_pause("a late line", LONG_PAUSE, Ready::Readable(program)).await;
}

pub(super) async fn after_a_pause_room_is_found_by_the_wait_whose_deadline_has_passed<
    H: Host + StandStill,
>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.fill(pair.client, 50_000).await;
    stage.host.set_interest(pair.client, false, true);
    while let Ok(1..) = stage.read_now(pair.server, 65_536) {}
    stage.see_after_a_pause("room", PAUSE, Ready::Writable(pair.client)).await;
}

pub(super) async fn one_wait_finds_everybody_who_is_ready<H: Host + StandStill>(stage: &ParityStage<H>) {
    let pairs = stage.crowd().await;
    for pair in &pairs {
        stage.host.set_interest(pair.server, true, false);
        stage.see_failure("write", &stage.write(pair.client, 5));
    }
    let deadline = stage.host.now().monotonic + SOON;
    stage.host.stand_still(PAUSE);
    let mut ready = Vec::new();
    stage.host.wait(Some(deadline), &mut ready).await;
    let found = pairs.iter().filter(|pair| ready.contains(&Ready::Readable(pair.server))).count();
    stage.see(format!("found: {found} of {CROWD}"));
}

pub(super) async fn a_stream_that_always_has_more_hides_nobody_from_a_wait<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    let flood = stage.started(FLOOD);
    stage.host.set_interest(flood, true, false);
    stage.host.set_interest(pair.server, true, false);
    stage.until(|ready| ready == Ready::Readable(flood)).await;
    stage.see_count("write", stage.write(pair.client, 1));
    let (mut waits, mut ready) = (0, Vec::new());
    while !ready.contains(&Ready::Readable(pair.server)) && waits < 100 {
        let soon = stage.host.now().monotonic + Duration::from_secs(1);
        stage.host.wait(Some(soon), &mut ready).await;
        waits += 1;
        stage.see_failure("read", &stage.read_now(flood, 1));
    }
    stage.see(format!("found by one of the first waits: {}", waits < 4));
    stage.host.signal_program(flood, holdtime_core::speaker::ProgramSignal::Kill);
    stage.see_exit(flood).await;
}

pub(super) async fn readiness_that_was_used_up_is_not_told_again<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("write", stage.write(pair.client, 5));
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.server, 100));
    stage.see_count("read", stage.read_now(pair.server, 100));
    stage.see_readiness("used up", pair.server).await;
    stage.host.set_interest(pair.server, true, false);
    let mut ready = Vec::new();
    let deadline = stage.host.now().monotonic + PAUSE;
    while stage.host.now().monotonic < deadline {
        stage.host.wait(Some(deadline), &mut ready).await;
        if !ready.is_empty() {
            stage.see(format!("told: {ready:?}"));
        }
    }
}

pub(super) async fn an_edge_that_came_while_nothing_was_wanted_is_not_lost<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.host.set_interest(pair.server, true, false);
    stage.see_count("write", stage.write(pair.client, 5));
    stage.see(format!("told: {}", stage.until(|ready| ready == Ready::Readable(pair.server)).await));
    stage.see_count("read", stage.read_now(pair.server, 100));
    stage.see_count("read", stage.read_now(pair.server, 100));
    stage.host.set_interest(pair.server, false, false);
    stage.see_count("write", stage.write(pair.client, 7));
    // Somebody looks at the kernel, and nobody asks for this stream.
    stage.pause().await;
    stage.pause().await;
    stage.host.set_interest(pair.server, true, false);
    stage.see(format!("told: {}", stage.until(|ready| ready == Ready::Readable(pair.server)).await));
    stage.see_count("read", stage.read_now(pair.server, 100));
}

pub(super) async fn an_end_behind_octets_is_told_after_them<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.host.set_interest(pair.server, true, false);
    stage.see_count("write", stage.write(pair.client, 5));
    stage.host.shutdown(pair.client);
    stage.pause().await;
    for _ in 0..2 {
        stage.see(format!("told: {}", stage.until(|ready| ready == Ready::Readable(pair.server)).await));
        stage.see_count("read", stage.read_now(pair.server, 5));
    }
}

pub(super) async fn a_wait_without_a_deadline_ends_with_what_comes<H: Host>(stage: &ParityStage<H>) {
    let program = stage.started(SAY_LATE);
    stage.host.set_interest(program, true, false);
    let mut ready = Vec::new();
    while !ready.contains(&Ready::Readable(program)) {
        stage.host.wait(None, &mut ready).await;
    }
    stage.see_count("read", stage.read_now(program, 100));
}
