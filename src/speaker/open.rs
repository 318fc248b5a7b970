//! What a neighbor's configuration offers in OPEN, in ExaBGP's order of capabilities.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::environment::Identity;
use crate::config::{Neighbor, SendHoldSetting, Settings};
use crate::session::{self, Terms};
use crate::time::Duration;
use crate::wire::capability::{
    AddPathFamily, ExtendedNextHop, GracefulFamily, GracefulRestart, LongLivedFamily,
};
use crate::wire::nlri::FlowForm;
use crate::wire::{Afi, Capability, Family, Open, Safi};

/// How long a dial may take, and how long an Active session waits before it dials again. RFC 4271 §10 suggests 120 s.
const CONNECT_RETRY: Duration = Duration::from_secs(30);

/// ExaBGP cuts the names in the FQDN capability off behind this many octets.
const NAME_LIMIT: usize = 64;

/// The families whose NLRI ExaBGP sends with a path identifier, in its order.
const ADD_PATH: [Family; 6] = [
    Family::IPV4_UNICAST,
    Family::IPV6_UNICAST,
    Family::new(Afi::IPV4, Safi::LABELLED),
    Family::new(Afi::IPV6, Safi::LABELLED),
    Family::new(Afi::IPV4, Safi::VPN),
    Family::new(Afi::IPV6, Safi::VPN),
];

/// The families that ExaBGP offers an IPv6 next hop for, in its order.
const EXTENDED_NEXT_HOP: [Safi; 4] = [Safi::UNICAST, Safi::MULTICAST, Safi::LABELLED, Safi::VPN];

/// What a session with `neighbor` is set up with. `restarted`: this process has not yet peered (RFC 4724 §4.1).
pub(super) fn terms(neighbor: &Neighbor, settings: &Settings, identity: &Identity, restarted: bool) -> Terms {
    Terms {
        open: open(neighbor, identity, restarted),
        mirror_as: neighbor.local_as.is_none(),
        peer_as: neighbor.peer_as,
        connect_retry: CONNECT_RETRY,
        flaps: settings.bgp.flaps,
        longest_pause: Duration::from_secs(settings.bgp.pause.into()),
        open_wait: Duration::from_secs(settings.bgp.openwait.into()),
        delay_open: neighbor.delay_open.map(|seconds| Duration::from_secs(seconds.into())),
        send_hold: match neighbor.send_hold {
            SendHoldSetting::Recommended => session::SendHold::Recommended,
            SendHoldSetting::Disabled => session::SendHold::Disabled,
            SendHoldSetting::Seconds(seconds) => {
                session::SendHold::After(Duration::from_secs(seconds.into()))
            }
        },
        flow_form: FlowForm {
            whole_prefix: neighbor.flow_whole_prefix,
            identifier_inside: neighbor.flow_inner_path_identifier,
        },
    }
}

fn open(neighbor: &Neighbor, identity: &Identity, restarted: bool) -> Open {
    let local_as = neighbor.local_as.unwrap_or_default();
    Open::new(
        local_as,
        neighbor.hold_time,
        neighbor.router_id,
        capabilities(neighbor, identity, local_as, restarted),
    )
}

fn capabilities(neighbor: &Neighbor, identity: &Identity, local_as: u32, restarted: bool) -> Vec<Capability> {
    let wanted = &neighbor.capabilities;
    let mut offered: Vec<_> = neighbor.families.iter().copied().map(Capability::Multiprotocol).collect();
    let mut offer_if = |wanted: bool, capability: Capability| {
        if wanted {
            offered.push(capability);
        }
    };
    offer_if(wanted.asn4, Capability::FourOctetAs(local_as));
    offer_if(wanted.next_hop, Capability::ExtendedNextHop(extended_next_hops(neighbor)));
    let mode = wanted.add_path as u8;
    let families = ADD_PATH.into_iter().filter(|family| neighbor.add_paths.contains(family));
    offer_if(mode != 0, Capability::AddPath(families.map(|family| AddPathFamily { family, mode }).collect()));
    offer_if(
        wanted.graceful_restart.is_some(),
        Capability::GracefulRestart(graceful_restart(neighbor, restarted)),
    );
    offer_if(
        wanted.long_lived.is_some(),
        Capability::LongLivedGracefulRestart(long_lived(neighbor, wanted.long_lived.unwrap_or_default())),
    );
    offer_if(wanted.route_refresh, Capability::RouteRefresh);
    offer_if(wanted.route_refresh, Capability::EnhancedRouteRefresh);
    offer_if(wanted.operational, Capability::Operational);
    offer_if(wanted.extended_message, Capability::ExtendedMessage);
    let names = [&neighbor.host_name, &neighbor.domain_name];
    let [host, domain] =
        names.map(|name| name.iter().flat_map(|name| name.bytes()).take(NAME_LIMIT).collect::<Box<[u8]>>());
    offer_if(!host.is_empty(), Capability::Fqdn { host, domain: Some(domain) });
    let version: String = alloc::format!("ExaBGP/{}", identity.version);
    offer_if(wanted.software_version, Capability::SoftwareVersion(octets(&version)));
    offer_if(wanted.link_local_next_hop, Capability::LinkLocalNextHop);
    // ExaBGP sends the flags and the one capability that tells sessions apart (1, multiprotocol) as two capabilities;
    // Cisco's form has the flags only.
    offer_if(wanted.multi_session, Capability::Multisession(Box::new([0])));
    offer_if(wanted.multi_session, Capability::Multisession(Box::new([1])));
    offer_if(wanted.multi_session, Capability::MultisessionCisco(Box::new([0])));
    offered
}

fn octets(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

fn extended_next_hops(neighbor: &Neighbor) -> Vec<ExtendedNextHop> {
    let next_hop = Afi::IPV6;
    EXTENDED_NEXT_HOP
        .into_iter()
        .map(|safi| Family::new(Afi::IPV4, safi))
        .filter(|family| neighbor.next_hops.contains(&(*family, next_hop)))
        .map(|family| ExtendedNextHop { family, next_hop })
        .collect()
}

fn graceful_restart(neighbor: &Neighbor, restarted: bool) -> GracefulRestart {
    let wanted = &neighbor.capabilities;
    let restarted = if restarted { GracefulRestart::RESTARTED } else { 0 };
    let notification = if wanted.graceful_notification { GracefulRestart::NOTIFICATION } else { 0 };
    let families = neighbor.families.iter().map(|family| GracefulFamily { family: *family, flags: 0x80 });
    GracefulRestart {
        flags: restarted | notification,
        time: wanted.graceful_restart.unwrap_or_default(),
        families: families.collect(),
    }
}

fn long_lived(neighbor: &Neighbor, stale_time: u32) -> Vec<LongLivedFamily> {
    neighbor
        .families
        .iter()
        .map(|family| LongLivedFamily { family: *family, flags: 0x80, stale_time })
        .collect()
}
