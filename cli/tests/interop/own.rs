//! holdtime against itself, for what no daemon here speaks: one on the `poll` reactor, one on the `async` one.

use serde_json::Value;

use crate::namespace::{DAEMON, SPEAKER};
use crate::private;
use crate::process::{Folder, Process};
use crate::route;
use crate::speaker::Program;
use crate::waiting::eventually;

tests! { [];
    policies_are_exchanged_and_withdrawn => |folder| policies(folder);
    link_local_next_hops_go_where_both_have_the_capability => |folder| link_local(folder);
}

/// One of the two.
struct End {
    #[allow(dead_code, reason = "it ends with the test")]
    process: Process,
    program: Program,
}

/// Starts both: the first passive in AS 65001, the second in AS 65101. `neighbors` are the options and sections of their neighbors, and
/// `family` says over which of the addresses they meet: 0 for IPv4, 1 for IPv6.
fn start(folder: &Folder, family: usize, neighbors: [&str; 2]) -> [End; 2] {
    let (first, second) = (DAEMON[family], SPEAKER[family]);
    let ends = [
        ("first", "poll", first, second, "local-as 65001; peer-as 65101; passive true; listen 179;"),
        ("second", "async", second, first, "local-as 65101; peer-as 65001;"),
    ];
    let mut neighbors = neighbors.into_iter();
    ends.map(|(name, reactor, own, peer, numbers)| {
        let program = Program::write(folder, name);
        let conf = folder.write(
            &format!("{name}.conf"),
            &format!(
                "process watch {{ run {}; encoder json; }}\nneighbor {peer} {{ router-id 10.0.{}.1; local-address {own}; {numbers}
                   api {{ processes [ watch ]; neighbor-changes; receive {{ parsed; update; open; }} }}\n{} }}\n",
                program.command(),
                1 + usize::from(name == "second"),
                neighbors.next().unwrap_or_default(),
            ),
        );
        let mut command = private::holdtime_in(folder.as_path());
        command.args(["serve", "--reactor", reactor, &conf]).env("exabgp_tcp_port", "179");
        End { process: Process::start(folder, name, &mut command), program }
    })
}

impl End {
    /// What the peer's UPDATEs have announced of a family, next hop and destinations, each with its attributes.
    fn announced(&self, peer: &str, family: &str) -> Vec<(Value, Value)> {
        let heard = self.program.heard();
        let updates = route::updates(&heard, "receive", peer);
        let of_family = updates.filter(|update| update["announce"][family].is_object());
        of_family.map(|update| (update["announce"][family].clone(), update["attribute"].clone())).collect()
    }

    fn withdrawn(&self, peer: &str, family: &str) -> Vec<Value> {
        let heard = self.program.heard();
        let updates = route::updates(&heard, "receive", peer);
        updates.map(|update| update["withdraw"][family].clone()).filter(Value::is_array).collect()
    }
}

fn policies(folder: &Folder) {
    let families = "family { ipv4 sr-policy; ipv6 sr-policy; }";
    let first = format!(
        "{families} static {{ sr-policy distinguisher 1 color 100 endpoint 192.0.2.7 next-hop 10.0.1.1 preference 100 \
         binding-sid mpls 24000 segment-list weight 4 segment type-a mpls 16001 segment type-k local 2001:db8::1 \
         remote 2001:db8::2 algorithm 128 sid 2001:db8::3 policy-name \"gold\"; }}"
    );
    let [first, second] = start(folder, 0, [&first, families]);
    eventually("the policy of the file arrives", || {
        !second.announced(DAEMON[0], "ipv4 sr-policy").is_empty()
    });
    let (destinations, attributes) = second.announced(DAEMON[0], "ipv4 sr-policy").remove(0);
    assert_eq!(
        destinations,
        serde_json::json!({ "10.0.1.1": [{ "distinguisher": 1, "color": 100, "endpoint": "192.0.2.7" }] })
    );
    assert_eq!(
        attributes["tunnel-encap"]["sr-policy"],
        serde_json::json!({
            "preference": 100,
            "binding-sid": { "type": "mpls", "label": 24000 },
            "policy-name": "gold",
            "segment-lists": [{ "weight": 4, "segments": [
                { "type": "A", "label": 16001, "tc": 0, "s": true, "ttl": 0 },
                { "type": "K", "local_ipv6": "2001:db8::1", "remote_ipv6": "2001:db8::2", "algorithm": 128,
                  "sid": "2001:db8::3" },
            ] }],
        })
    );

    // The other way, by a program, which takes it back.
    let path = "ipv6 sr-policy distinguisher 2 color 200 endpoint 2001:db8::7";
    second
        .program
        .ask(&format!("announce {path} next-hop 2001:db8::9 priority 3 community [ no-advertise ]"));
    eventually("the program's policy arrives", || !first.announced(SPEAKER[0], "ipv6 sr-policy").is_empty());
    let shown = second.program.ask("show adj-rib out extensive");
    assert!(
        shown.iter().any(|line| line.contains(
            "sr-policy distinguisher 2 color 200 endpoint 2001:db8::7 next-hop 2001:db8::9 community no-advertise priority 3"
        )),
        "{shown:?}"
    );
    second.program.ask(&format!("withdraw {path}"));
    eventually("its withdrawal arrives", || {
        let gone = serde_json::json!([{ "distinguisher": 2, "color": 200, "endpoint": "2001:db8::7" }]);
        first.withdrawn(SPEAKER[0], "ipv6 sr-policy").contains(&gone)
    });
    assert!(!second.program.ask("show adj-rib out").iter().any(|line| line.contains("2001:db8::7")));
}

fn link_local(folder: &Folder) {
    let neighbor = |address: &str, routes: &str| {
        format!(
            "local-link-local {address}; family {{ ipv6 unicast; }} capability {{ link-local-nexthop enable; }} static {{ {routes} }}"
        )
    };
    let [first, second] = start(
        folder,
        1,
        [
            &neighbor("fe80::1", "route fd01::/48 next-hop self;"),
            &neighbor("fe80::2", "route fd02::/48 next-hop fe80::2;"),
        ],
    );
    eventually("the route with both addresses arrives", || {
        second.announced(DAEMON[1], "ipv6 unicast").iter().any(|(hops, _)| {
            *hops == serde_json::json!({ DAEMON[1]: [{ "nlri": "fd01::/48" }], "fe80::1": [{ "nlri": "fd01::/48" }] })
        })
    });
    eventually("the route with a link-local address alone arrives", || {
        let hops = first.announced(SPEAKER[1], "ipv6 unicast");
        hops.iter().any(|(hops, _)| *hops == serde_json::json!({ "fe80::2": [{ "nlri": "fd02::/48" }] }))
    });
    let offered =
        |event: &Value| event["neighbor"]["open"]["capabilities"]["77"]["name"] == "link-local-nexthop";
    assert!(first.program.heard().iter().any(offered), "programs are told of the capability");
}
