//! The bodies of the fuzz targets in `fuzz/`, compiled with the library they test. Each takes any bytes at all, and panics
//! where something that must hold does not.
//!
//! A file for each kind of input: [`messages`], the [`nlri`] of each family, the [`attributes`] with an inner structure,
//! [`files`] that others wrote (configurations, commands), real messages with [`mutation`]s, and what begins with our own types (`owned`) or plays a whole
//! [`speaker`]. `cargo test` replays the checked-in corpora through them, without a fuzzer.

#![allow(clippy::panic, reason = "what must hold and does not is a finding")]

pub mod attributes;
pub mod files;
#[cfg(all(test, feature = "arbitrary"))]
mod guard;
pub mod messages;
pub mod mutation;
pub mod nlri;
#[cfg(feature = "arbitrary")]
pub mod owned;
#[cfg(test)]
mod replay;
#[cfg(feature = "arbitrary")]
pub mod speaker;

use alloc::vec;
use alloc::vec::Vec;

use crate::wire::{BufferFull, Family, FamilyTerms, Negotiated, Writer};

/// What `write` writes; what `octets` were decoded into may take twice as many, and no more.
fn encode(
    octets: usize,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), BufferFull>,
) -> Result<Vec<u8>, BufferFull> {
    let mut buffer = vec![0; 2 * octets + 64];
    let mut out = Writer::new(&mut buffer);
    write(&mut out)?;
    Ok(out.written().to_vec())
}

/// Runs a decoder over `octets`, and fails if it takes more steps than they warrant: one that loops is found at once.
pub fn within_budget<T>(octets: usize, decode: impl FnOnce() -> T) -> T {
    #[cfg(not(feature = "arbitrary"))]
    {
        let _ = octets;
        decode()
    }
    #[cfg(feature = "arbitrary")]
    {
        const STEPS_PER_OCTET: u64 = 8;
        const STEPS_PER_MESSAGE: u64 = 64;
        let before = crate::wire::budget::steps();
        let decoded = decode();
        let steps = crate::wire::budget::steps() - before;
        let budget = STEPS_PER_OCTET * octets as u64 + STEPS_PER_MESSAGE;
        assert!(steps <= budget, "{steps} steps for {octets} octets");
        decoded
    }
}

/// A session of every family that has a decoder. Its bits make AS numbers two octets (0), NLRI with path identifiers (1), the peer
/// internal (2).
fn session(choices: u8) -> Negotiated {
    let has = |bit: u8| choices >> bit & 1 == 1;
    let mut negotiated = Negotiated::between(65_000, if has(2) { 65_000 } else { 65_001 });
    negotiated.asn4 = !has(0);
    negotiated.extended_message = true;
    for family in Family::ALL {
        negotiated.set_family(FamilyTerms {
            add_path_receive: has(1),
            add_path_send: has(1),
            ..FamilyTerms::assumed(family)
        });
    }
    negotiated
}
