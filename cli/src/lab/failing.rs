//! What `shrink` and `why` are given: a scenario that fails, as a file or as the folder of a finding.

use std::path::PathBuf;

use clap::Args;
use holdtime_machine::choices::{Choice, ChoiceSource, Strategy};
use holdtime_sim::finding::{Finding, SavedChoices};
use holdtime_sim::scenario::{Expected, Scenario};
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect, SubjectRef};

use super::{findings, run};
use crate::args;
use crate::error::CliError;

/// The arguments that name a run that fails.
#[derive(Debug, Args)]
pub(crate) struct FailingArgs {
    /// A scenario file that fails, such as `explore --dump SEED` prints, or the folder of a finding
    pub(crate) file: PathBuf,
    /// On which reactor it fails; without it, the finding's, or the first that the scenario expects a hang of, or names
    #[arg(long, value_name = "R")]
    reactor: Option<String>,
    /// From which seed, decimal or hexadecimal after 0x; without it, the finding's, or 0
    #[arg(long, value_name = "N", value_parser = args::seed)]
    seed: Option<u64>,
}

/// A run that is said to fail.
pub(super) struct Failing {
    pub(super) scenario: Scenario,
    pub(super) reactor: SubjectRef,
    pub(super) seed: u64,
    /// Its choices, where no seed draws them.
    pub(super) choices: Option<Vec<Choice>>,
}

impl Failing {
    /// Where its choices come from.
    pub(super) fn source(&self) -> ChoiceSource {
        self.choices.clone().map_or(ChoiceSource::Seed(self.seed), ChoiceSource::Adapted)
    }
}

impl FailingArgs {
    /// Reads what is named.
    ///
    /// # Errors
    /// What is wrong in it and where, or a reactor that there is not.
    pub(super) fn read(&self) -> Result<Failing, CliError> {
        if !self.file.is_dir() {
            let scenario = run::read_scenario(&self.file)?;
            let reactor = match &self.reactor {
                Some(name) => named(name)?,
                None => expected(&scenario),
            };
            return Ok(Failing { scenario, reactor, seed: self.seed.unwrap_or(0), choices: None });
        }
        let finding = findings::read(&self.file)?;
        let reactor = named(self.reactor.as_ref().unwrap_or(&finding.run.reactor))?;
        let seed = self.seed.unwrap_or(finding.run.lineage.seed);
        let choices = if self.seed.is_some() { None } else { needed(&finding, reactor) };
        Ok(Failing { scenario: finding.scenario, reactor, seed, choices })
    }
}

/// The choices of a finding, where its seed alone does not fail for the same reason.
fn needed(finding: &Finding, reactor: SubjectRef) -> Option<Vec<Choice>> {
    let SavedChoices::Recorded(choices) = finding.run.choices.clone() else { return None };
    let (play, drawn) = (&finding.scenario.play, finding.run.lineage.choices(Strategy::Uniform));
    let run = Run { play, subject: reactor, defect: Defect::Present, choices: drawn };
    let key = run.go().ok()?.verdict.key().map(|key| key.to_string());
    (key.as_deref() != Some(&finding.run.key)).then_some(choices)
}

pub(super) fn named(name: &String) -> Result<SubjectRef, CliError> {
    let named = run::parse_reactors(std::slice::from_ref(name))?;
    named.first().copied().ok_or_else(|| CliError::input("which reactor?"))
}

/// The reactor that the scenario expects a hang of first, or else names first.
pub(super) fn expected(scenario: &Scenario) -> SubjectRef {
    let is_hang = |expected: &Expected| matches!(expected, Expected::Hang(_));
    let hangs = scenario.expect.iter().find(|(_, expected)| is_hang(expected));
    let named = hangs.or_else(|| scenario.expect.first());
    named.and_then(|(name, _)| subject::find(name).ok()).unwrap_or(subject::POLL)
}
