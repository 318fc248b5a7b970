//! FRR's bgpd, without zebra.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::namespace::{self, DAEMON, SPEAKER};
use crate::process::{Folder, Process, output};
use crate::speaker::{Daemon, OURS, THEIRS, Wishes, exchange, set};
use crate::waiting::eventually;

const BGPD: &str = "/usr/lib/frr/bgpd";
const NEEDS: [&str; 2] = [BGPD, "vtysh"];

struct Frr<'f> {
    _process: Process,
    folder: &'f Folder,
}

impl<'f> Frr<'f> {
    fn start(folder: &'f Folder, session: &str) -> Self {
        let neighbors: String = (0..2)
            .map(|n| {
                let peer = SPEAKER[n];
                format!(
                    " neighbor {peer} remote-as 65101\n neighbor {peer} ebgp-multihop 2\n neighbor {peer} disable-connected-check\n \
                     neighbor {peer} update-source {}\n neighbor {peer} passive\n{}",
                    DAEMON[n],
                    session.replace("PEER", peer)
                )
            })
            .collect();
        let activate: String = SPEAKER
            .iter()
            .map(|peer| format!("  neighbor {peer} activate\n  neighbor {peer} route-map OUT out\n"))
            .collect();
        let conf = folder.write(
            "frr.conf",
            &format!(
                "router bgp 65001\n bgp router-id 10.0.1.1\n no bgp ebgp-requires-policy\n no bgp network import-check\n timers bgp 3 9\n{neighbors}\
                 address-family ipv4 unicast\n  network {}\n  network {}\n{activate} exit-address-family\n \
                 address-family ipv6 unicast\n  network {}\n{activate} exit-address-family\n\
                 ip prefix-list OWN seq 5 permit 10.1.0.0/16 le 24\nipv6 prefix-list OWN seq 5 permit fd01::/48\n\
                 route-map OUT permit 10\n match ip address prefix-list OWN\n set ip next-hop 10.0.1.1\n\
                 route-map OUT permit 20\n match ipv6 address prefix-list OWN\n set ipv6 next-hop global fd00:179::1\n",
                THEIRS[0], THEIRS[1], THEIRS[2]
            ),
        );
        let mut command = Command::new(BGPD);
        command.args([
            "-f",
            &conf,
            "-p",
            "179",
            "-l",
            DAEMON[0],
            "-l",
            DAEMON[1],
            "-Z",
            "-n",
            "-S",
            "-A",
            "127.0.0.1",
            "-P",
            "2605",
        ]);
        command.arg("-i").arg(folder.path("frr.pid")).arg("--vty_socket").arg(folder.as_path());
        let frr = Self { _process: Process::start(folder, "frr", &mut command), folder };
        eventually("FRR answers", || frr.ask("show bgp summary").contains("65001"));
        frr
    }

    fn ask(&self, question: &str) -> String {
        let mut command = Command::new(namespace::find("vtysh").unwrap());
        output(command.arg("--vty_socket").arg(self.folder.as_path()).args(["-d", "bgpd", "-c", question]))
            .unwrap()
    }
}

impl Daemon for Frr<'_> {
    fn learned(&self, n: usize) -> BTreeSet<String> {
        let mut learned = BTreeSet::new();
        for family in ["ipv4", "ipv6"] {
            let told = self.ask(&format!("show bgp {family} unicast json"));
            let told: Value = serde_json::from_str(&told).unwrap_or_default();
            for (prefix, paths) in told["routes"].as_object().into_iter().flatten() {
                let mut paths = paths.as_array().into_iter().flatten();
                if paths.any(|path| path["peerId"] == SPEAKER[n]) {
                    learned.insert(prefix.clone());
                }
            }
        }
        learned
    }
}

fn both_ways(reactor: &str, session: &str, wishes: &Wishes) {
    let folder = Folder::new(&format!("frr-{reactor}"));
    let frr = Frr::start(&folder, session);
    let _speaker = exchange(&folder, reactor, &frr, wishes);
}

#[test]
fn routes_are_exchanged_with_frr_on_the_poll_reactor() {
    namespace::run("frr::routes_are_exchanged_with_frr_on_the_poll_reactor", &NEEDS, || {
        both_ways("poll", "", &Wishes::default());
    });
}

#[test]
fn routes_are_exchanged_with_frr_on_the_async_reactor() {
    namespace::run("frr::routes_are_exchanged_with_frr_on_the_async_reactor", &NEEDS, || {
        both_ways("async", "", &Wishes::default());
    });
}

#[test]
fn a_session_with_frr_is_protected_by_md5() {
    namespace::run("frr::a_session_with_frr_is_protected_by_md5", &NEEDS, || {
        let wishes = Wishes { neighbor: "md5-password secret;", ..Wishes::default() };
        both_ways("async", " neighbor PEER password secret\n", &wishes);
    });
}

#[test]
fn frr_asks_for_a_route_refresh_and_gets_every_route_again() {
    namespace::run("frr::frr_asks_for_a_route_refresh_and_gets_every_route_again", &NEEDS, || {
        let folder = Folder::new("frr-refresh");
        let frr = Frr::start(&folder, "");
        let speaker = exchange(&folder, "poll", &frr, &Wishes::default());
        frr.ask(&format!("clear bgp ipv4 {} soft in", SPEAKER[0]));
        eventually("we are told of the request", || speaker.count("refresh") >= 1);
        assert_eq!(frr.learned(0), set(&OURS));
    });
}

#[test]
fn frr_reads_why_we_shut_down() {
    namespace::run("frr::frr_reads_why_we_shut_down", &NEEDS, || {
        let folder = Folder::new("frr-shutdown");
        let frr = Frr::start(&folder, "");
        let mut speaker = exchange(&folder, "async", &frr, &Wishes::default());
        speaker.process.signal("INT");
        assert_eq!(speaker.process.wait(), Some(0));
        eventually("FRR knows of the shutdown", || {
            frr.ask(&format!("show bgp neighbors {}", SPEAKER[0])).contains("Administrative Shutdown")
        });
    });
}
