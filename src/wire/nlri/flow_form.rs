//! Other forms of FlowSpec rules than RFC 8956 §3.1 and RFC 7911 §3 say, as older speakers write them. Each is read beside the right
//! one, and written where a neighbor is configured to.
//!
//! - *Whole prefixes*: behind an offset the whole IPv6 prefix stands, its first bits too (FRR, GoBGP).
//! - *Identifiers inside*: where ADD-PATH holds for unicast, four octets more stand within each prefix (GoBGP 3).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::super::family::Afi;
use super::super::reader::Reader;
use super::flow::{FlowComponent, FlowPrefix, FlowRule, FlowVpnRule, body, check_in};
use super::{Nlri, RD_OCTETS};

/// How rules are written to a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowForm {
    /// Behind an offset an IPv6 prefix stands whole, where RFC 8956 §3.1 leaves out the bits before it.
    pub whole_prefix: bool,
    /// A path identifier of 0 stands within each prefix; an IPv6 one is then whole.
    pub identifier_inside: bool,
}

impl FlowForm {
    /// The rule in this form; `None` where it stays as it is.
    pub fn rewrite(self, nlri: &Nlri) -> Option<Nlri> {
        let layout = match self {
            Self { identifier_inside: true, .. } => Layout::Inside,
            Self { whole_prefix: true, .. } => Layout::Whole,
            _ => return None,
        };
        match nlri {
            Nlri::Flow(rule) => {
                let bytes = rewritten(&rule.bytes, rule.afi, 0, layout)?;
                Some(Nlri::Flow(Box::new(FlowRule { afi: rule.afi, bytes })))
            }
            Nlri::FlowVpn(rule) => {
                let bytes = rewritten(&rule.bytes, rule.afi, RD_OCTETS, layout)?;
                Some(Nlri::FlowVpn(Box::new(FlowVpnRule { afi: rule.afi, bytes })))
            }
            _ => None,
        }
    }
}

/// How the prefixes of a rule are laid out. Every rule has one layout: which, its octets tell.
///
/// ```text
/// IPv4   Standard   Type (1) | Length (1) | Prefix
///        Inside     Type (1) | Identifier, 0 (4) | Length (1) | Prefix
/// IPv6   Standard   Type (1) | Length (1) | Offset (1) | the bits from Offset to Length
///        Whole      Type (1) | Length (1) | Offset (1) | the bits from 0 to Length
///        Inside     Type (1) | 0 (1) | Offset (1) | 0 (3) | Length (1) | the bits from 0 to Length
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Standard,
    Whole,
    Inside,
}

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
fn rewritten(bytes: &[u8], afi: Afi, head: usize, layout: Layout) -> Option<Box<[u8]>> {
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
    let rule = super::flow::with_length(&out)?;
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

#[cfg(test)]
mod tests {
    use super::super::NlriView;
    use super::*;
    use crate::wire::{Family, Safi};

    fn read(afi: Afi, bytes: &[u8]) -> Nlri {
        NlriView::parse(Family::new(afi, Safi::FLOW), &mut Reader::new(bytes, 0)).unwrap().into()
    }

    fn octets(nlri: &Nlri) -> &[u8] {
        let Nlri::Flow(rule) = nlri else { panic!("{nlri:?}") };
        &rule.bytes
    }

    /// Bits 64 to 128 of the destination, bits 32 to 64 of the source, UDP.
    const STANDARD: [u8; 22] = [21, 1, 128, 64, 0, 0, 0, 0, 0, 0, 0, 9, 2, 64, 32, 0, 1, 0, 2, 3, 0x81, 17];

    #[test]
    fn a_rule_with_whole_prefixes_is_read_as_the_rule_that_it_means() {
        let mut whole = Vec::from([33, 1, 128, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0]);
        whole.extend([0, 0, 0, 0, 0, 0, 0, 9]);
        whole.extend([2, 64, 32, 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 3, 0x81, 17]);
        assert_eq!(octets(&read(Afi::IPV6, &whole)), STANDARD);
        // The second prefix alone has an offset.
        let second = [14, 1, 8, 0, 0x20, 2, 64, 32, 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0];
        let second = [&second[..], &[2]].concat();
        let second = [&[15][..], &second[1..]].concat();
        assert_eq!(octets(&read(Afi::IPV6, &second)), [11, 1, 8, 0, 0x20, 2, 64, 32, 0, 1, 0, 2]);
    }

    #[test]
    fn a_rule_with_identifiers_inside_is_read_as_the_rule_that_it_means() {
        let ipv4 = [14, 1, 0, 0, 0, 0, 24, 192, 0, 2, 2, 0, 0, 0, 0];
        assert!(NlriView::parse(Family::new(Afi::IPV4, Safi::FLOW), &mut Reader::new(&ipv4, 0)).is_err());
        let ipv4 = [18, 1, 0, 0, 0, 0, 24, 192, 0, 2, 2, 0, 0, 0, 0, 16, 198, 51, 0];
        let ipv4 = [&[17][..], &ipv4[1..18]].concat();
        assert_eq!(octets(&read(Afi::IPV4, &ipv4)), [9, 1, 24, 192, 0, 2, 2, 16, 198, 51]);
        let ipv6 = [15, 1, 0, 32, 0, 0, 0, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2];
        assert_eq!(octets(&read(Afi::IPV6, &ipv6)), [7, 1, 64, 32, 0, 1, 0, 2]);
    }

    #[test]
    fn what_is_written_in_another_form_is_read_back() {
        let rule = read(Afi::IPV6, &STANDARD);
        for (whole_prefix, identifier_inside) in [(true, false), (false, true), (true, true)] {
            let other = FlowForm { whole_prefix, identifier_inside }.rewrite(&rule).unwrap();
            assert_ne!(other, rule);
            assert_eq!(read(Afi::IPV6, octets(&other)), rule);
        }
        assert_eq!(FlowForm::default().rewrite(&rule), None);
        let plain = read(Afi::IPV6, &[3, 3, 0x81, 17]);
        assert_eq!(FlowForm { whole_prefix: true, ..FlowForm::default() }.rewrite(&plain), None);
    }

    #[test]
    fn a_rule_of_a_vpn_keeps_its_distinguisher_in_every_form() {
        let family = Family::new(Afi::IPV6, Safi::FLOW_VPN);
        let whole = [19, 0, 0, 0xfb, 0xf4, 0, 0, 0, 1, 1, 64, 32, 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2];
        let nlri: Nlri = NlriView::parse(family, &mut Reader::new(&whole, 0)).unwrap().into();
        let Nlri::FlowVpn(rule) = &nlri else { panic!("{nlri:?}") };
        assert_eq!(*rule.bytes, [15, 0, 0, 0xfb, 0xf4, 0, 0, 0, 1, 1, 64, 32, 0, 1, 0, 2]);
        let form = FlowForm { whole_prefix: true, ..FlowForm::default() };
        let Some(Nlri::FlowVpn(written)) = form.rewrite(&nlri) else { panic!("no other form") };
        // The bits before the offset are not known any more.
        assert_eq!(*written.bytes, [19, 0, 0, 0xfb, 0xf4, 0, 0, 0, 1, 1, 64, 32, 0, 0, 0, 0, 0, 1, 0, 2]);
    }
}
