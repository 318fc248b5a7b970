//! The conductor: from the first event to the verdict, on whatever engine plays.
//!
//! The oracles are asked at every instant at which something happens and at each of their deadlines, and the first alarm ends the
//! run. A run that has finished must stay quiet for a second, unless its play says otherwise.

use holdtime_core::{Duration, Instant};
use holdtime_machine::Stop;

use crate::actor::PeerState;
use crate::certificate::Verdict;
use crate::oracle::{Alarm, Bench};
use crate::stage::cast::Cast;
use crate::stage::engine::Engine;

/// How long all must be quiet after everything has finished, so that what should rest can show that it does.
pub(super) const REST: Duration = Duration::from_secs(1);

/// The verdict, and when everything had finished or the alarm sounded.
type Ended = (Verdict, Instant);

/// Plays until the verdict is clear.
///
/// # Errors
/// The engine has failed.
pub(super) fn play_out(cast: &Cast<'_>, engine: &mut impl Engine) -> Result<Ended, String> {
    let bound = Instant::ZERO + cast.play.run_for;
    let mut finished: Option<Instant> = None;
    // The first turns, without which nothing is due.
    engine.run_until(Instant::ZERO)?;
    loop {
        let now = engine.now();
        if let Some(ended) = end_now(cast, engine) {
            return Ok(ended);
        }
        finished = if cast.is_finished() { finished.or(Some(now)) } else { None };
        if let Some(at) = finished.filter(|_| !cast.play.rests) {
            return Ok((Verdict::Pass, at));
        }
        let rest = finished.map_or(Instant::MAX, |at| at + REST);
        if let Some(at) = finished.filter(|_| now >= rest.min(bound)) {
            return Ok(end_at_rest(cast, engine, at));
        }
        if now >= bound {
            return Ok((unfinished(cast, now), now));
        }
        let next = engine.next_due().unwrap_or(Instant::MAX);
        let asked = cast.next_question(now).unwrap_or(Instant::MAX);
        let limit = bound.min(rest).min(asked).min(next.max(now));
        if engine.run_until(limit)? == Stop::Quiet && finished.is_none() && asked == Instant::MAX {
            // Nothing will ever happen again: look once more, then give up now rather than at the bound.
            let now = engine.now();
            if let Some(ended) = end_now(cast, engine) {
                return Ok(ended);
            }
            if !cast.is_finished() {
                return Ok((unfinished(cast, now), now));
            }
        }
    }
}

/// Where every script stands.
pub(super) fn standing(cast: &Cast<'_>) -> Vec<String> {
    let stood = cast.everybody().map(|(who, state)| match state {
        PeerState::Waiting { step, since } => format!("{who} at `{step}` since {since}"),
        PeerState::Finished => format!("{who} at the end of its script"),
        PeerState::Failed(why) => format!("{who} failed {}", why.lines().next().unwrap_or_default()),
    });
    stood.chain(cast.never_started().map(|command| format!("program {command} was never started"))).collect()
}

/// What ends the run at once: a crash, an alarm, a script that failed.
fn end_now(cast: &Cast<'_>, engine: &impl Engine) -> Option<Ended> {
    if let Some((what, at)) = engine.crash() {
        return Some((Verdict::Crashed(what), at));
    }
    let now = engine.now();
    let hang = alarmed(cast, |bench| bench.judge(now));
    hang.or_else(|| failure(cast).map(|verdict| (verdict, now)))
}

/// What a second of quiet shows.
fn end_at_rest(cast: &Cast<'_>, engine: &impl Engine, finished: Instant) -> Ended {
    let now = engine.now();
    let mistake = || {
        let course = cast.course();
        if engine.ends_as_linux_does() { course.mistake(cast.play) } else { course.untimely(cast.play) }
    };
    alarmed(cast, |bench| bench.judge_at_rest(now)).unwrap_or_else(|| match mistake() {
        Some(why) => (Verdict::Failed { who: "the session".to_owned(), why }, now),
        None => (Verdict::Pass, finished),
    })
}

/// The first speaker's alarm that sounds, and its certificate.
fn alarmed(cast: &Cast<'_>, judge: impl Fn(&mut Bench) -> Option<Alarm>) -> Option<Ended> {
    cast.speakers.iter().enumerate().find_map(|(index, seat)| {
        let alarm = judge(seat.watch.borrow_mut().bench())?;
        let (at, certificate) = (alarm.at, cast.certify(index, &alarm));
        Some((Verdict::Hang { alarm, certificate }, at))
    })
}

/// The bound has come. What a peer still expects and the speaker has not sent is unsent, whatever kind of route it is.
fn unfinished(cast: &Cast<'_>, now: Instant) -> Verdict {
    let Some(alarm) = cast.unmet_expectation(now) else {
        return Verdict::Unfinished { waiting: waiting(cast) };
    };
    let certificate = cast.certify(0, &alarm);
    Verdict::Hang { alarm, certificate }
}

fn failure(cast: &Cast<'_>) -> Option<Verdict> {
    cast.actors().find_map(|(who, state)| match state {
        PeerState::Failed(why) => Some(Verdict::Failed { who, why }),
        _ => None,
    })
}

/// What holds the run up: scripts that wait, programs that nobody has started, sessions that took another course.
fn waiting(cast: &Cast<'_>) -> Vec<String> {
    let waiting = cast.actors().filter_map(|(who, state)| match state {
        PeerState::Waiting { step, since } => Some(format!("{who} at `{step}` since {since}")),
        _ => None,
    });
    let missing = cast.never_started().map(|command| format!("program {command} to be started"));
    waiting.chain(missing).chain(cast.course().mistake(cast.play)).collect()
}
