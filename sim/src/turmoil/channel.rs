//! Octets on their way between a process and what lies behind a stream, and who waits for a change.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use holdtime_core::speaker::IoError;

/// As much as a pipe of Linux holds.
const CAPACITY: usize = 64 << 10;

/// One direction of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Channel(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    octets: VecDeque<u8>,
    writer_gone: bool,
    reader_gone: bool,
    error: Option<IoError>,
}

impl Channel {
    pub(super) fn write(&self, bytes: &[u8]) -> Result<usize, IoError> {
        let mut state = self.0.borrow_mut();
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        if state.reader_gone || state.writer_gone {
            return Err(IoError::BrokenPipe);
        }
        let count = bytes.len().min(CAPACITY - state.octets.len().min(CAPACITY));
        state.octets.extend(bytes.iter().take(count));
        if count == 0 { Err(IoError::WouldBlock) } else { Ok(count) }
    }

    pub(super) fn read(&self, into: &mut [u8]) -> Result<usize, IoError> {
        let mut state = self.0.borrow_mut();
        let count = into.len().min(state.octets.len());
        if count > 0 {
            into.iter_mut().zip(state.octets.drain(..count)).for_each(|(slot, octet)| *slot = octet);
            return Ok(count);
        }
        match state.error.take() {
            Some(error) => Err(error),
            None if state.writer_gone => Ok(0),
            None => Err(IoError::WouldBlock),
        }
    }

    pub(super) fn is_readable(&self) -> bool {
        let state = self.0.borrow();
        !state.octets.is_empty() || state.writer_gone || state.error.is_some()
    }

    pub(super) fn is_writable(&self) -> bool {
        let state = self.0.borrow();
        state.octets.len() < CAPACITY || state.reader_gone || state.writer_gone || state.error.is_some()
    }

    pub(super) fn end_writing(&self) {
        self.0.borrow_mut().writer_gone = true;
    }

    pub(super) fn end_reading(&self) {
        self.0.borrow_mut().reader_gone = true;
    }

    pub(super) fn fail(&self, error: IoError) {
        let mut state = self.0.borrow_mut();
        state.error = Some(error);
        state.writer_gone = true;
        state.reader_gone = true;
    }
}

/// Wakes every task of a run that waits for a change: there are few, and none is woken for nothing more than once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Rc<RefCell<Vec<Waker>>>);

impl Changes {
    pub(super) fn announce(&self) {
        self.0.take().into_iter().for_each(Waker::wake);
    }

    pub(super) fn listen(&self, waker: &Waker) {
        self.0.borrow_mut().push(waker.clone());
    }

    /// Resolves with the first answer, which is asked for at every change.
    pub(super) async fn until<T>(&self, mut answer: impl FnMut() -> Option<T>) -> T {
        poll_fn(|context| {
            answer().map_or_else(
                || {
                    self.listen(context.waker());
                    Poll::Pending
                },
                Poll::Ready,
            )
        })
        .await
    }
}
