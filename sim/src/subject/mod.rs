//! What is under test: the reactors that ship, and the defective builds that re-create documented bugs.
//!
//! A [`Subject`] is found by its name, in scenarios' `[expect]` and on the command line. One more is a value in [`ALL`], and no arm
//! of any `match`. Most subjects are holdtime's own core on some reactor, and are written as a [`Reactor`]; a node that is
//! somebody else's implements [`Subject`] itself.

mod contract;
pub mod defective;
mod shipped;

use std::fmt;

pub use contract::{Defect, Deviation, MainTask, Reactor, RunOn, Start, Subject};

/// A subject of the registry.
pub type SubjectRef = &'static dyn Subject;

/// One loop, one wait over everything.
pub const POLL: SubjectRef = &shipped::Poll;
/// Tasks that wait for readiness.
pub const ASYNC: SubjectRef = &shipped::Async;
/// Those that ship.
pub const SHIPPED: [SubjectRef; 2] = [POLL, ASYNC];

/// The registry: every subject that comes with the lab, those that ship first.
pub const ALL: &[SubjectRef] = &[
    POLL,
    ASYNC,
    &defective::AwaitPeers,
    &defective::ReadFirst,
    &defective::SkipOutbound,
    &defective::RecvTimeout,
    &defective::NoEof,
    &defective::WallClock,
    &defective::SlowShow,
    &defective::NoHoldTimer,
    &defective::HastyKeepalive,
    &defective::WrongLoser,
];

/// The reactors: those that ship, and those whose tasks or their order deviate.
pub fn reactors() -> impl Iterator<Item = SubjectRef> {
    ALL.iter().copied().filter(|subject| matches!(subject.deviation(), Deviation::None | Deviation::Reactor))
}

/// Those that have a defect.
pub fn defective() -> impl Iterator<Item = SubjectRef> {
    ALL.iter().copied().filter(|subject| !subject.ships())
}

/// The names of all, in the registry's order.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|subject| subject.name()).collect()
}

/// The subject of this name.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<SubjectRef, UnknownSubject> {
    let found = ALL.iter().copied().find(|subject| subject.name() == name);
    found.ok_or_else(|| UnknownSubject(name.to_owned()))
}

/// A name that no subject has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSubject(String);

impl fmt::Display for UnknownSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = names();
        write!(f, "no reactor is called `{}`; there are {}", self.0, names.join(", "))?;
        match holdtime_core::grammar::nearest(&self.0, &names) {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownSubject {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn every_subject_is_found_by_its_name_and_no_other() {
        for subject in ALL {
            assert_eq!(find(subject.name()), Ok(*subject));
        }
        assert!(find("pol").unwrap_err().to_string().ends_with("did you mean `poll`?"));
    }

    #[test]
    fn every_scenario_that_comes_with_the_lab_expects_something_of_subjects_alone() {
        for name in scenario::embedded() {
            for (subject, _) in scenario::find(name).unwrap().expect {
                assert!(find(&subject).is_ok(), "{name}: {subject}");
            }
        }
    }
}
