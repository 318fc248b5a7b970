//! What a reactor may ask of its machine.
//!
//! [`Host`] is POSIX with everything that can block taken out: calls that begin something and return at once,
//! and one [`wait`](Host::wait) for whatever is ready. [`AsyncHost`] adds what tasks need: readiness per
//! stream, spawn and sleep. Each trait has two implementations: real sockets, pipes and child programs (mio;
//! tokio), and the lab's simulated machine. A reactor cannot tell which it runs on.
//!
//! # Rules that hold for every method
//!
//! - **Nothing blocks** but [`Host::wait`] and the futures of [`AsyncHost`]. A call that would block returns
//!   [`IoError::WouldBlock`].
//! - **One thread.** Nothing here is `Send`; methods take `&self`, so that tasks can share a host.
//! - **Names are the core's.** A stream is known by its [`StreamId`] from the call that opens it
//!   ([`connect`](Host::connect), [`accept`](Host::accept), [`start_program`](Host::start_program),
//!   [`open_pipes`](Host::open_pipes)) until [`close`](Host::close). On a stream or a listener that is not
//!   known, calls return [`IoError::NotConnected`], those without a result do nothing, and nothing is ever
//!   reported.
//! - **`EINTR` is never seen**: a host retries.
//! - **`SIGPIPE` is never seen**: writing where nobody reads is [`IoError::BrokenPipe`].

use alloc::vec::Vec;
use core::future::Future;
use core::net::{IpAddr, SocketAddr};

use crate::time::{Instant, Now};
use crate::{
    CloseKind, ConfigText, Ends, ExitStatus, IoError, KeyChange, ListenOptions, ListenerId, PipePaths,
    ProgramSignal, ProgramSpec, Signal, StreamId, TcpOptions,
};

/// One thing that [`Host::wait`] found ready.
///
/// All but the last two are level-triggered, as with `poll(2)`: reported by every `wait` for as long as it
/// holds. They are hints: the call that follows may still return [`IoError::WouldBlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ready {
    /// [`read`](Host::read) will not block: there are bytes, the end, or an error to collect. Only while
    /// reading is wanted.
    Readable(StreamId),
    /// [`write`](Host::write) will not block: there is room, or an error to collect. Only while writing is
    /// wanted.
    Writable(StreamId),
    /// An attempt to connect was decided: [`finish_connect`](Host::finish_connect) tells how. Needs no
    /// interest.
    Connected(StreamId),
    /// A connection waits in the backlog, or an error to collect. Only while accepting is wanted.
    Acceptable(ListenerId),
    /// A program ended and was reaped. Reported once, even where its pipes are closed already. Its pipes may
    /// still hold bytes, and another process may hold them open.
    Exited(StreamId, ExitStatus),
    /// The process was signalled. Reported once; like the kernel's own, equal signals that come before they
    /// are collected are one.
    Signalled(Signal),
}

/// A machine: its clock, its network, its programs and its files.
pub trait Host {
    /// The time. `monotonic` never goes back between two calls; `wall` may jump.
    fn now(&self) -> Now;

    /// Opens a listening socket: `socket`, `SO_REUSEADDR` (and `IPV6_V6ONLY` for IPv6), the options, `bind`,
    /// `listen`. Returns the address that was really bound. Accepting is wanted from the start.
    ///
    /// # Errors
    /// `AddressInUse`, `AddressNotAvailable`, `PermissionDenied` (a port below 1024), `TooManyFiles`,
    /// `Unsupported` (an option). The listener is then not known.
    fn listen(
        &self,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError>;

    /// Closes a listening socket. Connections still in its backlog are reset; those that were accepted live
    /// on.
    fn unlisten(&self, listener: ListenerId);

    /// Whether [`Ready::Acceptable`] is wanted: `false` leaves connections in the backlog.
    fn set_accepting(&self, listener: ListenerId, wanted: bool);

    /// Takes one connection from the backlog and calls it `stream`. Neither reading nor writing is wanted at
    /// first.
    ///
    /// # Errors
    /// `WouldBlock`: the backlog is empty. `ConnectionAborted`: one was there and is gone; try again.
    /// `TooManyFiles`: one is there and stays there; the listener stays acceptable, so do not come back at
    /// once. Any other: as a rule what became of the one that was taken, as accept(2) of Linux has it; try again.
    fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError>;

    /// Begins to connect: `socket`, the options, `bind` to `local` (port 0) where given, `connect`. The
    /// outcome is reported as [`Ready::Connected`], never before this returns.
    ///
    /// # Errors
    /// What is known at once: `AddressNotAvailable`, `Unreachable`, `PermissionDenied`, `TooManyFiles`,
    /// `Unsupported`, and possibly any error of [`finish_connect`](Host::finish_connect). The stream is then
    /// not known.
    fn connect(
        &self,
        stream: StreamId,
        local: Option<IpAddr>,
        remote: SocketAddr,
        options: &TcpOptions,
    ) -> Result<(), IoError>;

    /// Collects the outcome of a [`connect`](Host::connect): `SO_ERROR`. Neither reading nor writing is
    /// wanted at first.
    ///
    /// # Errors
    /// `WouldBlock`: not decided yet. Any other (`ConnectionRefused`, `TimedOut`, `Unreachable`, …): the
    /// attempt failed and the stream is no longer known.
    fn finish_connect(&self, stream: StreamId) -> Result<Ends, IoError>;

    /// Says what is wanted of a stream; replaces what was said before. While reading is not wanted nothing is
    /// taken out of the kernel, which is how a sender is slowed down.
    fn set_interest(&self, stream: StreamId, read: bool, write: bool);

    /// Reads at most `into.len()` octets, which must not be 0. `Ok(0)` is the end: FIN, or every process has
    /// closed a program's standard output. What arrived before an end or an error is read before it is told.
    ///
    /// # Errors
    /// `WouldBlock`: nothing now. `ConnectionReset`, `TimedOut`, …: the connection is gone.
    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError>;

    /// Writes what fits now and returns how much that was: at least 1, at most `bytes.len()`, which must not
    /// be 0. A short write is not an error. `Ok` means that the kernel has the bytes, not that the peer does.
    ///
    /// # Errors
    /// `WouldBlock`: no room. `BrokenPipe`: nobody reads any more (a program closed its standard input; a
    /// peer reset). `ConnectionReset`, `TimedOut`, …: the connection is gone.
    fn write(&self, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError>;

    /// Ends our direction only, after what was written: `shutdown(SHUT_WR)`, or closes a program's standard
    /// input. Reading goes on.
    fn shutdown(&self, stream: StreamId);

    /// Ends a stream and forgets its name; also one that is still connecting.
    ///
    /// - `Graceful`: what was written is still delivered, then FIN. What has not been read is discarded, and
    ///   must not turn the FIN into an RST that would destroy what was written.
    /// - `Reset`: RST at once (`SO_LINGER` 0); what was written and not yet delivered is lost. For pipes the
    ///   same as `Graceful`.
    ///
    /// Closing a program's pipes neither ends the program nor forgets it: its end is still
    /// [reported](Ready::Exited) and it can still be [signalled](Host::signal_program).
    fn close(&self, stream: StreamId, how: CloseKind);

    /// Starts a program with new pipes as its standard input and output (standard error is the host's own),
    /// in its own process group and with default signal handling; returns its process id. Neither reading nor
    /// writing is wanted at first. A relative path is resolved against the configuration's folder. Its end is
    /// reported as [`Ready::Exited`].
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied`, `TooManyFiles`, …: it never ran, and the stream is not known.
    fn start_program(&self, stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError>;

    /// Sets the TTL with which an open connection sends, and the least TTL that it accepts (RFC 5082). `None` leaves it
    /// as it is. A host without such options does nothing.
    fn set_ttl(&self, stream: StreamId, ttl: Option<u8>, min_ttl: Option<u8>) {
        let _ = (stream, ttl, min_ttl);
    }

    /// Changes the TCP-AO keys of an open connection, in the order that [`KeyChange`] has.
    ///
    /// # Errors
    /// `TcpAo`: not all of it was possible. The stream is still known; it is to be closed.
    fn set_keys(&self, stream: StreamId, change: &KeyChange) -> Result<(), IoError> {
        let _ = (stream, change);
        Err(IoError::TcpAo)
    }

    /// Signals a program and the rest of its process group. Does nothing once its end was reported.
    fn signal_program(&self, stream: StreamId, signal: ProgramSignal);

    /// Opens two named pipes as one stream, making those that do not exist. Clients come and go without an
    /// end being read. Neither reading nor writing is wanted at first.
    ///
    /// # Errors
    /// `NotFound` (the folder), `PermissionDenied`, `Unsupported` (the name is something else than a pipe),
    /// `TooManyFiles`. The stream is then not known.
    fn open_pipes(&self, stream: StreamId, paths: &PipePaths) -> Result<(), IoError>;

    /// Reads a configuration file, whole. A file is small and local: this alone may take the disk's time.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied`, …; `Unsupported` where it is not UTF-8.
    fn read_config(&self, name: &str) -> Result<ConfigText, IoError>;

    /// Is told once that everything the speaker begins with has begun: sockets listen, programs run.
    fn started(&self) {}

    /// Waits until what was [closed](Host::close) gracefully has reached the peers, for a second at most. Told once,
    /// when the speaker has finished.
    fn farewell(&self) -> impl Future<Output = ()> {
        core::future::ready(())
    }

    /// The process has worked on so many routes since it last said so. A real machine knows how long that took; the lab
    /// lets it take time here, so that a reactor which does too much before it looks around again is late in virtual time
    /// too.
    fn computed(&self, routes: u64) {
        let _ = routes;
    }

    /// Waits until something is ready or `deadline` has come (`None`: however long it takes), and replaces
    /// the contents of `ready` with everything that is ready now, each thing once. Empty: the deadline has
    /// come. What is ready already is reported at once; a deadline that has passed makes it look without
    /// waiting.
    ///
    /// Resolves with the time of that turn: all that came before it is in `ready` wherever it is not before the deadline. A process
    /// may stand still (SIGSTOP, a suspended machine) between any two instructions, so a clock that is read later may be past
    /// a deadline whose input nobody has looked for.
    ///
    /// Dropping the future loses nothing: what is reported once is collected only when it resolves.
    fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> impl Future<Output = Now>;
}

/// A host on which tasks wait, each for its own thing. A clone is another handle to the same machine.
///
/// Every future here can be dropped at any time without losing anything. At most one task at a time waits for
/// the same thing. A reactor uses either these or [`Host::wait`], never both on one host.
pub trait AsyncHost: Host + Clone + 'static {
    /// Resolves when the task that [`spawn`](AsyncHost::spawn) started has ended. Dropping it detaches the
    /// task.
    type Task: Future<Output = ()> + 'static;

    /// Runs a task on this thread, first polled after the caller yields.
    fn spawn(&self, task: impl Future<Output = ()> + 'static) -> Self::Task;

    /// Resolves while reading is wanted and [`read`](Host::read) will not block, as [`Ready::Readable`] is
    /// reported.
    ///
    /// # Errors
    /// `NotConnected`, at once or as soon as the stream is closed: there is nothing left to wait for.
    fn readable(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>>;

    /// Resolves while writing is wanted and [`write`](Host::write) will not block, as [`Ready::Writable`] is
    /// reported.
    ///
    /// # Errors
    /// As [`readable`](AsyncHost::readable).
    fn writable(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>>;

    /// Resolves when an attempt to connect was decided, as [`Ready::Connected`] is reported.
    ///
    /// # Errors
    /// As [`readable`](AsyncHost::readable).
    fn connected(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>>;

    /// Resolves while accepting is wanted and a connection waits, as [`Ready::Acceptable`] is reported.
    ///
    /// # Errors
    /// `NotConnected`, at once or as soon as the listener is closed.
    fn acceptable(&self, listener: ListenerId) -> impl Future<Output = Result<(), IoError>>;

    /// Resolves, once, when the program behind `stream` has ended, even where its pipes are closed already.
    fn exited(&self, stream: StreamId) -> impl Future<Output = ExitStatus>;

    /// Resolves with the next signal to the process.
    fn signalled(&self) -> impl Future<Output = Signal>;

    /// Resolves at `deadline` or soon after, at once where it has passed. A task whose readiness came no
    /// later is woken first, so that a timer is judged after the input that would have stopped it.
    fn sleep_until(&self, deadline: Instant) -> impl Future<Output = ()>;
}
