//! ROUTE-REFRESH (RFC 2918, RFC 7313).

use alloc::boxed::Box;

use super::error::{BufferFull, ErrorData, Malformed, WireError, code};
use super::family::{Afi, Family, Safi};
use super::frame::HEADER;
use super::reader::Reader;
use super::writer::Writer;

/// A request to send a family's routes again, or a mark around them.
///
/// ```text
///  0       7       15      23      31
/// +-------+-------+-------+-------+
/// |      AFI      | Sub-  | SAFI  |
/// |               | type  |       |
/// +-------+-------+-------+-------+
/// ```
///
/// Behind a request, filters for what is sent from then on may stand (RFC 5291 §4):
///
/// ```text
/// +-----------------------------+---------------+-----------------------+-----------------------+
/// | When to refresh (1 octet)   | Type (1)      | Length (2)            | Entries (variable)    | …
/// +-----------------------------+---------------+-----------------------+-----------------------+
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteRefresh {
    /// Whose routes.
    pub family: Family,
    /// What is meant.
    pub kind: RefreshKind,
    /// The outbound route filters as they stand on the wire; none in most messages. We never offer to apply any.
    pub filters: Box<[u8]>,
}

/// When to refresh: not for the sake of these filters (RFC 5291 §4).
const DEFER: u8 = 2;

impl RouteRefresh {
    /// A message without filters.
    pub fn new(family: Family, kind: RefreshKind) -> Self {
        Self { family, kind, filters: Box::default() }
    }

    /// Whether it asks for the routes, and not only for filters to be kept.
    pub fn asks_now(&self) -> bool {
        self.kind == RefreshKind::Request && self.filters.first() != Some(&DEFER)
    }

    /// Reads a message's body. What follows the four octets of a request are filters; what follows those of a subtype that nobody knows is
    /// ignored with it (RFC 7313 §5).
    ///
    /// # Errors
    ///
    /// A length that the message cannot have; the data is the whole message (RFC 7313 §5).
    pub fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(body, HEADER);
        let whole = ErrorData::Span { start: 0, length: HEADER + body.len() };
        let mut parse = || -> Result<_, Malformed> {
            let (afi, kind, safi) = (reader.u16()?, reader.u8()?, reader.u8()?);
            let kind = RefreshKind::from_u8(kind);
            if matches!(kind, RefreshKind::Begin | RefreshKind::End) {
                reader.finish()?;
            }
            Ok(Self { family: Family::new(Afi(afi), Safi(safi)), kind, filters: reader.take_rest().into() })
        };
        parse().map_err(|malformed| WireError {
            code: code::ROUTE_REFRESH,
            subcode: 1,
            data: whole,
            offset: malformed.offset,
            what: "a ROUTE-REFRESH of a length other than 23 octets",
        })
    }

    /// Writes the message's body.
    ///
    /// # Errors
    ///
    /// Where the buffer is full.
    pub fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u16(self.family.afi.0)?;
        out.array([self.kind.as_u8(), self.family.safi.0])?;
        out.bytes(&self.filters)
    }
}

/// The message subtype (RFC 7313 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefreshKind {
    /// 0: send the routes again.
    Request,
    /// 1, BoRR: routes sent again begin here.
    Begin,
    /// 2, EoRR: routes sent again end here; what was not sent again is gone.
    End,
    /// Any other; to be ignored (RFC 7313 §5).
    Unknown(u8),
}

impl RefreshKind {
    /// The kind with this number on the wire.
    pub const fn from_u8(kind: u8) -> Self {
        match kind {
            0 => Self::Request,
            1 => Self::Begin,
            2 => Self::End,
            other => Self::Unknown(other),
        }
    }

    /// Its number on the wire.
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::Request => 0,
            Self::Begin => 1,
            Self::End => 2,
            Self::Unknown(other) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_and_written() {
        let body = [0, 2, 0, 1];
        let refresh = RouteRefresh::decode(&body).unwrap();
        assert_eq!(refresh, RouteRefresh::new(Family::IPV6_UNICAST, RefreshKind::Request));
        let mut buffer = [0; 8];
        let mut out = Writer::new(&mut buffer);
        refresh.encode(&mut out).unwrap();
        assert_eq!(out.written(), body);
    }

    #[test]
    fn a_wrong_length_is_answered_with_the_whole_message() {
        let error = RouteRefresh::decode(&[0, 1, 0]).unwrap_err();
        assert_eq!((error.code, error.subcode), (7, 1));
        assert_eq!(error.data, ErrorData::Span { start: 0, length: 22 });
        assert!(RouteRefresh::decode(&[0, 1, 1, 1, 9]).is_err(), "BoRR");
        assert!(RouteRefresh::decode(&[0, 1, 2, 1, 9]).is_err(), "EoRR");
    }

    #[test]
    fn filters_behind_a_request_are_kept_as_octets() {
        let immediate = [0, 1, 0, 1, 1, 64, 0, 1, 0x80];
        let refresh = RouteRefresh::decode(&immediate).unwrap();
        assert_eq!((&*refresh.filters, refresh.asks_now()), (&immediate[4..], true));
        let mut buffer = [0; 16];
        let mut out = Writer::new(&mut buffer);
        refresh.encode(&mut out).unwrap();
        assert_eq!(out.written(), immediate);
        let deferred = RouteRefresh::decode(&[0, 1, 0, 1, 2, 64, 0, 1, 0x80]).unwrap();
        assert!(!deferred.asks_now());
    }
}
