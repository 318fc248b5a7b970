//! Real programs as guests of the lab: real processes whose time, sleeping, polling and standard streams are the lab's.
//!
//! ```text
//! lib.rs       where programs are, and how one is started
//! start.rs     fork, a seccomp filter, exec, all under ptrace(2)
//! filter.rs    what a guest does without asking; every other system call stops it
//! call.rs      what a stopped call asks for; poll.rs: of poll(2) and select(2)
//! process.rs   how far one process is; group.rs: a program and its children, one of which runs at a time
//! ```
//!
//! A call that neither waits nor knows of time is the kernel's own. The few others are answered by the lab: registers and
//! memory are written, and the call is skipped. The vDSO is taken out of what the program is handed, so that asking for the
//! time is a system call. Whatever else a program does ends the run and is named; nothing falls back to real time.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod call;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod ends;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod filter;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod group;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod names;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod poll;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod process;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod random;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod start;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracee;

use std::path::PathBuf;

use holdtime_host::ProgramSpec;
use holdtime_machine::guest::{Guest, GuestFault, Guests};

/// The real programs of a folder.
#[derive(Clone, Debug)]
pub struct RealPrograms {
    folder: PathBuf,
}

impl RealPrograms {
    /// Programs whose paths are absolute, or relative to this folder, in which they are started.
    pub fn of(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl Guests for RealPrograms {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn start(&self, spec: &ProgramSpec) -> Result<Box<dyn Guest>, GuestFault> {
        let command = spec.command.first().cloned().unwrap_or_default();
        match start::start(&self.folder, spec) {
            Ok((tracee, ends)) => Ok(Box::new(group::GuestProcesses::new(command, tracee, ends))),
            Err(error) => {
                Err(GuestFault::Unheld(format!("the program {command} could not be started: {error}")))
            }
        }
    }

    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    fn start(&self, spec: &ProgramSpec) -> Result<Box<dyn Guest>, GuestFault> {
        let command = spec.command.first().cloned().unwrap_or_default();
        Err(GuestFault::Unheld(format!(
            "the program {command} cannot run in the lab: real programs need Linux on x86-64"
        )))
    }
}
