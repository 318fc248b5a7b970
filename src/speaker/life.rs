//! How a speaker starts, reloads and ends.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use holdtime_host::{CloseKind, ConfigText, IoError, KeyChange, Signal, StreamId};

use super::action::Action;
use super::event::{Event, EventKind, Severity};
use super::neighbor::{Neighbor, NeighborId, Wish};
use super::notice::Notice;
use super::obligation::Party;
use super::sessions::cease;
use super::{Speaker, open};
use crate::config::{self, Config};
use crate::session::{Direction, Session, State};
use crate::time::{Duration, Instant, Now};
use crate::wire::notification::cease;

/// The exit status of a speaker that could not do what it was started for, such as to listen.
pub(super) const STARTUP_FAILED: u8 = 2;
/// How long a shutdown may take at most, whoever stalls it.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// How far the speaker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It waits for its first timeout.
    New {
        /// Since when.
        since: Instant,
    },
    /// It speaks.
    Running,
    /// It ends: what is still open by `until` is cut off.
    Leaving {
        /// Since when.
        since: Instant,
        /// The deadline.
        until: Instant,
        /// The exit status.
        code: u8,
    },
    /// It has asked for its exit.
    Gone,
}

impl Phase {
    /// When something is due.
    pub(super) fn poll_timeout(self) -> Option<Instant> {
        match self {
            Self::New { since } => Some(since),
            Self::Leaving { until, .. } => Some(until),
            Self::Running | Self::Gone => None,
        }
    }
}

/// What a reload starts anew even where nothing has changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Anew {
    programs: bool,
    sessions: bool,
}

/// The beginning and the end.
impl Speaker {
    /// Starts everything that the configuration names.
    pub(super) fn begin(&mut self, now: Now) {
        self.phase = Phase::Running;
        let neighbors = core::mem::take(&mut self.config.neighbors);
        for neighbor in neighbors {
            self.add_neighbor(now, neighbor);
        }
        self.take_in(now);
        self.update_listeners(true);
        self.configure_programs(now, false);
        // Programs first: they are to hear of the sessions from the beginning.
        self.serve_programs(now);
        self.settle_all(now);
    }

    fn settle_all(&mut self, now: Now) {
        let ids: Vec<_> = self.neighbors.keys().copied().collect();
        for id in ids {
            self.settle(now, id);
        }
    }

    /// Begins to end, with `code` as the exit status: sessions with a NOTIFICATION, programs with a word and a signal.
    pub(super) fn shut_down(&mut self, now: Now, code: u8) {
        if !matches!(self.phase, Phase::New { .. } | Phase::Running) {
            return;
        }
        self.phase = Phase::Leaving { since: now.monotonic, until: now.monotonic + SHUTDOWN, code };
        self.events.push_back(Event {
            severity: Severity::Info,
            kind: EventKind::Shutdown,
            party: Party::Speaker,
            text: String::from("shutting down"),
        });
        let ids: Vec<_> = self.neighbors.keys().copied().collect();
        let notification = cease(cease::SHUTDOWN, "");
        for id in ids {
            if let Some(neighbor) = self.neighbors.get_mut(&id) {
                neighbor.wish = Wish::Leave;
            }
            self.end_sessions(now, id, &notification);
        }
        self.end_unclaimed(now, &notification);
        self.update_listeners(false);
        self.end_programs(now);
    }

    /// Ends at once: there is nothing to be wound up.
    pub(super) fn exit_with(&mut self, code: u8) {
        if self.phase != Phase::Gone {
            self.phase = Phase::Gone;
            self.actions.push_back(Action::Exit { code });
        }
    }

    pub(super) fn life_timeout(&mut self, now: Now) {
        if let Phase::Leaving { until, code, .. } = self.phase
            && until <= now.monotonic
        {
            let open: Vec<_> = self.streams.iter().map(|(id, _)| id).collect();
            for stream in open {
                self.streams.close(stream, CloseKind::Reset, &mut self.actions);
            }
            self.log(Severity::Warning, Party::Speaker, String::from("not everybody ended in time"));
            self.exit_with(code);
        }
    }

    /// Exits once everything has ended, or when a limited number of attempts has used up every peer.
    pub(super) fn conclude(&mut self, now: Now) {
        let used_up = self.phase == Phase::Running
            && self.settings.tcp.attempts > 0
            && self.neighbors.is_empty()
            && self.streams.is_empty();
        if used_up || (self.phase == Phase::Running && self.programs.is_bereft()) {
            self.shut_down(now, 0);
        }
        if let Phase::Leaving { code, .. } = self.phase
            && self.neighbors.is_empty()
            && self.streams.is_empty()
            && self.programs.is_done()
        {
            self.exit_with(code);
        }
    }

    /// The process was signalled.
    pub(super) fn signalled(&mut self, now: Now, signal: Signal) {
        self.tell_of_signal(now, Some(signal));
        match signal {
            Signal::Terminate | Signal::Interrupt | Signal::Hangup => self.shut_down(now, 0),
            Signal::Alarm => self.restart(now),
            Signal::User1 | Signal::User2 => {
                self.request_reload(signal == Signal::User2);
            }
        }
    }

    /// Tells programs of a signal; `None`: a command asks for what a signal would.
    pub(super) fn tell_of_signal(&mut self, now: Now, signal: Option<Signal>) {
        let Self { neighbors, programs, .. } = self;
        for neighbor in neighbors.values() {
            programs.notify(now, neighbor, &Notice::Signal(signal));
        }
    }

    /// Reads the configuration again, and starts every session and every program anew, whether or not it could be read.
    pub(super) fn restart(&mut self, now: Now) {
        self.anew.sessions = true;
        if !self.request_reload(true) {
            self.start_anew(now);
        }
    }

    /// Starts anew what is to be, under the configuration as it is.
    fn start_anew(&mut self, now: Now) {
        let anew = core::mem::take(&mut self.anew);
        let ids: Vec<_> = self.neighbors.keys().copied().filter(|_| anew.sessions).collect();
        for id in ids {
            self.begin_again(now, id);
        }
        if anew.programs {
            self.configure_programs(now, true);
        }
    }

    /// Ends the sessions with a neighbor, as ExaBGP does when they are to begin again with other terms.
    fn begin_again(&mut self, now: Now, id: NeighborId) {
        if let Some(neighbor) = self.neighbors.get_mut(&id) {
            neighbor.restarted = true;
        }
        self.end_sessions(now, id, &cease(cease::DECONFIGURED, "Peer De-configured"));
    }

    /// Ends the sessions with a neighbor with a Cease of this subcode; they begin again at once.
    pub(super) fn teardown(&mut self, now: Now, id: NeighborId, subcode: u8) {
        let text = match subcode {
            1 => "Maximum Number of Prefixes Reached",
            2 => "Administrative Shutdown",
            3 => "Peer De-configured",
            4 => "Administrative Reset",
            5 => "Connection Rejected",
            6 => "Other Configuration Change",
            7 => "Connection Collision Resolution",
            8 => "Out of Resources",
            _ => "unknown notification type",
        };
        self.end_sessions(now, id, &cease(subcode, text));
    }
}

/// The configuration.
impl Speaker {
    /// Asks for the next configuration file; with `programs` they are started anew once it is read. Returns whether there
    /// is one.
    pub(super) fn request_reload(&mut self, programs: bool) -> bool {
        self.anew.programs |= programs;
        let next = (self.file + 1) % self.files.len().max(1);
        let name = self.files.get(next).cloned();
        match &name {
            Some(name) => self.actions.push_back(Action::LoadConfig { name: name.clone() }),
            None => self.log(Severity::Warning, Party::Speaker, String::from("there is no file to reload")),
        }
        name.is_some()
    }

    /// A configuration file was read, or could not be. One that is refused leaves the running one as it is.
    pub(super) fn reload(&mut self, now: Now, text: Result<ConfigText, (String, IoError)>) {
        if self.phase != Phase::Running {
            return;
        }
        let refused = match text {
            Ok(text) => match Config::parse(&text, &self.settings) {
                Ok(config) => {
                    self.file = (self.file + 1) % self.files.len().max(1);
                    self.log(Severity::Info, Party::Speaker, format!("loaded {}", text.name));
                    // Before it is done: afterwards the program may be another.
                    let asked = self.answer_reloads(now, true);
                    self.apply(now, config);
                    return asked.into_iter().for_each(|stream| self.run_commands(now, stream));
                }
                Err(error) => format!("{error}"),
            },
            Err((name, error)) => format!("cannot read {name}: {error}"),
        };
        self.log(Severity::Error, Party::Speaker, format!("the configuration stays as it is: {refused}"));
        let asked = self.answer_reloads(now, false);
        self.anew.programs &= self.anew.sessions;
        self.start_anew(now);
        asked.into_iter().for_each(|stream| self.run_commands(now, stream));
    }

    /// Answers the programs that asked for the configuration to be read again; returns them. Their next commands wait for it.
    pub(super) fn answer_reloads(&mut self, now: Now, done: bool) -> Vec<StreamId> {
        let asked = self.programs.answer_reloads(done);
        asked.iter().for_each(|_| self.tell_of_signal(now, None));
        asked
    }

    /// Goes over to `config`: who is in both and speaks alike is not disturbed.
    fn apply(&mut self, now: Now, mut config: Config) {
        let anew = core::mem::take(&mut self.anew);
        let wanted = core::mem::take(&mut config.neighbors);
        self.config = config;
        self.generation += 1;
        let mut known: BTreeMap<String, NeighborId> = self
            .neighbors
            .values()
            .filter(|neighbor| neighbor.wish == Wish::Run && neighbor.range.is_none())
            .map(|neighbor| (neighbor.name.clone(), neighbor.id))
            .collect();
        let mut new = Vec::new();
        for config in wanted {
            let Some(id) = known.remove(&config.name()) else {
                new.push(config);
                continue;
            };
            for made in self.made_from(id) {
                let Some(peer) = self.neighbors.get(&made).map(|made| made.config.peer) else { continue };
                self.reconfigure(now, made, config::Neighbor { peer, ..config.clone() }, anew.sessions);
            }
            self.reconfigure(now, id, config, anew.sessions);
        }
        // Who is gone leaves before anybody takes its address.
        for id in known.into_values() {
            for made in self.made_from(id) {
                self.dismiss(now, made);
            }
            self.dismiss(now, id);
        }
        for config in new {
            let id = self.add_neighbor(now, config);
            self.settle(now, id);
        }
        self.take_in(now);
        self.update_listeners(false);
        self.configure_programs(now, anew.programs);
    }

    /// Ends the sessions with a neighbor for good.
    fn dismiss(&mut self, now: Now, id: NeighborId) {
        if let Some(neighbor) = self.neighbors.get_mut(&id) {
            neighbor.wish = Wish::Leave;
        }
        self.end_sessions(now, id, &cease(cease::DECONFIGURED, "Peer De-configured"));
    }

    /// Goes over to a neighbor's new configuration. Its session goes on unless it is to begin `anew`, or what was negotiated
    /// depends on the change.
    fn reconfigure(&mut self, now: Now, id: NeighborId, config: config::Neighbor, anew: bool) {
        let generation = self.generation;
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        let same_session = neighbor.config.same_session(&config);
        let keys = neighbor.config.tcp_ao.clone();
        neighbor.configure(config, generation);
        self.begin_intake(id);
        if anew || !same_session {
            self.begin_again(now, id);
        } else {
            self.roll_over(id, &keys);
        }
        self.settle(now, id);
    }

    /// Goes over to new TCP-AO keys on the connections that are up: first both are known, then the new one is used, then the old one is
    /// forgotten.
    fn roll_over(&mut self, id: NeighborId, before: &[config::AoKey]) {
        let Some(neighbor) = self.neighbors.get(&id) else { return };
        let after = &neighbor.config.tcp_ao;
        if before == after.as_slice() {
            return;
        }
        let without = |keys: &[config::AoKey], others: &[config::AoKey]| {
            keys.iter().filter(|key| !others.contains(key)).cloned().collect()
        };
        let change = KeyChange {
            add: without(after, before),
            first: after.first().cloned(),
            remove: without(before, after),
        };
        // A dial that is under way fails where the peer does not know its key, and the next one has the new ones.
        for link in [&neighbor.outgoing, &neighbor.incoming] {
            if let (Some(stream), Some(_)) = (link.stream, link.ends) {
                self.actions.push_back(Action::SetKeys { stream, change: change.clone() });
            }
        }
    }

    fn add_neighbor(&mut self, now: Now, config: config::Neighbor) -> NeighborId {
        let id = NeighborId::new(self.next_neighbor);
        self.next_neighbor += 1;
        let terms = open::terms(&config, &self.settings, &self.identity, true);
        let mut session = |direction| {
            Session::new(self.fsm, now.monotonic, direction, terms.clone(), self.seeds.next_u64())
        };
        let sessions = (session(Direction::Outgoing), session(Direction::Incoming));
        let neighbor = Neighbor::new(now, id, config, sessions, self.generation);
        self.neighbors.insert(id, neighbor);
        self.begin_intake(id);
        id
    }

    /// Adds a neighbor for one peer out of a range, which announces what the range does.
    pub(super) fn add_from_range(&mut self, now: Now, range: NeighborId, peer: IpAddr) -> Option<NeighborId> {
        let range = self.neighbors.get(&range)?.clone();
        let peer = config::PeerRange::single(peer);
        let id = self.add_neighbor(now, config::Neighbor { peer, ..range.config.clone() });
        if let Some(neighbor) = self.neighbors.get_mut(&id) {
            neighbor.come_from(range);
            neighbor.incoming.session.start(now.monotonic);
        }
        self.take_in(now);
        self.settle(now, id);
        Some(id)
    }

    /// The neighbors for single peers out of a range.
    fn made_from(&self, range: NeighborId) -> Vec<NeighborId> {
        self.neighbors.values().filter(|made| made.range == Some(range)).map(|made| made.id).collect()
    }

    /// Forgets a neighbor whose sessions have ended.
    pub(super) fn remove_neighbor(&mut self, id: NeighborId) {
        if let Some(neighbor) = self.neighbors.remove(&id) {
            self.programs.teller.forget(id);
            debug_assert_eq!(neighbor.state().min(State::Active), neighbor.state());
            self.log(Severity::Info, neighbor.party(), String::from("is given up"));
        }
    }
}
