//! What a sweep has found so far, and where it is kept.

use std::collections::BTreeMap;

use holdtime_sim::explore::{self, Assurance, Guide, Lineage, Played, Sweep};
use holdtime_sim::finding::{self, Finding};
use holdtime_sim::subject::SubjectRef;

use super::explore_args::ExploreArgs;
use crate::error::CliError;
use crate::lab::crew::Done;
use crate::lab::findings::{self, FindingsDir};

/// What was found so far, and where it is written to.
pub(super) struct Hunt {
    arguments: String,
    reactor: Option<SubjectRef>,
    pub(super) sweep: Sweep,
    /// The runs that came to no end.
    pub(super) endless: Vec<Endless>,
    pub(super) out: Option<FindingsDir>,
    /// What was reached so far, in a guided sweep.
    pub(super) guide: Option<Guide>,
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
    pub(super) fn new(args: &ExploreArgs, reactor: Option<SubjectRef>) -> Result<Self, CliError> {
        let arguments = args.canonical();
        let guide = args.guide.then(Guide::default);
        let out = args.out.as_deref().map(|path| FindingsDir::open(path, &arguments)).transpose()?;
        Ok(Self { arguments, reactor, sweep: Sweep::default(), endless: Vec::new(), out, guide })
    }

    /// How many runs were played, those without an end too.
    pub(super) fn runs(&self) -> u64 {
        self.sweep.runs + self.endless.len() as u64
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
    pub(super) fn take(
        &mut self,
        lineage: Lineage,
        done: Done<Result<Played, String>>,
    ) -> Result<(), CliError> {
        match done {
            Done::Came(played) => {
                let played = played.map_err(CliError::input)?;
                if let Some(key) = played.outcome.verdict.key() {
                    self.note(&lineage, (played.outcome.verdict.code(), key.as_str()))?;
                }
                if let Some(guide) = &mut self.guide {
                    guide.learn(&played);
                }
                self.sweep.add(played);
                Ok(())
            }
            Done::Panicked(message) => {
                let key = finding::panic_key(&message);
                self.lose(Endless { lineage, verdict: finding::PANICKED, message, key })
            }
            Done::Late => {
                let key = finding::late_key(self.reactor_of(&lineage)?);
                self.lose(Endless { lineage, verdict: finding::LATE, message: String::new(), key })
            }
        }
    }

    fn lose(&mut self, endless: Endless) -> Result<(), CliError> {
        self.note(&endless.lineage, (endless.verdict, &endless.key))?;
        self.endless.push(endless);
        Ok(())
    }

    fn reactor_of(&self, lineage: &Lineage) -> Result<SubjectRef, CliError> {
        Ok(match self.reactor {
            Some(reactor) => reactor,
            None => explore::drawn_reactor(&world(lineage)?),
        })
    }

    fn note(&mut self, lineage: &Lineage, (verdict, key): (&str, &str)) -> Result<(), CliError> {
        let reactor = self.reactor_of(lineage)?;
        let Some(out) = &mut self.out else { return Ok(()) };
        let name = finding::folder_name(verdict, key);
        if !out.has_counted(&name, &self.arguments) {
            let world = world(lineage)?;
            let command = again(lineage, reactor);
            let by = (findings::BUILD, command.as_str());
            let files = if [finding::PANICKED, finding::LATE].contains(&verdict) {
                Finding::without_end(&world, reactor, lineage, by, (verdict, key)).map(findings::owned)
            } else {
                Finding::of_world(&world, reactor, lineage, by)
                    .map(|(outcome, files)| findings::with_json(&outcome, files))
            };
            out.put(&name, &files.map_err(CliError::input)?)?;
        }
        out.count(&name, &self.arguments);
        Ok(())
    }
}

fn world(lineage: &Lineage) -> Result<explore::World, CliError> {
    explore::world_of(lineage).map_err(|mistake| CliError::input(mistake.to_string()))
}

/// The command that plays a world of a sweep again.
pub(super) fn again(lineage: &Lineage, reactor: SubjectRef) -> String {
    if !lineage.turns.is_empty() {
        return format!("holdtime explore --swarm --lineage {lineage} --reactor {reactor}");
    }
    let (seed, next) = (lineage.seed, lineage.seed.saturating_add(1));
    format!("holdtime explore --swarm --seeds {seed}..{next} --reactor {reactor}")
}
