//! A neighbor at run time: its two sessions, of which one at most gets established, and its RIBs.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::complaints::Complaints;
use super::id::NeighborId;
use super::intake::Intake;
use super::link::{EndPair, SessionLink};
use super::message::append;
use super::obligation::Party;
use super::stale::Stale;
use crate::config;
use crate::grammar::{Announcement, RouteList};
use crate::rib::{
    self, AdjRibIn, AdjRibOut, Catalogue, Destination, Own, PackLimits, Packed, Packing, PeerTerms,
    RouteTrouble, Watchdogs,
};
use crate::session::{Direction, FsmEvent, ReceivedFrame, Session, State, Timers, negotiate};
use crate::time::{Duration, Instant, Now, Timestamp};
use crate::wire::{Family, Message, Negotiated, Notification, Operational, RefreshKind, RouteRefresh};

/// The octets of a ROUTE-REFRESH without filters.
const FAMILY: usize = 4;

/// How long a peer is not read at most: the hold time may be 3 s (RFC 4271 §4.2), in which the peer must be heard.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// What the operator wants of a neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AdminState {
    /// A session with the peer.
    Up,
    /// The end of every session, and to be forgotten then.
    Removed,
}

/// Messages counted, by their type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Sent, by the type's number; the first counts types unknown.
    pub sent: [u64; 7],
    /// Received, likewise.
    pub received: [u64; 7],
}

/// A neighbor as it can be looked at from outside.
#[derive(Clone, Copy, Debug)]
pub struct NeighborStatus<'a> {
    /// Its name, as ExaBGP's API has it.
    pub name: &'a str,
    /// The peer's address.
    pub peer: IpAddr,
    /// The state of the session that is further along.
    pub state: State,
    /// The timers of that session.
    pub timers: &'a Timers,
    /// Since when the session is established.
    pub up_since: Option<Instant>,
    /// Messages since it last had no connection.
    pub counters: Counters,
    /// What the peer has announced, where that is kept.
    pub adj_rib_in: &'a AdjRibIn,
    /// What is announced to it.
    pub adj_rib_out: &'a AdjRibOut,
    /// Its sessions, the one that it is dialled on first: who dials, the state, and the timers.
    pub sessions: [(Direction, State, &'a Timers); 2],
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct NeighborState {
    pub(super) id: NeighborId,
    pub(super) name: String,
    /// As configured, but for the routes, which are in `rib_out`.
    pub(super) config: config::Neighbor,
    pub(super) outgoing: SessionLink,
    pub(super) incoming: SessionLink,
    pub(super) admin: AdminState,
    pub(super) rib_out: AdjRibOut,
    pub(super) rib_in: AdjRibIn,
    pub(super) watchdogs: Watchdogs,
    /// Routes that a reload has added, to be announced once more when the peer has sent something after that: as ExaBGP does.
    pub(super) repeats: Vec<Destination>,
    /// What its configuration announces and is not yet in `rib_out`.
    pub(super) intake: Option<Intake>,
    /// ROUTE-REFRESH and OPERATIONAL messages to send.
    pub(super) refreshes: VecDeque<RouteRefresh>,
    pub(super) operational: VecDeque<Operational>,
    /// Dials so far.
    pub(super) attempts: u32,
    /// This process has not yet been in session with it (RFC 4724 §4.1).
    pub(super) restarted: bool,
    /// It cannot be signed for as it is configured, so there is no session with it until that is another.
    pub(super) refused: bool,
    /// The neighbor with a range of addresses that it was made from, for one peer out of it; it goes when its session does.
    pub(super) range: Option<NeighborId>,
    pub(super) counters: Counters,
    /// The state that programs were last told of.
    pub(super) told: State,
    /// When its session was established, by both clocks.
    pub(super) up_since: Option<(Instant, Timestamp)>,
    /// What the log was told of this session's UPDATEs.
    pub(super) complaints: Complaints,
    /// Until when what a restarting peer announced is kept (RFC 4724 §4.2).
    pub(super) stale: Option<Stale>,
    /// It has been given something to tell, and the reactor was not asked for room yet.
    pub(super) changed: bool,
    /// Since when something waits to be sent without a break.
    pub(super) pending_since: Option<Instant>,
    /// Since when it is not read: a program lags behind.
    pub(super) held_back: Option<Instant>,
    /// The session is new, and its peer is only listened to until then: what has arrived is heard before what is new is said.
    pub(super) rests_until: Option<Instant>,
    /// UPDATEs that may still be sent before `next_second`.
    pub(super) rate_left: u32,
    pub(super) next_second: Instant,
}

impl NeighborState {
    /// A neighbor whose sessions are in Idle.
    pub(super) fn new(
        now: Now,
        id: NeighborId,
        config: config::Neighbor,
        (outgoing, incoming): (Session, Session),
        generation: u32,
    ) -> Self {
        let rib_out = AdjRibOut::new(packing(&config), config.adj_rib_out);
        let mut neighbor = Self {
            id,
            name: config.name(),
            config: config::Neighbor { routes: RouteList::default(), ..config.clone() },
            outgoing: SessionLink::new(outgoing),
            incoming: SessionLink::new(incoming),
            admin: AdminState::Up,
            refused: false,
            rib_out,
            rib_in: AdjRibIn::default(),
            watchdogs: Watchdogs::default(),
            repeats: Vec::new(),
            intake: None,
            refreshes: VecDeque::new(),
            operational: VecDeque::new(),
            attempts: 0,
            restarted: true,
            range: None,
            counters: Counters::default(),
            told: State::Idle,
            up_since: None,
            complaints: Complaints::new(),
            stale: None,
            changed: false,
            pending_since: None,
            rests_until: None,
            rate_left: 0,
            held_back: None,
            next_second: now.monotonic,
        };
        neighbor.configure(config, generation);
        neighbor
    }

    /// Takes over a configuration; its routes are left to be [taken in](Self::take_in).
    pub(super) fn configure(&mut self, mut config: config::Neighbor, generation: u32) {
        let own = config.local_address.map(|address| Own { address, router_id: config.router_id });
        self.rib_out.configure(packing(&config), config.adj_rib_out, own);
        self.rib_out.hold_back(true);
        let routes = core::mem::take(&mut config.routes);
        self.intake = Some(Intake::new(routes, generation, self.established().is_some()));
        self.refused &= self.config.tcp_ao == config.tcp_ao;
        self.config = config;
    }

    /// Takes in at most `room` configured routes and leaves the rest of the room; `true`: there are no more, and what is no longer
    /// configured is withdrawn.
    pub(super) fn take_in(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        let Self { intake: Some(intake), config, rib_out, watchdogs, repeats, .. } = self else {
            return true;
        };
        let done = intake.take_in(room, &config.families, (rib_out, catalogue), watchdogs, repeats);
        if done {
            self.intake = None;
        }
        done
    }

    /// Until when what is stale is kept as it is.
    pub(super) fn stale_until(&self) -> Option<Instant> {
        self.stale.as_ref().and_then(Stale::until)
    }

    /// Announces what `range` does, out of which it is made.
    pub(super) fn come_from(&mut self, catalogue: &mut Catalogue, range: &Self) {
        self.range = Some(range.id);
        self.rib_out.copy(catalogue, &range.rib_out);
        self.watchdogs = range.watchdogs.clone();
        self.intake = range.intake.clone();
    }

    /// Announces once more what a reload has added, as far as it was announced already.
    pub(super) fn repeat(&mut self, catalogue: &Catalogue) {
        if !self.repeats.is_empty() {
            self.repeats = self.rib_out.repeat(catalogue, core::mem::take(&mut self.repeats));
        }
    }

    /// What is seen of it from outside.
    pub(super) fn status(&self) -> NeighborStatus<'_> {
        NeighborStatus {
            name: &self.name,
            peer: self.config.peer.address,
            state: self.state(),
            timers: self.leading().session.timers(),
            up_since: self.up_since.map(|(since, _)| since),
            counters: self.counters,
            adj_rib_in: &self.rib_in,
            adj_rib_out: &self.rib_out,
            sessions: [(Direction::Outgoing, &self.outgoing), (Direction::Incoming, &self.incoming)]
                .map(|(direction, link)| (direction, link.session.state(), link.session.timers())),
        }
    }

    /// How logs and obligations call it.
    pub(super) fn party(&self) -> Party {
        Party::Neighbor(alloc::format!("{}", self.config.peer))
    }

    pub(super) fn link(&self, direction: Direction) -> &SessionLink {
        match direction {
            Direction::Outgoing => &self.outgoing,
            Direction::Incoming => &self.incoming,
        }
    }

    pub(super) fn link_mut(&mut self, direction: Direction) -> &mut SessionLink {
        match direction {
            Direction::Outgoing => &mut self.outgoing,
            Direction::Incoming => &mut self.incoming,
        }
    }

    /// The session that is further along; of two that are equally far the outgoing one.
    pub(super) fn leading(&self) -> &SessionLink {
        leading(&self.outgoing, &self.incoming)
    }

    /// The same, to change it.
    pub(super) fn leading_mut(&mut self) -> &mut SessionLink {
        let direction = self.leading().session.direction();
        self.link_mut(direction)
    }

    /// The state of the session that is further along.
    pub(super) fn state(&self) -> State {
        self.leading().session.state()
    }

    /// The session that is established.
    pub(super) fn established(&self) -> Option<&SessionLink> {
        established(&self.outgoing, &self.incoming)
    }

    /// The families that are configured and, in a session, negotiated.
    pub(super) fn families(&self) -> Vec<Family> {
        match self.established() {
            Some(link) => link.session.negotiated().families().iter().map(|terms| terms.family).collect(),
            None => self.config.families.clone(),
        }
    }

    /// Our end of the session.
    pub(super) fn local_address(&self) -> Option<IpAddr> {
        let connected = self.leading().ends.map(|(local, _)| local.ip());
        connected.or(self.config.local_address)
    }

    /// Whether AIGP is taken from this peer and sent to it (RFC 7311 §3.2): inside an AS, and where it is configured.
    pub(super) fn accepts_aigp(&self) -> bool {
        let internal = self.established().is_some_and(|link| link.session.negotiated().is_internal());
        internal || self.config.capabilities.aigp
    }

    /// Whether something waits that a writable connection could take.
    pub(super) fn wants_to_send(&self) -> bool {
        self.rib_out.has_pending() || !self.refreshes.is_empty() || !self.operational.is_empty()
    }

    /// The same, as far as the rate limit allows, and not before the rest at the beginning is over.
    pub(super) fn may_send(&self) -> bool {
        let allowed = self.config.rate_limit.is_none() || self.rate_left > 0;
        self.wants_to_send() && allowed && self.rests_until.is_none()
    }

    /// Whether it is in session and has something to tell.
    pub(super) fn is_sending(&self) -> bool {
        self.pending_since.is_some() && self.established().is_some()
    }

    /// Begins a new second of the rate limit, if one has begun.
    pub(super) fn renew_rate(&mut self, now: Instant) {
        if let Some(rate) = self.config.rate_limit.filter(|_| self.next_second <= now) {
            self.rate_left = rate;
            self.next_second = now + Duration::from_secs(1);
        }
    }

    /// The next deadline.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let rate = match self.rests_until {
            Some(until) => Some(until),
            None if self.established().is_some() && self.wants_to_send() && !self.may_send() => {
                Some(self.next_second)
            }
            None => None,
        };
        let sessions = [self.outgoing.session.poll_timeout(), self.incoming.session.poll_timeout()];
        let held_back = self.held_back.map(|since| since + PAUSE);
        sessions.into_iter().flatten().chain(rate).chain(self.stale_until()).chain(held_back).min()
    }
}

/// Sessions that come and go.
impl NeighborState {
    /// The session is established.
    pub(super) fn session_up(&mut self, now: Now, rest: Duration) {
        self.rests_until = (!rest.is_zero()).then(|| now.monotonic + rest);
        self.restarted = false;
        self.up_since = Some((now.monotonic, now.wall));
        self.complaints.clear();
        self.resume_stale(now.monotonic);
        let families = self.families();
        self.rib_out.restart_gracefully(self.config.capabilities.graceful_restart.is_some());
        self.rib_out.session_up(&families, !self.config.manual_eor);
        self.renew_rate(now.monotonic);
        self.advise_again();
    }

    /// Nothing was sent or received yet.
    pub(super) fn reset_counters(&mut self) {
        self.counters = Counters::default();
    }

    /// The session over `direction` is gone, by `event`.
    pub(super) fn session_down(&mut self, now: Instant, direction: Direction, event: FsmEvent) {
        self.up_since = None;
        self.rests_until = None;
        self.rib_out.session_down();
        match self.link(direction).offer_to_keep(now, event) {
            Some(offer) => self.keep_stale(offer),
            None => self.rib_in.clear(),
        }
        self.refreshes.clear();
        self.operational.clear();
        self.repeats.clear();
        self.intake.iter_mut().for_each(Intake::session_down);
    }

    /// What keeps a route out of every message of the session, or of the one that there would be if the peer offered what we do; `None`: it
    /// has room, or is not for this peer.
    pub(super) fn too_large(&self, announcement: &Announcement) -> Option<RouteTrouble> {
        let supposed;
        let (negotiated, ends) = match self.established() {
            Some(link) => (link.session.negotiated(), link.ends),
            None => {
                let ours = self.outgoing.session.our_open();
                let mut alike = negotiate(ours, ours);
                alike.peer_as = self.config.peer_as.unwrap_or(alike.local_as);
                supposed = alike;
                // Our end has an address of the peer's kind.
                let end = SocketAddr::from((self.config.peer.address, 0));
                (&supposed, Some((end, end)))
            }
        };
        let terms = peer_terms(&self.config, negotiated, ends)?;
        rib::too_large(&announcement.route, announcement.next_hop_self, &terms)
    }

    /// Packs what waits into messages for the established session, up to about so many octets, and looks at about so many routes
    /// for it.
    pub(super) fn pack(
        &mut self,
        now: Instant,
        catalogue: &mut Catalogue,
        (octets, work): (usize, usize),
        out: &mut Vec<u8>,
    ) -> Packed {
        self.renew_rate(now);
        while let Some(refresh) = self.refreshes.pop_front() {
            append(&Message::RouteRefresh(refresh), out);
        }
        while let Some(operational) = self.operational.pop_front() {
            append(&Message::Operational(operational), out);
        }
        let messages = if self.config.rate_limit.is_some() { self.rate_left as usize } else { usize::MAX };
        let limits = PackLimits { octets, messages, work };
        let Self { outgoing, incoming, config, rib_out, .. } = self;
        let terms = established(outgoing, incoming)
            .and_then(|link| peer_terms(config, link.session.negotiated(), link.ends));
        let packed = terms.map(|terms| rib_out.pack(catalogue, &terms, limits, out)).unwrap_or_default();
        self.rate_left = self.rate_left.saturating_sub(u32::try_from(packed.messages).unwrap_or(u32::MAX));
        packed
    }

    /// Announces everything again.
    pub(super) fn flush(&mut self) {
        let families = self.families();
        let negotiated = self.established().map(|link| link.session.negotiated());
        let marked = negotiated.is_some_and(|negotiated| negotiated.enhanced_route_refresh);
        self.rib_out.resend(None, &families, marked);
    }

    /// Asks the peer for its routes of `family` again, where it has said that it can be asked (RFC 2918 §4); whether it has.
    pub(super) fn ask_again(&mut self, family: Family) -> bool {
        let listens = self.established().is_some_and(|link| {
            let negotiated = link.session.negotiated();
            negotiated.route_refresh && !negotiated.ignores(family)
        });
        let asks = listens && self.config.families.contains(&family);
        if asks {
            self.refreshes.push_back(RouteRefresh::new(family, RefreshKind::Request));
        }
        asks
    }

    /// The peer has sent a ROUTE-REFRESH.
    ///
    /// # Errors
    /// One that says nothing (RFC 7313 §5), with the NOTIFICATION that says so.
    pub(super) fn refresh(&mut self, frame: &ReceivedFrame) -> Result<(), Notification> {
        let Some(link) = self.established() else { return Ok(()) };
        let marked = link.session.negotiated().enhanced_route_refresh;
        let body = link.session.body(frame);
        let refresh = match RouteRefresh::decode(body) {
            Ok(refresh) => refresh,
            // Without RFC 7313 the octet of the subtype means nothing, and no length is wrong that has all of the family.
            Err(_) if !marked && body.len() > FAMILY => return Ok(()),
            Err(error) => return Err(error.notification(link.session.octets(frame))),
        };
        let known = link.session.negotiated().family(refresh.family);
        if known.is_none() {
            return Ok(());
        }
        let families = self.families();
        match refresh.kind {
            RefreshKind::Request if refresh.asks_now() => {
                self.rib_out.resend(Some(refresh.family), &families, marked);
            }
            RefreshKind::Begin if marked => self.rib_in.mark_family_stale(refresh.family),
            RefreshKind::End if marked => self.rib_in.sweep_stale(Some(refresh.family)),
            RefreshKind::Request | RefreshKind::Begin | RefreshKind::End | RefreshKind::Unknown(_) => {}
        }
        Ok(())
    }
}

/// How a neighbor's changes become UPDATEs.
fn packing(config: &config::Neighbor) -> Packing {
    if config.group_updates { Packing::Grouped } else { Packing::Single }
}

fn leading<'a>(outgoing: &'a SessionLink, incoming: &'a SessionLink) -> &'a SessionLink {
    if incoming.session.state() > outgoing.session.state() { incoming } else { outgoing }
}

fn established<'a>(outgoing: &'a SessionLink, incoming: &'a SessionLink) -> Option<&'a SessionLink> {
    Some(leading(outgoing, incoming)).filter(|link| link.session.state() == State::Established)
}

/// What packing for a session needs to know; `None`: our end of it is not known.
fn peer_terms<'a>(
    config: &config::Neighbor,
    negotiated: &'a Negotiated,
    ends: Option<EndPair>,
) -> Option<PeerTerms<'a>> {
    // Our link-local address goes along with IPv6 next hops where both sides have said so, and the peer is on our link.
    let on_link = config.outgoing_ttl.is_none_or(|ttl| ttl <= 1);
    Some(PeerTerms {
        negotiated,
        local_address: config.local_address.or_else(|| Some(ends?.0.ip()))?,
        router_id: config.router_id,
        link_local: config.local_link_local.filter(|_| on_link && negotiated.link_local_next_hop),
        aigp: config.capabilities.aigp,
    })
}
