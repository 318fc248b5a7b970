//! A speaker's inputs, kept so that its state at the end of a run can be asked for what it owes.
//!
//! The core's contract makes this possible: the same inputs lead to the same state.

use holdtime_core::Now;
use holdtime_core::speaker::{Input, Obligation, OwnedInput, Setup};

use crate::observe::twin::Twin;

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

    /// What the speaker owes now: a twin is fed the same inputs and asked.
    pub(crate) fn obligations(&self, setup: Setup) -> Vec<Obligation> {
        let mut twin = Twin::new(self.start, setup);
        for (now, kept) in &self.inputs {
            let input = kept.borrow();
            twin.offer_before(*now, &input);
            twin.handle(*now, input);
            while twin.speaker.poll_event().is_some() {}
        }
        twin.offer_all();
        twin.speaker.obligations().collect()
    }
}
