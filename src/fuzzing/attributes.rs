//! The value of each attribute that has an inner structure.
//!
//! The first octet chooses the session, as in [`super::messages::update`]. What decodes can be printed, and re-encodes to the same octets.

use alloc::string::String;
use core::hint::black_box;

use super::{encode, session, within_budget};
use crate::print;
use crate::wire::attribute::RawAttribute;
use crate::wire::{Attribute, AttributeCode, AttributeFlags, AttributeView, Reader, treatment};

/// A function for each attribute.
macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident = $code:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(bytes: &[u8]) {
            check(AttributeCode::$code, bytes);
        }
    )*};
}

attributes! {
    /// AS_PATH, in AS numbers of two octets or of four.
    as_path = AS_PATH;
    /// EXTENDED_COMMUNITIES, each of which is printed by its kind.
    extended_communities = EXTENDED_COMMUNITIES;
    /// IPv6-address-specific extended communities.
    ipv6_extended_communities = IPV6_EXTENDED_COMMUNITIES;
    /// PMSI_TUNNEL.
    pmsi_tunnel = PMSI_TUNNEL;
    /// TUNNEL_ENCAPSULATION.
    tunnel_encapsulation = TUNNEL_ENCAPSULATION;
    /// AIGP.
    aigp = AIGP;
    /// The BGP-LS attribute.
    link_state = BGP_LS;
    /// BGP Prefix-SID.
    prefix_sid = PREFIX_SID;
    /// ATTR_SET.
    attr_set = ATTR_SET;
}

fn check(code: AttributeCode, bytes: &[u8]) {
    let Some((&choices, value)) = bytes.split_first() else { return };
    let negotiated = session(choices);
    let flags = treatment::of(code).map_or(AttributeFlags(0), |row| row.class.flags());
    let raw = RawAttribute { flags, code, value: Reader::new(value, 0), start: 0 };
    let Ok(view) = within_budget(value.len(), || AttributeView::parse(raw, &negotiated)) else { return };
    let attribute = within_budget(value.len(), || Attribute::from(view));
    assert_eq!(attribute.code(), code);
    let encoded = encode(value.len(), |out| attribute.encode_value(negotiated.asn4, out));
    assert_eq!(encoded.as_deref(), Ok(value), "{attribute:?} was changed on its way");
    let mut out = String::new();
    print::attributes_json(&mut out, &[&attribute]);
    print::attributes_text(&mut out, &[&attribute]);
    black_box(out);
}
