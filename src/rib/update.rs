//! One UPDATE at a time, written octet by octet from a group's shared attributes and its NLRI.

use alloc::vec::Vec;

use crate::wire::Writer;
use crate::wire::error::BufferFull;
use crate::wire::frame::{HEADER, kind};
use crate::wire::{AttributeCode, AttributeFlags, Family, NextHop, RouteRefresh, Safi, mp};

/// Octets of an UPDATE that has nothing in it.
const EMPTY: usize = HEADER + 4;
/// Octets that any head of an MP_REACH_NLRI fits in.
const HEAD: usize = 64;

/// Flags of an optional attribute whose length takes two octets.
const EXTENDED: u8 = AttributeFlags::OPTIONAL | AttributeFlags::EXTENDED_LENGTH;

/// Where an UPDATE carries its NLRI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The fields of RFC 4271.
    Native,
    /// MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760).
    Attribute,
}

impl Place {
    /// IPv4 unicast goes the native way unless its next hop is of another family (RFC 8950).
    pub(super) fn of(family: Family, next_hop: Option<NextHop>, withdrawn: bool) -> Self {
        let native = withdrawn || matches!(next_hop, Some(NextHop::V4(_)));
        if family == Family::IPV4_UNICAST && native { Self::Native } else { Self::Attribute }
    }
}

/// An UPDATE under construction.
pub(super) struct Draft<'a> {
    withdrawn: bool,
    place: Place,
    attributes: &'a [u8],
    /// What stands in MP_REACH_NLRI or MP_UNREACH_NLRI before the NLRI.
    head: Vec<u8>,
    nlri: Vec<u8>,
    max: usize,
}

impl<'a> Draft<'a> {
    /// An UPDATE that announces, or withdraws, routes of `family` with these attributes.
    pub(super) fn new(
        family: Family,
        next_hop: Option<NextHop>,
        withdrawn: bool,
        attributes: &'a [u8],
        max: usize,
    ) -> Self {
        let place = Place::of(family, next_hop, withdrawn);
        // RFC 4760 §4 needs no attributes with MP_UNREACH_NLRI; ExaBGP leaves them out in these families only.
        let bare =
            withdrawn && (place == Place::Native || matches!(family.safi, Safi::UNICAST | Safi::MULTICAST));
        let head = match (place, withdrawn) {
            (Place::Native, _) => Vec::new(),
            (Place::Attribute, true) => octets(|out| mp::encode_family(family, out)),
            (Place::Attribute, false) => octets(|out| mp::encode_reach_head(family, next_hop, out)),
        };
        let attributes = if bare { &[] } else { attributes };
        Self { withdrawn, place, attributes, head, nlri: Vec::new(), max }
    }

    /// Whether no NLRI is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.nlri.is_empty()
    }

    /// Adds an NLRI, as octets; `false`: there is no room.
    pub(super) fn push(&mut self, nlri: &[u8]) -> bool {
        let fits = self.length_with(nlri.len()) <= self.max;
        if fits {
            self.nlri.extend_from_slice(nlri);
        }
        fits
    }

    /// How long the message would be with an NLRI of `length` octets more.
    pub(super) fn length_with(&self, length: usize) -> usize {
        let inner = self.head.len() + self.nlri.len() + length;
        let header = match self.place {
            Place::Native => 0,
            Place::Attribute => attribute_header(inner),
        };
        EMPTY + self.attributes.len() + header + inner
    }

    /// Writes the message to the end of `out`, if there is an NLRI in it; how many messages that are.
    pub(super) fn finish(self, out: &mut Vec<u8>) -> usize {
        if self.is_empty() {
            return 0;
        }
        let start = begin_message(kind::UPDATE, out);
        let (withdrawn, announced): (&[u8], &[u8]) = match (self.place, self.withdrawn) {
            (Place::Native, true) => (&self.nlri, &[]),
            (Place::Native, false) => (&[], &self.nlri),
            (Place::Attribute, _) => (&[], &[]),
        };
        append_u16(withdrawn.len(), out);
        out.extend_from_slice(withdrawn);
        let inner = self.head.len() + self.nlri.len();
        let in_attribute = self.place == Place::Attribute;
        let extra = if in_attribute { attribute_header(inner) + inner } else { 0 };
        append_u16(self.attributes.len() + extra, out);
        out.extend_from_slice(self.attributes);
        if in_attribute {
            let code = if self.withdrawn { AttributeCode::MP_UNREACH } else { AttributeCode::MP_REACH };
            append_attribute_header(code, inner, out);
            out.extend_from_slice(&self.head);
            out.extend_from_slice(&self.nlri);
        }
        out.extend_from_slice(announced);
        end_message(start, out);
        1
    }
}

/// Writes an UPDATE that has attributes and no routes to the end of `out`.
pub(super) fn attributes_alone(attributes: &[u8], out: &mut Vec<u8>) {
    let start = begin_message(kind::UPDATE, out);
    append_u16(0, out);
    append_u16(attributes.len(), out);
    out.extend_from_slice(attributes);
    end_message(start, out);
}

/// Writes End-of-RIB for `family` (RFC 4724 §2) to the end of `out`.
pub(super) fn end_of_rib(family: Family, out: &mut Vec<u8>) {
    let start = begin_message(kind::UPDATE, out);
    append_u16(0, out);
    if family == Family::IPV4_UNICAST {
        append_u16(0, out);
    } else {
        // ExaBGP writes the length of this empty attribute in two octets.
        append_u16(7, out);
        out.extend([EXTENDED, AttributeCode::MP_UNREACH.0, 0, 3]);
        out.extend(family.afi.0.to_be_bytes());
        out.push(family.safi.0);
    }
    end_message(start, out);
}

/// Writes a ROUTE-REFRESH to the end of `out`.
pub(super) fn route_refresh(refresh: &RouteRefresh, out: &mut Vec<u8>) {
    let start = begin_message(kind::ROUTE_REFRESH, out);
    out.extend(octets(|out| refresh.encode(out)));
    end_message(start, out);
}

/// Writes a header whose length is filled in by [`end_message`]; returns where it begins.
fn begin_message(kind: u8, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend([0xff; 16]);
    out.extend([0, 0, kind]);
    start
}

fn end_message(start: usize, out: &mut [u8]) {
    let length = u16::try_from(out.len() - start).unwrap_or(u16::MAX).to_be_bytes();
    if let Some(field) = out.get_mut(start + 16..start + 18) {
        field.copy_from_slice(&length);
    }
}

fn append_u16(value: usize, out: &mut Vec<u8>) {
    out.extend(u16::try_from(value).unwrap_or(u16::MAX).to_be_bytes());
}

/// Octets of an attribute's header before a value of `length` octets.
fn attribute_header(length: usize) -> usize {
    if length > usize::from(u8::MAX) { 4 } else { 3 }
}

fn append_attribute_header(code: AttributeCode, length: usize, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(length) => out.extend([AttributeFlags::OPTIONAL, code.0, length]),
        Err(_) => {
            out.extend([EXTENDED, code.0]);
            append_u16(length, out);
        }
    }
}

/// What `write` writes, at most [`HEAD`] octets.
fn octets(write: impl FnOnce(&mut Writer<'_>) -> Result<(), BufferFull>) -> Vec<u8> {
    let mut buffer = [0; HEAD];
    let mut writer = Writer::new(&mut buffer);
    let written = write(&mut writer).is_ok();
    if written { writer.written().to_vec() } else { Vec::new() }
}
