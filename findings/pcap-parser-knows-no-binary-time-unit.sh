#!/bin/sh
# pcap-parser 0.17.0 (Rust) has no resolution for a pcapng interface whose unit of time is a power of two. The highest bit of if_tsresol says
# so (draft-ietf-opsawg-pcapng, section 4.2); it is not taken away before the exponent is compared with 63, so that all 128 of them are refused.
#
# Seen with pcap-parser 0.17.0: None for 2^-10 s, Some(1000000) for 10^-6 s.
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
pcap-parser = "=0.17.0"
TOML
cat >"$folder/src/main.rs" <<'RUST'
use pcap_parser::pcapng::parse_interfacedescriptionblock_le;

fn main() {
    for unit in [0x80_u8 | 10, 6] {
        // An interface of Ethernet with if_tsresol and the end of its options.
        let words: [u32; 8] = [1, 32, 1, 0, 1 << 16 | 9, u32::from(unit), 0, 32];
        let block: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let (_, interface) = parse_interfacedescriptionblock_le(&block).unwrap();
        println!("{:#04x}: {:?}", interface.if_tsresol, interface.ts_resolution());
    }
}
RUST
saw=$(cargo run --quiet --manifest-path "$folder/Cargo.toml")
echo "pcap-parser 0.17.0, units in a second by if_tsresol:"
echo "$saw"
[ "$saw" = "0x8a: None
0x06: Some(1000000)" ]
