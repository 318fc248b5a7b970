//! The check that every UPDATE passes before anybody sees it (RFC 7606): what comes of which error is said in
//! [`treatment`].

use core::net::Ipv4Addr;

use super::super::attribute::{
    AsPathView, AttributeCode as Code, AttributeView, List, RawAttribute, RawAttributes, parse_aggregator,
    parse_origin, parse_u32,
};
use super::super::error::{ErrorData, Malformed, WireError};
use super::super::family::Family;
use super::super::frame::HEADER;
use super::super::mp::{self, MpReachView, MpUnreachView};
use super::super::negotiated::Negotiated;
use super::super::nlri::NlriIter;
use super::super::reader::Reader;
use super::super::treatment::{self, Problem, Treatment};
use super::view::{Frequent, UpdateView};

/// Reads a message's body and checks all of it.
#[inline]
pub(super) fn decode<'a>(body: &'a [u8], negotiated: &'a Negotiated) -> Result<UpdateView<'a>, WireError> {
    let (withdrawn, attributes, nlri) = split(body)
        .map_err(|malformed| Problem::rule(&treatment::LENGTHS, malformed.offset, ErrorData::Empty).error)?;
    let add_path = negotiated.family(Family::IPV4_UNICAST).is_some_and(|terms| terms.add_path_receive);
    let check = |field| NlriIter::new(field, Family::IPV4_UNICAST, add_path).check();
    check(withdrawn)
        .and_then(|()| check(nlri))
        .map_err(|malformed| Problem::rule(&treatment::NLRI, malformed.offset, ErrorData::Empty).error)?;
    let mut view = UpdateView {
        negotiated,
        withdrawn,
        attributes,
        nlri,
        add_path,
        next_hop: None,
        frequent: Frequent::default(),
        has_others: false,
        reach: None,
        unreach: None,
        discarded: 0,
        duplicates: false,
        problem: None,
    };
    view.check_attributes()?;
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
    Ok((withdrawn, attributes, reader))
}

impl<'a> UpdateView<'a> {
    /// Checks every attribute, and that none is missing.
    #[inline]
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
        self.check_presence(&seen)?;
        self.check_confidence()
    }

    #[inline]
    fn check_attribute(&mut self, raw: &RawAttribute<'a>) -> Result<(), Problem> {
        treatment::check_flags(raw).map_err(|problem| problem.unwrap_or_else(|| self.wrong_flags(raw)))?;
        if matches!(raw.code, Code::MP_REACH | Code::MP_UNREACH) {
            return self.check_mp(raw);
        }
        self.read(raw).map_err(|malformed| self.reject(raw, malformed, None))
    }

    /// Checks what is inside an attribute, and keeps what nearly every route has.
    #[inline]
    fn read(&mut self, raw: &RawAttribute<'a>) -> Result<(), Malformed> {
        let (value, frequent, asn4) = (raw.value, &mut self.frequent, self.negotiated.asn4);
        match raw.code {
            Code::ORIGIN => frequent.origin = Some(parse_origin(value)?),
            Code::AS_PATH => {
                let confederation = self.negotiated.is_internal();
                frequent.as_path = Some(AsPathView::parse(value, asn4, confederation)?);
            }
            Code::NEXT_HOP => self.next_hop = Some(parse_next_hop(value)?),
            Code::MED => frequent.med = Some(parse_u32(value)?),
            Code::ATOMIC_AGGREGATE => {
                value.finish()?;
                frequent.atomic_aggregate = true;
            }
            Code::AGGREGATOR => frequent.aggregator = Some(parse_aggregator(value, asn4)?),
            Code::COMMUNITIES => frequent.communities = Some(List::parse(value)?),
            Code::EXTENDED_COMMUNITIES => frequent.extended_communities = Some(List::parse(value)?),
            Code::LARGE_COMMUNITIES => frequent.large_communities = Some(List::parse(value)?),
            Code::LOCAL_PREF | Code::ORIGINATOR_ID | Code::CLUSTER_LIST if !self.negotiated.is_internal() => {
                // RFC 7606 §7.5, §7.9, §7.10: not for outsiders to say, malformed or not.
                self.discard(raw.code);
            }
            Code::LOCAL_PREF => frequent.local_pref = Some(parse_u32(value)?),
            _ => {
                AttributeView::parse(*raw, self.negotiated)?;
                self.has_others = true;
            }
        }
        Ok(())
    }

    fn check_mp(&mut self, raw: &RawAttribute<'a>) -> Result<(), Problem> {
        let checked = if raw.code == Code::MP_REACH {
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

    /// What wrong flags come to. An attribute that is discarded for them is remembered.
    #[cold]
    fn wrong_flags(&mut self, raw: &RawAttribute<'a>) -> Problem {
        let family =
            matches!(raw.code, Code::MP_REACH | Code::MP_UNREACH).then(|| mp::family(raw.value)).flatten();
        let problem = Problem::flags(raw, family);
        if problem.treatment == Treatment::Discard {
            self.discard(raw.code);
        }
        problem
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

    /// RFC 7606 §3 d, RFC 4271 §5: what announced routes need.
    #[inline]
    fn check_presence(&mut self, seen: &Codes) -> Result<(), WireError> {
        let (plain, multi) = (!self.nlri.is_empty(), seen.contains(Code::MP_REACH));
        if !plain && !multi {
            return Ok(());
        }
        let needed = [
            (Code::ORIGIN, true),
            (Code::AS_PATH, true),
            (Code::NEXT_HOP, plain),
            (Code::LOCAL_PREF, self.negotiated.is_internal()),
        ];
        for (code, needed) in needed {
            if needed && !seen.contains(code) {
                let offset = self.attributes.offset();
                self.note(Problem::rule(&treatment::MISSING, offset, ErrorData::Octet(code.0)))?;
            }
        }
        Ok(())
    }

    /// RFC 7606 §5.2: attributes without a route that they would belong to. Where there is more wrong with such a message than what
    /// discarding an attribute mends, nobody can be sure that its routes were found, and so none can be withdrawn.
    #[inline]
    fn check_confidence(&mut self) -> Result<(), WireError> {
        match self.problem {
            Some(problem) if problem.treatment == Treatment::Withdraw && !self.announces() => {
                Err(problem.error)
            }
            _ => Ok(()),
        }
    }

    /// Whether there are routes that the attributes belong to.
    fn announces(&self) -> bool {
        let multi = self.reach.is_some_and(|reach| !reach.negotiated || !reach.nlri().is_empty());
        multi || !self.nlri.is_empty()
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

/// Reads an address that a packet could be sent to (RFC 4271 §6.3).
#[inline]
fn parse_next_hop(value: Reader<'_>) -> Result<Ipv4Addr, Malformed> {
    let address = Ipv4Addr::from_bits(parse_u32(value)?);
    if address.is_unspecified() || address.octets()[0] >= 224 {
        return Err(Malformed::value(value.offset(), "a NEXT_HOP that is no host's address"));
    }
    Ok(address)
}

/// A set of attribute codes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Codes([u64; 4]);

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
