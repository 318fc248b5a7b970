//! The body of the differential targets. The comparison itself, and the list of what is known to differ, are in
//! `holdtime_peers::differential`.

use holdtime_peers::contest::Contestant;
use holdtime_peers::differential::{Verdict, compare};

/// Lets panics pass unheard: those of other crates are caught and are not our findings, and one of our own still ends the process.
pub fn quietly() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// Ends the process where our decoder and `other` disagree about `message` for no known reason.
pub fn against(other: &dyn Contestant, message: &[u8]) {
    if let Some(Verdict::Open(difference)) = compare(other, message) {
        eprintln!("{} disagrees: {difference}\n{message:02x?}", other.name());
        std::process::abort();
    }
}
