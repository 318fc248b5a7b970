//! Starts a program under ptrace(2), with pipes of ours as its standard streams.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io::{self, PipeReader, PipeWriter};
use std::os::unix::ffi::OsStrExt;
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
    let mut image = Image::of(&folder.join(path), spec)?;
    // What the command is says the image.
    let mut command = Command::new(folder.join(path));
    command.current_dir(folder).stdin(input.0).stdout(output.1).stderr(log.1);
    // SAFETY: between fork and exec only system calls are made, none of which allocates; `image` was made before.
    unsafe { command.pre_exec(move || Err(image.become_guest())) };
    let child = command.spawn()?;
    let tracee = Tracee { pid: child.id() as libc::pid_t };
    match tracee.wait()? {
        TraceeStop::Signal(libc::SIGTRAP) => {}
        TraceeStop::Exited(errno) => return Err(io::Error::from_raw_os_error(errno)),
        other => return Err(io::Error::other(format!("{other:?} instead of its first stop"))),
    }
    tracee.set_options()?;
    tracee.hide_vdso()?;
    tracee.allow_processor_time()?;
    Ok((tracee, ends))
}

type Pair = (PipeReader, PipeWriter);

/// What a new process needs to become the program, all made before there is one.
struct Image {
    /// The path, the arguments and the environment, each ended by an octet of 0.
    texts: [Vec<CString>; 3],
    /// The addresses of the arguments and of the environment, each list ended by 0.
    lists: [Vec<Address>; 2],
    filter: Vec<libc::sock_filter>,
}

/// The address of a text of the image.
struct Address(#[allow(dead_code, reason = "the kernel reads it")] *const libc::c_char);

// SAFETY: it is the address of a text that moves with its image and is never written to.
unsafe impl Send for Address {}
// SAFETY: as above.
unsafe impl Sync for Address {}

impl Image {
    fn of(path: &Path, spec: &ProgramSpec) -> io::Result<Self> {
        let text = |text: Vec<u8>| CString::new(text).map_err(io::Error::from);
        let path = text(path.as_os_str().as_bytes().to_vec())?;
        let rest = spec.command.iter().skip(1).map(|word| text(word.clone().into_bytes()));
        let arguments = std::iter::once(Ok(path.clone())).chain(rest).collect::<io::Result<Vec<_>>>()?;
        let own = ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let all: BTreeMap<String, String> = own.chain(spec.environment.iter().cloned()).collect();
        let environment = all.into_iter().map(|(name, value)| text(format!("{name}={value}").into_bytes()));
        let environment = environment.collect::<io::Result<Vec<_>>>()?;
        let list = |texts: &[CString]| {
            let addresses = texts.iter().map(|text| Address(text.as_ptr()));
            addresses.chain([Address(std::ptr::null())]).collect()
        };
        let lists = [list(&arguments), list(&environment)];
        Ok(Self { texts: [vec![path], arguments, environment], lists, filter: filter::program() })
    }

    /// In the new process: becomes the program, or returns why it is not even to try. One whose program cannot be executed ends with that
    /// error's number: under the filter it could not say it otherwise.
    fn become_guest(&mut self) -> io::Error {
        const NOTHING: libc::c_ulong = 0;
        let filter = libc::sock_fprog { len: self.filter.len() as u16, filter: self.filter.as_mut_ptr() };
        let [arguments, environment] = &self.lists;
        let Some(path) = self.texts[0].first() else { return io::ErrorKind::NotFound.into() };
        // SAFETY: each is a plain system call; those that read memory read `filter`, what it points to, and the image, which outlive them.
        unsafe {
            // A session of its own: Ctrl-C is for the lab alone, which ends its guests.
            let failed = libc::setsid() == -1
                || libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong) != 0
                || libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) == -1
                || libc::ptrace(libc::PTRACE_TRACEME, 0, NOTHING, NOTHING) != 0
                || libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as libc::c_ulong, NOTHING, NOTHING, NOTHING) != 0
                || libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::SECCOMP_MODE_FILTER as libc::c_ulong,
                    std::ptr::from_ref(&filter),
                ) != 0;
            if failed {
                return io::Error::last_os_error();
            }
            libc::execvpe(path.as_ptr(), arguments.as_ptr().cast(), environment.as_ptr().cast());
            libc::_exit(*libc::__errno_location())
        }
    }
}
