//! Other forms of FlowSpec rules than RFC 8956 §3.1 and RFC 7911 §3 say, as older speakers write them. Each is read beside the right
//! one, and written where a neighbor is configured to.
//!
//! - *Whole prefixes*: behind an offset the whole IPv6 prefix stands, its first bits too (FRR, GoBGP).
//! - *Identifiers inside*: where ADD-PATH holds for unicast, four octets more stand within each prefix (GoBGP 3).

use alloc::boxed::Box;

use super::Nlri;
use super::flow::{FlowRule, FlowVpnRule, RD_OCTETS};
use super::flow_component::Layout;
use super::flow_form::FlowForm;
use super::flow_layout::rewritten;

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

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::super::family::Afi;
    use super::super::super::reader::Reader;
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
