//! A mistake in a configuration is shown with its place, the line, what was expected and the nearest valid word.

#![allow(clippy::panic)] // how a test fails

use holdtime_core::config::{Config, ConfigText, Settings};

/// What a user sees of the mistake in `text`.
fn mistake(text: &str) -> String {
    let file = ConfigText { name: "edge.conf".into(), text: text.into() };
    match Config::parse(&file, &Settings::default()) {
        Ok(_) => panic!("this was accepted:\n{text}"),
        Err(error) => error.to_string(),
    }
}

/// The mistake in a neighbor that holds `statements`, from its third line on.
fn in_neighbor(statements: &str) -> String {
    mistake(&format!(
        "neighbor 10.0.0.1 {{\n  router-id 1.2.3.4; local-address 10.0.0.2; local-as 1; peer-as 1;\n{statements}\n}}\n"
    ))
}

#[test]
fn a_mistyped_option_is_named_with_what_was_meant() {
    insta::assert_snapshot!(mistake("neighbor 10.0.0.1 {\n\thold-tim 180;\n}\n"));
}

#[test]
fn a_mistyped_section_is_named_with_what_was_meant() {
    insta::assert_snapshot!(mistake("neighbour 10.0.0.1 {\n}\n"));
}

#[test]
fn a_section_within_another_one_says_which_is_not_closed() {
    let unclosed = "\nneighbor 10.0.0.1 {\n\tlocal-as 1;\n\nneighbor 10.0.0.2 {\n}\n";
    assert_eq!(
        mistake(unclosed),
        "edge.conf:5:1: `neighbor` is not an option of a neighbor; the block (neighbor) of line 2 is not closed before it\n    \
         neighbor 10.0.0.2 {\n    ^^^^^^^^\nexpected `}`"
    );
    let in_family = mistake(&unclosed.replace("local-as 1;", "family {"));
    assert!(in_family.contains(" is not an address family; the block (neighbor) of line 2 "), "{in_family}");
    let in_routes =
        mistake(&unclosed.replace("local-as 1;", "static {").replace("neighbor 10.0.0.2", "process p"));
    assert!(
        in_routes.contains("`process` is not a statement of `static`; the block (neighbor)"),
        "{in_routes}"
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_shown_with_its_range() {
    insta::assert_snapshot!(in_neighbor("  hold-time 2;"));
    assert!(in_neighbor("  peer-address ten;").contains("`ten` is not a peer's address"));
    assert!(in_neighbor("  md5-base64 perhaps;").contains("`perhaps` is not a switch"));
    assert!(in_neighbor("  host-name -a-;").contains("`-a-` is not a name"));
}

#[test]
fn a_missing_semicolon_is_reported_where_it_should_stand() {
    insta::assert_snapshot!(in_neighbor("  hold-time 180\n  passive;"));
}

#[test]
fn words_after_a_statements_end_are_not_swallowed_where_its_semicolon_is_missing() {
    assert!(in_neighbor("  hold-time 180 90 }").starts_with("edge.conf:3:17: `90` does not belong here"));
    assert!(in_neighbor("  family ipv4 unicast;").starts_with("edge.conf:3:10: `ipv4` does not belong here"));
}

#[test]
fn an_option_that_says_nothing_of_a_kind_of_route_is_refused() {
    let vpls =
        in_neighbor("l2vpn { vpls endpoint 1 base 2 offset 3 size 4 rd 1:1 next-hop 1.1.1.1 label 5; }");
    assert!(vpls.contains("`label` is not an option of this route"), "{vpls}");
    let mup = in_neighbor("announce { ipv4 { mup mup-dsd 10.0.0.1 rd 1:1 next-hop 1.1.1.1 rd 2:2; } }");
    assert!(mup.contains("`rd` is not an option of this route"), "{mup}");
    let mvpn = "announce { ipv4 { mcast-vpn source-ad source 10.0.0.1 group 239.0.0.1 rd 1:1 path-information 5; } }";
    assert!(in_neighbor(mvpn).contains("`path-information` is not an option of this route"));
}

#[test]
fn a_switch_is_followed_by_nothing_but_its_value() {
    assert!(in_neighbor("  group-updates ( false;").starts_with("edge.conf:3:17: `(` does not belong here"));
    assert!(in_neighbor("capability { graceful-restart ]; }").contains("`]` does not belong here"));
}

#[test]
fn several_templates_need_brackets_and_the_parts_of_a_flow_route_braces() {
    let templates = in_neighbor("  inherit one two;");
    assert!(templates.starts_with("edge.conf:3:15: `two` does not belong here"), "{templates}");
    let flow = in_neighbor("flow { route a { match { port 80; } then discard; } }");
    assert!(flow.contains("`discard` does not belong here"), "{flow}");
}

#[test]
fn an_empty_password_is_refused() {
    assert!(in_neighbor("  md5-password \"\";").starts_with("edge.conf:3:16: `` is not a password"));
}

#[test]
fn a_route_names_what_it_lacks() {
    let without_hop = in_neighbor("static { route 10.0.0.0/24 med 5; }");
    assert!(
        without_hop.starts_with("edge.conf:3:16: the route to 10.0.0.0/24 has no next hop"),
        "{without_hop}"
    );
    let without_label = in_neighbor("static { route 10.0.0.0/24 rd 1:1 next-hop 1.1.1.1; }");
    assert!(without_label.contains("has no label"), "{without_label}");
    let vpls = in_neighbor("l2vpn { vpls rd 1:1 endpoint 1 base 2 offset 3 next-hop 1.1.1.1; }");
    assert!(vpls.contains("the VPLS route has no `size`"), "{vpls}");
}

#[test]
fn a_prefix_with_host_bits_is_shown_the_way_it_was_meant() {
    let error = in_neighbor("static { route 10.0.0.1/24 next-hop self; }");
    assert!(error.contains("10.0.0.1 has bits set past the first 24"), "{error}");
    assert!(error.ends_with("expected 10.0.0.0/24"), "{error}");
}

#[test]
fn a_mistyped_attribute_is_named_with_what_was_meant() {
    let error = in_neighbor("static { route 10.0.0.0/24 nexthop self; }");
    assert!(error.contains("`nexthop` is not an option of this route"), "{error}");
    assert!(error.ends_with("did you mean `next-hop`?"), "{error}");
    let error = in_neighbor("static { route 10.0.0.0/24 next-hop self community no-exprt; }");
    assert!(error.contains("`no-exprt` is not a community"), "{error}");
    let error = in_neighbor("static { route 10.0.0.0/24 next-hop self extended-community targt:1:1; }");
    assert!(error.ends_with("did you mean `target`?"), "{error}");
}

#[test]
fn a_list_that_is_not_closed_is_reported_in_its_own_statement() {
    let error = in_neighbor("static { route 10.0.0.0/24 next-hop self community [ 1:1 ; }");
    assert!(error.contains("the list breaks off here"), "{error}");
}

#[test]
fn a_route_of_a_family_that_is_not_offered_is_refused() {
    let error = in_neighbor("family { ipv4 unicast; } static { route 2001:db8::/32 next-hop 2001:db8::1; }");
    assert!(error.starts_with("edge.conf:3:35: "), "{error}");
    assert!(error.contains("a route of ipv6 unicast is announced, a family that is not offered"), "{error}");
}

#[test]
fn a_flow_route_that_matches_every_packet_is_refused() {
    let error = in_neighbor("flow { route everything { then { discard; } } }");
    assert!(error.contains("matches nothing in particular"), "{error}");
}

#[test]
fn names_of_templates_and_processes_must_exist() {
    let template =
        mistake("template { neighbor core { hold-time 90; } }\nneighbor 10.0.0.1 { inherit cor; }");
    assert!(template.starts_with("edge.conf:2:29: there is no template `cor`"), "{template}");
    assert!(template.ends_with("did you mean `core`?"), "{template}");
    let none = mistake("neighbor 10.0.0.1 { inherit core; }");
    assert!(none.ends_with("expected `template { neighbor core { … } }`"), "{none}");
    let process = in_neighbor("api { processes [ watcher ]; }");
    assert!(process.contains("there is no process `watcher`"), "{process}");
    assert!(process.ends_with("expected `process watcher { … }` in this file"), "{process}");
    let pattern = in_neighbor("api { processes-match [ \"(\" ]; }");
    assert!(pattern.contains("`(` is not a regular expression"), "{pattern}");
}

#[test]
fn a_neighbor_without_what_it_cannot_do_without_is_refused() {
    assert!(mistake("neighbor 10.0.0.1 { local-as 1; }").contains("this neighbor has no `peer-as`"));
    let auto = "neighbor 10.0.0.1 { local-as 1; peer-as 1; local-address auto; }";
    assert!(mistake(auto).contains("this neighbor has no `router-id`"));
    let families = "neighbor 10.0.0.1 { local-as 1; peer-as 1; local-address ::1; router-id 1.1.1.1; }";
    assert!(mistake(families).contains("not of the peer's address family"));
    let range = "neighbor 10.0.0.0/24 { local-as 1; peer-as 1; local-address 10.0.0.1; }";
    assert!(mistake(range).contains("only passive peers can have a prefix"));
}

#[test]
fn the_same_neighbor_twice_is_refused_at_the_second() {
    let one = "neighbor 10.0.0.1 { local-as 1; peer-as 1; local-address 10.0.0.2; }\n";
    assert!(
        mistake(&one.repeat(2)).starts_with("edge.conf:2:10: there is a neighbor 10.0.0.1 like this already")
    );
}

#[test]
fn text_after_a_brace_too_many_is_refused_and_at_the_end_it_is_a_warning() {
    let one = "neighbor 10.0.0.1 { local-as 1; peer-as 1; local-address 10.0.0.2; } }\n";
    let file = ConfigText { name: "edge.conf".into(), text: one.into() };
    let config = Config::parse(&file, &Settings::default()).unwrap();
    assert!(config.warnings[0].to_string().contains("no open block that this `}` could close"));
    assert!(mistake(&one.repeat(2)).contains("no open block that this `}` could close"));
}

#[test]
fn a_block_that_the_end_of_the_file_closes_is_a_warning() {
    let text = "neighbor 10.0.0.1 {\n local-as 1; peer-as 1; local-address 10.0.0.2;\n static {\n";
    let file = ConfigText { name: "edge.conf".into(), text: text.into() };
    let warnings = Config::parse(&file, &Settings::default()).unwrap().warnings;
    let places: Vec<_> = warnings.iter().map(|warning| (warning.line, warning.problem.as_str())).collect();
    assert_eq!(
        places,
        [(3, "this block (static) is not closed"), (1, "this block (neighbor) is not closed")]
    );
}

#[test]
fn an_attribute_given_twice_counts_once_and_is_a_warning() {
    let text = "neighbor 10.0.0.1 { local-as 1; peer-as 1; local-address 10.0.0.2;\n\
                static { route 10.0.0.0/24 next-hop self med 5 med 6; } }";
    let file = ConfigText { name: "edge.conf".into(), text: text.into() };
    let config = Config::parse(&file, &Settings::default()).unwrap();
    assert_eq!(config.neighbors[0].routes.iter().next().unwrap().route.attributes.med(), Some(5));
    assert_eq!(config.warnings[0].column, 48);
}

#[test]
fn values_that_need_brackets_are_told_so() {
    for statement in ["as-path 1 2 3", "community 1:1 2:2"] {
        let error = in_neighbor(&format!("static {{ route 10.0.0.0/24 next-hop self {statement}; }}"));
        assert!(error.contains("stands where an option of the route is due"), "{error}");
        assert!(error.ends_with("such as `[ 1 2 ]`"), "{error}");
    }
}

#[test]
fn a_range_and_a_condition_apart_are_shown_as_they_are_written() {
    let range = in_neighbor("flow { route a { match { port 80-90; } then { discard; } } }");
    assert!(range.ends_with("did you mean `>=80&<=90`?"), "{range}");
    let apart = in_neighbor("flow { route a { match { port [ >80 & <90 ]; } then { discard; } } }");
    assert!(apart.contains("`&` has no condition beside it"), "{apart}");
}

#[test]
fn a_word_of_another_routers_and_the_beginning_of_ours_are_named_with_what_was_meant() {
    for (statements, meant) in [
        ("flow { route a { match { port 80; } then { drop; } } }", "discard"),
        ("static { route 10.0.0.0/24 next-hop self extended-community rt:1:1; }", "target"),
        ("static { route 10.0.0.0/24 next-hop self local-pref 5; }", "local-preference"),
        ("ttl-security 1;", "incoming-ttl"),
    ] {
        let error = in_neighbor(statements);
        assert!(error.ends_with(&format!("did you mean `{meant}`?")), "{error}");
    }
}

#[test]
fn a_brace_on_a_line_of_its_own_is_told_where_it_belongs() {
    assert!(
        in_neighbor("static\n{\n}")
            .starts_with("edge.conf:4:1: this block (static) opens on a line of its own")
    );
}
