//! From the octets of a connection to whole messages.

use alloc::vec::Vec;

use crate::wire::Notification;
use crate::wire::frame::{Framer, HEADER};

/// A message received, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// All of it, header included.
    pub octets: Vec<u8>,
}

impl Frame {
    /// What stands after the header.
    pub fn body(&self) -> &[u8] {
        self.octets.get(HEADER..).unwrap_or_default()
    }
}

/// Octets received and not yet taken as messages.
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

    /// Takes the next whole message; `None`: its end is still to come.
    ///
    /// # Errors
    /// A header that cannot be (RFC 4271 §6.1), with the NOTIFICATION that says so.
    pub(super) fn next_frame(&mut self, max: usize) -> Option<Result<Frame, Notification>> {
        let waiting = self.octets.get(self.start..).unwrap_or_default();
        match Framer::new(waiting, max).next_frame() {
            Ok(None) => None,
            Ok(Some(frame)) => {
                self.start += frame.message().len();
                Some(Ok(Frame { kind: frame.kind(), octets: frame.message().to_vec() }))
            }
            Err(error) => Some(Err(error.notification(waiting))),
        }
    }
}
