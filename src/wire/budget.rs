//! A budget of steps for decoding, so that a decoder that loops fails at once under a fuzzer instead of timing out.
//!
//! Counted only with the feature `arbitrary`; otherwise a step is nothing.

#[cfg(feature = "arbitrary")]
use core::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "arbitrary")]
static STEPS: AtomicU64 = AtomicU64::new(0);

/// One step of a decoder: every read from a [`Reader`](super::Reader) and every item that an iterator yields is one.
#[inline(always)]
pub(crate) fn step() {
    #[cfg(feature = "arbitrary")]
    STEPS.fetch_add(1, Ordering::Relaxed);
}

/// Steps taken by the whole process so far; compare before and after, in a process that decodes on one thread.
#[cfg(feature = "arbitrary")]
pub fn steps() -> u64 {
    STEPS.load(Ordering::Relaxed)
}
