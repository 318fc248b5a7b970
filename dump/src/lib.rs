//! What BGP was recorded in, as one stream: MRT (RFC 6396, RFC 8050, RFC 6397), pcap and pcapng, hex and raw octets, each of them
//! plain or compressed with gzip, bzip2, xz or zstd.
//!
//! ```text
//! octets ── compression ──▶ form ──▶ Source::fill ──▶ Batch ──▶ Batch::found ──▶ Found
//!                          (sniffed)  one thread, in order       any thread       Item | Fault | LeftOut
//! ```
//!
//! A [`BatchReader`] reads in order and keeps what later octets need to be understood: MRT's peer table, a TCP stream's missing segments. It
//! fills a [`Batch`] with pieces that stand for themselves, so that batches can be decoded on any thread and in any order. Memory does
//! not grow with the file: a batch holds about [`Batch::TARGET`] octets, or one piece.
//!
//! What the file says is said, and judged by nobody here: an entry of a table is a [`TableRoute`] whatever its attributes are, and a message
//! is its octets with what is known of the session beside. What cannot be read is a [`ReadError`] with its [`Position`]; the good items before
//! and behind it stand. What is not looked into (other protocols, types that nobody writes any more) is [`LeftOut`], to be counted.
//!
//! # How to add a form
//!
//! A module with a type that is a [`BatchReader`], a [`Form`] for it in `form.rs` with what its first octets look like, and its line in
//! [`Dump::open`].

// What stands here reads what strangers wrote: nothing that could panic on it passes the linter.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

mod batch;
pub mod capture;
mod compression;
mod dump;
mod form;
#[cfg(any(test, feature = "arbitrary"))]
pub mod fuzzing;
pub mod hex;
mod item;
pub mod mrt;
mod place;
mod raw;
mod source;

pub use batch::{Batch, FoundInBatch, MessagePiece};
pub use compression::{Compression, decompress};
pub use dump::Dump;
pub use form::Form;
pub use item::{
    Content, Endpoints, Found, Item, KnownTerms, LeftOut, RecordedDirection, RecordedMessage, StateChange,
    StateNumber, TableRoute, UnknownPeer, View,
};
pub use place::{Position, ReadError, Unit};
pub use source::{BatchReader, BoxRead};
