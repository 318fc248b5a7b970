//! What computing costs, in virtual time.

use holdtime_host::time::Duration;

/// The prices of a scenario. None is ever zero: with free computing a busy loop would take no time, and neither a
/// starved KEEPALIVE nor a slow answer could be honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    poll: Duration,
    call: Duration,
    octet: Duration,
    route: Duration,
}

impl Default for Prices {
    /// About what the shipped speaker costs on a small machine.
    fn default() -> Self {
        Self {
            poll: Duration::from_micros(5),
            call: Duration::from_micros(1),
            octet: Duration::from_nanos(2),
            route: Duration::from_micros(1),
        }
    }
}

impl Prices {
    /// Prices of one turn of a task, one call on the host, one octet read or written, one route worked on.
    /// A price of zero becomes a nanosecond.
    pub fn new(poll: Duration, call: Duration, octet: Duration, route: Duration) -> Self {
        let least = |price: Duration| price.max(Duration::from_nanos(1));
        Self { poll: least(poll), call: least(call), octet: least(octet), route: least(route) }
    }

    /// The prices on a machine that is so many times slower.
    #[must_use]
    pub fn times(&self, slowness: u32) -> Self {
        let Self { poll, call, octet, route } = *self;
        Self::new(poll * slowness, call * slowness, octet * slowness, route * slowness)
    }

    /// One turn of a task.
    pub fn poll(&self) -> Duration {
        self.poll
    }

    /// One call on the host.
    pub fn call(&self) -> Duration {
        self.call
    }

    /// So many octets read or written.
    pub fn octets(&self, count: usize) -> Duration {
        Duration::from_nanos((self.octet.as_nanos() as u64).saturating_mul(count as u64))
    }

    /// So many pieces of work, as [`Host::computed`](holdtime_host::Host::computed) counts them.
    pub fn routes(&self, count: u64) -> Duration {
        Duration::from_nanos((self.route.as_nanos() as u64).saturating_mul(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_free() {
        let zero = Duration::ZERO;
        let prices = Prices::new(zero, zero, zero, zero);
        assert!(prices.poll() > zero && prices.call() > zero);
        assert!(prices.octets(1) > zero && prices.routes(1) > zero);
    }
}
