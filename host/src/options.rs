//! Options of sockets, and the keys that sign segments.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

/// Options of a connection. Nothing prints its keys.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// `IP_TTL` of what is sent.
    pub ttl: Option<u8>,
    /// `IP_MINTTL`, the least TTL of what is accepted (RFC 5082).
    pub min_ttl: Option<u8>,
    /// The key of `TCP_MD5SIG` (RFC 2385).
    pub md5: Option<Vec<u8>>,
    /// The keys of `TCP_AO_ADD_KEY` (RFC 5925); with the first one is signed. A host without that option refuses the connection
    /// with [`IoError::TcpAo`](crate::IoError::TcpAo): it never makes one that is not signed.
    pub ao: Vec<AoKey>,
    /// `SO_BINDTODEVICE`.
    pub interface: Option<String>,
}

impl fmt::Debug for TcpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ttl, min_ttl, md5, ao, interface } = self;
        let mut shown = f.debug_struct("TcpOptions");
        shown.field("ttl", ttl).field("min_ttl", min_ttl).field("md5", &md5.as_ref().map(|_| Hidden));
        shown.field("ao", ao).field("interface", interface).finish()
    }
}

/// What stands for a key where options are printed.
#[derive(Debug)]
struct Hidden;

/// A roll-over of TCP-AO keys (RFC 5925 §6.1), in the order in which it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// Keys that are new.
    pub add: Vec<AoKey>,
    /// The key to sign with (Current_key) and to ask for (RNext_key) from now on.
    pub first: Option<AoKey>,
    /// Keys that go.
    pub remove: Vec<AoKey>,
}

/// Options of a listening socket. Nothing prints its keys.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ListenOptions {
    /// Keys of `TCP_MD5SIG`, by the peers they are for.
    pub md5: Vec<(PeerRange, Vec<u8>)>,
    /// Keys of `TCP_AO_ADD_KEY`, by the peers they are for. A host that cannot set one refuses the listener with
    /// [`IoError::TcpAo`](crate::IoError::TcpAo).
    pub ao: Vec<(PeerRange, AoKey)>,
    /// `IP_TTL` of what is sent before the peer is known: the greatest that any neighbor asks for.
    pub ttl: Option<u8>,
    /// `IP_MINTTL`, where every neighbor asks for one: the least of them.
    pub min_ttl: Option<u8>,
}

impl fmt::Debug for ListenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { md5, ao, ttl, min_ttl } = self;
        let md5: Vec<_> = md5.iter().map(|(peers, _)| (peers, Hidden)).collect();
        let mut shown = f.debug_struct("ListenOptions");
        shown.field("md5", &md5).field("ao", ao).field("ttl", ttl).field("min_ttl", min_ttl).finish()
    }
}

/// How segments are signed (RFC 5926 §3.2; the last one is no RFC's, and kernels have it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AoAlgorithm {
    /// HMAC-SHA-1-96
    HmacSha1,
    /// AES-128-CMAC-96
    Aes128Cmac,
    /// HMAC-SHA-256, of which 96 bits are sent.
    HmacSha256,
}

impl AoAlgorithm {
    /// Every algorithm and what a configuration calls it.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("hmac-sha-1-96", Self::HmacSha1),
        ("aes-128-cmac-96", Self::Aes128Cmac),
        ("hmac-sha-256", Self::HmacSha256),
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// A Master Key Tuple (RFC 5925 §3.1). Nothing prints the key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AoKey {
    /// The KeyID of segments that are sent with it.
    pub send_id: u8,
    /// The KeyID of segments that are received with it.
    pub receive_id: u8,
    /// How they are signed.
    pub algorithm: AoAlgorithm,
    /// The master key, 1 to 80 octets.
    pub key: Vec<u8>,
}

impl fmt::Debug for AoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AoKey({}, {}, {}, …)", self.send_id, self.receive_id, self.algorithm.name())
    }
}

/// An address, or all the addresses of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerRange {
    /// The address, or the first of the range.
    pub address: IpAddr,
    /// The prefix's length in bits: 32 or 128 for a single peer.
    pub length: u8,
}

impl PeerRange {
    /// The range that holds this peer alone.
    pub const fn single(address: IpAddr) -> Self {
        Self { address, length: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether this is one peer rather than many.
    pub fn is_single(self) -> bool {
        self.length == Self::single(self.address).length
    }

    /// Whether a connection from `address` can be this peer's.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                same_start(ours.to_bits().into(), theirs.to_bits().into(), 32, self.length)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                same_start(ours.to_bits(), theirs.to_bits(), 128, self.length)
            }
            _ => false,
        }
    }
}

/// Whether the first `length` of `width` bits agree.
fn same_start(a: u128, b: u128, width: u32, length: u8) -> bool {
    (a ^ b).checked_shr(width.saturating_sub(length.into())).unwrap_or(0) == 0
}

impl fmt::Display for PeerRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.is_single() { Ok(()) } else { write!(f, "/{}", self.length) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn options_are_printed_without_their_keys() {
        let key = b"hush".to_vec();
        let connection = TcpOptions { md5: Some(key.clone()), ..TcpOptions::default() };
        let peer = PeerRange { address: [10, 0, 0, 2].into(), length: 32 };
        let listener = ListenOptions { md5: [(peer, key)].into(), ..ListenOptions::default() };
        for shown in [format!("{connection:?}"), format!("{listener:?}")] {
            assert!(shown.contains("Hidden") && !shown.contains("104") && !shown.contains("hush"), "{shown}");
        }
    }
}
