//! O5: no session outlives the timer that should have ended it, and none is ended by a timer that has not expired.
//!
//! Three timers, each as the wire shows it: no OPEN within four minutes of ours (RFC 4271 §8.2.2, OpenSent's large hold
//! timer), no whole message within the hold time (§6.5), nothing taken by the peer within the send hold time (RFC 9687). A message
//! counts from when the speaker has it, not from when the peer sent it.

use holdtime_core::config::{PeerRange, SendHoldSetting};
use holdtime_core::{Duration, Instant};

use crate::observe::{Seen, SessionEnd, SessionKey};
use crate::oracle::alarm::{Alarm, Creditor, EndTimer, Judge, Missing, Oracle};
use crate::oracle::deadlines::Deadlines;
use crate::oracle::session::{JudgedSession, Sessions};
use crate::scenario::codec::{NOTIFICATION, kind};

/// OpenSent's hold timer, before any hold time is agreed on.
const LARGE_HOLD: Duration = Duration::from_secs(240);
/// RFC 9687's least send hold time.
const LEAST_SEND_HOLD: Duration = Duration::from_secs(480);
/// How much later than its timer a session may end: its last messages may still wait for room.
const GRACE: Duration = Duration::from_secs(5);
/// How much earlier than we see it the speaker may have taken a message in.
const EARLY: Duration = Duration::from_millis(100);
/// Hold Timer Expired (RFC 4271 §4.5).
const HOLD_TIMER_EXPIRED: u8 = 4;

/// O5 at work.
#[derive(Debug, Default)]
pub(super) struct Overdue {
    sessions: Sessions,
    /// Each neighbor's send hold time.
    send_holds: Vec<(PeerRange, SendHoldSetting)>,
    due: Deadlines<SessionKey>,
    early: Option<Alarm>,
}

struct Timer {
    kind: EndTimer,
    since: Instant,
    ends: Instant,
    what: &'static str,
    clause: &'static str,
}

impl Overdue {
    /// The timer of a session that ends first.
    fn timer(&self, session: &JudgedSession) -> Option<Timer> {
        if session.noted().is_some() {
            return None;
        }
        self.silence(session).into_iter().chain(self.stall(session)).min_by_key(|timer| timer.ends)
    }

    fn silence(&self, session: &JudgedSession) -> Option<Timer> {
        let Some(hold) = session.hold() else {
            let since = self.sessions.awake.from(session.opened)?;
            return session.open_sent().then(|| Timer {
                kind: EndTimer::OpenWait,
                since,
                ends: since + LARGE_HOLD,
                what: "the end of a session whose peer sent no OPEN",
                clause: "RFC 4271 §8.2.2: OpenSent's hold timer",
            });
        };
        // Its own timer ran on while the process was stopped; what it must do then it can do only afterwards.
        let ends = self.sessions.awake.from(session.last_received + hold)?;
        (!hold.is_zero()).then_some(Timer {
            kind: EndTimer::Hold,
            since: session.last_received,
            ends,
            what: "the end of a session whose peer is silent",
            clause: "RFC 4271 §6.5: hold timer expired",
        })
    }

    fn stall(&self, session: &JudgedSession) -> Option<Timer> {
        let hold = session.hold().filter(|hold| !hold.is_zero())?;
        let since = session.blocked?;
        let range = self.send_holds.iter().find(|(range, _)| range.contains(session.remote));
        let send_hold = match range.map_or(SendHoldSetting::Recommended, |(_, send_hold)| *send_hold) {
            SendHoldSetting::Recommended => LEAST_SEND_HOLD.max(hold * 2),
            SendHoldSetting::Seconds(seconds) => Duration::from_secs(seconds.into()),
            SendHoldSetting::Disabled => return None,
        };
        Some(Timer {
            kind: EndTimer::SendHold,
            since,
            ends: self.sessions.awake.from(since + send_hold)?,
            what: "the end of a session whose peer takes nothing",
            clause: "RFC 9687 §3: send hold timer expired",
        })
    }

    /// The alarm, where the speaker says of an established session that its hold timer has expired, and it has not.
    fn too_early(&self, at: Instant, key: SessionKey, message: &[u8]) -> Option<Alarm> {
        let session = self.sessions.get(key)?;
        let expired = kind(message) == NOTIFICATION && message.get(19) == Some(&HOLD_TIMER_EXPIRED);
        let first = expired && session.noted().is_some_and(|(side, ..)| side == SessionEnd::Speaker);
        let established = session.established().filter(|_| first)?;
        let hold = session.hold()?;
        let since = session.last_kept.max(established);
        let expires = since + hold;
        (hold.is_zero() || at + EARLY < expires).then(|| Alarm {
            oracle: Oracle::Overdue,
            at,
            since,
            creditor: Creditor::Session(key),
            missing: Missing::FullHoldTime,
            what: "a session that lasts: it was ended by a hold timer that had not expired".to_owned(),
            clause: "RFC 4271 §6.5: the hold timer expires after the hold time, and each KEEPALIVE restarts it",
        })
    }
}

impl Judge for Overdue {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        if let Seen::Configured(config) = seen {
            let send_hold = config.neighbors.iter().map(|neighbor| (neighbor.peer, neighbor.send_hold));
            self.send_holds = send_hold.collect();
        }
        let changed = self.sessions.see(at, seen);
        for key in self.sessions.which(changed) {
            let timer = self.sessions.get(key).and_then(|session| self.timer(session));
            self.due.set(key, timer.map(|timer| timer.ends + GRACE));
        }
        if let Seen::Sent(key, message) = seen
            && self.early.is_none()
        {
            self.early = self.too_early(at, *key, message);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let early = self.early.as_ref().map(|alarm| alarm.at);
        early.or_else(|| self.due.first().map(|(at, _)| at))
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        if self.early.is_some() {
            return self.early.clone();
        }
        let (at, key) = self.due.due(now)?;
        let Timer { kind, since, what, clause, .. } = self.timer(self.sessions.get(key)?)?;
        Some(Alarm {
            oracle: Oracle::Overdue,
            at,
            since,
            creditor: Creditor::Session(key),
            missing: Missing::End(kind),
            what: what.to_owned(),
            clause,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::testing::{
        KEEPALIVE, PEER, SESSION, at, config, establish, ms, notification, open, refresh, withdrawal,
    };

    fn opened(hold: u16, both: bool) -> Overdue {
        let mut judge = Overdue::default();
        judge.see(at(0), &Seen::Opened(SESSION, PEER, SessionEnd::Peer));
        judge.see(at(0), &Seen::Sent(SESSION, &open(hold, &[(1, 1)])));
        if both {
            judge.see(at(1), &Seen::Received(SESSION, &open(hold, &[(1, 1)])));
        }
        judge
    }

    fn established(hold: u16) -> Overdue {
        let mut judge = Overdue::default();
        establish(&mut judge, at(0), hold);
        judge
    }

    #[test]
    fn a_session_held_past_its_hold_time_sounds_the_alarm() {
        let mut judge = opened(9, true);
        assert_eq!(judge.deadline(), Some(at(15)));
        assert!(judge.judge(ms(14_999)).is_none());
        let alarm = judge.judge(at(15)).unwrap();
        assert_eq!((alarm.clause, alarm.since), ("RFC 4271 §6.5: hold timer expired", at(1)));
        for (side, ended) in [(true, notification(4, 0)), (false, notification(6, 2))] {
            let mut judge = opened(9, true);
            let seen = if side { Seen::Sent(SESSION, &ended) } else { Seen::Received(SESSION, &ended) };
            judge.see(at(10), &seen);
            assert!(judge.judge(at(100)).is_none());
        }
        judge.see(at(10), &Seen::Closed(SESSION, SessionEnd::Speaker));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
    }

    #[test]
    fn the_lesser_of_both_hold_times_counts_and_every_whole_message_restarts_it() {
        let mut judge = opened(90, false);
        judge.see(at(0), &Seen::Received(SESSION, &open(9, &[(1, 1)])));
        assert_eq!(judge.deadline(), Some(at(14)));
        judge.see(at(8), &Seen::Received(SESSION, &KEEPALIVE));
        assert_eq!(judge.deadline(), Some(at(22)));
        judge.see(at(9), &Seen::Sent(SESSION, &KEEPALIVE));
        assert_eq!(judge.deadline(), Some(at(22)), "what we say does not");
    }

    #[test]
    fn without_an_open_the_large_hold_time_holds_and_with_hold_time_zero_none_does() {
        let mut judge = opened(9, false);
        assert_eq!(judge.deadline(), Some(at(245)));
        assert_eq!(judge.judge(at(245)).unwrap().what, "the end of a session whose peer sent no OPEN");
        assert_eq!(opened(0, true).deadline(), None);
        let mut judge = Overdue::default();
        judge.see(at(0), &Seen::Opened(SESSION, PEER, SessionEnd::Peer));
        assert_eq!(judge.deadline(), None, "we have not sent ours");
    }

    #[test]
    fn a_peer_that_takes_nothing_is_bounded_by_the_send_hold_timer() {
        let mut judge = opened(180, true);
        judge.see(at(5), &Seen::Blocked(SESSION, true));
        judge.see(at(6), &Seen::Blocked(SESSION, true));
        judge.see(at(400), &Seen::Received(SESSION, &KEEPALIVE));
        assert_eq!(judge.deadline(), Some(at(490)));
        assert_eq!(judge.judge(at(490)).unwrap().clause, "RFC 9687 §3: send hold timer expired");
        judge.see(at(410), &Seen::Blocked(SESSION, false));
        assert_eq!(judge.deadline(), Some(at(585)));
    }

    #[test]
    fn the_send_hold_timer_is_twice_a_long_hold_time_what_the_neighbor_says_or_none() {
        let deadline = |option: &str, hold: u16| {
            let mut judge = Overdue::default();
            judge.see(at(0), &Seen::Configured(&config(option)));
            establish(&mut judge, at(0), hold);
            judge.see(at(0), &Seen::Blocked(SESSION, true));
            for second in (0..600).step_by(2) {
                judge.see(at(second), &Seen::Received(SESSION, &KEEPALIVE));
            }
            judge.deadline()
        };
        assert_eq!(deadline("send-hold-time 15;", 90), Some(at(20)));
        assert_eq!(deadline("", 300), Some(at(605)), "twice the hold time");
        assert_eq!(deadline("", 90), Some(at(485)));
        assert_eq!(deadline("send-hold-time 0;", 90), Some(at(598 + 95)), "only the hold timer is left");
        assert_eq!(deadline("", 0), None);
    }

    #[test]
    fn a_stopped_process_ends_nothing_and_has_its_grace_once_it_goes_on() {
        let mut judge = established(9);
        judge.see(at(1), &Seen::Running(false));
        assert_eq!((judge.deadline(), judge.judge(at(100))), (None, None));
        judge.see(at(70), &Seen::Running(true));
        assert_eq!(judge.deadline(), Some(at(75)));
        judge.see(at(70), &Seen::Received(SESSION, &KEEPALIVE));
        assert_eq!(judge.deadline(), Some(at(84)));
        let mut judge = opened(9, false);
        judge.see(at(1), &Seen::Running(false));
        judge.see(at(70), &Seen::Running(true));
        assert_eq!(judge.deadline(), Some(at(315)));
        let mut judge = opened(180, true);
        judge.see(at(5), &Seen::Blocked(SESSION, true));
        judge.see(at(6), &Seen::Running(false));
        assert_eq!(judge.deadline(), None);
        judge.see(at(800), &Seen::Running(true));
        assert_eq!(judge.deadline(), Some(at(805)));
    }

    #[test]
    fn a_session_ended_by_a_hold_timer_that_has_not_expired_sounds_the_alarm_at_once() {
        let ended = |last: &[u8], seconds: u64, how: &[u8]| {
            let mut judge = established(90);
            judge.see(at(60), &Seen::Received(SESSION, last));
            judge.see(at(60 + seconds), &Seen::Sent(SESSION, how));
            let alarm = judge.judge(at(60 + seconds));
            assert!(alarm.is_none() || judge.deadline() == Some(at(60 + seconds)));
            alarm.map(|alarm| (alarm.at, alarm.since))
        };
        assert_eq!(ended(&KEEPALIVE, 40, &notification(4, 0)), Some((at(100), at(60))));
        assert_eq!(ended(&withdrawal("10.0.0.0/24"), 40, &notification(4, 0)), Some((at(100), at(60))));
        assert_eq!(ended(&KEEPALIVE, 90, &notification(4, 0)), None);
        assert_eq!(ended(&KEEPALIVE, 40, &notification(6, 2)), None, "another reason");
        assert_eq!(ended(&KEEPALIVE, 40, &KEEPALIVE), None);
        assert_eq!(ended(&refresh(1, 1), 40, &notification(4, 0)), None, "a ROUTE-REFRESH restarts nothing");
    }

    #[test]
    fn a_session_without_a_hold_time_is_never_ended_by_it() {
        let mut judge = established(0);
        judge.see(at(600), &Seen::Sent(SESSION, &notification(4, 0)));
        assert!(judge.judge(at(600)).is_some());
    }

    #[test]
    fn before_a_session_is_established_and_after_the_peer_has_ended_it_nothing_is_too_early() {
        let mut judge = opened(90, true);
        judge.see(at(30), &Seen::Sent(SESSION, &notification(4, 0)));
        assert!(judge.judge(at(30)).is_none());
        let mut judge = established(90);
        judge.see(at(30), &Seen::Received(SESSION, &notification(6, 2)));
        judge.see(at(30), &Seen::Sent(SESSION, &notification(4, 0)));
        assert!(judge.judge(at(30)).is_none());
    }
}
