//! The life of a session as the wire shows it: when it was established, and how it ended.

use std::fmt;

use holdtime_core::Instant;

use crate::observe::SessionEnd;
use crate::scenario::codec::{KEEPALIVE, kind, notification};
use crate::scenario::script::Pattern;

/// What both ends of one connection have said so far, of what a session's life is told by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionLife {
    /// When each end has sent its first KEEPALIVE, which is its answer to the other's OPEN.
    speaker_kept: Option<Instant>,
    peer_kept: Option<Instant>,
    /// The speaker has sent a NOTIFICATION.
    noted: bool,
    /// The peer has sent one that ends it for another connection's sake.
    superseded: bool,
    /// The first one, and who sent it.
    complaint: Option<(SessionEnd, u8, u8)>,
}

impl SessionLife {
    /// The speaker has sent this whole message; the ending that it is.
    pub(crate) fn sent(&mut self, at: Instant, message: &[u8]) -> Option<Ending> {
        if kind(message) == KEEPALIVE {
            self.speaker_kept.get_or_insert(at);
        }
        let (code, subcode) = notification(message)?;
        self.noted = true;
        self.complaint.get_or_insert((SessionEnd::Speaker, code, subcode));
        Some(Ending::Notification(at, code, subcode))
    }

    /// The peer has sent this whole message.
    pub(crate) fn received(&mut self, at: Instant, message: &[u8]) {
        if kind(message) == KEEPALIVE {
            self.peer_kept.get_or_insert(at);
        }
        let Some((code, subcode)) = notification(message) else { return };
        self.superseded |= (code, subcode) == COLLISION;
        self.complaint.get_or_insert((SessionEnd::Peer, code, subcode));
    }

    /// The first NOTIFICATION: who sent it, its code and its subcode.
    pub(crate) fn complaint(&self) -> Option<(SessionEnd, u8, u8)> {
        self.complaint
    }

    /// The ending that it is when this end closes the connection now; `None`: it has ended already.
    pub(crate) fn closed(&self, at: Instant, by: SessionEnd) -> Option<Ending> {
        let ending = if self.superseded { Ending::Superseded(at) } else { Ending::Close(at, by) };
        (!self.noted).then_some(ending)
    }

    /// When the session was established.
    pub(crate) fn up(&self) -> Option<Instant> {
        Some(self.speaker_kept?.max(self.peer_kept?))
    }

    /// Whether it is established while its connection lives.
    pub(crate) fn is_up(&self) -> bool {
        !self.noted && self.up().is_some()
    }
}

/// How a session ended, as its speaker showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The speaker sent a NOTIFICATION with this code and subcode.
    Notification(Instant, u8, u8),
    /// This end, or the network, closed the connection, and the speaker had sent none.
    Close(Instant, SessionEnd),
    /// The peer chose the other one of two connections (RFC 4271 §6.8), and said so.
    Superseded(Instant),
}

/// NOTIFICATION: Cease (RFC 4271 §4.5).
pub(crate) const CEASE: u8 = 6;
/// Cease / Connection Collision Resolution (RFC 4486 §4).
const COLLISION: (u8, u8) = (CEASE, 7);

impl Ending {
    /// When.
    pub fn at(&self) -> Instant {
        let (Self::Notification(at, ..) | Self::Close(at, _) | Self::Superseded(at)) = self;
        *at
    }

    /// Whether a collision ended a connection before a session came of it (RFC 4271 §6.8).
    pub fn is_collision(&self) -> bool {
        match self {
            Self::Notification(_, code, subcode) => (*code, *subcode) == COLLISION,
            Self::Close(..) => false,
            Self::Superseded(_) => true,
        }
    }

    /// Whether a scenario means this by `how`.
    pub fn is(&self, how: Pattern) -> bool {
        match (self, how) {
            (Self::Notification(_, code, subcode), Pattern::Notification(c, s)) => {
                (*code, *subcode) == (c, s)
            }
            (Self::Notification(..), Pattern::Type(3))
            | (Self::Close(..) | Self::Superseded(_), Pattern::Close) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notification(at, code, subcode) => write!(f, "NOTIFICATION {code}/{subcode} at {at}"),
            Self::Close(at, SessionEnd::Speaker) => write!(f, "its connection closed by the speaker at {at}"),
            Self::Close(at, SessionEnd::Peer) => write!(f, "its connection closed by the peer at {at}"),
            Self::Superseded(at) => write!(f, "its connection superseded by another one at {at}"),
        }
    }
}
