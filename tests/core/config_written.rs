//! A neighbor that is written as `show neighbor configuration` writes it is read as the same neighbor again.

use std::net::{Ipv4Addr, Ipv6Addr};

use holdtime_core::config::{Config, ConfigText, Neighbor, Settings};
use proptest::prelude::*;

fn read(text: &str) -> Result<Neighbor, String> {
    let file = ConfigText { name: "edge.conf".into(), text: text.into() };
    let config = Config::parse(&file, &Settings::default()).map_err(|error| error.to_string())?;
    config.neighbors.into_iter().next().ok_or_else(|| format!("no neighbor in {text}"))
}

fn switch() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("true"), Just("false")]
}

/// One option of a neighbor, as a person may write it; `LOCAL` is its own address.
fn option() -> impl Strategy<Value = String> {
    let switches = prop_oneof![
        Just("passive"),
        Just("group-updates"),
        Just("auto-flush"),
        Just("adj-rib-in"),
        Just("adj-rib-out"),
        Just("manual-eor"),
    ];
    prop_oneof![
        (switches, switch()).prop_map(|(name, value)| format!("{name} {value};")),
        "[ !#-\\[\\]-~]{0,20}".prop_map(|text| format!("description \"{text}\";")),
        "[a-z]{1,8}".prop_map(|name| format!("host-name {name};")),
        "[a-z]{1,8}".prop_map(|name| format!("domain-name {name};")),
        prop_oneof![Just(0), 3..=u16::MAX].prop_map(|seconds| format!("hold-time {seconds};")),
        (1..1_000_u32).prop_map(|rate| format!("rate-limit {rate};")),
        (1..=u16::MAX).prop_map(|port| format!("listen {port};")),
        (1..=u16::MAX).prop_map(|port| format!("connect {port};")),
        (1..=u8::MAX).prop_map(|ttl| format!("outgoing-ttl {ttl};")),
        (1..=u8::MAX).prop_map(|ttl| format!("incoming-ttl {ttl};")),
        "[a-zA-Z0-9]{1,80}".prop_map(|password| format!("md5-password \"{password}\"; md5-ip LOCAL;")),
        capability().prop_map(|capability| format!("capability {{ {capability} }}")),
        families().prop_map(|families| format!("family {{ {families} }}")),
        (0..=u32::MAX).prop_map(|seconds| format!("send-hold-time {seconds};")),
        switch().prop_map(|value| format!("flow-whole-prefix {value};")),
        (0..=u16::MAX).prop_map(|seconds| format!("delay-open-time {seconds};")),
    ]
}

fn capability() -> impl Strategy<Value = String> {
    let names = prop_oneof![
        Just("asn4"),
        Just("route-refresh"),
        Just("extended-message"),
        Just("multi-session"),
        Just("operational"),
        Just("aigp"),
        Just("software-version"),
        Just("nexthop"),
    ];
    let on = prop_oneof![Just("enable"), Just("disable")];
    let add_path = prop_oneof![Just("disable"), Just("send"), Just("receive"), Just("send/receive")];
    prop_oneof![
        (names, on).prop_map(|(name, value)| format!("{name} {value};")),
        add_path.prop_map(|value| format!("add-path {value};")),
        (0..4096_u16, switch(), 1..1_u32 << 24).prop_map(|(seconds, notification, stale)| {
            format!("graceful-restart {seconds}; graceful-notification {notification}; long-lived-graceful-restart {stale};")
        }),
    ]
}

fn families() -> impl Strategy<Value = String> {
    let family = prop_oneof![
        Just("ipv4 unicast;"),
        Just("ipv6 unicast;"),
        Just("ipv4 mpls-vpn;"),
        Just("ipv6 flow;"),
        Just("l2vpn evpn;"),
        Just("bgp-ls bgp-ls;"),
    ];
    proptest::collection::vec(family, 1..4).prop_map(|families| families.concat())
}

proptest! {
    #![proptest_config(crate::seed::config())]

    #[test]
    fn what_show_writes_of_a_neighbor_is_the_same_neighbor_when_it_is_read(
        addresses in prop_oneof![
            any::<(Ipv4Addr, Ipv4Addr)>().prop_map(|(us, peer)| (us.to_string(), peer.to_string())),
            any::<(Ipv6Addr, Ipv6Addr)>().prop_map(|(us, peer)| (us.to_string(), peer.to_string())),
        ],
        local_as: u32,
        peer_as: u32,
        options in proptest::collection::vec(option(), 0..8),
    ) {
        let (us, peer) = addresses;
        let text = format!(
            "neighbor {peer} {{ local-address {us}; router-id 192.0.2.1; local-as {local_as}; peer-as {peer_as}; {} }}",
            options.concat().replace("LOCAL", &us)
        );
        // Some options exclude each other; that they are refused is for other tests to see.
        let Ok(first) = read(&text) else { return Ok(()) };
        let written = first.to_text();
        // Python's word for what is not configured is written as ExaBGP writes it, and is no value.
        let words: String = written.lines().filter(|line| !line.ends_with(" None;")).collect();
        let again = read(&words).map_err(|error| TestCaseError::fail(format!("{error}\n{written}")))?;
        prop_assert!(first.same_session(&again), "{text}\n{written}");
        prop_assert_eq!(again.to_text(), written);
    }
}
