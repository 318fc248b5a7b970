//! O7: once all is quiet, each peer knows exactly the routes that the configuration and the programs want it to know.
//!
//! Judged at rest, whatever the deadlines of O1: what is owed then is not on its way.

use holdtime_core::Instant;
use holdtime_core::rib::Destination;

use crate::observe::SessionKey;
use crate::oracle::alarm::{Alarm, Creditor, Missing, Oracle};
use crate::oracle::ledger::{Ledger, describe};

/// The alarm for the first difference, if there is any.
pub(super) fn judge(ledger: &mut Ledger, now: Instant) -> Option<Alarm> {
    let keys: Vec<SessionKey> = ledger.advertised.keys().copied().collect();
    keys.into_iter().find_map(|key| missing(ledger, key, now).or_else(|| superfluous(ledger, key, now)))
}

/// What the peer was to be told and was not.
fn missing(ledger: &mut Ledger, key: SessionKey, now: Instant) -> Option<Alarm> {
    loop {
        ledger.since(key)?;
        let advertised = ledger.advertised.get_mut(&key)?;
        let (destination, since) =
            advertised.oldest().map(|(destination, since)| (destination.clone(), since))?;
        let wanted = ledger.neighbors.get(&advertised.neighbor?)?;
        if advertised.forgive(wanted, &destination) {
            ledger.schedule(key);
            continue;
        }
        let announces = wanted.get(&destination).is_some_and(|want| want.route.is_some());
        let verb = if announces { "announcement" } else { "withdrawal" };
        return Some(alarm(now, since, key, verb, &destination));
    }
}

/// What the peer was told and was not to be.
fn superfluous(ledger: &Ledger, key: SessionKey, now: Instant) -> Option<Alarm> {
    ledger.sessions.get(key)?.open_since()?;
    let advertised = ledger.advertised.get(&key)?;
    let wanted = ledger.neighbors.get(&advertised.neighbor?)?;
    let (destination, since) = advertised.superfluous(wanted)?;
    Some(alarm(now, since, key, "withdrawal", destination))
}

fn alarm(now: Instant, since: Instant, key: SessionKey, verb: &str, destination: &Destination) -> Alarm {
    Alarm {
        oracle: Oracle::Divergence,
        at: now,
        since,
        creditor: Creditor::Session(key),
        missing: Missing::Routes,
        what: format!("the {verb} of {}", describe(destination)),
        clause: "RFC 4271 §9.2: the peer's Adj-RIB-In mirrors our Adj-RIB-Out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Seen, SessionEnd};
    use crate::oracle::alarm::Judge;
    use crate::oracle::routes::RouteJudge;
    use crate::oracle::testing::{
        PROGRAM, SESSION, SESSION2, announcement, at, config, done, ledger, withdrawal,
    };

    const ROUTE: &str = "announce route 10.0.0.0/24 next-hop 10.0.0.1";

    /// Only the first neighbor is there.
    fn alone() -> RouteJudge {
        let mut judge = ledger("");
        judge.see(at(0), &Seen::Closed(SESSION2, SessionEnd::Peer));
        judge
    }

    #[test]
    fn a_route_taken_back_by_its_program_but_not_on_the_wire_sounds_at_rest() {
        let mut judge = alone();
        done(&mut judge, at(1), ROUTE);
        judge.see(at(1), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        assert_eq!(judge.judge_at_rest(at(2)), None);
        done(&mut judge, at(3), "neighbor 10.0.0.2 withdraw route 10.0.0.0/24 next-hop 10.0.0.1");
        let alarm = judge.judge_at_rest(at(4)).unwrap();
        assert_eq!((alarm.oracle, alarm.at, alarm.since), (Oracle::Divergence, at(4), at(3)));
        assert_eq!(alarm.what, "the withdrawal of 10.0.0.0/24");
        judge.see(at(5), &Seen::Sent(SESSION, &withdrawal("10.0.0.0/24")));
        assert_eq!(judge.judge_at_rest(at(6)), None);
    }

    #[test]
    fn a_route_that_was_not_told_sounds_at_rest_and_what_is_overdue_is_of_another_oracle() {
        let mut judge = alone();
        done(&mut judge, at(1), ROUTE);
        assert_eq!(judge.judge(at(2)), None);
        assert_eq!(judge.judge_at_rest(at(2)).unwrap().what, "the announcement of 10.0.0.0/24");
        assert_eq!(judge.judge_at_rest(at(6)).unwrap().oracle, Oracle::Unsent);
    }

    #[test]
    fn a_route_that_nobody_wants_the_peer_to_know_sounds_at_rest() {
        let mut judge = alone();
        judge.see(at(1), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        let alarm = judge.judge_at_rest(at(2)).unwrap();
        assert_eq!((alarm.since, alarm.what.as_str()), (at(1), "the withdrawal of 10.0.0.0/24"));
        assert_eq!(alarm.creditor, Creditor::Session(SESSION));
    }

    #[test]
    fn a_session_that_takes_nothing_and_one_that_is_closed_may_know_what_it_likes() {
        let mut judge = alone();
        done(&mut judge, at(1), ROUTE);
        judge.see(at(1), &Seen::Blocked(SESSION, true));
        assert_eq!(judge.judge_at_rest(at(2)), None);
        judge.see(at(2), &Seen::Blocked(SESSION, false));
        assert!(judge.judge_at_rest(at(2)).is_some());
        judge.see(at(2), &Seen::Running(false));
        assert_eq!(judge.judge_at_rest(at(3)), None);
        judge.see(at(4), &Seen::Closed(SESSION, SessionEnd::Peer));
        assert_eq!(judge.judge_at_rest(at(5)), None);
        let mut judge = alone();
        judge.see(at(1), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        judge.see(at(1), &Seen::Blocked(SESSION, true));
        assert_eq!(judge.judge_at_rest(at(2)), None);
    }

    /// What is judged at rest once the program has written two commands at once and the file is read before both are answered.
    fn reloaded_with(commands: [&str; 2]) -> Option<Alarm> {
        let file = config("static { route 10.0.0.0/24 next-hop 10.0.0.1; }");
        let mut judge = ledger("static { route 10.0.0.0/24 next-hop 10.0.0.1; }");
        judge.see(at(0), &Seen::Closed(SESSION2, SessionEnd::Peer));
        judge.see(at(1), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        commands.iter().for_each(|command| judge.see(at(2), &Seen::Command(PROGRAM, command)));
        judge.see(at(2), &Seen::Configured(&file));
        commands.iter().for_each(|_| judge.see(at(2), &Seen::Answer(PROGRAM, "done")));
        judge.see(at(3), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        judge.judge_at_rest(at(4))
    }

    #[test]
    fn what_a_file_says_that_is_read_between_a_command_and_its_answer_comes_in_the_order_of_the_commands() {
        assert_eq!(reloaded_with(["clear adj-rib out", "reload"]), None);
        let alarm = reloaded_with(["reload", "clear adj-rib out"]).unwrap();
        assert_eq!(alarm.what, "the withdrawal of 10.0.0.0/24");
    }

    #[test]
    fn a_command_without_an_answer_comes_after_those_before_it_whose_answers_are_to_come() {
        let mut judge = alone();
        judge.see(at(1), &Seen::Command(PROGRAM, ROUTE));
        judge.see(at(1), &Seen::Command(PROGRAM, "silence-ack"));
        judge.see(at(2), &Seen::Command(PROGRAM, "withdraw route 10.0.0.0/24 next-hop 10.0.0.1"));
        judge.see(at(3), &Seen::Answer(PROGRAM, "done"));
        assert_eq!(judge.judge_at_rest(at(4)), None, "it is withdrawn");
        judge.see(at(4), &Seen::Command(PROGRAM, ROUTE));
        assert_eq!(judge.judge_at_rest(at(5)).unwrap().what, "the announcement of 10.0.0.0/24");
    }

    #[test]
    fn a_command_that_was_refused_changes_nothing() {
        let mut judge = alone();
        judge.see(at(1), &Seen::Command(PROGRAM, ROUTE));
        judge.see(at(1), &Seen::Answer(PROGRAM, "error"));
        assert_eq!(judge.judge_at_rest(at(2)), None);
    }

    #[test]
    fn every_neighbor_is_asked() {
        let mut judge = ledger("");
        done(&mut judge, at(1), ROUTE);
        judge.see(at(1), &Seen::Sent(SESSION, &announcement("10.0.0.0/24")));
        assert_eq!(judge.judge_at_rest(at(2)).unwrap().creditor, Creditor::Session(SESSION2));
    }

    #[test]
    fn a_command_line_client_may_command_every_neighbor_and_a_program_those_that_name_it() {
        for (name, missing) in [(crate::observe::COMMAND_LINE, true), ("other", false)] {
            let (mut judge, key) = (alone(), crate::observe::ProgramKey(7));
            judge.see(at(1), &Seen::Started(key, name));
            judge.see(at(2), &Seen::Command(key, ROUTE));
            judge.see(at(2), &Seen::Answer(key, "done"));
            assert_eq!(judge.judge_at_rest(at(3)).is_some(), missing, "{name}");
        }
    }

    #[test]
    fn a_route_that_is_forgiven_at_rest_hides_no_overdue_one_of_another_neighbor() {
        let communities = (0..1_100).map(|n| format!("65001:{n}")).collect::<Vec<_>>().join(" ");
        let mut judge = ledger("");
        done(&mut judge, at(1), &format!("neighbor 10.0.0.2 {ROUTE} community [ {communities} ]"));
        assert_eq!(judge.judge_at_rest(at(2)), None, "no message holds it");
        done(&mut judge, at(3), &format!("neighbor 10.0.0.3 {ROUTE}"));
        assert_eq!(judge.judge(at(8)).unwrap().creditor, Creditor::Session(SESSION2));
    }
}
