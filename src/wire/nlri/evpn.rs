//! EVPN routes (L2VPN, SAFI 70, RFC 7432).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvpnRoute {
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}

impl EvpnRoute {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// One NLRI as it stands on the wire.
///
/// ```text
/// +-----------+-------------+------------------+
/// | Type (1)  | Length (1)  | Value (variable) |
/// +-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EvpnRouteView<'a> {
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> EvpnRouteView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        let _kind = ahead.u8()?;
        let length = ahead.u8()?;
        ahead.bytes(usize::from(length))?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { bytes })
    }
}

impl From<EvpnRouteView<'_>> for EvpnRoute {
    fn from(view: EvpnRouteView<'_>) -> Self {
        Self { bytes: view.bytes.into() }
    }
}
