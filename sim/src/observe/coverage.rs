//! Where a run has been: a point is the state of one of a speaker's connections as the wire shows it, how far its hold timer has run, whether
//! it is blocked, what kinds of things the speaker waits for, how full its programs' pipes are, and what is wrong just then.
//!
//! It is cheap rather than exact: messages are told by where reads and writes begin, and two points may share a bit.

use std::collections::BTreeMap;

use holdtime_core::{Duration, Instant};
use holdtime_host::{IoError, StreamId};
use holdtime_machine::SimHost;
use holdtime_machine::trace::{Observer, Step};
use holdtime_machine::world::ProcessId;

use crate::observe::witness::Waits;
use crate::scenario::codec::{HEADER, KEEPALIVE, MARKER, NOTIFICATION, OPEN, hold_time, kind, split_message};
use crate::scenario::{Fault, FaultKind};

/// How many points are told apart, as a power of two.
const BITS: u32 = 18;

/// A set of points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Points(Vec<u64>);

impl Default for Points {
    fn default() -> Self {
        Self(vec![0; 1 << (BITS - 6)])
    }
}

impl Points {
    /// Adds a point; whether it is new.
    pub fn add(&mut self, point: u32) -> bool {
        let Some(word) = self.0.get_mut(point as usize / 64) else { return false };
        let bit = 1 << (point % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Notes the points of a run, each with the time at which it was first reached.
#[derive(Debug, Default)]
pub struct Coverage {
    seen: Points,
    reached: Vec<(u32, Instant)>,
    /// The speakers, and what their tasks wait for.
    speakers: BTreeMap<ProcessId, Speaker>,
    connections: BTreeMap<(ProcessId, StreamId), Connection>,
    /// Whose pipe a program's is.
    programs: BTreeMap<ProcessId, (ProcessId, StreamId)>,
    faults: Vec<(Instant, Instant, u64)>,
    /// What is wrong now, and until when that stays so.
    wrong: (u64, Instant),
}

#[derive(Debug, Default)]
struct Speaker {
    waits: Waits,
    pipes: BTreeMap<StreamId, Pipe>,
}

#[derive(Debug, Default)]
struct Pipe {
    /// Octets of the program's that the speaker has not taken.
    unread: usize,
    /// It takes no more from the speaker.
    blocked: bool,
}

#[derive(Debug)]
struct Connection {
    /// Which of OPEN, KEEPALIVE and NOTIFICATION went which way.
    said: u64,
    hold: Duration,
    heard: Instant,
    blocked: bool,
}

impl Coverage {
    /// Of a play with these faults.
    pub fn of(faults: &[Fault]) -> Self {
        let faults = faults.iter().map(|fault| {
            let (kind, lasts) = shape(&fault.kind);
            let begins = Instant::ZERO + fault.at;
            (begins, lasts.map_or(Instant::MAX, |lasts| begins + lasts), kind)
        });
        Self { faults: faults.collect(), ..Self::default() }
    }

    /// This process is a speaker, and this is what it waits for.
    pub(crate) fn tie(&mut self, speaker: ProcessId, waits: Waits) {
        self.speakers.entry(speaker).or_default().waits = waits;
    }

    /// The points in the order in which they were reached.
    pub fn reached(&self) -> &[(u32, Instant)] {
        &self.reached
    }

    /// One of these connections has changed, or one of the speaker's pipes.
    fn reach(&mut self, at: Instant, speaker: ProcessId, stream: Option<StreamId>) {
        let wrong = self.wrong(at);
        let Some(seat) = self.speakers.get(&speaker) else { return };
        let connection = stream.and_then(|stream| self.connections.get(&(speaker, stream)));
        let state = connection.map_or(0, |connection| connection.state(at));
        let fullness = seat.pipes.values().map(Pipe::fullness).max().unwrap_or_default();
        let words = [state, seat.waits.kinds(), fullness, wrong];
        let mixed = words.into_iter().fold(0x9e37_79b9_7f4a_7c15, |hash: u64, word| {
            (hash ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(29)
        });
        let point = (mixed >> (64 - BITS)) as u32;
        if self.seen.add(point) {
            self.reached.push((point, at));
        }
    }

    fn wrong(&mut self, at: Instant) -> u64 {
        let (wrong, until) = self.wrong;
        if at < until && until != Instant::ZERO {
            return wrong;
        }
        let active = |(begins, ends, _): &&(Instant, Instant, u64)| (*begins..=*ends).contains(&at);
        let wrong = self.faults.iter().filter(active).fold(0, |all, (.., kind)| all | kind);
        let changes = self.faults.iter().flat_map(|(begins, ends, _)| [*begins, *ends]);
        let until = changes.filter(|change| *change > at).min().unwrap_or(Instant::MAX);
        self.wrong = (wrong, until);
        wrong
    }

    fn wrote(&mut self, at: Instant, process: ProcessId, stream: StreamId, outcome: Result<&[u8], IoError>) {
        if let Some((speaker, pipe)) =
            self.programs.get(&process).copied().filter(|_| stream == SimHost::STDIO)
        {
            let pipe = self.speakers.get_mut(&speaker).and_then(|speaker| speaker.pipes.get_mut(&pipe));
            if let (Some(pipe), Ok(octets)) = (pipe, outcome) {
                let before = pipe.fullness();
                pipe.unread += octets.len();
                if pipe.fullness() != before {
                    self.reach(at, speaker, None);
                }
            }
            return;
        }
        let blocked = outcome == Err(IoError::WouldBlock);
        if let Some(connection) = self.connections.get_mut(&(process, stream)) {
            connection.blocked = blocked;
            connection.take(outcome.unwrap_or_default(), 0);
            self.reach(at, process, Some(stream));
        } else if let Some(pipe) =
            self.speakers.get_mut(&process).and_then(|speaker| speaker.pipes.get_mut(&stream))
            && std::mem::replace(&mut pipe.blocked, blocked) != blocked
        {
            self.reach(at, process, None);
        }
    }

    fn read(&mut self, at: Instant, process: ProcessId, stream: StreamId, octets: &[u8]) {
        if self.connections.contains_key(&(process, stream)) {
            // Where it stands is told by how long it had been silent.
            self.reach(at, process, Some(stream));
            if let Some(connection) = self.connections.get_mut(&(process, stream)) {
                connection.heard = at;
                connection.take(octets, 3);
            }
            self.reach(at, process, Some(stream));
        } else if let Some(pipe) =
            self.speakers.get_mut(&process).and_then(|speaker| speaker.pipes.get_mut(&stream))
        {
            pipe.unread = pipe.unread.saturating_sub(octets.len());
        }
    }
}

impl Connection {
    const NEW: Self = Self { said: 0, hold: Duration::from_secs(90), heard: Instant::ZERO, blocked: false };

    /// Messages that begin here went one way; `shift` says which.
    fn take(&mut self, octets: &[u8], shift: u32) {
        let mut rest = octets;
        // What is behind the first few is told by the next ones.
        for _ in 0..3 {
            if !rest.starts_with(&MARKER) || rest.len() < HEADER {
                break;
            }
            let (message, behind) = split_message(rest).unwrap_or((rest, &[]));
            let bit = match kind(message) {
                OPEN => {
                    if let Some(stated) = hold_time(message) {
                        self.hold = self.hold.min(stated);
                    }
                    1
                }
                KEEPALIVE => 2,
                NOTIFICATION => 4,
                _ => 0,
            };
            self.said |= bit << shift;
            rest = behind;
        }
    }

    fn state(&self, at: Instant) -> u64 {
        let silent = at.saturating_since(self.heard);
        let third = self.hold / 3;
        let thirds = if third.is_zero() { 4 } else { (silent.as_nanos() / third.as_nanos()).min(3) as u64 };
        1 | self.said << 1 | u64::from(self.blocked) << 8 | thirds << 9
    }
}

impl Pipe {
    fn fullness(&self) -> u64 {
        let unread = match self.unread {
            0 => 0,
            1..0x4000 => 1,
            0x4000..0x1_0000 => 2,
            _ => 3,
        };
        unread << 1 | u64::from(self.blocked)
    }
}

impl Observer for Coverage {
    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        match step {
            Step::Connects(process, stream, _, Ok(())) | Step::Accepted(process, stream, _)
                if self.speakers.contains_key(process) =>
            {
                let fresh = Connection { heard: at, ..Connection::NEW };
                self.connections.insert((*process, *stream), fresh);
                self.reach(at, *process, Some(*stream));
            }
            Step::Started(speaker, stream, program, _) => {
                if let Some(seat) = self.speakers.get_mut(speaker) {
                    seat.pipes.insert(*stream, Pipe::default());
                    self.programs.insert(*program, (*speaker, *stream));
                }
            }
            Step::Wrote(process, stream, outcome) => self.wrote(at, *process, *stream, *outcome),
            Step::Read(process, stream, Ok(octets)) => self.read(at, *process, *stream, octets),
            Step::Read(process, stream, Err(error)) if *error != IoError::WouldBlock => {
                self.reach(at, *process, Some(*stream));
            }
            Step::Closed(process, stream) => {
                self.reach(at, *process, Some(*stream));
                self.connections.remove(&(*process, *stream));
            }
            Step::Signalled(process, _) => self.reach(at, *process, None),
            _ => {}
        }
    }
}

/// The bit of a kind of fault, and how long it lasts.
fn shape(kind: &FaultKind) -> (u64, Option<Duration>) {
    // What happens in an instant is felt for a while.
    const FELT: Duration = Duration::from_secs(5);
    let bit = match kind {
        FaultKind::Cut { both: true, .. } => 1,
        FaultKind::Cut { .. } => 2,
        FaultKind::Path { .. } => 4,
        FaultKind::Suspend { .. } => 8,
        FaultKind::Clock { .. } => 16,
        FaultKind::Power { .. } => 32,
        FaultKind::Signal { .. } => 64,
        FaultKind::Restart { machine: false, .. } => 64 + 8,
        FaultKind::Restart { .. } => 64 + 32,
    };
    (bit, kind.lasts().map(|lasts| if lasts.is_zero() { FELT } else { lasts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEAKER: ProcessId = ProcessId(1);
    const STREAM: StreamId = StreamId::opened(0);

    fn keepalive() -> Vec<u8> {
        crate::scenario::codec::framed(KEEPALIVE, &[])
    }

    fn points(steps: &[(u64, Step<'_>)], faults: &[Fault]) -> Vec<u32> {
        let mut coverage = Coverage::of(faults);
        coverage.tie(SPEAKER, Waits::default());
        for (second, step) in steps {
            coverage.on_step(Instant::from_secs(*second), step);
        }
        coverage.reached().iter().map(|(point, _)| *point).collect()
    }

    #[test]
    fn a_point_is_reached_once_and_another_state_another_fault_or_a_longer_silence_are_other_points() {
        let (keepalive, remote) = (keepalive(), "10.0.0.2:179".parse().unwrap());
        let accepted = Step::Accepted(SPEAKER, STREAM, remote);
        let (said, heard) =
            (Step::Wrote(SPEAKER, STREAM, Ok(&keepalive)), Step::Read(SPEAKER, STREAM, Ok(&keepalive)));
        let short = points(&[(0, accepted), (1, said), (2, said)], &[]);
        assert_eq!(short.len(), 2);
        let silent = points(&[(0, accepted), (1, said), (31, said), (62, said), (63, heard)], &[]);
        assert_eq!((silent.len(), &silent[..2]), (5, &short[..]));
        let lasts = Duration::from_secs(1);
        let fault = Fault {
            at: Duration::from_secs(1),
            kind: FaultKind::Suspend { host: "speaker".to_owned(), lasts },
        };
        let faulty = points(&[(0, accepted), (1, said), (3, said)], &[fault]);
        assert_eq!((faulty.len(), faulty[2]), (3, short[1]));
    }

    #[test]
    fn nobody_but_a_speaker_has_points() {
        let other = ProcessId(2);
        assert!(
            points(&[(0, Step::Accepted(other, STREAM, "10.0.0.2:179".parse().unwrap()))], &[]).is_empty()
        );
    }
}
