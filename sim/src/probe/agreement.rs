//! Whether the same probe came out the same: several times against one daemon, or live and in the lab.

use super::ProbeOutcome;

/// What came of a probe one time.
type Time = Result<ProbeOutcome, String>;

/// How several times are not alike, in one sentence; `None`: they are, in verdict and, within the tolerance, in the times that the
/// clause is about. `jitter` is by how many percent the daemon shortens its timers at random.
pub fn apart(times: &[Time], jitter: u8) -> Option<String> {
    let verdicts: Vec<String> = times.iter().map(verdict).collect();
    if verdicts.iter().any(|one| Some(one) != verdicts.first()) {
        return Some(format!("the verdicts are {}", verdicts.join(", ")));
    }
    let outcomes = || times.iter().filter_map(|time| time.as_ref().ok());
    let seconds: Vec<f64> = outcomes().filter_map(timed).collect();
    let tolerance = outcomes().map(tolerance).next()? + most(&seconds).max(0.0) * f64::from(jitter) / 100.0;
    if !seconds.is_empty() && seconds.len() < times.len() {
        return Some("what is required happened some times, and not at others".to_owned());
    }
    let (first, last) = (least(&seconds), most(&seconds));
    (last - first > tolerance).then(|| {
        let all: Vec<String> = seconds.iter().map(|one| format!("{one:.1}")).collect();
        let by = last - first;
        format!("the times {} s are {by:.1} s apart, of which {tolerance:.1} s are tolerated", all.join(", "))
    })
}

/// How a live outcome is not the lab's, in one sentence; `None`: it is, in verdict and, within the tolerance, in time.
pub fn apart_from_lab(live: &Time, lab: &Time) -> Option<String> {
    let (one, other) = (verdict(live), verdict(lab));
    if one != other {
        return Some(format!("the lab says {other}"));
    }
    let (live, lab) = (live.as_ref().ok()?, lab.as_ref().ok()?);
    let (Some(at), Some(in_lab)) = (timed(live), timed(lab)) else { return None };
    let is_near = (at - in_lab).abs() <= tolerance(live);
    (!is_near).then(|| format!("{at:.1} s, and {in_lab:.1} s in the lab"))
}

fn verdict(time: &Time) -> String {
    time.as_ref().map_or("none".to_owned(), |outcome| outcome.verdict.to_string())
}

fn timed(outcome: &ProbeOutcome) -> Option<f64> {
    outcome.seconds.filter(|_| outcome.is_timed)
}

/// How far two times may lie apart: one as early as may be, the other as late.
fn tolerance(outcome: &ProbeOutcome) -> f64 {
    outcome.tolerance.0 + outcome.tolerance.1
}

fn least(seconds: &[f64]) -> f64 {
    seconds.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(seconds: &[f64]) -> f64 {
    seconds.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::{ProbeVerdict, find};
    use super::*;

    fn time(verdict: ProbeVerdict, seconds: Option<f64>) -> Time {
        let mut outcome = ProbeOutcome::refused(&find("hold-time-3").unwrap(), "a test");
        (outcome.verdict, outcome.seconds, outcome.is_timed) = (verdict, seconds, true);
        Ok(outcome)
    }

    #[test]
    fn times_are_alike_in_verdict_and_within_the_tolerance() {
        use ProbeVerdict::{Fail, Pass};
        let none = || Err("died".to_owned());
        assert_eq!(apart(&[time(Pass, Some(6.0)), time(Pass, Some(9.0))], 0), None);
        assert_eq!(apart(&[time(Fail, None), time(Fail, None)], 0), None);
        assert_eq!(apart(&[none(), none()], 0), None);
        let far = apart(&[time(Fail, Some(1.0)), time(Fail, Some(2.0)), time(Fail, Some(7.0))], 0).unwrap();
        assert_eq!(far, "the times 1.0, 2.0, 7.0 s are 6.0 s apart, of which 5.0 s are tolerated");
        let other = apart(&[time(Pass, Some(6.0)), none(), time(Fail, Some(6.0))], 0).unwrap();
        assert_eq!(other, "the verdicts are pass, none, FAIL");
        assert_eq!(apart(&[time(Pass, Some(180.0)), time(Pass, Some(230.0))], 25), None);
        assert!(apart(&[time(Pass, Some(180.0)), time(Pass, Some(230.0))], 0).is_some());
        assert!(apart(&[time(Pass, None), time(Pass, Some(6.0))], 0).unwrap().contains("some times"));
    }

    #[test]
    fn a_live_verdict_is_held_against_the_labs() {
        use ProbeVerdict::{Fail, Pass};
        let lab = time(Pass, Some(6.0));
        assert_eq!(apart_from_lab(&time(Pass, Some(6.2)), &lab), None);
        assert_eq!(apart_from_lab(&time(Fail, Some(6.2)), &lab).unwrap(), "the lab says pass");
        assert_eq!(apart_from_lab(&time(Pass, Some(12.0)), &lab).unwrap(), "12.0 s, and 6.0 s in the lab");
        assert!(apart_from_lab(&Err("died".to_owned()), &lab).is_some());
    }
}
