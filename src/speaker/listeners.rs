//! The sockets that listen. One that breaks is opened again after a while, and costs no session.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use holdtime_host::{IoError, ListenOptions, ListenerId};

use super::action::Action;
use super::contract::Contract;
use super::environment::Environment;
use super::event::Severity;
use super::id::NeighborId;
use super::neighbor::{AdminState, NeighborState};
use super::neighbors::Neighbors;
use super::obligation::Party;
use crate::config;
use crate::time::{Duration, Instant, Now};

/// How long one that broke is left alone before it is opened again. It doubles with every failure, up to [`LONGEST`].
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(64);

/// How often the log hears of the same trouble at most.
const REMINDER: Duration = Duration::from_secs(60);

/// The sockets that listen, or are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Listeners {
    open: BTreeMap<ListenerId, Listener>,
    next: u32,
    /// Failures since all of them were open.
    failures: u32,
    /// When those that broke are opened again.
    again: Option<Instant>,
    /// When the log was last told that connections could not be taken.
    told: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Listener {
    address: SocketAddr,
    options: ListenOptions,
    /// The speaker cannot begin without.
    required: bool,
}

impl Listeners {
    /// When something is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.again
    }
}

/// The TTLs of a connection that may be for any of these neighbors: the greatest that one of them sends with, and the least
/// that one of them accepts, where each asks for one.
pub(super) fn common_ttls(neighbors: &[&config::Neighbor]) -> (Option<u8>, Option<u8>) {
    let least: Option<Vec<u8>> = neighbors.iter().map(|config| config.incoming_ttl).collect();
    let ttl = neighbors.iter().filter_map(|config| config.outgoing_ttl).max();
    (ttl, least.and_then(|ttls| ttls.into_iter().min()))
}

/// What the sockets that listen need of the speaker.
pub(super) struct ListenHandle<'a> {
    pub(super) environment: &'a Environment,
    pub(super) contract: &'a mut Contract,
    pub(super) neighbors: &'a mut Neighbors,
    pub(super) listeners: &'a mut Listeners,
}

impl ListenHandle<'_> {
    /// Opens the sockets that the settings and the neighbors ask for, and closes those that nobody asks for any more.
    pub(super) fn update(&mut self, required: bool) {
        let wanted = self.wanted();
        let Self { listeners, contract, .. } = self;
        listeners.open.retain(|id, listener| {
            let keep = wanted.get(&listener.address) == Some(&listener.options);
            if !keep {
                contract.act(Action::Unlisten { listener: *id });
            }
            keep
        });
        for (address, options) in wanted {
            if listeners.open.values().any(|listener| listener.address == address) {
                continue;
            }
            let id = ListenerId(listeners.next);
            listeners.next += 1;
            contract.act(Action::Listen { listener: id, address, options: options.clone() });
            listeners.open.insert(id, Listener { address, options, required });
        }
    }

    fn wanted(&self) -> BTreeMap<SocketAddr, ListenOptions> {
        let mut wanted = BTreeMap::<_, ListenOptions>::new();
        for address in &self.environment.settings.tcp.bind {
            wanted.insert(
                SocketAddr::new(*address, self.environment.settings.tcp.port),
                ListenOptions::default(),
            );
        }
        let running = || {
            self.neighbors.values().filter(|neighbor| neighbor.admin == AdminState::Up && !neighbor.refused)
        };
        for config in running().map(|neighbor| &neighbor.config) {
            let any = match config.peer.address {
                IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            if let Some(port) = config.listen {
                let own = config.md5.as_ref().and_then(|md5| md5.address).or(config.local_address);
                wanted.entry(SocketAddr::new(own.unwrap_or(any), port)).or_default();
            }
        }
        for (address, options) in &mut wanted {
            // Whose connection it is, is known once it is accepted: what holds for all of them goes here.
            let alike =
                |neighbor: &&NeighborState| neighbor.config.peer.address.is_ipv4() == address.is_ipv4();
            let configs: Vec<_> = running().filter(alike).map(|neighbor| &neighbor.config).collect();
            (options.ttl, options.min_ttl) = common_ttls(&configs);
            let keys =
                configs.iter().filter_map(|config| Some((config.peer, config.md5.as_ref()?.key.clone())));
            options.md5 = keys.collect();
            let keys =
                configs.iter().flat_map(|config| config.tcp_ao.iter().map(|key| (config.peer, key.clone())));
            // Of several sessions with one peer each has the same keys.
            options.ao = keys.collect::<BTreeSet<_>>().into_iter().collect();
        }
        wanted
    }

    /// A listening socket is open.
    pub(super) fn listening(&mut self, listener: ListenerId, local: SocketAddr) {
        if let Some(listener) = self.listeners.open.get_mut(&listener) {
            // What breaks from now on breaks while sessions may be up.
            listener.required = false;
        }
        if self.listeners.again.is_none() {
            self.listeners.failures = 0;
        }
        self.contract.log(Severity::Info, Party::Speaker, format!("listening on {local}"));
    }

    /// A listening socket could not be opened, or broke. Returns whether the speaker can go on without it.
    pub(super) fn listen_failed(&mut self, now: Now, listener: ListenerId, error: IoError) -> bool {
        let Some(listener) = self.listeners.open.remove(&listener) else { return true };
        if error == IoError::TcpAo && !listener.options.ao.is_empty() {
            self.refuse_signed(&listener);
            return true;
        }
        let what = format!("cannot listen on {}: {error}", listener.address);
        if listener.required {
            let port = listener.address.port();
            // RFC 4271 §8.1.1 has BGP listen where Linux lets only root.
            let what = match error {
                IoError::PermissionDenied if port < 1024 => format!(
                    "{what}; ports below 1024 are for root: run this as root, or allow it with `setcap \
                     cap_net_bind_service=+ep` on the program or `sysctl net.ipv4.ip_unprivileged_port_start={port}`, or \
                     listen on another one with exabgp_tcp_port=1790"
                ),
                _ => what,
            };
            self.contract.log(Severity::Error, Party::Speaker, what);
            return false;
        }
        let listeners = &mut self.listeners;
        let pause = (PAUSE * 2_u32.saturating_pow(listeners.failures)).min(LONGEST);
        listeners.failures = listeners.failures.saturating_add(1);
        listeners.again =
            Some(listeners.again.map_or(now.monotonic + pause, |again| again.min(now.monotonic + pause)));
        self.contract.log_repeat(
            Severity::Error,
            Party::Speaker,
            format!("{what}; it is tried again after {} s", pause.as_secs()),
        );
        true
    }

    /// Gives up the neighbors whose keys a listening socket cannot have, and opens it for the others.
    fn refuse_signed(&mut self, listener: &Listener) {
        let is_signed = |neighbor: &&NeighborState| {
            let peer = neighbor.config.peer;
            !neighbor.config.tcp_ao.is_empty() && listener.options.ao.iter().any(|(range, _)| *range == peer)
        };
        let ids: Vec<_> = self.neighbors.values().filter(is_signed).map(|neighbor| neighbor.id).collect();
        ids.into_iter().for_each(|id| self.refuse(id));
        self.update(listener.required);
    }

    /// Has no session with a neighbor that cannot be signed for: rather none than one that is not signed.
    pub(super) fn refuse(&mut self, id: NeighborId) {
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        if core::mem::replace(&mut neighbor.refused, true) {
            return;
        }
        let party = neighbor.party();
        let what = format!("refused: {}; there is no session without", IoError::TcpAo);
        self.contract.log(Severity::Error, party, what);
    }

    /// Opens the sockets again that broke, once their pause is over, where the speaker is `running`.
    pub(super) fn handle_timeout(&mut self, now: Now, running: bool) {
        if self.listeners.again.is_some_and(|again| again <= now.monotonic) {
            self.listeners.again = None;
            if running {
                self.update(false);
            }
        }
    }

    /// A connection could not be taken; the listener goes on. Said once in a while, and not for every one.
    pub(super) fn accept_failed(&mut self, now: Now, listener: ListenerId, error: IoError) {
        let Self { listeners, .. } = self;
        let Some(Listener { address, .. }) = listeners.open.get(&listener) else { return };
        if listeners.told.is_some_and(|told| now.monotonic - told < REMINDER) {
            return;
        }
        let text = match error {
            IoError::TooManyFiles => format!(
                "{error}: connections to {address} wait until there is room; raise the limit of open files"
            ),
            _ => format!("a connection to {address} could not be taken: {error}"),
        };
        listeners.told = Some(now.monotonic);
        self.contract.log_repeat(Severity::Warning, Party::Speaker, text);
    }
}
