//! What goes wrong in a round, drawn from a seed.

use std::time::Duration;

use holdtime_host::rng::SplitMix64;

/// Draws from a seed.
#[derive(Clone, Debug)]
pub(super) struct FaultDraws(SplitMix64);

/// One thing that goes wrong, or that somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SoakFault {
    /// A path takes so long, in both directions.
    Delay { peer: usize, by: Duration },
    /// A peer reads at most so many octets every 20 ms.
    ReadSlowly { peer: usize, octets: usize },
    /// A path lets nothing through.
    Part { peer: usize, lasts: Duration },
    /// A peer ends its connection and is back after a while.
    Leave { peer: usize, reset: bool, back: Duration },
    /// A peer sends a part of a message and ends its connection.
    BreakOff { peer: usize },
    /// A peer begins anew while its old connection stays open and mute: its end is lost on the path.
    BeginAnew { peer: usize },
    /// A second connection from a peer's address, whose OPEN (if any) comes late.
    SecondConnection { peer: usize, opens: Option<Duration> },
    /// A peer asks for all routes again.
    Refresh { peer: usize },
    /// A peer withdraws its routes and announces them again.
    Churn { peer: usize },
    /// A program reads nothing for a while.
    Deaf { program: usize, lasts: Duration },
    /// A program dies.
    KillProgram { program: usize },
    /// A program asks for so many things at once.
    Flood { orders: u32 },
    /// So many signals to reload, each with another file.
    Reloads { signals: u32 },
    /// A file that cannot be read.
    BadFile,
    /// Everything is taken back from one neighbor, or from all.
    Clear { to: Option<usize> },
    /// Everything is sent again.
    Flush,
    /// The speaker stands still (SIGSTOP) for less than a hold time.
    Pause { lasts: Duration },
}

/// What may be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Peers that nothing is done to come first…
    pub(super) calm_peers: usize,
    /// …among so many.
    pub(super) peers: usize,
    pub(super) programs: usize,
    /// How long a round's faults last.
    pub(super) round: Duration,
    /// Whether a program may be killed: it is started again five times a minute and no more.
    pub(super) may_kill: bool,
}

impl FaultDraws {
    pub(super) fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end.max(1)
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = u64::try_from((to - from).as_millis()).unwrap_or(u64::MAX);
        from + Duration::from_millis(self.below(span + 1))
    }

    /// A round's faults, each with when it begins.
    pub(super) fn round(&mut self, scope: &Scope) -> Vec<(Duration, SoakFault)> {
        let count = 6 + self.below(12);
        let mut faults: Vec<_> =
            (0..count).map(|_| (self.between(Duration::ZERO, scope.round), self.fault(scope))).collect();
        if scope.may_kill && self.chance(40) {
            let program = self.index(scope.programs);
            faults.push((self.between(Duration::ZERO, scope.round), SoakFault::KillProgram { program }));
        }
        faults.sort_by_key(|(at, _)| *at);
        faults
    }

    fn fault(&mut self, scope: &Scope) -> SoakFault {
        let peer = scope.calm_peers + self.index(scope.peers - scope.calm_peers);
        let ms = Duration::from_millis;
        match self.below(20) {
            0 | 1 => SoakFault::Delay { peer, by: self.between(ms(2), ms(600)) },
            2 | 3 => SoakFault::ReadSlowly { peer, octets: 1 + self.index(800) },
            4..=6 => SoakFault::Part { peer, lasts: self.between(ms(200), ms(13_000)) },
            7 | 8 => SoakFault::Leave { peer, reset: self.chance(50), back: self.between(ms(0), ms(4000)) },
            9 => SoakFault::BreakOff { peer },
            10 => SoakFault::BeginAnew { peer },
            11 => {
                let opens = self.chance(70).then(|| self.between(ms(0), ms(3000)));
                SoakFault::SecondConnection { peer, opens }
            }
            12 => SoakFault::Refresh { peer: self.index(scope.peers) },
            13 => SoakFault::Churn { peer: self.index(scope.peers) },
            14 => SoakFault::Deaf {
                program: self.index(scope.programs),
                lasts: self.between(ms(500), ms(7000)),
            },
            15 => SoakFault::Flood { orders: 100 + self.index(2000) as u32 },
            16 => SoakFault::Reloads { signals: 2 + self.index(8) as u32 },
            17 => SoakFault::BadFile,
            18 if self.chance(40) => SoakFault::Clear { to: self.chance(60).then_some(peer) },
            18 => SoakFault::Flush,
            _ => SoakFault::Pause { lasts: self.between(ms(100), ms(3500)) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope =
        Scope { calm_peers: 2, peers: 8, programs: 2, round: Duration::from_secs(10), may_kill: true };

    #[test]
    fn a_seed_draws_the_same_rounds_again() {
        let rounds = |seed| {
            let mut draws = FaultDraws::new(seed);
            [draws.round(&SCOPE), draws.round(&SCOPE)]
        };
        assert_eq!(rounds(7), rounds(7));
        assert_ne!(rounds(7), rounds(8));
    }

    #[test]
    fn nothing_is_done_to_the_connections_of_calm_peers() {
        let mut draws = FaultDraws::new(1);
        let faults: Vec<_> = (0..200).flat_map(|_| draws.round(&SCOPE)).collect();
        let disturbed = faults.iter().filter_map(|(_, fault)| match *fault {
            SoakFault::Delay { peer, .. }
            | SoakFault::ReadSlowly { peer, .. }
            | SoakFault::Part { peer, .. }
            | SoakFault::Leave { peer, .. }
            | SoakFault::BreakOff { peer }
            | SoakFault::BeginAnew { peer }
            | SoakFault::SecondConnection { peer, .. } => Some(peer),
            _ => None,
        });
        let disturbed: std::collections::BTreeSet<_> = disturbed.collect();
        assert_eq!(disturbed, (2..8).collect());
    }
}
