//! What programs are owed, and owe.

use alloc::format;
use alloc::string::{String, ToString};

use super::super::obligation::{Obligation, ObligationKind as Kind, Party};
use super::instance::{Instance, ProgramPhase};

/// What a run owes, or is owed.
pub(super) fn obligation(instance: &Instance) -> Option<Obligation> {
    let by_us = |kind, what: &str, clause| owed(instance, true, kind, what.to_string(), clause);
    let by_it = |kind, what: &str, clause| owed(instance, false, kind, what.to_string(), clause);
    Some(match instance.phase {
        ProgramPhase::Starting => by_us(Kind::Start, "its start", "the configuration's process"),
        ProgramPhase::Leaving(_) => {
            let what = match instance.cut {
                true => "ending, since it has closed its standard output",
                false => "reading what waits for it before it ends",
            };
            by_it(Kind::Exit, what, "API: 100 ms before SIGTERM")
        }
        ProgramPhase::Terminated(_) => by_it(Kind::Exit, "ending after SIGTERM", "API: 2 s before SIGKILL"),
        ProgramPhase::Killed => by_it(Kind::Exit, "ending after SIGKILL", "API"),
        ProgramPhase::Ended(_) => {
            let waits_for = Some("the end of its standard output".to_string());
            let owed = by_us(Kind::Reading, "reading what it wrote before it ended", "API: 1 s");
            Obligation { waits_for, ..owed }
        }
        ProgramPhase::Running => return while_running(instance),
    })
}

fn while_running(instance: &Instance) -> Option<Obligation> {
    let (asked, octets) = (instance.unanswered_since(), instance.output.len());
    let unread = !instance.output.has_room();
    if let Some(since) = asked {
        let what = "an answer to its command".to_string();
        let unread = unread.then(|| format!("the program to read its standard input ({octets} octets wait)"));
        let effects = || instance.held.map(|_| "peers to be handed what it has caused".to_string());
        let waits_for = unread.or_else(effects);
        let owed = owed(instance, true, Kind::Answer, what, "API: every command is answered");
        return Some(Obligation { waits_for, since, ..owed });
    }
    unread.then(|| {
        let what = format!("reading the {octets} octets that wait for it");
        let owed = owed(instance, false, Kind::Reading, what, "API: a program reads what it asked for");
        Obligation { since: instance.taken, ..owed }
    })
}

/// What we owe the program, or it owes us, since the run is as it is.
fn owed(instance: &Instance, by_us: bool, kind: Kind, what: String, clause: &'static str) -> Obligation {
    let program = Party::Program(instance.name.clone());
    let (debtor, creditor) = if by_us { (Party::Speaker, program) } else { (program, Party::Speaker) };
    let (since, until) = (instance.since, instance.deadline());
    Obligation { debtor, creditor, kind, what, waits_for: None, since, until, clause }
}
