//! Which run of a sweep: the world of a seed, or of a run that reached something new, drawn anew from that instant on.
//!
//! What happens before the instant is as it was: the same world, the same choices. What is drawn for a later time, faults and steps
//! of scripts, is drawn from another seed, and so is every choice.

use std::fmt;
use std::str::FromStr;

use holdtime_core::{Duration, Instant};
use holdtime_machine::choices::{ChoiceSource, Strategy};

use crate::scenario::script::{format_duration, parse_duration};
use crate::stage::Detour;

/// A run of a sweep. As text: `SEED`, and for each turn `@TIME:SEED`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// Of the world and the choices.
    pub seed: u64,
    /// In the order of their times.
    pub turns: Vec<Branch>,
}

/// From when on another seed draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Since the start of the run.
    pub at: Duration,
    /// The other seed.
    pub seed: u64,
}

impl Lineage {
    /// Which seed of the sweep it was played for: the last one.
    pub fn number(&self) -> u64 {
        self.turns.last().map_or(self.seed, |turn| turn.seed)
    }

    /// A run that goes another way from an instant on. What the parent drew for later times is forgotten.
    pub fn turned(&self, at: Duration, seed: u64) -> Self {
        let mut turns: Vec<Branch> = self.turns.iter().copied().filter(|turn| turn.at < at).collect();
        turns.push(Branch { at, seed });
        Self { seed: self.seed, turns }
    }

    /// Where its choices come from at first, by this strategy.
    pub fn choices(&self, strategy: Strategy) -> ChoiceSource {
        drawn_from(self.seed, strategy)
    }

    /// And from then on.
    pub fn detours(&self, strategy: Strategy) -> Vec<Detour> {
        let detour =
            |turn: &Branch| Detour { at: Instant::ZERO + turn.at, choices: drawn_from(turn.seed, strategy) };
        self.turns.iter().map(detour).collect()
    }
}

fn drawn_from(seed: u64, strategy: Strategy) -> ChoiceSource {
    match strategy {
        Strategy::Uniform => ChoiceSource::Seed(seed),
        strategy => ChoiceSource::Scheduled { seed, strategy },
    }
}

impl From<u64> for Lineage {
    fn from(seed: u64) -> Self {
        Self { seed, turns: Vec::new() }
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seed)?;
        self.turns.iter().try_for_each(|turn| write!(f, "@{}:{}", format_duration(turn.at), turn.seed))
    }
}

impl FromStr for Lineage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |part: &str| format!("`{part}` is no part of a lineage: expected SEED[@TIME:SEED …]");
        let mut parts = text.split('@');
        let first = parts.next().unwrap_or_default();
        let mut lineage = Self::from(first.parse::<u64>().map_err(|_| wrong(first))?);
        for part in parts {
            let turn = part
                .split_once(':')
                .and_then(|(at, seed)| Some(Branch { at: parse_duration(at)?, seed: seed.parse().ok()? }));
            let turn = turn.ok_or_else(|| wrong(part))?;
            if lineage.turns.last().is_some_and(|before| before.at >= turn.at) {
                return Err(format!("the turn `{part}` is not later than the one before it"));
            }
            lineage.turns.push(turn);
        }
        Ok(lineage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_is_written_as_it_is_read_and_forgets_the_turns_after_a_new_one() {
        let text = "17@23500ms:9@40s:12";
        let lineage: Lineage = text.parse().unwrap();
        assert_eq!(lineage.to_string(), text);
        assert_eq!(lineage.turned(Duration::from_secs(30), 5).to_string(), "17@23500ms:9@30s:5");
        for wrong in ["", "x", "1@", "1@2s", "1@2s:x", "1@3s:1@2s:1"] {
            assert!(wrong.parse::<Lineage>().is_err(), "{wrong}");
        }
    }
}
