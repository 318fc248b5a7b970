//! What says whether two runs fail for the same reason.

use std::fmt;

use crate::certificate::chain::{Certificate, CertificateEnd, Link, WaitKind};
use crate::certificate::verdict::{SESSION, Standstill, Verdict};
use crate::oracle::{Alarm, Creditor};

/// The reason of a failure without names, times and texts of scripts: two runs that share it fail for the same reason.
///
/// One line of text: the oracle, its clause, the creditor's role, the kinds of the waits along the chain, and how it ends. What a silent peer
/// waits for itself is no part of it. Of a run that did not finish, the role of who did not, and what that waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Verdict {
    /// What says whether another run fails for the same reason; `None` if nothing failed.
    pub fn key(&self) -> Option<Key> {
        Some(Key(match self {
            Self::Pass => return None,
            Self::Hang { alarm, certificate } => of_hang(alarm, certificate),
            // How a session ends is the reason; when is not.
            Self::Failed { who, why } if who == SESSION => {
                format!("failed: {}", why.split(" at ").next().unwrap_or(why))
            }
            Self::Failed { who, .. } => format!("failed: {}", role(who)),
            Self::Crashed(_) => "crashed".to_owned(),
            Self::Unfinished { standstill, .. } => {
                let Standstill { who, on, certificate } = standstill;
                format!("unfinished: {} > {on} > {}", role(who), story(&certificate.links, certificate))
            }
        }))
    }
}

fn of_hang(alarm: &Alarm, certificate: &Certificate) -> String {
    let creditor = match alarm.creditor {
        Creditor::Session(_) => "peer",
        Creditor::Program(_) => "program",
        Creditor::Machine => "machine",
    };
    let told = story(certificate.links.get(1..).unwrap_or_default(), certificate);
    format!("{} ({}) {creditor} > {told}", alarm.oracle.code(), alarm.clause)
}

/// The kinds of the waits along a chain, and how it ends.
fn story(links: &[Link], certificate: &Certificate) -> String {
    let mut waits: Vec<String> = Vec::new();
    let silent = links.iter().find_map(|Link { kind, .. }| {
        waits.push(kind.to_string());
        matches!(kind, WaitKind::Bytes | WaitKind::BytesForAWhile).then(|| "silence".to_owned())
    });
    let end = silent.unwrap_or_else(|| match &certificate.end {
        CertificateEnd::Circle(_) => "circle".to_owned(),
        CertificateEnd::Inert { reason, .. } => reason.to_string(),
        CertificateEnd::CanAct(_) => "can act".to_owned(),
    });
    let chain: String = waits.into_iter().map(|wait| format!("{wait} > ")).collect();
    chain + &end
}

/// What somebody is, from what they are called: `program announce` is a program.
fn role(who: &str) -> &str {
    match who.split(' ').next() {
        Some(role @ ("peer" | "program" | "client")) => role,
        _ => "speaker",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_part_of_a_key_and_a_pass_has_none() {
        let failed = |who: &str| Verdict::Failed { who: who.to_owned(), why: "a text".to_owned() }.key();
        assert_eq!(failed("peer left"), failed("peer right"));
        assert_ne!(failed("peer left"), failed("program left"));
        assert_eq!(Verdict::Pass.key(), None);
    }

    #[test]
    fn how_a_session_ended_is_part_of_a_key_and_when_is_not() {
        let ended =
            |how: &str| Verdict::Failed { who: SESSION.to_owned(), why: format!("it ended with {how}") };
        let key = ended("NOTIFICATION 4/0 at 91.2s").key();
        assert_eq!(key, ended("NOTIFICATION 4/0 at 92s").key());
        assert_ne!(key, ended("NOTIFICATION 8/0 at 91.2s").key());
    }
}
