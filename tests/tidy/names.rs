//! Names: what comments and pages speak of exists, and one type name has one meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::modules::normal;
use crate::source::{File, Finding, Tree, comments, only_for_tests};

/// Words that were names here once. A word is reported where a comment has it and no code does.
const REMOVED: &[&str] = &[
    "Bell",
    "undertaker",
    "Undertaker",
    "Birth",
    "bereft",
    "Bereft",
    "Wish",
    "Beyond",
    "Surroundings",
    "Divert",
    "Flight",
    "Leg",
    "defective_host",
    "turmoil_net",
];

/// Packages whose names no other package's type names are held against: they are outside of the workspace.
const APART: &[&str] = &["fuzz/", "benches/peers/"];

/// Comments and pages that speak of what is not there: removed names, files, and pages behind links.
pub(crate) fn stale(tree: &Tree) -> Vec<Finding> {
    let mut living = BTreeSet::new();
    for (_, syntax) in tree.rust() {
        words(quote(syntax), &mut living);
    }
    let mut found = Vec::new();
    // The changelog tells of the past, and the rule's own list of what is gone.
    for file in
        tree.files.iter().filter(|file| file.path != "CHANGELOG.md" && file.path != "tests/tidy/names.rs")
    {
        for (line, text) in comments(file) {
            let mut report = |key: &str, advice: String| {
                found.push(Finding { path: file.path.clone(), line, advice, key: key.to_owned() });
            };
            for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
                if REMOVED.contains(&word) && !living.contains(word) {
                    report(word, format!("`{word}` is no name here any more: say what stands there now"));
                }
            }
            for name in text.split('`').skip(1).step_by(2).filter(|name| is_file_name(name)) {
                if !exists(tree, file, name) {
                    report(name, format!("there is no file `{name}`"));
                }
            }
            for link in links(text) {
                if !exists(tree, file, link) {
                    report(link, format!("the link to {link} leads nowhere"));
                }
            }
        }
    }
    found
}

/// Whether a quoted text names a file of a kind that we have, and with no pattern in it.
fn is_file_name(name: &str) -> bool {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let ends =
        [".rs", ".md", ".toml"].iter().any(|end| name.strip_suffix(end).is_some_and(|stem| !stem.is_empty()));
    plain && ends && !name.starts_with("../shared/") && !name.starts_with('.')
}

/// The targets of a page's links into the repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split_once(')')?.0.split('#').next()?;
        let inside = !target.is_empty()
            && !target.contains("::")
            && !target.contains(':')
            && target.contains(['/', '.']);
        inside.then_some(target)
    })
}

/// Whether a name leads to a file: from the root, from its place, or as the end of a path.
fn exists(tree: &Tree, file: &File, name: &str) -> bool {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let end = format!("/{name}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    tree.files.iter().any(|known| known.path == name || known.path.ends_with(&end))
        || tree.get(&normal(&format!("{folder}/{name}"))).is_some()
        || root.join(folder).join(name).exists()
        || root.join(name).exists()
}

/// The identifiers of a file.
fn words(tokens: TokenStream, into: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => drop(into.insert(ident.to_string())),
            TokenTree::Group(group) => words(group.stream(), into),
            _ => {}
        }
    }
}

fn quote(syntax: &syn::File) -> TokenStream {
    let mut tokens = TokenStream::new();
    for item in &syntax.items {
        quote::ToTokens::to_tokens(item, &mut tokens);
    }
    tokens
}

/// Types that more than one place of the workspace defines, tests and private types left out.
pub(crate) fn types(tree: &Tree) -> Vec<Finding> {
    let mut places: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for (file, syntax) in tree.rust() {
        if !file.is_test && !APART.iter().any(|apart| file.path.starts_with(apart)) {
            Types { file, places: &mut places }.visit_file(syntax);
        }
    }
    places
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(name, places)| {
            let others: Vec<_> = places[1..].iter().map(|(path, line)| format!("{path}:{line}")).collect();
            Finding {
                path: places[0].0.clone(),
                line: places[0].1,
                advice: format!("`{name}` is a type in {} too: a name has one meaning", others.join(", ")),
                key: name,
            }
        })
        .collect()
}

struct Types<'a> {
    file: &'a File,
    places: &'a mut BTreeMap<String, Vec<(String, usize)>>,
}

impl Visit<'_> for Types<'_> {
    fn visit_item(&mut self, item: &syn::Item) {
        let (name, visibility) = match item {
            syn::Item::Struct(item) => (&item.ident, &item.vis),
            syn::Item::Enum(item) => (&item.ident, &item.vis),
            syn::Item::Union(item) => (&item.ident, &item.vis),
            syn::Item::Trait(item) => (&item.ident, &item.vis),
            syn::Item::Type(item) => (&item.ident, &item.vis),
            syn::Item::Mod(item) if only_for_tests(&item.attrs) => return,
            item => return visit::visit_item(self, item),
        };
        if !matches!(visibility, syn::Visibility::Inherited) {
            let place = (self.file.path.clone(), name.span().start().line);
            self.places.entry(name.to_string()).or_default().push(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        stale(&Tree::of(files)).iter().map(|one| format!("{}:{} {}", one.path, one.line, one.key)).collect()
    }

    #[test]
    fn a_removed_name_in_a_comment_is_found_unless_code_has_it() {
        let comment = "\n/// Rings the Bell.\npub struct Notify;";
        assert_eq!(found(&[("src/a.rs", comment)]), ["src/a.rs:2 Bell"]);
        assert_eq!(found(&[("src/a.rs", comment), ("src/b.rs", "struct Bell;")]), Vec::<String>::new());
        assert_eq!(found(&[("docs/a.md", "The undertaker reaps."), ("Cargo.toml", "# A Bell")]).len(), 2);
    }

    #[test]
    fn a_file_and_a_link_that_do_not_exist_are_found() {
        let page = "Look at `src/gone.rs`, `here.rs`, `src/here.rs`, `*.rs`.\n[a](gone.md) [b](#there) [c](https://x.y/z)";
        let found = found(&[("src/here.rs", ""), ("page.md", page)]);
        assert_eq!(found, ["page.md:1 src/gone.rs", "page.md:2 gone.md"]);
    }

    #[test]
    fn a_type_name_that_stands_twice_is_found_if_others_can_see_both() {
        let tree = Tree::of(&[
            ("src/a.rs", "pub struct Twice; struct Private; pub struct Tested; pub struct Once;"),
            ("src/b.rs", "mod below { pub(crate) enum Twice {} } pub type Private = u8;"),
            ("src/c.rs", "#[cfg(test)] mod tests { pub struct Tested; }"),
            ("fuzz/src/c.rs", "pub struct Once;"),
        ]);
        let found: Vec<_> = types(&tree).into_iter().map(|found| found.key).collect();
        assert_eq!(found, ["Twice"]);
    }
}
