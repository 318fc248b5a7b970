//! What is left to chance, drawn where it is needed: each draw is keyed by the seed, the place in the code, who it is for, and how
//! many were made there for them before.
//!
//! So one more draw at one place, or one actor less, leaves all others as they are. 0 is the simplest value of every draw: whoever
//! draws orders what there is to choose from so.

use std::collections::BTreeMap;

use crate::rng::Rng;

/// A source of draws.
#[derive(Clone, Debug)]
pub struct Choices {
    seed: u64,
    /// How many draws each place has made for each actor.
    made: BTreeMap<(u64, u64), u64>,
}

impl Choices {
    /// The draws that belong to this seed.
    pub const fn from_seed(seed: u64) -> Self {
        Self { seed, made: BTreeMap::new() }
    }

    /// The next number in `0..bound` at this place for this actor; 0 when `bound` is 0.
    pub fn below(&mut self, site: &str, actor: &str, bound: u64) -> u64 {
        let key = (hash(site), hash(actor));
        let made = self.made.entry(key).or_default();
        let mut rng = Rng::new(self.seed);
        for part in [key.0, key.1, *made] {
            rng = Rng::new(rng.next_u64() ^ part);
        }
        *made += 1;
        rng.below(bound)
    }
}

/// FNV-1a, 64 bits.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::Choices;

    #[test]
    fn a_draw_more_for_one_leaves_the_draws_for_the_others_alone() {
        let (mut one, mut two) = (Choices::from_seed(7), Choices::from_seed(7));
        let undisturbed: Vec<u64> = (0..20).map(|_| one.below("cut", "far", 1_000)).collect();
        let disturbed: Vec<u64> = (0..20)
            .map(|_| {
                two.below("cut", "near", 1_000);
                two.below("loss", "far", 1_000);
                two.below("cut", "far", 1_000)
            })
            .collect();
        assert_eq!(undisturbed, disturbed);
    }

    #[test]
    fn draws_differ_by_place_actor_count_and_seed() {
        let draw = |seed, site, actor, count| {
            let mut choices = Choices::from_seed(seed);
            (0..=count).map(|_| choices.below(site, actor, u64::MAX)).last()
        };
        let first = draw(1, "cut", "far", 0);
        for other in [draw(2, "cut", "far", 0), draw(1, "loss", "far", 0), draw(1, "cut", "near", 0)] {
            assert_ne!(first, other);
        }
        assert_ne!(first, draw(1, "cut", "far", 1));
        assert_eq!(first, draw(1, "cut", "far", 0));
    }

    #[test]
    fn nothing_to_choose_from_is_0_and_every_value_comes() {
        let mut choices = Choices::from_seed(3);
        assert_eq!(choices.below("cut", "far", 0), 0);
        let mut seen = [false; 5];
        (0..200).for_each(|_| seen[choices.below("cut", "far", 5) as usize] = true);
        assert_eq!(seen, [true; 5]);
    }
}
