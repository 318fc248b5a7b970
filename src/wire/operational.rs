//! OPERATIONAL, message type 6 (draft-ietf-idr-operational-message), as ExaBGP speaks it.

use alloc::boxed::Box;
use core::net::Ipv4Addr;

use super::error::{BufferFull, Malformed, WireError};
use super::family::{Afi, Family, Safi};
use super::frame::HEADER;
use super::reader::Reader;
use super::writer::Writer;

/// The numbers of operational messages.
pub mod kind {
    /// Advisory Demand Message
    pub const ADM: u16 = 1;
    /// Advisory Static Message
    pub const ASM: u16 = 2;
    /// Reachable Prefix Count Request
    pub const RPCQ: u16 = 3;
    /// Reachable Prefix Count Reply
    pub const RPCP: u16 = 4;
    /// Adj-RIB-Out Prefix Count Request
    pub const APCQ: u16 = 5;
    /// Adj-RIB-Out Prefix Count Reply
    pub const APCP: u16 = 6;
    /// Loc-RIB Prefix Count Request
    pub const LPCQ: u16 = 7;
    /// Loc-RIB Prefix Count Reply
    pub const LPCP: u16 = 8;
    /// Not Satisfied
    pub const NS: u16 = 0xffff;
}

/// The longest text of an advisory, in octets.
pub const MAX_ADVISORY: usize = 2048;

/// An operational message.
///
/// ```text
/// +---------------+---------------+------------------+
/// | Type (2)      | Length (2)    | Value (variable) |
/// +---------------+---------------+------------------+
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operational {
    /// Its number, one of [`kind`] or unknown.
    pub kind: u16,
    /// What it says.
    pub content: OperationalContent,
}

/// What an operational message says; its number decides which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationalContent {
    /// ADM, ASM: AFI (2), SAFI (1), text.
    Advisory {
        /// Of which routes.
        family: Family,
        /// The text; UTF-8 by intent, not by guarantee.
        text: Box<[u8]>,
    },
    /// RPCQ, APCQ, LPCQ: AFI (2), SAFI (1), router id (4), sequence (4).
    Query {
        /// Of which routes.
        family: Family,
        /// Who asks.
        router_id: Ipv4Addr,
        /// To be repeated in the reply.
        sequence: u32,
    },
    /// RPCP, APCP, LPCP: as a query, then the count (4).
    Counter {
        /// Of which routes.
        family: Family,
        /// Who asked.
        router_id: Ipv4Addr,
        /// Of the query.
        sequence: u32,
        /// How many.
        counter: u32,
    },
    /// Any other, as it stands on the wire.
    Other(Box<[u8]>),
}

impl Operational {
    /// Reads a message's body.
    ///
    /// # Errors
    ///
    /// Lengths that do not fit.
    pub fn decode(body: &[u8]) -> Result<Self, WireError> {
        Self::parse(Reader::new(body, HEADER)).map_err(|malformed| {
            let length = u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX);
            WireError { offset: malformed.offset, what: malformed.what, ..WireError::bad_length(length) }
        })
    }

    fn parse(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        let (kind, length) = (reader.u16()?, reader.u16()?);
        let mut value = reader.sub(usize::from(length))?;
        reader.finish()?;
        let content = match kind {
            kind::ADM | kind::ASM => {
                OperationalContent::Advisory { family: family(&mut value)?, text: value.take_rest().into() }
            }
            kind::RPCQ | kind::APCQ | kind::LPCQ => OperationalContent::Query {
                family: family(&mut value)?,
                router_id: value.u32()?.into(),
                sequence: value.u32()?,
            },
            kind::RPCP | kind::APCP | kind::LPCP => OperationalContent::Counter {
                family: family(&mut value)?,
                router_id: value.u32()?.into(),
                sequence: value.u32()?,
                counter: value.u32()?,
            },
            _ => OperationalContent::Other(value.take_rest().into()),
        };
        value.finish()?;
        Ok(Self { kind, content })
    }

    /// Writes the message's body.
    ///
    /// # Errors
    ///
    /// Where the buffer is full, or a text does not fit its length.
    pub fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u16(self.kind)?;
        let gap = out.gap_u16()?;
        match &self.content {
            OperationalContent::Advisory { family, text } => {
                encode_family(*family, out)?;
                out.bytes(text)?;
            }
            OperationalContent::Query { family, router_id, sequence } => {
                encode_family(*family, out)?;
                out.array(router_id.octets())?;
                out.u32(*sequence)?;
            }
            OperationalContent::Counter { family, router_id, sequence, counter } => {
                encode_family(*family, out)?;
                out.array(router_id.octets())?;
                out.u32(*sequence)?;
                out.u32(*counter)?;
            }
            OperationalContent::Other(value) => out.bytes(value)?,
        }
        out.fill_u16(gap)
    }
}

fn family(value: &mut Reader<'_>) -> Result<Family, Malformed> {
    Ok(Family::new(Afi(value.u16()?), Safi(value.u8()?)))
}

fn encode_family(family: Family, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    out.u16(family.afi.0)?;
    out.u8(family.safi.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_content_is_read_as_it_was_written() {
        let (family, router_id) = (Family::IPV6_UNICAST, Ipv4Addr::new(10, 0, 0, 1));
        for (kind, content) in [
            (kind::ADM, OperationalContent::Advisory { family, text: (*b"hello").into() }),
            (kind::RPCQ, OperationalContent::Query { family, router_id, sequence: 7 }),
            (kind::LPCP, OperationalContent::Counter { family, router_id, sequence: 7, counter: 9 }),
            (kind::NS, OperationalContent::Other([1, 2, 3].into())),
        ] {
            let message = Operational { kind, content };
            let mut buffer = [0; 64];
            let mut out = Writer::new(&mut buffer);
            message.encode(&mut out).unwrap();
            assert_eq!(Operational::decode(out.written()), Ok(message));
        }
    }

    #[test]
    fn a_length_that_does_not_fit_is_an_error() {
        for body in [&[0, 1][..], &[0, 1, 0, 9, 0, 1, 1], &[0, 3, 0, 3, 0, 1, 1], &[0, 1, 0, 3, 0, 1, 1, 9]] {
            assert!(Operational::decode(body).is_err(), "{body:?}");
        }
    }
}
