//! The suite's results as JUnit XML, one test suite a reactor.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::suite::CaseResult;

/// The whole file.
///
/// # Errors
/// A text that no XML can hold.
pub fn file(results: &[CaseResult]) -> Result<String, SerializeError> {
    let mut report = Report::new("holdtime suite");
    let mut suites: Vec<TestSuite> = Vec::new();
    for result in results {
        let mut status = TestCaseStatus::success();
        if !result.is_expected() {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!("{}, expected {}", result.code, result.expected));
            status.set_description(result.why.clone());
        }
        let mut case = TestCase::new(result.case.name.clone(), status);
        case.set_time(result.took);
        let name = result.reactor.name();
        match suites.iter_mut().find(|suite| suite.name.as_str() == name) {
            Some(suite) => {
                suite.add_test_case(case);
            }
            None => {
                let mut suite = TestSuite::new(name);
                suite.add_test_case(case);
                suites.push(suite);
            }
        }
    }
    report.add_test_suites(suites);
    report.to_string()
}
