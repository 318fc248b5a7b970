//! What is compressed is read as what it is, and as far as it goes.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod util;

use std::io::Write;

use lzma_rust2::{XzOptions, XzWriter};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use util::{found, keepalive};

const KEEPALIVE: &str = "message 4 of 19 from 192.0.2.1 AS1, 2";
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

fn xz(octets: &[u8]) -> Vec<u8> {
    let mut out = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
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
        ("xz", xz(&plain)),
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
    assert_eq!(lines.len(), 3, "{lines:?}");
}

/// So many records that do not shrink to nothing: their times are noise.
fn noisy_records(count: usize) -> Vec<u8> {
    let mut noise = 7u32;
    let record = |_| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut record = keepalive();
        record[0..4].copy_from_slice(&noise.to_be_bytes());
        record
    };
    (0..count).flat_map(record).collect()
}

/// How many records are told of before the one fault, which is the last.
fn good_before_the_cut(name: &str, packed: &[u8]) -> usize {
    let lines = found(packed);
    let (last, good) = lines.split_last().unwrap();
    assert!(last.starts_with("fault MRT record "), "{name}: {last}");
    assert!(last.contains("cannot be read any further"), "{name}: {last}");
    assert!(good.iter().all(|line| line == KEEPALIVE), "{name}");
    good.len()
}

#[test]
fn of_any_compression_all_that_the_octets_before_a_cut_hold_is_told() {
    const COUNT: usize = 20_000;
    let plain = noisy_records(COUNT);
    // The decoders of bzip2 and zstd have nothing of a block before they have all of it.
    let in_blocks = |size: usize| size / keepalive().len() + 1;
    for (name, packed, block) in [
        ("gzip", gzip(&plain), 1000),
        ("bzip2", bzip2(&plain), in_blocks(140_000)),
        ("xz", xz(&plain), 100),
        ("zstd", zstd(&plain), in_blocks(128 << 10)),
    ] {
        for eighths in [3, 7] {
            let good = good_before_the_cut(name, &packed[..packed.len() * eighths / 8]);
            let fair = (COUNT * eighths / 8).saturating_sub(block + COUNT / 50);
            assert!(good >= fair, "{name}, {eighths} eighths: {good} of {fair}");
        }
        // What is missing is of the checksum, or of what closes the file.
        let good = if name == "gzip" || name == "xz" { COUNT } else { COUNT - block };
        assert!(good_before_the_cut(name, &packed[..packed.len() - 1]) >= good, "{name}");
    }
}

#[test]
fn octets_that_were_changed_in_transit_are_no_silent_success() {
    // bzip2 has more than one block then, and its first is whole.
    let plain = noisy_records(6_000);
    for (name, mut packed) in
        [("gzip", gzip(&plain)), ("bzip2", bzip2(&plain)), ("xz", xz(&plain)), ("zstd", zstd(&plain))]
    {
        let at = packed.len() * 3 / 4;
        packed[at] ^= 1;
        let lines = found(&packed);
        assert!(lines.iter().any(|line| line.contains("cannot be read any further")), "{name}");
    }
    let skipped = [&zstd(&noisy_records(100))[..], &[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1]].concat();
    assert_eq!(good_before_the_cut("a frame to be skipped", &skipped), 100);
}

#[test]
fn a_frame_of_zstd_without_its_checksum_is_told_whole() {
    let whole = zstd(&noisy_records(3_000));
    assert!(whole[4] & 4 != 0, "it has a checksum");
    for missing in 1..=4 {
        assert_eq!(good_before_the_cut("zstd", &whole[..whole.len() - missing]), 3_000);
    }
    let mut other = whole;
    *other.last_mut().unwrap() ^= 1;
    let lines = found(&other);
    assert!(lines.last().unwrap().ends_with("a frame's content does not match its checksum"));
}
