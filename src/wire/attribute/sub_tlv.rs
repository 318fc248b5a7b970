//! The sub-TLVs of a tunnel (RFC 9012 §2).

use super::super::error::Malformed;
use super::super::reader::Reader;

/// Takes one sub-TLV: its type and its value.
pub(super) fn sub_tlv<'a>(tunnel: &mut Reader<'a>) -> Result<(u8, Reader<'a>), Malformed> {
    let kind = tunnel.u8()?;
    let length = if kind < 128 { usize::from(tunnel.u8()?) } else { usize::from(tunnel.u16()?) };
    Ok((kind, tunnel.sub(length)?))
}
