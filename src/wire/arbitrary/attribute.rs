//! Path attributes.

use alloc::boxed::Box;
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Result, Unstructured};
use core::net::Ipv4Addr;

use super::super::attribute::{
    Aigp, AttrSet, BgpLsAttribute, BindingSid, EndpointBehavior, Interface, LabelStackEntry, PmsiTunnel,
    PrefixSid, SR_POLICY_TUNNEL, SegmentKind, SrPolicySubTlv, SrSegment, Srv6Sid, TunnelEncapsulation,
    UnknownAttribute, encode_segment_list,
};
use super::super::{
    Aggregator, AsPath, AsSegment, Attribute, AttributeCode, AttributeFlags, Attributes, treatment,
};
use super::{few, fill, octets};

/// AS 0 aggregates nothing (RFC 7607 §2).
impl<'a> Arbitrary<'a> for Aggregator {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { asn: asn(u)?, address: u.arbitrary()? })
    }
}

/// Any AS but 0, in two octets as often as not.
fn asn(u: &mut Unstructured<'_>) -> Result<u32> {
    let most = if u.arbitrary()? { u32::MAX } else { 0xffff };
    u.int_in_range(1..=most)
}

impl<'a> Arbitrary<'a> for AsSegment {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let kind = u.arbitrary()?;
        let count = u.int_in_range(1..=6)?;
        Ok(Self { kind, asns: (0..count).map(|_| asn(u)).collect::<Result<_>>()? })
    }
}

impl<'a> Arbitrary<'a> for AsPath {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { segments: few(u, 0, 4)? })
    }
}

/// Any metric but the greatest, which says that there is none (RFC 7311 §3.2).
impl<'a> Arbitrary<'a> for Aigp {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::new(u.int_in_range(0..=u64::MAX - 1)?))
    }
}

impl<'a> Arbitrary<'a> for PmsiTunnel {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (flags, label) = (u.arbitrary()?, u.arbitrary()?);
        let (kind, identifier) =
            *u.choose(&[(0, 0), (1, 12), (2, 17), (3, 8), (5, 32), (6, 4), (6, 16), (11, 3)])?;
        let tunnel: Box<[u8]> = few(u, identifier, identifier)?.into();
        Ok(Self { flags, kind, label, tunnel })
    }
}

/// A TLV with one octet of type and two of length.
fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let [a, b] = (value.len() as u16).to_be_bytes();
    [&[kind, a, b], value].concat()
}

impl<'a> Arbitrary<'a> for LabelStackEntry {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary().map(Self)
    }
}

impl<'a> Arbitrary<'a> for Srv6Sid {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let behavior: Option<(u16, [u8; 4])> = u.arbitrary()?;
        let behavior = behavior.map(|(behavior, lengths)| EndpointBehavior { behavior, lengths });
        Ok(Self { sid: u.arbitrary()?, behavior })
    }
}

impl<'a> Arbitrary<'a> for Interface {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { id: u.arbitrary()?, node: u.arbitrary()? })
    }
}

impl<'a> Arbitrary<'a> for SrSegment {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        use SegmentKind as Kind;
        let kind = match u.int_in_range(0..=10)? {
            0 => Kind::A(u.arbitrary()?),
            1 => Kind::B(u.arbitrary()?),
            2 => Kind::C(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
            3 => Kind::D(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
            4 => Kind::E(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
            5 => Kind::F(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
            6 => Kind::G(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
            7 => Kind::H(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
            8 => Kind::I(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
            9 => Kind::J(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
            _ => Kind::K(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
        };
        Ok(Self { flags: u.arbitrary()?, kind })
    }
}

/// The sub-TLVs of a policy: each that may stand only once at most once, segment lists with and without a weight.
fn policy(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if u.arbitrary()? {
        SrPolicySubTlv::Preference(u.arbitrary()?).encode(&mut bytes);
    }
    if u.arbitrary()? {
        let sid = match u.int_in_range(0..=2)? {
            0 => BindingSid::Null,
            1 => BindingSid::Label(u.arbitrary()?),
            _ => BindingSid::Srv6(u.arbitrary()?),
        };
        SrPolicySubTlv::BindingSid { flags: u.arbitrary()?, sid }.encode(&mut bytes);
    }
    if u.arbitrary()? {
        SrPolicySubTlv::ExplicitNull(u.arbitrary()?).encode(&mut bytes);
        SrPolicySubTlv::Priority(u.arbitrary()?).encode(&mut bytes);
    }
    for _ in 0..u.int_in_range(0..=2)? {
        SrPolicySubTlv::Srv6BindingSid { flags: u.arbitrary()?, sid: u.arbitrary()? }.encode(&mut bytes);
    }
    for _ in 0..u.int_in_range(0..=2)? {
        encode_segment_list(u.arbitrary()?, &few::<SrSegment>(u, 0, 4)?, &mut bytes);
    }
    if u.arbitrary()? {
        SrPolicySubTlv::PolicyName(&octets(u, 12)?).encode(&mut bytes);
        SrPolicySubTlv::CandidatePathName(&octets(u, 12)?).encode(&mut bytes);
        SrPolicySubTlv::Unknown { code: 200, value: &octets(u, 12)? }.encode(&mut bytes);
    }
    Ok(bytes)
}

impl<'a> Arbitrary<'a> for TunnelEncapsulation {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if u.arbitrary()? {
            let policy = policy(u)?;
            let bytes = [&[0, 15][..], &(policy.len() as u16).to_be_bytes(), &policy].concat();
            return Ok(Self { bytes: bytes.into() });
        }
        let mut bytes = Vec::new();
        for _ in 0..u.int_in_range(1..=2)? {
            let mut inner = Vec::new();
            for _ in 0..u.int_in_range(0..=3)? {
                let (kind, value) = (u.arbitrary()?, octets(u, 20)?);
                let long = tlv(kind, &value);
                let short = [&[kind, value.len() as u8], &*value].concat();
                inner.extend(if kind < 128 { short } else { long });
            }
            let kind: u16 = u.arbitrary()?;
            bytes.extend((if kind == SR_POLICY_TUNNEL { 8 } else { kind }).to_be_bytes());
            bytes.extend((inner.len() as u16).to_be_bytes());
            bytes.extend(inner);
        }
        Ok(Self { bytes: bytes.into() })
    }
}

impl<'a> Arbitrary<'a> for BgpLsAttribute {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut bytes = Vec::new();
        for _ in 0..u.int_in_range(1..=4)? {
            let value = octets(u, 20)?;
            bytes.extend(u.int_in_range(1024_u16..=1252)?.to_be_bytes());
            bytes.extend((value.len() as u16).to_be_bytes());
            bytes.extend(value);
        }
        Ok(Self { bytes: bytes.into() })
    }
}

impl<'a> Arbitrary<'a> for PrefixSid {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut bytes = Vec::new();
        for _ in 0..u.int_in_range(1..=3)? {
            let mut value = Vec::new();
            let kind = u.int_in_range(1..=7)?;
            match kind {
                1 => fill::<7>(u, &mut value)?,
                3 => {
                    fill::<8>(u, &mut value)?;
                    if u.arbitrary()? {
                        fill::<6>(u, &mut value)?;
                    }
                }
                5 | 6 => {
                    fill::<1>(u, &mut value)?;
                    for _ in 0..u.int_in_range(0..=2)? {
                        value.extend(service(u)?);
                    }
                }
                _ => value.extend(octets(u, 20)?),
            }
            bytes.extend(tlv(kind, &value));
        }
        Ok(Self { bytes: bytes.into() })
    }
}

/// A sub-TLV of an SRv6 service: information on a SID, with or without its structure, or something unknown.
fn service(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    if u.ratio(1, 4)? {
        return Ok(tlv(u.int_in_range(2..=255)?, &octets(u, 20)?));
    }
    let mut value = Vec::new();
    fill::<21>(u, &mut value)?;
    if u.arbitrary()? {
        value.extend(tlv(1, &u.arbitrary::<[u8; 6]>()?));
    }
    Ok(tlv(1, &value))
}

impl<'a> Arbitrary<'a> for AttrSet {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut attributes = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            let flags = u.arbitrary::<u8>()? & !AttributeFlags::EXTENDED_LENGTH;
            let (code, value) = (u.arbitrary()?, octets(u, 20)?);
            attributes.extend([flags, code, value.len() as u8]);
            attributes.extend(value);
        }
        Ok(Self { origin_as: u.arbitrary()?, attributes: attributes.into() })
    }
}

/// One whose code has no definition.
impl<'a> Arbitrary<'a> for UnknownAttribute {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let code = u.int_in_range(1..=255).map(AttributeCode)?;
        let code = if treatment::of(code).is_some() { AttributeCode(99) } else { code };
        let flags = *u.choose(&[0x80, 0xc0, 0xe0])?;
        Ok(Self { flags: AttributeFlags(flags), code, value: octets(u, 40)? })
    }
}

impl<'a> Arbitrary<'a> for Attribute {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=21)? {
            0 => Self::Origin(u.arbitrary()?),
            1 => Self::AsPath(u.arbitrary()?),
            2 => Self::Med(u.arbitrary()?),
            3 => Self::LocalPref(u.arbitrary()?),
            4 => Self::AtomicAggregate,
            5 => Self::Aggregator(u.arbitrary()?),
            6 => Self::Communities(few(u, 1, 8)?),
            7 => Self::OriginatorId(u.arbitrary()?),
            8 => Self::ClusterList(few::<[u8; 4]>(u, 1, 4)?.into_iter().map(Ipv4Addr::from).collect()),
            9 => Self::ExtendedCommunities(few(u, 1, 6)?),
            10 => Self::As4Path(AsPath { segments: few(u, 1, 4)? }),
            11 => Self::As4Aggregator(u.arbitrary()?),
            12 => Self::PmsiTunnel(u.arbitrary()?),
            13 => Self::TunnelEncapsulation(u.arbitrary()?),
            14 => Self::Ipv6ExtendedCommunities(few(u, 1, 3)?),
            15 => Self::Aigp(u.arbitrary()?),
            16 => Self::BgpLs(u.arbitrary()?),
            17 => Self::LargeCommunities(few(u, 1, 6)?),
            18 => Self::OnlyToCustomer(u.arbitrary()?),
            19 => Self::PrefixSid(u.arbitrary()?),
            20 => Self::AttrSet(u.arbitrary()?),
            _ => Self::Unknown(u.arbitrary()?),
        })
    }
}

impl<'a> Arbitrary<'a> for Attributes {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        few::<Attribute>(u, 0, 8).map(|attributes| attributes.into_iter().collect())
    }
}
