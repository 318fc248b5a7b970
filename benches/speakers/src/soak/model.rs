//! What every peer's table must be, by the configuration that was loaded and the commands that were answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::wire::BenchPrefix;

/// Prefixes and their MEDs.
pub(super) type PrefixMeds = BTreeMap<BenchPrefix, u32>;

/// What a configuration says that differs from one to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Configuration {
    /// The routes of each neighbor; `None`: it is not in the configuration.
    pub(super) neighbors: Vec<Option<PrefixMeds>>,
}

/// What a program asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// To one neighbor, or to all.
    Announce {
        to: Option<usize>,
        prefix: BenchPrefix,
        med: u32,
    },
    Withdraw {
        to: Option<usize>,
        prefix: BenchPrefix,
    },
    Clear {
        to: Option<usize>,
    },
    Flush,
    /// Loads what was written last.
    Reload(Arc<Configuration>),
    /// Loads what cannot be read, and is answered with `error`.
    ReloadInVain,
}

/// What each neighbor is owed.
#[derive(Debug, Default)]
pub(super) struct Model {
    neighbors: Vec<Option<Neighbor>>,
}

#[derive(Debug, Default)]
struct Neighbor {
    /// By the configuration.
    fixed: PrefixMeds,
    /// By the program. Its prefixes are never those of a configuration.
    told: PrefixMeds,
}

impl Order {
    /// Whether it is to be answered `done`.
    pub(super) fn succeeds(&self) -> bool {
        *self != Self::ReloadInVain
    }

    /// As a program writes it; `address` names a neighbor.
    pub(super) fn line(&self, address: impl Fn(usize) -> String) -> String {
        let whom = |to: &Option<usize>| to.map_or(String::new(), |to| format!("neighbor {} ", address(to)));
        match self {
            Self::Announce { to, prefix, med } => {
                format!("{}announce route {prefix} next-hop 10.0.0.1 med {med}", whom(to))
            }
            Self::Withdraw { to, prefix } => {
                format!("{}withdraw route {prefix} next-hop 10.0.0.1", whom(to))
            }
            Self::Clear { to } => format!("{}clear adj-rib out", whom(to)),
            Self::Flush => "flush adj-rib out".to_owned(),
            Self::Reload(_) | Self::ReloadInVain => "reload".to_owned(),
        }
    }
}

impl Model {
    /// What holds once a speaker has started with a configuration.
    pub(super) fn of(configuration: &Configuration) -> Self {
        let mut model = Self::default();
        model.load(configuration);
        model
    }

    /// What an answered order has changed.
    pub(super) fn apply(&mut self, order: &Order) {
        match order {
            Order::Announce { to, prefix, med } => self.each(*to, |one| {
                one.told.insert(*prefix, *med);
            }),
            Order::Withdraw { to, prefix } => self.each(*to, |one| {
                one.told.remove(prefix);
            }),
            Order::Clear { to } => self.each(*to, |one| *one = Neighbor::default()),
            Order::Reload(configuration) => self.load(configuration),
            Order::Flush | Order::ReloadInVain => {}
        }
    }

    /// The table that a peer must have; `None`: it must not have a session.
    pub(super) fn table(&self, neighbor: usize) -> Option<PrefixMeds> {
        let Neighbor { fixed, told } = self.neighbors.get(neighbor)?.as_ref()?;
        Some(fixed.iter().chain(told).map(|(prefix, med)| (*prefix, *med)).collect())
    }

    pub(super) fn has(&self, neighbor: usize) -> bool {
        self.neighbors.get(neighbor).is_some_and(Option::is_some)
    }

    /// A neighbor that stays keeps what the program told it; one that is new begins with its configuration alone.
    fn load(&mut self, configuration: &Configuration) {
        self.neighbors.resize_with(configuration.neighbors.len(), || None);
        for (mine, theirs) in self.neighbors.iter_mut().zip(&configuration.neighbors) {
            match theirs {
                Some(routes) => mine.get_or_insert_default().fixed.clone_from(routes),
                None => *mine = None,
            }
        }
    }

    fn each(&mut self, to: Option<usize>, mut change: impl FnMut(&mut Neighbor)) {
        let chosen = self.neighbors.iter_mut().enumerate();
        chosen
            .filter(|(index, _)| to.is_none_or(|to| to == *index))
            .filter_map(|(_, one)| one.as_mut())
            .for_each(&mut change);
    }
}

/// Where a table differs from what it must be, in a few words; `None`: nowhere.
pub(super) fn difference(is: &PrefixMeds, must: &PrefixMeds) -> Option<String> {
    if is == must {
        return None;
    }
    let missing = || must.iter().filter(|(prefix, _)| !is.contains_key(prefix));
    let extra = || is.iter().filter(|(prefix, _)| !must.contains_key(prefix));
    let other = || is.iter().filter(|(prefix, med)| must.get(prefix).is_some_and(|must| must != *med));
    let first = |mut routes: Box<dyn Iterator<Item = (&BenchPrefix, &u32)> + '_>| {
        routes.next().map_or(String::new(), |(prefix, med)| format!(" ({prefix} med {med}, …)"))
    };
    Some(format!(
        "{} missing{}, {} too many{}, {} with another MED{}",
        missing().count(),
        first(Box::new(missing())),
        extra().count(),
        first(Box::new(extra())),
        other().count(),
        first(Box::new(other())),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(n: u32) -> BenchPrefix {
        BenchPrefix { address: n << 8, length: 24 }
    }

    fn configuration(neighbors: &[Option<&[u32]>]) -> Configuration {
        let routes = |routes: &&[u32]| routes.iter().map(|n| (prefix(*n), 1)).collect();
        Configuration { neighbors: neighbors.iter().map(|one| one.as_ref().map(routes)).collect() }
    }

    #[test]
    fn a_reload_keeps_what_a_program_told_a_neighbor_that_stays_and_nothing_of_one_that_was_away() {
        let both = configuration(&[Some(&[1]), Some(&[1])]);
        let mut model = Model::of(&both);
        model.apply(&Order::Announce { to: None, prefix: prefix(7), med: 3 });
        model.apply(&Order::Reload(Arc::new(configuration(&[Some(&[2]), None]))));
        assert_eq!(model.table(0), Some([(prefix(2), 1), (prefix(7), 3)].into()));
        assert_eq!(model.table(1), None);
        model.apply(&Order::Reload(Arc::new(both)));
        assert_eq!(model.table(1), Some([(prefix(1), 1)].into()));
    }

    #[test]
    fn a_clear_takes_all_routes_and_a_reload_brings_back_those_of_the_configuration() {
        let one = configuration(&[Some(&[1])]);
        let mut model = Model::of(&one);
        model.apply(&Order::Announce { to: Some(0), prefix: prefix(7), med: 3 });
        model.apply(&Order::Clear { to: Some(0) });
        assert_eq!(model.table(0), Some(PrefixMeds::new()));
        model.apply(&Order::Reload(Arc::new(one)));
        assert_eq!(model.table(0), Some([(prefix(1), 1)].into()));
    }

    #[test]
    fn a_difference_says_what_is_missing_what_is_too_much_and_what_is_otherwise() {
        let routes = |routes: &[(u32, u32)]| routes.iter().map(|(n, med)| (prefix(*n), *med)).collect();
        assert_eq!(difference(&routes(&[(1, 1)]), &routes(&[(1, 1)])), None);
        assert_eq!(
            difference(&routes(&[(1, 1), (2, 1)]), &routes(&[(2, 5), (3, 1)])).as_deref(),
            Some(
                "1 missing (0.0.3.0/24 med 1, …), 1 too many (0.0.1.0/24 med 1, …), 1 with another MED (0.0.2.0/24 med 1, …)"
            )
        );
    }
}
