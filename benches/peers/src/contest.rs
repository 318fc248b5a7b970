//! The contest: every contestant over the same corpus in turn, round after round, so that whatever disturbs the machine
//! disturbs all of them; and the check that all of them saw the same values.

use std::fmt;
use std::time::Duration;

use holdtime_benches::{Corpus, Kind, Shape, Tally};
use rustix::time::{ClockId, clock_gettime};

/// One decoder or floor.
pub trait Contestant {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Whether it decodes messages of this shape.
    fn supports(&self, shape: Shape) -> bool;

    /// Kinds that its types do not give back as they were on the wire: they are counted, not summed.
    fn only_counts(&self) -> &'static [Kind] {
        &[]
    }

    /// Kinds of which it keeps less than the wire holds: they are not compared.
    fn keeps_part_of(&self) -> &'static [Kind] {
        &[]
    }

    /// Whether it visits no values, so that there is no tally to compare.
    fn is_blind(&self) -> bool {
        false
    }

    /// Decodes every message and visits every value in it.
    fn visit(&self, corpus: &Corpus) -> Visit;
}

/// One pass over a corpus.
#[derive(Clone, Copy, Debug, Default)]
pub struct Visit {
    /// What was seen.
    pub tally: Tally,
    /// How many messages the contestant refused.
    pub refused: usize,
    started: Duration,
    took: Duration,
}

impl Visit {
    /// Starts the clock: what comes before is preparation that a real caller would not repeat.
    pub fn start(&mut self) {
        self.started = cpu_time();
    }

    /// Stops the clock.
    pub fn stop(&mut self) {
        self.took = cpu_time().saturating_sub(self.started);
    }
}

/// What a contestant achieved on one corpus.
#[derive(Clone, Debug)]
pub struct Score {
    /// Its name.
    pub name: &'static str,
    /// Median over the rounds, in 10^6 octets a second.
    pub megabytes: f64,
    /// How it differs from the first contestant, if it does.
    pub differs: Option<String>,
    /// How many messages it alone does not accept.
    pub refused: usize,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8.0}", self.megabytes)
    }
}

/// Runs all contestants that support the corpus, interleaved; the scores are in their order.
pub fn run(contestants: &[Box<dyn Contestant>], corpus: &Corpus, rounds: usize) -> Vec<Score> {
    let able: Vec<_> = contestants.iter().filter(|contestant| contestant.supports(corpus.shape)).collect();
    let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(rounds); able.len()];
    let visits: Vec<Visit> = able.iter().map(|contestant| contestant.visit(corpus)).collect();
    for _ in 0..rounds {
        for (contestant, times) in able.iter().zip(&mut times) {
            times.push(contestant.visit(corpus).took);
        }
    }
    let reference = able.iter().zip(&visits).find(|(contestant, _)| !contestant.is_blind());
    able.iter()
        .zip(&visits)
        .zip(&mut times)
        .map(|((contestant, visit), times)| Score {
            name: contestant.name(),
            megabytes: corpus.bytes.len() as f64 / median(times).as_secs_f64() / 1e6,
            differs: reference.and_then(|reference| {
                difference((contestant.as_ref(), visit), (reference.0.as_ref(), reference.1))
            }),
            refused: 0,
        })
        .collect()
}

type Seen<'a> = (&'a dyn Contestant, &'a Visit);

/// How what one contestant saw differs from what another saw, as far as both keep it.
fn difference((contestant, visit): Seen<'_>, (other, reference): Seen<'_>) -> Option<String> {
    if contestant.is_blind() {
        return None;
    }
    if visit.refused != reference.refused {
        return Some(format!("refuses {} messages instead of {}", visit.refused, reference.refused));
    }
    let only_counted = [contestant.only_counts(), other.only_counts()].concat();
    let ignored = [contestant.keeps_part_of(), other.keeps_part_of()].concat();
    visit.tally.difference(&reference.tally, &only_counted, &ignored)
}

/// What this thread has used of a processor so far: what others use meanwhile does not count.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The time that half of the rounds stayed below.
pub fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
