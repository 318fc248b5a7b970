//! The repository's files, parsed once for all rules: texts, syntax trees, and which lines are tests.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// What a rule has to say about one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    /// What is wrong, and what to do.
    pub(crate) advice: String,
    /// What the lists of exceptions call it.
    pub(crate) key: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.advice)
    }
}

/// One file of ours.
pub(crate) struct File {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Of a Rust file.
    pub(crate) syntax: Option<syn::File>,
    /// Lines that only tests compile, from 1.
    tests: BTreeSet<usize>,
    /// Lines of imports, from 1.
    pub(crate) imports: BTreeSet<usize>,
    /// The whole file is a test's.
    pub(crate) is_test: bool,
}

impl File {
    fn new(path: &str, text: String) -> Self {
        let syntax = path
            .ends_with(".rs")
            .then(|| syn::parse_file(&text).unwrap_or_else(|error| panic!("{path} does not parse: {error}")));
        let mut lines = Lines::default();
        if let Some(syntax) = &syntax {
            lines.visit_file(syntax);
        }
        let is_test = path.split('/').any(|part| part == "tests") || path.ends_with("/tests.rs");
        Self { path: path.to_owned(), text, syntax, tests: lines.tests, imports: lines.imports, is_test }
    }

    /// Whether this line, from 1, is compiled for tests alone.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test || self.tests.contains(&line)
    }

    /// The name of the module that the file holds: `world` of `machine/src/world/mod.rs`. Exceptions are listed by it, so that they
    /// survive a move.
    pub(crate) fn module(&self) -> &str {
        module_of(&self.path)
    }
}

/// The module's name of a file at `path`.
pub(crate) fn module_of(path: &str) -> &str {
    let mut parts = path.trim_end_matches(".rs").rsplit('/');
    match parts.next() {
        Some("mod" | "lib" | "main") => parts.find(|part| *part != "src").unwrap_or("core"),
        last => last.unwrap_or(path),
    }
}

/// All files of ours.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// The repository that this test was built in.
    pub(crate) fn of_repository() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        collect(root, root, &mut files);
        Self::new(files)
    }

    /// A tree of these files; the rules' own tests make bad ones.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn new(mut files: Vec<(String, String)>) -> Self {
        files.sort();
        let mut tree = Self { files: files.into_iter().map(|(path, text)| File::new(&path, text)).collect() };
        for path in crate::modules::files_of_tests(&tree) {
            if let Some(file) = tree.files.iter_mut().find(|file| file.path == path) {
                file.is_test = true;
            }
        }
        tree
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = (&File, &syn::File)> {
        self.files.iter().filter_map(|file| Some((file, file.syntax.as_ref()?)))
    }

    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| &self.files[at])
    }

    /// Folders that hold a package, `""` the root.
    pub(crate) fn packages(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().filter_map(|file| {
            let folder = file.path.strip_suffix("Cargo.toml")?;
            file.text.contains("[package]").then_some((folder.trim_end_matches('/'), file))
        })
    }
}

/// Reads what is ours below a folder: sources, manifests and pages.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            let built = path.join("CACHEDIR.TAG").exists();
            if !built && !name.starts_with('.') && !["target", "corpus", "artifacts"].contains(&name.as_str())
            {
                collect(root, &path, files);
            }
        } else if [".rs", ".toml", ".md"].iter().any(|end| name.ends_with(end))
            && let (Ok(text), Ok(below)) = (fs::read_to_string(&path), path.strip_prefix(root))
        {
            files.push((below.to_string_lossy().replace('\\', "/"), text));
        }
    }
}

/// Whether attributes say that only tests compile what they stand on.
pub(crate) fn only_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return attribute.path().is_ident("test") };
        let text = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg") && (text == "test" || text.starts_with("all(test,"))
    })
}

/// The lines of tests and of imports.
#[derive(Default)]
struct Lines {
    tests: BTreeSet<usize>,
    imports: BTreeSet<usize>,
}

impl Visit<'_> for Lines {
    fn visit_item(&mut self, item: &syn::Item) {
        let span = item.span();
        let lines = span.start().line..=span.end().line;
        if only_for_tests(attributes(item)) {
            self.tests.extend(lines);
        } else if matches!(item, syn::Item::Use(_) | syn::Item::ExternCrate(_)) {
            self.imports.extend(lines);
        } else {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        if only_for_tests(&item.attrs) {
            self.tests.extend(item.span().start().line..=item.span().end().line);
        } else {
            visit::visit_impl_item_fn(self, item);
        }
    }
}

/// What stands on an item.
pub(crate) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    use syn::Item::*;
    match item {
        Const(item) => &item.attrs,
        Enum(item) => &item.attrs,
        ExternCrate(item) => &item.attrs,
        Fn(item) => &item.attrs,
        Impl(item) => &item.attrs,
        Macro(item) => &item.attrs,
        Mod(item) => &item.attrs,
        Static(item) => &item.attrs,
        Struct(item) => &item.attrs,
        Trait(item) => &item.attrs,
        Type(item) => &item.attrs,
        Union(item) => &item.attrs,
        Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The comments of a file, with their lines from 1: what follows `//` in Rust and `#` in manifests, and all of a page.
pub(crate) fn comments(file: &File) -> Vec<(usize, &str)> {
    let lines = file.text.lines().enumerate().map(|(at, line)| (at + 1, line));
    if file.path.ends_with(".md") {
        return lines.collect();
    }
    let mark = if file.path.ends_with(".rs") { "//" } else { "#" };
    lines
        .filter_map(|(at, line)| {
            // A mark that follows an odd number of quotes stands in a string.
            let (before, after) = line.split_once(mark)?;
            before.matches('"').count().is_multiple_of(2).then_some((at, after))
        })
        .collect()
}
