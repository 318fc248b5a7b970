//! The canonical loop for a speaker whose outside is in memory: tests, fuzzing and whoever only wants its octets.

use holdtime_host::StreamId;

use super::{Action, Event, Input, Speaker};
use crate::time::Now;

/// A speaker and the outside that is kept in memory for it. It says what becomes of each thing that the core asks for; the
/// order in which they are asked for is here.
pub trait Memory {
    /// The speaker.
    fn speaker(&mut self) -> &mut Speaker;

    /// The time.
    fn now(&self) -> Now;

    /// Does what the core asks for, and hands it to [`Speaker::handle_input`] where something comes of it at once.
    fn carry_out(&mut self, action: Action);

    /// Takes what [`Speaker::poll_transmit`] shows for this stream, as far as it is taken, and reports [`Input::Sent`].
    fn transmit(&mut self, stream: StreamId);

    /// Something to tell the user.
    fn log(&mut self, event: Event);

    /// A stream that wants room and has some, and how many octets; `None`: all are served.
    fn room(&self) -> Option<(StreamId, usize)>;

    /// Feeds an input and drains what comes of it.
    fn feed(&mut self, input: Input<'_>) {
        let now = self.now();
        self.speaker().handle_input(now, input);
        self.drain();
    }

    /// Drains the speaker to its end.
    fn drain(&mut self) {
        while self.drain_one() {}
    }

    /// Takes the next thing that the core asks for; `false`: there is none.
    fn drain_one(&mut self) -> bool {
        if let Some(action) = self.speaker().poll_action() {
            self.carry_out(action);
        } else if let Some(stream) = self.speaker().poll_stream() {
            self.transmit(stream);
        } else if let Some(event) = self.speaker().poll_event() {
            self.log(event);
        } else if let Some((stream, budget)) = self.room() {
            let now = self.now();
            self.speaker().handle_input(now, Input::Writable { stream, budget });
            self.transmit(stream);
        } else {
            return false;
        }
        true
    }
}
