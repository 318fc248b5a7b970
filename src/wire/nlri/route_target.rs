//! Route target membership (SAFI 132, RFC 4684): which VPN routes a speaker wants to be sent.

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::reader::Reader;
use super::super::writer::Writer;
use super::kept::kept_nlri;

kept_nlri! {
    /// A membership.
    RouteTargetMembership,
    /// The same as it stands on the wire: a prefix of an AS number and a route target.
    ///
    /// ```text
    /// +---------------------+----------------------------+--------------------------------+
    /// | Length in bits (1)  | Origin AS (0 or 4)         | Route target (0 to 8)          |
    /// +---------------------+----------------------------+--------------------------------+
    /// ```
    ///
    /// The length is 0, or 32 to 96 (RFC 4684 §4).
    RouteTargetMembershipView,
    RouteTargetFields,
    [afi]
}

/// What a membership says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteTargetFields<'a> {
    /// Every route target of every AS.
    All,
    /// The route targets that begin with some bits.
    Prefix {
        /// The AS that wants them.
        asn: u32,
        /// How many bits of `target` count, 0 to 64.
        length: u8,
        /// A route target, an extended community (RFC 4360 §4), zeros where it was cut short.
        target: [u8; 8],
    },
    /// Never read from the wire.
    Unknown(&'a [u8]),
}

impl<'a> RouteTargetFields<'a> {
    fn parse(reader: &mut Reader<'a>, _afi: Afi) -> Result<Self, Malformed> {
        let offset = reader.offset();
        let bits = reader.u8()?;
        if bits == 0 {
            return Ok(Self::All);
        }
        if !(32..=96).contains(&bits) {
            return Err(Malformed::value(
                offset,
                "a route target membership that is not 0 or 32 to 96 bits long",
            ));
        }
        let asn = reader.u32()?;
        let length = bits - 32;
        let mut target = [0; 8];
        let octets = reader.bytes(usize::from(length).div_ceil(8))?;
        target.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        Ok(Self::Prefix { asn, length, target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_membership_is_empty_or_at_least_an_as_number() {
        let parse = |bytes: &'static [u8]| {
            RouteTargetMembershipView::parse(&mut Reader::new(bytes, 0), Afi::IPV4).map(|view| view.fields())
        };
        assert_eq!(parse(&[0]), Ok(RouteTargetFields::All));
        assert_eq!(
            parse(&[96, 0, 0, 0xfd, 0xe8, 0, 2, 0xfd, 0xe8, 0, 0, 0, 1]),
            Ok(RouteTargetFields::Prefix { asn: 65000, length: 64, target: [0, 2, 0xfd, 0xe8, 0, 0, 0, 1] })
        );
        assert!(parse(&[31, 0, 0, 0, 0]).is_err());
        assert!(parse(&[97, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }
}
