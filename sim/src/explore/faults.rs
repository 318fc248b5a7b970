//! What goes wrong in a world. All of it is over when the world has healed.

use holdtime_core::Duration;
use holdtime_core::speaker::Signal;

use crate::explore::behaviour::may_go;
use crate::explore::cast::{DrawnCast, DrawnSpeaker};
use crate::explore::draw::Draw;
use crate::explore::kinds::{Kinds, Trouble};
use crate::scenario::{Fault, FaultKind, PathChange};

/// The faults of a world in the order of their times: none, or one to six.
pub(super) fn draw(draw: &mut Draw, kinds: &Kinds, cast: &DrawnCast) -> Vec<Fault> {
    let mut faults = Vec::new();
    draw.at(Duration::ZERO);
    if kinds.troubles.is_empty() {
        return faults;
    }
    for number in 0..draw.between("how many faults", "", 1, 6) {
        let mut drawing = Drawing { draw, kinds, cast, name: format!("fault {number}") };
        faults.extend(drawing.fault());
    }
    faults.sort_by_key(|fault| fault.at);
    faults
}

/// A fault in the making. Its draws are its own, so that another one leaves it alone.
struct Drawing<'a> {
    draw: &'a mut Draw,
    kinds: &'a Kinds,
    cast: &'a DrawnCast,
    name: String,
}

impl Drawing<'_> {
    fn fault(&mut self) -> Option<Fault> {
        self.draw.at(Duration::ZERO);
        let begins = self.when("when", "later");
        // One of a later time is drawn from what draws for that, its time too.
        self.draw.at(begins);
        let at = match self.draw.turned() {
            Some(turned) => self.when("when else", "later else").max(turned),
            None => begins,
        };
        let trouble = self.one_of("which fault", &self.kinds.troubles).unwrap_or(Trouble::Cut);
        self.kind(trouble, at).map(|kind| Fault { at, kind })
    }

    fn hold(&self) -> u64 {
        self.cast.speakers.first().map_or(90, |speaker| self.cast.hold_of(speaker))
    }

    /// When it begins. The sessions come up first.
    fn when(&mut self, site: &str, later: &str) -> Duration {
        let begin = Duration::from_secs(10);
        let hold = self.hold();
        let at = begin + self.draw.span(site, &self.name, hold);
        let at = at + Duration::from_secs(self.draw.below(later, &self.name, 120));
        at.min(self.cast.healed.saturating_sub(Duration::from_secs(5)))
    }

    fn one_of<T: Copy>(&mut self, site: &str, all: &[T]) -> Option<T> {
        self.draw.one_of(site, &self.name, all)
    }

    fn kind(&mut self, trouble: Trouble, at: Duration) -> Option<FaultKind> {
        let hold = self.hold();
        let lasts = self.draw.span("how long", &self.name, hold);
        let left = self.cast.healed.saturating_sub(at);
        // Only what is large notices it, which is seldom on its way.
        let to_the_end = trouble == Trouble::BlackHole && self.draw.percent("to the end", &self.name, 50);
        let lasts = if to_the_end { left } else { lasts.min(left) }.max(Duration::from_millis(1));
        Some(match trouble {
            Trouble::Cut | Trouble::CutOneWay => {
                let (from, to) = self.link()?;
                FaultKind::Cut { from, to, both: trouble == Trouble::Cut, lasts: Some(lasts) }
            }
            Trouble::Suspend => FaultKind::Suspend { host: self.anybody()?, lasts },
            Trouble::Clock => {
                const JUMPS: [i64; 6] = [1, -1, 90, -90, 3_600, -86_400];
                let by = self.one_of("jump", &JUMPS)? * 1_000_000_000;
                FaultKind::Clock { host: self.anybody()?, by }
            }
            Trouble::Reload => {
                // The second one starts its programs anew, in the middle of their scripts.
                let signal = self.one_of("signal", &[Signal::User1, Signal::User2])?;
                let host = self.speaker(|speaker| signal == Signal::User1 || speaker.program.is_none())?;
                FaultKind::Signal { host, signal }
            }
            Trouble::Restart => {
                let host = self.speaker(|speaker| speaker.program.is_none())?;
                FaultKind::Signal { host, signal: Signal::Alarm }
            }
            Trouble::Power => FaultKind::Power { host: self.leaf()?, lasts: Some(lasts) },
            Trouble::Kill | Trouble::Reboot => {
                let host = self.speaker(|_| true)?;
                FaultKind::Restart { host, machine: trouble == Trouble::Reboot, after: lasts }
            }
            Trouble::PeerSignal => {
                let names: Vec<&String> = self.cast.peers.iter().map(|peer| &peer.name).collect();
                let host = self.one_of("which peer", &names)?.clone();
                let signal = self.one_of("signal", &Signal::ALL)?;
                FaultKind::Signal { host, signal }
            }
            Trouble::OtherFile => FaultKind::Signal { host: self.speaker(|_| true)?, signal: Signal::User1 },
            Trouble::Loss | Trouble::Latency | Trouble::Jitter | Trouble::Bandwidth | Trouble::BlackHole => {
                let change = self.change(trouble)?;
                let (from, to) = self.link()?;
                let both = self.draw.percent("both ways", &self.name, 50);
                FaultKind::Path { from, to, both, change, lasts: Some(lasts) }
            }
        })
    }

    /// What becomes of a path.
    fn change(&mut self, trouble: Trouble) -> Option<PathChange> {
        let millis = |millis: &u64| Duration::from_millis(*millis);
        Some(match trouble {
            Trouble::Loss => PathChange::Loss(self.one_of("packets lost", &[100, 10, 300, 700])?),
            Trouble::Latency => {
                PathChange::Latency(millis(&self.one_of("latency", &[200, 50, 1_000, 3_000])?))
            }
            Trouble::Jitter => PathChange::Jitter(millis(&self.one_of("jitter", &[50, 5, 500])?)),
            Trouble::Bandwidth => {
                PathChange::Bandwidth(self.one_of("octets a second", &[10_000, 100_000, 1_000, 200])?)
            }
            _ => PathChange::Mtu(self.one_of("largest packet", &[100, 576, 200, 1_000])?),
        })
    }

    /// Two ends of a session, in any order.
    fn link(&mut self) -> Option<(String, String)> {
        let cast = self.cast;
        let speaker = |index: usize| cast.speakers.get(index).map(|speaker| speaker.name.clone());
        let pairs = cast.pairs.iter().filter_map(|(one, two)| Some((speaker(*one)?, speaker(*two)?)));
        let peers = cast.peers.iter().filter_map(|peer| Some((speaker(peer.speaker)?, peer.name.clone())));
        let links: Vec<(String, String)> = pairs.chain(peers).collect();
        let index = usize::try_from(self.draw.below("link", &self.name, links.len() as u64)).ok()?;
        let (one, two) = links.into_iter().nth(index)?;
        Some(if self.draw.percent("direction", &self.name, 50) { (two, one) } else { (one, two) })
    }

    fn anybody(&mut self) -> Option<String> {
        let speakers = self.cast.speakers.iter().map(|speaker| &speaker.name);
        let names: Vec<&String> = speakers.chain(self.cast.peers.iter().map(|peer| &peer.name)).collect();
        self.one_of("who", &names).cloned()
    }

    fn speaker(&mut self, may: impl Fn(&DrawnSpeaker) -> bool) -> Option<String> {
        let speakers = self.cast.speakers.iter();
        let names: Vec<&String> =
            speakers.filter(|speaker| may(speaker)).map(|speaker| &speaker.name).collect();
        self.one_of("which speaker", &names).cloned()
    }

    /// A host whose end nobody's script waits for.
    fn leaf(&mut self) -> Option<String> {
        let cast = self.cast;
        let is_alone =
            |speaker: &&DrawnSpeaker| speaker.program.is_none() && cast.peers_of(speaker).next().is_none();
        let speakers = cast.speakers.iter().filter(is_alone).map(|speaker| &speaker.name);
        let peers = cast.peers.iter().filter(|peer| may_go(self.kinds, peer)).map(|peer| &peer.name);
        let names: Vec<&String> = speakers.chain(peers).collect();
        self.one_of("which leaf", &names).cloned()
    }
}
