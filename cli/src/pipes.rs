//! The two named pipes through which ExaBGP's command-line client talks to a running speaker.

use std::fs::metadata;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use holdtime_core::speaker::PipePaths;

/// The pipes of this name, in the first folder that has both: where ExaBGP looks, in its order.
pub(crate) fn find(name: &str) -> Option<PipePaths> {
    let root = std::env::var("EXABGP_ROOT").unwrap_or_default();
    let user = rustix::process::getuid().as_raw();
    let folders = [
        "/run/exabgp".to_owned(),
        format!("/run/{user}"),
        "/run".to_owned(),
        "/var/run/exabgp".to_owned(),
        format!("/var/run/{user}"),
        "/var/run".to_owned(),
    ];
    let rooted: Vec<String> = folders.iter().map(|folder| format!("{root}{folder}")).collect();
    folders.iter().chain(&rooted).find_map(|folder| {
        let paths = PipePaths { read: format!("{folder}/{name}.in"), write: format!("{folder}/{name}.out") };
        (is_pipe(&paths.read) && is_pipe(&paths.write)).then_some(paths)
    })
}

fn is_pipe(path: &str) -> bool {
    metadata(Path::new(path)).is_ok_and(|found| found.file_type().is_fifo())
}
