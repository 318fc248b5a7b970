//! The messages that a scripted peer sends and expects, in words.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::scenario::codec::{self, KEEPALIVE, NOTIFICATION, OPEN, REFRESH, UPDATE, framed};
use crate::scenario::mistake::Mistake;
use crate::scenario::script::lines::Words;

/// What a script can send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptMessage {
    /// OPEN; what is `None` is filled in from the peer's own settings.
    Open {
        /// The AS number.
        asn: Option<u32>,
        /// The router id.
        router_id: Option<Ipv4Addr>,
        /// The hold time in seconds; 90 unless told.
        hold: u16,
        /// The families offered (AFI, SAFI); IPv4 unicast unless told.
        families: Vec<(u16, u8)>,
        /// Capabilities besides those of the families and of the AS number, each a code and its value (RFC 5492).
        capabilities: Vec<(u8, Vec<u8>)>,
        /// Those are all: none for families, none for the AS number.
        bare: bool,
    },
    /// KEEPALIVE.
    Keepalive,
    /// UPDATE that announces prefixes of one family.
    Announce {
        /// The prefixes: address and length.
        prefixes: Vec<(IpAddr, u8)>,
        /// The next hop, of that family.
        next_hop: IpAddr,
        /// AS_PATH, one sequence of 4-octet numbers.
        path: Vec<u32>,
    },
    /// UPDATE that withdraws prefixes of one family.
    Withdraw {
        /// The prefixes: address and length.
        prefixes: Vec<(IpAddr, u8)>,
    },
    /// The End-of-RIB of a family: AFI and SAFI (RFC 4724 §2).
    EndOfRib(u16, u8),
    /// ROUTE-REFRESH for IPv4 unicast (RFC 2918).
    Refresh,
    /// NOTIFICATION.
    Notification {
        /// Its code.
        code: u8,
        /// Its subcode.
        subcode: u8,
        /// Its data.
        data: Vec<u8>,
    },
    /// These octets, whatever they are.
    Bytes(Vec<u8>),
}

/// What a script can expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A message of this type (RFC 4271 §4.1).
    Type(u8),
    /// A NOTIFICATION with this code and subcode.
    Notification(u8, u8),
    /// The End-of-RIB of a family: AFI and SAFI.
    EndOfRib(u16, u8),
    /// An UPDATE that announces this prefix.
    Route(IpAddr, u8),
    /// An UPDATE that withdraws this prefix.
    Withdrawal(IpAddr, u8),
    /// Any message at all.
    Any,
    /// The end of the connection, FIN or RST.
    Close,
}

const KINDS: &[&str] = &["open", "keepalive", "update", "eor", "refresh", "notification", "bytes"];
const PATTERNS: &[&str] = &[
    "open",
    "keepalive",
    "update",
    "eor",
    "route",
    "withdrawal",
    "refresh",
    "notification",
    "message",
    "close",
];

impl ScriptMessage {
    /// Parses what follows `send` or `dribble`, up to the end of the line or to `every`.
    pub(super) fn parse(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let kind = words.demand("a message")?;
        Ok(match kind.text {
            "open" => Self::parse_open(words)?,
            "keepalive" => Self::Keepalive,
            "update" => Self::parse_update(words)?,
            "eor" => {
                let (afi, safi) = parse_family(words)?;
                Self::EndOfRib(afi, safi)
            }
            "refresh" => Self::Refresh,
            "notification" => {
                let (code, subcode) = parse_code(words)?;
                let data = words.remainder().as_bytes().to_vec();
                Self::Notification { code, subcode, data }
            }
            "bytes" => {
                let mut bytes = Vec::new();
                let mut ahead = words.clone();
                while let Some(word) = ahead.next().filter(|word| word.text != "every") {
                    bytes.extend(hex(word.text).ok_or_else(|| {
                        words
                            .mistake(&word, "not hexadecimal")
                            .expected("pairs of hexadecimal digits; colons are only for the eye")
                    })?);
                    *words = ahead.clone();
                }
                Self::Bytes(bytes)
            }
            other => {
                return Err(words.mistake(&kind, format!("unknown message `{other}`")).one_of(other, KINDS));
            }
        })
    }

    fn parse_open(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let (mut asn, mut router_id, mut hold, mut bare) = (None, None, 90, false);
        let (mut families, mut capabilities) = (Vec::new(), Vec::new());
        loop {
            if words.skip_word("as") {
                asn = Some(words.value("an AS number")?);
            } else if words.skip_word("id") {
                router_id = Some(words.value("a router id such as 10.0.0.2")?);
            } else if words.skip_word("hold") {
                hold = words.value("a hold time in seconds, 0 to 65535")?;
            } else if words.skip_word("family") {
                families.push((words.value("an AFI, such as 1")?, words.value("a SAFI, such as 1")?));
            } else if words.skip_word("capability") {
                capabilities.push(parse_capability(words)?);
            } else if words.skip_word("bare") {
                bare = true;
            } else {
                break;
            }
        }
        if families.is_empty() {
            families.push((1, 1));
        }
        Ok(Self::Open { asn, router_id, hold, families, capabilities, bare })
    }

    fn parse_update(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let what = words.demand("`announce` or `withdraw`")?;
        let mut prefixes: Vec<(IpAddr, u8)> = Vec::new();
        let mut ahead = words.clone();
        while let Some(word) = ahead.next().filter(|word| !["next-hop", "path", "every"].contains(&word.text))
        {
            let prefix = parse_prefix(words, &word)?;
            if prefixes.first().is_some_and(|(first, _)| first.is_ipv4() != prefix.0.is_ipv4()) {
                let mistake = words.mistake(&word, "a prefix of another family");
                return Err(mistake.expected("one message for IPv4 and another one for IPv6"));
            }
            prefixes.push(prefix);
            *words = ahead.clone();
        }
        match what.text {
            "withdraw" => Ok(Self::Withdraw { prefixes }),
            "announce" => Self::parse_announcement(words, prefixes),
            other => Err(words
                .mistake(&what, format!("unknown kind of UPDATE `{other}`"))
                .one_of(other, &["announce", "withdraw"])),
        }
    }

    fn parse_announcement(words: &mut Words<'_>, prefixes: Vec<(IpAddr, u8)>) -> Result<Self, Mistake> {
        let is_ipv6 = prefixes.first().is_some_and(|(address, _)| address.is_ipv6());
        let mut next_hop: IpAddr =
            if is_ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let mut path = Vec::new();
        if words.skip_word("next-hop") {
            let word = words.clone().next();
            next_hop = words.value("an address of the prefixes' family")?;
            if let Some(word) = word.filter(|_| next_hop.is_ipv6() != is_ipv6) {
                let mistake = words.mistake(&word, "a next hop of another family");
                return Err(mistake.expected("an address of the prefixes' family"));
            }
        }
        if words.skip_word("path") {
            let mut ahead = words.clone();
            while let Some(asn) = ahead.next().and_then(|word| word.text.parse().ok()) {
                path.push(asn);
                *words = ahead.clone();
            }
        }
        Ok(Self::Announce { prefixes, next_hop, path })
    }

    /// The message's octets, from a peer with this AS number and router id.
    pub fn encode(&self, own_asn: u32, own_id: Ipv4Addr) -> Vec<u8> {
        match self {
            Self::Open { asn, router_id, hold, families, capabilities, bare } => {
                let asn = asn.unwrap_or(own_asn);
                let mut all = if *bare { Vec::new() } else { codec::usual_capabilities(asn, families) };
                all.extend_from_slice(capabilities);
                framed(OPEN, &codec::open_body(asn, router_id.unwrap_or(own_id), *hold, &all))
            }
            Self::Keepalive => framed(KEEPALIVE, &[]),
            Self::Announce { prefixes, next_hop, path } => {
                framed(UPDATE, &codec::announce_body(prefixes, *next_hop, path))
            }
            Self::Withdraw { prefixes } => framed(UPDATE, &codec::withdraw_body(prefixes)),
            Self::EndOfRib(afi, safi) => framed(UPDATE, &codec::end_of_rib_body(*afi, *safi)),
            Self::Refresh => framed(REFRESH, &[0, 1, 0, 1]),
            Self::Notification { code, subcode, data } => {
                framed(NOTIFICATION, &[&[*code, *subcode], data.as_slice()].concat())
            }
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

impl Pattern {
    /// Parses what follows `expect`.
    pub(super) fn parse(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let kind = words.demand("a message")?;
        Ok(match kind.text {
            "open" => Self::Type(OPEN),
            "update" => Self::Type(UPDATE),
            "keepalive" => Self::Type(KEEPALIVE),
            "refresh" => Self::Type(REFRESH),
            "eor" => {
                let (afi, safi) = parse_family(words)?;
                Self::EndOfRib(afi, safi)
            }
            "route" => {
                let word = words.demand("a prefix")?;
                let (address, length) = parse_prefix(words, &word)?;
                Self::Route(address, length)
            }
            "withdrawal" => {
                let word = words.demand("a prefix")?;
                let (address, length) = parse_prefix(words, &word)?;
                Self::Withdrawal(address, length)
            }
            "notification" => {
                if words.clone().next().is_some_and(|word| word.text.contains('/')) {
                    let (code, subcode) = parse_code(words)?;
                    Self::Notification(code, subcode)
                } else {
                    Self::Type(NOTIFICATION)
                }
            }
            "message" => Self::Any,
            "close" => Self::Close,
            other => {
                return Err(words
                    .mistake(&kind, format!("unknown message `{other}`"))
                    .one_of(other, PATTERNS));
            }
        })
    }

    /// Whether a whole message, header included, is what was expected.
    pub fn matches(self, message: &[u8]) -> bool {
        let (kind, body) = (codec::kind(message), codec::body(message));
        match self {
            Self::Any => true,
            Self::Close => false,
            Self::Type(expected) => kind == expected,
            Self::Notification(code, subcode) => codec::notification(message) == Some((code, subcode)),
            Self::EndOfRib(afi, safi) => kind == UPDATE && codec::is_end_of_rib(body, afi, safi),
            Self::Route(address, length) => {
                kind == UPDATE && codec::announced(body).any(|prefix| prefix == (address, length))
            }
            Self::Withdrawal(address, length) => {
                kind == UPDATE && codec::withdrawn(body).any(|prefix| prefix == (address, length))
            }
        }
    }
}

/// Hexadecimal digits in pairs, colons ignored.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| {
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
    })
}

/// A family behind `eor`; IPv4 unicast where none stands there.
fn parse_family(words: &mut Words<'_>) -> Result<(u16, u8), Mistake> {
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    if words.clone().next().is_none_or(|word| !is_number(word.text)) {
        return Ok((1, 1));
    }
    Ok((words.value("an AFI, such as 1")?, words.value("a SAFI, such as 1")?))
}

fn parse_code(words: &mut Words<'_>) -> Result<(u8, u8), Mistake> {
    let word = words.demand("a code and a subcode, such as 6/2")?;
    word.text
        .split_once('/')
        .and_then(|(code, subcode)| Some((code.parse().ok()?, subcode.parse().ok()?)))
        .ok_or_else(|| {
            words.mistake(&word, "not a NOTIFICATION's code").expected("a code and a subcode, such as 6/2")
        })
}

/// What follows `capability`: its code, and its value in hexadecimal where it has one.
fn parse_capability(words: &mut Words<'_>) -> Result<(u8, Vec<u8>), Mistake> {
    let code = words.value("a capability's code, 0 to 255")?;
    let mut ahead = words.clone();
    let Some((word, value)) = ahead.next().and_then(|word| Some((word.clone(), hex(word.text)?))) else {
        return Ok((code, Vec::new()));
    };
    // All of an OPEN's parameters share 255 octets (RFC 4271 §4.2).
    if value.len() > 240 {
        return Err(words.mistake(&word, "longer than an OPEN can hold").expected("at most 240 octets"));
    }
    *words = ahead;
    Ok((code, value))
}

fn parse_prefix(
    words: &Words<'_>,
    word: &crate::scenario::script::lines::Word<'_>,
) -> Result<(IpAddr, u8), Mistake> {
    prefix(word.text).ok_or_else(|| {
        words.mistake(word, "not a prefix").expected("a prefix such as 10.0.0.0/24 or 2001:db8::/32")
    })
}

/// `10.0.0.0/24` or `2001:db8::/32`, or an address alone for itself.
pub(crate) fn prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(one, two)| (one, Some(two)));
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length =
        length.map_or(Some(longest), |length| length.parse().ok()).filter(|length| *length <= longest)?;
    Some((codec::masked_ip(address, length), length))
}
