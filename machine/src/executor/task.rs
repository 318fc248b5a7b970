//! Tasks, how they are woken, and which runs next.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::choices::{ActorId, Choices, Site};
use crate::id::{ProcessId, TaskId};
use crate::trace::Woken;

/// A future that runs on the lab's thread.
pub type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// A task that runs for a process.
pub(super) struct SpawnedTask {
    pub(super) process: ProcessId,
    pub(super) future: LocalFuture,
    pub(super) waker: Waker,
    /// It stands in its process's [`ReadyTasks`].
    pub(super) queued: bool,
    /// It woke itself in its last turn.
    pub(super) yielded: bool,
    /// What it was woken by.
    pub(super) woken: Woken,
}

/// Where wakers leave their tasks' numbers until the executor collects them.
///
/// `Waker` must be `Send`, hence the lock; nobody else ever holds it.
#[derive(Clone, Default)]
pub(super) struct WakeList(Arc<Woke>);

/// The list, and whether anybody stands on it, which is asked for far more often.
#[derive(Default)]
struct Woke {
    any: AtomicBool,
    list: Mutex<Vec<TaskId>>,
}

impl WakeList {
    pub(super) fn waker(&self, task: TaskId) -> Waker {
        Waker::from(Arc::new(TaskWaker { task, list: self.clone() }))
    }

    pub(super) fn push(&self, task: TaskId) {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        self.0.any.store(true, Ordering::Release);
    }

    /// Whether this task was woken and not taken since.
    pub(super) fn has(&self, task: TaskId) -> bool {
        self.any() && self.0.list.lock().unwrap_or_else(PoisonError::into_inner).contains(&task)
    }

    /// Moves those that were woken into an empty list, whose room the next ones get.
    pub(super) fn take_into(&self, into: &mut Vec<TaskId>) {
        self.0.any.store(false, Ordering::Release);
        std::mem::swap(&mut *self.0.list.lock().unwrap_or_else(PoisonError::into_inner), into);
    }

    /// Whether anybody was woken and not taken since.
    pub(super) fn any(&self) -> bool {
        self.0.any.load(Ordering::Acquire)
    }
}

struct TaskWaker {
    task: TaskId,
    list: WakeList,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.list.push(self.task);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.list.push(self.task);
    }
}

/// What woke a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Input, another task, itself.
    Input,
    /// A deadline.
    Deadline,
}

/// The tasks of one process that could run now.
///
/// The next one is drawn, except that a task woken by a deadline waits for those whose input came no
/// later, and is not overtaken by those whose input came after it. While the process does not run, time does not pass for
/// it: what comes between two of its turns it finds at once, and deadlines after everything else.
#[derive(Debug, Default)]
pub(super) struct ReadyTasks {
    batches: VecDeque<(Cause, Vec<TaskId>)>,
    /// The list of a batch that is over, for the next one.
    spare: Vec<TaskId>,
    /// Deadlines stand last that came since the last turn.
    unseen: bool,
}

impl ReadyTasks {
    pub(super) fn push(&mut self, task: TaskId, cause: Cause) {
        let deadlines = if cause == Cause::Input && self.unseen { self.batches.pop_back() } else { None };
        match self.batches.back_mut() {
            Some((same, tasks)) if *same == cause => tasks.push(task),
            _ => {
                let mut tasks = std::mem::take(&mut self.spare);
                tasks.push(task);
                self.batches.push_back((cause, tasks));
            }
        }
        self.batches.extend(deadlines);
        self.unseen |= cause == Cause::Deadline;
    }

    pub(super) fn draw(&mut self, choices: &Choices, actor: ActorId) -> Option<TaskId> {
        self.unseen = false;
        let (_, tasks) = self.batches.front_mut()?;
        let task = tasks.remove(choices.pick(Site::Task, actor, tasks, |task| task.0));
        if tasks.is_empty()
            && let Some((_, tasks)) = self.batches.pop_front()
        {
            self.spare = tasks;
        }
        Some(task)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}

/// What the executor knows of one process.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// Its tasks that have not ended.
    pub(super) tasks: BTreeSet<TaskId>,
    pub(super) ready: ReadyTasks,
    /// It stands among the processes that can run.
    pub(super) runnable: bool,
}

/// Resolves when a spawned task has ended; dropping it detaches the task.
#[derive(Clone, Debug, Default)]
pub struct Join(Rc<RefCell<JoinState>>);

#[derive(Debug, Default)]
struct JoinState {
    done: bool,
    waker: Option<Waker>,
}

impl Join {
    /// Wraps a task so that its end is told.
    pub(crate) fn of(task: impl Future<Output = ()> + 'static) -> (Self, LocalFuture) {
        let join = Self::default();
        let ended = join.clone();
        let wrapped = async move {
            task.await;
            let mut state = ended.0.borrow_mut();
            state.done = true;
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
        };
        (join, Box::pin(wrapped))
    }
}

impl Future for Join {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.borrow_mut();
        if state.done {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_judged_after_what_came_before_the_next_turn_and_before_what_came_after() {
        for seed in 0..50_u64 {
            let mut ready = ReadyTasks::default();
            let choices = Choices::new(&seed.into());
            let actor = choices.actor("process");
            ready.push(TaskId(1), Cause::Input);
            ready.push(TaskId(4), Cause::Deadline);
            ready.push(TaskId(2), Cause::Input);
            ready.push(TaskId(5), Cause::Deadline);
            ready.push(TaskId(3), Cause::Input);
            let first = ready.draw(&choices, actor);
            ready.push(TaskId(6), Cause::Input);
            let rest = std::iter::from_fn(|| ready.draw(&choices, actor));
            let mut drawn: Vec<_> = first.into_iter().chain(rest).map(|task| task.0).collect();
            drawn[..3].sort_unstable();
            drawn[3..5].sort_unstable();
            assert_eq!(drawn, [1, 2, 3, 4, 5, 6]);
        }
    }
}
