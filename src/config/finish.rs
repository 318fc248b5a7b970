//! From what was read to a neighbor: defaults, and the checks that need more than one statement.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use holdtime_host::{AoKey, PeerRange};

use super::base64;
use super::families;
use super::neighbor::{AddPath, Capabilities, Md5, Neighbor, Subscription};
use super::partial::{Graceful, Partial, PartialCapabilities};
use super::setting::{Given, Setting};
use super::settings::Settings;
use super::tcp_ao;
use crate::grammar::{Cursor, OperationalKind, OperationalMessage, Result, Span, SyntaxError, own_next_hop};
use crate::wire::{Afi, Family};

/// The longest key that `TCP_MD5SIG` takes, in octets.
const MD5_LIMIT: usize = 80;

/// The largest restart time (RFC 4724 §3).
const RESTART_LIMIT: u16 = 4095;

/// The neighbor that `partial` describes; `place` is where its section begins.
pub(super) fn neighbor(
    mut partial: Partial,
    api: Vec<Subscription>,
    place: Span,
    settings: &Settings,
    cursor: &mut Cursor<'_>,
) -> Result<Neighbor> {
    let local_address = partial.local_address.or(None);
    let Required { peer, local_as, peer_as, router_id } = required(&partial, place)?;
    check_addresses(&partial, peer, local_address, settings)?;
    let hold_time = partial.hold_time.or(180);
    let mut capabilities = capabilities(&partial.capabilities, hold_time, place)?;
    let families = sorted(core::mem::take(&mut partial.families), families::known());
    let add_paths = add_paths(core::mem::take(&mut partial.add_paths), capabilities.add_path, &families);
    if !partial.capabilities.next_hop.is_set() {
        capabilities.next_hop = !partial.next_hops.is_empty();
    }
    let next_hops = if capabilities.next_hop { next_hops(&partial.next_hops, &families) } else { Vec::new() };
    let md5 = md5(&partial.md5_password, partial.md5_base64.or(Some(false)), partial.md5_ip.get())?;
    let tcp_ao = tcp_ao(core::mem::take(&mut partial.tcp_ao), md5.is_some())?;
    warn_of_link_local(&partial.local_link_local, &capabilities, cursor);

    let mut neighbor = Neighbor {
        peer,
        description: partial.description.get(),
        router_id,
        local_address,
        local_link_local: partial.local_link_local.get(),
        source_interface: partial.source_interface.get(),
        local_as,
        peer_as,
        hold_time,
        rate_limit: partial.rate_limit.or(None),
        host_name: partial.host_name.get(),
        domain_name: partial.domain_name.get(),
        passive: partial.passive.or(settings.bgp.passive) || settings.bgp.passive,
        listen: partial.listen.or(None),
        connect: partial.connect.or(None),
        outgoing_ttl: partial.outgoing_ttl.or(None),
        incoming_ttl: partial.incoming_ttl.or(None),
        md5,
        tcp_ao,
        group_updates: partial.group_updates.or(true),
        auto_flush: partial.auto_flush.or(true),
        adj_rib_in: partial.adj_rib_in.or(true),
        // A refresh needs what was announced.
        adj_rib_out: partial.adj_rib_out.or(true) || capabilities.route_refresh,
        manual_eor: partial.manual_eor.or(false),
        send_hold: partial.send_hold.or_default(),
        delay_open: partial.delay_open.get(),
        flow_whole_prefix: partial.flow_whole_prefix.or(false),
        flow_inner_path_identifier: partial.flow_inner_path_identifier.or(false),
        capabilities,
        families,
        add_paths,
        next_hops,
        api,
        routes: core::mem::take(&mut partial.routes),
        operational: core::mem::take(&mut partial.operational),
    };
    settle_routes(&mut neighbor, &partial, cursor)?;
    let families = &neighbor.families;
    neighbor.operational.retain(|message| families.contains(&message.family));
    keep_last_advisories(&mut neighbor.operational);
    Ok(neighbor)
}

/// What no neighbor is without.
struct Required {
    peer: PeerRange,
    /// `None`: the peer's.
    local_as: Option<u32>,
    peer_as: Option<u32>,
    router_id: Ipv4Addr,
}

fn required(partial: &Partial, place: Span) -> Result<Required> {
    let missing = |what: &str| {
        SyntaxError::new(place, alloc::format!("this neighbor has no `{what}`"))
            .expected(alloc::format!("`{what} …;`"))
    };
    let (address, length) = partial.peer_address.get().ok_or_else(|| missing("peer-address"))?;
    let local_as = partial.local_as.get().ok_or_else(|| missing("local-as"))?;
    let peer_as = partial.peer_as.get().ok_or_else(|| missing("peer-as"))?;
    let router_id = match (partial.router_id.get(), partial.local_address.or(None), address) {
        (Some(router_id), ..) => router_id,
        (None, Some(IpAddr::V4(local)), IpAddr::V4(_)) => local,
        _ => return Err(missing("router-id")),
    };
    Ok(Required { peer: PeerRange { address, length }, local_as, peer_as, router_id })
}

/// The keys of TCP-AO, beside which there is no TCP MD5.
fn tcp_ao(given: Vec<Given<AoKey>>, has_md5: bool) -> Result<Vec<AoKey>> {
    match given.first() {
        Some(Given { span, .. }) if has_md5 => {
            let problem = "a session cannot have both `md5-password` and `tcp-ao`";
            Err(SyntaxError::new(*span, problem).expected("one of them"))
        }
        _ => tcp_ao::keys(given),
    }
}

fn warn_of_link_local(address: &Setting<Ipv6Addr>, capabilities: &Capabilities, cursor: &mut Cursor<'_>) {
    if let (Some(span), false) = (address.span(), capabilities.link_local_next_hop) {
        let problem = "`local-link-local` has no effect without the capability";
        cursor.warn(SyntaxError::new(span, problem).expected("`link-local-nexthop enable;` in `capability`"));
    }
}

/// Of the advisories that a peer keeps, one a family, the last one counts.
fn keep_last_advisories(messages: &mut Vec<OperationalMessage>) {
    let kept = |message: &OperationalMessage| match message.kind {
        OperationalKind::AdvisoryStatic(_) => Some(message.family),
        _ => None,
    };
    let mut families = Vec::new();
    messages.reverse();
    messages.retain(|message| match kept(message) {
        Some(family) if families.contains(&family) => false,
        Some(family) => {
            families.push(family);
            true
        }
        None => true,
    });
    messages.reverse();
}

fn check_addresses(
    partial: &Partial,
    peer: PeerRange,
    local_address: Option<IpAddr>,
    settings: &Settings,
) -> Result<()> {
    let place = |span: Option<Span>| span.or_else(|| partial.peer_address.span()).unwrap_or_default();
    match local_address {
        Some(local) if local.is_ipv4() != peer.address.is_ipv4() => {
            let problem = "the local address is not of the peer's address family";
            let family = if peer.address.is_ipv4() { "an IPv4 address" } else { "an IPv6 address" };
            Err(SyntaxError::new(place(partial.local_address.span()), problem).expected(family))
        }
        None if partial.listen.or(None).is_some() => {
            let problem = "a neighbor that listens needs a `local-address`";
            Err(SyntaxError::new(place(partial.listen.span()), problem)
                .expected("`local-address <address>;`"))
        }
        _ if !peer.is_single() && !partial.passive.or(false) && !settings.bgp.passive => {
            let problem = "only passive peers can have a prefix for their address";
            Err(SyntaxError::new(place(None), problem).expected("an address, or `passive true;`"))
        }
        _ => Ok(()),
    }
}

/// `place` is where the neighbor's section begins.
fn capabilities(partial: &PartialCapabilities, hold_time: u16, place: Span) -> Result<Capabilities> {
    let default = Capabilities::default();
    let capabilities = Capabilities {
        asn4: partial.asn4.or(default.asn4),
        extended_message: partial.extended_message.or(default.extended_message),
        graceful_restart: match partial.graceful_restart.or(Graceful::Disabled) {
            Graceful::Disabled => None,
            // A hold time of none is no time to restart in either.
            Graceful::HoldTime => Some(hold_time.min(RESTART_LIMIT)).filter(|seconds| *seconds != 0),
            Graceful::Seconds(seconds) => Some(seconds),
        },
        graceful_notification: partial.graceful_notification.or(default.graceful_notification),
        long_lived: partial.long_lived.or(default.long_lived),
        multi_session: partial.multi_session.or(default.multi_session),
        operational: partial.operational.or(default.operational),
        add_path: partial.add_path.or(default.add_path),
        route_refresh: partial.route_refresh.or(default.route_refresh),
        next_hop: partial.next_hop.or(default.next_hop),
        aigp: partial.aigp.or(default.aigp),
        software_version: partial.software_version.or(default.software_version),
        link_local_next_hop: partial.link_local_next_hop.or(default.link_local_next_hop),
    };
    if let (None, Some(_)) = (capabilities.graceful_restart, capabilities.long_lived) {
        let problem = "`long-lived-graceful-restart` means nothing without `graceful-restart`";
        let span = partial.long_lived.span().unwrap_or(place);
        return Err(SyntaxError::new(span, problem).expected("`graceful-restart <seconds>;` beside it"));
    }
    Ok(capabilities)
}

/// The families of which several paths are exchanged: those `chosen` that are offered, or all that are.
fn add_paths(chosen: Vec<Family>, capability: AddPath, offered: &[Family]) -> Vec<Family> {
    if capability == AddPath::Disabled {
        return Vec::new();
    }
    let mut chosen = sorted(chosen, offered.iter().copied());
    chosen.retain(|family| offered.contains(family));
    chosen
}

/// The pairs of RFC 8950 whose both families are offered, each once.
fn next_hops(chosen: &[(Family, Afi)], offered: &[Family]) -> Vec<(Family, Afi)> {
    let mut pairs = Vec::new();
    for (family, afi) in chosen {
        let both = [*family, Family::new(*afi, family.safi)];
        if both.iter().all(|family| offered.contains(family)) && !pairs.contains(&(*family, *afi)) {
            pairs.push((*family, *afi));
        }
    }
    pairs
}

/// `chosen`, or `default` where nothing was; ascending, each once.
fn sorted(mut chosen: Vec<Family>, default: impl Iterator<Item = Family>) -> Vec<Family> {
    if chosen.is_empty() {
        chosen.extend(default);
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// The key. With `auto` a password that looks like hexadecimal is base64 without its padding where it can be, as in ExaBGP.
fn md5(
    password: &Setting<String>,
    base64: Option<bool>,
    address: Option<IpAddr>,
) -> Result<Option<Md5>, Box<SyntaxError>> {
    let Some(text) = password.get() else { return Ok(None) };
    let place = password.span().unwrap_or_default();
    let decoded = match base64 {
        Some(false) => None,
        Some(true) => Some(base64::decode(&text).filter(|key| !key.is_empty()).ok_or_else(|| {
            SyntaxError::new(place, "the password is not base64").expected("base64 with its padding")
        })?),
        None if text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) => {
            base64::decode(&alloc::format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4)))
        }
        None => None,
    };
    let base64 = decoded.is_some();
    let key = decoded.unwrap_or_else(|| text.clone().into_bytes());
    if key.len() > MD5_LIMIT {
        let problem = alloc::format!("the key is {} octets long", key.len());
        return Err(SyntaxError::new(place, problem).expected("at most 80 octets"));
    }
    Ok(Some(Md5 { key, password: text, base64, address }))
}

/// Checks the routes' families, and gives `next-hop self` its address where it is known.
fn settle_routes(neighbor: &mut Neighbor, partial: &Partial, cursor: &mut Cursor<'_>) -> Result<()> {
    for (family, place) in &partial.first_routes {
        if neighbor.families.contains(family) {
            continue;
        }
        let offer = alloc::format!("`{family};` in `family`");
        let problem = alloc::format!("a route of {family} is announced, a family that is not offered");
        let fault = SyntaxError::new(*place, problem).expected(offer);
        // As in ExaBGP, the routes of this family alone are left out.
        if *family != Family::IPV4_UNICAST {
            return Err(fault);
        }
        cursor.warn(fault);
        neighbor.routes.leave_out(*family);
    }
    let Some(local) = neighbor.local_address else { return Ok(()) };
    for (family, place) in partial.first_self.iter().filter(|(family, _)| neighbor.families.contains(family))
    {
        if own_next_hop(*family, local, neighbor.router_id).is_none() {
            let problem = alloc::format!(
                "`next-hop self` in a route of {family}, and the session is not over {}",
                family.afi
            );
            return Err(SyntaxError::new(*place, problem).expected("an address in place of `self`"));
        }
    }
    neighbor.routes.set_own(local, neighbor.router_id);
    Ok(())
}
