//! What the options of a neighbor come to.

#![allow(clippy::panic)] // how a test's helpers fail

use holdtime_core::config::{AddPath, Config, ConfigText, Encoder, Neighbor, SendHoldSetting, Settings};
use holdtime_core::wire::{Afi, Family, Safi};

fn config(text: &str) -> Config {
    let file = ConfigText { name: "test.conf".into(), text: text.into() };
    Config::parse(&file, &Settings::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// A neighbor with these statements beside what every neighbor needs.
fn neighbor(statements: &str) -> Neighbor {
    let text = format!(
        "neighbor 192.0.2.1 {{ local-address 192.0.2.2; local-as 64500; peer-as 64501;\n{statements} }}"
    );
    config(&text).neighbors.remove(0)
}

fn family(afi: Afi, safi: Safi) -> Family {
    Family::new(afi, safi)
}

#[test]
fn what_is_left_out_has_exabgps_default() {
    let neighbor = neighbor("");
    assert_eq!((neighbor.hold_time, neighbor.passive, neighbor.group_updates), (180, false, true));
    assert_eq!((neighbor.adj_rib_in, neighbor.adj_rib_out, neighbor.manual_eor), (true, true, false));
    assert_eq!(neighbor.router_id.to_string(), "192.0.2.2");
    assert_eq!(neighbor.send_hold, SendHoldSetting::Recommended);
    let capabilities = &neighbor.capabilities;
    assert_eq!((capabilities.asn4, capabilities.extended_message), (true, true));
    assert_eq!((capabilities.route_refresh, capabilities.graceful_restart), (false, None));
    assert_eq!(neighbor.families.len(), 21, "every family that ExaBGP knows");
    assert!(neighbor.families.is_sorted());
}

#[test]
fn a_neighbors_name_is_the_one_that_the_api_uses() {
    assert_eq!(
        neighbor("").name(),
        "neighbor 192.0.2.1 local-ip 192.0.2.2 local-as 64500 peer-as 64501 router-id 192.0.2.2 \
         family-allowed in-open"
    );
    let name =
        neighbor("capability { multi-session; } family { ipv6 unicast; ipv4 flow; ipv4 unicast; }").name();
    assert!(name.ends_with("family-allowed ipv4-unicast/ipv4-flow/ipv6-unicast"), "{name}");
}

#[test]
fn a_template_adds_its_lists_and_its_settings_count() {
    let config = config(
        "template { neighbor core { hold-time 90; family { ipv6 unicast; } capability { asn4 disable; }\n\
         static { route 2001:db8::/32 next-hop 2001:db8::1; } } }\n\
         neighbor 192.0.2.1 { inherit core; local-address 192.0.2.2; local-as 1; peer-as 1; hold-time 30;\n\
         family { ipv4 unicast; } static { route 10.0.0.0/8 next-hop self; } }",
    );
    let neighbor = &config.neighbors[0];
    assert_eq!((neighbor.hold_time, neighbor.capabilities.asn4), (90, false));
    assert_eq!(neighbor.families, [Family::IPV4_UNICAST, Family::IPV6_UNICAST]);
    let routes: Vec<_> =
        neighbor.routes.iter().map(|announcement| announcement.route.nlri.family()).collect();
    assert_eq!(routes, [Family::IPV4_UNICAST, Family::IPV6_UNICAST], "the neighbor's own routes come first");
    let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
    assert_eq!((warning.line, warning.column), (3, 84));
}

#[test]
fn several_templates_can_be_inherited() {
    let config = config(
        "template { neighbor a { local-as 1; } neighbor b { peer-as 2; local-address 192.0.2.2; } }\n\
         neighbor 192.0.2.1 { inherit [ a b ]; }",
    );
    assert_eq!((config.neighbors[0].local_as, config.neighbors[0].peer_as), (Some(1), Some(2)));
}

#[test]
fn add_path_is_offered_for_the_families_that_are_both_named_and_offered() {
    let families = "family { ipv4 unicast; ipv6 unicast; }";
    let all = neighbor(&format!("{families} capability {{ add-path send; }}"));
    assert_eq!(all.capabilities.add_path, AddPath::Send);
    assert_eq!(all.add_paths, all.families);
    let some = neighbor(&format!(
        "{families} capability {{ add-path send/receive; }} add-path {{ ipv6 unicast; ipv4 mpls-vpn; }}"
    ));
    assert_eq!(some.add_paths, [Family::IPV6_UNICAST]);
    assert_eq!(neighbor(&format!("{families} add-path {{ ipv4 unicast; }}")).add_paths, []);
}

#[test]
fn extended_next_hops_need_both_families() {
    let next_hops = "nexthop { ipv4 unicast ipv6; ipv4 mpls-vpn ipv6; }";
    let both = neighbor(&format!("family {{ ipv4 unicast; ipv6 unicast; ipv4 mpls-vpn; }} {next_hops}"));
    assert!(both.capabilities.next_hop);
    assert_eq!(both.next_hops, [(Family::IPV4_UNICAST, Afi::IPV6)]);
    let switched_off = neighbor(&format!("capability {{ nexthop disable; }} {next_hops}"));
    assert_eq!((switched_off.capabilities.next_hop, switched_off.next_hops), (false, vec![]));
}

#[test]
fn graceful_restart_without_a_time_takes_the_hold_time() {
    let restart = |statements: &str| neighbor(statements).capabilities.graceful_restart;
    assert_eq!(restart("hold-time 90; capability { graceful-restart; }"), Some(90));
    assert_eq!(restart("capability { graceful-restart 0; }"), Some(180));
    assert_eq!(restart("capability { graceful-restart 1200; }"), Some(1200));
    assert_eq!(restart("capability { graceful-restart disable; }"), None);
    assert_eq!(restart("hold-time 65535; capability { graceful-restart; }"), Some(4095));
}

#[test]
fn route_refresh_keeps_what_was_announced() {
    assert!(!neighbor("adj-rib-out false;").adj_rib_out);
    assert!(neighbor("adj-rib-out false; capability { route-refresh; }").adj_rib_out);
}

#[test]
fn a_password_in_base64_is_decoded() {
    let key = |statements: &str| neighbor(statements).md5.map(|md5| md5.key);
    assert_eq!(key("md5-password secret;").as_deref(), Some(b"secret".as_slice()));
    assert_eq!(key("md5-password \"c2VjcmV0\"; md5-base64 true;").as_deref(), Some(b"secret".as_slice()));
    assert_eq!(key("md5-password c2VjcmV0; md5-base64 auto;").as_deref(), Some(b"c2VjcmV0".as_slice()));
    assert_eq!(
        key("md5-password abcdef; md5-base64 auto;").as_deref(),
        Some([0x69, 0xb7, 0x1d, 0x79].as_slice())
    );
}

#[test]
fn next_hop_self_is_the_local_address_where_that_is_known() {
    let routes = "static { route 10.0.0.0/8 next-hop self; }";
    let known = neighbor(routes).routes.iter().next().unwrap();
    assert_eq!(known.route.next_hop.map(|hop| hop.address().to_string()).as_deref(), Some("192.0.2.2"));
    let text = format!(
        "neighbor 192.0.2.1 {{ local-address auto; router-id 1.1.1.1; local-as 1; peer-as 1; {routes} }}"
    );
    let unknown = config(&text).neighbors[0].routes.iter().next().unwrap();
    assert_eq!((unknown.next_hop_self, unknown.route.next_hop), (true, None));
}

#[test]
fn api_sections_add_up_program_by_program() {
    let config = config(
        "process a { run ./a -x \"two words\"; encoder text; } process b { run b; respawn false; }\n\
         neighbor 192.0.2.1 { local-address 192.0.2.2; local-as 1; peer-as 1;\n\
         api one { processes [ a ]; neighbor-changes; receive { parsed; update; } }\n\
         api two { processes [ a, b ]; send { packets; } fsm; } }",
    );
    let [a, b] = config.processes.as_slice() else { panic!("{:?}", config.processes) };
    assert_eq!(
        (a.run.as_slice(), a.encoder),
        (["./a", "-x", "two words"].map(String::from).as_slice(), Encoder::Text)
    );
    assert_eq!((b.encoder, b.respawn), (Encoder::Json, false));
    let [a, b] = config.neighbors[0].api.as_slice() else { panic!("{:?}", config.neighbors[0].api) };
    assert_eq!((a.process.as_str(), a.neighbor_changes, a.fsm), ("a", true, true));
    assert!(a.receive.update && a.receive.parsed && !a.receive.open && a.send.packets);
    assert_eq!((b.process.as_str(), b.neighbor_changes, b.fsm, b.send.packets), ("b", false, true, true));
}

#[test]
fn processes_match_takes_every_program_whose_name_begins_so() {
    let config = config(
        "process add-one { run a; } process add-two { run a; } process remove { run a; }\n\
         neighbor 192.0.2.1 { local-address 192.0.2.2; local-as 1; peer-as 1;\n\
         api { processes-match [ \"^add\" \"nothing\" ]; } }",
    );
    let names: Vec<_> =
        config.neighbors[0].api.iter().map(|subscription| subscription.process.as_str()).collect();
    assert_eq!(names, ["add-one", "add-two"]);
}

#[test]
fn a_session_outlives_a_change_of_routes_and_programs_but_not_of_its_options() {
    let plain = neighbor("");
    assert!(plain.same_session(&neighbor("description edge; static { route 10.0.0.0/8 next-hop self; }")));
    for change in
        ["hold-time 90;", "passive;", "family { ipv4 unicast; }", "md5-password x;", "capability { aigp; }"]
    {
        assert!(!plain.same_session(&neighbor(change)), "{change}");
    }
}

#[test]
fn a_route_of_ipv4_unicast_that_is_not_offered_is_left_out_with_a_warning() {
    let text = "neighbor 192.0.2.1 { local-address 192.0.2.2; local-as 1; peer-as 1; family { ipv6 unicast; }\n\
                static { route 10.0.0.0/8 next-hop self; } }";
    let config = config(text);
    assert!(config.neighbors[0].routes.is_empty());
    assert_eq!((config.warnings[0].line, config.warnings[0].column), (2, 10));
}

#[test]
fn families_of_every_kind_are_named() {
    let neighbor = neighbor(
        "family { ipv4 multicast; ipv4 nlri-mpls; ipv6 mcast-vpn; ipv6 flow-vpn; l2vpn evpn; bgp-ls bgp-ls-vpn; ipv4 mup; }",
    );
    assert_eq!(
        neighbor.families,
        [
            family(Afi::IPV4, Safi::MULTICAST),
            family(Afi::IPV4, Safi::LABELLED),
            family(Afi::IPV4, Safi::MUP),
            family(Afi::IPV6, Safi::MVPN),
            family(Afi::IPV6, Safi::FLOW_VPN),
            family(Afi::L2VPN, Safi::EVPN),
            family(Afi::BGP_LS, Safi::BGP_LS_VPN),
        ]
    );
    assert_eq!(self::neighbor("family { all; }").families, self::neighbor("").families);
}
