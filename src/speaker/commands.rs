//! What a program's line does: the commands of the API, carried out.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use holdtime_host::StreamId;

use super::contract::Contract;
use super::environment::Environment;
use super::event::Severity;
use super::id::NeighborId;
use super::input::Input;
use super::lifecycle::{Lifecycle, LifecycleHandle};
use super::neighbor::NeighborState;
use super::neighbors::Neighbors;
use super::obligation::Party;
use super::programs::{CLI, LongCommand, Programs, Task};
use super::selection::selector_name;
use super::sessions::SessionHandle;
use super::show;
use super::transport::Transport;
use crate::api::command::{Acknowledge, AdjRib, NeighborForm, RouteAction};
use crate::api::{Command, Request, Selectors, answer, parse};
use crate::grammar;
use crate::rib::MAX_WORK;
use crate::time::Now;
use crate::wire::Family;

/// Why a command about neighbors is refused that selects none.
const NOBODY: &str = "asks of a neighbor that is not there";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Answered with `done`.
    Done,
    /// Answered with `error`.
    Error,
    /// Answered already, or later, or not at all.
    Silent,
    /// Not carried out yet: what came before it is to have its effect first.
    Postponed,
}

/// What the commands of programs need of the speaker: everything.
pub(super) struct CommandHandle<'a> {
    pub(super) environment: &'a Environment,
    pub(super) contract: &'a mut Contract,
    pub(super) neighbors: &'a mut Neighbors,
    pub(super) transport: &'a mut Transport,
    pub(super) lifecycle: &'a mut Lifecycle,
    pub(super) programs: &'a mut Programs,
}

impl CommandHandle<'_> {
    pub(super) fn sessions(&mut self) -> SessionHandle<'_> {
        let Self { environment, contract, neighbors, transport, programs, .. } = self;
        SessionHandle { environment, contract, neighbors, transport, programs }
    }

    fn lifecycle(&mut self) -> LifecycleHandle<'_> {
        let Self { environment, contract, neighbors, transport, lifecycle, programs } = self;
        LifecycleHandle { environment, contract, neighbors, transport, lifecycle, programs }
    }

    /// An input about a program's stream.
    pub(super) fn handle(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        let at = now.monotonic;
        match *input {
            Input::ProgramStarted { pid, .. } => self.programs.started(at, stream, pid),
            Input::ProgramFailed { error, .. } => self.programs.failed(at, stream, error),
            Input::ProgramExited { status, .. } => self.programs.exited(at, stream, status),
            Input::Received { data, .. } => {
                self.programs.received(at, stream, data);
                self.run(now, stream);
            }
            Input::Sent { count, .. } => {
                self.programs.sent(now, stream, count);
                // Answers to further commands may find room now.
                self.run(now, stream);
            }
            Input::Writable { budget, .. } => {
                self.go_on(now, stream, budget);
                self.run(now, stream);
            }
            Input::Closed { how, .. } => self.programs.closed(at, stream, how),
            // About no program's stream.
            Input::Timeout
            | Input::Listening { .. }
            | Input::ListenFailed { .. }
            | Input::AcceptFailed { .. }
            | Input::Accepted { .. }
            | Input::Signal(_)
            | Input::Reload(_)
            | Input::Connected { .. }
            | Input::ConnectFailed { .. } => {}
        }
    }

    /// Carries out what waits of every program.
    pub(super) fn run_all(&mut self, now: Now) {
        let mut streams = self.programs.streams();
        let busy = self.programs.busy();
        let room = (MAX_WORK / busy.len().max(1)).max(1);
        streams.extend(busy.into_iter().filter(|stream| !self.programs.owns(*stream)));
        for stream in streams {
            self.run_within(now, stream, &mut { room });
        }
    }

    /// Carries out the commands of a program that can be answered now.
    pub(super) fn run(&mut self, now: Now, stream: StreamId) {
        self.run_within(now, stream, &mut { MAX_WORK });
    }

    /// The same, as long as there is room for so many routes: the rest comes at the next turn, and what all of it causes is sent
    /// together.
    fn run_within(&mut self, now: Now, stream: StreamId, room: &mut usize) {
        let all = self.run_lines(now, stream, room);
        self.programs.set_busy(stream, !all);
        if !all {
            self.programs.effects_due = Some(now.monotonic);
            self.programs.update_interest(stream);
            if self.programs.is_clearing(stream) {
                // Those that it has done with are told meanwhile: what waits takes room.
                self.ask_for_room(now);
            }
            return;
        }
        self.ask_for_room(now);
        if self.programs.has_touched(stream) && !self.programs.is_held(stream) {
            self.send_effects(now, stream, &mut { MAX_WORK });
            self.programs.hold(now.monotonic, stream);
        }
        self.programs.update_interest(stream);
    }

    /// Asks the reactor for room on the connections of everybody who was given something to tell.
    pub(super) fn ask_for_room(&mut self, now: Now) {
        for id in self.neighbors.take_changed() {
            self.sessions().update_interest(now, id);
        }
    }

    /// Carries out commands as long as there is room; whether those are all that can be carried out now.
    fn run_lines(&mut self, now: Now, stream: StreamId, room: &mut usize) -> bool {
        // While a configuration's routes are taken in, `take_in` comes back for them.
        while self.neighbors.intakes.is_settled() {
            if let Some(mut command) = self.programs.take_long_command(stream) {
                if !self.go_on_with_long_command(stream, &mut command, room) {
                    self.programs.set_long_command(stream, command);
                    return false;
                }
                self.programs.acknowledge(stream, true);
            }
            if *room == 0 {
                return !self.programs.has_line(stream);
            }
            let Some(line) = self.programs.take_line(stream) else { break };
            *room -= 1;
            let outcome = match parse(&line) {
                Some(request) if !self.may_follow(now, stream, &request) => Outcome::Postponed,
                Some(request) => self.execute(now, stream, &request, room),
                None => {
                    let shown = if line.is_empty() { "an empty line" } else { &line };
                    self.complain(stream, format!("is no command: {shown}"));
                    Outcome::Error
                }
            };
            match outcome {
                Outcome::Done => self.programs.acknowledge(stream, true),
                Outcome::Error => self.programs.acknowledge(stream, false),
                Outcome::Silent => {}
                Outcome::Postponed => {
                    self.programs.put_back(stream, line);
                    break;
                }
            }
        }
        !self.programs.has_long_command(stream)
    }

    /// Whether a command can be carried out now without undoing or overtaking what waits. Routes join those that wait: of one
    /// that is announced and withdrawn in one reading nothing but the withdrawal is left, and what is announced and cleared in
    /// one reading is never sent. ExaBGP's programs count on both. Everything else comes by itself, and so does what follows
    /// a clear.
    fn may_follow(&mut self, now: Now, stream: StreamId, request: &Request<'_>) -> bool {
        let (joins_before, joins_after) = match &request.command {
            Command::Routes { .. } => (true, true),
            Command::ClearAdjRib { side: AdjRib::Out } => (true, false),
            Command::EndOfRib { .. }
            | Command::RouteRefresh { .. }
            | Command::Operational { .. }
            | Command::Watchdog { .. }
            | Command::FlushAdjRibOut
            | Command::ClearAdjRib { side: AdjRib::In }
            | Command::Teardown { .. }
            | Command::Reload
            | Command::Restart
            | Command::Shutdown => (false, false),
            Command::ShowNeighbor { .. }
            | Command::ShowAdjRib(_)
            | Command::Reset
            | Command::Acknowledge(_)
            | Command::Version
            | Command::Help
            | Command::Comment
            | Command::Debug(_) => return true,
        };
        let follows = self.programs.set_apart(stream, !joins_after) || !joins_before;
        let may = !follows
            || !self.programs.has_touched(stream)
            || self.send_effects(now, stream, &mut { MAX_WORK });
        if !may {
            self.programs.set_apart(stream, true);
        }
        may
    }

    fn execute(&mut self, now: Now, stream: StreamId, request: &Request<'_>, room: &mut usize) -> Outcome {
        let selectors = &request.neighbors;
        match &request.command {
            Command::Routes { action, text } => self.routes(stream, selectors, *action, text, room),
            Command::EndOfRib { family } => {
                self.in_session(now, stream, selectors, |neighbor| neighbor.rib_out.end_of_rib(*family))
            }
            Command::RouteRefresh { family } => self.route_refresh(now, stream, selectors, *family),
            Command::FlushAdjRibOut => self.in_session(now, stream, selectors, NeighborState::flush),
            Command::ClearAdjRib { side } => self.clear(stream, selectors, *side),
            Command::Watchdog { action, name } => self.watchdog(stream, selectors, *action, *name),
            Command::Operational { text } => self.operational(now, stream, selectors, text),
            Command::Teardown { subcode } => self.teardown(now, stream, selectors, *subcode),
            Command::ShowNeighbor { form, filter } => self.show_neighbor(now, stream, *form, *filter),
            Command::ShowAdjRib(show) => {
                let task = self.begin_routes(show, selectors);
                let selects = show.neighbor.is_some() || !request.neighbors.is_empty();
                if selects && task.neighbors.is_empty() {
                    self.complain(stream, NOBODY.to_string());
                    return Outcome::Error;
                }
                self.programs.set_task(stream, Task::Routes(task));
                Outcome::Silent
            }
            Command::Reload => self.reload(now, stream),
            Command::Restart => {
                self.begin_end(now, stream, "restart");
                self.lifecycle().restart(now);
                Outcome::Silent
            }
            Command::Shutdown => {
                self.begin_end(now, stream, "shutdown");
                self.lifecycle().shut_down(now, 0);
                Outcome::Silent
            }
            Command::Acknowledge(how) => self.acknowledge_command(stream, *how),
            Command::Version => {
                let version = format!("exabgp {}", self.environment.identity.version);
                self.programs.answer(stream, &version);
                Outcome::Done
            }
            Command::Help => {
                answer::help().iter().for_each(|line| self.programs.answer(stream, line));
                Outcome::Done
            }
            Command::Comment => Outcome::Done,
            Command::Debug(text) => {
                let (party, text) = (self.party(stream), format!("says: {text}"));
                self.contract.log_remark(Severity::Warning, party, text);
                Outcome::Silent
            }
            // What it takes back was taken back when it was read.
            Command::Reset => Outcome::Silent,
        }
    }

    fn party(&self, stream: StreamId) -> Party {
        Party::Program(self.programs.name(stream).unwrap_or_default().to_string())
    }

    /// Logs why a command was answered with `error`.
    fn complain(&mut self, stream: StreamId, text: String) {
        let party = self.party(stream);
        self.contract.log_repeat(Severity::Warning, party, text);
    }
}

/// Which neighbors a command may be for, before its selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Those whose configuration names the program: who announces routes, announces its own.
    Programs,
    /// Those in session, whoever they belong to.
    Established,
    /// All.
    All,
}

/// Which neighbors.
impl CommandHandle<'_> {
    /// The neighbors that a request selects; logged where there are none.
    fn selected(&mut self, stream: StreamId, selectors: &Selectors<'_>, whose: Whose) -> Vec<NeighborId> {
        let program = self.programs.name(stream).unwrap_or_default();
        let allowed = |neighbor: &&NeighborState| match whose {
            Whose::Programs => {
                program == CLI
                    || neighbor.config.api.iter().any(|subscription| subscription.process == program)
            }
            Whose::Established => neighbor.established().is_some(),
            Whose::All => true,
        };
        let everybody = selectors.is_empty();
        let matches = |neighbor: &&NeighborState| everybody || selectors.matches(&selector_name(neighbor));
        let neighbors = self.neighbors.values().filter(allowed).filter(matches);
        let selected: Vec<NeighborId> = neighbors.map(|neighbor| neighbor.id).collect();
        if selected.is_empty() {
            self.complain(stream, "names no neighbor that it could command".to_string());
        }
        selected
    }
}

/// Routes.
impl CommandHandle<'_> {
    fn routes(
        &mut self,
        stream: StreamId,
        selectors: &Selectors<'_>,
        action: RouteAction,
        text: &str,
        room: &mut usize,
    ) -> Outcome {
        let neighbors = self.selected(stream, selectors, Whose::Programs);
        if neighbors.is_empty() {
            return Outcome::Error;
        }
        let announcements = match grammar::parse_routes_and_warn(action, text) {
            Ok((announcements, warnings)) if !announcements.is_empty() => {
                for warning in warnings {
                    self.complain(stream, format!("wrote more, or less, than a route: {warning}"));
                }
                announcements
            }
            Ok(_) => return Outcome::Error,
            Err(diagnostic) => {
                self.complain(stream, format!("wrote a route that cannot be read: {diagnostic}"));
                return Outcome::Error;
            }
        };
        if action == RouteAction::Announce
            && let Some(problem) = self.too_large_for_all(&announcements, &neighbors, room)
        {
            self.complain(stream, problem);
            return Outcome::Error;
        }
        self.contract.routes_handled += announcements.len() as u64;
        self.programs.set_long_command(
            stream,
            LongCommand::Routes { action, announcements, next: 0, neighbors, at: 0 },
        );
        Outcome::Silent
    }
}

/// Sessions and RIBs as wholes.
impl CommandHandle<'_> {
    /// Does something to each neighbor that is selected and in session; an error where there is none.
    fn in_session(
        &mut self,
        now: Now,
        stream: StreamId,
        selectors: &Selectors<'_>,
        mut act: impl FnMut(&mut NeighborState),
    ) -> Outcome {
        let neighbors = self.selected(stream, selectors, Whose::Established);
        for id in &neighbors {
            let Some(neighbor) = self.neighbors.get_mut(id) else { continue };
            act(neighbor);
            self.sessions().update_interest(now, *id);
            self.touch(stream, *id);
        }
        if neighbors.is_empty() { Outcome::Error } else { Outcome::Done }
    }

    fn route_refresh(
        &mut self,
        now: Now,
        stream: StreamId,
        selectors: &Selectors<'_>,
        family: Family,
    ) -> Outcome {
        let mut refused = Vec::new();
        let outcome = self.in_session(now, stream, selectors, |neighbor| {
            if !neighbor.ask_again(family) {
                refused.push(neighbor.party());
            }
        });
        for party in refused {
            let text = format!("is not asked for {family} again: a route refresh was not agreed on");
            self.contract.log_repeat(Severity::Warning, party, text);
        }
        outcome
    }

    fn clear(&mut self, stream: StreamId, selectors: &Selectors<'_>, side: AdjRib) -> Outcome {
        let neighbors = self.selected(stream, selectors, Whose::All);
        if neighbors.is_empty() {
            return Outcome::Error;
        }
        self.programs
            .set_long_command(stream, LongCommand::Clear { side, neighbors: neighbors.into(), begun: false });
        Outcome::Silent
    }

    fn watchdog(
        &mut self,
        stream: StreamId,
        selectors: &Selectors<'_>,
        action: RouteAction,
        name: Option<&str>,
    ) -> Outcome {
        let name = name.unwrap_or(self.programs.name(stream).unwrap_or_default()).to_string();
        // Nobody has to have routes of this watchdog.
        let neighbors = self.selected(stream, selectors, Whose::All).into();
        self.programs
            .set_long_command(stream, LongCommand::Watchdog { action, name, neighbors, after: None });
        Outcome::Silent
    }

    /// Nobody to tear down is no error, and everybody has to be asked for.
    fn teardown(&mut self, now: Now, stream: StreamId, selectors: &Selectors<'_>, subcode: u8) -> Outcome {
        let neighbors = self.selected(stream, selectors, Whose::Established);
        // Answered before it is done, and before what is told of it.
        self.programs.acknowledge(stream, true);
        let selected = if selectors.is_empty() { Vec::new() } else { neighbors };
        for id in selected {
            self.lifecycle().teardown(now, id, subcode);
        }
        Outcome::Silent
    }

    fn operational(&mut self, now: Now, stream: StreamId, selectors: &Selectors<'_>, text: &str) -> Outcome {
        let neighbors = self.selected(stream, selectors, Whose::Programs);
        let message = match grammar::parse_operational(text) {
            Ok(message) => message,
            Err(diagnostic) => {
                self.complain(
                    stream,
                    format!("wrote an operational message that cannot be read: {diagnostic}"),
                );
                return Outcome::Error;
            }
        };
        if neighbors.is_empty() {
            return Outcome::Error;
        }
        for id in neighbors {
            let Some(neighbor) = self.neighbors.get_mut(&id) else { continue };
            neighbor.advise(&message);
            self.sessions().update_interest(now, id);
            self.touch(stream, id);
        }
        Outcome::Done
    }
}

/// The speaker itself.
impl CommandHandle<'_> {
    fn reload(&mut self, now: Now, stream: StreamId) -> Outcome {
        self.programs.answer(stream, "reload in progress");
        // Answered when it is known whether the file can be read.
        self.programs.await_reload(stream);
        if !self.lifecycle().request_reload(false) {
            self.lifecycle().answer_reloads(now, false);
        }
        Outcome::Silent
    }

    /// Answers a command before it is done: afterwards the program may be another.
    fn begin_end(&mut self, now: Now, stream: StreamId, word: &str) {
        self.programs.answer(stream, &format!("{word} in progress"));
        self.programs.acknowledge(stream, true);
        self.lifecycle().tell_of_signal(now, None);
    }

    fn acknowledge_command(&mut self, stream: StreamId, how: Acknowledge) -> Outcome {
        match how {
            Acknowledge::Enable => self.programs.set_acknowledge(stream, true),
            Acknowledge::Disable => {
                // The last answer for now, even where there was none before.
                self.programs.answer(stream, answer::DONE);
                self.programs.set_acknowledge(stream, false);
                return Outcome::Silent;
            }
            Acknowledge::Silence => {
                self.programs.set_acknowledge(stream, false);
                return Outcome::Silent;
            }
        }
        Outcome::Done
    }

    fn show_neighbor(
        &mut self,
        now: Now,
        stream: StreamId,
        form: NeighborForm,
        filter: Option<&str>,
    ) -> Outcome {
        let wanted = |neighbor: &&NeighborState| match (form, filter) {
            (_, None) | (NeighborForm::Json | NeighborForm::Usage, _) => true,
            (NeighborForm::Summary, Some(filter)) => filter.parse() == Ok(neighbor.config.peer.address),
            (_, Some(filter)) => neighbor.name.contains(filter),
        };
        let neighbors: Vec<&NeighborState> = self.neighbors.values().filter(wanted).collect();
        if filter.is_some() && neighbors.is_empty() {
            self.complain(stream, NOBODY.to_string());
            return Outcome::Error;
        }
        let lines: VecDeque<String> = match form {
            NeighborForm::Usage => answer::SHOW_NEIGHBOR_USAGE.into_iter().map(String::from).collect(),
            NeighborForm::Summary => show::summary(now, &neighbors),
            NeighborForm::Extensive => show::extensive(now, &neighbors),
            NeighborForm::Configuration => show::configuration(&neighbors),
            NeighborForm::Json => VecDeque::from([show::json(now, &neighbors)]),
        };
        self.programs.set_task(stream, Task::Lines(lines));
        Outcome::Silent
    }
}
