//! A process that plays one part of a comparison, with all that it starts.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

/// One part, in a process group of its own: Ctrl-C is for this process alone, and ends the whole group of a part that is dropped.
pub(super) struct Part {
    child: Child,
}

impl Part {
    /// Starts it, with nothing to read; what it prints is kept, as long as a pipe holds it.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).spawn()?;
        Ok(Self { child })
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// What it has printed, once it has ended; and whether it ended well.
    pub(super) fn printed(mut self) -> io::Result<(String, bool)> {
        let mut text = String::new();
        if let Some(mut out) = self.child.stdout.take() {
            out.read_to_string(&mut text)?;
        }
        Ok((text, self.child.wait()?.success()))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Of one that was waited for the number may be another's by now.
        if matches!(self.child.try_wait(), Ok(None)) {
            // A group that has ended is not there to mind.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}
