//! UPDATE (RFC 4271 §4.3, RFC 4760): routes withdrawn, and routes announced with their attributes.
//!
//! The owned form stands here; what is received is a `view`, and passes the `check` before anybody sees it.

mod check;
mod view;

pub use view::{Frequent, UpdateView};

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::attribute::{self, Attribute, AttributeCode, AttributeFlags, Attributes};
use super::error::BufferFull;
use super::family::Family;
use super::mp::{MpReach, MpUnreach};
use super::negotiated::Negotiated;
use super::nlri::NlriList;
use super::writer::Writer;

/// An UPDATE as it stands on the wire: every part in its order, so that it encodes to what it was decoded from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Update {
    /// Withdrawn routes, IPv4 unicast.
    pub withdrawn: NlriList,
    /// Path attributes, in order.
    pub attributes: Vec<PathAttribute>,
    /// Announced routes, IPv4 unicast, with the next hop of NEXT_HOP.
    pub nlri: NlriList,
}

/// One path attribute of an [`Update`], with its flags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathAttribute {
    /// Its flags. The extended-length bit asks for two octets of length where one would do.
    pub flags: AttributeFlags,
    /// What it says.
    pub value: PathAttributeValue,
}

/// What a path attribute of an [`Update`] says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathAttributeValue {
    /// NEXT_HOP, 3 (RFC 4271 §5.1.3)
    NextHop(Ipv4Addr),
    /// MP_REACH_NLRI, 14 (RFC 4760 §3)
    MpReach(Box<MpReach>),
    /// MP_UNREACH_NLRI, 15 (RFC 4760 §4)
    MpUnreach(Box<MpUnreach>),
    /// One that belongs to the routes.
    Route(Attribute),
}

impl From<PathAttributeValue> for PathAttribute {
    /// With the flags that its definition wants.
    fn from(value: PathAttributeValue) -> Self {
        let flags = match &value {
            PathAttributeValue::NextHop(_) => AttributeFlags(AttributeFlags::TRANSITIVE),
            PathAttributeValue::MpReach(_) | PathAttributeValue::MpUnreach(_) => {
                AttributeFlags(AttributeFlags::OPTIONAL)
            }
            PathAttributeValue::Route(attribute) => attribute.flags(),
        };
        Self { flags, value }
    }
}

impl PathAttribute {
    /// Writes the whole attribute.
    fn encode(&self, negotiated: &Negotiated, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        use PathAttributeValue::{MpReach, MpUnreach, NextHop, Route};
        match &self.value {
            NextHop(address) => {
                attribute::encode(self.flags, AttributeCode::NEXT_HOP, out, |out| out.array(address.octets()))
            }
            MpReach(reach) => attribute::encode(self.flags, AttributeCode::MP_REACH, out, |out| {
                reach.encode(negotiated, out)
            }),
            MpUnreach(unreach) => attribute::encode(self.flags, AttributeCode::MP_UNREACH, out, |out| {
                unreach.encode(negotiated, out)
            }),
            Route(attribute) => attribute::encode(self.flags, attribute.code(), out, |out| {
                attribute.encode_value(negotiated.asn4, out)
            }),
        }
    }
}

impl Update {
    /// The UPDATE that says that all routes of `family` were sent (RFC 4724 §2).
    pub fn end_of_rib(family: Family) -> Self {
        if family == Family::IPV4_UNICAST {
            return Self::default();
        }
        let unreach = MpUnreach { family, nlri: NlriList::default() };
        let unreach = PathAttributeValue::MpUnreach(Box::new(unreach));
        Self { attributes: Vec::from([unreach.into()]), ..Self::default() }
    }

    /// Writes the message's body.
    ///
    /// # Errors
    ///
    /// Where the buffer is full, or a length does not fit its field.
    pub fn encode(&self, negotiated: &Negotiated, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        let add_path = negotiated.family(Family::IPV4_UNICAST).is_some_and(|terms| terms.add_path_send);
        let gap = out.gap_u16()?;
        self.withdrawn.encode(add_path, out)?;
        out.fill_u16(gap)?;
        let gap = out.gap_u16()?;
        self.attributes.iter().try_for_each(|attribute| attribute.encode(negotiated, out))?;
        out.fill_u16(gap)?;
        self.nlri.encode(add_path, out)
    }

    /// What the attributes say of the routes, next hops and NLRI left out. From a peer whose AS numbers have two octets the path is
    /// put together from AS_PATH and AS4_PATH, the aggregator likewise (RFC 6793 §4.2.3).
    pub fn route_attributes(&self, negotiated: &Negotiated) -> Attributes {
        let route = |attribute: &PathAttribute| match &attribute.value {
            PathAttributeValue::Route(attribute) => Some(attribute.clone()),
            _ => None,
        };
        let mut attributes: Attributes = self.attributes.iter().filter_map(route).collect();
        merge_four_octet_numbers(&mut attributes, negotiated.asn4);
        attributes
    }
}

/// Folds AS4_PATH and AS4_AGGREGATOR into AS_PATH and AGGREGATOR; a peer whose AS numbers have four octets must not
/// have sent them, and they are dropped (RFC 6793 §4.1, §4.2.3).
fn merge_four_octet_numbers(attributes: &mut Attributes, asn4: bool) {
    let as4_path = attributes.remove(AttributeCode::AS4_PATH);
    let as4_aggregator = attributes.remove(AttributeCode::AS4_AGGREGATOR);
    if asn4 {
        return;
    }
    if let (Some(aggregator), Some(Attribute::As4Aggregator(as4))) = (attributes.aggregator(), as4_aggregator)
    {
        // Somebody has aggregated since who knew nothing of AS4_AGGREGATOR, nor of AS4_PATH.
        if aggregator.asn != u32::from(attribute::AS_TRANS) {
            return;
        }
        attributes.insert(Attribute::Aggregator(as4));
    }
    if let (Some(path), Some(Attribute::As4Path(as4_path))) = (attributes.as_path(), as4_path) {
        let merged = path.merged(&as4_path);
        attributes.insert(Attribute::AsPath(merged));
    }
}
