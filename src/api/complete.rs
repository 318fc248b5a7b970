//! What may follow in an unfinished line: the commands and the neighbor selectors, for whoever types them.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::command::COMMANDS;
use super::selector::KEYS;
use crate::wire::Family;

/// The words that may take the place of the last, unfinished word of `line` (which may be empty), in order. `neighbors` are the
/// addresses that a selector may name.
pub fn complete(line: &str, neighbors: &[String]) -> Vec<String> {
    let line = line.trim_start();
    let (finished, unfinished) = line.rsplit_once(' ').unwrap_or(("", line));
    let words: Vec<&str> = finished.split(' ').filter(|word| !word.is_empty()).collect();
    let mut candidates = candidates(&words, neighbors);
    candidates.retain(|word| word.starts_with(unfinished) && word != unfinished);
    candidates.into_iter().collect()
}

fn candidates(words: &[&str], neighbors: &[String]) -> BTreeSet<String> {
    let selectors = selectors(words);
    let command = words.get(selectors.words..).unwrap_or_default();
    let mut candidates = BTreeSet::new();
    match selectors.wants {
        Wants::Address => {
            candidates.extend(neighbors.iter().cloned());
            candidates.insert("*".to_string());
            return candidates;
        }
        Wants::Value => return candidates,
        Wants::KeyOrCommand if command.is_empty() => {
            candidates.extend(KEYS.iter().map(|key| key.to_string()));
        }
        Wants::Command if command.is_empty() => {
            candidates.insert("neighbor".to_string());
        }
        _ => {}
    }
    let selected = selectors.words > 0;
    for (text, selectable, options) in COMMANDS {
        if selectable || !selected {
            candidates.extend(next(text, options, command));
        }
    }
    candidates
}

/// What may follow the words of a command that is `text` with these options.
fn next(text: &str, options: &str, words: &[&str]) -> Vec<String> {
    let mut own = text.split(' ');
    let mut given = words.iter();
    loop {
        match (own.next(), given.as_slice()) {
            (Some(word), []) => return [word.to_string()].into(),
            (Some(word), [first, ..]) if word == *first => drop(given.next()),
            (Some(_), _) => return Vec::new(),
            (None, rest) => return following(text, options, rest),
        }
    }
}

/// What may follow a whole command: its options, or a family.
fn following(text: &str, options: &str, words: &[&str]) -> Vec<String> {
    if matches!(text, "announce eor" | "announce route-refresh") {
        let families = Family::ALL.iter().map(|family| family.to_string());
        let parts = families.filter_map(|family| {
            let (afi, safi) = family.split_once(' ')?;
            match words {
                [] => Some(afi.to_string()),
                [first] if *first == afi => Some(safi.to_string()),
                _ => None,
            }
        });
        return parts.collect();
    }
    let options = options.split(" | ").filter(|option| !option.is_empty() && !words.contains(option));
    options.map(String::from).collect()
}

/// The selectors at the front of a line.
struct Taken {
    /// How many words they are.
    words: usize,
    wants: Wants,
}

enum Wants {
    /// A neighbor's address.
    Address,
    /// The value of another key, which nobody knows.
    Value,
    KeyOrCommand,
    Command,
}

fn selectors(words: &[&str]) -> Taken {
    let mut taken = 0;
    loop {
        let rest = words.get(taken..).unwrap_or_default();
        let ended = taken > 0 && words.get(taken - 1).is_some_and(|word| word.ends_with(','));
        let is_key = |word: &str| word == "neighbor" || taken > 0 && KEYS.contains(&word);
        taken += match rest {
            ["neighbor"] => return Taken { words: 1, wants: Wants::Address },
            [key] if is_key(key) => return Taken { words: taken + 1, wants: Wants::Value },
            [key, _, ..] if is_key(key) => 2,
            [","] | [",", ..] if taken > 0 => 1,
            _ if taken == 0 || ended => return Taken { words: taken, wants: Wants::Command },
            _ => return Taken { words: taken, wants: Wants::KeyOrCommand },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &str) -> Vec<String> {
        complete(line, &["192.0.2.1".to_string(), "2001:db8::1".to_string()])
    }

    #[test]
    fn a_line_begins_with_a_command_or_a_selector() {
        assert_eq!(after("s"), ["show", "shutdown", "silence-ack"]);
        assert_eq!(after("n"), ["neighbor"]);
        assert_eq!(after("  withdraw v"), ["vpls"]);
        assert_eq!(after("show "), ["adj-rib", "neighbor"]);
        assert_eq!(after("bogus "), [""; 0]);
    }

    #[test]
    fn a_whole_command_is_followed_by_its_options_each_once() {
        assert_eq!(after("show neighbor "), ["configuration", "extensive", "summary"]);
        assert_eq!(after("show neighbor summary e"), ["extensive"]);
        assert_eq!(after("show adj-rib in extensive "), [""; 0]);
        assert_eq!(after("clear adj-rib "), ["in", "out"]);
        assert_eq!(after("version "), [""; 0]);
    }

    #[test]
    fn a_selector_takes_the_neighbors_there_are_and_then_the_commands_for_them() {
        assert_eq!(after("neighbor "), ["*", "192.0.2.1", "2001:db8::1"]);
        assert_eq!(after("neighbor 192.0.2.1 local-"), ["local-as", "local-ip"]);
        assert_eq!(after("neighbor 192.0.2.1 local-as "), [""; 0]);
        assert_eq!(after("neighbor 192.0.2.1 local-as 1 t"), ["teardown"]);
        assert_eq!(after("neighbor 192.0.2.1 s"), [""; 0], "show takes no selector");
        assert_eq!(after("neighbor 192.0.2.1, n"), ["neighbor"]);
        assert_eq!(after("neighbor 192.0.2.1, neighbor 2"), ["2001:db8::1"]);
    }

    #[test]
    fn a_family_is_an_afi_and_one_of_its_safis() {
        assert_eq!(after("announce eor "), ["bgp-ls", "ipv4", "ipv6", "l2vpn"]);
        assert_eq!(after("announce route-refresh l2vpn "), ["evpn", "vpls"]);
    }
}
