//! A speaker's inputs, kept so that its state at the end of a run can be asked for what it owes.
//!
//! The core's contract makes this possible: the same inputs lead to the same state.

use holdtime_core::speaker::{Input, Obligation, OwnedInput, Setup};
use holdtime_core::{Duration, Instant, Now, Speaker};

use crate::observe::twin::Twin;

/// What is wrong with a clock that should be monotonic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockFault {
    /// It has shown an earlier time after a later one.
    WentBack,
    /// It shows a time that has not come.
    Ahead,
}

/// How far a turn may be ahead of the lab, and a clock may run fast.
const SLACK: Duration = Duration::from_secs(1);

/// All inputs of one speaker so far.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    start: Now,
    inputs: Vec<(Now, OwnedInput)>,
}

impl Recording {
    pub(crate) fn new(start: Now) -> Self {
        Self { start, inputs: Vec::new() }
    }

    pub(crate) fn keep(&mut self, now: Now, input: &Input<'_>) {
        self.inputs.push((now, OwnedInput::from(input.clone())));
    }

    /// What is wrong with the clock that the speaker was told, at this time of the lab's.
    pub(crate) fn clock_fault(&self, at: Instant) -> Option<ClockFault> {
        let told = |(now, _): &(Now, OwnedInput)| now.monotonic;
        let ahead = self.inputs.last().is_some_and(|last| told(last) > at + SLACK);
        let went_back = self.inputs.windows(2).any(|pair| matches!(pair, [a, b] if told(b) < told(a)));
        if ahead { Some(ClockFault::Ahead) } else { went_back.then_some(ClockFault::WentBack) }
    }

    /// What the speaker owes now: a twin is asked.
    pub(crate) fn obligations(&self, setup: Setup) -> Vec<Obligation> {
        self.twin(setup).obligations().collect()
    }

    /// A speaker that is as this one is now: it is fed the same inputs.
    pub(crate) fn twin(&self, setup: Setup) -> Speaker {
        self.play(setup, |_, _| {})
    }

    /// Feeds a twin the same inputs, and shows it after each, with its time; how it stands after them all.
    pub(crate) fn play(&self, setup: Setup, mut show: impl FnMut(Instant, &Speaker)) -> Speaker {
        let mut twin = Twin::new(self.start, setup);
        for (now, kept) in &self.inputs {
            let input = kept.borrow();
            twin.offer_before(*now, &input);
            twin.handle(*now, input);
            while twin.speaker.poll_event().is_some() {}
            show(now.monotonic, &twin.speaker);
        }
        twin.offer_all();
        twin.speaker
    }
}
