#!/bin/sh
# A host that turmoil 0.7.2 (Rust) crashes says goodbye: its peers read a clean end of file in the same millisecond, as if it had closed its
# sockets. Nothing in `Sim::crash` stands for a machine that loses power, whose peers hear nothing until a timer of their own strikes; for
# that the host has to be partitioned before, or hold timers are never tested.
#
# Seen with turmoil 0.7.2, a crash at 5 s and a reader that would wait for 100 s: Ok(0) after 5 s.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
tokio = { version = "=1.54.1", features = ["io-util", "time"] }
turmoil = "=0.7.2"
TOML
cat >"$folder/src/main.rs" <<'RUST'
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use turmoil::net::{TcpListener, TcpStream};

/// What the peer of a host reads that crashes at 5 s, and at which second; with a partition one millisecond before, or without.
fn read(partition: bool) -> String {
    let (tell, told) = std::sync::mpsc::channel();
    let mut sim = turmoil::Builder::new().simulation_duration(Duration::from_secs(600)).build();
    sim.host("server", || async {
        let listener = TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), 9000)).await?;
        let (_stream, _) = listener.accept().await?;
        std::future::pending::<()>().await;
        Ok(())
    });
    sim.client("peer", async move {
        let mut stream = TcpStream::connect(("server", 9000)).await?;
        let answer = timeout(Duration::from_secs(100), stream.read(&mut [0; 16])).await;
        let answer = answer.map_or("nothing".to_owned(), |octets| format!("{octets:?}"));
        tell.send(format!("{answer} at {:.0} s", turmoil::sim_elapsed().unwrap_or_default().as_secs_f64()))?;
        Ok(())
    });
    for step in 0.. {
        if partition && step == 4_999 {
            sim.partition("server", "peer");
        }
        if step == 5_000 {
            sim.crash("server");
        }
        if sim.step().unwrap() {
            break;
        }
    }
    told.recv().unwrap()
}

fn main() {
    println!("{}, {}", read(false), read(true));
}
RUST
saw=$(cargo run --quiet --manifest-path "$folder/Cargo.toml")
echo "turmoil 0.7.2, read from a host that crashes at 5 s, and from one that was partitioned before: $saw"
[ "$saw" = "Ok(0) at 5 s, nothing at 100 s" ]
