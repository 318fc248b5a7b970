//! A file has at most 600 lines, tests included: it has one subject. A function has at most 70 lines, from `fn` to its last brace;
//! tests are free of that, since a table of cases is not harder to read for its length.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::source::{File, Finding, Tree, only_for_tests};

const FILE: usize = 600;
const FUNCTION: usize = 70;

pub(crate) fn long_files(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter_map(|(file, _)| {
            let lines = file.text.lines().count();
            (lines > FILE).then(|| Finding {
                path: file.path.clone(),
                line: FILE + 1,
                advice: format!("the file has {lines} lines of at most {FILE}: split it by subject"),
                key: file.module().to_owned(),
            })
        })
        .collect()
}

pub(crate) fn long_functions(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, syntax) in tree.rust().filter(|(file, _)| !file.is_test) {
        Functions { file, found: &mut found }.visit_file(syntax);
    }
    found
}

struct Functions<'a> {
    file: &'a File,
    found: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    fn check(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let lines = block.span().end().line + 1 - first;
        if lines > FUNCTION {
            let name = &signature.ident;
            self.found.push(Finding {
                path: self.file.path.clone(),
                line: first,
                advice: format!("`{name}` has {lines} lines of at most {FUNCTION}: name its parts"),
                key: format!("{}::{name}", self.file.module()),
            });
        }
    }
}

impl Visit<'_> for Functions<'_> {
    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        if !only_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &syn::ItemFn) {
        if !only_for_tests(&item.attrs) {
            self.check(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        if !only_for_tests(&item.attrs) {
            self.check(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.check(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_601_lines_is_found_and_one_of_600_is_not() {
        let text = |lines| "//\n".repeat(lines);
        let tree = Tree::of(&[("src/lib.rs", &text(600)), ("src/long.rs", &text(601))]);
        let found = long_files(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].to_string(),
            "src/long.rs:601: the file has 601 lines of at most 600: split it by subject"
        );
    }

    #[test]
    fn a_function_of_71_lines_is_found_wherever_it_stands_but_in_tests() {
        let function = |lines: usize| format!("fn long() {{\n{}}}\n", ";\n".repeat(lines - 2));
        let (long, short) = (function(71), function(70));
        let texts = [
            format!("{short}{long}"),
            format!("impl A {{\n{short}}}\nimpl B {{\n{long}}}\n"),
            format!("trait A {{\n{short}}}\ntrait B {{\n{long}}}\n"),
        ];
        for text in texts {
            let found = long_functions(&Tree::of(&[("src/a.rs", &text)]));
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].key, "a::long");
        }
        for text in [format!("#[cfg(test)]\nmod tests {{\n{long}}}\n"), format!("#[test]\n{long}")] {
            assert_eq!(long_functions(&Tree::of(&[("src/a.rs", &text)])), []);
        }
        assert_eq!(long_functions(&Tree::of(&[("tests/a.rs", &long)])), []);
    }
}
