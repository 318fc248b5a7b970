//! What came of a scenario and a daemon, as it is kept, sent between processes and printed.

use serde::{Deserialize, Serialize};

use super::judge::{EARLY, Judgement, LATE, ProbeVerdict};
use super::story::{OutsideWait, story};
use super::{Probe, Sightings};

/// One scenario against one daemon.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProbeOutcome {
    /// The scenario's name.
    pub scenario: String,
    /// What happens in it.
    pub title: String,
    /// The clause.
    pub clause: String,
    /// What it requires.
    pub requires: String,
    /// The verdict.
    pub verdict: ProbeVerdict,
    /// What was seen.
    pub seen: String,
    /// Why the verdict is that.
    pub why: String,
    /// When it happened, in seconds since what it is counted from.
    pub seconds: Option<f64>,
    /// Whether that is a time that the clause is about, which another run must come near to.
    pub is_timed: bool,
    /// How much earlier and later than required it may be, in seconds.
    pub tolerance: (f64, f64),
    /// What happened, line by line.
    pub course: Vec<String>,
    /// Who waits for whom.
    pub waits: Vec<OutsideWait>,
    /// What the kernel's buffers are.
    pub buffers: Vec<BufferSize>,
    /// The latest that the one who looks on was, in seconds: what times can be off by.
    pub late: f64,
}

/// A setting of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BufferSize {
    /// Whose.
    pub whose: String,
    /// Which, such as `tcp_rmem`.
    pub name: String,
    /// What it is set to.
    pub value: String,
}

impl ProbeOutcome {
    /// What came of a probe.
    pub fn new(probe: &Probe, seen: &Sightings, judgement: Judgement) -> Self {
        let requirement = &probe.requirement;
        let waits = match judgement.verdict {
            ProbeVerdict::Fail | ProbeVerdict::Undecided => story(requirement, seen),
            ProbeVerdict::Pass | ProbeVerdict::NotApplicable => Vec::new(),
        };
        Self {
            scenario: probe.name.clone(),
            title: probe.scenario.title.clone(),
            clause: requirement.clause.clone(),
            requires: requirement.requires.clone(),
            verdict: judgement.verdict,
            seen: judgement.seen,
            why: judgement.why,
            seconds: judgement.after.map(|after| after.as_secs_f64()),
            is_timed: judgement.is_timed,
            tolerance: (EARLY.as_secs_f64(), LATE.as_secs_f64()),
            course: seen.told(),
            waits,
            buffers: Vec::new(),
            late: 0.0,
        }
    }

    /// What is not played, and why.
    pub fn refused(probe: &Probe, why: impl Into<String>) -> Self {
        let judgement = Judgement::new(ProbeVerdict::NotApplicable, "not played", why);
        Self::new(probe, &Sightings::default(), judgement)
    }

    /// Its line, without whose it is: what was seen, when, the verdict, and why.
    pub fn line(&self) -> String {
        let at = self.seconds.map_or(String::new(), |seconds| format!(" at {seconds:.1} s"));
        let why = if self.why.is_empty() { String::new() } else { format!(" ({})", self.why) };
        format!("{}: {}{at}{why}", self.verdict, self.seen)
    }
}
