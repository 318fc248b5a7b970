//! pcap, the format of libpcap.
//!
//! ```text
//!  0       4       6       8           12          16         20              24
//! ┌───────┬───────┬───────┬───────────┬───────────┬──────────┬───────────────┐
//! │ magic │ major │ minor │ time zone │ precision │ snap len │ FCS, LINKTYPE │   once
//! └───────┴───────┴───────┴───────────┴───────────┴──────────┴───────────────┘
//!  0         4               8           12             16 (24 in Kuznetsov's variant)
//! ┌─────────┬───────────────┬───────────┬──────────────┬────────┐
//! │ seconds │ micro- or     │ octets    │ octets on    │ data … │                for each packet
//! │         │ nanoseconds   │ captured  │ the wire     │        │
//! └─────────┴───────────────┴───────────┴──────────────┴────────┘
//! ```

use pcap_parser::{PcapHeader, parse_pcap_header};

use super::file::{CaptureFile, Got, MAX_PACKET, Packet};
use crate::place::{Position, ReadError};

const FILE_HEADER: usize = 24;
const SECOND: i64 = 1_000_000_000;

/// What the file's header says, and what is remembered of its packets.
#[derive(Default)]
pub(super) struct Pcap {
    header: PcapHeader,
    /// When the last packet was captured, in seconds.
    seconds: Option<u32>,
    /// The header of a packet that was found behind one that cannot be.
    found: Option<Record>,
}

/// A packet's header.
#[derive(Clone, Copy)]
struct Record {
    place: Position,
    seconds: u32,
    fraction: u32,
    captured: u32,
    length: u32,
}

impl Pcap {
    /// Reads the header of the file. Where it cannot be read, nothing else is.
    pub(super) fn read_header(input: &mut CaptureFile) -> Self {
        let place = input.place();
        let header = match input.read(FILE_HEADER) {
            Got::All => parse_pcap_header(&input.block).ok().map(|(_, header)| header),
            _ => None,
        };
        if header.is_none() {
            input.end(place, "the file ends within its header, or has one that is not known");
        }
        Self { header: header.unwrap_or_default(), ..Self::default() }
    }

    pub(super) fn next_packet<'a>(
        &mut self,
        input: &'a mut CaptureFile,
    ) -> Option<Result<Packet<'a>, ReadError>> {
        let record =
            match self.found.take().map_or_else(|| self.next_record(input), |record| Some(Ok(record)))? {
                Ok(record) => record,
                Err(fault) => return Some(Err(fault)),
            };
        input.packets += 1;
        self.seconds = Some(record.seconds);
        input.block.clear();
        if input.read(record.captured as usize) != Got::All {
            let (have, want) = (input.block.len(), record.captured);
            input.end(
                record.place,
                format!("the file ends within the packet: {have} of its {want} octets are there"),
            );
        }
        let unit = if self.header.is_nanosecond_precision() { 1 } else { 1_000 };
        Some(Ok(Packet {
            place: record.place,
            time: Some(i64::from(record.seconds) * SECOND + i64::from(record.fraction) * unit),
            // The upper bits say how long the frame check sequence is.
            link: (self.header.network.0 & 0xffff) as u16,
            length: record.length.max(record.captured),
            octets: &input.block,
        }))
    }

    /// The header of the next packet, or what is wrong with it; `None` at the end.
    fn next_record(&mut self, input: &mut CaptureFile) -> Option<Result<Record, ReadError>> {
        let place = input.place();
        input.block.clear();
        match input.read(self.record_header()) {
            Got::All => {}
            Got::Less => input.end(place, "the file ends within the header of a packet"),
            Got::Nothing => input.ended = true,
        }
        if input.ended {
            return input.last_words.take().map(Err);
        }
        let record = self.record(place, &input.block)?;
        if record.captured <= MAX_PACKET {
            return Some(Ok(record));
        }
        Some(Err(self.search(input, &record)))
    }

    /// Looks for the next header behind one that cannot be. Says what was passed over.
    fn search(&mut self, input: &mut CaptureFile, broken: &Record) -> ReadError {
        let Record { place, captured, .. } = *broken;
        let what =
            format!("the header of a packet says that it has {captured} octets, more than {MAX_PACKET}");
        while input.read(1) == Got::All && !input.ended {
            input.block.remove(0);
            let here = Position { offset: input.offset - input.block.len() as u64, ..input.place() };
            self.found = self.record(here, &input.block).filter(|record| self.is_likely(record));
            if self.found.is_some() {
                let passed = here.offset - place.offset;
                return ReadError {
                    place,
                    what: format!("{what}; {passed} octets are passed over up to one that can be"),
                };
            }
        }
        input.ended = true;
        ReadError { place, what: format!("{what}; none that can be follows") }
    }

    /// Octets before a packet's data.
    fn record_header(&self) -> usize {
        if self.header.is_modified_format() { 24 } else { 16 }
    }

    fn record(&self, place: Position, octets: &[u8]) -> Option<Record> {
        let field = |at: usize| -> Option<u32> {
            let octets = *octets.get(at..)?.first_chunk()?;
            Some(match self.header.is_bigendian() {
                true => u32::from_be_bytes(octets),
                false => u32::from_le_bytes(octets),
            })
        };
        Some(Record {
            place,
            seconds: field(0)?,
            fraction: field(4)?,
            captured: field(8)?,
            length: field(12)?,
        })
    }

    /// Whether these octets, of which nobody knows what they are, are a packet's header.
    fn is_likely(&self, record: &Record) -> bool {
        const DAY: u32 = 86_400;
        let unit = if self.header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
        self.seconds.is_none_or(|seconds| record.seconds.abs_diff(seconds) <= DAY)
            && record.fraction < unit
            && (1..=record.length).contains(&record.captured)
            && record.length <= MAX_PACKET
    }
}
