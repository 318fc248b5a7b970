//! Messages that crashed or hung other decoders, built from the public descriptions. Each is named after the system and the number
//! it was reported under, so that a failure says where to read on.

use crate::message;

/// The fuzz target, the seed's name, the whole message.
pub type Seed = (&'static str, &'static str, Vec<u8>);

pub fn all() -> Vec<Seed> {
    let mut seeds = opens();
    seeds.extend(frr_updates());
    seeds.extend(other_updates());
    // The text is said to be longer than the message.
    seeds.push(("notification", "bird-cve-2025-59688-text-past-the-end", message(3, &[6, 2, 200, b'x'])));
    // A dynamic capability message (type 6) whose capability has no octets left.
    let stream = [&[255], message(6, &[0, 0, 0, 1, 71, 0, 0]).as_slice()].concat();
    seeds.push(("framing", "frr-cve-2024-31949-dynamic-capability", stream));
    seeds
}

fn opens() -> Vec<Seed> {
    // Version, AS 65000, hold time 180, identifier 10.0.0.1; then the optional parameters' length and what follows it.
    let open = |name, rest: &[u8]| {
        let body = [&[4, 0xfd, 0xe8, 0, 180, 10, 0, 0, 1], rest].concat();
        ("open", name, message(1, &body))
    };
    vec![
        open("frr-cve-2022-40302-extended-length-cut", &[255, 255, 0]),
        open("frr-cve-2022-40318-extended-parameter-cut", &[255, 255, 0, 2, 2, 0]),
        open("frr-cve-2022-43681-ends-at-option-length", &[1, 2]),
        open("frr-cve-2023-31489-llgr-length", &[9, 2, 7, 71, 5, 0, 1, 1, 0x80, 0]),
        open("quagga-2018-1975-empty-capabilities", &[6, 2, 4, 0, 0, 0, 0]),
        open("gobgp-2730-software-version-overrun", &[7, 2, 5, 75, 3, 200, b'a', b'b']),
        open("gobgp-cve-2025-43971-software-version-empty", &[5, 2, 3, 75, 1, 0]),
        open("gobgp-empty-capability-before-another", &[10, 2, 8, 1, 0, 65, 4, 0, 0, 0xfd, 0xe8]),
    ]
}

/// ORIGIN IGP, AS_PATH 65001, NEXT_HOP 10.0.0.1: what every route needs.
const MANDATORY: [u8; 20] = [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9, 0x40, 3, 4, 10, 0, 0, 1];
/// 10.0.0.0/8
const ROUTE: [u8; 2] = [8, 10];

fn frr_updates() -> Vec<Seed> {
    vec![
        seed(
            "frr-cve-2023-38802-tunnel-encapsulation",
            &[&MANDATORY, &[0xc0, 23, 5, 0, 8, 0, 200, 1]],
            &ROUTE,
        ),
        seed("frr-cve-2023-41358-routes-without-attributes", &[], &ROUTE),
        seed("frr-cve-2023-46752-mp-reach-cut", &[&[0x80, 14, 4, 0, 2, 1, 16]], &[]),
        seed("frr-cve-2023-46753-only-an-unknown-attribute", &[&[0xc0, 99, 0]], &ROUTE),
        seed("frr-cve-2023-47234-mp-unreach-and-routes", &[&[0x80, 15, 4, 0, 1, 2, 0]], &ROUTE),
        seed("frr-cve-2023-47235-end-of-rib-cut", &[&[0x80, 15, 2, 0, 1]], &[]),
        seed("frr-cve-2024-31948-prefix-sid", &[&MANDATORY, &[0xc0, 40, 5, 1, 0, 7, 0, 0]], &ROUTE),
        seed(
            "frr-cve-2024-44070-encapsulation-past-the-end",
            &[&MANDATORY, &[0xc0, 23, 4, 0, 8, 255, 255]],
            &ROUTE,
        ),
        // One rule: protocol, an operator without end-of-list as the last octet.
        seed(
            "frr-cve-2026-37457-flow-operator-chain",
            &[&[0x80, 14, 9, 0, 1, 133, 0, 0, 3, 3, 0x01, 6], &MANDATORY[..13]],
            &[],
        ),
    ]
}

fn other_updates() -> Vec<Seed> {
    let path = |kind: u8, numbers: u8| {
        let mut attribute = vec![0x50, 2];
        attribute.extend((2 + 4 * u16::from(numbers)).to_be_bytes());
        attribute.extend([kind, numbers]);
        attribute.extend((0..u32::from(numbers)).flat_map(|number| (65_536 + number).to_be_bytes()));
        attribute
    };
    let (origin, hop) = (&MANDATORY[..4], &MANDATORY[13..]);
    let only_to_customer = [&[0xd0, 35, 4, 0][..], &[0; 1024]].concat();
    vec![
        seed("gobgp-cve-2026-30405-next-hop-empty", &[&MANDATORY[..13], &[0x40, 3, 0]], &ROUTE),
        seed("gobgp-cve-2026-41643-as4-path-first", &[&[0xc0, 17, 3, 2, 9, 0], &MANDATORY], &ROUTE),
        seed(
            "gobgp-cve-2026-37461-ipv6-extended-community",
            &[&MANDATORY, &[&[0xc0, 25, 19][..], &[0; 19]].concat()],
            &ROUTE,
        ),
        ("update", "gobgp-cve-2026-37462-length-underflow", message(2, &[0, 1, 8, 255, 255])),
        seed("gobgp-as-path-empty", &[origin, &[0x40, 2, 0], hop], &ROUTE),
        // SRv6 L3 service (TLV 5) with an unknown sub-TLV of length zero.
        seed("gobgp-srv6-unknown-sub-tlv", &[&MANDATORY, &[0xc0, 40, 7, 5, 0, 4, 0, 99, 0, 0]], &ROUTE),
        seed("bird-only-to-customer-of-1024-octets", &[&MANDATORY, &only_to_customer], &ROUTE),
        seed(
            "openbgpd-cve-2023-38283-aggregator-length",
            &[&MANDATORY, &[0xc0, 7, 5, 0, 0, 0, 1, 10]],
            &ROUTE,
        ),
        seed("junos-vu347067-corrupt-transitive-attribute", &[&MANDATORY, &[0xe0, 28, 3, 0, 0, 0]], &ROUTE),
        seed("junos-cve-2023-44186-long-four-octet-path", &[origin, &path(2, 255), hop], &ROUTE),
        seed("ios-xr-cve-2025-20115-255-confederation-numbers", &[origin, &path(3, 255), hop], &ROUTE),
    ]
}

fn seed(name: &'static str, attributes: &[&[u8]], routes: &[u8]) -> Seed {
    let attributes = attributes.concat();
    let mut body = vec![0, 0];
    body.extend((attributes.len() as u16).to_be_bytes());
    body.extend(attributes);
    body.extend(routes);
    ("update", name, message(2, &body))
}
