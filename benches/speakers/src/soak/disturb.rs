//! How each fault is done.

use std::io;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{
    ASKS, Aside, BenchPrefix, CALM, Configuration, Order, Soak, SoakFault, TOLD, fixed_routes, own_prefixes,
};
use crate::link::{self, ForwardedLink, PathWeather};
use crate::peer::ConnectionWay;
use crate::wire;

impl Soak {
    pub(super) fn disturb(&mut self, fault: SoakFault) -> io::Result<()> {
        let now = Instant::now();
        match fault {
            SoakFault::Delay { peer, by } => {
                let weather = PathWeather { delay: by, ..self.field.peers[peer].weather };
                self.field.peers[peer].set_weather(weather);
            }
            SoakFault::ReadSlowly { peer, octets } => {
                // A message may take longer than the hold time.
                self.excuse(peer, self.options.round);
                let weather = PathWeather { reads_at_most: Some(octets), ..self.field.peers[peer].weather };
                self.field.peers[peer].set_weather(weather);
            }
            SoakFault::Part { peer, lasts } => {
                self.excuse(peer, lasts);
                let weather =
                    PathWeather { parted_until: Some(now + lasts), ..self.field.peers[peer].weather };
                self.field.peers[peer].set_weather(weather);
            }
            SoakFault::Leave { peer, reset, back } => {
                self.excuse(peer, back);
                self.field.peers[peer].leave(now, reset, Some(now + back));
            }
            SoakFault::BreakOff { peer } => {
                self.excuse(peer, Duration::ZERO);
                let message = wire::update(&own_prefixes(peer), &[1], Some([10, 0, 0, 9]));
                self.field.peers[peer]
                    .send(now, message.get(..message.len() / 2).unwrap_or_default().to_vec());
                self.field.peers[peer].leave(now, false, Some(now));
            }
            SoakFault::BeginAnew { peer } => {
                self.excuse(peer, Duration::from_secs(10));
                let old = self.field.peers[peer].abandon(now);
                self.aside.extend(old.map(|link| Aside { link, says: None }));
            }
            SoakFault::SecondConnection { peer, opens } => self.second_connection(peer, opens)?,
            SoakFault::Refresh { peer } if self.field.peers[peer].is_up() => {
                self.field.peers[peer].send(now, wire::route_refresh());
            }
            SoakFault::Churn { peer } if self.field.peers[peer].is_up() => self.churn(peer),
            SoakFault::Refresh { .. } | SoakFault::Churn { .. } => {}
            SoakFault::Deaf { program, lasts } => {
                self.field.programs[program].deaf_until = Some(now + lasts);
            }
            SoakFault::KillProgram { program } => {
                self.killed_program = now;
                self.field.programs[program].hang_up();
            }
            SoakFault::Flood { orders } => self.flood(orders),
            SoakFault::Reloads { signals } => self.reloads(signals)?,
            SoakFault::BadFile if !self.is_reloading() => {
                self.frame.write_nonsense()?;
                self.say(ASKS, Order::ReloadInVain);
            }
            SoakFault::BadFile => {}
            SoakFault::Clear { to } if to.is_none_or(|to| self.model.has(to)) => {
                self.say(ASKS, Order::Clear { to });
            }
            SoakFault::Clear { .. } => {}
            SoakFault::Flush => self.say(ASKS, Order::Flush),
            SoakFault::Pause { lasts } if self.continues_at.is_none() => {
                self.subject.signal(Signal::STOP);
                self.continues_at = Some(now + lasts);
            }
            SoakFault::Pause { .. } => {}
        }
        Ok(())
    }

    /// Whether the file must stay as it is, because somebody is about to read it.
    fn is_reloading(&self) -> bool {
        let mut pending = self.field.programs[ASKS].pending.iter();
        pending.any(|(order, _)| matches!(order, Order::Reload(_) | Order::ReloadInVain))
    }

    /// A connection from a peer's address beside the one that it has.
    fn second_connection(&mut self, peer: usize, opens: Option<Duration>) -> io::Result<()> {
        let terms = &self.field.peers[peer].terms;
        let speaker = match &terms.way {
            ConnectionWay::Dials(speaker) => *speaker,
            ConnectionWay::Listens(_) => ([127, 0, 0, 1], self.frame.port).into(),
        };
        let socket = link::dial(terms.address, speaker, None)?;
        let says = opens
            .map(|after| (Instant::now() + after, wire::open(terms.asn, terms.hold_time, terms.address)));
        self.aside.push(Aside { link: ForwardedLink::new(socket, PathWeather::default())?, says });
        if !self.field.peers[peer].is_up() {
            // The speaker may prefer this one.
            self.excuse(peer, opens.unwrap_or_default());
        }
        Ok(())
    }

    /// A peer takes its routes back and announces them again.
    fn churn(&mut self, peer: usize) {
        let now = Instant::now();
        let one = &mut self.field.peers[peer];
        one.send(now, wire::update(&own_prefixes(peer), &[], None));
        for octets in one.announces.clone() {
            one.send(now, octets);
        }
    }

    /// Many orders at once, most of them to all.
    fn flood(&mut self, orders: u32) {
        for _ in 0..orders {
            let n = self.draws.below(TOLD) as u32;
            let prefix = BenchPrefix { address: (20 << 24) + (n << 8), length: 24 };
            let to = self.draws.chance(10).then(|| self.draws.index(CALM));
            let order = if self.draws.chance(70) {
                Order::Announce { to, prefix, med: self.draws.below(4) as u32 }
            } else {
                Order::Withdraw { to, prefix }
            };
            self.say(ASKS, order);
        }
    }

    /// Signals to reload one after the other, each with other routes for the same neighbors.
    fn reloads(&mut self, signals: u32) -> io::Result<()> {
        if self.is_reloading() {
            return Ok(());
        }
        for _ in 0..signals {
            let routes = fixed_routes(&mut self.draws);
            let neighbors = self.written.neighbors.iter().map(|one| one.as_ref().map(|_| routes.clone()));
            self.frame.write(&Configuration { neighbors: neighbors.collect() })?;
            self.subject.signal(Signal::USR1);
            let until = Instant::now() + self.draws.between(Duration::ZERO, Duration::from_millis(120));
            while Instant::now() < until {
                self.turn()?;
            }
        }
        Ok(())
    }
}
