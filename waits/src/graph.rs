//! The graph: nodes, what each waits for, and which of them can still act.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// A node's number, in the order in which nodes were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

/// What a node is. It goes into a story's [key](crate::Story::key); names do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A task of a process.
    Task,
    /// A process, or somebody whose inside is not known.
    Process,
    /// A buffer of a sender or a receiver.
    Buffer,
    /// The window that a receiver offers.
    Window,
    /// A pipe.
    Pipe,
    /// A lock.
    Lock,
    /// A channel between tasks or threads.
    Channel,
    /// A timer.
    Timer,
    /// Something that one party owes another: an answer, a message.
    Debt,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Task => "task",
            Self::Process => "process",
            Self::Buffer => "buffer",
            Self::Window => "window",
            Self::Pipe => "pipe",
            Self::Lock => "lock",
            Self::Channel => "channel",
            Self::Timer => "timer",
            Self::Debt => "debt",
        })
    }
}

/// How many of its edges a node waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Every one: a thread that takes two locks, a step after a step.
    #[default]
    All,
    /// Whichever comes first: `select`, `poll`.
    Any,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// What people call it.
    pub name: String,
    /// How many of its edges it waits for.
    pub needs: Needs,
    /// Why it will never act, where that is known.
    pub inert: Option<Cow<'static, str>>,
    pub(crate) edges: Vec<Edge>,
}

/// One wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Whom it waits for.
    pub to: NodeId,
    /// For what, in words.
    pub what: String,
    /// Since when, in the caller's unit; `None` where nothing says.
    pub since: Option<u64>,
}

/// Everybody and what they wait for.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// Adds a node. It acts until a [wait](Graph::wait) of it is declared or it is [inert](Graph::set_inert).
    pub fn add(&mut self, kind: Kind, name: impl Into<String>, needs: Needs) -> NodeId {
        self.nodes.push(Node { kind, name: name.into(), needs, inert: None, edges: Vec::new() });
        NodeId(self.nodes.len() - 1)
    }

    /// Declares that `from` waits for `to`. Edges are told in the order in which they were declared. A node that is not of this
    /// graph is passed over.
    pub fn wait(&mut self, from: NodeId, to: NodeId, what: impl Into<String>, since: Option<u64>) {
        if to.0 >= self.nodes.len() {
            return;
        }
        if let Some(node) = self.nodes.get_mut(from.0) {
            node.edges.push(Edge { to, what: what.into(), since });
        }
    }

    /// Declares that a node will never act, whatever it waits for.
    pub fn set_inert(&mut self, node: NodeId, why: impl Into<Cow<'static, str>>) {
        if let Some(node) = self.nodes.get_mut(node.0) {
            node.inert = Some(why.into());
        }
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// What a node waits for, in the order of declaration.
    pub fn waits_of(&self, id: NodeId) -> &[Edge] {
        self.nodes.get(id.0).map_or(&[], |node| &node.edges)
    }

    /// Every node, in the order in which they were added.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(at, node)| (NodeId(at), node))
    }

    /// Whether a node can still act: it waits for nothing and is not inert, or what it needs can act.
    pub fn can_act(&self, id: NodeId) -> bool {
        self.acting().get(id.0).copied().unwrap_or(false)
    }

    /// For each node, whether it can still act: the least set that holds who waits for nothing and whoever has what it needs in it.
    pub(crate) fn acting(&self) -> Vec<bool> {
        let mut acting = vec![false; self.nodes.len()];
        // What each node waits for that is not known to act yet, and who waits for it.
        let mut missing: Vec<usize> = self.nodes.iter().map(|node| node.edges.len()).collect();
        let mut waiters: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            node.edges.iter().for_each(|edge| waiters[edge.to.0].push(at));
        }
        let free = |node: &Node| node.inert.is_none() && node.edges.is_empty();
        let mut fresh: Vec<usize> =
            self.nodes.iter().enumerate().filter(|(_, node)| free(node)).map(|(at, _)| at).collect();
        while let Some(at) = fresh.pop() {
            if core::mem::replace(&mut acting[at], true) {
                continue;
            }
            for &waiter in &waiters[at] {
                missing[waiter] -= 1;
                let node = &self.nodes[waiter];
                if node.inert.is_none() && (node.needs == Needs::Any || missing[waiter] == 0) {
                    fresh.push(waiter);
                }
            }
        }
        acting
    }
}
