//! The pieces that a defective reactor's turns for its peers are made of.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use holdtime_core::Duration;
use holdtime_core::speaker::{Setup, StreamId};
use holdtime_reactor::tasks::{Policy, Shared};
use holdtime_reactor::{AsyncHost, EventLog};

/// The loops that the defective reactors follow know of no rest before the first UPDATE, and some of them would not look at its
/// end: that is another deviation than theirs.
pub(super) fn without_rest(setup: &mut Setup) {
    setup.settings.bgp.rest = 0;
}

/// Reads from a stream, then sends on it: a peer's turn.
pub(super) fn read_and_send<H: AsyncHost + EventLog, P: Policy>(shared: &Rc<Shared<H, P>>, stream: StreamId) {
    shared.work(|driver, now| {
        driver.read_stream(now, stream);
        driver.perform(now);
        driver.fill_stream(now, stream);
    });
}

/// Waits for bytes, but not for longer than this. `Ok(false)`: it took too long. `Err`: the stream is closed.
pub(super) async fn readable_within<H: AsyncHost>(
    host: &H,
    stream: StreamId,
    limit: Duration,
) -> Result<bool, ()> {
    let deadline = host.now().monotonic + limit;
    let (mut readable, mut late) = (pin!(host.readable(stream)), pin!(host.sleep_until(deadline)));
    poll_fn(|context| match readable.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map(|()| true).map_err(drop)),
        Poll::Pending => late.as_mut().poll(context).map(|()| Ok(false)),
    })
    .await
}

/// Waits for bytes, or for room where there is something to write. `Err`: the stream is closed.
pub(super) async fn readable_or_writable<H: AsyncHost>(host: &H, stream: StreamId) -> Result<(), ()> {
    let (mut readable, mut writable) = (pin!(host.readable(stream)), pin!(host.writable(stream)));
    poll_fn(|context| match readable.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map_err(drop)),
        Poll::Pending => writable.as_mut().poll(context).map_err(drop),
    })
    .await
}

/// Resolves with the first of several futures; asks them in order.
pub(super) async fn first(mut futures: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    poll_fn(|context| {
        let ready = futures.iter_mut().any(|future| future.as_mut().poll(context).is_ready());
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
