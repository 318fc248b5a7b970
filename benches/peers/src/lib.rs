//! holdtime's codec beside those of other crates: adapters that visit every value with each of them, the contest of their speed, and
//! the [`differential`] comparison of what they make of messages that nobody drew.

pub mod bgpkit;
pub mod contest;
pub mod differential;
pub mod encoding;
pub mod floors;
pub mod netgauze;
pub mod ours;
pub mod routecore;
pub mod rustbgpd;
pub mod zettabgp;
