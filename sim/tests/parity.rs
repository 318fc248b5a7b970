//! The simulated machine is held to real Linux: the same programs, the same observations.
//!
//! A test binary of its own, because the real host takes the process's signals over.

#![allow(clippy::unwrap_used, reason = "without a loopback there is nothing to compare")]

use holdtime_sim::parity;

#[test]
fn the_simulated_machine_shows_what_linux_shows() {
    let table = parity::compare(1, "", &|| false).unwrap();
    assert!(table.outcomes.len() >= 30);
    assert!(table.holds(), "{table}");
}
