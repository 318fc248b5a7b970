//! Reading, writing, connecting and accepting: bounded amounts, so that nobody waits for long behind anybody
//! else.

use std::net::IpAddr;

use holdtime_core::speaker::{ClosedKind, Input};
use holdtime_core::time::Now;

use holdtime_host::{Host, IoError, ListenerId, StreamId};

use super::{ACCEPT_BUDGET, ACCEPT_PAUSE, Driver, LAST_READS, Stream, StreamKind, WRITE_BUDGET};
use crate::event_log::EventLog;

impl<H: Host + EventLog> Driver<H> {
    /// Reads once, at most [`READ_BUDGET`](super::READ_BUDGET) octets, and feeds the core what came: bytes,
    /// the end or an error. What the core does not want is left in the kernel.
    pub fn read_stream(&mut self, now: Now, stream: StreamId) {
        self.read_once(now, stream);
    }

    /// The same; whether bytes came, after which there may be more.
    fn read_once(&mut self, now: Now, stream: StreamId) -> bool {
        let Some(state) = self.streams.get_mut(&stream).filter(|state| state.read && !state.ended) else {
            return false;
        };
        match self.host.read(stream, &mut self.buffer) {
            Ok(0) => {
                state.ended = true;
                self.update_interest(stream);
                self.feed(now, Input::Closed { stream, how: ClosedKind::ReadEnd });
            }
            Ok(count) => {
                // The buffer leaves `self` while the core reads it, since `feed` needs all of `self`.
                let buffer = std::mem::take(&mut self.buffer);
                self.feed(now, Input::Received { stream, data: &buffer[..count] });
                self.buffer = buffer;
                return true;
            }
            Err(IoError::WouldBlock) => {}
            Err(error) => self.broken(now, stream, error),
        }
        false
    }

    /// Writes what a stream that can take more has left from before.
    pub fn resume_stream(&mut self, now: Now, stream: StreamId) {
        let Some(state) = self.streams.get_mut(&stream) else { return };
        if std::mem::take(&mut state.blocked) {
            self.write_stream(now, stream);
            self.update_interest(stream);
        }
    }

    /// Tells the core that a stream can take more, and writes that; what is left from before goes first.
    pub fn fill_stream(&mut self, now: Now, stream: StreamId) {
        let Some(state) = self.streams.get_mut(&stream) else { return };
        state.blocked = false;
        self.write_stream(now, stream);
        let wanted = |state: &Stream| state.write && !state.blocked && !state.refused;
        if self.streams.get(&stream).is_some_and(wanted) {
            self.feed(now, Input::Writable { stream, budget: WRITE_BUDGET });
            self.write_stream(now, stream);
        }
        self.update_interest(stream);
    }

    /// Writes what the core has ready for a stream: until nothing is left, the stream takes no more, or its
    /// budget is spent. What is left then goes out when the stream is writable. Returns whether anything was
    /// written or went wrong.
    pub fn write_stream(&mut self, now: Now, stream: StreamId) -> bool {
        let mut written = 0;
        while self.streams.get(&stream).is_some_and(|state| !state.blocked && !state.refused) {
            let Some(bytes) = self.speaker.poll_transmit(stream).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            if written >= WRITE_BUDGET {
                self.block(stream);
                break;
            }
            let offered = bytes.len();
            match self.host.write(stream, bytes) {
                Ok(count) => {
                    written += count;
                    if count < offered {
                        self.block(stream);
                    }
                    self.feed(now, Input::Sent { stream, count });
                }
                Err(IoError::WouldBlock) => self.block(stream),
                Err(error) => {
                    self.write_failed(now, stream, error);
                    return true;
                }
            }
        }
        written > 0
    }

    /// Collects the outcome of an attempt to connect and feeds it to the core.
    pub fn finish_connect(&mut self, now: Now, stream: StreamId) {
        if !self.streams.contains_key(&stream) {
            return;
        }
        match self.host.finish_connect(stream) {
            Ok(ends) => {
                self.open(stream, StreamKind::Connection, Some(ends.remote.ip()));
                self.feed(now, Input::Connected { stream, local: ends.local, remote: ends.remote });
            }
            Err(IoError::WouldBlock) => {}
            Err(error) => {
                self.streams.remove(&stream);
                self.feed(now, Input::ConnectFailed { stream, error });
            }
        }
    }

    /// Takes connections from a backlog, at most [`ACCEPT_BUDGET`], and feeds them to the core.
    ///
    /// An error is one connection's as a rule: Linux hands out here what became of it since (accept(2) names eight), and
    /// a firewall or a security module may refuse one. So the next one is tried. A listener of which nothing but errors
    /// comes is closed, for the core to open again. Without a file descriptor to spare it rests for [`ACCEPT_PAUSE`]: the
    /// connection would stay acceptable, and the reactor busy.
    pub fn accept_all(&mut self, now: Now, listener: ListenerId) {
        let mut failures = 0;
        for _ in 0..ACCEPT_BUDGET {
            let stream = StreamId::accepted(self.accepted);
            match self.host.accept(listener, stream) {
                Ok(ends) => {
                    self.accepted += 1;
                    let (local, remote) = (ends.local, ends.remote);
                    self.drain_received(now, remote.ip());
                    self.open(stream, StreamKind::Connection, Some(remote.ip()));
                    self.feed(now, Input::Accepted { stream, listener, local, remote });
                }
                Err(IoError::ConnectionAborted) => {}
                Err(IoError::WouldBlock | IoError::NotConnected) => return,
                Err(error @ IoError::TooManyFiles) => {
                    if let Some(state) = self.listeners.get_mut(&listener) {
                        state.rests_until = Some(now.monotonic + ACCEPT_PAUSE);
                        self.host.set_accepting(listener, false);
                    }
                    return self.feed(now, Input::AcceptFailed { listener, error });
                }
                Err(error) => {
                    failures += 1;
                    if failures == ACCEPT_BUDGET {
                        self.listeners.remove(&listener);
                        self.host.unlisten(listener);
                        return self.feed(now, Input::ListenFailed { listener, error });
                    }
                    if failures == 1 {
                        self.feed(now, Input::AcceptFailed { listener, error });
                    }
                }
            }
        }
    }

    /// Reads what the older connections of a machine have to say, before a new one of it is taken: it may have reset the one
    /// and dialled the other at once, and would be refused for the session that it has lost.
    fn drain_received(&mut self, now: Now, remote: IpAddr) {
        let older = self.streams.iter().filter(|(_, state)| state.remote == Some(remote));
        let older: Vec<StreamId> = older.map(|(stream, _)| *stream).collect();
        for stream in older {
            for _ in 0..LAST_READS {
                if !self.read_once(now, stream) {
                    break;
                }
            }
        }
    }

    /// Remembers that a stream takes no more for now, and asks to be told when it does.
    fn block(&mut self, stream: StreamId) {
        if let Some(state) = self.streams.get_mut(&stream) {
            state.blocked = true;
        }
        self.update_interest(stream);
    }

    /// A connection that cannot be written is gone; a program that has closed its standard input may still
    /// talk.
    fn write_failed(&mut self, now: Now, stream: StreamId, error: IoError) {
        let Some(state) = self.streams.get_mut(&stream) else { return };
        if error == IoError::BrokenPipe && state.kind != StreamKind::Connection {
            state.refused = true;
            self.update_interest(stream);
            self.feed(now, Input::Closed { stream, how: ClosedKind::WriteEnd });
        } else {
            // The NOTIFICATION that says why may still lie unread.
            self.read_stream(now, stream);
            self.broken(now, stream, error);
        }
    }

    /// Tells the core that a stream is gone, once; it stays known until the core closes it.
    fn broken(&mut self, now: Now, stream: StreamId, error: IoError) {
        let Some(state) = self.streams.get_mut(&stream).filter(|state| !(state.ended && state.refused))
        else {
            return;
        };
        (state.ended, state.refused) = (true, true);
        self.update_interest(stream);
        self.feed(now, Input::Closed { stream, how: ClosedKind::Broken(error) });
    }
}
