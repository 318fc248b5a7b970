//! The type and the flags of a path attribute (RFC 4271 §4.3).

/// An attribute's type code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AttributeCode(pub u8);

impl AttributeCode {
    /// RFC 4271 §5.1.1
    pub const ORIGIN: Self = Self(1);
    /// RFC 4271 §5.1.2
    pub const AS_PATH: Self = Self(2);
    /// RFC 4271 §5.1.3
    pub const NEXT_HOP: Self = Self(3);
    /// RFC 4271 §5.1.4
    pub const MED: Self = Self(4);
    /// RFC 4271 §5.1.5
    pub const LOCAL_PREF: Self = Self(5);
    /// RFC 4271 §5.1.6
    pub const ATOMIC_AGGREGATE: Self = Self(6);
    /// RFC 4271 §5.1.7
    pub const AGGREGATOR: Self = Self(7);
    /// RFC 1997
    pub const COMMUNITIES: Self = Self(8);
    /// RFC 4456
    pub const ORIGINATOR_ID: Self = Self(9);
    /// RFC 4456
    pub const CLUSTER_LIST: Self = Self(10);
    /// RFC 4760 §3
    pub const MP_REACH: Self = Self(14);
    /// RFC 4760 §4
    pub const MP_UNREACH: Self = Self(15);
    /// RFC 4360
    pub const EXTENDED_COMMUNITIES: Self = Self(16);
    /// RFC 6793
    pub const AS4_PATH: Self = Self(17);
    /// RFC 6793
    pub const AS4_AGGREGATOR: Self = Self(18);
    /// RFC 6514
    pub const PMSI_TUNNEL: Self = Self(22);
    /// RFC 9012
    pub const TUNNEL_ENCAPSULATION: Self = Self(23);
    /// RFC 5701
    pub const IPV6_EXTENDED_COMMUNITIES: Self = Self(25);
    /// RFC 7311
    pub const AIGP: Self = Self(26);
    /// RFC 9552
    pub const BGP_LS: Self = Self(29);
    /// RFC 8092
    pub const LARGE_COMMUNITIES: Self = Self(32);
    /// RFC 8205
    pub const BGPSEC_PATH: Self = Self(33);
    /// RFC 9234
    pub const ONLY_TO_CUSTOMER: Self = Self(35);
    /// RFC 8669
    pub const PREFIX_SID: Self = Self(40);
    /// RFC 6368
    pub const ATTR_SET: Self = Self(128);
}

/// An attribute's flags octet (RFC 4271 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AttributeFlags(pub u8);

impl AttributeFlags {
    /// Not every speaker must know it.
    pub const OPTIONAL: u8 = 0x80;
    /// To be passed on even by a speaker that does not know it.
    pub const TRANSITIVE: u8 = 0x40;
    /// Passed on by a speaker that did not know it.
    pub const PARTIAL: u8 = 0x20;
    /// The length has two octets.
    pub const EXTENDED_LENGTH: u8 = 0x10;

    /// Whether every bit of `bits` is set.
    pub const fn has(self, bits: u8) -> bool {
        self.0 & bits == bits
    }
}
