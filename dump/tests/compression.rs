//! What is compressed is read as what it is, and as far as it goes.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod util;

use std::io::Write;

use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use util::{found, keepalive};

const KEEPALIVE: &str = "message 4 of 19 from 192.0.2.1 AS1, 2";
/// `keepalive()` as xz compresses it.
const XZ: [u8; 92] = [
    253, 55, 122, 88, 90, 0, 0, 4, 230, 214, 180, 70, 2, 0, 33, 1, 22, 0, 0, 0, 116, 47, 229, 163, 224, 0,
    46, 0, 30, 93, 0, 0, 104, 0, 159, 248, 159, 179, 246, 142, 4, 29, 10, 70, 197, 199, 165, 55, 55, 12, 126,
    220, 101, 157, 129, 163, 207, 150, 102, 10, 0, 0, 0, 0, 61, 214, 201, 31, 43, 186, 194, 133, 0, 1, 58,
    47, 11, 86, 254, 174, 31, 182, 243, 125, 1, 0, 0, 0, 0, 4, 89, 90,
];

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(octets).unwrap();
    out.finish().unwrap()
}

fn bzip2(octets: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    out.write_all(octets).unwrap();
    out.finish().unwrap()
}

fn zstd(octets: &[u8]) -> Vec<u8> {
    compress_to_vec(octets, CompressionLevel::Fastest)
}

#[test]
fn a_file_is_unpacked_by_its_first_octets_and_so_are_several_one_behind_the_other() {
    let plain = keepalive();
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(&plain)].concat();
    for (name, packed) in [
        ("gzip", gzip(&plain)),
        ("bzip2", bzip2(&plain)),
        ("xz", XZ.to_vec()),
        ("zstd", zstd(&plain)),
        ("zstd behind a frame to be skipped", skipped),
    ] {
        assert_eq!(found(&packed), [KEEPALIVE], "{name}");
        assert_eq!(found(&packed.repeat(3)), [KEEPALIVE; 3], "three of {name}");
    }
}

#[test]
fn a_file_that_was_cut_in_transit_tells_of_what_is_there_and_then_of_the_cut() {
    let whole = gzip(&[keepalive(), keepalive()].concat());
    let lines = found(&whole[..whole.len() - 9]);
    assert_eq!(lines[..2], [KEEPALIVE; 2], "{lines:?}");
    assert!(lines[2].contains("cannot be read any further"), "{lines:?}");
    // Something that hardly shrinks, so that a cut takes records away.
    let mut noise = 7u32;
    let records: Vec<Vec<u8>> = (0..20_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut record = keepalive();
            record[0..4].copy_from_slice(&noise.to_be_bytes());
            record
        })
        .collect();
    let plain = records.concat();
    for (name, packed) in [("gzip", gzip(&plain)), ("bzip2", bzip2(&plain)), ("zstd", zstd(&plain))] {
        let lines = found(&packed[..packed.len() - packed.len() / 8]);
        let (last, good) = lines.split_last().unwrap();
        assert!(last.starts_with("fault MRT record "), "{name}: {last}");
        assert!(last.contains("cannot be read any further"), "{name}: {last}");
        assert!(good.len() > 10_000 && good.iter().all(|line| line == KEEPALIVE), "{name}: {}", good.len());
    }
}
