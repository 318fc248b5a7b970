//! What a soak has seen: a line a checkpoint on the standard output, and what it comes to.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::options::SoakOptions;
use crate::note::note;

/// What memory is compared over: so many checkpoints of one process at least, those after its first two.
const LIFE: usize = 12;
const WARM_UP: usize = 2;

/// So much went wrong that the rest says nothing new.
const TOO_MANY: u64 = 40;

/// Everything as it must be again.
#[derive(Debug)]
pub(super) struct Checkpoint {
    pub(super) round: u32,
    pub(super) sessions: usize,
    /// Of all tables together.
    pub(super) routes: usize,
    pub(super) healed: Duration,
    /// The longest silence towards a peer to which nothing is done, pauses of the speaker included.
    pub(super) silence: Duration,
    /// The longest time for which the tester itself was busy.
    pub(super) lag: Duration,
    /// kB
    pub(super) memory: u64,
}

#[derive(Debug)]
pub(super) struct Account {
    reactor: &'static str,
    begun: Instant,
    /// Sessions that ended.
    pub(super) ends: u64,
    orders: u64,
    answers: Vec<Duration>,
    slowest: Duration,
    failures: u64,
    told_failures: u64,
    checkpoints: u64,
    /// kB at each checkpoint, process by process.
    lives: Vec<Vec<u64>>,
}

impl Account {
    pub(super) fn new(options: &SoakOptions) -> io::Result<Self> {
        note(&format!(
            "{}: soaking for {} s, seed {}; again: --soak --only {} --seed {}",
            options.reactor,
            options.lasts.as_secs(),
            options.seed,
            options.reactor,
            options.seed
        ));
        Ok(Self {
            reactor: options.reactor,
            begun: Instant::now(),
            ends: 0,
            orders: 0,
            answers: Vec::new(),
            slowest: Duration::ZERO,
            failures: 0,
            told_failures: 0,
            checkpoints: 0,
            lives: vec![Vec::new()],
        })
    }

    pub(super) fn answered(&mut self, took: Duration) {
        self.orders += 1;
        self.answers.push(took);
        self.slowest = self.slowest.max(took);
    }

    pub(super) fn fail(&mut self, what: &str) {
        self.failures += 1;
        note(&format!("{}: WRONG after {:.0} s: {what}", self.reactor, self.begun.elapsed().as_secs_f64()));
    }

    /// Whether something went wrong since this was asked last.
    pub(super) fn fails_anew(&mut self) -> bool {
        self.failures > std::mem::replace(&mut self.told_failures, self.failures)
    }

    /// Whether going on can tell anything new.
    pub(super) fn is_worthwhile(&self) -> bool {
        self.failures < TOO_MANY
    }

    /// Another process from now on.
    pub(super) fn begin_life(&mut self) {
        self.lives.push(Vec::new());
    }

    pub(super) fn checkpoint(&mut self, seen: &Checkpoint) {
        self.checkpoints += 1;
        if let Some(life) = self.lives.last_mut() {
            life.push(seen.memory);
        }
        self.answers.sort_unstable();
        let middle = self.answers.get(self.answers.len() / 2).copied().unwrap_or_default();
        let answers = std::mem::take(&mut self.answers).len();
        // What watches learns of an error by the lines that are missing.
        let _ = writeln!(
            io::stdout(),
            "{}\t{}\t{:.0}\t{}\t{}\t{}\t{:.1}\t{}\t{:.2}\t{:.2}\t{:.3}\t{}\t{}",
            self.reactor,
            seen.round,
            self.begun.elapsed().as_secs_f64(),
            seen.sessions,
            seen.routes,
            answers,
            middle.as_secs_f64() * 1e3,
            self.ends,
            seen.healed.as_secs_f64(),
            seen.silence.as_secs_f64(),
            seen.lag.as_secs_f64(),
            seen.memory,
            self.failures,
        );
    }

    /// The last line: whether all was as it must be.
    pub(super) fn conclude(mut self) -> io::Result<bool> {
        let grown = self.lives.iter().filter_map(|life| growth(life)).max();
        let memory = match grown {
            None => "too short for a word on memory".to_owned(),
            Some(percent) => {
                format!("memory {percent:+} % from the first third of a process's life to its last")
            }
        };
        if grown.is_some_and(|percent| percent > 20) {
            self.fail("memory grows");
        }
        note(&format!(
            "{}: {} checkpoints in {:.0} s, {} commands answered (slowest {:.2} s, deaf programs and pauses included), {} sessions ended, {memory}; {} WRONG",
            self.reactor,
            self.checkpoints,
            self.begun.elapsed().as_secs_f64(),
            self.orders,
            self.slowest.as_secs_f64(),
            self.ends,
            self.failures
        ));
        Ok(self.failures == 0)
    }
}

/// The header of the lines that checkpoints write.
pub(crate) const HEADER: &str = "reactor\tround\tat_s\tsessions\troutes\tanswers\tanswer_ms\tends\thealed_s\tcalm_silence_s\town_lag_s\tmemory_kb\twrong";

/// By how many percent the last third of a process's checkpoints is above the first, by their medians.
fn growth(life: &[u64]) -> Option<i64> {
    let settled = life.get(WARM_UP..).filter(|settled| settled.len() >= LIFE)?;
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied().and_then(|kilobytes| i64::try_from(kilobytes).ok())
    };
    let third = settled.len() / 3;
    let (first, last) = (median(settled.get(..third)?)?, median(settled.get(settled.len() - third..)?)?);
    Some((last - first) * 100 / first.max(1))
}

#[cfg(test)]
mod tests {
    use super::growth;

    #[test]
    fn memory_is_compared_by_the_medians_of_the_first_and_the_last_third() {
        assert_eq!(growth(&[100; 13]), None, "too few");
        assert_eq!(growth(&[100; 14]), Some(0));
        let steady: Vec<u64> = (0..32).map(|n| 100 + n * 2).collect();
        assert_eq!(growth(&steady), Some(35));
        let mut one_peak = vec![100; 32];
        one_peak[20] = 900;
        assert_eq!(growth(&one_peak), Some(0));
    }
}
