//! Route target memberships of every length (RFC 4684 §4), as programs and the Adj-RIB-In see them.

use crate::util::{Lone, keepalive, message, neighbor, open_with, setup};

/// 64501, and target 64501:100 as far as `bits` go.
fn membership(bits: u8) -> Vec<u8> {
    let whole = [0, 0, 0xfb, 0xf5, 0, 2, 0xfb, 0xf5, 0, 0, 0, 100];
    [&[bits], whole.get(..usize::from(bits.div_ceil(8))).unwrap_or_default()].concat()
}

fn update(reach: bool, nlri: &[u8]) -> Vec<u8> {
    let mut attributes = vec![0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 5, 4, 0, 0, 0, 100];
    let head: &[u8] = if reach { &[0, 1, 132, 4, 10, 0, 0, 2, 0] } else { &[0, 1, 132] };
    let length = (head.len() + nlri.len()) as u8;
    attributes.extend([0x80, if reach { 14 } else { 15 }, length]);
    attributes.extend([head, nlri].concat());
    message(2, &[&[0, 0, 0, attributes.len() as u8][..], &attributes].concat())
}

/// What is told of this membership when it is announced, what `show adj-rib in` then says, and what is told when it is withdrawn.
fn told(encoder: &str, nlri: &[u8]) -> [String; 3] {
    let text = format!(
        "process p {{ run ./p; encoder {encoder}; }} {}",
        neighbor(
            "10.0.0.1",
            "10.0.0.2",
            "passive true; family { ipv4 rtc; } api { processes [ p ]; receive { parsed; update; } }"
        )
    );
    let mut lone = Lone::new(setup(&text));
    let program = lone.start_program();
    let session = lone.accept_from("10.0.0.2");
    lone.receive(session, &open_with(65_000, 180, [10, 0, 0, 2], &[(1, &[0, 1, 0, 132])]));
    lone.receive(session, &keepalive());
    lone.receive(session, &update(true, nlri));
    let announced = lone.take_written(program);
    lone.receive(program, b"show adj-rib in\n");
    let held = lone.take_written(program);
    lone.receive(session, &update(false, nlri));
    let withdrawn = lone.take_written(program);
    lone.receive(program, b"show adj-rib in\n");
    assert_eq!(lone.take_written(program), "done\n", "it is forgotten");
    [announced, held, withdrawn]
}

#[test]
fn every_length_is_told_apart_with_its_as() {
    let mut seen = std::collections::BTreeSet::new();
    for bits in [0].into_iter().chain(32..=96) {
        let [announced, held, withdrawn] = told("json", &membership(bits));
        let value = |told: &str| {
            let (_, value) = told.rsplit_once("{ \"origin\": ").unwrap_or_default();
            value.split_once(" }").unwrap_or_default().0.to_string()
        };
        let expected = match bits {
            0 => "0, \"route-target\": null".to_string(),
            32 => "64501, \"route-target\": null, \"length\": 32".to_string(),
            64 => "64501, \"route-target\": \"0x0002FBF5\", \"length\": 64".to_string(),
            72 => "64501, \"route-target\": \"0x0002FBF500\", \"length\": 72".to_string(),
            // The last octet is cut behind its highest bit.
            49 => "64501, \"route-target\": \"0x000280\", \"length\": 49".to_string(),
            96 => "64501, \"route-target\": \"target:64501:100\"".to_string(),
            _ => value(&announced),
        };
        assert_eq!(value(&announced), expected, "{announced}");
        assert_eq!(value(&withdrawn), expected, "{withdrawn}");
        let words = match bits {
            0 => "rtc wildcard".to_string(),
            32 => "rtc 64501/32".to_string(),
            64 => "rtc 64501:0x0002FBF5/64".to_string(),
            96 => "rtc 64501:target:64501:100".to_string(),
            33..96 => format!("/{bits}"),
            _ => unreachable!("no such length"),
        };
        let [announced, in_text, withdrawn] = told("text", &membership(bits));
        for said in [announced, held, in_text, withdrawn] {
            assert!(said.contains(&words), "{bits} {said}");
        }
        assert!(seen.insert(expected), "{bits} is told as another");
    }
}

#[test]
fn no_other_length_is_taken() {
    for bits in (1..32).chain([97, 128, 255]) {
        let [announced, held, _] = told("json", &[&[bits][..], &[0; 32]].concat());
        assert!(announced.contains("\"error\": \"disable: "), "{bits} {announced}");
        assert_eq!(held, "done\n");
    }
}
