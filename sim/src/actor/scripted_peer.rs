//! A scripted peer at work: an interpreter without I/O. Whoever drives it feeds inputs with the time, carries out
//! the actions, and comes back at the deadline; the lab and the live suite drive it alike.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use holdtime_core::speaker::Signal;
use holdtime_core::{Duration, Instant};

use crate::scenario::codec;
use crate::scenario::script::{Message, Pattern};
use crate::scenario::script::{PeerScript, PeerStep};

/// What happens to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerInput<'a> {
    /// The run starts, or the deadline has come.
    Timeout,
    /// A connection is up, dialled or accepted.
    Connected,
    /// Dialling failed.
    Refused,
    /// These octets arrived.
    Received(&'a [u8]),
    /// The speaker closed or reset the connection.
    Closed,
}

/// What a peer does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerAction {
    /// Take the next connection from the backlog; answered by [`PeerInput::Connected`].
    Accept,
    /// Dial the speaker; answered by [`PeerInput::Connected`] or [`PeerInput::Refused`].
    Connect,
    /// Send these octets, after those before them.
    Send(Vec<u8>),
    /// Read everything (`None`), or at most so many more octets.
    Read(Option<usize>),
    /// Send FIN, after what was sent; read on.
    HalfClose,
    /// Close both directions, after what was sent.
    Close,
    /// Send RST at once.
    Reset,
    /// Forget the connection without ending it.
    Leave,
    /// Lose power: nothing leaves, nothing arrives; the last action.
    Vanish,
    /// Move the wall clock by so many nanoseconds.
    JumpClock(i64),
    /// Signal the speaker's process.
    Signal(Signal),
}

/// How far a peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// At a step that is not done.
    Waiting {
        /// The step, as it was written.
        step: String,
        /// Since when.
        since: Instant,
        /// Whether it is for the speaker to act; otherwise the step takes its own time.
        expects: bool,
    },
    /// All that it wanted has happened.
    Finished,
    /// Something that must not happen did.
    Failed(String),
}

impl PeerState {
    /// The phase alone.
    pub fn phase(&self) -> ScriptPhase {
        match self {
            Self::Waiting { expects, .. } => ScriptPhase::Waiting { expects: *expects },
            Self::Finished => ScriptPhase::Finished,
            Self::Failed(_) => ScriptPhase::Failed,
        }
    }

    /// A phase and its words: the step at work and since when, and why a script failed.
    pub(super) fn of(phase: ScriptPhase, step: &str, since: Instant, failed: Option<&str>) -> Self {
        match phase {
            ScriptPhase::Waiting { expects } => Self::Waiting { step: step.to_owned(), since, expects },
            ScriptPhase::Finished => Self::Finished,
            ScriptPhase::Failed => Self::Failed(failed.unwrap_or_default().to_owned()),
        }
    }
}

/// How far a peer or a program is, without the words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptPhase {
    /// At a step that is not done; whether it is for the speaker to act.
    Waiting {
        /// As in [`PeerState::Waiting`].
        expects: bool,
    },
    /// All that it wanted has happened.
    Finished,
    /// Something that must not happen did.
    Failed,
}

/// What somebody waits for that the speaker has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Awaited {
    /// That a connection comes up.
    Connection,
    /// An OPEN.
    Open,
    /// A KEEPALIVE.
    Keepalive,
    /// UPDATEs, End-of-RIB among them.
    Routes,
    /// Any message.
    Message,
    /// A NOTIFICATION, or the end of the connection.
    End,
    /// An answer, or what a program is told of its own.
    Line,
    /// Room in the pipe that it writes to.
    Room,
}

/// What drivers run: a scripted peer or a checking peer.
pub trait PeerRun {
    /// Feeds one input; drain the actions afterwards.
    fn handle(&mut self, now: Instant, input: PeerInput<'_>);
    /// The next thing to carry out.
    fn poll_action(&mut self) -> Option<PeerAction>;
    /// When to feed [`PeerInput::Timeout`] next.
    fn poll_timeout(&self) -> Option<Instant>;
    /// Whether it listens from the start.
    fn listens(&self) -> bool;
    /// How far it is, for who asks at every instant.
    fn phase(&self) -> ScriptPhase {
        self.state().phase()
    }
    /// How far it is.
    fn state(&self) -> PeerState;
    /// What it waits for that the speaker has to do, where it can say.
    fn awaits(&self) -> Option<Awaited> {
        None
    }
    /// When it says something or goes on by itself; `None`: never, or it cannot say.
    fn speaks_at(&self) -> Option<Instant> {
        None
    }
}

impl PeerRun for Box<dyn PeerRun> {
    fn handle(&mut self, now: Instant, input: PeerInput<'_>) {
        (**self).handle(now, input);
    }

    fn poll_action(&mut self) -> Option<PeerAction> {
        (**self).poll_action()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        (**self).poll_timeout()
    }

    fn listens(&self) -> bool {
        (**self).listens()
    }

    fn phase(&self) -> ScriptPhase {
        (**self).phase()
    }

    fn state(&self) -> PeerState {
        (**self).state()
    }

    fn awaits(&self) -> Option<Awaited> {
        (**self).awaits()
    }

    fn speaks_at(&self) -> Option<Instant> {
        (**self).speaks_at()
    }
}

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
            self.at = if self.repeats_after(step) { 0 } else { self.at + 1 };
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
            PeerStep::Expect { pattern, within } => self.perform_expect(*pattern, *within, first, now),
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
            PeerStep::Repeat(_) => true,
        }
    }

    /// Whether the script begins again after this step.
    fn repeats_after(&mut self, step: &PeerStep) -> bool {
        let PeerStep::Repeat(times) = step else { return false };
        self.repeats += 1;
        times.is_none_or(|times| self.repeats < times)
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

    fn perform_expect(
        &mut self,
        pattern: Pattern,
        within: Option<Duration>,
        first: bool,
        now: Instant,
    ) -> bool {
        if first {
            self.wake = within.map(|within| now + within);
        }
        if take_messages_until(&mut self.inbox, |message| pattern.matches(message)) {
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
        Pattern::Type(codec::UPDATE) | Pattern::EndOfRib | Pattern::Route(..) => Awaited::Routes,
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
        let open = Message::Open { asn: Some(1), router_id: None, hold: 90, families: vec![(1, 1)] };
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
