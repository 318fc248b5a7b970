//! The functional suite: cases in ExaBGP's `.ci`/`.msg` format, run in the lab on every reactor.

mod captured;
mod case;
mod checker;
mod expectation;
mod mismatch;
mod table;

pub use captured::{Dialogue, dialogues};
pub use case::{Case, CaseError, CaseKind, Folder, LIMIT, OwnCases, read_cases};
pub use checker::{CheckingPeer, Hex, Pieces};
pub use expectation::{Deed, Expectation, Group, Options};
pub use table::{Score, expected_code};
