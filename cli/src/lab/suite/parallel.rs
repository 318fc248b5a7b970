//! Jobs on several threads, whose results come in the jobs' order.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::CliError;
use crate::interrupt;
use crate::progress::Progress;

/// Threads to work on.
pub(super) struct Pool(ThreadPool);

impl Pool {
    /// `threads`: how many; 0: as many as there are cores.
    pub(super) fn new(threads: usize) -> Result<Self, CliError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map(Self).map_err(|error| CliError::input(format!("cannot start threads: {error}")))
    }

    /// How many jobs are enough to keep all threads busy.
    pub(super) fn batch(&self) -> usize {
        self.0.current_num_threads() * 32
    }

    /// What comes of each job, in order. Once Ctrl-C was pressed no job begins, and one that was on its way then says nothing:
    /// there is `None` in their place.
    pub(super) fn each<J: Sync, R: Send>(
        &self,
        jobs: &[J],
        progress: &Progress,
        work: impl Fn(&J) -> R + Sync,
    ) -> Vec<Option<R>> {
        let one = |job: &J| {
            if interrupt::is_pressed() {
                return None;
            }
            let result = work(job);
            if interrupt::is_pressed() {
                return None;
            }
            progress.inc(1);
            Some(result)
        };
        // Cases take very different times: each is a piece of its own for whichever thread is free.
        self.0.install(|| jobs.par_iter().with_max_len(1).map(one).collect())
    }
}
