//! BGP on the wire: messages, capabilities, path attributes and NLRI. Imports nothing of ours.
//!
//! For each wire type there is an owned form, for what is built or kept, and a borrowed view that decodes lazily and
//! allocates nothing.

pub mod attribute;
pub mod capability;
pub mod family;
mod message;
pub mod negotiated;
pub mod nlri;
pub mod notification;
pub mod open;
pub mod operational;
mod prefix;
pub mod refresh;
mod route;
pub mod update;
mod vpn;

pub use attribute::{
    Aggregator, AsPath, AsSegment, AsSegmentKind, Attribute, AttributeCode, AttributeFlags, Attributes,
    Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity, Origin,
};
pub use capability::Capability;
pub use family::{Afi, Family, Safi};
pub use message::Message;
pub use negotiated::{FamilyTerms, Negotiated};
pub use nlri::{Nlri, PathNlri};
pub use notification::Notification;
pub use open::Open;
pub use operational::Operational;
pub use prefix::{Ipv4Prefix, Ipv6Prefix, Prefix};
pub use refresh::{RefreshKind, RouteRefresh};
pub use route::{NextHop, Route};
pub use update::{MpReach, MpUnreach, PathAttribute, PathAttributeValue, Update};
pub use vpn::{Label, Labels, RouteDistinguisher};
