//! The machine of a live checking peer: real sockets, a speaker that starts once it is listened for, and an end.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdtime_core::Instant;
use holdtime_core::speaker::{CloseKind, IoError, ListenOptions, ListenerId, Signal, StreamId};
use holdtime_core::time::Now;
use holdtime_reactor::layer::Layer;
use holdtime_reactor::mio_host::MioHost;
use holdtime_reactor::{Ends, Host, HostOptions, Ready};
use holdtime_sim::actor::{OutOfBand, PeerRun, PeerState};
use holdtime_sim::probe::ProbeLog;
use holdtime_sim::suite::{Case, LIMIT};

use super::speaker::{SpeakerProcess, Whom};
use crate::interrupt;

/// How often a waiting peer looks whether its time is up.
const LOOK: Duration = Duration::from_millis(10);
/// What the peer is called in pictures.
const PEER: &str = "checking";
/// The length of a message's header (RFC 4271 §4.1).
const HEADER: usize = 19;

/// A host that starts the speaker as soon as the peer listens, and on which nothing is ready any more once the case is over.
pub(super) struct LiveMachine<'a, P> {
    host: MioHost,
    peer: &'a RefCell<P>,
    case: &'a Case,
    whom: Whom<'a>,
    root: &'a Path,
    speaker: RefCell<Option<Result<SpeakerProcess, String>>>,
    /// The header of a message whose body has not come.
    header: RefCell<Vec<u8>>,
    over: Cell<Option<LiveEnd>>,
    /// What the peer sees.
    log: RefCell<ProbeLog>,
}

/// What a checking peer saw, and until when.
#[derive(Default)]
pub(super) struct SeenCase {
    pub(super) log: ProbeLog,
    pub(super) until: Instant,
}

/// Why a case is over.
#[derive(Clone, Copy)]
pub(super) enum LiveEnd {
    /// Its peer has finished or failed, or there is no speaker.
    Decided,
    Timeout,
    Interrupted,
}

impl<'a, P: PeerRun> LiveMachine<'a, P> {
    /// # Errors
    /// No file descriptor or no memory left.
    pub(super) fn new(
        peer: &'a RefCell<P>,
        case: &'a Case,
        whom: Whom<'a>,
        root: &'a Path,
    ) -> std::io::Result<Self> {
        Ok(Self {
            host: MioHost::without_signals(HostOptions::new(PathBuf::new(), |_| {}))?,
            peer,
            case,
            whom,
            root,
            speaker: RefCell::default(),
            header: RefCell::default(),
            over: Cell::default(),
            log: RefCell::default(),
        })
    }

    /// Why the case is over; its speaker, or why there is none; and what was seen. Closes every connection.
    pub(super) fn end(self) -> (Option<LiveEnd>, Option<Result<SpeakerProcess, String>>, SeenCase) {
        let seen = SeenCase { log: self.log.into_inner(), until: self.host.now().monotonic };
        (self.over.get(), self.speaker.into_inner(), seen)
    }

    fn said(&self, stream: StreamId, by_speaker: bool, octets: &[u8]) {
        self.log.borrow_mut().said(self.host.now().monotonic, (0, stream), by_speaker, octets);
    }

    fn ended(&self, stream: StreamId, how: &str) {
        self.log.borrow_mut().ended(self.host.now().monotonic, (0, stream), how);
    }

    /// Reads as ExaBGP's own checking peer does: a header in one read, a body in another, and never once more.
    fn read_in_two(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        let mut header = self.header.borrow_mut();
        if header.is_empty() {
            let mut octets = [0; HEADER];
            let count = self.host.read(stream, &mut octets)?;
            header.extend_from_slice(octets.get(..count).unwrap_or_default());
        }
        let (start, rest) = into.split_at_mut_checked(header.len()).ok_or(IoError::WouldBlock)?;
        let length = match header.as_slice() {
            [.., high, low, _] if header.len() == HEADER => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        let body = rest.get_mut(..length.saturating_sub(HEADER)).unwrap_or_default();
        let count = match self.host.read(stream, body) {
            _ if length <= HEADER => 0,
            // The body is on its way.
            Err(IoError::WouldBlock) => return Err(IoError::WouldBlock),
            read => read.unwrap_or(0),
        };
        start.copy_from_slice(&header);
        header.clear();
        Ok(start.len() + count)
    }

    fn has_ended(&self) -> Option<LiveEnd> {
        match self.peer.borrow().state() {
            PeerState::Finished | PeerState::Failed(_) => Some(LiveEnd::Decided),
            PeerState::Waiting { .. } if matches!(*self.speaker.borrow(), Some(Err(_))) => {
                Some(LiveEnd::Decided)
            }
            PeerState::Waiting { .. } if self.host.now().monotonic > Instant::ZERO + LIMIT => {
                Some(LiveEnd::Timeout)
            }
            PeerState::Waiting { .. } if interrupt::is_pressed() => Some(LiveEnd::Interrupted),
            PeerState::Waiting { .. } => None,
        }
    }
}

impl<P: PeerRun> Layer for LiveMachine<'_, P> {
    type Inner = MioHost;

    fn inner(&self) -> &MioHost {
        &self.host
    }

    fn listen(
        &self,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError> {
        let bound = self.host.listen(listener, address, options)?;
        let speaker = SpeakerProcess::start(self.case, self.whom, self.root, bound.port());
        *self.speaker.borrow_mut() = Some(speaker);
        Ok(bound)
    }

    fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError> {
        self.header.borrow_mut().clear();
        let ends = self.host.accept(listener, stream)?;
        let now = self.host.now().monotonic;
        self.log.borrow_mut().connected(now, (0, PEER), stream, true, (ends.local, ends.remote));
        Ok(ends)
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        let read = self.read_in_two(stream, into);
        match read {
            Ok(0) => self.ended(stream, "by the speaker"),
            Ok(count) => self.said(stream, true, into.get(..count).unwrap_or_default()),
            Err(IoError::WouldBlock) => {}
            Err(error) => self.ended(stream, &error.to_string()),
        }
        read
    }

    fn write(&self, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError> {
        let written = self.host.write(stream, bytes)?;
        self.said(stream, false, bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn close(&self, stream: StreamId, how: CloseKind) {
        self.ended(stream, "by the peer");
        self.host.close(stream, how);
    }

    async fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> Now {
        self.over.set(self.has_ended());
        let state: PeerState = self.peer.borrow().state();
        self.log.borrow_mut().stands(self.host.now().monotonic, PEER, &state);
        if self.over.get().is_some() {
            return pending().await;
        }
        let look = self.host.now().monotonic + LOOK;
        self.host.wait(Some(deadline.map_or(look, |deadline| deadline.min(look))), ready).await
    }
}

impl<P: PeerRun> OutOfBand for LiveMachine<'_, P> {
    fn signal_speaker(&self, signal: Signal) {
        if let Some(Ok(speaker)) = &*self.speaker.borrow() {
            speaker.signal(signal);
        }
    }

    // No case of the suite does these: they are the lab's scripts' only.
    fn jump_clock(&self, _: i64) {}
    fn vanish(&self) {}
}
