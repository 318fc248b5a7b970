//! The check that every UPDATE passes before anybody sees it (RFC 7606): what comes of which error is said in
//! [`treatment`].

use core::net::Ipv4Addr;

use super::super::attribute::{
    AsPathView, AttributeCode as Code, AttributeView, Community, ExtendedCommunity, LargeCommunity, List,
    ListItem, RawAttribute, RawAttributes, parse_aggregator, parse_origin, parse_u32,
};
use super::super::error::{ErrorData, Malformed, WireError};
use super::super::family::Family;
use super::super::frame::HEADER;
use super::super::mp::{self, MpView};
use super::super::negotiated::Negotiated;
use super::super::nlri::NlriIter;
use super::super::reader::Reader;
use super::super::treatment::{self, Problem, Treatment};
use super::view::{BodyRange, Places, UpdateView};

/// Reads a message's body and checks all of it.
#[inline]
pub(super) fn decode<'a>(body: &'a [u8], negotiated: &'a Negotiated) -> Result<UpdateView<'a>, WireError> {
    let (withdrawn, attributes, nlri) = split(body)
        .map_err(|malformed| Problem::rule(&treatment::LENGTHS, malformed.offset, ErrorData::Empty).error)?;
    let terms = negotiated.family(Family::IPV4_UNICAST);
    let add_path = terms.is_some_and(|terms| terms.add_path_receive);
    let check = |field| NlriIter::new(field, Family::IPV4_UNICAST, add_path).check();
    check(withdrawn)
        .and_then(|_| check(nlri))
        .map_err(|malformed| Problem::rule(&treatment::NLRI, malformed.offset, ErrorData::Empty).error)?;
    let mut view = UpdateView {
        negotiated,
        body,
        withdrawn: BodyRange::of(withdrawn),
        attributes: BodyRange::of(attributes),
        nlri: BodyRange::of(nlri),
        places: Places::default(),
        has_others: false,
        duplicates: false,
        add_path,
        treatment: None,
        withdraws: false,
        disabled: [None; 2],
        ignores_ipv4: terms.is_some_and(|terms| terms.ignored),
        discarded: 0,
    };
    view.treatment = view.check_attributes()?.map(|problem| problem.treatment);
    Ok(view)
}

/// Cuts a body into its three fields.
#[inline]
fn split(body: &[u8]) -> Result<(Reader<'_>, Reader<'_>, Reader<'_>), Malformed> {
    let mut reader = Reader::new(body, HEADER);
    let length = reader.u16()?;
    let withdrawn = reader.sub(usize::from(length))?;
    let length = reader.u16()?;
    let attributes = reader.sub(usize::from(length))?;
    // Its header could not say the length of a longer one.
    if body.len() > usize::from(u16::MAX) {
        Err(reader.truncated())
    } else {
        Ok((withdrawn, attributes, reader))
    }
}

impl<'a> UpdateView<'a> {
    /// Checks every attribute, and that none is missing, and remembers where they stand; the worst problem of those that do not end
    /// the session.
    #[inline]
    pub(super) fn check_attributes(&mut self) -> Result<Option<Problem>, WireError> {
        let (mut seen, mut worst) = (Codes::default(), None);
        (self.withdraws, self.disabled) = (false, [None; 2]);
        let internal = self.negotiated.is_internal();
        for raw in RawAttributes::new(self.part(self.attributes)) {
            let outcome = match raw {
                Ok(raw) if seen.insert(raw.code) => Err(self.duplicate(&raw)),
                Ok(raw) => self.check_attribute(&raw, internal),
                Err(malformed) => Err(Problem::rule(&treatment::OVERRUN, malformed.offset, ErrorData::Empty)),
            };
            if let Err(problem) = outcome {
                self.note(&mut worst, problem)?;
            }
        }
        if self.announces(&seen)
            && let Some(problem) = self.missing(&seen, internal)
        {
            self.note(&mut worst, problem)?;
        }
        match worst {
            Some(problem) if problem.treatment == Treatment::Withdraw => self.confident(problem).map(Some),
            other => Ok(other),
        }
    }

    /// Checks an attribute, and keeps its place where nearly every route has it.
    #[inline]
    fn check_attribute(&mut self, raw: &RawAttribute<'a>, internal: bool) -> Result<(), Problem> {
        treatment::check_flags(raw).map_err(|problem| problem.unwrap_or_else(|| self.wrong_flags(raw)))?;
        let (value, places, asn4) = (raw.value, &mut self.places, self.negotiated.asn4);
        let (checked, place) = match raw.code {
            Code::ORIGIN => (parse_origin(value).map(drop), &mut places.origin),
            Code::AS_PATH => (AsPathView::parse(value, asn4, internal).map(drop), &mut places.as_path),
            Code::NEXT_HOP => (check_next_hop(value), &mut places.next_hop),
            Code::MED => (parse_u32(value).map(drop), &mut places.med),
            Code::ATOMIC_AGGREGATE => (value.finish(), &mut places.atomic_aggregate),
            Code::AGGREGATOR => (parse_aggregator(value, asn4).map(drop), &mut places.aggregator),
            Code::COMMUNITIES => (check_list::<Community, 4>(value), &mut places.communities),
            Code::EXTENDED_COMMUNITIES => {
                (check_list::<ExtendedCommunity, 8>(value), &mut places.extended_communities)
            }
            Code::LARGE_COMMUNITIES => {
                (check_list::<LargeCommunity, 12>(value), &mut places.large_communities)
            }
            Code::LOCAL_PREF if internal => (parse_u32(value).map(drop), &mut places.local_pref),
            _ => return self.check_other(raw, internal),
        };
        match checked {
            Ok(()) => *place = BodyRange::of(value),
            Err(malformed) => return Err(self.reject(raw, malformed)),
        }
        Ok(())
    }

    fn check_other(&mut self, raw: &RawAttribute<'a>, internal: bool) -> Result<(), Problem> {
        let (value, negotiated) = (raw.value, self.negotiated);
        let checked = match raw.code {
            Code::LOCAL_PREF | Code::ORIGINATOR_ID | Code::CLUSTER_LIST if !internal => {
                // RFC 7606 §7.5, §7.9, §7.10: not for outsiders to say, malformed or not.
                self.discard(raw.code);
                Ok(None)
            }
            Code::MP_REACH => MpView::reach(value, negotiated).and_then(|reach| {
                self.places.reach = BodyRange::of(value);
                reach.check()
            }),
            Code::MP_UNREACH => MpView::unreach(value, negotiated).and_then(|unreach| {
                self.places.unreach = BodyRange::of(value);
                unreach.check()
            }),
            _ => {
                let parsed = AttributeView::parse(*raw, negotiated);
                self.has_others |= parsed.is_ok();
                parsed.map(|_| None)
            }
        };
        match checked {
            Ok(None) => Ok(()),
            Ok(Some(malformed)) => Err(Problem::route(raw, malformed, family(raw))),
            Err(malformed) => Err(self.reject(raw, malformed)),
        }
    }

    /// What wrong flags come to. An attribute that is discarded for them is remembered.
    #[cold]
    fn wrong_flags(&mut self, raw: &RawAttribute<'a>) -> Problem {
        let problem = Problem::flags(raw, family(raw));
        if problem.treatment == Treatment::Discard {
            self.discard(raw.code);
        }
        problem
    }

    /// What a malformed attribute comes to. One that is discarded is remembered.
    #[cold]
    fn reject(&mut self, raw: &RawAttribute<'a>, malformed: Malformed) -> Problem {
        let problem = Problem::malformed(raw, malformed, family(raw));
        if problem.treatment == Treatment::Discard {
            self.discard(raw.code);
        }
        problem
    }

    /// Keeps the worst problem, and what each one means for the routes; one that ends the session ends the decoding.
    #[cold]
    fn note(&mut self, worst: &mut Option<Problem>, problem: Problem) -> Result<(), WireError> {
        match problem.treatment {
            Treatment::Reset => return Err(problem.error),
            Treatment::Disable => {
                // There are two attributes with routes at most, each once.
                self.disabled
                    .iter_mut()
                    .find(|place| place.is_none())
                    .into_iter()
                    .for_each(|place| *place = problem.family);
            }
            Treatment::Withdraw => self.withdraws = true,
            Treatment::Discard | Treatment::NlriDiscard => {}
        }
        if worst.is_none_or(|known| known.treatment < problem.treatment) {
            *worst = Some(problem);
        }
        Ok(())
    }

    fn discard(&mut self, code: Code) {
        self.discarded |= 1u64.checked_shl(u32::from(code.0)).unwrap_or(0);
    }

    #[cold]
    fn duplicate(&mut self, raw: &RawAttribute<'a>) -> Problem {
        self.duplicates = true;
        let holds_nlri = matches!(raw.code, Code::MP_REACH | Code::MP_UNREACH);
        let rule = if holds_nlri { &treatment::DUPLICATE_MP } else { &treatment::DUPLICATE };
        Problem::attribute(rule, raw)
    }

    /// Whether routes are announced.
    #[inline]
    fn announces(&self, seen: &Codes) -> bool {
        !self.part(self.nlri).is_empty() || seen.contains(Code::MP_REACH)
    }

    /// The first attribute missing that announced routes need (RFC 7606 §3 d, RFC 4271 §5).
    #[inline]
    fn missing(&self, seen: &Codes, internal: bool) -> Option<Problem> {
        let needed = [
            (Code::ORIGIN, true),
            (Code::AS_PATH, !(self.negotiated.bgpsec && seen.contains(Code::BGPSEC_PATH))),
            (Code::NEXT_HOP, !self.part(self.nlri).is_empty()),
            (Code::LOCAL_PREF, internal),
        ];
        let (code, _) = needed.into_iter().find(|(code, needed)| *needed && !seen.contains(*code))?;
        let offset = self.part(self.attributes).offset();
        Some(Problem::rule(&treatment::MISSING, offset, ErrorData::Octet(code.0)))
    }

    /// RFC 7606 §5.2: attributes without a route that they would belong to. Where there is more wrong with such a message than what
    /// discarding an attribute mends, nobody can be sure that its routes were found, and so none can be withdrawn.
    #[cold]
    fn confident(&self, problem: Problem) -> Result<Problem, WireError> {
        let multi = self.any_reach().is_some_and(|reach| !reach.is_read() || !reach.nlri().is_empty());
        if multi || !self.nlri().is_empty() { Ok(problem) } else { Err(problem.error) }
    }
}

/// The family of the routes in an attribute, where it holds routes and says of which.
fn family(raw: &RawAttribute<'_>) -> Option<Family> {
    matches!(raw.code, Code::MP_REACH | Code::MP_UNREACH).then(|| mp::family(raw.value)).flatten()
}

/// Whether it is an address that a packet could be sent to (RFC 4271 §6.3).
#[inline]
fn check_next_hop(value: Reader<'_>) -> Result<(), Malformed> {
    let address = Ipv4Addr::from_bits(parse_u32(value)?);
    if address.is_unspecified() || address.octets()[0] >= 224 {
        return Err(Malformed::value(value.offset(), "a NEXT_HOP that is no host's address"));
    }
    Ok(())
}

#[inline]
fn check_list<T: ListItem<N>, const N: usize>(value: Reader<'_>) -> Result<(), Malformed> {
    List::<T, N>::parse(value).map(drop)
}

/// A set of attribute codes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Codes([u64; 4]);

#[allow(clippy::indexing_slicing, reason = "the two upper bits of an octet stay within four places")]
impl Codes {
    /// Adds `code`; whether it was there already.
    #[inline]
    pub(super) fn insert(&mut self, code: Code) -> bool {
        let (word, bit) = (&mut self.0[usize::from(code.0 >> 6)], 1 << (code.0 & 63));
        let known = *word & bit != 0;
        *word |= bit;
        known
    }

    #[inline]
    const fn contains(&self, code: Code) -> bool {
        self.0[(code.0 >> 6) as usize] >> (code.0 & 63) & 1 == 1
    }
}
