//! One TCP connection, as a state machine without I/O: segments, calls and the time go in, segments come out.
//!
//! It models what an application can see of Linux's TCP: the handshake and its failures, byte-accurate buffers that
//! only the reader and the acknowledgement free, the zero window with its probes, window updates, retransmission with
//! back-off (so that a partition heals or times out), FIN in each direction, RST, and the order in which data, end and
//! error are told. It has no congestion window, no SACK and no delayed acknowledgement: an application cannot see them.
//!
//! Which socket a segment belongs to, listeners and ports are [`network`](super::network)'s business; what happens to a
//! segment on its way is [`link`](super::link)'s.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use holdtime_host::time::Instant;

use holdtime_host::IoError;

use super::segment::{Flags, Segment};
use super::timer::{Alarm, Timing, Watched};
use super::{Kernel, SocketOptions};

/// RFC 9293 §3.3.2's states, without LISTEN, which is a socket of its own kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
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
    state: State,
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
    /// Until here everything was sent before the retransmission timer struck, and is to be sent again.
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
        let mut tcp = Self::new(ends, options, begin, State::SynSent, 0);
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
        let mut tcp = Self::new((syn.dst, syn.src), options, begin, State::SynReceived, syn.end());
        tcp.learn_peer(syn);
        tcp.send_syn(now, out);
        tcp
    }

    fn new(
        (local, remote): (SocketAddr, SocketAddr),
        options: SocketOptions,
        (iss, kernel): (u64, Kernel),
        state: State,
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
    pub fn state(&self) -> State {
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
            || self.state == State::Closed
    }

    /// Whether the kernel would tell of room: Linux waits until a third of the send buffer is free, or until a write
    /// would fail. What a process hears of it is the host's business.
    pub fn writable(&self) -> bool {
        let queued = self.sending.outgoing.len();
        let free = self.send_buffer().saturating_sub(queued);
        match self.state {
            State::SynSent | State::SynReceived => false,
            State::Closed => true,
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
        self.state == State::Closed || (self.state == State::TimeWait && syn.seq > self.receiving.next)
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
        if self.state == State::Closed || self.sending.fin.is_some() {
            return Err(IoError::BrokenPipe);
        }
        let room = self.send_buffer().saturating_sub(self.sending.outgoing.len());
        let count = room.min(bytes.len());
        if count == 0 || self.state < State::Established {
            return Err(IoError::WouldBlock);
        }
        self.sending.outgoing.extend(bytes.iter().take(count));
        self.transmit(now, cut, out);
        Ok(count)
    }

    /// Reads what is there: data first, then the end, then an error.
    ///
    /// # Errors
    /// `WouldBlock`, or a pending error once; after it, the end.
    pub(super) fn read(&mut self, into: &mut [u8], out: &mut Vec<Segment>) -> Result<usize, IoError> {
        let count = self.receiving.incoming.len().min(into.len());
        if count > 0 {
            for (slot, byte) in into.iter_mut().zip(self.receiving.incoming.drain(..count)) {
                *slot = byte;
            }
            if self.open_window() && !self.receiving.ended && self.state != State::Closed {
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
        if self.state == State::Closed { Ok(0) } else { Err(IoError::WouldBlock) }
    }

    /// Ends our direction after what was written.
    pub(super) fn shut(&mut self, now: Instant, cut: Cut<'_>, out: &mut Vec<Segment>) {
        let state = match self.state {
            State::Established => State::FinWait1,
            State::CloseWait => State::LastAck,
            _ => return,
        };
        self.state = state;
        self.sending.fin = Some(self.sending.una + self.sending.outgoing.len() as u64);
        self.transmit(now, cut, out);
    }

    /// Lets go of the connection. As in Linux, octets that nobody has read make it a reset.
    pub(super) fn close(&mut self, now: Instant, cut: Cut<'_>, out: &mut Vec<Segment>) {
        if self.state == State::SynSent {
            self.finish(None);
        } else if self.unread() > 0 {
            self.reset(out);
        } else {
            self.shut(now, cut, out);
            if self.state == State::FinWait2 {
                self.timing.set(Alarm::Linger, now + Timing::LINGER);
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
        if self.open_window() && !self.receiving.ended && self.state >= State::Established {
            out.push(self.acknowledgement());
        }
    }

    /// Destroys the connection and tells the peer.
    pub(super) fn reset(&mut self, out: &mut Vec<Segment>) {
        if !matches!(self.state, State::SynSent | State::TimeWait | State::Closed) {
            let flags = Flags { rst: true, ack: true, ..Flags::default() };
            out.push(self.segment(self.sending.next, flags, Vec::new()));
        }
        self.finish(None);
    }

    // What comes from outside.

    /// Takes a segment that belongs to this connection.
    pub(super) fn on_segment(
        &mut self,
        now: Instant,
        segment: Segment,
        cut: Cut<'_>,
        out: &mut Vec<Segment>,
    ) {
        match self.state {
            State::Closed => {}
            State::SynSent => self.on_segment_in_syn_sent(now, &segment, out),
            _ => self.on_segment_synchronized(now, segment, cut, out),
        }
    }

    fn on_segment_in_syn_sent(&mut self, now: Instant, segment: &Segment, out: &mut Vec<Segment>) {
        let acceptable = segment.flags.ack && segment.ack == self.sending.next;
        if segment.flags.rst {
            if acceptable {
                self.finish(Some(IoError::ConnectionRefused));
            }
        } else if segment.flags.ack && !acceptable {
            out.push(segment.refusal());
        } else if segment.flags.syn && acceptable {
            self.receiving.next = segment.end();
            self.receiving.edge = segment.end() + self.options.receive_buffer as u64;
            self.learn_peer(segment);
            self.on_acknowledgement(now, segment);
            out.push(self.acknowledgement());
        } else if segment.flags.syn {
            // Both ends dial each other (RFC 9293 §3.5, figure 7).
            self.receiving.next = segment.end();
            self.receiving.edge = segment.end() + self.options.receive_buffer as u64;
            self.learn_peer(segment);
            self.state = State::SynReceived;
            out.push(self.syn());
        }
    }

    fn on_segment_synchronized(
        &mut self,
        now: Instant,
        segment: Segment,
        cut: Cut<'_>,
        out: &mut Vec<Segment>,
    ) {
        if segment.flags.rst {
            if segment.seq >= self.receiving.next && segment.seq <= self.receiving.edge {
                // Linux: EPIPE where the peer had already sent its FIN, for writing is all that was left.
                let late = self.state == State::CloseWait;
                self.finish(Some(if late { IoError::BrokenPipe } else { IoError::ConnectionReset }));
            }
            return;
        }
        let answers_ours = segment.flags.ack && segment.ack == self.sending.next;
        if segment.flags.syn && self.state == State::SynReceived && answers_ours {
            // The answer of a peer that dialled us while we dialled it.
            return self.on_acknowledgement(now, &segment);
        }
        if segment.flags.syn {
            // Our answer was lost, or the peer has restarted: it will know from this what to do.
            out.push(match self.state {
                State::SynReceived => self.syn(),
                _ => self.acknowledgement(),
            });
            return;
        }
        if !segment.flags.ack || segment.ack > self.sending.next.max(self.sending.lost_until) {
            out.push(self.acknowledgement());
            return;
        }
        let wants_answer = !segment.is_empty() || segment.seq < self.receiving.next;
        self.on_acknowledgement(now, &segment);
        if self.state == State::Closed {
            return;
        }
        let before = out.len();
        self.take_data(now, segment, out);
        if self.orphan {
            self.discard_unread(out);
        }
        self.take_fin(now);
        if self.state != State::Closed {
            self.transmit(now, cut, out);
            if wants_answer && out.len() == before {
                out.push(self.acknowledgement());
            }
        }
    }

    /// The alarm that [`deadline`](Self::deadline) named has come.
    pub(super) fn on_alarm(&mut self, now: Instant, out: &mut Vec<Segment>) {
        let Some(alarm) = self.timing.strike(now) else { return };
        let watched = match self.state {
            State::SynSent => Watched::Dialled,
            State::SynReceived => Watched::Answered,
            // As in Linux, nobody is told: not even the peer, until it sends something.
            _ if self.orphan => Watched::Orphan,
            _ => Watched::Held,
        };
        if self.timing.is_hopeless(alarm, watched) {
            return self.finish(Some(IoError::TimedOut));
        }
        match alarm {
            Alarm::Linger => return self.finish(None),
            Alarm::Probe => {
                // A position the peer has already: it must answer, and its answer carries its window.
                let ack = Flags { ack: true, ..Flags::default() };
                out.push(self.segment(self.sending.una - 1, ack, Vec::new()));
            }
            Alarm::Retransmit if self.state < State::Established => {
                out.push(self.syn());
                if self.state == State::SynSent {
                    return self.timing.back_off_syn(now);
                }
            }
            Alarm::Retransmit => {
                self.sending.lost_until = self.sending.lost_until.max(self.sending.next);
                let una = self.sending.una;
                let segment = self.data_from(una, self.sending.mss);
                out.push(segment);
            }
        }
        self.timing.back_off(alarm, now);
    }

    /// Nobody has the peer's address.
    pub(super) fn on_unreachable(&mut self) {
        if self.state == State::SynSent {
            self.finish(Some(IoError::Unreachable));
        }
    }

    // How it works.

    fn learn_peer(&mut self, syn: &Segment) {
        self.sending.edge = self.sending.una + 1 + u64::from(syn.window);
        self.sending.mss = usize::from(syn.mss.unwrap_or(536)).min(self.sending.mss);
    }

    fn send_syn(&mut self, now: Instant, out: &mut Vec<Segment>) {
        out.push(self.syn());
        self.sending.next = self.sending.una + 1;
        self.timing.sent(self.sending.next, now);
        self.timing.set(Alarm::Retransmit, now + Timing::FIRST_SYN);
    }

    fn syn(&self) -> Segment {
        let flags = Flags { syn: true, ack: self.state == State::SynReceived, ..Flags::default() };
        Segment { mss: Some(self.options.mss), ..self.segment(self.sending.una, flags, Vec::new()) }
    }

    fn acknowledgement(&self) -> Segment {
        self.segment(self.sending.next, Flags { ack: true, ..Flags::default() }, Vec::new())
    }

    fn segment(&self, seq: u64, flags: Flags, payload: Vec<u8>) -> Segment {
        Segment {
            src: self.local,
            dst: self.remote,
            seq,
            ack: if flags.ack { self.receiving.next } else { 0 },
            flags,
            window: u32::try_from(self.receiving.edge.saturating_sub(self.receiving.next))
                .unwrap_or(u32::MAX),
            mss: None,
            ttl: self.options.ttl,
            key: self.options.key,
            payload,
        }
    }

    /// The segment at `seq`: at most `limit` octets, and the FIN where it comes right after them.
    fn data_from(&self, seq: u64, limit: usize) -> Segment {
        let skip = (seq - self.sending.una) as usize;
        let payload: Vec<u8> = self.sending.outgoing.iter().skip(skip).take(limit).copied().collect();
        let fin = self.sending.fin == Some(seq + payload.len() as u64);
        self.segment(seq, Flags { ack: true, fin, ..Flags::default() }, payload)
    }

    fn has_unsent(&self) -> bool {
        let end = self.sending.una + self.sending.outgoing.len() as u64;
        self.sending.next < end || self.sending.fin.is_some_and(|fin| self.sending.next <= fin)
    }

    /// Sends what the window allows, and sets the timer that watches over what is in flight or held back.
    fn transmit(&mut self, now: Instant, cut: Cut<'_>, out: &mut Vec<Segment>) {
        if self.state < State::Established {
            return;
        }
        while self.has_unsent() && self.sending.next < self.sending.edge {
            let end = self.sending.una + self.sending.outgoing.len() as u64;
            let room = (self.sending.edge.min(end) - self.sending.next.min(end)) as usize;
            let whole = room.min(self.sending.mss);
            let segment = self.data_from(self.sending.next, if whole > 1 { cut(whole) } else { whole });
            self.sending.next = segment.end();
            self.timing.sent(self.sending.next, now);
            out.push(segment);
        }
        let in_flight = self.sending.next > self.sending.una;
        match (in_flight, self.has_unsent()) {
            (true, _) => self.timing.watch(Alarm::Retransmit, now),
            (false, true) => self.timing.watch(Alarm::Probe, now),
            (false, false) => self.timing.rest(),
        }
    }

    fn on_acknowledgement(&mut self, now: Instant, segment: &Segment) {
        if segment.ack < self.sending.una {
            return;
        }
        // The peer answers: it lives, whatever its window.
        self.timing.heard();
        if segment.ack > self.sending.una {
            self.advance(now, segment.ack);
        }
        self.sending.edge = self.sending.edge.max(segment.ack + u64::from(segment.window));
    }

    /// Everything before `ack` has arrived.
    fn advance(&mut self, now: Instant, ack: u64) {
        let syn = u64::from(self.state < State::Established);
        let octets = (ack - self.sending.una - syn).min(self.sending.outgoing.len() as u64) as usize;
        self.sending.outgoing.drain(..octets);
        self.sending.una = ack;
        self.sending.next = self.sending.next.max(ack);
        self.timing.acknowledged(ack, now);
        if ack < self.sending.lost_until {
            // What followed the lost segment was lost too, as far as we know: go back and send it again.
            self.sending.next = ack;
            self.sending.lost_until = ack;
        }
        if syn == 1 {
            self.state = State::Established;
            self.timing.rest();
        }
        if self.sending.fin.is_some_and(|fin| ack > fin) {
            self.on_fin_acknowledged(now);
        }
    }

    fn on_fin_acknowledged(&mut self, now: Instant) {
        match self.state {
            State::FinWait1 => {
                self.state = State::FinWait2;
                if self.orphan {
                    self.timing.set(Alarm::Linger, now + Timing::LINGER);
                }
            }
            State::Closing => self.enter_time_wait(now),
            State::LastAck => self.finish(None),
            _ => {}
        }
    }

    fn take_data(&mut self, now: Instant, segment: Segment, out: &mut Vec<Segment>) {
        if segment.flags.fin {
            self.receiving.fin = Some(segment.end() - 1);
        }
        if segment.payload.is_empty() || self.receiving.ended {
            return;
        }
        let is_new = segment.seq + segment.payload.len() as u64 > self.receiving.next;
        if self.orphan && is_new && now >= self.lingers_until {
            // Nobody will ever read it, and the peer must know.
            return self.reset(out);
        }
        let window = self.receiving.edge.saturating_sub(segment.seq) as usize;
        let mut payload = segment.payload;
        payload.truncate(window);
        let early = self.receiving.early.entry(segment.seq).or_default();
        if early.len() < payload.len() {
            *early = payload;
        }
        while let Some((seq, payload)) = self.receiving.early.pop_first() {
            if seq > self.receiving.next {
                self.receiving.early.insert(seq, payload);
                break;
            }
            let known = (self.receiving.next - seq) as usize;
            if known < payload.len() {
                self.receiving.next = seq + payload.len() as u64;
                self.receiving.incoming.extend(payload.into_iter().skip(known));
            }
        }
        self.open_window();
    }

    fn take_fin(&mut self, now: Instant) {
        if self.state == State::Closed
            || self.receiving.ended
            || self.receiving.fin != Some(self.receiving.next)
        {
            return;
        }
        self.receiving.next += 1;
        self.receiving.ended = true;
        match self.state {
            State::Established => self.state = State::CloseWait,
            State::FinWait1 => self.state = State::Closing,
            State::FinWait2 => self.enter_time_wait(now),
            _ => {}
        }
    }

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
        self.state = State::TimeWait;
        self.timing.set(Alarm::Linger, now + Timing::LINGER);
    }

    fn finish(&mut self, error: Option<IoError>) {
        self.state = State::Closed;
        self.error = error;
        self.sending.outgoing.clear();
        self.receiving.early.clear();
        self.timing.rest();
    }
}
