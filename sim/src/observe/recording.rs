//! A speaker's inputs, kept so that its state at the end of a run can be asked for what it owes.
//!
//! The core's contract makes this possible: the same inputs lead to the same state.

use holdtime_core::Now;
use holdtime_core::speaker::{Input, Obligation, Setup, StreamId};

use crate::observe::twin::Twin;

/// All inputs of one speaker so far.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    start: Now,
    inputs: Vec<(Now, Kept)>,
}

#[derive(Debug)]
enum Kept {
    Received(StreamId, Vec<u8>),
    Other(Input<'static>),
}

impl Recording {
    pub(crate) fn new(start: Now) -> Self {
        Self { start, inputs: Vec::new() }
    }

    pub(crate) fn keep(&mut self, now: Now, input: &Input<'_>) {
        let kept = match input.clone() {
            Input::Received { stream, data } => Kept::Received(stream, data.to_vec()),
            Input::Timeout => Kept::Other(Input::Timeout),
            Input::Listening { listener, local } => Kept::Other(Input::Listening { listener, local }),
            Input::ListenFailed { listener, error } => Kept::Other(Input::ListenFailed { listener, error }),
            Input::AcceptFailed { listener, error } => Kept::Other(Input::AcceptFailed { listener, error }),
            Input::Connected { stream, local, remote } => {
                Kept::Other(Input::Connected { stream, local, remote })
            }
            Input::ConnectFailed { stream, error } => Kept::Other(Input::ConnectFailed { stream, error }),
            Input::Accepted { stream, listener, local, remote } => {
                Kept::Other(Input::Accepted { stream, listener, local, remote })
            }
            Input::Writable { stream, budget } => Kept::Other(Input::Writable { stream, budget }),
            Input::Sent { stream, count } => Kept::Other(Input::Sent { stream, count }),
            Input::Closed { stream, how } => Kept::Other(Input::Closed { stream, how }),
            Input::ProgramStarted { stream, pid } => Kept::Other(Input::ProgramStarted { stream, pid }),
            Input::ProgramFailed { stream, error } => Kept::Other(Input::ProgramFailed { stream, error }),
            Input::ProgramExited { stream, status } => Kept::Other(Input::ProgramExited { stream, status }),
            Input::Signal(signal) => Kept::Other(Input::Signal(signal)),
            Input::Reload(text) => Kept::Other(Input::Reload(text)),
        };
        self.inputs.push((now, kept));
    }

    /// What the speaker owes now: a twin is fed the same inputs and asked.
    pub(crate) fn obligations(&self, setup: Setup) -> Vec<Obligation> {
        let mut twin = Twin::new(self.start, setup);
        for (now, kept) in &self.inputs {
            let input = match kept {
                Kept::Received(stream, data) => Input::Received { stream: *stream, data },
                Kept::Other(input) => input.clone(),
            };
            twin.offer_before(*now, &input);
            twin.handle(*now, input);
            while twin.speaker.poll_event().is_some() {}
        }
        twin.offer_all();
        twin.speaker.obligations().collect()
    }
}
