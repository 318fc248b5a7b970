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

use holdtime_host::time::Now;
use holdtime_host::{ExitStatus, Signal};
use holdtime_machine::guest::{Guest, GuestAnswer, GuestCall, GuestFault};
use libc::{c_int, pid_t};

use crate::call::{self, Pending};
use crate::ends::{Closing, StandardStreams};
use crate::memory::{scatter, write_time};
use crate::poll::{PollSet, ready_now};
use crate::process::{CallBlock, GuestProcess, GuestState};
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
    processes: Vec<GuestProcess>,
    /// Whose call the lab is at.
    asked: Option<usize>,
    now: Now,
    random: FixedOctets,
    /// What was written to the standard error since its last line's end.
    log: Vec<u8>,
    lines: VecDeque<String>,
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
    Wait(CallBlock),
}

impl Guest for GuestProcesses {
    fn signal(&mut self, signal: Signal) {
        self.signal_group(self.processes[0].tracee.pid, signal.number().into());
    }

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
    /// Sends a signal to those that are in this process group.
    fn signal_group(&mut self, group: pid_t, signal: c_int) {
        let members = self.processes.iter_mut().filter(|process| process.tracee.group() == Some(group));
        members.for_each(|process| process.send(signal));
    }

    pub(crate) fn new(command: String, tracee: Tracee, ends: StandardStreams) -> Self {
        Self {
            command,
            ends,
            processes: vec![GuestProcess::new(tracee, None)],
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
            GuestState::Ready(_) | GuestState::Called(_) => true,
            GuestState::Waiting(pending, _) => self.can_go_on(*index, pending),
            GuestState::Held(_) | GuestState::Over(_) => false,
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
            return children.find(|process| process.tracee.pid == pid).is_none_or(GuestProcess::is_over);
        }
        // One that is over and was waited for is not in the kernel's table any more.
        let is_unreaped = |process: &&GuestProcess| {
            process.is_over() && Path::new(&format!("/proc/{}", process.tracee.pid)).exists()
        };
        children.clone().any(|process| is_unreaped(&process)) || children.all(GuestProcess::is_over)
    }

    /// Nobody can go on: the program is over, or the lab is told what everybody waits for.
    fn rest(&mut self) -> Result<GuestCall, GuestFault> {
        if let GuestState::Over(status) = self.processes[0].state {
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
        let mut all = CallBlock::default();
        for process in &self.processes {
            if let GuestState::Waiting(_, block) = &process.state {
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
            let GuestState::Waiting(pending, block) = &process.state else { continue };
            let is_due = block.until.is_some_and(|until| until <= now);
            if is_due || block.read && read || block.write && write {
                process.state = GuestState::Called(pending.clone());
            }
        }
    }

    /// Takes a process one step further; what it has to ask of the lab first.
    fn step(&mut self, index: usize) -> Result<Option<GuestCall>, GuestFault> {
        let pending = match &self.processes[index].state {
            GuestState::Ready(signal) => {
                let signal = *signal;
                self.run(index, signal)?;
                return Ok(None);
            }
            GuestState::Called(pending) | GuestState::Waiting(pending, _) => pending.clone(),
            GuestState::Held(_) | GuestState::Over(_) => return Ok(None),
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
        match attempt {
            Attempt::Return(value) => {
                // One that was killed meanwhile has no registers: its next stop tells.
                let _ = process.tracee.skip_call(value);
                let _ = process.tracee.allow_processor_time();
                process.state = GuestState::Ready(0);
            }
            Attempt::Free => process.state = GuestState::Ready(0),
            Attempt::Wait(block) => process.wait(pending, block),
            Attempt::Ask(call) => {
                process.state = GuestState::Called(pending);
                return Ok(Some(call));
            }
        }
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
                GuestState::Called(decoded.unwrap_or_else(|error| Pending::Answered(errno(&error))))
            }
            TraceeStop::Executed => {
                process.tracee.hide_vdso().map_err(|error| self.lost(&error))?;
                self.release(index);
                GuestState::Ready(0)
            }
            TraceeStop::Released => GuestState::Ready(0),
            TraceeStop::Forked { child, waits } => {
                let tracee = Tracee { pid: child };
                tracee.wait().map_err(|error| self.lost(&error))?;
                self.processes.push(GuestProcess::new(tracee, Some(index)));
                if waits { GuestState::Held(self.processes.len() - 1) } else { GuestState::Ready(0) }
            }
            TraceeStop::Signal(libc::SIGXCPU) => {
                return Err(GuestFault::Spins(format!(
                    "computes without end: {PROCESSOR_SECONDS} s of processor time without a call of the lab's"
                )));
            }
            TraceeStop::Signal(libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU) => {
                return Err(self.unheld("stops itself"));
            }
            TraceeStop::Signal(signal) => {
                self.processes[index].heard();
                GuestState::Ready(signal)
            }
            TraceeStop::Exited(code) => GuestState::Over(ExitStatus::Code(code)),
            TraceeStop::Killed(signal) => GuestState::Over(ExitStatus::Signal(signal)),
        };
        if let GuestState::Over(_) = state {
            self.release(index);
            self.flush_log(index);
        }
        self.processes[index].state = state;
        Ok(())
    }

    /// Lets those go on that wait until a process is another program, or over.
    fn release(&mut self, index: usize) {
        for process in &mut self.processes {
            if matches!(process.state, GuestState::Held(held) if held == index) {
                process.state = GuestState::Ready(0);
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
            Pending::Sleep { until } => {
                Attempt::Wait(CallBlock { until: Some(*until), ..CallBlock::default() })
            }
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
                0 => Attempt::Wait(CallBlock::default()),
                _ => Attempt::Free,
            },
            Pending::Alarm { first, interval, told } => {
                let now = self.now.monotonic;
                Attempt::Return(self.processes[index].set_alarm(now, *first, *interval, *told)?)
            }
            Pending::Suspend { .. } | Pending::Child(_) => match self.can_go_on(index, pending) {
                true => Attempt::Free,
                false => Attempt::Wait(CallBlock::default()),
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
        let GuestState::Called(pending) = &self.processes[index].state else { return Ok(()) };
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
            (Pending::Read { waits: true, .. }, _) => {
                Attempt::Wait(CallBlock { read: true, ..CallBlock::default() })
            }
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
                Attempt::Wait(CallBlock { write: true, ..CallBlock::default() })
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
        Ok(Attempt::Wait(CallBlock { until: set.until, read, write }))
    }

    /// Signals one of the guest's own processes, or a group of them, for the one that asks.
    fn kill(&mut self, index: usize, pid: i32, signal: i32) -> Result<Attempt, CallError> {
        if pid == -1 {
            return Err(CallError::Fault("signals every process there is".to_owned()));
        }
        let number = if i64::from(pid.abs()) == PID { self.processes[0].tracee.pid } else { pid.abs() };
        let group = if pid == 0 { self.processes[index].tracee.group() } else { Some(number) };
        let is_meant = |process: &&mut GuestProcess| match pid > 0 {
            true => process.tracee.pid == number,
            false => process.tracee.group() == group,
        };
        let mut meant = self.processes.iter_mut().filter(is_meant).peekable();
        if meant.peek().is_none() {
            return Ok(Attempt::Return(-i64::from(libc::ESRCH)));
        }
        if signal != 0 {
            meant.for_each(|process| process.send(signal));
        }
        Ok(Attempt::Return(0))
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
