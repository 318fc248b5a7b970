//! Choices that become 0, the simplest: those of a site, of an actor, then halves down to each alone.

use std::collections::BTreeSet;

use holdtime_machine::choices::Choice;

use crate::shrink::search::Search;
use crate::shrink::trial::Trial;

/// Takes choices away as long as the run fails as it did. Where a seed draws them there is nothing to take away.
pub(super) fn simplify(search: &mut Search<'_>) {
    if search.best.choices.is_none() {
        return;
    }
    offer(search, |_| false);
    for site in distinct(search, |choice| choice.site) {
        offer(search, |choice| choice.site != site);
    }
    for actor in distinct(search, |choice| choice.actor.clone()) {
        offer(search, |choice| choice.actor != actor);
    }
    let mut group = left(search).len() / 2;
    while group > 0 {
        let mut end = usize::MAX;
        loop {
            let all = left(search);
            end = end.min(all.len());
            let start = end.saturating_sub(group);
            let some: BTreeSet<Choice> = all.get(start..end).into_iter().flatten().cloned().collect();
            if some.is_empty() {
                break;
            }
            offer(search, |choice| !some.contains(choice));
            end = start;
        }
        group /= 2;
    }
}

fn left(search: &Search<'_>) -> Vec<Choice> {
    search.best.choices.clone().unwrap_or_default()
}

fn distinct<K: Ord>(search: &Search<'_>, of: impl Fn(&Choice) -> K) -> BTreeSet<K> {
    search.best.choices.iter().flatten().map(of).collect()
}

/// Offers those that are to stay.
fn offer(search: &mut Search<'_>, stays: impl Fn(&Choice) -> bool) {
    let all = left(search);
    let some: Vec<Choice> = all.iter().filter(|choice| stays(choice)).cloned().collect();
    if some.len() < all.len() {
        let Trial { scenario, seed, .. } = &search.best;
        let candidate = Trial { scenario: scenario.clone(), seed: *seed, choices: Some(some) };
        search.offer_trial(&candidate);
    }
}
