//! Segment routing policies (RFC 9830): a candidate path and what its tunnel says, with the names of ExaBGP 6.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Display, Write};

use super::{hex, put, separated, string};
use crate::wire::NextHop;
use crate::wire::attribute::{
    BindingSid, EndpointBehavior, Interface, LabelStackEntry, SR_POLICY_TUNNEL, SegmentKind, SegmentListItem,
    SegmentListView, SrPolicySubTlv, SrSegment, Srv6Sid, Tunnel, TunnelEncapsulation,
};
use crate::wire::nlri::{SrPolicyFields, SrPolicyNlriView};

/// Appends a candidate path as an object.
pub(super) fn nlri_json(out: &mut String, route: SrPolicyNlriView<'_>) {
    match route.fields() {
        SrPolicyFields::Policy { distinguisher, color, endpoint } => put!(
            out,
            "{{\"distinguisher\": {distinguisher}, \"color\": {color}, \"endpoint\": \"{endpoint}\"}}"
        ),
        SrPolicyFields::Unknown(octets) => {
            out.push_str("{ \"raw\": \"");
            hex(out, octets);
            out.push_str("\" }");
        }
    }
}

/// Appends a candidate path as the configuration writes it.
pub(super) fn nlri_text(out: &mut String, route: SrPolicyNlriView<'_>, next_hop: Option<NextHop>) {
    match route.fields() {
        SrPolicyFields::Policy { distinguisher, color, endpoint } => {
            put!(out, "sr-policy distinguisher {distinguisher} color {color} endpoint {endpoint}");
        }
        SrPolicyFields::Unknown(octets) => hex(out, octets),
    }
    if let Some(next_hop) = next_hop {
        put!(out, " next-hop {}", next_hop.address());
    }
}

/// Appends the attribute as an object; false, and nothing, where no tunnel of it is a policy: ExaBGP 5 knows no other either.
pub(super) fn json(out: &mut String, attribute: &TunnelEncapsulation) -> bool {
    let tunnels: Vec<_> = attribute.view().tunnels().collect();
    if !tunnels.iter().any(|tunnel| tunnel.kind == SR_POLICY_TUNNEL) {
        return false;
    }
    out.push('{');
    separated(out, ", ", tunnels, tunnel_json);
    out.push('}');
    true
}

fn tunnel_json(out: &mut String, tunnel: Tunnel<'_>) {
    if tunnel.kind != SR_POLICY_TUNNEL {
        put!(out, "\"tunnel-type-{}\": \"", tunnel.kind);
        hex(out, tunnel.value);
        return out.push('"');
    }
    let (mut members, mut lists) = (Vec::new(), Vec::new());
    for (sub_tlv, _) in sub_tlvs(tunnel).filter(|(_, repeats)| !repeats) {
        match sub_tlv {
            SrPolicySubTlv::SegmentList(list) => lists.push(list),
            other => members.push(sub_tlv_json(&other)),
        }
    }
    if !lists.is_empty() {
        let mut member = String::from("\"segment-lists\": [");
        separated(&mut member, ", ", lists, segment_list_json);
        member.push(']');
        members.push(member);
    }
    out.push_str("\"sr-policy\": {");
    separated(out, ", ", members, |out, member| out.push_str(&member));
    out.push('}');
}

/// What a policy says, and of each whether it repeats one that counts once: the first does (RFC 9830 §2.4).
fn sub_tlvs(tunnel: Tunnel<'_>) -> impl Iterator<Item = (SrPolicySubTlv<'_>, bool)> {
    let mut seen = Vec::new();
    tunnel.sr_policy().map(move |sub_tlv| {
        let repeats = sub_tlv.is_single() && seen.contains(&sub_tlv.code());
        seen.push(sub_tlv.code());
        (sub_tlv, repeats)
    })
}

fn sub_tlv_json(sub_tlv: &SrPolicySubTlv<'_>) -> String {
    match sub_tlv {
        SrPolicySubTlv::Preference(preference) => format!("\"preference\": {preference}"),
        SrPolicySubTlv::BindingSid { flags, sid } => match sid {
            BindingSid::Null if binding_flags(*flags).is_empty() => "\"binding-sid\": null".into(),
            BindingSid::Null => format!("\"binding-sid\": {{\"type\": \"null\"{}}}", binding_flags(*flags)),
            BindingSid::Label(label) => {
                let (label, flags) = (label.label(), binding_flags(*flags));
                format!("\"binding-sid\": {{\"type\": \"mpls\", \"label\": {label}{flags}}}")
            }
            BindingSid::Srv6(sid) => {
                format!(
                    "\"binding-sid\": {{\"type\": \"srv6\", \"sid\": \"{sid}\"{}}}",
                    binding_flags(*flags)
                )
            }
        },
        SrPolicySubTlv::ExplicitNull(policy) => format!("\"enlp\": {policy}"),
        SrPolicySubTlv::Priority(priority) => format!("\"priority\": {priority}"),
        SrPolicySubTlv::Srv6BindingSid { flags, sid } => {
            let flags = binding_flags(*flags);
            match sid.behavior {
                None if flags.is_empty() => format!("\"srv6-binding-sid\": \"{}\"", sid.sid),
                None => format!("\"srv6-binding-sid\": {{\"sid\": \"{}\"{flags}}}", sid.sid),
                Some(behavior) => format!(
                    "\"srv6-binding-sid\": {{\"sid\": \"{}\", {}{flags}}}",
                    sid.sid,
                    behavior_members(behavior)
                ),
            }
        }
        SrPolicySubTlv::CandidatePathName(name) => name_json("candidate-path-name", name),
        SrPolicySubTlv::PolicyName(name) => name_json("policy-name", name),
        SrPolicySubTlv::Unknown { code, value } => unknown_json("subtlv", *code, value),
        // Written together with its like.
        SrPolicySubTlv::SegmentList(_) => String::new(),
    }
}

/// The flags that mean something, as members behind others. ExaBGP does not tell of them.
fn binding_flags(flags: u8) -> String {
    let mut out = String::new();
    let names = [
        (BindingSid::SPECIFIED_ONLY, "specified-only"),
        (BindingSid::DROP_UPON_INVALID, "drop-upon-invalid"),
    ];
    for (flag, name) in names {
        if flags & flag != 0 {
            put!(out, ", \"{name}\": true");
        }
    }
    out
}

fn name_json(member: &str, name: &[u8]) -> String {
    let mut out = format!("\"{member}\": ");
    string(&mut out, &String::from_utf8_lossy(name));
    out
}

fn unknown_json(what: &str, code: u8, value: &[u8]) -> String {
    let mut out = format!("\"unknown-{what}-{code}\": \"");
    hex(&mut out, value);
    out.push('"');
    out
}

fn behavior_members(behavior: EndpointBehavior) -> String {
    let [block, node, function, argument] = behavior.lengths;
    let behavior = behavior.behavior;
    format!(
        "\"behavior\": {behavior}, \"lb-length\": {block}, \"ln-length\": {node}, \"fun-length\": {function}, \"arg-length\": {argument}"
    )
}

fn segment_list_json(out: &mut String, list: SegmentListView<'_>) {
    let (mut weight, mut segments, mut unknown) = (None, Vec::new(), Vec::new());
    for item in list.items() {
        match item {
            SegmentListItem::Weight(given) => weight = weight.or(Some(given)),
            SegmentListItem::Segment(segment) => segments.push(segment),
            SegmentListItem::Unknown { code, value } => unknown.push(unknown_json("segment", code, value)),
        }
    }
    put!(out, "{{\"weight\": {}, \"segments\": [", weight.unwrap_or(1));
    separated(out, ", ", segments, |out, segment| segment_json(out, &segment));
    out.push(']');
    unknown.iter().for_each(|member| put!(out, ", {member}"));
    out.push('}');
}

/// One part of a segment: its name in JSON, with underscores where ExaBGP has them; its word; its value, and whether JSON quotes it.
type Part<'a> = (&'static str, &'static str, &'a dyn Display, bool);

/// Hands over what a segment says of where it leads, in order, but for its SID.
fn parts(kind: &SegmentKind, each: &mut dyn FnMut(Part<'_>)) {
    let interfaces = |each: &mut dyn FnMut(Part<'_>), local: &Interface, remote: &Interface| {
        each(("local_if_id", "local-if-id", &local.id, false));
        each(("local_ipv6", "local-ipv6", &local.node, true));
        each(("remote_if_id", "remote-if-id", &remote.id, false));
        each(("remote_ipv6", "remote-ipv6", &remote.node, true));
    };
    let algorithm = match kind {
        SegmentKind::A(label) => {
            each(("label", "mpls", &label.label(), false));
            None
        }
        SegmentKind::B(_) => None,
        SegmentKind::C(algorithm, node, _) => {
            each(("ipv4_node", "ipv4", node, true));
            Some(algorithm)
        }
        SegmentKind::D(algorithm, node, _) | SegmentKind::I(algorithm, node, _) => {
            each(("ipv6_node", "ipv6", node, true));
            Some(algorithm)
        }
        SegmentKind::E(id, node, _) => {
            each(("local_if_id", "local-if-id", id, false));
            each(("ipv4_node", "ipv4", node, true));
            None
        }
        SegmentKind::F(local, remote, _) => {
            each(("local_ipv4", "local", local, true));
            each(("remote_ipv4", "remote", remote, true));
            None
        }
        SegmentKind::G(local, remote, _) => {
            interfaces(each, local, remote);
            None
        }
        SegmentKind::J(algorithm, local, remote, _) => {
            interfaces(each, local, remote);
            Some(algorithm)
        }
        SegmentKind::H(local, remote, _) => {
            each(("local_ipv6", "local", local, true));
            each(("remote_ipv6", "remote", remote, true));
            None
        }
        SegmentKind::K(algorithm, local, remote, _) => {
            each(("local_ipv6", "local", local, true));
            each(("remote_ipv6", "remote", remote, true));
            Some(algorithm)
        }
    };
    if let Some(algorithm) = algorithm {
        each(("algorithm", "algorithm", algorithm, false));
    }
}

/// The SRv6 SID of a segment.
fn srv6(kind: &SegmentKind) -> Option<Srv6Sid> {
    match kind {
        SegmentKind::B(sid) => Some(*sid),
        SegmentKind::I(_, _, sid) => *sid,
        SegmentKind::J(_, _, _, sid) | SegmentKind::K(_, _, _, sid) => *sid,
        _ => None,
    }
}

fn segment_json(out: &mut String, segment: &SrSegment) {
    put!(out, "{{\"type\": \"{}\"", segment.letter());
    parts(&segment.kind, &mut |(name, _, value, quoted)| {
        let quote = if quoted { "\"" } else { "" };
        put!(out, ", \"{name}\": {quote}{value}{quote}");
    });
    if let Some(label) = segment.label() {
        put!(out, ", \"sid\": {}", label.label());
    }
    if let SegmentKind::A(label) | SegmentKind::C(_, _, Some(label)) = segment.kind {
        let (class, bottom, ttl) = (label.traffic_class(), label.is_bottom(), label.ttl());
        put!(out, ", \"tc\": {class}, \"s\": {bottom}, \"ttl\": {ttl}");
    }
    if let Some(Srv6Sid { sid, behavior }) = srv6(&segment.kind) {
        put!(out, ", \"sid\": \"{sid}\"");
        if let Some(behavior) = behavior {
            put!(out, ", \"endpoint-behavior\": {{{}}}", behavior_members(behavior));
        }
    }
    if segment.flags & SrSegment::VERIFY != 0 {
        out.push_str(", \"verification\": true");
    }
    out.push('}');
}

/// Appends the attribute as the words behind a policy, a blank before each; false, and nothing, where words cannot say all of it.
pub(super) fn text(out: &mut String, attribute: &TunnelEncapsulation) -> bool {
    let tunnels: Vec<_> = attribute.view().tunnels().collect();
    let [tunnel] = tunnels.as_slice() else { return false };
    let (mut words, mut said) = (String::new(), Vec::new());
    for (sub_tlv, repeats) in sub_tlvs(*tunnel) {
        if repeats || !sub_tlv_text(&mut words, &sub_tlv) || !sub_tlv.encode(&mut said) {
            return false;
        }
    }
    // What was reserved and is not zero would be lost.
    let whole = tunnel.kind == SR_POLICY_TUNNEL && !words.is_empty() && said == tunnel.value;
    if whole {
        out.push_str(&words);
    }
    whole
}

fn sub_tlv_text(out: &mut String, sub_tlv: &SrPolicySubTlv<'_>) -> bool {
    match *sub_tlv {
        SrPolicySubTlv::Preference(preference) => put!(out, " preference {preference}"),
        SrPolicySubTlv::ExplicitNull(policy @ 1..=4) => put!(out, " enlp {policy}"),
        SrPolicySubTlv::Priority(priority) => put!(out, " priority {priority}"),
        SrPolicySubTlv::BindingSid { flags: 0, sid: BindingSid::Null } => out.push_str(" binding-sid null"),
        SrPolicySubTlv::BindingSid { flags: 0, sid: BindingSid::Label(label) }
            if label == LabelStackEntry::new(label.label()) =>
        {
            put!(out, " binding-sid mpls {}", label.label());
        }
        SrPolicySubTlv::Srv6BindingSid { flags, sid }
            if flags == if sid.behavior.is_some() { BindingSid::BEHAVIOR } else { 0 } =>
        {
            put!(out, " srv6-binding-sid {}", sid.sid);
            behavior_text(out, sid.behavior);
        }
        SrPolicySubTlv::CandidatePathName(name) => return name_text(out, "candidate-path-name", name),
        SrPolicySubTlv::PolicyName(name) => return name_text(out, "policy-name", name),
        SrPolicySubTlv::SegmentList(list) => return segment_list_text(out, list),
        _ => return false,
    }
    true
}

fn name_text(out: &mut String, word: &str, name: &[u8]) -> bool {
    let Ok(name) = core::str::from_utf8(name) else { return false };
    if name.is_empty() || name.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
        return false;
    }
    put!(out, " {word} \"{name}\"");
    true
}

fn segment_list_text(out: &mut String, list: SegmentListView<'_>) -> bool {
    out.push_str(" segment-list");
    for (place, item) in list.items().enumerate() {
        match item {
            SegmentListItem::Weight(weight) if place == 0 => put!(out, " weight {weight}"),
            SegmentListItem::Segment(segment) if is_sayable(&segment) => segment_text(out, &segment),
            _ => return false,
        }
    }
    true
}

/// Whether a segment that words say would have these flags, and this label.
fn is_sayable(segment: &SrSegment) -> bool {
    let label = match segment.kind {
        SegmentKind::A(label) => Some(label),
        _ => segment.label(),
    };
    segment.flags & !SrSegment::VERIFY == SrSegment::new(segment.kind).flags
        && label.is_none_or(|label| label == LabelStackEntry::new(label.label()))
}

fn segment_text(out: &mut String, segment: &SrSegment) {
    put!(out, " segment type-{}", segment.letter().to_ascii_lowercase());
    parts(&segment.kind, &mut |(_, word, value, _)| put!(out, " {word} {value}"));
    if let Some(label) = segment.label() {
        put!(out, " sid {}", label.label());
    }
    if let Some(Srv6Sid { sid, behavior }) = srv6(&segment.kind) {
        let word = if matches!(segment.kind, SegmentKind::B(_)) { "srv6" } else { "sid" };
        put!(out, " {word} {sid}");
        behavior_text(out, behavior);
    }
    if segment.flags & SrSegment::VERIFY != 0 {
        out.push_str(" verification");
    }
}

fn behavior_text(out: &mut String, behavior: Option<EndpointBehavior>) {
    if let Some(EndpointBehavior { behavior, lengths: [block, node, function, argument] }) = behavior {
        put!(out, " endpoint-behavior {behavior} {block} {node} {function} {argument}");
    }
}
