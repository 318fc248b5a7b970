//! Starts a program under ptrace(2), with pipes of ours as its standard streams.

use std::io::{self, PipeReader, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use holdtime_host::ProgramSpec;

use crate::ends::StandardStreams;
use crate::filter;
use crate::tracee::{Tracee, TraceeStop};

/// What every guest has in its environment, whatever the lab's own is: a run depends on its scenario and its seed alone.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/"),
    ("LANG", "C.UTF-8"),
    ("TZ", "UTC"),
    ("PYTHONHASHSEED", "0"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("PERL_HASH_SEED", "0"),
];

/// Starts it in this folder; it stands before its first instruction.
pub(crate) fn start(folder: &Path, spec: &ProgramSpec) -> io::Result<(Tracee, StandardStreams)> {
    let path = spec.command.first().ok_or(io::ErrorKind::NotFound)?;
    let (input, output, log): (Pair, Pair, Pair) = (io::pipe()?, io::pipe()?, io::pipe()?);
    let ends = StandardStreams::new(input.1, output.0, log.0)?;
    let mut command = Command::new(folder.join(path));
    command.args(spec.command.iter().skip(1)).current_dir(folder).env_clear();
    command.envs(ENVIRONMENT.iter().copied());
    command.envs(spec.environment.iter().map(|(name, value)| (name, value)));
    command.stdin(input.0).stdout(output.1).stderr(log.1);
    let mut program = filter::program();
    // SAFETY: between fork and exec only system calls are made, none of which allocates; `program` was made before.
    unsafe { command.pre_exec(move || become_guest(&mut program)) };
    let child = command.spawn()?;
    let tracee = Tracee { pid: child.id() as libc::pid_t };
    match tracee.wait()? {
        TraceeStop::Signal(libc::SIGTRAP) => {}
        other => return Err(io::Error::other(format!("{other:?} instead of its first stop"))),
    }
    tracee.set_options()?;
    tracee.hide_vdso()?;
    tracee.allow_processor_time()?;
    Ok((tracee, ends))
}

type Pair = (PipeReader, PipeWriter);

/// In the new process, before it becomes the program.
fn become_guest(program: &mut [libc::sock_filter]) -> io::Result<()> {
    const NOTHING: libc::c_ulong = 0;
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: each is a plain system call; the last one reads `filter` and what it points to, which outlive it.
    let failed = unsafe {
        // A session of its own: Ctrl-C is for the lab alone, which ends its guests.
        libc::setsid() == -1
            || libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong) != 0
            || libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) == -1
            || libc::ptrace(libc::PTRACE_TRACEME, 0, NOTHING, NOTHING) != 0
            || libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as libc::c_ulong, NOTHING, NOTHING, NOTHING) != 0
            || libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER as libc::c_ulong,
                std::ptr::from_ref(&filter),
            ) != 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}
