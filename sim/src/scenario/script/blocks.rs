//! Steps that are done several times: how often, and from where to where.

use crate::scenario::mistake::Mistake;
use crate::scenario::script::lines::Words;

/// The loops of a script that have begun and not ended, while it is read.
#[derive(Debug, Default)]
pub(super) struct Blocks<'a> {
    open: Vec<Words<'a>>,
}

impl<'a> Blocks<'a> {
    /// A loop begins with this line.
    pub(super) fn open(&mut self, line: Words<'a>) {
        self.open.push(line);
    }

    /// A loop ends with this line.
    pub(super) fn close(&mut self, line: &Words<'_>) -> Result<(), Mistake> {
        match self.open.pop() {
            Some(_) => Ok(()),
            None => Err(complaint(line, "this ends no loop", "a `loop` above it")),
        }
    }

    /// The script is over.
    pub(super) fn finish(self) -> Result<(), Mistake> {
        match self.open.last() {
            Some(line) => Err(complaint(line, "this loop has no end", "an `end` below it")),
            None => Ok(()),
        }
    }
}

fn complaint(line: &Words<'_>, problem: &str, expected: &str) -> Mistake {
    let mut words = line.clone();
    match words.next() {
        Some(word) => words.mistake(&word, problem).expected(expected),
        None => words.mistake_here(problem).expected(expected),
    }
}

/// `N times`, if a number stands there.
pub(super) fn parse_count(words: &mut Words<'_>) -> Result<Option<u32>, Mistake> {
    const EXPECTED: &str = "a number above zero, and `times`";
    let Some(word) = words.clone().next().filter(|word| word.text.starts_with(|c: char| c.is_ascii_digit()))
    else {
        return Ok(None);
    };
    let count = words.value(EXPECTED)?;
    words.skip_word("times");
    match count {
        0 => Err(words.mistake(&word, "this is never done").expected(EXPECTED)),
        count => Ok(Some(count)),
    }
}

/// `N times` up to the end of the line; `None`: for ever.
pub(super) fn parse_times(words: &mut Words<'_>) -> Result<Option<u32>, Mistake> {
    let count = parse_count(words)?;
    match words.clone().next().filter(|_| count.is_none()) {
        Some(word) => Err(words
            .mistake(&word, format!("`{}` does not fit here", word.text))
            .expected("a number above zero, and `times`")),
        None => Ok(count),
    }
}

/// How often the loops that a player is in have been gone through, the innermost last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rounds {
    begun: Vec<(usize, u32)>,
}

impl Rounds {
    /// A loop whose first step is this one begins.
    pub(crate) fn begin(&mut self, first: usize) {
        self.begun.push((first, 0));
    }

    /// The innermost loop has come to its end; the step that it goes on with if it goes on, being done so many times in all.
    pub(crate) fn turn(&mut self, times: Option<u32>) -> Option<usize> {
        let (first, done) = self.begun.last_mut()?;
        *done += 1;
        if times.is_none_or(|times| *done < times) {
            return Some(*first);
        }
        self.begun.pop();
        None
    }

    /// The round of the innermost loop, from 0; `None`: there is none.
    pub(crate) fn innermost(&self) -> Option<u32> {
        self.begun.last().map(|(_, done)| *done)
    }

    /// No loop has begun.
    pub(crate) fn clear(&mut self) {
        self.begun.clear();
    }

    /// The step that the innermost loop begins with.
    pub(crate) fn first(&self) -> Option<usize> {
        self.begun.last().map(|(first, _)| *first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_within_a_loop_is_done_as_often_as_both_say() {
        let mut rounds = Rounds::default();
        let mut inner = 0;
        rounds.begin(1);
        loop {
            rounds.begin(2);
            loop {
                inner += 1;
                if rounds.turn(Some(3)).is_none() {
                    break;
                }
            }
            if rounds.turn(Some(2)).is_none() {
                break;
            }
        }
        assert_eq!((inner, rounds.innermost()), (6, None));
    }
}
