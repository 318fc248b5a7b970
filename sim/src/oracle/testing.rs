//! What the oracles' tests show them.

use std::net::{IpAddr, Ipv4Addr};

use holdtime_core::Instant;
use holdtime_core::config::{Config, ConfigText, Settings};

use crate::observe::{ProgramKey, Seen, SessionEnd, SessionKey};
use crate::oracle::alarm::Judge;
use crate::oracle::routes::RouteJudge;
use crate::scenario::codec::{REFRESH, UPDATE, framed};
use crate::scenario::script::{ScriptMessage, prefix};

pub(super) const SESSION: SessionKey = SessionKey(0);
pub(super) const PROGRAM: ProgramKey = ProgramKey(0);
pub(super) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
/// A second neighbor.
pub(super) const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3));
pub(super) const KEEPALIVE: [u8; 19] =
    [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 19, 4];

pub(super) fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

pub(super) fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn encode(message: &ScriptMessage) -> Vec<u8> {
    message.encode(65_002, Ipv4Addr::new(10, 0, 0, 2))
}

pub(super) fn open(hold: u16, families: &[(u16, u8)]) -> Vec<u8> {
    let (families, capabilities) = (families.to_vec(), Vec::new());
    encode(&ScriptMessage::Open { asn: None, router_id: None, hold, families, capabilities, bare: false })
}

pub(super) fn notification(code: u8, subcode: u8) -> Vec<u8> {
    encode(&ScriptMessage::Notification { code, subcode, data: vec![] })
}

pub(super) fn announcement(prefixes: &str) -> Vec<u8> {
    let prefixes = prefixes.split(' ').map(|text| prefix(text).unwrap()).collect();
    encode(&ScriptMessage::Announce {
        prefixes,
        next_hop: Ipv4Addr::new(10, 0, 0, 1).into(),
        path: vec![65_001],
    })
}

pub(super) fn withdrawal(prefixes: &str) -> Vec<u8> {
    let prefixes = prefixes.split(' ').map(|text| prefix(text).unwrap()).collect();
    encode(&ScriptMessage::Withdraw { prefixes })
}

/// A ROUTE-REFRESH (RFC 2918).
pub(super) fn refresh(afi: u8, safi: u8) -> Vec<u8> {
    framed(REFRESH, &[0, afi, 0, safi])
}

/// A session of one family that both ends have just confirmed.
pub(super) fn establish(judge: &mut impl Judge, now: Instant, hold: u16) {
    establish_as(judge, SESSION, now, hold);
}

pub(super) fn establish_as(judge: &mut impl Judge, key: SessionKey, now: Instant, hold: u16) {
    meet(judge, key, PEER, now, &open(hold, &[(1, 1)]), &open(hold, &[(1, 1)]));
}

/// A session with this peer, with these OPENs, ours first, that both ends have just confirmed.
pub(super) fn meet(
    judge: &mut impl Judge,
    key: SessionKey,
    peer: IpAddr,
    now: Instant,
    ours: &[u8],
    theirs: &[u8],
) {
    judge.see(now, &Seen::Opened(key, peer, SessionEnd::Peer));
    judge.see(now, &Seen::Sent(key, ours));
    judge.see(now, &Seen::Received(key, theirs));
    judge.see(now, &Seen::Sent(key, &KEEPALIVE));
    judge.see(now, &Seen::Received(key, &KEEPALIVE));
}

/// Two neighbors, the first with these options, both of a program's.
pub(super) fn config(options: &str) -> Config {
    let neighbor = |address: &str, options: &str| {
        format!(
            "neighbor {address} {{ router-id 10.0.0.1; local-address 10.0.0.1; local-as 65001; peer-as 65002; \
             family {{ ipv4 unicast; ipv6 unicast; ipv4 mpls-vpn; }} api {{ processes [ feed ]; }} {options} }}\n"
        )
    };
    let text = format!(
        "process feed {{ run ./feed; encoder text; }}\n{}{}",
        neighbor("10.0.0.2", options),
        neighbor("10.0.0.3", "")
    );
    parse(&text)
}

pub(super) fn parse(text: &str) -> Config {
    let text = ConfigText { name: "test".to_owned(), text: text.to_owned() };
    Config::parse(&text, &Settings::default()).unwrap()
}

/// An OPEN with these capabilities, each a code and its value.
pub(super) fn open_with(hold: u16, capabilities: &[(u8, &[u8])]) -> Vec<u8> {
    let mut parameters = Vec::new();
    for (code, value) in capabilities {
        parameters.extend([2, 2 + value.len() as u8, *code, value.len() as u8]);
        parameters.extend(*value);
    }
    let body =
        [&[4, 0xfd, 0xe9][..], &hold.to_be_bytes(), &[10, 0, 0, 2, parameters.len() as u8], &parameters]
            .concat();
    framed(1, &body)
}

/// An UPDATE with one MP_REACH_NLRI (`true`) or MP_UNREACH_NLRI of these NLRI.
pub(super) fn multiprotocol(reach: bool, family: (u8, u8), next_hop: &[u8], nlri: &[u8]) -> Vec<u8> {
    let (afi, safi) = family;
    let mut value = vec![0, afi, safi];
    if reach {
        value.push(next_hop.len() as u8);
        value.extend(next_hop);
        value.push(0);
    }
    value.extend(nlri);
    let mut attributes = vec![0x80, if reach { 14 } else { 15 }, value.len() as u8];
    attributes.extend(value);
    if reach {
        attributes.extend([0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9]);
    }
    framed(2, &[&[0, 0, 0, attributes.len() as u8][..], &attributes].concat())
}

/// Oracles O1 and O7 of a speaker with two neighbors, both in a session of IPv4 unicast alone, and a program.
pub(super) fn ledger(options: &str) -> RouteJudge {
    let mut judge = RouteJudge::new(holdtime_core::Duration::from_secs(5), true);
    judge.see(at(0), &Seen::Configured(&config(options)));
    judge.see(at(0), &Seen::Started(PROGRAM, "feed"));
    meet(&mut judge, SESSION, PEER, at(0), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
    meet(&mut judge, SESSION2, OTHER, at(0), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
    judge
}

/// The second neighbor's session.
pub(super) const SESSION2: SessionKey = SessionKey(1);

/// The program writes a line, which is answered with `done` at once.
pub(super) fn done(judge: &mut RouteJudge, now: Instant, line: &str) {
    judge.see(now, &Seen::Command(PROGRAM, line));
    judge.see(now, &Seen::Answer(PROGRAM, "done"));
}

/// O1 and O7 of a speaker with these neighbors and a program of all of them, and a session with 10.0.0.2 of IPv4 and IPv6.
pub(super) fn served(neighbors: &str) -> RouteJudge {
    let mut judge = RouteJudge::new(holdtime_core::Duration::from_secs(5), true);
    judge.see(at(0), &Seen::Configured(&serving(neighbors)));
    judge.see(at(0), &Seen::Started(PROGRAM, "feed"));
    let both = open(90, &[(1, 1), (2, 1)]);
    meet(&mut judge, SESSION, PEER, at(0), &both, &both);
    judge
}

pub(super) fn serving(neighbors: &str) -> Config {
    parse(&format!("process feed {{ run ./feed; encoder text; }}\n{neighbors}"))
}

/// A neighbor at this address, with these options.
pub(super) fn neighbor(address: &str, options: &str) -> String {
    format!(
        "neighbor {address} {{ router-id 10.9.9.9; local-as 65001; peer-as 65002; family {{ ipv4 unicast; ipv6 unicast; }} \
         api {{ processes [ feed ]; }} {options} }}\n"
    )
}

/// An OPEN that offers to send and to take several paths of an IPv4 prefix.
pub(super) fn offers_paths() -> Vec<u8> {
    open_with(90, &[(1, &[0, 1, 0, 1]), (65, &[0, 0, 0xfd, 0xe9]), (69, &[0, 1, 1, 3])])
}

/// An UPDATE that announces 10.N.0.0/24 with this path identifier.
pub(super) fn path_of(identifier: u8, n: u8) -> Vec<u8> {
    let attributes = [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9, 0x40, 3, 4, 10, 0, 0, 1];
    let nlri = [0, 0, 0, identifier, 24, 10, n, 0];
    framed(UPDATE, &[&[0, 0, 0, attributes.len() as u8][..], &attributes, &nlri].concat())
}

/// O1 and O7 of a session of several paths with the first neighbor, which has been told of 10.0.0.0/24 without an identifier.
pub(super) fn told_of_a_path() -> RouteJudge {
    let paths = offers_paths();
    let mut judge = ledger("");
    judge.see(at(0), &Seen::Closed(SESSION, SessionEnd::Peer));
    judge.see(at(0), &Seen::Closed(SESSION2, SessionEnd::Peer));
    meet(&mut judge, SESSION, PEER, at(0), &paths, &paths);
    done(&mut judge, at(1), "announce route 10.0.0.0/24 next-hop 10.0.0.1");
    judge.see(at(2), &Seen::Sent(SESSION, &path_of(0, 0)));
    judge
}
