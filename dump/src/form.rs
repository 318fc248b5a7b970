//! The forms of an input, known by the first octets.

use holdtime_core::wire::frame::HEADER;

use crate::mrt;

/// What an input is, once it is decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// MRT (RFC 6396).
    Mrt,
    /// A capture as libpcap writes it.
    Pcap,
    /// A capture as Wireshark writes it.
    Pcapng,
    /// Messages one after the other, as they went over a wire.
    Raw,
    /// Text: hex, a message or more a line.
    Hex,
}

impl Form {
    /// How many octets tell.
    pub const MAGIC: usize = 64;

    /// The form of what begins with these octets; `None`: nothing that is known here.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            // Either order of octets; microseconds or nanoseconds; Alexey Kuznetsov's variant.
            [0xa1, 0xb2, 0xc3, 0xd4, ..]
            | [0xd4, 0xc3, 0xb2, 0xa1, ..]
            | [0xa1, 0xb2, 0x3c, 0x4d, ..]
            | [0x4d, 0x3c, 0xb2, 0xa1, ..]
            | [0xa1, 0xb2, 0xcd, 0x34, ..]
            | [0x34, 0xcd, 0xb2, 0xa1, ..] => Some(Self::Pcap),
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Some(Self::Pcapng),
            _ if head.len() >= HEADER && head.iter().take(16).all(|octet| *octet == 0xff) => Some(Self::Raw),
            // A text has no octet 0; an MRT header has in its type, which is below 256.
            _ if mrt::begins_known_record(head) => Some(Self::Mrt),
            _ if head.iter().all(|octet| matches!(octet, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..)) => {
                Some(Self::Hex)
            }
            _ => None,
        }
    }
}
