//! The scenarios that come with the lab, and where else scenarios are found.

use crate::scenario::Scenario;
use crate::scenario::mistake::{Mistake, Source, nearest};

static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

static PROBES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/probes.rs"));

/// What the name of a scenario begins with that `probe` plays against other people's speakers.
const PROBE: &str = "probe:";

/// The names of the scenarios that come with the lab.
pub fn embedded() -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(|(name, _)| name.strip_suffix(".toml"))
}

/// The scenario of this name that comes with the lab.
///
/// # Errors
/// There is none; or, which a test rules out, its file is wrong.
pub fn find(name: &str) -> Result<Scenario, NoScenario> {
    if let Some((name, text)) = name.strip_prefix(PROBE).and_then(probe) {
        let source = Source::new(format!("{PROBE}{name}.toml"), text);
        return Scenario::parse(&source, neighbour, None).map_err(NoScenario::Wrong);
    }
    let file = format!("{name}.toml");
    let Some((_, text)) = FILES.iter().find(|(known, _)| *known == file) else {
        let names: Vec<_> = embedded().collect();
        return Err(NoScenario::Unknown { name: name.to_owned(), nearest: nearest(name, &names) });
    };
    // That its `[expect]` names subjects, a test holds beside their registry.
    Scenario::parse(&Source::new(file, *text), neighbour, None).map_err(NoScenario::Wrong)
}

/// The names of the scenarios that `probe` plays against other people's speakers; [`find`] wants `probe:` before them.
pub fn probes() -> impl Iterator<Item = &'static str> {
    PROBES.iter().filter_map(|(name, _)| name.strip_suffix(".toml"))
}

/// The name and the file of one of [`probes`].
pub(crate) fn probe(name: &str) -> Option<(&'static str, &'static str)> {
    let (name, text) = PROBES.iter().find(|(known, _)| known.strip_suffix(".toml") == Some(name))?;
    Some((name.strip_suffix(".toml")?, text))
}

/// Reads a scenario from text; `open` reads the files that stand next to it, and `subjects` are the names that its `[expect]` may
/// have.
///
/// # Errors
/// The first mistake in it.
pub fn read(
    source: &Source,
    open: impl Fn(&str) -> Option<String>,
    subjects: &[&str],
) -> Result<Scenario, Mistake> {
    Scenario::parse(source, open, Some(subjects))
}

fn neighbour(file: &str) -> Option<String> {
    FILES.iter().find(|(name, _)| *name == file).map(|(_, text)| (*text).to_owned())
}

/// Why there is no such scenario.
#[derive(Clone, Debug)]
pub enum NoScenario {
    /// None has this name.
    Unknown {
        /// The name.
        name: String,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Its file is wrong.
    Wrong(Mistake),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_that_comes_with_the_lab_is_right() {
        let probes = probes().map(|name| format!("{PROBE}{name}"));
        for name in embedded().map(str::to_owned).chain(probes) {
            if let Err(NoScenario::Wrong(mistake)) = find(&name) {
                panic!("{mistake}");
            }
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        assert!(matches!(find("silent-per"), Err(NoScenario::Unknown { nearest: Some("silent-peer"), .. })));
    }
}
