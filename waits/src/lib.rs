//! Who waits for whom: declared waits, and the shortest story of a hang that they tell.
//!
//! A [`Graph`] has a node for everything that can wait or be waited for: tasks, processes, buffers, windows, pipes, locks, channels,
//! timers, debts. An edge says that one node waits for another, for what, and since when. A node waits for [all](Needs::All) of its
//! edges or for [any](Needs::Any) of them; a node without edges acts, unless it is [inert](Graph::set_inert): ended, stopped, off, cut
//! off, or asleep without a deadline.
//!
//! From that follows which nodes can still act ([`Graph::can_act`]). Whoever cannot waits in vain, and [`Graph::story`] is the shortest
//! path from there to the reason: a circle of waits, or a node that will never act.
//!
//! ```
//! use holdtime_waits::{Graph, Kind, Needs, StoryVerdict};
//!
//! let mut graph = Graph::default();
//! let program = graph.add(Kind::Process, "program announce", Needs::All);
//! let answer = graph.add(Kind::Debt, "an answer", Needs::All);
//! let task = graph.add(Kind::Task, "the main task", Needs::All);
//! let peer = graph.add(Kind::Process, "peer silent", Needs::All);
//! graph.wait(program, answer, "an answer to `version`", Some(3));
//! graph.wait(answer, task, "its next turn", Some(3));
//! graph.wait(task, peer, "bytes", Some(1));
//! graph.set_inert(peer, "its script has ended");
//!
//! let story = graph.story(program).unwrap();
//! assert_eq!(story.steps.len(), 3);
//! assert_eq!(story.end, StoryVerdict::NeverActs { node: peer, why: "its script has ended".into() });
//! ```
//!
//! Times are plain numbers of the caller's unit. Nothing here reads a clock, and the package depends on nothing.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod graph;
mod story;

pub use graph::{Edge, Graph, Kind, Needs, Node, NodeId};
pub use story::{Story, StoryStep, StoryVerdict};
