//! One of a neighbor's two sessions, and its connection.

use core::net::SocketAddr;

use holdtime_host::StreamId;

use super::cause::EndCause;
use crate::session::{FsmEvent, Session, Timer, graceful_restart};
use crate::wire::capability::GracefulRestart;

/// Both ends of a connection: ours and the peer's.
pub(super) type EndPair = (SocketAddr, SocketAddr);

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(super) struct SessionLink {
    pub(super) session: Session,
    /// The connection, or the dial that is under way.
    pub(super) stream: Option<StreamId>,
    /// Both ends, once the connection is up.
    pub(super) ends: Option<EndPair>,
    /// Why the connection ended, or will.
    pub(super) cause: EndCause,
}

impl SessionLink {
    pub(super) fn new(session: Session) -> Self {
        Self { session, stream: None, ends: None, cause: EndCause::default() }
    }
}

impl SessionLink {
    /// Whether both sides have offered graceful restart on this connection.
    pub(super) fn is_graceful(&self) -> bool {
        let peer = self.session.peer_open().and_then(graceful_restart);
        graceful_restart(self.session.our_open()).is_some() && peer.is_some()
    }

    /// Whether both sides go on with graceful restart after a NOTIFICATION (RFC 8538 §2).
    pub(super) fn notifies_gracefully(&self) -> bool {
        let flagged = |open| {
            graceful_restart(open).is_some_and(|offer| offer.flags & GracefulRestart::NOTIFICATION != 0)
        };
        flagged(self.session.our_open()) && self.session.peer_open().is_some_and(flagged)
    }

    /// Whether a session that ended by `event` is one that the peer may come back to (RFC 4724 §4.2, RFC 8538 §4).
    pub(super) fn may_come_back(&self, event: FsmEvent) -> bool {
        let without_notification = event == FsmEvent::ConnectionFails;
        let with_notification = match event {
            FsmEvent::Notification => !self.cause.is_hard_reset(),
            event => matches!(event, FsmEvent::Expired(Timer::Hold | Timer::SendHold)),
        };
        self.is_graceful() && (without_notification || (with_notification && self.notifies_gracefully()))
    }
}
