//! One connection or one pair of pipes while a run is collected: what was written and read at either end, cut into whole messages or lines.

use std::collections::VecDeque;

use holdtime_core::Instant;
use holdtime_core::session::negotiate;
use holdtime_core::wire::frame::Framer;
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{MessageView, Negotiated, Open};

use crate::scenario::codec::{OPEN, kind, take_messages};
use crate::scenario::pipe_lines::take_lines;
use crate::timeline::words::{message_words, usual_terms};
use crate::timeline::{Happening, TimelineEvent};

/// A message or a line, in words.
#[derive(Debug)]
pub(crate) struct Said {
    /// Its number in this run.
    pub(crate) id: u64,
    pub(crate) text: String,
    pub(crate) detail: String,
    pub(crate) octets: u64,
}

impl From<Said> for Happening {
    fn from(Said { id, text, detail, octets }: Said) -> Self {
        Self::Sent { id, text, detail, octets }
    }
}

/// Which end of a channel: the one that dialled or started the program, or the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelEnd {
    First,
    Second,
}

/// What travels in one direction.
#[derive(Clone, Debug, Default)]
struct Travelling {
    /// Octets of a message that has not been written, and of one that has not been read, as a whole.
    written: Vec<u8>,
    read: Vec<u8>,
    /// What was written as a whole and not read yet.
    under_way: VecDeque<(u64, String)>,
    /// Octets that were written and not read yet.
    octets: u64,
    /// The last OPEN.
    open: Option<Open>,
}

/// A connection, or a program's pipes.
#[derive(Clone, Debug)]
pub(crate) struct ChannelLog {
    speaks_bgp: bool,
    from_first: Travelling,
    from_second: Travelling,
    /// What the messages of the first end are read by, and those of the second one.
    terms: [Negotiated; 2],
}

impl ChannelLog {
    pub(crate) fn new(speaks_bgp: bool) -> Self {
        let terms = if speaks_bgp { usual_terms() } else { Negotiated::default() };
        Self {
            speaks_bgp,
            from_first: Travelling::default(),
            from_second: Travelling::default(),
            terms: [terms.clone(), terms],
        }
    }

    /// Octets from this end that have not been read at the other one.
    pub(crate) fn on_the_way(&self, from: ChannelEnd) -> u64 {
        match from {
            ChannelEnd::First => self.from_first.octets,
            ChannelEnd::Second => self.from_second.octets,
        }
    }

    /// This end has written; the whole messages or lines that came of it, numbered from `next` on.
    pub(crate) fn write(&mut self, end: ChannelEnd, octets: &[u8], next: &mut u64) -> Vec<Said> {
        let speaks_bgp = self.speaks_bgp;
        let (way, index) = self.way(end);
        way.octets += octets.len() as u64;
        way.written.extend_from_slice(octets);
        let whole = take_whole(&mut way.written, speaks_bgp);
        let mut said = Vec::new();
        for one in whole {
            let (text, detail) = if speaks_bgp {
                self.take_open(end, &one);
                message_words(&one, &self.terms[index])
            } else {
                (String::from_utf8_lossy(&one).into_owned(), String::new())
            };
            let id = *next;
            *next += 1;
            self.way(end).0.under_way.push_back((id, text.clone()));
            said.push(Said { id, text, detail, octets: one.len() as u64 });
        }
        said
    }

    /// The other end has read what this one wrote; the messages or lines that are whole there.
    pub(crate) fn read(&mut self, from: ChannelEnd, octets: &[u8]) -> Vec<(u64, String)> {
        let speaks_bgp = self.speaks_bgp;
        let way = self.way(from).0;
        way.octets = way.octets.saturating_sub(octets.len() as u64);
        way.read.extend_from_slice(octets);
        let count = take_whole(&mut way.read, speaks_bgp).len();
        (0..count).filter_map(|_| way.under_way.pop_front()).collect()
    }

    /// What this end wrote the other one has read at once; what became whole at either, by the lanes of this end and of the other.
    pub(crate) fn pass(
        &mut self,
        at: Instant,
        from: ChannelEnd,
        octets: &[u8],
        (lane, with): (usize, usize),
        next: &mut u64,
    ) -> Vec<TimelineEvent> {
        let (said, arrived) = (self.write(from, octets, next), self.read(from, octets));
        let said = said.into_iter().map(|one| TimelineEvent { at, lane, with: Some(with), what: one.into() });
        let arrived = arrived.into_iter().map(|(id, text)| {
            let what = Happening::Arrived { id, text };
            TimelineEvent { at, lane: with, with: Some(lane), what }
        });
        said.chain(arrived).collect()
    }

    fn way(&mut self, from: ChannelEnd) -> (&mut Travelling, usize) {
        match from {
            ChannelEnd::First => (&mut self.from_first, 0),
            ChannelEnd::Second => (&mut self.from_second, 1),
        }
    }

    /// Once both OPENs are known, UPDATEs are read by what they agree on.
    fn take_open(&mut self, end: ChannelEnd, message: &[u8]) {
        if kind(message) != OPEN {
            return;
        }
        let frame = Framer::new(message, MAX_EXTENDED_MESSAGE).next_frame();
        let Ok(Some(frame)) = frame else { return };
        let Ok(MessageView::Open(open)) = MessageView::decode(frame, &Negotiated::default()) else { return };
        self.way(end).0.open = Some(open);
        if let (Some(first), Some(second)) = (&self.from_first.open, &self.from_second.open) {
            self.terms = [negotiate(second, first), negotiate(first, second)];
        }
    }
}

/// Takes out what is whole.
fn take_whole(octets: &mut Vec<u8>, speaks_bgp: bool) -> Vec<Vec<u8>> {
    let mut whole = Vec::new();
    if speaks_bgp {
        take_messages(octets, |message| whole.push(message.to_vec()));
    } else {
        take_lines(octets, |line| whole.push(line.as_bytes().to_vec()));
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_arrives_once_all_of_it_is_read_under_the_number_that_it_was_sent_with() {
        let mut channel = ChannelLog::new(false);
        let mut next = 5;
        let said = channel.write(ChannelEnd::Second, b"version\nver", &mut next);
        assert_eq!((said.len(), said[0].id, said[0].text.as_str(), next), (1, 5, "version", 6));
        assert_eq!(channel.on_the_way(ChannelEnd::Second), 11);
        assert_eq!(channel.read(ChannelEnd::Second, b"vers"), []);
        assert_eq!(channel.read(ChannelEnd::Second, b"ion\nver"), [(5, "version".to_owned())]);
        assert_eq!(channel.on_the_way(ChannelEnd::Second), 0);
        assert_eq!(channel.on_the_way(ChannelEnd::First), 0);
    }
}
