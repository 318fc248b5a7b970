//! xz, a piece of the input at a time.

use std::io::{self, BufRead, ErrorKind, Read};

use lzma_rust2::{Action, Status, XzStream};

/// The streams of an xz file one after the other.
///
/// A decoder that reads by itself takes a chunk at once, and has nothing to show for one that is cut off or damaged further on. This one
/// is fed with what is there.
pub(super) struct XzStreams<R> {
    octets: R,
    decoder: XzStream,
    /// What comes behind the octets that have been handed over.
    error: Option<io::Error>,
    ended: bool,
}

impl<R: BufRead> XzStreams<R> {
    pub(super) fn new(octets: R) -> Self {
        Self { octets, decoder: XzStream::new(true), error: None, ended: false }
    }

    /// Decodes what is there into `buffer`; how many octets that gave.
    fn decode(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (input, unreadable) = match self.octets.fill_buf() {
            Ok(input) => (input, None),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => (&[][..], Some(error)),
        };
        let action = if input.is_empty() { Action::Finish } else { Action::Run };
        let before = self.decoder.total_out();
        let decoded = self.decoder.process(input, buffer, action);
        let produced = usize::try_from(self.decoder.total_out() - before).unwrap_or(buffer.len());
        match decoded {
            Ok(decoded) => {
                let is_stuck = produced == 0 && decoded.bytes_consumed == 0;
                self.ended = decoded.status == Status::StreamEnd;
                self.octets.consume(decoded.bytes_consumed);
                if is_stuck && !self.ended {
                    self.error = Some(io::Error::other("the decoder of xz makes no headway"));
                }
                if self.ended {
                    self.error = unreadable;
                }
            }
            Err(error) => self.error = Some(unreadable.unwrap_or(error)),
        }
        Ok(produced)
    }
}

impl<R: BufRead> Read for XzStreams<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(error) = self.error.take() {
                self.ended = true;
                return Err(error);
            }
            if self.ended {
                return Ok(0);
            }
            match self.decode(buffer)? {
                0 => {}
                count => return Ok(count),
            }
        }
    }
}
