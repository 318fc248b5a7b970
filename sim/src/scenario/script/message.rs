//! The messages that a scripted peer sends and expects, in words.

use std::net::{IpAddr, Ipv4Addr};

use crate::scenario::codec::{self, KEEPALIVE, NOTIFICATION, OPEN, REFRESH, UPDATE, announced_ipv4, framed};
use crate::scenario::mistake::Mistake;
use crate::scenario::script::lines::Words;

/// What a script can send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
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
    },
    /// KEEPALIVE.
    Keepalive,
    /// UPDATE that announces IPv4 prefixes.
    Announce {
        /// The prefixes: address and length.
        prefixes: Vec<(Ipv4Addr, u8)>,
        /// NEXT_HOP.
        next_hop: Ipv4Addr,
        /// AS_PATH, one sequence of 4-octet numbers.
        path: Vec<u32>,
    },
    /// UPDATE that withdraws IPv4 prefixes.
    Withdraw {
        /// The prefixes: address and length.
        prefixes: Vec<(Ipv4Addr, u8)>,
    },
    /// The End-of-RIB of IPv4 unicast (RFC 4724 §2).
    EndOfRib,
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
    /// An End-of-RIB of IPv4 unicast.
    EndOfRib,
    /// An UPDATE that announces this IPv4 prefix.
    Route(Ipv4Addr, u8),
    /// Any message at all.
    Any,
    /// The end of the connection, FIN or RST.
    Close,
}

const KINDS: &[&str] = &["open", "keepalive", "update", "eor", "refresh", "notification", "bytes"];
const PATTERNS: &[&str] =
    &["open", "keepalive", "update", "eor", "route", "refresh", "notification", "message", "close"];

impl Message {
    /// Parses what follows `send` or `dribble`, up to the end of the line or to `every`.
    pub(super) fn parse(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let kind = words.demand("a message")?;
        Ok(match kind.text {
            "open" => Self::parse_open(words)?,
            "keepalive" => Self::Keepalive,
            "update" => Self::parse_update(words)?,
            "eor" => Self::EndOfRib,
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
        let (mut asn, mut router_id, mut hold, mut families) = (None, None, 90, Vec::new());
        loop {
            if words.skip_word("as") {
                asn = Some(words.value("an AS number")?);
            } else if words.skip_word("id") {
                router_id = Some(words.value("a router id such as 10.0.0.2")?);
            } else if words.skip_word("hold") {
                hold = words.value("a hold time in seconds, 0 to 65535")?;
            } else if words.skip_word("family") {
                families.push((words.value("an AFI, such as 1")?, words.value("a SAFI, such as 1")?));
            } else {
                break;
            }
        }
        if families.is_empty() {
            families.push((1, 1));
        }
        Ok(Self::Open { asn, router_id, hold, families })
    }

    fn parse_update(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let what = words.demand("`announce` or `withdraw`")?;
        let mut prefixes = Vec::new();
        let mut ahead = words.clone();
        while let Some(word) = ahead.next().filter(|word| !["next-hop", "path", "every"].contains(&word.text))
        {
            prefixes.push(parse_prefix(words, &word)?);
            *words = ahead.clone();
        }
        match what.text {
            "withdraw" => Ok(Self::Withdraw { prefixes }),
            "announce" => {
                let mut next_hop = Ipv4Addr::UNSPECIFIED;
                let mut path = Vec::new();
                if words.skip_word("next-hop") {
                    next_hop = words.value("an IPv4 address")?;
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
            other => Err(words
                .mistake(&what, format!("unknown kind of UPDATE `{other}`"))
                .one_of(other, &["announce", "withdraw"])),
        }
    }

    /// The message's octets, from a peer with this AS number and router id.
    pub fn encode(&self, own_asn: u32, own_id: Ipv4Addr) -> Vec<u8> {
        match self {
            Self::Open { asn, router_id, hold, families } => framed(
                OPEN,
                &codec::open_body(asn.unwrap_or(own_asn), router_id.unwrap_or(own_id), *hold, families),
            ),
            Self::Keepalive => framed(KEEPALIVE, &[]),
            Self::Announce { prefixes, next_hop, path } => {
                framed(UPDATE, &codec::announce_body(prefixes, *next_hop, path))
            }
            Self::Withdraw { prefixes } => framed(UPDATE, &codec::withdraw_body(prefixes)),
            Self::EndOfRib => framed(UPDATE, &[0; 4]),
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
            "eor" => Self::EndOfRib,
            "route" => {
                let word = words.demand("a prefix")?;
                let (address, length) = parse_prefix(words, &word)?;
                Self::Route(address, length)
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
            Self::EndOfRib => kind == UPDATE && body == [0; 4],
            Self::Route(address, length) => {
                kind == UPDATE && announced_ipv4(body).any(|p| p == (address, length))
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

fn parse_code(words: &mut Words<'_>) -> Result<(u8, u8), Mistake> {
    let word = words.demand("a code and a subcode, such as 6/2")?;
    word.text
        .split_once('/')
        .and_then(|(code, subcode)| Some((code.parse().ok()?, subcode.parse().ok()?)))
        .ok_or_else(|| {
            words.mistake(&word, "not a NOTIFICATION's code").expected("a code and a subcode, such as 6/2")
        })
}

fn parse_prefix(
    words: &Words<'_>,
    word: &crate::scenario::script::lines::Word<'_>,
) -> Result<(Ipv4Addr, u8), Mistake> {
    prefix(word.text)
        .ok_or_else(|| words.mistake(word, "not a prefix").expected("an IPv4 prefix such as 10.0.0.0/24"))
}

/// `10.0.0.0/24`, or an address alone for a /32.
pub(crate) fn prefix(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, length) = text.split_once('/').unwrap_or((text, "32"));
    let length = length.parse().ok().filter(|length| *length <= 32)?;
    match address.parse().ok()? {
        IpAddr::V4(address) => Some((codec::masked(address, length), length)),
        IpAddr::V6(_) => None,
    }
}
