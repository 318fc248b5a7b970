//! The modules of a package and what they import, file by file. A name is followed through re-exports to the file that defines it, so
//! that a facade such as `lib.rs` makes no edge of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::source::{Tree, attributes, only_for_tests};

/// Which file imports which, with the first line that does.
pub(crate) type Imports = BTreeMap<(String, String), usize>;

/// One module.
#[derive(Default)]
struct Module {
    file: String,
    parent: Option<usize>,
    children: HashMap<String, usize>,
    /// Defined here.
    items: BTreeSet<String>,
    /// Imported here: its name and its path.
    names: HashMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Paths that stand in the code, private imports among them.
    paths: Vec<(Vec<String>, usize)>,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Target {
    Module(usize),
    /// An item of the module.
    Item(usize),
}

/// One crate: a library, a binary or a test.
pub(crate) struct Crate {
    modules: Vec<Module>,
    /// Every file that a `mod` reaches; `true` if only in tests.
    pub(crate) reached: BTreeMap<String, bool>,
}

/// Files that only `#[cfg(test)]` modules reach.
pub(crate) fn files_of_tests(tree: &Tree) -> Vec<String> {
    let mut shipped = BTreeSet::new();
    let mut tested = BTreeSet::new();
    for root in roots(tree) {
        for (file, test) in Crate::new(tree, &root).reached {
            if test {
                tested.insert(file)
            } else {
                shipped.insert(file)
            };
        }
    }
    tested.difference(&shipped).cloned().collect()
}

/// The files at which crates begin.
pub(crate) fn roots(tree: &Tree) -> Vec<String> {
    let mut roots = BTreeSet::new();
    for (folder, manifest) in tree.packages() {
        let base = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        for file in &tree.files {
            let Some(name) = file.path.strip_prefix(&base) else { continue };
            let parts: Vec<_> = name.split('/').collect();
            let begins = match parts.as_slice() {
                ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
                ["src", "bin", _] | ["src", "bin", _, "main.rs"] => true,
                ["tests" | "benches" | "examples", file] => file.ends_with(".rs"),
                ["tests" | "benches" | "examples", _, "main.rs"] => true,
                _ => false,
            };
            let named = manifest.text.contains(&format!("path = \"{name}\""));
            if file.syntax.is_some() && (begins || named) {
                roots.insert(file.path.clone());
            }
        }
    }
    roots.into_iter().collect()
}

/// What the files of all crates under a package's `src` import.
pub(crate) fn imports(tree: &Tree, package: &str) -> Imports {
    let source = if package.is_empty() { "src/".to_owned() } else { format!("{package}/src/") };
    let mut all = Imports::new();
    for root in roots(tree).iter().filter(|root| root.starts_with(&source)) {
        for (edge, line) in Crate::new(tree, root).imports() {
            all.entry(edge).or_insert(line);
        }
    }
    all
}

impl Crate {
    pub(crate) fn new(tree: &Tree, root: &str) -> Self {
        let mut whole = Self { modules: Vec::new(), reached: BTreeMap::new() };
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        whole.add_file(tree, root, folder, None, false);
        whole
    }

    fn add_file(
        &mut self,
        tree: &Tree,
        path: &str,
        folder: &str,
        parent: Option<usize>,
        test: bool,
    ) -> Option<usize> {
        let syntax = tree.get(path)?.syntax.as_ref()?;
        let only_before = self.reached.get(path).copied().unwrap_or(true);
        self.reached.insert(path.to_owned(), test && only_before);
        Some(self.add_module(tree, &syntax.items, path, folder, parent, test))
    }

    /// Adds a module whose files of children lie in `folder`.
    fn add_module(
        &mut self,
        tree: &Tree,
        items: &[syn::Item],
        file: &str,
        folder: &str,
        parent: Option<usize>,
        test: bool,
    ) -> usize {
        let here = self.modules.len();
        self.modules.push(Module { file: file.to_owned(), parent, ..Module::default() });
        for item in items {
            let test = test || only_for_tests(attributes(item));
            if let syn::Item::Mod(item) = item {
                self.add_child(tree, item, here, folder, test);
            } else if !test {
                let mut uses = Uses(&mut self.modules[here]);
                uses.define(item);
                uses.visit_item(item);
            }
        }
        here
    }

    fn add_child(&mut self, tree: &Tree, item: &syn::ItemMod, parent: usize, folder: &str, test: bool) {
        let name = item.ident.to_string();
        let below = format!("{folder}/{name}");
        let file = self.modules[parent].file.clone();
        let child = match &item.content {
            Some((_, items)) => Some(self.add_module(tree, items, &file, &below, Some(parent), test)),
            None => match told_path(item) {
                Some(told) => {
                    let beside = file.rsplit_once('/').map_or("", |(folder, _)| folder);
                    let path = normal(&format!("{beside}/{told}"));
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                    self.add_file(tree, &path, &folder, Some(parent), test)
                }
                None => self
                    .add_file(tree, &normal(&format!("{below}.rs")), &below, Some(parent), test)
                    .or_else(|| {
                        self.add_file(tree, &normal(&format!("{below}/mod.rs")), &below, Some(parent), test)
                    }),
            },
        };
        if let Some(child) = child
            && !test
        {
            self.modules[parent].children.insert(name, child);
        }
    }

    fn imports(&self) -> Imports {
        let mut all = Imports::new();
        for (here, module) in self.modules.iter().enumerate() {
            for (path, line) in &module.paths {
                let Some(Target::Item(there)) = self.resolve(here, path, 0) else { continue };
                let there = &self.modules[there].file;
                if *there != module.file {
                    all.entry((module.file.clone(), there.clone())).or_insert(*line);
                }
            }
        }
        all
    }

    /// Follows a path as the code in module `here` reads it; `None` where it leaves the crate.
    fn resolve(&self, here: usize, path: &[String], depth: usize) -> Option<Target> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(here),
            "super" => Target::Module(self.modules[here].parent?),
            name => self.lookup(here, name, !rest.is_empty(), depth)?,
        };
        while let (Target::Module(module), Some((name, after))) = (at, rest.split_first()) {
            at = match name.as_str() {
                "super" => Target::Module(self.modules[module].parent?),
                name => self.lookup(module, name, !after.is_empty(), depth)?,
            };
            rest = after;
        }
        Some(at)
    }

    /// A name of a module: `qualifies` says that a path goes on behind it.
    fn lookup(&self, module: usize, name: &str, qualifies: bool, depth: usize) -> Option<Target> {
        if depth > 16 {
            return None;
        }
        let Module { children, items, names, globs, .. } = &self.modules[module];
        let child = children.get(name).map(|child| Target::Module(*child));
        if let Some(child) = child.filter(|_| qualifies || !items.contains(name)) {
            return Some(child);
        }
        if items.contains(name) {
            return Some(Target::Item(module));
        }
        if let Some(path) = names.get(name).filter(|path| path.first().is_none_or(|first| first != name)) {
            return self.resolve(module, path, depth + 1);
        }
        globs.iter().find_map(|glob| match self.resolve(module, glob, depth + 1)? {
            Target::Module(from) => self.lookup(from, name, qualifies, depth + 1),
            item => Some(item),
        })
    }
}

/// The path that `#[path = "…"]` tells.
fn told_path(item: &syn::ItemMod) -> Option<String> {
    item.attrs.iter().find_map(|attribute| {
        let syn::Meta::NameValue(meta) = &attribute.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &meta.value else { return None };
        meta.path.is_ident("path").then(|| text.value())
    })
}

/// A path without `..` and without empty parts.
pub(crate) fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Collects the names and paths of a module.
struct Uses<'a>(&'a mut Module);

impl Uses<'_> {
    fn define(&mut self, item: &syn::Item) {
        use syn::Item::*;
        let name = match item {
            Const(item) => &item.ident,
            Enum(item) => &item.ident,
            Fn(item) => &item.sig.ident,
            Static(item) => &item.ident,
            Struct(item) => &item.ident,
            Trait(item) => &item.ident,
            Type(item) => &item.ident,
            Union(item) => &item.ident,
            Macro(item) => match &item.ident {
                Some(name) => name,
                None => return,
            },
            _ => return,
        };
        self.0.items.insert(name.to_string());
    }

    fn import(&mut self, tree: &syn::UseTree, mut path: Vec<String>, private: bool) {
        let line = |ident: &syn::Ident| ident.span().start().line;
        match tree {
            syn::UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.import(&part.tree, path, private);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, path.clone(), private));
            }
            syn::UseTree::Glob(_) => self.0.globs.push(path),
            syn::UseTree::Name(syn::UseName { ident }) => self.bind(ident, ident, path, private, line(ident)),
            syn::UseTree::Rename(syn::UseRename { ident, rename, .. }) => {
                self.bind(ident, rename, path, private, line(ident));
            }
        }
    }

    fn bind(
        &mut self,
        from: &syn::Ident,
        name: &syn::Ident,
        mut path: Vec<String>,
        private: bool,
        line: usize,
    ) {
        let name =
            if from == "self" && name == "self" { path.last().cloned() } else { Some(name.to_string()) };
        if from != "self" {
            path.push(from.to_string());
        }
        if private {
            self.0.paths.push((path.clone(), line));
        }
        if let Some(name) = name {
            self.0.names.insert(name, path);
        }
    }

    /// The paths of a macro's arguments, which are no syntax tree.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.take(&mut path, line);
                    }
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.take(&mut path, line);
                    colons = 0;
                    self.tokens(group.stream());
                }
                _ => {
                    self.take(&mut path, line);
                    colons = 0;
                }
            }
        }
        self.take(&mut path, line);
    }

    fn take(&mut self, path: &mut Vec<String>, line: usize) {
        if !path.is_empty() {
            self.0.paths.push((std::mem::take(path), line));
        }
    }
}

impl Visit<'_> for Uses<'_> {
    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        if item.leading_colon.is_none() && !only_for_tests(&item.attrs) {
            self.import(&item.tree, Vec::new(), matches!(item.vis, syn::Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.0.paths.push((names, first.ident.span().start().line));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &syn::Macro) {
        visit::visit_macro(self, item);
        self.tokens(item.tokens.clone());
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        if !only_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    // What derives and lints are told names nothing of ours.
    fn visit_attribute(&mut self, _: &syn::Attribute) {}
}
