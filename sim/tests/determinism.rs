//! A seed is a run: the same seed gives the same hash, and what a seed decides differs between seeds.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail them")]

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_core::speaker::{CloseKind, IoError, ListenOptions, ListenerId, StreamId, TcpOptions};
use holdtime_core::time::{Duration, Instant};
use holdtime_machine::{Lab, LabSettings, SimHost, Stop};
use holdtime_reactor::{AsyncHost, Host};

const LISTENER: ListenerId = ListenerId(0);

async fn serve(host: SimHost, port: u16, received: Rc<RefCell<Vec<u8>>>) {
    host.listen(LISTENER, format!("0.0.0.0:{port}").parse().unwrap(), &ListenOptions::default()).unwrap();
    host.acceptable(LISTENER).await.unwrap();
    let stream = StreamId::accepted(0);
    host.accept(LISTENER, stream).unwrap();
    host.set_interest(stream, true, false);
    let mut buffer = [0; 512];
    loop {
        host.readable(stream).await.unwrap();
        match host.read(stream, &mut buffer) {
            Ok(0) => break,
            Ok(count) => received.borrow_mut().extend(&buffer[..count]),
            Err(IoError::WouldBlock) => {}
            Err(error) => panic!("{error}"),
        }
    }
    host.close(stream, CloseKind::Graceful);
}

async fn send(host: SimHost, port: u16, data: Vec<u8>) {
    let stream = StreamId::opened(0);
    let remote = format!("10.0.0.2:{port}").parse().unwrap();
    host.connect(stream, None, remote, &TcpOptions::default()).unwrap();
    host.connected(stream).await.unwrap();
    host.finish_connect(stream).unwrap();
    host.set_interest(stream, false, true);
    let mut rest = &data[..];
    while !rest.is_empty() {
        host.writable(stream).await.unwrap();
        if let Ok(count) = host.write(stream, rest) {
            rest = &rest[count..];
        }
    }
    host.close(stream, CloseKind::Graceful);
}

/// Eight transfers at once, cut anywhere; returns the hash and whether every octet arrived.
fn transfers(seed: u64) -> (u64, bool) {
    let settings = LabSettings { cuts_per_mille: 300, ..LabSettings::default() };
    let mut lab = Lab::new(seed, settings);
    let one = lab.add_machine(&["10.0.0.1".parse().unwrap()]);
    let two = lab.add_machine(&["10.0.0.2".parse().unwrap()]);
    let mut checks = Vec::new();
    for port in 1000..1008 {
        let data: Vec<u8> = (0..300_000).map(|i| ((i * u32::from(port)) >> 3) as u8).collect();
        let received = Rc::new(RefCell::new(Vec::new()));
        let server = lab.add_process(two, "server");
        let client = lab.add_process(one, "client");
        lab.spawn(&server, serve(server.clone(), port, received.clone()));
        lab.spawn(&client, {
            let (client, data) = (client.clone(), data.clone());
            async move {
                client.sleep_until(Instant::ZERO + Duration::from_millis(1)).await;
                send(client, port, data).await;
            }
        });
        checks.push((data, received));
    }
    assert_eq!(lab.run_until(Instant::from_secs(600)), Stop::Quiet);
    (lab.hash(), checks.iter().all(|(data, received)| *data == *received.borrow()))
}

#[test]
fn the_same_seed_gives_the_same_hash() {
    for seed in 0..5 {
        let (first, complete) = transfers(seed);
        assert!(complete, "seed {seed} lost octets");
        assert_eq!(transfers(seed).0, first, "seed {seed}");
    }
}

#[test]
fn different_seeds_give_different_runs() {
    assert_ne!(transfers(1).0, transfers(2).0);
}
