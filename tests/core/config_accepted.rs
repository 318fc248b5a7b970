//! What ExaBGP accepts, however odd, is accepted here and comes to the same; where it is likely a mistake, with a warning.

#![allow(clippy::panic, clippy::unwrap_used)] // how a test fails

use holdtime_core::config::{Config, ConfigText, Neighbor, Settings};
use holdtime_core::grammar::OperationalKind;
use holdtime_core::wire::Family;

const NEEDED: &str = "router-id 1.2.3.4; local-address 10.0.0.2; local-as 1; peer-as 1;";

fn parse(text: &str) -> Config {
    let file = ConfigText { name: "edge.conf".into(), text: text.into() };
    Config::parse(&file, &Settings::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// A neighbor with these statements, from its second line on, and its warnings as `line:column: problem`.
fn accepted(statements: &str) -> (Neighbor, Vec<String>) {
    let mut config = parse(&format!("neighbor 10.0.0.1 {{ {NEEDED}\n{statements}\n}}\n"));
    let warnings = config.warnings.iter();
    let warnings = warnings.map(|one| format!("{}:{}: {}", one.line, one.column, one.problem)).collect();
    (config.neighbors.remove(0), warnings)
}

#[test]
fn what_stands_behind_a_complete_statement_has_no_effect_and_is_a_warning() {
    const PROBLEM: &str = "this has no effect: what it stands behind is complete";
    let (neighbor, warnings) = accepted("hold-time 90 30;");
    assert_eq!((neighbor.hold_time, warnings), (90, vec![format!("2:14: {PROBLEM}")]));
    let (neighbor, warnings) = accepted("family { ipv4 unicast ipv6 unicast; }");
    assert_eq!((neighbor.families, warnings), (vec![Family::IPV4_UNICAST], vec![format!("2:23: {PROBLEM}")]));
    let (neighbor, warnings) = accepted("static { route 10.0.0.0/8 { next-hop 1.1.1.1 next-hop 2.2.2.2; } }");
    let hop = neighbor.routes.iter().next().unwrap().route.next_hop.unwrap().address();
    assert_eq!((hop.to_string(), warnings.len()), ("1.1.1.1".to_owned(), 1));
}

#[test]
fn what_stands_before_a_block_has_no_effect_and_is_a_warning() {
    let (neighbor, warnings) = accepted("flow { route a b { match { port 80; } then { discard; } } }");
    assert_eq!((neighbor.routes.len(), warnings.len()), (1, 1));
    assert!(warnings[0].starts_with("2:16: "), "{warnings:?}");
    let process = parse(&format!(
        "process a b {{ run /bin/cat; encoder json; }} neighbor 10.0.0.1 here {{ {NEEDED} api x y {{ processes [ a ]; }} }}"
    ));
    assert_eq!((process.processes[0].name.as_str(), process.warnings.len()), ("a", 3));
}

#[test]
fn a_description_needs_no_quotes() {
    let description = |text: &str| accepted(text).0.description.unwrap();
    assert_eq!(description("description the edge, east [1];"), "the edge, east [1]");
    assert_eq!(description("description \"the edge\";"), "the edge");
    assert_eq!(description("description;"), "");
}

#[test]
fn port_zero_is_no_port() {
    let (neighbor, warnings) = accepted("listen 0; connect 0;");
    assert_eq!((neighbor.listen, neighbor.connect, warnings), (None, None, vec![]));
    let auto =
        "neighbor 10.0.0.1 { router-id 1.2.3.4; local-address auto; local-as 1; peer-as 1; listen 0; }";
    assert_eq!(parse(auto).neighbors[0].listen, None);
}

#[test]
fn every_family_beside_one_that_was_named_is_the_named_one() {
    let (neighbor, warnings) = accepted("family { ipv6 unicast; all; }");
    assert_eq!(neighbor.families, [Family::IPV6_UNICAST]);
    assert_eq!(warnings, ["2:24: `all` has no effect where families were named before"]);
}

#[test]
fn two_sections_may_name_the_same_family() {
    let (neighbor, _) = accepted("family { ipv4 unicast; } family { ipv4 unicast; ipv6 unicast; }");
    assert_eq!(neighbor.families, [Family::IPV4_UNICAST, Family::IPV6_UNICAST]);
}

#[test]
fn a_template_that_does_not_exist_adds_nothing_and_is_a_warning() {
    let (neighbor, warnings) = accepted("inherit core;");
    assert_eq!(neighbor.hold_time, 180);
    assert_eq!(warnings, ["2:9: there is no template `core`, so nothing is inherited"]);
}

#[test]
fn a_rate_limit_is_switched_off_in_any_case_and_may_be_any_number() {
    assert_eq!(accepted("rate-limit Disable;").0.rate_limit, None);
    assert_eq!(accepted("rate-limit 4294967296;").0.rate_limit, Some(u32::MAX));
}

#[test]
fn graceful_restart_without_a_hold_time_is_not_offered() {
    let restart = |statements: &str| accepted(statements).0.capabilities.graceful_restart;
    assert_eq!(restart("hold-time 0; capability { graceful-restart; }"), None);
    assert_eq!(restart("hold-time 0; capability { graceful-restart 0; }"), None);
    assert_eq!(restart("hold-time 0; capability { graceful-restart 5; }"), Some(5));
}

#[test]
fn of_several_advisories_that_a_peer_keeps_the_last_one_of_a_family_counts() {
    let (neighbor, _) = accepted(
        "capability { operational; } family { ipv4 unicast; ipv6 unicast; } operational {\n\
         asm afi ipv4 safi unicast advisory old; adm afi ipv4 safi unicast advisory \"once\";\n\
         asm AFI ipv6 SAFI unicast advisory other; asm afi ipv4 safi unicast advisory new;\n\
         adm afi ipv4 safi unicast advisory \"once\"; }",
    );
    let texts: Vec<_> = neighbor
        .operational
        .iter()
        .map(|message| match &message.kind {
            OperationalKind::AdvisoryStatic(text) | OperationalKind::AdvisoryDemand(text) => text.as_str(),
            OperationalKind::PrefixCount { .. } => "",
        })
        .collect();
    assert_eq!(texts, ["once", "other", "new", "once"]);
}

#[test]
fn processes_are_matched_by_any_pattern() {
    let config = parse(&format!(
        "process watch-a {{ run a; }} process watch-b {{ run b; }} process other {{ run c; }}\n\
         neighbor 10.0.0.1 {{ {NEEDED} api {{ processes-match [ watch.* ]; }} }}\n\
         neighbor 10.0.0.3 {{ {NEEDED} api {{ processes-match [ \".\" ]; }} }}"
    ));
    let heard =
        |place: usize| config.neighbors[place].api.iter().map(|one| one.process.as_str()).collect::<Vec<_>>();
    assert_eq!(heard(0), ["watch-a", "watch-b"]);
    assert_eq!(heard(1), ["watch-a", "watch-b", "other"]);
}
