//! ATTR_SET (attribute 128, RFC 6368): a customer's attributes, carried across a provider.

use alloc::boxed::Box;

/// The customer's AS and attributes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttrSet {
    /// The customer's AS.
    pub origin_as: u32,
    /// The path attributes as they stand on the wire; never walked into deeper than once, so that no input nests us.
    pub attributes: Box<[u8]>,
}
