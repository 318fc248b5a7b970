//! The shortest story: from who waits in vain to a circle of waits, or to a node that will never act.

use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::graph::{Graph, NodeId};

/// One wait of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryStep {
    /// Who waits.
    pub from: NodeId,
    /// For whom.
    pub to: NodeId,
    /// For what, in words.
    pub what: String,
    /// Since when, in the caller's unit.
    pub since: Option<u64>,
}

/// What a story ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoryVerdict {
    /// The last step leads back to the node from which this step (by its index) leads on: nobody in the circle can go first.
    Circle {
        /// The index of the circle's first step.
        start: usize,
    },
    /// The last node will never act.
    NeverActs {
        /// Which.
        node: NodeId,
        /// Why.
        why: Cow<'static, str>,
    },
    /// All that the first node waits for can act: the graph does not explain the hang. The steps lead to who should act.
    CanAct {
        /// Who should.
        node: NodeId,
    },
}

/// The shortest explanation of a hang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The waits, each from where the one before it led to.
    pub steps: Vec<StoryStep>,
    /// What they end with.
    pub end: StoryVerdict,
}

impl Story {
    /// The kinds of the nodes along the story and how it ends: the same for every run that hangs for the same reason. No names, no
    /// times.
    pub fn key(&self, graph: &Graph) -> String {
        let mut key = String::new();
        let kind = |id: NodeId| graph.node(id).map(|node| node.kind);
        for (at, step) in self.steps.iter().enumerate() {
            if at > 0 {
                key.push('>');
            }
            if let Some(kind) = kind(step.from) {
                let _ = write!(key, "{kind}");
            }
        }
        let last = match &self.end {
            StoryVerdict::Circle { start } => {
                let _ = write!(key, ">circle:{}", self.steps.len() - start);
                return key;
            }
            StoryVerdict::NeverActs { node, why } => {
                let _ = write!(key, ">{why}:");
                *node
            }
            StoryVerdict::CanAct { node } => {
                key.push_str(">acts:");
                *node
            }
        };
        if let Some(kind) = kind(last) {
            let _ = write!(key, "{kind}");
        }
        key
    }
}

impl Graph {
    /// The shortest story of `start`; among equals, the one whose waits were declared first. `None` where there is no such node.
    ///
    /// Only waits in vain are told: from a node that cannot act the story goes on to nodes that cannot act.
    pub fn story(&self, start: NodeId) -> Option<Story> {
        let node = self.node(start)?;
        let acting = self.acting();
        if acting[start.0] {
            return Some(self.path_to_who_acts(start));
        }
        if let Some(why) = &node.inert {
            return Some(Story {
                steps: Vec::new(),
                end: StoryVerdict::NeverActs { node: start, why: why.clone() },
            });
        }
        let reached = self.reach(start, |to| !acting[to.0]);
        let inert = reached
            .order
            .iter()
            .find_map(|id| self.node(*id).and_then(|node| node.inert.clone()).map(|why| (*id, why)));
        let to_inert = inert.map(|(node, why)| Story {
            steps: reached.path(self, node),
            end: StoryVerdict::NeverActs { node, why },
        });
        let to_circle = self.shortest_circle(&reached, &acting);
        match (to_inert, to_circle) {
            (Some(inert), Some(circle)) if circle.steps.len() < inert.steps.len() => Some(circle),
            (Some(story), _) | (None, Some(story)) => Some(story),
            // A finite graph in which each node waits for another one that cannot act has a circle.
            (None, None) => Some(self.path_to_who_acts(start)),
        }
    }

    /// Where nothing hangs: to whom the first waits lead.
    fn path_to_who_acts(&self, start: NodeId) -> Story {
        let reached = self.reach(start, |_| true);
        let ends = |id: &&NodeId| self.waits_of(**id).is_empty();
        let node = reached.order.iter().find(ends).copied().unwrap_or(start);
        Story { steps: reached.path(self, node), end: StoryVerdict::CanAct { node } }
    }

    /// Breadth first, in the order of declaration.
    fn reach(&self, start: NodeId, may: impl Fn(NodeId) -> bool) -> Reached {
        let count = self.nodes().count();
        let mut reached = Reached { start, order: vec![start], by: vec![None; count] };
        let mut queue = VecDeque::from([start]);
        while let Some(id) = queue.pop_front() {
            if self.node(id).is_some_and(|node| node.inert.is_some()) {
                continue;
            }
            for (at, edge) in self.waits_of(id).iter().enumerate() {
                if edge.to != start && may(edge.to) && reached.by[edge.to.0].is_none() {
                    reached.by[edge.to.0] = Some((id, at));
                    reached.order.push(edge.to);
                    queue.push_back(edge.to);
                }
            }
        }
        reached
    }

    /// The way to a circle and once around it, whichever is shortest altogether.
    fn shortest_circle(&self, reached: &Reached, acting: &[bool]) -> Option<Story> {
        let mut best: Option<Story> = None;
        for &id in &reached.order {
            let way = reached.path(self, id);
            if best.as_ref().is_some_and(|best| way.len() >= best.steps.len()) {
                continue;
            }
            let around = self.reach(id, |to| !acting[to.0]);
            let back = around.order.iter().find_map(|last| {
                let edges = self.waits_of(*last);
                let inert = self.node(*last).is_some_and(|node| node.inert.is_some());
                let edge = edges.iter().position(|edge| edge.to == id).filter(|_| !inert)?;
                let mut steps = around.path(self, *last);
                steps.push(self.step(*last, edge));
                Some(steps)
            });
            let Some(back) = back else { continue };
            let start = way.len();
            let steps: Vec<StoryStep> = way.into_iter().chain(back).collect();
            if best.as_ref().is_none_or(|best| steps.len() < best.steps.len()) {
                best = Some(Story { steps, end: StoryVerdict::Circle { start } });
            }
        }
        best
    }

    fn step(&self, from: NodeId, edge: usize) -> StoryStep {
        let edge = &self.waits_of(from)[edge];
        StoryStep { from, to: edge.to, what: edge.what.clone(), since: edge.since }
    }
}

/// What a search has reached, nearest first, and by which edge each.
struct Reached {
    start: NodeId,
    order: Vec<NodeId>,
    by: Vec<Option<(NodeId, usize)>>,
}

impl Reached {
    fn path(&self, graph: &Graph, to: NodeId) -> Vec<StoryStep> {
        let mut steps = Vec::new();
        let mut at = to;
        while at != self.start {
            let Some((from, edge)) = self.by[at.0] else { break };
            steps.push(graph.step(from, edge));
            at = from;
        }
        steps.reverse();
        steps
    }
}
