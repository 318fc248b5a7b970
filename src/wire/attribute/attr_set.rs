//! ATTR_SET (attribute 128, RFC 6368): a customer's attributes, carried across a provider.

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;
use super::raw::{RawAttribute, RawAttributes};

/// The customer's AS and attributes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttrSet {
    /// The customer's AS.
    pub origin_as: u32,
    /// The path attributes as they stand on the wire. They stay bytes, so that an ATTR_SET in an ATTR_SET nests nothing.
    pub attributes: Box<[u8]>,
}

impl AttrSet {
    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u32(self.origin_as)?;
        out.bytes(&self.attributes)
    }
}

/// The attribute's value as it stands on the wire.
///
/// ```text
/// +------------------------------+
/// | Origin AS Number (4 octets)  |
/// +------------------------------+
/// | Path Attributes (variable)   |
/// +------------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AttrSetView<'a> {
    /// The customer's AS.
    pub origin_as: u32,
    attributes: Reader<'a>,
}

impl<'a> AttrSetView<'a> {
    /// Reads all of `reader`; of the attributes inside, that each has the length that it says.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let origin_as = reader.u32()?;
        RawAttributes::new(reader).try_for_each(|attribute| attribute.map(drop))?;
        Ok(Self { origin_as, attributes: reader })
    }

    /// The attributes inside, not looked into.
    pub fn attributes(self) -> impl Iterator<Item = RawAttribute<'a>> {
        RawAttributes::new(self.attributes).map_while(Result::ok)
    }
}

impl From<AttrSetView<'_>> for AttrSet {
    fn from(view: AttrSetView<'_>) -> Self {
        Self { origin_as: view.origin_as, attributes: view.attributes.rest().into() }
    }
}
