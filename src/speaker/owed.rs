//! What a neighbor and the speaker owe each other: every state and queue of a session, with its deadline and clause.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::link::SessionLink;
use super::neighbor::{NeighborState, PAUSE};
use super::obligation::{Obligation, ObligationKind as Kind, Party};
use super::phase::Phase;
use super::stream::{Owner, Streams};
use crate::session::{Direction, State, Timer};
use crate::time::Instant;

impl NeighborState {
    /// Everything owed to the peer and by it.
    pub(super) fn obligations(&self, streams: &Streams) -> Vec<Obligation> {
        let mut owed = Vec::new();
        for direction in [Direction::Outgoing, Direction::Incoming] {
            let link = self.link(direction);
            owed.extend(self.owed_by_state(link));
            owed.extend(self.owed_octets(link, streams));
        }
        owed.extend(self.owed_changes(streams));
        owed.extend(self.held_back.map(|since| {
            let what = String::from("reading what it sends");
            let waits_for = Some(String::from("a program to read its events"));
            let until = Some(since + PAUSE);
            let owed =
                self.by_us(Kind::Reading, what, since, until, "API: a program that reads is waited for");
            Obligation { waits_for, ..owed }
        }));
        owed.extend(self.stale_until().map(|until| {
            let since = self.leading().session.since();
            self.by_peer(
                Kind::RoutesAgain,
                "its routes and End-of-RIB after its restart",
                since,
                Some(until),
                "RFC 4724 §4.2",
            )
        }));
        owed
    }

    fn by_peer(
        &self,
        kind: Kind,
        what: &str,
        since: Instant,
        until: Option<Instant>,
        clause: &'static str,
    ) -> Obligation {
        let (debtor, what) = (self.party(), String::from(what));
        Obligation { debtor, creditor: Party::Speaker, kind, what, waits_for: None, since, until, clause }
    }

    fn by_us(
        &self,
        kind: Kind,
        what: String,
        since: Instant,
        until: Option<Instant>,
        clause: &'static str,
    ) -> Obligation {
        let creditor = self.party();
        Obligation { debtor: Party::Speaker, creditor, kind, what, waits_for: None, since, until, clause }
    }

    fn owed_by_state(&self, link: &SessionLink) -> Vec<Obligation> {
        let (session, since) = (&link.session, link.session.since());
        let deadline = |timer| session.timers().deadline(timer);
        let ours =
            |kind, what, until, clause| Some(self.by_us(kind, String::from(what), since, until, clause));
        let theirs = |kind, what, until, clause| Some(self.by_peer(kind, what, since, until, clause));
        let next = match session.state() {
            State::Idle => deadline(Timer::IdleHold).and_then(|until| {
                let clause = "RFC 4271 §8.1.1 IdleHoldTimer";
                ours(Kind::Attempt, "the next attempt to connect", Some(until), clause)
            }),
            State::Connect | State::Active if deadline(Timer::DelayOpen).is_some() => {
                let until = deadline(Timer::DelayOpen);
                ours(Kind::Open, "our OPEN", until, "RFC 4271 §8.1.1 DelayOpenTimer")
            }
            State::Connect => {
                let (until, clause) = (deadline(Timer::ConnectRetry), "RFC 4271 §8.2.2 ConnectRetryTimer");
                theirs(Kind::Connection, "accepting our connection", until, clause)
            }
            // Beside a session that dials, waiting for the peer to dial is no debt of anybody's.
            State::Active if self.outgoing.session.state() == State::Idle => {
                theirs(Kind::Connection, "a connection", None, "RFC 4271 §8.2.2 Active")
            }
            State::Active => None,
            State::OpenSent => {
                let until = deadline(Timer::OpenWait);
                theirs(Kind::Open, "its OPEN", until, "RFC 4271 §8.2.2 OpenSent, HoldTimer")
            }
            State::OpenConfirm => {
                let until = deadline(Timer::Hold).or(deadline(Timer::OpenWait));
                let clause = "RFC 4271 §8.2.2 OpenConfirm, HoldTimer";
                theirs(Kind::Keepalive, "its first KEEPALIVE", until, clause)
            }
            State::Established => deadline(Timer::Hold).map(|until| {
                let (what, heard) = ("a KEEPALIVE or an UPDATE", session.last_received());
                self.by_peer(Kind::Keepalive, what, heard, Some(until), "RFC 4271 §6.5")
            }),
        };
        let keepalive = deadline(Timer::Keepalive).map(|until| {
            let (what, last) = (String::from("a KEEPALIVE"), session.last_keepalive());
            self.by_us(Kind::Keepalive, what, last, Some(until), "RFC 4271 §4.4")
        });
        next.into_iter().chain(keepalive).collect()
    }

    /// Octets that the connection has not taken.
    fn owed_octets(&self, link: &SessionLink, streams: &Streams) -> Option<Obligation> {
        let (count, since) = streams.waiting(link.stream?)?;
        let until = link.session.timers().deadline(Timer::SendHold);
        let mut owed = self.by_us(
            Kind::Octets,
            format!("{count} octets of messages"),
            since,
            until,
            "RFC 9687 §4.3 SendHoldTimer",
        );
        owed.waits_for = Some(String::from("the peer's receive window"));
        Some(owed)
    }

    /// Changes that are in no message yet.
    fn owed_changes(&self, streams: &Streams) -> Option<Obligation> {
        let since = self.pending_since?;
        let count = self.rib_out.pending() + self.refreshes.len() + self.operational.len();
        let link = self.established();
        let until = link.and_then(|link| link.session.timers().deadline(Timer::SendHold));
        let stuck = link.and_then(|link| streams.waiting(link.stream?)).is_some();
        let mut owed =
            self.by_us(Kind::Routes, format!("{count} changes of routes"), since, until, "RFC 4271 §9.2");
        owed.waits_for = match link {
            None => Some(String::from("an established session")),
            Some(_) if stuck => Some(String::from("the peer's receive window")),
            Some(_) if self.rests_until.is_some() => {
                owed.until = self.rests_until;
                owed.waits_for = Some(String::from("what the peer has to say first"));
                return Some(owed);
            }
            Some(_) if !self.may_send() => Some(String::from("the rate limit")),
            Some(_) => None,
        };
        owed.until = owed.until.filter(|_| stuck);
        Some(owed)
    }
}

/// What is owed by nobody's session: streams that are being closed, and the end of the speaker.
pub(super) fn remaining(phase: Phase, streams: &Streams) -> Vec<Obligation> {
    let owed = |kind, what, waits_for: Option<String>, since, until, clause| Obligation {
        debtor: Party::Speaker,
        creditor: Party::Speaker,
        kind,
        what,
        waits_for,
        since,
        until: Some(until),
        clause,
    };
    let mut all = Vec::new();
    for (id, stream) in streams.iter() {
        if let Owner::Leaving(until) = stream.owner {
            let waits_for = Some(String::from("the peer's receive window"));
            let since = stream.waiting_since.unwrap_or(until);
            all.push(owed(
                Kind::Close,
                format!("closing {id}"),
                waits_for,
                since,
                until,
                "2 s for the last messages",
            ));
        }
    }
    if let Phase::Leaving { since, until, .. } = phase {
        let waits_for = Some(String::from("connections and programs to end"));
        all.push(owed(
            Kind::Exit,
            String::from("the speaker's end"),
            waits_for,
            since,
            until,
            "5 s for a shutdown",
        ));
    }
    all
}
