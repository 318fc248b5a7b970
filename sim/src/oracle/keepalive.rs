//! O4: a speaker in an established session is never silent for longer than two thirds of the hold time.
//!
//! RFC 4271 §4.4 wants a KEEPALIVE every third of it; by the second third one is missing. What counts is what the network took: while
//! it takes nothing, and while the speaker's process is stopped, no KEEPALIVE is due.

use holdtime_core::{Duration, Instant};

use crate::observe::{Seen, SessionKey};
use crate::oracle::alarm::{Alarm, Creditor, Judge, Missing, Oracle};
use crate::oracle::deadlines::Deadlines;
use crate::oracle::session::{Awake, JudgedSession, Sessions};

/// What timers and turns may add.
const SLACK: Duration = Duration::from_millis(500);

/// O4 at work.
#[derive(Debug, Default)]
pub(super) struct KeepaliveGap {
    sessions: Sessions,
    due: Deadlines<SessionKey>,
}

/// Since when the session is silent, and until when it may be.
fn silence(session: &JudgedSession, awake: Awake) -> Option<(Instant, Instant)> {
    let hold = session.hold().filter(|hold| !hold.is_zero())?;
    let since = awake.from(session.open_since()?.max(session.last_sent))?;
    Some((since, since + hold * 2 / 3 + SLACK))
}

impl Judge for KeepaliveGap {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        let changed = self.sessions.see(at, seen);
        for key in self.sessions.which(changed) {
            let session = self.sessions.get(key);
            let until = session.and_then(|session| silence(session, self.sessions.awake));
            self.due.set(key, until.map(|(_, until)| until));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| at)
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        let (at, key) = self.due.due(now)?;
        let (since, _) = silence(self.sessions.get(key)?, self.sessions.awake)?;
        Some(Alarm {
            oracle: Oracle::KeepaliveGap,
            at,
            since,
            creditor: Creditor::Session(key),
            missing: Missing::Keepalive,
            what: "a KEEPALIVE".to_owned(),
            clause: "RFC 4271 §4.4: one every third of the hold time",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::testing::{KEEPALIVE, SESSION, at, establish, ms};

    fn established(hold: u16) -> KeepaliveGap {
        let mut judge = KeepaliveGap::default();
        establish(&mut judge, at(0), hold);
        judge
    }

    #[test]
    fn silence_for_two_thirds_of_the_hold_time_sounds_the_alarm() {
        let mut judge = established(9);
        judge.see(at(3), &Seen::Sent(SESSION, &KEEPALIVE));
        assert_eq!(judge.deadline(), Some(ms(9_500)));
        assert!(judge.judge(ms(9_499)).is_none());
        let alarm = judge.judge(ms(9_500)).unwrap();
        assert_eq!((alarm.since, alarm.at, alarm.creditor), (at(3), ms(9_500), Creditor::Session(SESSION)));
    }

    #[test]
    fn any_message_counts_as_one_and_what_the_peer_says_does_not() {
        let mut judge = established(9);
        judge.see(at(5), &Seen::Received(SESSION, &KEEPALIVE));
        assert_eq!(judge.deadline(), Some(ms(6_500)));
        let update =
            crate::scenario::script::ScriptMessage::EndOfRib(1, 1).encode(1, std::net::Ipv4Addr::LOCALHOST);
        judge.see(at(6), &Seen::Sent(SESSION, &update));
        assert_eq!(judge.deadline(), Some(ms(12_500)));
    }

    #[test]
    fn without_a_hold_time_before_and_after_the_session_none_is_due() {
        assert_eq!(established(0).deadline(), None);
        let mut judge = KeepaliveGap::default();
        judge.see(
            at(0),
            &Seen::Opened(SESSION, crate::oracle::testing::PEER, crate::observe::SessionEnd::Peer),
        );
        judge.see(at(0), &Seen::Sent(SESSION, &crate::oracle::testing::open(9, &[(1, 1)])));
        judge.see(at(0), &Seen::Received(SESSION, &crate::oracle::testing::open(9, &[(1, 1)])));
        judge.see(at(0), &Seen::Sent(SESSION, &KEEPALIVE));
        assert_eq!(judge.deadline(), None, "the peer has not confirmed it");
        let mut judge = established(9);
        judge.see(at(1), &Seen::Sent(SESSION, &crate::oracle::testing::notification(6, 2)));
        assert_eq!(judge.deadline(), None, "we end it");
        let mut judge = established(9);
        judge.see(at(1), &Seen::Received(SESSION, &crate::oracle::testing::notification(6, 2)));
        assert_eq!(judge.deadline(), None, "the peer ends it");
        let mut judge = established(9);
        judge.see(at(1), &Seen::Closed(SESSION, crate::observe::SessionEnd::Peer));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None), "it is closed");
    }

    #[test]
    fn while_the_network_takes_nothing_none_is_due_and_afterwards_one_is_due_anew() {
        let mut judge = established(9);
        judge.see(at(1), &Seen::Blocked(SESSION, true));
        assert_eq!(judge.deadline(), None);
        judge.see(at(60), &Seen::Blocked(SESSION, false));
        assert_eq!(judge.deadline(), Some(ms(66_500)));
    }

    #[test]
    fn a_stopped_process_owes_none_and_one_that_goes_on_owes_it_anew() {
        let mut judge = established(9);
        judge.see(at(1), &Seen::Running(false));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
        judge.see(at(60), &Seen::Running(true));
        assert_eq!(judge.deadline(), Some(ms(66_500)));
        assert_eq!(judge.judge(ms(66_500)).unwrap().since, at(60));
    }

    #[test]
    fn the_session_whose_time_comes_first_is_named() {
        let mut judge = established(90);
        let other = SessionKey(7);
        crate::oracle::testing::establish_as(&mut judge, other, at(0), 9);
        assert_eq!(judge.judge(at(7)).unwrap().creditor, Creditor::Session(other));
        judge.see(at(7), &Seen::Closed(other, crate::observe::SessionEnd::Speaker));
        assert_eq!(judge.deadline(), Some(ms(60_500)));
    }
}
