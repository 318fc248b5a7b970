//! Who exists in a world, who speaks with whom, and how long all of it lasts.

use std::fmt::Write;
use std::net::Ipv4Addr;

use holdtime_core::Duration;

use crate::explore::draw::Draw;
use crate::explore::kinds::{Behaviour, Kinds, Trouble, Verb};

/// Everybody.
#[derive(Debug)]
pub(super) struct DrawnCast {
    pub(super) speakers: Vec<DrawnSpeaker>,
    pub(super) peers: Vec<DrawnPeer>,
    /// Pairs of speakers by their indices that have a session.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Programs may end what they say, and are not started again.
    ends_once: bool,
    /// Until when things may go wrong.
    pub(super) healed: Duration,
    /// When the last script ends.
    pub(super) end: Duration,
}

/// A machine under test.
#[derive(Clone, Debug)]
pub(super) struct DrawnSpeaker {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) address: Ipv4Addr,
    pub(super) asn: u32,
    /// Its hold time in seconds.
    pub(super) hold: u64,
    /// Its API program's name; it is the first speaker's at least.
    pub(super) program: Option<String>,
    /// Whether its program is one for all its neighbors.
    for_all: bool,
    is_passive: bool,
    group_updates: bool,
    /// How long a peer may take nothing, in seconds, where that is not the recommended time.
    send_hold: Option<u64>,
    /// How long its OPEN is held back, in seconds.
    delay_open: Option<u64>,
    json: bool,
    ipv6: bool,
    tells: bool,
    /// How many routes its configuration has, and the next one that it reads.
    routes: u64,
    other_routes: Option<u64>,
    has_watchdog: bool,
}

/// A scripted peer.
#[derive(Debug)]
pub(super) struct DrawnPeer {
    pub(super) name: String,
    pub(super) address: Ipv4Addr,
    pub(super) asn: u32,
    pub(super) behaviour: Behaviour,
    /// The index of the speaker that it speaks with.
    pub(super) speaker: usize,
    /// It dials the speaker, which waits for it; otherwise the other way round.
    pub(super) dials: bool,
    pub(super) hold: u64,
    pub(super) receive_buffer: Option<usize>,
    pub(super) mss: Option<u16>,
    /// Its script is over once the session is up, so that its machine may go away.
    pub(super) ends_early: bool,
}

const HOLDS: [u64; 7] = [90, 180, 30, 15, 9, 60, 3];

impl DrawnSpeaker {
    fn draw(draw: &mut Draw, kinds: &Kinds, index: usize) -> Self {
        let name = format!("speaker-{}", index + 1);
        let has_program = index == 0 || draw.percent("program", &name, 50);
        Self {
            index,
            address: Ipv4Addr::new(10, 0, 0, u8::try_from(index + 1).unwrap_or(u8::MAX)),
            asn: 65_001 + u32::try_from(index).unwrap_or(0),
            hold: draw.one_of("hold", &name, &HOLDS).unwrap_or(90),
            program: has_program.then(|| format!("feed-{}", index + 1)),
            for_all: !draw.percent("only for one neighbor", &name, 15),
            is_passive: draw.percent("passive", &name, 40),
            group_updates: !draw.percent("one update each", &name, 30),
            send_hold: draw.one_of("send hold", &name, &[None, None, Some(30), Some(90)]).flatten(),
            delay_open: draw.one_of("delay open", &name, &[None, None, None, Some(1), Some(5)]).flatten(),
            json: draw.percent("json", &name, 30),
            ipv6: kinds.verbs.contains(&Verb::Ipv6),
            tells: draw.percent("tells its program", &name, 25),
            routes: draw.one_of("routes", &name, &[1, 0, 3, 16, 64, 256, 1_024]).unwrap_or(1),
            other_routes: draw
                .one_of("other routes", &name, &[2, 0, 1, 3, 16, 64])
                .filter(|_| kinds.has(Trouble::OtherFile)),
            has_watchdog: kinds.verbs.contains(&Verb::Watchdog),
            name,
        }
    }

    /// The command that starts its program.
    pub(super) fn run(&self) -> String {
        format!("./{}", self.program.as_deref().unwrap_or_default())
    }
}

impl DrawnPeer {
    fn draw(draw: &mut Draw, kinds: &Kinds, index: usize, speakers: &[DrawnSpeaker]) -> Self {
        let name = format!("peer-{}", index + 1);
        let speaker = usize::try_from(draw.below("whose peer", &name, speakers.len() as u64)).unwrap_or(0);
        let alone: Vec<Behaviour> = kinds.behaviours.iter().copied().filter(|one| one.is_alone()).collect();
        let behaviour = draw.one_of("behaviour", &name, &alone).unwrap_or(Behaviour::Plain);
        // A full window is only seen where there is a small one.
        let is_slow = matches!(behaviour, Behaviour::Slow | Behaviour::Deaf);
        let buffers: &[Option<usize>] = if is_slow {
            &[Some(1_024), Some(4_096), Some(65_536)]
        } else {
            &[None, Some(4_096), Some(65_536)]
        };
        Self {
            address: Ipv4Addr::new(10, 0, 1, u8::try_from(index + 1).unwrap_or(u8::MAX)),
            asn: 65_101 + u32::try_from(index).unwrap_or(0),
            // Peers dial the first speaker only.
            dials: speaker == 0 && draw.percent("dials", &name, 30),
            hold: draw.one_of("hold", &name, &HOLDS).unwrap_or(90),
            receive_buffer: draw.one_of("receive buffer", &name, buffers).flatten(),
            mss: draw.one_of("mss", &name, &[None, None, Some(536), Some(1_460)]).flatten(),
            ends_early: kinds.has(Trouble::Power)
                && behaviour == Behaviour::Plain
                && draw.percent("ends early", &name, 50),
            speaker,
            behaviour,
            name,
        }
    }
}

impl DrawnPeer {
    /// Many that are alike, neighbors of one speaker.
    fn crowd(draw: &mut Draw, kinds: &Kinds, speakers: usize) -> Vec<Self> {
        let is_there = kinds.behaviours.contains(&Behaviour::Crowd) && draw.percent("crowd", "", 40);
        let count = if is_there { draw.between("how many alike", "", 4, 12) } else { 0 };
        let speaker = usize::try_from(draw.below("whose crowd", "", speakers as u64)).unwrap_or(0);
        let hold = draw.one_of("hold of a crowd", "", &HOLDS).unwrap_or(90);
        let one = |number: u8| Self {
            name: format!("leaf-{number}"),
            address: Ipv4Addr::new(10, 0, 2, number),
            asn: 65_200 + u32::from(number),
            behaviour: Behaviour::Crowd,
            speaker,
            dials: false,
            hold,
            receive_buffer: None,
            mss: None,
            ends_early: false,
        };
        (1..=u8::try_from(count).unwrap_or(0)).map(one).collect()
    }

    /// One more that dials from this one's machine, which has a session with the first speaker.
    fn second(&self, draw: &mut Draw, kinds: &Kinds) -> Option<Self> {
        let may = self.behaviour == Behaviour::Plain && self.speaker == 0 && !self.dials && !self.ends_early;
        let is_there = may && kinds.behaviours.contains(&Behaviour::Second);
        (is_there && draw.percent("second", &self.name, 70)).then(|| Self {
            name: format!("{}-second", self.name),
            behaviour: Behaviour::Second,
            dials: true,
            ..*self
        })
    }
}

impl DrawnCast {
    pub(super) fn draw(draw: &mut Draw, kinds: &Kinds) -> Self {
        let count = draw.one_of("speakers", "", &[2, 1, 3, 2, 3, 4]).unwrap_or(2);
        let speakers: Vec<DrawnSpeaker> =
            (0..count).map(|index| DrawnSpeaker::draw(draw, kinds, index)).collect();
        let least = u64::from(count == 1);
        let more = draw.one_of("peers", "", &[0, 1, 1, 2]).unwrap_or(0);
        let peers = (0..least + more).filter_map(|index| usize::try_from(index).ok());
        let mut peers: Vec<DrawnPeer> =
            peers.map(|index| DrawnPeer::draw(draw, kinds, index, &speakers)).collect();
        peers.extend(DrawnPeer::crowd(draw, kinds, count));
        let second = peers.iter().find_map(|peer| peer.second(draw, kinds));
        peers.extend(second);
        // Each speaker but the first has a session with one before it, and perhaps with the others.
        let mut pairs = Vec::new();
        for two in 1..count {
            let sure = usize::try_from(draw.below("pair", "", two as u64)).unwrap_or(0);
            pairs.extend(
                (0..two)
                    .filter(|one| *one == sure || draw.percent("one pair more", "", 30))
                    .map(|one| (one, two)),
            );
        }
        let healed = Duration::from_secs(draw.between("healed", "", 60, 480));
        let end = healed + Duration::from_secs(draw.between("rest", "", 120, 240));
        let ends_once = kinds.verbs.contains(&Verb::CloseStdout);
        Self { speakers, peers, pairs, ends_once, healed, end }
    }

    /// What a world is in which these kinds are on, in a few words.
    pub(super) fn title(&self, kinds: &Kinds) -> String {
        let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let hosts = format!("{}, {}", count(self.speakers.len(), "speaker"), count(self.peers.len(), "peer"));
        let troubles: Vec<&str> = kinds.troubles.iter().map(|trouble| trouble.name()).collect();
        if troubles.is_empty() {
            format!("{hosts}, no fault")
        } else {
            format!("{hosts}; {}", troubles.join(", "))
        }
    }

    /// The neighbors of a speaker: their addresses and AS numbers, and whether the speaker waits for them to dial.
    fn neighbors(&self, speaker: &DrawnSpeaker) -> Vec<(Ipv4Addr, u32, bool)> {
        let pairs = self.pairs.iter().filter_map(|(one, two)| match speaker.index {
            index if index == *one => self.speakers.get(*two).map(|other| (other, speaker.is_passive)),
            // Only one of the two waits.
            index if index == *two => {
                self.speakers.get(*one).map(|other| (other, speaker.is_passive && !other.is_passive))
            }
            _ => None,
        });
        let speakers = pairs.map(|(other, passive)| (other.address, other.asn, passive));
        let peers = self.peers_of(speaker).filter(|peer| peer.behaviour != Behaviour::Second);
        let peers = peers.map(|peer| (peer.address, peer.asn, peer.dials));
        speakers.chain(peers).collect()
    }

    pub(super) fn peers_of(&self, speaker: &DrawnSpeaker) -> impl Iterator<Item = &DrawnPeer> {
        let index = speaker.index;
        self.peers.iter().filter(move |peer| peer.speaker == index)
    }

    /// The address of its first neighbor.
    pub(super) fn first_neighbor(&self, speaker: &DrawnSpeaker) -> Option<Ipv4Addr> {
        self.neighbors(speaker).first().map(|(address, ..)| *address)
    }

    /// The least hold time of a session of a speaker, in seconds.
    pub(super) fn hold_of(&self, speaker: &DrawnSpeaker) -> u64 {
        let pairs = self.pairs.iter().filter(|(one, two)| [*one, *two].contains(&speaker.index));
        let others = pairs.flat_map(|(one, two)| [*one, *two]).filter_map(|index| self.speakers.get(index));
        others
            .map(|other| other.hold)
            .chain(self.peers_of(speaker).map(|peer| peer.hold))
            .fold(speaker.hold, u64::min)
    }

    /// A speaker's configurations: the one that it begins with, and what it reads then.
    pub(super) fn configs(&self, speaker: &DrawnSpeaker) -> Vec<String> {
        let other = speaker.other_routes.map(|routes| DrawnSpeaker { routes, ..speaker.clone() });
        std::iter::once(speaker).chain(&other).map(|speaker| self.config(speaker)).collect()
    }

    /// A speaker's configuration.
    fn config(&self, speaker: &DrawnSpeaker) -> String {
        let mut text = String::new();
        if let Some(program) = &speaker.program {
            let encoder = if speaker.json { "json" } else { "text" };
            // Its script would begin anew, in the middle of the world.
            let respawn = if self.ends_once { "\trespawn false;\n" } else { "" };
            let _ = write!(
                text,
                "process {program} {{\n\trun ./{program};\n\tencoder {encoder};\n{respawn}}}\n\n"
            );
        }
        for (index, neighbor) in self.neighbors(speaker).into_iter().enumerate() {
            speaker.write_neighbor(&mut text, neighbor, index == 0);
        }
        text
    }
}

impl DrawnSpeaker {
    fn write_neighbor(
        &self,
        text: &mut String,
        (address, asn, passive): (Ipv4Addr, u32, bool),
        is_first: bool,
    ) {
        let Self { address: own, asn: own_asn, hold, .. } = self;
        let _ = write!(
            text,
            "neighbor {address} {{\n\trouter-id {own};\n\tlocal-address {own};\n\tlocal-as {own_asn};\n\tpeer-as {asn};\n\thold-time {hold};\n\tlisten 179;\n"
        );
        if passive {
            text.push_str("\tpassive true;\n");
        }
        for (option, seconds) in [("send-hold-time", self.send_hold), ("delay-open-time", self.delay_open)] {
            if let Some(seconds) = seconds {
                let _ = writeln!(text, "\t{option} {seconds};");
            }
        }
        if !self.group_updates {
            text.push_str("\tgroup-updates false;\n");
        }
        text.push_str("\n\tfamily {\n\t\tipv4 unicast;\n");
        if self.ipv6 {
            text.push_str("\t\tipv6 unicast;\n");
        }
        text.push_str("\t}\n");
        if let Some(program) = self.program.as_ref().filter(|_| self.for_all || is_first) {
            let _ = write!(text, "\n\tapi {{\n\t\tprocesses [ {program} ];\n");
            if self.tells {
                text.push_str("\t\tneighbor-changes;\n\t\treceive {\n\t\t\tparsed;\n\t\t\tupdate;\n\t\t}\n");
            }
            text.push_str("\t}\n");
        }
        self.write_routes(text);
        text.push_str("}\n\n");
    }

    fn write_routes(&self, text: &mut String) {
        let (own, number) = (self.address, self.index);
        let mut lines = Vec::new();
        match self.routes {
            0 => {}
            count @ 1..=3 => {
                lines.extend(
                    (0..count).map(|route| format!("route 172.{number}.{route}.0/24 next-hop {own};")),
                );
            }
            count => {
                let length = 24 - count.ilog2();
                lines.push(format!("route 172.{}.0.0/{length} next-hop {own} split /24;", 16 + 4 * number));
            }
        }
        if self.has_watchdog {
            lines.push(format!("route 172.{number}.200.0/24 next-hop {own} watchdog guard withdraw;"));
            lines.push(format!("route 172.{number}.201.0/24 next-hop {own} watchdog guard;"));
        }
        if !lines.is_empty() {
            text.push_str("\n\tstatic {\n");
            for line in lines {
                let _ = writeln!(text, "\t\t{line}");
            }
            text.push_str("\t}\n");
        }
    }
}
