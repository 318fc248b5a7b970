//! `wall-clock`: timers run on the wall clock, so that they jump with it.
//!
//! Source: ExaBGP, and SONiC #5007 for comparison : a jump ahead ends
//! sessions, and after a jump back no KEEPALIVE leaves until the clock has caught up.

use holdtime_core::Speaker;
use holdtime_core::speaker::Event;
use holdtime_core::time::{Duration, Instant, Now};
use holdtime_host::layer::{AsyncLayer, Layer};
use holdtime_host::{AsyncHost, Ready};
use holdtime_reactor::{EventLog, tasks};

use crate::subject::contract::{Defect, Deviation, Reactor, Start};

/// The build `wall-clock`.
#[derive(Clone, Copy, Debug)]
pub struct WallClock;

impl Reactor for WallClock {
    const NAME: &str = "wall-clock";
    const SUMMARY: &str = "defective: timers run on the wall clock, and jump with it";
    const DEVIATION: Deviation = Deviation::Host;

    async fn run<H: AsyncHost + EventLog>(host: H, start: Start) -> u8 {
        let host = OneClock { inner: host, defect: start.defect, origin: start.now };
        tasks::run(host, Speaker::new(start.now, start.setup), start.recorder).await
    }
}

/// A host whose monotonic clock is its wall clock, from the same origin.
#[derive(Clone)]
struct OneClock<H> {
    inner: H,
    defect: Defect,
    origin: Now,
}

impl<H> OneClock<H> {
    /// What this host says that the time is. It never says that it is before the origin.
    fn told(&self, now: Now) -> Now {
        match self.defect {
            Defect::Undone => now,
            Defect::Present => {
                let passed = now.wall.as_nanos().saturating_sub(self.origin.wall.as_nanos());
                let passed = Duration::from_nanos(u64::try_from(passed).unwrap_or(0));
                Now { monotonic: self.origin.monotonic + passed, wall: now.wall }
            }
        }
    }
}

impl<H: AsyncHost> OneClock<H> {
    /// When a deadline of this host's comes, as far as can be told now: nobody is woken by a jump.
    fn comes(&self, deadline: Instant) -> Instant {
        let now = self.inner.now();
        now.monotonic + (deadline - self.told(now).monotonic)
    }

    fn has_come(&self, deadline: Instant) -> bool {
        self.told(self.inner.now()).monotonic >= deadline
    }
}

impl<H: AsyncHost> Layer for OneClock<H> {
    type Inner = H;

    fn inner(&self) -> &H {
        &self.inner
    }

    fn now(&self) -> Now {
        self.told(self.inner.now())
    }

    async fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> Now {
        loop {
            let comes = deadline.map(|deadline| self.comes(deadline));
            let now = self.told(self.inner.wait(comes, ready).await);
            if !ready.is_empty() || deadline.is_none_or(|deadline| now.monotonic >= deadline) {
                return now;
            }
        }
    }
}

impl<H: AsyncHost> AsyncLayer for OneClock<H> {
    async fn sleep_until(&self, deadline: Instant) {
        loop {
            self.inner.sleep_until(self.comes(deadline)).await;
            if self.has_come(deadline) {
                return;
            }
        }
    }
}

impl<H: EventLog> EventLog for OneClock<H> {
    fn log(&self, event: &Event) {
        self.inner.log(event);
    }
}
