//! Destinations. Most families keep theirs as octets: here they are put together from the fields that each type has.

use alloc::boxed::Box;
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Result, Unstructured};

use super::super::nlri::{
    BgpLsNlri, EvpnRoute, FlowRule, FlowVpnRule, MupRoute, MvpnRoute, RouteTargetMembership, SrPolicyNlri,
    UnknownNlri, VplsNlri,
};
use super::super::{Afi, Family, Ipv4Prefix, Ipv6Prefix, Nlri, Prefix, Safi};
use super::{fill, octets};

impl<'a> Arbitrary<'a> for Nlri {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let family = *u.choose(&Family::ALL)?;
        of_family(family, u)
    }
}

/// A destination of this family; of one that has no decoder, any octets.
pub(super) fn of_family(family: Family, u: &mut Unstructured<'_>) -> Result<Nlri> {
    let afi = family.afi;
    Ok(match (afi, family.safi) {
        (Afi::IPV4 | Afi::IPV6, Safi::UNICAST) => Nlri::Unicast(prefix(afi, u)?),
        (Afi::IPV4 | Afi::IPV6, Safi::MULTICAST) => Nlri::Multicast(prefix(afi, u)?),
        (Afi::IPV4 | Afi::IPV6, Safi::LABELLED) => {
            let mut nlri: Box<super::super::nlri::LabelledPrefix> = u.arbitrary()?;
            nlri.prefix = prefix(afi, u)?;
            Nlri::Labelled(nlri)
        }
        (Afi::IPV4 | Afi::IPV6, Safi::VPN) => {
            let mut nlri: Box<super::super::nlri::VpnPrefix> = u.arbitrary()?;
            nlri.prefix = prefix(afi, u)?;
            Nlri::Vpn(nlri)
        }
        (Afi::IPV4 | Afi::IPV6, Safi::MVPN) => Nlri::Mvpn(Box::new(mvpn(afi, u)?)),
        (Afi::IPV4 | Afi::IPV6, Safi::FLOW) => Nlri::Flow(Box::new(flow(afi, u)?)),
        (Afi::IPV4 | Afi::IPV6, Safi::FLOW_VPN) => Nlri::FlowVpn(Box::new(flow_vpn(afi, u)?)),
        (Afi::IPV4 | Afi::IPV6, Safi::ROUTE_TARGET) => Nlri::RouteTarget(Box::new(route_target(afi, u)?)),
        (Afi::IPV4 | Afi::IPV6, Safi::SR_POLICY) => Nlri::SrPolicy(Box::new(sr_policy(afi, u)?)),
        (Afi::IPV4 | Afi::IPV6, Safi::MUP) => Nlri::Mup(Box::new(mup(afi, u)?)),
        (Afi::L2VPN, Safi::VPLS) => Nlri::Vpls(u.arbitrary()?),
        (Afi::L2VPN, Safi::EVPN) => Nlri::Evpn(u.arbitrary()?),
        (Afi::BGP_LS, Safi::BGP_LS | Safi::BGP_LS_VPN) => Nlri::BgpLs(Box::new(bgp_ls(family.safi, u)?)),
        _ => Nlri::Unknown(Box::new(UnknownNlri { family, bytes: octets(u, 40)? })),
    })
}

/// `Arbitrary` for what exists for IPv4 and IPv6, through a function that is told which.
macro_rules! of_either {
    ($($Owned:ident: $draw:ident;)*) => {$(
        impl<'a> Arbitrary<'a> for $Owned {
            fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
                let afi = *u.choose(&[Afi::IPV4, Afi::IPV6])?;
                $draw(afi, u)
            }
        }
    )*};
}

of_either! {
    MvpnRoute: mvpn;
    FlowRule: flow;
    FlowVpnRule: flow_vpn;
    RouteTargetMembership: route_target;
    SrPolicyNlri: sr_policy;
    MupRoute: mup;
}

fn prefix(afi: Afi, u: &mut Unstructured<'_>) -> Result<Prefix> {
    Ok(if afi == Afi::IPV6 {
        Prefix::V6(Ipv6Prefix::arbitrary(u)?)
    } else {
        Prefix::V4(Ipv4Prefix::arbitrary(u)?)
    })
}

/// Appends the octets of an address.
fn address(afi: Afi, u: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    if afi == Afi::IPV6 { fill::<16>(u, out) } else { fill::<4>(u, out) }
}

/// Appends a length in bits and the address of either family.
fn counted_address(u: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    let afi = *u.choose(&[Afi::IPV4, Afi::IPV6])?;
    out.push(if afi == Afi::IPV6 { 128 } else { 32 });
    address(afi, u, out)
}

/// Appends the same, or a length of zero.
fn perhaps_address(u: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    if u.arbitrary()? {
        return counted_address(u, out);
    }
    out.push(0);
    Ok(())
}

/// Appends a length in bits and a prefix.
fn counted_prefix(afi: Afi, u: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    let bits = u.int_in_range(0..=if afi == Afi::IPV6 { 128 } else { 32 })?;
    out.push(bits);
    for _ in 0..bits.div_ceil(8) {
        out.push(u.arbitrary()?);
    }
    Ok(())
}

/// A type and a length of one octet each before a value.
fn typed(kind: u8, value: &[u8]) -> Box<[u8]> {
    [&[kind, value.len() as u8], value].concat().into()
}

fn mvpn(afi: Afi, u: &mut Unstructured<'_>) -> Result<MvpnRoute> {
    let kind = u.int_in_range(0..=8)?;
    let mut value = Vec::new();
    match kind {
        1 => {
            fill::<8>(u, &mut value)?;
            let of = *u.choose(&[Afi::IPV4, Afi::IPV6])?;
            address(of, u, &mut value)?;
        }
        2 => fill::<12>(u, &mut value)?,
        3 => {
            fill::<8>(u, &mut value)?;
            perhaps_address(u, &mut value)?;
            perhaps_address(u, &mut value)?;
            address(afi, u, &mut value)?;
        }
        5..=7 => {
            fill::<8>(u, &mut value)?;
            if kind != 5 {
                fill::<4>(u, &mut value)?;
            }
            counted_address(u, &mut value)?;
            counted_address(u, &mut value)?;
        }
        _ => value.extend(octets(u, 40)?),
    }
    Ok(MvpnRoute { afi, bytes: typed(kind, &value) })
}

impl<'a> Arbitrary<'a> for EvpnRoute {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let kind = u.int_in_range(0..=9)?;
        let mut value = Vec::new();
        match kind {
            1 => fill::<25>(u, &mut value)?,
            2 => {
                fill::<22>(u, &mut value)?;
                value.push(48);
                fill::<6>(u, &mut value)?;
                perhaps_address(u, &mut value)?;
                fill::<3>(u, &mut value)?;
                if u.arbitrary()? {
                    fill::<3>(u, &mut value)?;
                }
            }
            3 => {
                fill::<12>(u, &mut value)?;
                counted_address(u, &mut value)?;
            }
            4 => {
                fill::<18>(u, &mut value)?;
                counted_address(u, &mut value)?;
            }
            5 => {
                fill::<22>(u, &mut value)?;
                let afi = *u.choose(&[Afi::IPV4, Afi::IPV6])?;
                value.push(u.int_in_range(0..=if afi == Afi::IPV6 { 128 } else { 32 })?);
                address(afi, u, &mut value)?;
                address(afi, u, &mut value)?;
                fill::<3>(u, &mut value)?;
            }
            6..=8 => {
                fill::<12>(u, &mut value)?;
                if kind != 6 {
                    fill::<10>(u, &mut value)?;
                }
                perhaps_address(u, &mut value)?;
                perhaps_address(u, &mut value)?;
                counted_address(u, &mut value)?;
                if kind == 8 {
                    fill::<5>(u, &mut value)?;
                }
                fill::<1>(u, &mut value)?;
            }
            _ => value.extend(octets(u, 40)?),
        }
        Ok(Self { bytes: typed(kind, &value) })
    }
}

impl<'a> Arbitrary<'a> for VplsNlri {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let length = *u.choose(&[12, 17])?;
        let mut bytes = Vec::from([0, length]);
        for _ in 0..length {
            bytes.push(u.arbitrary()?);
        }
        Ok(Self { bytes: bytes.into() })
    }
}

fn route_target(afi: Afi, u: &mut Unstructured<'_>) -> Result<RouteTargetMembership> {
    let bits = if u.arbitrary()? { 0 } else { u.int_in_range(32_u8..=96)? };
    let mut bytes = Vec::from([bits]);
    for _ in 0..bits.div_ceil(8) {
        bytes.push(u.arbitrary()?);
    }
    Ok(RouteTargetMembership { afi, bytes: bytes.into() })
}

fn sr_policy(afi: Afi, u: &mut Unstructured<'_>) -> Result<SrPolicyNlri> {
    let mut bytes = Vec::from([if afi == Afi::IPV6 { 192 } else { 96 }]);
    fill::<8>(u, &mut bytes)?;
    address(afi, u, &mut bytes)?;
    Ok(SrPolicyNlri { afi, bytes: bytes.into() })
}

fn mup(afi: Afi, u: &mut Unstructured<'_>) -> Result<MupRoute> {
    let kind = u.int_in_range(1..=5)?;
    let mut value = Vec::new();
    fill::<8>(u, &mut value)?;
    match kind {
        1 => counted_prefix(afi, u, &mut value)?,
        2 => address(afi, u, &mut value)?,
        3 => {
            counted_prefix(afi, u, &mut value)?;
            fill::<5>(u, &mut value)?;
            counted_address(u, &mut value)?;
            if u.arbitrary()? {
                perhaps_address(u, &mut value)?;
            }
        }
        4 => {
            let teid = u.int_in_range(0_u8..=32)?;
            value.push(teid + if afi == Afi::IPV6 { 128 } else { 32 });
            address(afi, u, &mut value)?;
            for _ in 0..teid.div_ceil(8) {
                value.push(u.arbitrary()?);
            }
        }
        _ => value.extend(octets(u, 40)?),
    }
    let head = [1, 0, kind, value.len() as u8];
    Ok(MupRoute { afi, bytes: [&head, value.as_slice()].concat().into() })
}

impl<'a> Arbitrary<'a> for BgpLsNlri {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let safi = *u.choose(&[Safi::BGP_LS, Safi::BGP_LS_VPN])?;
        bgp_ls(safi, u)
    }
}

fn bgp_ls(safi: Safi, u: &mut Unstructured<'_>) -> Result<BgpLsNlri> {
    let kind = u.int_in_range(0..=7)?;
    let mut value = Vec::new();
    if safi == Safi::BGP_LS_VPN {
        fill::<8>(u, &mut value)?;
    }
    fill::<9>(u, &mut value)?;
    let mut descriptors = Vec::new();
    for _ in 0..u.int_in_range(0..=4)? {
        let code = u.int_in_range(256_u16..=300)?;
        let inner = if code < 258 { node_descriptors(u)? } else { octets(u, 24)?.into_vec() };
        descriptors.push((code, inner));
    }
    value.extend(in_order(descriptors));
    let [a, b] = (value.len() as u16).to_be_bytes();
    Ok(BgpLsNlri { safi, bytes: [&[0, kind, a, b], value.as_slice()].concat().into() })
}

/// What stands in a local or remote node descriptor.
fn node_descriptors(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut inside = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        inside.push((u.int_in_range(512_u16..=518)?, octets(u, 8)?.into_vec()));
    }
    Ok(in_order(inside))
}

/// TLVs as they ascend (RFC 9552 §5.1).
fn in_order(mut tlvs: Vec<(u16, Vec<u8>)>) -> Vec<u8> {
    tlvs.sort_by(|(a, x), (b, y)| (a, x.len(), x).cmp(&(b, y.len(), y)));
    let write = |(code, value): (u16, Vec<u8>)| {
        [&code.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), &value].concat()
    };
    tlvs.into_iter().flat_map(write).collect()
}

fn flow(afi: Afi, u: &mut Unstructured<'_>) -> Result<FlowRule> {
    Ok(FlowRule { afi, bytes: rule(&components(afi, u)?) })
}

fn flow_vpn(afi: Afi, u: &mut Unstructured<'_>) -> Result<FlowVpnRule> {
    let mut value = Vec::new();
    fill::<8>(u, &mut value)?;
    value.extend(components(afi, u)?);
    Ok(FlowVpnRule { afi, bytes: rule(&value) })
}

/// A length of one octet or two before the rule (RFC 8955 §4.1).
fn rule(value: &[u8]) -> Box<[u8]> {
    let [a, b] = (value.len() as u16 | 0xf000).to_be_bytes();
    let length = if value.len() < 240 { &[b][..] } else { &[a, b] };
    [length, value].concat().into()
}

/// Components in the order of their types, at least one.
fn components(afi: Afi, u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let last = if afi == Afi::IPV6 { 13 } else { 12 };
    let wanted: u16 = u.arbitrary()?;
    let mut out = Vec::new();
    for kind in (1..=last).filter(|kind| wanted >> kind & 1 == 1) {
        out.push(kind);
        if kind > 2 {
            terms(u, &mut out)?;
            continue;
        }
        let bits: u8 = u.int_in_range(1..=if afi == Afi::IPV6 { 128 } else { 32 })?;
        let mut offset = 0;
        out.push(bits);
        if afi == Afi::IPV6 {
            offset = u.int_in_range(0..=bits - 1)?;
            out.push(offset);
        }
        for _ in 0..(bits - offset).div_ceil(8) {
            out.push(u.arbitrary()?);
        }
    }
    if out.is_empty() {
        out.extend([3, 0x81, 6]);
    }
    Ok(out)
}

/// One comparison or several; the last says so.
fn terms(u: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    for left in (0..u.int_in_range(1..=3)?).rev() {
        let operator = u.arbitrary::<u8>()? & 0x77 | if left == 0 { 0x80 } else { 0 };
        out.push(operator);
        for _ in 0..1 << (operator >> 4 & 3) {
            out.push(u.arbitrary()?);
        }
    }
    Ok(())
}
