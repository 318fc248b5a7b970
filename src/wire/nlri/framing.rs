//! Where an NLRI ends that cannot be read: families whose NLRI say their length say it, and one that is malformed inside costs itself
//! alone (RFC 7606 §5.4, RFC 9552 §8.2.2). A prefix whose length cannot be leaves nothing to go by. A FlowSpec rule has no type, and
//! half of a filter is none (RFC 8955 §10, RFC 7606 §5.3).

use super::super::family::{Afi, Family, Safi};
use super::super::reader::Reader;

/// What stands behind the first NLRI of `family` in `reader`; `None` where it does not say its length, or is cut short.
///
/// ```text
/// EVPN, MCAST-VPN      Type (1) | Length (1)
/// MUP                  Architecture (1) | Type (2) | Length (1)
/// BGP-LS               Type (2) | Length (2)
/// VPLS                 Length (2)
/// ```
#[cold]
pub(super) fn pass_over(family: Family, mut reader: Reader<'_>) -> Option<Reader<'_>> {
    let length = match (family.afi, family.safi) {
        (Afi::L2VPN, Safi::EVPN) | (Afi::IPV4 | Afi::IPV6, Safi::MVPN) => {
            reader.u8().ok()?;
            usize::from(reader.u8().ok()?)
        }
        (Afi::IPV4 | Afi::IPV6, Safi::MUP) => {
            reader.bytes(3).ok()?;
            usize::from(reader.u8().ok()?)
        }
        (Afi::BGP_LS, Safi::BGP_LS | Safi::BGP_LS_VPN) => {
            reader.u16().ok()?;
            usize::from(reader.u16().ok()?)
        }
        (Afi::L2VPN, Safi::VPLS) => usize::from(reader.u16().ok()?),
        _ => return None,
    };
    reader.bytes(length).ok()?;
    Some(reader)
}

/// As [`pass_over`], and of the families too of which one malformed NLRI costs an UPDATE all behind it: where an NLRI stands alone,
/// as in a table's record, a length is enough to go by.
///
/// ```text
/// FlowSpec             Length in octets (1, or 2 whose upper four bits are set: RFC 8955 §4.1)
/// Route target         Length in bits (1)
/// SR policy            Length in bits (1)
/// ```
#[cold]
pub(super) fn pass_over_alone(family: Family, mut reader: Reader<'_>) -> Option<Reader<'_>> {
    let length = match (family.afi, family.safi) {
        (Afi::IPV4 | Afi::IPV6, Safi::FLOW | Safi::FLOW_VPN) => match usize::from(reader.u8().ok()?) {
            high @ 0xf0.. => (high & 0xf) << 8 | usize::from(reader.u8().ok()?),
            length => length,
        },
        (Afi::IPV4 | Afi::IPV6, Safi::ROUTE_TARGET | Safi::SR_POLICY) => {
            usize::from(reader.u8().ok()?).div_ceil(8)
        }
        _ => return pass_over(family, reader),
    };
    reader.bytes(length).ok()?;
    Some(reader)
}
