//! Writing path attributes: the only dispatch from owned attributes to writers.

use super::super::error::BufferFull;
use super::super::treatment;
use super::super::writer::Writer;
use super::{AS_TRANS, Aggregator, Attribute, AttributeCode, AttributeFlags, list};

impl Attribute {
    /// The flags that it is sent with: as its definition wants them; an unknown one's are those that came with it.
    pub fn flags(&self) -> AttributeFlags {
        match self {
            Self::Unknown(attribute) => attribute.flags,
            known => treatment::of(known.code()).map_or(AttributeFlags(0), |row| row.class.flags()),
        }
    }

    /// Writes the whole attribute with its own [flags](Self::flags). `asn4`: AS numbers have four octets.
    ///
    /// # Errors
    ///
    /// Where the buffer is full, or the value has more than 65,535 octets.
    pub fn encode(&self, asn4: bool, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        encode(self.flags(), self.code(), out, |out| self.encode_value(asn4, out))
    }

    /// Writes what stands after the length.
    pub(crate) fn encode_value(&self, asn4: bool, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        match self {
            Self::Origin(origin) => out.u8(*origin as u8),
            Self::AsPath(path) => path.encode(asn4, out),
            Self::Med(number) | Self::LocalPref(number) | Self::OnlyToCustomer(number) => out.u32(*number),
            Self::AtomicAggregate => Ok(()),
            Self::Aggregator(aggregator) => encode_aggregator(*aggregator, asn4, out),
            Self::Communities(communities) => list::encode(communities, out),
            Self::OriginatorId(id) => out.array(id.octets()),
            Self::ClusterList(ids) => list::encode(ids, out),
            Self::ExtendedCommunities(communities) => list::encode(communities, out),
            Self::As4Path(path) => path.encode(true, out),
            Self::As4Aggregator(aggregator) => encode_aggregator(*aggregator, true, out),
            Self::PmsiTunnel(tunnel) => tunnel.encode(out),
            Self::TunnelEncapsulation(tunnels) => tunnels.encode(out),
            Self::Ipv6ExtendedCommunities(communities) => list::encode(communities, out),
            Self::Aigp(aigp) => aigp.encode(out),
            Self::BgpLs(link_state) => link_state.encode(out),
            Self::LargeCommunities(communities) => list::encode(communities, out),
            Self::PrefixSid(sid) => sid.encode(out),
            Self::AttrSet(set) => set.encode(out),
            Self::Unknown(attribute) => out.bytes(&attribute.value),
        }
    }
}

fn encode_aggregator(aggregator: Aggregator, asn4: bool, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    if asn4 {
        out.u32(aggregator.asn)?;
    } else {
        out.u16(u16::try_from(aggregator.asn).unwrap_or(AS_TRANS))?;
    }
    out.array(aggregator.address.octets())
}

/// Writes an attribute's header and, through `value`, its value. The length has two octets where it needs them, or where
/// `flags` ask for them.
///
/// # Errors
///
/// Where the buffer is full, or the value has more than 65,535 octets.
#[inline]
pub fn encode(
    flags: AttributeFlags,
    code: AttributeCode,
    out: &mut Writer<'_>,
    value: impl FnOnce(&mut Writer<'_>) -> Result<(), BufferFull>,
) -> Result<(), BufferFull> {
    let start = out.len();
    out.array([flags.0, code.0])?;
    if flags.has(AttributeFlags::EXTENDED_LENGTH) {
        let gap = out.gap_u16()?;
        value(out)?;
        return out.fill_u16(gap);
    }
    let gap = out.gap_u8()?;
    value(out)?;
    if out.since(gap) <= usize::from(u8::MAX) {
        return out.fill_u8(gap);
    }
    // Few values are that long; moving them is cheaper than measuring every value beforehand.
    let gap = out.widen(gap)?;
    out.fill_u16(gap)?;
    out.patch(start, [flags.0 | AttributeFlags::EXTENDED_LENGTH])
}
