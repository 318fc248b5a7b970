//! What a tunnel of type SR Policy says of a candidate path (RFC 9830 §2.4): its preference, its binding SIDs, its paths and its
//! names.

use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::super::error::Malformed;
use super::super::reader::Reader;
use super::segment::{LabelStackEntry, SegmentListItem, SegmentListView, SrSegment, Srv6Sid};

/// The tunnel type SR Policy.
pub const SR_POLICY_TUNNEL: u16 = 15;

/// What a policy is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingSid {
    /// None: the receiver chooses.
    Null,
    /// A label.
    Label(LabelStackEntry),
    /// An SRv6 SID, as drafts had it before [`SrPolicySubTlv::Srv6BindingSid`].
    Srv6(Ipv6Addr),
}

impl BindingSid {
    /// S: only this SID will do (RFC 9830 §2.4.2).
    pub const SPECIFIED_ONLY: u8 = 0x80;
    /// I: traffic is dropped while the policy is invalid (RFC 9830 §2.4.2).
    pub const DROP_UPON_INVALID: u8 = 0x40;
    /// B of [`SrPolicySubTlv::Srv6BindingSid`]: a behavior follows the SID (RFC 9830 §2.4.3).
    pub const BEHAVIOR: u8 = 0x20;
}

/// A sub-TLV of an SR Policy tunnel.
///
/// ```text
/// +-----------+------------------------------+------------------+
/// | Type (1)  | Length (1; 2 from type 128)  | Value (variable) |
/// +-----------+------------------------------+------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrPolicySubTlv<'a> {
    /// 12, the preference among candidate paths: flags (1), reserved (1), preference (4).
    Preference(u32),
    /// 13, the binding SID: flags (1), reserved (1), then nothing, a label (4) or an SRv6 SID (16).
    BindingSid {
        /// Its flags, see [`BindingSid`].
        flags: u8,
        /// The SID.
        sid: BindingSid,
    },
    /// 14, Explicit NULL Label Policy: flags (1), reserved (1), policy (1).
    ExplicitNull(u8),
    /// 15, the order in which policies are computed again: priority (1), reserved (1).
    Priority(u8),
    /// 20, a binding SID of SRv6: flags (1), reserved (1), SID (16), perhaps a behavior (8). There may be several.
    Srv6BindingSid {
        /// Its flags, see [`BindingSid`].
        flags: u8,
        /// The SID.
        sid: Srv6Sid,
    },
    /// 128, a path. There may be several.
    SegmentList(SegmentListView<'a>),
    /// 129, the candidate path's name: reserved (1), name.
    CandidatePathName(&'a [u8]),
    /// 130, the policy's name: reserved (1), name.
    PolicyName(&'a [u8]),
    /// Any other.
    Unknown {
        /// Its type.
        code: u8,
        /// What stood after its length.
        value: &'a [u8],
    },
}

impl<'a> SrPolicySubTlv<'a> {
    /// Reads all of a sub-TLV's value.
    pub(super) fn parse(code: u8, mut value: Reader<'a>) -> Result<Self, Malformed> {
        let (length, wrong) = (value.len(), Malformed::length(value.offset(), wrong_length(code)));
        let is_possible = match code {
            12 => length == 6,
            13 => matches!(length, 2 | 6 | 18),
            14 => length == 3,
            15 => length == 2,
            20 => matches!(length, 18 | 26),
            128..=130 => length >= 1,
            _ => true,
        };
        if !is_possible {
            return Err(wrong);
        }
        Ok(match code {
            12 => {
                value.u16()?;
                Self::Preference(value.u32()?)
            }
            13 => {
                let (flags, _reserved) = (value.u8()?, value.u8()?);
                let sid = match length {
                    2 => BindingSid::Null,
                    6 => BindingSid::Label(LabelStackEntry(value.u32()?)),
                    _ => BindingSid::Srv6(value.array::<16>()?.into()),
                };
                Self::BindingSid { flags, sid }
            }
            14 => {
                value.u16()?;
                Self::ExplicitNull(value.u8()?)
            }
            15 => Self::Priority(value.u8()?),
            20 => {
                let (flags, _reserved) = (value.u8()?, value.u8()?);
                Self::Srv6BindingSid { flags, sid: Srv6Sid::parse(&mut value)? }
            }
            128 => Self::SegmentList(SegmentListView::parse(value)?),
            129 | 130 => {
                value.u8()?;
                let name = value.rest();
                if code == 129 { Self::CandidatePathName(name) } else { Self::PolicyName(name) }
            }
            _ => Self::Unknown { code, value: value.rest() },
        })
    }

    /// The sub-TLV's type.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Preference(_) => 12,
            Self::BindingSid { .. } => 13,
            Self::ExplicitNull(_) => 14,
            Self::Priority(_) => 15,
            Self::Srv6BindingSid { .. } => 20,
            Self::SegmentList(_) => 128,
            Self::CandidatePathName(_) => 129,
            Self::PolicyName(_) => 130,
            Self::Unknown { code, .. } => *code,
        }
    }

    /// Whether only the first of its type counts (RFC 9830 §2.4); others are passed on, and no error (RFC 9012 §13).
    pub const fn is_single(&self) -> bool {
        matches!(self.code(), 12..=15 | 129 | 130)
    }

    /// Appends it, its header included; false, and nothing, where its length field cannot say how long it is. Reserved octets become 0.
    pub fn encode(&self, out: &mut Vec<u8>) -> bool {
        let mut value = Vec::new();
        match self {
            Self::Preference(preference) => {
                value.extend([0, 0]);
                value.extend(preference.to_be_bytes());
            }
            Self::BindingSid { flags, sid } => {
                value.extend([*flags, 0]);
                match sid {
                    BindingSid::Null => {}
                    BindingSid::Label(label) => value.extend(label.0.to_be_bytes()),
                    BindingSid::Srv6(sid) => value.extend(sid.octets()),
                }
            }
            Self::ExplicitNull(policy) => value.extend([0, 0, *policy]),
            Self::Priority(priority) => value.extend([*priority, 0]),
            Self::Srv6BindingSid { flags, sid } => {
                value.extend([*flags, 0]);
                sid.encode(&mut value);
            }
            Self::SegmentList(list) => {
                value.push(0);
                list.items().for_each(|item| item.encode(&mut value));
            }
            Self::CandidatePathName(name) | Self::PolicyName(name) => {
                value.push(0);
                value.extend(*name);
            }
            Self::Unknown { value: octets, .. } => value.extend(*octets),
        }
        sub_tlv(out, self.code(), &value)
    }
}

/// Appends a segment list, without a weight or with one; false, and nothing, where it is too long.
pub fn encode_segment_list(weight: Option<u32>, segments: &[SrSegment], out: &mut Vec<u8>) -> bool {
    let mut value = Vec::from([0]);
    weight.iter().for_each(|weight| SegmentListItem::Weight(*weight).encode(&mut value));
    segments.iter().for_each(|segment| segment.encode(&mut value));
    sub_tlv(out, 128, &value)
}

/// Appends a sub-TLV, whose length has two octets from type 128 on (RFC 9012 §2).
fn sub_tlv(out: &mut Vec<u8>, code: u8, value: &[u8]) -> bool {
    if code < 128 {
        let Ok(length) = u8::try_from(value.len()) else { return false };
        out.extend([code, length]);
    } else {
        let Ok(length) = u16::try_from(value.len()) else { return false };
        out.push(code);
        out.extend(length.to_be_bytes());
    }
    out.extend(value);
    true
}

/// Checks the sub-TLVs of a tunnel of this type: one of a length that it cannot have makes the whole attribute useless (RFC 9830 §5).
pub(super) fn check(tunnel: Reader<'_>) -> Result<(), Malformed> {
    let mut reader = tunnel;
    while !reader.is_empty() {
        let (code, value) = super::sub_tlv::sub_tlv(&mut reader)?;
        SrPolicySubTlv::parse(code, value)?;
    }
    Ok(())
}

const fn wrong_length(code: u8) -> &'static str {
    match code {
        12 => "a preference that is not 6 octets long",
        13 => "a binding SID that is not 2, 6 or 18 octets long",
        14 => "an Explicit NULL Label Policy that is not 3 octets long",
        15 => "a priority that is not 2 octets long",
        20 => "an SRv6 binding SID that is not 18 or 26 octets long",
        128 => "a segment list without its reserved octet",
        _ => "a name without its reserved octet",
    }
}
