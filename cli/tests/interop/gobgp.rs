//! GoBGP.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::namespace::{self, DAEMON, SPEAKER};
use crate::process::{Folder, Process, output};
use crate::speaker::{Daemon, Speaker, THEIRS, Wishes, exchange};
use crate::waiting::eventually;

const NEEDS: [&str; 2] = ["gobgpd", "gobgp"];

struct GoBgp {
    _process: Process,
}

impl GoBgp {
    fn start(folder: &Folder, session: &str, families: &[&str]) -> Self {
        let families: String = ["ipv4-unicast", "ipv6-unicast"]
            .iter()
            .chain(families)
            .map(|name| {
                format!("[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"{name}\"\n")
            })
            .collect();
        let neighbors: String = (0..2)
            .map(|n| {
                format!(
                    "[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{}\"\npeer-as = 65101\n{session}\
                     [neighbors.transport.config]\npassive-mode = true\nlocal-address = \"{}\"\n\
                     [neighbors.timers.config]\nhold-time = 9\nkeepalive-interval = 3\n\
                     [neighbors.ebgp-multihop.config]\nenabled = true\nmultihop-ttl = 2\n{families}",
                    SPEAKER[n], DAEMON[n]
                )
            })
            .collect();
        let conf = folder.write(
            "gobgp.toml",
            &format!(
                "[global.config]\nas = 65001\nrouter-id = \"10.0.1.1\"\nport = 179\nlocal-address-list = [\"{}\", \"{}\"]\n{neighbors}",
                DAEMON[0], DAEMON[1]
            ),
        );
        let mut command = Command::new(namespace::find("gobgpd").unwrap());
        command.args(["-f", &conf, "-l", "debug", "--api-hosts", "127.0.0.1:50051", "-p"]);
        let gobgp = Self { _process: Process::start(folder, "gobgp", &mut command) };
        eventually("GoBGP answers", || gobgp.ask(&["neighbor"]).contains(SPEAKER[1]));
        for (prefix, hop) in [(THEIRS[0], "10.0.1.1"), (THEIRS[1], "10.0.1.1")] {
            gobgp.ask(&["global", "rib", "add", prefix, "nexthop", hop]);
        }
        gobgp.ask(&["global", "rib", "-a", "ipv6", "add", THEIRS[2], "nexthop", DAEMON[1]]);
        gobgp
    }

    fn ask(&self, question: &[&str]) -> String {
        output(Command::new(namespace::find("gobgp").unwrap()).args(question)).unwrap()
    }
}

impl Daemon for GoBgp {
    fn learned(&self, n: usize) -> BTreeSet<String> {
        let mut learned = BTreeSet::new();
        for family in ["ipv4", "ipv6"] {
            let told = self.ask(&["-j", "neighbor", SPEAKER[n], "adj-in", "-a", family]);
            let told: Value = serde_json::from_str(&told).unwrap_or_default();
            learned.extend(told.as_object().into_iter().flat_map(|routes| routes.keys().cloned()));
        }
        learned
    }
}

fn both_ways(reactor: &str, session: &str, wishes: &Wishes) {
    let folder = Folder::new(&format!("gobgp-{reactor}"));
    let gobgp = GoBgp::start(&folder, session, &[]);
    let _speaker = exchange(&folder, reactor, &gobgp, wishes);
}

#[test]
fn routes_are_exchanged_with_gobgp_on_the_poll_reactor() {
    namespace::run("gobgp::routes_are_exchanged_with_gobgp_on_the_poll_reactor", &NEEDS, || {
        both_ways("poll", "", &Wishes::default());
    });
}

#[test]
fn routes_are_exchanged_with_gobgp_on_the_async_reactor() {
    namespace::run("gobgp::routes_are_exchanged_with_gobgp_on_the_async_reactor", &NEEDS, || {
        both_ways("async", "", &Wishes::default());
    });
}

#[test]
fn a_session_with_gobgp_is_protected_by_md5() {
    namespace::run("gobgp::a_session_with_gobgp_is_protected_by_md5", &NEEDS, || {
        let wishes = Wishes { neighbor: "md5-password secret;", ..Wishes::default() };
        both_ways("poll", "auth-password = \"secret\"\n", &wishes);
    });
}

#[test]
fn gobgp_takes_a_flowspec_rule() {
    namespace::run("gobgp::gobgp_takes_a_flowspec_rule", &NEEDS, || {
        let folder = Folder::new("gobgp-flow");
        let gobgp = GoBgp::start(&folder, "", &["ipv4-flowspec"]);
        let wishes = Wishes {
            family: "ipv4 flow;",
            sections: "flow { route ssh { match { destination 10.9.0.0/24; protocol tcp; destination-port =22; } then { discard; } } }",
            ..Wishes::default()
        };
        let speaker = Speaker::start(&folder, "async", &wishes);
        eventually("both sessions are up", || speaker.all_up(&wishes));
        eventually("GoBGP has the rule", || {
            let told = gobgp.ask(&["neighbor", SPEAKER[0], "adj-in", "-a", "ipv4-flowspec"]);
            told.contains("destination: 10.9.0.0/24") && told.contains("==tcp") && told.contains("==22")
        });
    });
}
