//! Jobs on several threads, whose results come in the jobs' order.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::CliError;
use crate::interrupt;
use crate::progress::Progress;

/// Threads to work on.
pub(in crate::lab) struct Pool(ThreadPool);

impl Pool {
    /// `threads`: how many; 0: as many as there are cores.
    pub(in crate::lab) fn new(threads: usize) -> Result<Self, CliError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map(Self).map_err(|error| CliError::input(format!("cannot start threads: {error}")))
    }

    /// Takes what comes of each job, in order, until Ctrl-C is pressed: a batch at a time, for there may be more jobs than fit into
    /// memory.
    ///
    /// # Errors
    /// What `take` says of a result; no further batch begins.
    pub(in crate::lab) fn drain<J: Sync, R: Send>(
        &self,
        mut jobs: impl Iterator<Item = J>,
        progress: &Progress,
        work: impl Fn(&J) -> R + Sync,
        mut take: impl FnMut(&J, R) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        // Enough to keep all threads busy.
        let size = self.0.current_num_threads() * 32;
        while !interrupt::is_pressed() {
            let batch: Vec<J> = jobs.by_ref().take(size).collect();
            if batch.is_empty() {
                break;
            }
            let results = self.each(&batch, progress, &work);
            for (job, result) in batch.iter().zip(results) {
                if let Some(result) = result {
                    take(job, result)?;
                }
            }
        }
        Ok(())
    }

    /// What comes of each job, in order. Once Ctrl-C was pressed no job begins, and one that was on its way then says nothing:
    /// there is `None` in their place.
    pub(in crate::lab) fn each<J: Sync, R: Send>(
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
