//! What makes `serve` a daemon: the background, the file with its process id, the user to run as, the umask.
//!
//! ExaBGP gives up root for `nobody` and takes a umask even where nobody told it to; here both happen only where the
//! settings say so.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdtime_core::config::DaemonSettings;
use holdtime_reactor::user::{self, User};
use rustix::fs::{FileType, Mode, fstat};
use rustix::process::{Pid, getppid, setsid, test_kill_process, umask};

use crate::error::CliError;
use crate::exabgp::settings::FoundSettings;

/// The user to become, where the settings name one and the process may.
pub(crate) fn user(found: &FoundSettings) -> Result<Option<User>, CliError> {
    let DaemonSettings { user: name, drop, .. } = &found.settings.daemon;
    if !user::is_root() || !drop {
        return Ok(None);
    }
    if !found.has("exabgp.daemon.user") {
        tracing::debug!(target: "daemon", "running as root: daemon.user names a user to run as");
        return Ok(None);
    }
    let user = user::find(name)
        .ok_or_else(|| CliError::input(format!("daemon.user: there is no user \"{name}\"")))?;
    Ok(Some(user).filter(|user| !user.uid.is_root()))
}

/// Takes the umask that the settings ask for.
pub(crate) fn set_umask(found: &FoundSettings) {
    if found.has("exabgp.daemon.umask") {
        umask(Mode::from_bits_truncate(found.settings.daemon.umask));
    }
}

/// Whether to go into the background: not where somebody who supervises daemons has started this one.
pub(crate) fn wants_background(settings: &DaemonSettings) -> bool {
    let supervised = getppid().is_none_or(Pid::is_init)
        || fstat(io::stdin()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket);
    settings.daemonize && !supervised
}

/// Starts this command line again in the background: `serve --detached …`. Whoever called may end.
pub(crate) fn start_in_background() -> Result<(), CliError> {
    let cannot = |error: &io::Error| CliError::io("cannot go into the background", error);
    let mut args: Vec<_> = std::env::args_os().skip(1).collect();
    let verb =
        args.iter().position(|arg| arg == "serve" || arg == "server").map_or(args.len(), |index| index + 1);
    args.insert(verb, "--detached".into());
    Command::new(std::env::current_exe().map_err(|error| cannot(&error))?)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| cannot(&error))?;
    Ok(())
}

/// Leaves the terminal behind.
pub(crate) fn detach() {
    // It leads a session already: then it has none.
    let _ = setsid();
}

/// Waits as `tcp.delay` asks: for the next time that is a multiple of so many minutes. A signal ends the process.
pub(crate) fn delay(minutes: u32) {
    let period = u64::from(minutes) * 60;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if let Some(past) = now.checked_rem(period) {
        tracing::info!(target: "daemon", "waiting {} s before anything is begun", period - past);
        std::thread::sleep(Duration::from_secs(period - past));
    }
}

/// The file that holds the process id while the speaker runs.
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes it; an empty name means that there is to be none. One whose process still runs is left alone.
    pub(crate) fn write(name: &str) -> Result<Option<Self>, CliError> {
        if name.is_empty() {
            return Ok(None);
        }
        let own = std::process::id();
        if let Some(pid) = running(name).filter(|pid| pid.as_raw_nonzero().get().cast_unsigned() != own) {
            let pid = pid.as_raw_nonzero();
            return Err(CliError::input(format!("\"{name}\" says that process {pid} is running")));
        }
        let write = || fs::File::create(name)?.write_all(format!("{own}\n").as_bytes());
        write().map_err(|error| CliError::io(format_args!("cannot write \"{name}\""), &error))?;
        Ok(Some(Self(name.into())))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Gone already is as good as removed.
        let _ = fs::remove_file(&self.0);
    }
}

/// The process that a file names, if it runs.
fn running(name: &str) -> Option<Pid> {
    let pid = Pid::from_raw(fs::read_to_string(name).ok()?.trim().parse().ok()?)?;
    // Somebody else's process runs too.
    matches!(test_kill_process(pid), Ok(()) | Err(rustix::io::Errno::PERM)).then_some(pid)
}
