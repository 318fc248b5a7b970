//! BGP in one direction of a connection: where a message begins (RFC 4271 §4.1), and where the next one does after octets that
//! are missing.

use std::fmt::Write;

use holdtime_core::wire::Framer;
use holdtime_core::wire::frame::{HEADER, kind};
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;

use super::reassembly::Piece;
use super::stamp::Stamp;

const MARKER: usize = 16;

/// What is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed<'a> {
    /// A message, header included, and the packet with which it was complete.
    Message(&'a [u8], Stamp),
    /// Octets that are no message, and why.
    Trouble(&'a str, Stamp),
}

/// Cuts the octets of one direction into messages.
#[derive(Debug)]
pub(super) struct MessageScanner {
    state: State,
    /// Octets that were not used yet.
    pending: Vec<u8>,
    /// The packet that the last of them came with.
    stamp: Option<Stamp>,
    /// What is to be told of once the next message is found.
    trouble: StreamTrouble,
    /// One of the ports is BGP's, so that a marker needs no second one behind its message.
    trusted: bool,
    /// Whether a message was found.
    is_bgp: bool,
    /// When a message was complete whose confirmation was waited for.
    complete: Option<Stamp>,
    /// A message was found within something else, so that what looks like one may be one of another protocol's.
    carried: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The connection's first octets: a marker, or it is no BGP.
    First,
    /// A message begins here.
    Synchronised,
    /// A message begins somewhere.
    Searching,
    /// This is no BGP.
    Other,
}

/// Why a message had to be searched for.
#[derive(Debug, Default)]
struct StreamTrouble {
    /// The first packet behind it.
    stamp: Option<Stamp>,
    /// The capture began after the connection.
    late: bool,
    missing: u64,
    cut: u64,
    /// What was wrong with a header.
    header: Option<&'static str>,
    /// Octets that were passed over.
    skipped: u64,
}

impl MessageScanner {
    /// `first`: the connection's first octet is the first that will come. `trusted`: one of its ports is BGP's.
    pub(super) fn new(first: bool, trusted: bool) -> Self {
        Self {
            state: if first { State::First } else { State::Searching },
            pending: Vec::new(),
            stamp: None,
            trouble: StreamTrouble { late: !first, ..StreamTrouble::default() },
            trusted,
            is_bgp: false,
            complete: None,
            carried: false,
        }
    }

    /// Whether nothing here is BGP.
    pub(super) fn is_other(&self) -> bool {
        self.state == State::Other
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.trusted
    }

    pub(super) fn take(&mut self, piece: Piece<'_>, found: &mut dyn FnMut(Framed<'_>)) {
        match piece {
            _ if self.is_other() => {}
            Piece::Octets(octets, stamp) => {
                self.pending.extend_from_slice(octets);
                self.stamp = self.stamp.max(Some(stamp));
                self.cut(found);
            }
            Piece::Missing(octets, stamp) => {
                self.lose(stamp, found);
                self.trouble.missing += octets;
            }
            Piece::Cut(octets, stamp) => {
                self.lose(stamp, found);
                self.trouble.cut += octets;
            }
        }
    }

    /// What begins in what is pending does not go on.
    fn lose(&mut self, stamp: Stamp, found: &mut dyn FnMut(Framed<'_>)) {
        self.settle(found);
        self.trouble.skipped += self.pending.len() as u64;
        self.trouble.stamp.get_or_insert(stamp);
        self.pending.clear();
        self.state = State::Searching;
    }

    /// Nothing more comes. `closed`: because the connection was closed.
    pub(super) fn end(&mut self, closed: bool, found: &mut dyn FnMut(Framed<'_>)) {
        self.settle(found);
        let Some(stamp) = self.stamp.filter(|_| self.is_bgp || self.trusted) else { return };
        if self.state == State::Searching {
            self.trouble.skipped += self.pending.len() as u64;
            self.pending.clear();
        }
        if let Some(why) = self.trouble.words(", and no message follows") {
            found(Framed::Trouble(&why, self.trouble.stamp.unwrap_or(stamp)));
        }
        if !self.pending.is_empty() {
            let have = self.pending.len();
            let of = match length(&self.pending) {
                Some(length) => format!("{have} octets of a message of {length}"),
                None => format!("{have} octets of the header of a message"),
            };
            let what = if closed { "the connection was closed after" } else { "the capture ends after" };
            found(Framed::Trouble(&format!("{what} {of}"), stamp));
        }
        self.pending.clear();
        self.trouble = StreamTrouble::default();
    }

    /// Takes what looks like a message though nothing behind it confirms that: nothing more comes.
    fn settle(&mut self, found: &mut dyn FnMut(Framed<'_>)) {
        if self.state == State::Searching && !self.trusted && !self.carried {
            self.trusted = true;
            self.cut(found);
            self.trusted = false;
        }
    }

    /// Takes the messages out of what is pending.
    fn cut(&mut self, found: &mut dyn FnMut(Framed<'_>)) {
        let mut pending = std::mem::take(&mut self.pending);
        let mut used = 0;
        while let Some(rest) = pending.get(used..).filter(|rest| !rest.is_empty()) {
            let taken = match self.state {
                State::First => self.first(rest),
                State::Synchronised => self.next(rest, found),
                State::Searching => self.search(rest),
                State::Other => Some(rest.len()),
            };
            match taken {
                Some(taken) => used += taken,
                None => break,
            }
        }
        pending.drain(..used.min(pending.len()));
        self.pending = pending;
    }

    /// Decides whether a connection that begins so is BGP. Each of these returns how many octets were used; `None`: more are needed.
    fn first(&mut self, rest: &[u8]) -> Option<usize> {
        if !rest.iter().take(MARKER).all(|octet| *octet == 0xff) {
            self.state = if self.trusted { State::Searching } else { State::Other };
            self.trouble.header = Some("the connection does not begin with a marker");
            self.trouble.stamp = self.stamp;
            return Some(0);
        }
        if rest.len() < HEADER {
            return None;
        }
        self.state = if is_header(rest) || self.trusted { State::Synchronised } else { State::Other };
        Some(0)
    }

    fn next(&mut self, rest: &[u8], found: &mut dyn FnMut(Framed<'_>)) -> Option<usize> {
        let stamp = self.stamp?;
        let unmarked = rest.iter().take(MARKER).any(|octet| *octet != 0xff);
        match Framer::new(rest, MAX_EXTENDED_MESSAGE).next_frame() {
            Ok(Some(frame)) => {
                if let Some(why) = self.trouble.words(" up to this message") {
                    found(Framed::Trouble(&why, self.trouble.stamp.unwrap_or(stamp)));
                }
                self.trouble = StreamTrouble::default();
                self.is_bgp = true;
                let stamp = self.complete.take().unwrap_or(stamp);
                found(Framed::Message(frame.message(), stamp));
                Some(frame.message().len())
            }
            Ok(None) if !unmarked => None,
            error => {
                self.trouble.header =
                    Some(error.err().map_or("the marker is not all ones", |error| error.what));
                self.trouble.stamp = Some(stamp);
                self.trouble.skipped += 1;
                self.state = State::Searching;
                Some(1)
            }
        }
    }

    /// Looks for a marker with a sound header.
    fn search(&mut self, rest: &[u8]) -> Option<usize> {
        self.trouble.stamp = self.trouble.stamp.or(self.stamp);
        let Some(start) = marker(rest) else {
            // What may be the beginning of a marker stays.
            let ones = rest.iter().rev().take(MARKER).take_while(|octet| **octet == 0xff).count();
            return self.pass_over(rest.len() - ones);
        };
        if start > 0 {
            return self.pass_over(start);
        }
        if rest.len() < HEADER {
            return None;
        }
        if !is_header(rest) {
            return self.pass_over(1);
        }
        if !self.trusted && !self.is_bgp {
            // Other protocols carry messages of BGP (RFC 7854): in BGP a marker follows.
            let behind = rest.get(length(rest)?..)?;
            if behind.is_empty() {
                self.complete = self.complete.or(self.stamp);
                return None;
            }
            if behind.iter().take(MARKER).any(|octet| *octet != 0xff) {
                self.carried = true;
                self.complete = None;
                return self.pass_over(MARKER);
            }
        }
        self.state = State::Synchronised;
        Some(0)
    }

    fn pass_over(&mut self, octets: usize) -> Option<usize> {
        self.trouble.skipped += octets as u64;
        (octets > 0).then_some(octets)
    }
}

impl StreamTrouble {
    /// What happened, and that so much was passed over `until` something. `None`: nothing happened.
    fn words(&self, until: &str) -> Option<String> {
        let mut words = String::new();
        let mut say = |what: &str| {
            let comma = if words.is_empty() { "" } else { ", " };
            let _ = write!(words, "{comma}{what}");
        };
        if let Some(header) = self.header {
            say(header);
        }
        if self.missing > 0 {
            say(&format!("{} were not captured", octets(self.missing)));
        }
        if self.cut > 0 {
            say(&format!("{} were cut off when they were captured", octets(self.cut)));
        }
        if self.late && self.header.is_none() && self.missing + self.cut == 0 && self.skipped > 0 {
            say("the capture began after the connection");
        }
        if words.is_empty() {
            return None;
        }
        let _ = write!(words, "; {} are passed over{until}", octets(self.skipped));
        Some(words)
    }
}

fn octets(number: u64) -> String {
    if number == 1 { "1 octet".to_owned() } else { format!("{number} octets") }
}

/// The length that a message says it has.
fn length(message: &[u8]) -> Option<usize> {
    message.get(MARKER..)?.first_chunk().map(|octets| usize::from(u16::from_be_bytes(*octets)))
}

/// Where a marker begins whose length is below 65,280 octets, so that it ends where the ones end; or where one may begin that has not ended yet.
fn marker(octets: &[u8]) -> Option<usize> {
    let mut ones = 0;
    for (at, octet) in octets.iter().enumerate() {
        match octet {
            0xff => ones += 1,
            _ if ones >= MARKER => return Some(at - MARKER),
            _ => ones = 0,
        }
    }
    None
}

/// Whether a header that the protocol knows stands here (RFC 4271 §4.1, §6.1).
fn is_header(octets: &[u8]) -> bool {
    let known = octets.get(HEADER - 1).is_some_and(|kind| (kind::OPEN..=kind::OPERATIONAL).contains(kind));
    known && Framer::new(octets, MAX_EXTENDED_MESSAGE).next_frame().is_ok()
}
