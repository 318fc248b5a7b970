//! Captures: pcap and pcapng, whose TCP streams are put together again, and the messages of BGP in them.
//!
//! ```text
//! file ──▶ Packets ──▶ segment ──▶ Connections ──▶ Reassembly ──▶ Messages
//!          pcap(ng)    link, IP,   port pairs,     octets in      from marker
//!                      TCP         the OPENs       order          to marker
//! ```
//!
//! A stream counts as BGP where it carries a marker with a sound length and type, on any port. What a capture lacks (packets that were
//! dropped, or cut; a connection that began before it) is a fault with the packet behind it and the number of octets, and the next
//! marker is looked for. Memory is bounded: one packet, a number of connections, and for each direction the message at hand and
//! a megabyte that waits for what is missing.
//!
//! Each message is told of as its receiver saw it: the local end is the receiver, the peer the sender; the time is that of
//! the packet with which it was complete.

mod connections;
mod file;
mod messages;
mod packets;
mod pcap;
mod pcapng;
mod reassembly;
mod segment;
mod stamp;

use self::connections::{Connections, FromConnection};
use self::packets::Packets;
use self::stamp::Stamp;
use crate::batch::{Batch, MessagePiece};
use crate::form::Form;
use crate::item::{LeftOut, RecordedDirection};
use crate::source::{BatchReader, BoxRead};

/// The messages of a capture.
pub(crate) fn source(form: Form, octets: BoxRead) -> Box<dyn BatchReader> {
    let packets = Packets::new(form, octets);
    Box::new(Capture { packets, connections: Connections::default(), fragments: false, ended: false })
}

pub(crate) use self::segment::is_packet;

struct Capture {
    packets: Packets,
    connections: Connections,
    /// There were fragments of IP packets, in which what is missing may stand.
    fragments: bool,
    ended: bool,
}

impl BatchReader for Capture {
    fn fill(&mut self, batch: &mut Batch) -> bool {
        while !batch.is_full() && !self.ended {
            match self.packets.next_packet() {
                Some(Ok(packet)) => match segment::segment(&packet) {
                    Ok(segment) => {
                        let stamp = Stamp { place: packet.place, time: packet.time };
                        let fragments = self.fragments;
                        self.connections.take(&segment, stamp, &mut |told| push(batch, told, fragments));
                    }
                    Err(kind) => {
                        self.fragments |= kind == segment::FRAGMENTS;
                        batch.push_left_out(LeftOut { kind });
                    }
                },
                Some(Err(fault)) => batch.push_fault(fault.place, fault.what),
                None => {
                    let fragments = self.fragments;
                    self.connections.end(&mut |told| push(batch, told, fragments));
                    self.ended = true;
                }
            }
        }
        !batch.is_empty() || !self.ended
    }
}

fn push(batch: &mut Batch, told: FromConnection<'_>, fragments: bool) {
    match told {
        FromConnection::Message { octets, stamp, session, terms } => {
            let Stamp { place, time } = stamp;
            let direction = RecordedDirection::Received;
            batch
                .push_message(MessagePiece { place, time, session: Some(session), direction, terms }, octets);
        }
        FromConnection::Trouble { what, stamp } if fragments => {
            batch.push_fault(
                stamp.place,
                format!("{what} (there were {}, which are not put together)", segment::FRAGMENTS),
            );
        }
        FromConnection::Trouble { what, stamp } => batch.push_fault(stamp.place, what),
    }
}
