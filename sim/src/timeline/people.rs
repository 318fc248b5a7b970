//! Who is in a run and on which lane, and which connections and pipes they have with one another.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use holdtime_core::speaker::StreamId;
use holdtime_machine::SimHost;
use holdtime_machine::world::ProcessId;

use crate::timeline::channel::{ChannelEnd, ChannelLog};
use crate::timeline::{LaneKind, Lanes, Way};

/// Somebody who is there before anything happens.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Their process.
    pub(crate) process: ProcessId,
    /// What they are called, such as `peer silent`.
    pub(crate) name: String,
    /// What they are.
    pub(crate) is: LaneKind,
    /// The addresses of their machine; none: they are on the machine of the first one.
    pub(crate) addresses: Vec<IpAddr>,
}

/// Everybody, and what is between them.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// The lanes of processes and of their machines, and the speakers among them.
    lanes: BTreeMap<ProcessId, usize>,
    machines: BTreeMap<ProcessId, usize>,
    speakers: Vec<ProcessId>,
    names: BTreeMap<ProcessId, String>,
    /// Whose an address is.
    owners: BTreeMap<IpAddr, ProcessId>,
    /// A speaker's session with whom, and its lane.
    sessions: BTreeMap<(ProcessId, IpAddr), usize>,
    pipes: BTreeMap<(ProcessId, StreamId), usize>,
    channels: Vec<ChannelSeat>,
    streams: BTreeMap<(ProcessId, StreamId), (usize, ChannelEnd)>,
    dialled: BTreeMap<(ProcessId, StreamId), SocketAddr>,
    /// Connections by the address of the end that dialled.
    by_dialler: BTreeMap<SocketAddr, usize>,
}

/// A channel, who has its ends, and which addresses they have.
#[derive(Debug)]
struct ChannelSeat {
    channel: ChannelLog,
    ends: [Option<(ProcessId, StreamId)>; 2],
    remote: [Option<IpAddr>; 2],
}

impl ChannelEnd {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

impl People {
    pub(super) fn new(all: &[Person], lanes: &mut Lanes) -> Self {
        let mut people = Self::default();
        let mut first = None;
        for person in all {
            let machine = match (person.addresses.first(), first) {
                (None, Some(first)) => first,
                (address, _) => {
                    let address = address.map_or("without an address".to_owned(), ToString::to_string);
                    lanes.named(LaneKind::Machine, &format!("machine {address}"), None)
                }
            };
            first.get_or_insert(machine);
            let lane = lanes.add_another(person.is, &person.name, Some(machine));
            people.lanes.insert(person.process, lane);
            people.machines.insert(person.process, machine);
            people.names.insert(person.process, person.name.clone());
            if person.is == LaneKind::Speaker {
                people.speakers.push(person.process);
            }
            person.addresses.iter().for_each(|address| {
                people.owners.entry(*address).or_insert(person.process);
            });
        }
        people
    }

    /// The lane of a process.
    pub(crate) fn lane(&self, process: ProcessId) -> usize {
        self.lanes.get(&process).copied().unwrap_or_default()
    }

    /// The lane of the machine of a process.
    pub(crate) fn machine(&self, process: ProcessId) -> usize {
        self.machines.get(&process).copied().unwrap_or_default()
    }

    pub(super) fn is_speaker(&self, process: ProcessId) -> bool {
        self.speakers.contains(&process)
    }

    /// The lane of a speaker's session with the peer at this address.
    pub(crate) fn session(&mut self, speaker: ProcessId, peer: IpAddr, lanes: &mut Lanes) -> usize {
        if let Some(lane) = self.sessions.get(&(speaker, peer)) {
            return *lane;
        }
        let of = self.lane(speaker);
        let with = match self.owners.get(&peer).and_then(|owner| self.names.get(owner)) {
            Some(name) => name.clone(),
            None => peer.to_string(),
        };
        let name = format!("{}: session with {with}", lanes.name(of));
        let lane = lanes.named(LaneKind::Session, &name, Some(of));
        self.sessions.insert((speaker, peer), lane);
        lane
    }

    /// Who has the other end of a stream.
    pub(super) fn far(&self, process: ProcessId, stream: StreamId) -> String {
        let known = self.streams.get(&(process, stream)).and_then(|(index, end)| {
            let seat = self.channels.get(*index)?;
            let far = seat.ends[end.other() as usize].map(|(process, _)| process);
            let by_address = || self.owners.get(&seat.remote[*end as usize]?).copied();
            self.names.get(&far.or_else(by_address)?).cloned()
        });
        let dialled = || {
            let remote = self.dialled.get(&(process, stream))?;
            let owner = self.owners.get(&remote.ip()).and_then(|owner| self.names.get(owner));
            Some(owner.cloned().unwrap_or_else(|| remote.ip().to_string()))
        };
        known.or_else(dialled).unwrap_or_else(|| "somebody".to_owned())
    }

    pub(super) fn dials(&mut self, process: ProcessId, stream: StreamId, remote: SocketAddr) {
        self.dialled.insert((process, stream), remote);
    }

    /// A connection that this process dialled is up, from this address of its own.
    pub(super) fn connected(&mut self, process: ProcessId, stream: StreamId, local: SocketAddr) {
        let remote = self.dialled.get(&(process, stream)).map(SocketAddr::ip);
        self.join(local, ChannelEnd::First, (process, stream), remote);
    }

    /// This process has taken a connection that was dialled from there.
    pub(super) fn accepted(&mut self, process: ProcessId, stream: StreamId, remote: SocketAddr) {
        self.join(remote, ChannelEnd::Second, (process, stream), Some(remote.ip()));
    }

    fn join(
        &mut self,
        dialler: SocketAddr,
        end: ChannelEnd,
        whose: (ProcessId, StreamId),
        remote: Option<IpAddr>,
    ) {
        let free =
            |index: &usize| self.channels.get(*index).is_some_and(|seat| seat.ends[end as usize].is_none());
        let index = match self.by_dialler.get(&dialler).copied().filter(free) {
            Some(index) => index,
            None => {
                self.channels.push(ChannelSeat::new(true));
                self.by_dialler.insert(dialler, self.channels.len() - 1);
                self.channels.len() - 1
            }
        };
        self.channels[index].ends[end as usize] = Some(whose);
        self.channels[index].remote[end as usize] = remote;
        self.streams.insert(whose, (index, end));
    }

    /// A process starts a program, and talks to it on a stream.
    pub(super) fn starts(
        &mut self,
        process: ProcessId,
        stream: StreamId,
        child: ProcessId,
        name: &str,
        lanes: &mut Lanes,
    ) {
        let machine = self.machine(process);
        let lane = lanes.add_another(LaneKind::Program, &format!("program {name}"), Some(machine));
        let called = lanes.name(lane).to_owned();
        let of = self.lane(process);
        let pipe = format!("{}: pipe to {called}", lanes.name(of));
        let pipe = lanes.named(LaneKind::Pipe, &pipe, Some(of));
        self.lanes.insert(child, lane);
        self.machines.insert(child, machine);
        self.names.insert(child, called);
        let mut seat = ChannelSeat::new(false);
        seat.ends = [Some((process, stream)), Some((child, SimHost::STDIO))];
        self.channels.push(seat);
        let index = self.channels.len() - 1;
        self.pipes.insert((process, stream), pipe);
        self.streams.insert((process, stream), (index, ChannelEnd::First));
        self.streams.insert((child, SimHost::STDIO), (index, ChannelEnd::Second));
    }

    /// The channel of a stream, and which end of it this is.
    pub(super) fn channel(
        &mut self,
        process: ProcessId,
        stream: StreamId,
    ) -> Option<(&mut ChannelLog, ChannelEnd)> {
        let (index, end) = self.streams.get(&(process, stream)).copied()?;
        Some((&mut self.channels.get_mut(index)?.channel, end))
    }

    /// The lane on which a stream is told of, and that of its other end.
    pub(super) fn lanes_of(
        &mut self,
        process: ProcessId,
        stream: StreamId,
        lanes: &mut Lanes,
    ) -> (usize, Option<usize>) {
        let near = self.lane_of_stream(process, stream, lanes);
        let Some((index, end)) = self.streams.get(&(process, stream)).copied() else { return (near, None) };
        let seat = &self.channels[index];
        let by_address = seat.remote[end as usize].and_then(|remote| self.owners.get(&remote)).copied();
        let far = match (seat.ends[end.other() as usize], by_address) {
            (Some((process, stream)), _) => Some(self.lane_of_stream(process, stream, lanes)),
            (None, Some(process)) => Some(self.lane(process)),
            (None, None) => None,
        };
        (near, far)
    }

    fn lane_of_stream(&mut self, process: ProcessId, stream: StreamId, lanes: &mut Lanes) -> usize {
        if let Some(pipe) = self.pipes.get(&(process, stream)) {
            return *pipe;
        }
        let known = self.streams.get(&(process, stream));
        let remote = known.and_then(|(index, end)| self.channels.get(*index)?.remote[*end as usize]);
        let remote = remote.or_else(|| self.dialled.get(&(process, stream)).map(SocketAddr::ip));
        match remote.filter(|_| self.is_speaker(process)) {
            Some(remote) => self.session(process, remote, lanes),
            None => self.lane(process),
        }
    }

    /// For each speaker at an end of this stream: its lane, its end, and how much is on the way.
    pub(super) fn levels(
        &mut self,
        process: ProcessId,
        stream: StreamId,
        lanes: &mut Lanes,
    ) -> Vec<(usize, ChannelEnd, [u64; 2])> {
        let Some((index, _)) = self.streams.get(&(process, stream)).copied() else { return Vec::new() };
        let channel = &self.channels[index].channel;
        let octets = [channel.on_the_way(ChannelEnd::First), channel.on_the_way(ChannelEnd::Second)];
        let ends = self.channels[index].ends;
        let mut levels = Vec::new();
        for (end, whose) in [ChannelEnd::First, ChannelEnd::Second].into_iter().zip(ends) {
            let Some((process, stream)) = whose.filter(|(process, _)| self.is_speaker(*process)) else {
                continue;
            };
            levels.push((self.lane_of_stream(process, stream, lanes), end, octets));
        }
        levels
    }

    /// On which lanes the window that a segment offers is told of, and which way it opens.
    pub(super) fn windows(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        lanes: &mut Lanes,
    ) -> Vec<(usize, Way)> {
        let known = self.by_dialler.get(&from).map(|index| (*index, ChannelEnd::First));
        let known = known.or_else(|| self.by_dialler.get(&to).map(|index| (*index, ChannelEnd::Second)));
        let Some((index, sender)) = known else { return Vec::new() };
        let ends = self.channels[index].ends;
        let mut windows = Vec::new();
        for (way, end) in [(Way::In, sender), (Way::Out, sender.other())] {
            if let Some((process, stream)) =
                ends[end as usize].filter(|(process, _)| self.is_speaker(*process))
            {
                windows.push((self.lane_of_stream(process, stream, lanes), way));
            }
        }
        windows
    }
}

impl ChannelSeat {
    fn new(speaks_bgp: bool) -> Self {
        Self { channel: ChannelLog::new(speaks_bgp), ends: [None; 2], remote: [None; 2] }
    }
}
