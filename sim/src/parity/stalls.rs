//! Stalls that are played on this machine's network and in the lab, and both courses side by side: whether the lab ends a session
//! when, and as, the real one ends. The live half is the command line's; here is what is played, the half in the lab and the table.

use std::fmt;

use holdtime_core::speaker::ExitStatus;
use holdtime_core::{Duration, Instant};

use crate::observe::course::Course;
use crate::observe::life::Ending;
use crate::replay::course::RecordedCourse;
use crate::scenario::mistake::Source;
use crate::scenario::script::{PeerScript, PeerStep};
use crate::scenario::{self, Actor, FaultKind, NoScenario, Play, Scenario};
use crate::stage::Run;
use crate::subject::{self, Defect, SubjectRef};

static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/stalls.rs"));

/// How far apart both sides may say that something happened: the lab's latency, and half of the second in which BGP's timers count
/// (RFC 4271 §10). Starting processes, and a program's many commands, cost this machine some tenths of one.
pub const TOLERANCE: Duration = Duration::from_millis(500);

/// The names of the stalls.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(|(name, _)| name.strip_suffix(".toml"))
}

/// The stall of this name.
///
/// # Errors
/// There is none; or, which a test rules out, its file is wrong.
pub fn find(name: &str) -> Result<Scenario, NoScenario> {
    let known = FILES.iter().find(|(known, _)| known.strip_suffix(".toml") == Some(name));
    let Some((file, text)) = known else {
        let nearest = scenario::mistake::nearest(name, &names().collect::<Vec<_>>());
        return Err(NoScenario::Unknown { name: name.to_owned(), nearest });
    };
    scenario::read(&Source::new(*file, *text), |_| None, &subject::names()).map_err(NoScenario::Wrong)
}

/// What of a play can only be played in the lab; `None`: all of it can be played live.
pub fn refused(play: &Play) -> Option<String> {
    let faults = play.faults.iter().find_map(|fault| match fault.kind {
        FaultKind::Cut { .. } | FaultKind::Suspend { .. } | FaultKind::Signal { .. } => None,
        FaultKind::Clock { .. } => Some("a clock that jumps"),
        FaultKind::Path { .. } => Some("a path that is worse than this machine's"),
        FaultKind::Power { .. } => Some("a machine without power"),
        FaultKind::Restart { .. } => Some("a speaker that is started again"),
    });
    let mut scripts = play.peers.iter().filter_map(|peer| match &peer.actor {
        Actor::Script { script, .. } => Some(script),
        Actor::Check(_) => None,
    });
    let steps = |script: &PeerScript| {
        let mut steps = (0..).map_while(|index| script.step(index));
        let step = steps.find(|(step, _)| matches!(step, PeerStep::Vanish | PeerStep::Clock { .. }));
        step.map(|(_, text)| format!("the step `{text}`"))
    };
    let step = scripts.find_map(steps);
    let several = (play.speakers.len() != 1).then(|| "several speakers".to_owned());
    let client = play.clients.first().map(|_| "a command-line client".to_owned());
    faults.map(str::to_owned).or(step).or(several).or(client)
}

/// How a stall came out on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StallSide {
    /// `pass`, an oracle's code, `failed` or `unfinished`.
    pub verdict: String,
    /// Why, where it is not `pass`.
    pub why: String,
    /// What became of the session.
    pub course: Course,
}

/// How far the script of a peer came live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stood {
    /// To its end.
    Finished,
    /// To this step.
    Waiting(String),
    /// It saw something that must not be.
    Failed(String),
}

impl StallSide {
    /// Plays a stall in the lab.
    ///
    /// # Errors
    /// The configuration is wrong; the text says where.
    pub fn in_lab(play: &Play, reactor: SubjectRef, seed: u64) -> Result<Self, String> {
        let outcome = Run { play, subject: reactor, defect: Defect::Present, choices: seed.into() }.go()?;
        let verdict = outcome.verdict.code().to_owned();
        Ok(Self { verdict, why: outcome.standing.join("; "), course: outcome.course })
    }

    /// Judges what was recorded live as the lab judges: scripts that failed, the session's course, scripts that still wait. A
    /// program tells that its script failed by ending with 1, and nothing else of what it has not done yet.
    pub fn live(play: &Play, recorded: &RecordedCourse, stood: &[(String, Stood)]) -> Self {
        let failed = stood.iter().find_map(|(name, stood)| match stood {
            Stood::Failed(why) => Some(format!("peer {name} {why}")),
            _ => None,
        });
        let program = recorded.exits.contains(&ExitStatus::Code(1));
        let failed = failed.or(program.then(|| "a program failed".to_owned()));
        let mistake = || recorded.course.mistake(play);
        let waiting = || {
            stood.iter().find_map(|(name, stood)| match stood {
                Stood::Waiting(step) => Some(format!("peer {name} at `{step}`")),
                _ => None,
            })
        };
        let (verdict, why) = match failed.or_else(mistake) {
            Some(why) => ("failed", why),
            None => waiting().map_or(("pass", String::new()), |why| ("unfinished", why)),
        };
        Self { verdict: verdict.to_owned(), why, course: recorded.course }
    }
}

/// One stall on one reactor.
#[derive(Clone, Debug)]
pub struct StallRow {
    /// The stall.
    pub name: String,
    /// The reactor.
    pub reactor: SubjectRef,
    /// On this machine's network.
    pub live: StallSide,
    /// In the lab.
    pub lab: StallSide,
}

impl StallRow {
    /// How far apart the session's ends are, or its beginnings, whichever is more; `None`: one side has what the other has not.
    pub fn apart(&self) -> Option<Duration> {
        let apart = |one: Option<Instant>, other: Option<Instant>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_since(other).max(other.saturating_since(one))),
            (None, None) => Some(Duration::ZERO),
            _ => None,
        };
        let (live, lab) = (&self.live.course, &self.lab.course);
        let same = |end: Option<Ending>| end.map(|end| how(&end));
        if same(live.end) != same(lab.end) || live.is_up != lab.is_up {
            return None;
        }
        let ends = apart(live.end.map(|end| end.at()), lab.end.map(|end| end.at()))?;
        Some(apart(live.up, lab.up)?.max(ends))
    }

    /// Whether both sides agree.
    pub fn agrees(&self) -> bool {
        self.live.verdict == self.lab.verdict && self.apart().is_some_and(|apart| apart <= TOLERANCE)
    }
}

fn how(end: &Ending) -> String {
    match end {
        Ending::Notification(_, code, subcode) => format!("{code}/{subcode}"),
        Ending::Close(..) => "close".to_owned(),
        Ending::Superseded(_) => "superseded".to_owned(),
    }
}

fn told(side: &StallSide) -> String {
    let seconds = |at: Instant| format!("{:.3}", Duration::from_nanos(at.as_nanos()).as_secs_f64());
    let up = side.course.up.map_or("never up".to_owned(), |at| format!("up {}", seconds(at)));
    let end =
        side.course.end.map_or("no end".to_owned(), |end| format!("{} {}", how(&end), seconds(end.at())));
    format!("{}, {up}, {end}", side.verdict)
}

/// All stalls.
#[derive(Clone, Debug, Default)]
pub struct StallTable {
    /// Row by row.
    pub rows: Vec<StallRow>,
    /// What was not played live, and why.
    pub skipped: Vec<(String, String)>,
}

impl StallTable {
    /// Whether every row agrees.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(StallRow::agrees)
    }
}

impl fmt::Display for StallTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(5);
        writeln!(f, "{:8} {:width$}  {:5}  {:36}  {:36}  apart", "", "stall", "", "live (s)", "lab (s)")?;
        for row in &self.rows {
            let word = if row.agrees() { "same" } else { "DIFFERS" };
            let apart = row.apart().map_or("-".to_owned(), |apart| format!("{:.3}", apart.as_secs_f64()));
            let (live, lab, reactor) = (told(&row.live), told(&row.lab), row.reactor.name());
            writeln!(f, "{word:8} {:width$}  {reactor:5}  {live:36}  {lab:36}  {apart}", row.name)?;
            for (side, why) in [("live", &row.live.why), ("lab", &row.lab.why)] {
                if !row.agrees() && !why.is_empty() {
                    writeln!(f, "           {side}: {why}")?;
                }
            }
        }
        for (name, why) in &self.skipped {
            writeln!(f, "skipped  {name}: {why}")?;
        }
        let same = self.rows.iter().filter(|row| row.agrees()).count();
        let (all, skipped) = (self.rows.len(), self.skipped.len());
        let tolerance = TOLERANCE.as_millis();
        write!(f, "{all} rows: {same} the same within {tolerance} ms, {} not, {skipped} skipped", all - same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::SessionEnd;

    #[test]
    fn every_stall_passes_in_the_lab_on_both_reactors_from_every_seed() {
        for name in names() {
            let scenario = find(name).unwrap();
            for reactor in subject::SHIPPED {
                for seed in 0..3 {
                    let side = StallSide::in_lab(&scenario.play, reactor, seed).unwrap();
                    assert_eq!(side.verdict, "pass", "{name} on {reactor}, seed {seed}: {side:?}");
                }
            }
        }
    }

    #[test]
    fn every_stall_can_be_played_live_and_states_how_it_ends() {
        assert!(names().count() >= 20);
        for name in names() {
            let scenario = find(name).unwrap();
            assert_eq!(refused(&scenario.play), None, "{name}");
            // A session that never begins has no end.
            assert!(scenario.play.ends.is_some() || name.ends_with("-for-ever"), "{name}");
            assert!(scenario.play.run_for <= Duration::from_secs(75), "{name} takes all others' time");
        }
    }

    fn row(live: Course, lab: Course) -> StallRow {
        let side = |course| StallSide { verdict: "pass".into(), why: String::new(), course };
        StallRow { name: "one".into(), reactor: subject::POLL, live: side(live), lab: side(lab) }
    }

    #[test]
    fn sides_agree_when_both_end_alike_and_about_when() {
        let ends = |end| Course { end: Some(end), ..Course::default() };
        let at = Instant::from_millis;
        let early = ends(Ending::Notification(at(3_000), 4, 0));
        assert!(row(early, ends(Ending::Notification(at(3_500), 4, 0))).agrees());
        assert!(!row(early, ends(Ending::Notification(at(3_501), 4, 0))).agrees());
        assert!(!row(early, ends(Ending::Notification(at(3_000), 6, 0))).agrees());
        assert!(!row(early, ends(Ending::Close(at(3_000), SessionEnd::Peer))).agrees());
        assert!(!row(early, Course::default()).agrees());
        assert!(!row(Course { is_up: true, ..early }, early).agrees());
        let up = |millis| Course { up: Some(at(millis)), is_up: true, ..Course::default() };
        assert!(row(up(10), up(500)).agrees());
        assert!(!row(up(10), up(511)).agrees());
    }
}
