#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| holdtime_dump::fuzzing::capture(bytes));
