//! What a speaker owes, to whom an alarm is about, and who of its inside would have to do it.
//!
//! Of all that the speaker knows that it owes, only what the alarm is about is looked at; what is not due yet is nobody's fault.

use holdtime_core::speaker::{Obligation, ObligationKind, Party};

use holdtime_waits::{Kind, Needs, NodeId};

use crate::actor::Awaited;
use crate::certificate::build::{Builder, Purpose, Station};
use crate::certificate::chain::WaitKind;
use crate::certificate::reason::InertReason;
use crate::certificate::scene::SceneStream;
use crate::observe::SessionEnd;
use crate::observe::recording::ClockFault;
use crate::oracle::{Alarm, Creditor, EndTimer, Missing};

impl Builder<'_> {
    /// What the alarm says is missing.
    pub(super) fn alarm_node(&mut self, alarm: &Alarm) -> NodeId {
        let speaker = self.scene.speaker;
        let (node, fresh) = self.node(Station::Alarm, Kind::Debt, self.name(speaker), Needs::All);
        if !fresh {
            return node;
        }
        let party = self.creditor_as_party(alarm);
        match (alarm.missing, party) {
            (Missing::Rest(work), _) => self.owe_rest(node, work),
            (Missing::Session | Missing::LastingSession, _) => self.owe_session(node, alarm),
            (Missing::FullHoldTime, _) => self.owe_hold_time(node),
            (Missing::Bound, Some(party @ Party::Program(_))) => self.owe_answer(node, speaker, &party),
            (Missing::Bound, _) => {
                self.will_not(node, InertReason::Unbounded, "takes more and more connections");
            }
            (Missing::Answer, Some(party)) => self.owe_answer(node, speaker, &party),
            (Missing::Routes, Some(party)) => self.owe_routes(node, speaker, &party),
            (Missing::Keepalive, Some(party)) => self.owe_keepalive(node, speaker, &party),
            (Missing::End(timer), Some(party)) => self.owe_end(node, timer, &party),
            (_, None) => self.forgotten(node),
        }
        node
    }

    /// As whom the speaker knows who waits in vain.
    fn creditor_as_party(&self, alarm: &Alarm) -> Option<Party> {
        let inside = self.inside(self.scene.speaker)?;
        let stream = |is_it: &dyn Fn(&&SceneStream) -> bool| inside.streams.iter().find(is_it)?.party.clone();
        match alarm.creditor {
            Creditor::Machine => None,
            Creditor::Program(key) => stream(&|stream| stream.program == Some(key)),
            Creditor::Session(key) => {
                let remote = inside.connections.iter().find(|connection| connection.session == key);
                remote.map(|connection| Party::Neighbor(connection.remote.to_string()))
            }
        }
    }

    /// Something else that a speaker owes.
    pub(super) fn debt(&mut self, speaker: usize, kind: ObligationKind, party: &Party) -> NodeId {
        let station = Station::Debt(speaker, kind, party.clone());
        let (node, fresh) = self.node(station, Kind::Debt, self.name(speaker), Needs::All);
        if fresh {
            match kind {
                ObligationKind::Answer => self.owe_answer(node, speaker, party),
                ObligationKind::Routes | ObligationKind::Octets => self.owe_routes(node, speaker, party),
                ObligationKind::Keepalive => self.owe_keepalive(node, speaker, party),
                _ => self.wait_for_task(
                    node,
                    speaker,
                    Purpose::Timers,
                    "its timers to be looked at".to_owned(),
                    None,
                ),
            }
        }
        node
    }

    /// What the speaker owes that is what somebody waits for, if it does.
    pub(super) fn debt_for(
        &mut self,
        speaker: usize,
        stream: &SceneStream,
        awaited: Awaited,
    ) -> Option<NodeId> {
        let party = stream.party.clone()?;
        let owed = |kind| self.owed(speaker, kind, &party).map(|_| kind);
        let kind = match awaited {
            Awaited::Open => owed(ObligationKind::Open),
            Awaited::Keepalive => owed(ObligationKind::Keepalive),
            Awaited::Routes => owed(ObligationKind::Octets).or_else(|| owed(ObligationKind::Routes)),
            Awaited::Message => owed(ObligationKind::Octets)
                .or_else(|| owed(ObligationKind::Routes))
                .or_else(|| owed(ObligationKind::Keepalive)),
            Awaited::Line => owed(ObligationKind::Answer),
            Awaited::Connection => owed(ObligationKind::Attempt),
            Awaited::End | Awaited::Room => None,
        }?;
        Some(self.debt(speaker, kind, &party))
    }

    /// What the speaker knows that it owes, and since when.
    fn owed(&self, speaker: usize, kind: ObligationKind, party: &Party) -> Option<&Obligation> {
        let is_it = |owed: &&Obligation| {
            owed.debtor == Party::Speaker && owed.creditor == *party && owed.kind == kind
        };
        self.inside(speaker)?.owed.iter().find(is_it)
    }

    fn forgotten(&mut self, node: NodeId) {
        self.will_not(node, InertReason::Forgotten, "does not know that it still owes it");
    }

    /// A command is read, then it has its effect, then it is answered.
    fn owe_answer(&mut self, node: NodeId, speaker: usize, party: &Party) {
        let Some(inside) = self.inside(speaker) else { return };
        let Some(stream) = inside.stream_to(party) else { return self.forgotten(node) };
        if stream.unread > 0 {
            let what = format!("its task to read the {} octets in that program's pipe", stream.unread);
            let since = Some(stream.unread_since);
            return self.wait_for_task(node, speaker, Purpose::Read(stream.id), what, since);
        }
        let Some(since) = self.owed(speaker, ObligationKind::Answer, party).map(|owed| owed.since) else {
            return self.forgotten(node);
        };
        if stream.look.is_some_and(|look| look.outgoing.full) {
            let buffer = self.buffer(speaker, stream.id);
            return self.wait(node, buffer, (WaitKind::Room, "room for the answer".to_owned()), Some(since));
        }
        let effects = inside.owed.iter().filter(|owed| {
            matches!(owed.kind, ObligationKind::Routes | ObligationKind::Octets)
                && owed.debtor == Party::Speaker
                && inside.stream_to(&owed.creditor).is_some()
        });
        let effects: Vec<&Obligation> = effects.collect();
        for effect in &effects {
            let debt = self.debt(speaker, effect.kind, &effect.creditor);
            let far = inside.stream_to(&effect.creditor).map_or("a peer", |stream| stream.far.as_str());
            let what = format!("{far} to be handed {}", effect.what);
            self.wait(node, debt, (WaitKind::Effect, what), Some(effect.since));
        }
        if effects.is_empty() {
            let what = "its task to write the answer".to_owned();
            self.wait_for_task(node, speaker, Purpose::Write(stream.id), what, Some(since));
        }
    }

    /// Routes are put into messages, and those are handed to the connection.
    fn owe_routes(&mut self, node: NodeId, speaker: usize, party: &Party) {
        let Some(inside) = self.inside(speaker) else { return };
        let octets = self.owed(speaker, ObligationKind::Octets, party);
        let owed = octets.or_else(|| self.owed(speaker, ObligationKind::Routes, party));
        let Some((what, since, until)) = owed.map(|owed| (owed.what.clone(), owed.since, owed.until)) else {
            return self.forgotten(node);
        };
        let Some(stream) = inside.stream_to(party) else { return self.forgotten(node) };
        if octets.is_none()
            && let Some(until) = until.filter(|until| *until > self.scene.at)
        {
            let what = "what the peer has to say first".to_owned();
            let deadline = self.deadline(speaker, until);
            return self.wait(node, deadline, (WaitKind::Deadline, what), Some(since));
        }
        let what = format!("its task to write {what}");
        self.wait_for_task(node, speaker, Purpose::Write(stream.id), what, Some(since));
    }

    /// A timer comes, a KEEPALIVE is made, and it is handed to the connection.
    fn owe_keepalive(&mut self, node: NodeId, speaker: usize, party: &Party) {
        let Some(inside) = self.inside(speaker) else { return };
        let stream = inside.stream_to(party).map(|stream| stream.id);
        if let (Some(stream), Some(octets)) = (stream, self.owed(speaker, ObligationKind::Octets, party)) {
            let (what, since) = (format!("its task to write {}", octets.what), octets.since);
            return self.wait_for_task(node, speaker, Purpose::Write(stream), what, Some(since));
        }
        match self.owed(speaker, ObligationKind::Keepalive, party).map(|owed| owed.since) {
            Some(since) => {
                let what = "its KEEPALIVE timer to be looked at".to_owned();
                self.wait_for_task(node, speaker, Purpose::Timers, what, Some(since));
            }
            None => self.unarmed(node, speaker, "its KEEPALIVE timer"),
        }
    }

    fn unarmed(&mut self, node: NodeId, speaker: usize, timer: &'static str) {
        let (timer_node, _) = self.node(Station::Timer(speaker, timer), Kind::Timer, timer, Needs::All);
        self.will_not(timer_node, InertReason::Unarmed, "will never act: no deadline is armed");
        self.wait(node, timer_node, (WaitKind::Deadline, format!("{timer} to expire")), None);
    }

    /// A timer comes, and the session is ended.
    fn owe_end(&mut self, node: NodeId, timer: EndTimer, party: &Party) {
        let speaker = self.scene.speaker;
        let Some(inside) = self.inside(speaker) else { return };
        let by_peer = |kind| {
            let is_it = |owed: &&Obligation| owed.debtor == *party && owed.kind == kind;
            inside.owed.iter().find(is_it)
        };
        let (name, owed) = match timer {
            EndTimer::OpenWait => ("its timer for an OPEN", by_peer(ObligationKind::Open)),
            EndTimer::Hold => ("its hold timer", by_peer(ObligationKind::Keepalive)),
            EndTimer::SendHold => ("its send hold timer", self.owed(speaker, ObligationKind::Octets, party)),
        };
        match owed.and_then(|owed| owed.until) {
            Some(until) if until > self.scene.at => {
                let deadline = self.deadline(speaker, until);
                self.wait(node, deadline, (WaitKind::Deadline, format!("{name} to expire")), None);
            }
            Some(until) => {
                let what = format!("{name} to be looked at");
                self.wait_for_task(node, speaker, Purpose::Timers, what, Some(until));
            }
            None => self.unarmed(node, speaker, name),
        }
    }

    /// The session was ended too early.
    fn owe_hold_time(&mut self, node: NodeId) {
        let speaker = self.scene.speaker;
        let clock = self.inside(speaker).and_then(|inside| inside.clock);
        let name = "its hold timer";
        let (timer, _) = self.node(Station::Timer(speaker, name), Kind::Timer, name, Needs::All);
        match clock {
            Some(ClockFault::Ahead) => {
                let why = "has expired by a clock that runs ahead";
                self.will_not(timer, InertReason::ClockAhead, why);
            }
            _ => self.will_not(timer, InertReason::Early, "was taken for expired, and was not"),
        }
        self.wait(node, timer, (WaitKind::Deadline, format!("{name} to run its time")), None);
    }

    /// Whoever ends the connections is in the way: one side, or each of them what the other one began.
    fn owe_session(&mut self, node: NodeId, alarm: &Alarm) {
        let speaker = self.scene.speaker;
        let Some(inside) = self.inside(speaker) else { return };
        let remote = match alarm.creditor {
            Creditor::Session(key) => {
                inside.connections.iter().find(|one| one.session == key).map(|one| one.remote)
            }
            _ => None,
        };
        let ended = |by: SessionEnd| {
            let ours = inside.connections.iter().filter(move |one| Some(one.remote) == remote);
            let complaints = ours.filter_map(|one| one.complaint);
            let (mut count, mut last) = (0_usize, (0, 0));
            for (_, code, subcode) in complaints.filter(|(side, ..)| *side == by) {
                (count, last) = (count + 1, (code, subcode));
            }
            (count, last)
        };
        let (us, them) = (ended(SessionEnd::Speaker), ended(SessionEnd::Peer));
        let far = self.scene.creditor.clone();
        let station = self.scene.creditor_at.map_or(Station::Timer(speaker, "the peer"), Station::Whole);
        let refusal = |(count, (code, subcode)): (usize, (u8, u8))| {
            format!("the {count} connections that it ended with NOTIFICATION {code}/{subcode}")
        };
        if us.0 > 0 && them.0 > 0 {
            let (other, _) = self.node(station, Kind::Process, &far, Needs::All);
            let what = format!("{far} to keep {}", refusal(them));
            self.wait(node, other, (WaitKind::Patience, what), None);
            let what = format!("{} to keep {}", self.name(speaker), refusal(us));
            self.wait(other, node, (WaitKind::Patience, what), None);
        } else if them.0 > 0 {
            let (other, _) = self.node(station, Kind::Process, &far, Needs::All);
            let what = format!("{far} to keep {}", refusal(them));
            self.wait(node, other, (WaitKind::Patience, what), None);
            self.will_not(other, InertReason::Refuses, "refuses each of them");
        } else {
            let why = match us.0 {
                0 => "closes each connection itself".to_owned(),
                count => {
                    format!("ends each of {count} itself, the last with NOTIFICATION {}/{}", us.1.0, us.1.1)
                }
            };
            self.will_not(node, InertReason::Refuses, why);
        }
    }
}
