//! The log of a speaker that was recorded: what came to it and what it did, as far as its recording goes.
//!
//! A recording knows one side: what a peer or a program has sent is told when the speaker read it, and what the speaker has sent when the
//! kernel took it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use holdtime_core::speaker::{Action, ClosedKind, Input, Obligation, StreamId};
use holdtime_core::{Duration, Instant, Speaker};

use crate::observe::COMMAND_LINE;
use crate::replay::recorded::{Replay, ReplayStep};
use crate::timeline::{
    ChannelEnd, ChannelLog, Happening, LaneKind, Lanes, SessionTrack, Timeline, TimelineEnd, TimelineEvent,
    TimelineHead,
};

/// The log of a recording while it is played.
#[derive(Debug)]
pub struct ReplayLog {
    lanes: Lanes,
    events: Vec<TimelineEvent>,
    speaker: usize,
    streams: BTreeMap<StreamId, RecordedStream>,
    track: SessionTrack,
    /// What is owed and waits for something, and the number of each wait.
    owed: BTreeMap<String, u64>,
    next_wait: u64,
    next_message: u64,
    began: Option<Instant>,
    last: Instant,
}

/// Where the log of a recording ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayEnding {
    /// With the recording.
    End,
    /// So long after the beginning, as was wished.
    Stopped(Duration),
    /// Where it could not be read on, or was interrupted.
    Broken,
}

/// A connection or a program's pipes.
#[derive(Debug)]
struct RecordedStream {
    channel: ChannelLog,
    /// The speaker's lane for it, and the lane of the other end.
    near: usize,
    far: usize,
}

impl Default for ReplayLog {
    fn default() -> Self {
        let mut lanes = Lanes::default();
        let speaker = lanes.add(LaneKind::Speaker, "speaker", None);
        Self {
            lanes,
            events: Vec::new(),
            speaker,
            streams: BTreeMap::new(),
            track: SessionTrack::default(),
            owed: BTreeMap::new(),
            next_wait: 0,
            next_message: 0,
            began: None,
            last: Instant::ZERO,
        }
    }
}

impl ReplayLog {
    /// The log of a whole recording, as far as it can be read; `name` is what it is called, `again` the command that shows it again.
    ///
    /// # Errors
    /// The text is no recording, or one of another version.
    pub fn of(recording: &str, name: &str, again: &str) -> Result<Timeline, String> {
        let mut replay = Replay::open(recording)?;
        let mut log = Self::default();
        let mut is_whole = true;
        while let Some(step) = replay.next() {
            match step {
                Ok(step) => log.take(&step, replay.speaker()),
                Err(_) => {
                    is_whole = false;
                    break;
                }
            }
        }
        Ok(log.finish(name, again, if is_whole { ReplayEnding::End } else { ReplayEnding::Broken }, &[]))
    }

    /// Takes down a step; `speaker` is the one that is played again, as it is after it.
    pub fn take(&mut self, step: &ReplayStep, speaker: Option<&Speaker>) {
        let began = *self.began.get_or_insert(step.now().monotonic);
        let at = Instant::ZERO + step.now().monotonic.saturating_since(began);
        self.last = at;
        self.input(at, step);
        step.actions.iter().for_each(|action| self.action(at, action));
        for event in &step.events {
            self.tell(at, self.speaker, Happening::Log { text: format!("{}: {}", event.party, event.text) });
        }
        let Some(speaker) = speaker else { return };
        let mut told = Vec::new();
        self.track.look(speaker, |peer, what| told.push((peer, what)));
        for (peer, what) in told {
            let what = counted_from(began, what);
            let lane = self.session(&peer.to_string());
            self.tell(at, lane, what);
        }
        let owed: Vec<Obligation> = speaker.obligations().filter(|owed| owed.waits_for.is_some()).collect();
        self.owed(at, began, &owed);
    }

    /// The whole log. `name` is what the recording is called.
    pub fn finish(mut self, name: &str, again: &str, ending: ReplayEnding, owed: &[String]) -> Timeline {
        self.events.sort_by_key(|event| event.at);
        let lanes = self.lanes.settle(&mut self.events);
        let end = match ending {
            ReplayEnding::Broken => None,
            ReplayEnding::End => Some((self.last, "the recording ends")),
            // As the events are, counted from the first one.
            ReplayEnding::Stopped(after) => Some((Instant::ZERO + after, "shown up to here")),
        };
        let end = end.map(|(at, summary)| TimelineEnd {
            at: at.as_nanos(),
            verdict: "recorded".to_owned(),
            summary: summary.to_owned(),
            why: owed.join("\n"),
            ..TimelineEnd::default()
        });
        let head = TimelineHead {
            name: name.to_owned(),
            title: "A speaker that was recorded".to_owned(),
            reactor: String::new(),
            seed: None,
            again: again.to_owned(),
        };
        Timeline { head, lanes, events: self.events, end }
    }

    fn tell(&mut self, at: Instant, lane: usize, what: Happening) {
        self.events.push(TimelineEvent { at, lane, with: None, what });
    }

    fn session(&mut self, peer: &str) -> usize {
        self.lanes.named(LaneKind::Session, &format!("speaker: session with peer {peer}"), Some(self.speaker))
    }

    fn connection(&mut self, stream: StreamId, remote: SocketAddr) {
        let peer = remote.ip().to_string();
        let near = self.session(&peer);
        let far = self.lanes.named(LaneKind::Peer, &format!("peer {peer}"), None);
        self.streams.insert(stream, RecordedStream { channel: ChannelLog::new(true), near, far });
    }

    fn program(&mut self, stream: StreamId, name: &str) {
        let far = self.lanes.add_another(LaneKind::Program, &format!("program {name}"), None);
        let pipe = format!("speaker: pipe to {}", self.lanes.name(far));
        let near = self.lanes.named(LaneKind::Pipe, &pipe, Some(self.speaker));
        self.streams.insert(stream, RecordedStream { channel: ChannelLog::new(false), near, far });
    }

    fn input(&mut self, at: Instant, step: &ReplayStep) {
        match step.input() {
            Input::Connected { stream, remote, .. } => {
                self.connection(stream, remote);
                self.call(at, stream, "connect", format!("done, to {remote}"));
            }
            Input::ConnectFailed { stream, error } => self.call(at, stream, "connect", error.to_string()),
            Input::Accepted { stream, remote, .. } => {
                self.connection(stream, remote);
                self.call(at, stream, "accept", format!("from {remote}"));
            }
            Input::Received { stream, data } => self.moved(at, stream, ChannelEnd::Second, data),
            Input::Sent { stream, .. } => self.moved(at, stream, ChannelEnd::First, &step.sent),
            Input::Closed { stream, how } => {
                let how = match how {
                    ClosedKind::ReadEnd => "the end".to_owned(),
                    ClosedKind::WriteEnd => "nobody reads".to_owned(),
                    ClosedKind::Broken(error) => error.to_string(),
                };
                self.call(at, stream, "read", how);
            }
            Input::ProgramStarted { stream, pid } => self.far(at, stream, format!("runs as process {pid}")),
            Input::ProgramFailed { stream, error } => self.far(at, stream, format!("cannot start: {error}")),
            Input::ProgramExited { stream, status } => self.far(at, stream, format!("over: {status}")),
            Input::Signal(signal) => {
                self.tell(at, self.speaker, Happening::Process { text: format!("signal {signal:?}") });
            }
            Input::Reload(Ok(text)) => {
                self.tell(at, self.speaker, Happening::Process { text: format!("read {}", text.name) });
            }
            Input::Reload(Err((name, error))) => {
                let text = format!("cannot read {name}: {error}");
                self.tell(at, self.speaker, Happening::Process { text });
            }
            _ => {}
        }
    }

    fn action(&mut self, at: Instant, action: &Action) {
        match action {
            Action::Connect { stream, remote, .. } => {
                self.connection(*stream, *remote);
                self.call(at, *stream, "connect", format!("to {remote}: begun"));
            }
            Action::StartProgram { stream, spec } => {
                self.program(*stream, &spec.name);
                self.far(at, *stream, "started".to_owned());
            }
            Action::OpenPipes { stream, .. } => self.program(*stream, COMMAND_LINE),
            Action::StopProgram { stream, signal } => self.far(at, *stream, format!("signal {signal:?}")),
            Action::Close { stream, .. } => self.call(at, *stream, "close", "done".to_owned()),
            _ => {}
        }
    }

    fn call(&mut self, at: Instant, stream: StreamId, call: &str, outcome: String) {
        let lane = self.streams.get(&stream).map_or(self.speaker, |stream| stream.near);
        self.tell(at, lane, Happening::Call { call: call.to_owned(), outcome });
    }

    /// What happens to a program.
    fn far(&mut self, at: Instant, stream: StreamId, text: String) {
        let lane = self.streams.get(&stream).map_or(self.speaker, |stream| stream.far);
        self.tell(at, lane, Happening::Process { text });
    }

    /// Octets have gone from one end to the other.
    fn moved(&mut self, at: Instant, stream: StreamId, from: ChannelEnd, octets: &[u8]) {
        let Some(stream) = self.streams.get_mut(&stream) else { return };
        let lanes = match from {
            ChannelEnd::First => (stream.near, stream.far),
            ChannelEnd::Second => (stream.far, stream.near),
        };
        self.events.extend(stream.channel.pass(at, from, octets, lanes, &mut self.next_message));
    }

    /// What waits for something else before it can be done.
    fn owed(&mut self, at: Instant, began: Instant, owed: &[Obligation]) {
        let name =
            |owed: &Obligation| format!("{} {} {} {}", owed.debtor, owed.creditor, owed.what, owed.since);
        let now: BTreeSet<String> = owed.iter().map(name).collect();
        let over: Vec<String> = self.owed.keys().filter(|known| !now.contains(*known)).cloned().collect();
        for known in over {
            if let Some(id) = self.owed.remove(&known) {
                self.tell(at, self.speaker, Happening::Waited { id });
            }
        }
        for one in owed {
            if self.owed.contains_key(&name(one)) {
                continue;
            }
            self.next_wait += 1;
            self.owed.insert(name(one), self.next_wait);
            let waits_for = one.waits_for.as_deref().unwrap_or_default();
            let text = format!("{waits_for}: {} owes {} {}", one.debtor, one.creditor, one.what);
            let until = one.until.map(|until| until.saturating_since(began).as_nanos() as u64);
            self.tell(at, self.speaker, Happening::Wait { id: self.next_wait, text, until });
        }
    }
}

/// A timer's deadline is counted from the beginning of the recording, as all times are.
fn counted_from(began: Instant, what: Happening) -> Happening {
    match what {
        Happening::Timer { timer, until } => {
            Happening::Timer { timer, until: until.map(|until| until.saturating_sub(began.as_nanos())) }
        }
        what => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::testing::Recorded;

    #[test]
    fn a_recording_tells_what_its_program_said_and_was_answered_and_the_states_of_its_sessions() {
        let mut recorded = Recorded::begin();
        let stream = recorded.program.unwrap();
        recorded.feed(1_010, Input::ProgramStarted { stream, pid: 7 });
        recorded.program_writes(1_210, "version\n");
        recorded.speaker_answers(1_211);
        let timeline = ReplayLog::of(&recorded.text, "a.rec", "holdtime replay a.rec").unwrap();
        let names: Vec<&str> = timeline.lanes.iter().map(|lane| lane.name.as_str()).collect();
        let wanted = [
            "speaker",
            "speaker: session with peer 10.0.0.2",
            "speaker: pipe to program feed",
            "program feed",
        ];
        assert_eq!(names, wanted);
        let said: Vec<(u64, &str)> = timeline
            .events
            .iter()
            .filter_map(|event| match &event.what {
                Happening::Sent { text, .. } => Some((event.at.as_nanos() / 1_000_000, text.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(said.first(), Some(&(1_210, "version")));
        assert_eq!(said.get(1).map(|(at, _)| *at), Some(1_211));
        let is =
            |wanted: &dyn Fn(&Happening) -> bool| timeline.events.iter().any(|event| wanted(&event.what));
        assert!(is(&|what| matches!(what, Happening::State { .. })));
        assert!(is(&|what| matches!(what, Happening::Process { text } if text == "runs as process 7")));
    }

    #[test]
    fn a_recording_that_cannot_be_read_to_its_end_has_none() {
        let mut recorded = Recorded::begin();
        recorded.program_writes(10, "version\n");
        let whole = ReplayLog::of(&recorded.text, "a.rec", "").unwrap();
        let cut = ReplayLog::of(&format!("{}12 half a li", recorded.text), "a.rec", "").unwrap();
        assert_eq!((whole.end.is_some(), cut.end), (true, None));
        assert_eq!(cut.events, whole.events);
    }
}
