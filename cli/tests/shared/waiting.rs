//! Waiting for what another process does.

use std::time::{Duration, Instant};

/// How long anything may take that a test waits for. Passing tests never wait this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` holds; fails the test with `what` where it does not come to hold.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < until, "it did not happen that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
