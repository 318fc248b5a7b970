#![no_main]

use holdtime_fuzz_differential::{against, quietly};
use holdtime_peers::netgauze::Netgauze;

libfuzzer_sys::fuzz_target!(init: quietly(), |message: &[u8]| against(&Netgauze, message));
