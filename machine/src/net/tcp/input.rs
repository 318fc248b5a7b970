//! What a connection does with a segment that arrives (RFC 9293 §3.10.7).

use holdtime_host::IoError;
use holdtime_host::time::Instant;

use super::super::segment::Segment;
use super::super::timer::{TimerKind, Timing};
use super::{Cut, Tcp, TcpState};

impl Tcp {
    /// Takes a segment that belongs to this connection.
    pub(in crate::net) fn on_segment(
        &mut self,
        now: Instant,
        segment: Segment,
        cut: Cut<'_>,
        out: &mut Vec<Segment>,
    ) {
        match self.state {
            TcpState::Closed => {}
            TcpState::SynSent => self.on_segment_in_syn_sent(now, &segment, out),
            _ => self.on_segment_synchronized(now, segment, cut, out),
        }
    }

    pub(super) fn on_segment_in_syn_sent(&mut self, now: Instant, segment: &Segment, out: &mut Vec<Segment>) {
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
            self.state = TcpState::SynReceived;
            out.push(self.syn());
        }
    }

    pub(super) fn on_segment_synchronized(
        &mut self,
        now: Instant,
        segment: Segment,
        cut: Cut<'_>,
        out: &mut Vec<Segment>,
    ) {
        if segment.flags.rst {
            if segment.seq >= self.receiving.next && segment.seq <= self.receiving.edge {
                // Linux: EPIPE where the peer had already sent its FIN, for writing is all that was left.
                let late = self.state == TcpState::CloseWait;
                self.finish(Some(if late { IoError::BrokenPipe } else { IoError::ConnectionReset }));
            }
            return;
        }
        let answers_ours = segment.flags.ack && segment.ack == self.sending.next;
        if segment.flags.syn && self.state == TcpState::SynReceived && answers_ours {
            // The answer of a peer that dialled us while we dialled it.
            return self.on_acknowledgement(now, &segment);
        }
        if segment.flags.syn {
            // Our answer was lost, or the peer has restarted: it will know from this what to do.
            out.push(match self.state {
                TcpState::SynReceived => self.syn(),
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
        if self.state == TcpState::Closed {
            return;
        }
        let before = out.len();
        self.take_data(now, segment, out);
        if self.orphan {
            self.discard_unread(out);
        }
        self.take_fin(now);
        if self.state != TcpState::Closed {
            self.transmit(now, cut, out);
            if wants_answer && out.len() == before {
                out.push(self.acknowledgement());
            }
        }
    }

    pub(super) fn learn_peer(&mut self, syn: &Segment) {
        self.sending.edge = self.sending.una + 1 + u64::from(syn.window);
        self.sending.mss = usize::from(syn.mss.unwrap_or(536)).min(self.sending.mss);
    }

    pub(super) fn on_acknowledgement(&mut self, now: Instant, segment: &Segment) {
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
    pub(super) fn advance(&mut self, now: Instant, ack: u64) {
        let syn = u64::from(self.state < TcpState::Established);
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
            self.state = TcpState::Established;
            self.timing.rest();
        }
        if self.sending.fin.is_some_and(|fin| ack > fin) {
            self.on_fin_acknowledged(now);
        }
    }

    pub(super) fn on_fin_acknowledged(&mut self, now: Instant) {
        match self.state {
            TcpState::FinWait1 => {
                self.state = TcpState::FinWait2;
                if self.orphan {
                    self.timing.set(TimerKind::Linger, now + Timing::LINGER);
                }
            }
            TcpState::Closing => self.enter_time_wait(now),
            TcpState::LastAck => self.finish(None),
            _ => {}
        }
    }

    pub(super) fn take_data(&mut self, now: Instant, segment: Segment, out: &mut Vec<Segment>) {
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

    pub(super) fn take_fin(&mut self, now: Instant) {
        if self.state == TcpState::Closed
            || self.receiving.ended
            || self.receiving.fin != Some(self.receiving.next)
        {
            return;
        }
        self.receiving.next += 1;
        self.receiving.ended = true;
        match self.state {
            TcpState::Established => self.state = TcpState::CloseWait,
            TcpState::FinWait1 => self.state = TcpState::Closing,
            TcpState::FinWait2 => self.enter_time_wait(now),
            _ => {}
        }
    }
}
