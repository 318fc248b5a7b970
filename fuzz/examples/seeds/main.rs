//! Writes the checked-in corpora again: a few messages of every shape that the benches draw from their seed, and the smallest
//! messages of the other types. A finding's regression seed is added by hand, beside these.
//!
//! ```text
//! cargo run --manifest-path fuzz/Cargo.toml --example seeds
//! ```

mod captures;
mod parts;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use holdtime_benches::{Shape, corpus};

/// How many messages of each shape go into the corpus of UPDATEs.
const EACH: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let mut stream = Vec::new();
    for shape in Shape::GENERATED {
        for (at, message) in corpus::generate(shape, 20_000).messages().take(EACH).enumerate() {
            // A full message says no more about a decoder than its first tenth, and a corpus stays small.
            if shape != Shape::Packed {
                save("update", &format!("{}-{at}", shape.label()), message)?;
            }
            if at == 0 {
                stream.extend(message);
            }
        }
    }
    for (name, message) in updates() {
        save("update", name, &message)?;
    }
    for (name, message) in opens() {
        save("open", name, &message)?;
        stream.extend(&message);
    }
    for (name, message) in notifications() {
        save("notification", name, &message)?;
        stream.extend(&message);
    }
    for (name, message) in refreshes() {
        save("refresh", name, &message)?;
        stream.extend(&message);
    }
    stream.extend(message(4, &[]));
    // The first octet says how large the pieces are that the stream arrives in.
    save("framing", "one-of-each", &[&[100], stream.as_slice()].concat())?;
    save("framing", "keepalives", &[&[7], message(4, &[]).repeat(3).as_slice()].concat())?;
    for (name, messages) in conversations() {
        save("conversation", name, &messages)?;
    }
    save("mrt", "one-of-each", &collected())?;
    for (name, file) in captures::all() {
        save("capture", name, &file)?;
    }
    parts::save_all()
}

/// UPDATEs that the corpora of the benches have no reason to hold.
fn updates() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("end-of-rib-ipv4", message(2, &[0, 0, 0, 0])),
        ("end-of-rib-ipv6", message(2, &[0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1])),
        ("unknown-attribute", message(2, &[0, 0, 0, 5, 0xe0, 99, 2, 1, 2])),
        ("withdraw-default", message(2, &[0, 1, 0, 0, 0])),
    ]
}

fn opens() -> Vec<(&'static str, Vec<u8>)> {
    // Version, AS 65000, hold time 180, identifier 10.0.0.1.
    let fixed = [4, 0xfd, 0xe8, 0, 180, 10, 0, 0, 1];
    let open = |parameters: &[u8]| {
        let mut body = fixed.to_vec();
        body.push(parameters.len() as u8);
        body.extend(parameters);
        message(1, &body)
    };
    let mut extended = fixed.to_vec();
    extended.extend([255, 255, 0, 9, 2, 0, 6, 65, 4, 0, 0, 0xfd, 0xe8]);
    vec![
        ("plain", open(&[])),
        ("multiprotocol", open(&[2, 6, 1, 4, 0, 1, 0, 1])),
        ("four-octet-as", open(&[2, 6, 65, 4, 0, 0, 0xfd, 0xe8, 2, 2, 2, 0])),
        ("graceful-restart", open(&[2, 8, 64, 6, 0x80, 120, 0, 1, 1, 0x80])),
        ("add-path", open(&[2, 6, 69, 4, 0, 1, 1, 3])),
        ("hostname", open(&[2, 8, 73, 6, 3, b'f', b'o', b'o', 1, b'b'])),
        ("software-version", open(&[2, 7, 75, 5, 4, b'h', b'o', b'l', b'd'])),
        ("long-lived-graceful-restart", open(&[2, 9, 71, 7, 0, 1, 1, 0x80, 0, 1, 0])),
        ("extended-parameters", message(1, &extended)),
    ]
}

fn notifications() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("hold-timer-expired", message(3, &[4, 0])),
        ("shutdown-with-text", message(3, &[6, 2, 4, b's', b't', b'o', b'p'])),
        ("hard-reset", message(3, &[6, 9, 6, 2, 0])),
        ("bad-peer-as", message(3, &[2, 2])),
    ]
}

fn refreshes() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("ipv4-unicast", message(5, &[0, 1, 0, 1])),
        ("begin", message(5, &[0, 2, 1, 1])),
        ("end", message(5, &[0, 2, 2, 1])),
        ("prefix-orf", message(5, &[0, 1, 0, 1, 1, 64, 0, 1, 0])),
        ("cut", message(5, &[0, 1, 0])),
    ]
}

/// Two OPENs and what is said on the session that they agree on.
fn conversations() -> Vec<(&'static str, Vec<u8>)> {
    let opens = |capabilities: &[u8]| {
        let mut body = vec![
            4,
            0xfd,
            0xe8,
            0,
            180,
            10,
            0,
            0,
            1,
            capabilities.len() as u8 + 2,
            2,
            capabilities.len() as u8,
        ];
        body.extend(capabilities);
        message(1, &body).repeat(2)
    };
    // ORIGIN, AS_PATH of AS 7 in two octets, NEXT_HOP, LOCAL_PREF; 10.0.0.0/8.
    let attributes =
        [0x40, 1, 1, 0, 0x40, 2, 4, 2, 1, 0, 7, 0x40, 3, 4, 10, 0, 0, 1, 0x40, 5, 4, 0, 0, 0, 100];
    let route = message(2, &[&[0, 0, 0, 25][..], &attributes, &[8, 10]].concat());
    // The same through AS 65536, with path identifier 5.
    let attributes =
        [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 1, 0, 0, 0x40, 3, 4, 10, 0, 0, 1, 0x40, 5, 4, 0, 0, 0, 100];
    let path = message(2, &[&[0, 0, 0, 27][..], &attributes, &[0, 0, 0, 5, 8, 10]].concat());
    let refresh = message(5, &[0, 1, 0, 1]);
    vec![
        ("plain", [opens(&[]), message(4, &[]), route].concat()),
        (
            "add-path",
            [opens(&[1, 4, 0, 1, 0, 1, 65, 4, 0, 0, 0xfd, 0xe8, 69, 4, 0, 1, 1, 3]), path, refresh].concat(),
        ),
        (
            "ipv6-next-hop",
            [
                opens(&[1, 4, 0, 1, 0, 1, 5, 6, 0, 1, 0, 1, 0, 2]),
                message(
                    2,
                    &[
                        &[0, 0, 0, 30, 0x80, 14, 23, 0, 1, 1, 16, 0xfd][..],
                        &[0; 16],
                        &[8, 10],
                        &[0x40, 1, 1, 0],
                    ]
                    .concat(),
                ),
            ]
            .concat(),
        ),
        ("operational", [opens(&[185, 0]), message(6, &[0, 1, 0, 5, 0, 1, 1, b'h', b'i'])].concat()),
    ]
}

/// An MRT file of a message, the peers, and a route of one of them (RFC 6396).
fn collected() -> Vec<u8> {
    let record = |kind: u8, subkind: u8, body: &[u8]| {
        let head = [0, 0, 0, 1, 0, kind, 0, subkind, 0, 0, 0, body.len() as u8];
        [&head, body].concat()
    };
    let update = message(2, &[0, 0, 0, 0, 8, 10]);
    let bgp4mp =
        [&[0, 0, 0xfd, 0xe9, 0, 0, 0xfd, 0xe8, 0, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 1], update.as_slice()];
    let peers = [10, 0, 0, 9, 0, 1, b'v', 0, 1, 2, 10, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0xfd, 0xe9];
    let rib = [0, 0, 0, 0, 8, 10, 0, 1, 0, 0, 0, 0, 0, 1, 0, 11, 0x40, 1, 1, 0, 0x40, 3, 4, 10, 0, 0, 1];
    [record(16, 4, &bgp4mp.concat()), record(13, 1, &peers), record(13, 2, &rib)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![0xff; 16];
    message.extend((19 + body.len() as u16).to_be_bytes());
    message.push(kind);
    message.extend(body);
    message
}

fn save(target: &str, name: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "corpus", target].iter().collect();
    fs::create_dir_all(&folder)?;
    fs::write(Path::new(&folder).join(name), bytes)?;
    Ok(())
}
