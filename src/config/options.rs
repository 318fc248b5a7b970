//! The statements of a neighbor or a template: its options, and the sections in it.

use alloc::string::{String, ToString};
use core::net::{IpAddr, Ipv6Addr};

use super::neighbor::{AddPath, SendHoldSetting};
use super::partial::{Graceful, Partial, PartialCapabilities, kept};
use super::route_section::RouteSection;
use super::{api, families, tcp_ao};
use crate::grammar::{
    Cursor, Result, SyntaxError, Token, address_and_length, asn, decimal, operational, unexpected, unknown,
};

const OPTIONS: &[&str] = &[
    "inherit",
    "description",
    "host-name",
    "domain-name",
    "router-id",
    "hold-time",
    "rate-limit",
    "local-address",
    "local-link-local",
    "source-interface",
    "peer-address",
    "local-as",
    "peer-as",
    "passive",
    "listen",
    "connect",
    "outgoing-ttl",
    "incoming-ttl",
    "md5-password",
    "md5-base64",
    "md5-ip",
    "group-updates",
    "auto-flush",
    "adj-rib-out",
    "adj-rib-in",
    "manual-eor",
    "send-hold-time",
    "delay-open-time",
    "flow-whole-prefix",
    "flow-inner-path-identifier",
];

const SECTIONS: &[&str] = &[
    "family",
    "capability",
    "tcp-ao",
    "add-path",
    "nexthop",
    "api",
    "static",
    "flow",
    "l2vpn",
    "operational",
    "announce",
];

/// Reads one statement or section, but for one of routes: that is only named.
pub(super) fn statement(
    cursor: &mut Cursor<'_>,
    keyword: &Token<'_>,
    partial: &mut Partial,
) -> Result<Option<RouteSection>> {
    match keyword.text.as_ref() {
        "family" => families::section(cursor, "family", &mut partial.families),
        "add-path" => families::section(cursor, "add-path", &mut partial.add_paths),
        "nexthop" => {
            cursor.block("nexthop", |c, keyword| families::next_hop(c, &keyword, &mut partial.next_hops))
        }
        "capability" => {
            cursor.block("capability", |c, keyword| capability(c, &keyword, &mut partial.capabilities))
        }
        "tcp-ao" => {
            partial.tcp_ao.push(tcp_ao::section(cursor, keyword)?);
            Ok(())
        }
        "api" => api::section(cursor, &mut partial.api),
        "static" => return Ok(Some(RouteSection::Static)),
        "flow" => return Ok(Some(RouteSection::Flow)),
        "l2vpn" => return Ok(Some(RouteSection::L2vpn)),
        "announce" => return Ok(Some(RouteSection::Announce)),
        "operational" => cursor.block("operational", |cursor, keyword| {
            partial.operational.push(operational::message(cursor, &keyword)?);
            Ok(())
        }),
        _ => {
            option(cursor, keyword, partial)?;
            cursor.end_statement()
        }
    }?;
    Ok(None)
}

/// Reads one option, up to its `;`.
fn option(cursor: &mut Cursor<'_>, keyword: &Token<'_>, partial: &mut Partial) -> Result<()> {
    macro_rules! set {
        ($field:ident, $value:expr) => {{
            let value = $value;
            partial.$field.set(cursor, keyword, value);
        }};
    }
    match keyword.text.as_ref() {
        "inherit" => {
            cursor.list("a template's name", |cursor| {
                partial.inherits.push(kept(&cursor.word("a template's name")?));
                Ok(())
            })?;
            if !cursor.at_end()? {
                let expected = "`;`, or several names in brackets, such as `[ one two ]`";
                return Err(unexpected(cursor.peek()?).expected(expected));
            }
        }
        "description" => set!(description, cursor.rest_of_statement()?),
        "host-name" => set!(host_name, host_name(cursor)?),
        "domain-name" => set!(domain_name, host_name(cursor)?),
        "router-id" => set!(router_id, cursor.ipv4("a router id")?),
        "hold-time" => set!(hold_time, hold_time(cursor)?),
        "rate-limit" => set!(rate_limit, rate_limit(cursor)?),
        "local-address" => set!(local_address, local_address(cursor)?),
        "local-link-local" => set!(local_link_local, link_local(cursor)?),
        "source-interface" => set!(source_interface, cursor.word("an interface's name")?.text.to_string()),
        "peer-address" => {
            set!(peer_address, cursor.value("a peer's address", "an IP address", address_and_length)?);
        }
        "local-as" => set!(local_as, auto_asn(cursor)?),
        "peer-as" => set!(peer_as, auto_asn(cursor)?),
        "passive" => set!(passive, cursor.boolean(true)?),
        "listen" => set!(listen, port(cursor)?),
        "connect" => set!(connect, port(cursor)?),
        "outgoing-ttl" => set!(outgoing_ttl, ttl(cursor)?),
        "incoming-ttl" => set!(incoming_ttl, ttl(cursor)?),
        "md5-password" => {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
            set!(md5_password, cursor.value("a password", "a password, in quotes or not", some)?);
        }
        "md5-base64" => set!(md5_base64, base64_switch(cursor)?),
        "md5-ip" => set!(md5_ip, cursor.ip()?),
        "group-updates" => set!(group_updates, cursor.boolean(true)?),
        "auto-flush" => set!(auto_flush, cursor.boolean(true)?),
        // Named without a value, these three are off.
        "adj-rib-out" => set!(adj_rib_out, cursor.boolean(false)?),
        "adj-rib-in" => set!(adj_rib_in, cursor.boolean(false)?),
        "manual-eor" => set!(manual_eor, cursor.boolean(false)?),
        "send-hold-time" => set!(send_hold, send_hold(cursor)?),
        "delay-open-time" => {
            set!(delay_open, cursor.number("a delay", "a number of seconds up to 65535")?);
        }
        "flow-whole-prefix" => set!(flow_whole_prefix, cursor.boolean(true)?),
        "flow-inner-path-identifier" => set!(flow_inner_path_identifier, cursor.boolean(true)?),
        _ => return Err(unknown(keyword, "an option of a neighbor", &[OPTIONS, SECTIONS].concat())),
    }
    Ok(())
}

fn capability(
    cursor: &mut Cursor<'_>,
    keyword: &Token<'_>,
    capabilities: &mut PartialCapabilities,
) -> Result<()> {
    const CAPABILITIES: &[&str] = &[
        "nexthop",
        "add-path",
        "asn4",
        "graceful-restart",
        "graceful-notification",
        "long-lived-graceful-restart",
        "multi-session",
        "operational",
        "route-refresh",
        "aigp",
        "extended-message",
        "software-version",
        "link-local-nexthop",
        "link-local-prefer",
    ];
    const ADD_PATHS: &[(&str, AddPath)] = &[
        ("disable", AddPath::Disabled),
        ("disabled", AddPath::Disabled),
        ("receive", AddPath::Receive),
        ("send", AddPath::Send),
        ("send/receive", AddPath::Both),
    ];
    macro_rules! set {
        ($field:ident, $value:expr) => {{
            let value = $value;
            capabilities.$field.set(cursor, keyword, value);
        }};
    }
    match keyword.text.as_ref() {
        "nexthop" => set!(next_hop, cursor.boolean(true)?),
        "add-path" => set!(add_path, cursor.choice("a direction of ADD-PATH", ADD_PATHS)?),
        "asn4" => set!(asn4, cursor.boolean(true)?),
        "graceful-restart" => set!(graceful_restart, graceful(cursor)?),
        "graceful-notification" => set!(graceful_notification, cursor.boolean(true)?),
        "long-lived-graceful-restart" => set!(long_lived, long_lived(cursor)?),
        "multi-session" => set!(multi_session, cursor.boolean(true)?),
        "operational" => set!(operational, cursor.boolean(true)?),
        "route-refresh" => set!(route_refresh, cursor.boolean(true)?),
        "aigp" => set!(aigp, cursor.boolean(true)?),
        "extended-message" => set!(extended_message, cursor.boolean(true)?),
        // Named without a value, it is off.
        "software-version" => set!(software_version, cursor.boolean(false)?),
        "link-local-nexthop" => set!(link_local_next_hop, cursor.boolean(true)?),
        // ExaBGP 6 reads it and does nothing else with it.
        "link-local-prefer" => {
            if cursor.boolean(true)? {
                let problem = "this has no effect: nothing is forwarded here, so no next hop is preferred";
                cursor.warn(SyntaxError::new(keyword.span, problem));
            }
        }
        _ => return Err(unknown(keyword, "a capability", CAPABILITIES)),
    }
    cursor.end_statement()
}

/// Whether `text` switches something off.
fn disables(text: &str) -> bool {
    matches!(text, "disable" | "disabled")
}

fn graceful(cursor: &mut Cursor<'_>) -> Result<Graceful> {
    if cursor.at_end()? {
        return Ok(Graceful::HoldTime);
    }
    cursor.value("a restart time", "a number of seconds from 0 to 4095, or `disable`", |text| {
        match decimal(text) {
            Some(0) => Some(Graceful::HoldTime),
            Some(seconds) => (seconds < 4096).then_some(Graceful::Seconds(seconds)),
            None => disables(text).then_some(Graceful::Disabled),
        }
    })
}

fn long_lived(cursor: &mut Cursor<'_>) -> Result<Option<u32>> {
    let expected = "a number of seconds from 1 to 16777215, or `disable`";
    cursor.value("a long-lived stale time", expected, |text| match decimal(text) {
        Some(seconds) => (1..1 << 24).contains(&seconds).then_some(Some(seconds)),
        None => disables(text).then_some(None),
    })
}

/// A host's or domain's name: letters, digits, `.` and `-`, at most 255 octets.
fn host_name(cursor: &mut Cursor<'_>) -> Result<String> {
    cursor.value("a name", "letters, digits, single `.` and `-`, a letter or digit at both ends", |text| {
        let ends = [text.chars().next()?, text.chars().next_back()?];
        let possible = ends.iter().all(char::is_ascii_alphanumeric)
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
            && !text.contains("..")
            && text.len() <= 255;
        possible.then(|| text.to_string())
    })
}

fn hold_time(cursor: &mut Cursor<'_>) -> Result<u16> {
    let possible = |text: &str| decimal(text).filter(|seconds| !(1..3).contains(seconds));
    cursor.value("a hold time", "0, or a number of seconds from 3 to 65535", possible)
}

fn rate_limit(cursor: &mut Cursor<'_>) -> Result<Option<u32>> {
    let expected = "a number of UPDATEs a second from 1, or `disable`";
    cursor.value("a rate", expected, |text| match decimal::<u64>(text) {
        Some(0) => None,
        Some(rate) => Some(Some(u32::try_from(rate).unwrap_or(u32::MAX))),
        None => disables(&text.to_ascii_lowercase()).then_some(None),
    })
}

fn local_address(cursor: &mut Cursor<'_>) -> Result<Option<IpAddr>> {
    cursor.value("a local address", "an IP address or `auto`", |text| match text {
        "auto" => Some(None),
        text => text.parse().ok().map(Some),
    })
}

fn link_local(cursor: &mut Cursor<'_>) -> Result<Ipv6Addr> {
    let link_local = |text: &str| text.parse().ok().filter(Ipv6Addr::is_unicast_link_local);
    cursor.value("a link-local address", "an IPv6 address of fe80::/10", link_local)
}

fn auto_asn(cursor: &mut Cursor<'_>) -> Result<Option<u32>> {
    cursor.value("an AS number", "a number from 0 to 4294967295, <high>.<low> or `auto`", |text| match text {
        "auto" => Some(None),
        text => asn(text).map(Some),
    })
}

/// 0 stands for none, as if nothing was said.
fn port(cursor: &mut Cursor<'_>) -> Result<Option<u16>> {
    let port = |text: &str| decimal(text).map(|port| Some(port).filter(|port| *port != 0));
    cursor.value("a port", "a number from 0 to 65535", port)
}

fn ttl(cursor: &mut Cursor<'_>) -> Result<Option<u8>> {
    cursor.value("a TTL", "a number from 0 to 255, or `disable`", |text| match decimal(text) {
        Some(ttl) => Some(Some(ttl)),
        None => (disables(text) || text == "false").then_some(None),
    })
}

/// `None` is `auto`.
fn base64_switch(cursor: &mut Cursor<'_>) -> Result<Option<bool>> {
    if cursor.eat_word("auto")? { Ok(None) } else { cursor.boolean(false).map(Some) }
}

fn send_hold(cursor: &mut Cursor<'_>) -> Result<SendHoldSetting> {
    cursor.value("a send hold time", "a number of seconds, `disable` or `auto`", |text| match decimal(text) {
        Some(0) => Some(SendHoldSetting::Disabled),
        Some(seconds) => Some(SendHoldSetting::Seconds(seconds)),
        None if disables(text) => Some(SendHoldSetting::Disabled),
        None => (text == "auto").then_some(SendHoldSetting::Recommended),
    })
}
