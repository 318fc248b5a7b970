//! Messages that no negotiation changes.

use alloc::vec::Vec;

use crate::wire::error::code;
use crate::wire::frame::HEADER;
use crate::wire::negotiated::MAX_MESSAGE;
use crate::wire::notification::cease;
use crate::wire::{Message, Negotiated, Notification, Writer};

/// A Cease that says why in words: behind their length where RFC 9003 puts it, and bare elsewhere.
pub(super) fn cease(subcode: u8, text: &str) -> Notification {
    if matches!(subcode, cease::SHUTDOWN | cease::RESET) {
        return Notification::with_text(subcode, text);
    }
    Notification { code: code::CEASE, subcode, data: text.as_bytes().into() }
}

/// Writes a message that no negotiation changes to the end of `out`.
pub(super) fn append(message: &Message, out: &mut Vec<u8>) {
    let mut encode = |buffer: &mut [u8]| {
        let mut writer = Writer::new(buffer);
        let written = message.encode(&Negotiated::default(), &mut writer).is_ok();
        if written {
            out.extend_from_slice(writer.written());
        }
        written
    };
    // Nearly all are KEEPALIVEs, for which no large buffer need be cleared.
    if !encode(&mut [0; HEADER]) {
        encode(&mut [0; MAX_MESSAGE]);
    }
}
