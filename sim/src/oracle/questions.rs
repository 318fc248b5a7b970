//! How often each oracle had something to judge: one that is never asked keeps silent whatever happens.

use holdtime_core::Instant;

use crate::observe::Seen;
use crate::oracle::Oracle;

/// How often each oracle was asked something that it could have sounded for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions([u64; Oracle::ALL.len()]);

impl Questions {
    /// How often this one was.
    pub fn of(&self, oracle: Oracle) -> u64 {
        self.0.get(oracle as usize).copied().unwrap_or_default()
    }

    /// Takes in what others were asked.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, count)| *sum += count);
    }

    /// Two oracles judge what they see at once, rather than at a deadline.
    pub(super) fn see(&mut self, seen: &Seen<'_>) {
        match seen {
            Seen::Turn(_) => self.count(Oracle::Spin),
            Seen::Took(..) | Seen::Opened(..) => self.count(Oracle::Growth),
            _ => {}
        }
    }

    /// The deadline of one of the others is another one than before.
    pub(super) fn wait(&mut self, oracle: Oracle, before: Option<Instant>, now: Option<Instant>) {
        if now.is_some() && before != now {
            self.count(oracle);
        }
    }

    /// All is quiet, and tables are compared.
    pub(super) fn rest(&mut self) {
        self.count(Oracle::Divergence);
    }

    fn count(&mut self, oracle: Oracle) {
        if let Some(count) = self.0.get_mut(oracle as usize) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_question_once_and_no_deadline_is_none() {
        let (one, two) = (Some(Instant::from_secs(1)), Some(Instant::from_secs(2)));
        let mut questions = Questions::default();
        for (before, now, count) in
            [(None, one, 1), (one, one, 1), (one, two, 2), (two, None, 2), (None, None, 2)]
        {
            questions.wait(Oracle::Overdue, before, now);
            assert_eq!(questions.of(Oracle::Overdue), count, "{before:?} {now:?}");
        }
    }

    #[test]
    fn questions_of_several_speakers_add_up() {
        let mut all = Questions::default();
        for _ in 0..2 {
            let mut one = Questions::default();
            one.rest();
            one.wait(Oracle::Unsent, None, Some(Instant::from_secs(1)));
            all.add(&one);
        }
        assert_eq!(
            [Oracle::Divergence, Oracle::Unsent, Oracle::Spin].map(|oracle| all.of(oracle)),
            [2, 2, 0]
        );
    }
}
