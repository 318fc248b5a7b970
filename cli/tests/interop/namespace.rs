//! A network namespace a test: the test binary runs itself again inside `unshare -n`.

use std::path::Path;
use std::process::Command;

/// Set for the run inside the namespace.
const INSIDE: &str = "HOLDTIME_INTEROP_INSIDE";

/// The daemon's addresses.
pub(crate) const DAEMON: [&str; 2] = ["127.0.1.1", "fd00:179::1"];
/// holdtime's addresses.
pub(crate) const SPEAKER: [&str; 2] = ["127.0.2.1", "fd00:179::2"];

/// Runs `body` in a network namespace of its own, where every program of `needs` is installed; says what is
/// missing otherwise. `test` is the test's full name.
pub(crate) fn run(test: &str, needs: &[&str], body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if let Some(missing) = needs.iter().find(|program| find(program).is_none()) {
        return println!("SKIPPED {test}: {missing} is not installed");
    }
    let Some(unshare) = unshare() else {
        return println!("SKIPPED {test}: this user may not make network namespaces");
    };
    let script = format!(
        "ip link set lo up && ip -6 addr add {}/128 dev lo nodad && ip -6 addr add {}/128 dev lo nodad && exec \"$0\" \"$@\"",
        DAEMON[1], SPEAKER[1]
    );
    let status = Command::new("unshare")
        .args(unshare)
        .args(["sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed inside its network namespace; its output is above");
}

/// The path of a program: itself where it names a folder, or found in `PATH` and the system's folders.
pub(crate) fn find(program: &str) -> Option<String> {
    if program.contains('/') {
        return Path::new(program).exists().then(|| program.to_owned());
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/local/sbin", "/usr/sbin", "/sbin"]);
    folders.map(|folder| format!("{folder}/{program}")).find(|path| Path::new(path).exists())
}

/// The options with which this user may make a namespace.
fn unshare() -> Option<&'static [&'static str]> {
    find("ip")?;
    let options: [&[&str]; 2] = [&["-n"], &["-r", "-n"]];
    options.into_iter().find(|options| {
        let tried = Command::new("unshare").args(*options).args(["ip", "link", "set", "lo", "up"]).output();
        tried.is_ok_and(|output| output.status.success())
    })
}
