//! The packets of a capture file, whichever of its two formats it has.

use super::file::{CaptureFile, Packet};
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use crate::form::Form;
use crate::place::ReadError;
use crate::source::BoxRead;

/// A capture file.
pub(super) struct Packets {
    input: CaptureFile,
    format: Format,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Packets {
    pub(super) fn new(form: Form, octets: BoxRead) -> Self {
        let mut input = CaptureFile::new(octets);
        let format = match form {
            Form::Pcapng => Format::Pcapng(Pcapng::default()),
            _ => Format::Pcap(Pcap::read_header(&mut input)),
        };
        Self { input, format }
    }

    /// The next packet, or what is wrong in its place; `None` at the end.
    pub(super) fn next_packet(&mut self) -> Option<Result<Packet<'_>, ReadError>> {
        if self.input.ended {
            return self.input.last_words.take().map(Err);
        }
        match &mut self.format {
            Format::Pcap(pcap) => pcap.next_packet(&mut self.input),
            Format::Pcapng(pcapng) => pcapng.next_packet(&mut self.input),
        }
    }
}
