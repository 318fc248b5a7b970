//! The streams that are open: whose they are, what waits to be sent on them, and what is wanted of them.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use holdtime_host::{CloseKind, StreamId};

use super::action::Action;
use super::id::NeighborId;
use crate::session::Direction;
use crate::time::{Duration, Instant};

/// How long what was queued before a connection was closed may take to leave.
const LINGER: Duration = Duration::from_secs(2);

/// Whose a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A session's connection.
    Session(NeighborId, Direction),
    /// A connection that awaits the peer's OPEN.
    AwaitingOpen,
    /// Nobody's any more: what waits is sent until then, and the stream is closed.
    Leaving(Instant),
}

/// A stream and what waits on it.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) owner: Owner,
    /// Since when something waits to be sent without a break.
    pub(super) waiting_since: Option<Instant>,
    out: Outbox,
    read: bool,
    write: bool,
}

/// Octets to send, the messages in them still recognisable.
#[derive(Clone, Debug, Default)]
struct Outbox {
    octets: Vec<u8>,
    /// Up to where they are sent.
    sent: usize,
    /// Where the first message that is not entirely sent begins.
    head: usize,
    /// Up to where the host was offered them. What it did not take of these, the connection does not take for now.
    offered: usize,
}

/// Every open stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    open: BTreeMap<StreamId, Stream>,
    opened: u64,
    ready: BTreeSet<StreamId>,
    /// Those that are [`Leaving`](Owner::Leaving).
    leaving: BTreeSet<StreamId>,
}

impl Streams {
    /// A new stream of `owner`'s, for an action that opens it.
    pub(super) fn open(&mut self, owner: Owner) -> StreamId {
        let id = self.next_id();
        self.adopt(id, owner);
        id
    }

    /// The number of a new stream that is not kept here: a program's.
    pub(super) fn next_id(&mut self) -> StreamId {
        self.opened += 1;
        StreamId::opened(self.opened - 1)
    }

    /// Forgets a stream that the host has closed already.
    pub(super) fn forget(&mut self, id: StreamId) {
        self.open.remove(&id);
        self.ready.remove(&id);
        self.leaving.remove(&id);
    }

    /// A stream that the host has accepted.
    pub(super) fn adopt(&mut self, id: StreamId, owner: Owner) {
        let out = Outbox::default();
        self.open.insert(id, Stream { owner, waiting_since: None, out, read: false, write: false });
    }

    /// Whose it is; `None`: it is closed.
    pub(super) fn owner(&self, id: StreamId) -> Option<Owner> {
        self.open.get(&id).map(|stream| stream.owner)
    }

    /// Every open stream.
    pub(super) fn iter(&self) -> impl Iterator<Item = (StreamId, &Stream)> {
        self.open.iter().map(|(id, stream)| (*id, stream))
    }

    /// Whether none is open.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Lets `write` add octets to what is to be sent, whole messages or whole lines.
    pub(super) fn queue(&mut self, now: Instant, id: StreamId, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(stream) = self.open.get_mut(&id) else { return };
        stream.out.make_room();
        write(&mut stream.out.octets);
        if stream.out.unsent() > 0 {
            stream.waiting_since.get_or_insert(now);
            self.ready.insert(id);
        }
    }

    /// How many octets wait.
    pub(super) fn unsent(&self, id: StreamId) -> usize {
        self.open.get(&id).map_or(0, |stream| stream.out.unsent())
    }

    /// How many octets wait, and since when; `None`: none do.
    pub(super) fn waiting(&self, id: StreamId) -> Option<(usize, Instant)> {
        let stream = self.open.get(&id)?;
        Some((stream.out.unsent(), stream.waiting_since?))
    }

    /// Whether such a message waits behind all others, and nothing of it has left.
    pub(super) fn waits_last(&self, id: StreamId, message: &[u8]) -> bool {
        self.transmit(id).is_some_and(|octets| octets.ends_with(message))
    }

    /// The octets that wait.
    pub(super) fn transmit(&self, id: StreamId) -> Option<&[u8]> {
        let out = &self.open.get(&id)?.out;
        out.octets.get(out.sent..).filter(|octets| !octets.is_empty())
    }

    /// A stream with something to send that was not named since more was added.
    pub(super) fn poll_ready(&mut self) -> Option<StreamId> {
        let id = self.ready.pop_first()?;
        if let Some(stream) = self.open.get_mut(&id) {
            stream.out.offered = stream.out.octets.len();
        }
        Some(id)
    }

    /// Whether the host was offered octets that it has not taken.
    pub(super) fn is_stuck(&self, id: StreamId) -> bool {
        self.open.get(&id).is_some_and(|stream| stream.out.is_stuck())
    }

    /// The first `count` octets are sent. Returns whether that completed a BGP message.
    pub(super) fn consume(&mut self, now: Instant, id: StreamId, count: usize) -> bool {
        let Some(stream) = self.open.get_mut(&id) else { return false };
        let completed = stream.out.consume(count, matches!(stream.owner, Owner::Session(..)));
        match stream.out.unsent() {
            0 => stream.waiting_since = None,
            _ if count > 0 => stream.waiting_since = Some(now),
            _ => {}
        }
        completed
    }

    /// Forgets the messages of which nothing is sent yet, where the connection takes no more. What was not even offered to it
    /// is not to be lost: our OPEN, say, where the NOTIFICATION follows in the same turn.
    pub(super) fn discard_refused(&mut self, id: StreamId) {
        if let Some(stream) = self.open.get_mut(&id).filter(|stream| stream.out.is_stuck()) {
            stream.out.discard_whole_messages();
        }
    }

    /// Says what is wanted of a stream, if that is new.
    pub(super) fn set_interest(
        &mut self,
        id: StreamId,
        read: bool,
        write: bool,
        actions: &mut VecDeque<Action>,
    ) {
        let Some(stream) = self.open.get_mut(&id) else { return };
        if (stream.read, stream.write) != (read, write) {
            (stream.read, stream.write) = (read, write);
            actions.push_back(Action::Interest { stream: id, read, write });
        }
    }

    /// Ends a stream once what waits is sent, or [`LINGER`] has passed. Where nothing was taken for so long already, what waits
    /// will not be taken either, and the end is not put off (RFC 9687 §3.3).
    pub(super) fn leave(&mut self, now: Instant, id: StreamId, actions: &mut VecDeque<Action>) {
        match self.waiting(id) {
            None => return self.close(id, CloseKind::Graceful, actions),
            Some((_, since)) if since + LINGER <= now => return self.close(id, CloseKind::Reset, actions),
            Some(_) => {}
        }
        if let Some(stream) = self.open.get_mut(&id) {
            stream.owner = Owner::Leaving(now + LINGER);
            self.leaving.insert(id);
        }
        self.set_interest(id, false, false, actions);
    }

    /// Ends a stream now.
    pub(super) fn close(&mut self, id: StreamId, how: CloseKind, actions: &mut VecDeque<Action>) {
        if self.open.contains_key(&id) {
            self.forget(id);
            actions.push_back(Action::Close { stream: id, how });
        }
    }

    /// Closes the streams that had to leave by `now`, and those that have sent everything.
    pub(super) fn close_departed(&mut self, now: Instant, actions: &mut VecDeque<Action>) {
        let departed = |stream: &Stream| match stream.owner {
            Owner::Leaving(_) if stream.out.unsent() == 0 => Some(CloseKind::Graceful),
            Owner::Leaving(until) if until <= now => Some(CloseKind::Reset),
            Owner::Leaving(_) | Owner::Session(..) | Owner::AwaitingOpen => None,
        };
        let leaving = self.leaving.iter().filter_map(|id| Some((*id, departed(self.open.get(id)?)?)));
        for (id, how) in leaving.collect::<Vec<_>>() {
            self.close(id, how, actions);
        }
    }

    /// When [`Streams::close_departed`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let until = |stream: &Stream| match stream.owner {
            Owner::Leaving(until) => Some(until),
            Owner::Session(..) | Owner::AwaitingOpen => None,
        };
        self.leaving.iter().filter_map(|id| until(self.open.get(id)?)).min()
    }
}

impl Outbox {
    fn unsent(&self) -> usize {
        self.octets.len() - self.sent
    }

    fn is_stuck(&self) -> bool {
        self.offered > self.sent
    }

    /// Forgets what is sent, once that is most of what is kept: each octet is moved once on average.
    fn make_room(&mut self) {
        if self.head > self.octets.len() / 2 {
            self.octets.drain(..self.head);
            self.sent -= self.head;
            self.offered = self.offered.saturating_sub(self.head);
            self.head = 0;
        }
    }

    fn consume(&mut self, count: usize, messages: bool) -> bool {
        self.sent = self.octets.len().min(self.sent + count);
        let before = self.head;
        if messages {
            while let Some(next) = self.message_end(self.head).filter(|next| *next <= self.sent) {
                self.head = next;
            }
        } else {
            self.head = self.sent;
        }
        let completed = self.head > before;
        if self.head == self.octets.len() {
            self.octets.clear();
            // A burst of routes need not keep its room for ever.
            self.octets.shrink_to(1 << 17);
            (self.sent, self.head, self.offered) = (0, 0, 0);
        }
        completed
    }

    fn discard_whole_messages(&mut self) {
        let keep = if self.sent > self.head { self.message_end(self.head) } else { Some(self.sent) };
        if let Some(keep) = keep {
            self.octets.truncate(keep);
            self.offered = self.offered.min(keep);
        }
    }

    /// Where the message that begins at `start` ends (RFC 4271 §4.1).
    fn message_end(&self, start: usize) -> Option<usize> {
        let length = self.octets.get(start + 16..start + 18)?;
        Some(start + usize::from(u16::from_be_bytes(length.try_into().ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::ZERO;

    /// A message of `length` octets.
    fn message(length: u16) -> Vec<u8> {
        let mut octets = alloc::vec![0xff; 16];
        octets.extend(length.to_be_bytes());
        octets.resize(usize::from(length), 7);
        octets
    }

    fn connection(messages: &[u16]) -> (Streams, StreamId) {
        let mut streams = Streams::default();
        let id = streams.open(Owner::Session(NeighborId::new(0), Direction::Outgoing));
        for length in messages {
            streams.queue(NOW, id, |out| out.extend(message(*length)));
        }
        (streams, id)
    }

    #[test]
    fn a_message_counts_as_sent_with_its_last_octet() {
        let (mut streams, id) = connection(&[19, 30]);
        assert!(!streams.consume(NOW, id, 18));
        assert!(streams.consume(NOW, id, 1));
        assert!(!streams.consume(NOW, id, 29));
        assert!(streams.consume(NOW, id, 1));
        assert_eq!(streams.transmit(id), None);
    }

    #[test]
    fn what_is_discarded_is_whole_messages_and_never_the_rest_of_one() {
        let (mut streams, id) = connection(&[19, 30, 40]);
        streams.poll_ready();
        streams.consume(NOW, id, 25);
        streams.discard_refused(id);
        assert_eq!(streams.unsent(id), 24);
        let (mut streams, id) = connection(&[19, 30]);
        streams.poll_ready();
        streams.consume(NOW, id, 19);
        streams.discard_refused(id);
        assert_eq!(streams.unsent(id), 0);
    }

    #[test]
    fn what_was_not_offered_yet_is_never_discarded() {
        let (mut streams, id) = connection(&[19]);
        streams.poll_ready();
        streams.consume(NOW, id, 19);
        streams.queue(NOW, id, |out| out.extend(message(30)));
        streams.discard_refused(id);
        assert_eq!((streams.unsent(id), streams.is_stuck(id)), (30, false));
        streams.poll_ready();
        assert!(streams.is_stuck(id));
    }

    #[test]
    fn a_stream_that_leaves_is_closed_when_all_is_sent_or_reset_when_it_takes_too_long() {
        let mut actions = VecDeque::new();
        let (mut streams, id) = connection(&[19]);
        streams.leave(NOW, id, &mut actions);
        assert_eq!(streams.poll_timeout(), Some(NOW + LINGER));
        streams.close_departed(NOW, &mut actions);
        assert!(actions.is_empty());
        streams.consume(NOW, id, 19);
        streams.close_departed(NOW, &mut actions);
        assert_eq!(actions.pop_front(), Some(Action::Close { stream: id, how: CloseKind::Graceful }));

        let (mut streams, id) = connection(&[19]);
        streams.leave(NOW, id, &mut actions);
        streams.close_departed(NOW + LINGER, &mut actions);
        assert_eq!(actions.pop_front(), Some(Action::Close { stream: id, how: CloseKind::Reset }));
    }

    #[test]
    fn a_stream_that_has_taken_nothing_for_long_is_reset_at_once() {
        let mut actions = VecDeque::new();
        let (mut streams, id) = connection(&[19]);
        streams.leave(NOW + LINGER, id, &mut actions);
        assert_eq!(actions.pop_front(), Some(Action::Close { stream: id, how: CloseKind::Reset }));
    }
}
