//! What waits to be written to a program: answers, which are never lost, and events, which are while it does not read.

use alloc::string::String;
use alloc::vec::Vec;

/// Above this many octets no more commands are taken from the program: it is to read its answers first.
pub(in crate::speaker) const COMMANDS_WAIT: usize = 64 * 1024;

/// Above this many octets the peers whose events these are, are read more slowly, until half of it has been read.
pub(in crate::speaker) const EVENTS_WAIT: usize = 1024 * 1024;

/// Above this many octets events are dropped and counted, until half of it has been read.
pub(in crate::speaker) const EVENTS_LOST: usize = 8 * 1024 * 1024;

/// The octets for a program's standard input, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// How many of them were written.
    sent: usize,
    /// Events dropped since the program was last told of its loss.
    lost: u64,
    /// From here on nothing is written yet: an answer follows its effect, which is still under way.
    gate: Option<usize>,
    /// Nobody reads any more.
    closed: bool,
}

impl Output {
    /// Octets that wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// What to write next; `None` where nothing waits.
    pub(super) fn next(&self) -> Option<&[u8]> {
        self.bytes.get(self.sent..self.gate.unwrap_or(self.bytes.len())).filter(|bytes| !bytes.is_empty())
    }

    /// Writes nothing of what is queued from now on.
    pub(super) fn hold(&mut self) {
        self.gate.get_or_insert(self.bytes.len());
    }

    /// Writes everything again.
    pub(super) fn release(&mut self) {
        self.gate = None;
    }

    /// Whether something may not be written yet.
    pub(super) fn is_held(&self) -> bool {
        self.gate.is_some()
    }

    /// Forgets what was written.
    pub(super) fn consume(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.bytes.len());
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.sent = 0;
            self.gate = self.gate.map(|_| 0);
            // What one burst took is not kept for ever.
            self.bytes.shrink_to(COMMANDS_WAIT);
        } else if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.gate = self.gate.map(|gate| gate.saturating_sub(self.sent));
            self.sent = 0;
        }
    }

    /// Whether answers to more commands would find room.
    pub(super) fn has_room(&self) -> bool {
        self.len() <= COMMANDS_WAIT
    }

    /// Whether so much waits that there should not be much more of it. Once events are lost it does not matter any more.
    pub(super) fn is_behind(&self) -> bool {
        self.lost == 0 && self.len() > EVENTS_WAIT
    }

    /// Drops everything, now and from now on: nobody reads any more.
    pub(super) fn close(&mut self) {
        *self = Self { closed: true, ..Self::default() };
    }

    /// Queues one line of an answer.
    pub(super) fn answer(&mut self, line: &str) {
        if !self.closed {
            self.bytes.extend_from_slice(line.as_bytes());
            self.bytes.push(b'\n');
        }
    }

    /// Queues an event, or counts it as lost. `report` writes the line that tells of a loss.
    pub(super) fn event(&mut self, line: &str, report: impl FnOnce(u64) -> String) {
        if self.closed {
            return;
        }
        let limit = if self.lost > 0 { EVENTS_LOST / 2 } else { EVENTS_LOST };
        if self.len() + line.len() > limit {
            self.lost += 1;
            return;
        }
        if let Some(report) = self.report(report) {
            self.answer(&report);
        }
        self.answer(line);
    }

    /// How many events were dropped of which the program has not been told.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// The line that tells of a loss, once there is room for events again.
    pub(super) fn report(&mut self, report: impl FnOnce(u64) -> String) -> Option<String> {
        let due = self.lost > 0 && self.len() <= EVENTS_LOST / 2;
        due.then(|| report(core::mem::take(&mut self.lost)))
    }
}
