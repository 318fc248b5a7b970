//! Whatever stands in a configuration or a command, reading it ends and does not panic.

use holdtime_core::config::{Config, ConfigText, Settings};
use holdtime_core::grammar::{Action, parse_operational, parse_routes};
use proptest::prelude::*;
use proptest::sample::Index;

/// A configuration with every kind of section in it.
const WHOLE: &str = r#"
process watcher { run ./watch --all "a b"; encoder text; respawn false; }
template { neighbor core {
	hold-time 90; family { ipv4 unicast; ipv4 mpls-vpn; ipv4 flow-vpn; ipv4 mup; ipv6 mcast-vpn; l2vpn vpls; }
	capability { add-path send/receive; graceful-restart 120; route-refresh; }
	static { route 10.0.0.0/22 { next-hop self; split /24; med 5; } }
} }
neighbor 192.0.2.1 {
	inherit [ core ]; description "an edge"; router-id 1.2.3.4; local-address 192.0.2.2; local-as 1.1; peer-as auto;
	md5-password "Zm9v"; md5-base64 true; outgoing-ttl 255; rate-limit 10; listen 1790;
	add-path { ipv4 unicast; } nexthop { ipv4 unicast ipv6; }
	api events { processes-match [ "^watch(er)?$" ]; neighbor-changes; receive { parsed; update; } send { packets; } }
	static {
		route 10.1.0.0/24 next-hop 192.0.2.2 as-path [ 1 2 ] ( 3 4 ) community [ 1:2 no-export ] aggregator ( 1:1.1.1.1 );
		route 10.2.0.0/24 rd 1:1 label [ 16 17 ] next-hop 192.0.2.2 bgp-prefix-sid [ 1, [ ( 2,3 ) ] ];
		attributes next-hop self attribute [ 0x99 0xc0 0x0102 ] aigp 0x10 nlri 10.3.0.0/24 10.4.0.0/24;
	}
	flow { route f { rd 1:1; match { source 10.0.0.0/8; port [ =80 >1024&<2048 ]; tcp-flags [ syn+ack !=fin ]; }
		scope { interface-set [ transitive:input:1:2 ]; } then { rate-limit 9600; redirect 1:2; } } }
	l2vpn { vpls site { endpoint 1; base 2; offset 3; size 4; rd 1:1; next-hop 192.0.2.2; } }
	operational { asm afi ipv4 safi unicast advisory "hello \u0041"; }
	announce { ipv4 { mup mup-t1st 10.0.0.1/32 rd 1:1 teid 5 qfi 9 endpoint 10.0.0.2 next-hop 10.0.0.3; } \
		ipv6 { mcast-vpn source-ad source fd00::1 group ff0e::1 rd 1:1 next-hop 10.0.0.3; } }
}
"#;

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
        for action in [Action::Announce, Action::Withdraw] {
            let _ = parse_routes(action, &text).map_err(|error| error.to_string());
        }
    }
}
