//! Capabilities (RFC 5492): what an OPEN offers.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::error::{BufferFull, Malformed};
use super::family::{Afi, Family, Safi};
use super::reader::Reader;
use super::writer::Writer;

/// One capability. What is not known, and what is known by number only, is kept whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Multiprotocol extensions for a family, 1 (RFC 4760 §8)
    Multiprotocol(Family),
    /// Route refresh, 2 (RFC 2918)
    RouteRefresh,
    /// Outbound route filtering, 3 (RFC 5291), kept as it stands on the wire.
    OutboundRouteFiltering(Box<[u8]>),
    /// Extended next hop encoding, 5 (RFC 8950)
    ExtendedNextHop(Vec<ExtendedNextHop>),
    /// Extended message, 6 (RFC 8654)
    ExtendedMessage,
    /// BGP role, 9 (RFC 9234 §4.1)
    Role(u8),
    /// Graceful restart, 64 (RFC 4724)
    GracefulRestart(GracefulRestart),
    /// Four-octet AS numbers, 65 (RFC 6793), with the speaker's own.
    FourOctetAs(u32),
    /// Multisession, 68 (draft-ietf-idr-bgp-multisession), kept as it stands on the wire.
    Multisession(Box<[u8]>),
    /// ADD-PATH, 69 (RFC 7911)
    AddPath(Vec<AddPathFamily>),
    /// Enhanced route refresh, 70 (RFC 7313)
    EnhancedRouteRefresh,
    /// Long-lived graceful restart, 71 (RFC 9494)
    LongLivedGracefulRestart(Vec<LongLivedFamily>),
    /// Host and domain name, 73 (draft-walton-bgp-hostname-capability)
    Fqdn {
        /// The host's name; UTF-8 by intent, not by guarantee.
        host: Box<[u8]>,
        /// The domain's name; UTF-8 by intent, not by guarantee. Some say nothing of a domain, not even that it is empty.
        domain: Option<Box<[u8]>>,
    },
    /// Software version, 75 (draft-ietf-idr-bgp-version-capability); UTF-8 by intent, not by guarantee.
    SoftwareVersion(Box<[u8]>),
    /// Paths limit, 76 (draft-abraitis-idr-addpath-paths-limit)
    PathsLimit(Vec<PathsLimit>),
    /// Link-local next hop, 77 (draft-ietf-idr-linklocal-capability)
    LinkLocalNextHop,
    /// Route refresh as Cisco numbered it before RFC 2918, 128.
    RouteRefreshCisco,
    /// Multisession as Cisco numbered it, 131, kept as it stands on the wire.
    MultisessionCisco(Box<[u8]>),
    /// OPERATIONAL, 185 (draft-ietf-idr-operational-message)
    Operational,
    /// Any other.
    Unknown {
        /// Its code.
        code: u8,
        /// Its value.
        value: Box<[u8]>,
    },
}

/// A family whose next hop may be of another address family (RFC 8950 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ExtendedNextHop {
    /// The family of the routes. On the wire its SAFI takes two octets.
    pub family: Family,
    /// The address family of the next hop.
    pub next_hop: Afi,
}

/// Graceful restart (RFC 4724 §3, RFC 8538 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GracefulRestart {
    /// Four flags: 8 is "restarted" (R), 4 is "NOTIFICATION too" (N).
    pub flags: u8,
    /// How long a restart may take, in seconds, 12 bits.
    pub time: u16,
    /// The families whose forwarding state may survive.
    pub families: Vec<GracefulFamily>,
}

impl GracefulRestart {
    /// The flag R: the speaker has just restarted (RFC 4724 §3).
    pub const RESTARTED: u8 = 8;
    /// The flag N: a NOTIFICATION does not end graceful restart (RFC 8538 §2).
    pub const NOTIFICATION: u8 = 4;
}

/// A family in [`GracefulRestart`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct GracefulFamily {
    /// Which.
    pub family: Family,
    /// 0x80: forwarding state was preserved.
    pub flags: u8,
}

/// A family in [`Capability::AddPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AddPathFamily {
    /// Which.
    pub family: Family,
    /// 1 receives, 2 sends, 3 both; another number is ignored (RFC 7911 §4).
    pub mode: u8,
}

impl AddPathFamily {
    /// Whether the speaker that says so is able to receive several paths.
    pub const fn receives(self) -> bool {
        self.mode == 1 || self.mode == 3
    }

    /// Whether the speaker that says so is able to send several paths.
    pub const fn sends(self) -> bool {
        self.mode == 2 || self.mode == 3
    }
}

/// A family in [`Capability::LongLivedGracefulRestart`] (RFC 9494 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LongLivedFamily {
    /// Which.
    pub family: Family,
    /// 0x80: forwarding state was preserved.
    pub flags: u8,
    /// For how long stale routes are kept, in seconds, 24 bits.
    pub stale_time: u32,
}

/// A family in [`Capability::PathsLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct PathsLimit {
    /// Which.
    pub family: Family,
    /// How many paths a destination may have.
    pub limit: u16,
}

impl Capability {
    /// Its code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Multiprotocol(_) => 1,
            Self::RouteRefresh => 2,
            Self::OutboundRouteFiltering(_) => 3,
            Self::ExtendedNextHop(_) => 5,
            Self::ExtendedMessage => 6,
            Self::Role(_) => 9,
            Self::GracefulRestart(_) => 64,
            Self::FourOctetAs(_) => 65,
            Self::Multisession(_) => 68,
            Self::AddPath(_) => 69,
            Self::EnhancedRouteRefresh => 70,
            Self::LongLivedGracefulRestart(_) => 71,
            Self::Fqdn { .. } => 73,
            Self::SoftwareVersion(_) => 75,
            Self::PathsLimit(_) => 76,
            Self::LinkLocalNextHop => 77,
            Self::RouteRefreshCisco => 128,
            Self::MultisessionCisco(_) => 131,
            Self::Operational => 185,
            Self::Unknown { code, .. } => *code,
        }
    }
}

/// The layout of each capability's value, both ways.
impl Capability {
    /// Reads the value of the capability `code`, all of `reader`.
    ///
    /// ```text
    /// +---------------------+-----------------------+
    /// | Code (1)            | Length (1)            |
    /// +---------------------+-----------------------+
    /// | Value (variable)                            |
    /// +---------------------------------------------+
    /// ```
    ///
    /// # Errors
    ///
    /// A value that its code cannot have.
    pub fn parse(code: u8, mut reader: Reader<'_>) -> Result<Self, Malformed> {
        let value = &mut reader;
        let capability = match code {
            1 => {
                let afi = Afi(value.u16()?);
                let _reserved = value.u8()?;
                Self::Multiprotocol(Family::new(afi, Safi(value.u8()?)))
            }
            2 => Self::RouteRefresh,
            3 => Self::OutboundRouteFiltering(value.take_rest().into()),
            5 => Self::ExtendedNextHop(each(value, |value| {
                let (afi, safi, next_hop) = (value.u16()?, value.u16()?, value.u16()?);
                let safi = u8::try_from(safi)
                    .map_err(|_| Malformed::value(value.offset(), "a SAFI of more than one octet"))?;
                Ok(ExtendedNextHop { family: Family::new(Afi(afi), Safi(safi)), next_hop: Afi(next_hop) })
            })?),
            6 => Self::ExtendedMessage,
            9 => Self::Role(value.u8()?),
            64 => Self::GracefulRestart(GracefulRestart::parse(value)?),
            65 => Self::FourOctetAs(value.u32()?),
            68 => Self::Multisession(value.take_rest().into()),
            69 => Self::AddPath(each(value, |value| {
                Ok(AddPathFamily { family: parse_family(value)?, mode: value.u8()? })
            })?),
            70 => Self::EnhancedRouteRefresh,
            71 => Self::LongLivedGracefulRestart(each(value, LongLivedFamily::parse)?),
            73 => {
                let host = counted(value)?;
                let domain = if value.is_empty() { None } else { Some(counted(value)?) };
                Self::Fqdn { host, domain }
            }
            75 => Self::SoftwareVersion(counted(value)?),
            76 => Self::PathsLimit(each(value, |value| {
                Ok(PathsLimit { family: parse_family(value)?, limit: value.u16()? })
            })?),
            77 => Self::LinkLocalNextHop,
            128 => Self::RouteRefreshCisco,
            131 => Self::MultisessionCisco(value.take_rest().into()),
            185 => Self::Operational,
            _ => Self::Unknown { code, value: value.take_rest().into() },
        };
        reader.finish()?;
        Ok(capability)
    }

    /// Writes the code, the length and the value.
    ///
    /// # Errors
    ///
    /// Where the buffer is full, or the value has more than 255 octets.
    pub fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u8(self.code())?;
        let gap = out.gap_u8()?;
        match self {
            Self::Multiprotocol(family) => {
                out.u16(family.afi.0)?;
                out.array([0, family.safi.0])?;
            }
            Self::RouteRefresh
            | Self::ExtendedMessage
            | Self::EnhancedRouteRefresh
            | Self::LinkLocalNextHop
            | Self::RouteRefreshCisco
            | Self::Operational => {}
            Self::OutboundRouteFiltering(value)
            | Self::Multisession(value)
            | Self::MultisessionCisco(value)
            | Self::Unknown { value, .. } => out.bytes(value)?,
            Self::ExtendedNextHop(families) => {
                for entry in families {
                    out.u16(entry.family.afi.0)?;
                    out.u16(u16::from(entry.family.safi.0))?;
                    out.u16(entry.next_hop.0)?;
                }
            }
            Self::Role(role) => out.u8(*role)?,
            Self::GracefulRestart(restart) => restart.encode(out)?,
            Self::FourOctetAs(asn) => out.u32(*asn)?,
            Self::AddPath(families) => {
                for entry in families {
                    encode_family(entry.family, out)?;
                    out.u8(entry.mode)?;
                }
            }
            Self::LongLivedGracefulRestart(families) => {
                families.iter().try_for_each(|entry| entry.encode(out))?;
            }
            Self::Fqdn { host, domain } => {
                encode_counted(host, out)?;
                domain.iter().try_for_each(|domain| encode_counted(domain, out))?;
            }
            Self::SoftwareVersion(version) => encode_counted(version, out)?,
            Self::PathsLimit(families) => {
                for entry in families {
                    encode_family(entry.family, out)?;
                    out.u16(entry.limit)?;
                }
            }
        }
        out.fill_u8(gap)
    }
}

impl GracefulRestart {
    /// ```text
    /// +--------------------------------------------------+
    /// | Restart Flags (4 bits) | Restart Time (12 bits)  |
    /// +--------------------------------------------------+
    /// | AFI (2) | SAFI (1) | Flags (1)                   |  for each family
    /// +--------------------------------------------------+
    /// ```
    fn parse(value: &mut Reader<'_>) -> Result<Self, Malformed> {
        let head = value.u16()?;
        let families =
            each(value, |value| Ok(GracefulFamily { family: parse_family(value)?, flags: value.u8()? }))?;
        Ok(Self { flags: (head >> 12) as u8, time: head & 0x0fff, families })
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.u16(u16::from(self.flags) << 12 | self.time & 0x0fff)?;
        for entry in &self.families {
            encode_family(entry.family, out)?;
            out.u8(entry.flags)?;
        }
        Ok(())
    }
}

impl LongLivedFamily {
    /// ```text
    /// +-------------------------------------------------------------+
    /// | AFI (2) | SAFI (1) | Flags (1) | Long-lived Stale Time (3)  |
    /// +-------------------------------------------------------------+
    /// ```
    fn parse(value: &mut Reader<'_>) -> Result<Self, Malformed> {
        let family = parse_family(value)?;
        let [flags, a, b, c] = value.array()?;
        Ok(Self { family, flags, stale_time: u32::from_be_bytes([0, a, b, c]) })
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        encode_family(self.family, out)?;
        let [_, a, b, c] = self.stale_time.to_be_bytes();
        out.array([self.flags, a, b, c])
    }
}

/// Reads entries until nothing is left.
fn each<'a, T>(
    value: &mut Reader<'a>,
    mut entry: impl FnMut(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let mut entries = Vec::new();
    while !value.is_empty() {
        entries.push(entry(value)?);
    }
    Ok(entries)
}

/// Reads an octet and as many octets as it says.
fn counted(value: &mut Reader<'_>) -> Result<Box<[u8]>, Malformed> {
    let length = value.u8()?;
    value.bytes(usize::from(length)).map(Box::from)
}

fn encode_counted(bytes: &[u8], out: &mut Writer<'_>) -> Result<(), BufferFull> {
    out.u8(u8::try_from(bytes.len()).map_err(|_| BufferFull)?)?;
    out.bytes(bytes)
}

fn parse_family(value: &mut Reader<'_>) -> Result<Family, Malformed> {
    Ok(Family::new(Afi(value.u16()?), Safi(value.u8()?)))
}

fn encode_family(family: Family, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    out.u16(family.afi.0)?;
    out.u8(family.safi.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn round_trip(capability: &Capability) -> Capability {
        let mut buffer = [0; 300];
        let mut out = Writer::new(&mut buffer);
        capability.encode(&mut out).unwrap();
        let mut reader = Reader::new(out.written(), 0);
        let (code, length) = (reader.u8().unwrap(), reader.u8().unwrap());
        assert_eq!((code, usize::from(length)), (capability.code(), reader.len()));
        Capability::parse(code, reader).unwrap()
    }

    #[test]
    fn every_capability_is_read_as_it_was_written() {
        let family = Family::IPV6_UNICAST;
        for capability in [
            Capability::Multiprotocol(family),
            Capability::RouteRefresh,
            Capability::OutboundRouteFiltering([1, 2].into()),
            Capability::ExtendedNextHop(vec![ExtendedNextHop {
                family: Family::IPV4_UNICAST,
                next_hop: Afi::IPV6,
            }]),
            Capability::ExtendedMessage,
            Capability::Role(3),
            Capability::GracefulRestart(GracefulRestart {
                flags: GracefulRestart::RESTARTED,
                time: 120,
                families: vec![GracefulFamily { family, flags: 0x80 }],
            }),
            Capability::FourOctetAs(70_000),
            Capability::Multisession([0].into()),
            Capability::AddPath(vec![AddPathFamily { family, mode: 3 }]),
            Capability::EnhancedRouteRefresh,
            Capability::LongLivedGracefulRestart(vec![LongLivedFamily {
                family,
                flags: 0,
                stale_time: 0x0001_0203,
            }]),
            Capability::Fqdn { host: (*b"r1").into(), domain: Some((*b"example").into()) },
            Capability::SoftwareVersion((*b"holdtime").into()),
            Capability::PathsLimit(vec![PathsLimit { family, limit: 4 }]),
            Capability::LinkLocalNextHop,
            Capability::RouteRefreshCisco,
            Capability::MultisessionCisco([].into()),
            Capability::Operational,
            Capability::Unknown { code: 200, value: [1, 2, 3].into() },
        ] {
            assert_eq!(round_trip(&capability), capability);
        }
    }

    #[test]
    fn a_value_that_its_code_cannot_have_is_malformed() {
        for (code, value) in [
            (1, &[0, 1, 0][..]),
            (2, &[0]),
            (64, &[0]),
            (64, &[0, 120, 0, 1, 1]),
            (65, &[0, 0, 1]),
            (69, &[0, 1, 1]),
            (71, &[0, 1, 1, 0, 0, 0]),
            (73, &[5, b'a']),
            (75, &[]),
            (75, &[9, b'a']),
            (76, &[0, 1, 1, 0]),
        ] {
            assert!(Capability::parse(code, Reader::new(value, 0)).is_err(), "capability {code}: {value:?}");
        }
    }
}
