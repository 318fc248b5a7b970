//! A run as what happened in it: one log of events, with names, from which every trace and every picture is made.
//!
//! In the lab it is collected from the steps of the machines, the scripts, the waits that a witness keeps and, for sessions and their timers,
//! from a twin of each speaker (`Collector`); of a recording of `serve` it is made from the recording alone. Nothing here judges, and nothing
//! is collected unless it is asked for. `docs/traces.md` documents the form in lines.

mod channel;
mod collect;
mod lanes;
mod people;
mod sessions;
mod story;
mod words;

pub(crate) use channel::{ChannelEnd, ChannelLog};
pub(crate) use collect::{Backstage, Collector};
pub(crate) use lanes::Lanes;
pub(crate) use people::Person;
pub use sessions::SessionTrack;
pub(crate) use story::RecordedSpeaker;
pub use words::message_words;

use holdtime_core::Instant;
use serde::{Deserialize, Serialize};

/// What happened in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// What was run.
    pub head: TimelineHead,
    /// Who or what things happen to; a lane stands behind the one that it is part of.
    pub lanes: Vec<Lane>,
    /// What happened, in the order of time.
    pub events: Vec<TimelineEvent>,
    /// What came of it; `None`: the log is cut short.
    pub end: Option<TimelineEnd>,
}

/// What was run, and how to run it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct TimelineHead {
    /// The name of the scenario, the case, or the recording.
    pub name: String,
    /// What happens in it, in one sentence.
    pub title: String,
    /// On what.
    pub reactor: String,
    /// From which seed.
    pub seed: Option<u64>,
    /// The command that shows it again.
    pub again: String,
}

/// Somebody or something that events are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lane {
    /// A name that no other lane of the run has: `peer silent`, `speaker: session with peer silent`.
    pub name: String,
    /// What it is.
    pub is: LaneKind,
    /// The lane that it is part of.
    pub of: Option<usize>,
}

/// What a lane is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaneKind {
    /// A machine.
    Machine,
    /// A process of a speaker.
    Speaker,
    /// A process of a peer.
    Peer,
    /// A process of an API program.
    Program,
    /// A task of a speaker's.
    Task,
    /// A speaker's session with one neighbor.
    Session,
    /// A program's pair of pipes.
    Pipe,
    /// What travels between machines.
    Network,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEvent {
    /// When.
    pub at: Instant,
    /// To whom, by the place among the lanes.
    pub lane: usize,
    /// For whom or from whom it is, of what goes from one lane to another.
    pub with: Option<usize>,
    /// What.
    pub what: Happening,
}

/// What can happen. Times are nanoseconds since the start of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Happening {
    /// A task had a turn, which begins now.
    Turn {
        /// What woke it.
        woken: TurnReason,
        /// How long it keeps the processor.
        nanos: u64,
        /// Whether anything moved.
        moved: bool,
    },
    /// A call of the operating system, and what came of it.
    Call {
        /// Its name in POSIX.
        call: String,
        /// What came of it.
        outcome: String,
    },
    /// A whole message or line was handed to the connection or the pipe.
    Sent {
        /// Its number in this run.
        id: u64,
        /// What it says.
        text: String,
        /// More of it, line by line; empty where the text says all.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
        /// How long it is.
        octets: u64,
    },
    /// It was read as a whole at the other end.
    Arrived {
        /// Its number.
        id: u64,
        /// What it says.
        text: String,
    },
    /// A TCP segment left a machine.
    Segment {
        /// From this address and port …
        from: String,
        /// … to this one.
        to: String,
        /// Its flags, such as `SYN,ACK`.
        flags: String,
        /// The position of its first octet.
        seq: u64,
        /// The next position that is expected.
        ack: u64,
        /// The window that is offered.
        window: u32,
        /// Its payload.
        octets: u64,
        /// When it arrives; `None`: it is lost.
        arrives: Option<u64>,
    },
    /// A session is in this state from now on (RFC 4271 §8.2.2).
    State {
        /// Its name.
        state: String,
    },
    /// A timer of a session was armed, armed anew, or stopped.
    Timer {
        /// Its name.
        timer: String,
        /// When it fires; `None`: it was stopped.
        until: Option<u64>,
    },
    /// A wait begins.
    Wait {
        /// Its number in this run.
        id: u64,
        /// For what.
        text: String,
        /// The deadline that ends it, where it has one.
        until: Option<u64>,
    },
    /// It has ended.
    Waited {
        /// Its number.
        id: u64,
    },
    /// So many octets are on their way now and have not been read.
    Level {
        /// Which way, as the speaker sees it.
        way: Way,
        /// How many.
        octets: u64,
    },
    /// A receiver offers this window now.
    Window {
        /// Which way, as the speaker sees it.
        way: Way,
        /// How many octets.
        octets: u64,
    },
    /// Something goes wrong, as the scenario wants it.
    Fault {
        /// What.
        text: String,
        /// Until when; `None`: it does not end, or takes no time.
        until: Option<u64>,
    },
    /// A process is started, stopped, goes on, is sent a signal, or is over.
    Process {
        /// What.
        text: String,
    },
    /// A line of a log.
    Log {
        /// The line.
        text: String,
    },
    /// An oracle sounds.
    Alarm {
        /// Its code.
        oracle: String,
        /// What is missing.
        text: String,
        /// Which rule says that it had to come.
        clause: String,
        /// Since when it was due to come.
        since: u64,
    },
}

/// What a task was woken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnReason {
    /// It is its first turn.
    Start,
    /// Readiness, or another task.
    Readiness,
    /// A deadline.
    Deadline,
    /// Itself, to let others run in between.
    Itself,
}

/// Which way octets go, as the speaker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// To the speaker.
    In,
    /// From the speaker.
    Out,
}

/// What came of a run, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct TimelineEnd {
    /// When everything had finished, or the alarm sounded.
    pub at: u64,
    /// One word, or an oracle's code.
    pub verdict: String,
    /// What happened, in a few words.
    pub summary: String,
    /// Why, line by line, as `holdtime run` prints it.
    pub why: String,
    /// Who waits for whom.
    pub chain: Vec<ChainLink>,
    /// What the chain ends with, in words.
    pub ending: String,
    /// Where the last link leads back to, by its place in the chain.
    pub circle: Option<usize>,
    /// From when on nothing could save it, where that was asked.
    pub lost: Option<u64>,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChainLink {
    /// Who waits.
    pub who: String,
    /// For what.
    pub what: String,
    /// Since when, where something says.
    pub since: Option<u64>,
    /// Their lane.
    pub lane: Option<usize>,
}

impl Timeline {
    /// When the last event is, or the end.
    pub fn until(&self) -> Instant {
        let last = self.events.last().map_or(Instant::ZERO, |event| event.at);
        self.end.as_ref().map_or(last, |end| last.max(Instant::from_nanos(end.at)))
    }

    /// The name of a lane.
    pub fn name(&self, lane: usize) -> &str {
        self.lanes.get(lane).map_or("somebody", |lane| &lane.name)
    }
}
