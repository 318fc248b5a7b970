//! The functional suite: cases in ExaBGP's `.ci`/`.msg` format, run in the lab on every reactor.

mod checker;
mod expectation;

pub use checker::{CheckingPeer, Hex, Pieces};
pub use expectation::{Deed, Expectation, Group, Options};
