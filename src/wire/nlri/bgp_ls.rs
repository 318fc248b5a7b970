//! Link-state NLRI (BGP-LS, SAFI 71 and 72, RFC 9552 §5.2).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Safi;
use super::super::reader::Reader;
use super::super::tlv::Tlvs;
use super::super::vpn::RouteDistinguisher;
use super::super::writer::Writer;

/// A node, link, prefix or segment of somebody's topology.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BgpLsNlri {
    /// 71, or 72 in a VPN.
    pub safi: Safi,
    /// The NLRI as it stands on the wire, its type and length included.
    pub bytes: Box<[u8]>,
}

impl BgpLsNlri {
    /// The NLRI as a view.
    pub fn view(&self) -> BgpLsNlriView<'_> {
        BgpLsNlriView { safi: self.safi, bytes: &self.bytes }
    }

    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// The same as it stands on the wire.
///
/// ```text
/// +-----------+-------------+-------------------------+------------------+-----------------+--------------------------+
/// | Type (2)  | Length (2)  | RD (8, in SAFI 72 only) | Protocol ID (1)  | Identifier (8)  | Descriptors (variable)   |
/// +-----------+-------------+-------------------------+------------------+-----------------+--------------------------+
/// ```
///
/// A descriptor is a [TLV](Tlvs), and so is what is inside of those of nodes; all of them ascend (RFC 9552 §5.1). What the others hold
/// is for those who use the topology (RFC 9552 §8.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BgpLsNlriView<'a> {
    /// 71, or 72 in a VPN.
    pub safi: Safi,
    /// The NLRI, its type and length included.
    pub bytes: &'a [u8],
}

impl<'a> BgpLsNlriView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>, safi: Safi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        BgpLsFields::parse(&mut ahead, safi)?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { safi, bytes })
    }

    /// Takes one that was checked before.
    #[inline]
    pub(super) fn cut(reader: &mut Reader<'a>, safi: Safi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        let [_, _, a, b] = ahead.array()?;
        let bytes = reader.bytes(4 + usize::from(u16::from_be_bytes([a, b])))?;
        Ok(Self { safi, bytes })
    }

    /// What it says.
    #[inline]
    pub fn fields(&self) -> BgpLsFields<'a> {
        let parsed = BgpLsFields::parse(&mut Reader::new(self.bytes, 0), self.safi);
        parsed.unwrap_or(BgpLsFields::Unknown(self.bytes))
    }
}

impl From<BgpLsNlriView<'_>> for BgpLsNlri {
    fn from(view: BgpLsNlriView<'_>) -> Self {
        Self { safi: view.safi, bytes: view.bytes.into() }
    }
}

/// What an NLRI says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BgpLsFields<'a> {
    /// A part of the topology.
    Element {
        /// 1 node, 2 link, 3 IPv4 prefix, 4 IPv6 prefix, 6 SRv6 SID.
        kind: u16,
        /// Which VPN, in SAFI 72.
        distinguisher: Option<RouteDistinguisher>,
        /// Who found it: 1 and 2 IS-IS, 3 OSPFv2, 4 direct, 5 static, 6 OSPFv3, 7 BGP.
        protocol: u8,
        /// Which routing universe it lies in.
        identifier: u64,
        /// The descriptors.
        descriptors: Tlvs<'a>,
    },
    /// Any other type: the whole NLRI.
    Unknown(&'a [u8]),
}

impl<'a> BgpLsFields<'a> {
    #[inline]
    fn parse(reader: &mut Reader<'a>, safi: Safi) -> Result<Self, Malformed> {
        let mut start = *reader;
        let kind = reader.u16()?;
        let length = reader.u16()?;
        let mut value = reader.sub(usize::from(length))?;
        if !matches!(kind, 1..=4 | 6) {
            return Ok(Self::Unknown(start.bytes(start.len() - reader.len())?));
        }
        let distinguisher =
            if safi == Safi::BGP_LS_VPN { Some(RouteDistinguisher(value.array()?)) } else { None };
        let protocol = value.u8()?;
        let identifier = value.u64()?;
        let descriptors = in_order(value)?;
        Ok(Self::Element { kind, distinguisher, protocol, identifier, descriptors })
    }
}

/// Local and remote node descriptors (RFC 9552 §5.2.1.2, §5.2.1.3), which hold TLVs.
const NODES: [u16; 2] = [256, 257];

/// Reads TLVs to their end. They ascend by type, those of one type by length and then by value (RFC 9552 §5.1): that is how routes
/// compare by their octets.
#[inline]
fn in_order(reader: Reader<'_>) -> Result<Tlvs<'_>, Malformed> {
    ascending(
        reader,
        |kind, inside| if NODES.contains(&kind) { ascending(inside, |_, _| Ok(())) } else { Ok(()) },
    )?;
    Ok(Tlvs::new(reader.rest()))
}

#[inline]
fn ascending<'a>(
    mut reader: Reader<'a>,
    check: impl Fn(u16, Reader<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut last = (0, 0, &[][..]);
    while !reader.is_empty() {
        let offset = reader.offset();
        let (kind, length) = (reader.u16()?, reader.u16()?);
        let value = reader.sub(usize::from(length))?;
        let next = (kind, length, value.rest());
        if next < last {
            return Err(Malformed::value(offset, "link-state TLVs out of order"));
        }
        last = next;
        check(kind, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_descriptors_that_end_where_it_does() {
        let bytes = [0, 1, 0, 17, 2, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 4, 2, 0, 0, 0];
        let view = BgpLsNlriView::parse(&mut Reader::new(&bytes, 0), Safi::BGP_LS).unwrap();
        let BgpLsFields::Element { kind, protocol, identifier, descriptors, .. } = view.fields() else {
            panic!("a node")
        };
        assert_eq!((kind, protocol, identifier, descriptors.rest()), (1, 2, 9, &bytes[13..]));
        let mut longer = bytes;
        longer[16] = 5;
        assert!(BgpLsNlriView::parse(&mut Reader::new(&longer, 0), Safi::BGP_LS).is_err());
    }

    #[test]
    fn an_nlri_in_a_vpn_begins_with_its_route_distinguisher() {
        let bytes = [0, 1, 0, 17, 0, 0, 0, 1, 0, 0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 9];
        let view = BgpLsNlriView::parse(&mut Reader::new(&bytes, 0), Safi::BGP_LS_VPN).unwrap();
        assert!(matches!(
            view.fields(),
            BgpLsFields::Element {
                distinguisher: Some(RouteDistinguisher([0, 0, 0, 1, 0, 0, 0, 2])),
                protocol: 2,
                ..
            }
        ));
    }

    /// A node behind its protocol and identifier.
    fn node(descriptors: &[u8]) -> Result<(), Malformed> {
        let value = [&[2, 0, 0, 0, 0, 0, 0, 0, 9][..], descriptors].concat();
        let bytes = [&[0, 1, 0, u8::try_from(value.len()).unwrap()][..], &value].concat();
        BgpLsNlriView::parse(&mut Reader::new(&bytes, 0), Safi::BGP_LS).map(drop)
    }

    #[test]
    fn descriptors_ascend_by_type_then_by_length_then_by_value() {
        assert!(node(&[1, 3, 0, 1, 9, 1, 4, 0, 0]).is_ok());
        assert_eq!(node(&[1, 4, 0, 0, 1, 3, 0, 1, 9]).unwrap_err().what, "link-state TLVs out of order");
        assert!(node(&[1, 4, 0, 1, 9, 1, 4, 0, 2, 1, 1]).is_ok());
        assert!(node(&[1, 4, 0, 2, 1, 1, 1, 4, 0, 1, 9]).is_err());
        assert!(node(&[1, 4, 0, 1, 2, 1, 4, 0, 1, 3]).is_ok());
        assert!(node(&[1, 4, 0, 1, 3, 1, 4, 0, 1, 2]).is_err());
        assert!(node(&[1, 4, 0, 1, 3, 1, 4, 0, 1, 3]).is_ok(), "the same twice");
    }

    #[test]
    fn what_nodes_hold_ascends_and_ends_where_they_do() {
        assert!(node(&[1, 0, 0, 9, 2, 0, 0, 1, 7, 2, 3, 0, 0]).is_ok());
        assert!(node(&[1, 0, 0, 9, 2, 3, 0, 0, 2, 0, 0, 1, 7]).is_err());
        assert!(node(&[1, 1, 0, 9, 2, 3, 0, 0, 2, 0, 0, 1, 7]).is_err(), "a remote node");
        assert!(node(&[1, 0, 0, 4, 2, 0, 0, 1]).is_err(), "a TLV that is cut short");
        assert!(node(&[1, 9, 0, 9, 2, 3, 0, 0, 2, 0, 0, 1, 7]).is_ok(), "no node");
    }

    #[test]
    fn an_nlri_of_unknown_type_is_kept() {
        let bytes = [0, 9, 0, 1, 7];
        let view = BgpLsNlriView::parse(&mut Reader::new(&bytes, 0), Safi::BGP_LS).unwrap();
        assert_eq!(view.fields(), BgpLsFields::Unknown(&bytes));
    }
}
