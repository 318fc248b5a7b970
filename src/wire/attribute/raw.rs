//! Path attributes before anybody looks into them: flags, type, and a value of the length that they say.

use super::super::error::Malformed;
use super::super::reader::Reader;
use super::code::{AttributeCode, AttributeFlags};

/// One path attribute, not looked into.
///
/// ```text
/// +--------------+--------------+-------------------+------------------+
/// | Flags (1)    | Type (1)     | Length (1, or 2   | Value (variable) |
/// |              |              | if flag 0x10)     |                  |
/// +--------------+--------------+-------------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RawAttribute<'a> {
    /// Its flags.
    pub flags: AttributeFlags,
    /// Its type.
    pub code: AttributeCode,
    /// Its value.
    pub value: Reader<'a>,
    /// Where its flags stand, in octets from the first of the message.
    pub start: usize,
}

impl<'a> RawAttribute<'a> {
    #[inline]
    fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.offset();
        let [flags, code, first] = reader.array()?;
        let flags = AttributeFlags(flags);
        let mut length = usize::from(first);
        if flags.has(AttributeFlags::EXTENDED_LENGTH) {
            length = length << 8 | usize::from(reader.u8()?);
        }
        Ok(Self { flags, code: AttributeCode(code), value: reader.sub(length)?, start })
    }

    /// How many octets it takes, from its flags on.
    pub const fn octets(&self) -> usize {
        self.value.offset() + self.value.len() - self.start
    }
}

/// Path attributes one after another. After an error there is nothing more.
#[derive(Clone, Copy, Debug)]
pub struct RawAttributes<'a> {
    reader: Reader<'a>,
}

impl<'a> RawAttributes<'a> {
    /// The attributes that `reader` holds.
    #[inline]
    pub const fn new(reader: Reader<'a>) -> Self {
        Self { reader }
    }
}

impl<'a> Iterator for RawAttributes<'a> {
    type Item = Result<RawAttribute<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.reader.item(RawAttribute::parse)
    }
}
