//! Collects a run's log from the steps of its machines.

use std::collections::BTreeMap;
use std::fmt::Display;

use holdtime_core::speaker::{IoError, StreamId};
use holdtime_core::{Duration, Instant};
use holdtime_machine::executor::TaskId;
use holdtime_machine::net::{Flags, Segment};
use holdtime_machine::trace::{Observer, Step, Woken};
use holdtime_machine::world::ProcessId;

use crate::actor::PeerState;
use crate::observe::witness::{Wait, WaitFor, Waits};
use crate::timeline::people::{People, Person};
use crate::timeline::{Happening, LaneKind, Lanes, TimelineEvent, TurnReason, Way};

/// What can be asked behind the scenes.
pub(crate) struct Backstage {
    /// Who is there before anything happens.
    pub(crate) people: Vec<Person>,
    /// What each speaker waits for.
    pub(crate) waits: BTreeMap<ProcessId, Waits>,
    /// How far the script of a process is.
    pub(crate) scripts: Box<dyn Fn(ProcessId) -> Option<PeerState>>,
}

/// Collects what happens.
pub(crate) struct Collector {
    backstage: Backstage,
    pub(super) lanes: Lanes,
    pub(super) events: Vec<TimelineEvent>,
    pub(super) people: People,
    tasks: BTreeMap<(ProcessId, TaskId), TaskSeat>,
    /// The scripts' steps and the speakers' waits that have begun, by whose they are, with their numbers and lanes.
    steps: BTreeMap<ProcessId, (u64, String)>,
    waits: BTreeMap<(ProcessId, u64), (u64, usize)>,
    next_wait: u64,
    next_message: u64,
    network: usize,
    /// Processes in whose turn something has moved.
    moved: BTreeMap<ProcessId, bool>,
    windows: BTreeMap<(usize, Way), u32>,
    levels: BTreeMap<(usize, Way), u64>,
}

/// A task of a speaker's.
#[derive(Debug)]
struct TaskSeat {
    lane: usize,
    is_main: bool,
    /// What it is for, once that is known.
    about: Option<String>,
}

impl Collector {
    pub(crate) fn new(backstage: Backstage) -> Self {
        let mut lanes = Lanes::default();
        let people = People::new(&backstage.people, &mut lanes);
        let network = lanes.add(LaneKind::Network, "network", None);
        Self {
            backstage,
            lanes,
            events: Vec::new(),
            people,
            tasks: BTreeMap::new(),
            steps: BTreeMap::new(),
            waits: BTreeMap::new(),
            next_wait: 0,
            next_message: 0,
            network,
            moved: BTreeMap::new(),
            windows: BTreeMap::new(),
            levels: BTreeMap::new(),
        }
    }

    pub(super) fn tell(&mut self, at: Instant, lane: usize, what: Happening) {
        self.events.push(TimelineEvent { at, lane, with: None, what });
    }

    fn call<T: Display>(&mut self, at: Instant, lane: usize, call: &str, outcome: Result<T, impl Display>) {
        let outcome = match outcome {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        };
        self.tell(at, lane, Happening::Call { call: call.to_owned(), outcome });
    }

    fn write(&mut self, at: Instant, process: ProcessId, stream: StreamId, outcome: Result<&[u8], IoError>) {
        let (lane, with) = self.people.lanes_of(process, stream, &mut self.lanes);
        self.call(at, lane, "write", outcome.map(|octets| format!("{} octets", octets.len())));
        let octets = outcome.unwrap_or_default();
        let Some((channel, end)) = self.people.channel(process, stream).filter(|_| !octets.is_empty()) else {
            return;
        };
        for said in channel.write(end, octets, &mut self.next_message) {
            self.events.push(TimelineEvent { at, lane, with, what: said.into() });
        }
        self.level(at, process, stream);
    }

    fn read(&mut self, at: Instant, process: ProcessId, stream: StreamId, outcome: Result<&[u8], IoError>) {
        let (lane, with) = self.people.lanes_of(process, stream, &mut self.lanes);
        let said = |octets: &[u8]| match octets.len() {
            0 => "the end".to_owned(),
            count => format!("{count} octets"),
        };
        self.call(at, lane, "read", outcome.map(said));
        let octets = outcome.unwrap_or_default();
        let Some((channel, end)) = self.people.channel(process, stream).filter(|_| !octets.is_empty()) else {
            return;
        };
        for (id, text) in channel.read(end.other(), octets) {
            self.events.push(TimelineEvent { at, lane, with, what: Happening::Arrived { id, text } });
        }
        self.level(at, process, stream);
    }

    /// How much is on the way on a stream now, as each speaker at its ends sees it.
    fn level(&mut self, at: Instant, process: ProcessId, stream: StreamId) {
        for (lane, end, on_the_way) in self.people.levels(process, stream, &mut self.lanes) {
            for (way, from) in [(Way::Out, end), (Way::In, end.other())] {
                let octets = on_the_way[from as usize];
                if self.levels.insert((lane, way), octets) != Some(octets) {
                    self.tell(at, lane, Happening::Level { way, octets });
                }
            }
        }
    }

    fn segment(&mut self, at: Instant, segment: &Segment, arrives: Option<Instant>) {
        let what = Happening::Segment {
            from: segment.src.to_string(),
            to: segment.dst.to_string(),
            flags: flags(segment.flags),
            seq: segment.seq,
            ack: segment.ack,
            window: segment.window,
            octets: segment.payload.len() as u64,
            arrives: arrives.map(Instant::as_nanos),
        };
        self.tell(at, self.network, what);
        if !segment.flags.ack {
            return;
        }
        for (lane, way) in self.people.windows(segment.src, segment.dst, &mut self.lanes) {
            let window = segment.window;
            let known = self.windows.get(&(lane, way)).copied();
            // A few octets more or less are no news.
            let is_news = known.is_none_or(|known| {
                known.abs_diff(window) > known.max(window) / 8 || (known == 0) != (window == 0)
            });
            if is_news {
                self.windows.insert((lane, way), window);
                self.tell(at, lane, Happening::Window { way, octets: window.into() });
            }
        }
    }

    /// A turn is over: what it was, and which waits it has ended and begun.
    fn turn(&mut self, at: Instant, process: ProcessId, task: TaskId, spent: Duration, woken: Woken) {
        let moved = self.moved.remove(&process).unwrap_or_default();
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        let (lane, woken) = if self.people.is_speaker(process) {
            let (lane, is_first) = self.task(process, task);
            let reason = if is_first { TurnReason::Start } else { reason(woken) };
            (lane, reason)
        } else {
            (self.people.lane(process), reason(woken))
        };
        self.tell(at, lane, Happening::Turn { woken, nanos, moved });
        if let Some(waits) = self.backstage.waits.get(&process) {
            let open = waits.numbered();
            self.waits_of(at, process, &open);
        }
        self.script_of(at, process);
    }

    /// The lane of a task, and whether this is the first time that it is asked for.
    fn task(&mut self, process: ProcessId, task: TaskId) -> (usize, bool) {
        if let Some(seat) = self.tasks.get(&(process, task)) {
            return (seat.lane, false);
        }
        let is_main = !self.tasks.keys().any(|(known, _)| *known == process);
        let of = self.people.lane(process);
        let lane = self.lanes.add(LaneKind::Task, format!("task {}", task.0), Some(of));
        self.tasks.insert((process, task), TaskSeat { lane, is_main, about: None });
        (lane, true)
    }

    fn waits_of(&mut self, at: Instant, process: ProcessId, open: &[(u64, Wait)]) {
        let is_open = |number: &u64| open.iter().any(|(known, _)| known == number);
        let known = self.waits.range((process, 0)..=(process, u64::MAX));
        let ended: Vec<u64> =
            known.map(|((_, number), _)| *number).filter(|number| !is_open(number)).collect();
        for number in ended {
            if let Some((id, lane)) = self.waits.remove(&(process, number)) {
                self.tell(at, lane, Happening::Waited { id });
            }
        }
        for (number, wait) in open {
            if self.waits.contains_key(&(process, *number)) {
                continue;
            }
            let id = self.wait_number();
            let (text, until) = self.wait_words(process, wait.what);
            let lane = match wait.task {
                Some(task) => {
                    let lane = self.task(process, task).0;
                    if let Some(seat) = self.tasks.get_mut(&(process, task)) {
                        seat.about = about(wait.what, &text).or(seat.about.take());
                    }
                    lane
                }
                None => self.people.lane(process),
            };
            self.waits.insert((process, *number), (id, lane));
            let until = until.map(Instant::as_nanos);
            self.tell(wait.since, lane, Happening::Wait { id, text, until });
        }
    }

    fn wait_number(&mut self) -> u64 {
        self.next_wait += 1;
        self.next_wait
    }

    fn wait_words(&self, process: ProcessId, what: WaitFor) -> (String, Option<Instant>) {
        let far = |stream| self.people.far(process, stream);
        match what {
            WaitFor::Anything(deadline) => ("anything".to_owned(), deadline),
            WaitFor::Readable(stream) => (format!("bytes from {}", far(stream)), None),
            WaitFor::Writable(stream) => (format!("room to write to {}", far(stream)), None),
            WaitFor::Connected(stream) => (format!("{} to take the connection", far(stream)), None),
            WaitFor::Acceptable(_) => ("a connection".to_owned(), None),
            WaitFor::Exited(stream) => (format!("the end of {}", far(stream)), None),
            WaitFor::Signalled => ("a signal".to_owned(), None),
            WaitFor::Sleep(until) => ("its deadline".to_owned(), Some(until)),
        }
    }

    /// Where the script of a process has come to.
    fn script_of(&mut self, at: Instant, process: ProcessId) {
        let Some(state) = (self.backstage.scripts)(process) else { return };
        let lane = self.people.lane(process);
        let (step, since) = match state {
            PeerState::Waiting { step, since, .. } => (Some(step), since),
            PeerState::Finished | PeerState::Failed(_) => (None, at),
        };
        let known = self.steps.get(&process).map(|(_, step)| step.clone());
        if known == step {
            return;
        }
        if let Some((id, _)) = self.steps.remove(&process) {
            self.tell(since.max(at), lane, Happening::Waited { id });
        }
        if let Some(step) = step {
            let id = self.wait_number();
            let text = format!("`{step}`");
            self.steps.insert(process, (id, step));
            self.tell(since, lane, Happening::Wait { id, text, until: None });
        }
    }

    fn step(&mut self, at: Instant, step: &Step<'_>) {
        match step {
            Step::Polled(process, task, spent, woken) => self.turn(at, *process, *task, *spent, *woken),
            Step::TaskEnded(process, task) => drop(self.task(*process, *task)),
            Step::Sent(_, segment, arrives) => self.segment(at, segment, *arrives),
            Step::Listens(process, _, outcome) => {
                let lane = self.people.lane(*process);
                self.call(at, lane, "listen", outcome.as_ref());
            }
            Step::Connects(process, stream, remote, outcome) => {
                self.people.dials(*process, *stream, *remote);
                let lane = self.people.lanes_of(*process, *stream, &mut self.lanes).0;
                self.call(at, lane, "connect", outcome.as_ref().map(|()| format!("to {remote}: begun")));
            }
            Step::Connected(process, stream, outcome) => {
                if let Ok(local) = outcome {
                    self.people.connected(*process, *stream, *local);
                }
                let lane = self.people.lanes_of(*process, *stream, &mut self.lanes).0;
                self.call(at, lane, "connect", outcome.as_ref().map(|local| format!("done, from {local}")));
            }
            Step::Accepted(process, stream, remote) => {
                self.people.accepted(*process, *stream, *remote);
                let lane = self.people.lanes_of(*process, *stream, &mut self.lanes).0;
                self.call(at, lane, "accept", Ok::<_, IoError>(format!("from {remote}")));
            }
            Step::AcceptFailed(process, _, error) => {
                let lane = self.people.lane(*process);
                self.call(at, lane, "accept", Err::<String, _>(error));
            }
            Step::Read(process, stream, outcome) => self.read(at, *process, *stream, *outcome),
            Step::Wrote(process, stream, outcome) => self.write(at, *process, *stream, *outcome),
            Step::Shut(process, stream) => self.plain_call(at, *process, *stream, "shutdown"),
            Step::Closed(process, stream) => self.plain_call(at, *process, *stream, "close"),
            Step::Started(process, stream, child, name) => {
                self.people.starts(*process, *stream, *child, name, &mut self.lanes);
                let lane = self.people.lane(*child);
                self.tell(at, lane, Happening::Process { text: "started".to_owned() });
            }
            Step::Piped(process, _) => self.process(at, *process, "opened its named pipes".to_owned()),
            Step::Loaded(process, name, text) => {
                let text = format!("read the configuration {name}, {} octets", text.len());
                self.process(at, *process, text);
            }
            Step::Runs(process, runs) => {
                self.process(at, *process, if *runs { "goes on" } else { "stopped" }.to_owned());
            }
            Step::Signalled(process, signal) => self.process(at, *process, format!("signal {signal}")),
            Step::Exited(process, status) => self.process(at, *process, format!("over: {status}")),
            Step::Logged(process, line) => {
                let lane = self.people.lane(*process);
                self.tell(at, lane, Happening::Log { text: (*line).to_owned() });
            }
            Step::Fault(what) => {
                self.tell(at, self.network, Happening::Log { text: format!("the scenario: {what}") });
            }
        }
    }

    fn plain_call(&mut self, at: Instant, process: ProcessId, stream: StreamId, call: &str) {
        let lane = self.people.lanes_of(process, stream, &mut self.lanes).0;
        self.call(at, lane, call, Ok::<_, IoError>("done"));
    }

    fn process(&mut self, at: Instant, process: ProcessId, text: String) {
        let lane = self.people.lane(process);
        self.tell(at, lane, Happening::Process { text });
    }

    /// Calls every task by what it is for.
    pub(super) fn name_tasks(&mut self) {
        for ((process, _), seat) in &self.tasks {
            let of = self.lanes.name(self.people.lane(*process));
            let about = match (&seat.about, seat.is_main) {
                (_, true) => "main task".to_owned(),
                (Some(about), false) => format!("task {about}"),
                (None, false) => "other tasks".to_owned(),
            };
            let name = format!("{of}: {about}");
            self.lanes.rename(seat.lane, name);
        }
    }
}

impl Observer for Collector {
    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        if let Step::Read(process, _, Ok(octets)) | Step::Wrote(process, _, Ok(octets)) = step
            && !octets.is_empty()
        {
            self.moved.insert(*process, true);
        }
        self.step(at, step);
    }
}

/// What a task that waits for this is for.
fn about(what: WaitFor, text: &str) -> Option<String> {
    let far = |before: &str| text.strip_prefix(before).map(|far| format!("for {far}"));
    match what {
        WaitFor::Readable(_) => far("bytes from "),
        WaitFor::Writable(_) => far("room to write to "),
        WaitFor::Connected(_) => text.strip_suffix(" to take the connection").map(|far| format!("for {far}")),
        WaitFor::Acceptable(_) => Some("for connections".to_owned()),
        WaitFor::Exited(_) => Some("for programs' ends".to_owned()),
        WaitFor::Signalled => Some("for signals".to_owned()),
        WaitFor::Anything(_) | WaitFor::Sleep(_) => None,
    }
}

const fn reason(woken: Woken) -> TurnReason {
    match woken {
        Woken::Readiness => TurnReason::Readiness,
        Woken::Deadline => TurnReason::Deadline,
        Woken::Itself => TurnReason::Itself,
    }
}

/// The flags that are set, such as `SYN,ACK`.
fn flags(flags: Flags) -> String {
    let named = [(flags.syn, "SYN"), (flags.fin, "FIN"), (flags.rst, "RST"), (flags.ack, "ACK")];
    let set: Vec<&str> = named.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect();
    set.join(",")
}
