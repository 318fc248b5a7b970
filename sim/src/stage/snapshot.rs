//! How everybody and everything stands at an instant: state machines, timers, debts, sockets, pipes, waits.

use holdtime_core::speaker::{Obligation, StreamId};
use holdtime_core::{Instant, Speaker};
use holdtime_machine::world::{StreamLook, StreamMaterial};

use crate::actor::PeerState;
use crate::certificate::Verdict;
use crate::certificate::scene::{ActorLife, ActorRole, SceneActor, SceneStream, SpeakerInside};
use crate::observe::witness::WaitFor;
use crate::stage::cast::Cast;
use crate::stage::engine::Engine;
use crate::stage::gather::Gathering;

/// How everybody and everything stands.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When.
    pub at: Instant,
    /// What the run had shown by then; `None`: it was still at work.
    pub verdict: Option<Verdict>,
    /// Speakers, peers and programs.
    pub actors: Vec<ActorState>,
}

/// How somebody stands.
#[derive(Clone, Debug)]
pub struct ActorState {
    /// What they are called, such as `program feed`.
    pub name: String,
    /// What their process does: `runs`, `is stopped` and so on.
    pub life: String,
    /// Where their script stands; a speaker has none.
    pub script: Option<String>,
    /// The inside of a speaker.
    pub inside: Option<SpeakerState>,
}

/// The inside of a speaker.
#[derive(Clone, Debug, Default)]
pub struct SpeakerState {
    /// Two of each neighbor.
    pub sessions: Vec<SessionState>,
    /// What is owed, by whom and to whom.
    pub owed: Vec<Obligation>,
    /// Its sockets and pipes; none of a recording, which does not know them.
    pub streams: Vec<StreamState>,
    /// What its tasks wait for; none of a recording.
    pub waits: Vec<WaitState>,
}

/// A session.
#[derive(Clone, Debug)]
pub struct SessionState {
    /// The neighbor's name.
    pub neighbor: String,
    /// Who dials: `outgoing` or `incoming`.
    pub direction: &'static str,
    /// The state, as RFC 4271 calls it.
    pub state: &'static str,
    /// The timers that run, and when each fires.
    pub timers: Vec<(String, Instant)>,
}

/// A socket, or a pair of pipes.
#[derive(Clone, Debug)]
pub struct StreamState {
    /// The speaker's name for it.
    pub id: StreamId,
    /// Who has the other end.
    pub far: String,
    /// How it looks from outside.
    pub look: StreamLook,
}

/// A wait of a task.
#[derive(Clone, Debug)]
pub struct WaitState {
    /// The number of the task, in the order in which they began.
    pub task: usize,
    /// For what.
    pub what: String,
    /// Until when, at the latest.
    pub until: Option<Instant>,
    /// Since when.
    pub since: Instant,
}

impl Snapshot {
    pub(super) fn of(cast: &Cast<'_>, engine: &impl Engine, verdict: Option<Verdict>) -> Self {
        let at = engine.now();
        let all = Gathering { cast, engine, at }.everybody();
        let twins = cast.speakers.iter().map(|seat| seat.recording.borrow().twin(seat.setup.clone()));
        let twins: Vec<Speaker> = twins.collect();
        let actor = |(index, actor): (usize, SceneActor)| ActorState {
            life: life(actor.life),
            script: actor.script.map(|script| stand(&script.state)),
            inside: actor.inside.map(|inside| SpeakerState::of(twins.get(index), &inside)),
            name: match actor.role {
                ActorRole::Speaker => format!("speaker {}", actor.name),
                ActorRole::Peer | ActorRole::Program => actor.name,
            },
        };
        Self { at, verdict, actors: all.into_iter().enumerate().map(actor).collect() }
    }
}

impl SpeakerState {
    fn of(twin: Option<&Speaker>, inside: &SpeakerInside) -> Self {
        let stream = |stream: &SceneStream| {
            Some(StreamState { id: stream.id, far: stream.far.clone(), look: stream.look? })
        };
        let waits = inside.tasks.iter().enumerate().flat_map(|(task, record)| {
            record.waits.iter().map(move |wait| {
                let (what, until) = words(wait.what);
                WaitState { task, what, until, since: wait.since }
            })
        });
        Self {
            streams: inside.streams.iter().filter_map(stream).collect(),
            waits: waits.collect(),
            ..twin.map(Self::of_speaker).unwrap_or_default()
        }
    }

    /// What a speaker knows of itself, such as one that a recording is played to.
    pub fn of_speaker(speaker: &Speaker) -> Self {
        let sessions = speaker.neighbors().flat_map(|neighbor| {
            neighbor.sessions.map(|(direction, state, timers)| SessionState {
                neighbor: neighbor.peer.to_string(),
                direction: direction.name(),
                state: state.name(),
                timers: timers.running().map(|(timer, at)| (format!("{timer:?}"), at)).collect(),
            })
        });
        Self {
            sessions: sessions.collect(),
            owed: speaker.obligations().collect(),
            streams: Vec::new(),
            waits: Vec::new(),
        }
    }
}

impl StreamState {
    /// `connection` or `pipes`.
    pub fn material(&self) -> &'static str {
        match self.look.material {
            StreamMaterial::Pipes => "pipes",
            StreamMaterial::Connection => "connection",
        }
    }
}

fn life(life: ActorLife) -> String {
    match life {
        ActorLife::Runs => "runs".to_owned(),
        ActorLife::Busy(until) => format!("computes until {until}"),
        ActorLife::Stopped => "is stopped".to_owned(),
        ActorLife::Over => "is over".to_owned(),
        ActorLife::Off => "has no power".to_owned(),
    }
}

fn stand(state: &PeerState) -> String {
    match state {
        PeerState::Waiting { step, since, .. } => format!("at `{step}` since {since}"),
        PeerState::Finished => "at the end of its script".to_owned(),
        PeerState::Failed(why) => format!("failed {}", why.lines().next().unwrap_or_default()),
    }
}

/// What is waited for in words, and until when.
fn words(what: WaitFor) -> (String, Option<Instant>) {
    let text = match what {
        WaitFor::Anything(until) => return ("anything".to_owned(), until),
        WaitFor::Sleep(until) => return ("the time".to_owned(), Some(until)),
        WaitFor::Readable(stream) => format!("octets on {stream}"),
        WaitFor::Writable(stream) => format!("room on {stream}"),
        WaitFor::Connected(stream) => format!("the connection of {stream}"),
        WaitFor::Acceptable(listener) => format!("a connection on listener {}", listener.0),
        WaitFor::Exited(stream) => format!("the end of the program on {stream}"),
        WaitFor::Signalled => "a signal".to_owned(),
    };
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;
    use crate::stage::Run;
    use crate::subject::{self, Defect};

    fn at(reactor: &str, seconds: u64) -> Snapshot {
        let play = scenario::find("silent-peer").unwrap().play;
        let subject = subject::find(reactor).unwrap();
        let run = Run { play: &play, subject, defect: Defect::Present, choices: 0.into() };
        run.go_until(&[], Instant::from_secs(seconds)).unwrap()
    }

    #[test]
    fn at_an_instant_the_sessions_timers_streams_and_waits_are_there_and_no_verdict() {
        let Snapshot { at, verdict, actors } = at("poll", 3);
        assert_eq!((at, verdict), (Instant::from_secs(3), None));
        let inside = actors[0].inside.as_ref().unwrap();
        let session = inside.sessions.iter().find(|session| session.state == "Established").unwrap();
        assert!(session.timers.iter().any(|(timer, at)| timer == "Hold" && *at > Instant::from_secs(3)));
        assert!(inside.streams.iter().any(|stream| stream.material() == "connection"));
        assert!(inside.streams.iter().any(|stream| stream.material() == "pipes"));
        assert!(inside.waits.iter().any(|wait| wait.what == "anything"), "{:?}", inside.waits);
        assert!(actors.iter().skip(1).all(|actor| actor.script.is_some()));
    }

    #[test]
    fn after_the_alarm_it_is_the_alarm_that_is_shown() {
        let Snapshot { verdict, at, .. } = at("read-first", 10_000);
        assert!(matches!(verdict, Some(Verdict::Hang { .. })), "{verdict:?}");
        assert!(at < Instant::from_secs(1_000), "{at}");
    }
}
