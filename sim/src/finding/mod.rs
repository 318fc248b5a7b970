//! A finding: a run that did not pass, as the files of a folder.
//!
//! | file | content |
//! |---|---|
//! | plan.toml | what was played, as a scenario |
//! | `run.txt` | what was under test, what came of it, and the choices: [`SavedRun`] |
//! | `certificate.txt` | why, as `holdtime run` prints it |
//! | `certificate.json` | the same for programs, as `holdtime run --json` has it |
//! | `trace.txt`, `capture.pcap` | every step, and what the network carried |
//! | `picture.html` | all of it as a picture |
//!
//! The first two are the run, and are checked when it is read; the others are there to be looked at.

mod saved_run;

pub use saved_run::{SavedChoices, SavedRun};

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_machine::choices::{ChoiceSource, Strategy};
use holdtime_machine::rng::word_of;
use holdtime_machine::trace::Observer;

use crate::explore::{ExploredWorld, Ground, Lineage};
use crate::report;
use crate::report::pcap::Capture;
use crate::scenario::mistake::Source;
use crate::scenario::{self, PlaySpeaker, Scenario};
use crate::stage::{Detour, Outcome, Run};
use crate::subject::{self, Defect, SubjectRef};
use crate::timeline::Timeline;

/// The file of the plan.
pub const PLAN: &str = "plan.toml";
/// The verdict of a run during which this program panicked.
pub const PANICKED: &str = "panicked";
/// The verdict of a run that did not end in the real time that it was given.
pub const LATE: &str = "late";
/// The file of the saved run.
pub const RUN: &str = "run.txt";

/// A finding: its plan, and how it is played.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What is played.
    pub scenario: Scenario,
    /// On what, with which choices, and what came of it.
    pub run: SavedRun,
}

/// A file of a finding: its name and its content.
pub type FindingFile = (&'static str, Vec<u8>);

/// The name of the folder of the findings of a key: the verdict, and the key's hash.
pub fn folder_name(verdict: &str, key: &str) -> String {
    format!("{verdict}-{:016x}", word_of(key))
}

impl Finding {
    /// Plays a world once more, and makes what came of it the files of a finding. `command` is what found it.
    ///
    /// # Errors
    /// The world cannot be played or written; the text says why.
    pub fn of_world(
        world: &ExploredWorld,
        reactor: SubjectRef,
        lineage: &Lineage,
        by: (&str, &str),
    ) -> Result<(Outcome, Vec<FindingFile>), String> {
        Self::kept(
            world,
            (reactor, lineage),
            (&lineage.choices(Strategy::Uniform), &lineage.detours(Strategy::Uniform)),
            by,
        )
    }

    /// The same of a run of a sweep over this ground.
    ///
    /// # Errors
    /// As [`of_world`](Self::of_world).
    pub fn of_run(
        ground: &Ground,
        world: &ExploredWorld,
        lineage: &Lineage,
        by: (&str, &str),
    ) -> Result<(Outcome, Vec<FindingFile>), String> {
        let (choices, turns) = (ground.choices(lineage), ground.detours(lineage));
        Self::kept(world, (ground.reactor(world), lineage), (&choices, &turns), by)
    }

    /// The same of a world whose choices come from elsewhere, such as a fuzzer's octets.
    ///
    /// # Errors
    /// As [`of_world`](Self::of_world).
    pub fn of_choices(
        world: &ExploredWorld,
        reactor: SubjectRef,
        choices: &ChoiceSource,
        by: (&str, &str),
    ) -> Result<(Outcome, Vec<FindingFile>), String> {
        Self::kept(world, (reactor, &0.into()), (choices, &[]), by)
    }

    fn kept(
        world: &ExploredWorld,
        (reactor, lineage): (SubjectRef, &Lineage),
        (choices, turns): (&ChoiceSource, &[Detour]),
        (build, command): (&str, &str),
    ) -> Result<(Outcome, Vec<FindingFile>), String> {
        let plan = world.scenario.write().map_err(|error| error.to_string())?;
        // What is saved is what was played, to the names of its files.
        let scenario = read_plan(&Source::new(PLAN, plan.as_str()))?;
        let (outcome, watched) = watched(&scenario, reactor, choices, turns)?;
        let run = SavedRun {
            build: build.to_owned(),
            reactor: reactor.name().to_owned(),
            lineage: lineage.clone(),
            hash: outcome.hash,
            verdict: outcome.verdict.code().to_owned(),
            key: outcome.verdict.key().map(|key| key.to_string()).unwrap_or_default(),
            command: command.to_owned(),
            choices: SavedChoices::Recorded(outcome.choices.clone()),
        };
        let saved = run.write(&plan);
        let mut files = vec![
            (PLAN, plan.into_bytes()),
            (RUN, saved.into_bytes()),
            ("certificate.txt", report::finding(&outcome).into_bytes()),
        ];
        files.extend(watched);
        Ok((outcome, files))
    }

    /// The finding of a run of a sweep over this ground that came to no end, with the verdict [`PANICKED`] or [`LATE`] and a key: the plan,
    /// the seed and the strategy.
    ///
    /// # Errors
    /// The world cannot be written.
    pub fn without_end(
        ground: &Ground,
        world: &ExploredWorld,
        lineage: &Lineage,
        (build, command): (&str, &str),
        (verdict, key): (&str, &str),
    ) -> Result<Vec<FindingFile>, String> {
        let plan = world.scenario.write().map_err(|error| error.to_string())?;
        let run = SavedRun {
            build: build.to_owned(),
            reactor: ground.reactor(world).name().to_owned(),
            lineage: lineage.clone(),
            hash: 0,
            verdict: verdict.to_owned(),
            key: key.to_owned(),
            command: command.to_owned(),
            choices: SavedChoices::Drawn(ground.strategy),
        };
        let saved = run.write(&plan);
        Ok(vec![(PLAN, plan.into_bytes()), (RUN, saved.into_bytes())])
    }

    /// Reads a finding out of its two files, each given with the name that the user calls it.
    ///
    /// # Errors
    /// What is wrong with either, and where.
    pub fn read(plan: &Source, run: &Source) -> Result<Self, String> {
        let saved = SavedRun::read(run, plan.text()).map_err(|mistake| mistake.to_string())?;
        Ok(Self { scenario: read_plan(plan)?, run: saved })
    }

    /// Plays it again.
    ///
    /// # Errors
    /// There is no such reactor, or a saved choice is out of the bound that it has in this build.
    pub fn play(&self) -> Result<(SubjectRef, Outcome), String> {
        let name = &self.run.reactor;
        let reactor = subject::find(name).map_err(|_| format!("there is no reactor \"{name}\""))?;
        let outcome = Run {
            play: &self.scenario.play,
            subject: reactor,
            defect: Defect::Present,
            choices: self.run.source(),
        }
        .go_recorded_turned(&self.run.detours(), &[])?;
        Ok((reactor, outcome))
    }
}

impl Finding {
    /// Plays it again, and keeps the log; `again` is the command that does so.
    ///
    /// # Errors
    /// As [`play`](Self::play).
    pub fn log(&self, again: &str) -> Result<Timeline, String> {
        let name = &self.run.reactor;
        let reactor = subject::find(name).map_err(|_| format!("there is no reactor \"{name}\""))?;
        let play = &self.scenario.play;
        let run = Run { play, subject: reactor, defect: Defect::Present, choices: self.run.source() };
        let (outcome, mut timeline) = run.go_logged_turned(&self.run.detours(), &[])?;
        let named = (play.name.as_str(), self.scenario.title.as_str());
        report::inscribe(&mut timeline, named, (name, Some(self.run.lineage.number())), &outcome, again);
        Ok(timeline)
    }
}

/// The plan of a finding. Its configurations are called after their speakers wherever the file is: a speaker that loads one again
/// says its name, which is part of the trace.
fn read_plan(plan: &Source) -> Result<Scenario, String> {
    let scenario = scenario::read(plan, |_| None, &subject::names());
    let mut scenario = scenario.map_err(|mistake| mistake.to_string())?;
    for speaker in &mut scenario.play.speakers {
        for (number, file) in speaker.files.iter_mut().enumerate() {
            file.name = PlaySpeaker::file_name(&speaker.name, number);
        }
    }
    Ok(scenario)
}

/// The key of a panic: its message without numbers, which are mostly lengths and indices.
pub fn panic_key(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    format!("panicked: {}", first.replace(|c: char| c.is_ascii_digit(), "#"))
}

/// The key of a run that did not end in time: nobody saw what it was about.
pub fn late_key(reactor: SubjectRef) -> String {
    format!("late: {reactor} makes no end")
}

/// What came of a play, and what its log is written down as.
fn watched(
    scenario: &Scenario,
    subject: SubjectRef,
    choices: &ChoiceSource,
    turns: &[Detour],
) -> Result<(Outcome, [FindingFile; 3]), String> {
    let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices: choices.clone() };
    let capture = Rc::new(RefCell::new(Capture::default()));
    let observer: Rc<RefCell<dyn Observer>> = capture.clone();
    let (outcome, mut timeline) = run.go_logged_turned(turns, &[observer])?;
    let named = (scenario.play.name.as_str(), scenario.title.as_str());
    report::inscribe(&mut timeline, named, (subject.name(), None), &outcome, "holdtime replay .");
    let mut octets = Vec::new();
    capture.borrow().write_to(&mut octets, &timeline).map_err(|error| error.to_string())?;
    let page = report::html::page(&timeline, None).map_err(|error| error.to_string())?;
    let files = [
        ("trace.txt", report::trace::text(&timeline).into_bytes()),
        ("capture.pcap", octets),
        ("picture.html", page.into_bytes()),
    ];
    Ok((outcome, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_came_to_no_end_is_drawn_again_by_the_strategy_of_its_sweep() {
        let ground = Ground { strategy: Strategy::FewestRecent, ..Ground::default() };
        let lineage = Lineage::from(17);
        let world = ground.world(&lineage).unwrap();
        let by = ("0.1.0", "holdtime explore --swarm");
        let files = Finding::without_end(&ground, &world, &lineage, by, (LATE, "late")).unwrap();
        let [plan, run] = [PLAN, RUN].map(|name| {
            let (_, text) = files.iter().find(|(file, _)| *file == name).unwrap();
            Source::new(name, String::from_utf8(text.clone()).unwrap().as_str())
        });
        let finding = Finding::read(&plan, &run).unwrap();
        assert_eq!(finding.run.source(), ground.choices(&lineage));
        assert_ne!(finding.run.source(), ChoiceSource::Seed(17));
    }
}
