//! Commands as people abbreviate them: `s n sum` for `show neighbor summary`, as ExaBGP's client has it.

use std::borrow::Cow;

/// Where a word may stand.
enum Place {
    /// At the beginning, or behind the neighbors that a command is for.
    First,
    /// Right behind one of these.
    Behind(&'static [&'static str]),
    /// Anywhere in a command that begins with this.
    Within(&'static str),
}

use Place::{Behind, First, Within};

/// What may be abbreviated; of two that a beginning could be, the first is meant.
const WORDS: [(&str, Place); 23] = [
    ("announce", First),
    ("withdraw", First),
    ("show", First),
    ("teardown", First),
    ("flush", First),
    ("clear", First),
    ("neighbor", First),
    ("help", First),
    ("version", First),
    ("neighbor", Behind(&["show"])),
    ("adj-rib", Behind(&["show", "clear", "flush"])),
    ("in", Behind(&["adj-rib"])),
    ("out", Behind(&["adj-rib"])),
    ("attribute", Behind(&["announce", "withdraw"])),
    ("eor", Behind(&["announce"])),
    ("flow", Behind(&["announce", "withdraw"])),
    ("route", Behind(&["announce", "withdraw"])),
    ("operational", Behind(&["announce"])),
    ("vpls", Behind(&["announce", "withdraw"])),
    ("watchdog", Behind(&["announce", "withdraw"])),
    ("summary", Within("show")),
    ("extensive", Within("show")),
    ("configuration", Within("show")),
];

/// What stands before the value by which a neighbor is selected.
const KEYS: [&str; 6] = ["neighbor", "local-ip", "local-as", "peer-as", "router-id", "family-allowed"];

/// The command in full; borrowed where nothing is abbreviated.
pub(super) fn expand(command: &str) -> Cow<'_, str> {
    let mut full: Vec<&str> = Vec::new();
    // Where the command begins, behind the neighbors that it is for.
    let mut begins = 0;
    for word in command.split(' ') {
        let is_value = full.len() == begins + 1 && full.last().is_some_and(|last| KEYS.contains(last));
        let separates = full.len() == begins && matches!(word, "," | "");
        if is_value || separates {
            full.push(word);
            begins = full.len();
        } else {
            full.push(meant(word, &full, begins).unwrap_or(word));
        }
    }
    let full = full.join(" ");
    if full == command { Cow::Borrowed(command) } else { Cow::Owned(full) }
}

/// The word that `word` is the beginning of where it stands.
fn meant(word: &str, before: &[&str], begins: usize) -> Option<&'static str> {
    let known = |name: &str| WORDS.iter().any(|(known, _)| *known == name) || KEYS.contains(&name);
    if word.is_empty() || known(word) {
        return None;
    }
    let fits = |place: &Place| match place {
        First => before.len() == begins,
        Behind(words) => before.last().is_some_and(|last| words.contains(last)),
        Within(first) => before.get(begins) == Some(first),
    };
    WORDS.iter().find(|(name, place)| name.starts_with(word) && fits(place)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_may_be_cut_short_where_it_can_stand() {
        for (typed, meant) in [
            ("s n sum", "show neighbor summary"),
            ("sh n 192.0.2.1 e", "show neighbor 192.0.2.1 extensive"),
            ("s a o e", "show adj-rib out extensive"),
            ("f a o", "flush adj-rib out"),
            ("c a i", "clear adj-rib in"),
            ("a r 10.0.0.0/24 next-hop s", "announce route 10.0.0.0/24 next-hop s"),
            ("a e ipv4 unicast", "announce eor ipv4 unicast"),
            ("w w dog", "withdraw watchdog dog"),
            ("n 192.0.2.1 local-as 1 , n * t 4", "neighbor 192.0.2.1 local-as 1 , neighbor * teardown 4"),
            ("n s a r x", "neighbor s announce route x"),
        ] {
            assert_eq!(expand(typed), meant, "{typed}");
        }
    }

    #[test]
    fn what_is_whole_or_means_nothing_stays_as_it_is() {
        for command in [
            "announce attribute next-hop 1.1.1.1 nlri 10.0.0.0/24",
            "announce route-refresh ipv4 unicast",
            "announce ipv4 unicast 10.0.0.0/24 next-hop self",
            "show adj-rib in inet 192.0.2.1 json",
            "shutdown",
            "reload",
            "# a s n",
            "debug a",
            "",
        ] {
            assert!(matches!(expand(command), Cow::Borrowed(_)), "{command}: {}", expand(command));
        }
    }
}
