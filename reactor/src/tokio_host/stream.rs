//! Streams and listeners as Tokio has them, and who waits until they are ready.

use std::io;
use std::task::{Context, Poll, Waker, ready};

use holdtime_host::IoError;
use tokio::io::Interest;
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, TcpStream};

use crate::unix::{self, Pipes};

#[derive(Debug)]
pub(super) struct TokioStream {
    pub(super) io: Io,
    pub(super) connecting: bool,
    pub(super) read: ReadinessWatch,
    pub(super) write: ReadinessWatch,
}

/// What lies behind a stream, registered with the runtime. Dropping it closes it.
#[derive(Debug)]
pub(super) enum Io {
    Socket(TcpStream),
    Pipes {
        read: pipe::Receiver,
        /// `None` after `shutdown`.
        write: Option<pipe::Sender>,
    },
}

#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) watch: ReadinessWatch,
    /// What waiting for a connection brought, until it is accepted.
    pub(super) taken: Option<io::Result<TcpStream>>,
}

/// Whether something is wanted, and who waits for it to be wanted.
#[derive(Debug, Default)]
pub(super) struct ReadinessWatch {
    pub(super) wanted: bool,
    pub(super) waiting: Option<Waker>,
}

impl ReadinessWatch {
    pub(super) fn want(&mut self, wanted: bool) {
        if !std::mem::replace(&mut self.wanted, wanted) && wanted {
            self.wake();
        }
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Ready while wanted and possible. An error on the way is found again by the call that follows.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        possible: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<()> {
        if self.wanted && possible(cx).is_ready() {
            return Poll::Ready(());
        }
        self.waiting = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Io {
    pub(super) fn socket(stream: std::net::TcpStream) -> io::Result<Self> {
        Ok(Self::Socket(TcpStream::from_std(stream)?))
    }

    pub(super) fn pipes(pipes: Pipes) -> io::Result<Self> {
        let read = pipe::Receiver::from_owned_fd(pipes.read)?;
        let write = Some(pipe::Sender::from_owned_fd(pipes.write)?);
        Ok(Self::Pipes { read, write })
    }

    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Socket(socket) => socket.poll_read_ready(cx),
            Self::Pipes { read, .. } => read.poll_read_ready(cx),
        }
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Socket(socket) => socket.poll_write_ready(cx),
            Self::Pipes { write: Some(write), .. } => write.poll_write_ready(cx),
            Self::Pipes { write: None, .. } => Poll::Ready(Ok(())),
        }
    }

    /// Reads, also before the runtime has heard that this is possible; makes it forget where it is not.
    pub(super) fn read(&self, into: &mut [u8]) -> Result<usize, IoError> {
        let blocked = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        match self {
            Self::Socket(socket) => {
                unix::read(socket, into, || drop(socket.try_io(Interest::READABLE, blocked)))
            }
            Self::Pipes { read, .. } => unix::read(read, into, || drop(read.try_io(blocked))),
        }
    }

    /// Writes, as [`Io::read`] reads.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<usize, IoError> {
        let blocked = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        match self {
            Self::Socket(socket) => {
                unix::write(socket, bytes, || drop(socket.try_io(Interest::WRITABLE, blocked)))
            }
            Self::Pipes { write: Some(write), .. } => {
                unix::write(write, bytes, || drop(write.try_io(blocked)))
            }
            Self::Pipes { write: None, .. } => Err(IoError::BrokenPipe),
        }
    }
}

impl TokioStream {
    pub(super) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.read.poll(cx, |cx| self.io.poll_read_ready(cx))
    }

    pub(super) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.write.poll(cx, |cx| self.io.poll_write_ready(cx))
    }
}

impl Listener {
    pub(super) fn poll_acceptable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { socket, watch, taken } = self;
        watch.poll(cx, |cx| poll_taken(socket, taken, cx))
    }

    /// The same, whether or not that is wanted.
    pub(super) fn poll_taken(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        poll_taken(&self.socket, &mut self.taken, cx)
    }
}

/// Ready once something was taken from a backlog, be it an error.
fn poll_taken(
    socket: &TcpListener,
    taken: &mut Option<io::Result<TcpStream>>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if taken.is_none() {
        *taken = Some(ready!(socket.poll_accept(cx)).map(|(stream, _)| stream));
    }
    Poll::Ready(())
}
