//! The same lines in two places. Blank lines, comments and imports do not count, and neither do tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Finding, Tree};

/// So many same lines in a row are a copy.
const LINES: usize = 12;

/// A line that counts: its file, its number from 1, its text.
type Line<'a> = (&'a File, usize, &'a str);

pub(crate) fn duplicates(tree: &Tree) -> Vec<Finding> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (file, _) in tree.rust().filter(|(file, _)| !file.is_test) {
        lines.extend(counted(file));
    }
    let mut places: BTreeMap<Vec<&str>, Vec<usize>> = BTreeMap::new();
    for (at, window) in lines.windows(LINES).enumerate() {
        if window.iter().all(|(file, ..)| file.path == window[0].0.path) {
            places.entry(window.iter().map(|(.., text)| *text).collect()).or_default().push(at);
        }
    }
    let pairs: BTreeSet<(usize, usize)> = places
        .values()
        .flat_map(|at| at.iter().zip(at.iter().skip(1)))
        .filter(|(one, other)| *other - *one >= LINES)
        .map(|(one, other)| (*one, *other))
        .collect();
    pairs
        .iter()
        .filter(|(one, other)| *one == 0 || !pairs.contains(&(one - 1, other - 1)))
        .map(|(one, other)| {
            let more = (0..).take_while(|more| pairs.contains(&(one + more, other + more))).count();
            let ((file, line, _), (there, from, _)) = (lines[*one], lines[*other]);
            let mut names = [file.module(), there.module()];
            names.sort_unstable();
            Finding {
                path: file.path.clone(),
                line,
                advice: format!(
                    "{} lines stand in {}:{from} too: make them one",
                    LINES - 1 + more,
                    there.path
                ),
                key: names.join(" "),
            }
        })
        .collect()
}

/// The lines of a file that count.
fn counted(file: &File) -> impl Iterator<Item = Line<'_>> {
    file.text.lines().enumerate().filter_map(move |(at, text)| {
        let (line, text) = (at + 1, text.trim());
        let counts = !text.is_empty()
            && !text.starts_with("//")
            && !file.imports.contains(&line)
            && !file.is_test_line(line);
        counts.then_some((file, line, text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(lines: usize) -> String {
        (0..lines).map(|line| format!("    let x{line} = {line};\n")).collect()
    }

    #[test]
    fn twelve_same_lines_are_found_and_eleven_are_not() {
        for (lines, found) in [(12, 1), (11, 0), (20, 1)] {
            let one = format!("fn one() {{\n{}}}\n", body(lines));
            let other = format!("fn other() {{\n    // Says otherwise.\n\n{}    end()\n}}\n", body(lines));
            let tree = Tree::of(&[("src/a.rs", &one), ("src/b.rs", &other)]);
            assert_eq!(duplicates(&tree).len(), found, "{lines}");
        }
        let whole = format!("fn one() {{\n{0}}}\nfn two() {{\n{0}}}\n", body(14));
        let found = duplicates(&Tree::of(&[("src/a.rs", &whole)]));
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["src/a.rs:2: 15 lines stand in src/a.rs:18 too: make them one"]
        );
    }

    #[test]
    fn tests_and_imports_may_repeat() {
        let test = format!("#[cfg(test)]\nmod tests {{\nfn a() {{\n{0}}}\nfn b() {{\n{0}}}\n}}\n", body(20));
        let uses: String = (0..20).map(|at| format!("use crate::x{at};\n")).collect();
        let tree =
            Tree::of(&[("src/a.rs", &test), ("tests/a.rs", &test), ("src/b.rs", &uses), ("src/c.rs", &uses)]);
        assert_eq!(duplicates(&tree), []);
    }
}
