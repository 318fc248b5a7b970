//! Conversations of BGP speakers as packets, and what is found in a capture of them.

use std::net::SocketAddr;

use holdtime_core::wire::capability::{AddPathFamily, Capability};
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{Family, Negotiated, Open, Writer, frame};
use holdtime_dump::{Batch, BatchReader, Content, Dump, Found, KnownTerms};

use crate::write::{ACK, FIN, Packet, START, SYN, Segment};

/// What was found, in an owned form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) octets: Vec<u8>,
    pub(crate) time: Option<i64>,
    /// The packet with which it was complete.
    pub(crate) packet: u64,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) peer_as: Option<u32>,
    pub(crate) local_as: Option<u32>,
    pub(crate) terms: Option<Negotiated>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) messages: Vec<Heard>,
    pub(crate) faults: Vec<String>,
    pub(crate) left_out: Vec<String>,
}

impl Told {
    /// The messages' octets, in the order in which they were told of.
    pub(crate) fn octets(&self) -> Vec<Vec<u8>> {
        self.messages.iter().map(|heard| heard.octets.clone()).collect()
    }

    /// The messages that came from this address.
    pub(crate) fn from(&self, address: &str) -> Vec<Vec<u8>> {
        self.messages.iter().filter(|heard| heard.from == address).map(|heard| heard.octets.clone()).collect()
    }
}

/// Reads a capture.
pub(crate) fn read(file: &[u8]) -> Told {
    let octets = Box::new(std::io::Cursor::new(file.to_vec()));
    let mut stream = Dump::open(octets).unwrap().expect("a form that is known");
    let mut told = Told::default();
    let mut batch = Batch::default();
    while stream.fill(&mut batch) {
        for found in batch.found() {
            match found {
                Found::Fault(fault) => told.faults.push(fault.to_string()),
                Found::LeftOut(left_out) => told.left_out.push(left_out.kind.into_owned()),
                Found::Item(item) => {
                    let session = item.session.unwrap();
                    let message = match item.content {
                        Content::Message(message) => message,
                        #[allow(unreachable_patterns, reason = "a capture has messages only")]
                        other => panic!("a capture has messages only, not {other:?}"),
                    };
                    told.messages.push(Heard {
                        octets: message.octets.to_vec(),
                        time: item.time,
                        packet: item.place.number,
                        from: session.peer_address.to_string(),
                        to: session.local_address.unwrap().to_string(),
                        peer_as: session.peer_as,
                        local_as: session.local_as,
                        terms: match message.terms {
                            KnownTerms::Agreed(terms) => Some(terms.clone()),
                            _ => None,
                        },
                    });
                }
            }
        }
        batch.clear();
    }
    told
}

/// A message of this type with this body.
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut octets = vec![0xff; 16];
    octets.extend((19 + body.len() as u16).to_be_bytes());
    octets.push(kind);
    octets.extend(body);
    octets
}

pub(crate) fn keepalive() -> Vec<u8> {
    message(4, &[])
}

/// An UPDATE that withdraws a prefix of its own.
pub(crate) fn update(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    message(2, &[0, 4, 24, 10, high, low, 0, 0])
}

/// An UPDATE of so many octets, most of them ones: a path attribute that nobody knows.
pub(crate) fn long_update(length: u16) -> Vec<u8> {
    let mut body = vec![0, 0];
    body.extend((length - 23).to_be_bytes());
    body.extend([0xd0, 250]);
    body.extend((length - 27).to_be_bytes());
    body.resize(usize::from(length) - 19, 0xff);
    message(2, &body)
}

pub(crate) fn open(asn: u32, capabilities: &[Capability]) -> Vec<u8> {
    let open = Open::new(asn, 90, [10, 0, 0, asn as u8].into(), capabilities.iter().cloned());
    let mut buffer = vec![0; 4096];
    let mut out = Writer::new(&mut buffer);
    frame::encode(frame::kind::OPEN, MAX_EXTENDED_MESSAGE, &mut out, |out| open.encode(out)).unwrap();
    out.written().to_vec()
}

/// An OPEN with four-octet AS numbers and ADD-PATH of IPv4 unicast in this mode.
pub(crate) fn open_with_paths(asn: u32, mode: u8) -> Vec<u8> {
    let family = Family::IPV4_UNICAST;
    let paths = Capability::AddPath(vec![AddPathFamily { family, mode }]);
    open(asn, &[Capability::Multiprotocol(family), Capability::FourOctetAs(asn), paths])
}

/// A connection whose packets are written down.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    ends: [SocketAddr; 2],
    /// Each end's next sequence number.
    next: [u32; 2],
    time: i64,
    pub(crate) packets: Vec<Packet>,
}

/// Who speaks: the end that dialled, or the one that accepted.
pub(crate) const DIALLER: usize = 0;
pub(crate) const LISTENER: usize = 1;

impl Talk {
    pub(crate) fn new(dialler: &str, listener: &str) -> Self {
        let ends = [dialler.parse().unwrap(), listener.parse().unwrap()];
        Self { ends, next: [1_000, 77_000], time: START, packets: Vec::new() }
    }

    pub(crate) fn bgp() -> Self {
        Self::new("10.0.0.1:40000", "10.0.0.2:179")
    }

    /// Sequence numbers go on from here.
    pub(crate) fn at(mut self, dialler: u32, listener: u32) -> Self {
        self.next = [dialler, listener];
        self
    }

    /// The three segments that a connection begins with.
    pub(crate) fn handshake(mut self) -> Self {
        self.segment(DIALLER, SYN, &[]);
        self.segment(LISTENER, SYN | ACK, &[]);
        self.segment(DIALLER, ACK, &[]);
        self
    }

    /// One end says this, in one segment, and the other acknowledges it.
    pub(crate) fn say(mut self, end: usize, octets: &[u8]) -> Self {
        self.segment(end, ACK, octets);
        self.segment(1 - end, ACK, &[]);
        self
    }

    /// What one end says in segments of these lengths and one for the rest.
    pub(crate) fn say_in_pieces(mut self, end: usize, octets: &[u8], lengths: &[usize]) -> Self {
        let mut rest = octets;
        for length in lengths {
            let (piece, behind) = rest.split_at((*length).min(rest.len()));
            if !piece.is_empty() {
                self.segment(end, ACK, piece);
            }
            rest = behind;
        }
        if !rest.is_empty() {
            self.segment(end, ACK, rest);
        }
        self
    }

    /// One end says what the capture does not have.
    pub(crate) fn say_unseen(mut self, end: usize, octets: &[u8]) -> Self {
        self.segment(end, ACK, octets);
        self.packets.pop();
        self.segment(1 - end, ACK, &[]);
        self
    }

    pub(crate) fn close(mut self) -> Self {
        self.segment(DIALLER, FIN | ACK, &[]);
        self.segment(LISTENER, FIN | ACK, &[]);
        self
    }

    /// So much time goes by, in nanoseconds.
    pub(crate) fn wait(mut self, time: i64) -> Self {
        self.time += time;
        self
    }

    pub(crate) fn segment(&mut self, end: usize, flags: u8, payload: &[u8]) {
        let (sequence, acknowledges) = (self.next[end], self.next[1 - end]);
        let segment =
            Segment { from: self.ends[end], to: self.ends[1 - end], sequence, acknowledges, flags, payload };
        let alone = u32::from(flags & (SYN | FIN) != 0);
        self.next[end] = sequence.wrapping_add(payload.len() as u32 + alone);
        let acknowledges = if flags & ACK != 0 { acknowledges } else { 0 };
        self.packets.push(Packet::new(self.time, Segment { acknowledges, ..segment }.frame()));
        self.time += 1_000_000;
    }
}
