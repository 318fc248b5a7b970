//! One TCP connection, as a state machine without I/O: segments, calls and the time go in, segments come out.
//!
//! It models what an application can see of Linux's TCP: the handshake and its failures, byte-accurate buffers that
//! only the reader and the acknowledgement free, the zero window with its probes, window updates, retransmission with
//! back-off (so that a partition heals or times out), FIN in each direction, RST, and the order in which data, end and
//! error are told. Of the congestion window it has what an application can see: once the retransmission timer has struck, it is
//! one segment, so that nothing new leaves before something is acknowledged. It has no SACK and no delayed acknowledgement.
//!
//! Which socket a segment belongs to, listeners and ports are [`network`](super::network)'s business; what happens to a
//! segment on its way is [`link`](super::link)'s.

mod input;
mod output;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use holdtime_host::time::Instant;

use holdtime_host::IoError;

use super::segment::{Flags, Segment};
use super::timer::{ConnectionPhase, TimerKind, Timing};
use super::{Kernel, SocketOptions};
use crate::octets::take_front;

/// RFC 9293 §3.3.2's states, without LISTEN, which is a socket of its own kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TcpState {
    /// SYN sent, nothing heard.
    SynSent,
    /// SYN heard and answered.
    SynReceived,
    /// Both directions open.
    Established,
    /// Our FIN is queued or sent, theirs has not come.
    FinWait1,
    /// Our FIN is acknowledged, theirs has not come.
    FinWait2,
    /// Their FIN came, ours is not queued.
    CloseWait,
    /// Both FINs sent, ours not acknowledged, theirs came second.
    Closing,
    /// Their FIN came first, ours is not acknowledged.
    LastAck,
    /// Both directions ended here; the pair of addresses is kept from reuse.
    TimeWait,
    /// Nothing is left but what the application has still to read.
    Closed,
}

/// Chooses how many of `available` octets the next segment carries: the seed may cut a message anywhere.
pub(super) type Cut<'a> = &'a mut dyn FnMut(usize) -> usize;

/// A connection.
#[derive(Debug)]
pub struct Tcp {
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
    state: TcpState,
    options: SocketOptions,
    sending: Sending,
    receiving: Receiving,
    /// What the next call that can fail reports, once (`SO_ERROR`).
    error: Option<IoError>,
    /// The application has closed its descriptor; the connection finishes alone.
    orphan: bool,
    /// Until when what the peer sends to an orphan is thrown away; afterwards it is answered with RST.
    lingers_until: Instant,
    timing: Timing,
}

/// Our direction. Positions: `una` ≤ `next` ≤ `edge`; `outgoing` starts at `una` once the SYN is acknowledged.
#[derive(Debug)]
struct Sending {
    una: u64,
    next: u64,
    /// The peer takes nothing at or beyond this position.
    edge: u64,
    /// The largest segment the peer takes.
    mss: usize,
    /// Where the direction began.
    iss: u64,
    /// Written and not yet acknowledged, sent or not.
    outgoing: VecDeque<u8>,
    /// Where the FIN stands, once the direction was shut.
    fin: Option<u64>,
    /// Until here everything was sent before the retransmission timer expired, and is to be sent again.
    lost_until: u64,
}

/// The peer's direction.
#[derive(Debug)]
struct Receiving {
    next: u64,
    /// The window last announced ends here; it never moves back.
    edge: u64,
    incoming: VecDeque<u8>,
    /// Segments that came before their turn.
    early: BTreeMap<u64, Vec<u8>>,
    /// Where the peer's FIN stands, once it was seen.
    fin: Option<u64>,
    /// `next` has passed the FIN.
    ended: bool,
}

impl Tcp {
    /// Begins to connect: returns the connection in SYN-SENT and sends the SYN.
    pub(super) fn connect(
        now: Instant,
        ends: (SocketAddr, SocketAddr),
        options: SocketOptions,
        begin: (u64, Kernel),
        out: &mut Vec<Segment>,
    ) -> Self {
        let mut tcp = Self::new(ends, options, begin, TcpState::SynSent, 0);
        tcp.send_syn(now, out);
        tcp
    }

    /// Answers a SYN that a listener took: returns the connection in SYN-RECEIVED and sends the SYN-ACK.
    pub(super) fn answer(
        now: Instant,
        syn: &Segment,
        options: SocketOptions,
        begin: (u64, Kernel),
        out: &mut Vec<Segment>,
    ) -> Self {
        let mut tcp = Self::new((syn.dst, syn.src), options, begin, TcpState::SynReceived, syn.end());
        tcp.learn_peer(syn);
        tcp.send_syn(now, out);
        tcp
    }

    fn new(
        (local, remote): (SocketAddr, SocketAddr),
        options: SocketOptions,
        (iss, kernel): (u64, Kernel),
        state: TcpState,
        peer_next: u64,
    ) -> Self {
        let sending = Sending {
            una: iss,
            next: iss,
            edge: iss + 1,
            mss: usize::from(options.mss),
            iss,
            outgoing: VecDeque::new(),
            fin: None,
            lost_until: iss,
        };
        let receiving = Receiving {
            next: peer_next,
            edge: peer_next + options.receive_buffer as u64,
            incoming: VecDeque::new(),
            early: BTreeMap::new(),
            fin: None,
            ended: false,
        };
        let timing = Timing::new(kernel.syn_linear_timeouts);
        Self {
            local,
            remote,
            state,
            options,
            sending,
            receiving,
            error: None,
            orphan: false,
            lingers_until: Instant::ZERO,
            timing,
        }
    }

    // What others want to know.

    /// The state.
    pub fn state(&self) -> TcpState {
        self.state
    }

    /// Whether the application has let go of the connection.
    pub fn is_orphan(&self) -> bool {
        self.orphan
    }

    /// Whether a call to read would not block.
    pub fn readable(&self) -> bool {
        !self.receiving.incoming.is_empty()
            || self.receiving.ended
            || self.error.is_some()
            || self.state == TcpState::Closed
    }

    /// Whether the kernel would tell of room: Linux waits until a third of the send buffer is free, or until a write
    /// would fail. What a process hears of it is the host's business.
    pub fn writable(&self) -> bool {
        let queued = self.sending.outgoing.len();
        let free = self.send_buffer().saturating_sub(queued);
        match self.state {
            TcpState::SynSent | TcpState::SynReceived => false,
            TcpState::Closed => true,
            _ => self.sending.fin.is_some() || self.error.is_some() || (free > 0 && free * 2 >= queued),
        }
    }

    /// How much the send buffer holds. Linux lets it grow with the congestion window, which grows with what the peer takes;
    /// the factors here meet what 6.18 was seen to take from a writer whose peer never reads, within a third.
    fn send_buffer(&self) -> usize {
        // `tcp_wmem`'s default end, less what the kernel needs for itself.
        const LARGEST: usize = 4_163_072;
        const FIRST_SEGMENTS: usize = 18;
        let Some(set) = self.options.send_buffer else {
            let taken = usize::try_from(self.sending.una - self.sending.iss).unwrap_or(usize::MAX);
            let grown = (FIRST_SEGMENTS * 3 * self.sending.mss).saturating_add(taken.saturating_mul(9) / 2);
            return grown.min(LARGEST);
        };
        set
    }

    /// Octets received and not read.
    pub fn unread(&self) -> usize {
        self.receiving.incoming.len()
    }

    /// Whether no more will come: the peer has ended its direction, or the connection is over.
    pub fn is_at_its_end(&self) -> bool {
        self.receiving.ended || self.state == TcpState::Closed
    }

    /// Octets written and not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.sending.outgoing.len()
    }

    /// Whether data waits for the peer's window to open.
    pub fn window_is_shut(&self) -> bool {
        self.sending.edge <= self.sending.next && self.has_unsent()
    }

    /// When [`on_alarm`](Self::on_alarm) wants to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timing.deadline()
    }

    /// Whether a new SYN may take over this pair of addresses.
    pub(super) fn yields_to(&self, syn: &Segment) -> bool {
        self.state == TcpState::Closed || (self.state == TcpState::TimeWait && syn.seq > self.receiving.next)
    }

    /// Whether `segment` was signed as this connection wants it.
    pub(super) fn trusts(&self, segment: &Segment) -> bool {
        segment.key == self.options.key && segment.ttl >= self.options.min_ttl
    }

    // The application's calls.

    /// Changes the time to live of what is sent, and the least of what is taken (RFC 5082).
    pub(super) fn set_ttl(&mut self, ttl: Option<u8>, min_ttl: Option<u8>) {
        self.options.ttl = ttl.unwrap_or(self.options.ttl);
        self.options.min_ttl = min_ttl.unwrap_or(self.options.min_ttl);
    }

    /// `SO_ERROR`: takes the pending error.
    pub(super) fn take_error(&mut self) -> Option<IoError> {
        self.error.take()
    }

    /// Writes what fits.
    ///
    /// # Errors
    /// `WouldBlock`, a pending error once, then `BrokenPipe`.
    pub(super) fn write(
        &mut self,
        now: Instant,
        bytes: &[u8],
        cut: Cut<'_>,
        out: &mut Vec<Segment>,
    ) -> Result<usize, IoError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if self.state == TcpState::Closed || self.sending.fin.is_some() {
            return Err(IoError::BrokenPipe);
        }
        let room = self.send_buffer().saturating_sub(self.sending.outgoing.len());
        let count = room.min(bytes.len());
        if count == 0 || self.state < TcpState::Established {
            return Err(IoError::WouldBlock);
        }
        self.sending.outgoing.extend(&bytes[..count]);
        self.transmit(now, cut, out);
        Ok(count)
    }

    /// Reads what is there: data first, then the end, then an error.
    ///
    /// # Errors
    /// `WouldBlock`, or a pending error once; after it, the end.
    pub(super) fn read(&mut self, into: &mut [u8], out: &mut Vec<Segment>) -> Result<usize, IoError> {
        let count = take_front(&mut self.receiving.incoming, into, usize::MAX);
        if count > 0 {
            if self.open_window() && !self.receiving.ended && self.state != TcpState::Closed {
                out.push(self.acknowledgement());
            }
            return Ok(count);
        }
        if self.receiving.ended {
            return Ok(0);
        }
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if self.state == TcpState::Closed { Ok(0) } else { Err(IoError::WouldBlock) }
    }

    /// Ends our direction after what was written.
    pub(super) fn shut(&mut self, now: Instant, cut: Cut<'_>, out: &mut Vec<Segment>) {
        let state = match self.state {
            TcpState::Established => TcpState::FinWait1,
            TcpState::CloseWait => TcpState::LastAck,
            _ => return,
        };
        self.state = state;
        self.sending.fin = Some(self.sending.una + self.sending.outgoing.len() as u64);
        self.transmit(now, cut, out);
    }

    /// Lets go of the connection. As in Linux, octets that nobody has read make it a reset.
    pub(super) fn close(&mut self, now: Instant, cut: Cut<'_>, out: &mut Vec<Segment>) {
        if self.state == TcpState::SynSent {
            self.finish(None);
        } else if self.unread() > 0 {
            self.reset(out);
        } else {
            self.shut(now, cut, out);
            if self.state == TcpState::FinWait2 {
                self.timing.set(TimerKind::Linger, now + Timing::LINGER);
            }
        }
        self.orphan = true;
    }

    /// Lets go of the connection as a host does that lingers: until then what the peer sends is read and thrown away, so
    /// that no RST destroys what is still on its way to it.
    pub(super) fn linger(&mut self, now: Instant, until: Instant, cut: Cut<'_>, out: &mut Vec<Segment>) {
        self.discard_unread(out);
        self.close(now, cut, out);
        self.lingers_until = until;
    }

    /// Throws away what was received and not read; as with reading it, the peer is told that there is room.
    fn discard_unread(&mut self, out: &mut Vec<Segment>) {
        self.receiving.incoming.clear();
        if self.open_window() && !self.receiving.ended && self.state >= TcpState::Established {
            out.push(self.acknowledgement());
        }
    }

    /// Destroys the connection and tells the peer.
    pub(super) fn reset(&mut self, out: &mut Vec<Segment>) {
        if !matches!(self.state, TcpState::SynSent | TcpState::TimeWait | TcpState::Closed) {
            let flags = Flags { rst: true, ack: true, ..Flags::default() };
            out.push(self.segment(self.sending.next, flags, Vec::new()));
        }
        self.finish(None);
    }

    // What comes from outside.

    /// The alarm that [`deadline`](Self::deadline) named has come.
    pub(super) fn on_alarm(&mut self, now: Instant, out: &mut Vec<Segment>) {
        let Some(alarm) = self.timing.expire(now) else { return };
        let watched = match self.state {
            TcpState::SynSent => ConnectionPhase::Dialled,
            TcpState::SynReceived => ConnectionPhase::Answered,
            // As in Linux, nobody is told: not even the peer, until it sends something.
            _ if self.orphan => ConnectionPhase::Orphan,
            _ => ConnectionPhase::Held,
        };
        if self.timing.is_hopeless(alarm, watched) {
            return self.finish(Some(IoError::TimedOut));
        }
        match alarm {
            TimerKind::Linger => return self.finish(None),
            TimerKind::Probe => {
                // A position the peer has already: it must answer, and its answer carries its window.
                let ack = Flags { ack: true, ..Flags::default() };
                out.push(self.segment(self.sending.una - 1, ack, Vec::new()));
            }
            TimerKind::Retransmit if self.state < TcpState::Established => {
                out.push(self.syn());
                if self.state == TcpState::SynSent {
                    return self.timing.back_off_syn(now);
                }
            }
            TimerKind::Retransmit => {
                let una = self.sending.una;
                let sent = self.sending.lost_until.max(self.sending.next);
                // What was never sent waits for an acknowledgement; but for a FIN right behind what was.
                let limit = usize::try_from(sent - una).unwrap_or(usize::MAX).min(self.sending.mss);
                let segment = self.data_from(una, limit);
                self.sending.next = self.sending.next.max(segment.end());
                self.sending.lost_until = sent.max(self.sending.next);
                out.push(segment);
            }
        }
        self.timing.back_off(alarm, now);
    }

    /// Nobody has the peer's address.
    pub(super) fn on_unreachable(&mut self) {
        if self.state == TcpState::SynSent {
            self.finish(Some(IoError::Unreachable));
        }
    }

    // How it works.

    /// Moves the announced window's end forward where the reader has made enough room for it to be worth telling
    /// (RFC 9293 §3.8.6.2.2); says whether it moved.
    fn open_window(&mut self) -> bool {
        let free = self.options.receive_buffer.saturating_sub(self.receiving.incoming.len());
        let edge = self.receiving.next + free as u64;
        let worth = (self.options.receive_buffer / 2).min(self.sending.mss).max(1) as u64;
        let opens = edge >= self.receiving.edge + worth;
        if opens {
            self.receiving.edge = edge;
        }
        opens
    }

    fn enter_time_wait(&mut self, now: Instant) {
        self.state = TcpState::TimeWait;
        self.timing.set(TimerKind::Linger, now + Timing::LINGER);
    }

    fn finish(&mut self, error: Option<IoError>) {
        self.state = TcpState::Closed;
        self.error = error;
        self.sending.outgoing.clear();
        self.receiving.early.clear();
        self.timing.rest();
    }
}
