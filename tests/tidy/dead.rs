//! Files that nothing compiles.

use std::collections::BTreeSet;

use crate::modules::{self, Crate};
use crate::source::{Finding, Tree};

/// Rust files of a package's `src` and `tests` that no `mod` reaches.
pub(crate) fn dead_files(tree: &Tree) -> Vec<Finding> {
    let reached: BTreeSet<String> =
        modules::roots(tree).iter().flat_map(|root| Crate::new(tree, root).reached.into_keys()).collect();
    tree.rust()
        .filter(|(file, _)| file.path.split('/').any(|part| part == "src" || part == "tests"))
        .filter(|(file, _)| !reached.contains(&file.path))
        .map(|(file, _)| Finding {
            path: file.path.clone(),
            line: 1,
            advice: "no `mod` reaches this file: declare it or delete it".to_owned(),
            key: file.path.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_mod_reaches_is_found() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[package]\nname = \"holdtime-core\"\n"),
            (
                "src/lib.rs",
                "mod a; #[cfg(test)] mod tested; #[path = \"elsewhere/b.rs\"] mod b; mod c { mod d; }",
            ),
            ("src/a.rs", "mod below;"),
            ("src/a/below.rs", ""),
            ("src/a/dead.rs", ""),
            ("src/tested.rs", ""),
            ("src/elsewhere/b.rs", ""),
            ("src/c/d.rs", ""),
            ("tests/whole/main.rs", "mod part;"),
            ("tests/whole/part.rs", ""),
            ("tests/whole/forgotten.rs", ""),
        ]);
        let found: Vec<_> = dead_files(&tree).into_iter().map(|found| found.path).collect();
        assert_eq!(found, ["src/a/dead.rs", "tests/whole/forgotten.rs"]);
    }
}
