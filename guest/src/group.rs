//! A program and what it has started: processes that run one at a time, each from one stop to the next.
//!
//! ```text
//! Ready ──runs──▸ a stop ──a call──▸ Called ──attempted──▸ answered ─▸ Ready
//!                                      ▴          └──not yet──▸ Waiting ─┐
//!                                      └─── the lab, a child, a pipe ────┘
//! ```

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::Path;

use holdtime_host::ExitStatus;
use holdtime_host::time::{Duration, Instant, Now};
use holdtime_machine::guest::{Guest, GuestAnswer, GuestCall, GuestFault};
use libc::c_int;

use crate::call::{self, AlarmForm, Pending};
use crate::ends::{Closing, StandardStreams};
use crate::memory::{TimeForm, scatter, write_time};
use crate::poll::{PollSet, ready_now};
use crate::random::FixedOctets;
use crate::tracee::{PROCESSOR_SECONDS, Tracee, TraceeStop};

/// The program's own number, and that of the speaker: where many runs share a machine, the kernel's differ from run to run.
const PID: i64 = 1001;
const PARENT: i64 = 1000;

/// A program and all of its processes.
#[derive(Debug)]
pub(crate) struct GuestProcesses {
    command: String,
    ends: StandardStreams,
    /// The program first, then what was started, in that order.
    processes: Vec<Process>,
    /// Whose call the lab is at.
    asked: Option<usize>,
    now: Now,
    random: FixedOctets,
    /// What was written to the standard error since its last line's end.
    log: Vec<u8>,
    lines: VecDeque<String>,
}

#[derive(Debug)]
struct Process {
    tracee: Tracee,
    /// Who started it, by its place in the group; the program itself has none.
    parent: Option<usize>,
    state: State,
    alarm: Option<Alarm>,
}

/// When a process gets SIGALRM.
#[derive(Clone, Copy, Debug)]
struct Alarm {
    at: Instant,
    /// From each to the next; zero: there is one.
    interval: Duration,
}

#[derive(Debug)]
enum State {
    /// It runs on, after this signal; 0: none.
    Ready(c_int),
    /// It stands at a call that is to be attempted.
    Called(Pending),
    /// It stands at a call that cannot be answered yet.
    Waiting(Pending, Block),
    /// It stands still until the process of this place in the group is another program, or over.
    Held(usize),
    /// It is over.
    Over(ExitStatus),
}

/// What a call waits for, as far as the lab has a part in it.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    until: Option<Instant>,
    read: bool,
    write: bool,
}

/// What comes of attempting a call.
enum Attempt {
    /// It returns this.
    Return(i64),
    /// The kernel carries it out.
    Free,
    /// The lab is to be asked first.
    Ask(GuestCall),
    /// It is for later.
    Wait(Block),
}

impl Guest for GuestProcesses {
    fn go_on(&mut self, now: Now, answer: GuestAnswer) -> Result<GuestCall, GuestFault> {
        self.now = now;
        match (self.asked.take(), answer) {
            (Some(index), answer) => self.settle(index, &answer)?,
            (None, GuestAnswer::Ready { read, write }) => self.wake(read, write),
            (None, _) => {}
        }
        self.processes.iter_mut().for_each(|process| process.ring(now.monotonic));
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Ok(GuestCall::Log(line));
            }
            if let Some(closing) = self.closing() {
                return Ok(closing);
            }
            let Some(index) = self.next() else { return self.rest() };
            if let Some(call) = self.step(index)? {
                self.asked = Some(index);
                return Ok(call);
            }
        }
    }
}

impl GuestProcesses {
    pub(crate) fn new(command: String, tracee: Tracee, ends: StandardStreams) -> Self {
        Self {
            command,
            ends,
            processes: vec![Process::new(tracee, None)],
            asked: None,
            now: Now::default(),
            random: FixedOctets::default(),
            log: Vec::new(),
            lines: VecDeque::new(),
        }
    }

    fn unheld(&self, what: &str) -> GuestFault {
        GuestFault::Unheld(format!("the program {} {what}, which the lab cannot hold", self.command))
    }

    fn lost(&self, error: &io::Error) -> GuestFault {
        GuestFault::Unheld(format!("the lab lost hold of the program {}: {error}", self.command))
    }

    /// What the program has closed, while it goes on.
    fn closing(&mut self) -> Option<GuestCall> {
        if self.processes[0].is_over() {
            return None;
        }
        self.ends.closing().map(|closing| match closing {
            Closing::Input => GuestCall::CloseInput,
            Closing::Output => GuestCall::CloseOutput,
        })
    }

    /// The next process that can go on.
    fn next(&self) -> Option<usize> {
        (0..self.processes.len()).find(|index| match &self.processes[*index].state {
            State::Ready(_) | State::Called(_) => true,
            State::Waiting(pending, _) => self.can_go_on(*index, pending),
            State::Held(_) | State::Over(_) => false,
        })
    }

    /// Whether a call that waits has what it waits for, without the lab.
    fn can_go_on(&self, index: usize, pending: &Pending) -> bool {
        let tracee = &self.processes[index].tracee;
        match pending {
            Pending::Own { fd, events } => ready_now(tracee, *fd, *events) != 0,
            Pending::Child(child) => self.has_ended(index, *child),
            Pending::Suspend { mask } => tracee.has_signal(*mask),
            Pending::Poll(set) => set.ready(tracee, (false, false)).is_some(),
            _ => false,
        }
    }

    /// Whether waiting for this child of a process, or for any, would not wait.
    fn has_ended(&self, index: usize, child: Option<i32>) -> bool {
        let mut children = self.processes.iter().filter(|process| process.parent == Some(index));
        if let Some(pid) = child {
            return children.find(|process| process.tracee.pid == pid).is_none_or(Process::is_over);
        }
        // One that is over and was waited for is not in the kernel's table any more.
        let is_unreaped = |process: &&Process| {
            process.is_over() && Path::new(&format!("/proc/{}", process.tracee.pid)).exists()
        };
        children.clone().any(|process| is_unreaped(&process)) || children.all(Process::is_over)
    }

    /// Nobody can go on: the program is over, or the lab is told what everybody waits for.
    fn rest(&mut self) -> Result<GuestCall, GuestFault> {
        if let State::Over(status) = self.processes[0].state {
            let left = self.processes.iter().find(|process| !process.is_over());
            return match left {
                None => Ok(GuestCall::Exit(status)),
                Some(process) => {
                    let name = fs::read_to_string(format!("/proc/{}/comm", process.tracee.pid));
                    let name = name.unwrap_or_default();
                    Err(self.unheld(&format!("ended and left its child {} behind", name.trim())))
                }
            };
        }
        let mut all = Block::default();
        for process in &self.processes {
            if let State::Waiting(_, block) = &process.state {
                let alarm = process.alarm.map(|alarm| alarm.at);
                all.until = [all.until, block.until, alarm].into_iter().flatten().min();
                all.read |= block.read;
                all.write |= block.write;
            }
        }
        Ok(GuestCall::Wait { until: all.until, read: all.read, write: all.write })
    }

    /// The lab's wait is over.
    fn wake(&mut self, read: bool, write: bool) {
        let now = self.now.monotonic;
        for process in &mut self.processes {
            let State::Waiting(pending, block) = &process.state else { continue };
            let is_due = block.until.is_some_and(|until| until <= now);
            if is_due || block.read && read || block.write && write {
                process.state = State::Called(pending.clone());
            }
        }
    }

    /// Takes a process one step further; what it has to ask of the lab first.
    fn step(&mut self, index: usize) -> Result<Option<GuestCall>, GuestFault> {
        let pending = match &self.processes[index].state {
            State::Ready(signal) => {
                let signal = *signal;
                self.run(index, signal)?;
                return Ok(None);
            }
            State::Called(pending) | State::Waiting(pending, _) => pending.clone(),
            State::Held(_) | State::Over(_) => return Ok(None),
        };
        let attempt = self.attempt(index, &pending);
        self.conclude(index, pending, attempt)
    }

    /// Carries out what came of attempting a call.
    fn conclude(
        &mut self,
        index: usize,
        pending: Pending,
        attempt: Result<Attempt, CallError>,
    ) -> Result<Option<GuestCall>, GuestFault> {
        let attempt = match attempt {
            Ok(attempt) => attempt,
            Err(CallError::Fault(what)) => return Err(self.unheld(&what)),
            Err(CallError::Io(error)) => Attempt::Return(errno(&error)),
        };
        let process = &mut self.processes[index];
        process.state = match attempt {
            Attempt::Return(value) => {
                // One that was killed meanwhile has no registers: its next stop tells.
                let _ = process.tracee.skip_call(value);
                let _ = process.tracee.allow_processor_time();
                State::Ready(0)
            }
            Attempt::Free => State::Ready(0),
            Attempt::Wait(block) => State::Waiting(pending, block),
            Attempt::Ask(call) => {
                process.state = State::Called(pending);
                return Ok(Some(call));
            }
        };
        Ok(None)
    }

    /// Lets a process run to its next stop.
    fn run(&mut self, index: usize, signal: c_int) -> Result<(), GuestFault> {
        let process = &self.processes[index];
        // Where it was killed meanwhile, waiting for it says so.
        let _ = process.tracee.resume(signal);
        let stop = process.tracee.wait().map_err(|error| self.lost(&error))?;
        let state = match stop {
            TraceeStop::Call(registers) => {
                let decoded = call::decode(&process.tracee, &self.ends, &registers, self.now);
                State::Called(decoded.unwrap_or_else(|error| Pending::Answered(errno(&error))))
            }
            TraceeStop::Executed => {
                process.tracee.hide_vdso().map_err(|error| self.lost(&error))?;
                self.release(index);
                State::Ready(0)
            }
            TraceeStop::Released => State::Ready(0),
            TraceeStop::Forked { child, waits } => {
                let tracee = Tracee { pid: child };
                tracee.wait().map_err(|error| self.lost(&error))?;
                self.processes.push(Process::new(tracee, Some(index)));
                if waits { State::Held(self.processes.len() - 1) } else { State::Ready(0) }
            }
            TraceeStop::Signal(libc::SIGXCPU) => {
                return Err(GuestFault::Spins(format!(
                    "computes without end: {PROCESSOR_SECONDS} s of processor time without a call of the lab's"
                )));
            }
            TraceeStop::Signal(libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU) => {
                return Err(self.unheld("stops itself"));
            }
            TraceeStop::Signal(signal) => State::Ready(signal),
            TraceeStop::Exited(code) => State::Over(ExitStatus::Code(code)),
            TraceeStop::Killed(signal) => State::Over(ExitStatus::Signal(signal)),
        };
        if let State::Over(_) = state {
            self.release(index);
            self.flush_log(index);
        }
        self.processes[index].state = state;
        Ok(())
    }

    /// Lets those go on that wait until a process is another program, or over.
    fn release(&mut self, index: usize) {
        for process in &mut self.processes {
            if matches!(process.state, State::Held(held) if held == index) {
                process.state = State::Ready(0);
            }
        }
    }

    fn attempt(&mut self, index: usize, pending: &Pending) -> Result<Attempt, CallError> {
        let tracee = &self.processes[index].tracee;
        Ok(match pending {
            Pending::Answered(value) => Attempt::Return(*value),
            Pending::Free => Attempt::Free,
            Pending::Clock { .. } => Attempt::Ask(GuestCall::Clock),
            Pending::Sleep { until } if *until <= self.now.monotonic => Attempt::Return(0),
            Pending::Sleep { until } => Attempt::Wait(Block { until: Some(*until), ..Block::default() }),
            Pending::Read { into, .. } => match into.iter().map(|(_, count)| count).sum() {
                0 => Attempt::Return(0),
                most => Attempt::Ask(GuestCall::Read(most)),
            },
            Pending::Write { bytes, .. } if bytes.is_empty() => Attempt::Return(0),
            Pending::Write { bytes, written, .. } => {
                Attempt::Ask(GuestCall::Write(bytes.get(*written..).unwrap_or_default().to_vec()))
            }
            Pending::Log(bytes) => {
                self.take_log(bytes);
                Attempt::Return(bytes.len() as i64)
            }
            Pending::Poll(set) if set.is_unheld() => {
                return Err(CallError::Fault("waits for what is neither a file nor a pipe".to_owned()));
            }
            Pending::Poll(set) if set.wants() == (false, false) => {
                self.settle_poll(index, set, (false, false))?
            }
            Pending::Poll(_) => Attempt::Ask(GuestCall::Look),
            Pending::Own { fd, events } => match ready_now(tracee, *fd, *events) {
                0 => Attempt::Wait(Block::default()),
                _ => Attempt::Free,
            },
            Pending::Alarm { first, interval, told } => {
                let now = self.now.monotonic;
                Attempt::Return(self.processes[index].set_alarm(now, *first, *interval, *told)?)
            }
            Pending::Suspend { .. } | Pending::Child(_) => match self.can_go_on(index, pending) {
                true => Attempt::Free,
                false => Attempt::Wait(Block::default()),
            },
            Pending::Kill { pid, signal } => self.kill(index, *pid, *signal)?,
            Pending::Identity { parent: true } if index == 0 => Attempt::Return(PARENT),
            Pending::Identity { parent } => {
                let who = if *parent { self.processes[index].parent } else { Some(index) };
                if who == Some(0) { Attempt::Return(PID) } else { Attempt::Free }
            }
            Pending::Random { to, count } => {
                let octets = self.random.take(*count);
                tracee.write(*to, &octets)?;
                Attempt::Return(octets.len() as i64)
            }
            Pending::Unheld(what) => return Err(CallError::Fault(what.clone())),
        })
    }

    /// What came of the call that the lab was asked to make.
    fn settle(&mut self, index: usize, answer: &GuestAnswer) -> Result<(), GuestFault> {
        let State::Called(pending) = &self.processes[index].state else { return Ok(()) };
        let mut pending = pending.clone();
        let attempt = self.answered(index, &mut pending, answer);
        // What it asks is the rest of a write, which is attempted again.
        self.conclude(index, pending, attempt).map(drop)
    }

    fn answered(
        &mut self,
        index: usize,
        pending: &mut Pending,
        answer: &GuestAnswer,
    ) -> Result<Attempt, CallError> {
        let tracee = &self.processes[index].tracee;
        Ok(match (pending, answer) {
            (Pending::Clock { wall, to, form }, _) => {
                let now = self.now;
                let nanos = if *wall { now.wall.as_nanos() } else { now.monotonic.as_nanos() as i64 };
                Attempt::Return(write_time(tracee, *to, *form, nanos)?)
            }
            (Pending::Read { into, .. }, GuestAnswer::Read(bytes)) => {
                scatter(tracee, into, bytes)?;
                Attempt::Return(bytes.len() as i64)
            }
            (Pending::Read { waits: true, .. }, _) => Attempt::Wait(Block { read: true, ..Block::default() }),
            (Pending::Write { bytes, written, waits }, GuestAnswer::Written(count)) => {
                *written += count;
                match *waits && *written < bytes.len() {
                    true => Attempt::Ask(GuestCall::Look),
                    false => Attempt::Return(*written as i64),
                }
            }
            (Pending::Write { .. }, GuestAnswer::Broken) => {
                tracee.signal(libc::SIGPIPE);
                Attempt::Return(-i64::from(libc::EPIPE))
            }
            (Pending::Write { waits: true, .. }, _) => {
                Attempt::Wait(Block { write: true, ..Block::default() })
            }
            (Pending::Write { written, .. }, _) if *written > 0 => Attempt::Return(*written as i64),
            (Pending::Poll(set), GuestAnswer::Ready { read, write }) => {
                let set = set.clone();
                self.settle_poll(index, &set, (*read, *write))?
            }
            _ => Attempt::Return(-i64::from(libc::EAGAIN)),
        })
    }

    fn settle_poll(&self, index: usize, set: &PollSet, lab: (bool, bool)) -> Result<Attempt, CallError> {
        let tracee = &self.processes[index].tracee;
        if let Some(found) = set.ready(tracee, lab) {
            return Ok(Attempt::Return(set.answer(tracee, &found)?));
        }
        if set.until.is_some_and(|until| until <= self.now.monotonic) {
            return Ok(Attempt::Return(set.answer(tracee, &set.none())?));
        }
        let (read, write) = set.wants();
        Ok(Attempt::Wait(Block { until: set.until, read, write }))
    }

    /// Lets a process signal one of the guest's own, and ends the wait of that.
    fn kill(&mut self, index: usize, pid: i32, signal: i32) -> Result<Attempt, CallError> {
        if pid == -1 {
            return Err(CallError::Fault("signals every process there is".to_owned()));
        }
        let number = if i64::from(pid.abs()) == PID { self.processes[0].tracee.pid } else { pid.abs() };
        let is_meant = |process: &Process| pid <= 0 || process.tracee.pid == number;
        if pid != 0 && !self.processes.iter().any(|process| process.tracee.pid == number) {
            return Ok(Attempt::Return(-i64::from(libc::ESRCH)));
        }
        self.processes[index].tracee.aim_signal(pid.signum() * number)?;
        for process in self.processes.iter_mut().filter(|process| signal != 0 && is_meant(process)) {
            if !process.tracee.ignores(signal) {
                process.interrupt();
            }
        }
        Ok(Attempt::Free)
    }

    fn take_log(&mut self, bytes: &[u8]) {
        self.log.extend(bytes);
        while let Some(end) = self.log.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.log.drain(..=end).collect();
            self.lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
    }

    /// The program is over: what stands without a line's end is a line.
    fn flush_log(&mut self, index: usize) {
        if index == 0 && !self.log.is_empty() {
            self.take_log(b"\n");
        }
    }
}

impl Process {
    fn is_over(&self) -> bool {
        matches!(self.state, State::Over(_))
    }

    fn new(tracee: Tracee, parent: Option<usize>) -> Self {
        Self { tracee, parent, state: State::Ready(0), alarm: None }
    }

    /// Sends SIGALRM where it is due.
    fn ring(&mut self, now: Instant) {
        let Some(alarm) = self.alarm.filter(|alarm| alarm.at <= now) else { return };
        if self.is_over() {
            self.alarm = None;
            return;
        }
        let next = Alarm { at: now + alarm.interval, ..alarm };
        self.alarm = Some(next).filter(|_| !alarm.interval.is_zero());
        self.tracee.signal(libc::SIGALRM);
        if !self.tracee.ignores(libc::SIGALRM) {
            self.interrupt();
        }
    }

    /// Sets the timer that sends SIGALRM, and tells what it was set to.
    fn set_alarm(
        &mut self,
        now: Instant,
        first: Option<Duration>,
        interval: Duration,
        told: AlarmForm,
    ) -> io::Result<i64> {
        let left = |alarm: Alarm| (alarm.at.saturating_since(now), alarm.interval);
        let (left, before) = self.alarm.map(left).unwrap_or_default();
        self.alarm = first.map(|first| Alarm { at: now + first, interval });
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

    /// Ends a wait: there is a signal, or there will be before it is resumed.
    fn interrupt(&mut self) {
        match &self.state {
            State::Waiting(Pending::Suspend { .. } | Pending::Child(_) | Pending::Own { .. }, _) => {
                self.state = State::Called(Pending::Free);
            }
            State::Waiting(..) => {
                self.state = State::Called(Pending::Answered(-i64::from(libc::EINTR)));
            }
            _ => {}
        }
    }
}

/// Why a call has no plain answer.
enum CallError {
    /// The lab cannot hold it.
    Fault(String),
    /// An errno.
    Io(io::Error),
}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What a call returns for this error.
fn errno(error: &io::Error) -> i64 {
    -i64::from(error.raw_os_error().unwrap_or(libc::EIO))
}

impl Drop for GuestProcesses {
    fn drop(&mut self) {
        for process in self.processes.iter().filter(|process| !process.is_over()) {
            process.tracee.signal(libc::SIGKILL);
            while let Ok(stop) = process.tracee.wait() {
                if matches!(stop, TraceeStop::Exited(_) | TraceeStop::Killed(_)) {
                    break;
                }
                let _ = process.tracee.resume(0);
            }
        }
    }
}
