//! The destinations of the last reading of a configuration of which the table tells no more: what a reload adds, and what it takes
//! away, is told by them too.

use super::catalogue::Catalogue;
use super::number_set::NumberSet;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct ListedDestinations {
    /// Which reading is the last one, or is being taken in.
    generation: u32,
    /// A program has taken their routes away, or replaced them.
    displaced: NumberSet,
    /// Their routes were sent, and are not remembered.
    unremembered: NumberSet,
    /// The same, of the reading before the one that is being taken in: what that does not have is to be withdrawn.
    former: NumberSet,
}

impl ListedDestinations {
    /// Whether the last reading had a destination of which the table tells no more.
    pub(super) fn contains(&self, number: u32) -> bool {
        [&self.displaced, &self.unremembered, &self.former].iter().any(|set| set.contains(number))
    }

    /// Whether a route of the last reading was sent to a destination, is not remembered, and was not taken away since.
    pub(super) fn was_sent(&self, number: u32) -> bool {
        self.unremembered.contains(number) || self.former.contains(number)
    }

    /// Another reading is taken in.
    pub(super) fn begin(&mut self, generation: u32) {
        if core::mem::replace(&mut self.generation, generation) != generation {
            core::mem::swap(&mut self.former, &mut self.unremembered);
        }
    }

    /// The reading that is being taken in has a destination.
    pub(super) fn list(&mut self, catalogue: &mut Catalogue, number: u32) {
        self.displaced.remove(catalogue, number);
        self.unremembered.remove(catalogue, number);
        self.former.remove(catalogue, number);
    }

    /// A program has taken a configured route away, or replaced it.
    pub(super) fn displace(&mut self, catalogue: &mut Catalogue, number: u32) {
        self.displaced.insert(catalogue, number);
    }

    /// A program changes what the table does not tell of.
    pub(super) fn change(&mut self, catalogue: &mut Catalogue, number: u32) {
        if self.unremembered.contains(number) {
            self.unremembered.remove(catalogue, number);
            self.displaced.insert(catalogue, number);
        }
    }

    /// A route of the `generation`th reading was sent, and is not remembered.
    pub(super) fn note_sent(&mut self, catalogue: &mut Catalogue, number: u32, generation: u32) {
        let set = if generation == self.generation { &mut self.unremembered } else { &mut self.former };
        set.insert(catalogue, number);
    }

    /// Everything was taken in: forgets what a program had taken away and is configured no more, as long as there is room; whether none is
    /// left.
    pub(super) fn forget_displaced(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        self.displaced.clear(catalogue, room)
    }

    /// Everything was taken in: one that was sent, is not remembered, and is configured no more. It is out of the set, and still held in
    /// the catalogue: the caller lets it go.
    pub(super) fn take_former(&mut self) -> Option<u32> {
        self.former.pop()
    }

    /// Forgets everything, as long as there is room; whether none is left.
    pub(super) fn clear(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        let Self { displaced, unremembered, former, .. } = self;
        [displaced, unremembered, former].into_iter().all(|set| set.clear(catalogue, room))
    }

    /// A copy, for another neighbor.
    pub(super) fn copy(&self, catalogue: &mut Catalogue) -> Self {
        Self {
            generation: self.generation,
            displaced: self.displaced.copy(catalogue),
            unremembered: self.unremembered.copy(catalogue),
            former: self.former.copy(catalogue),
        }
    }
}
