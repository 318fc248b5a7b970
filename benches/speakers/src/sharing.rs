//! Routes to be announced, by how many of them share a set of attributes.

use crate::contender::prefix;

/// Which routes share attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SharingForm {
    All,
    Ten,
}

impl SharingForm {
    /// The command that announces the Nth route.
    pub(crate) fn route(self, n: u32) -> String {
        let prefix = prefix(n);
        let set = n / 10;
        match self {
            Self::All => format!("route {prefix} next-hop 10.0.0.1"),
            Self::Ten => format!(
                "route {prefix} next-hop 10.0.0.1 med {set} as-path [ 65001 {} {} ] community [ 65000:{} 65001:{} ]",
                64_512 + set % 1_000,
                100_000 + set,
                set % 65_536,
                set / 65_536
            ),
        }
    }

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Ten => "ten",
        }
    }
}
