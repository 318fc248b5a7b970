//! Mobile user plane routes (SAFI 85, draft-mpmz-bess-mup-safi).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::reader::Reader;
use super::super::writer::Writer;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MupRoute {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}

impl MupRoute {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// One NLRI as it stands on the wire.
///
/// ```text
/// +-------------------+-----------+-------------+------------------+
/// | Architecture (1)  | Type (2)  | Length (1)  | Value (variable) |
/// +-------------------+-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MupRouteView<'a> {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> MupRouteView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        let _architecture = ahead.u8()?;
        let _kind = ahead.u16()?;
        let length = ahead.u8()?;
        ahead.bytes(usize::from(length))?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { afi, bytes })
    }
}

impl From<MupRouteView<'_>> for MupRoute {
    fn from(view: MupRouteView<'_>) -> Self {
        Self { afi: view.afi, bytes: view.bytes.into() }
    }
}
