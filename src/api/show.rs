//! What `show neighbor` says, from plain data: in a line, at length, and as JSON.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{Display, Write};
use core::net::{IpAddr, Ipv4Addr};

use crate::print::{put, separated};
use crate::wire::Family;

/// All that is known of a neighbor and its session. What depends on the peer is `None` until its OPEN is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighborAnswer {
    /// Our address.
    pub local_address: Option<IpAddr>,
    /// The peer's address.
    pub peer_address: IpAddr,
    /// Our AS number.
    pub local_as: Option<u32>,
    /// The peer's AS number.
    pub peer_as: Option<u32>,
    /// Our BGP identifier.
    pub local_id: Ipv4Addr,
    /// The peer's BGP identifier.
    pub peer_id: Option<Ipv4Addr>,
    /// The hold time that we offer, in seconds.
    pub local_hold: u16,
    /// The hold time that the peer offers, in seconds.
    pub peer_hold: Option<u16>,
    /// RFC 4271's name of the state, in capitals.
    pub state: &'static str,
    /// For how many seconds the session has been established; `None`: it is not.
    pub up: Option<u64>,
    /// For how many seconds it has not been.
    pub down: u64,
    /// What we and the peer offer.
    pub capabilities: Vec<Offer>,
    /// The families that are configured.
    pub families: Vec<FamilyStatus>,
    /// Messages, by type.
    pub messages: Vec<MessageCount>,
}

/// A capability, by ExaBGP's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: &'static str,
    /// Whether we offer it.
    pub local: bool,
    /// Whether the peer does.
    pub peer: Option<bool>,
}

/// A family of a neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyStatus {
    /// Which.
    pub family: Family,
    /// Whether it was negotiated.
    pub negotiated: Option<bool>,
    /// Whether we send several paths.
    pub add_path_send: Option<bool>,
    /// Whether we receive several paths.
    pub add_path_receive: Option<bool>,
}

/// How many messages of one type there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCount {
    /// Which type.
    pub name: &'static str,
    /// Sent in this session.
    pub sent: u64,
    /// Received in this session.
    pub received: u64,
}

/// What stands above the lines of `show neighbor summary`.
pub const SUMMARY_HEAD: &str = "Peer            AS        up/down state       |     #sent     #recvd";

impl NeighborAnswer {
    /// One line of `show neighbor summary`.
    pub fn summary(&self) -> String {
        let up = self.up.filter(|seconds| *seconds > 0).map_or_else(|| "down".to_string(), duration);
        let updates = self.messages.iter().find(|count| count.name == "update");
        let (sent, received) = updates.map_or((0, 0), |count| (count.sent, count.received));
        let state = self.state.to_lowercase();
        let peer_as = or_na(self.peer_as);
        format!(
            "{:<15} {peer_as:<7} {up:>9} {state:<12} {sent:>10} {received:>10}",
            self.peer_address.to_string()
        )
    }

    /// The lines of `show neighbor extensive`.
    pub fn extensive(&self) -> Vec<String> {
        let row = |name: &str, local: &dyn Display, peer: &dyn Display, last: &str| {
            format!("   {name:<20} {:>15} {:>15} {last:<15}", local.to_string(), peer.to_string())
        };
        let time = match self.up {
            Some(seconds) if seconds > 0 => row("up for", &duration(seconds), &"", ""),
            _ => row("down for", &duration(self.down), &"", ""),
        };
        let local_address =
            self.local_address.map_or_else(|| "None".to_string(), |address| address.to_string());
        let mut lines: Vec<String> = [
            format!("Neighbor {}", self.peer_address),
            String::new(),
            "    Session                       Local".to_string(),
            row("local", &local_address, &"", ""),
            row("state", &self.state, &"", ""),
            time,
            String::new(),
            "    Setup                         Local          Remote".to_string(),
            row("AS", &or_na(self.local_as), &or_na(self.peer_as), ""),
            row("ID", &self.local_id, &or_na(self.peer_id), ""),
            row("hold-time", &self.local_hold, &or_na(self.peer_hold), ""),
            String::new(),
            "    Capability                    Local          Remote".to_string(),
        ]
        .into();
        for offer in &self.capabilities {
            lines.push(row(
                &format!("{}:", offer.name),
                &enabled(Some(offer.local)),
                &enabled(offer.peer),
                "",
            ));
        }
        lines.push(String::new());
        lines.push("    Families                      Local          Remote        Add-Path".to_string());
        for status in &self.families {
            let add_path = add_path(status);
            lines.push(row(
                &format!("{}:", status.family),
                &"enabled",
                &enabled(status.negotiated),
                add_path,
            ));
        }
        lines.push(String::new());
        lines.push("    Message Statistic              Sent        Received".to_string());
        for count in self.counts() {
            lines.push(row(&format!("{}:", count.name), &count.sent, &count.received, ""));
        }
        lines.push(String::new());
        lines
    }

    /// Appends the object that describes this neighbor in JSON.
    pub fn json(&self, out: &mut String) {
        out.push('{');
        self.json_members(out);
        out.push('}');
    }

    /// Appends the members of that object, without its braces.
    pub fn json_members(&self, out: &mut String) {
        let up = self.up.filter(|seconds| *seconds > 0);
        let (state, duration) = up.map_or(("down", self.down), |seconds| ("up", seconds));
        put!(out, "\"state\": \"{state}\", \"duration\": {duration}, \"fsm\": \"{}\", ", self.state);
        let address = self.local_address.map_or_else(|| "None".to_string(), |address| address.to_string());
        self.side_json(
            out,
            "local",
            |offer| Some(offer.local),
            |_| Some(true),
            |family| family.add_path_send,
        );
        put!(out, "\"address\": \"{address}\", \"as\": {}, ", or_null(self.local_as));
        put!(out, "\"id\": \"{}\", \"hold\": {}}}, ", self.local_id, self.local_hold);
        self.side_json(
            out,
            "peer",
            |offer| offer.peer,
            |family| family.negotiated,
            |family| family.add_path_receive,
        );
        put!(out, "\"address\": \"{}\", \"as\": {}, ", self.peer_address, or_null(self.peer_as));
        match self.peer_id {
            Some(id) => put!(out, "\"id\": \"{id}\", "),
            None => put!(out, "\"id\": null, "),
        }
        put!(out, "\"hold\": {}}}, \"messages\": {{\"sent\": {{", or_null(self.peer_hold));
        separated(out, ", ", self.counts(), |out, count| put!(out, "\"{}\": {}", count.name, count.sent));
        out.push_str("}, \"received\": {");
        separated(out, ", ", self.counts(), |out, count| put!(out, "\"{}\": {}", count.name, count.received));
        out.push_str("}}, \"capabilities\": [");
        let common = self.capabilities.iter().filter(|offer| offer.peer == Some(true));
        separated(out, ", ", common, |out, offer| put!(out, "\"{}\"", offer.name));
        out.push_str("], \"families\": [");
        let common = self.families.iter().filter(|status| status.negotiated == Some(true));
        separated(out, ", ", common, |out, status| put!(out, "\"{}\"", status.family));
        out.push_str("], \"add-path\": {");
        separated(out, ", ", &self.families, |out, status| {
            put!(out, "\"{}\": \"{}\"", status.family, add_path(status));
        });
        out.push('}');
    }

    /// `"local": {"capabilities": {…}, "families": {…}, "add-path": {…}, `
    fn side_json(
        &self,
        out: &mut String,
        side: &str,
        offered: impl Fn(&Offer) -> Option<bool>,
        carried: impl Fn(&FamilyStatus) -> Option<bool>,
        paths: impl Fn(&FamilyStatus) -> Option<bool>,
    ) {
        put!(out, "\"{side}\": {{\"capabilities\": {{");
        separated(out, ", ", &self.capabilities, |out, offer| {
            put!(out, "\"{}\": {}", offer.name, or_null(offered(offer)));
        });
        out.push_str("}, \"families\": {");
        separated(out, ", ", &self.families, |out, status| {
            put!(out, "\"{}\": {}", status.family, or_null(carried(status)));
        });
        out.push_str("}, \"add-path\": {");
        separated(out, ", ", &self.families, |out, status| {
            put!(out, "\"{}\": {}", status.family, or_null(paths(status)));
        });
        out.push_str("}, ");
    }

    /// The messages by type, and all of them.
    fn counts(&self) -> impl Iterator<Item = MessageCount> {
        let total = self.messages.iter().fold(
            MessageCount { name: "total", sent: 0, received: 0 },
            |total, count| MessageCount {
                sent: total.sent + count.sent,
                received: total.received + count.received,
                ..total
            },
        );
        self.messages.iter().copied().chain([total])
    }
}

/// `1 day, 2:03:04`
fn duration(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        _ => format!("{days} days, {clock}"),
    }
}

fn enabled(value: Option<bool>) -> &'static str {
    match value {
        None => "n/a",
        Some(true) => "enabled",
        Some(false) => "disabled",
    }
}

fn add_path(status: &FamilyStatus) -> &'static str {
    match (status.add_path_send == Some(true), status.add_path_receive == Some(true)) {
        (true, true) => "send/receive",
        (true, false) => "send",
        (false, true) => "receive",
        (false, false) => "disabled",
    }
}

fn or_na(value: Option<impl Display>) -> String {
    value.map_or_else(|| "n/a".to_string(), |value| value.to_string())
}

fn or_null(value: Option<impl Display>) -> String {
    value.map_or_else(|| "null".to_string(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> NeighborAnswer {
        let offer = |name, local, peer| Offer { name, local, peer: Some(peer) };
        let count = |name, sent, received| MessageCount { name, sent, received };
        NeighborAnswer {
            local_address: Some(Ipv4Addr::LOCALHOST.into()),
            peer_address: Ipv4Addr::LOCALHOST.into(),
            local_as: Some(1),
            peer_as: Some(1),
            local_id: Ipv4Addr::new(1, 2, 3, 4),
            peer_id: Some(Ipv4Addr::new(1, 2, 3, 5)),
            local_hold: 180,
            peer_hold: Some(180),
            state: "ESTABLISHED",
            up: Some(3),
            down: 0,
            capabilities: [offer("asn4", true, true), offer("add-path", false, false)].into(),
            families: [FamilyStatus {
                family: Family::IPV4_UNICAST,
                negotiated: Some(true),
                add_path_send: Some(false),
                add_path_receive: Some(false),
            }]
            .into(),
            messages: [count("open", 1, 1), count("update", 2, 0)].into(),
        }
    }

    #[test]
    fn a_summary_is_a_line_under_its_head() {
        assert_eq!(
            status().summary(),
            "127.0.0.1       1         0:00:03 established           2          0"
        );
        let down = NeighborAnswer { up: None, state: "ACTIVE", peer_as: None, ..status() };
        assert_eq!(down.summary(), "127.0.0.1       n/a          down active                2          0");
    }

    #[test]
    fn at_length_what_both_sides_say_stands_side_by_side() {
        let lines = status().extensive();
        assert_eq!(lines.first().map(String::as_str), Some("Neighbor 127.0.0.1"));
        for line in [
            "   local                      127.0.0.1                                ",
            "   up for                       0:00:03                                ",
            "   ID                           1.2.3.4         1.2.3.5                ",
            "   asn4:                        enabled         enabled                ",
            "   ipv4 unicast:                enabled         enabled disabled       ",
            "   total:                             3               1                ",
        ] {
            assert!(lines.iter().any(|candidate| candidate == line), "{line}\n{lines:#?}");
        }
    }

    #[test]
    fn as_json_a_neighbor_is_one_object() {
        let mut out = String::new();
        status().json(&mut out);
        assert_eq!(
            out,
            "{\"state\": \"up\", \"duration\": 3, \"fsm\": \"ESTABLISHED\", \
             \"local\": {\"capabilities\": {\"asn4\": true, \"add-path\": false}, \"families\": {\"ipv4 unicast\": true}, \
             \"add-path\": {\"ipv4 unicast\": false}, \"address\": \"127.0.0.1\", \"as\": 1, \"id\": \"1.2.3.4\", \
             \"hold\": 180}, \
             \"peer\": {\"capabilities\": {\"asn4\": true, \"add-path\": false}, \"families\": {\"ipv4 unicast\": true}, \
             \"add-path\": {\"ipv4 unicast\": false}, \"address\": \"127.0.0.1\", \"as\": 1, \"id\": \"1.2.3.5\", \
             \"hold\": 180}, \
             \"messages\": {\"sent\": {\"open\": 1, \"update\": 2, \"total\": 3}, \"received\": {\"open\": 1, \
             \"update\": 0, \"total\": 1}}, \"capabilities\": [\"asn4\"], \"families\": [\"ipv4 unicast\"], \
             \"add-path\": {\"ipv4 unicast\": \"disabled\"}}"
        );
    }

    #[test]
    fn days_are_counted_beside_the_clock() {
        assert_eq!(duration(86_399), "23:59:59");
        assert_eq!(duration(90_061), "1 day, 1:01:01");
        assert_eq!(duration(2 * 86_400), "2 days, 0:00:00");
    }
}
