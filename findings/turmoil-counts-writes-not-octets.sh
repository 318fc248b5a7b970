#!/bin/sh
# The TCP of turmoil 0.7.2 (Rust) has a capacity in writes, not in octets: against a reader that never reads, 64 writes of one octet fill it,
# and so do 64 writes of a megabyte. A program that would stall on a real socket after a few hundred kilobytes does not stall there, and
# one that writes octet by octet stalls at once.
#
# Seen with turmoil 0.7.2 and its default capacity: 64 octets, 64,000,000 octets.
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

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use turmoil::net::{TcpListener, TcpStream};

/// Octets that a peer which never reads has taken in writes of `size` before one waits for a second; at most 1,000 writes.
fn taken(size: usize) -> usize {
    let (tell, told) = std::sync::mpsc::channel();
    let mut sim = turmoil::Builder::new().simulation_duration(Duration::from_secs(60)).build();
    sim.host("deaf", || async {
        let listener = TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), 9000)).await?;
        let (_stream, _) = listener.accept().await?;
        std::future::pending::<()>().await;
        Ok(())
    });
    sim.client("writer", async move {
        let mut stream = TcpStream::connect(("deaf", 9000)).await?;
        let buffer = vec![0; size];
        let mut octets = 0;
        for _ in 0..1_000 {
            match timeout(Duration::from_secs(1), stream.write(&buffer)).await {
                Ok(written) => octets += written?,
                Err(_) => break,
            }
        }
        tell.send(octets)?;
        Ok(())
    });
    sim.run().unwrap();
    told.recv().unwrap()
}

fn main() {
    println!("{} {}", taken(1), taken(1_000_000));
}
RUST
saw=$(cargo run --quiet --manifest-path "$folder/Cargo.toml")
echo "turmoil 0.7.2, octets taken for a reader that never reads, in writes of 1 and of 1,000,000: $saw"
[ "$saw" = "64 64000000" ]
