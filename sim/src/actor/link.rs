//! What a scripted peer knows of one connection.

use crate::scenario::codec;

/// One connection, as its peer knows it.
#[derive(Clone, Debug, Default)]
pub(super) struct PeerLink {
    pub(super) connected: bool,
    pub(super) closed: bool,
    /// Octets received and not yet looked at.
    pub(super) inbox: Vec<u8>,
    /// Whether the peer has sent its OPEN, and its KEEPALIVE, to be up.
    pub(super) greeted: bool,
    pub(super) answered: bool,
}

/// Takes whole BGP messages off the front, up to the first one that is wanted; whether there was such. Octets that cannot be one are
/// thrown away whole, lest an `expect` wait behind them for ever.
pub(super) fn take_messages_until(inbox: &mut Vec<u8>, is_wanted: impl Fn(&[u8]) -> bool) -> bool {
    let (mut rest, mut found) = (inbox.as_slice(), false);
    while !found && let Some(length) = codec::stated_length(rest) {
        if length < codec::HEADER {
            rest = &[];
            break;
        }
        let Some((message, behind)) = rest.split_at_checked(length) else { break };
        found = is_wanted(message);
        rest = behind;
    }
    inbox.drain(..inbox.len() - rest.len());
    found
}
