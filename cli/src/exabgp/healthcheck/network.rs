//! An address or a network, as `--ip` takes it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::CliError;

/// The most addresses of one network that are set up or announced one by one.
const MOST_HOSTS: u128 = 1 << 16;

/// A prefix without host bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    /// Reads `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0` or `2001:db8::/64`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| format!("\"{address}\" is no IP address"))?;
        let most = bits(address);
        let length = match length {
            None => most,
            Some(text) => length_of(text, address)
                .ok_or_else(|| format!("expected a length of at most {most} after the slash"))?,
        };
        let network = Self { address, length };
        if network.host_bits() != 0 {
            return Err(format!("{network} has host bits set"));
        }
        Ok(network)
    }

    fn host(address: IpAddr) -> Self {
        Self { address, length: bits(address) }
    }

    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// Every address of it, each as a network of its own.
    pub(super) fn hosts(&self) -> impl Iterator<Item = Self> + use<> {
        let Self { address, length } = *self;
        let count = 1u128.checked_shl(u32::from(bits(address) - length)).unwrap_or(u128::MAX);
        (0..count.min(MOST_HOSTS)).map(move |offset| {
            Self::host(match address {
                // Both sums stay within the network.
                IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits() | offset as u32).into(),
                IpAddr::V6(first) => Ipv6Addr::from_bits(first.to_bits() | offset).into(),
            })
        })
    }

    fn host_bits(&self) -> u128 {
        let value = match self.address {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        };
        let mask = u128::MAX.checked_shl(u32::from(bits(self.address) - self.length)).unwrap_or(0);
        value & !mask
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// Refuses networks whose addresses are too many to be gone through.
pub(super) fn check_sizes(networks: &[Network]) -> Result<(), CliError> {
    let too_large =
        |network: &&Network| u32::from(bits(network.address) - network.length) > MOST_HOSTS.ilog2();
    match networks.iter().find(too_large) {
        None => Ok(()),
        Some(network) => Err(CliError::input(format!(
            "{network} has too many addresses to set up one by one; --no-ip-setup announces it as a whole"
        ))),
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// What stands after the slash: a length, or for IPv4 a mask.
fn length_of(text: &str, address: IpAddr) -> Option<u8> {
    if let (IpAddr::V4(_), Ok(mask)) = (address, text.parse::<Ipv4Addr>()) {
        let mask = mask.to_bits();
        return (mask.leading_ones() + mask.trailing_zeros() == 32 || mask == 0)
            .then_some(mask.leading_ones() as u8);
    }
    text.parse().ok().filter(|length| *length <= bits(address))
}

#[cfg(test)]
mod tests {
    use super::Network;

    fn read(text: &str) -> Result<String, String> {
        Network::parse(text).map(|network| network.to_string())
    }

    #[test]
    fn an_address_alone_is_a_network_of_one() {
        assert_eq!(read("192.0.2.1").unwrap(), "192.0.2.1/32");
        assert_eq!(read("2001:DB8:0::1").unwrap(), "2001:db8::1/128");
    }

    #[test]
    fn a_network_has_a_length_or_a_mask_and_no_host_bits() {
        assert_eq!(read("192.0.2.0/24").unwrap(), "192.0.2.0/24");
        assert_eq!(read("192.0.2.0/255.255.255.192").unwrap(), "192.0.2.0/26");
        assert_eq!(read("0.0.0.0/0").unwrap(), "0.0.0.0/0");
        assert_eq!(read("::/0").unwrap(), "::/0");
        for wrong in ["192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/255.0.255.0", "2001:db8::/129", "host", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_addresses_of_a_network_are_all_of_them() {
        let hosts = |text| -> Vec<String> {
            Network::parse(text).unwrap().hosts().map(|host| host.to_string()).collect()
        };
        assert_eq!(hosts("192.0.2.0/30"), ["192.0.2.0/32", "192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"]);
        assert_eq!(hosts("2001:db8::2/127"), ["2001:db8::2/128", "2001:db8::3/128"]);
        assert_eq!(hosts("192.0.2.7"), ["192.0.2.7/32"]);
    }
}
