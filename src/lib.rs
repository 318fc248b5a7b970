//! The sans-IO core of holdtime: it speaks BGP and ExaBGP's configuration and API languages, and does no I/O.
//!
//! The core never sees a socket, a clock, a thread, a file, an environment variable or a random number that was
//! not handed to it: `#![no_std]` makes the compiler prove it. The same core therefore runs on real sockets
//! (`holdtime-reactor`) and in the lab (`holdtime-sim`), and a recording of its inputs replays a run exactly.
//!
//! # The contract
//!
//! Everything enters a [`Speaker`] through one door, [`Speaker::handle_input`], as plain data with the time.
//! Everything leaves it by polling. **Mutate once, then drain**:
//!
//! ```
//! use holdtime_core::{Action, Event, Input, Now, Speaker, StreamId};
//!
//! /// What the core leaves to its host.
//! trait Host {
//!     fn now(&self) -> Now;
//!     fn carry_out(&mut self, action: Action);
//!     /// How many octets the stream took; 0 where it would block.
//!     fn write(&mut self, stream: StreamId, octets: &[u8]) -> usize;
//!     fn log(&mut self, event: Event);
//! }
//!
//! /// One turn; afterwards the host waits for readiness, a signal, a program's end, or `speaker.poll_timeout()`.
//! fn turn(speaker: &mut Speaker, host: &mut impl Host, input: Input<'_>) {
//!     speaker.handle_input(host.now(), input); // never fails
//!     loop {
//!         while let Some(action) = speaker.poll_action() {
//!             host.carry_out(action);
//!         }
//!         // Streams that have octets to send.
//!         let Some(stream) = speaker.poll_stream() else { break };
//!         while let Some(octets) = speaker.poll_transmit(stream) {
//!             match host.write(stream, octets) {
//!                 0 => break, // EAGAIN: on with the next stream
//!                 count => speaker.handle_input(host.now(), Input::Sent { stream, count }),
//!             }
//!         }
//!     }
//!     while let Some(event) = speaker.poll_event() {
//!         host.log(event);
//!     }
//! }
//! ```
//!
//! `examples/two_speakers.rs` is a whole host of it.
//!
//! - A **stream** is a TCP connection or an API program's pair of pipes. Its [`StreamId`] is never used again, so a
//!   late report about a dead stream is recognised and ignored. Streams that the core opens have even numbers,
//!   streams that the host accepts have odd ones.
//! - **Transmit is pulled.** What is urgent (OPEN, KEEPALIVE, NOTIFICATION, answers) is queued; UPDATEs are packed
//!   from Adj-RIB-Out only on [`Input::Writable`], when the socket can take them. A slow peer costs RIB
//!   entries, not a growing queue.
//! - [`Speaker::poll_transmit`] looks: what will be sent does not change by looking, and only [`Input::Sent`] consumes.
//! - [`Speaker::poll_timeout`] names the next deadline of any kind; feed [`Input::Timeout`] at or after it. A timeout fed early
//!   does nothing.
//! - A **recording** is the sequence of `(Now, Input)`, and it is complete: the same log gives the same bytes out.
//! - [`Speaker::obligations`] says what is owed, to whom, since when, until when, and by which clause. It explains a hang;
//!   it does not judge one.
//!
//! # The modules
//!
//! `speaker` → `session`, `rib`, `api`, `config` → `wire`, where A → B means that A imports B. `api` and `config` share
//! one grammar for routes, `grammar`, which stands below both. `session` and `rib` never import each other; `wire` imports nothing of
//! ours.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
// What derives `Arbitrary` needs it; nothing that ships does.
#[cfg(feature = "arbitrary")]
extern crate std;

pub mod api;
pub mod config;
#[cfg(any(test, feature = "arbitrary"))]
pub mod fuzzing;
pub mod grammar;
pub mod print;
pub mod rib;
pub mod session;
pub mod speaker;
pub use holdtime_host::time;
pub mod wire;

pub use speaker::{Action, Event, Input, Obligation, Speaker, StreamId};
pub use time::{Duration, Instant, Now, Timestamp};
