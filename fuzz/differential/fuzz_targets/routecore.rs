#![no_main]

use holdtime_fuzz_differential::{against, quietly};
use holdtime_peers::routecore::Routecore;

libfuzzer_sys::fuzz_target!(init: quietly(), |message: &[u8]| against(&Routecore, message));
