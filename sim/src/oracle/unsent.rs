//! O1: a route that a program announces is on the wire of an established session in time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use holdtime_core::{Duration, Instant};

use crate::observe::{ProgramKey, Seen, SessionKey};
use crate::oracle::session::{Session, UPDATE, kind};
use crate::oracle::{Alarm, Creditor, Judge, Oracle};
use crate::scenario::script::{announced_ipv4, prefix};

type Prefix = (Ipv4Addr, u8);

/// O1 at work.
#[derive(Debug)]
pub(super) struct Unsent {
    within: Duration,
    sessions: BTreeMap<SessionKey, Session>,
    /// Routes asked for and not seen since, with the command's time.
    queued: BTreeMap<Prefix, Instant>,
    /// Programs that command only some neighbors: for whom a route is, is not followed here.
    partial: BTreeSet<ProgramKey>,
}

impl Unsent {
    pub(super) fn new(within: Duration) -> Self {
        Self { within, sessions: BTreeMap::new(), queued: BTreeMap::new(), partial: BTreeSet::new() }
    }

    /// The route that is due first: counted from its command, or from when a session could take it.
    fn first(&self) -> Option<(SessionKey, Prefix, Instant)> {
        let usable = |session: &&Session| {
            session.established.is_some() && session.blocked.is_none() && !session.ending
        };
        let (key, session) = self.sessions.iter().find(|(_, session)| usable(session))?;
        let established = session.established?;
        let due = |(prefix, since): (&Prefix, &Instant)| (*key, *prefix, established.max(*since));
        self.queued.iter().map(due).min_by_key(|(_, _, since)| *since)
    }
}

impl Judge for Unsent {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Opened(key) => drop(self.sessions.insert(*key, Session::new(at))),
            Seen::Closed(key) => drop(self.sessions.remove(key)),
            Seen::Sent(key, message) => {
                if kind(message) == UPDATE {
                    for prefix in announced_ipv4(message.get(19..).unwrap_or_default()) {
                        self.queued.remove(&prefix);
                    }
                }
                if let Some(session) = self.sessions.get_mut(key) {
                    session.see(at, seen);
                }
            }
            Seen::Received(key, _) | Seen::Blocked(key, _) => {
                if let Some(session) = self.sessions.get_mut(key) {
                    session.see(at, seen);
                }
            }
            Seen::Started(program, false) => drop(self.partial.insert(*program)),
            Seen::Command(program, _) if self.partial.contains(program) => {}
            Seen::Command(_, line) => match asked_for(line) {
                Some((true, prefix)) => drop(self.queued.entry(prefix).or_insert(at)),
                Some((false, prefix)) => drop(self.queued.remove(&prefix)),
                None if line.contains("adj-rib out") => self.queued.clear(),
                None => {}
            },
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.first().map(|(_, _, since)| since + self.within)
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        let (session, (address, length), since) =
            self.first().filter(|(_, _, since)| *since + self.within <= now)?;
        Some(Alarm {
            oracle: Oracle::Unsent,
            at: since + self.within,
            since,
            creditor: Creditor::Session(session),
            what: format!("an UPDATE with {address}/{length}"),
            clause: "RFC 4271 §9.2: a route is advertised once it is selected",
        })
    }
}

/// `announce route P` (true) or `withdraw route P` (false), with or without a choice of neighbors before it.
pub(super) fn asked_for(line: &str) -> Option<(bool, Prefix)> {
    let mut words = line.split_whitespace().skip_while(|word| !matches!(*word, "announce" | "withdraw"));
    let announce = words.next()? == "announce";
    if words.next()? != "route" {
        return None;
    }
    // A route with an identifier or a split stands for other prefixes than the one it names.
    let plain =
        !["path-information", "split", "rd", "label", "watchdog"].iter().any(|word| line.contains(word));
    prefix(words.next()?).filter(|_| plain).map(|prefix| (announce, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::script::Message;

    const SESSION: SessionKey = SessionKey(0);

    fn at(secs: u64) -> Instant {
        Instant::from_secs(secs)
    }

    fn established(at: Instant) -> Unsent {
        let mut judge = Unsent::new(Duration::from_secs(5));
        judge.see(at, &Seen::Opened(SESSION));
        for message in
            [Message::Open { asn: None, router_id: None, hold: 90, families: vec![] }, Message::Keepalive]
        {
            let message = message.encode(1, Ipv4Addr::LOCALHOST);
            judge.see(at, &Seen::Sent(SESSION, &message));
            judge.see(at, &Seen::Received(SESSION, &message));
        }
        judge
    }

    #[test]
    fn a_route_that_is_not_sent_sounds_the_alarm_and_one_that_is_does_not() {
        let mut judge = established(at(1));
        judge.see(at(2), &Seen::Command(ProgramKey(0), "announce route 10.0.0.0/24 next-hop 1.1.1.1"));
        assert_eq!(judge.deadline(), Some(at(7)));
        assert_eq!(judge.judge(at(7)).unwrap().what, "an UPDATE with 10.0.0.0/24");
        let update = Message::Announce {
            prefixes: vec![(Ipv4Addr::new(10, 0, 0, 0), 24)],
            next_hop: Ipv4Addr::LOCALHOST,
            path: vec![],
        };
        judge.see(at(8), &Seen::Sent(SESSION, &update.encode(1, Ipv4Addr::LOCALHOST)));
        assert_eq!(judge.judge(at(9)), None);
    }

    #[test]
    fn the_clock_starts_when_a_session_can_take_the_route_and_stops_when_it_is_withdrawn() {
        let mut judge = Unsent::new(Duration::from_secs(5));
        judge.see(at(0), &Seen::Command(ProgramKey(0), "announce route 10.0.0.0/24 next-hop 1.1.1.1"));
        assert_eq!(judge.deadline(), None);
        let mut judge = established(at(30));
        judge.see(
            at(0),
            &Seen::Command(ProgramKey(0), "neighbor 10.0.0.2 announce route 10.0.0.0/24 next-hop 1.1.1.1"),
        );
        assert_eq!(judge.deadline(), Some(at(35)));
        judge.see(at(31), &Seen::Command(ProgramKey(0), "withdraw route 10.0.0.0/24 next-hop 1.1.1.1"));
        assert_eq!(judge.deadline(), None);
    }
}
