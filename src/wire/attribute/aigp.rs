//! Accumulated IGP metric (attribute 26, RFC 7311).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;

/// The type of the one TLV that counts, and its length, header included.
const METRIC: (u8, u16) = (1, 11);

/// The attribute's TLVs: the AIGP TLV counts, others are carried along behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aigp {
    /// The metric.
    pub metric: u64,
    /// Further TLVs as they stand on the wire; mostly none.
    pub others: Box<[u8]>,
}

impl Aigp {
    /// The attribute that carries this metric alone.
    pub fn new(metric: u64) -> Self {
        Self { metric, others: Box::default() }
    }

    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u8(METRIC.0)?;
        out.u16(METRIC.1)?;
        out.u64(self.metric)?;
        out.bytes(&self.others)
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
    /// What follows the metric's TLV.
    pub others: &'a [u8],
}

impl<'a> AigpView<'a> {
    /// Reads all of `reader`, in which the metric's TLV must stand first: nothing else was ever defined.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.offset();
        if (reader.u8()?, reader.u16()?) != METRIC {
            return Err(Malformed::value(start, "an AIGP attribute that does not begin with its metric"));
        }
        let metric = reader.u64()?;
        let others = reader.rest();
        while !reader.is_empty() {
            let _kind = reader.u8()?;
            let length = reader.u16()?;
            let value = length
                .checked_sub(3)
                .ok_or(Malformed::length(reader.offset(), "a TLV shorter than its header"))?;
            reader.bytes(usize::from(value))?;
        }
        Ok(Self { metric, others })
    }
}

impl From<AigpView<'_>> for Aigp {
    fn from(view: AigpView<'_>) -> Self {
        Self { metric: view.metric, others: view.others.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metric_is_read_and_written() {
        let bytes = [1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 20, 9, 0, 4, 7];
        let view = AigpView::parse(Reader::new(&bytes, 0)).unwrap();
        assert_eq!((view.metric, view.others), (20, &[9, 0, 4, 7][..]));
        let mut buffer = [0; 32];
        let mut out = Writer::new(&mut buffer);
        Aigp::from(view).encode(&mut out).unwrap();
        assert_eq!(out.written(), bytes);
    }

    #[test]
    fn a_tlv_shorter_than_its_own_header_is_malformed() {
        let bytes = [1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 20, 9, 0, 0];
        assert!(AigpView::parse(Reader::new(&bytes, 0)).is_err());
    }
}
