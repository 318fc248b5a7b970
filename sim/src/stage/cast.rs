//! Who is on the stage, whatever engine plays: the speakers, the peers and the programs, and how far each is.

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_core::config::Config;
use holdtime_core::speaker::{Identity, PipePaths, Setup};
use holdtime_core::{Instant, Now};
use holdtime_machine::choices::{Choices, Site};
use holdtime_machine::rng::word_of;
use holdtime_machine::trace::Observer;
use holdtime_machine::world::ProcessId;
use holdtime_reactor::AsyncHost;
use holdtime_reactor::driver::Recorder;

use crate::actor::{
    Awaited, CheckingPeer, GuestProgram, PeerRun, PeerState, Pieces, ProgramRun, ScriptPhase, ScriptedPeer,
    ScriptedProgram,
};
use crate::observe::COMMAND_LINE;
use crate::observe::course::Course;
use crate::observe::recording::Recording;
use crate::observe::watch::Watch;
use crate::observe::witness::{Waits, Witness};
use crate::oracle::{Oracles, Premises, Questions};
use crate::scenario::script::ProgramScript;
use crate::scenario::{Actor, ExpectedEnd, Play, PlayClient, PlayPeer, PlaySpeaker};
use crate::stage::run::Run;
use crate::subject::{MainTask, RunOn, Start, Subject};

/// Everybody in a play.
pub(super) struct Cast<'p> {
    pub(super) play: &'p Play,
    pub(super) choices: Choices,
    pub(super) speakers: Vec<SpeakerSeat>,
    pub(super) peers: Vec<PeerSeat>,
    pub(super) programs: ProgramSeats,
}

/// What is seen of a speaker, shown to the oracles.
pub(super) type JudgedWatch = Watch<Oracles>;

/// A speaker at work, and what is known of it.
pub(super) struct SpeakerSeat {
    pub(super) name: String,
    pub(super) process: ProcessId,
    /// Since when there is this process.
    pub(super) since: Instant,
    pub(super) watch: Rc<RefCell<JudgedWatch>>,
    pub(super) waits: Waits,
    pub(super) recording: Rc<RefCell<Recording>>,
    pub(super) setup: Setup,
}

/// A peer at work.
pub(super) struct PeerSeat {
    pub(super) name: String,
    pub(super) process: ProcessId,
    pub(super) run: Rc<RefCell<Box<dyn PeerRun>>>,
}

/// An API program that was started, or a command-line client.
pub(super) struct ProgramSeat {
    /// What its speaker calls it.
    pub(super) name: String,
    /// What reports call it.
    pub(super) label: String,
    pub(super) command: String,
    pub(super) process: ProcessId,
    pub(super) run: Rc<RefCell<dyn ProgramRun>>,
}

/// How far a program is, what it waits for, and when it goes on by itself.
pub(super) type ProgramStand = (PeerState, Option<Awaited>, Option<Instant>);

/// The programs that were started so far, which speakers add to while they run.
#[derive(Clone, Default)]
pub(super) struct ProgramSeats {
    seats: Rc<RefCell<Vec<ProgramSeat>>>,
    /// Why no verdict about a real program would be worth anything.
    refused: Rc<RefCell<Option<String>>>,
}

impl ProgramSeats {
    /// A program was started by its command, and plays the next one of these scripts, or the last.
    pub(super) fn start(
        &self,
        command: &str,
        scripts: &[ProgramScript],
        name: &str,
        process: ProcessId,
    ) -> Rc<RefCell<ScriptedProgram>> {
        let mut seats = self.seats.borrow_mut();
        let starts = seats.iter().filter(|seat| seat.command == command).count();
        let script = scripts.get(starts).or(scripts.last()).cloned().unwrap_or_default();
        let run = Rc::new(RefCell::new(ScriptedProgram::new(script)));
        seats.push(ProgramSeat {
            name: name.to_owned(),
            label: format!("program {name}"),
            command: command.to_owned(),
            process,
            run: run.clone(),
        });
        run
    }

    /// A command-line client.
    fn admit_client(&self, client: &PlayClient, process: ProcessId) -> Rc<RefCell<ScriptedProgram>> {
        let run = Rc::new(RefCell::new(ScriptedProgram::new(client.script.clone())));
        self.seats.borrow_mut().push(ProgramSeat {
            name: COMMAND_LINE.to_owned(),
            label: format!("client {}", client.name),
            command: String::new(),
            process,
            run: run.clone(),
        });
        run
    }

    /// A real program was started by its command.
    pub(super) fn admit(&self, command: &str, name: &str, process: ProcessId) -> Rc<RefCell<GuestProgram>> {
        let run = Rc::new(RefCell::new(GuestProgram::default()));
        self.seats.borrow_mut().push(ProgramSeat {
            name: name.to_owned(),
            label: format!("program {name}"),
            command: command.to_owned(),
            process,
            run: run.clone(),
        });
        run
    }

    /// A real program did what the lab cannot hold.
    pub(super) fn refuse(&self, why: String) {
        self.refused.borrow_mut().get_or_insert(why);
    }

    /// What the lab cannot hold of a real program, the first one.
    pub(super) fn refused(&self) -> Option<String> {
        self.refused.borrow().clone()
    }

    /// The name of the program that runs as this process.
    pub(super) fn name_of(&self, process: ProcessId) -> Option<String> {
        self.seats.borrow().iter().find(|seat| seat.process == process).map(|seat| seat.name.clone())
    }

    /// Every program: what it is called, its process, how far it is, what it waits for, and when it goes on by itself.
    pub(super) fn stands(&self) -> Vec<(String, ProcessId, ProgramStand)> {
        let seats = self.seats.borrow();
        let stand = |seat: &ProgramSeat| {
            let run = seat.run.borrow();
            let stand = (run.state(), run.awaits(), run.speaks_at());
            (seat.label.clone(), seat.process, stand)
        };
        seats.iter().map(stand).collect()
    }

    /// How far the program is that runs as this process.
    pub(super) fn state_of(&self, process: ProcessId) -> Option<PeerState> {
        let seats = self.seats.borrow();
        seats.iter().find(|seat| seat.process == process).map(|seat| seat.run.borrow().state())
    }

    fn has_started(&self, command: &str) -> bool {
        self.seats.borrow().iter().any(|seat| seat.command == command)
    }

    /// Says every program's process and phase.
    fn each(&self, mut say: impl FnMut(ProcessId, ScriptPhase)) {
        self.seats.borrow().iter().for_each(|seat| say(seat.process, seat.run.borrow().phase()));
    }

    fn states(&self) -> Vec<(String, ProcessId, PeerState)> {
        let seats = self.seats.borrow();
        let state = |seat: &ProgramSeat| (seat.label.clone(), seat.process, seat.run.borrow().state());
        seats.iter().map(state).collect()
    }
}

/// The phase of two together: a failure before anything else, and somebody who waits for a speaker before somebody who takes time.
fn together(one: ScriptPhase, other: ScriptPhase) -> ScriptPhase {
    match (one, other) {
        (ScriptPhase::Failed, _) | (_, ScriptPhase::Failed) => ScriptPhase::Failed,
        (ScriptPhase::Finished, phase) | (phase, ScriptPhase::Finished) => phase,
        (ScriptPhase::Waiting { expects }, ScriptPhase::Waiting { expects: too }) => {
            ScriptPhase::Waiting { expects: expects || too }
        }
    }
}

impl<'p> Cast<'p> {
    /// A stage on which nobody is yet.
    pub(super) fn new(play: &'p Play, choices: Choices) -> Self {
        Self { play, choices, speakers: Vec::new(), peers: Vec::new(), programs: ProgramSeats::default() }
    }

    /// The processes that a host's name stands for, one after the other, and since when.
    pub(super) fn processes_of(&self, name: &str) -> Vec<(Instant, ProcessId)> {
        let speakers = self.speakers.iter().filter(|seat| seat.name == name);
        let speakers = speakers.map(|seat| (seat.since, seat.process));
        let peers = self.peers.iter().filter(|seat| seat.name == name);
        speakers.chain(peers.map(|seat| (Instant::ZERO, seat.process))).collect()
    }

    /// Adds a speaker that runs on this host from then on; who watches it, and its main task.
    ///
    /// # Errors
    /// Its configuration is wrong; the text says where.
    pub(super) fn add_speaker<H>(
        &mut self,
        run: &Run<'_>,
        speaker: &PlaySpeaker,
        (host, process): (H, ProcessId),
        now: Now,
    ) -> Result<(Rc<RefCell<JudgedWatch>>, MainTask), String>
    where
        H: AsyncHost,
        for<'s> dyn Subject + 's: RunOn<Witness<H>>,
    {
        let mut setup = setup(run, speaker, &self.choices)?;
        let has_client = self.play.clients.iter().any(|client| client.speaker == speaker.name);
        setup.pipes = has_client.then(pipes);
        let recording = Rc::new(RefCell::new(Recording::new(now)));
        let kept = recording.clone();
        let recorder: Recorder =
            Box::new(move |now, input: &holdtime_core::Input<'_>| kept.borrow_mut().keep(now, input));
        let oracles = Oracles::new(&premises(self.play, speaker));
        let watch = Rc::new(RefCell::new(Watch::new(process, &setup, oracles)));
        let witness = Witness::new(host);
        let waits = witness.waits();
        watch.borrow_mut().tie(waits.clone());
        let start = Start { now, setup: setup.clone(), recorder: Some(recorder), defect: run.defect };
        let main = run.subject.run_on(witness, start);
        let name = speaker.name.clone();
        let (since, watch_too) = (now.monotonic, watch.clone());
        self.speakers.push(SpeakerSeat { name, process, since, watch: watch_too, waits, recording, setup });
        Ok((watch, main))
    }

    /// Adds a command-line client that runs as this process.
    pub(super) fn add_client(
        &mut self,
        client: &PlayClient,
        process: ProcessId,
    ) -> Rc<RefCell<ScriptedProgram>> {
        for seat in self.speakers.iter().filter(|seat| seat.name == client.speaker) {
            seat.watch.borrow_mut().meet_client(process, seat.since == Instant::ZERO);
        }
        self.programs.admit_client(client, process)
    }

    /// Adds a peer that runs as this process.
    pub(super) fn add_peer(&mut self, peer: &PlayPeer, process: ProcessId) -> Rc<RefCell<Box<dyn PeerRun>>> {
        let run: Box<dyn PeerRun> = match &peer.actor {
            Actor::Script { script, asn, router_id } => {
                Box::new(ScriptedPeer::new(script.clone(), *asn, *router_id))
            }
            Actor::Check(expectation) => {
                let checker = CheckingPeer::new(expectation.clone(), Pieces::Joined);
                Box::new(if self.play.rests { checker } else { checker.content_at_the_end() })
            }
        };
        let run = Rc::new(RefCell::new(run));
        self.peers.push(PeerSeat { name: peer.name.clone(), process, run: run.clone() });
        run
    }

    /// Tells an observer who is who.
    pub(super) fn introduce(&self, observer: &mut dyn Observer) {
        self.speakers.iter().for_each(|seat| observer.meet(seat.process, &seat.name));
        self.peers.iter().for_each(|seat| observer.meet(seat.process, &seat.name));
        // Only clients are there already.
        for seat in self.programs.seats.borrow().iter() {
            observer.meet(seat.process, &seat.label);
        }
    }

    /// The programs that must be started and have not been.
    pub(super) fn never_started(&self) -> impl Iterator<Item = &String> {
        let guests = self.play.guests.iter().flat_map(|guests| &guests.commands);
        let commands = self.play.programs.iter().map(|(command, _)| command).chain(guests);
        commands.filter(move |command| self.play.programs_count && !self.programs.has_started(command))
    }

    /// Every peer and every program that was started and counts, and how far each is.
    pub(super) fn actors(&self) -> impl Iterator<Item = (String, PeerState)> {
        let (peers, counted) = (self.peers.len(), self.play.programs_count);
        let counts = move |index: usize, state: &PeerState| {
            index < peers || counted || !matches!(state, PeerState::Waiting { .. })
        };
        let everybody = self.everybody().enumerate();
        everybody.filter(move |(index, (_, state))| counts(*index, state)).map(|(_, actor)| actor)
    }

    /// Every peer, then every program that was started, and how far each is.
    pub(super) fn everybody(&self) -> impl Iterator<Item = (String, PeerState)> {
        let peers = self
            .peers
            .iter()
            .map(|seat| (format!("peer {}", seat.name), seat.process, seat.run.borrow().state()));
        // Whose process is over has nothing left to do.
        let finished = |(who, process, state)| match state {
            PeerState::Waiting { .. } if self.is_over(process) => (who, PeerState::Finished),
            PeerState::Failed(_) if self.is_orphan(process) => (who, PeerState::Finished),
            state => (who, state),
        };
        peers.chain(self.programs.states()).map(finished)
    }

    fn is_over(&self, process: ProcessId) -> bool {
        self.speakers.first().is_some_and(|seat| seat.watch.borrow().is_over(process))
    }

    /// How far all of [`actors`](Self::actors) are together, which is asked at every instant: one has failed; or one waits, and whether any
    /// waits for a speaker; or all scripts have come to their ends.
    pub(super) fn phase(&self) -> ScriptPhase {
        let mut all = ScriptPhase::Finished;
        for seat in &self.peers {
            all = together(all, self.settled(seat.process, seat.run.borrow().phase()));
        }
        self.programs.each(|process, phase| match self.settled(process, phase) {
            ScriptPhase::Waiting { .. } if !self.play.programs_count => {}
            phase => all = together(all, phase),
        });
        if all == ScriptPhase::Finished && self.is_incomplete() {
            return ScriptPhase::Waiting { expects: true };
        }
        all
    }

    /// Whether something is to come that no script waits for.
    fn is_incomplete(&self) -> bool {
        !self.session_has_ended() || !self.session_is_back() || self.never_started().next().is_some()
    }

    /// Whose process is over has nothing left to do.
    fn settled(&self, process: ProcessId, phase: ScriptPhase) -> ScriptPhase {
        match phase {
            ScriptPhase::Waiting { .. } if self.is_over(process) => ScriptPhase::Finished,
            ScriptPhase::Failed if self.is_orphan(process) => ScriptPhase::Finished,
            phase => phase,
        }
    }

    /// Whether it is a program whose speaker was killed: what it waited for then, nobody owes it.
    fn is_orphan(&self, process: ProcessId) -> bool {
        self.speakers.iter().any(|seat| seat.watch.borrow().is_orphan(process))
    }

    /// Whether the first speaker's session has ended, if it is to end.
    fn session_has_ended(&self) -> bool {
        let ends = matches!(self.play.ends, Some(ExpectedEnd::With(..)));
        !ends || self.speakers.first().is_some_and(|seat| !seat.watch.borrow().endings().is_empty())
    }

    /// Whether a session of the first speaker's is established again, if one is to be.
    fn session_is_back(&self) -> bool {
        self.play.again_by.is_none() || self.course().again.is_some()
    }

    /// Whether somebody waits for a speaker to act, or for a program that was never started.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_incomplete() || self.phase() == ScriptPhase::Waiting { expects: true }
    }

    /// When an oracle wants to be asked next.
    pub(super) fn next_question(&self, now: Instant) -> Option<Instant> {
        self.speakers.iter().filter_map(|seat| seat.watch.borrow_mut().sink().deadline(now)).min()
    }

    /// What the oracles of all speakers were asked.
    pub(super) fn questions(&self) -> Questions {
        let mut all = Questions::default();
        self.speakers.iter().for_each(|seat| all.add(seat.watch.borrow_mut().sink().questions()));
        all
    }

    /// What became of the first speaker's sessions.
    pub(super) fn course(&self) -> Course {
        let first = self.speakers.first().map(|seat| seat.name.as_str());
        let its = self.speakers.iter().filter(|seat| Some(seat.name.as_str()) == first);
        Course::of(&its.map(|seat| seat.watch.borrow()).collect::<Vec<_>>())
    }
}

/// What the oracles of a speaker are told beforehand.
fn premises(play: &Play, speaker: &PlaySpeaker) -> Premises {
    Premises {
        bounds: play.bounds,
        acknowledges: speaker.settings.api.ack,
        healed: play.healed().map(|healed| Instant::ZERO + healed),
    }
}

/// Where a speaker's named pipes are.
pub(super) fn pipes() -> PipePaths {
    PipePaths { read: "/run/exabgp.in".to_owned(), write: "/run/exabgp.out".to_owned() }
}

/// What a speaker is made from.
fn setup(run: &Run<'_>, speaker: &PlaySpeaker, choices: &Choices) -> Result<Setup, String> {
    let first = speaker.files.first().ok_or("a speaker needs a configuration")?;
    let config = Config::parse(first, &speaker.settings).map_err(|error| error.to_string())?;
    let version = speaker.settings.version.clone().unwrap_or_else(|| "5.0.0".to_owned());
    let mut setup = Setup {
        identity: Identity { host: speaker.name.clone(), pid: 1, ppid: 0, version },
        settings: speaker.settings.clone(),
        files: speaker.files.iter().map(|file| file.name.clone()).collect(),
        config,
        seed: own_seed(choices, &speaker.name),
        ..Setup::default()
    };
    run.subject.set_up(&mut setup, run.defect);
    Ok(setup)
}

/// A speaker's own seed: two never wait for the same time, not even where all draws are 0, and one more leaves the others' draws alone.
fn own_seed(choices: &Choices, name: &str) -> u64 {
    match choices.below(Site::Seed, choices.actor(name), u64::MAX) {
        0 => word_of(name),
        drawn => drawn,
    }
}
