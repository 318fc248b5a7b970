//! What travels: one TCP segment, with the parts of its IP header that matter.

use std::net::SocketAddr;

/// A TCP segment.
///
/// Sequence numbers are positions in the stream, counted in 64 bits from an initial number below 2³², so that they
/// never wrap inside the lab; a capture file shows their low 32 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The sender's end.
    pub src: SocketAddr,
    /// The receiver's end.
    pub dst: SocketAddr,
    /// The position of the first octet of `payload` (of the SYN or FIN where there is none).
    pub seq: u64,
    /// The next position that the sender of this segment expects; meaningful with [`Flags::ack`].
    pub ack: u64,
    /// Control bits.
    pub flags: Flags,
    /// How many octets beyond `ack` the sender of this segment is ready to take, after window scaling.
    pub window: u32,
    /// The MSS option, on a SYN.
    pub mss: Option<u16>,
    /// IP's time to live.
    pub ttl: u8,
    /// Which key signed the segment (RFC 2385); the lab compares keys instead of computing MD5.
    pub key: Option<u64>,
    /// The data.
    pub payload: Vec<u8>,
}

/// TCP's control bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Opens a direction.
    pub syn: bool,
    /// `ack` counts.
    pub ack: bool,
    /// Ends a direction.
    pub fin: bool,
    /// Destroys the connection.
    pub rst: bool,
}

impl Flags {
    /// The bits as TCP's header has them; PSH is left to whoever writes a capture.
    pub fn bits(self) -> u8 {
        u8::from(self.fin) | u8::from(self.syn) << 1 | u8::from(self.rst) << 2 | u8::from(self.ack) << 4
    }
}

impl Segment {
    /// How many positions the segment takes: its payload, and one each for SYN and FIN.
    pub fn len(&self) -> u64 {
        self.payload.len() as u64 + u64::from(self.flags.syn) + u64::from(self.flags.fin)
    }

    /// Whether the segment takes no position: a pure acknowledgement, a probe, a reset.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The position after the segment.
    pub fn end(&self) -> u64 {
        self.seq + self.len()
    }

    /// The reset that answers a segment which belongs to no connection (RFC 9293 §3.10.7.1).
    pub fn refusal(&self) -> Self {
        let (seq, ack, acks) = if self.flags.ack { (self.ack, 0, false) } else { (0, self.end(), true) };
        let flags = Flags { rst: true, ack: acks, ..Flags::default() };
        let (src, dst) = (self.dst, self.src);
        Self { src, dst, seq, ack, flags, window: 0, mss: None, ttl: 64, key: None, payload: Vec::new() }
    }
}
