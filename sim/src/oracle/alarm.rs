//! What an oracle says when it sounds, and what each can do.

use holdtime_core::Instant;

use crate::observe::{ProgramKey, Seen, SessionKey};
pub use crate::scenario::Oracle;

/// An oracle has sounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Which.
    pub oracle: Oracle,
    /// When it sounded: the moment from which the deadline is past.
    pub at: Instant,
    /// Since when what is missing was due to come.
    pub since: Instant,
    /// Who is waiting for it.
    pub creditor: Creditor,
    /// What kind of thing is missing.
    pub missing: Missing,
    /// What is missing, such as `an answer to "announce route …"`.
    pub what: String,
    /// Which rule says that it had to come, and by when.
    pub clause: &'static str,
}

/// What kind of thing is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// A command's answer.
    Answer,
    /// An announcement or a withdrawal.
    Routes,
    /// A KEEPALIVE.
    Keepalive,
    /// The end of a session by this timer.
    End(EndTimer),
    /// The rest of the hold time: the session was ended before it was over.
    FullHoldTime,
    /// A session that is established at all.
    Session,
    /// A session that lasts.
    LastingSession,
    /// That a queue stops growing.
    Bound,
    /// Rest: there is work without progress, of this kind.
    Rest(IdleWork),
}

/// A timer that ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndTimer {
    /// OpenSent's hold timer.
    OpenWait,
    /// The hold timer.
    Hold,
    /// The send hold timer.
    SendHold,
}

/// Work without progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdleWork {
    /// Turns that the task's own deadlines cause.
    Deadlines,
    /// Turns that readiness or other tasks cause.
    Readiness,
    /// One turn that does not end.
    Calls,
    /// KEEPALIVEs.
    Keepalives,
    /// Connections dialled.
    Dials,
}

/// Who waits in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Creditor {
    /// The other end of a session.
    Session(SessionKey),
    /// An API program.
    Program(ProgramKey),
    /// Whoever pays for the machine.
    Machine,
}

/// One oracle at work. It is shown everything that can be seen, and asked at its deadline.
pub trait Judge {
    /// Something was seen.
    fn see(&mut self, at: Instant, seen: &Seen<'_>);

    /// When to ask next, even if nothing more is seen; of an alarm that has sounded, when it did.
    fn deadline(&self) -> Option<Instant>;

    /// Its alarm, if it has reason for one now.
    fn judge(&mut self, now: Instant) -> Option<Alarm>;

    /// Its alarm, if all being quiet is reason for one.
    fn judge_at_rest(&mut self, now: Instant) -> Option<Alarm> {
        self.judge(now)
    }
}
