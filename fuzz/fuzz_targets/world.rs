#![no_main]

use std::sync::atomic::{AtomicU8, Ordering};

/// libFuzzer takes what is counted here for coverage, beside that of the code: the points that a run reaches.
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static POINTS: [AtomicU8; 1 << 12] = [const { AtomicU8::new(0) }; 1 << 12];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    holdtime_sim::explore::fuzz(bytes, |point| {
        POINTS[point as usize % POINTS.len()].fetch_add(1, Ordering::Relaxed);
    });
});
