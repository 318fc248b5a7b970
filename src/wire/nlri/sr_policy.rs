//! Segment routing policies (SAFI 73, RFC 9830).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::reader::Reader;
use super::super::writer::Writer;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SrPolicyNlri {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}

impl SrPolicyNlri {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// One NLRI as it stands on the wire.
///
/// ```text
/// +---------------------+------------------+
/// | Length in bits (1)  | Value (variable) |
/// +---------------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SrPolicyNlriView<'a> {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> SrPolicyNlriView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        let bits = ahead.u8()?;
        ahead.bytes(usize::from(bits).div_ceil(8))?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { afi, bytes })
    }
}

impl From<SrPolicyNlriView<'_>> for SrPolicyNlri {
    fn from(view: SrPolicyNlriView<'_>) -> Self {
        Self { afi: view.afi, bytes: view.bytes.into() }
    }
}
