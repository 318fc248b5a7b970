//! The checking peer: the other end of the session in ExaBGP's functional cases.
//!
//! It mirrors the speaker's OPEN, sends one KEEPALIVE for every message that it receives, and holds what arrives
//! against the [`Expectation`], group by group. KEEPALIVEs are never checked, and an End-of-RIB after the last rule is met is welcome.

use super::hex::Hex;
use std::collections::VecDeque;
use std::net::Ipv4Addr;

use holdtime_core::Instant;
use holdtime_core::wire::Negotiated;

use crate::actor::mismatch;
use crate::actor::{Awaited, PeerAction, PeerInput, PeerRun, PeerState, ScriptPhase};
use crate::scenario::codec::{self, KEEPALIVE, NOTIFICATION, OPEN, REFRESH, UPDATE, kind, split_message};
use crate::scenario::expectation::{Deed, Expectation, MessageGroup};
use crate::scenario::script::ScriptMessage;

/// Whether a message may arrive in pieces. TCP may always cut one; ExaBGP's own checking peer does not put it together again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// They are put together.
    Joined,
    /// They fail the case, as with ExaBGP's own.
    Refused,
}

/// A checking peer at work.
#[derive(Clone, Debug)]
pub struct CheckingPeer {
    expectation: Expectation,
    pieces: Pieces,
    /// The group that is up; its remaining messages are in `open`.
    at: usize,
    open: Vec<Vec<u8>>,
    /// Whether the deeds of the group that is up are done.
    acted: bool,
    since: Instant,
    in_session: bool,
    inbox: Vec<u8>,
    updates: Vec<Vec<u8>>,
    actions: VecDeque<PeerAction>,
    failed: Option<String>,
    started: bool,
    /// What comes once every rule is met is nothing to it.
    content: bool,
    /// What the session's OPENs agree on, for reports.
    terms: Negotiated,
    /// What it waits for, in words.
    step: String,
}

impl CheckingPeer {
    /// A peer that waits for its first connection.
    pub fn new(expectation: Expectation, pieces: Pieces) -> Self {
        let open = expectation.groups.first().map(|group| group.messages.clone()).unwrap_or_default();
        let mut peer = Self {
            expectation,
            pieces,
            at: 0,
            open,
            acted: false,
            since: Instant::ZERO,
            in_session: false,
            inbox: Vec::new(),
            updates: Vec::new(),
            actions: VecDeque::new(),
            failed: None,
            started: false,
            content: false,
            terms: mismatch::any_terms(),
            step: String::new(),
        };
        peer.say_step();
        peer
    }

    /// The same peer, but one that looks at nothing more once the last rule is met: ExaBGP's own ends then.
    pub fn content_at_the_end(self) -> Self {
        Self { content: true, ..self }
    }

    /// The messages still missing from the group that is up.
    pub fn missing(&self) -> &[Vec<u8>] {
        &self.open
    }

    fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.inbox.extend_from_slice(bytes);
        let inbox = std::mem::take(&mut self.inbox);
        let mut rest = inbox.as_slice();
        while let Some((message, tail)) = split_message(rest) {
            rest = tail;
            self.message(now, message);
        }
        if !rest.is_empty() && self.pieces == Pieces::Refused {
            self.fail(format!("a message arrived in pieces: {}", Hex(rest)));
        }
        self.inbox = rest.to_vec();
    }

    fn message(&mut self, now: Instant, message: &[u8]) {
        let kind = kind(message);
        match kind {
            OPEN => self.answer_open(message),
            NOTIFICATION => {}
            _ => self.send(&ScriptMessage::Keepalive),
        }
        let checked = match kind {
            KEEPALIVE => false,
            OPEN => self.expectation.options.inspect_open,
            _ => true,
        };
        if checked {
            self.check(now, message);
        }
        if kind == UPDATE && !is_end_of_rib(message) {
            self.updates.push(message.to_vec());
        }
        if kind == REFRESH {
            self.actions.extend(self.updates.iter().cloned().map(PeerAction::Send));
        }
    }

    /// The same OPEN, a KEEPALIVE, and whatever the options want.
    fn answer_open(&mut self, open: &[u8]) {
        let options = self.expectation.options.clone();
        let answer = mirrored_open(open, options.asn, options.unknown_capability);
        self.terms = mismatch::terms(&answer, open);
        self.act(PeerAction::Send(answer));
        self.send(&ScriptMessage::Keepalive);
        if options.unknown_message {
            self.send(&ScriptMessage::Bytes(codec::framed(255, &[])));
        }
        if options.default_route {
            // ExaBGP's checking peer calls it a default route; its programs wait for 0.0.0.0/32.
            let any = (Ipv4Addr::UNSPECIFIED.into(), 32);
            self.send(&ScriptMessage::Announce {
                prefixes: vec![any],
                next_hop: Ipv4Addr::LOCALHOST.into(),
                path: Vec::new(),
            });
        }
        self.in_session = true;
    }

    fn check(&mut self, now: Instant, message: &[u8]) {
        if let Some(found) = self.open.iter().position(|expected| expected == message) {
            self.open.swap_remove(found);
            self.proceed(now);
            return self.say_step();
        }
        if self.done() && (self.content || kind(message) == UPDATE && is_end_of_rib(message)) {
            return;
        }
        let complaint = mismatch::complaint(message, &self.open, &self.terms);
        self.fail(format!("group {}: unexpected message\n{complaint}", self.group_name()));
    }

    /// Does what the group that is up asks of the peer, and goes on while groups are complete.
    fn proceed(&mut self, now: Instant) {
        while self.in_session {
            let Some(group) = self.expectation.groups.get(self.at) else { return };
            if !std::mem::replace(&mut self.acted, true) {
                for deed in group.deeds.clone() {
                    self.perform(deed);
                }
            }
            if !self.open.is_empty() {
                return;
            }
            self.at += 1;
            self.acted = false;
            self.since = now;
            self.open = self
                .expectation
                .groups
                .get(self.at)
                .map(|group: &MessageGroup| group.messages.clone())
                .unwrap_or_default();
        }
    }

    fn perform(&mut self, deed: Deed) {
        match deed {
            Deed::Notify(text) => {
                self.send(&ScriptMessage::Notification { code: 6, subcode: 0, data: text.into_bytes() });
            }
            Deed::Signal(signal) => self.act(PeerAction::Signal(signal)),
        }
    }

    fn send(&mut self, message: &ScriptMessage) {
        let bytes = message.encode(0, Ipv4Addr::UNSPECIFIED);
        self.act(PeerAction::Send(bytes));
    }

    fn act(&mut self, action: PeerAction) {
        self.actions.push_back(action);
    }

    fn done(&self) -> bool {
        self.at >= self.expectation.groups.len()
    }

    fn group_name(&self) -> &str {
        self.expectation.groups.get(self.at).map_or("(all rules met)", |group| &group.name)
    }

    /// Puts what is missing into words; they are asked for far more often than they change.
    fn say_step(&mut self) {
        let group = self.group_name();
        self.step = match self.open.as_slice() {
            [] => format!("the session in which group {group} comes up"),
            [message] => format!("1 message of group {group}: {}", mismatch::in_words(message, &self.terms)),
            [message, rest @ ..] => {
                let first = mismatch::in_words(message, &self.terms);
                format!("{} messages of group {group}: {first}; and {} more", self.open.len(), rest.len())
            }
        };
    }

    fn fail(&mut self, why: String) {
        self.failed.get_or_insert(why);
    }
}

impl PeerRun for CheckingPeer {
    fn handle(&mut self, now: Instant, input: PeerInput<'_>) {
        match input {
            PeerInput::Timeout if !self.started => {
                self.started = true;
                self.act(PeerAction::Accept);
            }
            PeerInput::Timeout | PeerInput::Refused => {}
            PeerInput::Connected => self.inbox.clear(),
            PeerInput::Received(bytes) => {
                let group = self.at;
                self.receive(now, bytes);
                self.proceed(now);
                if self.at != group {
                    self.say_step();
                }
            }
            PeerInput::Closed => {
                self.in_session = false;
                self.act(PeerAction::Close);
                self.act(PeerAction::Accept);
            }
        }
    }

    fn poll_action(&mut self) -> Option<PeerAction> {
        self.actions.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn listens(&self) -> bool {
        true
    }

    fn phase(&self) -> ScriptPhase {
        match self.failed {
            Some(_) => ScriptPhase::Failed,
            None if self.done() => ScriptPhase::Finished,
            None => ScriptPhase::Waiting { expects: true },
        }
    }

    fn state(&self) -> PeerState {
        PeerState::of(self.phase(), &self.step, self.since, self.failed.as_deref())
    }

    fn awaits(&self) -> Option<Awaited> {
        let awaited = if self.in_session { Awaited::Routes } else { Awaited::Connection };
        (!self.done()).then_some(awaited)
    }

    /// It says nothing that it was not asked for.
    fn speaks_at(&self) -> Option<Instant> {
        None
    }
}

fn is_end_of_rib(message: &[u8]) -> bool {
    let body = codec::body(message);
    // IPv4 unicast: nothing at all. Others: MP_UNREACH_NLRI alone and without a prefix (RFC 4724 §2).
    body == [0; 4]
        || matches!(body, [0, 0, 0, 6, _, 15, 3, ..] if body.len() == 10)
        || matches!(body, [0, 0, 0, 7, _, 15, 0, 3, ..] if body.len() == 11)
}

/// The speaker's own OPEN sent back, told apart by its router id or by its AS number.
///
/// ```text
/// 0        16     18   19      20        22         24          28       29
/// marker | length | 1 | version | my AS | hold time | router id | length | parameters: 2, length, capabilities
/// ```
fn mirrored_open(open: &[u8], asn: Option<u32>, unknown_capability: bool) -> Vec<u8> {
    const AS_TRANS: u16 = 23456;
    let mut answer = open.to_vec();
    match asn {
        Some(asn) => {
            patch(&mut answer, 20, &u16::try_from(asn).unwrap_or(AS_TRANS).to_be_bytes());
            let mut at = 29;
            while let [2, length, capability, ..] = answer.get(at..).unwrap_or_default() {
                let next = at + 2 + usize::from(*length);
                if *capability == 65 {
                    patch(&mut answer, at + 4, &asn.to_be_bytes());
                }
                at = next;
            }
        }
        None => {
            let id = answer
                .get(24..28)
                .map_or(0, |id| id.iter().fold(0_u32, |n, octet| n << 8 | u32::from(*octet)));
            patch(&mut answer, 24, &id.wrapping_add(1).to_be_bytes());
        }
    }
    if unknown_capability {
        answer.extend([2, 2, 66, 0]);
        let parameters = answer.len().saturating_sub(29);
        patch(&mut answer, 28, &[u8::try_from(parameters).unwrap_or(u8::MAX)]);
        let length = u16::try_from(answer.len()).unwrap_or(u16::MAX);
        patch(&mut answer, 16, &length.to_be_bytes());
    }
    answer
}

fn patch(message: &mut [u8], at: usize, octets: &[u8]) {
    if let Some(place) = message.get_mut(at..at + octets.len()) {
        place.copy_from_slice(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::mistake::Source;
    use crate::scenario::script::hex;

    const EOR: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0017:02:00000000";
    const ROUTE: &str =
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0030:02:0000001540010100400200400304650165014005040000006418010100";
    const OPEN: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0025:01:04FFFD00B40A000002080206410400 00FFFD";

    fn bytes(text: &str) -> Vec<u8> {
        hex(&text.replace(' ', "")).unwrap()
    }

    fn in_session(msg: &str, pieces: Pieces) -> CheckingPeer {
        let mut peer = CheckingPeer::new(Expectation::parse(&Source::new("case.msg", msg)).unwrap(), pieces);
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        peer.handle(Instant::ZERO, PeerInput::Connected);
        peer.handle(Instant::ZERO, PeerInput::Received(&bytes(OPEN)));
        peer
    }

    fn sent(peer: &mut CheckingPeer) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| peer.poll_action())
            .filter_map(|action| match action {
                PeerAction::Send(bytes) => Some(bytes),
                _ => None,
            })
            .collect()
    }

    fn receive(peer: &mut CheckingPeer, message: &str) {
        peer.handle(Instant::ZERO, PeerInput::Received(&bytes(message)));
    }

    #[test]
    fn the_open_comes_back_with_the_router_id_plus_one() {
        let mut peer = in_session(&format!("1:raw:{EOR}"), Pieces::Joined);
        let sent = sent(&mut peer);
        assert_eq!(sent[0][24..28], [10, 0, 0, 3]);
        assert_eq!(sent[0][20..22], [0xff, 0xfd]);
        assert_eq!(kind(&sent[1]), KEEPALIVE);
    }

    #[test]
    fn its_own_as_number_replaces_the_speakers_in_the_open_and_in_capability_65() {
        let mut peer = in_session("option:asn:65000\noption:open:send-unknown-capability\n", Pieces::Joined);
        let open = &sent(&mut peer)[0];
        assert_eq!(open[20..22], 65000_u16.to_be_bytes());
        assert_eq!(open[33..37], 65000_u32.to_be_bytes());
        assert_eq!(open[24..28], [10, 0, 0, 2]);
        assert_eq!(open[37..], [2, 2, 66, 0]);
        assert_eq!((open[17], open[28]), (41, 12));
    }

    #[test]
    fn a_group_takes_its_messages_in_any_order_and_the_next_group_comes_after() {
        let mut peer = in_session(&format!("1:raw:{EOR}\n1:raw:{ROUTE}\n2:raw:{EOR}\n"), Pieces::Joined);
        receive(&mut peer, ROUTE);
        assert_eq!(peer.missing(), [bytes(EOR)]);
        receive(&mut peer, EOR);
        assert_eq!(peer.missing(), [bytes(EOR)]);
        receive(&mut peer, EOR);
        assert_eq!(peer.state(), PeerState::Finished);
        receive(&mut peer, EOR);
        assert_eq!(peer.state(), PeerState::Finished);
        receive(&mut peer, ROUTE);
        assert!(matches!(peer.state(), PeerState::Failed(_)));
    }

    #[test]
    fn pieces_are_joined_or_refused_as_told() {
        let message = bytes(EOR);
        for (pieces, fails) in [(Pieces::Joined, false), (Pieces::Refused, true)] {
            let mut peer = in_session(&format!("1:raw:{EOR}"), pieces);
            for piece in [&message[..5], &message[5..]] {
                peer.handle(Instant::ZERO, PeerInput::Received(piece));
            }
            assert_eq!(matches!(peer.state(), PeerState::Failed(_)), fails);
        }
    }

    #[test]
    fn a_signal_and_a_notification_go_out_when_their_group_comes_up() {
        let mut peer =
            in_session(&format!("A1:raw:{EOR}\nA2:notification:over\nB1:signal:SIGUSR1\n"), Pieces::Joined);
        sent(&mut peer);
        receive(&mut peer, EOR);
        let actions: Vec<_> = std::iter::from_fn(|| peer.poll_action()).collect();
        assert_eq!(actions.len(), 3);
        assert!(
            matches!(&actions[1], PeerAction::Send(bytes) if bytes[18..] == [3, 6, 0, b'o', b'v', b'e', b'r'])
        );
        assert_eq!(actions[2], PeerAction::Signal(Signal::User1));
    }

    #[test]
    fn a_route_refresh_brings_every_update_back() {
        let refresh = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0017:05:00010001";
        let mut peer = in_session(&format!("1:raw:{ROUTE}\n2:raw:{refresh}\n"), Pieces::Joined);
        receive(&mut peer, ROUTE);
        sent(&mut peer);
        receive(&mut peer, refresh);
        assert_eq!(sent(&mut peer)[1], bytes(ROUTE));
        assert_eq!(peer.state(), PeerState::Finished);
    }

    use holdtime_core::speaker::Signal;
}
