//! What the rules pass over.

use crate::source::Finding;

/// The exceptions of one rule, by the keys of its findings.
pub(crate) struct Exceptions {
    /// That stay, each with its reason. One that nothing needs any more is an error.
    stay: &'static [(&'static str, &'static str)],
    /// That are to go. One that nothing needs any more is told, and can be struck.
    go: &'static [&'static str],
}

impl Exceptions {
    /// What is left of the findings, as lines; and exceptions that stay though nothing needs them.
    pub(crate) fn apply(&self, mut found: Vec<Finding>) -> Vec<String> {
        found.sort();
        let unneeded = self.stay.iter().filter(|(key, _)| !found.iter().any(|one| covers(key, &one.key)));
        let unneeded: Vec<_> = unneeded
            .map(|(key, _)| format!("nothing needs the exception `{key}` any more: strike it"))
            .collect();
        for key in self.go.iter().filter(|key| !found.iter().any(|one| covers(key, &one.key))) {
            eprintln!("`{key}` has gone: strike it from tests/tidy/exceptions.rs");
        }
        found.retain(|one| {
            !self.stay.iter().map(|(key, _)| key).chain(self.go).any(|key| covers(key, &one.key))
        });
        found.iter().map(ToString::to_string).chain(unneeded).collect()
    }
}

/// Whether an exception covers a finding: it has all of its words.
fn covers(exception: &str, key: &str) -> bool {
    key.split(' ').all(|word| exception.split(' ').any(|known| known == word))
}

/// Of a rule without exceptions.
pub(crate) const NONE: Exceptions = Exceptions { stay: &[], go: &[] };
/// By module.
pub(crate) const LONG_FILES: Exceptions = Exceptions { stay: &[], go: &[] };
/// By `module::function`.
pub(crate) const LONG_FUNCTIONS: Exceptions = Exceptions { stay: &[], go: &[] };
/// By the two rooms.
pub(crate) const ROOMS: Exceptions = Exceptions { stay: &[], go: &[] };
/// By the names of the modules; a circle of fewer of them is covered too. At most three stay.
pub(crate) const CIRCLES: Exceptions = Exceptions {
    stay: &[
        (
            "error frame notification reader writer",
            "a decoder's error says which NOTIFICATION answers it, and a NOTIFICATION is decoded and framed like any message",
        ),
        ("check view", "an UPDATE is checked over its view, and the view hands out what the check let pass"),
        (
            "prefix_route routes",
            "the grammar of a route for one prefix, and of a line with several of them, call one another",
        ),
    ],
    go: &[],
};
/// By the name that is not there.
pub(crate) const STALE: Exceptions = Exceptions {
    stay: &[
        ("kernel/tcp.rs", "a file of turmoil-net"),
        ("folder/name.toml", "an example of a path"),
        ("attribute/NAME.rs", "NAME stands for each"),
        ("nlri/FAMILY.rs", "FAMILY stands for each"),
    ],
    go: &[],
};
/// By the two modules.
pub(crate) const DUPLICATES: Exceptions = Exceptions { stay: &[], go: &[] };
/// By type.
pub(crate) const TYPES: Exceptions = Exceptions { stay: &[], go: &[] };

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(key: &str) -> Finding {
        Finding { path: "a".into(), line: 1, advice: "b".into(), key: key.into() }
    }

    #[test]
    fn an_exception_covers_its_own_finding_and_no_other() {
        let exceptions = Exceptions { stay: &[("a b", "halves")], go: &["c"] };
        assert_eq!(exceptions.apply(vec![finding("a b"), finding("c")]), Vec::<String>::new());
        assert_eq!(exceptions.apply(vec![finding("a b d")]).len(), 2, "and nothing needs the exception");
    }

    #[test]
    fn an_exception_that_nothing_needs_is_told() {
        let exceptions = Exceptions { stay: &[("a", "why")], go: &[] };
        assert_eq!(exceptions.apply(vec![]), ["nothing needs the exception `a` any more: strike it"]);
    }
}
