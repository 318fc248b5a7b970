//! `holdtime serve` against real BGP daemons: BIRD, FRR, GoBGP, OpenBGPD and ExaBGP.
//!
//! Each test runs in a network namespace of its own, so that port 179 is free and nothing leaves the machine. In
//! it the daemon owns 127.0.1.1 and fd00:179::1 (AS 65001), holdtime 127.0.2.1 and fd00:179::2 (AS 65101). A test
//! whose daemon is not installed says so and passes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails loudly, and says on its output what it skipped"
)]

mod bird;
mod exabgp;
mod frr;
mod gobgp;
mod namespace;
mod openbgpd;
mod process;
mod speaker;
#[path = "../shared/waiting.rs"]
mod waiting;
