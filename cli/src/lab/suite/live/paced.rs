//! A peer that writes each message by itself, with pauses.

use std::time::Duration;

use holdtime_core::Instant;
use holdtime_core::session::Jitter;
use holdtime_sim::actor::{PeerAction, PeerInput, PeerRun, PeerState};

/// How a peer's messages follow each other.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// The longest pause before a message that is written by itself; `None`: what is said at once is written at once.
    spread: Option<Duration>,
    random: Jitter,
}

impl Pace {
    /// Pauses of at most `spread`, drawn by `seed` and `name`, so that every case has pauses of its own.
    pub(super) fn new(spread: Option<Duration>, seed: u64, name: &str) -> Self {
        let seed = name.bytes().fold(seed, |seed, octet| seed.rotate_left(7) ^ u64::from(octet));
        Self { spread, random: Jitter::new(seed) }
    }

    /// The pause before the next message.
    fn pause(&mut self) -> Option<Duration> {
        let micros = u64::try_from(self.spread?.as_micros()).unwrap_or(u64::MAX);
        Some(Duration::from_micros(self.random.next_u64() % micros.saturating_add(1)))
    }
}

/// A peer whose actions wait: a message until the pause before it is over, and everything else for what was said before it.
pub(super) struct PacedPeer<P> {
    peer: P,
    pace: Pace,
    now: Instant,
    /// The message that waits, and until when.
    waiting: Option<(PeerAction, Instant)>,
}

impl<P: PeerRun> PacedPeer<P> {
    pub(super) fn new(peer: P, pace: Pace) -> Self {
        Self { peer, pace, now: Instant::ZERO, waiting: None }
    }
}

impl<P: PeerRun> PeerRun for PacedPeer<P> {
    fn handle(&mut self, now: Instant, input: PeerInput<'_>) {
        self.now = now;
        self.peer.handle(now, input);
    }

    fn poll_action(&mut self) -> Option<PeerAction> {
        if let Some((action, until)) = self.waiting.take() {
            if until > self.now {
                self.waiting = Some((action, until));
                return None;
            }
            return Some(action);
        }
        let action = self.peer.poll_action()?;
        let PeerAction::Send(_) = action else { return Some(action) };
        let Some(pause) = self.pace.pause() else { return Some(action) };
        self.waiting = Some((action, self.now + pause));
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let waiting = self.waiting.as_ref().map(|(_, until)| *until);
        waiting.into_iter().chain(self.peer.poll_timeout()).min()
    }

    fn listens(&self) -> bool {
        self.peer.listens()
    }

    fn state(&self) -> PeerState {
        self.peer.state()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Two messages and a close, all at once.
    struct Scripted(VecDeque<PeerAction>);

    impl PeerRun for Scripted {
        fn handle(&mut self, _: Instant, _: PeerInput<'_>) {}
        fn poll_action(&mut self) -> Option<PeerAction> {
            self.0.pop_front()
        }
        fn poll_timeout(&self) -> Option<Instant> {
            None
        }
        fn listens(&self) -> bool {
            true
        }
        fn state(&self) -> PeerState {
            PeerState::Finished
        }
    }

    fn actions() -> [PeerAction; 3] {
        [PeerAction::Send(vec![1]), PeerAction::Send(vec![2]), PeerAction::Close]
    }

    fn drain(peer: &mut impl PeerRun) -> Vec<PeerAction> {
        std::iter::from_fn(|| peer.poll_action()).collect()
    }

    #[test]
    fn without_a_pace_a_peer_says_everything_at_once() {
        let mut peer = PacedPeer::new(Scripted(actions().into()), Pace::new(None, 0, "case"));
        assert_eq!(drain(&mut peer), actions());
    }

    #[test]
    fn with_a_pace_each_message_waits_for_its_pause_and_nothing_overtakes_it() {
        let pace = Pace::new(Some(Duration::from_millis(5)), 1, "case");
        let mut peer = PacedPeer::new(Scripted(actions().into()), pace);
        for at_once in [&[][..], &actions()[..1], &actions()[1..]] {
            assert_eq!(drain(&mut peer), at_once);
            let Some(until) = peer.poll_timeout() else { continue };
            assert!(until.as_nanos() <= 10_000_000, "{until:?}");
            peer.handle(until, PeerInput::Timeout);
        }
    }
}
