//! Everybody around a speaker, on one thread: peers, programs, and one look at the kernel for all.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::bridge::{BridgedProgram, Heard};
use crate::peer::BenchPeer;

/// The longest look, so that whoever waits for something else looks up now and then.
const LOOK: Duration = Duration::from_millis(50);

/// How many octets a program's end reads at a time.
const READ: usize = 1 << 18;

/// Peers and programs around one speaker.
#[derive(Debug)]
pub(crate) struct Field<C> {
    pub(crate) peers: Vec<BenchPeer>,
    pub(crate) programs: Vec<BridgedProgram<C>>,
    buffer: Vec<u8>,
    /// The longest time that it did not look at the kernel since this was asked last: its own load.
    pub(crate) lag: Duration,
    /// Whoever waits for something else wants to be awake then.
    pub(crate) wakes_at: Option<Instant>,
}

impl<C> Field<C> {
    pub(crate) fn new(peers: Vec<BenchPeer>, programs: Vec<BridgedProgram<C>>) -> Self {
        Self { peers, programs, buffer: vec![0; READ], lag: Duration::ZERO, wakes_at: None }
    }

    /// Waits until something is ready, for 50 ms at most, and has everybody do what is ready or due; what each program heard.
    pub(crate) fn turn(&mut self) -> io::Result<Vec<(usize, Heard<C>)>> {
        let ready = self.look()?;
        let now = Instant::now();
        let mut buffer = std::mem::take(&mut self.buffer);
        let (peers, programs) = ready.split_at(self.peers.len());
        for (peer, ready) in self.peers.iter_mut().zip(peers) {
            if *ready || peer.deadline(now).is_some_and(|due| due <= now) {
                peer.turn(now, &mut buffer);
            }
        }
        let mut heard = Vec::new();
        for (index, (program, ready)) in self.programs.iter_mut().zip(programs).enumerate() {
            if *ready {
                heard.extend(program.turn(now, &mut buffer).into_iter().map(|one| (index, one)));
            }
        }
        self.buffer = buffer;
        self.lag = self.lag.max(now.elapsed());
        Ok(heard)
    }

    /// Looks at the kernel once: who is ready, peers before programs.
    fn look(&self) -> io::Result<Vec<bool>> {
        let now = Instant::now();
        let mut descriptors = Vec::new();
        let mut whose = Vec::new();
        for (index, peer) in self.peers.iter().enumerate() {
            // One that waits for nothing is left out: its hang-up would be reported for ever.
            if let Some((descriptor, flags)) = peer.waits_for(now).filter(|(_, flags)| !flags.is_empty()) {
                descriptors.push(PollFd::from_borrowed_fd(descriptor, flags));
                whose.push(index);
            }
        }
        for (index, program) in self.programs.iter().enumerate() {
            let (descriptor, flags) = program.waits_for(now);
            if !flags.is_empty() {
                descriptors.push(PollFd::from_borrowed_fd(descriptor, flags));
                whose.push(self.peers.len() + index);
            }
        }
        let due = self.peers.iter().filter_map(|peer| peer.deadline(now)).chain(self.wakes_at).min();
        let patience = due.map_or(LOOK, |due| due.saturating_duration_since(now).min(LOOK));
        let patience = Timespec { tv_sec: 0, tv_nsec: i64::from(patience.subsec_nanos()) };
        match rustix::event::poll(&mut descriptors, Some(&patience)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = vec![false; self.peers.len() + self.programs.len()];
        for (descriptor, index) in descriptors.iter().zip(whose) {
            let found = descriptor.revents().intersects(!PollFlags::NVAL);
            if let Some(slot) = ready.get_mut(index) {
                *slot = found;
            }
        }
        Ok(ready)
    }

    pub(crate) fn all_up(&self) -> bool {
        self.peers.iter().all(BenchPeer::is_up)
    }
}
