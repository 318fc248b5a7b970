//! Statements of configurations, taken away.

use crate::scenario::Scenario;
use crate::shrink::search::Search;
use crate::shrink::statement::{ConfigPlace, Statement, at, configs, of, remove_at, with};

/// Where a statement stands: its configuration, and the index at each depth.
type Place = (ConfigPlace, Vec<usize>);

/// Removes statements: those outside first, then those one deeper, and so on.
pub(super) fn remove(search: &mut Search<'_>) {
    for depth in 1..=4 {
        search.remove(|scenario| places(scenario, depth), without);
    }
    simplify(search);
}

/// The statements at a depth, and all places that hold them.
fn places(scenario: &Scenario, depth: usize) -> Vec<Place> {
    fn visit(statements: &[Statement], depth: usize, path: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
        for (index, statement) in statements.iter().enumerate() {
            path.push(index);
            match (depth, &statement.block) {
                (1, _) => found.push(path.clone()),
                (_, Some(block)) => visit(block, depth - 1, path, found),
                _ => {}
            }
            path.pop();
        }
    }
    let mut all = Vec::new();
    for config in configs(scenario) {
        let mut found = Vec::new();
        visit(&of(scenario, config), depth, &mut Vec::new(), &mut found);
        all.extend(found.into_iter().map(|path| (config, path)));
    }
    all
}

fn without(scenario: &Scenario, some: &[Place]) -> Option<Scenario> {
    let mut scenario = scenario.clone();
    // From the last one on, so that the indices of the others stay.
    for (config, path) in some.iter().rev() {
        scenario = with(&scenario, *config, |statements| remove_at(statements, path))?;
    }
    Some(scenario)
}

/// Leaves of each route its prefix and next hop alone.
fn simplify(search: &mut Search<'_>) {
    for depth in 1..=4 {
        for index in (0..places(&search.best.scenario, depth).len()).rev() {
            let place = places(&search.best.scenario, depth).into_iter().nth(index);
            let Some((config, path)) = place else { continue };
            let candidate = with(&search.best.scenario, config, |statements| {
                let route = at(statements, &path).filter(|one| one.block.is_none() && one.word(0) == "route");
                route.into_iter().for_each(|route| route.words.truncate(4));
            });
            search.offer(candidate);
        }
    }
}
