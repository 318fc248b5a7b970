//! Every checked-in corpus through the body of its target.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

extern crate std;

use std::path::PathBuf;
use std::{env, fs, println};

use std::vec::Vec;

use super::mutation::{Mutator, every_decoder};
use super::{attributes, files, messages, nlri};

#[allow(clippy::print_stdout, reason = "a test that fails shows which seed was the last")]
fn replay(target: &str, body: fn(&[u8])) {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus", target].iter().collect();
    let mut seeds = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        body(&fs::read(path).unwrap());
        seeds += 1;
    }
    assert!(seeds > 0, "{} holds no seeds", folder.display());
}

/// A million of them, of real messages, are a command in `fuzz/README.md`.
#[test]
fn some_thousand_mutated_messages_upset_no_decoder() {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus", "update"].iter().collect();
    let mut seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    let seeds: Vec<_> = seeds.iter().map(|path| fs::read(path).unwrap()).collect();
    let mut mutator = Mutator::new(7);
    for _ in 0..5_000 {
        let mut message = seeds[mutator.below(seeds.len())].clone();
        let other = mutator.below(seeds.len());
        mutator.mutate(&mut message, &seeds[other]);
        every_decoder(&message);
    }
}

macro_rules! corpora {
    ($($test:ident: $target:literal = $body:path;)*) => {$(
        #[test]
        fn $test() {
            replay($target, $body);
        }
    )*};
}

corpora! {
    the_corpus_of_framing_holds: "framing" = messages::framing;
    the_corpus_of_conversation_holds: "conversation" = messages::conversation;
    the_corpus_of_update_holds: "update" = messages::update;
    the_corpus_of_open_holds: "open" = messages::open;
    the_corpus_of_capability_holds: "capability" = messages::capability;
    the_corpus_of_notification_holds: "notification" = messages::notification;
    the_corpus_of_refresh_holds: "refresh" = messages::refresh;
    the_corpus_of_operational_holds: "operational" = messages::operational;
    the_corpus_of_configuration_holds: "configuration" = files::configuration;
    the_corpus_of_command_holds: "command" = files::command;
    the_corpus_of_nlri_unicast_holds: "nlri_unicast" = nlri::unicast;
    the_corpus_of_nlri_labelled_holds: "nlri_labelled" = nlri::labelled;
    the_corpus_of_nlri_vpn_holds: "nlri_vpn" = nlri::vpn;
    the_corpus_of_nlri_mvpn_holds: "nlri_mvpn" = nlri::mvpn;
    the_corpus_of_nlri_flow_holds: "nlri_flow" = nlri::flow;
    the_corpus_of_nlri_flow_vpn_holds: "nlri_flow_vpn" = nlri::flow_vpn;
    the_corpus_of_nlri_route_target_holds: "nlri_route_target" = nlri::route_target;
    the_corpus_of_nlri_sr_policy_holds: "nlri_sr_policy" = nlri::sr_policy;
    the_corpus_of_nlri_mup_holds: "nlri_mup" = nlri::mup;
    the_corpus_of_nlri_vpls_holds: "nlri_vpls" = nlri::vpls;
    the_corpus_of_nlri_evpn_holds: "nlri_evpn" = nlri::evpn;
    the_corpus_of_nlri_bgp_ls_holds: "nlri_bgp_ls" = nlri::bgp_ls;
    the_corpus_of_attribute_as_path_holds: "attribute_as_path" = attributes::as_path;
    the_corpus_of_attribute_extended_communities_holds: "attribute_extended_communities" = attributes::extended_communities;
    the_corpus_of_attribute_ipv6_extended_communities_holds: "attribute_ipv6_extended_communities" = attributes::ipv6_extended_communities;
    the_corpus_of_attribute_pmsi_tunnel_holds: "attribute_pmsi_tunnel" = attributes::pmsi_tunnel;
    the_corpus_of_attribute_tunnel_encapsulation_holds: "attribute_tunnel_encapsulation" = attributes::tunnel_encapsulation;
    the_corpus_of_attribute_aigp_holds: "attribute_aigp" = attributes::aigp;
    the_corpus_of_attribute_link_state_holds: "attribute_link_state" = attributes::link_state;
    the_corpus_of_attribute_prefix_sid_holds: "attribute_prefix_sid" = attributes::prefix_sid;
    the_corpus_of_attribute_attr_set_holds: "attribute_attr_set" = attributes::attr_set;
}

/// These begin with values of our own, which only the feature can draw.
#[cfg(feature = "arbitrary")]
mod drawn {
    use super::super::{owned, speaker};
    use super::replay;

    corpora! {
        the_corpus_of_owned_message_holds: "owned_message" = owned::message;
        the_corpus_of_owned_nlri_holds: "owned_nlri" = owned::nlri;
        the_corpus_of_owned_attribute_holds: "owned_attribute" = owned::attribute;
        the_corpus_of_speaker_holds: "speaker" = speaker::speaker;
    }
}
