//! What happens to a packet between two machines, one direction at a time.

use holdtime_host::time::{Duration, Instant};

use crate::choices::{ActorId, Choices, Site};

/// How one direction of the path between two machines behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOptions {
    /// From the end of sending to the arrival.
    pub latency: Duration,
    /// Added to the latency, drawn anew for every packet; packets never overtake each other.
    pub jitter: Duration,
    /// Octets per second; `None`: sending takes no time.
    pub bandwidth: Option<u64>,
    /// How many packets in a thousand are lost; TCP sends them again.
    pub loss_per_mille: u32,
    /// A path-MTU black hole: larger packets are lost, and nobody is told (RFC 2923 §2.1). In octets of IP; `None`: every
    /// packet fits.
    pub black_hole_above: Option<usize>,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            latency: Duration::from_micros(500),
            jitter: Duration::ZERO,
            bandwidth: None,
            loss_per_mille: 0,
            black_hole_above: None,
        }
    }
}

impl LinkOptions {
    /// A machine to itself.
    pub fn loopback() -> Self {
        Self { latency: Duration::from_micros(20), ..Self::default() }
    }
}

/// What Ethernet puts before an IP packet.
const ETHERNET: usize = 14;

/// One direction of a path.
#[derive(Debug)]
pub(super) struct NetworkLink {
    /// For whom what happens on it is drawn.
    pub(super) actor: ActorId,
    pub(super) options: LinkOptions,
    /// Everything is lost: this direction is partitioned.
    pub(super) cut: bool,
    /// When the packet before has left the sender.
    free_at: Instant,
    /// When the packet before arrives.
    last_arrival: Instant,
}

impl NetworkLink {
    pub(super) fn new(actor: ActorId, options: LinkOptions) -> Self {
        Self { actor, options, cut: false, free_at: Instant::ZERO, last_arrival: Instant::ZERO }
    }

    /// When a packet of `octets` handed over at `now` arrives; `None`: it is lost.
    pub(super) fn carry(&mut self, now: Instant, octets: usize, choices: &Choices) -> Option<Instant> {
        let too_large = |most: usize| octets.saturating_sub(ETHERNET) > most;
        if self.cut
            || self.options.black_hole_above.is_some_and(too_large)
            || choices.chance(Site::Loss, self.actor, self.options.loss_per_mille)
        {
            return None;
        }
        let sent = match self.options.bandwidth {
            None => now,
            Some(rate) => {
                let nanos = (octets as u128 * 1_000_000_000).div_ceil(u128::from(rate.max(1)));
                let start = self.free_at.max(now);
                self.free_at = start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
                self.free_at
            }
        };
        let jitter = choices.below(Site::Jitter, self.actor, self.options.jitter.as_nanos() as u64);
        let jitter = Duration::from_nanos(jitter);
        self.last_arrival = self.last_arrival.max(sent + self.options.latency + jitter);
        Some(self.last_arrival)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices() -> (Choices, ActorId) {
        let choices = Choices::new(&3.into());
        let actor = choices.actor("near>far");
        (choices, actor)
    }

    #[test]
    fn packets_never_overtake_each_other_whatever_the_jitter() {
        let jitter = Duration::from_millis(50);
        let (choices, actor) = choices();
        let mut link = NetworkLink::new(actor, LinkOptions { jitter, ..LinkOptions::default() });
        let arrivals: Vec<_> =
            (0..100).filter_map(|i| link.carry(Instant::from_millis(i), 60, &choices)).collect();
        assert!(arrivals.is_sorted());
        assert_eq!(arrivals.len(), 100);
    }

    #[test]
    fn bandwidth_spaces_packets_by_their_size() {
        let (choices, actor) = choices();
        let mut link =
            NetworkLink::new(actor, LinkOptions { bandwidth: Some(1_000), ..LinkOptions::default() });
        let first = link.carry(Instant::ZERO, 500, &choices).unwrap();
        let second = link.carry(Instant::ZERO, 250, &choices).unwrap();
        assert_eq!(first, Instant::from_millis(500) + Duration::from_micros(500));
        assert_eq!(second - first, Duration::from_millis(250));
    }

    #[test]
    fn a_cut_link_loses_everything_and_carries_again_once_healed() {
        let (choices, actor) = choices();
        let mut link = NetworkLink::new(actor, LinkOptions::default());
        link.cut = true;
        assert_eq!(link.carry(Instant::ZERO, 60, &choices), None);
        link.cut = false;
        assert!(link.carry(Instant::ZERO, 60, &choices).is_some());
    }
}
