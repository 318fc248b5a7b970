//! Scenarios: one experiment each, as a file that a person writes and reads.
//!
//! ```toml
//! title = "One sentence: what happens"
//! source = "where it comes from"                        # optional
//! run-for = "60s"                                       # the bound of the whole run, in virtual time
//! faults = '''…'''                                      # optional; what goes wrong and when: crate::scenario::Fault
//!
//! [[speaker]]                                           # what is under test; the reactor runs here
//! name = "speaker"                                      # optional; `speaker` unless told
//! address = "10.0.0.1"                                  # or address = ["10.0.0.1", "fd00::1"]
//! send-buffer = 65536                                   # optional, octets, as SO_SNDBUF; a peer's too
//! config = '''…'''                                      # or config-file = "next-to-this-file.conf"
//! reloads = ['''…''']                                   # optional; what reloads read, one after the other, then `config` again
//!
//! [[peer]]
//! name = "silent"
//! address = "10.0.0.2"
//! as = 65002
//! router-id = "10.0.0.2"                                # optional; the address unless told
//! receive-buffer = 1024                                 # optional, octets, as SO_RCVBUF; a speaker's too
//! mss = 536                                             # optional, octets, as TCP_MAXSEG; a speaker's too
//! script = '''…'''                                      # crate::scenario::script::PeerStep
//!
//! [[peer]]                                              # many from one table: leaf-1 at 10.0.1.1, leaf-2 at 10.0.1.2, …
//! name = "leaf"
//! address = "10.0.1.1"
//! as = 65100
//! count = 50
//! as-step = 1                                           # optional; how much higher the next one's AS number is, 0 unless told
//! script = '''…'''
//!
//! [[peer]]                                              # another connection from the machine of a peer above
//! name = "second"
//! on = "silent"
//! as = 65002
//! script = '''connect…'''                               # one of those on a machine may `accept`, the others `connect`
//!
//! [[program]]                                           # what `run` starts in a configuration
//! run = "./announce"
//! script = '''…'''                                      # crate::scenario::script::ProgramStep
//!
//! [[program]]
//! run = "./another.py"                                  # absolute, or beside this file
//! real = true                                           # the program itself, as a process whose time is the lab's
//!
//! [[client]]                                            # commands over the named pipes, as `holdtime cli` gives them
//! name = "operator"
//! on = "speaker"                                        # optional; the first speaker unless told
//! script = '''…'''                                      # crate::scenario::script::ProgramStep
//!
//! [network]                                             # optional, all of it
//! latency = "1ms"
//! syn-linear-timeouts = 0                               # equal intervals between SYNs; 4 unless told, 0 before Linux 6.5
//!
//! [prices]                                              # optional; what computing costs in virtual time, never 0
//! poll = "2us"                                          # one poll of a task
//! call = "500ns"                                        # one call on the host
//! byte = "1ns"                                          # one octet read or written
//! route = "300ns"                                       # one route worked on: parsed, stored, packed
//!
//! [bounds]                                              # optional; when an oracle sounds
//! route = "5s"                                          # O1: from a command to its route on the wire
//! answer = "5s"                                         # O3: from a command to its answer
//! wakeups = 10                                          # O2: wakeups without progress per virtual second
//!
//! [up]                                                  # optional; when a session is established
//! at = "90s"
//! within = "1s"                                         # optional; how much later it may be, a second unless told
//! again-by = "240s"                                     # optional; by then one is established again, after the first one ended
//!
//! [ends]                                                # optional; how the first session ends
//! how = "notification 4/0"                              # or "close", or "never": one is up when all is over
//! at = "90s"                                            # not where it never ends
//! within = "1s"
//!
//! [expect]                                              # per subject: pass, or the oracles that may name its hang
//! poll = "pass"
//! read-first = "O1 O3"
//! ```
//!
//! No two hosts share a name or an address. The configurations run every `[[program]]`, and nothing that is none. Whatever has a
//! time has it before the run is over.

mod bounds;
mod check;
mod clients;
pub mod codec;

mod crowd;
pub mod expectation;
mod fault;
mod fault_lines;
mod file;
mod library;
pub mod mistake;
mod oracle;
mod parse;
pub(crate) mod pipe_lines;
mod plan;
mod play;
pub mod script;
mod whole;
mod write;

pub use bounds::{Bounds, ExpectedEnd, Window};
pub use fault::{Fault, FaultKind, PathChange};
pub(crate) use library::probe;
pub use library::{NoScenario, embedded, find, probes, read};
pub use oracle::Oracle;
pub use plan::Plan;
pub(crate) use play::usual_prices;
pub use play::{Actor, PeerPlace, Play, PlayClient, PlayGuests, PlayPeer, PlaySpeaker};
pub use write::Unwritable;

/// A scenario, checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What happens, in one sentence.
    pub title: String,
    /// Where it comes from.
    pub source: Option<String>,
    /// What is played. Its name is the file's, without folder and extension.
    pub play: Play,
    /// What each subject is expected to do, by its name; one that is not named is expected to pass.
    pub expect: Vec<(String, Expected)>,
}

/// What a subject is expected to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Finish, with every oracle silent.
    Pass,
    /// Hang, one of these oracles being the first to say so.
    Hang(Vec<Oracle>),
}

impl Scenario {
    /// What the subject of this name is expected to do.
    pub fn expected(&self, subject: &str) -> &Expected {
        self.expect.iter().find(|(name, _)| name == subject).map_or(&Expected::Pass, |(_, expected)| expected)
    }
}
