//! The segments that a connection sends (RFC 9293 §3.8).

use holdtime_host::time::Instant;

use super::super::segment::{Flags, Segment};
use super::super::timer::{TimerKind, Timing};
use super::{Cut, Tcp, TcpState};
use crate::octets::copy_from;

impl Tcp {
    pub(super) fn send_syn(&mut self, now: Instant, out: &mut Vec<Segment>) {
        out.push(self.syn());
        self.sending.next = self.sending.una + 1;
        self.timing.sent(self.sending.next, now);
        self.timing.set(TimerKind::Retransmit, now + Timing::FIRST_SYN);
    }

    pub(super) fn syn(&self) -> Segment {
        let flags = Flags { syn: true, ack: self.state == TcpState::SynReceived, ..Flags::default() };
        Segment { mss: Some(self.options.mss), ..self.segment(self.sending.una, flags, Vec::new()) }
    }

    pub(super) fn acknowledgement(&self) -> Segment {
        self.segment(self.sending.next, Flags { ack: true, ..Flags::default() }, Vec::new())
    }

    pub(super) fn segment(&self, seq: u64, flags: Flags, payload: Vec<u8>) -> Segment {
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
    pub(super) fn data_from(&self, seq: u64, limit: usize) -> Segment {
        let skip = (seq - self.sending.una) as usize;
        let payload = copy_from(&self.sending.outgoing, skip, limit);
        let fin = self.sending.fin == Some(seq + payload.len() as u64);
        self.segment(seq, Flags { ack: true, fin, ..Flags::default() }, payload)
    }

    pub(super) fn has_unsent(&self) -> bool {
        let end = self.sending.una + self.sending.outgoing.len() as u64;
        self.sending.next < end || self.sending.fin.is_some_and(|fin| self.sending.next <= fin)
    }

    /// Sends what the window allows, and sets the timer that watches over what is in flight or held back.
    pub(super) fn transmit(&mut self, now: Instant, cut: Cut<'_>, out: &mut Vec<Segment>) {
        if self.state < TcpState::Established {
            return;
        }
        // A congestion window of one segment, which the one that is sent again fills.
        let is_held = self.sending.lost_until > self.sending.una;
        while !is_held && self.has_unsent() && self.sending.next < self.sending.edge {
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
            (true, _) => self.timing.watch(TimerKind::Retransmit, now),
            (false, true) => self.timing.watch(TimerKind::Probe, now),
            (false, false) => self.timing.rest(),
        }
    }
}
