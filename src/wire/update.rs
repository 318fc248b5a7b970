//! UPDATE (RFC 4271 §4.3, RFC 4760): routes withdrawn, and routes announced with their attributes.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::attribute::{
    self, AsPath, Attribute, AttributeCode, AttributeFlags, AttributeView, Attributes, RawAttribute,
    RawAttributes, UnknownAttribute,
};
use super::error::{BufferFull, ErrorData, Malformed, WireError};
use super::family::Family;
use super::frame::HEADER;
use super::mp::{MpReach, MpReachView, MpUnreach, MpUnreachView};
use super::negotiated::Negotiated;
use super::nlri::{NlriIter, PathNlri, PathNlriView};
use super::reader::Reader;
use super::treatment::{self, Problem, Treatment};
use super::writer::Writer;

/// An UPDATE as it stands on the wire: every part in its order, so that it encodes to what it was decoded from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Update {
    /// Withdrawn routes, IPv4 unicast.
    pub withdrawn: Vec<PathNlri>,
    /// Path attributes, in order.
    pub attributes: Vec<PathAttribute>,
    /// Announced routes, IPv4 unicast, with the next hop of NEXT_HOP.
    pub nlri: Vec<PathNlri>,
}

/// One path attribute of an [`Update`], with its flags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathAttribute {
    /// Its flags. The extended-length bit asks for two octets of length where one would do.
    pub flags: AttributeFlags,
    /// What it says.
    pub value: PathAttributeValue,
}

/// What a path attribute of an [`Update`] says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathAttributeValue {
    /// NEXT_HOP, 3 (RFC 4271 §5.1.3)
    NextHop(Ipv4Addr),
    /// MP_REACH_NLRI, 14 (RFC 4760 §3)
    MpReach(MpReach),
    /// MP_UNREACH_NLRI, 15 (RFC 4760 §4)
    MpUnreach(MpUnreach),
    /// One that belongs to the routes.
    Route(Attribute),
}

impl From<PathAttributeValue> for PathAttribute {
    /// With the flags that its definition wants.
    fn from(value: PathAttributeValue) -> Self {
        let flags = match &value {
            PathAttributeValue::NextHop(_) => AttributeFlags(AttributeFlags::TRANSITIVE),
            PathAttributeValue::MpReach(_) | PathAttributeValue::MpUnreach(_) => {
                AttributeFlags(AttributeFlags::OPTIONAL)
            }
            PathAttributeValue::Route(attribute) => attribute.flags(),
        };
        Self { flags, value }
    }
}

impl PathAttribute {
    /// Writes the whole attribute.
    fn encode(&self, negotiated: &Negotiated, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        use PathAttributeValue::{MpReach, MpUnreach, NextHop, Route};
        match &self.value {
            NextHop(address) => {
                attribute::encode(self.flags, AttributeCode::NEXT_HOP, out, |out| out.array(address.octets()))
            }
            MpReach(reach) => attribute::encode(self.flags, AttributeCode::MP_REACH, out, |out| {
                reach.encode(negotiated, out)
            }),
            MpUnreach(unreach) => attribute::encode(self.flags, AttributeCode::MP_UNREACH, out, |out| {
                unreach.encode(negotiated, out)
            }),
            Route(attribute) => attribute::encode(self.flags, attribute.code(), out, |out| {
                attribute.encode_value(negotiated.asn4, out)
            }),
        }
    }
}

impl Update {
    /// The UPDATE that says that all routes of `family` were sent (RFC 4724 §2).
    pub fn end_of_rib(family: Family) -> Self {
        if family == Family::IPV4_UNICAST {
            return Self::default();
        }
        let unreach = PathAttributeValue::MpUnreach(MpUnreach { family, nlri: Vec::new() });
        Self { attributes: Vec::from([unreach.into()]), ..Self::default() }
    }

    /// Writes the message's body.
    ///
    /// # Errors
    ///
    /// Where the buffer is full, or a length does not fit its field.
    pub fn encode(&self, negotiated: &Negotiated, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        let add_path = negotiated.family(Family::IPV4_UNICAST).is_some_and(|terms| terms.add_path_send);
        let gap = out.gap_u16()?;
        self.withdrawn.iter().try_for_each(|nlri| nlri.encode(add_path, out))?;
        out.fill_u16(gap)?;
        let gap = out.gap_u16()?;
        self.attributes.iter().try_for_each(|attribute| attribute.encode(negotiated, out))?;
        out.fill_u16(gap)?;
        self.nlri.iter().try_for_each(|nlri| nlri.encode(add_path, out))
    }

    /// What the attributes say of the routes, next hops and NLRI left out. From a peer whose AS numbers have two octets the path is
    /// put together from AS_PATH and AS4_PATH, the aggregator likewise (RFC 6793 §4.2.3).
    pub fn route_attributes(&self, negotiated: &Negotiated) -> Attributes {
        let route = |attribute: &PathAttribute| match &attribute.value {
            PathAttributeValue::Route(attribute) => Some(attribute.clone()),
            _ => None,
        };
        let mut attributes: Attributes = self.attributes.iter().filter_map(route).collect();
        merge_four_octet_numbers(&mut attributes, negotiated.asn4);
        attributes
    }
}

/// Folds AS4_PATH and AS4_AGGREGATOR into AS_PATH and AGGREGATOR; a peer whose AS numbers have four octets must not
/// have sent them, and they are dropped (RFC 6793 §4.1, §4.2.3).
fn merge_four_octet_numbers(attributes: &mut Attributes, asn4: bool) {
    let as4_path = attributes.remove(AttributeCode::AS4_PATH);
    let as4_aggregator = attributes.remove(AttributeCode::AS4_AGGREGATOR);
    if asn4 {
        return;
    }
    // An aggregator that could say its AS number in two octets has not sent AS4_AGGREGATOR for it: whoever replaced it knew
    // nothing of AS4_PATH either.
    let aggregator = attributes.aggregator();
    if aggregator.is_some_and(|aggregator| aggregator.asn != u32::from(attribute::AS_TRANS)) {
        return;
    }
    if let (Some(_), Some(Attribute::As4Aggregator(aggregator))) = (aggregator, as4_aggregator) {
        attributes.insert(Attribute::Aggregator(aggregator));
    }
    if let (Some(path), Some(Attribute::As4Path(as4_path))) = (attributes.as_path(), as4_path) {
        let merged: AsPath = path.merged(&as4_path);
        attributes.insert(Attribute::AsPath(merged));
    }
}

/// An UPDATE as it stands on the wire, checked to its last octet (RFC 7606).
///
/// ```text
/// +-----------------------------------------------------+
/// |   Withdrawn Routes Length (2 octets)                |
/// +-----------------------------------------------------+
/// |   Withdrawn Routes (variable)                       |
/// +-----------------------------------------------------+
/// |   Total Path Attribute Length (2 octets)            |
/// +-----------------------------------------------------+
/// |   Path Attributes (variable)                        |
/// +-----------------------------------------------------+
/// |   Network Layer Reachability Information (variable) |
/// +-----------------------------------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct UpdateView<'a> {
    negotiated: &'a Negotiated,
    withdrawn: Reader<'a>,
    attributes: Reader<'a>,
    nlri: Reader<'a>,
    add_path: bool,
    next_hop: Option<Ipv4Addr>,
    reach: Option<MpReachView<'a>>,
    unreach: Option<MpUnreachView<'a>>,
    /// Bit N: attribute N was discarded; none with a code above 63 ever is.
    discarded: u64,
    /// Some attribute stands twice, and only the first counts.
    duplicates: bool,
    problem: Option<Problem>,
}

impl<'a> UpdateView<'a> {
    /// Reads a message's body and checks all of it.
    ///
    /// # Errors
    ///
    /// What ends the session. Milder errors are told by [`UpdateView::problem`].
    pub fn decode(body: &'a [u8], negotiated: &'a Negotiated) -> Result<Self, WireError> {
        let (withdrawn, attributes, nlri) = split(body).map_err(|malformed| {
            Problem::rule(&treatment::LENGTHS, malformed.offset, ErrorData::Empty).error
        })?;
        let add_path = negotiated.family(Family::IPV4_UNICAST).is_some_and(|terms| terms.add_path_receive);
        let mut view = Self {
            negotiated,
            withdrawn,
            attributes,
            nlri,
            add_path,
            next_hop: None,
            reach: None,
            unreach: None,
            discarded: 0,
            duplicates: false,
            problem: None,
        };
        for field in [withdrawn, nlri] {
            NlriIter::new(field, Family::IPV4_UNICAST, add_path).check().map_err(|malformed| {
                Problem::rule(&treatment::NLRI, malformed.offset, ErrorData::Empty).error
            })?;
        }
        view.check_attributes()?;
        Ok(view)
    }

    /// The worst that was found, short of what ends the session.
    pub const fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Whether the routes that it announces count as withdrawn (RFC 7606 §2).
    pub fn treat_as_withdraw(&self) -> bool {
        self.problem.is_some_and(|problem| problem.treatment == Treatment::Withdraw)
    }

    /// Withdrawn routes, IPv4 unicast.
    #[inline]
    pub fn withdrawn(&self) -> impl Iterator<Item = PathNlriView<'a>> + use<'a> {
        NlriIter::new(self.withdrawn, Family::IPV4_UNICAST, self.add_path).map_while(Result::ok)
    }

    /// Announced routes, IPv4 unicast.
    #[inline]
    pub fn nlri(&self) -> impl Iterator<Item = PathNlriView<'a>> + use<'a> {
        NlriIter::new(self.nlri, Family::IPV4_UNICAST, self.add_path).map_while(Result::ok)
    }

    /// NEXT_HOP: of [`UpdateView::nlri`].
    #[inline]
    pub const fn next_hop(&self) -> Option<Ipv4Addr> {
        self.next_hop
    }

    /// MP_REACH_NLRI
    #[inline]
    pub const fn mp_reach(&self) -> Option<MpReachView<'a>> {
        self.reach
    }

    /// MP_UNREACH_NLRI
    #[inline]
    pub const fn mp_unreach(&self) -> Option<MpUnreachView<'a>> {
        self.unreach
    }

    /// The attributes that belong to the routes, in order; without those that were discarded.
    #[inline]
    pub fn attributes(&self) -> impl Iterator<Item = AttributeView<'a>> + use<'a> {
        let negotiated = self.negotiated;
        self.kept()
            .filter(|raw| {
                !matches!(
                    raw.code,
                    AttributeCode::NEXT_HOP | AttributeCode::MP_REACH | AttributeCode::MP_UNREACH
                )
            })
            .filter_map(move |raw| AttributeView::checked(raw, negotiated))
    }

    /// What the attributes say of the routes, owned; as [`Update::route_attributes`].
    pub fn route_attributes(&self) -> Attributes {
        let mut attributes: Attributes = self.attributes().map(Attribute::from).collect();
        merge_four_octet_numbers(&mut attributes, self.negotiated.asn4);
        attributes
    }

    /// The family whose routes were all sent, where this is End-of-RIB (RFC 4724 §2).
    pub fn end_of_rib(&self) -> Option<Family> {
        if !self.withdrawn.is_empty() || !self.nlri.is_empty() {
            return None;
        }
        match self.unreach {
            None if self.attributes.is_empty() => Some(Family::IPV4_UNICAST),
            Some(unreach) if unreach.is_empty() && RawAttributes::new(self.attributes).count() == 1 => {
                Some(unreach.family)
            }
            _ => None,
        }
    }

    /// Every attribute that was not discarded.
    #[inline]
    fn kept(&self) -> impl Iterator<Item = RawAttribute<'a>> + use<'a> {
        let (discarded, duplicates) = (self.discarded, self.duplicates);
        let mut seen = Codes::default();
        RawAttributes::new(self.attributes).map_while(Result::ok).filter(move |raw| {
            let dropped = raw.code.0 < 64 && discarded >> raw.code.0 & 1 == 1;
            !(dropped || duplicates && seen.insert(raw.code))
        })
    }

    /// Checks every attribute, and that none is missing.
    fn check_attributes(&mut self) -> Result<(), WireError> {
        let mut seen = Codes::default();
        for raw in RawAttributes::new(self.attributes) {
            let outcome = match raw {
                Ok(raw) if seen.insert(raw.code) => Err(self.duplicate(&raw)),
                Ok(raw) => self.check_attribute(&raw),
                Err(malformed) => Err(Problem::rule(&treatment::OVERRUN, malformed.offset, ErrorData::Empty)),
            };
            if let Err(problem) = outcome {
                self.note(problem)?;
            }
        }
        self.check_presence(&seen)
    }

    #[inline]
    fn check_attribute(&mut self, raw: &RawAttribute<'a>) -> Result<(), Problem> {
        treatment::check_flags(raw)?;
        let checked = match raw.code {
            AttributeCode::NEXT_HOP => {
                parse_next_hop(raw.value).map(|next_hop| self.next_hop = Some(next_hop))
            }
            AttributeCode::MP_REACH | AttributeCode::MP_UNREACH => return self.check_mp(raw),
            AttributeCode::LOCAL_PREF | AttributeCode::ORIGINATOR_ID | AttributeCode::CLUSTER_LIST
                if !self.negotiated.is_internal() =>
            {
                // RFC 7606 §7.5, §7.9, §7.10: not for outsiders to say, malformed or not.
                self.discard(raw.code);
                Ok(())
            }
            _ => AttributeView::parse(*raw, self.negotiated).map(drop),
        };
        checked.map_err(|malformed| self.reject(raw, malformed, None))
    }

    fn check_mp(&mut self, raw: &RawAttribute<'a>) -> Result<(), Problem> {
        let checked = if raw.code == AttributeCode::MP_REACH {
            MpReachView::parse(raw.value, self.negotiated).and_then(|reach| {
                self.reach = Some(reach);
                reach.check()
            })
        } else {
            MpUnreachView::parse(raw.value, self.negotiated).and_then(|unreach| {
                self.unreach = Some(unreach);
                unreach.check()
            })
        };
        checked.map_err(|(family, malformed)| self.reject(raw, malformed, family))
    }

    /// What a malformed attribute comes to. One that is discarded is remembered.
    #[cold]
    fn reject(&mut self, raw: &RawAttribute<'a>, malformed: Malformed, family: Option<Family>) -> Problem {
        let problem = Problem::malformed(raw, malformed, family);
        if problem.treatment == Treatment::Discard {
            self.discard(raw.code);
        }
        problem
    }

    fn discard(&mut self, code: AttributeCode) {
        self.discarded |= 1u64.checked_shl(u32::from(code.0)).unwrap_or(0);
    }

    #[cold]
    fn duplicate(&mut self, raw: &RawAttribute<'a>) -> Problem {
        self.duplicates = true;
        let holds_nlri = matches!(raw.code, AttributeCode::MP_REACH | AttributeCode::MP_UNREACH);
        let rule = if holds_nlri { &treatment::DUPLICATE_MP } else { &treatment::DUPLICATE };
        Problem::attribute(rule, raw)
    }

    /// RFC 7606 §3 d, RFC 4271 §5: what announced routes need.
    #[inline]
    fn check_presence(&mut self, seen: &Codes) -> Result<(), WireError> {
        let (plain, multi) = (!self.nlri.is_empty(), seen.contains(AttributeCode::MP_REACH));
        if !plain && !multi {
            return Ok(());
        }
        let needed = [
            (AttributeCode::ORIGIN, true),
            (AttributeCode::AS_PATH, true),
            (AttributeCode::NEXT_HOP, plain),
            (AttributeCode::LOCAL_PREF, self.negotiated.is_internal()),
        ];
        for (code, needed) in needed {
            if needed && !seen.contains(code) {
                let offset = self.attributes.offset();
                self.note(Problem::rule(&treatment::MISSING, offset, ErrorData::Octet(code.0)))?;
            }
        }
        Ok(())
    }

    /// Keeps the worst problem; one that ends the session ends the decoding.
    #[cold]
    fn note(&mut self, problem: Problem) -> Result<(), WireError> {
        if problem.treatment == Treatment::Reset {
            return Err(problem.error);
        }
        if self.problem.is_none_or(|known| known.treatment < problem.treatment) {
            self.problem = Some(problem);
        }
        Ok(())
    }
}

impl From<&UpdateView<'_>> for Update {
    /// Everything but what was discarded. A family that was not negotiated stays an unread attribute.
    fn from(view: &UpdateView<'_>) -> Self {
        let attribute = |raw: RawAttribute<'_>| {
            let value = match raw.code {
                AttributeCode::NEXT_HOP => PathAttributeValue::NextHop(view.next_hop?),
                AttributeCode::MP_REACH => match view.reach? {
                    reach if reach.negotiated => PathAttributeValue::MpReach(reach.into()),
                    reach => unread(&raw, reach.value()),
                },
                AttributeCode::MP_UNREACH => match view.unreach? {
                    unreach if unreach.negotiated => PathAttributeValue::MpUnreach(unreach.into()),
                    unreach => unread(&raw, unreach.value()),
                },
                _ => PathAttributeValue::Route(AttributeView::checked(raw, view.negotiated)?.into()),
            };
            Some(PathAttribute { flags: raw.flags, value })
        };
        Self {
            withdrawn: view.withdrawn().map(PathNlri::from).collect(),
            attributes: view.kept().filter_map(attribute).collect(),
            nlri: view.nlri().map(PathNlri::from).collect(),
        }
    }
}

fn unread(raw: &RawAttribute<'_>, value: &[u8]) -> PathAttributeValue {
    let unknown = UnknownAttribute { flags: raw.flags, code: raw.code, value: value.into() };
    PathAttributeValue::Route(Attribute::Unknown(unknown))
}

/// Cuts a body into its three fields.
#[inline]
fn split(body: &[u8]) -> Result<(Reader<'_>, Reader<'_>, Reader<'_>), Malformed> {
    let mut reader = Reader::new(body, HEADER);
    let length = reader.u16()?;
    let withdrawn = reader.sub(usize::from(length))?;
    let length = reader.u16()?;
    let attributes = reader.sub(usize::from(length))?;
    Ok((withdrawn, attributes, reader))
}

/// Reads an address that a packet could be sent to (RFC 4271 §6.3).
#[inline]
fn parse_next_hop(value: Reader<'_>) -> Result<Ipv4Addr, Malformed> {
    let address = Ipv4Addr::from_bits(attribute::parse_u32(value)?);
    if address.is_unspecified() || address.octets()[0] >= 224 {
        return Err(Malformed::value(value.offset(), "a NEXT_HOP that is no host's address"));
    }
    Ok(address)
}

/// A set of attribute codes.
#[derive(Clone, Copy, Debug, Default)]
struct Codes([u64; 4]);

impl Codes {
    /// Adds `code`; whether it was there already.
    #[inline]
    fn insert(&mut self, code: AttributeCode) -> bool {
        let (word, bit) = (&mut self.0[usize::from(code.0 >> 6)], 1 << (code.0 & 63));
        let known = *word & bit != 0;
        *word |= bit;
        known
    }

    #[inline]
    const fn contains(&self, code: AttributeCode) -> bool {
        self.0[(code.0 >> 6) as usize] >> (code.0 & 63) & 1 == 1
    }
}
