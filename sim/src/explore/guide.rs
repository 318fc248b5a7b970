//! Guidance: a run that reaches something new becomes a parent, and is played again with other draws from that instant on.
//!
//! Runs come in rounds of a fixed size, half of which are worlds of their own. What a round has reached is taken in after it, in the order
//! of its seeds: so a sweep is the same however many threads play it.

use std::collections::VecDeque;

use holdtime_core::{Duration, Instant};

use crate::explore::Played;
use crate::explore::lineage::Lineage;
use crate::observe::coverage::Points;

/// How many runs a round has.
pub const ROUND: usize = 64;
/// How many children a parent has before others have as many.
const CHILDREN: u32 = 2;
/// How many turns a lineage has at most: each costs a draw of the world, and none is worth much after others.
const TURNS: usize = 4;

/// What a sweep has reached, and what it is to play next.
#[derive(Debug, Default)]
pub struct Guide {
    seen: Points,
    /// Whose turn it is first, with how many children it is still to have.
    parents: VecDeque<Parent>,
}

/// A run that reached something new.
#[derive(Debug)]
struct Parent {
    lineage: Lineage,
    /// When it first did.
    at: Duration,
    children: u32,
}

impl Guide {
    /// The runs of a round, one for each seed.
    pub fn round(&mut self, seeds: &[u64]) -> Vec<Lineage> {
        let run = |(index, seed): (usize, &u64)| {
            let child = if index % 2 == 1 { self.child(*seed) } else { None };
            child.unwrap_or_else(|| (*seed).into())
        };
        seeds.iter().enumerate().map(run).collect()
    }

    fn child(&mut self, seed: u64) -> Option<Lineage> {
        let mut parent = self.parents.pop_front()?;
        let child = parent.lineage.turned(parent.at, seed);
        parent.children -= 1;
        if parent.children > 0 {
            self.parents.push_front(parent);
        }
        Some(child)
    }

    /// Takes in what a run has reached, in the order of a round; how much of it was new.
    pub fn learn(&mut self, played: &Played) -> usize {
        let new = played.reached.iter().filter(|(point, _)| self.seen.add(*point));
        let new: Vec<Instant> = new.map(|(_, at)| *at).collect();
        // What is behind the alarm cannot be played differently.
        if let Some(at) = new.last().filter(|_| played.outcome.verdict.key().is_none())
            && played.lineage.turns.len() < TURNS
        {
            let parent =
                Parent { lineage: played.lineage.clone(), at: *at - Instant::ZERO, children: CHILDREN };
            // The latest first: what was reached from something new is further away.
            self.parents.push_front(parent);
        }
        new.len()
    }

    /// How many points were reached so far.
    pub fn reached(&self) -> u32 {
        self.seen.len()
    }
}
