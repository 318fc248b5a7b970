//! How tasks on one thread make room for each other: what every reactor of tasks is made of, beside the pieces of the driver.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Lets every other task that can run do so first.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Resolves with the first of two futures; always asks `a` before `b`.
pub async fn either(a: impl Future<Output = ()>, b: impl Future<Output = ()>) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    poll_fn(|cx| match a.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => b.as_mut().poll(cx),
    })
    .await;
}

/// Wakes one waiting task. A notification that comes before anybody waits is kept.
#[derive(Default)]
pub struct Notify {
    notified: Cell<bool>,
    waiting: Cell<Option<Waker>>,
}

impl Notify {
    /// Wakes whoever waits.
    pub fn notify(&self) {
        self.notified.set(true);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Resolves with the next notification.
    pub async fn notified(&self) {
        let poll = |cx: &mut Context<'_>| {
            if self.notified.take() {
                return Poll::Ready(());
            }
            self.waiting.set(Some(cx.waker().clone()));
            Poll::Pending
        };
        poll_fn(poll).await;
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}
