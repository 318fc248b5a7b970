//! What a sweep has found so far, and where it is kept.

use std::collections::{BTreeMap, BTreeSet};

use holdtime_machine::choices::Strategy;
use holdtime_sim::explore::{Assurance, Counted, ExploredWorld, Ground, Guide, Lineage, Played, Sweep};
use holdtime_sim::finding::{self, Finding};
use holdtime_sim::subject::SubjectRef;

use super::explore_args::ExploreArgs;
use crate::error::CliError;
use crate::lab::crew::{Crew, Done};
use crate::lab::findings::{self, FindingsDir};
use crate::progress::Progress;

/// What was found so far, and where it is written to.
pub(super) struct Hunt {
    arguments: String,
    pub(super) ground: Ground,
    /// What is swept on the command line: `--swarm`, or the scenario's file.
    what: String,
    pub(super) sweep: Sweep,
    /// The runs that came to no end.
    pub(super) endless: Vec<Endless>,
    pub(super) out: Option<FindingsDir>,
    /// What was reached so far, in a guided sweep.
    pub(super) guide: Option<Guide>,
    /// The names of the findings so far, each once.
    found: BTreeSet<String>,
}

/// A run that came to no end.
pub(super) struct Endless {
    pub(super) lineage: Lineage,
    /// [`finding::PANICKED`] or [`finding::LATE`].
    pub(super) verdict: &'static str,
    /// What this program said when it panicked; nothing where the run was late.
    pub(super) message: String,
    /// Why, without numbers.
    key: String,
}

impl Hunt {
    pub(super) fn new(args: &ExploreArgs, ground: Ground) -> Result<Self, CliError> {
        let arguments = args.canonical(&ground);
        let what = args.what();
        let guide = args.guide.then(Guide::default);
        let out = args.out.as_deref().map(|path| FindingsDir::open(path, &arguments)).transpose()?;
        let (sweep, endless, found) = (Sweep::default(), Vec::new(), BTreeSet::new());
        Ok(Self { arguments, ground, what, sweep, endless, out, guide, found })
    }

    /// Plays these runs, takes in what came of them, and says how the sweep stands meanwhile.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub(super) fn drain(
        &mut self,
        crew: &Crew<Lineage, Result<Played, String>>,
        runs: impl Iterator<Item = Lineage>,
        progress: &Progress,
    ) -> Result<(), CliError> {
        crew.drain(runs, progress, |run, done| {
            self.take(run, done)?;
            progress.beside(|| self.standing());
            Ok(())
        })
    }

    /// How the sweep stands: what was found, and what was reached.
    fn standing(&self) -> String {
        let found = match self.found.len() {
            1 => "1 distinct finding".to_owned(),
            count => format!("{count} distinct findings"),
        };
        let all = Counted::all().count();
        let seen = all - self.sweep.census.missing().count();
        let reached = self.guide.as_ref().map(|guide| format!(", {} points", guide.reached()));
        format!("{found}, {seen} of {all} kinds exercised{}", reached.unwrap_or_default())
    }

    /// How many runs were played, those without an end too.
    pub(super) fn runs(&self) -> u64 {
        self.sweep.runs + self.endless.len() as u64
    }

    /// What the sweep, which is at its end, was to show and did not. Variations of a scenario show what it has.
    pub(super) fn unexercised(&self) -> impl Iterator<Item = Counted> {
        let is_swarm = self.ground.scenario.is_none();
        self.sweep.unexercised().filter(move |_| is_swarm)
    }

    /// What the runs so far are worth.
    pub(super) fn assurance(&self) -> Assurance {
        let mut reasons: BTreeMap<String, u64> = self.sweep.reasons();
        for endless in &self.endless {
            *reasons.entry(endless.key.clone()).or_default() += 1;
        }
        Assurance::of(self.runs(), reasons.into_values())
    }

    /// Takes in what came of a run; the first of its key is written at once.
    ///
    /// # Errors
    /// It cannot be written. It counts among what was found all the same.
    pub(super) fn take(
        &mut self,
        lineage: Lineage,
        done: Done<Result<Played, String>>,
    ) -> Result<(), CliError> {
        match done {
            Done::Came(played) => {
                let played = played.map_err(CliError::input)?;
                let verdict = &played.outcome.verdict;
                let noted = verdict.key().map(|key| self.note(&lineage, (verdict.code(), key.as_str())));
                if let Some(guide) = &mut self.guide {
                    guide.learn(&played);
                }
                self.sweep.add(played);
                noted.unwrap_or(Ok(()))
            }
            Done::Panicked(message) => {
                let key = finding::panic_key(&message);
                self.lose(Endless { lineage, verdict: finding::PANICKED, message, key })
            }
            Done::Late => {
                let key = finding::late_key(self.ground.reactor(&self.world(&lineage)?));
                self.lose(Endless { lineage, verdict: finding::LATE, message: String::new(), key })
            }
        }
    }

    fn lose(&mut self, endless: Endless) -> Result<(), CliError> {
        let noted = self.note(&endless.lineage, (endless.verdict, &endless.key));
        self.endless.push(endless);
        noted
    }

    /// The command that plays a run again.
    pub(super) fn again(&self, lineage: &Lineage, reactor: SubjectRef) -> String {
        let Self { what, ground, .. } = self;
        let strategy = match ground.strategy {
            Strategy::Uniform => String::new(),
            strategy => format!(" --strategy {}", strategy.name()),
        };
        let which = if lineage.turns.is_empty() {
            format!("--seeds {}..{}", lineage.seed, lineage.seed.saturating_add(1))
        } else {
            format!("--lineage {lineage}")
        };
        format!("holdtime explore {what} {which} --reactor {reactor}{strategy}")
    }

    fn world(&self, lineage: &Lineage) -> Result<ExploredWorld, CliError> {
        self.ground.world(lineage).map_err(|mistake| CliError::input(mistake.to_string()))
    }

    fn note(&mut self, lineage: &Lineage, (verdict, key): (&str, &str)) -> Result<(), CliError> {
        let name = finding::folder_name(verdict, key);
        self.found.insert(name.clone());
        if self.out.as_ref().is_some_and(|out| !out.has_counted(&name, &self.arguments)) {
            let world = self.world(lineage)?;
            let reactor = self.ground.reactor(&world);
            let command = self.again(lineage, reactor);
            let by = (findings::BUILD, command.as_str());
            let files = if [finding::PANICKED, finding::LATE].contains(&verdict) {
                Finding::without_end(&self.ground, &world, lineage, by, (verdict, key)).map(findings::owned)
            } else {
                Finding::of_run(&self.ground, &world, lineage, by)
                    .map(|(outcome, files)| findings::with_json(&outcome, files))
            };
            let files = files.map_err(CliError::input)?;
            self.out.as_ref().map_or(Ok(()), |out| out.put(&name, &files))?;
        }
        if let Some(out) = &mut self.out {
            out.count(&name, &self.arguments);
        }
        Ok(())
    }
}
