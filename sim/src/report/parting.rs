//! Whether a run is the same the second time, and the first event of its log at which it is not.

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_machine::trace::Observer;

use crate::report::trace::told;
use crate::stage::{Outcome, Run};
use crate::timeline::Timeline;

/// Where the second run of the same parted from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// The hash of the second run.
    pub hash: u64,
    /// The first event of their logs that is another one, counted from 1; behind the last one where all are the same.
    pub event: usize,
    /// What happened there in the first run; `None`: it was over.
    pub once: Option<String>,
    /// What happened in the second; `None`: it was over.
    pub then: Option<String>,
}

/// Plays a run twice; these observers are told of the first one alone, whose log comes with it.
///
/// # Errors
/// As [`Run::go`].
pub fn twice(
    run: &Run<'_>,
    observers: &[Rc<RefCell<dyn Observer>>],
) -> Result<(Outcome, Timeline, Option<Parting>), String> {
    let (outcome, timeline) = run.go_logged(observers)?;
    let (again, other) = run.go_logged(&[])?;
    if again.hash == outcome.hash {
        return Ok((outcome, timeline, None));
    }
    let same = timeline.events.iter().zip(&other.events).take_while(|(one, two)| one == two).count();
    let at = |timeline: &Timeline| timeline.events.get(same).map(|event| told(timeline, event));
    let parting = Parting { hash: again.hash, event: same + 1, once: at(&timeline), then: at(&other) };
    Ok((outcome, timeline, Some(parting)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use holdtime_core::Speaker;
    use holdtime_core::speaker::Setup;
    use holdtime_reactor::{AsyncHost, EventLog, poll};

    use super::*;
    use crate::scenario;
    use crate::subject::{self, Defect, Deviation, Reactor, Start, Subject};

    static RUNS: AtomicU64 = AtomicU64::new(0);

    /// What ships, but for a seed that is another one in every run.
    struct Restless;

    impl Reactor for Restless {
        const NAME: &str = "restless";
        const SUMMARY: &str = "draws its jitter from what no seed says";
        const DEVIATION: Deviation = Deviation::Reactor;

        fn set_up(setup: &mut Setup, _defect: Defect) {
            setup.seed = RUNS.fetch_add(1, Ordering::Relaxed);
        }

        async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
            poll::run(host, Speaker::new(start.now, start.setup), start.recorder).await
        }
    }

    fn parting(subject: &dyn Subject) -> Option<Parting> {
        let play = scenario::find("silent-when-established").unwrap().play;
        let run = Run { play: &play, subject, defect: Defect::Present, choices: 0.into() };
        let (outcome, _, parting) = twice(&run, &[]).unwrap();
        assert_eq!(outcome.verdict, crate::certificate::Verdict::Pass);
        parting
    }

    #[test]
    fn a_run_that_is_the_same_again_parts_nowhere() {
        assert_eq!(parting(subject::POLL), None);
    }

    #[test]
    fn a_run_that_is_another_one_again_is_shown_where_it_parts() {
        let parting = parting(&Restless).unwrap();
        let (once, then) = (parting.once.unwrap(), parting.then.unwrap());
        assert_ne!(once, then);
        assert!(parting.event > 1 && then.contains("speaker"), "{then}");
    }
}
