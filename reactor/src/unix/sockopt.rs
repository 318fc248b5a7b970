//! The socket options that no safe crate sets: `TCP_MD5SIG` (RFC 2385), those of TCP-AO (RFC 5925) and `IP_MINTTL` (RFC 5082).
//!
//! This file alone may contain unsafe code: one call of `setsockopt`.

#![allow(unsafe_code)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use holdtime_core::config::{AoAlgorithm, AoKey, PeerRange};
use socket2::Socket;

/// The longest key that the kernel takes, in octets.
const MD5_KEY_MAX: usize = 80;

/// `TCP_MD5SIG_EXT`, which heeds the flags, and the flag that the prefix length counts (Linux 4.13).
const MD5_EXTENDED: i32 = 32;
const MD5_OF_PREFIX: u8 = 1;

/// The options of TCP-AO (`linux/tcp.h` of Linux 6.7).
const AO_ADD_KEY: i32 = 38;
const AO_DEL_KEY: i32 = 39;
const AO_INFO: i32 = 40;

/// Flags of all three: sign with this key from now on, and ask the peer to.
const AO_SET_CURRENT: u32 = 1;
const AO_SET_RNEXT: u32 = 2;

/// How many octets of a signature are sent (RFC 5926 §3.2).
const AO_MAC: u8 = 12;

/// Sets the least TTL (or hop limit) with which the peer's packets are accepted.
pub(super) fn set_min_ttl(socket: &Socket, ipv6: bool, ttl: u8) -> io::Result<()> {
    let (level, name) =
        if ipv6 { (libc::IPPROTO_IPV6, libc::IPV6_MINHOPCOUNT) } else { (libc::IPPROTO_IP, libc::IP_MINTTL) };
    set(socket, level, name, &i32::from(ttl).to_ne_bytes())
}

/// Signs everything exchanged with these peers with `key`.
///
/// The kernel's `struct tcp_md5sig`, in octets:
///
/// ```text
/// 0        128     129         130          132       136   216
/// | address | flags | prefixlen | key length | ifindex | key |
/// ```
pub(super) fn set_md5(socket: &Socket, peers: PeerRange, key: &[u8]) -> io::Result<()> {
    let mut value = [0; 216];
    let length = u16::try_from(key.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let slot = value[136..].get_mut(..key.len()).ok_or(io::ErrorKind::InvalidInput)?;
    debug_assert!(slot.len() <= MD5_KEY_MAX);
    slot.copy_from_slice(key);
    value[130..132].copy_from_slice(&length.to_ne_bytes());
    write_address(&mut value, peers.address);
    let mut name = libc::TCP_MD5SIG;
    if !peers.is_single() {
        (value[128], value[129], name) = (MD5_OF_PREFIX, peers.length, MD5_EXTENDED);
    }
    set(socket, libc::IPPROTO_TCP, name, &value)
}

/// Lets what is exchanged with these peers be signed with `key` (RFC 5925). With `first`, which a socket that listens must not have, it
/// is signed with this key from now on, and the peer is asked to.
pub(super) fn add_ao_key(socket: &Socket, peers: PeerRange, key: &AoKey, first: bool) -> io::Result<()> {
    let value = ao_add(peers, key, first).ok_or(io::ErrorKind::InvalidInput)?;
    set(socket, libc::IPPROTO_TCP, AO_ADD_KEY, &value)
}

/// Forgets a key. The kernel keeps one that is in use.
pub(super) fn remove_ao_key(socket: &Socket, peers: PeerRange, key: &AoKey) -> io::Result<()> {
    set(socket, libc::IPPROTO_TCP, AO_DEL_KEY, &ao_del(peers, key))
}

/// Signs with `key` from now on, and asks the peer to.
pub(super) fn use_ao_key(socket: &Socket, key: &AoKey) -> io::Result<()> {
    set(socket, libc::IPPROTO_TCP, AO_INFO, &ao_info(key))
}

/// The kernel's `struct tcp_ao_add`, in octets; `None` where the key is too long:
///
/// ```text
/// 0        128    192      196      200  202      203     204     205     206       207         208   288
/// | address | name | ifindex | flags | 0 | prefix | SendID | RecvID | MAC | keyflags | key length | key |
/// ```
fn ao_add(peers: PeerRange, key: &AoKey, first: bool) -> Option<[u8; 288]> {
    let mut value = [0; 288];
    write_range(&mut value, peers);
    let name = match key.algorithm {
        AoAlgorithm::HmacSha1 => "hmac(sha1)",
        // By this name the kernel derives a key of 16 octets from one of another length (RFC 5926 §3.1.1.2).
        AoAlgorithm::Aes128Cmac => "cmac(aes128)",
        AoAlgorithm::HmacSha256 => "hmac(sha256)",
    };
    value.get_mut(128..128 + name.len())?.copy_from_slice(name.as_bytes());
    let flags = if first { AO_SET_CURRENT | AO_SET_RNEXT } else { 0 };
    value[196..200].copy_from_slice(&flags.to_ne_bytes());
    value[202..208].copy_from_slice(&[
        peers.length,
        key.send_id,
        key.receive_id,
        AO_MAC,
        0,
        u8::try_from(key.key.len()).ok()?,
    ]);
    value.get_mut(208..208 + key.key.len())?.copy_from_slice(&key.key);
    Some(value)
}

/// The kernel's `struct tcp_ao_del`, in octets:
///
/// ```text
/// 0        128      132     136  138      139      140      141       142     143       144
/// | address | ifindex | flags | 0 | prefix | SendID | RecvID | current | rnext | keyflags |
/// ```
fn ao_del(peers: PeerRange, key: &AoKey) -> [u8; 144] {
    let mut value = [0; 144];
    write_range(&mut value, peers);
    value[138..141].copy_from_slice(&[peers.length, key.send_id, key.receive_id]);
    value
}

/// The kernel's `struct tcp_ao_info_opt`, in octets:
///
/// ```text
/// 0       4   6         7       8                  48
/// | flags | 0 | current | rnext | five counters (8) |
/// ```
fn ao_info(key: &AoKey) -> [u8; 48] {
    let mut value = [0; 48];
    value[..4].copy_from_slice(&(AO_SET_CURRENT | AO_SET_RNEXT).to_ne_bytes());
    (value[6], value[7]) = (key.send_id, key.receive_id);
    value
}

/// The first address of a range, which is what the kernel wants of a prefix that is not 0.
fn write_range(value: &mut [u8], peers: PeerRange) {
    let first = match peers.address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(peers.length.into()).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & !host).into()
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(peers.length.into()).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & !host).into()
        }
    };
    write_address(value, first);
}

/// Writes a `sockaddr_storage` with port 0.
fn write_address(value: &mut [u8], address: IpAddr) {
    match address {
        // sockaddr_in: family, port 0, address
        IpAddr::V4(address) => {
            value[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
            value[4..8].copy_from_slice(&address.octets());
        }
        // sockaddr_in6: family, port 0, flow 0, address
        IpAddr::V6(address) => {
            value[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
            value[8..24].copy_from_slice(&address.octets());
        }
    }
}

fn set(socket: &Socket, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; `value` points to `length` octets that
    // live until the call returns, which only reads them.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, value.as_ptr().cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(algorithm: AoAlgorithm) -> AoKey {
        AoKey { send_id: 7, receive_id: 9, algorithm, key: b"secret".to_vec() }
    }

    /// What stands in `value` beside zeros: each stretch with its place.
    fn stretches(value: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let mut found: Vec<(usize, Vec<u8>)> = Vec::new();
        for (at, octet) in value.iter().enumerate().filter(|(_, octet)| **octet != 0) {
            match found.last_mut() {
                Some((start, stretch)) if *start + stretch.len() == at => stretch.push(*octet),
                _ => found.push((at, vec![*octet])),
            }
        }
        found
    }

    /// The flags are numbers of the machine's own byte order.
    fn flags(first_octet: usize) -> (usize, Vec<u8>) {
        (if cfg!(target_endian = "big") { first_octet + 3 } else { first_octet }, vec![3])
    }

    #[test]
    fn a_key_stands_as_linux_tcp_h_lays_it_out() {
        let peers = PeerRange::single([192, 0, 2, 1].into());
        let value = ao_add(peers, &key(AoAlgorithm::HmacSha1), true).unwrap();
        let family = (libc::AF_INET as u16).to_ne_bytes().iter().position(|octet| *octet != 0).unwrap();
        assert_eq!(
            stretches(&value),
            [
                (family, vec![2]),
                (4, vec![192]),
                (6, vec![2, 1]),
                (128, b"hmac(sha1)".to_vec()),
                flags(196),
                // prefix, SendID, RecvID, length of the MAC; then keyflags, which are 0.
                (202, vec![32, 7, 9, 12]),
                (207, [&[6], b"secret".as_slice()].concat()),
            ]
        );
        assert_eq!(value.len(), 288);
    }

    #[test]
    fn a_key_of_a_listener_is_for_the_first_address_of_a_range_and_is_not_made_current() {
        let peers = PeerRange { address: "2001:db8:1:2::9".parse().unwrap(), length: 48 };
        let value = ao_add(peers, &key(AoAlgorithm::Aes128Cmac), false).unwrap();
        assert_eq!(value[8..24], [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(value[128..141], *b"cmac(aes128)\0");
        assert_eq!(value[196..200], [0; 4]);
        assert_eq!(value[202], 48);
        let everybody = PeerRange { address: [10, 1, 2, 3].into(), length: 0 };
        assert_eq!(ao_add(everybody, &key(AoAlgorithm::HmacSha256), false).unwrap()[4..8], [0; 4]);
    }

    #[test]
    fn a_key_is_removed_and_chosen_by_its_identifiers() {
        let peers = PeerRange::single([192, 0, 2, 1].into());
        let removed = ao_del(peers, &key(AoAlgorithm::HmacSha1));
        assert_eq!(stretches(&removed)[3..], [(138, vec![32, 7, 9])]);
        assert_eq!(removed.len(), 144);
        let chosen = ao_info(&key(AoAlgorithm::HmacSha1));
        assert_eq!(stretches(&chosen), [flags(0), (6, vec![7, 9])]);
        assert_eq!(chosen.len(), 48);
    }

    #[test]
    fn a_key_that_is_too_long_is_no_key() {
        let peers = PeerRange::single([192, 0, 2, 1].into());
        let of = |length| AoKey { key: vec![1; length], ..key(AoAlgorithm::HmacSha256) };
        assert!(ao_add(peers, &of(80), true).is_some());
        assert!(ao_add(peers, &of(81), true).is_none());
        assert!(ao_add(peers, &of(300), true).is_none());
    }
}
