//! Every row of RFC 7606's table, and every rule beside it, with what it comes to: in the Adj-RIB-In, in what programs are told, in the
//! log, and on the session. The table itself is gone through, so that a row that is added fails until it has a case.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails should say where"
)]

use crate::util::{Lone, keepalive, message, neighbor, open_with, setup};
use holdtime_core::speaker::{Severity, StreamId};
use holdtime_core::wire::treatment::{self, ATTRIBUTES, RULES, Row, Rule};
use holdtime_core::wire::{AttributeCode as Code, Treatment};

const ORIGIN: &[u8] = &[0x40, 1, 1, 0];
const AS_PATH: &[u8] = &[0x40, 2, 0];
const NEXT_HOP: &[u8] = &[0x40, 3, 4, 10, 0, 0, 2];
const LOCAL_PREF: &[u8] = &[0x40, 5, 4, 0, 0, 0, 100];
const BASE: [&[u8]; 4] = [ORIGIN, AS_PATH, NEXT_HOP, LOCAL_PREF];

/// What was announced before: by IPv4, by IPv6, and the same again is in every case.
const KNOWN: &[u8] = &[24, 192, 0, 2];
const NEW: &[u8] = &[24, 198, 51, 100];
const IPV6: &[u8] = &[32, 0x20, 1, 0xd, 0xb8];
const OTHER_IPV6: &[u8] = &[32, 0x20, 1, 0xd, 0xb9];
/// A prefix that cannot be: of 200 bits.
const IMPOSSIBLE: &[u8] =
    &[200, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25];

/// A session inside an AS, with a program that hears every UPDATE; one route of each family is known.
struct Scene {
    lone: Lone,
    program: StreamId,
    session: StreamId,
}

/// What an UPDATE has come to.
#[derive(Debug)]
struct Outcome {
    /// `show adj-rib in`, line by line.
    held: Vec<String>,
    /// What the program was told.
    told: String,
    /// What the log holds, with how much it matters.
    logged: Vec<(Severity, String)>,
    /// The NOTIFICATIONs that were sent, in hex from their type on.
    notifications: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        let text = format!(
            "process p {{ run ./p; encoder json; }} {}",
            neighbor(
                "10.0.0.1",
                "10.0.0.2",
                "passive true; family { ipv4 unicast; ipv6 unicast; l2vpn evpn; bgp-ls bgp-ls; } \
                 api { processes [ p ]; receive { parsed; update; } }",
            )
        );
        let mut lone = Lone::new(setup(&text));
        let program = lone.start_program();
        let session = lone.accept_from("10.0.0.2");
        let families: [(u8, &[u8]); 3] = [(1, &[0, 2, 0, 1]), (1, &[0, 25, 0, 70]), (1, &[0x40, 4, 0, 71])];
        lone.receive(session, &open_with(65_000, 180, [10, 0, 0, 2], &families));
        lone.receive(session, &keepalive());
        let mut scene = Self { lone, program, session };
        scene.send(&update(&BASE, KNOWN));
        scene.send(&update(&[ORIGIN, AS_PATH, LOCAL_PREF, &reach(IPV6)], &[]));
        let before = scene.outcome();
        assert_eq!(before.held.len(), 2, "{before:?}");
        assert!(before.logged.is_empty() && before.notifications.is_empty(), "{before:?}");
        scene
    }

    fn send(&mut self, body: &[u8]) {
        self.lone.receive(self.session, &message(2, body));
    }

    /// What has happened since the last call.
    fn outcome(&mut self) -> Outcome {
        let told = self.lone.take_written(self.program);
        self.lone.receive(self.program, b"show adj-rib in\n");
        let answer = self.lone.take_written(self.program);
        let held = answer.lines().filter(|line| *line != "done").map(String::from).collect();
        let warned = |severity: &Severity| *severity >= Severity::Warning;
        let logged = std::mem::take(&mut self.lone.events);
        Outcome {
            held,
            told,
            logged: logged
                .into_iter()
                .filter(|event| warned(&event.severity))
                .map(|event| (event.severity, event.text))
                .collect(),
            notifications: self.lone.take_sent().into_iter().filter(|sent| sent.starts_with("03")).collect(),
        }
    }

    /// What this body comes to.
    fn after(body: &[u8]) -> Outcome {
        let mut scene = Self::new();
        scene.send(body);
        scene.outcome()
    }
}

impl Outcome {
    fn holds(&self, prefix: &str) -> bool {
        self.held.iter().any(|line| line.contains(prefix))
    }

    /// Programs and the log were told the same.
    #[track_caller]
    fn tells(&self, treatment: Treatment, what: &str, clause: &str) {
        let head = format!("{treatment}: {what}");
        let in_json = clause.replace('§', "\\u00a7");
        assert!(self.told.contains(&format!("\"error\": \"{head}")), "{self:?}");
        assert!(self.told.contains(&in_json), "{clause}: {self:?}");
        let [(Severity::Warning, text)] = self.logged.as_slice() else { panic!("{self:?}") };
        assert!(text.contains(&head) && text.contains(clause), "{clause}: {self:?}");
    }

    /// What the treatment means for routes; `what` is wrong, by `clause`. The UPDATE was one of [`faulty`].
    #[track_caller]
    fn is(&self, treatment: Treatment, what: &str, clause: &str, subcode: u8) {
        let (known, new) = (self.holds("192.0.2.0/24"), self.holds("198.51.100.0/24"));
        let (ipv6, other) = (self.holds("2001:db8::/32"), self.holds("2001:db9::/32"));
        let announced = |prefix| {
            self.told.contains(&format!("{{ \"nlri\": \"{prefix}\"")) && self.told.contains("announce")
        };
        match treatment {
            Treatment::Discard | Treatment::NlriDiscard => {
                assert!(known && new && ipv6 && !other, "{self:?}");
                assert!(announced("198.51.100.0/24"), "{self:?}");
            }
            Treatment::Withdraw => {
                assert!(!known && !new && ipv6 && !other, "{self:?}");
                assert!(
                    self.told.contains("\"withdraw\": { \"ipv4 unicast\"") && !announced("none"),
                    "{self:?}"
                );
            }
            Treatment::Disable => {
                assert!(known && new && !ipv6 && !other, "{self:?}");
                assert!(announced("198.51.100.0/24") && !self.told.contains("2001:db9"), "{self:?}");
            }
            Treatment::Reset => {
                let ends = format!("0303{subcode:02x}");
                assert!(self.notifications.iter().any(|sent| sent.starts_with(&ends)), "{ends} {self:?}");
                assert!(self.held.is_empty(), "{self:?}");
                return;
            }
        }
        assert!(self.notifications.is_empty(), "{self:?}");
        self.tells(treatment, what, clause);
    }
}

fn attribute(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    [&[flags, code, u8::try_from(value.len()).unwrap()], value].concat()
}

fn update(attributes: &[&[u8]], nlri: &[u8]) -> Vec<u8> {
    let attributes = attributes.concat();
    let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    [&[0, 0][..], &length, &attributes, nlri].concat()
}

/// MP_REACH_NLRI of IPv6 unicast.
fn reach(nlri: &[u8]) -> Vec<u8> {
    let next_hop = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
    attribute(0x80, 14, &[&[0, 2, 1, 16][..], &next_hop, &[0], nlri].concat())
}

/// An UPDATE that announces what is known and what is new with this attribute, instead of the good one or beside the others.
fn faulty(faulty: &[u8]) -> Vec<u8> {
    let others = BASE.into_iter().filter(|good| good.get(1) != faulty.get(1));
    let attributes: Vec<&[u8]> = others.chain([faulty]).collect();
    update(&attributes, &[KNOWN, NEW].concat())
}

/// A value of this attribute that is malformed.
fn malformed(code: Code) -> Vec<u8> {
    match code {
        Code::ORIGIN => vec![3],
        Code::AS_PATH | Code::AS4_PATH => vec![2, 1, 0],
        Code::NEXT_HOP => vec![10, 0, 0],
        Code::ATOMIC_AGGREGATE => vec![1],
        Code::MED
        | Code::LOCAL_PREF
        | Code::AGGREGATOR
        | Code::COMMUNITIES
        | Code::ORIGINATOR_ID
        | Code::CLUSTER_LIST
        | Code::EXTENDED_COMMUNITIES
        | Code::AS4_AGGREGATOR
        | Code::PMSI_TUNNEL
        | Code::IPV6_EXTENDED_COMMUNITIES
        | Code::LARGE_COMMUNITIES
        | Code::ONLY_TO_CUSTOMER
        | Code::ATTR_SET => vec![0, 0, 1],
        // A good prefix, and behind it one of 200 bits.
        Code::MP_REACH => reach(&[OTHER_IPV6, IMPOSSIBLE].concat()).split_off(3),
        Code::MP_UNREACH => [&[0, 2, 1][..], OTHER_IPV6, IMPOSSIBLE].concat(),
        Code::TUNNEL_ENCAPSULATION => vec![0, 8, 0, 5],
        Code::AIGP => vec![9, 0, 4, 1],
        Code::BGP_LS => vec![4, 0, 0, 2, 1],
        Code::PREFIX_SID => vec![1, 0, 5, 0, 0, 0, 0, 1],
        other => panic!("{other:?} is in the table and has no case here"),
    }
}

/// What the malformed attribute of this row comes to, with these flags.
fn outcome_of(row: &Row, flags: u8) -> Outcome {
    Scene::after(&faulty(&attribute(flags, row.code.0, &malformed(row.code))))
}

#[test]
fn a_malformed_attribute_of_every_row_comes_to_what_the_row_says() {
    for row in &ATTRIBUTES {
        let outcome = outcome_of(row, row.class.flags().0);
        println!("{:?} {}", row.code, row.malformed);
        outcome.is(row.malformed, "", row.clause, row.subcode);
    }
}

#[test]
fn wrong_flags_of_every_row_come_to_what_the_row_says() {
    for row in &ATTRIBUTES {
        // The optional bit of a well-known attribute, or the transitive bit of an optional one.
        let wrong = if row.class.flags().0 & 0x80 == 0 { 0x80 } else { 0x40 };
        let outcome = outcome_of(row, row.class.flags().0 ^ wrong);
        println!("{:?} {}", row.code, row.flags);
        let clause = match row.flags {
            Treatment::Disable => "RFC 7606 §5.3",
            Treatment::Discard => row.clause,
            _ => treatment::FLAGS.clause,
        };
        outcome.is(row.flags, treatment::FLAGS.what, clause, treatment::FLAGS.subcode);
    }
}

#[test]
fn what_only_internal_peers_may_say_is_passed_over_from_others_malformed_or_not() {
    for row in ATTRIBUTES.iter().filter(|row| row.internal_only) {
        let text = neighbor("10.0.0.1", "10.0.0.2", "passive true; peer-as 65001;");
        let mut lone = Lone::new(setup(&text));
        let session = lone.accept_from("10.0.0.2");
        lone.receive(session, &open_with(65_001, 180, [10, 0, 0, 2], &[]));
        lone.receive(session, &keepalive());
        let as_path = [0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9];
        let bad = attribute(row.class.flags().0, row.code.0, &malformed(row.code));
        lone.receive(session, &message(2, &update(&[ORIGIN, &as_path, NEXT_HOP, &bad], NEW)));
        assert_eq!(lone.received_routes(), ["198.51.100.0/24"], "{:?}", row.code);
    }
}

/// An UPDATE that breaks this rule, announcing what [`faulty`] does.
fn breaking(rule: &Rule) -> Vec<u8> {
    let routes = [KNOWN, NEW].concat();
    let with = |more: &[&[u8]]| update(&[&BASE[..], more].concat(), &routes);
    match rule {
        _ if rule == &treatment::LENGTHS => vec![0, 9, 0, 0],
        _ if rule == &treatment::FLAGS => faulty(&[0xc0, 4, 4, 0, 0, 0, 1]),
        _ if rule == &treatment::MISSING => update(&[AS_PATH, NEXT_HOP, LOCAL_PREF], &routes),
        _ if rule == &treatment::DUPLICATE => with(&[ORIGIN]),
        _ if rule == &treatment::DUPLICATE_MP => with(&[&reach(OTHER_IPV6), &reach(OTHER_IPV6)]),
        _ if rule == &treatment::OVERRUN => with(&[&[0x80, 4, 9, 0]]),
        _ if rule == &treatment::UNKNOWN_WELL_KNOWN => with(&[&[0x40, 99, 0]]),
        _ if rule == &treatment::NLRI => update(&BASE, &[KNOWN, &[33, 1, 2, 3, 4, 5]].concat()),
        // A MAC address of 47 bits.
        _ if rule == &treatment::ROUTE => {
            let route = [&[2, 33][..], &[0; 22], &[47, 2, 0, 0, 0, 0, 1], &[0; 4]].concat();
            with(&[&attribute(0x80, 14, &[&[0, 25, 70, 4, 10, 0, 0, 2, 0][..], &route].concat())])
        }
        _ if rule == &treatment::LINK_STATE_ROUTE => {
            let route =
                [&[0, 1, 0, 17][..], &[2, 0, 0, 0, 0, 0, 0, 0, 9], &[1, 4, 0, 0, 1, 3, 0, 0]].concat();
            with(&[&attribute(0x80, 14, &[&[0x40, 4, 71, 4, 10, 0, 0, 2, 0][..], &route].concat())])
        }
        other => panic!("{other:?} is a rule and has no case here"),
    }
}

#[test]
fn every_rule_that_is_broken_comes_to_what_it_says() {
    for rule in RULES {
        let outcome = Scene::after(&breaking(rule));
        println!("{rule:?}");
        // Of a route the words say what is wrong inside.
        let what = if rule.treatment == Treatment::NlriDiscard { "" } else { rule.what };
        outcome.is(rule.treatment, what, rule.clause, rule.subcode);
    }
}

#[test]
fn a_family_that_is_disabled_is_ignored_until_the_session_ends_and_named_once() {
    let mut scene = Scene::new();
    let ipv6 = |nlri: &[u8]| update(&[ORIGIN, AS_PATH, LOCAL_PREF, &reach(nlri)], &[]);
    scene.send(&ipv6(&[OTHER_IPV6, IMPOSSIBLE].concat()));
    let outcome = scene.outcome();
    assert!(outcome.holds("192.0.2.0/24") && outcome.held.len() == 1, "{outcome:?}");
    outcome.tells(Treatment::Disable, "", "RFC 7606 §7.11");
    assert!(!outcome.told.contains("announce"), "{outcome:?}");
    // Good or bad, announced or withdrawn: nobody is told of it any more.
    for body in [
        ipv6(OTHER_IPV6),
        ipv6(IMPOSSIBLE),
        update(&[&attribute(0x80, 15, &[&[0, 2, 1][..], IPV6].concat())], &[]),
        update(&[&attribute(0x80, 15, &[0, 2, 1])], &[]),
    ] {
        scene.send(&body);
        let outcome = scene.outcome();
        assert_eq!((outcome.held.len(), outcome.told.as_str()), (1, ""), "{body:x?} {outcome:?}");
        assert!(outcome.logged.is_empty() && outcome.notifications.is_empty(), "{outcome:?}");
    }
    // The other families go on, even in one UPDATE with it.
    scene.send(&update(&[&BASE[..], &[&reach(OTHER_IPV6)]].concat(), NEW));
    let outcome = scene.outcome();
    assert!(outcome.holds("198.51.100.0/24") && outcome.held.len() == 2, "{outcome:?}");
    assert!(outcome.told.contains("198.51.100.0/24") && !outcome.told.contains("2001:db9"), "{outcome:?}");
    // It is sent on, and its refresh is answered.
    scene.lone.receive(scene.program, b"announce route 2001:db8:7::/48 next-hop 2001:db8::1\n");
    assert!(scene.lone.take_sent().iter().any(|sent| sent.contains("3020010db80007")));
    scene.lone.receive(scene.session, &message(5, &[0, 2, 0, 1]));
    assert!(scene.lone.take_sent().iter().any(|sent| sent.contains("3020010db80007")));
    // A new session begins anew.
    scene.lone.receive(scene.session, &message(3, &[6, 4]));
    scene.lone.advance(crate::util::secs(5));
    let session = scene.lone.accept_from("10.0.0.2");
    scene.lone.receive(session, &open_with(65_000, 180, [10, 0, 0, 2], &[(1, &[0, 2, 0, 1])]));
    scene.lone.receive(session, &keepalive());
    scene.session = session;
    scene.send(&ipv6(OTHER_IPV6));
    assert!(scene.outcome().holds("2001:db9::/32"));
}

#[test]
fn two_families_may_be_disabled_by_one_update_and_others_of_it_withdrawn() {
    let mut scene = Scene::new();
    let evpn = attribute(0x80, 15, &[0, 25, 70, 2]);
    let bad_med = [0x80, 4, 1, 0];
    scene
        .send(&update(&[&BASE[..], &[&bad_med, &reach(IMPOSSIBLE), &evpn]].concat(), &[KNOWN, NEW].concat()));
    let outcome = scene.outcome();
    assert_eq!(outcome.held, Vec::<String>::new(), "the MED withdraws the IPv4 routes: {outcome:?}");
    let evpn = [&[3, 17][..], &[0; 12], &[32, 10, 0, 0, 2]].concat();
    let evpn = attribute(0x80, 14, &[&[0, 25, 70, 4, 10, 0, 0, 2, 0][..], &evpn].concat());
    scene.send(&update(&[ORIGIN, AS_PATH, LOCAL_PREF, &evpn], &[]));
    scene.send(&update(&[ORIGIN, AS_PATH, LOCAL_PREF, &reach(OTHER_IPV6)], &[]));
    let outcome = scene.outcome();
    assert_eq!((outcome.held.len(), outcome.told.as_str()), (0, ""), "{outcome:?}");
}

#[test]
fn ipv4_unicast_that_is_disabled_is_ignored_outside_of_attributes_too() {
    let mut scene = Scene::new();
    let reach = attribute(0x80, 14, &[&[0, 1, 1, 4, 10, 0, 0, 2, 0][..], NEW, &[33, 1, 2, 3, 4, 5]].concat());
    scene.send(&update(&[&BASE[..], &[&reach]].concat(), KNOWN));
    let outcome = scene.outcome();
    assert!(outcome.holds("2001:db8::/32") && outcome.held.len() == 1, "{outcome:?}");
    scene.send(&update(&BASE, NEW));
    scene.send(&[0, 4, 24, 192, 0, 2, 0, 0]);
    scene.send(&[0, 0, 0, 0]);
    let outcome = scene.outcome();
    assert_eq!((outcome.held.len(), outcome.told.as_str()), (1, ""), "{outcome:?}");
}

#[test]
fn a_malformed_typed_route_costs_itself_alone_announced_or_withdrawn() {
    let evpn = |kind: u8, inside: &[u8]| [&[kind, u8::try_from(inside.len()).unwrap()], inside].concat();
    let good = |last: u8| evpn(3, &[&[0; 12][..], &[32, 10, 0, 0, last]].concat());
    let bad = evpn(3, &[0; 12]);
    let announce = |nlri: &[u8]| {
        let value = [&[0, 25, 70, 4, 10, 0, 0, 2, 0][..], nlri].concat();
        update(&[ORIGIN, AS_PATH, LOCAL_PREF, &attribute(0x80, 14, &value)], &[])
    };
    let mut scene = Scene::new();
    scene.send(&announce(&[good(7), bad.clone(), good(8)].concat()));
    let outcome = scene.outcome();
    assert_eq!(outcome.held.len(), 4, "{outcome:?}");
    outcome.tells(Treatment::NlriDiscard, "", "RFC 7606 §5.4");
    let withdraw = [&[0, 25, 70][..], &bad, &good(8)].concat();
    scene.send(&update(&[&attribute(0x80, 15, &withdraw)], &[]));
    let outcome = scene.outcome();
    assert_eq!(outcome.held.len(), 3, "{outcome:?}");
    assert!(outcome.told.contains("withdraw") && outcome.told.contains("nlri-discard"), "{outcome:?}");
    // One whose length runs over the end leaves nothing to go by.
    scene.send(&announce(&[3, 200, 1]));
    let outcome = scene.outcome();
    assert_eq!(outcome.held.len(), 2, "{outcome:?}");
    outcome.tells(Treatment::Disable, "", "RFC 7606 §7.11");
}
