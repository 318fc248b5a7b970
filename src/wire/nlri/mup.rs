//! Mobile user plane routes (SAFI 85, draft-ietf-bess-mup-safi §3.1).

use alloc::boxed::Box;
use core::net::IpAddr;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::prefix::{Ipv4Prefix, Ipv6Prefix, Prefix};
use super::super::reader::Reader;
use super::super::vpn::RouteDistinguisher;
use super::super::writer::Writer;
use super::address;
use super::kept::kept_nlri;

kept_nlri! {
    /// A route.
    MupRoute,
    /// The same as it stands on the wire.
    ///
    /// ```text
    /// +------------------------+-----------------+-------------+------------------+
    /// | Architecture type (1)  | Route type (2)  | Length (1)  | Value (variable) |
    /// +------------------------+-----------------+-------------+------------------+
    /// ```
    MupRouteView,
    MupFields,
    [afi]
}

/// What a route says, by its type, in the architecture that is defined (1, 3GPP 5G).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MupFields<'a> {
    /// Type 1, interwork segment discovery.
    ///
    /// ```text
    /// | RD (8) | Prefix bits (1) | Prefix (variable) |
    /// ```
    InterworkSegment {
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// Which access network.
        prefix: Prefix,
    },
    /// Type 2, direct segment discovery.
    ///
    /// ```text
    /// | RD (8) | Address (4, 16) |
    /// ```
    DirectSegment {
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// Who offers the segment.
        address: IpAddr,
    },
    /// Type 3, type 1 session transformed.
    ///
    /// ```text
    /// | RD (8) | Prefix bits (1) | Prefix | TEID (4) | QFI (1) | Endpoint bits (1) | Endpoint | Source bits (1) | Source |
    /// ```
    ///
    /// The source and its length may be missing.
    Type1Session {
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// The user's prefix.
        prefix: Prefix,
        /// The tunnel's endpoint identifier.
        teid: u32,
        /// The flow's quality of service.
        qfi: u8,
        /// The tunnel's endpoint.
        endpoint: IpAddr,
        /// Where the tunnel begins.
        source: Option<IpAddr>,
    },
    /// Type 4, type 2 session transformed: the endpoint's length counts the address and as many bits of the TEID as matter.
    ///
    /// ```text
    /// | RD (8) | Endpoint bits (1) | Endpoint (4, 16) | TEID (0 to 4) |
    /// ```
    Type2Session {
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// The tunnel's endpoint.
        endpoint: IpAddr,
        /// How many bits of `teid` count.
        teid_length: u8,
        /// The tunnel's endpoint identifier, the bits that do not count zero.
        teid: u32,
    },
    /// Any other architecture or type: the whole NLRI.
    Unknown(&'a [u8]),
}

impl<'a> MupFields<'a> {
    fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let start = *reader;
        let architecture = reader.u8()?;
        let kind = reader.u16()?;
        let length = reader.u8()?;
        let mut value = reader.sub(usize::from(length))?;
        let fields = match (architecture, kind) {
            (1, 1) => Self::InterworkSegment {
                distinguisher: RouteDistinguisher(value.array()?),
                prefix: prefix(&mut value, afi)?,
            },
            (1, 2) => Self::DirectSegment {
                distinguisher: RouteDistinguisher(value.array()?),
                address: address::of(&mut value, octets(afi))?,
            },
            (1, 3) => Self::type_1_session(&mut value, afi)?,
            (1, 4) => Self::type_2_session(&mut value, afi)?,
            _ => {
                let mut whole = start;
                return Ok(Self::Unknown(whole.bytes(start.len() - reader.len())?));
            }
        };
        value.finish()?;
        Ok(fields)
    }

    fn type_1_session(value: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        Ok(Self::Type1Session {
            distinguisher: RouteDistinguisher(value.array()?),
            prefix: prefix(value, afi)?,
            teid: value.u32()?,
            qfi: value.u8()?,
            endpoint: address::required(value)?,
            source: if value.is_empty() { None } else { address::optional(value)? },
        })
    }

    fn type_2_session(value: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let distinguisher = RouteDistinguisher(value.array()?);
        let offset = value.offset();
        let bits = value.u8()?;
        let address_bits = if afi == Afi::IPV6 { 128 } else { 32 };
        let Some(teid_length @ 0..=32) = bits.checked_sub(address_bits) else {
            return Err(Malformed::value(offset, "a MUP endpoint that its address family cannot have"));
        };
        let endpoint = address::of(value, octets(afi))?;
        let mut teid = [0; 4];
        let given = value.bytes(usize::from(teid_length).div_ceil(8))?;
        teid.iter_mut().zip(given).for_each(|(to, from)| *to = *from);
        let mask = u32::MAX.checked_shl(32 - u32::from(teid_length)).unwrap_or(0);
        Ok(Self::Type2Session { distinguisher, endpoint, teid_length, teid: u32::from_be_bytes(teid) & mask })
    }
}

fn octets(afi: Afi) -> usize {
    if afi == Afi::IPV6 { 16 } else { 4 }
}

fn prefix(reader: &mut Reader<'_>, afi: Afi) -> Result<Prefix, Malformed> {
    match afi {
        Afi::IPV6 => Ipv6Prefix::parse(reader).map(Prefix::V6),
        _ => Ipv4Prefix::parse(reader).map(Prefix::V4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const RD: [u8; 8] = [0, 0, 0, 100, 0, 0, 0, 100];

    fn route(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        let value = parts.concat();
        [&[1, 0, kind, u8::try_from(value.len()).unwrap()], &value[..]].concat()
    }

    fn parse(bytes: &[u8], afi: Afi) -> Result<MupRoute, Malformed> {
        let mut reader = Reader::new(bytes, 0);
        let view = MupRouteView::parse(&mut reader, afi)?;
        assert!(reader.is_empty());
        Ok(view.into())
    }

    #[test]
    fn a_type_1_session_may_have_a_source() {
        let session = [&RD[..], &[32, 192, 168, 0, 2], &[0, 0, 48, 57], &[9], &[32, 10, 0, 0, 1]].concat();
        for (source, expected) in
            [(&[][..], None), (&[32, 10, 0, 0, 2][..], Some(IpAddr::from([10, 0, 0, 2]))), (&[0][..], None)]
        {
            let parsed = parse(&route(3, &[&session, source]), Afi::IPV4).unwrap();
            let MupFields::Type1Session { teid, qfi, source, .. } = parsed.view().fields() else {
                panic!("a session")
            };
            assert_eq!((teid, qfi, source), (12345, 9, expected));
        }
    }

    #[test]
    fn a_type_2_session_counts_the_bits_of_its_teid() {
        let parsed = parse(&route(4, &[&RD, &[52, 10, 0, 0, 1], &[0x12, 0x34, 0x5f]]), Afi::IPV4).unwrap();
        let MupFields::Type2Session { teid_length, teid, .. } = parsed.view().fields() else {
            panic!("a session")
        };
        assert_eq!((teid_length, teid), (20, 0x1234_5000));
        assert!(parse(&route(4, &[&RD, &[31, 10, 0, 0, 1]]), Afi::IPV4).is_err(), "shorter than the address");
        assert!(
            parse(&route(4, &[&RD, &[65, 10, 0, 0, 1], &[0; 5]]), Afi::IPV4).is_err(),
            "a TEID of 33 bits"
        );
    }

    #[test]
    fn a_direct_segment_has_an_address_of_its_family() {
        assert!(parse(&route(2, &[&RD, &[10, 0, 0, 1]]), Afi::IPV4).is_ok());
        assert!(parse(&route(2, &[&RD, &[10, 0, 0, 1]]), Afi::IPV6).is_err());
    }

    #[test]
    fn a_route_of_another_architecture_is_kept() {
        let bytes = [2, 0, 1, 1, 0xaa];
        assert_eq!(parse(&bytes, Afi::IPV4).unwrap().view().fields(), MupFields::Unknown(&bytes));
    }
}
