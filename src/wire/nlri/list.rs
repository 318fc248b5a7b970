//! The NLRI of one field, owned: mostly plain prefixes, which stand side by side and take no more room than they need.

use alloc::vec::Vec;

use super::super::error::BufferFull;
use super::super::family::Safi;
use super::super::prefix::{Ipv4Prefix, Ipv6Prefix, Prefix};
use super::super::writer::Writer;
use super::{Nlri, PathNlri, Routes};

/// The NLRI of one field, in order.
///
/// Unicast prefixes of one address family without path identifiers are kept as such, in 5 octets or 17 each; everything else as
/// [`PathNlri`], in 32 and what these point to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NlriList(Kept);

/// Two lists of the same NLRI are kept alike: `Any` is empty, or holds something that no other variant could.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kept {
    Ipv4(Vec<Ipv4Prefix>),
    Ipv6(Vec<Ipv6Prefix>),
    Any(Vec<PathNlri>),
}

impl Default for Kept {
    fn default() -> Self {
        Self::Any(Vec::new())
    }
}

impl NlriList {
    /// How many there are.
    pub const fn len(&self) -> usize {
        match &self.0 {
            Kept::Ipv4(run) => run.len(),
            Kept::Ipv6(run) => run.len(),
            Kept::Any(all) => all.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds one behind the others.
    pub fn push(&mut self, route: PathNlri) {
        let plain = match route {
            PathNlri { path_id: None, nlri: Nlri::Unicast(prefix) } => Some(prefix),
            _ => None,
        };
        match (&mut self.0, plain) {
            (Kept::Ipv4(run), Some(Prefix::V4(prefix))) => run.push(prefix),
            (Kept::Ipv6(run), Some(Prefix::V6(prefix))) => run.push(prefix),
            (Kept::Any(all), Some(Prefix::V4(prefix))) if all.is_empty() => {
                self.0 = Kept::Ipv4(Vec::from([prefix]));
            }
            (Kept::Any(all), Some(Prefix::V6(prefix))) if all.is_empty() => {
                self.0 = Kept::Ipv6(Vec::from([prefix]));
            }
            (Kept::Any(all), _) => all.push(route),
            (Kept::Ipv4(_) | Kept::Ipv6(_), _) => {
                self.0 = Kept::Any(self.iter().chain([route]).collect());
            }
        }
    }

    /// The NLRI, in order.
    pub fn iter(&self) -> impl Iterator<Item = PathNlri> {
        let (ipv4, ipv6, any) = match &self.0 {
            Kept::Ipv4(run) => (run.as_slice(), &[][..], &[][..]),
            Kept::Ipv6(run) => (&[][..], run.as_slice(), &[][..]),
            Kept::Any(all) => (&[][..], &[][..], all.as_slice()),
        };
        let ipv4 = ipv4.iter().map(|prefix| Nlri::Unicast((*prefix).into()).into());
        let ipv6 = ipv6.iter().map(|prefix| Nlri::Unicast((*prefix).into()).into());
        ipv4.chain(ipv6).chain(any.iter().cloned())
    }

    /// Writes all of them, each with its path identifier where `add_path` says so; one that is not set is written as 0.
    ///
    /// # Errors
    ///
    /// As [`Nlri::encode`].
    #[inline]
    pub fn encode(&self, add_path: bool, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        match &self.0 {
            Kept::Any(all) => all.iter().try_for_each(|route| route.encode(add_path, out)),
            _ if add_path => self.iter().try_for_each(|route| route.encode(add_path, out)),
            Kept::Ipv4(run) => out.slots(run.iter().copied(), Ipv4Prefix::fill),
            Kept::Ipv6(run) => out.slots(run.iter().copied(), Ipv6Prefix::fill),
        }
    }
}

impl Extend<PathNlri> for NlriList {
    fn extend<I: IntoIterator<Item = PathNlri>>(&mut self, routes: I) {
        routes.into_iter().for_each(|route| self.push(route));
    }
}

impl FromIterator<PathNlri> for NlriList {
    fn from_iter<I: IntoIterator<Item = PathNlri>>(routes: I) -> Self {
        let mut list = Self::default();
        list.extend(routes);
        list
    }
}

impl From<Routes<'_>> for NlriList {
    fn from(routes: Routes<'_>) -> Self {
        let unicast = routes.family().safi == Safi::UNICAST;
        match (routes.ipv4(), routes.ipv6()) {
            _ if routes.is_empty() => Self::default(),
            (Some(prefixes), _) if unicast => Self(Kept::Ipv4(exactly(prefixes))),
            (_, Some(prefixes)) if unicast => Self(Kept::Ipv6(exactly(prefixes))),
            _ => Self(Kept::Any(exactly(routes.map(PathNlri::from)))),
        }
    }
}

/// Collects without room to spare: what is kept, is kept for long. Counting first costs less than growing.
fn exactly<T>(items: impl Iterator<Item = T> + Clone) -> Vec<T> {
    let mut all = Vec::with_capacity(items.clone().count());
    all.extend(items);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};

    fn ipv4(third: u8) -> PathNlri {
        let prefix = Ipv4Prefix::new(Ipv4Addr::new(10, 0, third, 0), 24).unwrap();
        Nlri::Unicast(prefix.into()).into()
    }

    fn ipv6() -> PathNlri {
        Nlri::Unicast(Ipv6Prefix::new(Ipv6Addr::LOCALHOST, 128).unwrap().into()).into()
    }

    #[test]
    fn a_list_gives_back_what_was_put_in_whatever_it_is() {
        let with_path = PathNlri { path_id: Some(7), ..ipv4(1) };
        let lists = [
            Vec::new(),
            Vec::from([ipv4(1), ipv4(2)]),
            Vec::from([ipv6(), ipv6()]),
            Vec::from([ipv4(1), ipv6(), ipv4(2)]),
            Vec::from([ipv6(), with_path.clone(), ipv6()]),
            Vec::from([with_path, ipv4(1)]),
        ];
        for list in lists {
            let kept: NlriList = list.iter().cloned().collect();
            assert_eq!(kept.len(), list.len());
            assert_eq!(kept.iter().collect::<Vec<_>>(), list);
        }
    }

    #[test]
    fn a_path_identifier_that_is_wanted_and_missing_is_written_as_zero() {
        let list: NlriList = [ipv4(1)].into_iter().collect();
        let mut buffer = [0xff; 8];
        let mut out = Writer::new(&mut buffer);
        list.encode(true, &mut out).unwrap();
        assert_eq!(out.written(), [0, 0, 0, 0, 24, 10, 0, 1]);
    }
}
