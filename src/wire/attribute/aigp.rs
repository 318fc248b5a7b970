//! Accumulated IGP metric (attribute 26, RFC 7311).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;

/// The type of the one TLV that counts, and its length, header included.
const METRIC: u8 = 1;
const METRIC_LENGTH: u16 = 11;

/// The attribute's TLVs. The first one with a metric counts; those of other types are carried along (RFC 7311 §3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aigp {
    /// The metric.
    pub metric: u64,
    /// Every TLV as it stands on the wire, that of the metric included.
    tlvs: Box<[u8]>,
}

impl Aigp {
    /// The attribute that carries this metric alone.
    pub fn new(metric: u64) -> Self {
        let [a, b] = METRIC_LENGTH.to_be_bytes();
        Self { metric, tlvs: [&[METRIC, a, b][..], &metric.to_be_bytes()].concat().into() }
    }

    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.tlvs)
    }
}

/// The attribute's value as it stands on the wire: TLVs one after another, each length with its header of three octets.
///
/// ```text
/// +-----------+-------------+------------------+
/// | Type (1)  | Length (2)  | Value (variable) |
/// +-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AigpView<'a> {
    /// The metric.
    pub metric: u64,
    /// Every TLV.
    tlvs: &'a [u8],
}

impl<'a> AigpView<'a> {
    /// Reads all of `reader`. There must be a metric, and not the greatest of all, which is none (RFC 7311 §3.2); TLVs of other
    /// types, and more than one metric, are no fault.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let (start, tlvs) = (reader.offset(), reader.rest());
        let mut found = None;
        while !reader.is_empty() {
            let kind = reader.u8()?;
            let length = reader.u16()?;
            let octets = length
                .checked_sub(3)
                .ok_or(Malformed::length(reader.offset(), "a TLV shorter than its header"))?;
            let mut value = reader.sub(usize::from(octets))?;
            if kind == METRIC {
                let metric = value.u64()?;
                value.finish()?;
                found.get_or_insert(metric);
            }
        }
        match found {
            Some(metric) if metric != u64::MAX => Ok(Self { metric, tlvs }),
            _ => Err(Malformed::value(start, "an AIGP attribute without a metric")),
        }
    }
}

impl From<AigpView<'_>> for Aigp {
    fn from(view: AigpView<'_>) -> Self {
        Self { metric: view.metric, tlvs: view.tlvs.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Aigp, Malformed> {
        AigpView::parse(Reader::new(bytes, 0)).map(Aigp::from)
    }

    fn written(aigp: &Aigp) -> alloc::vec::Vec<u8> {
        let mut buffer = [0; 64];
        let mut out = Writer::new(&mut buffer);
        aigp.encode(&mut out).unwrap();
        out.written().to_vec()
    }

    #[test]
    fn the_first_metric_counts_and_every_tlv_stays_where_it_stood() {
        let metric = [1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 20];
        let bytes = [&[9, 0, 4, 7][..], &metric, &[1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 30]].concat();
        let aigp = parse(&bytes).unwrap();
        assert_eq!(aigp.metric, 20);
        assert_eq!(written(&aigp), bytes);
        assert_eq!(written(&Aigp::new(20)), metric);
    }

    #[test]
    fn a_tlv_shorter_than_its_own_header_is_malformed() {
        assert!(parse(&[1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 20, 9, 0, 0]).is_err());
    }

    #[test]
    fn a_metric_that_is_missing_cut_or_the_greatest_of_all_is_malformed() {
        assert!(parse(&[]).is_err());
        assert!(parse(&[9, 0, 3]).is_err());
        assert!(parse(&[1, 0, 10, 0, 0, 0, 0, 0, 0, 0]).is_err());
        assert!(parse(&[1, 0, 11, 255, 255, 255, 255, 255, 255, 255, 255]).is_err());
    }
}
