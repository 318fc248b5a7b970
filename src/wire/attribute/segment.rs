//! The segments of a segment routing policy's path (RFC 9830 §2.4.4, RFC 9831 §2).

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::super::error::Malformed;
use super::super::reader::Reader;

/// A label stack entry (RFC 3032 §2.1): twenty bits of label, three of traffic class, the bottom of the stack, eight of TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelStackEntry(pub u32);

impl LabelStackEntry {
    /// A label as policies have it: the rest is zero when it is sent, and the receiver's to choose (RFC 9830 §2.4.2, §2.4.4.2.1).
    pub const fn new(label: u32) -> Self {
        Self(label << 12)
    }

    /// The label.
    pub const fn label(self) -> u32 {
        self.0 >> 12
    }

    /// The traffic class.
    pub const fn traffic_class(self) -> u32 {
        self.0 >> 9 & 7
    }

    /// Whether it ends the stack.
    pub const fn is_bottom(self) -> bool {
        self.0 & 0x100 != 0
    }

    /// The time to live.
    pub const fn ttl(self) -> u32 {
        self.0 & 0xff
    }
}

/// What an SRv6 SID does, and how long its parts are (RFC 9830 §2.4.4.2.4).
///
/// ```text
/// +--------------+---------------+-------------+-------------+-------------+-------------+
/// | Behavior (2) | Reserved (2)  | Block (1)   | Node (1)    | Function (1)| Argument (1)|
/// +--------------+---------------+-------------+-------------+-------------+-------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointBehavior {
    /// The SRv6 Endpoint Behavior's code point (RFC 8986 §10.2).
    pub behavior: u16,
    /// The lengths in bits of locator block, locator node, function and argument.
    pub lengths: [u8; 4],
}

impl EndpointBehavior {
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let behavior = reader.u16()?;
        let _reserved = reader.u16()?;
        Ok(Self { behavior, lengths: reader.array()? })
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.extend(self.behavior.to_be_bytes());
        out.extend([0, 0]);
        out.extend(self.lengths);
    }
}

/// An SRv6 SID, perhaps with what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Srv6Sid {
    /// The SID.
    pub sid: Ipv6Addr,
    /// What it does.
    pub behavior: Option<EndpointBehavior>,
}

impl Srv6Sid {
    /// A SID, and a behavior where octets are left.
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let sid = ipv6(reader)?;
        let behavior = if reader.is_empty() { None } else { Some(EndpointBehavior::parse(reader)?) };
        Ok(Self { sid, behavior })
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.extend(self.sid.octets());
        if let Some(behavior) = self.behavior {
            behavior.encode(out);
        }
    }
}

/// One end of a link: its interface and its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The interface's identifier (RFC 8664 §4.3.2).
    pub id: u32,
    /// The node.
    pub node: Ipv6Addr,
}

/// What a segment is told by. Each type has a letter (RFC 9256 §4) and a sub-TLV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// A label.
    A(LabelStackEntry),
    /// An SRv6 SID.
    B(Srv6Sid),
    /// An IPv4 node and an algorithm, perhaps with the label.
    C(u8, Ipv4Addr, Option<LabelStackEntry>),
    /// An IPv6 node and an algorithm, perhaps with the label.
    D(u8, Ipv6Addr, Option<LabelStackEntry>),
    /// An interface of an IPv4 node, perhaps with the label.
    E(u32, Ipv4Addr, Option<LabelStackEntry>),
    /// The IPv4 addresses of a link, ours first, perhaps with the label.
    F(Ipv4Addr, Ipv4Addr, Option<LabelStackEntry>),
    /// The interfaces of a link between IPv6 nodes, perhaps with the label.
    G(Interface, Interface, Option<LabelStackEntry>),
    /// The IPv6 addresses of a link, perhaps with the label.
    H(Ipv6Addr, Ipv6Addr, Option<LabelStackEntry>),
    /// An IPv6 node and an algorithm, perhaps with the SRv6 SID.
    I(u8, Ipv6Addr, Option<Srv6Sid>),
    /// The interfaces of a link between IPv6 nodes and an algorithm, perhaps with the SRv6 SID.
    J(u8, Interface, Interface, Option<Srv6Sid>),
    /// The IPv6 addresses of a link and an algorithm, perhaps with the SRv6 SID.
    K(u8, Ipv6Addr, Ipv6Addr, Option<Srv6Sid>),
}

/// A segment.
///
/// ```text
/// +------------+---------------------------+----------------------+-----------------------+
/// | Flags (1)  | Algorithm or reserved (1) | Descriptor (4 to 40) | Label (4) or SID (16), |
/// |            |                           |                      | behavior (8); optional |
/// +------------+---------------------------+----------------------+-----------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SrSegment {
    /// Its flags, see the constants.
    pub flags: u8,
    /// What it is told by.
    pub kind: SegmentKind,
}

impl SrSegment {
    /// V: the receiver checks that the segment is what it is said to be (RFC 9830 §2.4.4.2.3).
    pub const VERIFY: u8 = 0x80;
    /// A: the algorithm counts (RFC 9831 §2.10).
    pub const ALGORITHM: u8 = 0x40;
    /// S: a label or an SRv6 SID follows what tells the segment (RFC 9831 §2.10).
    pub const SPECIFIED: u8 = 0x20;
    /// B: a behavior follows the SRv6 SID (RFC 9830 §2.4.4.2.3).
    pub const BEHAVIOR: u8 = 0x10;

    /// A segment with the flags that what it says needs; an algorithm of 0 goes without its flag, as in ExaBGP.
    pub const fn new(kind: SegmentKind) -> Self {
        let algorithm = match kind {
            SegmentKind::C(algorithm, ..)
            | SegmentKind::D(algorithm, ..)
            | SegmentKind::I(algorithm, ..)
            | SegmentKind::J(algorithm, ..)
            | SegmentKind::K(algorithm, ..) => algorithm,
            _ => 0,
        };
        let flags = if algorithm == 0 { 0 } else { Self::ALGORITHM };
        let flags = match kind {
            SegmentKind::B(Srv6Sid { behavior: Some(_), .. }) => flags | Self::BEHAVIOR,
            SegmentKind::I(.., Some(sid)) | SegmentKind::J(.., Some(sid)) | SegmentKind::K(.., Some(sid)) => {
                flags | Self::SPECIFIED | if sid.behavior.is_some() { Self::BEHAVIOR } else { 0 }
            }
            SegmentKind::C(.., Some(_))
            | SegmentKind::D(.., Some(_))
            | SegmentKind::E(.., Some(_))
            | SegmentKind::F(.., Some(_))
            | SegmentKind::G(.., Some(_))
            | SegmentKind::H(.., Some(_)) => flags | Self::SPECIFIED,
            _ => flags,
        };
        Self { flags, kind }
    }

    /// The letter of its type.
    pub const fn letter(&self) -> char {
        match self.kind {
            SegmentKind::A(..) => 'A',
            SegmentKind::B(..) => 'B',
            SegmentKind::C(..) => 'C',
            SegmentKind::D(..) => 'D',
            SegmentKind::E(..) => 'E',
            SegmentKind::F(..) => 'F',
            SegmentKind::G(..) => 'G',
            SegmentKind::H(..) => 'H',
            SegmentKind::I(..) => 'I',
            SegmentKind::J(..) => 'J',
            SegmentKind::K(..) => 'K',
        }
    }

    /// The sub-TLV's type.
    const fn code(&self) -> u8 {
        match self.kind {
            SegmentKind::A(..) => 1,
            SegmentKind::B(..) => 13,
            SegmentKind::C(..) => 3,
            SegmentKind::D(..) => 4,
            SegmentKind::E(..) => 5,
            SegmentKind::F(..) => 6,
            SegmentKind::G(..) => 7,
            SegmentKind::H(..) => 8,
            SegmentKind::I(..) => 14,
            SegmentKind::J(..) => 15,
            SegmentKind::K(..) => 16,
        }
    }

    /// Reads all of a sub-TLV's value; `None` where no segment has this type.
    fn parse(code: u8, mut value: Reader<'_>) -> Result<Option<Self>, Malformed> {
        let whole = value;
        if !matches!(code, 1 | 3..=8 | 13..=16) {
            return Ok(None);
        }
        let parsed = (|| {
            let (flags, algorithm) = (value.u8()?, value.u8()?);
            let reader = &mut value;
            let kind = match code {
                1 => SegmentKind::A(LabelStackEntry(reader.u32()?)),
                13 => SegmentKind::B(Srv6Sid::parse(reader)?),
                3 => SegmentKind::C(algorithm, ipv4(reader)?, label(reader)?),
                4 => SegmentKind::D(algorithm, ipv6(reader)?, label(reader)?),
                5 => SegmentKind::E(reader.u32()?, ipv4(reader)?, label(reader)?),
                6 => SegmentKind::F(ipv4(reader)?, ipv4(reader)?, label(reader)?),
                7 => SegmentKind::G(interface(reader)?, interface(reader)?, label(reader)?),
                8 => SegmentKind::H(ipv6(reader)?, ipv6(reader)?, label(reader)?),
                14 => SegmentKind::I(algorithm, ipv6(reader)?, srv6(reader)?),
                15 => SegmentKind::J(algorithm, interface(reader)?, interface(reader)?, srv6(reader)?),
                _ => SegmentKind::K(algorithm, ipv6(reader)?, ipv6(reader)?, srv6(reader)?),
            };
            value.finish()?;
            Ok(Self { flags, kind })
        })();
        parsed.map(Some).map_err(|_: Malformed| {
            Malformed::length(whole.offset(), "a segment of a length that its type does not have")
        })
    }

    /// Appends the sub-TLV, its header included.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([self.code(), 0, self.flags, 0]);
        match self.kind {
            SegmentKind::A(label) => out.extend(label.0.to_be_bytes()),
            SegmentKind::B(sid) => sid.encode(out),
            SegmentKind::C(_, node, _) => out.extend(node.octets()),
            SegmentKind::D(_, node, _) | SegmentKind::I(_, node, _) => out.extend(node.octets()),
            SegmentKind::E(id, node, _) => {
                out.extend(id.to_be_bytes());
                out.extend(node.octets());
            }
            SegmentKind::F(local, remote, _) => {
                out.extend(local.octets());
                out.extend(remote.octets());
            }
            SegmentKind::G(local, remote, _) | SegmentKind::J(_, local, remote, _) => {
                for end in [local, remote] {
                    out.extend(end.id.to_be_bytes());
                    out.extend(end.node.octets());
                }
            }
            SegmentKind::H(local, remote, _) | SegmentKind::K(_, local, remote, _) => {
                out.extend(local.octets());
                out.extend(remote.octets());
            }
        }
        match self.kind {
            SegmentKind::C(algorithm, ..)
            | SegmentKind::D(algorithm, ..)
            | SegmentKind::I(algorithm, ..)
            | SegmentKind::J(algorithm, ..)
            | SegmentKind::K(algorithm, ..) => set(out, start + 3, algorithm),
            _ => {}
        }
        if let Some(label) = self.label() {
            out.extend(label.0.to_be_bytes());
        }
        if let SegmentKind::I(.., Some(sid)) | SegmentKind::J(.., Some(sid)) | SegmentKind::K(.., Some(sid)) =
            self.kind
        {
            sid.encode(out);
        }
        // No segment is longer than 66 octets.
        let length = u8::try_from(out.len() - start - 2).unwrap_or(u8::MAX);
        set(out, start + 1, length);
    }

    /// The label that stands behind what tells the segment.
    pub const fn label(&self) -> Option<LabelStackEntry> {
        match self.kind {
            SegmentKind::C(.., label)
            | SegmentKind::D(.., label)
            | SegmentKind::E(.., label)
            | SegmentKind::F(.., label)
            | SegmentKind::G(.., label)
            | SegmentKind::H(.., label) => label,
            _ => None,
        }
    }
}

fn set(out: &mut [u8], at: usize, octet: u8) {
    if let Some(place) = out.get_mut(at) {
        *place = octet;
    }
}

fn ipv4(reader: &mut Reader<'_>) -> Result<Ipv4Addr, Malformed> {
    reader.u32().map(Ipv4Addr::from_bits)
}

fn ipv6(reader: &mut Reader<'_>) -> Result<Ipv6Addr, Malformed> {
    reader.array::<16>().map(Ipv6Addr::from)
}

fn interface(reader: &mut Reader<'_>) -> Result<Interface, Malformed> {
    Ok(Interface { id: reader.u32()?, node: ipv6(reader)? })
}

fn label(reader: &mut Reader<'_>) -> Result<Option<LabelStackEntry>, Malformed> {
    if reader.is_empty() { Ok(None) } else { reader.u32().map(LabelStackEntry).map(Some) }
}

fn srv6(reader: &mut Reader<'_>) -> Result<Option<Srv6Sid>, Malformed> {
    if reader.is_empty() { Ok(None) } else { Srv6Sid::parse(reader).map(Some) }
}

/// What stands in a segment list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentListItem<'a> {
    /// The list's share of the traffic (RFC 9830 §2.4.4.1).
    Weight(u32),
    /// The next segment of the path.
    Segment(SrSegment),
    /// Something of another type.
    Unknown {
        /// Its type.
        code: u8,
        /// What stood after its length.
        value: &'a [u8],
    },
}

impl<'a> SegmentListItem<'a> {
    const WEIGHT: u8 = 9;

    fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let code = reader.u8()?;
        let length = reader.u8()?;
        let mut value = reader.sub(usize::from(length))?;
        if code == Self::WEIGHT {
            if value.len() != 6 {
                return Err(Malformed::length(value.offset(), "a weight that is not 6 octets long"));
            }
            let (_flags, _reserved) = (value.u8()?, value.u8()?);
            return value.u32().map(Self::Weight);
        }
        let octets = value.rest();
        Ok(match SrSegment::parse(code, value)? {
            Some(segment) => Self::Segment(segment),
            None => Self::Unknown { code, value: octets },
        })
    }

    /// Appends the sub-TLV, its header included.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Weight(weight) => {
                out.extend([Self::WEIGHT, 6, 0, 0]);
                out.extend(weight.to_be_bytes());
            }
            Self::Segment(segment) => segment.encode(out),
            Self::Unknown { code, value } => {
                out.extend([*code, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
                out.extend(*value);
            }
        }
    }
}

/// The path of a policy: a reserved octet, then a weight and segments in order.
///
/// ```text
/// +---------------+-----------------------------------------------+
/// | Reserved (1)  | Sub-TLVs: Type (1), Length (1), Value         |
/// +---------------+-----------------------------------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentListView<'a>(&'a [u8]);

impl<'a> SegmentListView<'a> {
    /// Reads all of `reader`.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let _reserved = reader.u8()?;
        let octets = reader.rest();
        while !reader.is_empty() {
            SegmentListItem::parse(&mut reader)?;
        }
        Ok(Self(octets))
    }

    /// What it holds, in order.
    pub fn items(self) -> impl Iterator<Item = SegmentListItem<'a>> {
        let mut reader = Reader::new(self.0, 0);
        core::iter::from_fn(
            move || {
                if reader.is_empty() { None } else { SegmentListItem::parse(&mut reader).ok() }
            },
        )
    }
}
