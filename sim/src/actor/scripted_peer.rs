//! A scripted peer at work: an interpreter without I/O. Whoever drives it feeds inputs with the time, carries out
//! the actions, and comes back at the deadline; the lab and the live suite drive it alike.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use holdtime_core::{Duration, Instant};

use crate::actor::link::{PeerLink, take_messages_until};
use crate::actor::peer_run::{Awaited, PeerAction, PeerInput, PeerRun, PeerState, ScriptPhase};
use crate::scenario::codec;
use crate::scenario::script::{Pattern, PeerScript, PeerStep, Rounds, ScriptMessage};

/// How long a dialling peer waits before it tries again.
const REDIAL: Duration = Duration::from_millis(500);
/// The same after a connection that came to nothing.
const AGAIN: Duration = Duration::from_secs(1);

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
    link: PeerLink,
    /// The connection that is left for a while.
    aside: PeerLink,
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
    /// A peer with this AS number and router id, at its first step.
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
            link: PeerLink::default(),
            aside: PeerLink::default(),
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
            PeerStep::ConnectUntilOpen => self.perform_until_open(first, now),
            PeerStep::ConnectUntilUp { hold } => self.perform_until_up(*hold, first, now),
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
                    take_messages_until(&mut self.link.inbox, |_| false);
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
            PeerStep::ReadSlowly { octets, every, lasts } => {
                self.perform_read_slowly((*octets, *every, *lasts), first, now)
            }
            PeerStep::Reading(on) => self.act(PeerAction::Read((!on).then_some(0))),
            PeerStep::HalfClose => self.act(PeerAction::HalfClose),
            PeerStep::Close => self.hang_up(PeerAction::Close),
            PeerStep::Reset => self.hang_up(PeerAction::Reset),
            PeerStep::Leave => self.hang_up(PeerAction::Leave),
            PeerStep::SetAside => self.set_aside(),
            PeerStep::TakeUp => self.take_up(),
            PeerStep::Signal(signal) => self.act(PeerAction::Signal(*signal)),
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
        if self.link.connected && !first {
            return true;
        }
        if first {
            self.link = PeerLink::default();
            self.act(if accept { PeerAction::Accept } else { PeerAction::Connect });
        } else if self.due(now) {
            self.wake = None;
            self.act(PeerAction::Connect);
        }
        false
    }

    /// Dials until an OPEN has come, which stays to be expected.
    fn perform_until_open(&mut self, first: bool, now: Instant) -> bool {
        if !self.is_connected(first, now) {
            return false;
        }
        while let Some((message, _)) = codec::split_message(&self.link.inbox) {
            if codec::kind(message) == codec::OPEN {
                return true;
            }
            let length = message.len();
            self.link.inbox.drain(..length);
        }
        false
    }

    /// Dials until a session is established.
    fn perform_until_up(&mut self, hold: u16, first: bool, now: Instant) -> bool {
        if !self.is_connected(first, now) {
            return false;
        }
        if !std::mem::replace(&mut self.link.greeted, true) {
            self.send(&ScriptMessage::Open {
                asn: None,
                router_id: None,
                hold,
                families: vec![(1, 1)],
                capabilities: vec![],
                bare: false,
            });
        }
        let takes = |inbox: &mut Vec<u8>, kind| take_messages_until(inbox, |one| codec::kind(one) == kind);
        if !self.link.answered && takes(&mut self.link.inbox, codec::OPEN) {
            self.link.answered = true;
            self.send(&ScriptMessage::Keepalive);
        }
        self.link.answered && takes(&mut self.link.inbox, codec::KEEPALIVE)
    }

    /// Whether there is a connection, of which nothing is known yet to have ended it. Where there is none it is dialled for.
    fn is_connected(&mut self, first: bool, now: Instant) -> bool {
        if self.link.closed && self.wake.is_none() {
            self.wake = Some(now + AGAIN);
        }
        if first || self.due(now) {
            self.wake = None;
            self.link = PeerLink::default();
            self.act(PeerAction::Connect);
        }
        self.link.connected && !self.link.closed
    }

    /// Leaves the connection for a while.
    fn set_aside(&mut self) -> bool {
        self.aside = std::mem::take(&mut self.link);
        self.keepalives = None;
        self.act(PeerAction::SetAside)
    }

    /// Goes back to the connection that was left, and leaves the one at work.
    fn take_up(&mut self) -> bool {
        std::mem::swap(&mut self.aside, &mut self.link);
        self.keepalives = None;
        self.act(PeerAction::TakeUp)
    }

    fn perform_dribble(
        &mut self,
        message: &ScriptMessage,
        every: Duration,
        first: bool,
        now: Instant,
    ) -> bool {
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
        self.dribble.is_empty() || self.link.closed
    }

    fn perform_expect(&mut self, pattern: Pattern, now: Instant) -> bool {
        while self.to_come > 0
            && take_messages_until(&mut self.link.inbox, |message| pattern.matches(message))
        {
            self.to_come -= 1;
        }
        if self.to_come == 0 {
            return true;
        }
        if self.link.closed {
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
        let came = take_messages_until(&mut self.link.inbox, |message| pattern.matches(message));
        if came || (self.link.closed && matches!(pattern, Pattern::Close | Pattern::Any)) {
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

    fn perform_read_slowly(
        &mut self,
        (octets, every, lasts): (usize, Duration, Duration),
        first: bool,
        now: Instant,
    ) -> bool {
        if first {
            self.wake = Some(now);
        }
        if self.due(now) {
            self.act(PeerAction::Read(Some(octets)));
            self.wake = self.wake.map(|due| due + every);
        }
        now >= self.since + lasts
    }

    fn send(&mut self, message: &ScriptMessage) -> bool {
        let bytes = message.encode(self.asn, self.router_id);
        self.act(PeerAction::Send(bytes))
    }

    fn hang_up(&mut self, how: PeerAction) -> bool {
        self.link.connected = false;
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
            PeerInput::Connected => self.link.connected = true,
            PeerInput::Refused => self.wake = Some(now + REDIAL),
            PeerInput::Received(bytes) => {
                self.to_read = self.to_read.saturating_sub(bytes.len());
                self.link.inbox.extend_from_slice(bytes);
            }
            PeerInput::Closed => {
                // Like any program, it closes its own end when it reads the other's.
                self.link.closed = true;
                self.keepalives = None;
                self.act(PeerAction::Close);
            }
        }
        if let Some((every, next)) = self.keepalives
            && next <= now
        {
            self.send(&ScriptMessage::Keepalive);
            self.keepalives = Some((every, now + every));
        }
        self.advance(now);
        if self.script.step(self.at).is_none() {
            // Nobody looks any more: a peer that only listens must not hoard what it hears.
            self.link.inbox.clear();
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
                    PeerStep::Accept
                        | PeerStep::Connect
                        | PeerStep::ConnectUntilOpen
                        | PeerStep::ConnectUntilUp { .. }
                        | PeerStep::Expect { .. }
                        | PeerStep::Read(_)
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
            PeerStep::ConnectUntilOpen => Some(Awaited::Open),
            PeerStep::ConnectUntilUp { .. } => Some(Awaited::Keepalive),
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

#[cfg(test)]
mod tests;
