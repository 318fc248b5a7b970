//! What a certificate is told from: everybody and everything at the moment of an alarm, as plain data.
//!
//! It is gathered once, after an oracle has sounded, from the witness of waits, the trace, the scripts, the machines and, for what a
//! speaker knows that it owes, from a twin of it. Nothing here judges.

use std::net::IpAddr;

use holdtime_core::Instant;
use holdtime_core::speaker::{Obligation, Party, StreamId};
use holdtime_machine::world::StreamLook;

use crate::actor::{Awaited, PeerState};
use crate::observe::recording::ClockFault;
use crate::observe::tasks::{FlowDirection, TaskRecord};
use crate::observe::witness::{Wait, WaitFor};
use crate::observe::{ProgramKey, SessionEnd, SessionKey};

/// Everybody at the moment of an alarm.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    /// When it sounded.
    pub(crate) at: Instant,
    /// Speakers, peers and programs.
    pub(crate) actors: Vec<SceneActor>,
    /// The speaker that the alarm is about, by its place among them.
    pub(crate) speaker: usize,
    /// Who waits in vain: what they are called, and their place, where they are among them.
    pub(crate) creditor: String,
    pub(crate) creditor_at: Option<usize>,
}

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActorRole {
    Speaker,
    Peer,
    Program,
}

/// Somebody.
#[derive(Debug)]
pub(crate) struct SceneActor {
    pub(crate) role: ActorRole,
    /// What they are called, such as `program announce`.
    pub(crate) name: String,
    pub(crate) life: ActorLife,
    /// How far their script is; a speaker has none.
    pub(crate) script: Option<ScriptStand>,
    pub(crate) inside: Option<SpeakerInside>,
}

/// How a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActorLife {
    Runs,
    /// One turn keeps its processor until then.
    Busy(Instant),
    Stopped,
    Over,
    /// Its machine has no power.
    Off,
}

/// How far a script is.
#[derive(Debug)]
pub(crate) struct ScriptStand {
    pub(crate) state: PeerState,
    pub(crate) awaits: Option<Awaited>,
    pub(crate) speaks_at: Option<Instant>,
}

/// What is known of the inside of a speaker.
#[derive(Debug, Default)]
pub(crate) struct SpeakerInside {
    pub(crate) tasks: Vec<SceneTask>,
    pub(crate) streams: Vec<SceneStream>,
    /// What it owes and is owed, as it sees it itself.
    pub(crate) owed: Vec<Obligation>,
    pub(crate) clock: Option<ClockFault>,
    /// Its connections, those of the past too.
    pub(crate) connections: Vec<PastConnection>,
}

/// A connection, open or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PastConnection {
    pub(crate) session: SessionKey,
    pub(crate) remote: IpAddr,
    /// The first NOTIFICATION on it: who sent it, its code and its subcode.
    pub(crate) complaint: Option<(SessionEnd, u8, u8)>,
}

/// A task of a speaker.
#[derive(Debug)]
pub(crate) struct SceneTask {
    pub(crate) is_main: bool,
    /// It had the last turn of all.
    pub(crate) is_latest: bool,
    pub(crate) waits: Vec<Wait>,
    pub(crate) record: TaskRecord,
}

/// A stream of a speaker.
#[derive(Debug)]
pub(crate) struct SceneStream {
    pub(crate) id: StreamId,
    pub(crate) program: Option<ProgramKey>,
    /// Who has the other end: what they are called, and their place among the actors.
    pub(crate) far: String,
    pub(crate) far_at: Option<usize>,
    /// As whom the speaker knows it.
    pub(crate) party: Option<Party>,
    pub(crate) look: Option<StreamLook>,
    /// Octets of a program's commands that were not read, and since when.
    pub(crate) unread: usize,
    pub(crate) unread_since: Instant,
    /// The tasks that read and wrote it last.
    pub(crate) reader: Option<usize>,
    pub(crate) writer: Option<usize>,
}

impl SceneStream {
    /// The task that did this last.
    pub(crate) fn server(&self, direction: FlowDirection) -> Option<usize> {
        match direction {
            FlowDirection::In => self.reader,
            FlowDirection::Out => self.writer,
        }
    }
}

impl SceneTask {
    /// Whether one of its waits is this.
    pub(crate) fn waits_for(&self, is_it: impl Fn(WaitFor) -> bool) -> bool {
        self.waits.iter().any(|wait| is_it(wait.what))
    }
}

impl SpeakerInside {
    pub(crate) fn stream(&self, id: StreamId) -> Option<&SceneStream> {
        self.streams.iter().find(|stream| stream.id == id)
    }

    /// The stream on which the party is spoken to. Of two connections, the later one.
    pub(crate) fn stream_to(&self, party: &Party) -> Option<&SceneStream> {
        self.streams.iter().rev().find(|stream| stream.party.as_ref() == Some(party))
    }

    /// The main task, or the one that looks after deadlines where nobody knows which that is.
    pub(crate) fn main(&self) -> Option<usize> {
        let sleeps = |task: &SceneTask| {
            task.waits_for(|what| matches!(what, WaitFor::Sleep(_) | WaitFor::Anything(_)))
        };
        let reads = |task: &SceneTask| task.waits_for(|what| matches!(what, WaitFor::Readable(_)));
        let position = |is_it: &dyn Fn(&SceneTask) -> bool| self.tasks.iter().position(is_it);
        position(&|task| task.is_main).or_else(|| position(&sleeps)).or_else(|| position(&reads))
    }
}

impl Scene {
    pub(crate) fn actor(&self, at: usize) -> Option<&SceneActor> {
        self.actors.get(at)
    }

    pub(crate) fn inside(&self, at: usize) -> Option<&SpeakerInside> {
        self.actors.get(at)?.inside.as_ref()
    }
}
