//! The other ends: what a peer, a program or another speaker does next, and what lies between.

use holdtime_core::Instant;
use holdtime_core::speaker::{Obligation, Party, StreamId};
use holdtime_machine::net::PathState;
use holdtime_machine::world::{StreamLook, StreamMaterial};
use holdtime_waits::{Kind, Needs, NodeId};

use crate::actor::{Awaited, PeerState};
use crate::certificate::build::{Builder, Purpose, Station};
use crate::certificate::chain::WaitKind;
use crate::certificate::reason::{InertReason, only_at};
use crate::certificate::scene::{ActorLife, ActorRole, SceneStream, ScriptStand};
use crate::oracle::{Alarm, Missing};

impl Builder<'_> {
    /// That the other end of a stream says something.
    pub(super) fn speech(&mut self, speaker: usize, id: StreamId) -> NodeId {
        let name = self.name_of_far(speaker, id);
        let (node, fresh) = self.node(Station::Speech(speaker, id), Kind::Process, name, Needs::Any);
        let Some(stream) = self.inside(speaker).and_then(|inside| inside.stream(id)).filter(|_| fresh) else {
            return node;
        };
        if let Some(look) = stream.look {
            if is_readable(&look) {
                return node;
            }
            if self.is_cut_off(node, look.incoming.path, look.incoming.on_the_way) {
                return node;
            }
        }
        let Some(far) = stream.far_at else { return node };
        self.will_speak(node, far, (speaker, stream));
        node
    }

    /// Whether a path loses what is sent on it; says so of the node.
    pub(super) fn is_cut_off(&mut self, node: NodeId, path: PathState, on_the_way: usize) -> bool {
        match path {
            PathState::Open => return false,
            PathState::Narrow(most) if on_the_way <= most => return false,
            PathState::Narrow(most) => {
                let why = format!("gets nothing through that is larger than {most} octets");
                self.will_not(node, InertReason::TooLarge, why);
            }
            PathState::Cut => self.will_not(node, InertReason::CutOff, "is cut off"),
            PathState::Dark => self.will_not(node, InertReason::Off, "is gone: its machine has no power"),
        }
        true
    }

    pub(super) fn dead(&mut self, node: NodeId, life: ActorLife) {
        match life {
            ActorLife::Runs | ActorLife::Busy(_) => {}
            ActorLife::Stopped => {
                self.will_not(node, InertReason::Stopped, "will not act while its process is stopped");
            }
            ActorLife::Over => self.will_not(node, InertReason::Ended, "will never act: its process is over"),
            ActorLife::Off => {
                self.will_not(node, InertReason::Off, "will never act: its machine has no power");
            }
        }
    }

    /// What somebody says next, and when.
    fn will_speak(&mut self, node: NodeId, far: usize, (speaker, stream): (usize, &SceneStream)) {
        let Some(actor) = self.scene.actor(far) else { return };
        if matches!(actor.life, ActorLife::Stopped | ActorLife::Over | ActorLife::Off) {
            return self.dead(node, actor.life);
        }
        let Some(script) = &actor.script else {
            return self.will_be_sent(node, far, speaker);
        };
        match (&script.state, script.awaits, script.speaks_at) {
            (PeerState::Failed(_), ..) => {
                self.will_not(node, InertReason::Ended, "will never act: its script has failed");
            }
            (_, _, Some(at)) if at <= self.scene.at => {}
            (PeerState::Waiting { step, since, .. }, Some(awaited), _) => {
                self.awaited(node, far, (speaker, stream), (awaited, step, *since));
            }
            (_, _, Some(at)) => self.will_not(node, InertReason::Late, only_at(at)),
            (PeerState::Finished, ..) => {
                let why = "will never act: its script has ended, it only listens";
                self.will_not(node, InertReason::ScriptEnded, why);
            }
            (PeerState::Waiting { step, .. }, None, None) => {
                self.will_not(node, InertReason::ScriptEnded, format!("stays at `{step}`"));
            }
        }
    }

    /// Somebody whose script has not come to its end.
    pub(super) fn standing(&mut self, actor: usize) -> NodeId {
        let (node, _) = self.node(Station::Whole(actor), Kind::Process, self.name(actor), Needs::Any);
        let script = self.scene.actor(actor).and_then(|actor| actor.script.as_ref());
        let Some(ScriptStand { state: PeerState::Waiting { step, since, .. }, awaits, .. }) = script else {
            return node;
        };
        let Some(awaited) = awaits else {
            self.will_not(node, InertReason::Late, format!("takes its time at `{step}`"));
            return node;
        };
        let scene = self.scene;
        let streams = scene.actors.iter().enumerate().flat_map(|(speaker, actor)| {
            let streams = actor.inside.iter().flat_map(|inside| &inside.streams);
            streams.map(move |stream| (speaker, stream))
        });
        let mut to_it = streams.filter(|(_, stream)| stream.far_at == Some(actor));
        let Some((speaker, stream)) = to_it.next() else {
            let why = format!("waits at `{step}` without a connection");
            self.will_not(node, InertReason::Unconnected, why);
            return node;
        };
        let path = stream.look.map(|look| look.outgoing.path).unwrap_or_default();
        if !self.is_cut_off(node, path, 0) {
            self.awaited(node, actor, (speaker, stream), (*awaited, step, *since));
        }
        node
    }

    /// What a script waits for.
    fn awaited(
        &mut self,
        node: NodeId,
        far: usize,
        (speaker, stream): (usize, &SceneStream),
        (awaited, step, since): (Awaited, &str, Instant),
    ) {
        let what = (WaitKind::Script, format!("the speaker: `{step}`"));
        let is_it = |alarm: &&Alarm| {
            matches!(
                (awaited, alarm.missing),
                (Awaited::Routes | Awaited::Message, Missing::Routes)
                    | (Awaited::Keepalive | Awaited::Message, Missing::Keepalive)
                    | (Awaited::Line, Missing::Answer)
                    | (Awaited::End, Missing::End(_))
            )
        };
        if let Some(alarm) = self.alarm.filter(|_| self.scene.creditor_at == Some(far)).filter(is_it) {
            let alarm = self.alarm_node(alarm);
            return self.wait(node, alarm, what, Some(since));
        }
        if awaited == Awaited::Room {
            let task = self.doer(speaker, Purpose::Read(stream.id));
            let Some(task) = task else { return };
            let task = self.task(speaker, task, Purpose::Read(stream.id));
            return self.wait(node, task, (WaitKind::Room, format!("room to write `{step}`")), Some(since));
        }
        if let Some(debt) = self.debt_for(speaker, stream, awaited) {
            return self.wait(node, debt, what, Some(since));
        }
        // What it waits for may stand in what the speaker has not read.
        let unread = |known: &&SceneStream| known.unread > 0;
        let commands = self.inside(speaker).and_then(|inside| inside.streams.iter().find(unread));
        match commands.filter(|_| matches!(awaited, Awaited::Routes | Awaited::Message)) {
            Some(commands) => {
                let (_, text) = what;
                self.wait_for_task(node, speaker, Purpose::Read(commands.id), text, Some(since));
            }
            None => {
                let speaks = self.scene.actor(far).and_then(|far| far.script.as_ref()?.speaks_at);
                let why = match speaks {
                    Some(at) => only_at(at),
                    None => format!("waits at `{step}`, which the speaker does not owe"),
                };
                let reason = if speaks.is_some() { InertReason::Late } else { InertReason::NothingOwed };
                self.will_not(node, reason, why);
            }
        }
    }

    /// What a speaker is to send to another one.
    fn will_be_sent(&mut self, node: NodeId, far: usize, speaker: usize) {
        let Some(inside) = self.inside(far) else { return };
        let to_us = |known: &&SceneStream| known.far_at == Some(speaker);
        let Some(party) = inside.streams.iter().find(to_us).and_then(|known| known.party.clone()) else {
            return self.will_not(node, InertReason::NothingOwed, "owes nothing");
        };
        let owes = |owed: &&Obligation| owed.debtor == Party::Speaker && owed.creditor == party;
        let due = |owed: &&Obligation| owed.until.is_none_or(|until| until <= self.scene.at);
        let kind = inside.owed.iter().filter(owes).find(due).map(|owed| (owed.kind, owed.what.clone()));
        match kind {
            Some((kind, what)) => {
                let debt = self.debt(far, kind, &party);
                self.wait(node, debt, (WaitKind::Effect, what), None);
            }
            None => {
                let next = inside.owed.iter().filter(owes).filter_map(|owed| owed.until).min();
                self.will_not(node, InertReason::Late, next.map_or("owes nothing".to_owned(), only_at));
            }
        }
    }

    /// That what a speaker has written is taken.
    pub(super) fn buffer(&mut self, speaker: usize, id: StreamId) -> NodeId {
        let Some(stream) = self.inside(speaker).and_then(|inside| inside.stream(id)) else {
            let station = Station::Buffer(speaker, id);
            return self.node(station, Kind::Buffer, "a buffer", Needs::All).0;
        };
        let is_pipe = stream.program.is_some()
            || stream.look.is_some_and(|look| look.material == StreamMaterial::Pipes);
        let (kind, name) = match is_pipe {
            true => (Kind::Pipe, format!("the pipe to {}", stream.far)),
            false => (Kind::Buffer, format!("the send buffer towards {}", stream.far)),
        };
        let (node, fresh) = self.node(Station::Buffer(speaker, id), kind, &name, Needs::All);
        let Some(look) = stream.look.filter(|look| fresh && look.outgoing.full) else { return node };
        let flow = look.outgoing;
        if self.is_cut_off(node, flow.path, flow.on_the_way) {
            return node;
        }
        let octets = flow.on_the_way + flow.unread;
        if flow.shut && !is_pipe {
            let name = format!("the receive window of {}", stream.far);
            let (window, _) = self.node(Station::Window(speaker, id), Kind::Window, &name, Needs::All);
            let what = format!("room for the {} octets in it", flow.on_the_way);
            self.wait(node, window, (WaitKind::Window, what), None);
            let ears = self.ears(speaker, stream);
            let what = format!("{} to read the {} octets that have arrived", stream.far, flow.unread);
            self.wait(window, ears, (WaitKind::Reading, what), None);
        } else {
            let ears = self.ears(speaker, stream);
            let what = format!("{} to read the {octets} octets in it", stream.far);
            self.wait(node, ears, (WaitKind::Reading, what), None);
        }
        node
    }

    /// That the other end reads.
    fn ears(&mut self, speaker: usize, stream: &SceneStream) -> NodeId {
        let (node, fresh) =
            self.node(Station::Ears(speaker, stream.id), Kind::Process, &stream.far, Needs::All);
        let Some(far) = stream.far_at.filter(|_| fresh) else { return node };
        let Some(actor) = self.scene.actor(far) else { return node };
        if matches!(actor.life, ActorLife::Stopped | ActorLife::Over | ActorLife::Off) {
            self.dead(node, actor.life);
            return node;
        }
        if actor.role == ActorRole::Speaker {
            let there = stream.look.and_then(|look| look.far);
            if let Some((_, there)) = there {
                let what = "its task to read it".to_owned();
                self.wait_for_task(node, far, Purpose::Read(there), what, None);
            }
            return node;
        }
        let blocked = actor.script.as_ref().filter(|script| script.awaits == Some(Awaited::Room));
        if let Some(PeerState::Waiting { step, since, .. }) = blocked.map(|script| &script.state) {
            self.awaited(node, far, (speaker, stream), (Awaited::Room, step, *since));
        } else if !stream.look.is_some_and(|look| look.outgoing.wanted) {
            self.will_not(node, InertReason::NotReading, "does not read");
        }
        node
    }

    /// That a connection comes up.
    pub(super) fn dialled(&mut self, speaker: usize, id: StreamId) -> NodeId {
        let name = self.name_of_far(speaker, id);
        let (node, fresh) = self.node(Station::Dialled(speaker, id), Kind::Process, name, Needs::All);
        let Some(stream) = self.inside(speaker).and_then(|inside| inside.stream(id)).filter(|_| fresh) else {
            return node;
        };
        let (there, back) =
            stream.look.map(|look| (look.outgoing.path, look.incoming.path)).unwrap_or_default();
        if self.is_cut_off(node, there, 0) || self.is_cut_off(node, back, 0) {
            return node;
        }
        if let Some(actor) = stream.far_at.and_then(|far| self.scene.actor(far)) {
            self.dead(node, actor.life);
        }
        node
    }
}

pub(super) fn is_readable(look: &StreamLook) -> bool {
    look.incoming.unread > 0 || look.incoming.ended
}
