//! Parity programs about paths that lose what is sent: what TCP repeats, for how long, and what an application hears.
//!
//! On a real machine the receiving sockets' filters lose it, in the lab the link. The rows that take long run only when
//! they are asked for.

use std::fs;

use holdtime_core::speaker::{IoError, ListenerId, StreamId};
use holdtime_core::time::Duration;
use holdtime_reactor::Host;
use holdtime_reactor::mio_host::MioHost;
use holdtime_reactor::tokio_host::TokioHost;

use crate::parity::stage::{Pair, ParityStage};
use holdtime_machine::host::SimHost;

/// Everything is lost.
const ALL: Option<u32> = Some(0);
/// What carries more octets is lost.
const LARGE: Option<u32> = Some(1_000);
const NOTHING: Option<u32> = None;

/// A machine whose paths can be made bad.
pub(super) trait Weather {
    /// Loses what arrives at these from now on: segments of more than `above` octets of data.
    fn lose(&self, at: &[Result<StreamId, ListenerId>], above: Option<u32>);
}

impl Weather for SimHost {
    fn lose(&self, _: &[Result<StreamId, ListenerId>], above: Option<u32>) {
        /// The headers of IPv4 and TCP, which the size of a path includes.
        const HEADERS: usize = 40;
        let above = above.map(|octets| if octets == 0 { 0 } else { octets as usize + HEADERS });
        self.change_own_path(|network, machine| {
            network.change_link(machine, machine, |link| link.black_hole_above = above);
        });
    }
}

impl Weather for MioHost {
    fn lose(&self, at: &[Result<StreamId, ListenerId>], above: Option<u32>) {
        // One that is closed by now has no filter to change.
        at.iter().for_each(|at| drop(self.lose_arrivals(*at, above)));
    }
}

impl Weather for TokioHost {
    fn lose(&self, at: &[Result<StreamId, ListenerId>], above: Option<u32>) {
        at.iter().for_each(|at| drop(self.lose_arrivals(*at, above)));
    }
}

/// Says why this machine's kernel answers otherwise, if it is set to something else than most are.
pub(super) fn differs(settings: &[(&str, &str)]) -> Option<String> {
    settings.iter().find_map(|(name, wanted)| {
        let path = format!("/proc/sys/net/ipv4/{name}");
        let found = fs::read_to_string(path).unwrap_or_else(|_| "unknown".to_owned());
        let found = found.split_whitespace().collect::<Vec<_>>().join(" ");
        (found != *wanted).then(|| format!("{name} is {found} here, and not {wanted}"))
    })
}

/// This machine's kernel.
pub(super) fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease");
    release.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

impl<H: Host + Weather> ParityStage<H> {
    fn lose_both(&self, pair: Pair, above: Option<u32>) {
        self.host.lose(&[Ok(pair.client), Ok(pair.server)], above);
    }
}

pub(super) async fn what_was_lost_is_sent_again_once_the_path_heals<H: Host + Weather>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.lose_both(pair, ALL);
    stage.see_count("write", stage.write(pair.client, 100));
    stage.pause_for(Duration::from_millis(300)).await;
    stage.see_count("read", stage.read_now(pair.server, 200));
    stage.lose_both(pair, NOTHING);
    stage.see_count("read", stage.read(pair.server, 200).await);
}

pub(super) async fn a_path_that_loses_what_is_large_stops_all_that_follows<H: Host + Weather>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.lose_both(pair, LARGE);
    stage.see_count("small", stage.write(pair.client, 500));
    stage.see_count("read", stage.read(pair.server, 9_000).await);
    stage.see_count("large", stage.write(pair.client, 5_000));
    stage.pause().await;
    stage.see_count("small again", stage.write(pair.client, 10));
    stage.pause_for(Duration::from_millis(700)).await;
    stage.see_count("read", stage.read_now(pair.server, 9_000));
    stage.see_count("back", stage.write(pair.server, 19));
    stage.see_count("read", stage.read(pair.client, 100).await);
    stage.lose_both(pair, NOTHING);
    let mut octets = 0;
    while octets < 5_010 {
        match stage.read(pair.server, 9_000).await {
            Ok(count @ 1..) => octets += count,
            _ => break,
        }
    }
    stage.see(format!("read in the end: {octets}"));
}

pub(super) async fn a_dial_whose_syn_was_lost_comes_up_a_second_later<H: Host + Weather>(
    stage: &ParityStage<H>,
) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    stage.host.lose(&[Err(listener)], ALL);
    stage.see_outcome("dial", &stage.begin_to_dial(address));
    let early = stage.finish_for(Duration::from_millis(600)).await;
    stage.host.lose(&[Err(listener)], NOTHING);
    let late = stage.finish_for(Duration::from_millis(900)).await;
    stage.see(format!("connected: {early}, then {late}"));
}

pub(super) async fn a_farewell_that_was_lost_arrives_once_the_path_heals<H: Host + Weather>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.lose_both(pair, ALL);
    stage.see_count("write", stage.write(pair.client, 21));
    stage.close(pair.client);
    stage.pause_for(Duration::from_millis(1_300)).await;
    stage.see_count("read", stage.read_now(pair.server, 100));
    stage.lose_both(pair, NOTHING);
    stage.see_count("read", stage.read(pair.server, 100).await);
    stage.see_count("read", stage.read(pair.server, 100).await);
}

pub(super) async fn a_reset_that_was_lost_is_told_again_to_whoever_writes<H: Host + Weather>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.lose_both(pair, ALL);
    stage.reset(pair.client);
    stage.pause().await;
    stage.lose_both(pair, NOTHING);
    stage.see_count("read", stage.read_now(pair.server, 10));
    stage.see_count("write", stage.write(pair.server, 10));
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.server, 10));
}

pub(super) async fn an_end_that_was_lost_is_sent_again<H: Host + Weather>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.lose_both(pair, ALL);
    stage.host.shutdown(pair.client);
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.server, 10));
    stage.lose_both(pair, NOTHING);
    stage.see_count("read", stage.read(pair.server, 10).await);
}

// What takes long.

/// A path that heals after three and a half seconds meets the fourth SYN; with doubling alone it would wait for the third,
/// after seven.
pub(super) async fn a_syn_is_repeated_every_second_at_first<H: Host + Weather>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    stage.host.lose(&[Err(listener)], ALL);
    stage.see_outcome("dial", &stage.begin_to_dial(address));
    stage.pause_for(Duration::from_millis(3_500)).await;
    stage.host.lose(&[Err(listener)], NOTHING);
    let up = stage.finish_for(Duration::from_millis(1_300)).await;
    stage.see(format!("connected: {up}"));
}

pub(super) async fn a_dial_that_nobody_answers_ends_after_134_seconds<H: Host + Weather>(
    stage: &ParityStage<H>,
) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    stage.host.lose(&[Err(listener)], ALL);
    let Ok(client) = stage.begin_to_dial(address) else { return stage.see("no dial") };
    for (seconds, so_far) in [(128, "after 128 s"), (12, "after 140 s")] {
        stage.pause_for(Duration::from_secs(seconds)).await;
        stage.see_outcome(so_far, &stage.host.finish_connect(client));
    }
}

pub(super) async fn last_words_into_a_partition_are_forgotten_within_two_minutes<H: Host + Weather>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.lose_both(pair, ALL);
    stage.see_count("write", stage.write(pair.client, 21));
    stage.close(pair.client);
    stage.pause_for(Duration::from_secs(116)).await;
    stage.lose_both(pair, NOTHING);
    stage.pause_for(Duration::from_secs(20)).await;
    stage.see_count("read", stage.read_now(pair.server, 100));
    stage.see_count("write", stage.write(pair.server, 2));
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.server, 100));
}

pub(super) async fn last_words_into_a_partition_live_for_a_minute<H: Host + Weather>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.lose_both(pair, ALL);
    stage.see_count("write", stage.write(pair.client, 21));
    stage.close(pair.client);
    stage.pause_for(Duration::from_secs(45)).await;
    stage.see_count("read", stage.read_now(pair.server, 100));
    stage.lose_both(pair, NOTHING);
    stage.pause_for(Duration::from_secs(20)).await;
    stage.see_count("read", stage.read_now(pair.server, 100));
    stage.see_count("read", stage.read_now(pair.server, 100));
}

pub(super) async fn what_was_closed_behind_a_shut_window_is_given_up_after_six_minutes<H: Host>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    let (filled, _) = stage.fill(pair.client, 50_000).await;
    stage.close(pair.client);
    stage.pause_for(Duration::from_secs(370)).await;
    let (octets, end) = stage.drain(pair.server).await;
    stage.see(format!("less than was written: {}", octets > 0 && octets < filled));
    stage.see_count("then", end);
}

pub(super) async fn what_was_closed_behind_a_shut_window_lives_for_two_minutes<H: Host>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    let (filled, _) = stage.fill(pair.client, 50_000).await;
    stage.close(pair.client);
    stage.pause_for(Duration::from_secs(150)).await;
    let (octets, end) = stage.drain(pair.server).await;
    stage.see(format!("everything comes out: {}", octets == filled));
    stage.see_count("then", end);
}

pub(super) async fn a_writer_into_a_partition_hears_of_it_after_a_quarter_of_an_hour<H: Host + Weather>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.lose_both(pair, ALL);
    stage.see_count("write", stage.write(pair.client, 19));
    for (seconds, so_far) in [(880, "after 880 s"), (100, "after 980 s")] {
        stage.pause_for(Duration::from_secs(seconds)).await;
        stage.see_count(so_far, stage.read_now(pair.client, 1));
    }
    stage.see_count("write", stage.write(pair.client, 1));
    let broken: Result<usize, IoError> = stage.write(pair.client, 1);
    stage.see_count("write", broken);
}
