//! Which system calls a guest makes without asking: those that neither wait nor know of time. All others stop it.

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// What `seccomp` calls x86-64 (`AUDIT_ARCH_X86_64`).
const ARCH: u32 = 0xc000_003e;
/// Where `seccomp_data` has the call's number, the architecture, and the low half of its second argument.
const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;
const SECOND_AT: u32 = 24;

/// What needs no look, those that are made most first.
const FREE: &[libc::c_long] = &[
    libc::SYS_newfstatat,
    libc::SYS_rt_sigaction,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_mmap,
    libc::SYS_getdents64,
    libc::SYS_brk,
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_fstat,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_statx,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigpending,
    libc::SYS_sigaltstack,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_readlink,
    libc::SYS_readlinkat,
    libc::SYS_access,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_dup,
    libc::SYS_dup2,
    libc::SYS_dup3,
    libc::SYS_pipe,
    libc::SYS_pipe2,
    libc::SYS_close_range,
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_execve,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_arch_prctl,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_prlimit64,
    libc::SYS_getrlimit,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getgroups,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getpgrp,
    libc::SYS_getpgid,
    libc::SYS_setpgid,
    libc::SYS_getsid,
    libc::SYS_umask,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpriority,
    libc::SYS_getrusage,
    libc::SYS_clock_getres,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_fadvise64,
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_mkdir,
    libc::SYS_mkdirat,
    libc::SYS_rmdir,
    libc::SYS_chmod,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_utimensat,
    libc::SYS_memfd_create,
];

/// Calls that are free but for what their second argument asks.
const FREE_BUT: &[(libc::c_long, &[u32])] = &[
    // How much there is to read, and waiting for a lock.
    (libc::SYS_ioctl, &[0x541b]),
    (libc::SYS_fcntl, &[libc::F_SETLKW as u32, libc::F_OFD_SETLKW as u32]),
];

/// What `futex` may do: wake, which never waits (FUTEX_WAKE, FUTEX_WAKE_BITSET, each private or not).
const WAKES: &[u32] = &[1, 1 | 128, 10, 10 | 128];

/// The program that the kernel asks at every call.
pub(crate) fn program() -> Vec<sock_filter> {
    let free = libc::SECCOMP_RET_ALLOW;
    let stop = libc::SECCOMP_RET_TRACE;
    // Calls of any other architecture end it.
    let is_ours = sock_filter { jt: 1, jf: 0, ..unless(ARCH, 0) };
    let mut all = vec![load(ARCH_AT), is_ours, done(libc::SECCOMP_RET_KILL_PROCESS), load(NUMBER_AT)];
    for call in FREE {
        all.extend([unless(*call as u32, 1), done(free)]);
    }
    for (call, asked) in FREE_BUT {
        all.extend([unless(*call as u32, 2 * asked.len() as u8 + 2), load(SECOND_AT)]);
        for value in *asked {
            all.extend([unless(*value, 1), done(stop)]);
        }
        all.push(done(free));
    }
    all.extend([unless(libc::SYS_futex as u32, 2 * WAKES.len() as u8 + 1), load(SECOND_AT)]);
    for value in WAKES {
        all.extend([unless(*value, 1), done(free)]);
    }
    all.push(done(stop));
    all
}

fn load(at: u32) -> sock_filter {
    sock_filter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jt: 0, jf: 0, k: at }
}

/// Skips so many instructions unless this was loaded.
fn unless(value: u32, skip: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | BPF_JEQ | BPF_K) as u16, jt: 0, jf: skip, k: value }
}

fn done(what: u32) -> sock_filter {
    sock_filter { code: (BPF_RET | BPF_K) as u16, jt: 0, jf: 0, k: what }
}
