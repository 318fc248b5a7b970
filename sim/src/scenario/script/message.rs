//! The messages that a scripted peer sends and expects, built here octet by octet rather than by the core's encoder:
//! a peer that shared the speaker's code would share its mistakes.

use std::net::{IpAddr, Ipv4Addr};

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

const OPEN: u8 = 1;
const UPDATE: u8 = 2;
const NOTIFICATION: u8 = 3;
const KEEPALIVE: u8 = 4;
const REFRESH: u8 = 5;

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
            Self::Open { asn, router_id, hold, families } => {
                framed(OPEN, &open_body(asn.unwrap_or(own_asn), router_id.unwrap_or(own_id), *hold, families))
            }
            Self::Keepalive => framed(KEEPALIVE, &[]),
            Self::Announce { prefixes, next_hop, path } => {
                framed(UPDATE, &announce_body(prefixes, *next_hop, path))
            }
            Self::Withdraw { prefixes } => {
                let withdrawn = nlri(prefixes);
                framed(UPDATE, &[&length16(&withdrawn), withdrawn.as_slice(), &[0, 0]].concat())
            }
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
        let kind = message.get(18).copied();
        let body = message.get(19..).unwrap_or_default();
        match self {
            Self::Any => true,
            Self::Close => false,
            Self::Type(expected) => kind == Some(expected),
            Self::Notification(code, subcode) => {
                kind == Some(NOTIFICATION) && body.starts_with(&[code, subcode])
            }
            Self::EndOfRib => kind == Some(UPDATE) && body == [0; 4],
            Self::Route(address, length) => {
                kind == Some(UPDATE) && announced_ipv4(body).any(|p| p == (address, length))
            }
        }
    }
}

/// The IPv4 prefixes that an UPDATE's body announces (RFC 4271 §4.3), for what is well formed of it.
pub(crate) fn announced_ipv4(body: &[u8]) -> impl Iterator<Item = (Ipv4Addr, u8)> {
    prefixes(after_block(body).and_then(after_block).unwrap_or_default())
}

/// The IPv4 prefixes that an UPDATE's body withdraws (RFC 4271 §4.3), for what is well formed of it.
pub(crate) fn withdrawn_ipv4(body: &[u8]) -> impl Iterator<Item = (Ipv4Addr, u8)> {
    let after = after_block(body).map_or(0, <[u8]>::len);
    prefixes(body.get(2..body.len() - after).unwrap_or_default())
}

fn prefixes(mut rest: &[u8]) -> impl Iterator<Item = (Ipv4Addr, u8)> {
    std::iter::from_fn(move || {
        let (&length, tail) = rest.split_first()?;
        let octets = usize::from(length).div_ceil(8);
        let (prefix, tail) = tail.split_at_checked(octets)?;
        let mut address = [0; 4];
        address.get_mut(..octets)?.copy_from_slice(prefix);
        rest = tail;
        Some((masked(Ipv4Addr::from(address), length), length))
    })
}

/// The address without the bits that its prefix's length leaves out.
fn masked(address: Ipv4Addr, length: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
    Ipv4Addr::from(address.to_bits() & mask)
}

/// What follows a block that a 2-octet length opens.
fn after_block(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.get(usize::from(u16::from_be_bytes(*length))..)
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

/// The 19 octets of RFC 4271 §4.1 and the body.
fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap_or(u16::MAX);
    [&[0xff; 16], length.to_be_bytes().as_slice(), &[kind], body].concat()
}

fn open_body(asn: u32, router_id: Ipv4Addr, hold: u16, families: &[(u16, u8)]) -> Vec<u8> {
    const AS_TRANS: u16 = 23456;
    let mut parameters = Vec::new();
    for (afi, safi) in families {
        parameters.extend([2, 6, 1, 4]);
        parameters.extend(afi.to_be_bytes());
        parameters.extend([0, *safi]);
    }
    parameters.extend([2, 6, 65, 4]);
    parameters.extend(asn.to_be_bytes());
    let mut body = vec![4];
    body.extend(u16::try_from(asn).unwrap_or(AS_TRANS).to_be_bytes());
    body.extend(hold.to_be_bytes());
    body.extend(router_id.octets());
    body.push(u8::try_from(parameters.len()).unwrap_or(u8::MAX));
    body.extend(parameters);
    body
}

fn announce_body(prefixes: &[(Ipv4Addr, u8)], next_hop: Ipv4Addr, path: &[u32]) -> Vec<u8> {
    let mut as_path = Vec::new();
    if !path.is_empty() {
        as_path.extend([2, u8::try_from(path.len()).unwrap_or(u8::MAX)]);
        as_path.extend(path.iter().flat_map(|asn| asn.to_be_bytes()));
    }
    let mut attributes = vec![0x40, 1, 1, 0, 0x40, 2, u8::try_from(as_path.len()).unwrap_or(u8::MAX)];
    attributes.extend(as_path);
    attributes.extend([0x40, 3, 4]);
    attributes.extend(next_hop.octets());
    if path.is_empty() {
        attributes.extend([0x40, 5, 4, 0, 0, 0, 100]);
    }
    [&[0, 0], length16(&attributes).as_slice(), &attributes, &nlri(prefixes)].concat()
}

fn nlri(prefixes: &[(Ipv4Addr, u8)]) -> Vec<u8> {
    prefixes
        .iter()
        .flat_map(|(address, length)| {
            let octets = address.octets().into_iter().take(usize::from(*length).div_ceil(8));
            std::iter::once(*length).chain(octets)
        })
        .collect()
}

fn length16(block: &[u8]) -> [u8; 2] {
    u16::try_from(block.len()).unwrap_or(u16::MAX).to_be_bytes()
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
        IpAddr::V4(address) => Some((masked(address, length), length)),
        IpAddr::V6(_) => None,
    }
}
