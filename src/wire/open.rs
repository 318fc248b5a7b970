//! OPEN (RFC 4271 §4.2), with extended optional parameters (RFC 9072).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::capability::Capability;

/// The first message of a session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Open {
    /// The protocol's version, 4.
    pub version: u8,
    /// The AS number as two octets can say it; the full one is in [`Capability::FourOctetAs`]. See [`Open::asn`].
    pub my_as: u16,
    /// The hold time that is offered, in seconds; 0: no keepalives.
    pub hold_time: u16,
    /// The BGP identifier.
    pub router_id: Ipv4Addr,
    /// Optional parameters, in order.
    pub parameters: Vec<OptionalParameter>,
    /// Whether they are laid out as RFC 9072 wants it. Encoding does so in any case where they need more than 255 octets.
    pub extended: bool,
}

/// An optional parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptionalParameter {
    /// Type 2 (RFC 5492 §4): one capability or several.
    Capabilities(Vec<Capability>),
    /// Any other.
    Unknown {
        /// Its type.
        kind: u8,
        /// Its value.
        value: Box<[u8]>,
    },
}

impl Open {
    /// An OPEN that sends each capability in an optional parameter of its own, as ExaBGP does.
    pub fn new(
        asn: u32,
        hold_time: u16,
        router_id: Ipv4Addr,
        capabilities: impl IntoIterator<Item = Capability>,
    ) -> Self {
        let my_as = u16::try_from(asn).unwrap_or(super::attribute::AS_TRANS);
        let parameters =
            capabilities.into_iter().map(|one| OptionalParameter::Capabilities(Vec::from([one]))).collect();
        Self { version: 4, my_as, hold_time, router_id, parameters, extended: false }
    }

    /// Every capability, in order.
    pub fn capabilities(&self) -> impl Iterator<Item = &Capability> {
        self.parameters
            .iter()
            .map(|parameter| match parameter {
                OptionalParameter::Capabilities(capabilities) => capabilities.as_slice(),
                OptionalParameter::Unknown { .. } => &[],
            })
            .flatten()
    }

    /// The speaker's AS number: of the capability where it is sent, of the fixed field otherwise (RFC 6793 §4.1).
    pub fn asn(&self) -> u32 {
        self.capabilities()
            .find_map(|capability| match capability {
                Capability::FourOctetAs(asn) => Some(*asn),
                _ => None,
            })
            .unwrap_or(u32::from(self.my_as))
    }
}
