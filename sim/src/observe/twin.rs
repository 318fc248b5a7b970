//! A speaker that is fed what another one was fed, and offers its octets when that one did.
//!
//! A speaker knows what its host has refused by what it was asked for: what was offered and not taken is stuck. So a twin is
//! asked for its streams where the recorded one was, which is the order of the reactor's [`Driver::drain`]: what
//! the core asks for is carried out first, outcomes and all, and then each stream is offered in its turn.
//!
//! [`Driver::drain`]: holdtime_reactor::driver::Driver::drain

use holdtime_core::speaker::{Action, ClosedKind, Input, ListenerId, Setup, StreamId};
use holdtime_core::{Now, Speaker};

/// A speaker on the recording of another.
pub(crate) struct Twin {
    pub(crate) speaker: Speaker,
    /// When the last input was, and what it may have been one of several of.
    last: Option<(Now, Step)>,
    /// What was asked for and not looked at since: its outcome may be the next input.
    asked: Vec<Action>,
}

/// What is remembered of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A stream was written to, or filled to be written to.
    Write(StreamId),
    /// A connection was taken from a backlog.
    Accept(ListenerId),
    Other,
}

impl Step {
    fn of(input: &Input<'_>) -> Self {
        match input {
            Input::Sent { stream, .. } | Input::Writable { stream, .. } => Self::Write(*stream),
            Input::Accepted { listener, .. } => Self::Accept(*listener),
            _ => Self::Other,
        }
    }
}

impl Twin {
    /// A twin of the speaker that was made from this.
    pub(crate) fn new(start: Now, setup: Setup) -> Self {
        Self { speaker: Speaker::new(start, setup), last: None, asked: Vec::new() }
    }

    /// Offers what the other one had offered when this input came, which is fed next.
    pub(crate) fn offer_before(&mut self, now: Now, input: &Input<'_>) {
        let Some((then, last)) = self.last else { return };
        match input {
            _ if then != now => self.offer_all(),
            // Nothing is offered before everything is carried out.
            _ if self.is_outcome(input) => {}
            // One stream is written until it takes no more, and one backlog emptied, before anything else is offered.
            Input::Sent { stream, .. } if last == Step::Write(*stream) => {}
            Input::Accepted { listener, .. } if last == Step::Accept(*listener) => {}
            // The streams behind it have not had their turn.
            Input::Sent { stream, .. } => {
                self.asked.clear();
                while self.speaker.poll_stream().is_some_and(|offered| offered != *stream) {}
            }
            _ => self.offer_all(),
        }
    }

    /// Offers everything, as is done at the end of a turn.
    pub(crate) fn offer_all(&mut self) {
        self.asked.clear();
        while self.speaker.poll_stream().is_some() {}
    }

    /// Feeds an input; what the speaker asks for.
    pub(crate) fn handle(&mut self, now: Now, input: Input<'_>) -> Vec<Action> {
        self.last = Some((now, Step::of(&input)));
        self.speaker.handle_input(now, input);
        let actions: Vec<Action> = std::iter::from_fn(|| self.speaker.poll_action()).collect();
        self.asked.extend(actions.iter().cloned());
        actions
    }

    /// Whether an input is what came at once of something that was asked for.
    fn is_outcome(&self, input: &Input<'_>) -> bool {
        self.asked.iter().any(|action| match (action, input) {
            (Action::LoadConfig { .. }, Input::Reload(_)) => true,
            (Action::Listen { listener: asked, .. }, Input::Listening { listener, .. })
            | (Action::Listen { listener: asked, .. }, Input::ListenFailed { listener, .. }) => {
                asked == listener
            }
            (Action::Connect { stream: asked, .. }, Input::ConnectFailed { stream, .. })
            | (
                Action::StartProgram { stream: asked, .. } | Action::OpenPipes { stream: asked, .. },
                Input::ProgramStarted { stream, .. } | Input::ProgramFailed { stream, .. },
            )
            | (
                Action::SetKeys { stream: asked, .. },
                Input::Closed { stream, how: ClosedKind::Broken(_) },
            ) => asked == stream,
            _ => false,
        })
    }
}
