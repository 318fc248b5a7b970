//! O7: once all is quiet, the peer knows exactly the routes that the programs asked for and did not take back.
//!
//! Judged at rest, on the IPv4 routes that commands name one by one; configured routes are the cases' business.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use holdtime_core::Instant;

use crate::observe::{ProgramKey, Seen, SessionKey};
use crate::oracle::session::{Session, UPDATE, kind};
use crate::oracle::unsent::asked_for;
use crate::oracle::{Alarm, Creditor, Judge, Oracle};
use crate::scenario::script::{announced_ipv4, withdrawn_ipv4};

type Prefix = (Ipv4Addr, u8);

/// O7 at work.
#[derive(Debug, Default)]
pub(super) struct Divergence {
    sessions: BTreeMap<SessionKey, (Session, BTreeSet<Prefix>)>,
    /// What the last command about each prefix wanted, and when.
    wanted: BTreeMap<Prefix, (bool, Instant)>,
    /// Programs that command only some neighbors.
    partial: BTreeSet<ProgramKey>,
}

impl Judge for Divergence {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Opened(key) => drop(self.sessions.insert(*key, (Session::new(at), BTreeSet::new()))),
            Seen::Closed(key) => drop(self.sessions.remove(key)),
            Seen::Sent(key, _) | Seen::Received(key, _) => {
                if let Some((session, told)) = self.sessions.get_mut(key) {
                    session.see(at, seen);
                    if let Seen::Sent(_, message) = seen
                        && kind(message) == UPDATE
                    {
                        let body = message.get(19..).unwrap_or_default();
                        for prefix in withdrawn_ipv4(body) {
                            told.remove(&prefix);
                        }
                        told.extend(announced_ipv4(body));
                    }
                }
            }
            Seen::Started(program, false) => drop(self.partial.insert(*program)),
            Seen::Command(program, _) if self.partial.contains(program) => {}
            // A choice of neighbors is not followed here: such commands are left to the cases.
            Seen::Command(_, line) if line.starts_with("announce") || line.starts_with("withdraw") => {
                if let Some((announce, prefix)) = asked_for(line) {
                    self.wanted.insert(prefix, (announce, at));
                }
            }
            Seen::Command(_, line) if line.contains("clear adj-rib out") => {
                self.wanted.values_mut().for_each(|wanted| *wanted = (false, at));
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn judge(&mut self, _now: Instant) -> Option<Alarm> {
        None
    }

    fn judge_at_rest(&mut self, now: Instant) -> Option<Alarm> {
        let up = self.sessions.iter().filter(|(_, (session, _))| {
            session.established.is_some() && !session.ending && session.blocked.is_none()
        });
        for (key, (_, told)) in up {
            let differs =
                self.wanted.iter().find(|(prefix, (announce, _))| told.contains(*prefix) != *announce);
            if let Some(((address, length), (announce, since))) = differs {
                let verb = if *announce { "announcement" } else { "withdrawal" };
                return Some(Alarm {
                    oracle: Oracle::Divergence,
                    at: now,
                    since: *since,
                    creditor: Creditor::Session(*key),
                    what: format!("the {verb} of {address}/{length}"),
                    clause: "RFC 4271 §9.2: the peer's Adj-RIB-In mirrors our Adj-RIB-Out",
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::script::Message;

    #[test]
    fn a_route_taken_back_by_its_program_but_not_on_the_wire_sounds_at_rest() {
        let mut judge = Divergence::default();
        let session = SessionKey(0);
        judge.see(Instant::ZERO, &Seen::Opened(session));
        let prefixes = vec![(Ipv4Addr::new(10, 0, 0, 0), 24)];
        let update =
            Message::Announce { prefixes: prefixes.clone(), next_hop: Ipv4Addr::LOCALHOST, path: vec![] };
        for message in
            [Message::Open { asn: None, router_id: None, hold: 9, families: vec![] }, Message::Keepalive]
        {
            let message = message.encode(1, Ipv4Addr::LOCALHOST);
            judge.see(Instant::ZERO, &Seen::Sent(session, &message));
            judge.see(Instant::ZERO, &Seen::Received(session, &message));
        }
        judge.see(
            Instant::ZERO,
            &Seen::Command(ProgramKey(0), "announce route 10.0.0.0/24 next-hop 127.0.0.1"),
        );
        judge.see(Instant::ZERO, &Seen::Sent(session, &update.encode(1, Ipv4Addr::LOCALHOST)));
        assert_eq!(judge.judge_at_rest(Instant::from_secs(1)), None);
        judge.see(
            Instant::ZERO,
            &Seen::Command(ProgramKey(0), "withdraw route 10.0.0.0/24 next-hop 127.0.0.1"),
        );
        assert_eq!(judge.judge_at_rest(Instant::from_secs(1)).unwrap().what, "the withdrawal of 10.0.0.0/24");
        judge.see(
            Instant::ZERO,
            &Seen::Sent(session, &Message::Withdraw { prefixes }.encode(1, Ipv4Addr::LOCALHOST)),
        );
        assert_eq!(judge.judge_at_rest(Instant::from_secs(1)), None);
    }
}
