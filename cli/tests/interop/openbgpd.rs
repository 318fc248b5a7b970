//! OpenBGPD.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::namespace::{self, DAEMON, SPEAKER};
use crate::process::{Folder, Process, output};
use crate::speaker::{Daemon, OURS, THEIRS, Wishes, exchange, set};
use crate::waiting::eventually;

const BGPD: &str = "/usr/sbin/bgpd";
const NEEDS: [&str; 2] = [BGPD, "bgpctl"];

struct OpenBgpd<'f> {
    process: Process,
    folder: &'f Folder,
}

impl<'f> OpenBgpd<'f> {
    fn start(folder: &'f Folder) -> Self {
        // The daemon drops its privileges into this folder.
        std::fs::create_dir_all("/run/openbgpd").unwrap();
        let neighbors: String = (0..2)
            .map(|n| {
                format!(
                    "neighbor {} {{ remote-as 65101; local-address {}; multihop 2; passive; holdtime 9; \
                     announce IPv4 unicast; announce IPv6 unicast }}\n",
                    SPEAKER[n], DAEMON[n]
                )
                .replace("; ", "\n")
                .replace("{ ", "{\n")
                .replace(" }", "\n}")
            })
            .collect();
        let conf = folder.write(
            "openbgpd.conf",
            &format!(
                "AS 65001\nrouter-id 10.0.1.1\nfib-update no\nlisten on {} port 179\nlisten on {} port 179\nsocket \"{}\"\n\
                 network {}\nnetwork {}\nnetwork {}\n{neighbors}\
                 allow quick from any\nmatch to any inet set nexthop 10.0.1.1\nmatch to any inet6 set nexthop fd00:179::1\n\
                 deny quick to any AS 65101\nallow quick to any\n",
                DAEMON[0],
                DAEMON[1],
                folder.path("openbgpd.sock").display(),
                THEIRS[0],
                THEIRS[1],
                THEIRS[2]
            ),
        );
        let secret = Command::new("chmod").args(["600", &conf]).status().unwrap();
        assert!(secret.success());
        let mut command = Command::new(BGPD);
        command.args(["-d", "-v", "-f", &conf]);
        let daemon = Self { process: Process::start(folder, "openbgpd", &mut command), folder };
        eventually("OpenBGPD answers", || daemon.ask("show").contains("65101"));
        daemon
    }

    fn ask(&self, question: &str) -> String {
        let mut command = Command::new(namespace::find("bgpctl").unwrap());
        command.arg("-j").arg("-s").arg(self.folder.path("openbgpd.sock")).args(question.split(' '));
        output(&mut command).unwrap()
    }
}

impl Daemon for OpenBgpd<'_> {
    fn learned(&self, n: usize) -> BTreeSet<String> {
        let told = self.ask(&format!("show rib in neighbor {}", SPEAKER[n]));
        let told: Value = serde_json::from_str(&told).unwrap_or_default();
        let routes = told["rib"].as_array().into_iter().flatten();
        routes.filter_map(|route| route["prefix"].as_str()).map(str::to_owned).collect()
    }
}

#[test]
fn routes_are_exchanged_with_openbgpd_on_the_poll_reactor() {
    namespace::run("openbgpd::routes_are_exchanged_with_openbgpd_on_the_poll_reactor", &NEEDS, || {
        let folder = Folder::new("openbgpd-poll");
        let daemon = OpenBgpd::start(&folder);
        let _speaker = exchange(&folder, "poll", &daemon, &Wishes::default());
    });
}

#[test]
fn routes_are_exchanged_with_openbgpd_on_the_async_reactor() {
    namespace::run("openbgpd::routes_are_exchanged_with_openbgpd_on_the_async_reactor", &NEEDS, || {
        let folder = Folder::new("openbgpd-async");
        let daemon = OpenBgpd::start(&folder);
        let _speaker = exchange(&folder, "async", &daemon, &Wishes::default());
    });
}

#[test]
fn openbgpd_asks_for_a_route_refresh_and_gets_every_route_again() {
    namespace::run("openbgpd::openbgpd_asks_for_a_route_refresh_and_gets_every_route_again", &NEEDS, || {
        let folder = Folder::new("openbgpd-refresh");
        let daemon = OpenBgpd::start(&folder);
        let speaker = exchange(&folder, "poll", &daemon, &Wishes::default());
        daemon.ask(&format!("neighbor {} refresh", SPEAKER[0]));
        eventually("we are told of the request", || speaker.count("refresh") >= 1);
        assert_eq!(daemon.learned(0), set(&OURS));
    });
}

#[test]
fn openbgpd_logs_that_we_shut_down() {
    namespace::run("openbgpd::openbgpd_logs_that_we_shut_down", &NEEDS, || {
        let folder = Folder::new("openbgpd-shutdown");
        let daemon = OpenBgpd::start(&folder);
        let mut speaker = exchange(&folder, "async", &daemon, &Wishes::default());
        speaker.process.signal("TERM");
        assert_eq!(speaker.process.wait(), Some(0));
        eventually("OpenBGPD logs the cease", || {
            daemon
                .process
                .log()
                .to_lowercase()
                .contains("received notification: cease, administratively down")
        });
    });
}
