//! What goes wrong in a world. All of it is over when the world has healed.

use holdtime_core::Duration;
use holdtime_core::speaker::Signal;

use crate::explore::behaviour::may_go;
use crate::explore::cast::{Cast, Speaker};
use crate::explore::draw::Draw;
use crate::explore::kinds::{Kinds, Trouble};
use crate::scenario::{Fault, FaultKind};

/// The faults of a world in the order of their times: none, or one to six.
pub(super) fn draw(draw: &mut Draw, kinds: &Kinds, cast: &Cast) -> Vec<Fault> {
    let mut faults = Vec::new();
    if kinds.troubles.is_empty() {
        return faults;
    }
    for _ in 0..draw.between("how many faults", "", 1, 6) {
        let trouble = draw.one_of("which fault", "", &kinds.troubles).unwrap_or(Trouble::Cut);
        faults.extend(one(draw, kinds, cast, trouble));
    }
    faults.sort_by_key(|fault| fault.at);
    faults
}

fn one(draw: &mut Draw, kinds: &Kinds, cast: &Cast, trouble: Trouble) -> Option<Fault> {
    let name = trouble.name();
    let hold = cast.speakers.first().map_or(90, |speaker| cast.hold_of(speaker));
    // The sessions come up first.
    let begin = Duration::from_secs(10);
    let at = begin + draw.span("when", name, hold) + Duration::from_secs(draw.below("later", name, 120));
    let at = at.min(cast.healed.saturating_sub(Duration::from_secs(5)));
    let lasts = draw.span("how long", name, hold).min(cast.healed - at);
    let kind = match trouble {
        Trouble::Cut | Trouble::CutOneWay => {
            let (from, to) = link(draw, cast)?;
            FaultKind::Cut { from, to, both: trouble == Trouble::Cut, lasts: Some(lasts) }
        }
        Trouble::Suspend => FaultKind::Suspend { host: anybody(draw, cast)?, lasts },
        Trouble::Clock => {
            const JUMPS: [i64; 6] = [1, -1, 90, -90, 3_600, -86_400];
            let by = draw.one_of("jump", name, &JUMPS)? * 1_000_000_000;
            FaultKind::Clock { host: anybody(draw, cast)?, by }
        }
        Trouble::Reload => {
            // The second one starts its programs anew, in the middle of their scripts.
            let signal = draw.one_of("signal", name, &[Signal::User1, Signal::User2])?;
            let host = speaker(draw, cast, |speaker| signal == Signal::User1 || speaker.program.is_none())?;
            FaultKind::Signal { host, signal }
        }
        Trouble::Restart => {
            let host = speaker(draw, cast, |speaker| speaker.program.is_none())?;
            FaultKind::Signal { host, signal: Signal::Alarm }
        }
        Trouble::Power => FaultKind::Power { host: leaf(draw, kinds, cast)?, lasts: Some(lasts) },
    };
    Some(Fault { at, kind })
}

/// Two ends of a session, in any order.
fn link(draw: &mut Draw, cast: &Cast) -> Option<(String, String)> {
    let speaker = |index: usize| cast.speakers.get(index).map(|speaker| speaker.name.clone());
    let pairs = cast.pairs.iter().filter_map(|(one, two)| Some((speaker(*one)?, speaker(*two)?)));
    let peers = cast.peers.iter().filter_map(|peer| Some((speaker(peer.speaker)?, peer.name.clone())));
    let links: Vec<(String, String)> = pairs.chain(peers).collect();
    let index = usize::try_from(draw.below("link", "", links.len() as u64)).ok()?;
    let (one, two) = links.into_iter().nth(index)?;
    Some(if draw.percent("direction", "", 50) { (two, one) } else { (one, two) })
}

fn anybody(draw: &mut Draw, cast: &Cast) -> Option<String> {
    let speakers = cast.speakers.iter().map(|speaker| &speaker.name);
    let names: Vec<&String> = speakers.chain(cast.peers.iter().map(|peer| &peer.name)).collect();
    draw.one_of("who", "", &names).cloned()
}

fn speaker(draw: &mut Draw, cast: &Cast, may: impl Fn(&Speaker) -> bool) -> Option<String> {
    let names: Vec<&String> =
        cast.speakers.iter().filter(|speaker| may(speaker)).map(|speaker| &speaker.name).collect();
    draw.one_of("which speaker", "", &names).cloned()
}

/// A host whose end nobody's script waits for.
fn leaf(draw: &mut Draw, kinds: &Kinds, cast: &Cast) -> Option<String> {
    let is_alone = |speaker: &&Speaker| speaker.program.is_none() && cast.peers_of(speaker).next().is_none();
    let speakers = cast.speakers.iter().filter(is_alone).map(|speaker| &speaker.name);
    let peers = cast.peers.iter().filter(|peer| may_go(kinds, peer)).map(|peer| &peer.name);
    let names: Vec<&String> = speakers.chain(peers).collect();
    draw.one_of("which leaf", "", &names).cloned()
}
