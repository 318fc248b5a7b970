//! The components of FlowSpec rules (RFC 8955 §4.2, RFC 8956 §3).

use alloc::boxed::Box;

use super::super::error::Malformed;
use super::super::family::Afi;
use super::super::reader::Reader;

/// How the prefixes of a rule are laid out. Every rule has one layout: which, its octets tell.
///
/// ```text
/// IPv4   Standard   Type (1) | Length (1) | Prefix
///        Inside     Type (1) | Identifier, 0 (4) | Length (1) | Prefix
/// IPv6   Standard   Type (1) | Length (1) | Offset (1) | the bits from Offset to Length
///        Whole      Type (1) | Length (1) | Offset (1) | the bits from 0 to Length
///        Inside     Type (1) | 0 (1) | Offset (1) | 0 (3) | Length (1) | the bits from 0 to Length
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Standard,
    Whole,
    Inside,
}

/// The type of a component (RFC 8955 §4.2.2, RFC 8956 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowType(pub u8);

impl FlowType {
    /// Destination prefix.
    pub const DESTINATION: Self = Self(1);
    /// Source prefix.
    pub const SOURCE: Self = Self(2);
    /// IP protocol; upper-layer protocol in IPv6.
    pub const PROTOCOL: Self = Self(3);
    /// Source or destination port.
    pub const PORT: Self = Self(4);
    /// Destination port.
    pub const DESTINATION_PORT: Self = Self(5);
    /// Source port.
    pub const SOURCE_PORT: Self = Self(6);
    /// ICMP type.
    pub const ICMP_TYPE: Self = Self(7);
    /// ICMP code.
    pub const ICMP_CODE: Self = Self(8);
    /// TCP flags, a bit mask.
    pub const TCP_FLAGS: Self = Self(9);
    /// Length of the packet.
    pub const PACKET_LENGTH: Self = Self(10);
    /// DSCP.
    pub const DSCP: Self = Self(11);
    /// Fragment, a bit mask.
    pub const FRAGMENT: Self = Self(12);
    /// Flow label, IPv6 only.
    pub const FLOW_LABEL: Self = Self(13);

    /// Whether its terms compare bit masks instead of numbers (RFC 8955 §4.2.1.2).
    pub const fn is_bitmask(self) -> bool {
        matches!(self, Self::TCP_FLAGS | Self::FRAGMENT)
    }

    const fn is_prefix(self) -> bool {
        matches!(self, Self::DESTINATION | Self::SOURCE)
    }

    const fn is_known(self, afi: Afi) -> bool {
        let last = if afi.0 == Afi::IPV6.0 { Self::FLOW_LABEL.0 } else { Self::FRAGMENT.0 };
        self.0 >= 1 && self.0 <= last
    }
}

/// One condition of a rule; all of them must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowComponent<'a> {
    /// The address lies in a prefix.
    Prefix(FlowPrefix<'a>),
    /// A field fulfils a list of terms.
    Terms(FlowType, FlowTerms<'a>),
}

impl<'a> FlowComponent<'a> {
    /// Its type.
    pub const fn kind(&self) -> FlowType {
        match self {
            Self::Prefix(prefix) => prefix.kind,
            Self::Terms(kind, _) => *kind,
        }
    }

    #[inline]
    pub(super) fn parse_in(reader: &mut Reader<'a>, afi: Afi, layout: Layout) -> Result<Self, Malformed> {
        let offset = reader.offset();
        let kind = FlowType(reader.u8()?);
        if !kind.is_known(afi) {
            return Err(Malformed::value(offset, "a FlowSpec component of unknown type"));
        }
        if kind.is_prefix() {
            return FlowPrefix::parse(reader, afi, kind, layout).map(Self::Prefix);
        }
        let mut ahead = *reader;
        while !FlowTerm::skip(&mut ahead)?.is_last() {}
        let terms = reader.sub(reader.len() - ahead.len())?;
        Ok(Self::Terms(kind, FlowTerms { reader: terms }))
    }
}

/// The components of a rule.
#[derive(Clone, Copy, Debug)]
pub struct FlowComponents<'a> {
    pub(super) afi: Afi,
    pub(super) layout: Layout,
    pub(super) reader: Reader<'a>,
}

impl<'a> Iterator for FlowComponents<'a> {
    type Item = FlowComponent<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        FlowComponent::parse_in(&mut self.reader, self.afi, self.layout).ok()
    }
}

/// A prefix that an address is compared with.
///
/// ```text
/// IPv4 (RFC 8955 §4.2.2.1)              IPv6 (RFC 8956 §3.1)
/// +------------+--------------------+   +------------+------------+---------------------+
/// | Length (1) | Prefix (variable)  |   | Length (1) | Offset (1) | Pattern (variable)  |
/// +------------+--------------------+   +------------+------------+---------------------+
/// ```
///
/// The pattern holds the bits from `offset` to `length` alone; of a rule that was received in [another form](super::FlowForm), all up
/// to `length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowPrefix<'a> {
    /// [`FlowType::DESTINATION`] or [`FlowType::SOURCE`].
    pub kind: FlowType,
    /// Where the bits that count end.
    pub length: u8,
    /// How many bits before the pattern do not count; 0 for IPv4.
    pub offset: u8,
    /// How many bits the first bit of the pattern is behind the first of the address: `offset`, or 0 where the prefix stands whole.
    pub start: u8,
    /// The bits that count, or all up to them, the first in the highest bit.
    pub pattern: &'a [u8],
}

impl<'a> FlowPrefix<'a> {
    #[inline]
    fn parse(reader: &mut Reader<'a>, afi: Afi, kind: FlowType, layout: Layout) -> Result<Self, Malformed> {
        let place = reader.offset();
        let is_ipv6 = afi == Afi::IPV6;
        let mut length = reader.u8()?;
        let offset = if is_ipv6 { reader.u8()? } else { 0 };
        if layout == Layout::Inside {
            // What was read is the first octet of the identifier.
            let rest = reader.array::<3>()?;
            if length != 0 || rest != [0; 3] {
                return Err(Malformed::value(place, "a path identifier in one FlowSpec prefix of two"));
            }
            length = reader.u8()?;
        }
        let bits = if is_ipv6 { 128 } else { 32 };
        if length > bits || offset > length || (offset == length && length != 0) {
            return Err(Malformed::value(place, "a FlowSpec prefix with an impossible length"));
        }
        let start = if layout == Layout::Standard { offset } else { 0 };
        let pattern = reader.bytes(usize::from(length - start).div_ceil(8))?;
        Ok(Self { kind, length, offset, start, pattern })
    }

    /// The address with the bits of the pattern in their place and zeros elsewhere.
    pub fn address(&self) -> [u8; 16] {
        let mut pattern = [0; 16];
        pattern.iter_mut().zip(self.pattern).for_each(|(to, from)| *to = *from);
        let placed = u128::from_be_bytes(pattern).checked_shr(u32::from(self.start)).unwrap_or(0);
        let behind = u128::MAX.checked_shr(u32::from(self.offset)).unwrap_or(0);
        (placed & behind).to_be_bytes()
    }
}

/// The terms of a component.
#[derive(Clone, Copy, Debug)]
pub struct FlowTerms<'a> {
    reader: Reader<'a>,
}

impl PartialEq for FlowTerms<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.reader.rest() == other.reader.rest()
    }
}

impl Eq for FlowTerms<'_> {}

impl Iterator for FlowTerms<'_> {
    type Item = FlowTerm;

    #[inline]
    fn next(&mut self) -> Option<FlowTerm> {
        FlowTerm::parse(&mut self.reader).ok()
    }
}

/// One comparison.
///
/// ```text
///   0   1   2   3   4   5   6   7
/// +---+---+---+---+---+---+---+---+-------------------------+
/// | e | a |  len  | 0 |lt |gt |eq | Value (1, 2, 4 or 8)    |   a number (RFC 8955 §4.2.1.1)
/// | e | a |  len  | 0 | 0 |not| m | Value (1, 2, 4 or 8)    |   a bit mask (RFC 8955 §4.2.1.2)
/// +---+---+---+---+---+---+---+---+-------------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowTerm {
    /// How to compare, and how with the term before.
    pub operator: FlowOperator,
    /// What to compare with.
    pub value: u64,
}

impl FlowTerm {
    /// Steps over one; its operator.
    #[inline]
    fn skip(reader: &mut Reader<'_>) -> Result<FlowOperator, Malformed> {
        let operator = FlowOperator(reader.u8()?);
        reader.bytes(1 << (operator.0 >> 4 & 3))?;
        Ok(operator)
    }

    #[inline]
    fn parse(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let operator = FlowOperator(reader.u8()?);
        let value = match operator.0 >> 4 & 3 {
            0 => u64::from(reader.u8()?),
            1 => u64::from(reader.u16()?),
            2 => u64::from(reader.u32()?),
            _ => reader.u64()?,
        };
        Ok(Self { operator, value })
    }
}

/// The octet before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowOperator(pub u8);

impl FlowOperator {
    /// The last term of its component.
    pub const LAST: u8 = 0x80;
    /// Joined with the term before by AND; without it by OR.
    pub const AND: u8 = 0x40;
    /// Less than.
    pub const LESS: u8 = 0x04;
    /// Greater than.
    pub const GREATER: u8 = 0x02;
    /// Equal.
    pub const EQUAL: u8 = 0x01;
    /// For bit masks: not.
    pub const NOT: u8 = 0x02;
    /// For bit masks: every bit of the value, not only one.
    pub const MATCH: u8 = 0x01;

    /// Whether no term follows.
    pub const fn is_last(self) -> bool {
        self.0 & Self::LAST != 0
    }

    /// Whether it is joined with the term before by AND.
    pub const fn is_and(self) -> bool {
        self.0 & Self::AND != 0
    }
}

/// The same of a rule whose layout is known.
#[inline]
pub(super) fn check_in(mut reader: Reader<'_>, afi: Afi, layout: Layout) -> Result<(), Malformed> {
    let mut last = 0;
    if reader.is_empty() {
        return Err(reader.truncated());
    }
    while !reader.is_empty() {
        let offset = reader.offset();
        let FlowType(kind) = FlowComponent::parse_in(&mut reader, afi, layout)?.kind();
        if kind <= last {
            return Err(Malformed::value(offset, "FlowSpec components out of order"));
        }
        last = kind;
    }
    Ok(())
}

/// Reads the length and what it counts.
#[inline]
pub(super) fn body<'a>(reader: &mut Reader<'a>) -> Result<Reader<'a>, Malformed> {
    let first = reader.u8()?;
    let length = match first {
        0xf0.. => usize::from(first & 0x0f) << 8 | usize::from(reader.u8()?),
        _ => usize::from(first),
    };
    reader.sub(length)
}

/// Puts the length before a rule's octets: one octet below 240, else two with the first four bits set (RFC 8955 §4.1). `None`: it is
/// longer than that allows, 4095 octets.
pub(crate) fn with_length(rule: &[u8]) -> Option<Box<[u8]>> {
    let length = u16::try_from(rule.len()).ok().filter(|length| *length < 0x1000)?;
    let [high, low] = length.to_be_bytes();
    let head = if length < 0xf0 { &[low][..] } else { &[0xf0 | high, low] };
    Some([head, rule].concat().into())
}
