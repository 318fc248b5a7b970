//! What each neighbor is owed: what it is to be told, of every family that both ends agreed on, less what the wire has told it.
//!
//! A command counts from when it was answered `done`, and one that asked for no answer from when it was written; a command that is refused, an
//! announcement that changes nothing and a family that was not agreed on owe nothing. O1 and O7 ask it.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use holdtime_core::api::command::{AdjRib, RouteAction};
use holdtime_core::api::{Command, Request, normalise, parse};
use holdtime_core::config::Config;
use holdtime_core::grammar::parse_routes;
use holdtime_core::rib::Destination;
use holdtime_core::wire::{Afi, Family, Nlri, Safi};
use holdtime_core::{Duration, Instant};

use crate::observe::{ProgramKey, Seen, SessionKey};
use crate::oracle::advertised::Advertised;
use crate::oracle::deadlines::Deadlines;
use crate::oracle::dialogue::Conversation;
use crate::oracle::session::Sessions;
use crate::oracle::wanted::{Desired, When};
use crate::scenario::codec::{OPEN, REFRESH, UPDATE, kind};

/// O1 and O7 at work.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) within: Duration,
    acknowledged: bool,
    pub(super) neighbors: BTreeMap<u32, Desired>,
    next_neighbor: u32,
    pub(super) advertised: BTreeMap<SessionKey, Advertised>,
    pub(super) sessions: Sessions,
    programs: BTreeMap<ProgramKey, LedgerProgram>,
    pub(super) due: Deadlines<SessionKey>,
    /// The configuration as it was read again last, and when.
    reread: Option<(Instant, Config)>,
}

/// A program that commands.
#[derive(Debug)]
struct LedgerProgram {
    name: String,
    dialogue: Conversation,
    /// Commands without answers that wait for answers to those before them: their places, when they were written, and their lines.
    silent: VecDeque<(u64, Instant, String)>,
}

impl Ledger {
    /// Routes are due on the wire within this time.
    pub(super) fn new(within: Duration, acknowledged: bool) -> Self {
        Self {
            within,
            acknowledged,
            neighbors: BTreeMap::new(),
            next_neighbor: 0,
            advertised: BTreeMap::new(),
            sessions: Sessions::default(),
            programs: BTreeMap::new(),
            due: Deadlines::default(),
            reread: None,
        }
    }

    /// Since when something has been due on a session that could have been sent.
    pub(super) fn since(&self, key: SessionKey) -> Option<Instant> {
        let owed = self.advertised.get(&key)?.owes_since()?;
        let session = self.sessions.get(key)?;
        self.sessions.awake.from(owed.max(session.open_since()?))
    }

    /// Sets a session's deadline anew.
    pub(super) fn schedule(&mut self, key: SessionKey) {
        let until = self.since(key).map(|since| since + self.within + self.allowance(key));
        self.due.set(key, until);
    }

    /// How long a rate limit may keep what is owed.
    fn allowance(&self, key: SessionKey) -> Duration {
        let advertised = self.advertised.get(&key);
        let rate = advertised.and_then(|advertised| self.neighbors.get(&advertised.neighbor?)?.rate());
        rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs(
                (advertised.map_or(0, Advertised::owes) as u64).div_ceil(u64::from(rate).max(1)),
            )
        })
    }

    /// Whose session one with this address is.
    fn neighbor_at(&self, remote: IpAddr) -> Option<u32> {
        let at = |one: &&u32| self.neighbors.get(one).is_some_and(|wanted| wanted.range().contains(remote));
        let exact = |one: &&u32| self.neighbors.get(one).is_some_and(|wanted| !wanted.is_range());
        let mut matching: Vec<&u32> = self.neighbors.keys().filter(at).collect();
        if matching.len() > 1 {
            matching.retain(|one| exact(one));
        }
        match matching.as_slice() {
            [one] => Some(**one),
            _ => None,
        }
    }

    /// Looks again at what the neighbor is owed of these destinations.
    fn review(&mut self, neighbor: u32, destinations: &[Destination]) {
        let Some(wanted) = self.neighbors.get(&neighbor) else { return };
        let mut touched = Vec::new();
        for (key, advertised) in
            self.advertised.iter_mut().filter(|(_, advertised)| advertised.neighbor == Some(neighbor))
        {
            destinations.iter().for_each(|destination| advertised.review(wanted, destination));
            touched.push(*key);
        }
        touched.into_iter().for_each(|key| self.schedule(key));
    }

    /// Looks again at everything that is owed on a session.
    fn review_all(&mut self, key: SessionKey) {
        let Some(advertised) = self.advertised.get_mut(&key) else { return };
        let Some(wanted) = advertised.neighbor.and_then(|neighbor| self.neighbors.get(&neighbor)) else {
            return;
        };
        wanted.all().for_each(|(destination, want)| advertised.review_known(wanted, destination, want));
        self.schedule(key);
    }
}

/// What is to be told.
impl Ledger {
    fn configure(&mut self, at: Instant, config: &Config) {
        let mut known: BTreeMap<String, u32> =
            self.neighbors.iter().map(|(id, wanted)| (wanted.name(), *id)).collect();
        for neighbor in &config.neighbors {
            if let Some(id) = known.remove(&neighbor.name())
                && let Some(wanted) = self.neighbors.get_mut(&id)
            {
                let changed = wanted.configure(at, neighbor);
                self.review(id, &changed);
            } else {
                self.neighbors.insert(self.next_neighbor, Desired::new(at, neighbor));
                self.next_neighbor += 1;
            }
        }
        for gone in known.into_values() {
            self.neighbors.remove(&gone);
            let theirs = |(key, advertised): (&SessionKey, &Advertised)| {
                (advertised.neighbor == Some(gone)).then_some(*key)
            };
            let sessions: Vec<SessionKey> = self.advertised.iter().filter_map(theirs).collect();
            for key in sessions {
                self.advertised.remove(&key);
                self.schedule(key);
            }
        }
    }

    /// A program has written a line.
    fn command(&mut self, at: Instant, key: ProgramKey, line: &str) {
        let Some(program) = self.programs.get_mut(&key) else { return };
        if !program.dialogue.command(at, line) {
            program.silent.push_back((program.dialogue.place(), at, line.to_owned()));
            self.apply_silent(at, key);
        }
    }

    /// Does what commands without answers want, each once everything before it was answered: they are carried out in order.
    fn apply_silent(&mut self, at: Instant, key: ProgramKey) {
        while let Some(program) = self.programs.get_mut(&key)
            && program.silent.front().is_some_and(|(place, ..)| program.dialogue.has_come_to(*place))
            && let Some((_, asked, line)) = program.silent.pop_front()
        {
            let name = program.name.clone();
            self.apply(When { asked, due: at }, &name, &line);
        }
    }

    /// A program has been written a line.
    fn answer(&mut self, at: Instant, key: ProgramKey, line: &str) {
        let Some(program) = self.programs.get_mut(&key) else { return };
        if let Some((asked, true)) = program.dialogue.answer(line) {
            let read_since = self.reread.as_ref().is_some_and(|(read, _)| *read >= asked.since);
            let (name, before_reload) =
                (program.name.clone(), read_since && program.dialogue.awaits_reload());
            self.apply(When { asked: asked.since, due: at }, &name, &asked.line);
            if before_reload {
                self.configure_again();
            }
        }
        self.apply_silent(at, key);
    }

    /// A command was carried out before a reload behind it, and answered only after the file was read: what the file says came after it all
    /// the same.
    fn configure_again(&mut self) {
        if let Some((read, config)) = self.reread.take() {
            self.configure(read, &config);
            self.reread = Some((read, config));
        }
    }

    /// Does what a command wants.
    fn apply(&mut self, when: When, program: &str, line: &str) {
        let normal = normalise(line);
        let Some(Request { neighbors: selectors, command }) = parse(&normal) else { return };
        let routes = match &command {
            Command::Routes { action, text } => parse_routes(*action, text).unwrap_or_default(),
            Command::Watchdog { .. }
            | Command::ClearAdjRib { side: AdjRib::Out }
            | Command::FlushAdjRibOut => Vec::new(),
            _ => return,
        };
        let ids: Vec<u32> = self.neighbors.keys().copied().collect();
        for id in ids {
            let Some(wanted) = self.neighbors.get_mut(&id) else { continue };
            if !wanted.is_selected(&selectors) {
                continue;
            }
            let changed = match &command {
                Command::Routes { action, .. } if wanted.serves(program) => {
                    let announces = *action == RouteAction::Announce;
                    let families = routes.iter().take_while(|route| wanted.has(route.route.nlri.family()));
                    let routes: Vec<_> = families.collect();
                    let change = |route| {
                        if announces { wanted.announce(when, route) } else { wanted.withdraw(when, route) }
                    };
                    routes.into_iter().map(change).collect()
                }
                Command::Watchdog { action, name } => {
                    wanted.switch(when, name.unwrap_or(program), *action == RouteAction::Announce)
                }
                Command::ClearAdjRib { .. } => wanted.clear(when),
                Command::FlushAdjRibOut => {
                    self.ask_again(when.asked, id, None);
                    continue;
                }
                _ => continue,
            };
            self.review(id, &changed);
        }
    }

    /// All routes are to be told again on the sessions of a neighbor; on one that comes up they are anyway.
    fn ask_again(&mut self, at: Instant, neighbor: u32, family: Option<Family>) {
        let theirs = |(key, advertised): (&SessionKey, &Advertised)| {
            (advertised.neighbor == Some(neighbor)).then_some(*key)
        };
        let sessions: Vec<SessionKey> = self.advertised.iter().filter_map(theirs).collect();
        for key in sessions {
            if let Some(advertised) = self.advertised.get_mut(&key) {
                advertised.ask_again(at, family);
            }
            self.review_all(key);
        }
    }
}

/// What was told.
impl Ledger {
    fn sent(&mut self, at: Instant, key: SessionKey, message: &[u8]) {
        let Some(advertised) = self.advertised.get_mut(&key) else { return };
        match kind(message) {
            OPEN if advertised.open(message, true) => self.review_all(key),
            UPDATE => {
                let changed = advertised.update(at, message);
                let Some(neighbor) = advertised.neighbor else { return };
                let Some(wanted) = self.neighbors.get_mut(&neighbor) else { return };
                for destination in changed {
                    wanted.advertised(&destination);
                    // A path of which the wire does not say the identifier may be any.
                    for (path, want) in wanted.to(&destination.nlri) {
                        advertised.review_known(wanted, path, want);
                    }
                }
            }
            _ => {}
        }
    }

    fn received(&mut self, at: Instant, key: SessionKey, message: &[u8]) {
        let Some(advertised) = self.advertised.get_mut(&key) else { return };
        match kind(message) {
            OPEN if advertised.open(message, false) => self.review_all(key),
            REFRESH if advertised.may_ask_again() => {
                if let Some(family) = refreshed(message)
                    && let Some(neighbor) = advertised.neighbor
                {
                    self.ask_again(at, neighbor, Some(family));
                }
            }
            _ => {}
        }
    }
}

/// The family that a ROUTE-REFRESH asks for (RFC 2918 §3); `None` where it asks for nothing (RFC 7313's marks).
fn refreshed(message: &[u8]) -> Option<Family> {
    match message.get(19..)? {
        [afi_high, afi_low, 0, safi] => {
            Some(Family::new(Afi(u16::from_be_bytes([*afi_high, *afi_low])), Safi(*safi)))
        }
        _ => None,
    }
}

/// What a person calls a destination.
pub(super) fn describe(destination: &Destination) -> String {
    match &destination.nlri {
        Nlri::Unicast(prefix) => prefix.to_string(),
        other => format!("a route of {}", other.family()),
    }
}

/// What is seen.
impl Ledger {
    /// Takes in what was seen.
    pub(super) fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        let changed = self.sessions.see(at, seen);
        match seen {
            Seen::Configured(config) => {
                let again = !self.neighbors.is_empty();
                self.configure(at, config);
                self.reread = again.then(|| (at, (*config).clone()));
            }
            Seen::Opened(key, remote, _) => {
                self.advertised.insert(*key, Advertised::new(*remote, self.neighbor_at(*remote)));
            }
            Seen::Closed(key, _) => drop(self.advertised.remove(key)),
            Seen::Sent(key, message) => self.sent(at, *key, message),
            Seen::Received(key, message) => self.received(at, *key, message),
            Seen::Started(key, name) => {
                let dialogue = Conversation::of(name, self.acknowledged);
                let program = LedgerProgram { name: (*name).to_owned(), dialogue, silent: VecDeque::new() };
                self.programs.insert(*key, program);
            }
            Seen::Command(key, line) => self.command(at, *key, line),
            Seen::Answer(key, line) => self.answer(at, *key, line),
            Seen::Ended(key) | Seen::Deaf(key) => drop(self.programs.remove(key)),
            _ => {}
        }
        for key in self.sessions.which(changed) {
            self.schedule(key);
        }
    }
}
