//! Who works without progress.

use holdtime_core::speaker::{ObligationKind, Party};
use holdtime_waits::{Kind, Needs, NodeId};

use crate::certificate::build::{Builder, Purpose, Station};
use crate::certificate::chain::WaitKind;
use crate::certificate::reason::{InertReason, rounded};
use crate::certificate::scene::{SceneTask, SpeakerInside};
use crate::observe::tasks::{CallOutcome, FlowDirection, StreamCall, VainTurns};
use crate::oracle::IdleWork;

impl Builder<'_> {
    /// The speaker does not rest: what keeps it busy.
    pub(super) fn owe_rest(&mut self, node: NodeId, work: IdleWork) {
        let speaker = self.scene.speaker;
        let Some(inside) = self.inside(speaker) else { return };
        match work {
            IdleWork::Deadlines => self.vain_deadlines(node, inside),
            IdleWork::Readiness => {
                let task = busiest(inside, |task| task.record.second_of_readiness);
                self.vain_readiness(node, inside, task);
            }
            IdleWork::Calls => {
                let task = inside.tasks.iter().position(|task| task.is_latest);
                self.vain_readiness(node, inside, task);
            }
            IdleWork::Keepalives => self.hasty_keepalives(node, inside),
            IdleWork::Dials => self.will_not(node, InertReason::Hasty, "dials again without a pause"),
        }
    }

    /// A task whose own deadline comes again and again.
    fn vain_deadlines(&mut self, node: NodeId, inside: &SpeakerInside) {
        let speaker = self.scene.speaker;
        let Some(index) = busiest(inside, |task| task.record.second_of_deadlines) else { return };
        let Some(task) = inside.tasks.get(index) else { return };
        let turns = task.record.second_of_deadlines;
        let name = self.name_of_task(speaker, index);
        let station = Station::Task(speaker, index, Purpose::Timers);
        let (busy, _) = self.node(station, Kind::Task, &name, Needs::All);
        self.wait(node, busy, (WaitKind::Rest, format!("{name} to rest")), Some(turns.since));
        let timer = "its timeout";
        let (timeout, _) = self.node(Station::Timer(speaker, timer), Kind::Timer, timer, Needs::All);
        let (count, every) = (turns.count, rounded(turns.every()));
        let why = format!("came {count} times, one every {every}, and nothing moved");
        self.will_not(timeout, InertReason::InVain, why);
        let call = task.record.last_call.filter(|call| call.direction == FlowDirection::In);
        let what = match call.and_then(|call| inside.stream(call.stream)) {
            Some(stream) => format!("bytes from {}, or its timeout", stream.far),
            None => "its timeout".to_owned(),
        };
        self.wait(busy, timeout, (WaitKind::Deadline, what), Some(turns.since));
    }

    /// A task for which something is ready again and again.
    fn vain_readiness(&mut self, node: NodeId, inside: &SpeakerInside, task: Option<usize>) {
        let speaker = self.scene.speaker;
        let Some(index) = task else {
            return self.will_not(node, InertReason::InVain, "is woken again and again for nothing");
        };
        let Some(task) = inside.tasks.get(index) else { return };
        let turns = task.record.second_of_readiness;
        let name = self.name_of_task(speaker, index);
        let station = Station::Task(speaker, index, Purpose::Timers);
        let (busy, _) = self.node(station, Kind::Task, &name, Needs::All);
        let since = (turns.count > 0).then_some(turns.since);
        self.wait(node, busy, (WaitKind::Rest, format!("{name} to rest")), since);
        let Some(call) = task.record.last_call else {
            return self.will_not(busy, InertReason::InVain, told(turns));
        };
        self.ready_for_ever(busy, inside, call, turns);
    }

    /// The stream that is ready, and moves nothing.
    fn ready_for_ever(&mut self, busy: NodeId, inside: &SpeakerInside, call: StreamCall, turns: VainTurns) {
        let speaker = self.scene.speaker;
        let far = inside.stream(call.stream).map_or("somebody", |stream| stream.far.as_str());
        let is_pipe = inside.stream(call.stream).is_some_and(|stream| stream.program.is_some());
        let (kind, thing) = match (is_pipe, call.direction) {
            (true, FlowDirection::In) => (Kind::Pipe, format!("the output of {far}")),
            (true, FlowDirection::Out) => (Kind::Pipe, format!("the input of {far}")),
            (false, _) => (Kind::Buffer, format!("the connection with {far}")),
        };
        let (stream, _) = self.node(Station::Buffer(speaker, call.stream), kind, &thing, Needs::All);
        let (wait, what, reason, why) = match (call.direction, call.outcome) {
            (FlowDirection::In, CallOutcome::End) => (
                WaitKind::Readiness,
                format!("bytes from {far}"),
                InertReason::AtEnd,
                format!("is at its end, and readable for ever: {}", told(turns)),
            ),
            (FlowDirection::In, _) => {
                (WaitKind::Readiness, format!("bytes from {far}"), InertReason::InVain, told(turns))
            }
            (FlowDirection::Out, _) => {
                (WaitKind::Readiness, format!("room to write to {far}"), InertReason::InVain, told(turns))
            }
        };
        self.will_not(stream, reason, why);
        self.wait(busy, stream, (wait, what), None);
    }

    /// The KEEPALIVE timer is too short.
    fn hasty_keepalives(&mut self, node: NodeId, inside: &SpeakerInside) {
        let speaker = self.scene.speaker;
        let name = "its KEEPALIVE timer";
        let (timer, _) = self.node(Station::Timer(speaker, name), Kind::Timer, name, Needs::All);
        let owed = inside.owed.iter().find(|owed| {
            owed.debtor == Party::Speaker && owed.kind == ObligationKind::Keepalive && owed.until.is_some()
        });
        let period = owed.and_then(|owed| Some(owed.until? - owed.since));
        let why = match period {
            Some(period) => format!("comes every {}", rounded(period)),
            None => "comes without a pause".to_owned(),
        };
        self.will_not(timer, InertReason::Hasty, why);
        self.wait(node, timer, (WaitKind::Deadline, format!("{name} to rest")), None);
    }
}

/// The task that had most of these turns.
fn busiest(inside: &SpeakerInside, turns: impl Fn(&SceneTask) -> VainTurns) -> Option<usize> {
    let counts = inside.tasks.iter().map(|task| turns(task).count).enumerate();
    counts.filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count).map(|(index, _)| index)
}

fn told(turns: VainTurns) -> String {
    match turns.count {
        0 => "is asked without end in one turn".to_owned(),
        count => format!("had {count} turns, and nothing moved"),
    }
}
