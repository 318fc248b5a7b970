//! O4: a speaker in an established session is never silent for longer than two thirds of the hold time.
//!
//! RFC 4271 §4.4 wants a KEEPALIVE every third of it; by the second third one is missing.

use holdtime_core::{Duration, Instant};

use crate::observe::{Seen, SessionKey};
use crate::oracle::session::{Session, Sessions, track};
use crate::oracle::{Alarm, Creditor, Judge, Oracle};

/// O4 at work.
#[derive(Debug, Default)]
pub(super) struct KeepaliveGap {
    sessions: Sessions,
}

impl KeepaliveGap {
    fn first(&self) -> Option<(SessionKey, Instant, Instant)> {
        let due = |(key, session): (&SessionKey, &Session)| {
            session.established?;
            let hold = session.hold().filter(|hold| !hold.is_zero())?;
            let free = session.blocked.is_none() && !session.ending;
            free.then(|| {
                (*key, session.last_sent, session.last_sent + hold * 2 / 3 + Duration::from_millis(500))
            })
        };
        self.sessions.iter().filter_map(due).min_by_key(|(_, _, due)| *due)
    }
}

impl Judge for KeepaliveGap {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        track(&mut self.sessions, at, seen);
    }

    fn deadline(&self) -> Option<Instant> {
        self.first().map(|(_, _, due)| due)
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        let (session, since, due) = self.first().filter(|(_, _, due)| *due <= now)?;
        Some(Alarm {
            oracle: Oracle::KeepaliveGap,
            at: due,
            since,
            creditor: Creditor::Session(session),
            what: "a KEEPALIVE".to_owned(),
            clause: "RFC 4271 §4.4: one every third of the hold time",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::script::Message;
    use std::net::Ipv4Addr;

    #[test]
    fn silence_for_two_thirds_of_the_hold_time_sounds_the_alarm() {
        let mut judge = KeepaliveGap::default();
        let session = SessionKey(0);
        judge.see(Instant::ZERO, &Seen::Opened(session));
        for message in
            [Message::Open { asn: None, router_id: None, hold: 9, families: vec![] }, Message::Keepalive]
        {
            let message = message.encode(1, Ipv4Addr::LOCALHOST);
            judge.see(Instant::ZERO, &Seen::Sent(session, &message));
            judge.see(Instant::ZERO, &Seen::Received(session, &message));
        }
        let keepalive = Message::Keepalive.encode(1, Ipv4Addr::LOCALHOST);
        judge.see(Instant::from_secs(3), &Seen::Sent(session, &keepalive));
        assert_eq!(judge.deadline(), Some(Instant::from_millis(9_500)));
        assert!(judge.judge(Instant::from_secs(9)).is_none());
        assert_eq!(judge.judge(Instant::from_secs(10)).unwrap().since, Instant::from_secs(3));
    }
}
