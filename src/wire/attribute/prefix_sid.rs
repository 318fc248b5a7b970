//! BGP Prefix-SID (attribute 40, RFC 8669), with SRv6 services (RFC 9252).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;

/// The attribute's value, its TLVs checked for their lengths only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefixSid {
    /// The octets after the attribute's length.
    pub bytes: Box<[u8]>,
}

impl PrefixSid {
    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// The attribute's value as it stands on the wire: TLVs one after another.
///
/// ```text
/// +-----------+-------------+------------------+
/// | Type (1)  | Length (2)  | Value (variable) |
/// +-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PrefixSidView<'a> {
    /// The octets after the attribute's length.
    pub bytes: &'a [u8],
}

impl<'a> PrefixSidView<'a> {
    /// Reads all of `reader`.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let bytes = reader.rest();
        while !reader.is_empty() {
            let _kind = reader.u8()?;
            let length = reader.u16()?;
            reader.bytes(usize::from(length))?;
        }
        Ok(Self { bytes })
    }
}

impl From<PrefixSidView<'_>> for PrefixSid {
    fn from(view: PrefixSidView<'_>) -> Self {
        Self { bytes: view.bytes.into() }
    }
}
