//! A network namespace a test: the test binary runs itself again inside `unshare -n`.

use std::process::Command;

use crate::needs::{self, Need};

/// Set for the run inside the namespace.
const INSIDE: &str = "HOLDTIME_INTEROP_INSIDE";

/// The daemon's addresses.
pub(crate) const DAEMON: [&str; 2] = ["127.0.1.1", "fd00:179::1"];
/// holdtime's addresses.
pub(crate) const SPEAKER: [&str; 2] = ["127.0.2.1", "fd00:179::2"];

/// What of `needs` is missing; nothing inside the namespace, where it was looked for outside.
pub(crate) fn missing(needs: &[Need]) -> Option<String> {
    std::env::var_os(INSIDE).map_or_else(|| Need::first_missing(needs), |_| None)
}

/// Runs `body` in a network namespace of its own. `test` is the test's full name.
pub(crate) fn run(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let script = format!(
        "ip link set lo up && ip -6 addr add {}/128 dev lo nodad && ip -6 addr add {}/128 dev lo nodad && exec \"$0\" \"$@\"",
        DAEMON[1], SPEAKER[1]
    );
    let output = Command::new("unshare")
        .args(needs::unshare().unwrap())
        .args(["sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        panic!("inside its network namespace:\n{}", String::from_utf8_lossy(&said));
    }
}
