//! Parity programs about TCP connections.

use holdtime_core::speaker::{CloseKind, IoError, ListenOptions, TcpOptions};
use holdtime_core::time::Duration;
use holdtime_reactor::{Host, Ready};

use crate::parity::stage::ParityStage;

pub(super) async fn connecting_where_nobody_listens_is_refused<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    stage.host.unlisten(listener);
    stage.see_outcome("connect", &stage.dial(address).await);
}

pub(super) async fn connecting_from_a_foreign_address_fails_at_once<H: Host>(stage: &ParityStage<H>) {
    let (_, address) = stage.listen("127.0.0.1:0");
    let local = [192, 0, 2, 1].into();
    let outcome = stage.host.connect(stage.stream(), Some(local), address, &TcpOptions::default());
    stage.see_outcome("connect", &outcome);
}

pub(super) async fn both_sides_agree_about_their_addresses<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    let client = stage.stream();
    let begun = stage.host.connect(client, None, address, &TcpOptions::default());
    stage.see_outcome("connect", &begun);
    stage.until(|ready| ready == Ready::Connected(client)).await;
    let near = stage.host.finish_connect(client);
    stage.host.set_accepting(listener, true);
    stage.until(|ready| ready == Ready::Acceptable(listener)).await;
    let far = stage.host.accept(listener, stage.stream());
    if let (Ok(near), Ok(far)) = (near, far) {
        stage.see(format!("the same ends: {}", near.local == far.remote && near.remote == far.local));
        stage.see(format!("the listener's address: {}", near.remote == address));
    }
}

pub(super) async fn ipv6_loopback_connects_too<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("[::1]:0");
    let client = stage.dial(address).await;
    stage.see_outcome("connect", &client);
    stage.see_outcome("accept", &stage.accept(listener).await);
}

pub(super) async fn an_address_of_a_source_is_seen_by_the_listener<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    let client = stage.stream();
    let local = Some([127, 0, 0, 9].into());
    stage.see_outcome("connect", &stage.host.connect(client, local, address, &TcpOptions::default()));
    stage.until(|ready| ready == Ready::Connected(client)).await;
    stage.see_outcome("finish", &stage.host.finish_connect(client));
    stage.host.set_accepting(listener, true);
    stage.until(|ready| ready == Ready::Acceptable(listener)).await;
    match stage.host.accept(listener, stage.stream()) {
        Ok(ends) => stage.see(format!("from {}", ends.remote.ip())),
        Err(error) => stage.see(format!("accept: {error}")),
    }
}

pub(super) async fn one_port_has_one_listener<H: Host>(stage: &ParityStage<H>) {
    let (_, address) = stage.listen("127.0.0.1:0");
    let again = stage.host.listen(stage.listener(), address, &ListenOptions::default());
    stage.see_outcome("the same address", &again);
    let wildcard = ([0, 0, 0, 0], address.port()).into();
    let again = stage.host.listen(stage.listener(), wildcard, &ListenOptions::default());
    stage.see_outcome("every address", &again);
    let other = ([127, 0, 0, 2], address.port()).into();
    let again = stage.host.listen(stage.listener(), other, &ListenOptions::default());
    stage.see_outcome("another address", &again);
}

pub(super) async fn listening_on_a_foreign_address_fails<H: Host>(stage: &ParityStage<H>) {
    let foreign = ([192, 0, 2, 1], 0).into();
    stage.see_outcome("listen", &stage.host.listen(stage.listener(), foreign, &ListenOptions::default()));
}

pub(super) async fn a_port_can_be_listened_on_again_at_once<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    let client = stage.dial(address).await;
    let server = stage.accept(listener).await;
    stage.host.unlisten(listener);
    let again = stage.listener();
    stage.see_outcome(
        "while a connection lives",
        &stage.host.listen(again, address, &ListenOptions::default()),
    );
    stage.host.unlisten(again);
    if let (Ok(client), Ok(server)) = (client, server) {
        stage.close(server);
        stage.pause().await;
        stage.close(client);
        stage.pause().await;
    }
    let again = stage.host.listen(stage.listener(), address, &ListenOptions::default());
    stage.see_outcome("while it is in TIME-WAIT", &again);
}

pub(super) async fn an_empty_backlog_has_nothing_to_accept<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    stage.see_outcome("accept", &stage.host.accept(listener, stage.stream()));
    stage.see_outcome("connect", &stage.dial(address).await);
    stage.see_outcome("accept", &stage.accept(listener).await);
    stage.see_outcome("accept", &stage.host.accept(listener, stage.stream()));
}

pub(super) async fn a_connection_is_up_before_it_is_accepted<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    if let Ok(client) = stage.dial(address).await {
        stage.see_count("write", stage.write(client, 5));
        stage.pause().await;
        if let Ok(server) = stage.accept(listener).await {
            stage.see_count("read", stage.read(server, 100).await);
        }
    }
}

pub(super) async fn closing_a_listener_resets_its_backlog<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    if let Ok(client) = stage.dial(address).await {
        stage.host.unlisten(listener);
        stage.see_count("read", stage.read(client, 100).await);
        stage.see_count("read", stage.read_now(client, 100));
    }
    stage.see_outcome("connect", &stage.dial(address).await);
}

pub(super) async fn an_accepted_connection_outlives_its_listener<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("write", stage.write(pair.client, 5));
    stage.see_count("read", stage.read(pair.server, 100).await);
}

pub(super) async fn a_connection_that_was_reset_in_the_backlog_is_gone<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    if let Ok(client) = stage.dial(address).await {
        stage.see_count("write", stage.write(client, 3));
        stage.pause().await;
        stage.reset(client);
        stage.pause().await;
    }
    match stage.accept(listener).await {
        Ok(server) => {
            stage.see("accepted");
            let (octets, end) = stage.drain(server).await;
            stage.see(format!("octets: {octets}"));
            stage.see_count("then", end);
        }
        Err(error) => stage.see(format!("accept: {error}")),
    }
}

pub(super) async fn a_full_backlog_lets_one_more_in_and_the_rest_wait_for_room<H: Host>(
    stage: &ParityStage<H>,
) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    for _ in 0..crate::parity::BACKLOG + 10 {
        stage.see_failure("connect", &stage.begin_to_dial(address));
    }
    let up = stage.finish_for(Duration::from_millis(300)).await;
    stage.see(format!("at first: {up} connected"));
    let mut accepted = 0;
    while stage.host.accept(listener, stage.stream()).is_ok() {
        accepted += 1;
    }
    stage.see(format!("accepted: {accepted}"));
    // The SYNs that were dropped are sent again after a second.
    let up = up + stage.finish_for(Duration::from_millis(3_500)).await;
    stage.see(format!("in the end: {up} connected"));
    while stage.host.accept(listener, stage.stream()).is_ok() {
        accepted += 1;
    }
    stage.see(format!("accepted: {accepted}"));
}

pub(super) async fn octets_arrive_in_order_and_writes_join<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    for word in [&b"one "[..], b"two ", b"three"] {
        stage.see_count("write", stage.host.write(pair.client, word));
    }
    stage.pause().await;
    let mut text = [0; 64];
    let count = stage.host.read(pair.server, &mut text).unwrap_or(0);
    stage.see(format!("read: {}", String::from_utf8_lossy(text.get(..count).unwrap_or_default())));
}

pub(super) async fn a_message_can_be_read_in_pieces<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("write", stage.write(pair.client, 10));
    stage.pause().await;
    for _ in 0..5 {
        stage.see_count("read", stage.read_now(pair.server, 3));
    }
}

pub(super) async fn there_is_nothing_to_read_at_first<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("read", stage.read_now(pair.server, 10));
    stage.see_readiness("at first", pair.server).await;
    stage.see_count("write", stage.write(pair.client, 1));
    stage.pause().await;
    stage.see_readiness("then", pair.server).await;
    stage.see_readiness("and still", pair.server).await;
}

pub(super) async fn a_megabyte_passes_through_small_reads<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    let (mut sent, mut read) = (0, 0);
    while read < 1 << 20 {
        sent += stage.write(pair.client, 10_000.min((1 << 20) - sent + 1)).unwrap_or(0).min((1 << 20) - sent);
        read += stage.read(pair.server, 4_000).await.unwrap_or(0);
    }
    stage.see(format!("at least a megabyte: {}", read >= 1 << 20));
}

pub(super) async fn a_reader_that_stops_stops_the_writer<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    let (filled, why) = stage.fill(pair.client, 10_000).await;
    stage.see(format!("at least 64 KiB: {}, then {why}", filled >= 65_536));
    stage.see_readiness("the writer", pair.client).await;
    stage.see_readiness("the reader", pair.server).await;
    let (read, why) = stage.drain(pair.server).await;
    stage.see(format!("everything comes out: {}", read == filled));
    stage.see_count("then", why);
    stage.see_readiness("the writer", pair.client).await;
    stage.see_count("write", stage.write(pair.client, 100));
}

pub(super) async fn a_reset_wakes_a_writer_that_waits_for_the_window<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.fill(pair.client, 50_000).await;
    stage.reset(pair.server);
    stage.pause().await;
    stage.see_readiness("the writer", pair.client).await;
    stage.see_count("write", stage.write(pair.client, 1));
    stage.see_count("write", stage.write(pair.client, 1));
    stage.see_count("read", stage.read_now(pair.client, 1));
}

pub(super) async fn an_error_is_told_once_then_reading_ends<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.reset(pair.server);
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.client, 1));
    stage.see_count("read", stage.read_now(pair.client, 1));
    stage.see_count("write", stage.write(pair.client, 1));
    stage.see_count("write", stage.write(pair.client, 1));
}

pub(super) async fn what_came_before_a_reset_is_read_first<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("write", stage.write(pair.client, 5));
    stage.pause().await;
    stage.reset(pair.client);
    stage.pause().await;
    for _ in 0..3 {
        stage.see_count("read", stage.read_now(pair.server, 100));
    }
}

pub(super) async fn what_came_before_an_end_is_read_first<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("write", stage.write(pair.client, 5));
    stage.close(pair.client);
    stage.pause().await;
    for _ in 0..3 {
        stage.see_count("read", stage.read_now(pair.server, 100));
    }
    stage.see_readiness("an ended stream", pair.server).await;
}

pub(super) async fn writing_to_a_closed_peer_works_once<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.close(pair.server);
    stage.pause().await;
    stage.see_count("write", stage.write(pair.client, 5));
    stage.pause().await;
    stage.see_readiness("afterwards", pair.client).await;
    stage.see_count("write", stage.write(pair.client, 5));
    stage.see_count("read", stage.read_now(pair.client, 5));
}

pub(super) async fn half_a_connection_goes_on<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.host.shutdown(pair.client);
    stage.see_count("server reads", stage.read(pair.server, 10).await);
    stage.see_count("server writes", stage.write(pair.server, 1_000));
    stage.see_count("client reads", stage.read(pair.client, 2_000).await);
    stage.see_count("client reads", stage.read_now(pair.client, 2_000));
    stage.see_count("client writes", stage.write(pair.client, 1));
    stage.see_readiness("client", pair.client).await;
    stage.host.shutdown(pair.server);
    stage.see_count("client reads", stage.read(pair.client, 10).await);
}

pub(super) async fn both_sides_end_at_once<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("client writes", stage.write(pair.client, 3));
    stage.see_count("server writes", stage.write(pair.server, 4));
    stage.host.shutdown(pair.client);
    stage.host.shutdown(pair.server);
    stage.pause().await;
    stage.see_count("client reads", stage.read_now(pair.client, 10));
    stage.see_count("client reads", stage.read_now(pair.client, 10));
    stage.see_count("server reads", stage.read_now(pair.server, 10));
    stage.see_count("server reads", stage.read_now(pair.server, 10));
    stage.see_count("server writes", stage.write(pair.server, 1));
}

pub(super) async fn both_sides_reset_at_once<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.reset(pair.client);
    stage.reset(pair.server);
    stage.see_count("read", stage.read_now(pair.client, 1));
    stage.see_count("write", stage.write(pair.server, 1));
}

pub(super) async fn shutting_down_twice_changes_nothing<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.host.shutdown(pair.client);
    stage.host.shutdown(pair.client);
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.server, 1));
    stage.see_count("write back", stage.write(pair.server, 1));
    stage.pause().await;
    stage.see_count("read back", stage.read_now(pair.client, 10));
}

pub(super) async fn what_was_written_before_a_graceful_close_arrives<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("client writes", stage.write(pair.client, 2_000));
    stage.see_count("server writes", stage.write(pair.server, 10));
    stage.pause().await;
    // Ten octets lie unread here: they must not turn the end into a reset.
    stage.close(pair.client);
    let (octets, end) = stage.drain(pair.server).await;
    stage.see(format!("octets: {octets}"));
    stage.see_count("then", end);
}

pub(super) async fn an_end_waits_behind_a_full_window<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    let (filled, _) = stage.fill(pair.client, 50_000).await;
    stage.close(pair.client);
    stage.pause().await;
    let (read, end) = stage.drain(pair.server).await;
    stage.see(format!("everything comes out: {}", read == filled));
    stage.see_count("then", end);
}

pub(super) async fn a_peer_that_closes_unread_data_away_breaks_the_writer<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.fill(pair.client, 50_000).await;
    stage.close(pair.server);
    stage.pause_for(Duration::from_millis(500)).await;
    // More may be taken before the reset is back; it must break in the end.
    let mut outcome = stage.write(pair.client, 1);
    for _ in 0..50 {
        if matches!(outcome, Err(error) if error != IoError::WouldBlock) {
            break;
        }
        stage.pause().await;
        outcome = stage.write(pair.client, 1);
    }
    let broken = matches!(outcome, Err(IoError::BrokenPipe | IoError::ConnectionReset));
    stage.see(format!("broken: {broken}"));
}

pub(super) async fn a_name_is_forgotten_once_closed<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.close(pair.client);
    stage.see_count("read", stage.read_now(pair.client, 1));
    stage.see_count("write", stage.write(pair.client, 1));
    stage.host.shutdown(pair.client);
    stage.host.close(pair.client, CloseKind::Reset);
    stage.see_readiness("a closed stream", pair.client).await;
}

pub(super) async fn what_is_not_wanted_is_not_reported<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("write", stage.write(pair.client, 1));
    stage.pause().await;
    let mut ready = Vec::new();
    for (read, write) in [(false, false), (true, false), (false, true), (true, true)] {
        stage.host.set_interest(pair.server, read, write);
        let now = stage.host.now().monotonic;
        stage.host.wait(Some(now), &mut ready).await;
        let readable = ready.contains(&Ready::Readable(pair.server));
        let writable = ready.contains(&Ready::Writable(pair.server));
        stage.see(format!("wanted {read} {write}: reported {readable} {writable}"));
    }
}

pub(super) async fn a_wait_ends_at_its_deadline_and_not_before<H: Host>(stage: &ParityStage<H>) {
    let _pair = stage.pair().await;
    let mut ready = Vec::new();
    let before = stage.host.now().monotonic;
    let deadline = before + Duration::from_millis(30);
    stage.host.wait(Some(deadline), &mut ready).await;
    stage.see(format!("not before: {}", stage.host.now().monotonic >= deadline));
    stage.see(format!("reported: {}", ready.len()));
    stage.host.wait(Some(before), &mut ready).await;
    stage.see(format!("a deadline that has passed reports: {}", ready.len()));
}

pub(super) async fn closing_while_connecting_is_quiet<H: Host>(stage: &ParityStage<H>) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    if let Ok(client) = stage.begin_to_dial(address) {
        stage.reset(client);
        stage.see_outcome("finish", &stage.host.finish_connect(client));
        let again = stage.dial(address).await;
        stage.see_outcome("connect again", &again);
    }
    stage.host.unlisten(listener);
}

pub(super) async fn a_late_reset_reaches_a_half_closed_peer_as_a_broken_pipe<H: Host>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.host.shutdown(pair.client);
    stage.pause().await;
    stage.reset(pair.client);
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.server, 1));
    stage.see_count("write", stage.write(pair.server, 1));
    stage.see_count("write", stage.write(pair.server, 1));
}

/// What epoll reports where its edges are kept until a call blocks, as mio and tokio use it; `poll(2)` would say no from two
/// thirds of the buffer on.
pub(super) async fn a_socket_is_writable_until_a_write_would_block<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    let mut refused = None;
    let mut always = true;
    while refused.is_none() {
        match stage.write(pair.client, 50_000) {
            Ok(_) => always &= stage.is_ready(pair.client).await.1,
            Err(error) => refused = Some(error),
        }
    }
    stage.see(format!("writable after every write that was taken: {always}"));
    stage.see_readiness("after one that was not", pair.client).await;
}

pub(super) async fn a_writer_that_was_refused_hears_nothing_of_a_little_room<H: Host>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.fill(pair.client, 50_000).await;
    stage.see_count("read", stage.read_now(pair.server, 1_000));
    stage.pause().await;
    stage.see_readiness("after a small read", pair.client).await;
    let (_, end) = stage.drain(pair.server).await;
    stage.see_count("read", end);
    stage.see_readiness("after everything was read", pair.client).await;
}

pub(super) async fn what_arrives_tells_a_refused_writer_of_no_room<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.fill(pair.client, 50_000).await;
    stage.see_count("the other way", stage.write(pair.server, 19));
    stage.pause().await;
    stage.see_readiness("the writer", pair.client).await;
    stage.see_count("read", stage.read_now(pair.client, 100));
}

pub(super) async fn a_writer_that_never_was_refused_stays_writable<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    for _ in 0..3 {
        stage.see_count("write", stage.write(pair.client, 10_000));
        stage.see_readiness("the writer", pair.client).await;
    }
    stage.pause().await;
    stage.see_readiness("the writer, later", pair.client).await;
}

pub(super) async fn octets_and_the_end_behind_them_are_told_apart<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.see_count("write", stage.write(pair.client, 5));
    stage.host.shutdown(pair.client);
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.server, 5));
    stage.see_readiness("before the end", pair.server).await;
    stage.see_count("read", stage.read_now(pair.server, 5));
    stage.see_count("read", stage.read_now(pair.server, 5));
}

pub(super) async fn writing_after_ones_own_end_is_a_broken_pipe<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    stage.host.shutdown(pair.client);
    for _ in 0..2 {
        stage.see_count("write", stage.write(pair.client, 1));
    }
    stage.see_count("the other way", stage.write(pair.server, 7));
    stage.see_count("read", stage.read(pair.client, 10).await);
}

pub(super) async fn connections_are_accepted_in_the_order_in_which_they_came<H: Host>(
    stage: &ParityStage<H>,
) {
    let (listener, address) = stage.listen("127.0.0.1:0");
    for octets in 1..=4 {
        if let Ok(client) = stage.dial(address).await {
            stage.see_failure("write", &stage.write(client, octets));
        }
    }
    stage.pause().await;
    for _ in 1..=4 {
        if let Ok(server) = stage.accept(listener).await {
            stage.see_count("read", stage.read_now(server, 100));
        }
    }
}

pub(super) async fn a_hundred_keepalives_are_read_at_once<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    for _ in 0..100 {
        stage.see_failure("write", &stage.write(pair.client, 19));
    }
    stage.pause().await;
    stage.see_count("read", stage.read_now(pair.server, 65_536));
    stage.see_count("read", stage.read_now(pair.server, 65_536));
}

pub(super) async fn a_refused_writer_that_ends_is_told_of_its_end_alone<H: Host>(stage: &ParityStage<H>) {
    let pair = stage.pair().await;
    let (filled, _) = stage.fill(pair.client, 50_000).await;
    stage.host.shutdown(pair.client);
    stage.see_count("write", stage.write(pair.client, 1));
    let (read, end) = stage.drain(pair.server).await;
    stage.see(format!("everything comes out: {}", read == filled));
    stage.see_count("then", end);
}
