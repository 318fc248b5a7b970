//! Who plays a script: peers and programs, as interpreters without I/O and what drives them on a host. The lab and the live suite
//! use the same ones.

mod checker;
mod drive_peer;
mod drive_program;
mod guest_program;
mod hex;
mod link;
mod mismatch;
mod peer_run;
mod reading;
mod scripted_peer;
mod scripted_program;

pub use checker::{CheckingPeer, Pieces};
pub use drive_peer::{OutOfBand, drive_peer};
pub use drive_program::drive_program;
pub use guest_program::{GuestProgram, ProgramRun};
pub use hex::Hex;
pub use peer_run::{Awaited, PeerAction, PeerInput, PeerRun, PeerState, ScriptPhase};
pub use scripted_peer::ScriptedPeer;
pub use scripted_program::{ProgramAction, ProgramInput, ScriptedProgram};
