//! Drives a peer on any [`Host`]: the lab's simulated machine, or a real one.

use std::cell::RefCell;

use holdtime_core::speaker::{CloseKind, IoError, ListenOptions, ListenerId, Signal, StreamId, TcpOptions};
use holdtime_reactor::{Host, Ready};

use crate::actor::peer_run::{PeerAction, PeerInput, PeerRun};
use crate::actor::reading::{READING, with_room};
use crate::scenario::PeerPlace;

/// What a peer may do that a [`Host`] has no call for.
pub trait OutOfBand {
    /// Signals the speaker's process.
    fn signal_speaker(&self, signal: Signal);
    /// Moves its own wall clock by so many nanoseconds.
    fn jump_clock(&self, nanos: i64);
    /// Cuts its own power.
    fn vanish(&self);
}

const LISTENER: ListenerId = ListenerId(0);

/// Runs a peer for ever, or until its listening socket cannot be opened.
///
/// # Errors
/// Of listening.
pub async fn drive_peer<H: Host, P: PeerRun>(
    host: &H,
    peer: &RefCell<P>,
    place: PeerPlace,
    out_of_band: &impl OutOfBand,
) -> Result<(), IoError> {
    let mut driver = PeerDriver::new(host, place);
    if peer.borrow().listens() {
        host.listen(LISTENER, place.listen, &ListenOptions::default())?;
        host.set_accepting(LISTENER, false);
    }
    let mut ready = Vec::new();
    let feed = |input: PeerInput<'_>| peer.borrow_mut().handle(host.now().monotonic, input);
    loop {
        feed(PeerInput::Timeout);
        loop {
            let Some(action) = peer.borrow_mut().poll_action() else { break };
            driver.carry_out(action, out_of_band, &feed);
        }
        driver.flush();
        let deadline = peer.borrow().poll_timeout();
        host.wait(deadline, &mut ready).await;
        for &what in &ready {
            driver.on_ready(what, &feed);
        }
    }
}

struct PeerDriver<'h, H> {
    host: &'h H,
    place: PeerPlace,
    dialled: u64,
    accepted: u64,
    dialling: Option<StreamId>,
    stream: Option<StreamId>,
    /// A connection that is left for a while.
    aside: Option<StreamId>,
    /// What may still be read; `None`: everything.
    allowance: Option<usize>,
    ended: bool,
    outbox: Vec<u8>,
    /// What to do once the outbox is empty.
    afterwards: Option<PeerAction>,
}

impl<'h, H: Host> PeerDriver<'h, H> {
    fn new(host: &'h H, place: PeerPlace) -> Self {
        Self {
            host,
            place,
            dialled: 0,
            accepted: 0,
            dialling: None,
            stream: None,
            aside: None,
            allowance: None,
            ended: false,
            outbox: Vec::new(),
            afterwards: None,
        }
    }

    fn carry_out(&mut self, action: PeerAction, out_of_band: &impl OutOfBand, feed: &impl Fn(PeerInput<'_>)) {
        match action {
            PeerAction::Accept => {
                self.let_go(CloseKind::Graceful);
                self.host.set_accepting(LISTENER, true);
            }
            PeerAction::Connect => {
                self.let_go(CloseKind::Graceful);
                let stream = StreamId::opened(self.dialled);
                self.dialled += 1;
                match self.host.connect(
                    stream,
                    Some(self.place.from),
                    self.place.dial,
                    &TcpOptions::default(),
                ) {
                    Ok(()) => self.dialling = Some(stream),
                    Err(_) => feed(PeerInput::Refused),
                }
            }
            PeerAction::Send(bytes) => self.outbox.extend(bytes),
            PeerAction::Read(allowance) => self.allowance = allowance,
            PeerAction::HalfClose | PeerAction::Close => self.afterwards = Some(action),
            PeerAction::Reset => self.let_go(CloseKind::Reset),
            PeerAction::Leave => {
                if let Some(stream) = self.stream.take() {
                    self.host.set_interest(stream, false, false);
                }
            }
            PeerAction::SetAside => {
                self.change_stream();
                // Two are too many to come back to.
                if let Some(stream) = self.stream.take() {
                    self.host.close(stream, CloseKind::Graceful);
                }
            }
            PeerAction::TakeUp => self.change_stream(),
            PeerAction::Vanish => out_of_band.vanish(),
            PeerAction::JumpClock(nanos) => out_of_band.jump_clock(nanos),
            PeerAction::Signal(signal) => {
                // What was sent before the signal must not arrive after it.
                self.flush();
                out_of_band.signal_speaker(signal);
            }
        }
    }

    /// Leaves the connection at work for the one that was left, if there is one.
    fn change_stream(&mut self) {
        self.flush();
        if let Some(stream) = self.stream {
            self.host.set_interest(stream, false, false);
        }
        std::mem::swap(&mut self.stream, &mut self.aside);
        (self.ended, self.afterwards) = (false, None);
        self.outbox.clear();
    }

    /// Writes what fits, does what waited for that, and says what is wanted of the stream.
    fn flush(&mut self) {
        let Some(stream) = self.stream else { return };
        while !self.outbox.is_empty() {
            match self.host.write(stream, &self.outbox) {
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(IoError::WouldBlock) => break,
                // Reading tells of the end.
                Err(_) => self.outbox.clear(),
            }
        }
        if self.outbox.is_empty() {
            match self.afterwards.take() {
                Some(PeerAction::HalfClose) => self.host.shutdown(stream),
                Some(_) => return self.let_go(CloseKind::Graceful),
                None => {}
            }
        }
        self.host.set_interest(stream, !self.ended && self.allowance != Some(0), !self.outbox.is_empty());
    }

    fn on_ready(&mut self, what: Ready, feed: &impl Fn(PeerInput<'_>)) {
        match what {
            Ready::Connected(stream) if self.dialling == Some(stream) => {
                self.dialling = None;
                match self.host.finish_connect(stream) {
                    Ok(_) => self.begin(stream, feed),
                    Err(IoError::WouldBlock) => self.dialling = Some(stream),
                    Err(_) => feed(PeerInput::Refused),
                }
            }
            Ready::Acceptable(_) => {
                let stream = StreamId::accepted(self.accepted);
                if self.host.accept(LISTENER, stream).is_ok() {
                    self.accepted += 1;
                    self.host.set_accepting(LISTENER, false);
                    self.begin(stream, feed);
                }
            }
            Ready::Readable(stream) if self.stream == Some(stream) => self.read(stream, feed),
            Ready::Writable(_) => self.flush(),
            // Of a stream that was let go, or of what a peer has none of.
            Ready::Readable(_) | Ready::Connected(_) | Ready::Exited(..) | Ready::Signalled(_) => {}
        }
    }

    fn begin(&mut self, stream: StreamId, feed: &impl Fn(PeerInput<'_>)) {
        self.stream = Some(stream);
        self.ended = false;
        self.outbox.clear();
        self.afterwards = None;
        feed(PeerInput::Connected);
    }

    fn read(&mut self, stream: StreamId, feed: &impl Fn(PeerInput<'_>)) {
        let room = self.allowance.unwrap_or(READING);
        if room == 0 {
            return;
        }
        with_room(room, |space| match self.host.read(stream, space) {
            Ok(0) => self.end(feed),
            Ok(count) => {
                self.allowance = self.allowance.map(|allowance| allowance - count);
                feed(PeerInput::Received(space.get(..count).unwrap_or_default()));
            }
            Err(IoError::WouldBlock) => {}
            Err(_) => self.end(feed),
        });
    }

    fn end(&mut self, feed: &impl Fn(PeerInput<'_>)) {
        self.ended = true;
        feed(PeerInput::Closed);
    }

    fn let_go(&mut self, how: CloseKind) {
        for stream in self.stream.take().into_iter().chain(self.dialling.take()) {
            self.host.close(stream, how);
        }
    }
}
