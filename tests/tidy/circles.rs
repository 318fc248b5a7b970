//! Files that import one another in a circle: nobody can read one of them first.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{self, Imports};
use crate::source::{Finding, Tree, module_of};

/// Every circle of every package, by the names of its modules in order.
pub(crate) fn circles(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (package, _) in tree.packages() {
        let imports = modules::imports(tree, package);
        for circle in components(&imports) {
            let files: Vec<_> = circle.iter().map(String::as_str).collect();
            let edges: Vec<_> = imports
                .iter()
                .filter(|((from, to), _)| circle.contains(from) && circle.contains(to))
                .map(|((from, to), line)| format!("\n    {from}:{line} imports {to}"))
                .collect();
            let names: BTreeSet<_> = files.iter().map(|file| module_of(file)).collect();
            let first = imports.iter().find(|((from, to), _)| circle.contains(from) && circle.contains(to));
            found.push(Finding {
                path: files[0].to_owned(),
                line: first.map_or(1, |(_, line)| *line),
                advice: format!(
                    "{} files import one another: move what they share below them{}",
                    files.len(),
                    edges.concat()
                ),
                key: names.into_iter().collect::<Vec<_>>().join(" "),
            });
        }
    }
    found
}

/// The strongly connected components of more than one file: files that reach one another.
fn components(imports: &Imports) -> Vec<BTreeSet<String>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in imports.keys() {
        next.entry(from).or_default().push(to);
    }
    let reach = |start: &str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![start.to_owned()];
        while let Some(at) = open.pop() {
            for to in next.get(at.as_str()).into_iter().flatten() {
                if seen.insert((*to).to_owned()) {
                    open.push((*to).to_owned());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<String, BTreeSet<String>> =
        next.keys().map(|file| ((*file).to_owned(), reach(file))).collect();
    let mut placed = BTreeSet::new();
    let mut found = Vec::new();
    for (file, there) in &reached {
        if there.contains(file) && placed.insert(file.clone()) {
            let circle: BTreeSet<_> = there
                .iter()
                .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
                .cloned()
                .collect();
            placed.extend(circle.iter().cloned());
            found.push(circle);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"holdtime-core\"\n";

    fn keys(files: &[(&str, &str)]) -> Vec<String> {
        let mut all = vec![("Cargo.toml", MANIFEST)];
        all.extend(files);
        circles(&Tree::of(&all)).into_iter().map(|found| found.key).collect()
    }

    #[test]
    fn two_files_and_three_that_import_one_another_are_found() {
        let found = keys(&[
            ("src/lib.rs", "mod a; mod b; mod c; mod d; mod e;"),
            ("src/a.rs", "use crate::b::B; pub struct A;"),
            ("src/b.rs", "pub struct B(super::a::A);"),
            ("src/c.rs", "use crate::d::D; pub struct C;"),
            ("src/d.rs", "use crate::e; pub struct D(e::E);"),
            ("src/e.rs", "use crate::c::*; pub struct E(C);"),
        ]);
        assert_eq!(found, ["a b", "c d e"]);
    }

    #[test]
    fn a_child_that_imports_its_parent_is_found_if_the_parent_uses_it() {
        let child = ("src/a/b.rs", "use super::A; pub struct B(A);");
        let uses = "mod b; pub struct A; fn f() { b::B; }";
        assert_eq!(keys(&[("src/lib.rs", "mod a;"), ("src/a/mod.rs", uses), child]), ["a b"]);
        // A facade is none: what it hands on is sought where it is defined.
        let facade = "mod b; mod c; pub use b::B; pub use c::A;";
        let files =
            [("src/lib.rs", "mod a;"), ("src/a/mod.rs", facade), child, ("src/a/c.rs", "pub struct A;")];
        assert_eq!(keys(&files), Vec::<String>::new());
    }

    #[test]
    fn a_circle_that_only_tests_close_is_none() {
        let a = "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }";
        let files =
            [("src/lib.rs", "mod a; mod b;"), ("src/a.rs", a), ("src/b.rs", "pub struct B(crate::a::A);")];
        assert_eq!(keys(&files), Vec::<String>::new());
    }
}
