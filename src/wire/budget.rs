//! A budget of steps for decoding, so that a decoder that loops fails at once under a fuzzer instead of timing out.
//!
//! Counted only with the feature `arbitrary`; otherwise a step is nothing.

#[cfg(feature = "arbitrary")]
use core::cell::Cell;

#[cfg(feature = "arbitrary")]
std::thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// One step of a decoder: every read from a [`Reader`](super::Reader) and every item that an iterator yields is one.
#[inline(always)]
pub(crate) fn step() {
    #[cfg(feature = "arbitrary")]
    STEPS.set(STEPS.get() + 1);
}

/// Steps taken by this thread so far; compare before and after.
#[cfg(feature = "arbitrary")]
pub fn steps() -> u64 {
    STEPS.get()
}
