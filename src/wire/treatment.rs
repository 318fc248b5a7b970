//! What an error in an UPDATE comes to (RFC 7606): one table for attributes, one for the message around them, each row with
//! its clause.

use core::fmt;

use super::attribute::{AttributeCode as Code, AttributeFlags, RawAttribute, is_in_service};
use super::error::{ErrorData, Malformed, MalformedKind, WireError, code};
use super::family::{Afi, Family};

/// What becomes of an UPDATE with an error, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treatment {
    /// The attribute is dropped and the rest counts ("attribute discard", RFC 7606 §2).
    Discard,
    /// A route that says its own length is dropped and the others count ("NLRI discard", RFC 9552 §8.2.2; RFC 7606 §5.4).
    NlriDiscard,
    /// The routes that it announces count as withdrawn (RFC 7606 §2).
    Withdraw,
    /// Every route of the family is forgotten and the family ignored from now on ("AFI/SAFI disable", RFC 7606 §2).
    Disable,
    /// The session ends with a NOTIFICATION (RFC 4271 §6.3).
    Reset,
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discard => "discard",
            Self::NlriDiscard => "nlri-discard",
            Self::Withdraw => "treat-as-withdraw",
            Self::Disable => "disable",
            Self::Reset => "session-reset",
        })
    }
}

/// What an attribute's flags must be (RFC 4271 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Every speaker knows it and passes it on.
    WellKnown,
    /// Passed on even by a speaker that does not know it.
    OptionalTransitive,
    /// Dropped by a speaker that does not know it.
    OptionalNonTransitive,
}

impl Class {
    /// The optional and transitive bits.
    #[inline]
    pub const fn flags(self) -> AttributeFlags {
        AttributeFlags(match self {
            Self::WellKnown => AttributeFlags::TRANSITIVE,
            Self::OptionalTransitive => AttributeFlags::OPTIONAL | AttributeFlags::TRANSITIVE,
            Self::OptionalNonTransitive => AttributeFlags::OPTIONAL,
        })
    }

    /// Whether `flags` has the optional and transitive bits of this class.
    #[inline]
    pub const fn allows(self, flags: AttributeFlags) -> bool {
        flags.0 & (AttributeFlags::OPTIONAL | AttributeFlags::TRANSITIVE) == self.flags().0
    }
}

/// What is known of one attribute.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub code: Code,
    /// What its flags must be.
    pub class: Class,
    /// What comes of it where it is malformed.
    pub malformed: Treatment,
    /// What comes of it where its flags are those of another class: treat-as-withdraw, unless its own definition has it otherwise
    /// (RFC 7606 §3 c).
    pub flags: Treatment,
    /// The UPDATE Message Error subcode of a value that is not allowed (RFC 4271 §6.3).
    pub subcode: u8,
    /// Whether a peer in another AS must not send it: it is then discarded, malformed or not.
    pub internal_only: bool,
    /// What says so.
    pub clause: &'static str,
}

impl Row {
    const fn new(code: Code, class: Class, malformed: Treatment, subcode: u8, clause: &'static str) -> Self {
        Self { code, class, malformed, flags: Withdraw, subcode, internal_only: false, clause }
    }

    const fn flags(self, flags: Treatment) -> Self {
        Self { flags, ..self }
    }

    const fn internal_only(self) -> Self {
        Self { internal_only: true, ..self }
    }
}

use Class::{OptionalNonTransitive, OptionalTransitive, WellKnown};
use Treatment::{Disable, Discard, NlriDiscard, Reset, Withdraw};

/// Invalid ORIGIN Attribute (RFC 4271 §6.3)
const INVALID_ORIGIN: u8 = 6;
/// Invalid NEXT_HOP Attribute (RFC 4271 §6.3)
const INVALID_NEXT_HOP: u8 = 8;
/// Optional Attribute Error (RFC 4271 §6.3)
const OPTIONAL: u8 = 9;
/// Malformed AS_PATH (RFC 4271 §6.3)
const MALFORMED_AS_PATH: u8 = 11;

/// Every attribute that has a definition. One that is not here is kept, or dropped, whole.
pub static ATTRIBUTES: [Row; 24] = [
    Row::new(Code::ORIGIN, WellKnown, Withdraw, INVALID_ORIGIN, "RFC 7606 §7.1"),
    Row::new(Code::AS_PATH, WellKnown, Withdraw, MALFORMED_AS_PATH, "RFC 7606 §7.2"),
    Row::new(Code::NEXT_HOP, WellKnown, Withdraw, INVALID_NEXT_HOP, "RFC 7606 §7.3"),
    Row::new(Code::MED, OptionalNonTransitive, Withdraw, OPTIONAL, "RFC 7606 §7.4"),
    Row::new(Code::LOCAL_PREF, WellKnown, Withdraw, OPTIONAL, "RFC 7606 §7.5").internal_only(),
    Row::new(Code::ATOMIC_AGGREGATE, WellKnown, Discard, OPTIONAL, "RFC 7606 §7.6"),
    Row::new(Code::AGGREGATOR, OptionalTransitive, Discard, OPTIONAL, "RFC 7606 §7.7"),
    Row::new(Code::COMMUNITIES, OptionalTransitive, Withdraw, OPTIONAL, "RFC 7606 §7.8"),
    Row::new(Code::ORIGINATOR_ID, OptionalNonTransitive, Withdraw, OPTIONAL, "RFC 7606 §7.9").internal_only(),
    Row::new(Code::CLUSTER_LIST, OptionalNonTransitive, Withdraw, OPTIONAL, "RFC 7606 §7.10").internal_only(),
    Row::new(Code::MP_REACH, OptionalNonTransitive, Disable, OPTIONAL, "RFC 7606 §7.11").flags(Disable),
    Row::new(Code::MP_UNREACH, OptionalNonTransitive, Disable, OPTIONAL, "RFC 7606 §7.12").flags(Disable),
    Row::new(Code::EXTENDED_COMMUNITIES, OptionalTransitive, Withdraw, OPTIONAL, "RFC 7606 §7.14"),
    Row::new(Code::AS4_PATH, OptionalTransitive, Discard, OPTIONAL, "RFC 6793 §6"),
    Row::new(Code::AS4_AGGREGATOR, OptionalTransitive, Discard, OPTIONAL, "RFC 6793 §6"),
    Row::new(Code::PMSI_TUNNEL, OptionalTransitive, Withdraw, OPTIONAL, "RFC 6514 §5"),
    Row::new(Code::TUNNEL_ENCAPSULATION, OptionalTransitive, Withdraw, OPTIONAL, "RFC 9012 §13"),
    Row::new(Code::IPV6_EXTENDED_COMMUNITIES, OptionalTransitive, Withdraw, OPTIONAL, "RFC 7606 §7.15"),
    Row::new(Code::AIGP, OptionalNonTransitive, Discard, OPTIONAL, "RFC 7311 §3.2").flags(Discard),
    Row::new(Code::BGP_LS, OptionalNonTransitive, Discard, OPTIONAL, "RFC 9552 §8.2.2"),
    Row::new(Code::LARGE_COMMUNITIES, OptionalTransitive, Withdraw, OPTIONAL, "RFC 8092 §6"),
    Row::new(Code::ONLY_TO_CUSTOMER, OptionalTransitive, Withdraw, OPTIONAL, "RFC 9234 §5"),
    Row::new(Code::PREFIX_SID, OptionalTransitive, Discard, OPTIONAL, "RFC 8669 §6"),
    Row::new(Code::ATTR_SET, OptionalTransitive, Withdraw, OPTIONAL, "RFC 7606 §7.16"),
];

/// What can be wrong with an UPDATE beyond the inside of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What comes of it.
    pub treatment: Treatment,
    /// The UPDATE Message Error subcode (RFC 4271 §6.3).
    pub subcode: u8,
    /// What is wrong, as a clause without a final full stop.
    pub what: &'static str,
    /// What says so.
    pub clause: &'static str,
}

impl Rule {
    const fn new(treatment: Treatment, subcode: u8, what: &'static str, clause: &'static str) -> Self {
        Self { treatment, subcode, what, clause }
    }
}

/// The lengths of withdrawn routes and attributes do not fit the message: its fields cannot be told apart.
pub const LENGTHS: Rule = Rule::new(Reset, 1, "lengths that do not fit their message", "RFC 7606 §3 b");
/// The bits "optional" and "transitive" are not those of the attribute. The field `flags` of [`Row`] says where that comes to
/// something else.
pub const FLAGS: Rule = Rule::new(Withdraw, 4, "flags that the attribute cannot have", "RFC 7606 §3 c");
/// An attribute that announced routes need is missing.
pub const MISSING: Rule = Rule::new(Withdraw, 3, "a mandatory attribute is missing", "RFC 7606 §3 d");
/// An attribute stands twice; the first counts.
pub const DUPLICATE: Rule = Rule::new(Discard, 1, "an attribute stands twice", "RFC 7606 §3 g");
/// MP_REACH_NLRI or MP_UNREACH_NLRI stands twice.
pub const DUPLICATE_MP: Rule = Rule::new(Reset, 1, "an attribute with NLRI stands twice", "RFC 7606 §3 g");
/// An attribute runs over the end of all attributes, or what is left is too short for one.
pub const OVERRUN: Rule = Rule::new(Withdraw, 1, "an attribute runs over the end of all", "RFC 7606 §4");
/// An attribute that every speaker must know, and we do not.
pub const UNKNOWN_WELL_KNOWN: Rule = Rule::new(Reset, 2, "an unknown well-known attribute", "RFC 4271 §6.3");
/// Withdrawn routes or NLRI outside of an attribute cannot be read to their end.
pub const NLRI: Rule = Rule::new(Reset, 10, "NLRI that cannot be read", "RFC 7606 §5.3");

/// A route in MP_REACH_NLRI or MP_UNREACH_NLRI says its own length and is malformed inside: the next one can be found.
pub const ROUTE: Rule = Rule::new(NlriDiscard, 10, "a route that cannot be read", "RFC 7606 §5.4");
/// The same of link-state routes, which have an order inside.
pub const LINK_STATE_ROUTE: Rule =
    Rule::new(NlriDiscard, 10, "a link-state route that cannot be read", "RFC 9552 §8.2.2");

/// Every rule.
pub static RULES: [&Rule; 10] = [
    &LENGTHS,
    &FLAGS,
    &MISSING,
    &DUPLICATE,
    &DUPLICATE_MP,
    &OVERRUN,
    &UNKNOWN_WELL_KNOWN,
    &NLRI,
    &ROUTE,
    &LINK_STATE_ROUTE,
];

/// The worst that was found in an UPDATE, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What comes of it.
    pub treatment: Treatment,
    /// The family of the routes, where the trouble is with routes that say of which they are.
    pub family: Option<Family>,
    /// What is wrong, and how a NOTIFICATION would say it.
    pub error: WireError,
    /// What says so.
    pub clause: &'static str,
}

/// `treat-as-withdraw: what is wrong at octet 23 (RFC 7606 §7.3)`, and of which family, where that matters.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at octet {}", self.treatment, self.error.what, self.error.offset)?;
        if let Some(family) = self.family {
            write!(f, ", in {family}")?;
        }
        write!(f, " ({})", self.clause)
    }
}

impl Problem {
    /// A rule broken by this attribute.
    #[cold]
    pub(crate) fn attribute(rule: &Rule, raw: &RawAttribute<'_>) -> Self {
        Self::rule(rule, raw.start, ErrorData::Span { start: raw.start, length: raw.octets() })
    }

    /// A rule broken here.
    #[cold]
    pub const fn rule(rule: &Rule, offset: usize, data: ErrorData) -> Self {
        let error = WireError { code: code::UPDATE, subcode: rule.subcode, data, offset, what: rule.what };
        Self { treatment: rule.treatment, family: None, error, clause: rule.clause }
    }

    /// A route in this attribute is malformed, and only that one.
    #[cold]
    pub(crate) fn route(raw: &RawAttribute<'_>, malformed: Malformed, family: Option<Family>) -> Self {
        let is_link_state = family.is_some_and(|family| family.afi == Afi::BGP_LS);
        let problem = Self::attribute(if is_link_state { &LINK_STATE_ROUTE } else { &ROUTE }, raw);
        let error = WireError { offset: malformed.offset, what: malformed.what, ..problem.error };
        Self { family, error, ..problem }
    }

    /// The flags of this attribute are wrong. `family`: as of [`Problem::malformed`].
    #[cold]
    pub(crate) fn flags(raw: &RawAttribute<'_>, family: Option<Family>) -> Self {
        let problem = Self::attribute(&FLAGS, raw);
        match of(raw.code) {
            Some(row) if row.flags == Disable && family.is_none() => Self { treatment: Reset, ..problem },
            Some(row) if row.flags == Disable => {
                Self { treatment: Disable, family, clause: "RFC 7606 §5.3", ..problem }
            }
            Some(row) if row.flags == Discard => Self { treatment: Discard, clause: row.clause, ..problem },
            _ => problem,
        }
    }

    /// The inside of this attribute is malformed. `family`: of the routes in it, where it holds routes and says of which.
    #[cold]
    pub fn malformed(raw: &RawAttribute<'_>, malformed: Malformed, family: Option<Family>) -> Self {
        let (treatment, subcode, clause) = match of(raw.code) {
            // Which family to disable could not be read.
            Some(row) if row.malformed == Disable && family.is_none() => (Reset, row.subcode, row.clause),
            Some(row) if row.code == Code::PREFIX_SID && is_in_service(raw.value, malformed.offset) => {
                (Withdraw, row.subcode, "RFC 9252 §7")
            }
            Some(row) => (row.malformed, row.subcode, row.clause),
            None => (Discard, OPTIONAL, "RFC 7606 §2"),
        };
        let subcode = match malformed.kind {
            MalformedKind::Length if subcode != MALFORMED_AS_PATH => 5,
            _ => subcode,
        };
        let data = ErrorData::Span { start: raw.start, length: raw.octets() };
        let error =
            WireError { code: code::UPDATE, subcode, data, offset: malformed.offset, what: malformed.what };
        Self { treatment, family, error, clause }
    }
}

/// What is known of the attribute with this code.
pub fn of(code: Code) -> Option<&'static Row> {
    ATTRIBUTES.iter().find(|row| row.code == code)
}

/// The optional and transitive bits of each attribute, or [`UNDEFINED`]: the table again, as decoding looks at it once an attribute.
#[allow(clippy::indexing_slicing, reason = "the compiler runs it, and would stop")]
static FLAGS_OF: [u8; 256] = {
    let mut flags = [UNDEFINED; 256];
    let mut at = 0;
    while at < ATTRIBUTES.len() {
        flags[ATTRIBUTES[at].code.0 as usize] = ATTRIBUTES[at].class.flags().0;
        at += 1;
    }
    flags
};

const UNDEFINED: u8 = 0xff;

/// What the flags of an attribute come to, where they are not what its definition wants; one that has NLRI counts as of `family`.
pub fn wrong_flags(raw: &RawAttribute<'_>, family: Option<Family>) -> Option<Problem> {
    check_flags(raw).err().map(|unknown| unknown.unwrap_or_else(|| Problem::flags(raw, family)))
}

/// Whether the flags of an attribute are what its definition wants; what has no definition must be optional.
///
/// # Errors
///
/// An unknown attribute that is not optional; `None`: those of a known one are wrong.
#[inline]
#[allow(clippy::indexing_slicing, reason = "an octet stays within 256 places")]
pub(crate) fn check_flags(raw: &RawAttribute<'_>) -> Result<(), Option<Problem>> {
    const BITS: u8 = AttributeFlags::OPTIONAL | AttributeFlags::TRANSITIVE;
    match FLAGS_OF[usize::from(raw.code.0)] {
        UNDEFINED if raw.flags.has(AttributeFlags::OPTIONAL) => Ok(()),
        UNDEFINED => Err(Some(Problem::attribute(&UNKNOWN_WELL_KNOWN, raw))),
        wanted if raw.flags.0 & BITS == wanted => Ok(()),
        _ => Err(None),
    }
}
