//! One process of a guest: how far it is, its alarm, and the signals that end its waits.

use std::io;

use holdtime_host::ExitStatus;
use holdtime_host::time::{Duration, Instant};
use libc::c_int;

use crate::call::{AlarmForm, Pending};
use crate::memory::{TimeForm, write_time};
use crate::tracee::Tracee;

/// A process of a guest.
#[derive(Debug)]
pub(crate) struct GuestProcess {
    pub(crate) tracee: Tracee,
    /// Who started it, by its place in the group; the program itself has none.
    pub(crate) parent: Option<usize>,
    pub(crate) state: GuestState,
    pub(crate) alarm: Option<GuestAlarm>,
    /// Whether it has a signal that it has not stopped for: what it is to wait for, that ends.
    signalled: bool,
}

/// When a process gets SIGALRM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuestAlarm {
    pub(crate) at: Instant,
    /// From each to the next; zero: there is one.
    interval: Duration,
}

/// How far a process is.
#[derive(Debug)]
pub(crate) enum GuestState {
    /// It runs on, after this signal; 0: none.
    Ready(c_int),
    /// It stands at a call that is to be attempted.
    Called(Pending),
    /// It stands at a call that cannot be answered yet.
    Waiting(Pending, CallBlock),
    /// It stands still until the process of this place in the group is another program, or over.
    Held(usize),
    /// It is over.
    Over(ExitStatus),
}

/// What a call waits for, as far as the lab has a part in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallBlock {
    pub(crate) until: Option<Instant>,
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl GuestProcess {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, GuestState::Over(_))
    }

    pub(crate) fn new(tracee: Tracee, parent: Option<usize>) -> Self {
        Self { tracee, parent, state: GuestState::Ready(0), alarm: None, signalled: false }
    }

    /// Sends SIGALRM where it is due.
    pub(crate) fn ring(&mut self, now: Instant) {
        let Some(alarm) = self.alarm.filter(|alarm| alarm.at <= now) else { return };
        if self.is_over() {
            self.alarm = None;
            return;
        }
        let next = GuestAlarm { at: now + alarm.interval, ..alarm };
        self.alarm = Some(next).filter(|_| !alarm.interval.is_zero());
        self.send(libc::SIGALRM);
    }

    /// Sets the timer that sends SIGALRM, and tells what it was set to.
    pub(crate) fn set_alarm(
        &mut self,
        now: Instant,
        first: Option<Duration>,
        interval: Duration,
        told: AlarmForm,
    ) -> io::Result<i64> {
        let left = |alarm: GuestAlarm| (alarm.at.saturating_since(now), alarm.interval);
        let (left, before) = self.alarm.map(left).unwrap_or_default();
        self.alarm = first.map(|first| GuestAlarm { at: now + first, interval });
        match told {
            // Rounded up, as Linux does: 0 would say that there was none.
            AlarmForm::Seconds => Ok(left.as_secs() as i64 + i64::from(left.subsec_nanos() > 0)),
            AlarmForm::Interval(0) => Ok(0),
            AlarmForm::Interval(to) => {
                let nanos = |time: Duration| time.as_nanos() as i64;
                write_time(&self.tracee, to, TimeForm::Val, nanos(before))?;
                write_time(&self.tracee, to + 16, TimeForm::Val, nanos(left))
            }
        }
    }

    /// Sends it a signal, which ends what it waits for.
    pub(crate) fn send(&mut self, signal: c_int) {
        if self.is_over() {
            return;
        }
        self.tracee.signal(signal);
        if self.tracee.takes(signal) {
            self.signalled = true;
            self.interrupt();
        }
    }

    /// It waits, unless a signal has come meanwhile.
    pub(crate) fn wait(&mut self, pending: Pending, block: CallBlock) {
        self.state = GuestState::Waiting(pending, block);
        if self.signalled {
            self.interrupt();
        }
    }

    /// It has stopped for a signal.
    pub(crate) fn heard(&mut self) {
        self.signalled = false;
    }

    /// Ends a wait.
    fn interrupt(&mut self) {
        match &self.state {
            // The kernel knows whether the call is to be made again after a handler (SA_RESTART): what would be read there
            // never comes, but the signal ends that.
            GuestState::Waiting(
                Pending::Suspend { .. } | Pending::Child(_) | Pending::Own { .. } | Pending::Read { .. },
                _,
            ) => {
                self.state = GuestState::Called(Pending::Free);
            }
            GuestState::Waiting(..) => {
                self.state = GuestState::Called(Pending::Answered(-i64::from(libc::EINTR)));
            }
            _ => {}
        }
    }
}
