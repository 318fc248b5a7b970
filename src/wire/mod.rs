//! BGP on the wire: messages, capabilities, path attributes and NLRI. Imports nothing of ours.
//!
//! For each wire type there is an owned form, for what is built or kept, and, where bytes come in numbers, a borrowed view
//! that decodes lazily and allocates nothing. What was [negotiated](Negotiated) is an explicit argument of both directions.
//!
//! # From bytes to routes
//!
//! ```text
//! bytes ── Framer ──▶ Frame ── MessageView::decode ──▶ UpdateView ──▶ attributes(), nlri(), mp_reach() …   borrowed
//!                                                          │
//!                                                          └──▶ Update ── encode ──▶ the same bytes         owned
//! ```
//!
//! [`UpdateView::decode`] is the one gate: it checks an UPDATE to its last octet before anything is used, because RFC 7606's
//! treatments are about whole messages. What it lets through cannot fail afterwards, so that the iterators behind it yield values,
//! not results. An error is a [`Malformed`], what is wrong and where, until [`treatment`] says what it comes to.
//!
//! # How to add a family or an attribute
//!
//! A file each, `nlri/FAMILY.rs` or `attribute/NAME.rs`, with
//!
//! 1. the owned form and its `encode(&self, out: &mut Writer) -> Result<(), BufferFull>`;
//! 2. the borrowed view, `Copy`, the wire layout drawn above it, and its `parse`, which takes a [`Reader`] (for NLRI `&mut`, and takes
//!    exactly one; for an attribute by value, and takes all), checks everything inside, and refuses octets left over;
//! 3. `From<View>` for the owned form;
//! 4. tests: figures of the RFC read and written again, and hostile lengths refused.
//!
//! Then one line in each dispatch: [`NlriView::parse`] and [`Nlri::encode`], or [`AttributeView::parse`] and
//! [`Attribute::encode`], and for an attribute its row in [`treatment::ATTRIBUTES`]. A list of TLVs or components is a small iterator
//! whose `next` returns `None` at the end *and* at what it cannot read; `parse` drains it once and refuses what is left
//! (see `as_path.rs`). Every read goes through [`Reader`], which cannot pass its end and counts steps for the fuzzers'
//! work [`budget`]; nothing recurses into what was received.

// What stands here reads what strangers send: nothing that could panic on it passes the linter. Overflows the fuzzers would find: they run
// with checks.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

#[cfg(feature = "arbitrary")]
mod arbitrary;
pub mod attribute;
pub mod budget;
pub mod capability;
pub mod error;
pub mod family;
pub mod frame;
mod message;
pub mod mp;
pub mod negotiated;
pub mod nlri;
pub mod notification;
pub mod open;
pub mod operational;
mod prefix;
mod reader;
pub mod refresh;
mod route;
pub mod tlv;
pub mod treatment;
pub mod update;
mod vpn;
mod writer;

pub use attribute::{
    Aggregator, AsPath, AsSegment, AsSegmentKind, Attribute, AttributeCode, AttributeFlags, AttributeView,
    Attributes, Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity, Origin,
};
pub use capability::Capability;
pub use error::{BufferFull, Malformed, WireError};
pub use family::{Afi, Family, Safi};
pub use frame::{Frame, Framer};
pub use message::{Message, MessageView};
pub use mp::{MpReach, MpUnreach, MpView};
pub use negotiated::{FamilyTerms, Negotiated};
pub use nlri::{Nlri, NlriList, NlriView, PathNlri, PathNlriView};
pub use notification::Notification;
pub use open::Open;
pub use operational::Operational;
pub use prefix::{Ipv4Prefix, Ipv6Prefix, Prefix};
pub use reader::Reader;
pub use refresh::{RefreshKind, RouteRefresh};
pub use route::{NextHop, Route};
pub use treatment::{Problem, Treatment};
pub use update::{PathAttribute, PathAttributeValue, Update, UpdateView};
pub use vpn::{Label, Labels, LabelsView, RouteDistinguisher};
pub use writer::Writer;
