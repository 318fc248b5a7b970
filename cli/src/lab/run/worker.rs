//! Plays runs on a thread of their own, so that a person who presses Ctrl-C need not wait for the end of one.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use holdtime_core::Instant;
use holdtime_machine::trace::{Observer, Step};
use holdtime_sim::report;
use holdtime_sim::report::pcap::Capture;
use holdtime_sim::report::{Experiment, Parting};
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{Defect, SubjectRef};
use holdtime_sim::timeline::Timeline;

use crate::progress::Progress;

/// Steps between two looks at the clock.
const STEPS: u32 = 4096;

/// One run to play.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) reactor: SubjectRef,
    pub(super) seed: u64,
}

/// What is wanted of a run besides its outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// A second run, whose hash must be the same.
    pub(super) check: bool,
    /// The log of the first run.
    pub(super) log: bool,
    pub(super) pcap: bool,
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct PlayedJob {
    pub(super) reactor: SubjectRef,
    pub(super) seed: u64,
    pub(super) outcome: Outcome,
    /// Where the second run parted from the first, if it did.
    pub(super) second: Option<Parting>,
    pub(super) timeline: Option<Timeline>,
    pub(super) capture: Option<Capture>,
}

impl PlayedJob {
    pub(super) fn is_expected(&self, experiment: &Experiment) -> bool {
        self.second.is_none()
            && report::is_expected(&self.outcome.verdict, experiment.expected(self.reactor.name()))
    }
}

/// Plays the jobs one after the other; what came of each can be received. Every `seconds` of virtual time is one job's share of the
/// progress.
pub(super) fn start(
    experiment: Arc<Experiment>,
    jobs: impl IntoIterator<Item = Job> + Send + 'static,
    wanted: Wanted,
    progress: Arc<Progress>,
    seconds: u64,
) -> Receiver<Result<PlayedJob, String>> {
    // What is not received is not played far ahead.
    let (sender, receiver) = sync_channel(16);
    let work = move |sender: SyncSender<Result<PlayedJob, String>>| {
        for (index, job) in jobs.into_iter().enumerate() {
            let before = seconds.saturating_mul(index as u64);
            let played = play(&experiment, job, wanted, &progress, before);
            progress.set(before.saturating_add(seconds));
            if sender.send(played).is_err() {
                return;
            }
        }
    };
    // The thread is never joined: it ends with its work, or with the process.
    std::thread::spawn(move || work(sender));
    receiver
}

fn play(
    experiment: &Experiment,
    job: Job,
    wanted: Wanted,
    progress: &Arc<Progress>,
    before: u64,
) -> Result<PlayedJob, String> {
    let run = Run {
        play: &experiment.play,
        subject: job.reactor,
        defect: Defect::Present,
        choices: job.seed.into(),
    };
    let capture = Rc::new(RefCell::new(Capture::default()));
    let mut observers: Vec<Rc<RefCell<dyn Observer>>> =
        vec![Rc::new(RefCell::new(Pace { progress: progress.clone(), before, steps: 0 }))];
    if wanted.pcap {
        observers.push(capture.clone());
    }
    let (outcome, timeline, second) = if wanted.check {
        let (outcome, timeline, second) = report::twice(&run, &observers)?;
        (outcome, Some(timeline), second)
    } else if wanted.log || wanted.pcap {
        let (outcome, timeline) = run.go_logged(&observers)?;
        (outcome, Some(timeline), None)
    } else {
        (run.go_watched(&observers)?, None, None)
    };
    let capture = wanted.pcap.then(|| capture.take());
    Ok(PlayedJob { reactor: job.reactor, seed: job.seed, outcome, second, timeline, capture })
}

/// Tells how far the virtual clock has come.
struct Pace {
    progress: Arc<Progress>,
    before: u64,
    steps: u32,
}

impl Observer for Pace {
    fn on_step(&mut self, at: Instant, _step: &Step<'_>) {
        self.steps += 1;
        if self.steps == STEPS {
            self.steps = 0;
            self.progress.set(self.before.saturating_add(at.as_nanos() / 1_000_000_000));
        }
    }
}
