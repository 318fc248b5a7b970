//! The NLRI field of each family, without the attribute around it.
//!
//! The first octet chooses: bit 0 IPv6 where the family exists for both, bit 1 path identifiers. What decodes can be printed, and
//! re-encodes to as many octets that mean the same; to the very same ones but for bits past the length of a prefix, which are cleared
//! because RFC 4271 §4.3 gives them no meaning.

use alloc::string::String;
use alloc::vec::Vec;
use core::hint::black_box;

use super::{encode, within_budget};
use crate::print;
use crate::wire::nlri::{NlriIter, Routes};
use crate::wire::{Afi, Family, Malformed, Nlri, PathNlri, Reader, Safi};

/// A function for each family that exists for IPv4 and IPv6.
macro_rules! for_both_address_families {
    ($($(#[$doc:meta])* $name:ident = $safi:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(bytes: &[u8]) {
            let Some((&choices, field)) = bytes.split_first() else { return };
            let afi = if choices & 1 == 1 { Afi::IPV6 } else { Afi::IPV4 };
            check(Family::new(afi, Safi::$safi), choices & 2 != 0, field);
        }
    )*};
}

for_both_address_families! {
    /// Unicast; multicast has the same layout.
    unicast = UNICAST;
    /// Prefixes with labels.
    labelled = LABELLED;
    /// VPN prefixes.
    vpn = VPN;
    /// Multicast VPN.
    mvpn = MVPN;
    /// FlowSpec.
    flow = FLOW;
    /// FlowSpec in a VPN.
    flow_vpn = FLOW_VPN;
    /// Route target membership.
    route_target = ROUTE_TARGET;
    /// SR policy.
    sr_policy = SR_POLICY;
    /// Mobile user plane.
    mup = MUP;
}

/// VPLS.
pub fn vpls(bytes: &[u8]) {
    let Some((&choices, field)) = bytes.split_first() else { return };
    check(Family::new(Afi::L2VPN, Safi::VPLS), choices & 2 != 0, field);
}

/// EVPN.
pub fn evpn(bytes: &[u8]) {
    let Some((&choices, field)) = bytes.split_first() else { return };
    check(Family::new(Afi::L2VPN, Safi::EVPN), choices & 2 != 0, field);
}

/// BGP-LS; bit 0 chooses the one for VPNs.
pub fn bgp_ls(bytes: &[u8]) {
    let Some((&choices, field)) = bytes.split_first() else { return };
    let safi = if choices & 1 == 1 { Safi::BGP_LS_VPN } else { Safi::BGP_LS };
    check(Family::new(Afi::BGP_LS, safi), choices & 2 != 0, field);
}

pub(super) fn check(family: Family, add_path: bool, field: &[u8]) {
    let iter = NlriIter::new(Reader::new(field, 0), family, add_path);
    let checked = within_budget(field.len(), || iter.check());
    if let Ok(Some(_)) = checked {
        // Those that are malformed cost themselves alone.
        let good: Vec<PathNlri> =
            within_budget(field.len(), || Routes::new(iter.uneven()).map(PathNlri::from).collect());
        return good.iter().for_each(visit);
    }
    let routes: Result<Vec<(PathNlri, &[u8])>, Malformed> =
        within_budget(field.len(), || Received(iter).collect());
    assert_eq!(checked.is_ok(), routes.is_ok(), "what was checked and what is read differ");
    for (route, received) in routes.unwrap_or_default() {
        let encoded = encode(field.len(), |out| route.encode(add_path, out)).unwrap_or_default();
        let in_another_form =
            has_prefix(&route.nlri) || is_rule(&route.nlri) && received.len() > encoded.len();
        if !in_another_form {
            assert_eq!(received, encoded, "{route:?} was changed on its way");
        }
        let again = NlriIter::new(Reader::new(&encoded, 0), family, add_path).next();
        assert_eq!(again.map(|route| route.map(PathNlri::from)), Some(Ok(route.clone())), "{encoded:x?}");
        visit(&route);
    }
}

/// Routes, each with the octets that it stood in.
struct Received<'a>(NlriIter<'a>);

impl<'a> Iterator for Received<'a> {
    type Item = Result<(PathNlri, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let before = self.0.rest();
        let route = self.0.next()?;
        let octets = before.get(..before.len() - self.0.rest().len()).unwrap_or_default();
        Some(route.map(|route| (route.into(), octets)))
    }
}

/// Whether it is a flow rule, which is kept as the RFCs lay it out.
const fn is_rule(nlri: &Nlri) -> bool {
    matches!(nlri, Nlri::Flow(_) | Nlri::FlowVpn(_))
}

/// Whether it is a prefix, of which host bits are cleared.
const fn has_prefix(nlri: &Nlri) -> bool {
    matches!(nlri, Nlri::Unicast(_) | Nlri::Multicast(_) | Nlri::Labelled(_) | Nlri::Vpn(_))
}

/// Reads and prints all of it.
fn visit(route: &PathNlri) {
    match &route.nlri {
        Nlri::Mvpn(nlri) => drop(black_box(nlri.view().fields())),
        Nlri::RouteTarget(nlri) => drop(black_box(nlri.view().fields())),
        Nlri::SrPolicy(nlri) => drop(black_box(nlri.view().fields())),
        Nlri::Vpls(nlri) => drop(black_box(nlri.view().fields())),
        Nlri::Evpn(nlri) => drop(black_box(nlri.view().fields())),
        Nlri::BgpLs(nlri) => drop(black_box(nlri.view().fields())),
        Nlri::Mup(nlri) => drop(black_box(nlri.view().fields())),
        Nlri::Flow(nlri) => drop(black_box(nlri.view().components().count())),
        Nlri::FlowVpn(nlri) => drop(black_box(nlri.view().components().count())),
        _ => {}
    }
    let mut out = String::new();
    print::nlri_json(&mut out, route, None, true);
    print::nlri_text(&mut out, route, None);
    black_box((out, route.nlri.key(), route.nlri.family()));
}
