//! What happened in a run: every step told to observers and mixed into a hash.
//!
//! The hash is the same on every machine and in every process, because only plain numbers and octets go in, in an order
//! that the seed decides. Two runs of a seed whose hashes differ are a bug of the lab, or of what runs in it.

use std::cell::RefCell;
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

use holdtime_host::time::{Duration, Instant};

use holdtime_host::{ExitStatus, IoError, ListenerId, StreamId};

use crate::id::{ProcessId, TaskId};
use crate::net::{MachineId, Segment};

/// One step of a run. Its time is the lab's, or the acting process's where that is a little ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step<'a> {
    /// A task ran, and cost so much.
    Polled(ProcessId, TaskId, Duration, Woken),
    /// A task is over.
    TaskEnded(ProcessId, TaskId),
    /// A segment left a machine and arrives then; `None`: never.
    Sent(MachineId, &'a Segment, Option<Instant>),
    /// A process began to listen.
    Listens(ProcessId, ListenerId, Result<SocketAddr, IoError>),
    /// A process began to connect.
    Connects(ProcessId, StreamId, SocketAddr, Result<(), IoError>),
    /// An attempt to connect was decided.
    Connected(ProcessId, StreamId, Result<SocketAddr, IoError>),
    /// A process accepted a connection from this address.
    Accepted(ProcessId, StreamId, SocketAddr),
    /// A process accepted nothing.
    AcceptFailed(ProcessId, ListenerId, IoError),
    /// A process read these octets; none: the end.
    Read(ProcessId, StreamId, Result<&'a [u8], IoError>),
    /// A process wrote these octets.
    Wrote(ProcessId, StreamId, Result<&'a [u8], IoError>),
    /// A process ended its direction of a stream.
    Shut(ProcessId, StreamId),
    /// A process closed a stream.
    Closed(ProcessId, StreamId),
    /// A process started another one, by the name that the configuration has for it.
    Started(ProcessId, StreamId, ProcessId, &'a str),
    /// A process read the configuration file of this name, with this text.
    Loaded(ProcessId, &'a str, &'a str),
    /// It has opened a pair of named pipes under this name of its own.
    Piped(ProcessId, StreamId),
    /// A process was stopped (`false`), or goes on.
    Runs(ProcessId, bool),
    /// A process was sent a signal of this number.
    Signalled(ProcessId, i32),
    /// A process is over.
    Exited(ProcessId, ExitStatus),
    /// A process wrote to its log.
    Logged(ProcessId, &'a str),
    /// The scenario did something to the world.
    Fault(&'a str),
}

/// What a task was woken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Readiness, or another task.
    Readiness,
    /// A deadline.
    Deadline,
    /// Itself, in its last turn: it made room for others.
    Itself,
}

/// Is told every step.
pub trait Observer {
    /// A process exists under this name before anything happens; a program is [`Step::Started`] under its own.
    fn meet(&mut self, _process: ProcessId, _name: &str) {}

    /// A step, and when.
    fn on_step(&mut self, at: Instant, step: &Step<'_>);
}

/// The hash of a run, and who else wants to know its steps.
#[derive(Default)]
pub struct Trace {
    hash: TraceHash,
    steps: u64,
    observers: Vec<Rc<RefCell<dyn Observer>>>,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("hash", &self.hash).field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl Trace {
    /// Tells this observer too, from now on.
    pub fn observe(&mut self, observer: Rc<RefCell<dyn Observer>>) {
        self.observers.push(observer);
    }

    /// The hash of everything so far.
    pub fn hash(&self) -> u64 {
        self.hash.value()
    }

    /// How many steps there were.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Takes a step down: into the hash, and to every observer.
    pub fn record(&mut self, at: Instant, step: &Step<'_>) {
        self.steps += 1;
        self.hash.word(at.as_nanos());
        mix(&mut self.hash, step);
        for observer in &self.observers {
            observer.borrow_mut().on_step(at, step);
        }
    }
}

fn mix(hash: &mut TraceHash, step: &Step<'_>) {
    match step {
        Step::Polled(process, task, spent, _) => {
            hash.words([1, process.0.into(), task.0.into(), spent.as_nanos() as u64]);
        }
        Step::TaskEnded(process, task) => hash.words([2, process.0.into(), task.0.into(), 0]),
        Step::Sent(machine, segment, arrival) => {
            let arrival = arrival.map_or(u64::MAX, Instant::as_nanos);
            hash.words([3, machine.0.into(), arrival, segment.flags.bits().into()]);
            hash.words([segment.seq, segment.ack, segment.window.into(), segment.ttl.into()]);
            hash.address(segment.src);
            hash.address(segment.dst);
            hash.octets(&segment.payload);
        }
        Step::Listens(process, listener, outcome) => {
            hash.words([4, process.0.into(), listener.0.into(), 0]);
            hash.outcome(outcome.as_ref(), |hash, local| hash.address(*local));
        }
        Step::Connects(process, stream, remote, outcome) => {
            hash.words([5, process.0.into(), stream.as_u64(), 0]);
            hash.address(*remote);
            hash.outcome(outcome.as_ref(), |_, ()| {});
        }
        Step::Connected(process, stream, outcome) => {
            hash.words([6, process.0.into(), stream.as_u64(), 0]);
            hash.outcome(outcome.as_ref(), |hash, local| hash.address(*local));
        }
        Step::Accepted(process, stream, remote) => {
            hash.words([7, process.0.into(), stream.as_u64(), 0]);
            hash.address(*remote);
        }
        Step::AcceptFailed(process, listener, error) => {
            hash.words([17, process.0.into(), listener.0.into(), 0]);
            hash.outcome(Err::<&(), _>(error), |_, ()| {});
        }
        Step::Read(process, stream, outcome) | Step::Wrote(process, stream, outcome) => {
            let kind = if matches!(step, Step::Read(..)) { 8 } else { 9 };
            hash.words([kind, process.0.into(), stream.as_u64(), 0]);
            hash.outcome(outcome.as_ref(), |hash, octets| hash.octets(octets));
        }
        Step::Shut(process, stream) => hash.words([10, process.0.into(), stream.as_u64(), 0]),
        Step::Closed(process, stream) => hash.words([11, process.0.into(), stream.as_u64(), 0]),
        Step::Started(process, stream, child, name) => {
            hash.words([12, process.0.into(), stream.as_u64(), child.0.into()]);
            hash.octets(name.as_bytes());
        }
        Step::Loaded(process, name, text) => {
            hash.words([18, process.0.into(), 0, 0]);
            hash.octets(name.as_bytes());
            hash.octets(text.as_bytes());
        }
        Step::Piped(process, stream) => hash.words([20, process.0.into(), stream.as_u64(), 0]),
        Step::Runs(process, runs) => hash.words([19, process.0.into(), u64::from(*runs), 0]),
        Step::Signalled(process, signal) => hash.words([13, process.0.into(), *signal as u64, 0]),
        Step::Exited(process, status) => {
            let (kind, number) = parts(*status);
            hash.words([14, process.0.into(), kind, number as u64]);
        }
        Step::Logged(process, line) => {
            hash.words([15, process.0.into(), 0, 0]);
            hash.octets(line.as_bytes());
        }
        Step::Fault(what) => {
            hash.word(16);
            hash.octets(what.as_bytes());
        }
    }
}

/// The kind of an end, and its number.
fn parts(status: ExitStatus) -> (u64, i32) {
    match status {
        ExitStatus::Code(code) => (0, code),
        ExitStatus::Signal(signal) => (1, signal),
    }
}

/// A 64-bit hash of a stream of words: multiply, rotate, and a finish that spreads every bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TraceHash(u64);

impl Default for TraceHash {
    fn default() -> Self {
        Self(0x686f_6c64_7469_6d65)
    }
}

impl TraceHash {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    fn words(&mut self, words: [u64; 4]) {
        words.into_iter().for_each(|word| self.word(word));
    }

    fn octets(&mut self, octets: &[u8]) {
        self.word(octets.len() as u64);
        let (whole, rest) = octets.as_chunks::<8>();
        whole.iter().for_each(|chunk| self.word(u64::from_le_bytes(*chunk)));
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn address(&mut self, address: SocketAddr) {
        self.word(address.port().into());
        match address.ip() {
            std::net::IpAddr::V4(ip) => self.octets(&ip.octets()),
            std::net::IpAddr::V6(ip) => self.octets(&ip.octets()),
        }
    }

    fn outcome<T: ?Sized>(&mut self, outcome: Result<&T, &IoError>, ok: impl FnOnce(&mut Self, &T)) {
        match outcome {
            Ok(value) => {
                self.word(0);
                ok(self, value);
            }
            Err(error) => {
                self.word(1);
                match error.words() {
                    Some(words) => self.octets(words.as_bytes()),
                    None => self.octets(error.to_string().as_bytes()),
                }
            }
        }
    }

    fn value(self) -> u64 {
        let mut z = self.0;
        z = (z ^ (z >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        z ^ (z >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_known_run_never_changes() {
        let mut trace = Trace::default();
        let at = Instant::from_secs(1);
        trace.record(at, &Step::Polled(ProcessId(1), TaskId(2), Duration::from_micros(3), Woken::Readiness));
        trace.record(at, &Step::Read(ProcessId(1), StreamId::opened(0), Ok(b"a message of some length")));
        assert_eq!(format!("{:016x}", trace.hash()), "c8572d956c69a468");
    }

    #[test]
    fn one_octet_or_one_nanosecond_changes_the_hash() {
        let hash = |nanos, octets: &[u8]| {
            let mut trace = Trace::default();
            let step = Step::Wrote(ProcessId(1), StreamId::opened(0), Ok(octets));
            trace.record(Instant::from_nanos(nanos), &step);
            trace.hash()
        };
        assert_ne!(hash(1, b"x"), hash(1, b"y"));
        assert_ne!(hash(1, b"x"), hash(2, b"x"));
        assert_ne!(hash(1, b"x"), hash(1, b"x\0"));
    }
}
