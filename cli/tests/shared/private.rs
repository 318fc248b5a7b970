//! Programs as tests start them: with no setting and no named pipe of the machine, where another speaker may be at work.

#![allow(dead_code, reason = "not every test binary needs all of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// `holdtime` for a command that ends by itself.
pub(crate) fn holdtime() -> Command {
    command(env!("CARGO_BIN_EXE_holdtime"))
}

/// Another program, in the same way.
pub(crate) fn command(program: &str) -> Command {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("settings-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    keep(Command::new(program), &folder)
}

/// `holdtime` for a speaker in a folder of its own.
pub(crate) fn holdtime_in(folder: &Path) -> Command {
    keep(Command::new(env!("CARGO_BIN_EXE_holdtime")), folder)
}

/// Keeps a program to a file of settings in `folder`, and to named pipes that nobody else has. Variables of the machine with
/// settings are taken away.
pub(crate) fn keep(mut program: Command, folder: &Path) -> Command {
    let (settings, begun) = (folder.join("settings.env"), folder.join(format!("settings-{}", count())));
    fs::write(&begun, format!("[exabgp.api]\npipename = '{}'\n", pipename(folder))).unwrap();
    // Whoever is reading it never finds half of it.
    fs::rename(begun, &settings).unwrap();
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_lowercase().starts_with("exabgp") {
            program.env_remove(name);
        }
    }
    program.env("EXABGP_ENVFILE", settings);
    program
}

/// A number that no other call of this process gets.
fn count() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// The name of the pipes of whoever is kept to this folder.
pub(crate) fn pipename(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    format!("holdtime-test-{}-{name}", std::process::id())
}
