//! Which layout a FlowSpec rule has, and the same rule in another.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::super::family::Afi;
use super::super::reader::Reader;
use super::flow_component::{FlowComponent, FlowPrefix, Layout, body, check_in, with_length};

impl Layout {
    /// The layout of the rule that `components` hold, behind its length and its route distinguisher.
    #[inline]
    pub(super) fn of(components: Reader<'_>, afi: Afi) -> Self {
        match (components.rest(), afi) {
            // A prefix of length 0 has no octets, and no component has the type 0.
            ([1 | 2, 0, 0, 0, 0, ..], Afi::IPV4) | ([1 | 2, 0, _, 0, 0, 0, ..], Afi::IPV6) => Self::Inside,
            ([1 | 2, _, offset, ..], Afi::IPV6) => Self::behind(components, *offset),
            _ => Self::Standard,
        }
    }

    /// Of an IPv6 rule whose first prefix has this offset. Without an offset, one layout is like the other.
    fn behind(components: Reader<'_>, offset: u8) -> Self {
        let mut reader = components;
        let has_offset = offset > 0
            || FlowComponent::parse_in(&mut reader, Afi::IPV6, Self::Standard).is_ok()
                && matches!(reader.rest(), [2, _, offset, ..] if *offset > 0);
        let is_whole = has_offset
            && check_in(components, Afi::IPV6, Self::Standard).is_err()
            && check_in(components, Afi::IPV6, Self::Whole).is_ok();
        if is_whole { Self::Whole } else { Self::Standard }
    }
}

/// What the RFCs say that the rule `bytes`, its length included, should look like; `None` where it does. `head`: the octets before its
/// components.
pub(super) fn settled(bytes: &[u8], afi: Afi, head: usize) -> Option<Box<[u8]>> {
    let mut components = body(&mut Reader::new(bytes, 0)).ok()?;
    components.bytes(head).ok()?;
    match Layout::of(components, afi) {
        Layout::Standard => None,
        _ => rewritten(bytes, afi, head, Layout::Standard),
    }
}

/// The rule `bytes` laid out otherwise; `None` where it has no prefix that would change, or gets too long.
pub(super) fn rewritten(bytes: &[u8], afi: Afi, head: usize, layout: Layout) -> Option<Box<[u8]>> {
    let mut reader = body(&mut Reader::new(bytes, 0)).ok()?;
    let mut out = Vec::from(reader.bytes(head).ok()?);
    let from = Layout::of(reader, afi);
    while !reader.is_empty() {
        let before = reader;
        match FlowComponent::parse_in(&mut reader, afi, from).ok()? {
            FlowComponent::Prefix(prefix) => write_prefix(&mut out, &prefix, afi, layout),
            FlowComponent::Terms(..) => {
                out.extend(before.rest().get(..before.len() - reader.len())?);
            }
        }
    }
    let rule = with_length(&out)?;
    (*rule != *bytes).then_some(rule)
}

fn write_prefix(out: &mut Vec<u8>, prefix: &FlowPrefix<'_>, afi: Afi, layout: Layout) {
    let FlowPrefix { kind, length, offset, .. } = *prefix;
    let is_ipv6 = afi == Afi::IPV6;
    match (layout, is_ipv6) {
        (Layout::Inside, true) => out.extend([kind.0, 0, offset, 0, 0, 0, length]),
        (Layout::Inside, false) => out.extend([kind.0, 0, 0, 0, 0, length]),
        (_, true) => out.extend([kind.0, length, offset]),
        (_, false) => out.extend([kind.0, length]),
    }
    let (shift, bits) = match layout {
        Layout::Standard => (offset, length.saturating_sub(offset)),
        Layout::Whole | Layout::Inside => (0, length),
    };
    let address = u128::from_be_bytes(prefix.address());
    let address = address.checked_shl(shift.into()).unwrap_or(0).to_be_bytes();
    out.extend(address.iter().take(usize::from(bits.div_ceil(8))));
}
