//! `Arbitrary` for the owned types of the wire: whatever is drawn is something that a speaker could send. What is drawn, encoded and
//! decoded again is therefore the same, which is what the fuzz targets say.
//!
//! Types all of whose values are valid derive it where they are defined; the others stand here.

mod attribute;
mod message;
mod nlri;

use alloc::boxed::Box;
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Result, Unstructured};

use super::{Family, FamilyTerms, Ipv4Prefix, Ipv6Prefix, Label, Labels, Negotiated};

/// A few values, not too many for one message.
fn few<'a, T: Arbitrary<'a>>(u: &mut Unstructured<'a>, least: usize, most: usize) -> Result<Vec<T>> {
    let count = u.int_in_range(least..=most)?;
    (0..count).map(|_| u.arbitrary()).collect()
}

/// A few octets.
fn octets(u: &mut Unstructured<'_>, most: usize) -> Result<Box<[u8]>> {
    few(u, 0, most).map(Vec::into_boxed_slice)
}

/// Appends `N` octets.
fn fill<const N: usize>(u: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    out.extend(u.arbitrary::<[u8; N]>()?);
    Ok(())
}

impl<'a> Arbitrary<'a> for Ipv4Prefix {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (address, length) = (u.arbitrary()?, u.int_in_range(0..=32)?);
        Self::new(address, length).ok_or(arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Ipv6Prefix {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (address, length) = (u.arbitrary()?, u.int_in_range(0..=128)?);
        Self::new(address, length).ok_or(arbitrary::Error::IncorrectFormat)
    }
}

/// One label or two, more of which would not fit before a VPN's IPv6 prefix; the last ends the stack, and no other does.
impl<'a> Arbitrary<'a> for Labels {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if u.ratio(1, 8)? {
            return Ok(Self(Vec::from([Label::WITHDRAWN])));
        }
        let values = [u.int_in_range(1..=0x7_ffff)?, u.int_in_range(0..=0xf_ffff)?];
        let count = u.int_in_range(0..=1)?;
        Ok(Self::from_values(values.get(count..).unwrap_or_default()))
    }
}

/// Any of the families that have a decoder, all on equal terms in both directions, as far as that goes.
impl<'a> Arbitrary<'a> for Negotiated {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut negotiated = Self::between(u.arbitrary()?, u.arbitrary()?);
        negotiated.asn4 = u.arbitrary()?;
        negotiated.extended_message = u.arbitrary()?;
        negotiated.route_refresh = u.arbitrary()?;
        negotiated.enhanced_route_refresh = u.arbitrary()?;
        negotiated.operational = u.arbitrary()?;
        negotiated.hold_time = u.arbitrary()?;
        for family in Family::ALL {
            if u.arbitrary()? {
                negotiated.set_family(FamilyTerms { family, ..u.arbitrary()? });
            }
        }
        Ok(negotiated)
    }
}
