//! What was told of, what could not be read and what was left out: said on the standard error, and in the exit status.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::console::say;
use crate::error::{CliError, VerbResult, VerbStatus};

/// What became of some part of the input.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// How many items were told of.
    pub(super) told: u64,
    /// What could not be read, with places, in order.
    pub(super) faults: Vec<String>,
    /// How many of which kind were not looked into.
    left_out: BTreeMap<Cow<'static, str>, u64>,
}

impl Counts {
    pub(super) fn clear(&mut self) {
        self.told = 0;
        self.faults.clear();
        self.left_out.clear();
    }

    pub(super) fn leave_out(&mut self, kind: Cow<'static, str>, count: u64) {
        *self.left_out.entry(kind).or_default() += count;
    }
}

/// So many faults are said; the others are counted.
const SAID: u64 = 50;

/// What became of the input so far.
#[derive(Debug, Default)]
pub(super) struct Sums {
    told: u64,
    faults: u64,
    left_out: BTreeMap<Cow<'static, str>, u64>,
    /// The first fault, while nothing else is known of: where it stays alone, it is the error.
    first: Option<String>,
}

impl Sums {
    /// Adds what became of the next part, and says what could not be read.
    pub(super) fn add(&mut self, tally: &mut Counts) {
        self.told += tally.told;
        for fault in tally.faults.drain(..) {
            self.faults += 1;
            if self.told == 0 && self.faults == 1 {
                self.first = Some(fault);
                continue;
            }
            self.say_first();
            if self.faults <= SAID {
                say(&format!("holdtime: {fault}"));
            }
        }
        if self.told > 0 {
            self.say_first();
        }
        for (kind, count) in std::mem::take(&mut tally.left_out) {
            *self.left_out.entry(kind).or_default() += count;
        }
    }

    fn say_first(&mut self) {
        if let Some(fault) = self.first.take() {
            say(&format!("holdtime: {fault}"));
        }
    }

    /// Says what was left out, by its kind; how many items were told of.
    pub(super) fn so_far(&mut self) -> u64 {
        self.say_first();
        self.say_rest();
        self.told
    }

    fn say_rest(&self) {
        if self.faults > SAID {
            say(&format!("holdtime: {} more parts of the input could not be read", self.faults - SAID));
        }
        for (kind, count) in &self.left_out {
            say(&format!("holdtime: left out: {count} × {kind}"));
        }
    }

    /// Says what was left out; the verdict.
    pub(super) fn finish(mut self) -> VerbResult {
        self.say_rest();
        match (self.told, self.faults) {
            (0, 0) => {
                say("holdtime: there was no message, route or change of state to tell of");
                Ok(VerbStatus::Unexpected)
            }
            (_, 0) => Ok(VerbStatus::AsExpected),
            (0, 1) => Err(CliError::input(self.first.take().unwrap_or_default())),
            (0, _) => Err(CliError::input("nothing in the input could be read")),
            _ => Ok(VerbStatus::Unexpected),
        }
    }
}
