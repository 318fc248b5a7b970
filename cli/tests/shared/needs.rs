//! What tests may need of a machine beside its kernel, and whether this one has it.

#![allow(dead_code, unused_macros, reason = "not every test binary needs all of it")]

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::private;

/// The `main` of a test binary: the names of its tests, each with what it needs.
macro_rules! tests {
    ($($name:ident $(: [$($needs:expr),+])?;)*) => {
        fn main() -> std::process::ExitCode {
            trials::run(vec![$({
                const NEEDS: &[crate::needs::Need] = &[$($($needs),+)?];
                trials::Test::needing(|| crate::needs::Need::first_missing(NEEDS), stringify!($name), $name)
            }),*])
        }
    };
}

/// The release of ExaBGP that tests compare with. Another one answers otherwise.
const EXABGP: &str = "5.0.15";

/// Something that a test cannot be run without.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    /// A program in `PATH` or in the system's folders.
    Program(&'static str),
    /// ExaBGP, in the release that tests compare with.
    ExaBgp,
    /// The right to make network namespaces.
    Namespaces,
    /// The rights of root.
    Root,
    /// A kernel with TCP-AO (RFC 5925): Linux 6.7, built with `CONFIG_TCP_AO`.
    TcpAo,
    /// A kernel without it.
    NoTcpAo,
}

impl Need {
    /// What is missing, in words; `None` where nothing is.
    pub(crate) fn missing(self) -> Option<String> {
        match self {
            Self::Program(name) => find(name).is_none().then(|| format!("{name} is not installed")),
            Self::ExaBgp => exabgp().is_none().then(|| format!("exabgp {EXABGP} is not installed")),
            Self::Namespaces => {
                unshare().is_none().then(|| "this user may not make network namespaces".to_owned())
            }
            Self::TcpAo => (!has_tcp_ao()).then(|| "this kernel has no TCP-AO".to_owned()),
            Self::NoTcpAo => has_tcp_ao().then(|| "this kernel has TCP-AO".to_owned()),
            Self::Root => (!rustix::process::getuid().is_root()).then(|| "this is not root".to_owned()),
        }
    }

    /// The first thing that is missing.
    pub(crate) fn first_missing(needs: &[Self]) -> Option<String> {
        needs.iter().find_map(|need| need.missing())
    }
}

/// Whether the kernel takes a key of TCP-AO.
pub(crate) fn has_tcp_ao() -> bool {
    use holdtime_core::config::{AoAlgorithm, AoKey, PeerRange};
    let key = AoKey { send_id: 1, receive_id: 1, algorithm: AoAlgorithm::HmacSha1, key: b"secret".to_vec() };
    holdtime_reactor::try_keys(PeerRange::single([127, 0, 0, 1].into()), &[key]).is_ok()
}

/// The path of a program: itself where it names a folder, or found in `PATH` and the system's folders.
pub(crate) fn find(program: &str) -> Option<String> {
    found(program).next()
}

fn found(program: &str) -> impl Iterator<Item = String> {
    let folders = match program.contains('/') {
        true => vec![String::new()],
        false => {
            let path = std::env::var("PATH").unwrap_or_default();
            let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].into_iter();
            path.split(':').chain(system).map(|folder| format!("{folder}/")).collect()
        }
    };
    folders
        .into_iter()
        .map(move |folder| format!("{folder}{program}"))
        .filter(|path| Path::new(path).is_file())
}

/// The first `exabgp` in `PATH` that is of the release to compare with. A distribution's own is often another.
pub(crate) fn exabgp() -> Option<&'static str> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let is_ours = |path: &String| {
        let output = private::command(path).arg("version").output();
        output.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == EXABGP)
        })
    };
    FOUND.get_or_init(|| found("exabgp").find(is_ours)).as_deref()
}

/// The options with which this user may make a namespace.
pub(crate) fn unshare() -> Option<&'static [&'static str]> {
    static FOUND: OnceLock<Option<&'static [&'static str]>> = OnceLock::new();
    let options: [&[&str]; 2] = [&["-n"], &["-r", "-n"]];
    let may = |options: &&[&str]| {
        let tried = Command::new("unshare").args(*options).args(["ip", "link", "set", "lo", "up"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    *FOUND.get_or_init(|| options.into_iter().find(may))
}
