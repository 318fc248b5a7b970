//! The conductor: from the first event to the verdict, on whatever engine plays.
//!
//! Faults, then a network that has healed, a grace for what must recover, and the judgement. The oracles are asked at every instant at which
//! something happens and at each of their deadlines, and the first alarm ends the run. A run has finished once all scripts have come to their
//! ends and the grace is over; it must stay quiet for a second then, unless its play says otherwise. At the bound of the play the same is judged
//! if nobody waits for the speaker: a script that takes its own time shows nothing.

use holdtime_core::{Duration, Instant};
use holdtime_machine::Stop;

use crate::actor::{PeerState, ScriptPhase};
use crate::certificate::{SESSION, Verdict};
use crate::oracle::{Alarm, Oracles, out_of_fuel};
use crate::scenario::ExpectedEnd;
use crate::stage::cast::Cast;
use crate::stage::engine::Engine;
use crate::stage::run::Detour;

/// How long all must be quiet after everything has finished, so that what should rest can show that it does.
pub(super) const REST: Duration = Duration::from_secs(1);

/// RFC 4271 §10's ConnectRetryTime.
const CONNECT_RETRY: Duration = Duration::from_secs(120);

/// The verdict, and when everything had finished or the alarm sounded.
type Ended = (Verdict, Instant);

/// Plays until the verdict is clear.
///
/// # Errors
/// The engine has failed.
pub(super) fn play_out(cast: &Cast<'_>, engine: &mut impl Engine, turns: &[Detour]) -> Result<Ended, String> {
    match play_to(cast, engine, turns, Instant::MAX)? {
        Some(ended) => Ok(ended),
        None => Ok((unfinished(cast, engine), engine.now())),
    }
}

/// Plays until the verdict is clear, or until this instant, at which there is none.
///
/// # Errors
/// The engine has failed.
pub(super) fn play_to(
    cast: &Cast<'_>,
    engine: &mut impl Engine,
    turns: &[Detour],
    until: Instant,
) -> Result<Option<Ended>, String> {
    let bound = Instant::ZERO + cast.play.run_for;
    let recovered = recovered(cast);
    let mut finished: Option<Instant> = None;
    let mut turn = Turning::of(turns);
    let refused = || cast.programs.refused().map_or(Ok(()), Err);
    turn.take(cast, Instant::ZERO);
    // The first turns, without which nothing is due.
    engine.run_until(Instant::ZERO)?;
    loop {
        refused()?;
        let now = engine.now();
        turn.take(cast, now);
        let phase = cast.phase();
        if let Some(ended) = end_now(cast, engine, phase) {
            return Ok(Some(ended));
        }
        let done = now >= recovered && phase == ScriptPhase::Finished;
        finished = if done { finished.or(Some(now)) } else { None };
        if let Some(at) = finished.filter(|_| !cast.play.rests) {
            return Ok(Some((Verdict::Pass, at)));
        }
        let rest = finished.map_or(Instant::MAX, |at| at + REST);
        if let Some(at) = finished.filter(|_| now >= rest.min(bound)) {
            return Ok(Some(end_at_rest(cast, engine, at)));
        }
        if now >= bound {
            return Ok(Some(end_at_bound(cast, engine)));
        }
        if now >= until {
            return Ok(None);
        }
        let next = engine.next_due().unwrap_or(Instant::MAX);
        let asked = cast.next_question(now).unwrap_or(Instant::MAX);
        let grace = if now < recovered { recovered } else { Instant::MAX };
        let limit = bound.min(until).min(rest).min(asked).min(grace).min(turn.last).min(next.max(now));
        if engine.run_until(limit)? == Stop::Quiet && finished.is_none() && asked == Instant::MAX {
            // Nothing will ever happen again: look once more, then give up now rather than at the bound.
            let phase = cast.phase();
            if let Some(ended) = end_now(cast, engine, phase) {
                return Ok(Some(ended));
            }
            if phase != ScriptPhase::Finished {
                return Ok(Some(end_at_bound(cast, engine)));
            }
        }
    }
}

/// Turns that are still to be taken, in the order of their times.
struct Turning<'t> {
    turns: &'t [Detour],
    /// The last instant before the next one.
    last: Instant,
}

impl<'t> Turning<'t> {
    fn of(turns: &'t [Detour]) -> Self {
        let before = |turn: &Detour| turn.at.as_nanos().saturating_sub(1);
        let last =
            turns.first().map_or(Instant::MAX, |turn| Instant::ZERO + Duration::from_nanos(before(turn)));
        Self { turns, last }
    }

    /// Takes those before which all has happened.
    fn take(&mut self, cast: &Cast<'_>, now: Instant) {
        while let Some((turn, rest)) = self.turns.split_first()
            && now >= self.last
            && (now > Instant::ZERO || turn.at == Instant::ZERO)
        {
            cast.choices.turn_to(&turn.choices);
            *self = Self::of(rest);
        }
    }
}

/// Where every script stands.
pub(super) fn standing(cast: &Cast<'_>) -> Vec<String> {
    let stood = cast.everybody().map(|(who, state)| match state {
        PeerState::Waiting { step, since, .. } => format!("{who} at `{step}` since {since}"),
        PeerState::Finished => format!("{who} at the end of its script"),
        PeerState::Failed(why) => format!("{who} failed {}", why.lines().next().unwrap_or_default()),
    });
    stood.chain(cast.never_started().map(|command| format!("program {command} was never started"))).collect()
}

/// What ends the run at once: a crash, an alarm, a script that failed.
fn end_now(cast: &Cast<'_>, engine: &impl Engine, phase: ScriptPhase) -> Option<Ended> {
    if let Some((process, at)) = engine.spins()
        && let Some(index) = cast.speakers.iter().position(|seat| seat.process == process)
    {
        let alarm = out_of_fuel(at);
        let certificate = cast.certify(engine, index, &alarm);
        return Some((Verdict::Hang { alarm, certificate }, at));
    }
    if let Some((what, at)) = engine.crash() {
        return Some((Verdict::Crashed(what), at));
    }
    let now = engine.now();
    let hang = alarmed(cast, engine, |oracles| oracles.judge(now));
    let failure = || if phase == ScriptPhase::Failed { failure(cast) } else { None };
    hang.or_else(|| failure().or_else(|| lost(cast)).map(|verdict| (verdict, now)))
}

/// Nothing brings a session back that was never to end.
fn lost(cast: &Cast<'_>) -> Option<Verdict> {
    let never = cast.play.ends == Some(ExpectedEnd::Never) && cast.play.up.is_none();
    let why = if never { cast.course().lost()? } else { return None };
    Some(Verdict::Failed { who: SESSION.to_owned(), why })
}

/// What a second of quiet shows.
fn end_at_rest(cast: &Cast<'_>, engine: &impl Engine, finished: Instant) -> Ended {
    let now = engine.now();
    let mistake = || {
        let course = cast.course();
        if engine.ends_as_linux_does() { course.mistake(cast.play) } else { course.untimely(cast.play) }
    };
    alarmed(cast, engine, |oracles| oracles.judge_at_rest(now)).unwrap_or_else(|| match mistake() {
        Some(why) => (Verdict::Failed { who: SESSION.to_owned(), why }, now),
        None => (Verdict::Pass, finished),
    })
}

/// The first speaker's alarm that sounds, and its certificate.
fn alarmed(
    cast: &Cast<'_>,
    engine: &impl Engine,
    judge: impl Fn(&mut Oracles) -> Option<Alarm>,
) -> Option<Ended> {
    cast.speakers.iter().enumerate().find_map(|(index, seat)| {
        let alarm = judge(seat.watch.borrow_mut().sink())?;
        let (at, certificate) = (alarm.at, cast.certify(engine, index, &alarm));
        Some((Verdict::Hang { alarm, certificate }, at))
    })
}

/// What the bound of the play shows, or that nothing will ever happen again.
fn end_at_bound(cast: &Cast<'_>, engine: &impl Engine) -> Ended {
    let now = engine.now();
    if cast.is_awaited() {
        return (unfinished(cast, engine), now);
    }
    end_at_rest(cast, engine, now)
}

/// When everything must have recovered from the faults: after the last one a session that nobody knows to be dead is held for the hold time,
/// and the next attempt may be a ConnectRetryTime away. Of faults that last to the end nothing recovers.
fn recovered(cast: &Cast<'_>) -> Instant {
    let play = cast.play;
    let healed = play.healed().filter(|_| play.rests && !play.faults.is_empty());
    let hold_times = cast.speakers.iter().flat_map(|seat| &seat.setup.config.neighbors);
    let longest = hold_times.map(|neighbor| neighbor.hold_time).max().unwrap_or_default();
    let grace = Duration::from_secs(longest.into()) + CONNECT_RETRY;
    healed.map_or(Instant::ZERO, |healed| Instant::ZERO + healed + grace)
}

fn failure(cast: &Cast<'_>) -> Option<Verdict> {
    cast.actors().find_map(|(who, state)| match state {
        PeerState::Failed(why) => Some(Verdict::Failed { who, why }),
        _ => None,
    })
}

fn unfinished(cast: &Cast<'_>, engine: &impl Engine) -> Verdict {
    Verdict::Unfinished { waiting: waiting(cast), standstill: cast.standstill(engine) }
}

/// What holds the run up: scripts that wait, programs that nobody has started, sessions that took another course.
fn waiting(cast: &Cast<'_>) -> Vec<String> {
    let waiting = cast.actors().filter_map(|(who, state)| match state {
        PeerState::Waiting { step, since, .. } => Some(format!("{who} at `{step}` since {since}")),
        _ => None,
    });
    let missing = cast.never_started().map(|command| format!("program {command} to be started"));
    waiting.chain(missing).chain(cast.course().mistake(cast.play)).collect()
}
