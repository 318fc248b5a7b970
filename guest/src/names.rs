//! What system calls are called, for who reads that a guest has made one that the lab cannot hold.

/// Those that such a program is likely to make, beside all that [`crate::call`] answers.
const NAMES: &[(libc::c_long, &str)] = &[
    (libc::SYS_accept, "accept"),
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_bind, "bind"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_epoll_create, "epoll_create"),
    (libc::SYS_epoll_create1, "epoll_create1"),
    (libc::SYS_eventfd2, "eventfd2"),
    (libc::SYS_fcntl, "fcntl (waiting for a lock)"),
    (libc::SYS_flock, "flock"),
    (libc::SYS_futex, "futex (waiting)"),
    (libc::SYS_getitimer, "getitimer"),
    (libc::SYS_inotify_init, "inotify_init"),
    (libc::SYS_inotify_init1, "inotify_init1"),
    (libc::SYS_io_setup, "io_setup"),
    (libc::SYS_io_uring_setup, "io_uring_setup"),
    (libc::SYS_ioctl, "ioctl (FIONREAD)"),
    (libc::SYS_mount, "mount"),
    (libc::SYS_msgrcv, "msgrcv"),
    (libc::SYS_mq_open, "mq_open"),
    (libc::SYS_personality, "personality"),
    (libc::SYS_prctl, "prctl"),
    (libc::SYS_ptrace, "ptrace"),
    (libc::SYS_rt_sigtimedwait, "rt_sigtimedwait"),
    (libc::SYS_seccomp, "seccomp"),
    (libc::SYS_semop, "semop"),
    (libc::SYS_setitimer, "setitimer"),
    (libc::SYS_setsid, "setsid"),
    (libc::SYS_shmat, "shmat"),
    (libc::SYS_signalfd4, "signalfd4"),
    (libc::SYS_socket, "socket"),
    (libc::SYS_socketpair, "socketpair"),
    (libc::SYS_timer_create, "timer_create"),
    (libc::SYS_timerfd_create, "timerfd_create"),
    (libc::SYS_times, "times"),
    (libc::SYS_unshare, "unshare"),
];

/// A call's name, or its number.
pub(crate) fn of(number: libc::c_long) -> String {
    let known = NAMES.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("number {number}"), |(_, name)| (*name).to_owned())
}
