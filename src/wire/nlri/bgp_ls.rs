//! Link-state NLRI (BGP-LS, SAFI 71 and 72, RFC 9552).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Safi;
use super::super::reader::Reader;
use super::super::writer::Writer;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BgpLsNlri {
    /// 71, or 72 in a VPN.
    pub safi: Safi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}

impl BgpLsNlri {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// One NLRI as it stands on the wire.
///
/// ```text
/// +-----------+-------------+------------------+
/// | Type (2)  | Length (2)  | Value (variable) |
/// +-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BgpLsNlriView<'a> {
    /// 71, or 72 in a VPN.
    pub safi: Safi,
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> BgpLsNlriView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>, safi: Safi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        let _kind = ahead.u16()?;
        let length = ahead.u16()?;
        ahead.bytes(usize::from(length))?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { safi, bytes })
    }
}

impl From<BgpLsNlriView<'_>> for BgpLsNlri {
    fn from(view: BgpLsNlriView<'_>) -> Self {
        Self { safi: view.safi, bytes: view.bytes.into() }
    }
}
