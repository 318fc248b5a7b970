//! Tests of what is owed of routes that are not plain ones: flow rules, several paths, routes that hardly fit, next hops of another family.

use crate::observe::{Seen, SessionEnd, SessionKey};
use crate::oracle::alarm::{Creditor, Judge};
use crate::oracle::routes::RouteJudge;
use crate::oracle::testing::{
    PEER, SESSION, SESSION2, announcement, at, done, ledger, meet, multiprotocol, neighbor, open, path_of,
    served, told_of_a_path,
};

const ROUTE: &str = "announce route 10.0.0.0/24 next-hop 10.0.0.1";

/// A session of flow rules with a neighbor that has these options.
fn flow(options: &str) -> RouteJudge {
    let with = neighbor("10.0.0.2", options).replace("ipv6 unicast; ", "ipv4 flow; ");
    let mut judge = served(&with);
    judge.see(at(0), &Seen::Closed(SESSION, SessionEnd::Peer));
    let rules = open(90, &[(1, 133)]);
    meet(&mut judge, SessionKey(7), PEER, at(0), &rules, &rules);
    done(&mut judge, at(1), "announce flow route { match { destination 10.0.0.0/24; } then { discard; } }");
    judge
}

#[test]
fn a_flow_rule_needs_no_next_hop_and_one_that_is_written_in_another_form_is_not_followed() {
    assert_eq!(flow("").deadline(), Some(at(6)));
    for option in ["flow-whole-prefix true;", "flow-inner-path-identifier true;"] {
        assert_eq!(flow(option).deadline(), None, "{option}");
        // Only of rules.
        let mut judge = served(&neighbor("10.0.0.2", option));
        done(&mut judge, at(1), ROUTE);
        assert_eq!(judge.deadline(), Some(at(6)), "{option}");
    }
}

#[test]
fn a_route_of_the_file_is_wanted_of_every_family_that_the_neighbor_has() {
    let with = neighbor("10.0.0.2", "static { route 2001:db8::/32 next-hop 2001:db8::1; }");
    assert_eq!(served(&with).deadline(), Some(at(5)));
    assert_eq!(served(&neighbor("10.0.0.2", "")).deadline(), None);
}

#[test]
fn a_next_hop_of_another_family_is_told_all_the_same() {
    let mut judge = served(&neighbor("10.0.0.2", ""));
    done(&mut judge, at(1), "announce route 2001:db8::/32 next-hop 2001:db8::1");
    assert_eq!(judge.deadline(), Some(at(6)));
    let update = multiprotocol(true, (2, 1), &[10, 0, 0, 1], &[32, 0x20, 1, 0xd, 0xb8]);
    judge.see(at(2), &Seen::Sent(SESSION, &update));
    assert_eq!((judge.deadline(), judge.judge_at_rest(at(3))), (None, None));
}

#[test]
fn a_path_that_nobody_wants_is_one_too_many_though_another_one_is_wanted() {
    let mut judge = told_of_a_path();
    assert_eq!(judge.judge_at_rest(at(3)), None);
    judge.see(at(4), &Seen::Sent(SESSION, &path_of(5, 0)));
    let alarm = judge.judge_at_rest(at(5)).unwrap();
    assert_eq!(
        (alarm.creditor, alarm.what.as_str()),
        (Creditor::Session(SESSION), "the withdrawal of 10.0.0.0/24")
    );
}

#[test]
fn without_identifiers_any_path_may_be_the_one_that_is_wanted() {
    let mut judge = ledger("");
    judge.see(at(0), &Seen::Closed(SESSION2, SessionEnd::Peer));
    done(&mut judge, at(1), &format!("{ROUTE} path-information 0.0.0.1"));
    judge.see(at(2), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
    assert_eq!(judge.judge_at_rest(at(3)), None);
}

#[test]
fn what_leaves_no_room_for_the_rest_of_a_message_is_owed_to_nobody() {
    let owed = |communities: u32| {
        let communities: Vec<String> = (0..communities).map(|n| format!("65001:{n}")).collect();
        let mut judge = ledger("");
        done(&mut judge, at(1), &format!("{ROUTE} community [ {} ]", communities.join(" ")));
        judge.judge(at(6)).is_some()
    };
    // Four octets each, and 4,096 for a whole message (RFC 4271 §4).
    assert_eq!([owed(980), owed(1_005), owed(1_100)], [true, false, false]);
}
