//! Seeds of the targets that take a part of a message, or octets that `Arbitrary` makes something of: drawn from fixed seeds, and
//! valid as all that `Arbitrary` makes is.

use std::error::Error;

use arbitrary::{Arbitrary, Unstructured};
use holdtime_core::wire::attribute::{
    Aigp, AttrSet, BgpLsAttribute, PmsiTunnel, PrefixSid, TunnelEncapsulation,
};
use holdtime_core::wire::nlri::{
    BgpLsNlri, EvpnRoute, FlowRule, FlowVpnRule, LabelledPrefix, MupRoute, MvpnRoute, RouteTargetMembership,
    SrPolicyNlri, VplsNlri, VpnPrefix,
};
use holdtime_core::wire::{
    Afi, AsPath, Attribute, Capability, Message, Negotiated, Nlri, Operational, Prefix, Writer,
};

use crate::save;

/// How many of each.
const EACH: u64 = 5;

pub fn save_all() -> Result<(), Box<dyn Error>> {
    for at in 0..EACH {
        for (target, nlri) in destinations(at) {
            let ipv6 = nlri.family().afi == Afi::IPV6 || nlri.family().safi.0 == 72;
            save_drawn(
                target,
                at,
                &[&[u8::from(ipv6)], written(|out| nlri.encode(out)).as_slice()].concat(),
            )?;
        }
        for (target, attribute) in attributes(at) {
            let whole = written(|out| attribute.encode(true, out));
            // Flags, code and length: one octet more where the length has two.
            let head = if whole.first().is_some_and(|flags| flags & 0x10 != 0) { 4 } else { 3 };
            save_drawn(target, at, &[&[0], whole.get(head..).unwrap_or_default()].concat())?;
        }
        let capability = written(|out| of::<Capability>(at).encode(out));
        if let [code, _length, value @ ..] = capability.as_slice() {
            save_drawn("capability", at, &[&[*code], value].concat())?;
        }
        let operational = Message::Operational(of::<Operational>(at));
        save_drawn("operational", at, &written(|out| operational.encode(&Negotiated::default(), out)))?;
        for target in ["owned_message", "owned_nlri", "owned_attribute"] {
            save_drawn(target, at, &octets(at, 200))?;
        }
        save_drawn("speaker", at, &[&[at as u8], octets(at, 600).as_slice()].concat())?;
    }
    Ok(())
}

fn save_drawn(target: &str, at: u64, octets: &[u8]) -> Result<(), Box<dyn Error>> {
    save(target, &format!("drawn-{at}"), octets)
}

fn destinations(at: u64) -> Vec<(&'static str, Nlri)> {
    vec![
        ("nlri_unicast", Nlri::Unicast(of::<Prefix>(at))),
        ("nlri_labelled", Nlri::Labelled(of::<Box<LabelledPrefix>>(at))),
        ("nlri_vpn", Nlri::Vpn(of::<Box<VpnPrefix>>(at))),
        ("nlri_mvpn", Nlri::Mvpn(of::<Box<MvpnRoute>>(at))),
        ("nlri_flow", Nlri::Flow(of::<Box<FlowRule>>(at))),
        ("nlri_flow_vpn", Nlri::FlowVpn(of::<Box<FlowVpnRule>>(at))),
        ("nlri_route_target", Nlri::RouteTarget(of::<Box<RouteTargetMembership>>(at))),
        ("nlri_sr_policy", Nlri::SrPolicy(of::<Box<SrPolicyNlri>>(at))),
        ("nlri_mup", Nlri::Mup(of::<Box<MupRoute>>(at))),
        ("nlri_vpls", Nlri::Vpls(of::<VplsNlri>(at))),
        ("nlri_evpn", Nlri::Evpn(of::<EvpnRoute>(at))),
        ("nlri_bgp_ls", Nlri::BgpLs(of::<Box<BgpLsNlri>>(at))),
    ]
}

fn attributes(at: u64) -> Vec<(&'static str, Attribute)> {
    vec![
        ("attribute_as_path", Attribute::AsPath(of::<AsPath>(at))),
        ("attribute_extended_communities", Attribute::ExtendedCommunities(vec![of(at), of(at + 1)])),
        ("attribute_ipv6_extended_communities", Attribute::Ipv6ExtendedCommunities(vec![of(at)])),
        ("attribute_pmsi_tunnel", Attribute::PmsiTunnel(of::<PmsiTunnel>(at))),
        ("attribute_tunnel_encapsulation", Attribute::TunnelEncapsulation(of::<TunnelEncapsulation>(at))),
        ("attribute_aigp", Attribute::Aigp(of::<Aigp>(at))),
        ("attribute_link_state", Attribute::BgpLs(of::<BgpLsAttribute>(at))),
        ("attribute_prefix_sid", Attribute::PrefixSid(of::<PrefixSid>(at))),
        ("attribute_attr_set", Attribute::AttrSet(of::<AttrSet>(at))),
    ]
}

/// The `at`th value of its type; the octets that it is made from never run out.
fn of<T: for<'a> Arbitrary<'a>>(at: u64) -> T {
    let octets = octets(at, 4096);
    T::arbitrary(&mut Unstructured::new(&octets)).expect("there are octets enough")
}

/// Octets that look random: SplitMix64 from a seed.
fn octets(seed: u64, count: usize) -> Vec<u8> {
    let word = |at: u64| {
        let mixed = (seed << 32 | at).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_be_bytes()
    };
    (0..).flat_map(word).take(count).collect()
}

fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), holdtime_core::wire::BufferFull>) -> Vec<u8> {
    let mut buffer = vec![0; 65_535];
    let mut out = Writer::new(&mut buffer);
    write(&mut out).expect("what is drawn fits a message");
    out.written().to_vec()
}
