//! zstd (RFC 8878), a block at a time.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The frames of a zstd file one after the other: the decoder knows of one at a time (RFC 8878 §3.1).
pub(super) struct Frames<R> {
    octets: R,
    decoder: FrameDecoder,
    within: bool,
    /// What comes behind the octets that the decoder holds.
    error: Option<io::Error>,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(octets: R) -> Self {
        Self { octets, decoder: FrameDecoder::new(), within: false, error: None }
    }

    /// Goes on to the next frame with something in it; false at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        use ReadFrameHeaderError::SkipFrame;
        while !self.octets.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.octets) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut (&mut self.octets).take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::Error::other("unexpected end of a frame that is to be skipped"));
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    /// Decodes the next block. Where that fails the frame ends, and the error is kept until what came before is read.
    fn next_block(&mut self) -> Result<(), FrameDecoderError> {
        /// The last block of a frame, raw and empty (RFC 8878 §3.1.1.2), and room for a checksum. The decoder keeps as much as later
        /// blocks may refer to, the whole frame mostly, until it has seen the last one.
        const LAST: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
        let block = |decoder: &mut FrameDecoder, octets: &mut dyn Read| {
            decoder.decode_blocks(octets, BlockDecodingStrategy::UptoBlocks(1)).map(|_| ())
        };
        block(&mut self.decoder, &mut self.octets).or_else(|error| {
            let ended = self.octets.fill_buf().is_ok_and(<[u8]>::is_empty);
            self.error = Some(match ended {
                true => io::Error::other("unexpected end of a zstd frame"),
                false => io::Error::other(error),
            });
            block(&mut self.decoder, &mut LAST.as_slice())
        })
    }

    /// Ends the frame whose octets have all been read.
    fn finish_frame(&mut self) -> io::Result<()> {
        self.within = false;
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(told), Some(calculated)) if told != calculated => {
                Err(io::Error::other("a frame's content does not match its checksum"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within && !self.next_frame()? {
                return Ok(0);
            }
            self.within = true;
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.next_block().map_err(io::Error::other)?;
            }
            match self.decoder.read(buffer)? {
                0 if !buffer.is_empty() => self.finish_frame()?,
                count => return Ok(count),
            }
        }
    }
}
