//! The functional suite: cases in ExaBGP's `.ci`/`.msg` format, run in the lab on every reactor.

mod case;
mod case_result;
mod table;

pub use case::{Case, CaseError, CaseKind, Folder, LIMIT, OwnCases, read_cases};
pub use case_result::CaseResult;
pub use table::{Score, expected_code};
