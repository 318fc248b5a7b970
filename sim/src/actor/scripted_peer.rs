//! A scripted peer at work: an interpreter without I/O. Whoever drives it feeds inputs with the time, carries out
//! the actions, and comes back at the deadline; the lab and the live suite drive it alike.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use holdtime_core::{Duration, Instant};

use crate::actor::peer_run::{Awaited, PeerAction, PeerInput, PeerRun, PeerState, ScriptPhase};
use crate::scenario::codec;
use crate::scenario::script::{Message, Pattern, PeerScript, PeerStep, Rounds};

/// How long a dialling peer waits before it tries again.
const REDIAL: Duration = Duration::from_millis(500);

/// A peer that follows a [`PeerScript`].
#[derive(Clone, Debug)]
pub struct ScriptedPeer {
    script: PeerScript,
    asn: u32,
    router_id: Ipv4Addr,
    /// The step at work, when it began, and whether it has done its first half.
    at: usize,
    since: Instant,
    begun: bool,
    /// When the step at work goes on by itself.
    wake: Option<Instant>,
    keepalives: Option<(Duration, Instant)>,
    connected: bool,
    closed: bool,
    /// Octets received and not yet looked at, and how many of all were received for `read N`.
    inbox: Vec<u8>,
    to_read: usize,
    dribble: VecDeque<u8>,
    repeats: u32,
    /// How many messages the expectation at work still waits for.
    to_come: u32,
    rounds: Rounds,
    actions: VecDeque<PeerAction>,
    failed: Option<String>,
}

impl ScriptedPeer {
    /// A peer with this AS number and router id, at the first step of its script.
    pub fn new(script: PeerScript, asn: u32, router_id: Ipv4Addr) -> Self {
        Self {
            script,
            asn,
            router_id,
            at: 0,
            since: Instant::ZERO,
            begun: false,
            wake: None,
            keepalives: None,
            connected: false,
            closed: false,
            inbox: Vec::new(),
            to_read: 0,
            dribble: VecDeque::new(),
            repeats: 0,
            to_come: 0,
            rounds: Rounds::default(),
            actions: VecDeque::new(),
            failed: None,
        }
    }

    /// Does steps until one must wait.
    fn advance(&mut self, now: Instant) {
        // A script of immediate steps that repeats itself must not hang the lab: one round an input is enough.
        let mut budget = 10_000_u32;
        let script = self.script.clone();
        while self.failed.is_none() && budget > 0 {
            budget -= 1;
            let Some((step, _)) = script.step(self.at) else { return };
            if !self.perform(step, now) {
                return;
            }
            self.at = self.step_after(step, &script);
            (self.since, self.begun, self.wake) = (now, false, None);
        }
    }

    /// Works on one step; `true` once it is done.
    fn perform(&mut self, step: &PeerStep, now: Instant) -> bool {
        let first = !std::mem::replace(&mut self.begun, true);
        match step {
            PeerStep::Accept | PeerStep::Connect => self.perform_open(*step == PeerStep::Accept, first, now),
            PeerStep::Send(message) => self.send(message),
            PeerStep::Dribble { message, every } => self.perform_dribble(message, *every, first, now),
            PeerStep::Expect { pattern, times, within } => {
                if first {
                    self.wake = within.map(|within| now + within);
                    self.to_come = *times;
                }
                self.perform_expect(*pattern, now)
            }
            PeerStep::ExpectNone { pattern, lasts } => {
                if first {
                    self.wake = Some(now + *lasts);
                    // What came before is no part of it.
                    take_messages_until(&mut self.inbox, |_| false);
                }
                self.perform_expect_none(*pattern, now)
            }
            PeerStep::Keepalives(every) => {
                self.keepalives = every.map(|every| (every, now + every));
                true
            }
            PeerStep::Wait(time) => {
                if first {
                    self.wake = Some(now + *time);
                }
                self.due(now)
            }
            PeerStep::Read(count) => self.perform_read(*count, first),
            PeerStep::Reading(on) => self.act(PeerAction::Read((!on).then_some(0))),
            PeerStep::HalfClose => self.act(PeerAction::HalfClose),
            PeerStep::Close => self.hang_up(PeerAction::Close),
            PeerStep::Reset => self.hang_up(PeerAction::Reset),
            PeerStep::Leave => self.hang_up(PeerAction::Leave),
            PeerStep::Vanish => self.act(PeerAction::Vanish),
            PeerStep::Clock { forward, by } => {
                let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
                self.act(PeerAction::JumpClock(if *forward { nanos } else { -nanos }))
            }
            PeerStep::Repeat(_) | PeerStep::Loop(_) | PeerStep::End => true,
        }
    }

    /// Which step comes after this one, which is done.
    fn step_after(&mut self, step: &PeerStep, script: &PeerScript) -> usize {
        let next = self.at + 1;
        match step {
            PeerStep::Repeat(times) => {
                self.repeats += 1;
                self.rounds.clear();
                if times.is_none_or(|times| self.repeats < times) { 0 } else { next }
            }
            PeerStep::Loop(_) => {
                self.rounds.begin(next);
                next
            }
            PeerStep::End => {
                let opening = self.rounds.first().and_then(|first| script.step(first.checked_sub(1)?));
                let times = opening.and_then(|(step, _)| match step {
                    PeerStep::Loop(times) => *times,
                    _ => None,
                });
                self.rounds.turn(times).unwrap_or(next)
            }
            _ => next,
        }
    }

    fn perform_open(&mut self, accept: bool, first: bool, now: Instant) -> bool {
        if self.connected && !first {
            return true;
        }
        if first {
            self.connected = false;
            self.closed = false;
            self.inbox.clear();
            self.act(if accept { PeerAction::Accept } else { PeerAction::Connect });
        } else if self.due(now) {
            self.wake = None;
            self.act(PeerAction::Connect);
        }
        false
    }

    fn perform_dribble(&mut self, message: &Message, every: Duration, first: bool, now: Instant) -> bool {
        if first {
            self.dribble = message.encode(self.asn, self.router_id).into();
            self.wake = Some(now);
        }
        if self.due(now) {
            if let Some(octet) = self.dribble.pop_front() {
                self.act(PeerAction::Send(vec![octet]));
            }
            // From when it was due: octets that are late once are not late ever after.
            self.wake = self.wake.map(|due| due + every);
        }
        self.dribble.is_empty() || self.closed
    }

    fn perform_expect(&mut self, pattern: Pattern, now: Instant) -> bool {
        while self.to_come > 0 && take_messages_until(&mut self.inbox, |message| pattern.matches(message)) {
            self.to_come -= 1;
        }
        if self.to_come == 0 {
            return true;
        }
        if self.closed {
            if pattern != Pattern::Close {
                self.fail("the connection was closed");
            }
            return pattern == Pattern::Close;
        }
        if self.due(now) {
            self.fail("nothing of the kind arrived in time");
        }
        false
    }

    fn perform_expect_none(&mut self, pattern: Pattern, now: Instant) -> bool {
        let came = take_messages_until(&mut self.inbox, |message| pattern.matches(message));
        if came || (self.closed && matches!(pattern, Pattern::Close | Pattern::Any)) {
            self.fail("it came");
            return false;
        }
        self.due(now)
    }

    fn perform_read(&mut self, count: usize, first: bool) -> bool {
        if first {
            self.to_read = count;
            self.act(PeerAction::Read(Some(count)));
        }
        self.to_read == 0
    }

    fn send(&mut self, message: &Message) -> bool {
        let bytes = message.encode(self.asn, self.router_id);
        self.act(PeerAction::Send(bytes))
    }

    fn hang_up(&mut self, how: PeerAction) -> bool {
        self.connected = false;
        self.keepalives = None;
        self.act(how)
    }

    fn act(&mut self, action: PeerAction) -> bool {
        self.actions.push_back(action);
        true
    }

    fn due(&self, now: Instant) -> bool {
        self.wake.is_some_and(|wake| wake <= now)
    }

    fn fail(&mut self, why: &str) {
        let step = self.script.step(self.at).map_or("the end", |(_, text)| text);
        self.failed = Some(format!("at `{step}`: {why}"));
    }
}

impl PeerRun for ScriptedPeer {
    fn handle(&mut self, now: Instant, input: PeerInput<'_>) {
        match input {
            PeerInput::Timeout => {}
            PeerInput::Connected => self.connected = true,
            PeerInput::Refused => self.wake = Some(now + REDIAL),
            PeerInput::Received(bytes) => {
                self.to_read = self.to_read.saturating_sub(bytes.len());
                self.inbox.extend_from_slice(bytes);
            }
            PeerInput::Closed => {
                // Like any program, it closes its own end when it reads the other's.
                self.closed = true;
                self.keepalives = None;
                self.act(PeerAction::Close);
            }
        }
        if let Some((every, next)) = self.keepalives
            && next <= now
        {
            self.send(&Message::Keepalive);
            self.keepalives = Some((every, now + every));
        }
        self.advance(now);
        if self.script.step(self.at).is_none() {
            // Nobody looks any more: a peer that only listens must not hoard what it hears.
            self.inbox.clear();
        }
    }

    fn poll_action(&mut self) -> Option<PeerAction> {
        self.actions.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let keepalive = self.keepalives.map(|(_, next)| next);
        self.wake.into_iter().chain(keepalive).min()
    }

    fn listens(&self) -> bool {
        self.script.listens()
    }

    fn phase(&self) -> ScriptPhase {
        match self.script.step(self.at) {
            _ if self.failed.is_some() => ScriptPhase::Failed,
            Some((step, _)) => ScriptPhase::Waiting {
                expects: matches!(
                    step,
                    PeerStep::Accept | PeerStep::Connect | PeerStep::Expect { .. } | PeerStep::Read(_)
                ),
            },
            None => ScriptPhase::Finished,
        }
    }

    fn state(&self) -> PeerState {
        let step = self.script.step(self.at).map_or("", |(_, text)| text);
        PeerState::of(self.phase(), step, self.since, self.failed.as_deref())
    }

    fn awaits(&self) -> Option<Awaited> {
        match self.script.step(self.at)?.0 {
            PeerStep::Accept | PeerStep::Connect => Some(Awaited::Connection),
            PeerStep::Expect { pattern, .. } => Some(awaited(*pattern)),
            PeerStep::Read(_) => Some(Awaited::Message),
            _ => None,
        }
    }

    fn speaks_at(&self) -> Option<Instant> {
        // The limit of an expectation ends the run and says nothing.
        let goes_on = !matches!(self.script.step(self.at), Some((PeerStep::Expect { .. }, _)) | None);
        let keepalive = self.keepalives.map(|(_, next)| next);
        self.wake.filter(|_| goes_on).into_iter().chain(keepalive).min()
    }
}

/// What somebody waits for who expects this.
fn awaited(pattern: Pattern) -> Awaited {
    match pattern {
        Pattern::Type(codec::OPEN) => Awaited::Open,
        Pattern::Type(codec::KEEPALIVE) => Awaited::Keepalive,
        Pattern::Type(codec::UPDATE)
        | Pattern::EndOfRib(..)
        | Pattern::Route(..)
        | Pattern::Withdrawal(..) => Awaited::Routes,
        Pattern::Type(codec::NOTIFICATION) | Pattern::Notification(..) | Pattern::Close => Awaited::End,
        Pattern::Type(_) | Pattern::Any => Awaited::Message,
    }
}

/// Takes whole BGP messages off the front, up to the first one that is wanted; whether there was such. Octets that cannot be one are
/// thrown away whole, lest an `expect` wait behind them for ever.
fn take_messages_until(inbox: &mut Vec<u8>, is_wanted: impl Fn(&[u8]) -> bool) -> bool {
    let (mut rest, mut found) = (inbox.as_slice(), false);
    while !found && let Some(length) = codec::stated_length(rest) {
        if length < codec::HEADER {
            rest = &[];
            break;
        }
        let Some((message, behind)) = rest.split_at_checked(length) else { break };
        found = is_wanted(message);
        rest = behind;
    }
    inbox.drain(..inbox.len() - rest.len());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::mistake::Source;

    fn peer(script: &str) -> ScriptedPeer {
        let source = Source::new("peer", script);
        ScriptedPeer::new(
            PeerScript::parse(&source, 0..script.len()).unwrap(),
            65002,
            Ipv4Addr::new(10, 0, 0, 2),
        )
    }

    fn drain(peer: &mut ScriptedPeer) -> Vec<PeerAction> {
        std::iter::from_fn(|| peer.poll_action()).collect()
    }

    #[test]
    fn a_peer_accepts_answers_the_open_and_then_says_nothing() {
        let mut peer = peer("accept\nexpect open\nsend open\nsend keepalive\n");
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        assert_eq!(drain(&mut peer), [PeerAction::Accept]);
        peer.handle(Instant::ZERO, PeerInput::Connected);
        assert_eq!(drain(&mut peer), []);
        let open = Message::Open {
            asn: Some(1),
            router_id: None,
            hold: 90,
            families: vec![(1, 1)],
            capabilities: vec![],
            bare: false,
        };
        let bytes = open.encode(1, Ipv4Addr::LOCALHOST);
        let (head, tail) = bytes.split_at(20);
        peer.handle(Instant::from_secs(1), PeerInput::Received(head));
        assert_eq!(drain(&mut peer), []);
        peer.handle(Instant::from_secs(1), PeerInput::Received(tail));
        let sent = drain(&mut peer);
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[1], PeerAction::Send(Message::Keepalive.encode(0, Ipv4Addr::LOCALHOST)));
        assert_eq!(peer.state(), PeerState::Finished);
        assert_eq!(peer.poll_timeout(), None);
    }

    #[test]
    fn a_refused_peer_dials_again_until_it_is_taken() {
        let mut peer = peer("connect\nclose\n");
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        peer.handle(Instant::ZERO, PeerInput::Refused);
        assert_eq!(drain(&mut peer), [PeerAction::Connect]);
        let again = peer.poll_timeout().unwrap();
        peer.handle(again, PeerInput::Timeout);
        assert_eq!(drain(&mut peer), [PeerAction::Connect]);
        peer.handle(again, PeerInput::Connected);
        assert_eq!(drain(&mut peer), [PeerAction::Close]);
    }

    #[test]
    fn a_dribble_takes_a_second_an_octet() {
        let mut peer = peer("accept\ndribble keepalive every 1s\n");
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        peer.handle(Instant::ZERO, PeerInput::Connected);
        let mut last = Instant::ZERO;
        while let Some(next) = peer.poll_timeout().filter(|_| peer.state() != PeerState::Finished) {
            last = next;
            peer.handle(next, PeerInput::Timeout);
        }
        assert_eq!(last, Instant::from_secs(18));
        assert_eq!(drain(&mut peer).len(), 1 + 19);
    }

    #[test]
    fn an_expectation_that_is_not_met_in_time_fails_and_says_where() {
        let mut peer = peer("accept\nexpect update within 5s\n");
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        peer.handle(Instant::ZERO, PeerInput::Connected);
        assert_eq!(peer.poll_timeout(), Some(Instant::from_secs(5)));
        peer.handle(Instant::from_secs(5), PeerInput::Timeout);
        assert_eq!(
            peer.state(),
            PeerState::Failed("at `expect update within 5s`: nothing of the kind arrived in time".into())
        );
    }

    #[test]
    fn a_script_that_repeats_begins_again_as_often_as_it_says() {
        let mut peer = peer("accept\nclose\nrepeat 2 times\n");
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        peer.handle(Instant::ZERO, PeerInput::Connected);
        assert_eq!(drain(&mut peer), [PeerAction::Accept, PeerAction::Close, PeerAction::Accept]);
        peer.handle(Instant::ZERO, PeerInput::Connected);
        assert_eq!(drain(&mut peer), [PeerAction::Close]);
        assert_eq!(peer.state(), PeerState::Finished);
    }

    #[test]
    fn so_many_messages_of_a_kind_are_awaited_and_none_of_another() {
        let mut peer =
            peer("accept\nexpect 2 times keepalive\nexpect no update for 5s\nexpect no message for 1s\n");
        let keepalive = Message::Keepalive.encode(0, Ipv4Addr::LOCALHOST);
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        peer.handle(Instant::ZERO, PeerInput::Connected);
        peer.handle(Instant::ZERO, PeerInput::Received(&keepalive));
        assert!(matches!(peer.state(), PeerState::Waiting { expects: true, .. }));
        peer.handle(Instant::from_secs(1), PeerInput::Received(&keepalive));
        assert!(matches!(peer.state(), PeerState::Waiting { expects: false, .. }), "{:?}", peer.state());
        peer.handle(Instant::from_secs(2), PeerInput::Received(&keepalive));
        peer.handle(Instant::from_secs(6), PeerInput::Timeout);
        peer.handle(Instant::from_secs(6), PeerInput::Received(&keepalive));
        assert_eq!(peer.state(), PeerState::Failed("at `expect no message for 1s`: it came".into()));
    }

    #[test]
    fn loops_are_gone_through_as_often_as_they_say() {
        let mut peer =
            peer("loop 2 times\nsend keepalive\nloop 3 times\nread 0\nsend eor\nend\nend\nclose\n");
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        let sent = drain(&mut peer);
        let lengths: Vec<usize> = sent
            .iter()
            .filter_map(|action| match action {
                PeerAction::Send(octets) => Some(octets.len()),
                _ => None,
            })
            .collect();
        assert_eq!(lengths, [19, 23, 23, 23, 19, 23, 23, 23]);
        assert_eq!((sent.last(), peer.state()), (Some(&PeerAction::Close), PeerState::Finished));
    }

    #[test]
    fn keepalives_go_on_while_the_script_waits() {
        let mut peer = peer("accept\nkeepalives every 3s\nwait 7s\n");
        peer.handle(Instant::ZERO, PeerInput::Timeout);
        peer.handle(Instant::ZERO, PeerInput::Connected);
        let mut times = vec![];
        while peer.state() != PeerState::Finished {
            let next = peer.poll_timeout().unwrap();
            peer.handle(next, PeerInput::Timeout);
            times.push(next.as_nanos() / 1_000_000_000);
        }
        assert_eq!(times, [3, 6, 7]);
    }
}
