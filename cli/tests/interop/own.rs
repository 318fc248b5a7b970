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

/// What needs a kernel that signs.
pub(crate) mod signed {
    tests! { [crate::needs::Need::TcpAo];
        tcp_ao_signs_a_session_and_its_keys_are_rolled_over => |folder| super::roll_over(folder);
        no_session_comes_up_with_another_key_of_tcp_ao => |folder| super::another_key(folder);
    }
}

/// And what a kernel that does not is tried on.
pub(crate) mod unsigned {
    tests! { [crate::needs::Need::NoTcpAo];
        a_neighbor_that_cannot_be_signed_for_is_refused_and_the_others_stay_up => |folder| super::refused(folder);
    }
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
                { "type": "A", "label": 16001, "tc": 0, "s": false, "ttl": 0 },
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

/// A section with this key, whose identifier is its first letter's number.
fn key(name: &str) -> String {
    let id = name.bytes().next().unwrap_or_default();
    format!("tcp-ao {{ keyid {id}; algorithm aes-128-cmac-96; password {name}; }} ")
}

fn times_up(end: &End) -> usize {
    let heard = end.program.heard();
    heard.iter().filter(|event| event["neighbor"]["state"] == "up").count()
}

fn roll_over(folder: &Folder) {
    let (old, new) = (key("old"), key("new"));
    let ends = start(folder, 0, [&old, &old]);
    eventually("the session is up", || ends.iter().all(|end| times_up(end) == 1));
    let steps = [(old.clone() + &new, 1), (new.clone() + &old, 2), (new.clone(), 3)];
    for (keys, step) in steps {
        for name in ["first", "second"] {
            let conf = format!("{name}.conf");
            let before = folder.read(&conf);
            let (head, _) = before.split_once("tcp-ao").unwrap();
            folder.write(&conf, &format!("{head}{keys} }}\n"));
        }
        for (end, peer) in ends.iter().zip([SPEAKER[0], DAEMON[0]]) {
            end.process.signal("USR1");
            end.program.ask(&format!("neighbor {peer} announce route 10.{step}.0.0/16 next-hop 10.0.0.1"));
        }
        for (end, peer) in ends.iter().zip([SPEAKER[0], DAEMON[0]]) {
            let prefix = format!("10.{step}.0.0/16");
            eventually("a route arrives", || {
                end.announced(peer, "ipv4 unicast")
                    .iter()
                    .any(|(hops, _)| route::prefixes(&hops["10.0.0.1"]).contains(&prefix))
            });
            assert_eq!(times_up(end), 1, "in one session, after step {step}");
        }
    }
}

fn another_key(folder: &Folder) {
    let ends = start(folder, 0, [&key("one"), &key("other")]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(ends.iter().all(|end| times_up(end) == 0));
}

fn refused(folder: &Folder) {
    let neighbor = |peer: &str, options: &str| {
        format!(
            "}} neighbor {peer} {{ router-id 10.0.1.1; local-as 65001; peer-as 65103; {options} {}",
            key("hunter2")
        )
    };
    let others = neighbor("127.0.8.8", "local-address 127.0.1.1; passive true; listen 179;")
        + &neighbor("127.0.9.9", "local-address 127.0.1.1; connect 9;");
    let [first, second] = start(folder, 0, [&others, ""]);
    eventually("the session that is not to be signed is up", || {
        times_up(&first) == 1 && times_up(&second) == 1
    });
    eventually("the others are named", || {
        let log = first.process.log();
        ["127.0.8.8", "127.0.9.9"].iter().all(|peer| {
            log.lines().any(|line| {
                line.contains("ERROR")
                    && line.contains("refused: this kernel has no TCP-AO (RFC 5925)")
                    && line.contains(&format!("party=neighbor {peer}"))
            })
        })
    });
    // Whoever comes from the address of one that is refused is turned away.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address = |text: &str| socket2::SockAddr::from(text.parse::<std::net::SocketAddr>().unwrap());
    socket.bind(&address("127.0.8.8:0")).unwrap();
    socket.connect(&address("127.0.1.1:179")).unwrap();
    let mut said = Vec::new();
    std::io::Read::read_to_end(&mut std::net::TcpStream::from(socket), &mut said).unwrap();
    assert_eq!(said.get(18..21), Some([3, 6, 3].as_slice()), "Cease, Peer De-configured");
    assert_eq!((times_up(&first), times_up(&second)), (1, 1));
    assert!(!first.process.log().contains("hunter2"));
    let shown = first.program.ask("show neighbor configuration").join("\n");
    assert!(shown.contains("algorithm aes-128-cmac-96;") && !shown.contains("hunter2"), "{shown}");
}
