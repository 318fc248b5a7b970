//! The suite over real TCP: `holdtime serve` as a child process for each case, the checking peer in this one.

mod machine;
mod paced;
mod scratch;
mod speaker;

use std::cell::RefCell;
use std::fs;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use holdtime_sim::actor::{CheckingPeer, PeerRun, PeerState, Pieces, drive_peer};
use holdtime_sim::scenario::PeerPlace;
use holdtime_sim::subject::{self, SubjectRef};
use holdtime_sim::suite::{Case, CaseResult, Folder, LIMIT};

use super::pictures;
use super::suite_args::SuiteArgs;
use crate::console::Console;
use crate::error::CliError;
use crate::lab::parallel::Pool;
use machine::{LiveEnd, LiveMachine, SeenCase};
use paced::{Pace, PacedPeer};
pub(super) use scratch::Scratch;
use speaker::Whom;
pub(crate) use speaker::on_unix;

/// How many cases are played at a time where nothing else is said: they mostly wait.
const LIVE_JOBS: usize = 8;

/// Every case on every reactor.
pub(super) fn run(
    folder: &dyn Folder,
    cases: &[Case],
    reactors: &[SubjectRef],
    args: &SuiteArgs,
    console: &Console,
) -> Result<Vec<CaseResult>, CliError> {
    let scratch = Scratch::fill(folder)?;
    let jobs: Vec<(SubjectRef, &Case)> =
        reactors.iter().flat_map(|reactor| cases.iter().map(|case| (*reactor, case))).collect();
    let results = at_once(&jobs, args, console, |(reactor, case)| {
        let file = scratch.root.join(format!("{reactor}-{}.recording", case.name));
        let recording = args.html.is_some().then_some(file.as_path());
        let whom = args.against.as_deref().map_or(Whom::Ours(*reactor, recording), Whom::Another);
        let pace = Pace::new(args.spread, args.seed, &case.name);
        let (result, seen) = play(case, *reactor, whom, pace, &scratch.root);
        match (&args.html, &args.against) {
            (Some(folder), None) => {
                // Where the speaker did not come so far as to begin one, there is nothing to draw.
                let recording = fs::read_to_string(&file).unwrap_or_default();
                pictures::of_a_recording(folder, &result, &recording, args)?;
            }
            (Some(folder), Some(_)) => pictures::of_a_peer(folder, &result, seen.log, seen.until, args)?,
            (None, _) => {}
        }
        Ok(result)
    })?;
    results.into_iter().collect()
}

/// Every case once, with the recording of its speaker.
pub(super) fn record(
    folder: &dyn Folder,
    cases: &[&Case],
    args: &SuiteArgs,
    console: &Console,
) -> Result<Vec<(CaseResult, String)>, CliError> {
    let scratch = Scratch::fill(folder)?;
    at_once(cases, args, console, |case| {
        let file = scratch.root.join(format!("{}.recording", case.name));
        let reactor = subject::POLL;
        let whom = Whom::Ours(reactor, Some(&file));
        let (result, _) =
            play(case, reactor, whom, Pace::new(args.spread, args.seed, &case.name), &scratch.root);
        // Where the speaker did not come so far as to begin one, its case has failed.
        (result, fs::read_to_string(&file).unwrap_or_default())
    })
}

/// Does all the jobs, `--jobs` at a time, and returns what came of each in their order.
fn at_once<J: Sync, R: Send>(
    jobs: &[J],
    args: &SuiteArgs,
    console: &Console,
    work: impl Fn(&J) -> R + Sync,
) -> Result<Vec<R>, CliError> {
    let bar = console.progress("cases", jobs.len() as u64);
    let pool = Pool::new(args.jobs.map_or(LIVE_JOBS, NonZeroUsize::get).min(jobs.len().max(1)))?;
    let results = pool.each(jobs, &bar, work);
    bar.finish_and_clear();
    Ok(results.into_iter().flatten().collect())
}

/// What came of one case, and what its peer saw.
fn play(case: &Case, reactor: SubjectRef, whom: Whom<'_>, pace: Pace, root: &Path) -> (CaseResult, SeenCase) {
    let began = Instant::now();
    let mut seen = SeenCase::default();
    let (code, why) = match play_out(case, whom, pace, root, &mut seen) {
        Ok(()) => ("pass", String::new()),
        Err((code, why)) => (code, why),
    };
    let result = CaseResult {
        case: case.clone(),
        reactor,
        code: code.to_owned(),
        expected: "pass",
        why,
        details: serde_json::json!({}),
        hash: None,
        took: began.elapsed(),
    };
    (result, seen)
}

/// Plays one case to its end; else how it ended and why.
fn play_out(
    case: &Case,
    whom: Whom<'_>,
    pace: Pace,
    root: &Path,
    seen: &mut SeenCase,
) -> Result<(), (&'static str, String)> {
    let failed = |why: String| ("failed", why);
    // Another speaker may write as it likes.
    let pieces = if matches!(whom, Whom::Another(_)) { Pieces::Joined } else { Pieces::Refused };
    let peer = RefCell::new(PacedPeer::new(CheckingPeer::new(case.expectation.clone(), pieces), pace));
    let machine = LiveMachine::new(&peer, case, whom, root).map_err(|error| failed(error.to_string()))?;
    let driven = {
        // Its host blocks: it stays pending for no other reason than that the case is over.
        let driven = pin!(drive_peer(&machine, &peer, place(case), &machine));
        driven.poll(&mut Context::from_waker(Waker::noop()))
    };
    let (over, speaker, what) = machine.end();
    *seen = what;
    let ended = match (driven, over, peer.borrow().state()) {
        (Poll::Ready(Err(error)), _, _) => Err(failed(error.to_string())),
        (_, Some(LiveEnd::Interrupted), _) => Err(("interrupted", String::new())),
        (_, Some(LiveEnd::Timeout), PeerState::Waiting { step, .. }) => {
            Err(("timeout", format!("{step} still missing after {} s", LIMIT.as_secs())))
        }
        (_, _, PeerState::Failed(why)) => Err(failed(why)),
        (_, _, PeerState::Finished) => Ok(()),
        (_, _, PeerState::Waiting { step, .. }) => Err(failed(step)),
    };
    match speaker {
        Some(Ok(speaker)) => {
            let log = speaker.stop();
            ended.map_err(|(code, why)| (code, format!("{why}\n{}", last_lines(&log))))
        }
        Some(Err(why)) => Err(failed(why)),
        None => ended,
    }
}

/// Where the checking peer is: at a port that nobody has.
fn place(case: &Case) -> PeerPlace {
    let own: IpAddr = match case.expectation.options.ipv6 {
        true => Ipv6Addr::LOCALHOST.into(),
        false => Ipv4Addr::LOCALHOST.into(),
    };
    let listen = SocketAddr::new(own, 0);
    // It never dials.
    PeerPlace { listen, from: own, dial: listen }
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(8);
    lines.get(from..).unwrap_or_default().join("\n")
}
