//! What was measured of stalls, for people.

use std::time::Duration;

use super::scene::Measured;

/// `measured`: how long each scene takes.
pub(super) fn scenes_header(measured: Duration) -> String {
    format!(
        "stalls ({} s each; milliseconds: median, 99th percentile, worst)\n{:<15}{:<24}{:>5}{:>10}{:>10}{:>24}{:>24}{:>7}{:>9}{:>7}",
        measured.as_secs(),
        "",
        "",
        "lost",
        "silence s",
        "KA gap s",
        "answer",
        "on the wire",
        "unseen",
        "own lag",
        "load"
    )
}

/// `lost`: healthy sessions; `silence`: without any message; `load`: of a core, the tester's own.
pub(super) fn scene(name: &str, scene: &str, measured: &Measured) -> String {
    format!(
        "{name:<15}{scene:<24}{:>5}{:>10.2}{:>10.2}{:>24}{:>24}{:>7}{:>9.0}{:>7.2}",
        measured.lost,
        measured.gaps.any.as_secs_f64(),
        measured.gaps.keepalive.as_secs_f64(),
        percentiles(&measured.answers),
        percentiles(&measured.wire),
        measured.unseen,
        measured.lag.as_secs_f64() * 1e3,
        measured.load,
    )
}

/// Median, 99th percentile and worst, in milliseconds.
pub(super) fn percentiles(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = |part: f64| quantile(&times, part).map_or_else(|| "-".to_owned(), milliseconds);
    format!("{} {} {}", at(0.5), at(0.99), at(1.0))
}

/// The time below or at which this part of the times is.
pub(super) fn quantile(sorted: &[Duration], part: f64) -> Option<Duration> {
    let place = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(place.max(1) - 1).copied()
}

fn milliseconds(time: Duration) -> String {
    let time = time.as_secs_f64() * 1e3;
    if time < 10.0 { format!("{time:.1}") } else { format!("{time:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentiles(&times), "100 198 200");
        assert_eq!(percentiles(&[Duration::from_micros(1500)]), "1.5 1.5 1.5");
        assert_eq!(percentiles(&[]), "- - -");
    }
}
