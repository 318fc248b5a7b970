//! The verdict on a daemon: what was seen first, and then whether that is what the clause requires.

use std::fmt;

use holdtime_core::{Duration, Instant};
use serde::{Deserialize, Serialize};

use super::requirement::{Must, Requirement, Since};
use super::sightings::{HowEnded, SeenConnection, SeenEnd, Sightings};
use crate::actor::PeerState;

/// How much earlier than required a daemon may be: some count time in whole seconds.
pub const EARLY: Duration = Duration::from_secs(1);
/// How much later: such a second, a main loop that looks at its timers every three seconds, and what this machine takes to hear of it.
pub const LATE: Duration = Duration::from_secs(4);
/// How long a peer may take to read what was said before a socket was closed, and it takes to see that a process has died and so
/// closed its sockets.
const READING: Duration = Duration::from_millis(500);

/// What is said of a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeVerdict {
    /// It did what the clause requires.
    Pass,
    /// It did not.
    Fail,
    /// It was not looked on for as long as the clause gives it.
    Undecided,
    /// What the clause is about did not come about.
    NotApplicable,
}

impl fmt::Display for ProbeVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Undecided => "undecided",
            Self::NotApplicable => "n/a",
        })
    }
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: ProbeVerdict,
    /// What was seen, in a few words.
    pub seen: String,
    /// Why the verdict is that, where what was seen does not say it.
    pub why: String,
    /// When it happened, counted from what times count from.
    pub after: Option<Duration>,
    /// Whether that is a time that the clause is about, which another run must come near to.
    pub is_timed: bool,
}

impl Judgement {
    pub(super) fn new(verdict: ProbeVerdict, seen: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict, seen: seen.into(), why: why.into(), after: None, is_timed: false }
    }

    fn after(self, after: Duration) -> Self {
        Self { after: Some(after), ..self }
    }

    fn timed(self) -> Self {
        Self { is_timed: true, ..self }
    }
}

/// The verdict, once there is one; `is_over`: nobody looks on any longer.
pub fn judge(wanted: &Requirement, seen: &Sightings, now: Instant, is_over: bool) -> Option<Judgement> {
    let other = wanted.or.and_then(|(code, subcode)| {
        let how = HowEnded::Notification(code, subcode);
        let mut of_peer = of_peer(wanted, seen).filter_map(|one| Some((one, one.end.as_ref()?)));
        let (one, end) = of_peer.find(|(_, end)| end.how == how)?;
        let after = end.at.saturating_since(one.at);
        Some(Judgement::new(ProbeVerdict::Pass, format!("{how}"), "which is right too").after(after).timed())
    });
    let judgement = other.or_else(|| match wanted.must {
        Must::End(how) => end(wanted, how, seen, now, is_over),
        Must::Stay => stay(wanted, seen, is_over),
    })?;
    Some(not_applicable(wanted, seen).unwrap_or(judgement))
}

fn of_peer<'s>(wanted: &Requirement, seen: &'s Sightings) -> impl Iterator<Item = &'s SeenConnection> {
    let peer = wanted.peer;
    seen.connections.iter().filter(move |one| one.peer == peer)
}

/// The connection that a requirement is about: the last session, else the last on which there was an OPEN, else the last.
fn subject<'s>(wanted: &Requirement, seen: &'s Sightings) -> Option<&'s SeenConnection> {
    let all = || of_peer(wanted, seen);
    match wanted.since {
        // The daemon may have dialled again since.
        Since::Connected => all().find(|one| one.open.is_some()).or_else(|| all().next()),
        _ => {
            let opened = || all().filter(|one| one.open.is_some()).last();
            all().filter(|one| one.up().is_some()).last().or_else(opened).or_else(|| all().last())
        }
    }
}

/// Why the clause says nothing about what was seen.
fn not_applicable(wanted: &Requirement, seen: &Sightings) -> Option<Judgement> {
    let no = |why: String| Some(Judgement::new(ProbeVerdict::NotApplicable, "it did not come about", why));
    let all = || of_peer(wanted, seen);
    if all().next().is_none() {
        let waits = seen.scripts.get(wanted.peer).is_some_and(
            |script| matches!(&script.state, PeerState::Waiting { step, .. } if step == "accept"),
        );
        return if waits { no("the daemon has not dialled the peer".to_owned()) } else { None };
    }
    if wanted.since != Since::Connected && all().all(|one| one.open.is_none()) {
        let last = all().filter_map(|one| one.end.as_ref()).last();
        let how = last.map_or("nothing else happened".to_owned(), |end| format!("the last end: {}", end.how));
        return no(format!("the daemon has sent no OPEN; {how}"));
    }
    if wanted.refresh && all().filter_map(|one| one.open).all(|open| !open.refresh) {
        return no("the daemon does not offer route refresh".to_owned());
    }
    if wanted.stalls && !seen.sees_sockets {
        return no("the daemon's sockets cannot be looked at, and its peer, which does not read, cannot see their end".to_owned());
    }
    if wanted.stalls && seen.connections.iter().all(|one| one.stalled.is_none()) {
        let ended = all().any(|one| matches!(&one.end, Some(end) if matches!(end.how, HowEnded::Socket(_))));
        if !ended {
            return no(
                "nothing stayed unsent: what the daemon had to send fitted into the buffers".to_owned()
            );
        }
    }
    None
}

fn end(
    wanted: &Requirement,
    how: Option<(u8, Option<u8>)>,
    seen: &Sightings,
    now: Instant,
    is_over: bool,
) -> Option<Judgement> {
    let within = wanted.within.unwrap_or(Duration::ZERO);
    let Some(one) = subject(wanted, seen) else {
        return is_over.then(|| unfinished(seen));
    };
    let start = match wanted.since {
        Since::Start => Some(Instant::ZERO),
        Since::Connected => Some(one.at),
        Since::LastMessage => one.sent.map(|(at, _)| at),
        Since::Stalled => one.stalled.map(|(since, _)| since),
        Since::Signal => seen.signalled,
    };
    let Some(start) = start else {
        return match &one.end {
            Some(end) => {
                Some(Judgement::new(ProbeVerdict::Fail, end.how.to_string(), "before what it is to follow"))
            }
            None => is_over.then(|| unfinished(seen)),
        };
    };
    let Some(end) = &one.end else {
        let held = now.saturating_since(start);
        let due = within + LATE;
        let still = "still up";
        if !is_over {
            return None;
        }
        if held > due {
            let why = format!("it had to end within {} s", within.as_secs());
            return Some(Judgement::new(ProbeVerdict::Fail, still, why).after(held));
        }
        let why = format!("{} s are given, and nobody looked on for so long", within.as_secs());
        return Some(Judgement::new(ProbeVerdict::Undecided, still, why).after(held));
    };
    if now < end.at + READING && !is_over {
        return None;
    }
    Some(ended(wanted, how, end, start))
}

/// An end that was seen.
fn ended(wanted: &Requirement, how: Option<(u8, Option<u8>)>, end: &SeenEnd, start: Instant) -> Judgement {
    let after = end.at.saturating_since(start);
    let within = wanted.within.unwrap_or(Duration::ZERO);
    let is_right = match (how, &end.how) {
        (None, _) => true,
        (Some((code, subcode)), HowEnded::Notification(c, s)) => {
            code == *c && subcode.is_none_or(|one| one == *s)
        }
        (Some(_), _) => false,
    };
    let early = wanted.after.filter(|least| after + EARLY < *least);
    let seen = end.how.to_string();
    let judgement = match (is_right, early) {
        (false, _) => Judgement::new(ProbeVerdict::Fail, seen, "another end is required"),
        (true, Some(least)) => {
            let why = format!("too early: {} s are to pass", least.as_secs());
            Judgement::new(ProbeVerdict::Fail, seen, why)
        }
        (true, None) if after > within + LATE => {
            let why = format!("too late: it had to end within {} s", within.as_secs());
            Judgement::new(ProbeVerdict::Fail, seen, why)
        }
        (true, None) => Judgement::new(ProbeVerdict::Pass, seen, ""),
    };
    judgement.after(after).timed()
}

fn stay(wanted: &Requirement, seen: &Sightings, is_over: bool) -> Option<Judgement> {
    let failed = seen.scripts.iter().find_map(|script| match &script.state {
        PeerState::Failed(why) => Some(format!("{} {}", script.peer, why.lines().next().unwrap_or_default())),
        _ => None,
    });
    let is_finished = seen.scripts.iter().all(|script| script.state == PeerState::Finished);
    if failed.is_none() && !is_finished && !is_over {
        return None;
    }
    let ends: Vec<&SeenEnd> = of_peer(wanted, seen).filter_map(|one| one.end.as_ref()).collect();
    let Some(one) = of_peer(wanted, seen).filter(|one| one.is_up()).last() else {
        let seen_end = ends.last().map_or("no session".to_owned(), |end| end.how.to_string());
        let lived =
            of_peer(wanted, seen).filter_map(|one| Some(one.end.as_ref()?.at.saturating_since(one.up()?)));
        let judgement = Judgement::new(
            ProbeVerdict::Fail,
            seen_end,
            failed.unwrap_or_else(|| "and the session was to stay".to_owned()),
        );
        return Some(match lived.last() {
            Some(lived) => judgement.after(lived),
            None => judgement,
        });
    };
    let up = one.up().unwrap_or(one.at);
    let told = match ends.first() {
        Some(end) => format!("up after {}", end.how),
        None => "up".to_owned(),
    };
    let told = if wanted.routes > 0 { format!("{told}, {} routes", one.prefixes.len()) } else { told };
    let hold = one.open.map_or(0, |open| open.hold);
    let late = wanted.within.filter(|within| up > Instant::ZERO + *within + LATE);
    let wrong = if let Some(failed) = failed {
        Some(failed)
    } else if !is_finished {
        return Some(unfinished(seen));
    } else if one.prefixes.len() < wanted.routes {
        Some(format!("{} routes are to come", wanted.routes))
    } else if let Some(most) = wanted.keepalives.filter(|most| one.keepalives > *most) {
        Some(format!("{} KEEPALIVEs came, and at most {most} may", one.keepalives))
    } else if hold > 0 && one.gap > Duration::from_secs(hold.into()) {
        Some(format!("nothing came for {:.1} s", one.gap.as_secs_f64()))
    } else {
        late.map(|within| format!("too late: it had to be up within {} s", within.as_secs()))
    };
    let verdict = if wrong.is_some() { ProbeVerdict::Fail } else { ProbeVerdict::Pass };
    let judgement = Judgement::new(verdict, told, wrong.unwrap_or_default());
    let judgement = judgement.after(up.saturating_since(Instant::ZERO));
    // Without a bound nobody minds how long a daemon takes to start.
    Some(if wanted.within.is_some() { judgement.timed() } else { judgement })
}

/// What is said when the time is over and a script is not.
fn unfinished(seen: &Sightings) -> Judgement {
    let waiting = seen.scripts.iter().find_map(|script| match &script.state {
        PeerState::Waiting { step, since, .. } => {
            Some((format!("{} waits at `{step}`", script.peer), *since))
        }
        _ => None,
    });
    let (why, since) = waiting.unwrap_or_default();
    Judgement::new(ProbeVerdict::Fail, "nothing more happened", format!("{why} since {since}"))
}
