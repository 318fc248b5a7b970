//! Whatever stands in a configuration or a command, reading it ends and does not panic.

use holdtime_core::config::{Config, ConfigText, Settings};
use holdtime_core::grammar::{RouteAction, parse_operational, parse_routes};
use proptest::prelude::*;
use proptest::sample::Index;

/// A configuration with every kind of section in it.
const WHOLE: &str = include_str!("../../fuzz/corpus/configuration/every-section");

fn parse(text: String) -> Result<Config, String> {
    let file = ConfigText { name: "mutated.conf".into(), text };
    // Showing the error walks the text once more.
    Config::parse(&file, &Settings::default()).map_err(|error| error.to_string())
}

#[test]
fn the_configuration_that_is_mutated_is_a_good_one() {
    let config = parse(WHOLE.into()).unwrap();
    assert_eq!(config.neighbors[0].routes.len(), 12);
    assert_eq!(config.warnings, []);
}

/// One change to a text.
#[derive(Clone, Debug)]
enum Mutation {
    Delete(Index, usize),
    Insert(Index, String),
    Duplicate(Index, usize),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let snippet = prop_oneof![
        prop::sample::select(vec![
            "{", "}", "[", "]", "(", ")", ";", ",", "\"", "'", "\\", "#", "\n", "/", ":", "0x"
        ])
        .prop_map(String::from),
        prop::sample::select(WHOLE.split_whitespace().collect::<Vec<_>>())
            .prop_map(|word| format!(" {word} ")),
        any::<u64>().prop_map(|number| number.to_string()),
        ".{0,4}",
    ];
    prop_oneof![
        (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        (any::<Index>(), snippet).prop_map(|(at, text)| Mutation::Insert(at, text)),
        (any::<Index>(), 1..80_usize).prop_map(|(at, length)| Mutation::Duplicate(at, length)),
        any::<Index>().prop_map(Mutation::Truncate),
    ]
}

fn mutated(text: &str, mutations: &[Mutation]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let place = |index: &Index| index.index(characters.len() + 1);
        match mutation {
            Mutation::Delete(at, length) => {
                let at = place(at);
                characters.drain(at..(at + length).min(characters.len()));
            }
            Mutation::Insert(at, text) => {
                let at = place(at);
                characters.splice(at..at, text.chars());
            }
            Mutation::Duplicate(at, length) => {
                let at = place(at);
                let piece = characters[at..(at + length).min(characters.len())].to_vec();
                characters.splice(at..at, piece);
            }
            Mutation::Truncate(at) => characters.truncate(place(at)),
        }
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(crate::seed::config())]

    #[test]
    fn a_mutated_configuration_is_read_or_refused(mutations in prop::collection::vec(mutation(), 1..6)) {
        let _ = parse(mutated(WHOLE, &mutations));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(text.clone());
        let _ = parse_operational(&text);
    }

    #[test]
    fn a_mutated_command_is_read_or_refused(mutations in prop::collection::vec(mutation(), 1..4)) {
        let command = "flow route { match { source 10.0.0.0/8; port [ =80 ]; } then { redirect 1:2; } }";
        let text = mutated(command, &mutations);
        for action in [RouteAction::Announce, RouteAction::Withdraw] {
            let _ = parse_routes(action, &text).map_err(|error| error.to_string());
        }
    }
}
