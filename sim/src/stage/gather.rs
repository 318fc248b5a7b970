//! Gathers a scene from a cast and its engine: what a certificate is told from.

use std::collections::BTreeMap;

use holdtime_core::Instant;
use holdtime_core::speaker::{Party, StreamId};
use holdtime_machine::executor::TaskId;
use holdtime_machine::world::{Life, ProcessId, ProcessStanding};

use crate::actor::{Awaited, PeerState};
use crate::certificate::scene::{
    ActorLife, ActorRole, PastConnection, Scene, SceneActor, SceneStream, SceneTask, ScriptStand,
    SpeakerInside,
};
use crate::certificate::{Certificate, StandsOn, Standstill, certify, standstill};
use crate::observe::SessionKey;
use crate::observe::tasks::FlowDirection;
use crate::observe::witness::{Wait, WaitFor};
use crate::oracle::{Alarm, Creditor};
use crate::stage::cast::{Cast, JudgedWatch, SpeakerSeat};
use crate::stage::engine::Engine;

impl Cast<'_> {
    /// The story of an alarm about the speaker of this number.
    pub(super) fn certify(&self, engine: &impl Engine, speaker: usize, alarm: &Alarm) -> Certificate {
        let scene = Gathering { cast: self, engine, at: alarm.at.max(engine.now()) }.scene(speaker, alarm);
        certify(&scene, alarm)
    }
}

impl Cast<'_> {
    /// Who has not come to an end though nothing is overdue: somebody who waits for a speaker before somebody who takes time.
    pub(super) fn standstill(&self, engine: &impl Engine) -> Standstill {
        let gathering = Gathering { cast: self, engine, at: engine.now() };
        let names = gathering.names();
        let scene = Scene { at: gathering.at, actors: gathering.actors(&names), ..Scene::default() };
        let counted: Vec<String> =
            self.actors().filter(|(_, state)| is_waiting(state)).map(|(who, _)| who).collect();
        let waits = |actor: &SceneActor| counted.contains(&actor.name) && actor.script.is_some();
        let awaits = |actor: &SceneActor| actor.script.as_ref().and_then(|script| script.awaits);
        let mut all = (0..).zip(&scene.actors).filter(|(_, actor)| waits(actor));
        let first = all.clone().find(|(_, actor)| awaits(actor).is_some()).or_else(|| all.next());
        if let Some((place, actor)) = first {
            let on = awaits(actor).map_or(StandsOn::Time, StandsOn::Step);
            return Standstill { who: actor.name.clone(), on, certificate: standstill(&scene, place) };
        }
        let (who, on) = match self.never_started().next() {
            Some(command) => (format!("program {command}"), StandsOn::Start),
            None => ("the session".to_owned(), StandsOn::Session),
        };
        Standstill { who, on, certificate: Certificate::default() }
    }
}

fn is_waiting(state: &PeerState) -> bool {
    matches!(state, PeerState::Waiting { .. })
}

pub(super) struct Gathering<'c, 'p, E> {
    pub(super) cast: &'c Cast<'p>,
    pub(super) engine: &'c E,
    pub(super) at: Instant,
}

impl<E: Engine> Gathering<'_, '_, E> {
    fn scene(&self, speaker: usize, alarm: &Alarm) -> Scene {
        let names = self.names();
        let actors = self.actors(&names);
        let (creditor, creditor_at) = self.creditor(speaker, alarm, &names);
        Scene { at: self.at, actors, speaker, creditor, creditor_at }
    }

    /// Everybody.
    fn actors(&self, names: &[(ProcessId, String)]) -> Vec<SceneActor> {
        let mut actors: Vec<SceneActor> = Vec::new();
        for (seat, (_, name)) in self.cast.speakers.iter().zip(names) {
            actors.push(SceneActor {
                role: ActorRole::Speaker,
                name: name.clone(),
                life: self.life(seat.process),
                script: None,
                inside: Some(self.inside(seat, names)),
            });
        }
        for seat in &self.cast.peers {
            let run = seat.run.borrow();
            let name = format!("peer {}", seat.name);
            let stand = (run.state(), run.awaits(), run.speaks_at());
            actors.push(self.scripted(ActorRole::Peer, name, seat.process, stand));
        }
        for (name, process, stand) in self.cast.programs.stands() {
            actors.push(self.scripted(ActorRole::Program, name, process, stand));
        }
        actors
    }

    /// Everybody, outside a certificate.
    pub(super) fn everybody(&self) -> Vec<SceneActor> {
        self.actors(&self.names())
    }

    /// Every process and what it is called, in the order of the scene's actors.
    fn names(&self) -> Vec<(ProcessId, String)> {
        let speakers = self.cast.speakers.iter().map(|seat| (seat.process, seat.name.clone()));
        let peers = self.cast.peers.iter().map(|seat| (seat.process, format!("peer {}", seat.name)));
        let programs = self.cast.programs.stands().into_iter().map(|(name, process, _)| (process, name));
        speakers.chain(peers).chain(programs).collect()
    }

    fn scripted(
        &self,
        role: ActorRole,
        name: String,
        process: ProcessId,
        (state, awaits, speaks_at): (PeerState, Option<Awaited>, Option<Instant>),
    ) -> SceneActor {
        let script = Some(ScriptStand { state, awaits, speaks_at });
        SceneActor { role, name, life: self.life(process), script, inside: None }
    }

    fn life(&self, process: ProcessId) -> ActorLife {
        let is_over = self.cast.speakers.first().is_some_and(|seat| seat.watch.borrow().is_over(process));
        match self.engine.standing(process) {
            Some(ProcessStanding { has_power: false, .. }) => ActorLife::Off,
            Some(ProcessStanding { life: Life::Over(_), .. }) => ActorLife::Over,
            Some(ProcessStanding { life: Life::Suspended, .. }) => ActorLife::Stopped,
            Some(ProcessStanding { busy_until, .. }) if busy_until > self.at => ActorLife::Busy(busy_until),
            None if is_over => ActorLife::Over,
            _ => ActorLife::Runs,
        }
    }

    fn creditor(
        &self,
        speaker: usize,
        alarm: &Alarm,
        names: &[(ProcessId, String)],
    ) -> (String, Option<usize>) {
        let Some(seat) = self.cast.speakers.get(speaker) else { return Default::default() };
        let watch = seat.watch.borrow();
        let (process, otherwise) = match alarm.creditor {
            Creditor::Machine => return ("the machine".to_owned(), None),
            Creditor::Program(key) => {
                let program = watch.programs().iter().find(|program| program.key == key);
                (program.map(|program| program.process), "a program".to_owned())
            }
            Creditor::Session(key) => {
                let remote = watch.sessions().iter().find(|session| session.key == key);
                let remote = remote.and_then(|session| session.remote);
                let name = remote.map_or("a peer".to_owned(), |remote| format!("peer {}", remote.ip()));
                (process_of(&watch, key), name)
            }
        };
        found(names, process, otherwise)
    }

    fn inside(&self, seat: &SpeakerSeat, names: &[(ProcessId, String)]) -> SpeakerInside {
        let watch = seat.watch.borrow();
        let (tasks, places) = tasks(&watch, seat.waits.open());
        let recording = seat.recording.borrow();
        let server = |stream, direction| {
            watch.book().server_of(stream, direction).and_then(|task| places.get(&task).copied())
        };
        let mut streams = self.streams(seat, &watch, names);
        for stream in &mut streams {
            stream.reader = server(stream.id, FlowDirection::In);
            stream.writer = server(stream.id, FlowDirection::Out);
        }
        let connections = watch.sessions().iter().filter_map(|session| {
            let remote = session.remote?.ip();
            Some(PastConnection { session: session.key, remote, complaint: session.complaint() })
        });
        SpeakerInside {
            tasks,
            streams,
            owed: recording.obligations(seat.setup.clone()),
            clock: recording.clock_fault(self.at),
            connections: connections.collect(),
        }
    }

    fn streams(
        &self,
        seat: &SpeakerSeat,
        watch: &JudgedWatch,
        names: &[(ProcessId, String)],
    ) -> Vec<SceneStream> {
        let mut streams = Vec::new();
        let blank = |id: StreamId, (far, far_at): (String, Option<usize>)| SceneStream {
            id,
            program: None,
            far,
            far_at,
            party: None,
            look: self.engine.look(seat.process, id),
            unread: 0,
            unread_since: self.at,
            reader: None,
            writer: None,
        };
        for session in watch.sessions() {
            let (Some(id), Some(remote)) = (session.stream, session.remote) else { continue };
            let name = format!("peer {}", remote.ip());
            streams.push(SceneStream {
                party: Some(Party::Neighbor(remote.ip().to_string())),
                ..blank(id, found(names, session.peer, name))
            });
        }
        for program in watch.programs() {
            let (far, at) = found(names, Some(program.process), "a program".to_owned());
            let name = self.cast.programs.name_of(program.process);
            streams.push(SceneStream {
                program: Some(program.key),
                party: name.map(Party::Program),
                unread: program.unread,
                unread_since: program.unread_since,
                ..blank(program.stream, (far, at))
            });
        }
        let dialling = seat.waits.open().into_iter().filter_map(|wait| match wait.what {
            WaitFor::Connected(stream) => Some((stream, watch.dialled(stream)?)),
            _ => None,
        });
        for (stream, remote) in dialling {
            let known = watch.sessions().iter().find(|session| session.remote == Some(remote));
            let far = found(names, known.and_then(|known| known.peer), format!("peer {}", remote.ip()));
            streams.push(blank(stream, far));
        }
        streams
    }
}

/// The process at the other end of a session, or of another one with the same address.
fn process_of(watch: &JudgedWatch, key: SessionKey) -> Option<ProcessId> {
    let session = watch.sessions().iter().find(|session| session.key == key)?;
    let address = session.remote?.ip();
    let same = watch.sessions().iter().filter(|other| other.remote.is_some_and(|end| end.ip() == address));
    session.peer.or_else(|| same.filter_map(|other| other.peer).next_back())
}

/// What a process is called, and its place among the actors.
fn found(
    names: &[(ProcessId, String)],
    process: Option<ProcessId>,
    otherwise: String,
) -> (String, Option<usize>) {
    let place = process.and_then(|process| names.iter().position(|(known, _)| *known == process));
    match place.and_then(|place| names.get(place)) {
        Some((_, name)) => (name.clone(), place),
        None => (otherwise, None),
    }
}

/// The tasks of a speaker with their waits, and the place of each. Waits whose task nobody knows are told apart by when they were begun.
fn tasks(watch: &JudgedWatch, waits: Vec<Wait>) -> (Vec<SceneTask>, BTreeMap<TaskId, usize>) {
    let book = watch.book();
    let mut places = BTreeMap::new();
    let mut tasks: Vec<SceneTask> = Vec::new();
    for (task, record) in book.tasks() {
        places.insert(task, tasks.len());
        let is_main = book.main() == Some(task);
        let is_latest = book.latest() == Some(task);
        tasks.push(SceneTask { is_main, is_latest, waits: Vec::new(), record: *record });
    }
    let mut unknown: BTreeMap<Instant, usize> = BTreeMap::new();
    for wait in waits {
        let known = wait.task.and_then(|task| places.get(&task).copied());
        let place = known.unwrap_or_else(|| {
            *unknown.entry(wait.since).or_insert_with(|| {
                let record = Default::default();
                tasks.push(SceneTask { is_main: false, is_latest: false, waits: Vec::new(), record });
                tasks.len() - 1
            })
        });
        if let Some(task) = tasks.get_mut(place) {
            task.waits.push(wait);
        }
    }
    (tasks, places)
}
