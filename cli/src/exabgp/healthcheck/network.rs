//! An address or a network, as `--ip` takes it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::error::CliError;

/// The most addresses of one network that are set up or announced one by one.
const MOST_HOSTS: usize = 1 << 16;

/// A prefix without host bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IpNetwork(IpNet);

impl IpNetwork {
    /// Reads `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0` or `2001:db8::/64`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| format!("\"{address}\" is no IP address"))?;
        let host = IpNet::from(address);
        let network = length.map_or(Some(host), |text| IpNet::new(address, length_of(text, address)?).ok());
        let network = network.ok_or_else(|| {
            format!("expected a length of at most {} after the slash", host.max_prefix_len())
        })?;
        if network != network.trunc() {
            return Err(format!("{network} has host bits set"));
        }
        Ok(Self(network))
    }

    pub(super) fn address(&self) -> IpAddr {
        self.0.addr()
    }

    /// Every address of it, the first and the last too, each as a network of its own.
    pub(super) fn hosts(&self) -> impl Iterator<Item = Self> + use<> {
        self.0.subnets(self.0.max_prefix_len()).into_iter().flatten().take(MOST_HOSTS).map(Self)
    }

    /// How many bits of its addresses are free.
    fn free_bits(&self) -> u32 {
        u32::from(self.0.max_prefix_len() - self.0.prefix_len())
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Refuses networks whose addresses are too many to be gone through.
pub(super) fn check_sizes(networks: &[IpNetwork]) -> Result<(), CliError> {
    match networks.iter().find(|network| network.free_bits() > MOST_HOSTS.ilog2()) {
        None => Ok(()),
        Some(network) => Err(CliError::input(format!(
            "{network} has too many addresses to set up one by one; --no-ip-setup announces it as a whole"
        ))),
    }
}

/// What stands after the slash: a length, or for IPv4 a mask.
fn length_of(text: &str, address: IpAddr) -> Option<u8> {
    match (address, text.parse::<Ipv4Addr>()) {
        (IpAddr::V4(_), Ok(mask)) => ipnet::ipv4_mask_to_prefix(mask).ok(),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::IpNetwork;

    fn read(text: &str) -> Result<String, String> {
        IpNetwork::parse(text).map(|network| network.to_string())
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
            IpNetwork::parse(text).unwrap().hosts().map(|host| host.to_string()).collect()
        };
        assert_eq!(hosts("192.0.2.0/30"), ["192.0.2.0/32", "192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"]);
        assert_eq!(hosts("2001:db8::2/127"), ["2001:db8::2/128", "2001:db8::3/128"]);
        assert_eq!(hosts("192.0.2.7"), ["192.0.2.7/32"]);
    }
}
