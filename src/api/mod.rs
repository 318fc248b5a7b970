//! ExaBGP's API language: the lines that programs write, and the lines that they are answered with.
//!
//! A program's bytes become lines (`line`), a line becomes a [`Request`] ([`command`], [`selector`]), and what it is
//! answered with and told of is written here too ([`answer`], and one encoder each for JSON and text). Nothing here
//! knows of sessions or RIBs: executing a request is the speaker's part.

pub mod answer;
pub mod command;
mod complete;
pub mod event;
pub mod json;
pub mod line;
pub mod selector;
pub mod show;
pub mod text;

pub use command::{Command, Request, parse};
pub use complete::complete;
pub use event::{ApiEvent, Envelope, MessageDirection, Peer};
pub use line::{Line, LineBuffer, normalise};
pub use selector::{NeighborName, Selectors};
