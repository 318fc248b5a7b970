//! What every daemon is tried on, whichever it is: a daemon's file says how it is started and asked, and which of these it can.

use std::collections::BTreeSet;
use std::fs;

use crate::namespace::DAEMON;
use crate::process::Folder;
use crate::route::{Route, ours, theirs};
use crate::speaker::{Speaker, Wishes};
use crate::waiting::eventually;

/// What a daemon is started with beside its two sessions and its routes.
#[derive(Clone, Copy, Default)]
pub(crate) struct With {
    /// The key of both sessions is [`KEY`].
    pub(crate) md5: bool,
    /// Graceful restart.
    pub(crate) graceful: bool,
    /// The family of IPv4 flow specifications, and a rule of its own where it can originate one.
    pub(crate) flow: bool,
    /// The families of SR policies.
    pub(crate) policies: bool,
    /// Dumps of everything, ADD-PATH, and VPNs, where it can.
    pub(crate) dumps: bool,
}

/// The key of a session that is protected.
pub(crate) const KEY: &str = "secret";

/// A real daemon with a session over IPv4 and one over IPv6.
pub(crate) trait Daemon: Sized {
    /// Runs it until it answers.
    fn start(folder: &Folder, with: With) -> Self;
    /// The unicast routes learned from holdtime over its neighbor with address `SPEAKER[n]`.
    fn learned(&self, n: usize) -> BTreeSet<Route>;
    /// Whether its session with `SPEAKER[0]` is established.
    fn is_up(&self) -> bool;
    /// Whether it knows that `SPEAKER[0]` has shut the session down with this text.
    fn was_told(&self, text: &str) -> bool;
    /// Signals all of its processes.
    fn signal(&self, name: &str);
}

/// A daemon that asks for a route refresh.
pub(crate) trait Refreshes: Daemon {
    /// Asks `SPEAKER[0]` for its IPv4 routes.
    fn ask_again(&self);
}

/// A daemon that counts the requests for its routes and, as long as they are the same, sends nothing.
pub(crate) trait HearsRefreshes: Daemon {
    /// How many came from `SPEAKER[0]`.
    fn refreshes_heard(&self) -> u64;
}

/// A daemon that takes flow specifications.
pub(crate) trait TakesRules: Daemon {
    /// Whether it has the rule of [`RULE`].
    fn has_rule(&self) -> bool;
}

/// A daemon that takes SR policies and passes them on.
pub(crate) trait TakesPolicies: Daemon {
    /// Whether it has read the policies of [`POLICIES`] as we mean them.
    fn has_policies(&self) -> bool;
}

/// The policies that holdtime announces over both sessions, from another AS: what one session brings goes out over the other.
const POLICIES: &str = "announce {
    ipv4 { sr-policy distinguisher 1 color 100 endpoint 192.0.2.7 next-hop 10.0.2.1 as-path [ 65102 ] preference 100 \
             binding-sid mpls 24000 enlp 3 priority 5 segment-list weight 2 segment type-a mpls 16001 \
             segment type-b srv6 fd00::1 endpoint-behavior 65 32 0 16 0; }
    ipv6 { sr-policy distinguisher 2 color 200 endpoint 2001:db8::7 next-hop fd00:179::2 as-path [ 65102 ] preference 7 \
             srv6-binding-sid fd00::9 segment-list weight 3 segment type-b srv6 fd00::1; } }";

pub(crate) fn policies_there_and_back<D: TakesPolicies>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With { policies: true, ..With::default() });
    let wishes =
        Wishes { family: "ipv4 sr-policy; ipv6 sr-policy;", sections: POLICIES, ..Wishes::default() };
    let speaker = exchange(folder, reactor, &daemon, &wishes);
    eventually("the daemon has our policies", || daemon.has_policies());
    let ipv4 = serde_json::json!({ "preference": 100, "binding-sid": { "type": "mpls", "label": 24000 }, "enlp": 3,
        "priority": 5, "segment-lists": [{ "weight": 2, "segments": [
            { "type": "A", "label": 16001, "tc": 0, "s": false, "ttl": 0 },
            { "type": "B", "sid": "fd00::1", "endpoint-behavior":
                { "behavior": 65, "lb-length": 32, "ln-length": 0, "fun-length": 16, "arg-length": 0 } }] }] });
    let ipv6 = serde_json::json!({ "preference": 7, "srv6-binding-sid": "fd00::9", "segment-lists": [
        { "weight": 3, "segments": [{ "type": "B", "sid": "fd00::1" }] }] });
    for (family, policy) in [("ipv4 sr-policy", ipv4), ("ipv6 sr-policy", ipv6)] {
        eventually("a policy comes back over the other session", || {
            DAEMON.iter().any(|peer| speaker.policies(peer, family).contains(&policy))
        });
    }
}

/// A daemon that says why it shuts a session down.
pub(crate) trait ShutsDown: Daemon {
    /// Shuts the session with `SPEAKER[0]` down and returns its words.
    fn shut_down(&self) -> &'static str;
}

/// The rule that holdtime announces: TCP to port 22 of 10.9.0.0/24 is discarded.
const RULE: &str = "flow { route ssh { match { destination 10.9.0.0/24; protocol tcp; destination-port =22; } then { discard; } } }";

/// What a daemon announces that originates rules: TCP to port 80 of 10.8.0.0/24 is discarded.
const THEIR_RULE: (&str, &str) =
    ("flow destination-ipv4 10.8.0.0/24 protocol =tcp destination-port =80", "rate-limit:0");

/// Runs holdtime beside `daemon` until every session is up and both sides have each other's routes, all of them with all of
/// their attributes, and no others.
pub(crate) fn exchange(folder: &Folder, reactor: &str, daemon: &impl Daemon, wishes: &Wishes) -> Speaker {
    let speaker = Speaker::start(folder, reactor, wishes);
    eventually("every session is up", || speaker.all_up(wishes));
    for (n, address) in DAEMON.iter().enumerate().take(wishes.neighbors()) {
        same("the daemon has our routes", &ours(), || daemon.learned(n));
        same("we have the daemon's routes", &theirs(), || speaker.learned(address));
    }
    speaker
}

/// Waits until both sets are the same; shows the last difference otherwise.
fn same(what: &str, wanted: &BTreeSet<Route>, mut have: impl FnMut() -> BTreeSet<Route>) {
    let mut last = BTreeSet::new();
    let mut tries = 0;
    eventually(what, || {
        last = have();
        tries += 1;
        if tries % 500 == 0 {
            println!("{what}: not yet, but {last:#?}");
        }
        last == *wanted
    });
}

pub(crate) fn both_ways<D: Daemon>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With::default());
    let _speaker = exchange(folder, reactor, &daemon, &Wishes::default());
}

pub(crate) fn a_key_that_both_have<D: Daemon>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With { md5: true, ..With::default() });
    let _speaker = exchange(folder, reactor, &daemon, &protected("md5-password secret;"));
}

/// The kernel drops what is signed with another key, and counts it: so it is known that there was an attempt.
pub(crate) fn a_key_that_differs<D: Daemon>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With { md5: true, ..With::default() });
    let before = kernel_counter("TCPMD5Failure");
    let speaker = Speaker::start(folder, reactor, &protected("md5-password other;"));
    eventually("the kernel refuses a segment of each session, and one that is sent again", || {
        kernel_counter("TCPMD5Failure") >= before + 4
    });
    assert_eq!(speaker.times_up(), 0);
    assert!(!daemon.is_up());
}

/// And one without a key at all.
pub(crate) fn no_key_where_the_daemon_has_one<D: Daemon>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With { md5: true, ..With::default() });
    let before = kernel_counter("TCPMD5NotFound");
    let speaker = Speaker::start(folder, reactor, &Wishes::default());
    eventually("the kernel refuses a segment of each session, and one that is sent again", || {
        kernel_counter("TCPMD5NotFound") >= before + 4
    });
    assert_eq!(speaker.times_up(), 0);
    assert!(!daemon.is_up());
}

fn protected(neighbor: &'static str) -> Wishes {
    Wishes { neighbor, ..Wishes::default() }
}

/// A counter of this network namespace, of those that `nstat` shows.
fn kernel_counter(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/thread-self/net/netstat").unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let of_pair = |two: &[&str]| {
        let place = two.first()?.split(' ').position(|word| word == name)?;
        two.get(1)?.split(' ').nth(place)?.parse().ok()
    };
    lines.chunks(2).find_map(of_pair).unwrap_or_else(|| panic!("the kernel has no counter {name}"))
}

pub(crate) fn our_rule_is_taken<D: TakesRules>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With { flow: true, ..With::default() });
    let wishes = Wishes { family: "ipv4 flow;", sections: RULE, ..Wishes::default() };
    let speaker = exchange(folder, reactor, &daemon, &wishes);
    eventually("the daemon has our rule", || daemon.has_rule());
    assert!(speaker.all_up(&wishes));
}

pub(crate) fn rules_both_ways<D: TakesRules>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With { flow: true, ..With::default() });
    let wishes = Wishes { family: "ipv4 flow;", sections: RULE, ..Wishes::default() };
    let speaker = exchange(folder, reactor, &daemon, &wishes);
    eventually("the daemon has our rule", || daemon.has_rule());
    eventually("we have the daemon's rule", || {
        let (rule, action) = THEIR_RULE;
        speaker.rules(DAEMON[0]).contains(&(rule.to_owned(), action.to_owned()))
    });
}

pub(crate) fn the_daemon_asks_again<D: Refreshes>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With::default());
    let speaker = exchange(folder, reactor, &daemon, &Wishes::default());
    let before = speaker.refreshes_asked_for();
    daemon.ask_again();
    eventually("we are told of the request", || speaker.refreshes_asked_for() > before);
    for prefix in ["10.2.0.0/24", "10.2.1.0/24"] {
        eventually("every route goes out again", || speaker.announced("send", DAEMON[0], prefix) >= 2);
    }
    assert_eq!(
        speaker.announced("send", DAEMON[1], "10.2.0.0/24"),
        1,
        "only the session that asked gets them"
    );
    same("the daemon has our routes", &ours(), || daemon.learned(0));
}

pub(crate) fn we_ask_again<D: Daemon>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With::default());
    let speaker = exchange(folder, reactor, &daemon, &Wishes::default());
    for prefix in ["10.1.0.0/24", "10.1.1.0/24"] {
        assert_eq!(speaker.announced("receive", DAEMON[0], prefix), 1);
    }
    speaker.ask(&format!("neighbor {} announce route-refresh ipv4 unicast", DAEMON[0]));
    for prefix in ["10.1.0.0/24", "10.1.1.0/24"] {
        eventually("every route comes again", || speaker.announced("receive", DAEMON[0], prefix) >= 2);
    }
    assert_eq!(speaker.kept(DAEMON[0]), Route::prefixes(&theirs()));
}

pub(crate) fn we_ask_in_vain<D: HearsRefreshes>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With::default());
    let wishes = Wishes::default();
    let speaker = exchange(folder, reactor, &daemon, &wishes);
    speaker.ask(&format!("neighbor {} announce route-refresh ipv4 unicast", DAEMON[0]));
    eventually("the daemon counts the request", || daemon.refreshes_heard() == 1);
    assert!(speaker.all_up(&wishes));
    assert_eq!(speaker.kept(DAEMON[0]), Route::prefixes(&theirs()));
}

pub(crate) fn our_words_at_a_shutdown<D: Daemon>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With::default());
    let speaker = exchange(folder, reactor, &daemon, &Wishes::default());
    speaker.ask(&format!("neighbor {} teardown 2", DAEMON[0]));
    eventually("the daemon knows what we said", || daemon.was_told("Administrative Shutdown"));
}

pub(crate) fn their_words_at_a_shutdown<D: ShutsDown>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With::default());
    let speaker = exchange(folder, reactor, &daemon, &Wishes::default());
    let words = daemon.shut_down();
    eventually("a program is told what the daemon said", || {
        speaker.notified(DAEMON[0]).contains(&(6, 2, format!("Shutdown Communication: \"{words}\"")))
    });
    eventually("the log says it", || {
        speaker.process.log().contains(&format!("session down: notification received (6,2): \"{words}\""))
    });
}

/// `signal` ends holdtime, and the daemon's session with it.
pub(crate) fn our_end<D: Daemon>(folder: &Folder, reactor: &str, signal: &str) {
    let daemon = D::start(folder, With::default());
    let mut speaker = exchange(folder, reactor, &daemon, &Wishes::default());
    speaker.process.signal(signal);
    assert_eq!(speaker.process.wait(), Some(0));
    eventually("the daemon's session is down", || !daemon.is_up());
    eventually("its routes are gone", || daemon.learned(0).is_empty() && daemon.learned(1).is_empty());
}

pub(crate) fn a_daemon_that_is_suspended<D: Daemon>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With::default());
    let wishes = Wishes { ipv4_only: true, ..Wishes::default() };
    let speaker = exchange(folder, reactor, &daemon, &wishes);
    daemon.signal("STOP");
    eventually("the hold timer closes the session", || {
        speaker.process.log().contains("session down: notification sent (4,0)")
    });
    eventually("a program is told", || speaker.up().is_empty());
    daemon.signal("CONT");
    eventually("the session is up again", || speaker.times_up() >= 2 && speaker.all_up(&wishes));
    same("the daemon has our routes again", &ours(), || daemon.learned(0));
    eventually("we have the daemon's routes again", || speaker.kept(DAEMON[0]) == Route::prefixes(&theirs()));
}

const GRACEFUL: Wishes =
    Wishes { neighbor: "", capability: "graceful-restart 60;", family: "", sections: "", ipv4_only: true };

pub(crate) fn we_restart<D: Daemon>(folder: &Folder, reactor: &str) {
    let daemon = D::start(folder, With { graceful: true, ..With::default() });
    let speaker = exchange(folder, reactor, &daemon, &GRACEFUL);
    speaker.process.signal("KILL");
    eventually("the daemon sees the session end", || !daemon.is_up());
    assert_eq!(daemon.learned(0), ours(), "the routes are kept");
    drop(speaker);
    assert_eq!(daemon.learned(0), ours(), "the routes are kept");
    let _again = exchange(folder, reactor, &daemon, &GRACEFUL);
    eventually("the session is up", || daemon.is_up());
    same("the daemon has our routes", &ours(), || daemon.learned(0));
}

pub(crate) fn the_daemon_restarts<D: Daemon>(folder: &Folder, reactor: &str) {
    let with = With { graceful: true, ..With::default() };
    let daemon = D::start(folder, with);
    let speaker = exchange(folder, reactor, &daemon, &GRACEFUL);
    let wanted = Route::prefixes(&theirs());
    eventually("we keep the daemon's routes", || speaker.kept(DAEMON[0]) == wanted);
    daemon.signal("KILL");
    eventually("the session is down", || speaker.up().is_empty());
    assert_eq!(speaker.kept(DAEMON[0]), wanted, "the routes are kept");
    drop(daemon);
    assert_eq!(speaker.kept(DAEMON[0]), wanted, "the routes are kept");
    let daemon = D::start(folder, with);
    eventually("the session is up again", || speaker.times_up() >= 2 && speaker.all_up(&GRACEFUL));
    same("the daemon has our routes", &ours(), || daemon.learned(0));
    eventually("we have the daemon's routes", || speaker.kept(DAEMON[0]) == wanted);
}
