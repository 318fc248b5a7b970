//! Multicast VPN routes (SAFI 5, RFC 6514 §4).

use alloc::boxed::Box;
use core::net::IpAddr;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::reader::Reader;
use super::super::vpn::RouteDistinguisher;
use super::super::writer::Writer;
use super::address;
use super::kept::kept_nlri;

kept_nlri! {
    /// A route.
    MvpnRoute,
    /// The same as it stands on the wire.
    ///
    /// ```text
    /// +-----------+-------------+------------------+
    /// | Type (1)  | Length (1)  | Value (variable) |
    /// +-----------+-------------+------------------+
    /// ```
    MvpnRouteView,
    MvpnFields,
    [afi]
}

/// What a route says, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MvpnFields<'a> {
    /// Type 1, intra-AS I-PMSI auto-discovery.
    ///
    /// ```text
    /// | RD (8) | Originator (4, 16) |
    /// ```
    IntraAs {
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// Who says so.
        originator: IpAddr,
    },
    /// Type 2, inter-AS I-PMSI auto-discovery.
    ///
    /// ```text
    /// | RD (8) | Source AS (4) |
    /// ```
    InterAs {
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// The AS.
        asn: u32,
    },
    /// Type 3, S-PMSI auto-discovery.
    ///
    /// ```text
    /// | RD (8) | Source bits (1) | Source | Group bits (1) | Group | Originator (4, 16) |
    /// ```
    SPmsi {
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// The source; any where there is none.
        source: Option<IpAddr>,
        /// The group; any where there is none.
        group: Option<IpAddr>,
        /// Who says so.
        originator: IpAddr,
    },
    /// Type 4, leaf auto-discovery: the route that it answers and who answers.
    Leaf(&'a [u8]),
    /// Type 5, source active auto-discovery.
    ///
    /// ```text
    /// | RD (8) | Source bits (1) | Source | Group bits (1) | Group |
    /// ```
    SourceActive {
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// The source.
        source: IpAddr,
        /// The group.
        group: IpAddr,
    },
    /// Type 6, shared tree join: `source` is the rendezvous point; and type 7, source tree join.
    ///
    /// ```text
    /// | RD (8) | Source AS (4) | Source bits (1) | Source | Group bits (1) | Group |
    /// ```
    Join {
        /// Type 6.
        shared: bool,
        /// Which VPN.
        distinguisher: RouteDistinguisher,
        /// The AS of the source.
        asn: u32,
        /// The source.
        source: IpAddr,
        /// The group.
        group: IpAddr,
    },
    /// Any other type: the whole NLRI.
    Unknown(&'a [u8]),
}

impl<'a> MvpnFields<'a> {
    fn parse(reader: &mut Reader<'a>, _afi: Afi) -> Result<Self, Malformed> {
        let start = *reader;
        let kind = reader.u8()?;
        let length = reader.u8()?;
        let mut value = reader.sub(usize::from(length))?;
        let fields = match kind {
            1 => Self::IntraAs {
                distinguisher: RouteDistinguisher(value.array()?),
                originator: address::of(&mut value, usize::from(length).saturating_sub(8))?,
            },
            2 => Self::InterAs { distinguisher: RouteDistinguisher(value.array()?), asn: value.u32()? },
            3 => Self::SPmsi {
                distinguisher: RouteDistinguisher(value.array()?),
                source: address::optional(&mut value)?,
                group: address::optional(&mut value)?,
                originator: {
                    let octets = value.len();
                    address::of(&mut value, octets)?
                },
            },
            4 => Self::Leaf(value.take_rest()),
            5 => Self::SourceActive {
                distinguisher: RouteDistinguisher(value.array()?),
                source: address::required(&mut value)?,
                group: address::required(&mut value)?,
            },
            6 | 7 => Self::Join {
                shared: kind == 6,
                distinguisher: RouteDistinguisher(value.array()?),
                asn: value.u32()?,
                source: address::required(&mut value)?,
                group: address::required(&mut value)?,
            },
            _ => {
                let mut whole = start;
                return Ok(Self::Unknown(whole.bytes(start.len() - reader.len())?));
            }
        };
        value.finish()?;
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_tree_join_reads_as_rfc_6514_draws_it() {
        let bytes =
            [7, 22, 0, 0, 0xfd, 0xe8, 0, 0, 0, 1, 0, 0, 0xfd, 0xe9, 32, 10, 0, 0, 1, 32, 239, 1, 1, 1];
        let view = MvpnRouteView::parse(&mut Reader::new(&bytes, 0), Afi::IPV4).unwrap();
        let expected = MvpnFields::Join {
            shared: false,
            distinguisher: RouteDistinguisher::from_as2(65000, 1),
            asn: 65001,
            source: [10, 0, 0, 1].into(),
            group: [239, 1, 1, 1].into(),
        };
        assert_eq!(view.fields(), expected);
        assert_eq!(&*MvpnRoute::from(view).bytes, &bytes);
    }

    #[test]
    fn a_route_with_an_address_of_33_bits_is_refused() {
        let bytes = [5, 18, 0, 0, 0, 1, 0, 0, 0, 1, 33, 10, 0, 0, 1, 32, 239, 1, 1, 1];
        assert_eq!(MvpnRouteView::parse(&mut Reader::new(&bytes, 0), Afi::IPV4).unwrap_err().offset, 10);
    }

    #[test]
    fn an_intra_as_route_ends_with_its_originator() {
        let bytes = [1, 12, 0, 0, 0, 1, 0, 0, 0, 1, 10, 0, 0, 9];
        let view = MvpnRouteView::parse(&mut Reader::new(&bytes, 0), Afi::IPV4).unwrap();
        assert!(
            matches!(view.fields(), MvpnFields::IntraAs { originator, .. } if originator == IpAddr::from([10, 0, 0, 9]))
        );
        let short = [1, 11, 0, 0, 0, 1, 0, 0, 0, 1, 10, 0, 0];
        assert!(MvpnRouteView::parse(&mut Reader::new(&short, 0), Afi::IPV4).is_err());
    }
}
