//! MRT (RFC 6396, RFC 8050, RFC 6397): the files in which route collectors and routers keep what they heard and what they know.
//!
//! [`source()`] cuts the octets into records, in order and with flat memory, and keeps the peer table; what a record holds is read where
//! somebody asks for it, on any thread. The length in a header delimits the record (§2): an error inside stays inside.
//!
//! | type | subtypes | what becomes of it |
//! |---|---|---|
//! | 12 TABLE_DUMP | 1, 2 (and 3, 4, of four-octet AS numbers) | routes |
//! | 13 TABLE_DUMP_V2 | 1 PEER_INDEX_TABLE, 7 GEO_PEER_TABLE | the peers of the routes behind it |
//! | | 2 to 6, and 8 to 12 with path identifiers | routes |
//! | 16, 17 BGP4MP(_ET) | 1, 4, 6, 7, and 8 to 11 with path identifiers | messages, received or sent |
//! | | 0, 5 STATE_CHANGE | changes of state |
//! | | 2 ENTRY (appendix B) | routes |
//! | any other | | counted by its name |

mod chain;
mod entry;
mod header;
mod messages;
mod names;
mod peers;
mod record;
mod source;
mod table;
mod table_dump;

pub(crate) use chain::{begins_known_record, is_chain};
pub use header::Header;
pub use peers::{Location, PeerEntry, Peers};
pub use record::{FoundInRecord, Record};
pub use source::{MAX_RECORD, source};

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use holdtime_core::wire::error::Malformed;
use holdtime_core::wire::{Afi, Reader};

/// Types that are looked into.
mod kind {
    pub(super) const TABLE_DUMP: u16 = 12;
    pub(super) const TABLE_DUMP_V2: u16 = 13;
    pub(super) const BGP4MP: u16 = 16;
    pub(super) const BGP4MP_ET: u16 = 17;
}

fn address(reader: &mut Reader<'_>, afi: Afi) -> Result<IpAddr, Malformed> {
    match afi {
        Afi::IPV4 => Ok(Ipv4Addr::from_bits(reader.u32()?).into()),
        Afi::IPV6 => Ok(Ipv6Addr::from_bits(u128::from_be_bytes(reader.array()?)).into()),
        _ => Err(Malformed::value(reader.offset(), "addresses of a family other than IPv4 and IPv6")),
    }
}

fn asn(reader: &mut Reader<'_>, four_octets: bool) -> Result<u32, Malformed> {
    if four_octets { reader.u32() } else { reader.u16().map(u32::from) }
}

/// Seconds since the Unix epoch, in nanoseconds.
fn nanoseconds(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000_000
}
