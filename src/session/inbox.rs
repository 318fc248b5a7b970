//! From the octets of a connection to whole messages, which stay where they were read to.

use alloc::vec::Vec;
use core::ops::Range;

use crate::wire::Notification;
use crate::wire::frame::{Framer, HEADER};

/// A message received, whole. [`Session::octets`](super::Session::octets) has what is in it, until more is received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedFrame {
    /// Its type.
    pub kind: u8,
    /// Where it stands.
    place: Range<usize>,
}

/// Octets received. Those of a message that was taken are kept until more is received.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox {
    octets: Vec<u8>,
    /// Where the first message not yet taken begins.
    start: usize,
}

impl Inbox {
    /// Adds what was read.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.octets.drain(..self.start);
        self.start = 0;
        self.octets.extend_from_slice(data);
    }

    /// Forgets what was not yet taken.
    pub(super) fn end(&mut self) {
        self.octets.truncate(self.start);
    }

    /// Takes the next whole message; `None`: its end is still to come.
    ///
    /// # Errors
    /// A header that cannot be (RFC 4271 §6.1), with the NOTIFICATION that says so.
    pub(super) fn next_frame(&mut self, max: usize) -> Option<Result<ReceivedFrame, Notification>> {
        let waiting = self.octets.get(self.start..).unwrap_or_default();
        match Framer::new(waiting, max).next_frame() {
            Ok(None) => None,
            Ok(Some(frame)) => {
                let end = self.start + frame.message().len();
                let place = self.start..end;
                let kind = frame.kind();
                self.start = end;
                Some(Ok(ReceivedFrame { kind, place }))
            }
            Err(error) => Some(Err(error.notification(waiting))),
        }
    }

    /// All of a message, header included.
    pub(super) fn octets(&self, frame: &ReceivedFrame) -> &[u8] {
        self.octets.get(frame.place.clone()).unwrap_or_default()
    }
}

/// What stands after a message's header.
pub(super) fn body(message: &[u8]) -> &[u8] {
    message.get(HEADER..).unwrap_or_default()
}
