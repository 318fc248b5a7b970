//! EVPN routes (L2VPN, SAFI 70): RFC 7432, RFC 9136 (IP prefix), RFC 9251 (multicast).

use alloc::boxed::Box;
use core::net::IpAddr;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::vpn::{Label, RouteDistinguisher};
use super::super::writer::Writer;
use super::address;
use super::kept::kept_nlri;

kept_nlri! {
    /// A route.
    EvpnRoute,
    /// The same as it stands on the wire.
    ///
    /// ```text
    /// +-----------+-------------+------------------+
    /// | Type (1)  | Length (1)  | Value (variable) |
    /// +-----------+-------------+------------------+
    /// ```
    EvpnRouteView,
    EvpnFields,
    []
}

impl<'a> EvpnRouteView<'a> {
    /// Takes one that was checked before.
    #[inline]
    pub(super) fn cut(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        let [_, length] = ahead.array()?;
        reader.bytes(2 + usize::from(length)).map(|bytes| Self { bytes })
    }
}

/// An Ethernet segment identifier (RFC 7432 §5).
pub type EthernetSegment = [u8; 10];

/// What a route says, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvpnFields<'a> {
    /// Type 1 (RFC 7432 §7.1).
    ///
    /// ```text
    /// | RD (8) | ESI (10) | Ethernet tag (4) | Label (3) |
    /// ```
    EthernetAutoDiscovery {
        /// Which EVPN instance.
        distinguisher: RouteDistinguisher,
        /// Which segment.
        segment: EthernetSegment,
        /// Which broadcast domain.
        tag: u32,
        /// The label.
        label: Label,
    },
    /// Type 2 (RFC 7432 §7.2).
    ///
    /// ```text
    /// | RD (8) | ESI (10) | Ethernet tag (4) | MAC bits (1) | MAC (6) | IP bits (1) | IP (0, 4, 16) | Label (3) | Label (0, 3) |
    /// ```
    MacIp {
        /// Which EVPN instance.
        distinguisher: RouteDistinguisher,
        /// Which segment.
        segment: EthernetSegment,
        /// Which broadcast domain.
        tag: u32,
        /// The hardware address.
        mac: [u8; 6],
        /// The address that it has.
        address: Option<IpAddr>,
        /// The label for bridged traffic.
        label: Label,
        /// The label for routed traffic.
        routed: Option<Label>,
    },
    /// Type 3 (RFC 7432 §7.3).
    ///
    /// ```text
    /// | RD (8) | Ethernet tag (4) | IP bits (1) | Originator (4, 16) |
    /// ```
    InclusiveMulticast {
        /// Which EVPN instance.
        distinguisher: RouteDistinguisher,
        /// Which broadcast domain.
        tag: u32,
        /// Who wants its traffic.
        originator: IpAddr,
    },
    /// Type 4 (RFC 7432 §7.4).
    ///
    /// ```text
    /// | RD (8) | ESI (10) | IP bits (1) | Originator (4, 16) |
    /// ```
    EthernetSegment {
        /// Which EVPN instance.
        distinguisher: RouteDistinguisher,
        /// Which segment.
        segment: EthernetSegment,
        /// Who is attached to it.
        originator: IpAddr,
    },
    /// Type 5 (RFC 9136 §3.1).
    ///
    /// ```text
    /// | RD (8) | ESI (10) | Ethernet tag (4) | Prefix bits (1) | Prefix (4, 16) | Gateway (4, 16) | Label (3) |
    /// ```
    IpPrefix {
        /// Which EVPN instance.
        distinguisher: RouteDistinguisher,
        /// Which segment.
        segment: EthernetSegment,
        /// Which broadcast domain.
        tag: u32,
        /// How many bits of `prefix` count.
        length: u8,
        /// The prefix.
        prefix: IpAddr,
        /// The gateway; unspecified where there is none.
        gateway: IpAddr,
        /// The label.
        label: Label,
    },
    /// Types 6 to 8 (RFC 9251 §9): the fields that the three share come first.
    ///
    /// ```text
    /// | RD (8) | ESI (10, not in type 6) | Ethernet tag (4) | Source bits (1) | Source (0, 4, 16) | Group bits (1) |
    /// | Group (0, 4, 16) | Originator bits (1) | Originator (4, 16) | Sequence (4) and delay (1, both in type 8) | Flags (1) |
    /// ```
    Multicast {
        /// 6 selective multicast Ethernet tag, 7 membership report synch, 8 leave synch.
        kind: u8,
        /// Which EVPN instance.
        distinguisher: RouteDistinguisher,
        /// Which segment; not in type 6.
        segment: Option<EthernetSegment>,
        /// Which broadcast domain.
        tag: u32,
        /// The source; any where there is none.
        source: Option<IpAddr>,
        /// The group; any where there is none.
        group: Option<IpAddr>,
        /// Who said so.
        originator: IpAddr,
        /// The sequence number and the maximum response time, in type 8.
        leave: Option<(u32, u8)>,
        /// IGMP and MLD versions, and how to read the source.
        flags: u8,
    },
    /// Any other type: the whole NLRI.
    Unknown(&'a [u8]),
}

impl<'a> EvpnFields<'a> {
    #[inline]
    fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = *reader;
        let kind = reader.u8()?;
        let length = reader.u8()?;
        let mut value = reader.sub(usize::from(length))?;
        let mut whole = start;
        let fields = match kind {
            1 => Self::ethernet_auto_discovery(&mut value)?,
            2 => Self::mac_ip(&mut value)?,
            3 => Self::inclusive_multicast(&mut value)?,
            4 => Self::ethernet_segment(&mut value)?,
            5 => Self::ip_prefix(&mut value)?,
            6..=8 => match Self::multicast(kind, &mut value)? {
                Some(fields) => fields,
                None => Self::Unknown(whole.bytes(start.len() - reader.len())?),
            },
            _ => return Ok(Self::Unknown(whole.bytes(start.len() - reader.len())?)),
        };
        value.finish()?;
        Ok(fields)
    }

    fn ethernet_auto_discovery(value: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self::EthernetAutoDiscovery {
            distinguisher: RouteDistinguisher(value.array()?),
            segment: value.array()?,
            tag: value.u32()?,
            label: Label::from_octets(value.array()?),
        })
    }

    #[inline]
    fn mac_ip(value: &mut Reader<'a>) -> Result<Self, Malformed> {
        value.need(8 + 10 + 4 + 1 + 6 + 1)?;
        let distinguisher = RouteDistinguisher(value.array()?);
        let (segment, tag) = (value.array()?, value.u32()?);
        let offset = value.offset();
        if value.u8()? != 48 {
            return Err(Malformed::value(offset, "a MAC address that is not 48 bits long"));
        }
        Ok(Self::MacIp {
            distinguisher,
            segment,
            tag,
            mac: value.array()?,
            address: address::optional(value)?,
            label: Label::from_octets(value.array()?),
            routed: if value.is_empty() { None } else { Some(Label::from_octets(value.array()?)) },
        })
    }

    #[inline]
    fn inclusive_multicast(value: &mut Reader<'a>) -> Result<Self, Malformed> {
        value.need(8 + 4 + 1)?;
        Ok(Self::InclusiveMulticast {
            distinguisher: RouteDistinguisher(value.array()?),
            tag: value.u32()?,
            originator: address::required(value)?,
        })
    }

    fn ethernet_segment(value: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self::EthernetSegment {
            distinguisher: RouteDistinguisher(value.array()?),
            segment: value.array()?,
            originator: address::required(value)?,
        })
    }

    /// Whether the addresses have 4 or 16 octets shows in the length of the whole (RFC 9136 §3.1).
    #[inline]
    fn ip_prefix(value: &mut Reader<'a>) -> Result<Self, Malformed> {
        let offset = value.offset();
        let octets = match value.len() {
            34 => 4,
            58 => 16,
            _ => return Err(Malformed::length(offset, "an EVPN IP prefix route of an impossible length")),
        };
        let distinguisher = RouteDistinguisher(value.array()?);
        let (segment, tag, length) = (value.array()?, value.u32()?, value.u8()?);
        if usize::from(length) > octets * 8 {
            return Err(Malformed::value(offset, "an EVPN IP prefix longer than its address"));
        }
        Ok(Self::IpPrefix {
            distinguisher,
            segment,
            tag,
            length,
            prefix: address::of(value, octets)?,
            gateway: address::of(value, octets)?,
            label: Label::from_octets(value.array()?),
        })
    }

    /// `None`: a leave synch route of an octet less than RFC 9251 §9.3 wants, as some routers send them. Which of its last fields is
    /// shorter cannot be told, and so it is kept as it is.
    fn multicast(kind: u8, value: &mut Reader<'a>) -> Result<Option<Self>, Malformed> {
        let distinguisher = RouteDistinguisher(value.array()?);
        let segment = if kind == 6 { None } else { Some(value.array()?) };
        let tag = value.u32()?;
        let (source, group) = (address::optional(value)?, address::optional(value)?);
        let originator = address::required(value)?;
        if kind == 8 && value.len() == LEAVE_TAIL - 1 {
            value.take_rest();
            return Ok(None);
        }
        let leave = if kind == 8 { Some((value.u32()?, value.u8()?)) } else { None };
        let flags = value.u8()?;
        Ok(Some(Self::Multicast {
            kind,
            distinguisher,
            segment,
            tag,
            source,
            group,
            originator,
            leave,
            flags,
        }))
    }
}

/// The octets of a leave synch route behind its addresses: sequence, delay and flags.
const LEAVE_TAIL: usize = 4 + 1 + 1;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const RD: [u8; 8] = [0, 1, 10, 0, 0, 1, 0, 7];

    fn route(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        let value = parts.concat();
        [&[kind, u8::try_from(value.len()).unwrap()], &value[..]].concat()
    }

    fn parse(bytes: &[u8]) -> Result<EvpnRoute, Malformed> {
        let mut reader = Reader::new(bytes, 0);
        let view = EvpnRouteView::parse(&mut reader)?;
        assert!(reader.is_empty());
        Ok(view.into())
    }

    #[test]
    fn a_mac_route_may_have_an_address_and_a_second_label() {
        let head = [&RD[..], &[0; 10], &[0, 0, 0, 9], &[48, 2, 0, 0, 0, 0, 1]].concat();
        for (address, labels) in [(&[0][..], 1), (&[32, 192, 0, 2, 1], 1), (&[32, 192, 0, 2, 1], 2)] {
            let bytes = route(2, &[&head, address, &[0, 1, 1].repeat(labels)]);
            let parsed = parse(&bytes).unwrap();
            let EvpnFields::MacIp { tag, address: found, routed, .. } = parsed.view().fields() else {
                panic!("a MAC/IP route")
            };
            assert_eq!((tag, found.is_some(), routed.is_some()), (9, address.len() > 1, labels == 2));
            assert_eq!(&*parsed.bytes, &bytes);
        }
    }

    #[test]
    fn a_mac_of_another_length_than_48_bits_is_refused() {
        let bytes = route(2, &[&RD, &[0; 14], &[47, 2, 0, 0, 0, 0, 1], &[0], &[0, 1, 1]]);
        assert_eq!(parse(&bytes).unwrap_err().offset, 24);
    }

    #[test]
    fn a_prefix_route_is_34_or_58_octets_long() {
        for octets in [4, 16] {
            let address = [0xaa; 16];
            let parts: [&[u8]; 5] = [&RD, &[0; 14], &[24], &address[..octets], &address[..octets]];
            let whole = route(5, &[&parts.concat(), &[0, 0, 1]]);
            assert!(matches!(
                parse(&whole).unwrap().view().fields(),
                EvpnFields::IpPrefix { length: 24, .. }
            ));
            assert!(parse(&route(5, &[&parts.concat()])).is_err());
        }
    }

    #[test]
    fn octets_left_over_in_a_route_are_refused() {
        let bytes = route(3, &[&RD, &[0; 4], &[32, 10, 0, 0, 1], &[0]]);
        assert!(parse(&bytes).is_err());
        assert!(parse(&bytes[..bytes.len() - 1]).is_err(), "cut short");
    }

    #[test]
    fn a_leave_synch_route_reads_all_its_fields() {
        let bytes = route(
            8,
            &[
                &RD,
                &[7; 10],
                &[0, 0, 0, 1],
                &[0],
                &[32, 239, 0, 0, 1],
                &[32, 10, 0, 0, 1],
                &[0, 0, 0, 5],
                &[100],
                &[2],
            ],
        );
        let parsed = parse(&bytes).unwrap();
        let EvpnFields::Multicast { source, leave, flags, segment, .. } = parsed.view().fields() else {
            panic!("a multicast route")
        };
        assert_eq!((source, leave, flags, segment), (None, Some((5, 100)), 2, Some([7; 10])));
    }

    #[test]
    fn a_leave_synch_route_of_an_octet_less_is_kept_as_octets() {
        let head = [&RD[..], &[7; 10], &[0, 0, 0, 1], &[0], &[32, 239, 0, 0, 1], &[32, 10, 0, 0, 1]].concat();
        let short = route(8, &[&head, &[0, 0, 0, 5, 2]]);
        assert_eq!(short.len(), 2 + 38);
        assert_eq!(parse(&short).unwrap().view().fields(), EvpnFields::Unknown(&short));
        assert!(parse(&route(8, &[&head, &[0, 0, 0, 5]])).is_err(), "two octets less");
        assert!(parse(&route(8, &[&head, &[0, 0, 0, 5, 100, 2, 0]])).is_err(), "an octet more");
        assert!(parse(&route(7, &[&head, &[]])).is_err(), "another type");
    }

    #[test]
    fn a_route_of_unknown_type_is_kept() {
        let bytes = [200, 2, 1, 2];
        assert_eq!(parse(&bytes).unwrap().view().fields(), EvpnFields::Unknown(&bytes));
    }
}
