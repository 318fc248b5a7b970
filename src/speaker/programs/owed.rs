//! What programs are owed, and owe.

use alloc::format;
use alloc::string::{String, ToString};

use super::super::obligation::{Obligation, ObligationKind as Kind, Party};
use super::instance::{Instance, Phase};

/// What a run owes, or is owed.
pub(super) fn obligation(instance: &Instance) -> Option<Obligation> {
    let program = Party::Program(instance.name.clone());
    let asked = instance.unanswered_since();
    let since = match instance.phase {
        Phase::Running => asked.unwrap_or(instance.since),
        _ => instance.since,
    };
    let owes = |debtor, creditor, kind, what: String, waits_for: Option<String>, clause| {
        Some(Obligation {
            debtor,
            creditor,
            kind,
            what,
            waits_for,
            since,
            until: instance.deadline(),
            clause,
        })
    };
    match instance.phase {
        Phase::Starting => owes(
            Party::Speaker,
            program,
            Kind::Start,
            "its start".to_string(),
            None,
            "the configuration's process",
        ),
        Phase::Leaving(_) => owes(
            program,
            Party::Speaker,
            Kind::Exit,
            match instance.cut {
                true => "ending, since it has closed its standard output".to_string(),
                false => "reading what waits for it before it ends".to_string(),
            },
            None,
            "API: 100 ms before SIGTERM",
        ),
        Phase::Terminated(_) => owes(
            program,
            Party::Speaker,
            Kind::Exit,
            "ending after SIGTERM".to_string(),
            None,
            "API: 2 s before SIGKILL",
        ),
        Phase::Killed => {
            owes(program, Party::Speaker, Kind::Exit, "ending after SIGKILL".to_string(), None, "API")
        }
        Phase::Ended(_) => owes(
            Party::Speaker,
            program,
            Kind::Reading,
            "reading what it wrote before it ended".to_string(),
            Some("the end of its standard output".to_string()),
            "API: 1 s",
        ),
        Phase::Running if asked.is_some() => {
            let unread = (!instance.output.has_room()).then(|| {
                format!("the program to read its standard input ({} octets wait)", instance.output.len())
            });
            let effects = || instance.held.map(|_| "peers to be handed what it has caused".to_string());
            let waiting = unread.or_else(effects);
            owes(
                Party::Speaker,
                program,
                Kind::Answer,
                "an answer to its command".to_string(),
                waiting,
                "API: every command is answered",
            )
        }
        Phase::Running if !instance.output.has_room() => owes(
            program,
            Party::Speaker,
            Kind::Reading,
            format!("reading the {} octets that wait for it", instance.output.len()),
            None,
            "API: a program reads what it asked for",
        )
        .map(|owed| Obligation { since: instance.taken, ..owed }),
        Phase::Running => None,
    }
}
