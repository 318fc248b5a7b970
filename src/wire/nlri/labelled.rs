//! Prefixes with labels (SAFI 4, RFC 8277) and VPN prefixes (SAFI 128, RFC 4364, RFC 4659).

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::prefix::Prefix;
use super::super::reader::Reader;
use super::super::vpn::{Labels, LabelsView, RouteDistinguisher};
use super::super::writer::Writer;

/// A prefix and the labels that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct LabelledPrefix {
    /// The label stack.
    pub labels: Labels,
    /// The destination.
    pub prefix: Prefix,
}

impl LabelledPrefix {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u8(bits(self.labels.0.len() * 3, self.prefix)?)?;
        self.labels.encode(out)?;
        self.prefix.encode_bits(out)
    }
}

/// A prefix in a VPN and the labels that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct VpnPrefix {
    /// Which VPN.
    pub rd: RouteDistinguisher,
    /// The destination.
    pub prefix: Prefix,
    /// The label stack.
    pub labels: Labels,
}

impl VpnPrefix {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u8(bits(self.labels.0.len() * 3 + 8, self.prefix)?)?;
        self.labels.encode(out)?;
        out.array(self.rd.0)?;
        self.prefix.encode_bits(out)
    }
}

/// The length that stands first: of the octets before the prefix and of the prefix, in bits.
fn bits(octets_before: usize, prefix: Prefix) -> Result<u8, BufferFull> {
    u8::try_from(octets_before * 8 + usize::from(prefix.length())).map_err(|_| BufferFull)
}

/// A labelled prefix as it stands on the wire.
///
/// ```text
/// +--------------------------+
/// | Length in bits (1)       |  of all that follows
/// +--------------------------+
/// | Labels (3 each)          |  the last one has its bottom-of-stack bit set
/// +--------------------------+
/// | Prefix (variable)        |
/// +--------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LabelledPrefixView<'a> {
    /// The label stack.
    pub labels: LabelsView<'a>,
    /// The destination.
    pub prefix: Prefix,
}

impl<'a> LabelledPrefixView<'a> {
    /// Reads one.
    #[inline]
    pub(super) fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let bits = reader.u8()?;
        let labels = LabelsView::parse(reader)?;
        let length = rest_of(bits, labels.octets(), reader)?;
        let prefix = Prefix::parse_bits(reader, afi, length)?;
        Ok(Self { labels, prefix })
    }
}

impl From<LabelledPrefixView<'_>> for LabelledPrefix {
    fn from(view: LabelledPrefixView<'_>) -> Self {
        Self { labels: view.labels.into(), prefix: view.prefix }
    }
}

/// A VPN prefix as it stands on the wire.
///
/// ```text
/// +--------------------------+
/// | Length in bits (1)       |  of all that follows
/// +--------------------------+
/// | Labels (3 each)          |
/// +--------------------------+
/// | Route distinguisher (8)  |
/// +--------------------------+
/// | Prefix (variable)        |
/// +--------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct VpnPrefixView<'a> {
    /// Which VPN.
    pub rd: RouteDistinguisher,
    /// The destination.
    pub prefix: Prefix,
    /// The label stack.
    pub labels: LabelsView<'a>,
}

impl<'a> VpnPrefixView<'a> {
    /// Reads one.
    #[inline(always)]
    pub(super) fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let bits = reader.u8()?;
        let labels = LabelsView::parse(reader)?;
        let rd = RouteDistinguisher(reader.array()?);
        let length = rest_of(bits, labels.octets() + 8, reader)?;
        let prefix = Prefix::parse_bits(reader, afi, length)?;
        Ok(Self { rd, prefix, labels })
    }
}

impl From<VpnPrefixView<'_>> for VpnPrefix {
    fn from(view: VpnPrefixView<'_>) -> Self {
        Self { rd: view.rd, prefix: view.prefix, labels: view.labels.into() }
    }
}

/// How many of `bits` are left for the prefix after `octets` were read.
#[inline]
fn rest_of(bits: u8, octets: usize, at: &Reader<'_>) -> Result<u8, Malformed> {
    let taken = u8::try_from(octets * 8).ok();
    taken
        .and_then(|taken| bits.checked_sub(taken))
        .ok_or(Malformed::value(at.offset(), "labels longer than the length that stands before them"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_labelled_prefix_is_read_and_written() {
        let bytes = [24 + 24, 0x00, 0x06, 0x41, 10, 1, 2];
        let view = LabelledPrefixView::parse(&mut Reader::new(&bytes, 0), Afi::IPV4).unwrap();
        assert_eq!(view.labels.iter().map(|label| label.value()).collect::<alloc::vec::Vec<_>>(), [100]);
        assert_eq!(format!("{}", view.prefix), "10.1.2.0/24");
        let mut buffer = [0; 16];
        let mut out = Writer::new(&mut buffer);
        LabelledPrefix::from(view).encode(&mut out).unwrap();
        assert_eq!(out.written(), bytes);
    }

    #[test]
    fn a_withdrawn_vpn_prefix_has_a_label_without_the_bottom_bit() {
        let bytes = [24 + 64 + 8, 0x80, 0, 0, 0, 0, 0xfd, 0xe8, 0, 0, 0, 1, 10];
        let view = VpnPrefixView::parse(&mut Reader::new(&bytes, 0), Afi::IPV4).unwrap();
        assert_eq!(
            (format!("{}", view.rd), format!("{}", view.prefix)),
            ("65000:1".into(), "10.0.0.0/8".into())
        );
    }

    #[test]
    fn labels_that_never_end_are_malformed() {
        let bytes = [48, 0, 0x06, 0x40, 0, 0x06, 0x40];
        assert!(LabelledPrefixView::parse(&mut Reader::new(&bytes, 0), Afi::IPV4).is_err());
        let mut bytes = [0x10; 33];
        bytes[0] = 255;
        assert!(LabelledPrefixView::parse(&mut Reader::new(&bytes, 0), Afi::IPV6).is_err());
    }

    #[test]
    fn a_length_that_ends_inside_the_labels_is_malformed() {
        assert!(VpnPrefixView::parse(&mut Reader::new(&[23, 0, 0x06, 0x41], 0), Afi::IPV4).is_err());
        assert!(LabelledPrefixView::parse(&mut Reader::new(&[23, 0, 0x06, 0x41], 0), Afi::IPV4).is_err());
    }
}
