//! The table that is kept: one line a mutant, its fields apart by tabs, and the commit in front.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

/// What stands in front of the test that shows that a mutant is equivalent.
const SHOWN: &str = "equivalent, by ";

/// The mutants that are shown to be equivalent: the file, the mutant, and the test that shows it, apart by tabs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Equivalents(Vec<[String; 3]>);

impl Equivalents {
    /// Reads them. Each test must be there: `sources` are the oracles' files.
    ///
    /// # Errors
    /// A line is none of them, or its test is in none of the files.
    pub(crate) fn parse(text: &str, sources: &[String]) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entry = |line: &str| {
            let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
            let fields: [String; 3] =
                fields.try_into().map_err(|_| format!("no file, mutant and test: {line}"))?;
            let test = format!("fn {}(", fields[2]);
            match sources.iter().any(|source| source.contains(&test)) {
                true => Ok(fields),
                false => Err(format!("there is no test `{}`", fields[2])),
            }
        };
        lines.map(entry).collect::<Result<_, _>>().map(Self)
    }

    /// The test that shows this mutant to be equivalent.
    pub(crate) fn shown_by(&self, (file, _, what): &MutantName) -> Option<&str> {
        self.0
            .iter()
            .find(|[known, mutant, _]| known == file && mutant == what)
            .map(|[.., test]| test.as_str())
    }
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// This test fails.
    Caught(String),
    /// The tests do not come to an end.
    Endless,
    /// No test fails.
    Survived,
    /// No test fails, and this one shows that none can: no run differs.
    Equivalent(String),
}

/// A mutant's place and what it makes of what stands there: what it is known by.
pub(crate) type MutantName = (String, String, String);

/// Everything that is known so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct MutantTable {
    /// The commit that was mutated.
    pub(crate) commit: String,
    /// How many mutants there are, tried or not.
    pub(crate) all: usize,
    fates: BTreeMap<MutantName, Fate>,
}

impl MutantTable {
    /// The table in a file; an empty one where there is none, or where it is that of another commit.
    pub(crate) fn read(path: &Path, commit: &str, all: usize) -> Self {
        let mut table = Self { commit: commit.to_owned(), all, fates: BTreeMap::new() };
        let Ok(text) = fs::read_to_string(path) else { return table };
        if !text.lines().next().is_some_and(|first| first.split(' ').any(|word| word == commit)) {
            return table;
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [fate, file, place, what] = fields.as_slice() else { continue };
            let fate = match *fate {
                "survives" => Fate::Survived,
                "endless" => Fate::Endless,
                test => match test.strip_prefix(SHOWN) {
                    Some(proof) => Fate::Equivalent(proof.to_owned()),
                    None => Fate::Caught(test.to_owned()),
                },
            };
            table.set(((*file).to_owned(), (*place).to_owned(), (*what).to_owned()), fate);
        }
        table
    }

    /// Notes what became of a mutant.
    pub(crate) fn set(&mut self, name: MutantName, fate: Fate) {
        self.fates.insert(name, fate);
    }

    /// What became of it, if it was tried.
    pub(crate) fn get(&self, name: &MutantName) -> Option<&Fate> {
        self.fates.get(name)
    }

    /// How many were tried, how many of them no test notices, and how many of those are shown to be equivalent.
    pub(crate) fn sums(&self) -> (usize, usize, usize) {
        let count = |is: fn(&Fate) -> bool| self.fates.values().filter(|fate| is(fate)).count();
        let shown = count(|fate| matches!(fate, Fate::Equivalent(_)));
        (self.fates.len(), count(|fate| *fate == Fate::Survived) + shown, shown)
    }

    /// Writes the table as a whole: who reads it while it grows sees no half line.
    ///
    /// # Errors
    /// Of the file system.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let (tried, survive, shown) = self.sums();
        let mut text = format!(
            "# commit {} : {} mutants, {tried} tried, {survive} survive ({}), {shown} of which are shown to be equivalent\n# first failing test, file, line:column, mutant\n",
            self.commit,
            self.all,
            percent(survive, tried)
        );
        for ((file, place, what), fate) in &self.fates {
            let fate = match fate {
                Fate::Caught(test) => test.clone(),
                Fate::Endless => "endless".to_owned(),
                Fate::Survived => "survives".to_owned(),
                Fate::Equivalent(proof) => format!("{SHOWN}{proof}"),
            };
            let _ = writeln!(text, "{fate}\t{file}\t{place}\t{what}");
        }
        let beside = path.with_extension("new");
        fs::write(&beside, text)?;
        fs::rename(beside, path)
    }
}

/// A share, as people read it.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_back_and_that_of_another_commit_is_not() {
        let folder = std::env::temp_dir().join(format!("holdtime-mutants-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("table.tsv");
        let name = |line: &str| ("a.rs".to_owned(), line.to_owned(), "`x` is always true".to_owned());
        let mut table = MutantTable::read(&path, "abc", 3);
        table.set(name("1:2"), Fate::Survived);
        table.set(name("9:2"), Fate::Caught("a::test".to_owned()));
        table.set(name("7:2"), Fate::Equivalent("a_proof".to_owned()));
        table.write(&path).unwrap();
        let again = MutantTable::read(&path, "abc", 3);
        assert_eq!((again.get(&name("1:2")), again.sums()), (Some(&Fate::Survived), (3, 2, 1)));
        assert_eq!(MutantTable::read(&path, "abd", 3).sums(), (0, 0, 0));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_shown_to_be_equivalent_names_a_test_that_is_there() {
        let text = "# a comment\na.rs\t`x` is always true\ta_proof\n";
        let shown = Equivalents::parse(text, &["#[test]\nfn a_proof() {}".to_owned()]).unwrap();
        let name = |what: &str| ("a.rs".to_owned(), "1:2".to_owned(), what.to_owned());
        assert_eq!(shown.shown_by(&name("`x` is always true")), Some("a_proof"));
        assert_eq!(shown.shown_by(&name("`y` is always true")), None);
        assert!(Equivalents::parse(text, &["fn another_proof() {}".to_owned()]).is_err());
        assert!(Equivalents::parse("a.rs\tsomething", &[]).is_err());
    }
}
