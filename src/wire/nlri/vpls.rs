//! VPLS (L2VPN, SAFI 65): RFC 4761 §3.2.2, and the auto-discovery of RFC 6074 §3.2.2.1.

use alloc::boxed::Box;
use core::net::Ipv4Addr;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::vpn::{Label, RouteDistinguisher};
use super::super::writer::Writer;
use super::kept::kept_nlri;

kept_nlri! {
    /// A VPLS edge device's labels, or that it exists.
    VplsNlri,
    /// The same as it stands on the wire; the length, 17 or 12, tells the two apart.
    ///
    /// ```text
    /// +-------------+---------+-------------+-----------------------+---------------------+-----------------+
    /// | Length (2)  | RD (8)  | VE ID (2)   | VE block offset (2)   | VE block size (2)   | Label base (3)  |
    /// +-------------+---------+-------------+-----------------------+---------------------+-----------------+
    /// | Length (2)  | RD (8)  | PE address (4)  |
    /// +-------------+---------+-----------------+
    /// ```
    VplsNlriView,
    VplsFields,
    []
}

/// What an NLRI says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VplsFields<'a> {
    /// A block of labels (RFC 4761).
    Labels {
        /// Which VPLS instance.
        distinguisher: RouteDistinguisher,
        /// Who offers the labels.
        endpoint: u16,
        /// The first remote edge device that the labels are for.
        offset: u16,
        /// How many labels there are.
        size: u16,
        /// The first label.
        base: Label,
    },
    /// A provider edge that takes part (RFC 6074).
    Discovery {
        /// Which VPLS instance.
        distinguisher: RouteDistinguisher,
        /// Its address.
        address: Ipv4Addr,
    },
    /// Never read from the wire.
    Unknown(&'a [u8]),
}

impl<'a> VplsFields<'a> {
    fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let offset = reader.offset();
        match reader.u16()? {
            17 => Ok(Self::Labels {
                distinguisher: RouteDistinguisher(reader.array()?),
                endpoint: reader.u16()?,
                offset: reader.u16()?,
                size: reader.u16()?,
                base: Label::from_octets(reader.array()?),
            }),
            12 => Ok(Self::Discovery {
                distinguisher: RouteDistinguisher(reader.array()?),
                address: Ipv4Addr::from(reader.array::<4>()?),
            }),
            _ => Err(Malformed::length(offset, "a VPLS NLRI of neither 17 nor 12 octets")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_labels_reads_back() {
        let bytes = [0, 17, 0, 1, 192, 168, 201, 1, 0, 123, 0, 5, 0, 1, 0, 8, 0x02, 0x97, 0xb1];
        let view = VplsNlriView::parse(&mut Reader::new(&bytes, 0)).unwrap();
        let VplsFields::Labels { endpoint, offset, size, base, .. } = view.fields() else { panic!("labels") };
        assert_eq!((endpoint, offset, size, base.value()), (5, 1, 8, 10619));
    }

    #[test]
    fn any_other_length_is_refused() {
        assert!(VplsNlriView::parse(&mut Reader::new(&[0, 16, 0, 0], 0)).is_err());
        assert!(VplsNlriView::parse(&mut Reader::new(&[0, 17, 0, 0], 0)).is_err());
    }
}
