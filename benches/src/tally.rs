//! What a decoder visited: for each kind of value how many there were and their sum. Two decoders that visited
//! the same values have equal tallies, and a decoder that skips work cannot.

use std::fmt;
use std::net::IpAddr;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// A kind of value that an UPDATE carries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// All kinds, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in reports.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

kinds! {
    /// A prefix withdrawn.
    Withdrawn = "withdrawn",
    /// A prefix announced.
    Announced = "announced",
    /// ORIGIN.
    Origin = "origin",
    /// An AS number of AS_PATH.
    AsPath = "as-path",
    /// An address of NEXT_HOP or MP_REACH_NLRI.
    NextHop = "next-hop",
    /// MULTI_EXIT_DISC.
    Med = "med",
    /// LOCAL_PREF.
    LocalPref = "local-pref",
    /// ATOMIC_AGGREGATE.
    AtomicAggregate = "atomic-aggregate",
    /// AGGREGATOR.
    Aggregator = "aggregator",
    /// A community.
    Community = "community",
    /// An extended community.
    ExtendedCommunity = "extended-community",
    /// A large community.
    LargeCommunity = "large-community",
    /// A route distinguisher.
    Distinguisher = "route-distinguisher",
    /// An MPLS label.
    Label = "label",
    /// A component of a FlowSpec rule.
    FlowComponent = "flow-component",
    /// An EVPN route.
    Evpn = "evpn-route",
    /// A BGP-LS NLRI.
    LinkState = "link-state-nlri",
    /// A TLV of the BGP-LS attribute.
    LinkStateTlv = "link-state-tlv",
}

const KINDS: usize = Kind::ALL.len();

/// How many values of each kind were visited, and their wrapping sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [u64; KINDS],
    sums: [u64; KINDS],
}

impl Tally {
    /// Visits one value.
    #[inline]
    pub fn add(&mut self, kind: Kind, value: u64) {
        let at = kind as usize;
        self.counts[at] += 1;
        self.sums[at] = self.sums[at].wrapping_add(value);
    }

    /// Visits an IPv4 prefix.
    #[inline]
    pub fn prefix4(&mut self, kind: Kind, address: u32, bits: u8) {
        self.add(kind, u64::from(address) << 8 | u64::from(bits));
    }

    /// Visits an IPv6 prefix.
    #[inline]
    pub fn prefix6(&mut self, kind: Kind, address: u128, bits: u8) {
        self.add(kind, fold(address) ^ u64::from(bits));
    }

    /// Visits an IPv6 address.
    #[inline]
    pub fn address6(&mut self, kind: Kind, address: u128) {
        self.add(kind, fold(address));
    }

    /// Visits an address of either family.
    #[inline]
    pub fn address(&mut self, kind: Kind, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.add(kind, u64::from(u32::from(address))),
            IpAddr::V6(address) => self.address6(kind, address.into()),
        }
    }

    /// Visits a large community.
    #[inline]
    pub fn large_community(&mut self, global: u32, local1: u32, local2: u32) {
        let upper = u64::from(global) << 32 | u64::from(local1);
        self.add(Kind::LargeCommunity, upper.wrapping_add(u64::from(local2)));
    }

    /// The first kind of which the two did not see the same, and what each saw. Of the kinds in `only_counted`
    /// the sums may differ, and those in `ignored` are not compared.
    pub fn difference(&self, other: &Self, only_counted: &[Kind], ignored: &[Kind]) -> Option<String> {
        Kind::ALL.iter().filter(|kind| !ignored.contains(kind)).find_map(|&kind| {
            let (ours, theirs) = (self.seen(kind), other.seen(kind));
            let same = if only_counted.contains(&kind) { ours.0 == theirs.0 } else { ours == theirs };
            (!same).then(|| {
                format!(
                    "{}: {} (sum {:x}) and {} (sum {:x})",
                    kind.label(),
                    ours.0,
                    ours.1,
                    theirs.0,
                    theirs.1
                )
            })
        })
    }

    /// How many values of a kind were visited, and their sum.
    pub fn seen(&self, kind: Kind) -> (u64, u64) {
        (self.counts[kind as usize], self.sums[kind as usize])
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for &kind in Kind::ALL {
            let (count, _) = self.seen(kind);
            if count > 0 {
                write!(f, "{separator}{count} {}", kind.label())?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

#[inline]
fn fold(address: u128) -> u64 {
    (address >> 64) as u64 ^ address as u64
}
