//! O1: what a neighbor is to be told is on the wire of its established session in time, announcements and withdrawals alike.

use holdtime_core::Instant;

use crate::oracle::alarm::{Alarm, Creditor, Missing, Oracle};
use crate::oracle::ledger::{Ledger, describe};

/// The alarm for what is owed too long, if anything is.
pub(super) fn judge(ledger: &mut Ledger, now: Instant) -> Option<Alarm> {
    loop {
        let (at, key) = ledger.due.due(now)?;
        let since = ledger.since(key)?;
        let advertised = ledger.advertised.get_mut(&key)?;
        let destination = advertised.oldest()?.0.clone();
        let wanted = ledger.neighbors.get(&advertised.neighbor?)?;
        if advertised.forgive(wanted, &destination) {
            ledger.schedule(key);
            continue;
        }
        let announces = wanted.get(&destination).is_some_and(|want| want.route.is_some());
        let what = if announces { "an UPDATE with" } else { "the withdrawal of" };
        return Some(Alarm {
            oracle: Oracle::Unsent,
            at,
            since,
            creditor: Creditor::Session(key),
            missing: Missing::Routes,
            what: format!("{what} {}", describe(&destination)),
            clause: "RFC 4271 §9.2: a route is advertised once it is selected",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Seen, SessionEnd, SessionKey};
    use crate::oracle::alarm::Judge;
    use crate::oracle::routes::RouteJudge;
    use crate::oracle::testing::{
        OTHER, PEER, PROGRAM, SESSION, SESSION2, announcement, at, config, done, ledger, meet, ms,
        multiprotocol, notification, offers_paths, open, open_with, path_of, refresh, told_of_a_path,
        withdrawal,
    };

    const ROUTE: &str = "announce route 10.0.0.0/24 next-hop 10.0.0.1";
    const GONE: &str = "withdraw route 10.0.0.0/24 next-hop 10.0.0.1";

    /// Both peers are told of what is announced.
    fn tell_both(judge: &mut RouteJudge, seconds: u64, message: &[u8]) {
        for key in [SESSION, SESSION2] {
            judge.see(at(seconds), &Seen::Sent(key, message));
        }
    }

    #[test]
    fn a_route_that_is_not_sent_sounds_the_alarm_and_one_that_is_does_not() {
        let mut judge = ledger("");
        done(&mut judge, at(2), ROUTE);
        assert_eq!(judge.deadline(), Some(at(7)));
        assert!(judge.judge(ms(6_999)).is_none());
        let alarm = judge.judge(at(7)).unwrap();
        assert_eq!((alarm.at, alarm.since, alarm.creditor), (at(7), at(2), Creditor::Session(SESSION)));
        assert_eq!((alarm.oracle, alarm.what.as_str()), (Oracle::Unsent, "an UPDATE with 10.0.0.0/24"));
        tell_both(&mut judge, 8, &announcement("10.0.0.0/24"));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
    }

    #[test]
    fn each_neighbor_is_owed_its_own() {
        let mut judge = ledger("");
        done(&mut judge, at(2), ROUTE);
        judge.see(at(3), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        assert_eq!(judge.judge(at(7)).unwrap().creditor, Creditor::Session(SESSION2));
    }

    #[test]
    fn a_withdrawal_is_owed_to_who_was_told_of_the_route_and_to_nobody_else() {
        let mut judge = ledger("");
        done(&mut judge, at(2), ROUTE);
        judge.see(at(2), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        done(&mut judge, at(4), GONE);
        assert_eq!(judge.deadline(), Some(at(9)));
        let alarm = judge.judge(at(9)).unwrap();
        assert_eq!(
            (alarm.what.as_str(), alarm.creditor),
            ("the withdrawal of 10.0.0.0/24", Creditor::Session(SESSION))
        );
        judge.see(at(9), &Seen::Sent(SESSION, &withdrawal("10.0.0.0/24")));
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn only_what_was_answered_done_is_owed() {
        let mut judge = ledger("");
        judge.see(at(2), &Seen::Command(PROGRAM, ROUTE));
        assert_eq!(judge.deadline(), None);
        judge.see(at(3), &Seen::Answer(PROGRAM, "exabgp 5.0.0"));
        assert_eq!(judge.deadline(), None);
        judge.see(at(4), &Seen::Answer(PROGRAM, "done"));
        assert_eq!(judge.deadline(), Some(at(9)), "counted from the answer");
        let mut judge = ledger("");
        judge.see(at(2), &Seen::Command(PROGRAM, ROUTE));
        judge.see(at(3), &Seen::Answer(PROGRAM, "error"));
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn what_was_sent_between_a_command_and_its_answer_is_not_owed() {
        let mut judge = ledger("");
        judge.see(at(2), &Seen::Command(PROGRAM, ROUTE));
        tell_both(&mut judge, 3, &announcement("10.0.0.0/24"));
        judge.see(at(3), &Seen::Answer(PROGRAM, "done"));
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn what_is_withdrawn_before_the_command_is_answered_was_not_missing_before() {
        let clear = |judge: &mut RouteJudge| {
            done(judge, at(2), ROUTE);
            tell_both(judge, 2, &announcement("10.0.0.0/24"));
            judge.see(at(30), &Seen::Command(PROGRAM, "clear adj-rib out"));
            tell_both(judge, 30, &withdrawal("10.0.0.0/24"));
        };
        let mut judge = ledger("");
        clear(&mut judge);
        assert!(judge.judge(at(30)).is_none(), "the answer is to come");
        judge.see(at(31), &Seen::Answer(PROGRAM, "done"));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
        let mut judge = ledger("");
        clear(&mut judge);
        judge.see(at(31), &Seen::Answer(PROGRAM, "error"));
        assert_eq!(judge.judge(at(35)).unwrap().since, at(30), "a refused command withdraws nothing");
    }

    #[test]
    fn what_is_announced_after_answers_were_switched_off_comes_after_the_withdrawal_before_it() {
        let mut judge = ledger("");
        for line in [GONE, "disable-ack", ROUTE] {
            judge.see(at(1), &Seen::Command(PROGRAM, line));
        }
        judge.see(at(1), &Seen::Answer(PROGRAM, "done"));
        judge.see(at(1), &Seen::Answer(PROGRAM, "done"));
        tell_both(&mut judge, 2, &announcement("10.0.0.0/24"));
        assert_eq!((judge.deadline(), judge.judge(at(60))), (None, None));
    }

    #[test]
    fn what_is_announced_before_the_command_is_answered_was_not_one_too_many_before() {
        let again = |answer: &str| {
            let mut judge = ledger("");
            done(&mut judge, at(2), ROUTE);
            tell_both(&mut judge, 2, &announcement("10.0.0.0/24"));
            done(&mut judge, at(4), GONE);
            tell_both(&mut judge, 4, &withdrawal("10.0.0.0/24"));
            judge.see(at(30), &Seen::Command(PROGRAM, ROUTE));
            tell_both(&mut judge, 30, &announcement("10.0.0.0/24"));
            assert!(judge.judge(at(30)).is_none(), "the answer is to come");
            judge.see(at(31), &Seen::Answer(PROGRAM, answer));
            judge.judge(at(35)).map(|alarm| (alarm.since, alarm.what))
        };
        assert_eq!(again("done"), None);
        let refused = again("error").unwrap();
        assert_eq!(refused, (at(30), "the withdrawal of 10.0.0.0/24".to_owned()), "it announces nothing");
    }

    #[test]
    fn a_program_without_answers_is_owed_from_its_command_on_and_nothing_for_nonsense() {
        let mut judge = ledger("");
        judge.see(at(1), &Seen::Command(PROGRAM, "silence-ack"));
        judge.see(at(2), &Seen::Command(PROGRAM, "announce route 10.0.0.0/24 next-hop banana"));
        assert_eq!(judge.deadline(), None);
        judge.see(at(3), &Seen::Command(PROGRAM, ROUTE));
        assert_eq!(judge.deadline(), Some(at(8)));
    }

    #[test]
    fn an_announcement_that_changes_nothing_owes_nothing_and_one_that_does_owes_it() {
        let mut judge = ledger("");
        done(&mut judge, at(2), ROUTE);
        tell_both(&mut judge, 2, &announcement("10.0.0.0/24"));
        done(&mut judge, at(12), ROUTE);
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(13), "announce route 10.0.0.0/24 next-hop self");
        assert_eq!(judge.deadline(), None, "self is that very address");
        for (second, change) in [(20, " med 5"), (30, " next-hop 10.0.0.9")] {
            done(&mut judge, at(second), &format!("announce route 10.0.0.0/24 next-hop 10.0.0.1{change}"));
            assert_eq!(judge.deadline(), Some(at(second + 5)), "{change}");
            tell_both(&mut judge, second + 1, &announcement("10.0.0.0/24"));
            assert_eq!(judge.deadline(), None, "{change}");
        }
        done(&mut judge, at(40), GONE);
        tell_both(&mut judge, 40, &withdrawal("10.0.0.0/24"));
        done(&mut judge, at(50), ROUTE);
        assert_eq!(judge.deadline(), Some(at(55)), "once it was withdrawn");
    }

    #[test]
    fn a_family_that_was_not_agreed_on_is_owed_nothing_and_one_that_was_is() {
        let route = "announce route 2001:db8::/32 next-hop 2001:db8::1";
        let mut judge = ledger("");
        done(&mut judge, at(2), route);
        assert_eq!(judge.deadline(), None);
        let both = open(90, &[(1, 1), (2, 1)]);
        judge.see(at(2), &Seen::Closed(SESSION, SessionEnd::Peer));
        let key = SessionKey(2);
        meet(&mut judge, key, PEER, at(3), &both, &both);
        assert_eq!(judge.judge(at(8)).unwrap().what, "an UPDATE with 2001:db8::/32");
        let (hop, nlri) =
            ([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [32, 0x20, 1, 0xd, 0xb8]);
        judge.see(at(9), &Seen::Sent(key, &multiprotocol(true, (2, 1), &hop, &nlri)));
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(10), "withdraw route 2001:db8::/32 next-hop 2001:db8::1");
        assert_eq!(judge.deadline(), Some(at(15)));
        judge.see(at(11), &Seen::Sent(key, &multiprotocol(false, (2, 1), &[], &nlri)));
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn a_labelled_route_is_known_by_its_destination() {
        let vpn = open(90, &[(1, 128)]);
        let mut judge = ledger("");
        judge.see(at(0), &Seen::Closed(SESSION, SessionEnd::Peer));
        let key = SessionKey(2);
        meet(&mut judge, key, PEER, at(0), &vpn, &vpn);
        done(&mut judge, at(1), "announce route 10.0.0.0/24 rd 65001:1 label 100 next-hop 10.0.0.1");
        assert_eq!(judge.judge(at(6)).unwrap().what, "an UPDATE with a route of ipv4 mpls-vpn");
        let nlri = [112, 0, 6, 0x41, 0, 0, 0xfd, 0xe9, 0, 0, 0, 1, 10, 0, 0];
        let hop = [0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1];
        judge.see(at(7), &Seen::Sent(key, &multiprotocol(true, (1, 128), &hop, &nlri)));
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn paths_are_owed_each_where_their_identifiers_are_agreed_on() {
        let paths = offers_paths();
        let mut judge = ledger("");
        judge.see(at(0), &Seen::Closed(SESSION, SessionEnd::Peer));
        judge.see(at(0), &Seen::Closed(SESSION2, SessionEnd::Peer));
        let key = SessionKey(2);
        meet(&mut judge, key, PEER, at(0), &paths, &paths);
        for path in ["0.0.0.1", "0.0.0.2"] {
            done(&mut judge, at(1), &format!("{ROUTE} path-information {path}"));
        }
        judge.see(at(2), &Seen::Sent(key, &path_of(1, 0)));
        assert_eq!(judge.deadline(), Some(at(6)), "the second is missing");
        judge.see(at(3), &Seen::Sent(key, &path_of(2, 0)));
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(4), &format!("{GONE} path-information 0.0.0.1"));
        assert_eq!(judge.deadline(), Some(at(9)));
        done(&mut judge, at(5), "announce route 10.9.0.0/24 next-hop 10.0.0.1");
        judge.see(at(5), &Seen::Sent(key, &path_of(0, 9)));
        judge.see(at(9), &Seen::Closed(key, SessionEnd::Peer));
        meet(&mut judge, SESSION, PEER, at(20), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
        judge.see(at(21), &Seen::Sent(SESSION, &announcement("10.0.0.0/24 10.9.0.0/24")));
        assert_eq!(judge.deadline(), None, "without identifiers one path stands for all");
        done(&mut judge, at(22), &format!("{ROUTE} path-information 0.0.0.3"));
        judge.see(at(22), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        done(&mut judge, at(23), &format!("{GONE} path-information 0.0.0.3"));
        assert_eq!(judge.deadline(), None, "and while there is another, nothing is withdrawn for sure");
    }

    #[test]
    fn a_path_without_an_identifier_goes_out_with_the_identifier_zero() {
        let mut judge = told_of_a_path();
        assert_eq!((judge.deadline(), judge.judge_at_rest(at(3))), (None, None));
    }

    #[test]
    fn the_clock_starts_when_a_session_can_take_the_route_and_stops_while_it_cannot() {
        let mut judge = ledger("");
        judge.see(at(1), &Seen::Closed(SESSION, SessionEnd::Peer));
        judge.see(at(1), &Seen::Closed(SESSION2, SessionEnd::Peer));
        done(&mut judge, at(2), ROUTE);
        assert_eq!(judge.deadline(), None, "nobody is there");
        let key = SessionKey(2);
        meet(&mut judge, key, PEER, at(30), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
        assert_eq!(judge.deadline(), Some(at(35)));
        judge.see(at(31), &Seen::Blocked(key, true));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None), "the network takes nothing");
        judge.see(at(60), &Seen::Blocked(key, false));
        assert_eq!(judge.deadline(), Some(at(65)));
        judge.see(at(61), &Seen::Running(false));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None), "the process is stopped");
        judge.see(at(80), &Seen::Running(true));
        assert_eq!(judge.deadline(), Some(at(85)));
        assert_eq!(judge.judge(at(85)).unwrap().since, at(80));
        judge.see(at(81), &Seen::Sent(key, &notification(6, 2)));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None), "the session ends");
    }

    #[test]
    fn a_session_that_is_not_confirmed_and_one_that_is_closed_are_owed_nothing() {
        let mut judge = ledger("");
        judge.see(at(1), &Seen::Closed(SESSION, SessionEnd::Peer));
        judge.see(at(1), &Seen::Closed(SESSION2, SessionEnd::Peer));
        done(&mut judge, at(2), ROUTE);
        let key = SessionKey(2);
        judge.see(at(3), &Seen::Opened(key, PEER, SessionEnd::Peer));
        judge.see(at(3), &Seen::Sent(key, &open(90, &[(1, 1)])));
        judge.see(at(3), &Seen::Received(key, &open(90, &[(1, 1)])));
        judge.see(at(3), &Seen::Sent(key, &crate::oracle::testing::KEEPALIVE));
        assert_eq!(judge.deadline(), None);
        judge.see(at(4), &Seen::Received(key, &crate::oracle::testing::KEEPALIVE));
        assert_eq!(judge.deadline(), Some(at(9)));
        judge.see(at(5), &Seen::Closed(key, SessionEnd::Peer));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
    }

    #[test]
    fn a_new_session_is_to_be_told_of_everything_again() {
        let mut judge = ledger("");
        done(&mut judge, at(2), ROUTE);
        tell_both(&mut judge, 2, &announcement("10.0.0.0/24"));
        judge.see(at(3), &Seen::Closed(SESSION, SessionEnd::Peer));
        let key = SessionKey(2);
        meet(&mut judge, key, PEER, at(10), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
        assert_eq!(judge.judge(at(15)).unwrap().creditor, Creditor::Session(key));
    }

    #[test]
    fn routes_that_are_not_kept_are_not_to_be_told_again() {
        let mut judge = ledger("adj-rib-out false;");
        done(&mut judge, at(2), ROUTE);
        tell_both(&mut judge, 2, &announcement("10.0.0.0/24"));
        judge.see(at(3), &Seen::Closed(SESSION, SessionEnd::Peer));
        meet(&mut judge, SessionKey(2), PEER, at(10), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn what_is_not_kept_is_to_be_withdrawn_all_the_same_when_it_is_no_longer_configured() {
        let mut judge = ledger("adj-rib-out false; static { route 10.0.0.0/24 next-hop 10.0.0.1; }");
        tell_both(&mut judge, 2, &announcement("10.0.0.0/24"));
        judge.see(at(4), &Seen::Configured(&config("adj-rib-out false;")));
        assert_eq!(judge.judge(at(9)).unwrap().what, "the withdrawal of 10.0.0.0/24");
    }

    #[test]
    fn a_command_is_for_the_neighbors_that_it_selects_and_that_name_its_program() {
        let creditors = |line: &str| {
            let mut judge = ledger("");
            done(&mut judge, at(2), line);
            let mut creditors = Vec::new();
            for key in [SESSION, SESSION2] {
                if judge.ledger.since(key).is_some() {
                    creditors.push(key);
                }
            }
            creditors
        };
        assert_eq!(creditors(ROUTE), [SESSION, SESSION2]);
        assert_eq!(creditors(&format!("neighbor 10.0.0.3 {ROUTE}")), [SESSION2]);
        assert_eq!(creditors(&format!("neighbor 10.0.0.2 peer-as 65002 {ROUTE}")), [SESSION]);
        for wrong in ["local-ip 10.0.0.9", "local-as 1", "peer-as 1", "router-id 1.1.1.1", "family-allowed x"]
        {
            assert_eq!(creditors(&format!("neighbor 10.0.0.2 {wrong} {ROUTE}")), [], "{wrong}");
        }
        for right in ["local-ip 10.0.0.1", "local-as 65001", "router-id 10.0.0.1", "family-allowed in-open"] {
            assert_eq!(creditors(&format!("neighbor 10.0.0.2 {right} {ROUTE}")), [SESSION], "{right}");
        }
        let mut judge = ledger("");
        judge.see(at(1), &Seen::Started(crate::observe::ProgramKey(1), "stranger"));
        judge.see(at(2), &Seen::Command(crate::observe::ProgramKey(1), ROUTE));
        judge.see(at(2), &Seen::Answer(crate::observe::ProgramKey(1), "done"));
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn the_routes_of_the_configuration_are_owed_and_a_reload_owes_what_it_changes() {
        let with = |routes: &str| config(&format!("static {{ {routes} }}"));
        let mut judge =
            ledger("static { route 10.0.0.0/24 next-hop 10.0.0.1; route 10.1.0.0/24 next-hop 10.0.0.1; }");
        assert_eq!(judge.deadline(), Some(at(5)));
        judge.see(at(1), &Seen::Sent(SESSION, &announcement("10.0.0.0/24 10.1.0.0/24")));
        assert_eq!(judge.deadline(), None);
        judge.see(
            at(10),
            &Seen::Configured(&with(
                "route 10.0.0.0/24 next-hop 10.0.0.1; route 10.2.0.0/24 next-hop 10.0.0.1;",
            )),
        );
        assert_eq!(judge.deadline(), Some(at(15)));
        judge.see(at(11), &Seen::Sent(SESSION, &announcement("10.2.0.0/24")));
        assert_eq!(judge.judge(at(15)).unwrap().what, "the withdrawal of 10.1.0.0/24");
        judge.see(at(12), &Seen::Sent(SESSION, &withdrawal("10.1.0.0/24")));
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(20), GONE);
        judge.see(at(20), &Seen::Sent(SESSION, &withdrawal("10.0.0.0/24")));
        judge.see(at(30), &Seen::Configured(&with("route 10.0.0.0/24 next-hop 10.0.0.1;")));
        assert_eq!(
            judge.judge(at(35)).unwrap().what,
            "an UPDATE with 10.0.0.0/24",
            "a reload announces it again"
        );
        judge.see(at(31), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        judge.see(at(31), &Seen::Sent(SESSION, &withdrawal("10.2.0.0/24")));
        done(&mut judge, at(40), "announce route 10.7.0.0/24 next-hop 10.0.0.1");
        tell_both(&mut judge, 40, &announcement("10.7.0.0/24"));
        judge.see(at(50), &Seen::Configured(&with("route 10.0.0.0/24 next-hop 10.0.0.1;")));
        assert_eq!(judge.deadline(), None, "what a program announced outlives a reload");
    }

    #[test]
    fn a_neighbor_that_a_reload_takes_away_is_owed_nothing_and_one_that_it_brings_is() {
        let mut judge = ledger("");
        done(&mut judge, at(2), ROUTE);
        let mut only_one = config("");
        only_one.neighbors.truncate(1);
        judge.see(at(3), &Seen::Configured(&only_one));
        judge.see(at(3), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        assert_eq!(judge.deadline(), None);
        judge.see(at(10), &Seen::Configured(&config("")));
        let key = SessionKey(2);
        meet(&mut judge, key, OTHER, at(11), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
        assert_eq!(judge.deadline(), None, "it begins anew");
        done(&mut judge, at(12), "announce route 10.1.0.0/24 next-hop 10.0.0.1");
        judge.see(at(12), &Seen::Sent(SESSION, &announcement("10.1.0.0/24")));
        assert_eq!(judge.judge(at(17)).unwrap().creditor, Creditor::Session(key));
    }

    #[test]
    fn a_watchdog_owes_its_routes_when_it_announces_them_and_their_withdrawal_when_it_takes_them_back() {
        let routes = "static { route 10.0.0.0/24 next-hop 10.0.0.1 watchdog dog withdraw; \
                      route 10.1.0.0/24 next-hop 10.0.0.1 watchdog cat; }";
        let mut judge = ledger(routes);
        judge.see(at(1), &Seen::Sent(SESSION, &announcement("10.1.0.0/24")));
        assert_eq!(judge.deadline(), None, "the dog's route waits");
        done(&mut judge, at(2), "announce watchdog dog");
        assert_eq!(judge.judge(at(7)).unwrap().what, "an UPDATE with 10.0.0.0/24");
        judge.see(at(3), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        done(&mut judge, at(4), "announce watchdog dog");
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(5), "withdraw watchdog dog");
        assert_eq!(judge.judge(at(10)).unwrap().what, "the withdrawal of 10.0.0.0/24");
        judge.see(at(6), &Seen::Sent(SESSION, &withdrawal("10.0.0.0/24")));
        judge.see(at(7), &Seen::Configured(&config(routes)));
        assert_eq!(judge.deadline(), None, "a reload leaves watchdogs as they are");
        done(&mut judge, at(8), "neighbor 10.0.0.3 withdraw watchdog cat");
        assert_eq!(judge.deadline(), None, "another neighbor's");
    }

    #[test]
    fn a_route_that_a_watchdog_has_let_go_is_still_the_configurations() {
        let mut judge = ledger("static { route 10.0.0.0/24 next-hop 10.0.0.1 watchdog dog withdraw; }");
        done(&mut judge, at(2), "announce watchdog dog");
        judge.see(at(3), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        judge.see(at(4), &Seen::Configured(&config("")));
        assert_eq!(judge.judge(at(9)).unwrap().what, "the withdrawal of 10.0.0.0/24");
    }

    #[test]
    fn a_clear_owes_the_withdrawal_of_what_was_told_and_nothing_else() {
        let mut judge = ledger("");
        done(&mut judge, at(2), ROUTE);
        done(&mut judge, at(2), "announce route 10.1.0.0/24 next-hop 10.0.0.1");
        judge.see(at(2), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        done(&mut judge, at(3), "clear adj-rib in");
        assert_eq!(judge.owes(), 3);
        done(&mut judge, at(4), "clear adj-rib out");
        assert_eq!((judge.owes(), judge.deadline()), (1, Some(at(9))));
        assert_eq!(judge.judge(at(9)).unwrap().what, "the withdrawal of 10.0.0.0/24");
    }

    impl RouteJudge {
        /// How much is owed in all.
        fn owes(&self) -> usize {
            self.ledger.advertised.values().map(crate::oracle::advertised::Advertised::owes).sum()
        }
    }

    #[test]
    fn a_flush_and_a_route_refresh_owe_everything_once_more() {
        let refreshing: [(u8, &[u8]); 3] = [(1, &[0, 1, 0, 1]), (65, &[0, 0, 0xfd, 0xea]), (2, &[])];
        let asks = open_with(90, &refreshing);
        let mut judge = ledger("");
        judge.see(at(0), &Seen::Closed(SESSION, SessionEnd::Peer));
        let key = SessionKey(2);
        meet(&mut judge, key, PEER, at(0), &asks, &asks);
        done(&mut judge, at(1), ROUTE);
        for key in [key, SESSION2] {
            judge.see(at(1), &Seen::Sent(key, &announcement("10.0.0.0/24")));
        }
        assert_eq!(judge.owes(), 0);
        done(&mut judge, at(10), "neighbor 10.0.0.2 flush adj-rib out");
        assert_eq!((judge.owes(), judge.deadline()), (1, Some(at(15))));
        judge.see(at(11), &Seen::Received(key, &refresh(1, 1)));
        assert_eq!(judge.deadline(), Some(at(15)), "it is on its way");
        judge.see(at(12), &Seen::Sent(key, &announcement("10.0.0.0/24")));
        assert_eq!(judge.owes(), 0);
        judge.see(at(20), &Seen::Received(key, &refresh(2, 1)));
        assert_eq!(judge.owes(), 0, "another family");
        judge.see(at(20), &Seen::Received(SESSION2, &refresh(1, 1)));
        assert_eq!(judge.owes(), 0, "one that may not ask");
        let mut mark = refresh(1, 1);
        mark[21] = 1;
        judge.see(at(20), &Seen::Received(key, &mark));
        assert_eq!(judge.owes(), 0, "a mark asks for nothing");
        judge.see(at(21), &Seen::Received(key, &refresh(1, 1)));
        assert_eq!((judge.owes(), judge.deadline()), (1, Some(at(26))));
    }

    #[test]
    fn a_route_without_a_next_hop_that_its_family_could_have_is_owed_to_nobody() {
        let both = open(90, &[(1, 1), (2, 1)]);
        let mut judge = ledger("");
        judge.see(at(0), &Seen::Closed(SESSION, SessionEnd::Peer));
        meet(&mut judge, SessionKey(2), PEER, at(0), &both, &both);
        done(&mut judge, at(1), "announce route 2001:db8::/32 next-hop self");
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn a_route_that_no_message_can_hold_is_owed_to_nobody_and_one_beside_it_is() {
        let communities: Vec<String> = (0..1_200).map(|number| format!("65001:{number}")).collect();
        let mut judge = ledger("");
        done(&mut judge, at(1), &format!("{ROUTE} community [ {} ]", communities.join(" ")));
        assert_eq!((judge.judge(at(100)), judge.deadline()), (None, None));
        done(&mut judge, at(200), "announce route 10.1.0.0/24 next-hop 10.0.0.1");
        assert!(judge.judge(at(205)).is_some());
    }

    #[test]
    fn a_rate_limit_gives_the_time_that_it_needs() {
        let mut judge = ledger("rate-limit 2;");
        judge.see(at(0), &Seen::Closed(SESSION2, SessionEnd::Peer));
        for number in 0..20 {
            done(&mut judge, at(1), &format!("announce route 10.{number}.0.0/24 next-hop 10.0.0.1"));
        }
        assert_eq!(judge.deadline(), Some(at(16)));
    }

    #[test]
    fn what_a_program_that_is_gone_has_asked_for_and_was_not_answered_is_owed_to_nobody() {
        for gone in [Seen::Ended(PROGRAM), Seen::Deaf(PROGRAM)] {
            let mut judge = ledger("");
            judge.see(at(1), &Seen::Command(PROGRAM, ROUTE));
            judge.see(at(2), &gone);
            judge.see(at(2), &Seen::Answer(PROGRAM, "done"));
            judge.see(at(3), &Seen::Command(PROGRAM, ROUTE));
            assert_eq!(judge.deadline(), None);
        }
    }

    #[test]
    fn a_peer_that_could_be_either_of_two_neighbors_is_not_judged_and_one_out_of_a_range_is() {
        let neighbor = |peer: &str, local: u32| {
            format!(
                "neighbor {peer} {{ router-id 10.0.0.1; local-address 10.0.0.1; local-as {local}; peer-as 65002; \
                 passive; listen 179; static {{ route 10.0.0.0/24 next-hop 10.0.0.1; }} }}\n"
            )
        };
        let deadline = |text: &str| {
            let mut judge = RouteJudge::new(holdtime_core::Duration::from_secs(5), true);
            judge.see(at(0), &Seen::Configured(&crate::oracle::testing::parse(text)));
            meet(&mut judge, SESSION, PEER, at(0), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
            judge.deadline()
        };
        assert_eq!(deadline(&neighbor("10.0.0.0/24", 65_001)), Some(at(5)));
        assert_eq!(deadline(&neighbor("10.0.1.0/24", 65_001)), None);
        let exact =
            neighbor("10.0.0.0/24", 65_001) + &neighbor("10.0.0.2", 65_003).replace("static", "announce");
        assert_eq!(deadline(&exact.replace("announce { route 10.0.0.0/24 next-hop 10.0.0.1; }", "")), None);
    }
}
