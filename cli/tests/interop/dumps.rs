//! What the daemons dump, as `holdtime decode` tells of it: every route of ours is there with its attributes, and so is whatever bgpdump
//! prints of the same file.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::features::{Daemon, With};
use crate::needs;
use crate::private;
use crate::process::{Folder, output};
use crate::route::{self, Route, ours};
use crate::speaker::{Speaker, Wishes};
use crate::waiting::eventually;

/// A daemon that dumps.
pub(crate) trait Dumps: Daemon {
    /// What it was told to dump, with [`With::dumps`].
    const DUMPS: &'static [Dump];
}

/// A file that a daemon writes.
pub(crate) struct Dump {
    /// Its name in the test's folder.
    pub(crate) name: &'static str,
    /// The families of ours that are in it.
    pub(crate) families: &'static [&'static str],
    /// Both paths to [`TWICE`] are in it, with their path identifiers.
    pub(crate) paths: bool,
    /// How long it takes until it is written, in seconds.
    pub(crate) within: u64,
    /// bgpdump prints routes of it.
    pub(crate) printed: bool,
}

const IPV4: &str = "ipv4 unicast";
const IPV6: &str = "ipv6 unicast";
const VPN: &str = "ipv4 mpls-vpn";
/// What most dumps have.
pub(crate) const UNICAST: &[&str] = &[IPV4, IPV6];
/// What the others have.
pub(crate) const IPV4_ALONE: &[&str] = &[IPV4];
pub(crate) const IPV6_ALONE: &[&str] = &[IPV6];
pub(crate) const WITH_VPN: &[&str] = &[IPV4, IPV6, VPN];

/// The environment variable that names a folder in which the dumps are kept, for other readers of MRT (dump/README.md).
const KEPT: &str = "HOLDTIME_KEEP_DUMPS";

/// The destination to which holdtime announces two paths.
const TWICE: &str = "10.2.3.0/24";

/// What holdtime announces beside the routes of every test, where ADD-PATH is agreed on; a VPN's route, too.
const SECTIONS: &str = "announce { ipv4 {
    unicast 10.2.3.0/24 next-hop 10.0.2.1 path-information 1 large-community [ 65101:1:2 ];
    unicast 10.2.3.0/24 next-hop 10.0.2.1 path-information 2 as-path [ 65101 65103 ];
    mpls-vpn 10.2.4.0/24 next-hop 10.0.2.1 rd 65101:1 label 100 extended-community [ target:65101:1 ]; } }";

/// A route of a dump, in what bgpdump prints of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    family: String,
    peer: String,
    path_id: Option<u32>,
    local_pref: u64,
    large_communities: BTreeSet<String>,
    route: Route,
}

pub(crate) fn are_told_of<D: Dumps>(folder: &Folder) {
    let _daemon = D::start(folder, With { dumps: true, ..With::default() });
    let wishes = Wishes {
        capability: "add-path send/receive;",
        family: "ipv4 mpls-vpn;",
        sections: SECTIONS,
        ipv4_only: true,
        ..Wishes::default()
    };
    let speaker = Speaker::start(folder, "poll", &wishes);
    eventually("the session is up", || speaker.all_up(&wishes));
    for dump in D::DUMPS {
        is_told_of(folder, dump);
    }
}

fn is_told_of(folder: &Folder, dump: &Dump) {
    let snapshot = folder.path(&format!("{}.snapshot", dump.name));
    let until = Instant::now() + Duration::from_secs(dump.within);
    let mut told = BTreeSet::new();
    loop {
        // The daemon goes on writing.
        if fs::copy(folder.path(dump.name), &snapshot).is_ok() {
            told = holdtime(&snapshot).unwrap_or_default();
        }
        let lacking = lacking(dump, &told);
        if lacking.is_empty() {
            break;
        }
        assert!(Instant::now() < until, "{} lacks {lacking:#?} and has {told:#?}", dump.name);
        std::thread::sleep(Duration::from_millis(100));
    }
    if let Some(kept) = std::env::var_os(KEPT) {
        let test = folder.as_path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        fs::copy(&snapshot, Path::new(&kept).join(format!("{test}-{}", dump.name))).unwrap();
    }
    let Some(bgpdump) = needs::find("bgpdump") else {
        println!("bgpdump is not installed: {} was compared with nothing", dump.name);
        return;
    };
    let printed = output(private::command(&bgpdump).args(["-m", "-l"]).arg(&snapshot)).unwrap();
    let printed: BTreeSet<Told> = printed.lines().filter_map(line).collect();
    assert_eq!(!printed.is_empty(), dump.printed, "what bgpdump prints of {}: {printed:#?}", dump.name);
    let missing: Vec<&Told> = printed.difference(&told).collect();
    assert!(missing.is_empty(), "bgpdump prints of {} {missing:#?}, and we {told:#?}", dump.name);
}

/// What of ours is not in a dump that should be.
fn lacking(dump: &Dump, told: &BTreeSet<Told>) -> Vec<String> {
    let mut lacking = Vec::new();
    for route in ours() {
        let family = if route.prefix.contains(':') { IPV6 } else { IPV4 };
        let is_there = told.iter().any(|told| told.route == route && told.family == family);
        if dump.families.contains(&family) && !is_there {
            lacking.push(format!("{route:?}"));
        }
    }
    if dump.families.contains(&VPN) && !told.iter().any(|told| told.family == VPN) {
        lacking.push("the route of a VPN".to_owned());
    }
    let path = |id, as_path: &str, large: usize| {
        told.iter().any(|told| {
            let Told { route, path_id, large_communities, .. } = told;
            route.prefix == TWICE
                && route.as_path == as_path
                && *path_id == Some(id)
                && large_communities.len() == large
        })
    };
    if dump.paths && !(path(1, "65101", 1) && path(2, "65101 65103", 0)) {
        lacking.push(format!("two paths to {TWICE}"));
    }
    lacking
}

/// The routes that `holdtime decode` tells of; `None` where something could not be read.
fn holdtime(file: &PathBuf) -> Option<BTreeSet<Told>> {
    let output = private::holdtime().arg("decode").arg(file).output().unwrap();
    let mut told = BTreeSet::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let neighbor = &event["neighbor"];
        let update = &neighbor["message"]["update"];
        let attributes = &update["attribute"];
        let common = route::attributes(update);
        let large = attributes["large-community"].as_array().into_iter().flatten();
        for (family, hops) in update["announce"].as_object().into_iter().flatten() {
            for (next_hop, routes) in hops.as_object().into_iter().flatten() {
                let next_hop = if next_hop == "no-nexthop" { String::new() } else { next_hop.clone() };
                for nlri in routes.as_array().into_iter().flatten() {
                    let text = |name: &str| nlri[name].as_str();
                    let id = text("path-information").and_then(|id| id.parse::<Ipv4Addr>().ok());
                    told.insert(Told {
                        family: family.clone(),
                        peer: neighbor["address"]["peer"].as_str().unwrap_or_default().to_owned(),
                        path_id: id.map(u32::from),
                        local_pref: attributes["local-preference"].as_u64().unwrap_or_default(),
                        large_communities: large.clone().map(colons).collect(),
                        route: Route {
                            prefix: text("nlri").unwrap_or_default().to_owned(),
                            next_hop: next_hop.clone(),
                            ..common.clone()
                        },
                    });
                }
            }
        }
    }
    output.status.success().then_some(told)
}

fn colons(community: &Value) -> String {
    let parts = community.as_array().into_iter().flatten();
    parts.map(Value::to_string).collect::<Vec<_>>().join(":")
}

/// A line of `bgpdump -m -l`; `None`: it announces nothing.
///
/// ```text
/// TYPE|TIME|A or B|PEER|AS|PREFIX|[PATH ID, where TYPE ends in _AP|]AS PATH|ORIGIN|NEXT HOP|LOCAL_PREF|MED|COMMUNITIES|LARGE COMMUNITIES|…
/// ```
fn line(line: &str) -> Option<Told> {
    let mut fields = line.split('|');
    let kind = fields.next()?;
    let (_, what, peer, _, prefix) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    if !["A", "B"].contains(&what) {
        return None;
    }
    let path_id = if kind.ends_with("_AP") { Some(fields.next()?.parse().ok()?) } else { None };
    let (as_path, _, next_hop) = (fields.next()?, fields.next()?, fields.next()?);
    let (local_pref, med) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    let (communities, large_communities) = (words(fields.next()?), words(fields.next()?));
    // What it prints where there is none.
    let next_hop = if next_hop == "255.255.255.255" { "" } else { next_hop };
    let communities: Vec<&str> = communities.iter().map(String::as_str).collect();
    Some(Told {
        family: if prefix.contains(':') { IPV6 } else { IPV4 }.to_owned(),
        peer: peer.to_owned(),
        path_id,
        local_pref,
        large_communities,
        route: Route::new(prefix, next_hop, as_path, &communities, med),
    })
}
