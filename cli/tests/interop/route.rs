//! Routes as the tests compare them, whoever shows them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What holdtime announces in every test.
pub(crate) const OURS: [&str; 3] = ["10.2.0.0/24", "10.2.1.0/24", "fd02::/48"];
/// What a daemon announces in every test, with the community 65001:9.
pub(crate) const THEIRS: [&str; 3] = ["10.1.0.0/24", "10.1.1.0/24", "fd01::/48"];
/// The next hops of what a daemon announces, one of each family.
pub(crate) const THEIR_HOPS: [&str; 2] = ["10.0.1.1", "fd00:179::1"];

/// A route to one prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    pub(crate) prefix: String,
    pub(crate) next_hop: String,
    /// The AS numbers, with spaces between.
    pub(crate) as_path: String,
    pub(crate) communities: BTreeSet<String>,
    /// 0 where there is none: some daemons do not tell these apart.
    pub(crate) med: u64,
}

impl Route {
    pub(crate) fn new(prefix: &str, next_hop: &str, as_path: &str, communities: &[&str], med: u64) -> Self {
        Self {
            prefix: prefix.to_owned(),
            next_hop: next_hop.to_owned(),
            as_path: as_path.to_owned(),
            communities: communities.iter().map(|community| (*community).to_owned()).collect(),
            med,
        }
    }

    pub(crate) fn prefixes(routes: &BTreeSet<Self>) -> BTreeSet<String> {
        routes.iter().map(|route| route.prefix.clone()).collect()
    }
}

/// What a daemon should have of holdtime.
pub(crate) fn ours() -> BTreeSet<Route> {
    BTreeSet::from([
        Route::new(OURS[0], "10.0.2.1", "65101", &["65101:7"], 0),
        Route::new(OURS[1], "10.0.2.1", "65101 65102", &[], 50),
        Route::new(OURS[2], "fd00:179::2", "65101", &[], 0),
    ])
}

/// What holdtime should have of a daemon.
pub(crate) fn theirs() -> BTreeSet<Route> {
    let hop = |prefix: &str| THEIR_HOPS[usize::from(prefix.contains(':'))];
    THEIRS.iter().map(|prefix| Route::new(prefix, hop(prefix), "65001", &["65001:9"], 0)).collect()
}

/// The routes that `peer` has announced and not withdrawn, from the events of ExaBGP's JSON API.
pub(crate) fn learned(heard: &[Value], peer: &str) -> BTreeSet<Route> {
    let mut learned = BTreeMap::new();
    for update in updates(heard, "receive", peer) {
        for family in ["ipv4 unicast", "ipv6 unicast"] {
            for (next_hop, announced) in update["announce"][family].as_object().into_iter().flatten() {
                for prefix in prefixes(announced) {
                    let route =
                        Route { prefix: prefix.clone(), next_hop: next_hop.clone(), ..attributes(update) };
                    learned.insert(prefix, route);
                }
            }
            for prefix in prefixes(&update["withdraw"][family]) {
                learned.remove(&prefix);
            }
        }
    }
    learned.into_values().collect()
}

/// The UPDATEs that went in one direction.
pub(crate) fn updates<'h>(
    heard: &'h [Value],
    direction: &str,
    peer: &str,
) -> impl Iterator<Item = &'h Value> {
    let of_peer = heard
        .iter()
        .map(|event| &event["neighbor"])
        .filter(move |neighbor| neighbor["address"]["peer"] == peer && neighbor["direction"] == direction);
    of_peer.map(|neighbor| &neighbor["message"]["update"])
}

/// The IPv4 flow specifications that `peer` has announced, each with its first action.
pub(crate) fn rules(heard: &[Value], peer: &str) -> BTreeSet<(String, String)> {
    let mut rules = BTreeSet::new();
    for update in updates(heard, "receive", peer) {
        let action = &update["attribute"]["extended-community"][0]["string"];
        for list in update["announce"]["ipv4 flow"].as_object().into_iter().flat_map(|hops| hops.values()) {
            let texts = list.as_array().into_iter().flatten().filter_map(|rule| rule["string"].as_str());
            rules.extend(texts.map(|text| (text.to_owned(), action.as_str().unwrap_or_default().to_owned())));
        }
    }
    rules
}

/// What an UPDATE says, in ExaBGP's JSON, beside its destinations and next hops.
pub(crate) fn attributes(update: &Value) -> Route {
    let attributes = &update["attribute"];
    let segments = attributes["as-path"].as_object().into_iter().flat_map(|path| path.values());
    let numbers = segments.flat_map(|segment| segment["value"].as_array().into_iter().flatten());
    let communities = attributes["community"].as_array().into_iter().flatten();
    Route {
        as_path: numbers.map(Value::to_string).collect::<Vec<_>>().join(" "),
        communities: communities.map(|community| format!("{}:{}", community[0], community[1])).collect(),
        med: attributes["med"].as_u64().unwrap_or_default(),
        ..Route::default()
    }
}

/// The prefixes in a list of destinations.
pub(crate) fn prefixes(list: &Value) -> Vec<String> {
    let entries = list.as_array().into_iter().flatten();
    entries.filter_map(|entry| entry["nlri"].as_str().or(entry.as_str())).map(str::to_owned).collect()
}
