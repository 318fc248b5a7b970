//! One run: a play, a subject and its choices, from the first event to the verdict.
//!
//! `choices → plan → the play with its faults → a quiet moment → verdict`. A cast is set up on one of two engines, the simulated
//! machine (`machine.rs`) or somebody else's simulator (`turmoil/`), and one conductor plays it out.

mod cast;
mod conductor;
mod engine;
mod gather;
mod log;
mod machine;
mod run;
mod snapshot;
mod turmoil;

use std::cell::RefCell;
use std::rc::Rc;

use crate::certificate::Verdict;
use crate::observe::coverage::Coverage;
use crate::stage::cast::Cast;
use crate::stage::engine::Engine;
use crate::timeline::{Collector, Timeline};
use holdtime_core::Instant;
use holdtime_machine::choices::Choices;
use holdtime_machine::trace::Observer;

pub use run::{Detour, Outcome, Run};
pub use snapshot::{ActorState, SessionState, Snapshot, SpeakerState, StreamState, WaitState};

/// Those who want to be told every step.
type Observers<'o> = &'o [Rc<RefCell<dyn Observer>>];

impl Run<'_> {
    /// Plays on the simulated machine.
    ///
    /// # Errors
    /// A configuration is wrong, or a saved choice is out of its bound; the text says where.
    pub fn go(&self) -> Result<Outcome, String> {
        self.go_watched(&[])
    }

    /// Plays on the simulated machine, and tells these observers every step.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_watched(&self, observers: &[Rc<RefCell<dyn Observer>>]) -> Result<Outcome, String> {
        let (cast, engine) = machine::set(self, Choices::new(&self.choices))?;
        outcome(&cast, engine, observers, &[])
    }

    /// Plays on the simulated machine, and draws from another source from an instant on.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_turned(&self, turn: &Detour) -> Result<Outcome, String> {
        let (cast, engine) = machine::set(self, Choices::new(&self.choices))?;
        outcome(&cast, engine, &[], std::slice::from_ref(turn))
    }

    /// Plays on the simulated machine, tells these observers every step, and records the choices that were not 0.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_recorded(&self, observers: &[Rc<RefCell<dyn Observer>>]) -> Result<Outcome, String> {
        self.go_recorded_turned(&[], observers)
    }

    /// Plays on the simulated machine, draws from other sources from instants on, and notes where it has been.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_covered(
        &self,
        turns: &[Detour],
        coverage: &Rc<RefCell<Coverage>>,
        observers: &[Rc<RefCell<dyn Observer>>],
    ) -> Result<Outcome, String> {
        let (cast, engine) = machine::set(self, Choices::new(&self.choices))?;
        for seat in &cast.speakers {
            coverage.borrow_mut().tie(seat.process, seat.waits.clone());
        }
        let coverage: Rc<RefCell<dyn Observer>> = coverage.clone();
        let observers: Vec<_> = std::iter::once(coverage).chain(observers.iter().cloned()).collect();
        outcome(&cast, engine, &observers, turns)
    }

    /// Plays on the simulated machine, draws from other sources from instants on, tells these observers every step, and records
    /// the choices that were not 0.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_recorded_turned(
        &self,
        turns: &[Detour],
        observers: &[Rc<RefCell<dyn Observer>>],
    ) -> Result<Outcome, String> {
        let choices = Choices::new(&self.choices);
        choices.record();
        let (cast, engine) = machine::set(self, choices)?;
        outcome(&cast, engine, observers, turns)
    }

    /// Plays on the simulated machine, and writes every choice as octets, which as a source give the same run.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_for_octets(&self) -> Result<Vec<u8>, String> {
        let choices = Choices::new(&self.choices);
        choices.record_octets();
        let (cast, engine) = machine::set(self, choices.clone())?;
        outcome(&cast, engine, &[], &[])?;
        Ok(choices.octets())
    }

    /// Plays on the simulated machine up to an instant, or to the verdict if that comes before it: how everybody and everything
    /// stands then.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_until(&self, turns: &[Detour], until: Instant) -> Result<Snapshot, String> {
        let (cast, mut engine) = machine::set(self, Choices::new(&self.choices))?;
        let ended = conductor::play_to(&cast, &mut engine, turns, until)?;
        Ok(Snapshot::of(&cast, &engine, ended.map(|(verdict, _)| verdict)))
    }

    /// Plays as [`go_recorded`](Self::go_recorded) does, and keeps the log of what happened.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_logged(&self, observers: &[Rc<RefCell<dyn Observer>>]) -> Result<(Outcome, Timeline), String> {
        self.go_logged_turned(&[], observers)
    }

    /// Plays as [`go_recorded_turned`](Self::go_recorded_turned) does, and keeps the log of what happened.
    ///
    /// # Errors
    /// As [`go`](Self::go).
    pub fn go_logged_turned(
        &self,
        turns: &[Detour],
        observers: &[Rc<RefCell<dyn Observer>>],
    ) -> Result<(Outcome, Timeline), String> {
        let choices = Choices::new(&self.choices);
        choices.record();
        let (cast, engine) = machine::set(self, choices)?;
        let collector = Rc::new(RefCell::new(Collector::new(cast.backstage())));
        let collecting: Rc<RefCell<dyn Observer>> = collector.clone();
        let all: Vec<_> = observers.iter().cloned().chain([collecting]).collect();
        let outcome = outcome(&cast, engine, &all, turns)?;
        // The engine is gone with what it observed.
        drop(all);
        let collector = Rc::into_inner(collector).ok_or("the log is still being written")?;
        let timeline = cast.conclude(collector.into_inner(), &outcome.verdict, outcome.at);
        Ok((outcome, timeline))
    }

    /// Plays under turmoil, somebody else's simulator.
    ///
    /// # Errors
    /// What turmoil cannot play and why, or a configuration is wrong.
    pub fn go_under_turmoil(&self) -> Result<Outcome, String> {
        let (cast, engine) = turmoil::set(self, Choices::new(&self.choices))?;
        outcome(&cast, engine, &[], &[])
    }
}

fn outcome(
    cast: &Cast<'_>,
    mut engine: impl Engine,
    observers: Observers<'_>,
    turns: &[Detour],
) -> Result<Outcome, String> {
    for observer in observers {
        cast.introduce(&mut *observer.borrow_mut());
        engine.observe(observer.clone());
    }
    let (verdict, at) = conductor::play_out(cast, &mut engine, turns)?;
    if let Some((choice, bound)) = cast.choices.refused() {
        return Err(format!(
            "the saved choice \"{choice}\" is out of its bound: here it is less than {bound}"
        ));
    }
    let standing = if verdict == Verdict::Pass { Vec::new() } else { conductor::standing(cast) };
    let (hash, steps, course) = (engine.hash(), engine.steps(), cast.course());
    let choices = cast.choices.recorded();
    Ok(Outcome { verdict, at, hash, steps, course, questions: cast.questions(), standing, choices })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;
    use crate::subject::{self, Defect};

    #[test]
    fn an_alarm_sounds_even_when_the_speaker_hides_what_it_owes() {
        let play = scenario::find("silent-peer").unwrap().play;
        let subject = subject::find("read-first").unwrap();
        let run = Run { play: &play, subject, defect: Defect::Present, choices: 0.into() };
        let mut told = Vec::new();
        for hides in [false, true] {
            let (mut cast, mut engine) = machine::set(&run, Choices::new(&run.choices)).unwrap();
            if hides {
                // The twin that obligations come from hears of nothing.
                cast.speakers[0].recording = Rc::default();
            }
            let (verdict, _) = conductor::play_out(&cast, &mut engine, &[]).unwrap();
            let Verdict::Hang { alarm, certificate } = verdict else { panic!("no hang") };
            told.push((alarm, certificate.links.len()));
        }
        assert_eq!(told[0].0, told[1].0);
        assert!(told[0].1 > told[1].1, "the certificate is the poorer for it");
    }
}
