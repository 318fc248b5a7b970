//! What leaves the core but for octets: actions, and events for the log.

use alloc::collections::VecDeque;
use alloc::string::String;

use super::action::Action;
use super::event::{Event, EventKind, Severity};
use super::obligation::Party;

/// What waits to be polled.
#[derive(Debug, Default)]
pub(super) struct Contract {
    pub(super) actions: VecDeque<Action>,
    pub(super) events: VecDeque<Event>,
    /// Routes that programs wrote, and routes that they were shown.
    pub(super) routes_handled: u64,
}

impl Contract {
    /// Asks for something to be carried out.
    pub(super) fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    /// Logs that something has changed, or how a signal was answered.
    pub(super) fn log(&mut self, severity: Severity, party: Party, text: String) {
        self.events.push_back(Event { severity, kind: EventKind::Change, party, text });
    }

    /// Logs what was tried or refused in vain, and may come again at once.
    pub(super) fn log_repeat(&mut self, severity: Severity, party: Party, text: String) {
        self.events.push_back(Event { severity, kind: EventKind::Repeat, party, text });
    }

    /// Logs a detail, or what somebody has said: it is said every time and ends nothing.
    pub(super) fn log_remark(&mut self, severity: Severity, party: Party, text: String) {
        self.events.push_back(Event { severity, kind: EventKind::Remark, party, text });
    }
}
