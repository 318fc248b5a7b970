//! From a scene to its certificate: the wait-for graph, and the shortest story in it.
//!
//! The graph holds what bears on one alarm. It is built from who waits in vain on: what the speaker owes them (`owed.rs`), which of its
//! tasks would have to do it, what that task waits for, who would have to make that come about, and so on, whoever's task, buffer,
//! window, pipe or timer it is. A node that is reached twice closes a circle.

use std::collections::BTreeMap;

use holdtime_core::Instant;
use holdtime_core::speaker::{ObligationKind, Party, StreamId};
use holdtime_waits::{Graph, Kind, Needs, NodeId, StoryVerdict};

use crate::certificate::chain::{Certificate, CertificateEnd, Link, WaitKind};
use crate::certificate::reason::InertReason;
use crate::certificate::scene::{Scene, SpeakerInside};
use crate::oracle::Alarm;

/// Tells the story of an alarm.
pub(crate) fn certify(scene: &Scene, alarm: &Alarm) -> Certificate {
    let mut builder = Builder::of(scene, Some(alarm));
    let start = builder.graph.add(Kind::Process, scene.creditor.clone(), Needs::All);
    let debt = builder.alarm_node(alarm);
    builder.wait(start, debt, (WaitKind::Missing, alarm.what.clone()), Some(alarm.since));
    builder.told(start)
}

/// Tells on what a script stands that has not come to its end, though no oracle sounded.
pub(crate) fn standstill(scene: &Scene, actor: usize) -> Certificate {
    let mut builder = Builder::of(scene, None);
    let start = builder.standing(actor);
    builder.told(start)
}

/// What a node of the graph stands for, besides who waits in vain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Station {
    /// What the alarm says is missing.
    Alarm,
    /// Something else that the speaker at this place owes.
    Debt(usize, ObligationKind, Party),
    /// A task of a speaker's that would have to do this.
    Task(usize, usize, Purpose),
    /// That somebody says something on the stream of this speaker.
    Speech(usize, StreamId),
    /// That somebody reads this stream of this speaker.
    Ears(usize, StreamId),
    /// What a speaker has written on its stream.
    Buffer(usize, StreamId),
    /// The window of the other end.
    Window(usize, StreamId),
    /// That a connection comes up.
    Dialled(usize, StreamId),
    /// A deadline of a speaker's.
    Deadline(usize, Instant),
    /// A timer of a speaker's, by what it is for.
    Timer(usize, &'static str),
    /// The processor of a speaker.
    Processor(usize),
    /// Somebody as a whole.
    Whole(usize),
}

/// What a task would have to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    Read(StreamId),
    Write(StreamId),
    Timers,
}

pub(super) struct Builder<'s> {
    pub(super) scene: &'s Scene,
    /// `None`: no oracle has sounded.
    pub(super) alarm: Option<&'s Alarm>,
    pub(super) graph: Graph,
    known: BTreeMap<Station, NodeId>,
    inert: BTreeMap<NodeId, (InertReason, String)>,
    kinds: BTreeMap<(NodeId, NodeId), WaitKind>,
}

impl<'s> Builder<'s> {
    fn of(scene: &'s Scene, alarm: Option<&'s Alarm>) -> Self {
        Self {
            scene,
            alarm,
            graph: Graph::default(),
            known: BTreeMap::new(),
            inert: BTreeMap::new(),
            kinds: BTreeMap::new(),
        }
    }

    // The pieces.

    /// The node of a station, and whether it is new.
    pub(super) fn node(&mut self, station: Station, kind: Kind, who: &str, needs: Needs) -> (NodeId, bool) {
        if let Some(node) = self.known.get(&station) {
            return (*node, false);
        }
        let node = self.graph.add(kind, who, needs);
        self.known.insert(station, node);
        (node, true)
    }

    /// Declares a wait: of what kind, and what it is in words.
    pub(super) fn wait(
        &mut self,
        from: NodeId,
        to: NodeId,
        (kind, what): (WaitKind, String),
        since: Option<Instant>,
    ) {
        self.graph.wait(from, to, what, since.map(Instant::as_nanos));
        self.kinds.insert((from, to), kind);
    }

    /// Declares that a node will not act: why, and what is said of it.
    pub(super) fn will_not(&mut self, node: NodeId, reason: InertReason, why: impl Into<String>) {
        self.graph.set_inert(node, reason.code());
        self.inert.insert(node, (reason, why.into()));
    }

    /// The story from this node on.
    fn told(&self, start: NodeId) -> Certificate {
        let Some(story) = self.graph.story(start) else { return Certificate::default() };
        let name = |id: NodeId| self.graph.node(id).map(|node| node.name.clone()).unwrap_or_default();
        let links = story.steps.iter().map(|step| Link {
            who: name(step.from),
            what: step.what.clone(),
            since: step.since.map(Instant::from_nanos),
            kind: self.kinds.get(&(step.from, step.to)).copied().unwrap_or(WaitKind::Missing),
        });
        let end = match &story.end {
            StoryVerdict::Circle { start } => CertificateEnd::Circle(*start),
            StoryVerdict::CanAct { node } => CertificateEnd::CanAct(name(*node)),
            StoryVerdict::NeverActs { node, .. } => match self.inert.get(node) {
                Some((reason, why)) => {
                    CertificateEnd::Inert { who: name(*node), why: why.clone(), reason: *reason }
                }
                None => CertificateEnd::CanAct(name(*node)),
            },
        };
        Certificate { links: links.collect(), end }
    }

    pub(super) fn inside(&self, speaker: usize) -> Option<&'s SpeakerInside> {
        self.scene.inside(speaker)
    }

    pub(super) fn name(&self, actor: usize) -> &'s str {
        self.scene.actor(actor).map_or("somebody", |actor| actor.name.as_str())
    }
}
