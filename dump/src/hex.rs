//! Text: messages in hex, as people keep them.
//!
//! - A message a line, or several, or one over several lines: it goes on until it has the length that its header says. A line that begins with
//!   no marker is the body of an UPDATE.
//! - What hexdump, od, xxd, tcpdump and Wireshark print, with offsets and characters; the headers of a packet before a message are passed over.
//! - The lines `N:raw:…` of ExaBGP's cases; their other lines hold no message.
//!
//! Blanks, colons, commas, full stops, hyphens, `0x` and `\x` are for the eye; `#`, `;` and `//` begin a comment.

mod block;
mod line;
mod message;

use std::io::{BufRead, BufReader, Read};

use self::block::Block;
use self::line::{HexLine, LineError};
use self::message::{MARKER, incomplete, length, messages, push};
use crate::batch::Batch;
use crate::item::LeftOut;
use crate::place::{Position, Unit};
use crate::source::{BatchReader, BoxRead};

/// Octets of a line. A message of 65,535 octets has four times as many with a blank and `0x` for each.
const MAX_LINE: u64 = 1 << 20;

/// The messages of a text.
pub(crate) fn source(octets: BoxRead) -> Box<dyn BatchReader> {
    Box::new(Text {
        octets: BufReader::with_capacity(1 << 16, octets),
        line: 0,
        offset: 0,
        open: Open::Nothing,
        ended: false,
    })
}

struct Text {
    octets: BufReader<BoxRead>,
    /// Lines and octets so far.
    line: u64,
    offset: u64,
    open: Open,
    ended: bool,
}

/// What the lines so far have begun.
enum Open {
    Nothing,
    /// A message that has no end yet, as digits, and where it began.
    Message(Position, Vec<u8>),
    /// A message of which a line could not be read, so that what goes on with it is passed over.
    Spoiled,
    /// Octets with offsets.
    Block(Block),
}

impl BatchReader for Text {
    fn fill(&mut self, batch: &mut Batch) -> bool {
        let mut bytes = Vec::new();
        while !batch.is_full() && !self.ended {
            // What is there is handed over before more is waited for.
            if self.octets.buffer().is_empty() && !batch.is_empty() {
                break;
            }
            let place = Position { unit: Unit::Line, number: self.line + 1, offset: self.offset };
            bytes.clear();
            match self.octets.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes) {
                Ok(0) => {
                    self.close(batch);
                    self.ended = true;
                }
                Ok(read) => {
                    self.line += 1;
                    self.offset += read as u64;
                    if read as u64 == MAX_LINE && !bytes.ends_with(b"\n") {
                        self.pass_over_line(place, batch);
                    } else {
                        self.take(
                            place,
                            String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']),
                            batch,
                        );
                    }
                }
                Err(error) => {
                    self.close(batch);
                    batch.push_fault(place, format!("the rest cannot be read: {error}"));
                    self.ended = true;
                }
            }
        }
        !batch.is_empty() || !self.ended
    }
}

impl Text {
    /// Passes over the rest of a line that is too long.
    fn pass_over_line(&mut self, place: Position, batch: &mut Batch) {
        self.spoil(batch);
        batch.push_fault(place, format!("the line has more than {MAX_LINE} octets"));
        loop {
            let buffered = match self.octets.fill_buf() {
                Ok([]) | Err(_) => return,
                Ok(buffered) => buffered,
            };
            let end = buffered.iter().position(|octet| *octet == b'\n').map(|at| at + 1);
            let used = end.unwrap_or(buffered.len());
            self.octets.consume(used);
            self.offset += used as u64;
            if end.is_some() {
                return;
            }
        }
    }

    fn take(&mut self, place: Position, text: &str, batch: &mut Batch) {
        let expected = match &self.open {
            Open::Block(block) => Some(block.expects()),
            _ => None,
        };
        match HexLine::parse(text, expected) {
            Ok(HexLine::Comment) => {}
            Ok(HexLine::Blank) => {
                // A message may have blank lines within; anything else ends.
                if !matches!(self.open, Open::Message(..)) {
                    self.close(batch);
                }
            }
            Ok(HexLine::Directive) => {
                self.close(batch);
                batch.push_left_out(LeftOut { kind: "lines of ExaBGP's that hold no message".into() });
            }
            Ok(HexLine::Raw(digits)) => {
                self.close(batch);
                self.open = Open::Message(place, digits);
                self.cut(place, batch);
                self.close(batch);
            }
            Ok(HexLine::Dump(line)) => {
                if let Open::Block(block) = &mut self.open
                    && block.goes_on(&line)
                {
                    block.push(line);
                    return;
                }
                self.close(batch);
                self.open = Open::Block(Block::new(place, line));
            }
            Ok(HexLine::Repeat) => {
                if let Open::Block(block) = &mut self.open {
                    block.repeat();
                }
            }
            Ok(HexLine::Digits(digits)) => self.digits(place, digits, batch),
            Err(LineError { column, text, expected }) => {
                self.spoil(batch);
                batch.push_fault(place, format!("\"{text}\" in column {column} is not {expected}"));
            }
        }
    }

    /// Takes a line of digits: more of the message at hand, or another message.
    fn digits(&mut self, place: Position, digits: Vec<u8>, batch: &mut Batch) {
        let whole = octets(&digits).is_some_and(|line| length(&line) == Some(line.len()));
        let marked = begins_with_marker(&digits);
        match &mut self.open {
            Open::Message(_, begun) if !whole => begun.extend(digits),
            Open::Spoiled if !marked => return,
            _ => {
                self.close(batch);
                self.open = Open::Message(place, digits);
            }
        }
        self.cut(place, batch);
    }

    /// A line cannot be read: what it belonged to cannot either.
    fn spoil(&mut self, batch: &mut Batch) {
        let within = matches!(self.open, Open::Message(..) | Open::Spoiled);
        self.close(batch);
        if within {
            self.open = Open::Spoiled;
        }
    }

    /// Takes what is complete of the message at hand. `place`: the line at hand.
    fn cut(&mut self, place: Position, batch: &mut Batch) {
        let Open::Message(start, digits) = std::mem::replace(&mut self.open, Open::Nothing) else { return };
        if !begins_with_marker(&digits) {
            match octets(&digits) {
                Some(octets) => push(batch, start, &octets),
                None => batch.push_fault(start, "hex has two digits for each octet, and one is missing"),
            }
            return;
        }
        let even = digits.len() / 2 * 2;
        let whole = octets(digits.get(..even).unwrap_or_default()).unwrap_or_default();
        let (used, fault) = messages(&whole, start, batch);
        if let Some(what) = fault {
            batch.push_fault(start, what);
            return;
        }
        let rest = digits.get(2 * used..).unwrap_or_default();
        if !rest.is_empty() {
            self.open = Open::Message(if used == 0 { start } else { place }, rest.to_vec());
        }
    }

    /// Nothing goes on with what the lines so far have begun.
    fn close(&mut self, batch: &mut Batch) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing | Open::Spoiled => {}
            Open::Message(place, digits) => {
                let have = digits.len() / 2;
                let octets = octets(digits.get(..2 * have).unwrap_or_default()).unwrap_or_default();
                batch.push_fault(place, incomplete(&octets));
            }
            Open::Block(block) => block.finish(batch),
        }
    }
}

/// Whether these digits may be the beginning of a message with a header.
fn begins_with_marker(digits: &[u8]) -> bool {
    digits.iter().take(2 * MARKER).all(|digit| *digit == 0xf)
}

/// Octets of digits; `None` where one is missing.
fn octets(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
