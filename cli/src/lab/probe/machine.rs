//! The machine of one scripted peer against a live daemon: real sockets, and a note of everything that goes over them.

use std::cell::Cell;
use std::future::pending;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holdtime_core::Instant;
use holdtime_core::speaker::{CloseKind, IoError, ListenerId, Signal, StreamId};
use holdtime_core::time::Now;
use holdtime_reactor::layer::Layer;
use holdtime_reactor::mio_host::MioHost;
use holdtime_reactor::{Ends, Host, HostOptions, Ready};
use holdtime_sim::actor::{OutOfBand, PeerRun, PeerState, ScriptedPeer};
use holdtime_sim::probe::Sightings;

/// How often a waiting peer looks whether the run is over.
const LOOK: Duration = Duration::from_millis(10);

/// What the peers of a run, and whoever looks on, share.
#[derive(Debug, Default)]
pub(super) struct SharedView {
    sightings: Mutex<Sightings>,
    /// How many peers have begun.
    ready: Mutex<usize>,
    over: AtomicBool,
    /// The process that the step `signal` is for.
    daemon: Mutex<Option<rustix::process::Pid>>,
}

impl SharedView {
    pub(super) fn sightings(&self) -> MutexGuard<'_, Sightings> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ready(&self) -> usize {
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_daemon(&self, daemon: Option<rustix::process::Pid>) {
        *self.daemon.lock().unwrap_or_else(PoisonError::into_inner) = daemon;
    }
}

/// A host that notes what one peer sees, and on which nothing is ready any more once the run is over.
pub(super) struct WatchedMachine<'a> {
    host: MioHost,
    shared: &'a SharedView,
    peer: usize,
    script: &'a std::cell::RefCell<ScriptedPeer>,
    has_begun: Cell<bool>,
}

impl<'a> WatchedMachine<'a> {
    /// # Errors
    /// No file descriptor or no memory left.
    pub(super) fn new(
        shared: &'a SharedView,
        peer: usize,
        script: &'a std::cell::RefCell<ScriptedPeer>,
    ) -> std::io::Result<Self> {
        let host = MioHost::without_signals(HostOptions::new(PathBuf::new(), |_| {}))?;
        Ok(Self { host, shared, peer, script, has_begun: Cell::new(false) })
    }

    fn now(&self) -> Instant {
        self.host.now().monotonic
    }

    fn note_state(&self) {
        let state: PeerState = self.script.borrow().state();
        self.shared.sightings().stands(self.now(), self.peer, state);
        if !self.has_begun.replace(true) {
            *self.shared.ready.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    }

    fn connected(&self, stream: StreamId, ends: Ends) -> Ends {
        let now = self.now();
        self.shared.sightings().connected(now, self.peer, stream, (ends.local, ends.remote));
        ends
    }
}

impl Layer for WatchedMachine<'_> {
    type Inner = MioHost;

    fn inner(&self) -> &MioHost {
        &self.host
    }

    fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError> {
        self.host.accept(listener, stream).map(|ends| self.connected(stream, ends))
    }

    fn finish_connect(&self, stream: StreamId) -> Result<Ends, IoError> {
        let finished = self.host.finish_connect(stream);
        if let Err(why) = finished
            && why != IoError::WouldBlock
        {
            self.shared.sightings().refused(self.now(), self.peer, why.to_string());
        }
        finished.map(|ends| self.connected(stream, ends))
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        let read = self.host.read(stream, into);
        let now = self.now();
        let mut sightings = self.shared.sightings();
        match read {
            Ok(0) => sightings.ended(now, self.peer, stream, false),
            Ok(count) => {
                sightings.received(now, self.peer, stream, into.get(..count).unwrap_or_default());
            }
            Err(IoError::WouldBlock) => {}
            Err(_) => sightings.ended(now, self.peer, stream, true),
        }
        read
    }

    fn write(&self, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError> {
        let written = self.host.write(stream, bytes)?;
        let now = self.now();
        let octets = bytes.get(..written).unwrap_or_default();
        self.shared.sightings().sent(now, self.peer, stream, octets);
        Ok(written)
    }

    fn close(&self, stream: StreamId, how: CloseKind) {
        self.shared.sightings().closed(self.now(), self.peer, stream);
        self.host.close(stream, how);
    }

    async fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> Now {
        self.note_state();
        if self.shared.over.load(Ordering::Relaxed) {
            return pending().await;
        }
        let look = self.now() + LOOK;
        self.host.wait(Some(deadline.map_or(look, |deadline| deadline.min(look))), ready).await
    }
}

impl OutOfBand for WatchedMachine<'_> {
    fn signal_speaker(&self, signal: Signal) {
        let daemon = *self.shared.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(daemon) = daemon {
            let now = self.now();
            self.shared.sightings().signalled(now, signal.name());
            // One that has ended is not there to mind.
            let _ = rustix::process::kill_process(daemon, crate::lab::suite::on_unix(signal));
        }
    }

    // What only the lab can do is refused before a peer begins.
    fn jump_clock(&self, _: i64) {}
    fn vanish(&self) {}
}
