//! O6: sessions that come up stay up, unless the scenario ends them. Many that end in one virtual minute are a loop.

use std::collections::{BTreeSet, VecDeque};

use holdtime_core::{Duration, Instant};

use crate::observe::{Seen, SessionKey};
use crate::oracle::session::{OPEN, kind};
use crate::oracle::{Alarm, Creditor, Judge, Oracle};

/// This many ends in a minute are no accident.
const FLAPS: usize = 20;
const WINDOW: Duration = Duration::from_secs(60);

/// O6 at work.
#[derive(Debug, Default)]
pub(super) struct Flapping {
    /// Sessions whose peer has spoken.
    spoken: BTreeSet<SessionKey>,
    ends: VecDeque<(Instant, SessionKey)>,
}

impl Judge for Flapping {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Received(key, message) if kind(message) == OPEN => drop(self.spoken.insert(*key)),
            Seen::Closed(key) if self.spoken.remove(key) => {
                self.ends.push_back((at, *key));
                while self.ends.front().is_some_and(|(first, _)| at - *first > WINDOW) {
                    self.ends.pop_front();
                }
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        (self.ends.len() >= FLAPS).then(|| self.ends.back().map(|(at, _)| *at)).flatten()
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        let at = self.deadline().filter(|at| *at <= now)?;
        let (since, _) = self.ends.front()?;
        let (_, session) = self.ends.back()?;
        Some(Alarm {
            oracle: Oracle::Flapping,
            at,
            since: *since,
            creditor: Creditor::Session(*session),
            what: format!("a session that lasts: {FLAPS} ended within a minute"),
            clause: "RFC 4271 §8.1.1: peer oscillations are damped",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::script::Message;
    use std::net::Ipv4Addr;

    fn after_flaps(every: u64) -> Option<Alarm> {
        let mut judge = Flapping::default();
        let open = Message::Open { asn: None, router_id: None, hold: 9, families: vec![] }
            .encode(1, Ipv4Addr::LOCALHOST);
        for round in 0..30 {
            judge
                .see(Instant::from_secs(u64::from(round) * every), &Seen::Received(SessionKey(round), &open));
            judge.see(Instant::from_secs(u64::from(round) * every), &Seen::Closed(SessionKey(round)));
        }
        judge.judge(Instant::MAX)
    }

    #[test]
    fn a_loop_of_sessions_is_told_from_a_session_that_ends_now_and_then() {
        assert!(after_flaps(1).is_some());
        assert!(after_flaps(30).is_none());
    }
}
