//! The messages of BGP-4, whichever type they are of (RFC 4271 §4.1).

use alloc::boxed::Box;

use super::error::{BufferFull, WireError};
use super::frame::{self, Frame, kind};
use super::negotiated::{MAX_MESSAGE, Negotiated};
use super::notification::Notification;
use super::open::Open;
use super::operational::Operational;
use super::refresh::RouteRefresh;
use super::update::{Update, UpdateView};
use super::writer::Writer;

/// A message of any type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Type 1
    Open(Open),
    /// Type 2
    Update(Update),
    /// Type 3
    Notification(Notification),
    /// Type 4
    Keepalive,
    /// Type 5 (RFC 2918)
    RouteRefresh(RouteRefresh),
    /// Type 6 (draft-ietf-idr-operational-message)
    Operational(Operational),
    /// Any other, kept whole.
    Unknown {
        /// Its type.
        kind: u8,
        /// What stands after the header.
        body: Box<[u8]>,
    },
}

impl Message {
    /// Its type, one of [`kind`] or unknown.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Open(_) => kind::OPEN,
            Self::Update(_) => kind::UPDATE,
            Self::Notification(_) => kind::NOTIFICATION,
            Self::Keepalive => kind::KEEPALIVE,
            Self::RouteRefresh(_) => kind::ROUTE_REFRESH,
            Self::Operational(_) => kind::OPERATIONAL,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// Writes the whole message behind what `out` holds already; on an error nothing of it stays.
    ///
    /// # Errors
    ///
    /// Where the buffer is full, or the message is longer than was agreed.
    pub fn encode(&self, negotiated: &Negotiated, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        let max = match self {
            Self::Open(_) | Self::Keepalive => MAX_MESSAGE,
            _ => negotiated.max_message(),
        };
        frame::encode(self.kind(), max, out, |out| match self {
            Self::Open(open) => open.encode(out),
            Self::Update(update) => update.encode(negotiated, out),
            Self::Notification(notification) => notification.encode(out),
            Self::Keepalive => Ok(()),
            Self::RouteRefresh(refresh) => refresh.encode(out),
            Self::Operational(operational) => operational.encode(out),
            Self::Unknown { body, .. } => out.bytes(body),
        })
    }
}

/// A message as it was received. An UPDATE stays where it is; the others are rare and small.
#[derive(Clone, Debug)]
pub enum MessageView<'a> {
    /// Type 1
    Open(Open),
    /// Type 2
    Update(UpdateView<'a>),
    /// Type 3
    Notification(Notification),
    /// Type 4
    Keepalive,
    /// Type 5 (RFC 2918)
    RouteRefresh(RouteRefresh),
    /// Type 6 (draft-ietf-idr-operational-message)
    Operational(Operational),
    /// Any other.
    Unknown {
        /// Its type.
        kind: u8,
        /// What stands after the header.
        body: &'a [u8],
    },
}

impl<'a> MessageView<'a> {
    /// Reads a message whose header was checked, and checks the rest.
    ///
    /// # Errors
    ///
    /// What ends the session, with the NOTIFICATION to send.
    pub fn decode(frame: Frame<'a>, negotiated: &'a Negotiated) -> Result<Self, WireError> {
        let body = frame.body();
        Ok(match frame.kind() {
            kind::OPEN => Self::Open(Open::decode(body)?),
            kind::UPDATE => Self::Update(UpdateView::decode(body, negotiated)?),
            kind::NOTIFICATION => Self::Notification(Notification::decode(body)?),
            kind::KEEPALIVE => Self::Keepalive,
            kind::ROUTE_REFRESH => Self::RouteRefresh(RouteRefresh::decode(body)?),
            kind::OPERATIONAL => Self::Operational(Operational::decode(body)?),
            kind => Self::Unknown { kind, body },
        })
    }
}

impl From<MessageView<'_>> for Message {
    fn from(view: MessageView<'_>) -> Self {
        match view {
            MessageView::Open(open) => Self::Open(open),
            MessageView::Update(view) => Self::Update((&view).into()),
            MessageView::Notification(notification) => Self::Notification(notification),
            MessageView::Keepalive => Self::Keepalive,
            MessageView::RouteRefresh(refresh) => Self::RouteRefresh(refresh),
            MessageView::Operational(operational) => Self::Operational(operational),
            MessageView::Unknown { kind, body } => Self::Unknown { kind, body: body.into() },
        }
    }
}
