#![no_main]

use holdtime_fuzz_differential::{against, quietly};
use holdtime_peers::bgpkit::Bgpkit;

libfuzzer_sys::fuzz_target!(init: quietly(), |message: &[u8]| against(&Bgpkit, message));
