//! Child programs: how they are found, started, signalled and reaped.

use holdtime_host::{ExitStatus, ProgramSignal, ProgramSpec, StreamId};

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process_group};

/// The programs that have not been reaped.
#[derive(Debug, Default)]
pub(crate) struct ChildPrograms {
    running: BTreeMap<StreamId, Child>,
}

/// Our ends of a program's pipes; both non-blocking.
#[derive(Debug)]
pub(crate) struct Pipes {
    /// Its standard output.
    pub(crate) read: OwnedFd,
    /// Its standard input.
    pub(crate) write: OwnedFd,
}

impl ChildPrograms {
    /// Starts a program in a process group of its own, so that a Ctrl-C at the terminal does not reach it;
    /// returns its process id.
    pub(crate) fn start(
        &mut self,
        stream: StreamId,
        spec: &ProgramSpec,
        folder: &Path,
    ) -> io::Result<(u32, Pipes)> {
        let (name, arguments) = spec.command.split_first().ok_or(io::ErrorKind::NotFound)?;
        let path = find(name, folder).ok_or(io::ErrorKind::NotFound)?;
        let mut child = Command::new(path)
            .args(arguments)
            // Keeps programs that use readline from writing escape sequences down the pipe.
            .env("TERM", "dumb")
            .envs(spec.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let pid = child.id();
        let ends = child.stdout.take().map(OwnedFd::from).zip(child.stdin.take().map(OwnedFd::from));
        self.running.insert(stream, child);
        let (read, write) = ends.ok_or(io::ErrorKind::BrokenPipe)?;
        set_nonblocking(&read)?;
        set_nonblocking(&write)?;
        Ok((pid, Pipes { read, write }))
    }

    /// Signals a program and what it started.
    pub(crate) fn signal(&self, stream: StreamId, signal: ProgramSignal) {
        let signal = match signal {
            ProgramSignal::Terminate => Signal::TERM,
            ProgramSignal::Kill => Signal::KILL,
        };
        let pid = self.running.get(&stream).and_then(|child| Pid::from_raw(child.id().cast_signed()));
        if let Some(pid) = pid {
            // Not reaped yet, so the id is still this program's; gone already is as good as signalled.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Kills every program and what it started.
    pub(crate) fn kill_all(&self) {
        for &stream in self.running.keys() {
            self.signal(stream, ProgramSignal::Kill);
        }
    }

    /// Reaps the programs that have ended.
    pub(crate) fn reap(&mut self, mut ended: impl FnMut(StreamId, ExitStatus)) {
        self.running.retain(|&stream, child| match child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                let signal = status.signal().map(ExitStatus::Signal);
                ended(stream, signal.or(status.code().map(ExitStatus::Code)).unwrap_or(ExitStatus::Code(0)));
                false
            }
            // Somebody else has reaped it.
            Err(_) => {
                ended(stream, ExitStatus::Code(0));
                false
            }
        });
    }
}

/// No program outlives its speaker.
impl Drop for ChildPrograms {
    fn drop(&mut self) {
        self.kill_all();
    }
}

/// Finds a program as a configuration names it: an absolute path as it is; else in `/etc/exabgp`, in the configuration's
/// folder, and in the folders of `PATH`. As in ExaBGP the last of these that has it counts, but a name with a `/` is not
/// looked up in `PATH` where the folder has it, and `etc/exabgp/…` may also stand in the working directory.
pub fn find(name: &str, folder: &Path) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = folder.to_path_buf();
    let mut folders = vec![PathBuf::from("/etc/exabgp"), beside.clone()];
    folders.extend(std::env::split_paths(&path));
    if name.contains('/') {
        folders.push(beside);
    }
    if name.starts_with("etc/exabgp/") {
        folders.extend(std::env::current_dir());
    }
    // Joining an absolute path gives that path.
    folders.into_iter().map(|folder| folder.join(name)).rfind(|path| path.is_file())
}

pub(super) fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    Ok(rustix::fs::fcntl_setfl(fd, flags | OFlags::NONBLOCK)?)
}
