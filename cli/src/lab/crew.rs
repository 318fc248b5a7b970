//! Jobs on several threads whose results come in the jobs' order, and of which none can hold up the others: one that panics says so,
//! and one that takes longer than its limit in real time is left behind with its thread, in whose place another one works on.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::CliError;
use crate::interrupt;
use crate::progress::Progress;

/// How often it is looked whether a job is late, or Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(50);
/// How many results a thread may be ahead of the one that is taken next.
const AHEAD: usize = 32;

/// What came of a job.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lab) enum Done<R> {
    /// Its result.
    Came(R),
    /// It panicked, and said this.
    Panicked(String),
    /// It did not end within its limit.
    Late,
}

/// Threads to work on.
pub(in crate::lab) struct Crew<J, R> {
    work: Arc<dyn Fn(&J) -> R + Send + Sync>,
    threads: usize,
    limit: Duration,
}

/// What a thread says: which it is, the job's number, and what came of it.
type Said<J, R> = (usize, usize, J, Done<R>);

/// A thread, and what it works at since when.
struct Hand<J> {
    jobs: Sender<(usize, J)>,
    busy: Option<(usize, Instant)>,
}

/// The threads at work.
struct Shift<'c, J, R> {
    crew: &'c Crew<J, R>,
    /// By their numbers; a thread that was left behind is gone from here.
    hands: BTreeMap<usize, Hand<J>>,
    hired: usize,
    says: Sender<Said<J, R>>,
}

impl<J: Clone + Send + 'static, R: Send + 'static> Crew<J, R> {
    /// `threads`: how many; without it, as many as there are cores. `limit`: how long a job may take in real time.
    pub(in crate::lab) fn new(
        threads: Option<NonZeroUsize>,
        limit: Duration,
        work: impl Fn(&J) -> R + Send + Sync + 'static,
    ) -> Self {
        let threads = threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        Self { work: Arc::new(work), threads, limit }
    }

    /// Takes what comes of each job, in order, until Ctrl-C is pressed: then what has come so far, of whichever jobs.
    ///
    /// # Errors
    /// What `take` says of a result, the first time; no further job begins, and what has come by then is taken all the same.
    pub(in crate::lab) fn drain(
        &self,
        jobs: impl Iterator<Item = J>,
        progress: &Progress,
        mut take: impl FnMut(J, Done<R>) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let (says, heard) = mpsc::channel();
        let mut shift = Shift { crew: self, hands: BTreeMap::new(), hired: 0, says };
        let mut jobs = jobs.fuse().enumerate();
        let mut begun: BTreeMap<usize, J> = BTreeMap::new();
        let mut came: BTreeMap<usize, (J, Done<R>)> = BTreeMap::new();
        let mut next = 0;
        let mut taken = Ok(());
        while taken.is_ok() && !interrupt::is_pressed() {
            while begun.len() < self.threads
                && begun.len() + came.len() < self.threads * AHEAD
                && let Some((number, job)) = jobs.next()
            {
                shift.give(number, job.clone())?;
                begun.insert(number, job);
            }
            if begun.is_empty() {
                break;
            }
            for (number, job, done) in shift.take(&heard, &begun) {
                begun.remove(&number);
                progress.inc(1);
                came.insert(number, (job, done));
            }
            while let Some((job, done)) = came.remove(&next) {
                taken = taken.and(take(job, done));
                next += 1;
            }
        }
        came.into_values().fold(taken, |taken, (job, done)| taken.and(take(job, done)))
    }
}

impl<J: Clone + Send + 'static, R: Send + 'static> Shift<'_, J, R> {
    /// Gives a job to a thread that has none, or to a new one.
    fn give(&mut self, number: usize, job: J) -> Result<(), CliError> {
        let idle = self.hands.iter().find(|(_, hand)| hand.busy.is_none()).map(|(id, _)| *id);
        let id = match idle {
            Some(id) => id,
            None => self.hire()?,
        };
        if let Some(hand) = self.hands.get_mut(&id) {
            hand.busy = Some((number, Instant::now()));
            // Its thread lives as long as its jobs can come.
            let _ = hand.jobs.send((number, job));
        }
        Ok(())
    }

    fn hire(&mut self) -> Result<usize, CliError> {
        let id = self.hired;
        self.hired += 1;
        let (jobs, given) = mpsc::channel::<(usize, J)>();
        let (work, says) = (self.crew.work.clone(), self.says.clone());
        let body = move || {
            for (number, job) in given {
                let done = match catch_unwind(AssertUnwindSafe(|| work(&job))) {
                    Ok(result) => Done::Came(result),
                    Err(payload) => Done::Panicked(panic_message(payload.as_ref())),
                };
                if says.send((id, number, job, done)).is_err() {
                    break;
                }
            }
        };
        let spawned = thread::Builder::new().spawn(body);
        spawned.map_err(|error| CliError::io("cannot start a thread", &error))?;
        self.hands.insert(id, Hand { jobs, busy: None });
        Ok(id)
    }

    /// What has come within a moment, and what has become late.
    fn take(&mut self, heard: &Receiver<Said<J, R>>, begun: &BTreeMap<usize, J>) -> Vec<(usize, J, Done<R>)> {
        let mut all = Vec::new();
        let first = heard.recv_timeout(LOOK.min(self.crew.limit)).ok();
        for (id, number, job, done) in first.into_iter().chain(heard.try_iter()) {
            // Of one that was left behind it is too late to hear.
            if let Some(hand) = self.hands.get_mut(&id) {
                hand.busy = None;
                all.push((number, job, done));
            }
        }
        let now = Instant::now();
        self.hands.retain(|_, hand| match hand.busy {
            Some((number, since)) if now.duration_since(since) >= self.crew.limit => {
                all.extend(begun.get(&number).map(|job| (number, job.clone(), Done::Late)));
                false
            }
            _ => true,
        });
        all
    }
}

/// What comes of a job within a limit in real time.
pub(in crate::lab) fn within<R: Send + 'static>(
    limit: Duration,
    work: impl Fn(&()) -> R + Send + Sync + 'static,
) -> Result<Done<R>, CliError> {
    let mut came = Done::Late;
    let one = Crew::new(Some(NonZeroUsize::MIN), limit, work);
    one.drain(std::iter::once(()), &Progress::unseen(), |(), done| {
        came = done;
        Ok(())
    })?;
    Ok(came)
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    fn drained(limit: Duration, work: impl Fn(&u64) -> u64 + Send + Sync + 'static) -> Vec<(u64, Done<u64>)> {
        let crew = Crew::new(NonZeroUsize::new(3), limit, work);
        let mut all = Vec::new();
        let take = |job, done| {
            all.push((job, done));
            Ok(())
        };
        crew.drain(0..200, &Progress::unseen(), take).unwrap();
        all
    }

    #[test]
    fn results_come_in_the_order_of_the_jobs_and_one_that_panics_says_so() {
        let all = drained(LONG, |job| if *job == 7 { panic!("at seven") } else { job * 2 });
        let expected = (0..200).map(|job| match job {
            7 => (job, Done::Panicked("at seven".to_owned())),
            _ => (job, Done::Came(job * 2)),
        });
        assert_eq!(all, expected.collect::<Vec<_>>());
    }

    #[test]
    fn once_a_result_could_not_be_taken_no_job_begins_and_what_has_come_is_taken_all_the_same() {
        let crew = Crew::new(NonZeroUsize::new(3), LONG, |job: &u64| *job);
        let mut all = Vec::new();
        let take = |job: u64, done| {
            all.push((job, done));
            if job == 5 { Err(CliError::input("no room".to_owned())) } else { Ok(()) }
        };
        let said = crew.drain(0..200, &Progress::unseen(), take).unwrap_err().to_string();
        assert_eq!(said, "no room");
        assert!(all.len() < 200, "{}", all.len());
        all.sort_by_key(|(job, _)| *job);
        let played: Vec<u64> = all.iter().map(|(job, _)| *job).collect();
        assert_eq!(played[..6], [0, 1, 2, 3, 4, 5]);
        assert!(all.iter().all(|(job, done)| *done == Done::Came(*job)));
    }

    #[test]
    fn one_that_never_ends_is_left_behind_and_the_others_go_on() {
        // It waits for what nobody says.
        let all = drained(Duration::from_millis(1), |job| {
            let (says, heard) = mpsc::channel::<()>();
            if job % 50 == 9 {
                let _ = heard.recv();
            }
            drop(says);
            *job
        });
        assert_eq!(all.iter().map(|(job, _)| *job).collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
        let late: Vec<u64> =
            all.iter().filter(|(_, done)| *done == Done::Late).map(|(job, _)| *job).collect();
        // A slow machine may find others late, too.
        assert!([9, 59, 109, 159].iter().all(|job| late.contains(job)), "{late:?}");
    }
}
