//! A real program as an actor: how far it is, as far as its calls tell.

use holdtime_core::Instant;
use holdtime_core::speaker::ExitStatus;
use holdtime_machine::guest::{GuestCall, GuestFault};

use crate::actor::peer_run::{Awaited, PeerState, ScriptPhase};
use crate::actor::scripted_program::ScriptedProgram;

/// How far an API program is, whatever runs it.
pub trait ProgramRun {
    /// How far it is, which is asked for at every instant.
    fn phase(&self) -> ScriptPhase;
    /// How far it is.
    fn state(&self) -> PeerState;
    /// What it waits for that the speaker has to do.
    fn awaits(&self) -> Option<Awaited>;
    /// When it says something or goes on by itself; `None`: never.
    fn speaks_at(&self) -> Option<Instant>;
}

impl ProgramRun for ScriptedProgram {
    fn phase(&self) -> ScriptPhase {
        Self::phase(self)
    }

    fn state(&self) -> PeerState {
        Self::state(self)
    }

    fn awaits(&self) -> Option<Awaited> {
        Self::awaits(self)
    }

    fn speaks_at(&self) -> Option<Instant> {
        Self::speaks_at(self)
    }
}

/// A real program, whose intentions nobody knows: only what it waits for.
#[derive(Debug, Default)]
pub struct GuestProgram {
    waits: Wait,
    since: Instant,
    /// Its speaker has gone: how it ends says nothing then.
    left_alone: bool,
    /// The last line that it wrote to its standard error.
    last_words: Option<String>,
    over: Option<Result<ExitStatus, GuestFault>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wait {
    #[default]
    Nothing,
    /// A line or a time.
    For { until: Option<Instant>, line: bool, room: bool },
}

impl GuestProgram {
    /// It has made this call.
    pub fn called(&mut self, now: Instant, call: &GuestCall, is_gone: bool) {
        self.left_alone |= is_gone;
        if let GuestCall::Log(line) = call {
            self.last_words = Some(line.clone());
        }
        let waits = match call {
            GuestCall::Wait { until, read, write } => {
                Wait::For { until: *until, line: *read, room: *write && !*read }
            }
            _ => Wait::Nothing,
        };
        if waits != self.waits {
            (self.waits, self.since) = (waits, now);
        }
    }

    /// It is over.
    pub fn ended(&mut self, how: Result<ExitStatus, GuestFault>) {
        self.over = Some(how);
    }

    fn failure(&self) -> Option<String> {
        match self.over.as_ref()? {
            Err(fault) => Some(fault.to_string()),
            Ok(ExitStatus::Code(0)) => None,
            Ok(_) if self.left_alone => None,
            Ok(status) => {
                let words = self.last_words.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
                Some(format!("ended with {status}{words}"))
            }
        }
    }
}

impl ProgramRun for GuestProgram {
    fn phase(&self) -> ScriptPhase {
        match &self.over {
            Some(_) if self.failure().is_some() => ScriptPhase::Failed,
            Some(_) => ScriptPhase::Finished,
            // Which line would be the last one, nobody knows.
            None => ScriptPhase::Waiting { expects: false },
        }
    }

    fn state(&self) -> PeerState {
        let step = match self.waits {
            Wait::Nothing => "computing",
            Wait::For { room: true, .. } => "writing a line",
            Wait::For { line: true, .. } => "reading a line",
            Wait::For { .. } => "sleeping",
        };
        PeerState::of(self.phase(), step, self.since, self.failure().as_deref())
    }

    fn awaits(&self) -> Option<Awaited> {
        match self.waits {
            Wait::For { room: true, .. } => Some(Awaited::Room),
            Wait::For { line: true, .. } => Some(Awaited::Line),
            _ => None,
        }
    }

    fn speaks_at(&self) -> Option<Instant> {
        match self.waits {
            Wait::For { until, .. } => until,
            Wait::Nothing => None,
        }
    }
}
