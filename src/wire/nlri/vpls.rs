//! VPLS (L2VPN, SAFI 65, RFC 4761).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VplsNlri {
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}

impl VplsNlri {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// One NLRI as it stands on the wire.
///
/// ```text
/// +-------------+------------------+
/// | Length (2)  | Value (variable) |
/// +-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct VplsNlriView<'a> {
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> VplsNlriView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        let length = ahead.u16()?;
        ahead.bytes(usize::from(length))?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { bytes })
    }
}

impl From<VplsNlriView<'_>> for VplsNlri {
    fn from(view: VplsNlriView<'_>) -> Self {
        Self { bytes: view.bytes.into() }
    }
}
