//! How messages are written for programs and people: as ExaBGP 5.0 does, in JSON and in the text of its configuration.
//!
//! Programs written for ExaBGP read this, so names, order and even blanks are its own. Each function appends to what
//! it is handed. Nothing here knows who reads it: the API's encoders put the envelope around.

mod attributes;
mod bgp_ls;
mod capability;
mod community;
mod flow;
mod link_state;
mod names;
mod nlri;
mod number;
mod prefix_sid;
mod route;
mod services;
mod sr_policy;
mod tlv;
mod update;
mod view;

pub use attributes::{attributes_json, attributes_text, found_attributes_json};
pub use capability::{capabilities_json, capabilities_text};
pub use nlri::{nlri_json, nlri_text, route_prefix};
pub use number::{address, unsigned};
pub use route::route_json;
pub use update::{RouteEvent, update_json, update_routes};
pub(crate) use update::{end_of_rib, route_attributes};
pub use view::{announcement_json, attribute_views_json, raw_attribute_json, update_view_json};

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use data_encoding::HEXUPPER;

use crate::wire::{Afi, Family, Safi};

/// Appends formatted text; writing to a string cannot fail.
macro_rules! put {
    ($out:expr, $($what:tt)*) => {{
        let _ = write!($out, $($what)*);
    }};
}
pub(crate) use put;

/// Appends `text` as a JSON string, every character beyond ASCII escaped.
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            other => other.encode_utf16(&mut [0; 2]).iter().for_each(|unit| put!(out, "\\u{unit:04x}")),
        }
    }
    out.push('"');
}

/// Appends octets in hexadecimal: `0x00FF`.
pub fn hex(out: &mut String, octets: &[u8]) {
    out.push_str("0x");
    HEXUPPER.encode_append(octets, out);
}

/// Appends a number as Python writes a float: shortest that reads back the same, with `.0` or an exponent.
pub fn float(out: &mut String, number: f64) {
    let magnitude = number.abs();
    if magnitude < 1e15 && number as i64 as f64 == number && number.is_sign_positive() {
        out.push_str(itoa::Buffer::new().format(number as i64));
        out.push_str(".0");
    } else if !number.is_finite() {
        out.push_str("null");
    } else if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = alloc::format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
        put!(out, "{mantissa}e{sign}{digits:0>2}");
    } else {
        put!(out, "{number:?}");
    }
}

/// A number of any length, in decimal: JSON's numbers have no bound.
pub(crate) fn decimal(octets: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::from([0]);
    for octet in octets {
        let mut carry = u32::from(*octet);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = (value % 10) as u8;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

/// Appends every item as `write` writes it, with `separator` between them.
pub fn separated<T>(
    out: &mut String,
    separator: &str,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        write(out, item);
    }
}

/// An address family by its name, or as ExaBGP names what it does not know.
pub(crate) fn afi(out: &mut String, afi: Afi) {
    match afi.name() {
        Some(name) => out.push_str(name),
        None => put!(out, "unknown-afi-{:#x}", afi.0),
    }
}

/// A SAFI by its name, or as ExaBGP names what it does not know.
pub(crate) fn safi(out: &mut String, safi: Safi) {
    match safi.name() {
        Some(name) => out.push_str(name),
        None => put!(out, "unknown safi {}", safi.0),
    }
}

/// A family: `ipv4 unicast`, or with another separator than a blank.
pub(crate) fn family(out: &mut String, family: Family, separator: char) {
    afi(out, family.afi);
    out.push(separator);
    safi(out, family.safi);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (number, expected) in [
            (125_000_000.0, "125000000.0"),
            (1.5, "1.5"),
            (0.0, "0.0"),
            (1e16, "1e+16"),
            (1.25e-7, "1.25e-07"),
            (1_795_359_522.001_932_4, "1795359522.0019324"),
        ] {
            assert_eq!(written(|out| float(out, number)), expected);
        }
    }

    #[test]
    fn a_peers_text_cannot_break_out_of_its_string() {
        assert_eq!(written(|out| string(out, "a\"b\\c\n\u{1}é😀")), r#""a\"b\\c\n\u0001\u00e9\ud83d\ude00""#);
    }
}
