//! Running the check and the hooks, and every other wait: each ends when a signal ends the program.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use super::service::ServiceState;

/// The most of a check's output that is kept for the log.
const OUTPUT_KEPT: usize = 4096;

/// A signal told the program to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interrupted;

/// What wakes a wait: SIGTERM, SIGHUP and Ctrl-C, which end the program, and the end of a child.
#[derive(Debug)]
pub(super) struct SignalAlarm {
    bell: UnixStream,
    interrupted: Arc<AtomicBool>,
}

impl SignalAlarm {
    pub(super) fn install() -> io::Result<Self> {
        let (bell, ring) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP, SIGINT] {
            // Before the bell: handlers run in the order in which they were installed.
            flag::register(signal, Arc::clone(&interrupted))?;
        }
        for signal in [SIGTERM, SIGHUP, SIGINT, SIGCHLD] {
            low_level::pipe::register(signal, ring.try_clone()?)?;
        }
        Ok(Self { bell, interrupted })
    }

    /// Forgets the signal that came.
    pub(super) fn reset(&self) {
        self.interrupted.store(false, Ordering::SeqCst);
    }

    /// Waits until `fd` is readable or a child may have ended: true; or until `until`: false.
    pub(super) fn wait(
        &self,
        fd: Option<BorrowedFd<'_>>,
        until: Option<Instant>,
    ) -> Result<bool, Interrupted> {
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let timeout = left.map(|left| Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            let mut fds = vec![PollFd::new(&self.bell, PollFlags::IN)];
            fds.extend(fd.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
            // An error is EINTR: the flag or the bell says by what.
            let ready = poll(&mut fds, timeout.as_ref());
            if self.interrupted.load(Ordering::SeqCst) {
                return Err(Interrupted);
            }
            let rung = fds.first().is_some_and(|bell| !bell.revents().is_empty());
            if rung {
                while matches!(rustix::io::read(&self.bell, &mut [0; 64]), Ok(1..)) {}
            }
            let readable = fds.get(1).is_some_and(|fd| !fd.revents().is_empty());
            if readable || (rung && fd.is_none()) {
                return Ok(true);
            }
            if ready == Ok(0) && left.is_some() {
                return Ok(false);
            }
        }
    }

    pub(super) fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        let until = Instant::now() + duration;
        // A child that ends meanwhile is not what is waited for.
        while self.wait(None, Some(until))? {}
        Ok(())
    }

    /// Waits for a child's end; `None`: it did not come in time.
    fn reap(&self, child: &mut Child, until: Option<Instant>) -> Result<Option<ExitStatus>, Interrupted> {
        loop {
            // Somebody else having reaped it is an end too, and not a good one.
            if let Some(status) = child.try_wait().unwrap_or_default() {
                return Ok(Some(status));
            }
            if !self.wait(None, until)? {
                return Ok(None);
            }
        }
    }
}

/// Runs the check command; whether it succeeded. After `timeout` seconds (0: never) it is killed with all that it
/// started, and has failed.
pub(super) fn check(command: &str, timeout: u32, alarm: &SignalAlarm) -> Result<bool, Interrupted> {
    tracing::debug!("checking: {command}");
    let Running { mut child, output } = match start(command) {
        Ok(running) => running,
        Err(error) => {
            tracing::error!("cannot run the check: {error}");
            return Ok(false);
        }
    };
    let until = (timeout > 0).then(|| Instant::now() + Duration::from_secs(timeout.into()));
    let ended = read_to_end(&output, until, alarm).and_then(|said| {
        let Some(said) = said else { return Ok(None) };
        Ok(alarm.reap(&mut child, until)?.map(|status| (status, said)))
    });
    match ended {
        Ok(Some((status, said))) => {
            let said = String::from_utf8_lossy(&said);
            if status.success() {
                tracing::debug!("the check succeeded");
            } else {
                tracing::warn!("the check failed: {status}");
                if !said.trim().is_empty() {
                    tracing::info!("the check said: {}", said.trim_end());
                }
            }
            Ok(status.success())
        }
        Ok(None) => {
            tracing::warn!("the check took more than {timeout} s: {command}");
            kill(&mut child);
            Ok(false)
        }
        Err(interrupted) => {
            kill(&mut child);
            Err(interrupted)
        }
    }
}

/// Runs a command for a state that was entered, to its end.
pub(super) fn run_hook(command: &str, entered: ServiceState, alarm: &SignalAlarm) -> Result<(), Interrupted> {
    let started =
        shell(command).env("STATE", entered.to_string()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match started {
        Ok(mut child) => alarm.reap(&mut child, None).map(drop),
        Err(error) => {
            tracing::error!("cannot run `{command}`: {error}");
            Ok(())
        }
    }
}

/// A check that was started, and where its output and errors come out.
struct Running {
    child: Child,
    output: io::PipeReader,
}

fn start(command: &str) -> io::Result<Running> {
    let (output, input) = io::pipe()?;
    let child = shell(command).stdout(input.try_clone()?).stderr(input).process_group(0).spawn()?;
    Ok(Running { child, output })
}

/// A shell command that does not read what is meant for this program.
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).stdin(Stdio::null());
    shell
}

/// Reads a check's output to its end and returns the beginning of it; `None`: the end did not come in time.
fn read_to_end(
    output: &io::PipeReader,
    until: Option<Instant>,
    alarm: &SignalAlarm,
) -> Result<Option<Vec<u8>>, Interrupted> {
    let (mut kept, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        if !alarm.wait(Some(output.as_fd()), until)? {
            return Ok(None);
        }
        match rustix::io::read(output, &mut bytes) {
            Ok(0) | Err(_) => return Ok(Some(kept)),
            Ok(count) => {
                kept.extend_from_slice(&bytes[..count]);
                kept.truncate(OUTPUT_KEPT);
            }
        }
    }
}

/// Kills a check and all that it started.
fn kill(child: &mut Child) {
    if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
        // Not reaped yet, so the id is still its own; gone already is as good as killed.
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.wait();
}
