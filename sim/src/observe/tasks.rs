//! What each task of a speaker did last, and to which task each wait belongs.
//!
//! The trace names a task only once its turn is over ([`Step::Polled`]): what was read and written since the turn before, and the
//! waits that were begun meanwhile, are that task's.

use std::collections::BTreeMap;

use holdtime_core::speaker::{IoError, StreamId};
use holdtime_core::{Duration, Instant};
use holdtime_machine::executor::TaskId;
use holdtime_machine::trace::{Step, Woken};

use crate::observe::witness::Waits;

/// Which way octets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowDirection {
    /// The speaker reads.
    In,
    /// The speaker writes.
    Out,
}

/// What came of a call that reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// Octets moved.
    Moved,
    /// It would have blocked.
    Blocked,
    /// There is nothing more: the end was read.
    End,
    /// It failed.
    Failed,
}

/// A call that reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamCall {
    /// On which stream.
    pub stream: StreamId,
    /// Which way.
    pub direction: FlowDirection,
    /// What came of it.
    pub outcome: CallOutcome,
}

/// What is known of a task.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskRecord {
    /// When its last turn began to be charged, and how long that turn keeps the processor.
    pub last_turn: Instant,
    /// What its last turn cost.
    pub spent: Duration,
    /// The last call of any of its turns.
    pub last_call: Option<StreamCall>,
    /// Something moved in its last turn.
    pub moved: bool,
    /// How often it was woken by a deadline since anything moved in a turn of its own, and since when.
    pub vain_deadlines: VainTurns,
    /// The same of readiness and of other tasks.
    pub vain_readiness: VainTurns,
    /// Turns in vain within one second from the first, whatever moved in between: those that deadlines cause.
    pub second_of_deadlines: VainTurns,
    /// The same of readiness and of other tasks.
    pub second_of_readiness: VainTurns,
}

/// Turns in which nothing moved, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VainTurns {
    /// How many.
    pub count: u32,
    /// When the first one was.
    pub since: Instant,
    /// When the last one was.
    pub last: Instant,
}

impl VainTurns {
    fn add(&mut self, at: Instant) {
        if self.count == 0 {
            self.since = at;
        }
        self.count += 1;
        self.last = at;
    }

    /// One more within the second of the first, or the first of another second.
    fn add_within_a_second(&mut self, at: Instant) {
        if at - self.since >= Duration::from_secs(1) {
            self.count = 0;
        }
        self.add(at);
    }

    /// The time between two of them, on the average.
    pub fn every(&self) -> Duration {
        (self.last - self.since) / self.count.saturating_sub(1).max(1)
    }
}

/// What is known of the tasks of one speaker.
#[derive(Debug, Default)]
pub struct TaskBook {
    waits: Waits,
    tasks: BTreeMap<TaskId, TaskRecord>,
    main: Option<TaskId>,
    /// Who read or wrote a stream last.
    served: BTreeMap<(StreamId, FlowDirection), TaskId>,
    /// The calls of the turn that is not over.
    calls: Vec<StreamCall>,
    /// The task that had the last turn.
    latest: Option<TaskId>,
}

impl TaskBook {
    /// Ties these waits to their tasks from now on.
    pub(crate) fn tie(&mut self, waits: Waits) {
        self.waits = waits;
    }

    /// The first task that ran.
    pub fn main(&self) -> Option<TaskId> {
        self.main
    }

    /// Every task that has not ended.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &TaskRecord)> {
        self.tasks.iter().map(|(task, record)| (*task, record))
    }

    /// The task that read or wrote a stream last.
    pub fn server_of(&self, stream: StreamId, direction: FlowDirection) -> Option<TaskId> {
        self.served.get(&(stream, direction)).copied()
    }

    /// The task that had the last turn.
    pub fn latest(&self) -> Option<TaskId> {
        self.latest
    }

    /// A step of the speaker's; whether something moved in the turn so far.
    pub(crate) fn see(&mut self, at: Instant, step: &Step<'_>, moved: bool) {
        match step {
            Step::Read(_, stream, outcome) => self.call(*stream, FlowDirection::In, *outcome),
            Step::Wrote(_, stream, outcome) => self.call(*stream, FlowDirection::Out, *outcome),
            Step::Polled(_, task, spent, woken) => self.turn(at, *task, *spent, *woken, moved),
            Step::TaskEnded(_, task) => drop(self.tasks.remove(task)),
            Step::Closed(_, stream) => {
                self.served.remove(&(*stream, FlowDirection::In));
                self.served.remove(&(*stream, FlowDirection::Out));
            }
            _ => {}
        }
    }

    fn call(&mut self, stream: StreamId, direction: FlowDirection, outcome: Result<&[u8], IoError>) {
        let outcome = match outcome {
            Ok([]) => CallOutcome::End,
            Ok(_) => CallOutcome::Moved,
            Err(IoError::WouldBlock) => CallOutcome::Blocked,
            Err(_) => CallOutcome::Failed,
        };
        let known = self.calls.iter_mut().find(|call| (call.stream, call.direction) == (stream, direction));
        match known {
            Some(call) => call.outcome = outcome,
            None => self.calls.push(StreamCall { stream, direction, outcome }),
        }
    }

    fn turn(&mut self, at: Instant, task: TaskId, spent: Duration, woken: Woken, moved: bool) {
        self.waits.belong_to(task);
        self.main.get_or_insert(task);
        self.latest = Some(task);
        let record = self.tasks.entry(task).or_default();
        (record.last_turn, record.spent) = (at, spent);
        record.last_call = self.calls.last().copied().or(record.last_call);
        for call in self.calls.drain(..) {
            self.served.insert((call.stream, call.direction), task);
        }
        let moved_before = std::mem::replace(&mut record.moved, moved);
        match woken {
            _ if moved => (record.vain_deadlines, record.vain_readiness) = Default::default(),
            Woken::Deadline => {
                record.vain_deadlines.add(at);
                record.second_of_deadlines.add_within_a_second(at);
            }
            // The turn after one that moved something makes room for others.
            Woken::Itself if moved_before => {}
            Woken::Readiness | Woken::Itself => {
                record.vain_readiness.add(at);
                record.second_of_readiness.add_within_a_second(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::witness::WaitFor;
    use holdtime_machine::world::ProcessId;

    const PROCESS: ProcessId = ProcessId(0);
    const STREAM: StreamId = StreamId::opened(0);

    fn polled(book: &mut TaskBook, seconds: u64, task: u32, woken: Woken, moved: bool) {
        let step = Step::Polled(PROCESS, TaskId(task), Duration::ZERO, woken);
        book.see(Instant::from_secs(seconds), &step, moved);
    }

    #[test]
    fn a_wait_belongs_to_the_task_in_whose_turn_it_was_begun() {
        let waits = Waits::default();
        let mut book = TaskBook::default();
        book.tie(waits.clone());
        let _first = waits.enter(WaitFor::Readable(STREAM), Instant::ZERO);
        polled(&mut book, 0, 7, Woken::Readiness, false);
        let _second = waits.enter(WaitFor::Signalled, Instant::ZERO);
        polled(&mut book, 0, 8, Woken::Readiness, false);
        let _unknown = waits.enter(WaitFor::Signalled, Instant::ZERO);
        let tasks: Vec<_> = waits.open().into_iter().map(|wait| wait.task).collect();
        assert_eq!(tasks, [Some(TaskId(7)), Some(TaskId(8)), None]);
        assert_eq!((book.main(), book.latest()), (Some(TaskId(7)), Some(TaskId(8))));
    }

    #[test]
    fn a_stream_is_served_by_the_task_that_read_or_wrote_it_last_and_by_none_once_it_is_closed() {
        let mut book = TaskBook::default();
        for task in [1, 2] {
            book.see(Instant::ZERO, &Step::Read(PROCESS, STREAM, Ok(b"x")), true);
            polled(&mut book, 0, task, Woken::Readiness, true);
        }
        assert_eq!(book.server_of(STREAM, FlowDirection::In), Some(TaskId(2)));
        assert_eq!(book.server_of(STREAM, FlowDirection::Out), None);
        book.see(Instant::ZERO, &Step::Closed(PROCESS, STREAM), true);
        assert_eq!(book.server_of(STREAM, FlowDirection::In), None);
    }

    #[test]
    fn turns_in_vain_are_counted_until_something_moves() {
        let mut book = TaskBook::default();
        for second in 1..=4 {
            polled(&mut book, second, 1, Woken::Deadline, false);
        }
        let record = |book: &TaskBook| *book.tasks().next().unwrap().1;
        let vain = record(&book).vain_deadlines;
        assert_eq!((vain.count, vain.every()), (4, Duration::from_secs(1)));
        polled(&mut book, 5, 1, Woken::Itself, false);
        assert_eq!((record(&book).vain_deadlines.count, record(&book).vain_readiness.count), (4, 1));
        polled(&mut book, 6, 1, Woken::Deadline, true);
        polled(&mut book, 6, 1, Woken::Itself, false);
        assert_eq!((record(&book).vain_deadlines.count, record(&book).vain_readiness.count), (0, 0));
    }

    #[test]
    fn the_last_call_says_what_came_of_it() {
        let mut book = TaskBook::default();
        book.see(Instant::ZERO, &Step::Read(PROCESS, STREAM, Ok(b"x")), true);
        book.see(Instant::ZERO, &Step::Read(PROCESS, STREAM, Ok(b"")), true);
        polled(&mut book, 0, 1, Woken::Readiness, true);
        let call = book.tasks().next().unwrap().1.last_call.unwrap();
        assert_eq!((call.direction, call.outcome), (FlowDirection::In, CallOutcome::End));
    }
}
