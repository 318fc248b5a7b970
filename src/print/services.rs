//! Destinations of services: EVPN, VPLS, MCAST-VPN, route targets, mobile user plane. What cannot be read further is told
//! of as octets.

use alloc::string::String;
use core::fmt::Write;
use core::net::IpAddr;

use super::community::extended;
use super::put;
use super::tlv::{address, number};
use crate::wire::{Afi, ExtendedCommunity, NextHop, RouteDistinguisher};

/// Octets that are still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, count: usize) -> Option<u64> {
        self.take(count).map(number)
    }

    fn rd(&mut self) -> Option<RouteDistinguisher> {
        self.take(8)?.try_into().ok().map(RouteDistinguisher)
    }

    /// An address after its length in bits, which is 0 where there is none.
    fn optional_address(&mut self) -> Option<Option<IpAddr>> {
        match self.number(1)? {
            0 => Some(None),
            bits => address(self.take(usize::try_from(bits / 8).ok()?)?).map(Some),
        }
    }

    fn address(&mut self) -> Option<IpAddr> {
        self.optional_address()?
    }

    /// As many octets of an address as its length wants, the rest zero.
    fn prefix(&mut self, afi: Afi) -> Option<(u64, IpAddr)> {
        let bits = self.number(1)?;
        let room = if afi == Afi::IPV6 { 16 } else { 4 };
        let octets = self.take(usize::try_from(bits).ok()?.div_ceil(8))?;
        let mut whole = [0; 16];
        whole.get_mut(..octets.len())?.copy_from_slice(octets);
        (octets.len() <= room).then(|| address(whole.get(..room)?)).flatten().map(|address| (bits, address))
    }
}

/// Appends an object, or what `otherwise` writes where it cannot be read.
fn or_raw(
    out: &mut String,
    write: impl FnOnce(&mut String) -> Option<()>,
    otherwise: impl FnOnce(&mut String),
) {
    let start = out.len();
    if write(out).is_none() {
        out.truncate(start);
        otherwise(out);
    }
}

fn raw(out: &mut String, octets: &[u8]) {
    octets.iter().for_each(|octet| put!(out, "{octet:02X}"));
}

/// `{ "code": 9, "parsed": false, "raw": "…" }`
fn unparsed(out: &mut String, octets: &[u8]) {
    put!(out, "{{ \"code\": {}, \"parsed\": false, \"raw\": \"", octets.first().copied().unwrap_or(0));
    raw(out, octets);
    out.push_str("\" }");
}

/// An EVPN route (RFC 7432, RFC 9136): type, length, then fields.
pub(super) fn evpn_json(out: &mut String, octets: &[u8]) {
    or_raw(out, |out| evpn(out, octets), |out| unparsed(out, octets));
}

fn evpn(out: &mut String, octets: &[u8]) -> Option<()> {
    let [kind, _, body @ ..] = octets else { return None };
    let name = match kind {
        1 => "Ethernet Auto-Discovery",
        2 => "MAC/IP advertisement",
        3 => "Inclusive Multicast Ethernet Tag",
        4 => "Ethernet Segment",
        5 => "IP Prefix Advertisement",
        _ => return None,
    };
    put!(out, "{{ \"code\": {kind}, \"parsed\": true, \"raw\": \"");
    raw(out, octets);
    put!(out, "\", \"name\": \"{name}\", ");
    let mut fields = Fields(body);
    put!(out, "\"rd\": \"{}\"", fields.rd()?);
    if *kind != 3 {
        segment(out, fields.take(10)?);
    }
    if *kind != 4 {
        put!(out, ", \"ethernet-tag\": {}", fields.number(4)?);
    }
    match kind {
        1 => labels(out, fields.0)?,
        2 => {
            let (48, mac) = (fields.number(1)?, fields.take(6)?) else { return None };
            let [a, b, c, d, e, f] = mac else { return None };
            put!(out, ", \"mac\": \"{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{f:02X}\"");
            let address = fields.optional_address()?;
            labels(out, fields.0)?;
            if let Some(address) = address {
                put!(out, ", \"ip\": \"{address}\"");
            }
        }
        3 | 4 => {
            let address = fields.optional_address()?;
            if let Some(address) = address {
                put!(out, ", \"ip\": \"{address}\"");
            }
        }
        _ => {
            let length = fields.number(1)?;
            let size = match fields.0.len() {
                11 => 4,
                35 => 16,
                _ => return None,
            };
            let (prefix, gateway) = (address(fields.take(size)?)?, address(fields.take(size)?)?);
            labels(out, fields.0)?;
            put!(out, ", \"ip\": \"{prefix}\", \"iplen\": {length}, \"gateway\": \"{gateway}\"");
        }
    }
    out.push_str(" }");
    Some(())
}

/// An Ethernet segment identifier; `-` for none.
fn segment(out: &mut String, octets: &[u8]) {
    out.push_str(", \"esi\": \"");
    if octets.iter().all(|octet| *octet == 0) {
        out.push('-');
    } else {
        super::separated(out, ":", octets, |out, octet| put!(out, "{octet:02x}"));
    }
    out.push('"');
}

/// The first label, as a label and as the 24 bits that it stands in.
fn labels(out: &mut String, octets: &[u8]) -> Option<()> {
    if octets.is_empty() {
        return Some(());
    }
    let bits = number(octets.get(..3)?);
    put!(out, ", \"label\": [ [{}", bits >> 4);
    if bits != 0 {
        put!(out, ", {bits}");
    }
    out.push_str("] ]");
    Some(())
}

/// A VPLS NLRI (RFC 4761 §3.2.2).
pub(super) fn vpls_json(out: &mut String, octets: &[u8]) {
    let write = |out: &mut String| {
        let vpls = Vpls::read(octets)?;
        put!(out, "{{ \"rd\": \"{}\", \"endpoint\": {}, ", vpls.rd, vpls.endpoint);
        put!(out, "\"base\": {}, \"offset\": {}, \"size\": {} }}", vpls.base, vpls.offset, vpls.size);
        Some(())
    };
    or_raw(out, write, |out| unparsed(out, octets));
}

/// Appends what a VPLS NLRI says, an object that is not closed; false, and nothing, where it is malformed.
pub(super) fn vpls_members(out: &mut String, octets: &[u8]) -> bool {
    let Some(vpls) = Vpls::read(octets) else { return false };
    put!(out, "{{\"rd\": \"{}\", \"endpoint\": {}, ", vpls.rd, vpls.endpoint);
    put!(out, "\"base\": {}, \"offset\": {}, \"size\": {}", vpls.base, vpls.offset, vpls.size);
    true
}

/// A VPLS NLRI as the configuration writes it.
pub(super) fn vpls_text(out: &mut String, octets: &[u8], next_hop: Option<NextHop>) {
    let Some(vpls) = Vpls::read(octets) else { return super::hex(out, octets) };
    put!(out, "vpls rd {} endpoint {} base {} ", vpls.rd, vpls.endpoint, vpls.base);
    put!(out, "offset {} size {} ", vpls.offset, vpls.size);
    if let Some(next_hop) = next_hop {
        put!(out, "next-hop {}", next_hop.address());
    }
}

struct Vpls {
    rd: RouteDistinguisher,
    endpoint: u64,
    offset: u64,
    size: u64,
    base: u64,
}

impl Vpls {
    fn read(octets: &[u8]) -> Option<Self> {
        let mut fields = Fields(octets.get(2..)?);
        Some(Self {
            rd: fields.rd()?,
            endpoint: fields.number(2)?,
            offset: fields.number(2)?,
            size: fields.number(2)?,
            base: fields.number(3)? >> 4,
        })
    }
}

/// A route target membership NLRI (RFC 4684 §4).
pub(super) fn route_target_json(out: &mut String, octets: &[u8]) {
    let Some((origin, target)) = route_target(octets) else {
        return out.push_str("{ \"origin\": 0, \"route-target\": null }");
    };
    put!(out, "{{ \"origin\": {origin}, \"route-target\": \"{target}\" }}");
}

/// A route target membership NLRI as words.
pub(super) fn route_target_text(out: &mut String, octets: &[u8]) {
    match route_target(octets) {
        Some((origin, target)) => put!(out, "rtc {origin}:{target}"),
        None => out.push_str("rtc wildcard"),
    }
}

/// The AS that wants the routes, and their target; `None`: all routes.
fn route_target(octets: &[u8]) -> Option<(u64, String)> {
    let origin = number(octets.get(1..5)?);
    let mut target: [u8; 8] = octets.get(5..13)?.try_into().ok()?;
    // The flags of an extended community mean nothing here.
    if let Some(kind) = target.first_mut() {
        *kind &= 0x3f;
    }
    let mut text = String::new();
    if !extended(&mut text, ExtendedCommunity(target)) {
        super::hex(&mut text, &target);
    }
    Some((origin, text))
}

/// An MCAST-VPN route (RFC 6514 §4): type, length, then fields.
pub(super) fn mvpn_json(out: &mut String, octets: &[u8]) {
    or_raw(out, |out| mvpn(out, octets), |out| unparsed(out, octets));
}

fn mvpn(out: &mut String, octets: &[u8]) -> Option<()> {
    let [kind, _, body @ ..] = octets else { return None };
    let name = match kind {
        5 => "Source Active A-D Route",
        6 => "C-Multicast Shared Tree Join route",
        7 => "C-Multicast Source Tree Join route",
        _ => return None,
    };
    put!(out, "{{ \"code\": {kind}, \"parsed\": true, \"raw\": \"");
    raw(out, octets);
    let mut fields = Fields(body);
    put!(out, "\", \"name\": \"{name}\", \"rd\": \"{}\", ", fields.rd()?);
    if *kind != 5 {
        put!(out, "\"source-as\": \"{}\", ", fields.number(4)?);
    }
    put!(out, "\"source\": \"{}\", \"group\": \"{}\"}}", fields.address()?, fields.address()?);
    Some(())
}

/// A mobile user plane route: architecture, type, length, then fields.
pub(super) fn mup_json(out: &mut String, octets: &[u8], afi: Afi) {
    let otherwise = |out: &mut String| {
        let code = octets.get(1..3).map_or(0, number);
        put!(out, "{{ \"arch\": {}, \"code\": {code}, \"raw\": \"", octets.first().copied().unwrap_or(0));
        raw(out, octets);
        out.push_str("\" }");
    };
    or_raw(out, |out| mup(out, octets, afi), otherwise);
}

fn mup(out: &mut String, octets: &[u8], afi: Afi) -> Option<()> {
    let mut fields = Fields(octets);
    let (1, code, _length) = (fields.number(1)?, fields.number(2)?, fields.number(1)?) else { return None };
    let name = match code {
        1 => "InterworkSegmentDiscoveryRoute",
        2 => "DirectSegmentDiscoveryRoute",
        3 => "Type1SessionTransformedRoute",
        4 => "Type2SessionTransformedRoute",
        _ => return None,
    };
    put!(out, "{{ \"name\": \"{name}\", \"arch\": 1, \"code\": {code}, ");
    let rd = fields.rd()?;
    match code {
        1 => {
            let (length, prefix) = fields.prefix(afi)?;
            put!(out, "\"prefix_ip_len\": {length}, \"prefix_ip\": \"{prefix}\", \"rd\": \"{rd}\"");
        }
        2 => put!(out, "\"ip\": \"{}\", \"rd\": \"{rd}\"", address(fields.0)?),
        3 => {
            let (length, prefix) = fields.prefix(afi)?;
            put!(out, "\"prefix_ip_len\": {length}, \"prefix_ip\": \"{prefix}\", ");
            put!(
                out,
                "\"teid\": \"{}\", \"qfi\": \"{}\", \"rd\": \"{rd}\", ",
                fields.number(4)?,
                fields.number(1)?
            );
            let endpoint = fields.address()?;
            put!(out, "\"endpoint_ip_len\": {}, \"endpoint_ip\": \"{endpoint}\"", bits(endpoint));
            if !fields.0.is_empty() {
                let source = fields.address()?;
                put!(out, ", \"source_ip_len\": {}, \"source_ip\": \"{source}\"", bits(source));
            }
        }
        _ => {
            let length = fields.number(1)?;
            let endpoint = address(fields.take(if afi == Afi::IPV6 { 16 } else { 4 })?)?;
            put!(out, "\"endpoint_len\": {length}, \"endpoint_ip\": \"{endpoint}\", \"rd\": \"{rd}\", ");
            put!(out, "\"teid\": \"{}\"", number(fields.0));
        }
    }
    out.push_str(", \"raw\": \"");
    raw(out, octets);
    out.push_str("\" }");
    Some(())
}

const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}
