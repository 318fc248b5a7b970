//! What a FlowSpec rule matches: prefixes, and numbers and flags under operators (RFC 8955 §4.2, RFC 8956 §3).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::cursor::{Cursor, not_a};
use super::fault::{Result, SyntaxError};
use super::flow_names::{FRAGMENTS, ICMP_CODES, ICMP_TYPES, NamedValue, PROTOCOLS, TCP_FLAGS};
use super::port_names;
use super::token::Token;
use super::value::{decimal, decimal_or_hex};
use crate::wire::Afi;

/// Every keyword of `match`.
pub(super) const KEYWORDS: &[&str] = &[
    "source",
    "source-ipv4",
    "source-ipv6",
    "destination",
    "destination-ipv4",
    "destination-ipv6",
    "protocol",
    "next-header",
    "port",
    "destination-port",
    "source-port",
    "icmp-type",
    "icmp-code",
    "tcp-flags",
    "packet-length",
    "dscp",
    "traffic-class",
    "fragment",
    "flow-label",
];

/// The conditions of a rule, by component type; on the wire the types ascend.
#[derive(Default)]
pub(super) struct Components {
    prefixes: BTreeMap<u8, Vec<u8>>,
    tests: BTreeMap<u8, Vec<Test>>,
    afi: Option<Afi>,
}

/// One operator and its value.
struct Test {
    /// AND and the comparison; end of list and length are added when it is written.
    operator: u8,
    value: u32,
    width: Width,
}

/// How many octets a value takes.
#[derive(Clone, Copy)]
enum Width {
    One,
    UpToTwo,
    UpToFour,
}

/// Names for values.
#[derive(Clone, Copy)]
enum Names {
    Listed(&'static [NamedValue]),
    Ports,
}

/// A component whose values stand under operators.
struct Tested {
    code: u8,
    what: &'static str,
    /// The largest value.
    most: u32,
    width: Width,
    names: Names,
    /// Flags rather than a number (RFC 8955 §4.2.1.2).
    bitmask: bool,
}

const fn number(
    code: u8,
    what: &'static str,
    most: u32,
    width: Width,
    names: &'static [NamedValue],
) -> Tested {
    Tested { code, what, most, width, names: Names::Listed(names), bitmask: false }
}

const fn port(code: u8) -> Tested {
    Tested { names: Names::Ports, ..number(code, "a port", 0xffff, Width::UpToTwo, &[]) }
}

fn tested(keyword: &str) -> Option<Tested> {
    Some(match keyword {
        "protocol" => number(3, "a protocol", 0xff, Width::One, PROTOCOLS),
        "next-header" => number(3, "a next header", 0xff, Width::One, PROTOCOLS),
        "port" => port(4),
        "destination-port" => port(5),
        "source-port" => port(6),
        "icmp-type" => number(7, "an ICMP type", 0xff, Width::One, ICMP_TYPES),
        "icmp-code" => number(8, "an ICMP code", 0xff, Width::One, ICMP_CODES),
        "tcp-flags" => Tested { bitmask: true, ..number(9, "TCP flags", 0xffff, Width::UpToTwo, TCP_FLAGS) },
        "packet-length" => number(10, "a packet length", 0xffff, Width::UpToTwo, &[]),
        "dscp" => number(11, "a DSCP", 0x3f, Width::One, &[]),
        "traffic-class" => number(11, "a traffic class", 0xff, Width::One, &[]),
        "fragment" => {
            Tested { bitmask: true, ..number(12, "fragment flags", 0xffff, Width::UpToTwo, FRAGMENTS) }
        }
        "flow-label" => number(13, "a flow label", 0xf_ffff, Width::UpToFour, &[]),
        _ => return None,
    })
}

impl Components {
    pub(super) fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.tests.is_empty()
    }

    /// The address family that the prefixes belong to.
    pub(super) fn afi(&self) -> Option<Afi> {
        self.afi
    }

    /// Reads the condition that `keyword` introduces; `false` where it introduces none.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<bool> {
        match keyword.text.as_ref() {
            "destination" | "destination-ipv4" | "destination-ipv6" => {
                self.read_prefix(cursor, keyword, 1)?;
            }
            "source" | "source-ipv4" | "source-ipv6" => self.read_prefix(cursor, keyword, 2)?,
            name => match tested(name) {
                Some(component) => self.read_tests(cursor, &component)?,
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    fn read_prefix(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>, code: u8) -> Result<()> {
        let expected = "<IPv4>/<length>, <IPv6>/<length> or <IPv6>/<length>/<offset>";
        let word = cursor.word(expected)?;
        let Some((address, length, offset)) = prefix(&word.text) else {
            return Err(not_a(&word, "a prefix to match").expected(expected));
        };
        let afi = if address.is_ipv4() { Afi::IPV4 } else { Afi::IPV6 };
        let named = keyword.text.rsplit_once('-').and_then(|(_, name)| Afi::from_name(name));
        if [self.afi, named].into_iter().flatten().any(|other| other != afi) {
            let problem = alloc::format!("`{}` is of the wrong address family", word.text);
            return Err(
                SyntaxError::new(word.span, problem).expected("prefixes of one address family in a rule")
            );
        }
        self.afi = Some(afi);
        let bytes = self.prefixes.entry(code).or_default();
        bytes.extend([code, length]);
        let used = usize::from(length.saturating_sub(offset).div_ceil(8));
        match address {
            // The bits past the length mean nothing, and ExaBGP leaves those of IPv4 as they were written.
            IpAddr::V4(address) => bytes.extend(address.octets().iter().take(used)),
            IpAddr::V6(written) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                // The pattern holds the bits from the offset to the length alone (RFC 8956 §3.1).
                let pattern = (written.to_bits() & mask).checked_shl(offset.into()).unwrap_or(0);
                bytes.push(offset);
                bytes.extend(pattern.to_be_bytes().iter().take(used));
            }
        }
        Ok(())
    }

    fn read_tests(&mut self, cursor: &mut Cursor<'_>, component: &Tested) -> Result<()> {
        let tests = self.tests.entry(component.code).or_default();
        let before = tests.len();
        cursor.list(component.what, |cursor| {
            let word = cursor.word(component.what)?;
            for (i, part) in word.text.split('&').enumerate() {
                let and = if i > 0 { 0x40 } else { 0 };
                let (operator, value) = component.operator(part);
                let value = component.value(value, operator).ok_or_else(|| component.fault(&word, part))?;
                tests.push(Test { operator: operator | and, value, width: component.width });
            }
            Ok(())
        })?;
        if tests.len() == before {
            return Err(SyntaxError::new(cursor.last(), "this list is empty").expected(component.what));
        }
        Ok(())
    }

    /// Appends the components as they stand on the wire.
    pub(super) fn write(&mut self, bytes: &mut Vec<u8>) {
        for prefixes in self.prefixes.values() {
            bytes.extend(prefixes);
        }
        for (code, tests) in &self.tests {
            bytes.push(*code);
            let last = tests.len().saturating_sub(1);
            for (i, test) in tests.iter().enumerate() {
                let end_of_list = if i == last { 0x80 } else { 0 };
                let [a, b, c, d] = test.value.to_be_bytes();
                match test.width {
                    _ if test.value < 1 << 8 => bytes.extend([test.operator | end_of_list, d]),
                    Width::One | Width::UpToTwo => bytes.extend([test.operator | end_of_list | 0x10, c, d]),
                    Width::UpToFour if test.value < 1 << 16 => {
                        bytes.extend([test.operator | end_of_list | 0x10, c, d]);
                    }
                    Width::UpToFour => bytes.extend([test.operator | end_of_list | 0x20, a, b, c, d]),
                }
            }
        }
    }
}

impl Names {
    /// What this name stands for; capitals do not matter, and `_` is `-`.
    fn find(self, text: &str) -> Option<u16> {
        let Self::Listed(names) = self else { return port_names::port(text) };
        let named = names.iter().find(|(name, _)| {
            name.len() == text.len()
                && name
                    .bytes()
                    .zip(text.bytes())
                    .all(|(n, t)| n == t.to_ascii_lowercase() || n == b'-' && t == b'_')
        });
        named.map(|(_, value)| *value)
    }

    /// The names that a misspelt one may mean: of the thousands of ports those with its first letter.
    fn like(self, misspelt: &str) -> Vec<&'static str> {
        let Self::Listed(names) = self else {
            let Some(first) = misspelt.chars().next().map(|first| first.to_ascii_lowercase()) else {
                return Vec::new();
            };
            return port_names::all().map(|(name, _)| name).filter(|name| name.starts_with(first)).collect();
        };
        names.iter().map(|(name, _)| *name).collect()
    }
}

impl Tested {
    /// The operator's bits, and the rest of `text`.
    ///
    /// ```text
    ///   numeric (RFC 8955 §4.2.1.1)             bitmask (§4.2.1.2)
    ///   0   1   2   3   4   5   6   7           0   1   2   3   4   5   6   7
    /// +---+---+---+---+---+---+---+---+       +---+---+---+---+---+---+---+---+
    /// | e | a |  len  | 0 |lt |gt |eq |       | e | a |  len  | 0 | 0 |not| m |
    /// +---+---+---+---+---+---+---+---+       +---+---+---+---+---+---+---+---+
    /// ```
    fn operator<'t>(&self, text: &'t str) -> (u8, &'t str) {
        const NUMERIC: &[(&str, u8)] = &[
            ("!=", 0x06),
            (">=", 0x03),
            ("<=", 0x05),
            ("=", 0x01),
            (">", 0x02),
            ("<", 0x04),
            ("true", 0x07),
        ];
        const BITMASK: &[(&str, u8)] = &[("!=", 0x03), ("!", 0x02), ("=", 0x01)];
        let operators = if self.bitmask { BITMASK } else { NUMERIC };
        let found = operators
            .iter()
            .find_map(|(sign, bits)| Some((*bits, text.strip_prefix(sign)?)))
            // `true` is an operator, and `trueconf` is a service.
            .filter(|(bits, rest)| *bits != 0x07 || rest.is_empty() || self.names.find(text).is_none());
        let without = if self.bitmask { 0x00 } else { 0x01 };
        match found {
            Some(found) => found,
            None if !self.bitmask && text == "false" => (0x00, ""),
            None => (without, text),
        }
    }

    /// A number, a name, or several added up.
    fn value(&self, text: &str, operator: u8) -> Option<u32> {
        if text.is_empty() && matches!(operator, 0x00 | 0x07) && !self.bitmask {
            return Some(0);
        }
        let mut sum = 0_u32;
        for part in text.split('+') {
            sum = sum.checked_add(self.number_or_name(part)?)?;
        }
        (sum <= self.most).then_some(sum)
    }

    fn number_or_name(&self, text: &str) -> Option<u32> {
        if text.starts_with(|c: char| c.is_ascii_digit())
            && let Some(number) = decimal_or_hex(text)
        {
            return u32::try_from(number).ok();
        }
        self.names.find(text).map(u32::from)
    }

    fn fault(&self, word: &Token<'_>, part: &str) -> alloc::boxed::Box<SyntaxError> {
        if part.is_empty() {
            return SyntaxError::new(word.span, "`&` has no condition beside it")
                .expected("two conditions with `&` and no blanks between them, such as `>=80&<=90`");
        }
        let sign = part.trim_start_matches(['=', '<', '>', '!']);
        let names = self.names.like(sign);
        let mut fault =
            SyntaxError::new(word.span, alloc::format!("`{part}` is not {}", self.what)).one_of(sign, &names);
        let operators = if self.bitmask { "=, !, != and +" } else { "=, !=, <, >, <=, >=" };
        fault.expected = alloc::format!("a number up to {} or a name, with {operators} before it", self.most);
        let range = part.split_once('-').filter(|(low, high)| {
            !self.bitmask && [low, high].iter().all(|end| decimal::<u32>(end).is_some() && !end.is_empty())
        });
        if let Some((low, high)) = range {
            fault.nearest = Some(alloc::format!(">={low}&<={high}"));
        }
        fault
    }
}

/// The address, length and offset of a prefix to match; RFC 8956 §3.1 says which offsets are possible.
fn prefix(text: &str) -> Option<(IpAddr, u8, u8)> {
    let mut parts = text.split('/');
    let (address, length) = (parts.next()?.parse::<IpAddr>().ok()?, decimal::<u8>(parts.next()?)?);
    let offset = match parts.next() {
        Some(offset) if address.is_ipv6() => decimal(offset)?,
        Some(_) => return None,
        None => 0,
    };
    let width = if address.is_ipv4() { 32 } else { 128 };
    let possible = length <= width && (offset < length || (length, offset) == (0, 0));
    (possible && parts.next().is_none()).then_some((address, length, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_port_is_read_as_its_number_and_no_part_of_it_as_an_operator() {
        let component = port(4);
        for (name, number) in port_names::all() {
            let (operator, value) = component.operator(name);
            assert_eq!((operator, component.value(value, operator)), (0x01, Some(number.into())), "{name}");
        }
    }

    #[test]
    fn a_misspelt_name_of_a_port_is_compared_with_those_that_begin_like_it() {
        let names = Names::Ports.like("Htpps");
        assert!(names.contains(&"https") && !names.contains(&"ssh"));
        assert_eq!(super::super::words::nearest("htpps", &names), Some("https"));
        assert!(Names::Ports.like("é").is_empty());
    }
}
