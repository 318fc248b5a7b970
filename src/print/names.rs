//! The names of destinations of services in text: EVPN, MCAST-VPN, mobile user plane. No configuration reads them; people do,
//! and programs that ask for the routes of a RIB.

use alloc::string::String;
use core::fmt::{self, Write};

use data_encoding::HEXLOWER;

use super::put;
use super::services::{bits, esi, mac, sent_teid};
use crate::wire::nlri::{EvpnFields, EvpnRouteView, MupFields, MupRouteView, MvpnFields, MvpnRouteView};
use crate::wire::{Label, RouteDistinguisher};

/// `evpn:macadv::192.0.2.1:5:-:0:00:11:22:33:44:55/48:10.0.0.1: label 100 (1601)`
pub(super) fn evpn(out: &mut String, route: EvpnRouteView<'_>) {
    let head = |out: &mut String, kind: &str, rd: RouteDistinguisher| put!(out, "evpn:{kind}::{rd}:");
    match route.fields() {
        EvpnFields::EthernetAutoDiscovery { distinguisher, segment, tag, label } => {
            head(out, "ethernetad", distinguisher);
            esi(out, segment);
            put!(out, ":{tag}:{}", Labelled(label));
        }
        EvpnFields::MacIp { distinguisher, segment, tag, mac: address, address: ip, label, .. } => {
            head(out, "macadv", distinguisher);
            esi(out, segment);
            put!(out, ":{tag}:");
            mac(out, address);
            out.push_str("/48:");
            if let Some(ip) = ip {
                put!(out, "{ip}");
            }
            put!(out, ":{}", Labelled(label));
        }
        EvpnFields::InclusiveMulticast { distinguisher, tag, originator } => {
            head(out, "multicast", distinguisher);
            put!(out, "{tag}:{originator}");
        }
        EvpnFields::EthernetSegment { distinguisher, segment, originator } => {
            head(out, "segment", distinguisher);
            esi(out, segment);
            put!(out, ":{originator}");
        }
        EvpnFields::IpPrefix { distinguisher, segment, tag, length, prefix, gateway, label } => {
            head(out, "prfxadv", distinguisher);
            esi(out, segment);
            put!(out, ":{tag}:{prefix}/{length}:{gateway}:{}", Labelled(label));
        }
        EvpnFields::Multicast { .. } | EvpnFields::Unknown(_) => unknown(out, "evpn", route.bytes, 2),
    }
}

/// `mvpn:shared-join::65000:1:65000:10.0.0.1:239.0.0.1`
pub(super) fn mvpn(out: &mut String, route: MvpnRouteView<'_>) {
    match route.fields() {
        MvpnFields::SourceActive { distinguisher, source, group } => {
            put!(out, "mvpn:sourcead::{distinguisher}:{source}:{group}");
        }
        MvpnFields::Join { shared, distinguisher, asn, source, group } => {
            let kind = if shared { "shared-join" } else { "source-join" };
            put!(out, "mvpn:{kind}::{distinguisher}:{asn}:{source}:{group}");
        }
        _ => unknown(out, "mvpn", route.bytes, 2),
    }
}

/// `mup:isd::100:100:10.0.1.0/24`
pub(super) fn mup(out: &mut String, route: MupRouteView<'_>) {
    match route.fields() {
        MupFields::InterworkSegment { distinguisher, prefix } => {
            put!(out, "mup:isd::{distinguisher}:{prefix}");
        }
        MupFields::DirectSegment { distinguisher, address } => {
            put!(out, "mup:dsd::{distinguisher}:{address}");
        }
        MupFields::Type1Session { distinguisher, prefix, teid, qfi, endpoint, source } => {
            // The endpoint stands with the length of the prefix, as ExaBGP has it.
            put!(out, "mup:t1st::{distinguisher}:{prefix}:{teid}:{qfi}:{endpoint}/{}", prefix.length());
            if let Some(source) = source {
                put!(out, ":{source}/{}", bits(source));
            }
        }
        MupFields::Type2Session { distinguisher, endpoint, teid_length, teid } => {
            let length = bits(endpoint) + teid_length;
            let teid = sent_teid(teid, teid_length);
            put!(out, "mup:t2st::{distinguisher}:{length}:{endpoint}:{teid}:");
        }
        MupFields::Unknown(octets) => unknown(out, "mup", octets, 4),
    }
}

/// What is not read further: its octets after its type and length.
fn unknown(out: &mut String, family: &str, octets: &[u8], head: usize) {
    put!(out, "{family}:unknown:0x");
    HEXLOWER.encode_append(octets.get(head..).unwrap_or_default(), out);
}

/// A label, and the 24 bits that it stands in, as a name has them.
struct Labelled(Label);

impl fmt::Display for Labelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " label {}", self.0.value())?;
        let [a, b, c] = self.0.octets();
        match u32::from_be_bytes([0, a, b, c]) {
            0 => Ok(()),
            octets => write!(f, " ({octets})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::super::nlri_text;
    use super::*;
    use crate::wire::Afi;
    use crate::wire::nlri::{EvpnRoute, MupRoute, MvpnRoute};
    use crate::wire::{Nlri, PathNlri};

    const RD: &[u8] = &[0, 1, 10, 0, 0, 1, 0, 2];
    const SEGMENT: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const NONE: &[u8] = &[0; 10];

    fn name(nlri: Nlri) -> String {
        let mut out = String::new();
        nlri_text(&mut out, &PathNlri { path_id: None, nlri }, None);
        out
    }

    #[test]
    fn a_destination_of_a_service_is_named_as_exabgp_names_it() {
        let evpn = |kind: u8, parts: &[&[u8]]| {
            let value = [&[RD], parts].concat().concat();
            let length = u8::try_from(value.len()).unwrap();
            name(Nlri::Evpn(EvpnRoute { bytes: [&[kind, length], &value[..]].concat().into() }))
        };
        assert_eq!(
            evpn(1, &[SEGMENT, &[0, 0, 0, 5], &[0, 6, 0x41]]),
            "evpn:ethernetad::10.0.0.1:2:00:01:02:03:04:05:06:07:08:09:5: label 100 (1601)"
        );
        let mac = [48, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        assert_eq!(
            evpn(2, &[NONE, &[0; 4], &mac, &[0], &[0; 3]]),
            "evpn:macadv::10.0.0.1:2:-:0:AA:BB:CC:DD:EE:FF/48:: label 0"
        );
        assert_eq!(
            evpn(2, &[NONE, &[0; 4], &mac, &[32, 192, 0, 2, 1], &[0, 6, 0x40]]),
            "evpn:macadv::10.0.0.1:2:-:0:AA:BB:CC:DD:EE:FF/48:192.0.2.1: label 100 (1600)"
        );
        assert_eq!(evpn(3, &[&[0; 4], &[32, 192, 0, 2, 1]]), "evpn:multicast::10.0.0.1:2:0:192.0.2.1");
        assert_eq!(
            evpn(4, &[SEGMENT, &[32, 192, 0, 2, 1]]),
            "evpn:segment::10.0.0.1:2:00:01:02:03:04:05:06:07:08:09:192.0.2.1"
        );
        assert_eq!(
            evpn(5, &[NONE, &[0; 4], &[24, 10, 0, 0, 0], &[192, 0, 2, 1], &[0, 6, 0x41]]),
            "evpn:prfxadv::10.0.0.1:2:-:0:10.0.0.0/24:192.0.2.1: label 100 (1601)"
        );

        let mvpn = |kind: u8, parts: &[&[u8]]| {
            let value = [&[RD], parts].concat().concat();
            let length = u8::try_from(value.len()).unwrap();
            let bytes = [&[kind, length], &value[..]].concat().into();
            name(Nlri::Mvpn(Box::new(MvpnRoute { afi: Afi::IPV4, bytes })))
        };
        let (asn, source, group) = (&[0, 0, 0xfd, 0xe8], &[32, 10, 0, 0, 1], &[32, 239, 0, 0, 1]);
        assert_eq!(mvpn(5, &[source, group]), "mvpn:sourcead::10.0.0.1:2:10.0.0.1:239.0.0.1");
        assert_eq!(mvpn(6, &[asn, source, group]), "mvpn:shared-join::10.0.0.1:2:65000:10.0.0.1:239.0.0.1");
        assert_eq!(mvpn(7, &[asn, source, group]), "mvpn:source-join::10.0.0.1:2:65000:10.0.0.1:239.0.0.1");
        assert_eq!(mvpn(1, &[&[10, 0, 0, 1]]), "mvpn:unknown:0x00010a00000100020a000001");

        let mup = |kind: u8, parts: &[&[u8]]| {
            let value = [&[RD], parts].concat().concat();
            let length = u8::try_from(value.len()).unwrap();
            let bytes = [&[1, 0, kind, length], &value[..]].concat().into();
            name(Nlri::Mup(Box::new(MupRoute { afi: Afi::IPV4, bytes })))
        };
        assert_eq!(mup(1, &[&[24, 10, 0, 1]]), "mup:isd::10.0.0.1:2:10.0.1.0/24");
        assert_eq!(mup(2, &[&[10, 0, 0, 1]]), "mup:dsd::10.0.0.1:2:10.0.0.1");
        let session = [16, 192, 168, 0, 0, 0x30, 0x39, 9, 32, 10, 0, 0, 1];
        assert_eq!(mup(3, &[&session]), "mup:t1st::10.0.0.1:2:192.168.0.0/16:12345:9:10.0.0.1/16");
        assert_eq!(
            mup(3, &[&session, &[32, 10, 0, 0, 2]]),
            "mup:t1st::10.0.0.1:2:192.168.0.0/16:12345:9:10.0.0.1/16:10.0.0.2/32"
        );
        assert_eq!(
            mup(4, &[&[64, 10, 0, 0, 1, 0, 0, 0x30, 0x39]]),
            "mup:t2st::10.0.0.1:2:64:10.0.0.1:12345:"
        );
        assert_eq!(mup(4, &[&[48, 10, 0, 0, 1, 0, 0x30]]), "mup:t2st::10.0.0.1:2:48:10.0.0.1:48:");
        assert_eq!(mup(9, &[]), "mup:unknown:0x00010a0000010002");
    }
}
