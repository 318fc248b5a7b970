//! FlowSpec rules (SAFI 133, RFC 8955, RFC 8956) and the same in a VPN (SAFI 134).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::family::Afi;
use super::super::reader::Reader;
use super::super::writer::Writer;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowRule {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}

impl FlowRule {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// One NLRI as it stands on the wire.
///
/// ```text
/// +----------------------+-----------------------+
/// | Length (1 or 2)      | Components (variable) |
/// +----------------------+-----------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FlowRuleView<'a> {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> FlowRuleView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        flow_body(&mut ahead)?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { afi, bytes })
    }
}

impl From<FlowRuleView<'_>> for FlowRule {
    fn from(view: FlowRuleView<'_>) -> Self {
        Self { afi: view.afi, bytes: view.bytes.into() }
    }
}

/// One NLRI in a VPN, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowVpnRule {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}

impl FlowVpnRule {
    /// Writes it.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// One NLRI in a VPN as it stands on the wire.
///
/// ```text
/// +-----------------+--------------------------+-----------------------+
/// | Length (1 or 2) | Route distinguisher (8)  | Components (variable) |
/// +-----------------+--------------------------+-----------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FlowVpnRuleView<'a> {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI, its length included.
    pub bytes: &'a [u8],
}

impl<'a> FlowVpnRuleView<'a> {
    /// Reads one.
    pub(super) fn parse(reader: &mut Reader<'a>, afi: Afi) -> Result<Self, Malformed> {
        let mut ahead = *reader;
        flow_body(&mut ahead)?;
        let bytes = reader.bytes(reader.len() - ahead.len())?;
        Ok(Self { afi, bytes })
    }
}

impl From<FlowVpnRuleView<'_>> for FlowVpnRule {
    fn from(view: FlowVpnRuleView<'_>) -> Self {
        Self { afi: view.afi, bytes: view.bytes.into() }
    }
}

/// Reads the length and what it counts: of two octets where the first four bits are all ones (RFC 8955 §4.1).
fn flow_body<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let first = reader.u8()?;
    let length = match first {
        0xf0.. => usize::from(first & 0x0f) << 8 | usize::from(reader.u8()?),
        _ => usize::from(first),
    };
    reader.bytes(length)
}
