//! What a session is set up with.

use crate::time::Duration;
use crate::wire::Open;
use crate::wire::nlri::FlowForm;

/// How long a peer may take no message from us (RFC 9687).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SendHold {
    /// The larger of 480 s and twice the hold time (RFC 9687 §6).
    #[default]
    Recommended,
    /// For ever.
    Disabled,
    /// This long.
    After(Duration),
}

/// What a session is set up with.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What we offer.
    pub open: Open,
    /// Take the peer's AS number for our own, and therefore wait for its OPEN before ours is sent.
    pub mirror_as: bool,
    /// The AS number that the peer must have; `None`: any.
    pub peer_as: Option<u32>,
    /// ConnectRetryTime.
    pub connect_retry: Duration,
    /// So many sessions in a row that did not last are followed by the next attempt at once; after more the pauses grow.
    pub flaps: u32,
    /// The longest pause between two attempts.
    pub longest_pause: Duration,
    /// How long to wait for the peer's OPEN.
    pub open_wait: Duration,
    /// DelayOpenTime; `None`: our OPEN is sent at once.
    pub delay_open: Option<Duration>,
    /// SendHoldTime.
    pub send_hold: SendHold,
    /// How flow rules are sent; an identifier stands inside only where ADD-PATH is agreed on for unicast.
    pub flow_form: FlowForm,
}
