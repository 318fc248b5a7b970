//! The named pipes between a running speaker and its command-line clients: where ExaBGP and its users expect them.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use holdtime_core::speaker::PipePaths;
use rustix::fs::{Mode, OFlags};

/// The pair `NAME.in`, which the speaker reads, and `NAME.out`, which it writes; `None` where no folder has both. Nobody makes them but
/// the user: whoever may write to them commands the speaker.
pub(crate) fn find(name: &str) -> Option<PipePaths> {
    folders().into_iter().find_map(|folder| {
        let path = |suffix: &str| folder.join(format!("{name}.{suffix}"));
        let (read, write) = (path("in"), path("out"));
        let both = is_pipe(&read) && is_pipe(&write);
        both.then(|| PipePaths { read: read.display().to_string(), write: write.display().to_string() })
    })
}

/// The folders where they are looked for, in this order.
pub(crate) fn folders() -> Vec<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let root = std::env::var_os("EXABGP_ROOT").map(PathBuf::from);
    let mut folders = Vec::new();
    for top in [Some(PathBuf::from("/")), root].into_iter().flatten() {
        for run in ["run", "var/run"] {
            let run = top.join(run);
            folders.extend([run.join("exabgp"), run.join(user.to_string()), run]);
        }
    }
    folders
}

/// The commands that make the pipes, where this user's speaker and its clients find them.
pub(crate) fn how_to_make(name: &str) -> String {
    let folder = match rustix::process::getuid() {
        root if root.is_root() => "/run/exabgp".to_owned(),
        user => format!("/run/{}", user.as_raw()),
    };
    let pipes = format!("{folder}/{name}.in {folder}/{name}.out");
    let (sudo, owner) = match rustix::process::getuid() {
        root if root.is_root() => ("", String::new()),
        user => ("sudo ", format!(" && sudo chown {}: {pipes}", user.as_raw())),
    };
    format!("{sudo}mkdir -p {folder} && {sudo}mkfifo -m 600 {pipes}{owner}")
}

/// Whether a speaker reads the pipe for commands already: what is written there then goes to one of two, and nobody knows to which.
pub(crate) fn is_taken(paths: &PipePaths) -> bool {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(&paths.read, flags, Mode::empty()).is_ok()
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}
