//! What a world is drawn from: each draw is keyed by the seed, what is drawn, for whom, and how many were drawn so before; or octets, one
//! after the other.

use std::collections::BTreeMap;

use holdtime_core::Duration;
use holdtime_machine::rng::{Rng, word_of};

use crate::explore::lineage::Lineage;

/// What a world is drawn from. Of every list the first is the simplest.
#[derive(Debug)]
pub(super) struct Draw {
    origin: Origin,
    /// For when something is drawn, since the start of the run.
    now: Duration,
    /// How many draws there were of each thing for each actor.
    made: BTreeMap<(u64, u64), u64>,
    /// Every draw so far as octets.
    tape: Vec<u8>,
}

/// Where the draws come from.
#[derive(Debug)]
enum Origin {
    /// A seed; and others, each for what is drawn for its time and later.
    Seeds(u64, Vec<(Duration, u64)>),
    /// Octets, so many a draw as its bound needs. Once they are used up every draw yields 0.
    Octets(Vec<u8>, usize),
}

impl Draw {
    pub(super) fn of(lineage: &Lineage) -> Self {
        let turns = lineage.turns.iter().map(|turn| (turn.at, turn.seed)).collect();
        Self::from(Origin::Seeds(lineage.seed, turns))
    }

    pub(super) fn of_octets(octets: &[u8]) -> Self {
        Self::from(Origin::Octets(octets.to_vec(), 0))
    }

    fn from(origin: Origin) -> Self {
        Self { origin, now: Duration::ZERO, made: BTreeMap::new(), tape: Vec::new() }
    }

    /// What is drawn from here on happens then.
    pub(super) fn at(&mut self, now: Duration) {
        self.now = now;
    }

    /// From when on what is drawn for now comes from another seed than at first.
    pub(super) fn turned(&self) -> Option<Duration> {
        match &self.origin {
            Origin::Seeds(_, turns) => turns.iter().rfind(|(at, _)| *at <= self.now).map(|(at, _)| *at),
            Origin::Octets(..) => None,
        }
    }

    /// Every draw so far as octets, which as an origin yield the same.
    pub(super) fn octets(&self) -> &[u8] {
        &self.tape
    }

    /// A number in `0..bound`.
    pub(super) fn below(&mut self, site: &str, actor: &str, bound: u64) -> u64 {
        let value = match &mut self.origin {
            Origin::Seeds(seed, turns) => {
                let key = (word_of(site), word_of(actor));
                let made = self.made.entry(key).or_default();
                let turned = turns.iter().rfind(|(at, _)| *at <= self.now).map_or(*seed, |(_, seed)| *seed);
                let mut rng = Rng::keyed(turned, &[key.0, key.1, *made]);
                *made += 1;
                rng.below(bound)
            }
            Origin::Octets(octets, used) => from_octets(octets, used, bound),
        };
        self.tape.extend(value.to_le_bytes().iter().take(width(bound)));
        value
    }

    /// A number in `from..=to`.
    pub(super) fn between(&mut self, site: &str, actor: &str, from: u64, to: u64) -> u64 {
        from + self.below(site, actor, to.saturating_sub(from) + 1)
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, site: &str, actor: &str, percent: u64) -> bool {
        self.below(site, actor, 100) >= 100 - percent
    }

    /// One of these; none where there are none.
    pub(super) fn one_of<T: Copy>(&mut self, site: &str, actor: &str, all: &[T]) -> Option<T> {
        let index = self.below(site, actor, all.len() as u64);
        all.get(usize::try_from(index).ok()?).copied()
    }

    /// How long something lasts, to the millisecond: for a third a part of the hold time or that itself, for a third the time of a
    /// retransmission, each now and then a millisecond off; otherwise any time up to two minutes.
    pub(super) fn span(&mut self, site: &str, actor: &str, hold: u64) -> Duration {
        const RETRANSMISSIONS: [u64; 6] = [1_000, 200, 400, 3_000, 7_000, 15_000];
        let millis = match self.below(site, actor, 3) {
            0 => self.one_of(site, actor, &RETRANSMISSIONS).unwrap_or(1_000),
            1 => {
                self.one_of(site, actor, &[hold * 1_000 / 3, hold * 2_000 / 3, hold * 1_000]).unwrap_or(1_000)
            }
            _ => return Duration::from_millis(self.between(site, actor, 100, 120_000)),
        };
        let off = self.one_of(site, actor, &[0, 0, 1]).unwrap_or(0);
        let early = self.percent(site, actor, 50);
        Duration::from_millis(if early { millis.saturating_sub(off) } else { millis + off }.max(1))
    }
}

/// How many octets a draw of this bound takes.
fn width(bound: u64) -> usize {
    match bound {
        0..=1 => 0,
        2..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 8,
    }
}

fn from_octets(octets: &[u8], used: &mut usize, bound: u64) -> u64 {
    let mut word = [0; 8];
    let left = octets.get(*used..).unwrap_or_default();
    word.iter_mut().zip(left.iter().take(width(bound))).for_each(|(slot, octet)| *slot = *octet);
    *used = (*used + width(bound)).min(octets.len());
    u64::from_le_bytes(word) % bound.max(1)
}
