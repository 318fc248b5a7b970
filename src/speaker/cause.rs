//! Why a connection ended, or will.

use alloc::string::String;
use core::fmt;

use holdtime_host::IoError;

use crate::wire::Notification;
use crate::wire::error::code;
use crate::wire::notification::cease;

/// See the module's documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum EndCause {
    /// Nothing has said why.
    #[default]
    Unsaid,
    /// It did not come up.
    NotConnected(IoError),
    /// The peer closed it.
    ClosedByPeer,
    /// The peer closed its reading half.
    UnreadByPeer,
    /// It broke.
    Broken(IoError),
    /// We sent a NOTIFICATION.
    Sent(Reason),
    /// The peer sent one.
    Received(Reason),
}

/// What a NOTIFICATION says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    code: u8,
    subcode: u8,
    /// In words, where it has some (RFC 9003).
    words: Option<String>,
}

impl From<&Notification> for Reason {
    fn from(notification: &Notification) -> Self {
        Self { code: notification.code, subcode: notification.subcode, words: notification.words() }
    }
}

impl EndCause {
    /// Whether the peer has kept the other connection (RFC 4271 §6.8).
    pub(super) fn is_lost_collision(&self) -> bool {
        matches!(self, Self::Received(Reason { code: code::CEASE, subcode: cease::COLLISION, .. }))
    }

    /// Whether the peer wants nothing to be kept for its return (RFC 8538 §3).
    pub(super) fn is_hard_reset(&self) -> bool {
        matches!(self, Self::Received(Reason { code: code::CEASE, subcode: cease::HARD_RESET, .. }))
    }

    /// As programs are told: in ExaBGP's words, which tell NOTIFICATIONs apart and nothing else.
    pub(super) fn in_exabgps_words(&self) -> String {
        let told = match self {
            Self::Sent(_) | Self::Received(_) => self,
            Self::Unsaid
            | Self::NotConnected(_)
            | Self::ClosedByPeer
            | Self::UnreadByPeer
            | Self::Broken(_) => &Self::Unsaid,
        };
        let mut clause = String::new();
        // A string takes everything.
        let _ = told.clause(&mut clause);
        clause
    }

    /// What it is, but for the words of a NOTIFICATION.
    fn clause(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Unsaid => f.write_str("closing connection"),
            Self::NotConnected(error) => write!(f, "could not connect: {error}"),
            Self::ClosedByPeer => f.write_str("the peer closed the connection"),
            Self::UnreadByPeer => f.write_str("the peer reads no more"),
            Self::Broken(error) => write!(f, "the connection broke: {error}"),
            Self::Sent(Reason { code, subcode, .. }) => write!(f, "notification sent ({code},{subcode})"),
            Self::Received(Reason { code, subcode, .. }) => {
                write!(f, "notification received ({code},{subcode})")
            }
        }
    }
}

/// As the log has it: a peer's words in quotes, since they may hold anything.
impl fmt::Display for EndCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clause(f)?;
        match self {
            Self::Sent(Reason { words: Some(words), .. })
            | Self::Received(Reason { words: Some(words), .. }) => {
                write!(f, ": {words:?}")
            }
            _ => Ok(()),
        }
    }
}
