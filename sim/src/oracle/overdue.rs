//! O5: no session outlives the timer that should have ended it.
//!
//! Three timers, each as the wire shows it: no OPEN within four minutes of ours (RFC 4271 §8.2.2, OpenSent's large hold
//! timer), no whole message within the hold time (§6.5), nothing taken by the peer within the send hold time (RFC 9687).

use holdtime_core::{Duration, Instant};

use crate::observe::{Seen, SessionKey};
use crate::oracle::session::{Session, Sessions, track};
use crate::oracle::{Alarm, Creditor, Judge, Oracle};

/// OpenSent's hold timer, before any hold time is agreed on.
const LARGE_HOLD: Duration = Duration::from_secs(240);
/// RFC 9687's least send hold time.
const LEAST_SEND_HOLD: Duration = Duration::from_secs(480);
/// How much later than its timer a session may end: its last messages may still wait for room.
const GRACE: Duration = Duration::from_secs(5);

/// O5 at work.
#[derive(Debug, Default)]
pub(super) struct Overdue {
    sessions: Sessions,
}

struct Timer {
    session: SessionKey,
    since: Instant,
    ends: Instant,
    what: &'static str,
    clause: &'static str,
}

impl Overdue {
    fn first(&self) -> Option<Timer> {
        self.sessions
            .iter()
            .filter(|(_, session)| !session.ending)
            .flat_map(|(key, session)| timers(*key, session))
            .min_by_key(|timer| timer.ends)
    }
}

fn timers(key: SessionKey, session: &Session) -> impl Iterator<Item = Timer> {
    let hold = session.hold();
    let silence = match hold {
        Some(hold) => (!hold.is_zero()).then(|| Timer {
            session: key,
            since: session.last_received,
            ends: session.last_received + hold,
            what: "the end of a session whose peer is silent",
            clause: "RFC 4271 §6.5: hold timer expired",
        }),
        None => session.open_sent().then(|| Timer {
            session: key,
            since: session.opened,
            ends: session.opened + LARGE_HOLD,
            what: "the end of a session whose peer sent no OPEN",
            clause: "RFC 4271 §8.2.2: OpenSent's hold timer",
        }),
    };
    let stalled = session.blocked.zip(hold.filter(|hold| !hold.is_zero())).map(|(since, hold)| Timer {
        session: key,
        since,
        ends: since + LEAST_SEND_HOLD.max(hold * 2),
        what: "the end of a session whose peer takes nothing",
        clause: "RFC 9687 §3: send hold timer expired",
    });
    silence.into_iter().chain(stalled)
}

impl Judge for Overdue {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        track(&mut self.sessions, at, seen);
    }

    fn deadline(&self) -> Option<Instant> {
        self.first().map(|timer| timer.ends + GRACE)
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        let timer = self.first().filter(|timer| timer.ends + GRACE <= now)?;
        Some(Alarm {
            oracle: Oracle::Overdue,
            at: timer.ends + GRACE,
            since: timer.since,
            creditor: Creditor::Session(timer.session),
            what: timer.what.to_owned(),
            clause: timer.clause,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::script::Message;
    use std::net::Ipv4Addr;

    const SESSION: SessionKey = SessionKey(0);

    fn at(secs: u64) -> Instant {
        Instant::from_secs(secs)
    }

    fn opened(hold: u16, both: bool) -> Overdue {
        let mut judge = Overdue::default();
        judge.see(at(0), &Seen::Opened(SESSION));
        let open = Message::Open { asn: None, router_id: None, hold, families: vec![] }
            .encode(1, Ipv4Addr::LOCALHOST);
        judge.see(at(0), &Seen::Sent(SESSION, &open));
        if both {
            judge.see(at(1), &Seen::Received(SESSION, &open));
        }
        judge
    }

    #[test]
    fn a_session_held_past_its_hold_time_sounds_the_alarm() {
        let mut judge = opened(9, true);
        assert_eq!(judge.deadline(), Some(at(15)));
        assert_eq!(judge.judge(at(15)).unwrap().clause, "RFC 4271 §6.5: hold timer expired");
        let notification =
            Message::Notification { code: 4, subcode: 0, data: vec![] }.encode(1, Ipv4Addr::LOCALHOST);
        judge.see(at(10), &Seen::Sent(SESSION, &notification));
        assert!(judge.judge(at(15)).is_none());
    }

    #[test]
    fn without_an_open_the_large_hold_time_holds_and_with_hold_time_zero_none_does() {
        assert_eq!(opened(9, false).deadline(), Some(at(245)));
        assert_eq!(opened(0, true).deadline(), None);
    }

    #[test]
    fn a_peer_that_takes_nothing_is_bounded_by_the_send_hold_timer() {
        let mut judge = opened(180, true);
        let keepalive = Message::Keepalive.encode(1, Ipv4Addr::LOCALHOST);
        judge.see(at(5), &Seen::Blocked(SESSION, true));
        judge.see(at(400), &Seen::Received(SESSION, &keepalive));
        assert_eq!(judge.deadline(), Some(at(490)));
        judge.see(at(410), &Seen::Blocked(SESSION, false));
        assert_eq!(judge.deadline(), Some(at(585)));
    }
}
