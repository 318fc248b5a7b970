//! The two socket options that no safe crate sets: `TCP_MD5SIG` (RFC 2385) and `IP_MINTTL` (RFC 5082).
//!
//! This file alone may contain unsafe code: one call of `setsockopt`.

#![allow(unsafe_code)]

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use holdtime_core::config::PeerRange;
use socket2::Socket;

/// The longest key that the kernel takes, in octets.
const MD5_KEY_MAX: usize = 80;

/// `TCP_MD5SIG_EXT`, which heeds the flags, and the flag that the prefix length counts (Linux 4.13).
const MD5_EXTENDED: i32 = 32;
const MD5_OF_PREFIX: u8 = 1;

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
    match peers.address {
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
    let mut name = libc::TCP_MD5SIG;
    if !peers.is_single() {
        (value[128], value[129], name) = (MD5_OF_PREFIX, peers.length, MD5_EXTENDED);
    }
    set(socket, libc::IPPROTO_TCP, name, &value)
}

fn set(socket: &Socket, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; `value` points to `length` octets that
    // live until the call returns, which only reads them.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, value.as_ptr().cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
