//! Connections that are nobody's before the peer's OPEN: of several sessions with one peer it is the families that say which
//! of them a connection is for.
//!
//! draft-ietf-idr-bgp-multisession lets the side that was dialled wait for the OPEN of the side that dialled. It is done where
//! several neighbors have the peer's address, one of them offers multisession, and their families differ, so that each would
//! send another OPEN. With one candidate, or without the capability, ours is sent at once. The wait is for the first message,
//! whatever it is. Then the connection is handed to a session as if it had just been accepted, and it is that session that
//! sends our OPEN, resolves a collision and finds fault.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::SocketAddr;

use holdtime_host::{CloseKind, StreamId};

use super::action::Action;
use super::event::Severity;
use super::input::{ClosedKind, Input};
use super::listeners::common_ttls;
use super::neighbor::Neighbor;
use super::obligation::{Obligation, ObligationKind, Party};
use super::stream::Owner;
use super::{Speaker, sessions};
use crate::session::{Direction, offers};
use crate::time::{Duration, Instant, Now};
use crate::wire::error::code;
use crate::wire::frame::{Framer, kind};
use crate::wire::negotiated::MAX_MESSAGE;
use crate::wire::notification::cease;
use crate::wire::{Family, Notification, Open};

/// Both ends of a connection: ours and the peer's.
pub(super) type Ends = (SocketAddr, SocketAddr);

/// The connections that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Unclaimed {
    waiting: BTreeMap<StreamId, Waiting>,
}

#[derive(Clone, Debug)]
struct Waiting {
    ends: Ends,
    since: Instant,
    until: Instant,
    /// What came so far: the beginning of a message.
    octets: Vec<u8>,
}

impl Unclaimed {
    /// When the first of them has waited long enough.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.values().map(|one| one.until).min()
    }

    /// What their peers owe.
    pub(super) fn obligations(&self) -> impl Iterator<Item = Obligation> {
        self.waiting.values().map(|one| Obligation {
            debtor: Party::Neighbor(one.ends.1.ip().to_canonical().to_string()),
            creditor: Party::Speaker,
            kind: ObligationKind::Open,
            what: String::from("its OPEN, which says whose session this is"),
            waits_for: None,
            since: one.since,
            until: Some(one.until),
            clause: "RFC 4271 §8.2.2 OpenSent, HoldTimer",
        })
    }
}

/// How well a neighbor's families suit those that a peer offers; the least is the best.
pub(super) fn mismatch(neighbor: &Neighbor, offered: &BTreeSet<Family>) -> u8 {
    let families: BTreeSet<Family> = neighbor.config.families.iter().copied().collect();
    match families.is_disjoint(offered) {
        _ if families == *offered => 0,
        false => 1,
        true => 2,
    }
}

/// Whether only the peer's OPEN can say which of these neighbors a connection is for.
pub(super) fn is_undecided(candidates: &[&Neighbor]) -> bool {
    let differ = candidates.windows(2).any(|two| match two {
        [one, other] => one.config.families != other.config.families,
        _ => false,
    });
    differ && candidates.iter().any(|neighbor| neighbor.config.capabilities.multi_session)
}

impl Speaker {
    /// Lets a connection wait for the peer's OPEN. A peer has no use for more of them than it has sessions: of those that it
    /// dialled before, the oldest makes way.
    pub(super) fn hold_unclaimed(&mut self, now: Now, stream: StreamId, ends: Ends) {
        let candidates = self.candidates(ends);
        let configs: Vec<_> = candidates.iter().map(|neighbor| &neighbor.config).collect();
        let ((ttl, min_ttl), most) = (common_ttls(&configs), candidates.len());
        let peer = ends.1.ip();
        let rivals = self.unclaimed.waiting.iter().filter(|(_, one)| one.ends.1.ip() == peer);
        let rivals: Vec<StreamId> = rivals.map(|(stream, _)| *stream).collect();
        for rival in rivals.iter().take((rivals.len() + 1).saturating_sub(most)) {
            self.unclaimed.waiting.remove(rival);
            self.turn_away(now, *rival, sessions::cease(cease::COLLISION, "another connection goes on"));
        }
        self.streams.adopt(stream, Owner::Unclaimed);
        if ttl.is_some() || min_ttl.is_some() {
            self.actions.push_back(Action::SetTtl { stream, ttl, min_ttl });
        }
        self.streams.set_interest(stream, true, false, &mut self.actions);
        let since = now.monotonic;
        let until = since + Duration::from_secs(self.settings.bgp.openwait.into());
        self.unclaimed.waiting.insert(stream, Waiting { ends, since, until, octets: Vec::new() });
    }

    /// An input about a connection that waits.
    pub(super) fn unclaimed_input(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        match input {
            Input::Received { data, .. } => {
                let Some(waiting) = self.unclaimed.waiting.get_mut(&stream) else { return };
                waiting.octets.extend_from_slice(data);
                let offered = match Framer::new(&waiting.octets, MAX_MESSAGE).next_frame() {
                    Ok(None) => return,
                    Ok(Some(frame)) if frame.kind() == kind::OPEN => Open::decode(frame.body()).ok(),
                    Ok(Some(_)) | Err(_) => None,
                };
                self.claim(now, stream, offered.as_ref().map(offers).as_ref());
            }
            Input::Closed { how, .. } => {
                let how = match how {
                    ClosedKind::Broken(_) => CloseKind::Reset,
                    ClosedKind::ReadEnd | ClosedKind::WriteEnd => CloseKind::Graceful,
                };
                self.unclaimed.waiting.remove(&stream);
                self.streams.close(stream, how, &mut self.actions);
            }
            _ => {}
        }
    }

    /// Hands a connection to the session that it is for, with what came on it.
    fn claim(&mut self, now: Now, stream: StreamId, offered: Option<&BTreeSet<Family>>) {
        let Some(Waiting { ends, octets, .. }) = self.unclaimed.waiting.remove(&stream) else { return };
        self.hand_over(now, stream, ends, offered);
        if let Some(Owner::Session(id, direction @ Direction::Incoming)) = self.streams.owner(stream) {
            self.session_input(now, id, direction, stream, &Input::Received { stream, data: &octets });
        }
    }

    /// Refuses the connections that have waited long enough.
    pub(super) fn unclaimed_timeouts(&mut self, now: Now) {
        let late = |(stream, one): (&StreamId, &Waiting)| {
            (one.until <= now.monotonic).then_some((*stream, one.ends.1))
        };
        let late: Vec<_> = self.unclaimed.waiting.iter().filter_map(late).collect();
        for (stream, remote) in late {
            self.unclaimed.waiting.remove(&stream);
            let (address, port) = (remote.ip().to_canonical(), remote.port());
            let text = format!("refused {address}: its OPEN did not come (port {port})");
            self.log_repeat(Severity::Warning, Party::Speaker, text);
            self.turn_away(now, stream, Notification::new(code::HOLD_TIMER, 0));
        }
    }

    /// Ends all of them: the speaker ends.
    pub(super) fn end_unclaimed(&mut self, now: Now, notification: &Notification) {
        for stream in core::mem::take(&mut self.unclaimed.waiting).into_keys() {
            self.turn_away(now, stream, notification.clone());
        }
    }
}
