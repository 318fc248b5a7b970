//! `holdtime healthcheck`: what it writes for a state of the service, which is what ExaBGP's own program writes, and how it ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

#[macro_use]
#[path = "shared/needs.rs"]
mod needs;
#[path = "shared/private.rs"]
mod private;
#[path = "../../tests/util/trials.rs"]
mod trials;
#[path = "shared/waiting.rs"]
mod waiting;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use needs::Need;
use waiting::eventually;

tests! {
    every_state_is_announced_as_its_options_say;
    exabgp_announces_the_same_for_the_same_options: [Need::ExaBgp];
    a_service_rises_and_falls_after_so_many_results_in_a_row;
    sigterm_withdraws_what_was_announced_and_ends_with_status_0;
    nothing_more_is_written_before_the_last_command_is_answered;
    a_check_that_takes_too_long_has_failed_and_is_killed_with_what_it_started;
    addresses_are_set_up_while_the_service_may_be_announced_and_removed_at_the_end: [Need::Namespaces];
    an_address_may_be_set_up_on_another_interface_than_loopback: [Need::Namespaces];
    an_address_of_somebody_else_whose_label_begins_alike_is_left_where_it_is: [Need::Namespaces];
    the_addresses_of_loopback_are_announced_where_none_is_named_by_their_label: [Need::Namespaces];
    a_configuration_file_has_options_and_the_command_line_overrides_them;
    a_mistake_is_one_sentence_and_status_2;
}

/// One round and out, and no address of this machine touched.
const ONCE: &str = "--interval 0 --fast-interval 0.01 --rise 1 --fall 1 --no-ip-setup --no-ack --silent";

/// Options, and what is written for them.
const ANNOUNCEMENTS: [(&str, &[&str]); 14] = [
    ("--ip 192.0.2.1", &["neighbor * announce route 192.0.2.1/32 next-hop self med 100"]),
    (
        "--ip 192.0.2.1 --ip 2001:db8::1 --increase 7 --up-metric 3",
        &[
            "neighbor * announce route 192.0.2.1/32 next-hop self med 3",
            "neighbor * announce route 2001:db8::1/128 next-hop self med 10",
        ],
    ),
    (
        "--ip 192.0.2.0/30 --deaggregate-networks --start-ip 3 -N 198.51.100.9",
        &[
            "neighbor * announce route 192.0.2.3/32 next-hop 198.51.100.9 med 100",
            "neighbor * announce route 192.0.2.0/32 next-hop 198.51.100.9 med 101",
            "neighbor * announce route 192.0.2.1/32 next-hop 198.51.100.9 med 102",
            "neighbor * announce route 192.0.2.2/32 next-hop 198.51.100.9 med 103",
        ],
    ),
    ("--ip 192.0.2.0/24 --cmd false", &["neighbor * announce route 192.0.2.0/24 next-hop self med 1000"]),
    (
        "--ip 192.0.2.0/24 -c false --withdraw-on-down",
        &["neighbor * withdraw route 192.0.2.0/24 next-hop self"],
    ),
    (
        "--ip 192.0.2.0/24 --disable /dev/null",
        &["neighbor * announce route 192.0.2.0/24 next-hop self med 500"],
    ),
    (
        "--ip 192.0.2.0/24 --disable /dev/null --withdraw-on-down --path-id 9",
        &["neighbor * withdraw route 192.0.2.0/24 next-hop self path-information 9"],
    ),
    (
        "--ip 192.0.2.1 --local-preference 0 --community 65000:1 --extended-community target:1:1 --large-community 1:2:3 --as-path 65000 --path-id 4",
        &[
            "neighbor * announce route 192.0.2.1/32 next-hop self med 100 local-preference 0 community [ 65000:1 ] \
           extended-community [ target:1:1 ] large-community [ 1:2:3 ] as-path [ 65000 ] path-information 4",
        ],
    ),
    (
        "--ip 192.0.2.1 --community 65000:1 --disabled-community 65000:2",
        &["neighbor * announce route 192.0.2.1/32 next-hop self med 100 community [ 65000:1 ]"],
    ),
    (
        "--ip 192.0.2.1 --community 65000:1 --disabled-community 65000:2 --cmd false",
        &["neighbor * announce route 192.0.2.1/32 next-hop self med 1000 community [ 65000:2 ]"],
    ),
    (
        "--ip 192.0.2.1 --as-path 1 --up-as-path 2 --down-as-path 3",
        &["neighbor * announce route 192.0.2.1/32 next-hop self med 100 as-path [ 2 ]"],
    ),
    (
        "--ip 192.0.2.1 --as-path 1 --down-as-path 3 --cmd false --down-metric 7",
        &["neighbor * announce route 192.0.2.1/32 next-hop self med 7 as-path [ 3 ]"],
    ),
    (
        "--ip 192.0.2.1 --neighbor 198.51.100.1 --neighbor 2001:DB8::2",
        &["neighbor 198.51.100.1, neighbor 2001:db8::2 announce route 192.0.2.1/32 next-hop self med 100"],
    ),
    (
        "--ip 192.0.2.1 --neighbor 198.51.100.1 --neighbor *",
        &["neighbor * announce route 192.0.2.1/32 next-hop self med 100"],
    ),
];

/// Runs a healthcheck to its end; what it wrote.
fn announced(mut program: Command, options: &str) -> String {
    program.arg("healthcheck").args(ONCE.split(' ')).args(options.split(' '));
    let output = program.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{options}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn every_state_is_announced_as_its_options_say() {
    for (options, expected) in ANNOUNCEMENTS {
        let written = announced(private::holdtime(), options);
        assert_eq!(written.lines().collect::<Vec<_>>(), expected, "{options}");
    }
}

fn exabgp_announces_the_same_for_the_same_options() {
    for (options, expected) in ANNOUNCEMENTS {
        let written = announced(private::command(needs::exabgp().unwrap()), options);
        assert_eq!(written.lines().collect::<Vec<_>>(), expected, "{options}");
    }
}

/// A healthcheck whose speaker is the test. Killed with it.
struct Watcher {
    child: Child,
    lines: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Watcher {
    /// Starts one in a folder of its own.
    fn start(name: &str, options: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("holdtime-healthcheck-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let fixed = [
            "healthcheck",
            "--ip",
            "192.0.2.1",
            "--no-ip-setup",
            "--fast-interval",
            "0.01",
            "--interval",
            "0.05",
        ];
        let mut child = private::holdtime()
            .args(fixed)
            .args(options)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines, folder }
    }

    /// The next command; empty at the end.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn answer(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"done\n").unwrap();
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until a hook has written this line.
    fn await_line(&self, file: &str, wanted: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        while !std::fs::read_to_string(self.folder.join(file))
            .is_ok_and(|text| text.lines().any(|l| l == wanted))
        {
            assert!(Instant::now() < until, "{wanted} was not written to {file}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const UP: &str = "neighbor * announce route 192.0.2.1/32 next-hop self med 100";
const DOWN: &str = "neighbor * announce route 192.0.2.1/32 next-hop self med 1000";
const WITHDRAWN: &str = "neighbor * withdraw route 192.0.2.1/32 next-hop self";

fn a_service_rises_and_falls_after_so_many_results_in_a_row() {
    let check = "test ! -e broken && test -e well";
    let hook = "echo $STATE >> states";
    let options = ["--cmd", check, "--rise", "2", "--fall", "3", "--debounce", "--no-ack", "--execute", hook];
    let mut watcher = Watcher::start("rises", &options);
    assert_eq!(watcher.line(), DOWN);
    std::fs::write(watcher.folder.join("well"), "").unwrap();
    assert_eq!(watcher.line(), UP);
    std::fs::write(watcher.folder.join("broken"), "").unwrap();
    assert_eq!(watcher.line(), DOWN);
    let states = std::fs::read_to_string(watcher.folder.join("states")).unwrap();
    assert_eq!(
        states.split_whitespace().collect::<Vec<_>>(),
        ["FALLING", "DOWN", "RISING", "UP", "FALLING", "DOWN"]
    );
}

fn sigterm_withdraws_what_was_announced_and_ends_with_status_0() {
    let mut watcher = Watcher::start("term", &["--rise", "1"]);
    assert_eq!(watcher.line(), UP);
    // It waits for the answer to its command; the signal comes before that.
    watcher.signal("TERM");
    assert_eq!(watcher.line(), WITHDRAWN);
    watcher.answer();
    assert_eq!(watcher.line(), "");
    assert_eq!(watcher.child.wait().unwrap().code(), Some(0));
}

fn nothing_more_is_written_before_the_last_command_is_answered() {
    let mut watcher = Watcher::start(
        "answers",
        &["--rise", "1", "--up-execute", "echo up >> states", "--execute", "echo all >> states"],
    );
    assert_eq!(watcher.line(), UP);
    watcher.await_line("states", "all");
    watcher.answer();
    // Announced again after the next check.
    assert_eq!(watcher.line(), UP);
}

fn a_check_that_takes_too_long_has_failed_and_is_killed_with_what_it_started() {
    let check = "sleep 1000 & echo $! > sleeper; wait";
    let mut watcher = Watcher::start("slow", &["--cmd", check, "--timeout", "1", "--fall", "1", "--no-ack"]);
    assert_eq!(watcher.line(), DOWN);
    let pid = std::fs::read_to_string(watcher.folder.join("sleeper")).unwrap();
    // The signal is on its way, and nobody may have reaped it yet: but soon it runs no more.
    eventually("what the check had started was killed", || {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        state.is_empty() || state.contains(") Z")
    });
}

/// Runs a shell script in a network namespace of its own, where `$HC` is the healthcheck; what it wrote.
fn in_namespace(script: &str) -> String {
    let output = private::command("unshare")
        .args(needs::unshare().unwrap())
        .args(["sh", "-c", &format!("set -e; ip link set lo up\n{script}")])
        .env(
            "HC",
            concat!(env!("CARGO_BIN_EXE_holdtime"), " healthcheck --silent --no-ack --rise 1 --fall 1"),
        )
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Lists the addresses of loopback on one line.
const LIST: &str = "ip -o address show dev lo | awk '{ print $4 }' | grep -v -e ^127 -e ^::1 | sort | xargs";

fn addresses_are_set_up_while_the_service_may_be_announced_and_removed_at_the_end() {
    let script = format!(
        "$HC --ip 192.0.2.0/31 --ip 2001:db8::5 --interval 0; {LIST}
         $HC --ip 192.0.2.0/31 --interval 0 --dynamic-ip-setup --cmd false; {LIST}
         said=$(mktemp); $HC --ip 192.0.2.7 > $said & until [ -s $said ]; do sleep 0.01; done
         {LIST}; kill $!; wait $!; {LIST}; cat $said; rm $said"
    );
    let written = in_namespace(&script);
    let expected = [
        "neighbor * announce route 192.0.2.0/31 next-hop self med 100",
        "neighbor * announce route 2001:db8::5/128 next-hop self med 101",
        "192.0.2.0/32 192.0.2.1/32 2001:db8::5/128",
        "neighbor * announce route 192.0.2.0/31 next-hop self med 1000",
        "2001:db8::5/128",
        "192.0.2.7/32 2001:db8::5/128",
        "2001:db8::5/128",
        "neighbor * announce route 192.0.2.7/32 next-hop self med 100",
        "neighbor * withdraw route 192.0.2.7/32 next-hop self",
    ];
    assert_eq!(written.lines().collect::<Vec<_>>(), expected);
}

fn an_address_may_be_set_up_on_another_interface_than_loopback() {
    // Every kernel has bridges; dummy interfaces are a module.
    let script = "ip link add port0 type bridge; ip link set port0 up
         list() { ip -o address show | awk '$3 ~ /inet/ && $4 !~ /^(127|::1|fe80)/ { print $2, $4 }' | sort | xargs; }
         said=$(mktemp)
         $HC --ip 192.0.2.7 --ip 192.0.2.8 --ip-ifname 192.0.2.8%port0 --label web > $said &
         until [ $(wc -l < $said) -ge 2 ]; do sleep 0.01; done
         list; ip -o address show dev port0 | grep -o port0:web; kill $!; wait $!; list; rm $said
         $HC --ip 192.0.2.9 --ip-ifname 192.0.2.9%nowhere 2>&1 --interval 0 || echo status $?";
    let written = in_namespace(script);
    let expected = [
        "lo 192.0.2.7/32 port0 192.0.2.8/32",
        "port0:web",
        "",
        "holdtime: cannot set 192.0.2.9/32 up on nowhere: ip failed with exit status: 1",
        "status 2",
    ];
    assert_eq!(written.lines().collect::<Vec<_>>(), expected);
}

fn an_address_of_somebody_else_whose_label_begins_alike_is_left_where_it_is() {
    let script = format!(
        "ip address add 192.0.2.1/32 dev lo label lo:web1
         said=$(mktemp); $HC --label web > $said & until [ -s $said ]; do sleep 0.01; done
         kill $!; wait $!; {LIST}; rm $said"
    );
    let written = in_namespace(&script);
    assert_eq!(written, "192.0.2.1/32\n");
}

fn the_addresses_of_loopback_are_announced_where_none_is_named_by_their_label() {
    let script = "ip address add 192.0.2.1/32 dev lo label lo:web1
        ip address add 192.0.2.2/32 dev lo label lo:web2
        ip address add 192.0.2.3/24 dev lo
        $HC --interval 0 --no-ip-setup; $HC --interval 0 --label web; $HC --interval 0 --label web2 --label-exact-match";
    let written = in_namespace(script);
    let line = |address: &str, metric: u32| {
        format!("neighbor * announce route {address}/32 next-hop self med {metric}")
    };
    let both = || [line("192.0.2.1", 100), line("192.0.2.2", 101)];
    let expected: Vec<String> = both().into_iter().chain(both()).chain([line("192.0.2.2", 100)]).collect();
    assert_eq!(written.lines().collect::<Vec<_>>(), expected);
}

fn a_configuration_file_has_options_and_the_command_line_overrides_them() {
    let path = std::env::temp_dir().join(format!("holdtime-healthcheck-file-{}", std::process::id()));
    std::fs::write(
        &path,
        "# mine\ninterval = 0\nrise = 1\nup-metric = 5\nip = 192.0.2.7\nno-ack\nno-ip-setup\nsilent\n",
    )
    .unwrap();
    let output = private::holdtime()
        .args(["healthcheck", "-F", path.to_str().unwrap(), "--up-metric", "6", "--ip", "192.0.2.8"])
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let expected = "neighbor * announce route 192.0.2.7/32 next-hop self med 6\n\
        neighbor * announce route 192.0.2.8/32 next-hop self med 7\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

fn a_mistake_is_one_sentence_and_status_2() {
    for (options, sentence) in [
        (&["--ip", "192.0.2.1/24"][..], "has host bits set"),
        (&["--ip", "192.0.2.1", "--community", "1:1\nshutdown"], "control character"),
        (&["--ip", "192.0.2.1", "--ip-ifname", "192.0.2.9%eth0"], "--ip 192.0.2.9/32 is missing"),
        (&["--ip", "10.0.0.0/8"], "too many addresses"),
        (&["--ip", "192.0.2.1", "--no-ip-setup", "--user", "no such user"], "there is no user"),
        (&["--config", "/nowhere"], "cannot read \"/nowhere\""),
        (&["--ip", "192.0.2.1", "--syslog-facility", "nobody"], "there is no syslog facility"),
    ] {
        let output = private::holdtime().arg("healthcheck").args(options).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(sentence) && said.lines().count() == 1, "{options:?}: {said}");
        assert_eq!(output.status.code(), Some(2), "{options:?}");
    }
}
