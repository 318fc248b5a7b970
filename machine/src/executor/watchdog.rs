//! Notices a turn that never ends because it makes no call: the one thing that virtual time cannot see.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::id::TaskId;

/// Looks at the real clock from a thread of its own while the lab runs. It changes nothing in a run; it only ends one
/// that would hang the lab itself.
#[derive(Debug)]
pub struct TurnWatchdog {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Counts turns; odd while one runs.
    turns: AtomicU64,
    task: AtomicU64,
    over: AtomicU64,
}

impl TurnWatchdog {
    /// Calls `alarm` with the task, on another thread, when a turn has taken `limit` of real time.
    #[allow(
        clippy::disallowed_methods,
        reason = "a hung turn can only be noticed from outside the lab's thread"
    )]
    pub fn new(limit: Duration, alarm: impl FnOnce(TaskId) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let watched = shared.clone();
        std::thread::spawn(move || {
            let mut seen = 0;
            while watched.over.load(Ordering::Relaxed) == 0 {
                std::thread::park_timeout(limit);
                let turns = watched.turns.load(Ordering::Acquire);
                if turns % 2 == 1 && turns == seen {
                    return alarm(TaskId(watched.task.load(Ordering::Relaxed) as u32));
                }
                seen = turns;
            }
        });
        Self { shared }
    }

    pub(super) fn begin(&self, task: TaskId) {
        self.shared.task.store(task.0.into(), Ordering::Relaxed);
        self.shared.turns.fetch_add(1, Ordering::Release);
    }

    pub(super) fn end(&self) {
        self.shared.turns.fetch_add(1, Ordering::Release);
    }
}

impl Drop for TurnWatchdog {
    fn drop(&mut self) {
        self.shared.over.store(1, Ordering::Relaxed);
    }
}
