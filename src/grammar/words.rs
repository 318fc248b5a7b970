//! The word that was probably meant.

use alloc::vec::Vec;

/// What other routers, and older ExaBGPs, call something.
const ELSEWHERE: &[(&str, &str)] = &[
    ("rt", "target"),
    ("route-target", "target"),
    ("soo", "origin"),
    ("site-of-origin", "origin"),
    ("drop", "discard"),
    ("reject", "discard"),
    ("permit", "accept"),
    ("ttl-security", "incoming-ttl"),
    ("password", "md5-password"),
    ("md5", "md5-password"),
    ("remote-as", "peer-as"),
    ("update-source", "local-address"),
    ("metric", "med"),
    ("group", "template"),
    ("refresh", "route-refresh"),
    ("l3vpn", "mpls-vpn"),
    ("vpnv4", "mpls-vpn"),
    ("labeled-unicast", "nlri-mpls"),
    ("labelled-unicast", "nlri-mpls"),
    ("flowspec", "flow"),
];

/// The candidate that was probably meant by `word`: the nearest by edit distance where one is near enough, else the one
/// that it is another name of, or that it begins.
pub fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    by_distance(word, candidates)
        .or_else(|| {
            let (_, meant) = ELSEWHERE.iter().find(|(name, _)| *name == word)?;
            candidates.iter().copied().find(|candidate| candidate == meant)
        })
        .or_else(|| {
            let mut longer = candidates.iter().copied().filter(|candidate| candidate.starts_with(word));
            longer.next().filter(|_| word.len() >= 3 && longer.next().is_none())
        })
}

fn by_distance<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    // A long word is no typing mistake, and the distance takes the product of both lengths.
    if word.len() > 40 {
        return None;
    }
    let allowed = (word.len() / 3).max(1);
    let measured = candidates.iter().map(|candidate| (distance(word, candidate), *candidate));
    measured
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many characters must be inserted, removed, replaced or swapped with the next to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, x) in a.chars().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i + 1);
        for (j, (y, diagonal)) in b.iter().zip(&last).enumerate() {
            let above = last.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let left = row.last().copied().unwrap_or(i + 1);
            let mut best = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            let before = j.checked_sub(1).and_then(|k| Some((b.get(k)?, before_last.get(k)?)));
            if let (Some((other, swapped)), Some(previous)) = (before, previous)
                && x == *other
                && previous == *y
            {
                best = best.min(swapped + 1);
            }
            row.push(best);
        }
        before_last = core::mem::replace(&mut last, row);
        previous = Some(x);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let words = ["next-hop", "med", "local-preference", "peer-as"];
        assert_eq!(nearest("nexthop", &words), Some("next-hop"));
        assert_eq!(nearest("local-prefrence", &words), Some("local-preference"));
        assert_eq!(nearest("peer-sa", &words), Some("peer-as"));
        assert_eq!(nearest("bogus", &words), None);
    }

    #[test]
    fn the_beginning_of_one_word_alone_is_recognised() {
        let words = ["local-preference", "local-address", "large-community"];
        assert_eq!(nearest("local-pref", &words), Some("local-preference"));
        assert_eq!(nearest("local", &words), None);
        assert_eq!(nearest("la", &words), None);
    }

    #[test]
    fn another_routers_word_is_recognised_where_ours_is_possible() {
        assert_eq!(nearest("drop", &["accept", "discard"]), Some("discard"));
        assert_eq!(nearest("drop", &["accept", "mark"]), None);
    }

    #[test]
    fn distances_count_single_edits() {
        for (a, b, expected) in [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 1)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
