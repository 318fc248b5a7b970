//! What the types and subtypes are called that are counted and not looked into (RFC 6396 §4, appendix B).

use std::borrow::Cow;

use super::kind;
use crate::item::LeftOut;

/// A record of this type and subtype, to be counted.
pub(super) fn left_out(of: u16, number: u16) -> LeftOut {
    let name = match of {
        0 => "NULL",
        1 => "START",
        2 => "DIE",
        3 => "I_AM_DEAD",
        4 => "PEER_DOWN",
        5 => "BGP",
        6 => "RIP",
        7 => "IDRP",
        8 => "RIPNG",
        9 => "BGP4PLUS",
        10 => "BGP4PLUS_01",
        11 => "OSPFv2",
        kind::TABLE_DUMP => "TABLE_DUMP",
        kind::TABLE_DUMP_V2 => "TABLE_DUMP_V2",
        kind::BGP4MP => "BGP4MP",
        kind::BGP4MP_ET => "BGP4MP_ET",
        32 => "ISIS",
        33 => "ISIS_ET",
        48 => "OSPFv3",
        49 => "OSPFv3_ET",
        _ => "MRT",
    };
    let subtype = match (of, number) {
        (5 | 9 | 10, 0) => " NULL",
        (5 | 9 | 10, 1) => " UPDATE",
        (5 | 9 | 10, 2) => " PREF_UPDATE",
        (5 | 9 | 10, 3) => " STATE_CHANGE",
        (5 | 9 | 10, 4) => " SYNC",
        (5 | 9 | 10, 5) => " OPEN",
        (5 | 9 | 10, 6) => " NOTIFY",
        (5 | 9 | 10, 7) => " KEEPALIVE",
        (kind::BGP4MP | kind::BGP4MP_ET, 3) => " SNAPSHOT",
        _ => "",
    };
    LeftOut { kind: Cow::Owned(format!("{name}{subtype} (type {of}, subtype {number})")) }
}
