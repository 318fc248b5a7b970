//! Segment routing policies (SAFI 73, RFC 9830 §2.1).

use alloc::boxed::Box;
use core::net::IpAddr;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::reader::Reader;
use super::super::writer::Writer;
use super::address;
use super::kept::kept_nlri;

kept_nlri! {
    /// A candidate path of a policy.
    SrPolicyNlri,
    /// The same as it stands on the wire; the length is 96 for IPv4 and 192 for IPv6.
    ///
    /// ```text
    /// +---------------------+--------------------+-------------+--------------------+
    /// | Length in bits (1)  | Distinguisher (4)  | Color (4)   | Endpoint (4, 16)   |
    /// +---------------------+--------------------+-------------+--------------------+
    /// ```
    SrPolicyNlriView,
    SrPolicyFields,
    [afi]
}

/// What identifies a candidate path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrPolicyFields<'a> {
    /// A policy's candidate path.
    Policy {
        /// Tells candidate paths of one policy apart.
        distinguisher: u32,
        /// The intent that the policy serves.
        color: u32,
        /// Where it leads.
        endpoint: IpAddr,
    },
    /// Never read from the wire.
    Unknown(&'a [u8]),
}

impl<'a> SrPolicyFields<'a> {
    fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let octets = if afi == Afi::IPV6 { 16 } else { 4 };
        let offset = reader.offset();
        if usize::from(reader.u8()?) != (8 + octets) * 8 {
            return Err(Malformed::value(
                offset,
                "an SR policy of a length that its address family does not have",
            ));
        }
        Ok(Self::Policy {
            distinguisher: reader.u32()?,
            color: reader.u32()?,
            endpoint: address::of(reader, octets)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_as_long_as_its_family_wants() {
        let bytes = [96, 0, 0, 0, 1, 0, 0, 0, 100, 192, 0, 2, 1];
        let view = SrPolicyNlriView::parse(&mut Reader::new(&bytes, 0), Afi::IPV4).unwrap();
        let expected =
            SrPolicyFields::Policy { distinguisher: 1, color: 100, endpoint: [192, 0, 2, 1].into() };
        assert_eq!(view.fields(), expected);
        assert!(SrPolicyNlriView::parse(&mut Reader::new(&bytes, 0), Afi::IPV6).is_err());
    }
}
