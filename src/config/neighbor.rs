//! A neighbor: everything that a session with it, its RIBs and the API need to know.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use holdtime_host::{AoKey, PeerRange};

use super::tcp_ao;
use crate::grammar::{OperationalMessage, RouteList};
use crate::wire::{Afi, Family};

/// A neighbor as configured. Every value is checked; what the configuration left out has its default.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbor {
    /// The peer's address, or a prefix of addresses from which passive peers may come.
    pub peer: PeerRange,
    /// For the operator.
    pub description: Option<String>,
    /// Our BGP identifier in this session.
    pub router_id: Ipv4Addr,
    /// Our end of the connection; `None` (`local-address auto`): what the kernel chooses.
    pub local_address: Option<IpAddr>,
    /// Our link-local address, for next hops (draft-ietf-idr-linklocal-capability).
    pub local_link_local: Option<Ipv6Addr>,
    /// The interface to bind connections to.
    pub source_interface: Option<String>,
    /// Our AS number; `None` (`auto`): the peer's.
    pub local_as: Option<u32>,
    /// The peer's AS number; `None` (`auto`): whatever it says in its OPEN.
    pub peer_as: Option<u32>,
    /// The hold time to propose, in seconds: 0 or at least 3.
    pub hold_time: u16,
    /// UPDATEs a second at most; `None`: no limit.
    pub rate_limit: Option<u32>,
    /// Our name for the FQDN capability, in place of the host's.
    pub host_name: Option<String>,
    /// Our domain for the FQDN capability.
    pub domain_name: Option<String>,
    /// Do not dial.
    pub passive: bool,
    /// The port to listen on for this peer, on `local_address`.
    pub listen: Option<u16>,
    /// The port to dial, in place of `tcp.port`.
    pub connect: Option<u16>,
    /// `IP_TTL` of what is sent.
    pub outgoing_ttl: Option<u8>,
    /// The least TTL that is accepted (RFC 5082).
    pub incoming_ttl: Option<u8>,
    /// The key of TCP MD5 signatures (RFC 2385), decoded.
    pub md5: Option<Md5>,
    /// The keys of the TCP Authentication Option (RFC 5925); with the first one is signed. Empty: none.
    pub tcp_ao: Vec<AoKey>,
    /// Put routes that share attributes into one UPDATE.
    pub group_updates: bool,
    /// Send changes at once; without it they wait for `flush adj-rib out`.
    pub auto_flush: bool,
    /// Keep what the peer announces.
    pub adj_rib_in: bool,
    /// Keep what was announced, for a refresh or a new session.
    pub adj_rib_out: bool,
    /// Leave sending End-of-RIB to the API.
    pub manual_eor: bool,
    /// How long a peer may leave its receive window shut (RFC 9687).
    pub send_hold: SendHoldSetting,
    /// Seconds to wait before OPEN is sent on a connection that came up (RFC 4271 §8.1.1 DelayOpenTime).
    pub delay_open: Option<u16>,
    /// Write an IPv6 flow rule with the whole prefix behind its offset, as FRR and GoBGP read it, and not as RFC 8956 §3.1 says.
    /// Received rules are read in both forms.
    pub flow_whole_prefix: bool,
    /// Write a path identifier into each prefix of a flow rule where ADD-PATH is agreed on for unicast, as GoBGP 3 reads it, and not
    /// as RFC 7911 §3 says. Received rules are read in both forms.
    pub flow_inner_path_identifier: bool,
    /// What to offer in OPEN.
    pub capabilities: Capabilities,
    /// The families to offer, sorted by number.
    pub families: Vec<Family>,
    /// The families to offer ADD-PATH for, sorted by number.
    pub add_paths: Vec<Family>,
    /// RFC 8950: the families whose next hop may be of another address family, and which.
    pub next_hops: Vec<(Family, Afi)>,
    /// Which programs hear of this neighbor and may command it.
    pub api: Vec<Subscription>,
    /// The routes to announce, in the order of the configuration; those of inherited templates last.
    pub routes: RouteList,
    /// The OPERATIONAL messages to send once the session is up.
    pub operational: Vec<OperationalMessage>,
}

/// A TCP MD5 key.
#[derive(Clone, PartialEq, Eq)]
pub struct Md5 {
    /// The key as it goes to the kernel, at most 80 octets.
    pub key: Vec<u8>,
    /// As the configuration wrote it.
    pub password: String,
    /// Whether it was written in base64.
    pub base64: bool,
    /// Our address that the key is for, where that is not `local_address`.
    pub address: Option<IpAddr>,
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Md5(…)")
    }
}

/// RFC 9687's SendHoldTimer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SendHoldSetting {
    /// The larger of 480 seconds and twice the hold time (§6 of the RFC).
    #[default]
    Recommended,
    /// Never close a session for it.
    Disabled,
    /// This many seconds.
    Seconds(u32),
}

/// What to offer in OPEN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// 4-octet AS numbers (RFC 6793).
    pub asn4: bool,
    /// Messages up to 65,535 octets (RFC 8654).
    pub extended_message: bool,
    /// Graceful restart with this restart time in seconds (RFC 4724).
    pub graceful_restart: Option<u16>,
    /// Send NOTIFICATIONs although graceful restart was negotiated (RFC 8538).
    pub graceful_notification: bool,
    /// Long-lived graceful restart: how long stale routes may be kept, in seconds (RFC 9494). Needs graceful restart.
    pub long_lived: Option<u32>,
    /// Multisession (draft-ietf-idr-bgp-multisession).
    pub multi_session: bool,
    /// OPERATIONAL messages (draft-ietf-idr-operational-message).
    pub operational: bool,
    /// ADD-PATH (RFC 7911).
    pub add_path: AddPath,
    /// Route refresh, plain and enhanced (RFC 2918, RFC 7313).
    pub route_refresh: bool,
    /// Extended next hops (RFC 8950).
    pub next_hop: bool,
    /// Accept and send AIGP (RFC 7311); no capability on the wire.
    pub aigp: bool,
    /// Our software's name and version.
    pub software_version: bool,
    /// Link-local next hops (draft-ietf-idr-linklocal-capability).
    pub link_local_next_hop: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            asn4: true,
            extended_message: true,
            graceful_restart: None,
            graceful_notification: false,
            long_lived: None,
            multi_session: false,
            operational: false,
            add_path: AddPath::Disabled,
            route_refresh: false,
            next_hop: false,
            aigp: false,
            software_version: false,
            link_local_next_hop: false,
        }
    }
}

/// The direction of ADD-PATH (RFC 7911 §4); the numbers are those of the capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddPath {
    /// Not offered.
    #[default]
    Disabled = 0,
    /// We receive several paths.
    Receive = 1,
    /// We send several paths.
    Send = 2,
    /// Both.
    Both = 3,
}

/// A program's interest in a neighbor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The program, by its name in the configuration.
    pub process: String,
    /// Sessions that come up and go down.
    pub neighbor_changes: bool,
    /// What the OPENs negotiated.
    pub negotiated: bool,
    /// Every change of state.
    pub fsm: bool,
    /// Signals that the speaker gets.
    pub signal: bool,
    /// Messages received.
    pub receive: Messages,
    /// Messages sent.
    pub send: Messages,
}

/// Which messages, in which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// Decoded.
    pub parsed: bool,
    /// As octets.
    pub packets: bool,
    /// Decoded and octets in one event.
    pub consolidate: bool,
    /// OPEN
    pub open: bool,
    /// UPDATE
    pub update: bool,
    /// NOTIFICATION
    pub notification: bool,
    /// KEEPALIVE
    pub keepalive: bool,
    /// ROUTE-REFRESH
    pub refresh: bool,
    /// OPERATIONAL
    pub operational: bool,
}

impl Neighbor {
    /// The name by which ExaBGP's API and logs know it, such as `neighbor 127.0.0.1 local-ip 127.0.0.1 local-as 1
    /// peer-as 1 router-id 1.2.3.4 family-allowed in-open`.
    pub fn name(&self) -> String {
        use fmt::Write;
        let mut name = alloc::format!("neighbor {} local-ip ", self.peer);
        // ExaBGP prints Python's None for an address that the kernel chooses.
        let _ = match self.local_address {
            Some(address) => write!(name, "{address}"),
            None => write!(name, "None"),
        };
        for (label, number) in [("local-as", self.local_as), ("peer-as", self.peer_as)] {
            let _ = match number {
                Some(number) => write!(name, " {label} {number}"),
                None => write!(name, " {label} auto"),
            };
        }
        let _ = write!(name, " router-id {} family-allowed ", self.router_id);
        if self.capabilities.multi_session {
            for (i, family) in self.families.iter().enumerate() {
                let _ = write!(name, "{}{}-{}", if i == 0 { "" } else { "/" }, family.afi, family.safi);
            }
        } else {
            name.push_str("in-open");
        }
        name
    }

    /// What must differ between two neighbors: the name, or of those that listen the address and port.
    pub(super) fn identifier(&self) -> String {
        match self.listen {
            Some(port) => alloc::format!("peer-ip {} listen {port}", self.peer),
            None => self.name(),
        }
    }

    /// Whether a session set up for `self` can go on under `other`: everything but routes, subscriptions, the
    /// description and keys that are rolled over agrees. A reload keeps such a session.
    pub fn same_session(&self, other: &Self) -> bool {
        self.identity() == other.identity()
            && self.options() == other.options()
            && tcp_ao::is_roll_over(&self.tcp_ao, &other.tcp_ao)
    }

    /// Who speaks with whom, and how they find each other.
    fn identity(&self) -> impl PartialEq {
        (
            (
                self.peer,
                self.router_id,
                self.local_address,
                self.local_link_local,
                &self.source_interface,
                self.local_as,
                self.peer_as,
            ),
            (self.passive, self.listen, self.connect, self.outgoing_ttl, self.incoming_ttl, &self.md5),
            (&self.host_name, &self.domain_name),
        )
    }

    /// How the session runs.
    fn options(&self) -> impl PartialEq {
        (
            (self.hold_time, self.send_hold, self.delay_open, self.rate_limit),
            (self.group_updates, self.auto_flush, self.adj_rib_in, self.adj_rib_out, self.manual_eor),
            (&self.capabilities, &self.families, &self.add_paths, &self.next_hops),
            (self.flow_whole_prefix, self.flow_inner_path_identifier),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(address: &str, length: u8) -> PeerRange {
        PeerRange { address: address.parse().unwrap(), length }
    }

    #[test]
    fn a_range_contains_the_addresses_of_its_prefix_only() {
        let range = range("192.0.2.0", 24);
        assert!(range.contains("192.0.2.255".parse().unwrap()));
        assert!(!range.contains("192.0.3.0".parse().unwrap()));
        assert!(range.contains("::ffff:192.0.2.1".parse().unwrap()));
        assert_eq!(alloc::format!("{range}"), "192.0.2.0/24");
    }

    #[test]
    fn the_empty_prefix_contains_every_address_of_its_family() {
        assert!(range("0.0.0.0", 0).contains("255.255.255.255".parse().unwrap()));
        assert!(range("::", 0).contains("ffff::1".parse().unwrap()));
        assert!(!range("::", 0).contains("10.0.0.1".parse().unwrap()));
    }
}
