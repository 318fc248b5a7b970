//! Tests that each notice when one condition of an oracle is left out, negated or weakened, where the tests beside it do not: most
//! were written for survivors of `benches/mutants`.

use std::cell::Cell;
use std::rc::Rc;

use holdtime_core::Instant;

use crate::observe::{ProgramKey, Seen, SeenSink, SessionEnd, SessionKey, Turn, TurnCause};
use crate::oracle::alarm::{Alarm, Judge};
use crate::oracle::dialogue::Conversation;
use crate::oracle::flapping::Flapping;
use crate::oracle::overdue::Overdue;
use crate::oracle::routes::RouteJudge;
use crate::oracle::testing::{
    KEEPALIVE, OTHER, PEER, PROGRAM, SESSION, SESSION2, announcement, at, config, done, establish_as, ledger,
    meet, ms, multiprotocol, neighbor, notification, open, open_with, refresh, served, serving, withdrawal,
};
use crate::oracle::{Oracle, Oracles, Premises};

const ROUTE: &str = "announce route 10.0.0.0/24 next-hop 10.0.0.1";

mod oracles {
    use super::*;

    fn asked(seconds: &[u64]) -> Oracles {
        let mut oracles = Oracles::new(&Premises::default());
        for (number, second) in (0..).zip(seconds) {
            ask(&mut oracles, number, *second);
        }
        oracles
    }

    fn ask(oracles: &mut Oracles, number: u32, second: u64) {
        oracles.see(at(second), &Seen::Started(ProgramKey(number), "feed"));
        oracles.see(at(second), &Seen::Command(ProgramKey(number), "version"));
    }

    #[test]
    fn a_deadline_that_is_known_gives_way_to_an_earlier_one() {
        let mut oracles = asked(&[2]);
        assert_eq!(oracles.deadline(at(0)), Some(at(7)));
        ask(&mut oracles, 1, 1);
        assert_eq!(oracles.deadline(at(0)), Some(at(6)));
    }

    #[test]
    fn behind_a_deadline_that_has_come_the_next_one_is_asked_for() {
        let mut oracles = asked(&[2]);
        oracles.see(at(2), &Seen::Opened(SESSION, PEER, SessionEnd::Peer));
        oracles.see(at(2), &Seen::Sent(SESSION, &open(90, &[(1, 1)])));
        assert!(oracles.deadline(at(7)).is_some_and(|next| next > at(7)), "that of a peer without an OPEN");
    }

    #[test]
    fn at_its_deadline_an_alarm_sounds() {
        assert!(asked(&[2]).judge(at(7)).is_some());
        assert!(asked(&[2]).judge(ms(6_999)).is_none());
    }

    /// How often a judge was shown something, asked for its deadline, and asked.
    #[derive(Clone, Debug, Default)]
    struct Calls(Rc<[Cell<u32>; 3]>);

    impl Calls {
        fn count(&self, which: usize) {
            self.0[which].set(self.0[which].get() + 1);
        }

        fn taken(&self) -> [u32; 3] {
            [0, 1, 2].map(|which| self.0[which].take())
        }
    }

    /// A judge that has a deadline at 7 s and nothing to say.
    struct Counting(Calls);

    impl Judge for Counting {
        fn see(&mut self, _at: Instant, _seen: &Seen<'_>) {
            self.0.count(0);
        }

        fn deadline(&self) -> Option<Instant> {
            self.0.count(1);
            Some(at(7))
        }

        fn judge(&mut self, _now: Instant) -> Option<Alarm> {
            self.0.count(2);
            None
        }
    }

    #[test]
    fn judges_are_asked_again_only_once_something_may_have_changed() {
        let calls = Calls::default();
        let mut bench = Oracles::of([(Oracle::Growth, Box::new(Counting(calls.clone())) as Box<dyn Judge>)]);
        assert_eq!((bench.deadline(at(0)), calls.taken()), (Some(at(7)), [0, 1, 0]));
        assert_eq!((bench.deadline(at(1)), calls.taken()), (Some(at(7)), [0, 0, 0]));
        assert_eq!((bench.judge(ms(6_999)), calls.taken()), (None, [0, 0, 0]), "it is not due");
        assert_eq!((bench.judge(at(7)), calls.taken()), (None, [0, 0, 1]));
        assert_eq!((bench.deadline(at(1)), calls.taken()), (Some(at(7)), [0, 1, 0]));
        assert_eq!((bench.judge_at_rest(at(2)), calls.taken()), (None, [0, 0, 1]));
        assert_eq!((bench.deadline(at(1)), calls.taken()), (Some(at(7)), [0, 1, 0]));
    }

    #[test]
    fn turns_are_shown_to_nobody_who_does_not_judge_them() {
        let [spin, growth] = [Calls::default(), Calls::default()];
        let judge = |calls: &Calls| Box::new(Counting(calls.clone())) as Box<dyn Judge>;
        let mut bench = Oracles::of([(Oracle::Spin, judge(&spin)), (Oracle::Growth, judge(&growth))]);
        bench.see(at(1), &Seen::Turn(Turn { task: 0, cause: TurnCause::Start, moved: false }));
        assert_eq!((spin.taken()[0], growth.taken()[0]), (1, 0));
        bench.see(at(1), &Seen::Running(false));
        assert_eq!((spin.taken()[0], growth.taken()[0]), (1, 1));
    }

    #[test]
    fn turns_are_shown_to_who_judges_them() {
        let mut oracles = asked(&[]);
        for number in 0..12 {
            let turn = Turn { task: 0, cause: TurnCause::Deadline, moved: false };
            oracles.see(ms(1_000 + number), &Seen::Turn(turn));
        }
        // What was seen may be a little ahead of the time at which is asked.
        assert!(oracles.judge(at(1)).is_some());
    }
}

mod sessions {
    use super::*;

    #[test]
    fn a_session_is_established_once_both_ends_have_confirmed_what_both_have_said() {
        for missing in 0..4 {
            let mut judge = ledger("");
            for key in [SESSION, SESSION2] {
                judge.see(at(1), &Seen::Closed(key, SessionEnd::Peer));
            }
            done(&mut judge, at(2), ROUTE);
            let key = SessionKey(7);
            let message = open(90, &[(1, 1)]);
            judge.see(at(3), &Seen::Opened(key, PEER, SessionEnd::Peer));
            let steps = [
                Seen::Sent(key, &message),
                Seen::Received(key, &message),
                Seen::Sent(key, &KEEPALIVE),
                Seen::Received(key, &KEEPALIVE),
            ];
            for (_, step) in steps.iter().enumerate().filter(|(index, _)| *index != missing) {
                judge.see(at(3), step);
            }
            assert_eq!(judge.deadline(), None, "without step {missing}");
        }
    }
}

mod dialogues {
    use super::*;

    #[test]
    fn a_reset_settles_what_it_takes_back() {
        let mut dialogue = Conversation::new(true);
        assert!(dialogue.command(at(1), "version"));
        let place = dialogue.place();
        assert!(!dialogue.has_come_to(place));
        assert!(!dialogue.command(at(2), "reset"));
        assert!(dialogue.has_come_to(dialogue.place()));
    }

    #[test]
    fn only_a_reload_is_awaited_as_one() {
        let mut dialogue = Conversation::new(true);
        dialogue.command(at(1), "version");
        assert!(!dialogue.awaits_reload());
        dialogue.command(at(1), "reload");
        assert!(dialogue.awaits_reload());
    }

    #[test]
    fn what_a_shutdown_is_announced_with_is_no_answer() {
        let mut dialogue = Conversation::new(true);
        dialogue.command(at(1), "version");
        assert_eq!(dialogue.answer("{ \"answer\": \"shutdown\", \"last\": \"done\" }"), None);
    }
}

mod wanted {
    use super::*;

    /// A route of a family, and it is told at once.
    fn tell(judge: &mut RouteJudge, second: u64, message: &[u8]) {
        judge.see(at(second), &Seen::Sent(SESSION, message));
    }

    fn tell_ipv6(judge: &mut RouteJudge, second: u64) {
        let hop = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        tell(judge, second, &multiprotocol(true, (2, 1), &hop, &[32, 0x20, 1, 0xd, 0xb8]));
    }

    #[test]
    fn another_next_hop_is_owed_in_every_family() {
        let mut judge = served(&neighbor("10.0.0.2", "local-address 10.0.0.1;"));
        done(&mut judge, at(1), "announce route 2001:db8::/32 next-hop 2001:db8::1");
        tell_ipv6(&mut judge, 1);
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(2), "announce route 2001:db8::/32 next-hop 2001:db8::2");
        assert_eq!(judge.deadline(), Some(at(7)));
    }

    #[test]
    fn other_labels_are_owed() {
        let vpn = open(90, &[(1, 128)]);
        let mut judge = ledger("");
        judge.see(at(0), &Seen::Closed(SESSION, SessionEnd::Peer));
        let key = SessionKey(2);
        meet(&mut judge, key, PEER, at(0), &vpn, &vpn);
        let nlri = [112, 0, 6, 0x41, 0, 0, 0xfd, 0xe9, 0, 0, 0, 1, 10, 0, 0];
        let hop = [0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1];
        done(&mut judge, at(1), "announce route 10.0.0.0/24 rd 65001:1 label 100 next-hop 10.0.0.1");
        judge.see(at(1), &Seen::Sent(key, &multiprotocol(true, (1, 128), &hop, &nlri)));
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(2), "announce route 10.0.0.0/24 rd 65001:1 label 200 next-hop 10.0.0.1");
        assert_eq!(judge.deadline(), Some(at(7)));
    }

    #[test]
    fn what_self_is_where_no_address_is_given_may_be_any() {
        let mut judge = served(&neighbor("10.0.0.2", ""));
        done(&mut judge, at(1), "announce route 10.0.0.0/24 next-hop self");
        assert_eq!(judge.deadline(), Some(at(6)));
        tell(&mut judge, 1, &announcement("10.0.0.0/24"));
        done(&mut judge, at(2), ROUTE);
        assert_eq!(judge.deadline(), None, "it may be that very one");
        done(&mut judge, at(3), "announce route 10.0.0.0/24 next-hop self");
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(4), "announce route 10.0.0.0/24 next-hop self med 5");
        assert_eq!(judge.deadline(), Some(at(9)));
    }

    #[test]
    fn self_is_no_next_hop_for_ipv6_where_all_addresses_are_of_ipv4() {
        for options in ["", "local-address 10.0.0.1;"] {
            let mut judge = served(&neighbor("10.0.0.2", options));
            done(&mut judge, at(1), "announce route 2001:db8::/32 next-hop self");
            assert_eq!(judge.deadline(), None, "{options}");
            done(&mut judge, at(2), "announce route 10.0.0.0/24 next-hop self");
            assert_eq!(judge.deadline(), Some(at(7)), "{options}");
        }
    }

    #[test]
    fn self_is_the_local_address_and_the_router_id_where_that_is_of_another_family() {
        let mut judge = served(&neighbor("10.0.0.2", "local-address 10.0.0.1;"));
        done(&mut judge, at(1), "announce route 10.0.0.0/24 next-hop self");
        tell(&mut judge, 1, &announcement("10.0.0.0/24"));
        done(&mut judge, at(2), ROUTE);
        assert_eq!(judge.deadline(), None);
        done(&mut judge, at(3), "announce route 10.0.0.0/24 next-hop 10.9.9.9");
        assert_eq!(judge.deadline(), Some(at(8)), "the router id is another one");
    }

    #[test]
    fn what_a_program_has_announced_too_outlives_its_line_in_the_file() {
        let with =
            neighbor("10.0.0.2", "local-address 10.0.0.1; static { route 10.0.0.0/24 next-hop 10.0.0.1; }");
        let mut judge = served(&with);
        tell(&mut judge, 0, &announcement("10.0.0.0/24"));
        done(&mut judge, at(1), ROUTE);
        judge.see(at(2), &Seen::Configured(&serving(&neighbor("10.0.0.2", "local-address 10.0.0.1;"))));
        assert_eq!((judge.deadline(), judge.judge_at_rest(at(3))), (None, None));
    }

    #[test]
    fn a_reload_changes_whose_commands_are_for_a_neighbor() {
        let mut judge = served(&neighbor("10.0.0.2", "local-address 10.0.0.1;"));
        let without =
            neighbor("10.0.0.2", "local-address 10.0.0.1;").replace("api { processes [ feed ]; }", "");
        judge.see(at(1), &Seen::Configured(&serving(&without)));
        done(&mut judge, at(2), ROUTE);
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn a_watchdog_that_has_taken_its_routes_back_takes_no_other_ones() {
        let mut judge = served(&neighbor(
            "10.0.0.2",
            "local-address 10.0.0.1; static { route 10.0.0.0/24 next-hop 10.0.0.1 watchdog dog; }",
        ));
        tell(&mut judge, 0, &announcement("10.0.0.0/24"));
        done(&mut judge, at(1), "withdraw watchdog dog");
        tell(&mut judge, 1, &withdrawal("10.0.0.0/24"));
        done(&mut judge, at(2), ROUTE);
        tell(&mut judge, 2, &announcement("10.0.0.0/24"));
        done(&mut judge, at(3), "withdraw watchdog dog");
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn a_command_for_some_neighbors_of_a_range_is_not_followed() {
        let range = neighbor("10.0.0.0/24", "passive true;");
        for (command, owed) in [("neighbor 10.0.0.2 ", false), ("", true)] {
            let mut judge = served(&range);
            done(&mut judge, at(1), &format!("{command}{ROUTE}"));
            assert_eq!(judge.deadline().is_some(), owed, "{command}");
        }
    }

    #[test]
    fn a_neighbor_of_its_own_is_preferred_to_the_range_that_it_is_in_and_of_two_ranges_it_is_nobodys() {
        let static_route = "local-address 10.0.0.1; static { route 10.0.0.0/24 next-hop 10.0.0.1; }";
        let range = neighbor("10.0.0.0/24", "passive true;");
        let own = served(&format!("{range}{}", neighbor("10.0.0.2", static_route)));
        assert_eq!(own.deadline(), Some(at(5)));
        let lone = served(&neighbor("10.0.0.0/24", &format!("passive true; {static_route}")));
        assert_eq!(lone.deadline(), Some(at(5)));
        let wide = neighbor("10.0.0.0/16", &format!("passive true; {static_route}"));
        assert_eq!(served(&format!("{range}{wide}")).deadline(), None);
    }

    #[test]
    fn a_route_of_a_family_that_the_neighbor_is_not_configured_for_is_owed_to_nobody() {
        let mut judge = served(&neighbor("10.0.0.2", "").replace("ipv6 unicast; ", ""));
        done(&mut judge, at(1), "announce route 2001:db8::/32 next-hop 2001:db8::1");
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn sessions_of_families_are_selected_by_them() {
        let options = "local-address 10.0.0.1; capability { multi-session; }";
        let one = neighbor("10.0.0.2", options).replace("ipv6 unicast; ", "");
        let mut judge = served(&one);
        done(&mut judge, at(1), &format!("neighbor 10.0.0.2 family-allowed ipv4-unicast {ROUTE}"));
        assert_eq!(judge.deadline(), Some(at(6)));
    }
}

mod advertised {
    use super::*;

    #[test]
    fn the_oldest_debt_is_named_wherever_its_route_stands() {
        let mut judge = ledger("");
        done(&mut judge, at(1), "announce route 10.9.0.0/24 next-hop 10.0.0.1");
        done(&mut judge, at(3), ROUTE);
        assert_eq!(judge.judge(at(6)).unwrap().what, "an UPDATE with 10.9.0.0/24");
    }

    #[test]
    fn what_is_asked_for_again_counts_also_where_another_family_is_still_owed() {
        let both =
            open_with(90, &[(1, &[0, 1, 0, 1]), (1, &[0, 2, 0, 1]), (2, &[]), (65, &[0, 0, 0xfd, 0xe9])]);
        let mut judge = ledger("");
        judge.see(at(0), &Seen::Closed(SESSION, SessionEnd::Peer));
        let key = SessionKey(2);
        meet(&mut judge, key, PEER, at(0), &both, &both);
        done(&mut judge, at(1), ROUTE);
        for key in [key, SESSION2] {
            judge.see(at(1), &Seen::Sent(key, &announcement("10.0.0.0/24")));
        }
        done(&mut judge, at(2), "announce route 2001:db8::/32 next-hop 2001:db8::1");
        judge.see(at(3), &Seen::Received(key, &refresh(1, 1)));
        let hop = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let update = multiprotocol(true, (2, 1), &hop, &[32, 0x20, 1, 0xd, 0xb8]);
        judge.see(at(4), &Seen::Sent(key, &update));
        assert_eq!(judge.deadline(), Some(at(8)), "the IPv4 route is owed once more");
    }

    #[test]
    fn what_is_told_at_the_moment_at_which_it_is_asked_for_again_is_told() {
        let mut judge = ledger("");
        done(&mut judge, at(1), ROUTE);
        for key in [SESSION, SESSION2] {
            judge.see(at(1), &Seen::Sent(key, &announcement("10.0.0.0/24")));
        }
        done(&mut judge, at(9), "flush adj-rib out");
        for key in [SESSION, SESSION2] {
            judge.see(at(9), &Seen::Sent(key, &announcement("10.0.0.0/24")));
        }
        assert_eq!(judge.deadline(), None);
    }

    #[test]
    fn a_route_that_nobody_wants_known_is_one_too_many_at_rest() {
        let mut judge = ledger("");
        judge.see(at(2), &Seen::Sent(SESSION, &announcement("10.7.0.0/24")));
        assert_eq!(judge.judge_at_rest(at(3)).unwrap().what, "the withdrawal of 10.7.0.0/24");
        done(&mut judge, at(4), "announce route 10.7.0.0/24 next-hop 10.0.0.1");
        judge.see(at(4), &Seen::Sent(SESSION2, &announcement("10.7.0.0/24")));
        judge.see(at(4), &Seen::Sent(SESSION, &announcement("10.7.0.0/24")));
        assert_eq!(judge.judge_at_rest(at(5)), None);
    }

    #[test]
    fn of_a_range_whose_commands_were_not_followed_nothing_is_one_too_many() {
        let mut judge = served(&neighbor("10.0.0.0/24", "passive true;"));
        done(&mut judge, at(1), &format!("neighbor 10.0.0.2 {ROUTE}"));
        judge.see(at(2), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        assert_eq!(judge.judge_at_rest(at(30)), None);
    }

    #[test]
    fn a_route_that_no_message_holds_is_not_missing_at_rest_and_one_beside_it_is() {
        let communities = (0..1_100).map(|n| format!("65001:{n}")).collect::<Vec<_>>().join(" ");
        let mut judge = ledger("");
        done(&mut judge, at(1), &format!("{ROUTE} community [ {communities} ]"));
        assert_eq!(judge.judge_at_rest(at(2)), None);
        done(&mut judge, at(3), &format!("{ROUTE} community [ {communities} ]"));
        done(&mut judge, at(3), "announce route 10.9.0.0/24 next-hop 10.0.0.1");
        assert_eq!(judge.judge_at_rest(at(4)).unwrap().what, "the announcement of 10.9.0.0/24");
    }
}

mod reloads {
    use super::*;

    const WITH: &str = "static { route 10.8.0.0/24 next-hop 10.0.0.1; }";

    const GONE: &str = "withdraw route 10.8.0.0/24 next-hop 10.0.0.1";

    /// A program withdraws a route of the file, something else is asked for behind that, and the file is read.
    fn withdrawn(behind: &str) -> RouteJudge {
        let mut judge = ledger(WITH);
        for key in [SESSION, SESSION2] {
            judge.see(at(1), &Seen::Sent(key, &announcement("10.8.0.0/24")));
        }
        judge.see(at(2), &Seen::Command(PROGRAM, GONE));
        judge.see(at(2), &Seen::Command(PROGRAM, behind));
        judge.see(at(3), &Seen::Configured(&config(WITH)));
        judge.see(at(4), &Seen::Answer(PROGRAM, "done"));
        judge
    }

    fn missing(judge: &mut RouteJudge) -> String {
        judge.judge(at(60)).unwrap().what
    }

    #[test]
    fn a_file_that_a_reload_behind_the_command_has_read_comes_after_it() {
        let mut judge = withdrawn("reload");
        assert_eq!(missing(&mut judge), "an UPDATE with 10.8.0.0/24");
        // The next one is asked for after the file was read.
        judge.see(at(4), &Seen::Command(PROGRAM, GONE));
        judge.see(at(4), &Seen::Command(PROGRAM, "reload"));
        judge.see(at(5), &Seen::Answer(PROGRAM, "done"));
        judge.see(at(6), &Seen::Answer(PROGRAM, "done"));
        assert_eq!(missing(&mut judge), "the withdrawal of 10.8.0.0/24");
    }

    #[test]
    fn a_file_comes_after_each_of_several_commands_before_its_reload() {
        let mut judge = ledger(WITH);
        for line in [GONE, GONE, "reload"] {
            judge.see(at(2), &Seen::Command(PROGRAM, line));
        }
        judge.see(at(3), &Seen::Configured(&config(WITH)));
        judge.see(at(4), &Seen::Answer(PROGRAM, "done"));
        judge.see(at(5), &Seen::Answer(PROGRAM, "done"));
        assert_eq!(missing(&mut judge), "an UPDATE with 10.8.0.0/24");
    }

    #[test]
    fn a_file_that_something_else_has_read_comes_before_it() {
        assert_eq!(missing(&mut withdrawn("version")), "the withdrawal of 10.8.0.0/24");
    }
}

mod flaps {
    use super::*;

    fn refuse(judge: &mut Flapping, key: u32, second: u64, established: bool) {
        let key = SessionKey(key);
        let message = open(90, &[(1, 1)]);
        judge.see(at(second), &Seen::Opened(key, PEER, SessionEnd::Speaker));
        judge.see(at(second), &Seen::Sent(key, &message));
        judge.see(at(second), &Seen::Received(key, &message));
        if established {
            judge.see(at(second), &Seen::Sent(key, &KEEPALIVE));
            judge.see(at(second), &Seen::Received(key, &KEEPALIVE));
        }
        judge.see(at(second), &Seen::Received(key, &notification(6, 5)));
        judge.see(at(second), &Seen::Closed(key, SessionEnd::Peer));
    }

    #[test]
    fn sessions_that_came_up_before_they_ended_are_no_connections_that_came_to_nothing() {
        let mut judge = Flapping::new(Some(at(0)));
        (0..5).for_each(|n| refuse(&mut judge, n, u64::from(n) * 100, true));
        assert_eq!(judge.deadline(), None);
        let mut judge = Flapping::new(Some(at(0)));
        (0..5).for_each(|n| refuse(&mut judge, n, u64::from(n) * 100, false));
        assert_eq!(judge.deadline(), Some(at(300)));
        establish_as(&mut judge, SessionKey(9), at(500), 90);
        assert_eq!(judge.deadline(), None, "one is up");
    }

    #[test]
    fn a_minute_holds_its_first_and_its_last_moment() {
        let mut judge = Flapping::new(Some(at(0)));
        (0..19).for_each(|n| refuse(&mut judge, n, u64::from(n), true));
        refuse(&mut judge, 19, 60, true);
        assert!(judge.deadline().is_some());
    }
}

mod timers {
    use super::*;

    fn overdue(options: &str) -> Overdue {
        let mut judge = Overdue::default();
        judge.see(at(0), &Seen::Configured(&config(options)));
        judge
    }

    #[test]
    fn each_neighbor_has_its_own_send_hold_time() {
        let mut judge = overdue("send-hold-time 15;");
        meet(&mut judge, SESSION2, OTHER, at(0), &open(90, &[(1, 1)]), &open(90, &[(1, 1)]));
        judge.see(at(1), &Seen::Blocked(SESSION2, true));
        let until = judge.deadline();
        assert!(until.is_some_and(|until| until > at(60)), "the recommended one: {until:?}");
    }

    #[test]
    fn only_a_notification_says_that_a_hold_timer_has_expired_and_the_first_of_them_counts() {
        let mut judge = overdue("");
        establish_as(&mut judge, SESSION, at(0), 90);
        let mut update = notification(4, 0);
        update[18] = 2;
        judge.see(at(5), &Seen::Sent(SESSION, &update));
        assert!(judge.judge(at(5)).is_none());
        judge.see(at(6), &Seen::Sent(SESSION, &notification(4, 0)));
        establish_as(&mut judge, SESSION2, at(7), 90);
        judge.see(at(8), &Seen::Sent(SESSION2, &notification(4, 0)));
        assert_eq!(judge.judge(at(9)).unwrap().at, at(6));
    }

    #[test]
    fn an_update_behind_a_notification_says_nothing_of_timers() {
        let mut judge = overdue("");
        establish_as(&mut judge, SESSION, at(0), 90);
        judge.see(at(5), &Seen::Sent(SESSION, &notification(6, 4)));
        let mut update = notification(4, 0);
        update[18] = 2;
        judge.see(at(6), &Seen::Sent(SESSION, &update));
        assert!(judge.judge(at(6)).is_none());
    }

    #[test]
    fn a_hold_timer_may_expire_a_tenth_of_a_second_before_it_is_seen_to_and_no_sooner() {
        for (millis, sounds) in [(8_899, true), (8_900, false), (9_000, false)] {
            let mut judge = overdue("");
            establish_as(&mut judge, SESSION, at(0), 9);
            judge.see(ms(millis), &Seen::Sent(SESSION, &notification(4, 0)));
            assert_eq!(judge.judge(ms(millis)).is_some(), sounds, "{millis}");
        }
    }
}
