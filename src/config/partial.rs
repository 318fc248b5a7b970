//! A neighbor or a template while it is read: every option may still be missing.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::neighbor::{AddPath, Messages, SendHoldSetting};
use super::setting::{Given, Setting};
use crate::grammar::{Cursor, OperationalMessage, RouteList, Span, Token};
use crate::wire::{Afi, Family};
use holdtime_host::AoKey;

/// The options of a neighbor or a template.
#[derive(Clone, Debug, Default)]
pub(super) struct Partial {
    pub(super) inherits: Vec<Given<String>>,
    pub(super) description: Setting<String>,
    pub(super) router_id: Setting<Ipv4Addr>,
    pub(super) local_address: Setting<Option<IpAddr>>,
    pub(super) local_link_local: Setting<Ipv6Addr>,
    pub(super) source_interface: Setting<String>,
    pub(super) peer_address: Setting<(IpAddr, u8)>,
    pub(super) local_as: Setting<Option<u32>>,
    pub(super) peer_as: Setting<Option<u32>>,
    pub(super) hold_time: Setting<u16>,
    pub(super) rate_limit: Setting<Option<u32>>,
    pub(super) host_name: Setting<String>,
    pub(super) domain_name: Setting<String>,
    pub(super) passive: Setting<bool>,
    /// `None` is 0, that is, none.
    pub(super) listen: Setting<Option<u16>>,
    pub(super) connect: Setting<Option<u16>>,
    pub(super) outgoing_ttl: Setting<Option<u8>>,
    pub(super) incoming_ttl: Setting<Option<u8>>,
    pub(super) md5_password: Setting<String>,
    /// `None` is `auto`.
    pub(super) md5_base64: Setting<Option<bool>>,
    pub(super) md5_ip: Setting<IpAddr>,
    pub(super) tcp_ao: Vec<Given<AoKey>>,
    pub(super) group_updates: Setting<bool>,
    pub(super) auto_flush: Setting<bool>,
    pub(super) adj_rib_in: Setting<bool>,
    pub(super) adj_rib_out: Setting<bool>,
    pub(super) manual_eor: Setting<bool>,
    pub(super) send_hold: Setting<SendHoldSetting>,
    pub(super) delay_open: Setting<u16>,
    pub(super) flow_whole_prefix: Setting<bool>,
    pub(super) flow_inner_path_identifier: Setting<bool>,
    pub(super) capabilities: PartialCapabilities,
    pub(super) families: Vec<Family>,
    pub(super) add_paths: Vec<Family>,
    pub(super) next_hops: Vec<(Family, Afi)>,
    pub(super) api: Vec<ApiSection>,
    pub(super) routes: RouteList,
    /// Where the first route of each family stands, and the first with `next-hop self`.
    pub(super) first_routes: Vec<(Family, Span)>,
    pub(super) first_self: Vec<(Family, Span)>,
    pub(super) operational: Vec<OperationalMessage>,
}

/// The options of `capability`.
#[derive(Clone, Debug, Default)]
pub(super) struct PartialCapabilities {
    pub(super) asn4: Setting<bool>,
    pub(super) extended_message: Setting<bool>,
    pub(super) graceful_restart: Setting<Graceful>,
    pub(super) graceful_notification: Setting<bool>,
    /// `None` is `disable`.
    pub(super) long_lived: Setting<Option<u32>>,
    pub(super) multi_session: Setting<bool>,
    pub(super) operational: Setting<bool>,
    pub(super) add_path: Setting<AddPath>,
    pub(super) route_refresh: Setting<bool>,
    pub(super) next_hop: Setting<bool>,
    pub(super) aigp: Setting<bool>,
    pub(super) software_version: Setting<bool>,
    pub(super) link_local_next_hop: Setting<bool>,
}

/// `graceful-restart`
#[derive(Clone, Copy, Debug)]
pub(super) enum Graceful {
    Disabled,
    /// Restart within the hold time.
    HoldTime,
    /// Restart within this many seconds.
    Seconds(u16),
}

/// An `api` section.
#[derive(Clone, Debug, Default)]
pub(super) struct ApiSection {
    pub(super) processes: Vec<Given<String>>,
    pub(super) matches: Vec<Given<String>>,
    pub(super) neighbor_changes: bool,
    pub(super) negotiated: bool,
    pub(super) fsm: bool,
    pub(super) signal: bool,
    pub(super) receive: Messages,
    pub(super) send: Messages,
}

macro_rules! inherit_settings {
    ($own:expr, $template:expr, $cursor:expr, [$($field:ident),* $(,)?]) => {
        $( $own.$field.inherit(&$template.$field, $cursor); )*
    };
}

impl Partial {
    /// Takes over what `template` says: its settings replace ours, its lists are added to ours.
    pub(super) fn inherit(&mut self, template: &Self, cursor: &mut Cursor<'_>) {
        inherit_settings!(
            self,
            template,
            cursor,
            [
                description,
                router_id,
                local_address,
                local_link_local,
                source_interface,
                peer_address,
                local_as,
                peer_as,
                hold_time,
                rate_limit,
                host_name,
                domain_name,
                passive,
                listen,
                connect,
                outgoing_ttl,
                incoming_ttl,
                md5_password,
                md5_base64,
                md5_ip,
                group_updates,
                auto_flush,
                adj_rib_in,
                adj_rib_out,
                manual_eor,
                send_hold,
                delay_open,
                flow_whole_prefix,
                flow_inner_path_identifier,
            ]
        );
        inherit_settings!(
            self.capabilities,
            template.capabilities,
            cursor,
            [
                asn4,
                extended_message,
                graceful_restart,
                graceful_notification,
                long_lived,
                multi_session,
                operational,
                add_path,
                route_refresh,
                next_hop,
                aigp,
                software_version,
                link_local_next_hop,
            ]
        );
        self.tcp_ao.extend(template.tcp_ao.iter().cloned());
        self.families.extend(&template.families);
        self.add_paths.extend(&template.add_paths);
        self.next_hops.extend(&template.next_hops);
        self.api.extend(template.api.iter().cloned());
        self.routes.append(&template.routes);
        self.first_routes.extend(&template.first_routes);
        self.first_self.extend(&template.first_self);
        self.operational.extend(template.operational.iter().cloned());
    }
}

/// The text of a word, kept.
pub(super) fn kept(word: &Token<'_>) -> Given<String> {
    Given { value: word.text.to_string(), span: word.span }
}
