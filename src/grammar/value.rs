//! Values of one word: numbers, addresses, prefixes, AS numbers, route distinguishers.

use core::net::{IpAddr, Ipv4Addr};
use core::str::FromStr;

use data_encoding::HEXLOWER_PERMISSIVE;

use super::cursor::Cursor;
use super::fault::{Result, SyntaxError};
use crate::wire::{Afi, Labels, Prefix, RouteDistinguisher};

use alloc::vec::Vec;

/// A decimal number; Rust's `+5` is none.
pub(crate) fn decimal<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A decimal number, or a hexadecimal one that starts with `0x`.
pub(crate) fn decimal_or_hex(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => decimal(text),
    }
}

/// An AS number, `65536` or `1.0`.
pub(crate) fn asn(text: &str) -> Option<u32> {
    match text.split_once('.') {
        Some((high, low)) => Some(u32::from(decimal::<u16>(high)?) << 16 | u32::from(decimal::<u16>(low)?)),
        None => decimal(text),
    }
}

/// Octets written as `0x` and an even number of hexadecimal digits.
pub(crate) fn octets(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()
}

/// An address and a length, `10.0.0.0/24`; without a length, all of the address counts.
pub(crate) fn address_and_length(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        Some(length) => decimal(length)?,
        None => width,
    };
    (length <= width).then_some((address, length))
}

/// A route distinguisher, `65000:1` or `10.0.0.1:1` (RFC 4364 §4.2).
pub(crate) fn route_distinguisher(text: &str) -> Option<RouteDistinguisher> {
    let (administrator, number) = text.split_once(':')?;
    if administrator.contains('.') {
        return Some(RouteDistinguisher::from_ipv4(administrator.parse().ok()?, decimal(number)?));
    }
    let (administrator, number): (u32, u32) = (decimal(administrator)?, decimal(number)?);
    match (u16::try_from(administrator), u16::try_from(number)) {
        (Ok(administrator), _) => Some(RouteDistinguisher::from_as2(administrator, number)),
        (_, Ok(number)) => Some(RouteDistinguisher::from_as4(administrator, number)),
        _ => None,
    }
}

impl Cursor<'_> {
    /// A decimal number that fits `T`.
    pub(crate) fn number<T: FromStr>(&mut self, what: &str, expected: &str) -> Result<T> {
        self.value(what, expected, decimal)
    }

    pub(crate) fn ip(&mut self) -> Result<IpAddr> {
        self.value("an IP address", "an IPv4 or IPv6 address", |text| text.parse().ok())
    }

    /// The octets of an address of this family.
    pub(crate) fn address_of(&mut self, afi: Afi) -> Result<Vec<u8>> {
        let what = alloc::format!("an {afi} address");
        self.value(&what, &what, |text| match text.parse().ok()? {
            IpAddr::V4(address) => (afi == Afi::IPV4).then(|| address.octets().into()),
            IpAddr::V6(address) => (afi == Afi::IPV6).then(|| address.octets().into()),
        })
    }

    pub(crate) fn ipv4(&mut self, what: &str) -> Result<Ipv4Addr> {
        self.value(what, "four numbers from 0 to 255 with dots between them", |text| text.parse().ok())
    }

    pub(crate) fn asn(&mut self) -> Result<u32> {
        self.value("an AS number", "a number from 0 to 4294967295, or <high>.<low>", asn)
    }

    /// A prefix; bits past its length are a mistake, not something to clear.
    pub(crate) fn prefix(&mut self) -> Result<Prefix> {
        let expected = "<address>/<length>, such as 192.0.2.0/24 or 2001:db8::/32";
        let (address, length) = self.value("a prefix", expected, address_and_length)?;
        let prefix = Prefix::new(address, length);
        match prefix {
            Some(prefix) if prefix.address() == address => Ok(prefix),
            _ => {
                let problem = alloc::format!("{address} has bits set past the first {length}");
                let meant = prefix.map(|prefix| alloc::format!("{prefix}")).unwrap_or_default();
                Err(SyntaxError::new(self.last(), problem).expected(meant))
            }
        }
    }

    pub(crate) fn route_distinguisher(&mut self) -> Result<RouteDistinguisher> {
        self.value("a route distinguisher", "<AS>:<number> or <IPv4>:<number>", route_distinguisher)
    }

    /// A label or a stack of them, `800` or `[ 800 900 ]`.
    pub(crate) fn labels(&mut self) -> Result<Labels> {
        let mut values = Vec::new();
        let expected = "a number from 0 to 1048575";
        self.list("a label", |cursor| {
            let label = |text: &str| decimal(text).filter(|label| *label < 1 << 20);
            values.push(cursor.value("a label", expected, label)?);
            Ok(())
        })?;
        Ok(Labels::from_values(&values))
    }

    /// `true`, `enable`, `enabled`, `false`, `disable` or `disabled`; nothing means `unsaid`.
    pub(crate) fn boolean(&mut self, unsaid: bool) -> Result<bool> {
        if self.at_end()? {
            return Ok(unsaid);
        }
        self.choice(
            "a switch",
            &[
                ("true", true),
                ("false", false),
                ("enable", true),
                ("disable", false),
                ("enabled", true),
                ("disabled", false),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn as_numbers_are_plain_or_dotted() {
        assert_eq!(asn("65536"), Some(65536));
        assert_eq!(asn("1.1"), Some(65537));
        for wrong in ["4294967296", "1.65536", "-1", "+1", "1.1.1", ""] {
            assert_eq!(asn(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_route_distinguisher_takes_the_type_that_its_administrator_needs() {
        let kind = |text| route_distinguisher(text).map(|rd| (rd.kind(), rd.to_string()));
        assert_eq!(kind("65000:70000"), Some((0, "65000:70000".into())));
        assert_eq!(kind("10.0.0.1:7"), Some((1, "10.0.0.1:7".into())));
        assert_eq!(kind("70000:7"), Some((2, "70000:7".into())));
        for wrong in ["12345", ":100", "70000:70000", "1.2.3:100", "10.0.0.1:65536"] {
            assert_eq!(kind(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_without_a_length_is_a_host() {
        assert_eq!(address_and_length("10.0.0.1"), Some(("10.0.0.1".parse().unwrap(), 32)));
        assert_eq!(address_and_length("::1"), Some(("::1".parse().unwrap(), 128)));
        assert_eq!(address_and_length("10.0.0.0/33"), None);
        assert_eq!(address_and_length("10.0.0.0/"), None);
    }
}
