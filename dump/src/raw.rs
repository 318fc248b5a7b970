//! Messages one after the other, as they went over a wire.

use std::io::{self, BufRead, BufReader, Read};

use holdtime_core::wire::frame::HEADER;

use crate::batch::{Batch, MessagePiece};
use crate::item::RecordedDirection;
use crate::place::{Position, Unit};
use crate::source::{BatchReader, BoxRead};

/// The messages in `octets`.
pub(crate) fn source(octets: BoxRead) -> Box<dyn BatchReader> {
    Box::new(Messages {
        octets: BufReader::with_capacity(1 << 16, octets),
        number: 0,
        offset: 0,
        ended: false,
    })
}

struct Messages {
    octets: BufReader<BoxRead>,
    number: u64,
    offset: u64,
    ended: bool,
}

impl BatchReader for Messages {
    fn fill(&mut self, batch: &mut Batch) -> bool {
        if self.ended {
            return false;
        }
        let mut message = Vec::new();
        while !batch.is_full() && !self.ended {
            message.clear();
            let place = Position { unit: Unit::Message, number: self.number + 1, offset: self.offset };
            let read = self.next_message(&mut message);
            match read {
                Ok(true) => {
                    self.number += 1;
                    self.offset += message.len() as u64;
                    let direction = RecordedDirection::Received;
                    let piece = MessagePiece { place, time: None, session: None, direction, terms: None };
                    batch.push_message(piece, &message);
                    // What is there is handed over before more is waited for.
                    if self.octets.buffer().is_empty() {
                        break;
                    }
                }
                Ok(false) => self.ended = true,
                Err(what) => {
                    self.ended = true;
                    batch.push_fault(place, what);
                }
            }
        }
        true
    }
}

impl Messages {
    /// Reads one message; false at the end.
    fn next_message(&mut self, message: &mut Vec<u8>) -> Result<bool, String> {
        let unreadable = |error: io::Error| format!("the input cannot be read any further: {error}");
        if self.octets.fill_buf().map_err(unreadable)?.is_empty() {
            return Ok(false);
        }
        (&mut self.octets).take(HEADER as u64).read_to_end(message).map_err(unreadable)?;
        let length = match message.as_slice() {
            [marker @ .., high, low, _]
                if marker.len() == 16 && marker.iter().all(|octet| *octet == 0xff) =>
            {
                u16::from_be_bytes([*high, *low])
            }
            short if short.len() < HEADER => {
                return Err(format!(
                    "it is cut off: a header has {HEADER} octets, and {} are left",
                    short.len()
                ));
            }
            _ => return Err(String::from("it does not begin with a marker, 16 octets of ones")),
        };
        let body = usize::from(length).checked_sub(HEADER);
        let body = body
            .ok_or_else(|| format!("its header says that it has {length} octets, fewer than a header has"))?;
        (&mut self.octets).take(body as u64).read_to_end(message).map_err(unreadable)?;
        if message.len() < usize::from(length) {
            return Err(format!(
                "it is cut off: its header says that it has {length} octets, and {} are there",
                message.len()
            ));
        }
        Ok(true)
    }
}
