//! What the log says of a peer's UPDATEs that are not as they should be: each kind of mistake once a session.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;

use super::event::Severity;
use crate::wire::Treatment;
use crate::wire::treatment::Problem;

/// What the log has been told of a session's UPDATEs: what was wrong, and by which clause.
pub(super) type Complaints = BTreeSet<(&'static str, &'static str)>;

/// What the log says of an UPDATE that is not as it should be. A peer that goes on like that is named once.
pub(super) fn complaint(known: &mut Complaints, problem: &Problem) -> (Severity, String) {
    let is_new = known.insert((problem.error.what, problem.clause));
    let severity = if is_new { Severity::Warning } else { Severity::Debug };
    let text = match problem.treatment {
        Treatment::Disable => {
            format!("UPDATE, {problem}; its routes are forgotten, and ignored until the session ends")
        }
        _ => format!("UPDATE, {problem}"),
    };
    (severity, text)
}
