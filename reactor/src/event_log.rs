//! Where a speaker's events go.

use holdtime_core::speaker::Event;

/// Takes what a speaker has to say to people. It stands apart from [`Host`](holdtime_host::Host), which knows no speaker.
pub trait EventLog {
    /// Writes one event to the log. Never fails, never blocks for long.
    fn log(&self, event: &Event);
}
