//! FlowSpec rules (SAFI 133, RFC 8955, RFC 8956) and the same in a VPN (SAFI 134).
//!
//! A rule is kept as it stands on the wire: its octets are what identifies it (RFC 8955 §4), and a list of operators has no form that
//! is shorter. What reads a rule walks over its [components](FlowRuleView::components).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::reader::Reader;
use super::super::vpn::RouteDistinguisher;
use super::super::writer::Writer;
use super::flow_component::{FlowComponents, Layout, body, check_in};
use super::flow_layout::settled;

/// Octets of a route distinguisher.
pub(super) const RD_OCTETS: usize = 8;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowRule {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire, its length included.
    pub bytes: Box<[u8]>,
}

impl FlowRule {
    /// The rule as a view.
    pub fn view(&self) -> FlowRuleView<'_> {
        FlowRuleView { afi: self.afi, bytes: &self.bytes }
    }

    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// A rule as it stands on the wire.
///
/// ```text
/// +----------------------+-----------------------+
/// | Length (1 or 2)      | Components (variable) |
/// +----------------------+-----------------------+
/// ```
///
/// A length of 240 and more takes two octets, of which the first four bits are ones (RFC 8955 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowRuleView<'a> {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> FlowRuleView<'a> {
    /// Reads one.
    #[inline]
    pub(super) fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        check(body(&mut ahead)?, afi)?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { afi, bytes })
    }

    /// Takes one that was checked before.
    #[inline]
    pub(super) fn cut(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        body(&mut ahead)?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { afi, bytes })
    }

    /// What the rule matches, in the order of the wire.
    #[inline]
    pub fn components(&self) -> FlowComponents<'a> {
        let reader = body(&mut Reader::new(self.bytes, 0)).unwrap_or(Reader::new(&[], 0));
        FlowComponents { afi: self.afi, layout: Layout::of(reader, self.afi), reader }
    }
}

impl From<FlowRuleView<'_>> for FlowRule {
    /// The rule as the RFCs lay it out, in whichever form it came.
    fn from(view: FlowRuleView<'_>) -> Self {
        let bytes = settled(view.bytes, view.afi, 0).unwrap_or_else(|| view.bytes.into());
        Self { afi: view.afi, bytes }
    }
}

/// A rule in a VPN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowVpnRule {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire, its length included.
    pub bytes: Box<[u8]>,
}

impl FlowVpnRule {
    /// The rule as a view.
    pub fn view(&self) -> FlowVpnRuleView<'_> {
        FlowVpnRuleView { afi: self.afi, bytes: &self.bytes }
    }

    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// A rule in a VPN as it stands on the wire.
///
/// ```text
/// +-----------------+--------------------------+-----------------------+
/// | Length (1 or 2) | Route distinguisher (8)  | Components (variable) |
/// +-----------------+--------------------------+-----------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowVpnRuleView<'a> {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> FlowVpnRuleView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        let mut body = body(&mut ahead)?;
        body.array::<RD_OCTETS>()?;
        check(body, afi)?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { afi, bytes })
    }

    /// Which VPN.
    pub fn distinguisher(&self) -> RouteDistinguisher {
        RouteDistinguisher(self.body().array().unwrap_or_default())
    }

    /// What the rule matches, in the order of the wire.
    pub fn components(&self) -> FlowComponents<'a> {
        let mut reader = self.body();
        let _distinguisher = reader.array::<RD_OCTETS>();
        FlowComponents { afi: self.afi, layout: Layout::of(reader, self.afi), reader }
    }

    fn body(&self) -> Reader<'a> {
        body(&mut Reader::new(self.bytes, 0)).unwrap_or(Reader::new(&[], 0))
    }
}

impl From<FlowVpnRuleView<'_>> for FlowVpnRule {
    /// The rule as the RFCs lay it out, in whichever form it came.
    fn from(view: FlowVpnRuleView<'_>) -> Self {
        let bytes = settled(view.bytes, view.afi, RD_OCTETS).unwrap_or_else(|| view.bytes.into());
        Self { afi: view.afi, bytes }
    }
}

/// Every component known, well formed, and of a higher type than the one before (RFC 8955 §4.2).
#[inline]
fn check(reader: Reader<'_>, afi: Afi) -> Result<(), Malformed> {
    check_in(reader, afi, Layout::of(reader, afi))
}

#[cfg(test)]
mod tests {
    use super::super::{FlowComponent, FlowType};
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn parse(afi: Afi, bytes: &[u8]) -> Result<FlowRule, Malformed> {
        let mut reader = Reader::new(bytes, 0);
        FlowRuleView::parse(&mut reader, afi).map(Into::into)
    }

    fn encode(rule: &FlowRule) -> Vec<u8> {
        let mut buffer = [0; 5000];
        let mut out = Writer::new(&mut buffer);
        rule.encode(&mut out).unwrap();
        out.written().to_vec()
    }

    /// The example of RFC 8955 §4.3.2: to 192.0.2.0/24, from 203.0.113.0/24, ports 137 to 139 or 8080.
    const EXAMPLE: [u8; 19] = [
        0x12, 0x01, 0x18, 0xc0, 0x00, 0x02, 0x02, 0x18, 0xcb, 0x00, 0x71, 0x04, 0x03, 0x89, 0x45, 0x8b, 0x91,
        0x1f, 0x90,
    ];

    #[test]
    fn the_example_of_the_rfc_reads_as_it_says() {
        let rule = parse(Afi::IPV4, &EXAMPLE).unwrap();
        let components: Vec<_> = rule.view().components().collect();
        assert!(
            matches!(components[0], FlowComponent::Prefix(p) if p.kind == FlowType::DESTINATION && p.length == 24 && p.address()[..4] == [192, 0, 2, 0])
        );
        let FlowComponent::Terms(FlowType::PORT, terms) = components[2] else { panic!("{components:?}") };
        let terms: Vec<_> =
            terms.map(|term| (term.operator.is_and(), term.operator.0 & 7, term.value)).collect();
        assert_eq!(terms, [(false, 3, 137), (true, 5, 139), (false, 1, 8080)]);
        assert_eq!(encode(&rule), EXAMPLE);
    }

    #[test]
    fn an_operator_chain_without_an_end_is_refused() {
        // The last term does not say that it is the last.
        assert!(parse(Afi::IPV4, &[0x03, 0x04, 0x01, 0x50]).is_err());
        assert!(parse(Afi::IPV4, &[0x02, 0x04, 0x91]).is_err());
    }

    #[test]
    fn components_out_of_order_twice_or_unknown_are_refused() {
        assert!(parse(Afi::IPV4, &[6, 4, 0x81, 80, 3, 0x81, 6]).is_err());
        assert!(parse(Afi::IPV4, &[6, 4, 0x81, 80, 4, 0x81, 6]).is_err());
        assert!(parse(Afi::IPV4, &[3, 13, 0x81, 80]).is_err());
        assert!(parse(Afi::IPV6, &[3, 13, 0x81, 80]).is_ok());
        assert!(
            parse(Afi::IPV4, &[0]).is_err(),
            "a rule that matches nothing in particular has no components"
        );
    }

    #[test]
    fn an_ipv6_pattern_stands_behind_its_offset() {
        // RFC 8956 §3.8.2: bits 32 to 64 of the destination are 0x00012345... shifted into place.
        let rule = parse(Afi::IPV6, &[7, 1, 0x40, 0x20, 0x12, 0x34, 0x56, 0x78]).unwrap();
        let Some(FlowComponent::Prefix(prefix)) = rule.view().components().next() else { panic!("a prefix") };
        assert_eq!(prefix.address()[..8], [0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78]);
        assert!(parse(Afi::IPV6, &[3, 1, 0x20, 0x21]).is_err(), "an offset past the length");
    }

    #[test]
    fn a_long_rule_has_a_length_of_two_octets() {
        let mut bytes = vec![0xf1, 0x93, 4];
        (0..200).for_each(|_| bytes.extend([0x01, 80]));
        bytes.extend([0x81, 80]);
        let rule = parse(Afi::IPV4, &bytes).unwrap();
        assert_eq!(encode(&rule), bytes);
        assert_eq!(rule.view().components().count(), 1);
        bytes[1] -= 1;
        assert!(parse(Afi::IPV4, &bytes).is_err(), "a length that ends inside a term");
    }
}
