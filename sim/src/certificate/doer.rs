//! Which task of a speaker would have to do something, and what it waits for instead.

use holdtime_core::Instant;
use holdtime_core::speaker::StreamId;
use holdtime_waits::{Kind, Needs, NodeId};

use crate::certificate::build::{Builder, Purpose, Station};
use crate::certificate::chain::WaitKind;
use crate::certificate::far::is_readable;
use crate::certificate::reason::{InertReason, rounded};
use crate::certificate::scene::{ActorLife, SceneTask, SpeakerInside};
use crate::observe::recording::ClockFault;
use crate::observe::tasks::FlowDirection;
use crate::observe::witness::{Wait, WaitFor};

impl<'s> Builder<'s> {
    /// Waits for the task that would have to do this.
    pub(super) fn wait_for_task(
        &mut self,
        from: NodeId,
        speaker: usize,
        purpose: Purpose,
        what: String,
        since: Option<Instant>,
    ) {
        let kind = match purpose {
            Purpose::Read(_) => WaitKind::Reading,
            Purpose::Write(_) => WaitKind::Writing,
            Purpose::Timers => WaitKind::Timers,
        };
        let Some(task) = self.doer(speaker, purpose) else {
            let (node, _) = self.node(Station::Whole(speaker), Kind::Process, self.name(speaker), Needs::Any);
            return self.wait(from, node, (kind, what), since);
        };
        let node = self.task(speaker, task, purpose);
        self.wait(from, node, (kind, what), since);
    }

    /// The task that waits for the occasion; or did it last; or has to do with the stream; or the main task.
    pub(super) fn doer(&self, speaker: usize, purpose: Purpose) -> Option<usize> {
        let inside = self.inside(speaker)?;
        let (stream, direction) = match purpose {
            Purpose::Read(stream) => (stream, FlowDirection::In),
            Purpose::Write(stream) => (stream, FlowDirection::Out),
            Purpose::Timers => return inside.main(),
        };
        let other = if direction == FlowDirection::In { FlowDirection::Out } else { FlowDirection::In };
        let known = inside.stream(stream);
        let server = |direction| known.and_then(|known| known.server(direction));
        let position = |is_it: &dyn Fn(WaitFor) -> bool| {
            inside.tasks.iter().position(|task: &SceneTask| task.waits_for(is_it))
        };
        position(&|what| serves(what, purpose))
            .or_else(|| server(direction))
            .or_else(|| position(&|what| serves(what, flipped(purpose))))
            .or_else(|| server(other))
            .or_else(|| inside.main())
    }

    pub(super) fn task(&mut self, speaker: usize, index: usize, purpose: Purpose) -> NodeId {
        let name = self.name_of_task(speaker, index);
        let (node, fresh) = self.node(Station::Task(speaker, index, purpose), Kind::Task, &name, Needs::Any);
        let Some(inside) = self.inside(speaker).filter(|_| fresh) else { return node };
        let Some(task) = inside.tasks.get(index) else { return node };
        if let Some(ActorLife::Busy(until)) = self.scene.actor(speaker).map(|actor| actor.life)
            && task.is_latest
        {
            self.computes(node, inside, task, until);
            return node;
        }
        let serving = |wait: &&Wait| serves(wait.what, purpose);
        let occasion = task.waits.iter().find(serving);
        let waits: Vec<Wait> = match occasion {
            Some(wait) => vec![*wait],
            None => task.waits.clone(),
        };
        if occasion.is_some() && self.has_come(inside, purpose) || waits.is_empty() {
            let processor = self.processor(speaker);
            let what = "a turn, for what it waits for has come".to_owned();
            self.wait(node, processor, (WaitKind::Processor, what), None);
            return node;
        }
        for wait in &waits {
            self.wait_of_task(node, speaker, (task, &waits), *wait, purpose);
        }
        node
    }

    /// A task whose turn keeps the processor.
    fn computes(&mut self, node: NodeId, inside: &SpeakerInside, task: &SceneTask, until: Instant) {
        let read = task.record.last_call.and_then(|call| inside.stream(call.stream));
        let over = read.map_or(String::new(), |stream| format!(" over what it has read from {}", stream.far));
        let why = format!("computes{over} from {} until {until}, in one turn", task.record.last_turn);
        self.will_not(node, InertReason::Computes, why);
    }

    /// Whether what a task waits for, to do this, has come.
    fn has_come(&self, inside: &SpeakerInside, purpose: Purpose) -> bool {
        let look = |stream| inside.stream(stream).and_then(|stream| stream.look);
        match purpose {
            Purpose::Read(stream) => look(stream).is_some_and(|look| is_readable(&look)),
            Purpose::Write(stream) => look(stream).is_some_and(|look| !look.outgoing.full),
            Purpose::Timers => false,
        }
    }

    fn wait_of_task(
        &mut self,
        node: NodeId,
        speaker: usize,
        (task, waits): (&SceneTask, &[Wait]),
        wait: Wait,
        purpose: Purpose,
    ) {
        let since = Some(wait.since);
        match (wait.what, purpose) {
            (WaitFor::Readable(stream), _) | (WaitFor::Anything(_), Purpose::Read(stream)) => {
                let (kind, how) = self.how_long(task, waits, purpose);
                let far = self.name_of_far(speaker, stream);
                let speech = self.speech(speaker, stream);
                let vain = kind == WaitKind::BytesForAWhile;
                let since = if vain { Some(task.record.vain_deadlines.since) } else { since };
                self.wait(node, speech, (kind, format!("bytes from {far}{how}")), since);
            }
            (WaitFor::Writable(stream), _) | (WaitFor::Anything(_), Purpose::Write(stream)) => {
                let far = self.name_of_far(speaker, stream);
                let buffer = self.buffer(speaker, stream);
                self.wait(node, buffer, (WaitKind::Room, format!("room to write to {far}")), since);
            }
            (WaitFor::Sleep(until), _) => {
                let vain = task.record.vain_deadlines.count > 1 && waits.len() > 1;
                if !vain {
                    self.wait_for_deadline(node, speaker, until, since);
                }
            }
            (WaitFor::Anything(deadline), Purpose::Timers) => {
                self.wait_for_deadline(node, speaker, deadline.unwrap_or(Instant::MAX), since);
            }
            (WaitFor::Connected(stream), _) => {
                let far = self.name_of_far(speaker, stream);
                let dialled = self.dialled(speaker, stream);
                self.wait(
                    node,
                    dialled,
                    (WaitKind::Connection, format!("{far} to take the connection")),
                    since,
                );
            }
            (WaitFor::Exited(stream), _) => {
                let far = self.name_of_far(speaker, stream);
                let speech = self.speech(speaker, stream);
                self.wait(node, speech, (WaitKind::Exit, format!("the end of {far}")), since);
            }
            // Nobody owes anybody a connection or a signal.
            (WaitFor::Acceptable(_) | WaitFor::Signalled, _) => {
                let (nobody, fresh) =
                    self.node(Station::Timer(speaker, "nobody"), Kind::Process, "nobody", Needs::All);
                if fresh {
                    self.will_not(nobody, InertReason::NothingOwed, "owes that");
                }
                let what = match wait.what {
                    WaitFor::Signalled => "a signal",
                    _ => "a connection",
                };
                self.wait(node, nobody, (WaitKind::Connection, what.to_owned()), since);
            }
        }
    }

    /// How a wait for octets is limited.
    fn how_long(&self, task: &SceneTask, waits: &[Wait], purpose: Purpose) -> (WaitKind, String) {
        let timeout = waits.iter().find_map(|wait| match wait.what {
            WaitFor::Sleep(until) => Some(until - wait.since),
            _ => None,
        });
        let vain = task.record.vain_deadlines;
        match timeout {
            Some(timeout) if vain.count > 1 => {
                let (timeout, times) = (rounded(timeout), vain.count);
                (WaitKind::BytesForAWhile, format!(", {timeout} at a time: {times} times in vain"))
            }
            _ if matches!(purpose, Purpose::Read(_)) => (WaitKind::Bytes, String::new()),
            _ => (WaitKind::Bytes, " before anything else".to_owned()),
        }
    }

    fn wait_for_deadline(&mut self, node: NodeId, speaker: usize, until: Instant, since: Option<Instant>) {
        let deadline = self.deadline(speaker, until);
        self.wait(node, deadline, (WaitKind::Deadline, "its next deadline".to_owned()), since);
    }

    pub(super) fn deadline(&mut self, speaker: usize, until: Instant) -> NodeId {
        let (node, fresh) =
            self.node(Station::Deadline(speaker, until), Kind::Timer, "that deadline", Needs::All);
        if !fresh {
            return node;
        }
        if until <= self.scene.at {
            let processor = self.processor(speaker);
            self.wait(node, processor, (WaitKind::Processor, "a turn: it has come".to_owned()), Some(until));
            return node;
        }
        let clock = self.inside(speaker).and_then(|inside| inside.clock);
        match clock {
            _ if until == Instant::MAX => self.will_not(node, InertReason::Unarmed, "is not armed"),
            Some(ClockFault::WentBack) => {
                let why = format!("comes only at {until}: the clock that it is reckoned by has gone back");
                self.will_not(node, InertReason::ClockBack, why);
            }
            _ => self.will_not(node, InertReason::Late, format!("comes only at {until}")),
        }
        node
    }

    /// The processor of a speaker: free, or taken by one task's turn.
    pub(super) fn processor(&mut self, speaker: usize) -> NodeId {
        let name = format!("the processor of {}", self.name(speaker));
        let (node, fresh) = self.node(Station::Processor(speaker), Kind::Process, &name, Needs::All);
        let Some(actor) = self.scene.actor(speaker).filter(|_| fresh) else { return node };
        match actor.life {
            ActorLife::Runs => {}
            ActorLife::Busy(until) => {
                let latest = actor
                    .inside
                    .as_ref()
                    .and_then(|inside| inside.tasks.iter().position(|task| task.is_latest));
                match latest {
                    Some(latest) => {
                        let busy = self.task(speaker, latest, Purpose::Timers);
                        let what = format!("the end of a turn, at {until}");
                        self.wait(node, busy, (WaitKind::Processor, what), None);
                    }
                    None => self.will_not(node, InertReason::Computes, format!("is taken until {until}")),
                }
            }
            life => self.dead(node, life),
        }
        node
    }

    pub(super) fn name_of_task(&self, speaker: usize, index: usize) -> String {
        let Some(inside) = self.inside(speaker) else { return "its task".to_owned() };
        let Some(task) = inside.tasks.get(index) else { return "its task".to_owned() };
        if task.is_main {
            return "its main task".to_owned();
        }
        let waited = task.waits.iter().find_map(|wait| match wait.what {
            WaitFor::Readable(stream) | WaitFor::Writable(stream) | WaitFor::Connected(stream) => {
                Some(stream)
            }
            _ => None,
        });
        let stream = waited.or(task.record.last_call.map(|call| call.stream));
        match stream.and_then(|stream| inside.stream(stream)) {
            Some(stream) => format!("its task for {}", stream.far),
            None => "its task".to_owned(),
        }
    }

    pub(super) fn name_of_far(&self, speaker: usize, stream: StreamId) -> &'s str {
        let stream = self.inside(speaker).and_then(|inside| inside.stream(stream));
        stream.map_or("somebody", |stream| stream.far.as_str())
    }
}

/// Whether a task that waits for this would do that once it has come.
fn serves(what: WaitFor, purpose: Purpose) -> bool {
    match (what, purpose) {
        (WaitFor::Anything(_), _) | (WaitFor::Sleep(_), Purpose::Timers) => true,
        (WaitFor::Readable(stream), Purpose::Read(wanted))
        | (WaitFor::Writable(stream), Purpose::Write(wanted)) => stream == wanted,
        _ => false,
    }
}

/// The other way on the same stream.
fn flipped(purpose: Purpose) -> Purpose {
    match purpose {
        Purpose::Read(stream) => Purpose::Write(stream),
        Purpose::Write(stream) => Purpose::Read(stream),
        Purpose::Timers => Purpose::Timers,
    }
}
