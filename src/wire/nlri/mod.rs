//! Network layer reachability information: what a route leads to, family by family.
//!
//! Each family has a file, and each file the same four things: the owned form (`EvpnRoute`) with `encode`, and the borrowed
//! view (`EvpnRouteView`) with `parse` and a conversion to the owned form. This file is the only dispatch: [`NlriView::parse`]
//! chooses the family's parser, [`Nlri::encode`] its writer.
//!
//! `parse` takes exactly one NLRI off its [`Reader`] and checks everything in it, so that whatever a view offers afterwards cannot
//! fail. It must take at least one octet, and must refuse octets left over inside a length.

mod address;
mod bgp_ls;
mod evpn;
mod flow;
mod flow_component;
mod flow_form;
mod flow_layout;
mod flow_rewrite;
mod framing;
mod kept;
mod labelled;
mod list;
mod mup;
mod mvpn;
mod prefixes;
mod route_target;
mod sr_policy;
mod vpls;

pub use bgp_ls::{BgpLsFields, BgpLsNlri, BgpLsNlriView};
pub use evpn::{EthernetSegment, EvpnFields, EvpnRoute, EvpnRouteView};
pub use flow::{FlowRule, FlowRuleView, FlowVpnRule, FlowVpnRuleView};
pub(crate) use flow_component::with_length as flow_with_length;
pub use flow_component::{
    FlowComponent, FlowComponents, FlowOperator, FlowPrefix, FlowTerm, FlowTerms, FlowType,
};
pub use flow_form::FlowForm;
pub use labelled::{LabelledPrefix, LabelledPrefixView, VpnPrefix, VpnPrefixView};
pub use list::NlriList;
pub use mup::{MupFields, MupRoute, MupRouteView};
pub use mvpn::{MvpnFields, MvpnRoute, MvpnRouteView};
pub use prefixes::{Ipv4Prefixes, Ipv6Prefixes};
pub use route_target::{RouteTargetFields, RouteTargetMembership, RouteTargetMembershipView};
pub use sr_policy::{SrPolicyFields, SrPolicyNlri, SrPolicyNlriView};
pub use vpls::{VplsFields, VplsNlri, VplsNlriView};

use alloc::boxed::Box;

use super::budget;
use super::error::{BufferFull, Malformed};
use super::family::{Afi, Family, Safi};
use super::prefix::{Ipv4Prefix, Ipv6Prefix, Prefix};
use super::reader::Reader;
use super::vpn::Labels;
use super::writer::Writer;

/// A destination of any family. At most 24 octets: what is larger is boxed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nlri {
    /// SAFI 1
    Unicast(Prefix),
    /// SAFI 2
    Multicast(Prefix),
    /// SAFI 4 (RFC 8277)
    Labelled(Box<LabelledPrefix>),
    /// SAFI 128 (RFC 4364)
    Vpn(Box<VpnPrefix>),
    /// SAFI 5 (RFC 6514)
    Mvpn(Box<MvpnRoute>),
    /// SAFI 133 (RFC 8955)
    Flow(Box<FlowRule>),
    /// SAFI 134 (RFC 8955)
    FlowVpn(Box<FlowVpnRule>),
    /// SAFI 132 (RFC 4684)
    RouteTarget(Box<RouteTargetMembership>),
    /// SAFI 73 (RFC 9830)
    SrPolicy(Box<SrPolicyNlri>),
    /// L2VPN, SAFI 65 (RFC 4761)
    Vpls(VplsNlri),
    /// L2VPN, SAFI 70 (RFC 7432)
    Evpn(EvpnRoute),
    /// BGP-LS, SAFI 71 and 72 (RFC 9552)
    BgpLs(Box<BgpLsNlri>),
    /// SAFI 85 (draft-mpmz-bess-mup-safi)
    Mup(Box<MupRoute>),
    /// A family that this crate does not know: its whole NLRI field, because only the family says where one ends.
    Unknown(Box<UnknownNlri>),
}

/// The NLRI field of an unknown family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownNlri {
    /// Which.
    pub family: Family,
    /// What stood there.
    pub bytes: Box<[u8]>,
}

impl Nlri {
    /// The family that it belongs to.
    pub fn family(&self) -> Family {
        let (afi, safi) = match self {
            Self::Unicast(prefix) => (prefix.afi(), Safi::UNICAST),
            Self::Multicast(prefix) => (prefix.afi(), Safi::MULTICAST),
            Self::Labelled(nlri) => (nlri.prefix.afi(), Safi::LABELLED),
            Self::Vpn(nlri) => (nlri.prefix.afi(), Safi::VPN),
            Self::Mvpn(nlri) => (nlri.afi, Safi::MVPN),
            Self::Flow(nlri) => (nlri.afi, Safi::FLOW),
            Self::FlowVpn(nlri) => (nlri.afi, Safi::FLOW_VPN),
            Self::RouteTarget(nlri) => (nlri.afi, Safi::ROUTE_TARGET),
            Self::SrPolicy(nlri) => (nlri.afi, Safi::SR_POLICY),
            Self::Vpls(_) => (Afi::L2VPN, Safi::VPLS),
            Self::Evpn(_) => (Afi::L2VPN, Safi::EVPN),
            Self::BgpLs(nlri) => (Afi::BGP_LS, nlri.safi),
            Self::Mup(nlri) => (nlri.afi, Safi::MUP),
            Self::Unknown(nlri) => return nlri.family,
        };
        Family::new(afi, safi)
    }

    /// What identifies the destination: the NLRI without its labels, which a new announcement may change (RFC 8277 §2.4).
    pub fn key(&self) -> Self {
        match self {
            Self::Labelled(nlri) => {
                Self::Labelled(Box::new(LabelledPrefix { labels: Labels::default(), prefix: nlri.prefix }))
            }
            Self::Vpn(nlri) => Self::Vpn(Box::new(VpnPrefix { labels: Labels::default(), ..**nlri })),
            other => other.clone(),
        }
    }

    /// Writes it, without a path identifier.
    ///
    /// # Errors
    ///
    /// Where the buffer is full, or a length does not fit its field.
    #[inline]
    pub fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        match self {
            Self::Unicast(prefix) => prefix.encode(out),
            other => other.encode_other(out),
        }
    }

    fn encode_other(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        match self {
            Self::Unicast(prefix) | Self::Multicast(prefix) => prefix.encode(out),
            Self::Labelled(nlri) => nlri.encode(out),
            Self::Vpn(nlri) => nlri.encode(out),
            Self::Mvpn(nlri) => nlri.encode(out),
            Self::Flow(nlri) => nlri.encode(out),
            Self::FlowVpn(nlri) => nlri.encode(out),
            Self::RouteTarget(nlri) => nlri.encode(out),
            Self::SrPolicy(nlri) => nlri.encode(out),
            Self::Vpls(nlri) => nlri.encode(out),
            Self::Evpn(nlri) => nlri.encode(out),
            Self::BgpLs(nlri) => nlri.encode(out),
            Self::Mup(nlri) => nlri.encode(out),
            Self::Unknown(nlri) => out.bytes(&nlri.bytes),
        }
    }
}

/// A destination of any family as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub enum NlriView<'a> {
    /// SAFI 1
    Unicast(Prefix),
    /// SAFI 2
    Multicast(Prefix),
    /// SAFI 4
    Labelled(LabelledPrefixView<'a>),
    /// SAFI 128
    Vpn(VpnPrefixView<'a>),
    /// SAFI 5
    Mvpn(MvpnRouteView<'a>),
    /// SAFI 133
    Flow(FlowRuleView<'a>),
    /// SAFI 134
    FlowVpn(FlowVpnRuleView<'a>),
    /// SAFI 132
    RouteTarget(RouteTargetMembershipView<'a>),
    /// SAFI 73
    SrPolicy(SrPolicyNlriView<'a>),
    /// L2VPN, SAFI 65
    Vpls(VplsNlriView<'a>),
    /// L2VPN, SAFI 70
    Evpn(EvpnRouteView<'a>),
    /// BGP-LS, SAFI 71 and 72
    BgpLs(BgpLsNlriView<'a>),
    /// SAFI 85
    Mup(MupRouteView<'a>),
    /// A family that this crate does not know: its whole NLRI field.
    Unknown(Family, &'a [u8]),
}

impl<'a> NlriView<'a> {
    /// Reads one NLRI of `family`, without a path identifier, and checks all of it.
    ///
    /// # Errors
    ///
    /// Where it is malformed; the rest of the field is then beyond repair.
    #[inline]
    pub fn parse(family: Family, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        match (family.afi, family.safi) {
            (Afi::IPV4, Safi::UNICAST) => Ipv4Prefix::parse(reader).map(|p| Self::Unicast(Prefix::V4(p))),
            (Afi::IPV6, Safi::UNICAST) => Ipv6Prefix::parse(reader).map(|p| Self::Unicast(Prefix::V6(p))),
            _ => Self::parse_other(family, reader),
        }
    }

    /// Takes one that was checked before; of those that say their length, without reading further.
    #[inline]
    fn cut(family: Family, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        match (family.afi, family.safi) {
            (Afi::L2VPN, Safi::EVPN) => EvpnRouteView::cut(reader).map(Self::Evpn),
            (Afi::IPV4 | Afi::IPV6, Safi::FLOW) => FlowRuleView::cut(reader, family.afi).map(Self::Flow),
            (Afi::IPV4 | Afi::IPV6, Safi::VPN) => VpnPrefixView::parse(reader, family.afi).map(Self::Vpn),
            (Afi::BGP_LS, Safi::BGP_LS | Safi::BGP_LS_VPN) => {
                BgpLsNlriView::cut(reader, family.safi).map(Self::BgpLs)
            }
            _ => Self::parse(family, reader),
        }
    }

    /// Takes one that stands alone by the length that it says and does not look into it: what is malformed inside is [`Unknown`](Self::Unknown), its
    /// octets. `None`: NLRI of `family` say no length, or this one is cut short.
    pub fn framed(family: Family, reader: &mut Reader<'a>) -> Option<Self> {
        let rest = framing::pass_over_alone(family, *reader)?;
        let octets = reader.bytes(reader.len() - rest.len()).ok()?;
        Some(Self::Unknown(family, octets))
    }

    fn parse_other(family: Family, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let afi = family.afi;
        match (afi, family.safi) {
            (Afi::IPV4, Safi::MULTICAST) => Ipv4Prefix::parse(reader).map(|p| Self::Multicast(Prefix::V4(p))),
            (Afi::IPV6, Safi::MULTICAST) => Ipv6Prefix::parse(reader).map(|p| Self::Multicast(Prefix::V6(p))),
            (Afi::IPV4 | Afi::IPV6, Safi::LABELLED) => {
                LabelledPrefixView::parse(reader, afi).map(Self::Labelled)
            }
            (Afi::IPV4 | Afi::IPV6, Safi::VPN) => VpnPrefixView::parse(reader, afi).map(Self::Vpn),
            (Afi::IPV4 | Afi::IPV6, Safi::MVPN) => MvpnRouteView::parse(reader, afi).map(Self::Mvpn),
            (Afi::IPV4 | Afi::IPV6, Safi::FLOW) => FlowRuleView::parse(reader, afi).map(Self::Flow),
            (Afi::IPV4 | Afi::IPV6, Safi::FLOW_VPN) => FlowVpnRuleView::parse(reader, afi).map(Self::FlowVpn),
            (Afi::IPV4 | Afi::IPV6, Safi::ROUTE_TARGET) => {
                RouteTargetMembershipView::parse(reader, afi).map(Self::RouteTarget)
            }
            (Afi::IPV4 | Afi::IPV6, Safi::SR_POLICY) => {
                SrPolicyNlriView::parse(reader, afi).map(Self::SrPolicy)
            }
            (Afi::IPV4 | Afi::IPV6, Safi::MUP) => MupRouteView::parse(reader, afi).map(Self::Mup),
            (Afi::L2VPN, Safi::VPLS) => VplsNlriView::parse(reader).map(Self::Vpls),
            (Afi::L2VPN, Safi::EVPN) => EvpnRouteView::parse(reader).map(Self::Evpn),
            (Afi::BGP_LS, Safi::BGP_LS | Safi::BGP_LS_VPN) => {
                BgpLsNlriView::parse(reader, family.safi).map(Self::BgpLs)
            }
            _ => Ok(Self::Unknown(family, reader.take_rest())),
        }
    }
}

impl From<NlriView<'_>> for Nlri {
    fn from(view: NlriView<'_>) -> Self {
        match view {
            NlriView::Unicast(prefix) => Self::Unicast(prefix),
            NlriView::Multicast(prefix) => Self::Multicast(prefix),
            NlriView::Labelled(view) => Self::Labelled(Box::new(view.into())),
            NlriView::Vpn(view) => Self::Vpn(Box::new(view.into())),
            NlriView::Mvpn(view) => Self::Mvpn(Box::new(view.into())),
            NlriView::Flow(view) => Self::Flow(Box::new(view.into())),
            NlriView::FlowVpn(view) => Self::FlowVpn(Box::new(view.into())),
            NlriView::RouteTarget(view) => Self::RouteTarget(Box::new(view.into())),
            NlriView::SrPolicy(view) => Self::SrPolicy(Box::new(view.into())),
            NlriView::Vpls(view) => Self::Vpls(view.into()),
            NlriView::Evpn(view) => Self::Evpn(view.into()),
            NlriView::BgpLs(view) => Self::BgpLs(Box::new(view.into())),
            NlriView::Mup(view) => Self::Mup(Box::new(view.into())),
            NlriView::Unknown(family, bytes) => {
                Self::Unknown(Box::new(UnknownNlri { family, bytes: bytes.into() }))
            }
        }
    }
}

/// An NLRI with the path identifier that stands before it where ADD-PATH was negotiated (RFC 7911 §3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct PathNlri {
    /// The path identifier.
    pub path_id: Option<u32>,
    /// The destination.
    pub nlri: Nlri,
}

impl PathNlri {
    /// Writes it, with its path identifier where `add_path` says so; one that is not set is written as 0.
    ///
    /// # Errors
    ///
    /// As [`Nlri::encode`].
    #[inline]
    pub fn encode(&self, add_path: bool, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        if add_path {
            out.u32(self.path_id.unwrap_or(0))?;
        }
        self.nlri.encode(out)
    }
}

impl From<Nlri> for PathNlri {
    /// The NLRI without a path identifier.
    fn from(nlri: Nlri) -> Self {
        Self { path_id: None, nlri }
    }
}

/// A [`PathNlri`] as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub struct PathNlriView<'a> {
    /// The path identifier.
    pub path_id: Option<u32>,
    /// The destination.
    pub nlri: NlriView<'a>,
}

impl<'a> PathNlriView<'a> {
    #[inline]
    fn parse(reader: &mut Reader<'a>, family: Family, add_path: bool) -> Result<Self, Malformed> {
        let path_id = if add_path { Some(reader.u32()?) } else { None };
        Ok(Self { path_id, nlri: NlriView::parse(family, reader)? })
    }
}

impl From<PathNlriView<'_>> for PathNlri {
    fn from(view: PathNlriView<'_>) -> Self {
        Self { path_id: view.path_id, nlri: view.nlri.into() }
    }
}

/// The NLRI of one field, read one by one. After an error there is nothing more: where the next one would begin is unknown.
#[derive(Clone, Copy, Debug)]
pub struct NlriIter<'a> {
    reader: Reader<'a>,
    family: Family,
    add_path: bool,
    /// Some are malformed and to be passed over.
    uneven: bool,
}

impl<'a> NlriIter<'a> {
    /// The NLRI that `reader` holds, each after a path identifier where `add_path` says so.
    pub const fn new(reader: Reader<'a>, family: Family, add_path: bool) -> Self {
        Self { reader, family, add_path, uneven: false }
    }

    /// The same, of which some are to be passed over.
    pub(crate) const fn uneven(self) -> Self {
        Self { uneven: true, ..self }
    }

    /// What was not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.reader.rest()
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// Whether these are prefixes with nothing before them.
    #[inline]
    const fn is_plain(&self) -> bool {
        matches!(self.family.safi, Safi::UNICAST | Safi::MULTICAST) && !self.add_path
    }

    /// Checks what is left. `Some`: what is wrong with the first NLRI that is malformed inside of a length of its own, behind which the
    /// next one is found (RFC 7606 §5.4).
    ///
    /// # Errors
    ///
    /// The first that leaves open where the next one begins.
    #[inline]
    pub(crate) fn check(self) -> Result<Option<Malformed>, Malformed> {
        let prefixes = match (self.family.afi, self.family.safi) {
            (Afi::IPV4, Safi::UNICAST | Safi::MULTICAST) => prefixes::check(self.reader, 32, self.add_path),
            (Afi::IPV6, Safi::UNICAST | Safi::MULTICAST) => prefixes::check(self.reader, 128, self.add_path),
            _ => return self.check_other(),
        };
        prefixes.map(|()| None)
    }

    /// A loop of its own for each family that comes in numbers.
    fn check_other(self) -> Result<Option<Malformed>, Malformed> {
        let afi = self.family.afi;
        match (afi, self.family.safi) {
            (Afi::IPV4 | Afi::IPV6, Safi::VPN) => self.each(|one| VpnPrefixView::parse(one, afi).map(drop)),
            (Afi::IPV4 | Afi::IPV6, Safi::FLOW) => self.each(|one| FlowRuleView::parse(one, afi).map(drop)),
            (Afi::L2VPN, Safi::EVPN) => self.each(|one| EvpnRouteView::parse(one).map(drop)),
            _ => self.each(|one| NlriView::parse(self.family, one).map(drop)),
        }
    }

    /// Checks one after the other.
    #[inline]
    fn each(
        self,
        check: impl Fn(&mut Reader<'a>) -> Result<(), Malformed>,
    ) -> Result<Option<Malformed>, Malformed> {
        let (mut reader, mut passed_over) = (self.reader, None);
        while !reader.is_empty() {
            budget::step();
            if self.add_path {
                reader.u32()?;
            }
            let before = reader;
            if let Err(malformed) = check(&mut reader) {
                reader = framing::pass_over(self.family, before).ok_or(malformed)?;
                passed_over.get_or_insert(malformed);
            }
        }
        Ok(passed_over)
    }
}

impl<'a> Iterator for NlriIter<'a> {
    type Item = Result<PathNlriView<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (family, add_path) = (self.family, self.add_path);
        self.reader.item(|reader| PathNlriView::parse(reader, family, add_path))
    }
}

/// The NLRI of a field that was checked to its end.
#[derive(Clone, Copy, Debug)]
pub struct Routes<'a>(NlriIter<'a>);

impl<'a> Routes<'a> {
    /// The NLRI that `iter`, which was checked before, has left.
    #[inline]
    pub(crate) const fn new(iter: NlriIter<'a>) -> Self {
        Self(iter)
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The family that they belong to.
    pub const fn family(&self) -> Family {
        self.0.family
    }

    /// The routes as what they mostly are, IPv4 prefixes without path identifiers; `None` where they are something else.
    #[inline]
    pub fn ipv4(self) -> Option<Ipv4Prefixes<'a>> {
        let plain = self.0.family.afi == Afi::IPV4 && self.0.is_plain();
        plain.then(|| Ipv4Prefixes::new(self.0.reader.rest()))
    }

    /// The routes as IPv6 prefixes without path identifiers; `None` where they are something else.
    #[inline]
    pub fn ipv6(self) -> Option<Ipv6Prefixes<'a>> {
        let plain = self.0.family.afi == Afi::IPV6 && self.0.is_plain();
        plain.then(|| Ipv6Prefixes::new(self.0.reader.rest()))
    }
}

impl<'a> Iterator for Routes<'a> {
    type Item = PathNlriView<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let NlriIter { reader, family, add_path, uneven } = &mut self.0;
        if *uneven {
            return next_good(reader, *family, *add_path);
        }
        if reader.is_empty() {
            return None;
        }
        budget::step();
        let path_id = if *add_path { Some(reader.u32().ok()?) } else { None };
        Some(PathNlriView { path_id, nlri: NlriView::cut(*family, reader).ok()? })
    }
}

/// The next one that is not malformed.
#[cold]
fn next_good<'a>(reader: &mut Reader<'a>, family: Family, add_path: bool) -> Option<PathNlriView<'a>> {
    while !reader.is_empty() {
        budget::step();
        let path_id = if add_path { Some(reader.u32().ok()?) } else { None };
        let before = *reader;
        match NlriView::parse(family, reader) {
            Ok(nlri) => return Some(PathNlriView { path_id, nlri }),
            Err(_) => *reader = framing::pass_over(family, before)?,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_nlri_is_at_most_24_octets() {
        assert!(size_of::<Nlri>() <= 24);
    }
}
