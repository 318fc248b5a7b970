//! A neighbor as the configuration would write it, for `show neighbor configuration`: ExaBGP's order and words.

use alloc::string::{String, ToString};
use core::fmt::{Display, Write};

use super::{AddPath, Messages, Neighbor, SendHoldSetting, Subscription};

impl Neighbor {
    /// The neighbor's section, every option written out, without its routes.
    pub fn to_text(&self) -> String {
        let mut text = Text::default();
        text.open("neighbor", &self.peer);
        text.option("description", &format_args!("\"{}\"", self.description.as_deref().unwrap_or_default()));
        text.option("router-id", &self.router_id);
        text.option("host-name", &or_none(self.host_name.as_deref()));
        text.option("domain-name", &or_none(self.domain_name.as_deref()));
        text.option(
            "local-address",
            &self.local_address.map_or_else(|| "auto".to_string(), |ip| ip.to_string()),
        );
        if let Some(address) = self.local_link_local {
            text.option("local-link-local", &address);
        }
        text.option("source-interface", &or_none(self.source_interface.as_deref()));
        text.option("local-as", &or_auto(self.local_as));
        text.option("peer-as", &or_auto(self.peer_as));
        text.option("hold-time", &self.hold_time);
        text.option(
            "rate-limit",
            &self.rate_limit.map_or_else(|| "disable".to_string(), |rate| rate.to_string()),
        );
        text.option("manual-eor", &self.manual_eor);
        text.line("");
        text.option("passive", &self.passive);
        if let Some(port) = self.listen {
            text.option("listen", &port);
        }
        if let Some(port) = self.connect {
            text.option("connect", &port);
        }
        text.option("group-updates", &self.group_updates);
        text.option("auto-flush", &self.auto_flush);
        text.option("adj-rib-in", &self.adj_rib_in);
        text.option("adj-rib-out", &self.adj_rib_out);
        if let Some(md5) = &self.md5 {
            text.option("md5-password", &format_args!("\"{}\"", md5.password));
        }
        text.option("md5-base64", &self.md5.as_ref().is_some_and(|md5| md5.base64));
        if let Some(address) = self.md5.as_ref().and_then(|md5| md5.address).or(self.local_address) {
            text.option("md5-ip", &format_args!("\"{address}\""));
        }
        if let Some(ttl) = self.outgoing_ttl {
            text.option("outgoing-ttl", &ttl);
        }
        if let Some(ttl) = self.incoming_ttl {
            text.option("incoming-ttl", &ttl);
        }
        self.own_options_text(&mut text);
        self.keys_text(&mut text);
        self.capabilities_text(&mut text);
        self.families_text(&mut text);
        self.api.iter().for_each(|subscription| subscription_text(&mut text, subscription));
        text.close();
        text.out
    }

    /// What ExaBGP 5 does not know, where it is not at its default.
    fn own_options_text(&self, text: &mut Text) {
        match self.send_hold {
            SendHoldSetting::Recommended => {}
            SendHoldSetting::Disabled => text.option("send-hold-time", &"disable"),
            SendHoldSetting::Seconds(seconds) => text.option("send-hold-time", &seconds),
        }
        if let Some(seconds) = self.delay_open {
            text.option("delay-open-time", &seconds);
        }
        for (name, on) in [
            ("flow-whole-prefix", self.flow_whole_prefix),
            ("flow-inner-path-identifier", self.flow_inner_path_identifier),
        ] {
            if on {
                text.option(name, &true);
            }
        }
    }

    /// The keys of TCP-AO, without their passwords.
    fn keys_text(&self, text: &mut Text) {
        for key in &self.tcp_ao {
            text.open("tcp-ao", &"");
            if key.send_id == key.receive_id {
                text.option("keyid", &key.send_id);
            } else {
                text.option("send-id", &key.send_id);
                text.option("receive-id", &key.receive_id);
            }
            text.option("algorithm", &key.algorithm.name());
            text.close();
        }
    }

    fn capabilities_text(&self, text: &mut Text) {
        let capabilities = &self.capabilities;
        let graceful = capabilities.graceful_restart;
        let switch = |on: bool| if on { "enable" } else { "disable" };
        text.open("capability", &"");
        text.option("asn4", &switch(capabilities.asn4));
        text.option("route-refresh", &switch(capabilities.route_refresh));
        text.option(
            "graceful-restart",
            &graceful.map_or_else(|| "disable".to_string(), |time| time.to_string()),
        );
        text.option("software-version", &switch(capabilities.software_version));
        // What is not ExaBGP's, or not in its text, where it is not at its default.
        if !capabilities.extended_message {
            text.option("extended-message", &switch(false));
        }
        if capabilities.graceful_notification {
            text.option("graceful-notification", &switch(true));
        }
        if let Some(seconds) = capabilities.long_lived {
            text.option("long-lived-graceful-restart", &seconds);
        }
        if capabilities.link_local_next_hop {
            text.option("link-local-nexthop", &switch(true));
        }
        text.option("nexthop", &switch(capabilities.next_hop));
        text.option(
            "add-path",
            &match capabilities.add_path {
                AddPath::Disabled => "disable",
                AddPath::Receive => "receive",
                AddPath::Send => "send",
                AddPath::Both => "send/receive",
            },
        );
        text.option("multi-session", &switch(capabilities.multi_session));
        text.option("operational", &switch(capabilities.operational));
        text.option("aigp", &switch(capabilities.aigp));
        text.close();
    }

    fn families_text(&self, text: &mut Text) {
        text.open("family", &"");
        self.families.iter().for_each(|family| text.statement(family));
        text.close();
        text.open("nexthop", &"");
        self.next_hops.iter().for_each(|(family, afi)| text.statement(&format_args!("{family} {afi}")));
        text.close();
        text.open("add-path", &"");
        self.add_paths.iter().for_each(|family| text.statement(family));
        text.close();
    }
}

fn subscription_text(text: &mut Text, subscription: &Subscription) {
    text.open("api", &"");
    text.option("processes", &format_args!("[ {} ]", subscription.process));
    for (name, wanted) in [
        ("neighbor-changes", subscription.neighbor_changes),
        ("negotiated", subscription.negotiated),
        ("fsm", subscription.fsm),
        ("signal", subscription.signal),
    ] {
        if wanted {
            text.statement(&name);
        }
    }
    messages_text(text, "receive", &subscription.receive);
    messages_text(text, "send", &subscription.send);
    text.close();
}

fn messages_text(text: &mut Text, direction: &str, messages: &Messages) {
    if *messages == Messages::default() {
        return;
    }
    text.open(direction, &"");
    for (name, wanted) in [
        ("packets", messages.packets),
        ("parsed", messages.parsed),
        ("consolidate", messages.consolidate),
        ("notification", messages.notification),
        ("open", messages.open),
        ("keepalive", messages.keepalive),
        ("update", messages.update),
        ("refresh", messages.refresh),
        ("operational", messages.operational),
    ] {
        if wanted {
            text.statement(&name);
        }
    }
    text.close();
}

/// Python's word for what is not configured.
fn or_none(value: Option<&str>) -> &str {
    value.unwrap_or("None")
}

fn or_auto(asn: Option<u32>) -> String {
    asn.map_or_else(|| "auto".to_string(), |asn| asn.to_string())
}

/// Sections in sections, two blanks further in each.
#[derive(Default)]
struct Text {
    out: String,
    depth: usize,
}

impl Text {
    fn line(&mut self, line: &str) {
        if !line.is_empty() {
            self.out.extend(core::iter::repeat_n("  ", self.depth));
            self.out.push_str(line);
        }
        self.out.push('\n');
    }

    fn statement(&mut self, statement: &dyn Display) {
        self.line(&alloc::format!("{statement};"));
    }

    fn option(&mut self, name: &str, value: &dyn Display) {
        self.statement(&format_args!("{name} {value}"));
    }

    fn open(&mut self, name: &str, value: &dyn Display) {
        let mut line = String::from(name);
        let _ = write!(line, " {value}");
        self.line(&alloc::format!("{} {{", line.trim_end()));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.line("}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, ConfigText, Settings};
    use super::*;

    #[test]
    fn a_neighbor_is_written_as_a_section_with_every_option() {
        let config = "process prog { run /bin/cat; encoder json; }
            neighbor 127.0.0.1 {
                router-id 1.2.3.4; local-address 127.0.0.1; local-as 1; peer-as 1; group-updates false;
                family { ipv4 unicast; }
                capability { route-refresh enable; operational enable; graceful-restart 120; }
                api { processes [ prog ]; neighbor-changes; receive { parsed; update; } }
            }";
        let file = ConfigText { name: "a.conf".to_string(), text: config.to_string() };
        let config = Config::parse(&file, &Settings::default()).expect("a valid configuration");
        let text = config.neighbors.first().expect("a neighbor").to_text();
        assert_eq!(
            text,
            "neighbor 127.0.0.1 {
  description \"\";
  router-id 1.2.3.4;
  host-name None;
  domain-name None;
  local-address 127.0.0.1;
  source-interface None;
  local-as 1;
  peer-as 1;
  hold-time 180;
  rate-limit disable;
  manual-eor false;

  passive false;
  group-updates false;
  auto-flush true;
  adj-rib-in true;
  adj-rib-out true;
  md5-base64 false;
  md5-ip \"127.0.0.1\";
  capability {
    asn4 enable;
    route-refresh enable;
    graceful-restart 120;
    software-version disable;
    nexthop disable;
    add-path disable;
    multi-session disable;
    operational enable;
    aigp disable;
  }
  family {
    ipv4 unicast;
  }
  nexthop {
  }
  add-path {
  }
  api {
    processes [ prog ];
    neighbor-changes;
    receive {
      parsed;
      update;
    }
  }
}
"
        );
    }
}
