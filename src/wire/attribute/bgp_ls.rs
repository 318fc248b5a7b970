//! BGP-LS (attribute 29, RFC 9552).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::tlv::Tlvs;
use super::super::writer::Writer;

/// The attribute's value, its TLVs checked for their lengths only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BgpLsAttribute {
    /// The octets after the attribute's length.
    pub bytes: Box<[u8]>,
}

impl BgpLsAttribute {
    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// The attribute's value as it stands on the wire: [TLVs](Tlvs) one after another.
#[derive(Clone, Copy, Debug)]
pub struct BgpLsAttributeView<'a> {
    /// The octets after the attribute's length.
    pub bytes: &'a [u8],
}

impl<'a> BgpLsAttributeView<'a> {
    /// Reads all of `reader`.
    pub(super) fn parse(reader: Reader<'a>) -> Result<Self, Malformed> {
        // Only attributes that may be empty by definition may be (RFC 7606 §4).
        reader.need(1)?;
        Tlvs::parse(reader).map(|tlvs| Self { bytes: tlvs.rest() })
    }

    /// The TLVs, in order.
    pub const fn tlvs(self) -> Tlvs<'a> {
        Tlvs::new(self.bytes)
    }
}

impl From<BgpLsAttributeView<'_>> for BgpLsAttribute {
    fn from(view: BgpLsAttributeView<'_>) -> Self {
        Self { bytes: view.bytes.into() }
    }
}
