#!/bin/sh
# pcap-file 2.0.0 (Rust) takes the times of a pcapng file for nanoseconds, whatever the file says of their unit. Without if_tsresol they are
# microseconds (draft-ietf-opsawg-pcapng, section 4.2), as most programs write them: its times are a thousandth of what they should be.
#
# Seen with pcap-file 2.0.0: the packet of 1970-01-01 00:00:01 is at 1ms.
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
pcap-file = "=2.0.0"
TOML
cat >"$folder/src/main.rs" <<'RUST'
use pcap_file::pcapng::{Block, PcapNgReader};

fn main() {
    // A section, an interface of Ethernet without options, and a packet without octets after 1,000,000 of its units.
    let words: [u32; 20] = [
        0x0a0d0d0a, 28, 0x1a2b3c4d, 1, u32::MAX, u32::MAX, 28, //
        1, 20, 1, 0, 20, //
        6, 32, 0, 0, 1_000_000, 0, 0, 32,
    ];
    let file: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut reader = PcapNgReader::new(&file[..]).unwrap();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.unwrap() {
            println!("{:?}", packet.timestamp);
        }
    }
}
RUST
saw=$(cargo run --quiet --manifest-path "$folder/Cargo.toml")
echo "pcap-file 2.0.0: a packet one second after the epoch, in the default unit, is at $saw"
[ "$saw" = 1ms ]
