//! Which neighbors a command is for: `neighbor 192.0.2.1 local-as 65000, neighbor *`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

/// What a neighbor is known by to the commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighborName {
    /// The peer's address, as `neighbor` names it.
    pub peer_address: IpAddr,
    /// Our address; `None` while the system is to choose it.
    pub local_address: Option<IpAddr>,
    /// Our AS number; `None`: the peer's.
    pub local_as: Option<u32>,
    /// The peer's AS number; `None`: whatever its OPEN says.
    pub peer_as: Option<u32>,
    /// Our BGP identifier; `None` while it is to be taken from our address.
    pub router_id: Option<core::net::Ipv4Addr>,
    /// `in-open`; with multisession the families joined, such as `ipv4-unicast/ipv6-unicast`.
    pub family_allowed: String,
}

impl core::fmt::Display for NeighborName {
    /// The line by which `show` names a neighbor.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "neighbor {} local-ip {}", self.peer_address, or(self.local_address, "None"))?;
        write!(f, " local-as {} peer-as {}", or(self.local_as, "auto"), or(self.peer_as, "auto"))?;
        write!(f, " router-id {} family-allowed {}", or(self.router_id, "None"), self.family_allowed)
    }
}

/// `value`, or what stands for its absence.
fn or<T: ToString>(value: Option<T>, absent: &str) -> String {
    value.map_or_else(|| absent.to_string(), |value| value.to_string())
}

/// What a selector may ask of a neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term<'a> {
    Address(&'a str),
    LocalIp(&'a str),
    LocalAs(&'a str),
    PeerAs(&'a str),
    RouterId(&'a str),
    FamilyAllowed(&'a str),
}

/// What may stand before the value of a term, after the neighbor's address.
pub(super) const KEYS: [&str; 5] = ["local-ip", "local-as", "peer-as", "router-id", "family-allowed"];

impl<'a> Term<'a> {
    fn new(key: &str, value: &'a str) -> Option<Self> {
        Some(match key {
            "neighbor" => Self::Address(value),
            "local-ip" => Self::LocalIp(value),
            "local-as" => Self::LocalAs(value),
            "peer-as" => Self::PeerAs(value),
            "router-id" => Self::RouterId(value),
            "family-allowed" => Self::FamilyAllowed(value),
            _ => return None,
        })
    }

    fn matches(self, name: &NeighborName) -> bool {
        match self {
            Self::Address(text) => text == "*" || text.parse() == Ok(name.peer_address),
            Self::LocalIp(text) => name.local_address.is_some_and(|address| text.parse() == Ok(address)),
            Self::LocalAs(text) => same(text, name.local_as),
            Self::PeerAs(text) => same(text, name.peer_as),
            Self::RouterId(text) => name.router_id.is_some_and(|id| text.parse() == Ok(id)),
            Self::FamilyAllowed(text) => text == name.family_allowed,
        }
    }
}

/// Whether `text` is the number `asn`, or both say that there is none.
fn same(text: &str, asn: Option<u32>) -> bool {
    asn.map_or(text == "auto", |asn| text.parse() == Ok(asn))
}

/// The neighbors that a command is for: those that fulfil every term of one of its alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selectors<'a> {
    alternatives: Vec<Vec<Term<'a>>>,
}

impl<'a> Selectors<'a> {
    /// Takes the selectors from the front of a normalised line; returns them and the rest, the command itself.
    ///
    /// Without any the command is for all neighbors. `None`: a selector without its value.
    pub fn take(line: &'a str) -> Option<(Self, &'a str)> {
        let mut rest = line;
        let mut alternatives = Vec::new();
        let mut another = rest.starts_with("neighbor ");
        while another {
            let mut terms = Vec::new();
            while let Some((key, after)) = rest.split_once(' ') {
                let (value, remainder) = after.split_once(' ').unwrap_or((after, ""));
                let Some(term) = Term::new(key, value) else { break };
                terms.push(term);
                rest = remainder;
            }
            if rest.is_empty() {
                return None;
            }
            if !terms.is_empty() {
                alternatives.push(terms);
            }
            let after = rest.strip_prefix(", ");
            another = after.is_some();
            rest = after.unwrap_or(rest);
        }
        Some((Self { alternatives }, rest))
    }

    /// Whether no neighbor was named, so that the command is for all of them.
    pub fn is_empty(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// Whether the command is for this neighbor.
    pub fn matches(&self, name: &NeighborName) -> bool {
        self.is_empty() || self.alternatives.iter().any(|terms| fulfils(terms, name))
    }
}

/// Whether the neighbor is all that `terms` ask for. What follows `neighbor *` is not looked at: that is everybody.
fn fulfils(terms: &[Term<'_>], name: &NeighborName) -> bool {
    let decisive = terms.iter().find(|term| **term == Term::Address("*") || !term.matches(name));
    decisive.is_none_or(|term| term.matches(name))
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;
    use crate::api::line::normalise;

    fn neighbor() -> NeighborName {
        NeighborName {
            peer_address: Ipv4Addr::new(192, 0, 2, 1).into(),
            local_address: Some(Ipv4Addr::new(192, 0, 2, 254).into()),
            local_as: Some(65_000),
            peer_as: None,
            router_id: Some(Ipv4Addr::new(10, 0, 0, 1)),
            family_allowed: "in-open".to_string(),
        }
    }

    /// Whether `line` is for [`neighbor`], and its command.
    fn selected(line: &str) -> (bool, String) {
        let line = normalise(line);
        let (selectors, rest) = Selectors::take(&line).expect("a command follows");
        (selectors.matches(&neighbor()), rest.to_string())
    }

    #[test]
    fn a_neighbor_is_selected_by_everything_it_is_known_by() {
        for (line, expected) in [
            ("version", true),
            ("neighbor * version", true),
            ("neighbor 192.0.2.1 version", true),
            ("neighbor 192.0.2.2 version", false),
            ("neighbor 192.0.2.1 local-ip 192.0.2.254 local-as 65000 version", true),
            ("neighbor 192.0.2.1 local-as 1 version", false),
            ("neighbor 192.0.2.1 peer-as auto router-id 10.0.0.1 family-allowed in-open version", true),
            ("neighbor 192.0.2.1 family-allowed ipv4-unicast version", false),
            ("neighbor 192.0.2.2, neighbor 192.0.2.1 version", true),
            ("neighbor 192.0.2.2 , neighbor 192.0.2.1 local-as 1 version", false),
            ("neighbor nobody version", false),
            ("neighbor 192.0.2.2, local-as 65000 router-id 10.0.0.1 version", true),
            ("neighbor 192.0.2.2, local-as 65001 version", false),
            ("neighbor * local-as 65001 version", true),
            ("neighbor 192.0.2.2 neighbor * version", false),
        ] {
            assert_eq!(selected(line), (expected, "version".to_string()), "{line}");
        }
    }

    #[test]
    fn a_selector_without_a_command_is_refused() {
        assert_eq!(Selectors::take("neighbor 192.0.2.1"), None);
        assert_eq!(Selectors::take("neighbor "), None);
    }

    #[test]
    fn a_neighbor_is_named_by_all_it_is_known_by() {
        assert_eq!(
            neighbor().to_string(),
            "neighbor 192.0.2.1 local-ip 192.0.2.254 local-as 65000 peer-as auto router-id 10.0.0.1 \
             family-allowed in-open"
        );
    }
}
