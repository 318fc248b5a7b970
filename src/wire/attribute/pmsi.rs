//! P-Multicast service interface tunnel (attribute 22, RFC 6514 §5).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::vpn::Label;
use super::super::writer::Writer;

/// How multicast reaches the egress routers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PmsiTunnel {
    /// Flags; 1 asks for leaf information.
    pub flags: u8,
    /// The tunnel's type; 6 is ingress replication.
    pub kind: u8,
    /// The label, in the upper 20 of 24 bits, or a VNI in all of them.
    pub label: Label,
    /// The tunnel's identifier, whose layout the type decides.
    pub tunnel: Box<[u8]>,
}

impl PmsiTunnel {
    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.array([self.flags, self.kind])?;
        out.array(self.label.octets())?;
        out.bytes(&self.tunnel)
    }
}

/// The attribute's value as it stands on the wire.
///
/// ```text
/// +---------------------------------+
/// |  Flags (1 octet)                |
/// +---------------------------------+
/// |  Tunnel Type (1 octet)          |
/// +---------------------------------+
/// |  MPLS Label (3 octets)          |
/// +---------------------------------+
/// |  Tunnel Identifier (variable)   |
/// +---------------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PmsiTunnelView<'a> {
    /// Flags; 1 asks for leaf information.
    pub flags: u8,
    /// The tunnel's type.
    pub kind: u8,
    /// The label, in the upper 20 of 24 bits, or a VNI in all of them.
    pub label: Label,
    /// The tunnel's identifier.
    pub tunnel: &'a [u8],
}

impl<'a> PmsiTunnelView<'a> {
    /// Reads all of `reader`.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let [flags, kind] = reader.array()?;
        let label = Label::from_octets(reader.array()?);
        if !may_be_identified_by(kind, reader.len()) {
            return Err(Malformed::length(reader.offset(), "a tunnel identifier that its type cannot have"));
        }
        Ok(Self { flags, kind, label, tunnel: reader.take_rest() })
    }
}

/// Whether a tunnel of this type can have an identifier of so many octets (RFC 6514 §5). Types defined since, and the FEC elements
/// of mLDP, are not judged.
const fn may_be_identified_by(kind: u8, octets: usize) -> bool {
    match kind {
        // No tunnel.
        0 => octets == 0,
        // RSVP-TE: identifiers of 2 and 2 octets, two of an address's size.
        1 => matches!(octets, 12 | 24),
        // PIM: a sender or root, and a group.
        3..=5 => matches!(octets, 8 | 32),
        // Ingress replication: an endpoint.
        6 => matches!(octets, 4 | 16),
        _ => true,
    }
}

impl From<PmsiTunnelView<'_>> for PmsiTunnel {
    fn from(view: PmsiTunnelView<'_>) -> Self {
        Self { flags: view.flags, kind: view.kind, label: view.label, tunnel: view.tunnel.into() }
    }
}
