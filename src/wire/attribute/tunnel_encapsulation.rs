//! Tunnel encapsulation (attribute 23, RFC 9012).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;
use super::sr_policy::{self, SR_POLICY_TUNNEL, SrPolicySubTlv};
use super::sub_tlv::sub_tlv;

/// The attribute's value. Of tunnels that are no SR policies, TLVs are checked for their lengths only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelEncapsulation {
    /// The octets after the attribute's length.
    pub bytes: Box<[u8]>,
}

impl TunnelEncapsulation {
    /// The attribute that says this of a policy, sub-TLVs as [`SrPolicySubTlv::encode`] writes them; `None` where they are too long
    /// together.
    pub fn sr_policy(sub_tlvs: &[u8]) -> Option<Self> {
        let [a, b] = u16::try_from(sub_tlvs.len()).ok()?.to_be_bytes();
        let [kind, code] = SR_POLICY_TUNNEL.to_be_bytes();
        Some(Self { bytes: [&[kind, code, a, b], sub_tlvs].concat().into() })
    }

    /// The attribute as a view.
    pub fn view(&self) -> TunnelEncapsulationView<'_> {
        TunnelEncapsulationView { bytes: &self.bytes }
    }

    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// The attribute's value as it stands on the wire: TLVs one after another.
///
/// ```text
/// +-----------+-------------+------------------+
/// | Type (2)  | Length (2)  | Value (variable) |
/// +-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TunnelEncapsulationView<'a> {
    /// The octets after the attribute's length.
    pub bytes: &'a [u8],
}

impl<'a> TunnelEncapsulationView<'a> {
    /// Reads all of `reader`.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let bytes = reader.rest();
        // One without a single tunnel is malformed (RFC 9012 §13).
        if bytes.is_empty() {
            return Err(reader.truncated());
        }
        while !reader.is_empty() {
            let kind = reader.u16()?;
            let length = reader.u16()?;
            let tunnel = reader.sub(usize::from(length))?;
            if kind == SR_POLICY_TUNNEL { sr_policy::check(tunnel)? } else { sub_tlvs(tunnel)? }
        }
        Ok(Self { bytes })
    }

    /// The tunnels, in order.
    pub fn tunnels(self) -> impl Iterator<Item = Tunnel<'a>> {
        let mut reader = Reader::new(self.bytes, 0);
        core::iter::from_fn(move || {
            let (kind, length) = (reader.u16().ok()?, reader.u16().ok()?);
            let value = reader.bytes(usize::from(length)).ok()?;
            Some(Tunnel { kind, value })
        })
    }
}

/// One tunnel of the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tunnel<'a> {
    /// The tunnel type, such as [`SR_POLICY_TUNNEL`].
    pub kind: u16,
    /// Its sub-TLVs.
    pub value: &'a [u8],
}

impl<'a> Tunnel<'a> {
    /// What it says of a policy, in order; nothing where it is of another type.
    pub fn sr_policy(self) -> impl Iterator<Item = SrPolicySubTlv<'a>> {
        let mut reader = Reader::new(if self.kind == SR_POLICY_TUNNEL { self.value } else { &[] }, 0);
        core::iter::from_fn(move || {
            let (code, value) = sub_tlv(&mut reader).ok()?;
            SrPolicySubTlv::parse(code, value).ok()
        })
    }
}

impl From<TunnelEncapsulationView<'_>> for TunnelEncapsulation {
    fn from(view: TunnelEncapsulationView<'_>) -> Self {
        Self { bytes: view.bytes.into() }
    }
}

/// Walks over sub-TLVs: one octet of type, then one octet of length up to type 127 and two above (RFC 9012 §2).
fn sub_tlvs(mut tunnel: Reader<'_>) -> Result<(), Malformed> {
    while !tunnel.is_empty() {
        sub_tlv(&mut tunnel)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_segment_is_as_long_as_its_type_wants_and_no_octet_longer() {
        // Type, and the lengths that it may have (RFC 9830 §2.4.4.2, RFC 9831 §2).
        let lengths: [(u8, &[u8]); 12] = [
            (1, &[6]),
            (3, &[6, 10]),
            (4, &[18, 22]),
            (5, &[10, 14]),
            (6, &[10, 14]),
            (7, &[42, 46]),
            (8, &[34, 38]),
            (9, &[6]),
            (13, &[18, 26]),
            (14, &[18, 34, 42]),
            (15, &[42, 58, 66]),
            (16, &[34, 50, 58]),
        ];
        for (kind, possible) in lengths {
            for length in 0..80 {
                let segment = [&[kind, length][..], &alloc::vec![0; usize::from(length)]].concat();
                let list = [&[128, 0, length + 3, 0][..], &segment].concat();
                let whole = parse(&[&[0, 15, 0, length + 6][..], &list].concat());
                assert_eq!(whole.is_ok(), possible.contains(&length), "type {kind}, {length} octets");
            }
        }
    }

    #[test]
    fn every_part_of_a_policy_is_as_long_as_its_type_wants() {
        let lengths: [(u8, &[u8]); 5] =
            [(12, &[6]), (13, &[2, 6, 18]), (14, &[3]), (15, &[2]), (20, &[18, 26])];
        for (kind, possible) in lengths {
            for length in 0..40 {
                let part = [&[kind, length][..], &alloc::vec![0; usize::from(length)]].concat();
                let whole = [&[0, 15, 0, length + 2][..], &part].concat();
                assert_eq!(parse(&whole).is_ok(), possible.contains(&length), "type {kind}, {length} octets");
                assert!(
                    parse(&[&[0, 8][..], &whole[2..]].concat()).is_ok(),
                    "nothing to a tunnel of another type"
                );
            }
        }
        for kind in [128, 129, 130] {
            assert!(parse(&[0, 15, 0, 3, kind, 0, 0]).is_err(), "type {kind} without its reserved octet");
            assert!(parse(&[0, 15, 0, 4, kind, 0, 1, 0]).is_ok());
        }
    }

    #[test]
    fn what_is_said_twice_is_no_error() {
        let preference = [12, 6, 0, 0, 0, 0, 0, 100];
        let twice = [&[0, 15, 0, 16][..], &preference, &preference].concat();
        assert!(parse(&twice).is_ok());
        let weight = [9, 6, 0, 0, 0, 0, 0, 1];
        assert!(parse(&[&[0, 15, 0, 20, 128, 0, 17, 0][..], &weight, &weight].concat()).is_ok());
    }

    fn parse(bytes: &[u8]) -> Result<(), Malformed> {
        TunnelEncapsulationView::parse(Reader::new(bytes, 0)).map(drop)
    }

    #[test]
    fn the_length_of_a_sub_tlv_has_two_octets_from_type_128() {
        assert!(parse(&[0, 8, 0, 4, 4, 2, 0, 1]).is_ok());
        assert!(parse(&[0, 15, 0, 4, 128, 0, 1, 9]).is_ok());
    }

    #[test]
    fn a_tlv_longer_than_what_is_there_is_refused() {
        // A tunnel, or a sub-TLV, that claims more than its stream holds.
        assert!(parse(&[0, 8, 0, 9, 4, 2, 0, 1]).is_err());
        assert!(parse(&[0, 8, 0, 4, 4, 9, 0, 1]).is_err());
        assert!(parse(&[0, 8, 0]).is_err());
    }
}
