//! The tables of a scenario's file, as TOML has them: words and numbers with their places, nothing checked.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) title: String,
    pub(super) source: Option<String>,
    pub(super) run_for: Spanned<String>,
    pub(super) faults: Option<Spanned<String>>,
    pub(super) speaker: Vec<SpeakerTable>,
    #[serde(default)]
    pub(super) peer: Vec<PeerTable>,
    #[serde(default)]
    pub(super) program: Vec<ProgramTable>,
    #[serde(default)]
    pub(super) client: Vec<ClientTable>,
    #[serde(default)]
    pub(super) network: NetworkTable,
    #[serde(default)]
    pub(super) prices: PricesTable,
    #[serde(default)]
    pub(super) bounds: BoundsTable,
    pub(super) up: Option<WindowTable>,
    pub(super) ends: Option<EndsTable>,
    #[serde(default)]
    pub(super) expect: toml::Table,
    /// What `crate::probe` reads, which judges other people's speakers by it.
    #[serde(rename = "probe")]
    pub(super) _probe: Option<de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SpeakerTable {
    pub(super) name: Option<Spanned<String>>,
    pub(super) address: Spanned<Addresses>,
    pub(super) config: Option<Spanned<String>>,
    pub(super) config_file: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) reloads: Vec<Spanned<String>>,
    pub(super) send_buffer: Option<Spanned<usize>>,
    pub(super) receive_buffer: Option<Spanned<usize>>,
    pub(super) mss: Option<Spanned<u16>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PeerTable {
    pub(super) name: Spanned<String>,
    /// Never `None` once [`crowd`](super::crowd) has seen to it.
    pub(super) address: Option<Spanned<Addresses>>,
    pub(super) on: Option<Spanned<String>>,
    pub(super) count: Option<Spanned<u32>>,
    #[serde(rename = "as")]
    pub(super) asn: u32,
    pub(super) as_step: Option<u32>,
    pub(super) router_id: Option<Ipv4Addr>,
    pub(super) send_buffer: Option<Spanned<usize>>,
    pub(super) receive_buffer: Option<Spanned<usize>>,
    pub(super) mss: Option<Spanned<u16>>,
    pub(super) script: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramTable {
    pub(super) run: Spanned<String>,
    pub(super) script: Option<Spanned<String>>,
    pub(super) real: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientTable {
    pub(super) name: Spanned<String>,
    pub(super) on: Option<Spanned<String>>,
    pub(super) script: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct NetworkTable {
    pub(super) latency: Option<Spanned<String>>,
    pub(super) syn_linear_timeouts: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PricesTable {
    pub(super) poll: Option<Spanned<String>>,
    pub(super) call: Option<Spanned<String>>,
    pub(super) byte: Option<Spanned<String>>,
    pub(super) route: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoundsTable {
    pub(super) route: Option<Spanned<String>>,
    pub(super) answer: Option<Spanned<String>>,
    pub(super) wakeups: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndsTable {
    pub(super) how: Spanned<String>,
    pub(super) at: Option<Spanned<String>>,
    pub(super) within: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WindowTable {
    pub(super) at: Spanned<String>,
    pub(super) within: Option<Spanned<String>>,
    pub(super) again_by: Option<Spanned<String>>,
}

/// One address, or several.
#[derive(Clone)]
pub(super) enum Addresses {
    One(IpAddr),
    Many(Vec<IpAddr>),
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyAddresses)
    }
}

/// Reads [`Addresses`], and says what is none.
struct AnyAddresses;

impl<'de> Visitor<'de> for AnyAddresses {
    type Value = Addresses;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an IP address such as \"10.0.0.2\", or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Addresses, E> {
        text.parse().map(Addresses::One).map_err(|_| no_address(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Addresses, A::Error> {
        let mut addresses = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            addresses.push(text.parse().map_err(|_| no_address(&text))?);
        }
        Ok(Addresses::Many(addresses))
    }
}

fn no_address<E: de::Error>(text: &str) -> E {
    E::custom(format_args!("`{text}` is no IP address, such as 10.0.0.2 or fd00::2"))
}

impl Addresses {
    /// Each of them.
    pub(super) fn all(&self) -> &[IpAddr] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Many(many) => many,
        }
    }
}
