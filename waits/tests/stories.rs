//! Which story a graph tells.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_waits::{Graph, Kind, Needs, NodeId, StoryVerdict};
use proptest::prelude::*;

fn task(graph: &mut Graph, name: &str, needs: Needs) -> NodeId {
    graph.add(Kind::Task, name, needs)
}

#[test]
fn two_tasks_that_wait_for_each_other_are_a_circle() {
    let mut graph = Graph::default();
    let (a, b) = (task(&mut graph, "a", Needs::All), task(&mut graph, "b", Needs::All));
    graph.wait(a, b, "b's lock", Some(1));
    graph.wait(b, a, "a's lock", Some(2));
    let story = graph.story(a).unwrap();
    assert_eq!(story.end, StoryVerdict::Circle { start: 0 });
    assert_eq!(story.steps.iter().map(|step| step.to).collect::<Vec<_>>(), [b, a]);
    assert!(!graph.can_act(a) && !graph.can_act(b));
}

#[test]
fn the_way_to_a_circle_is_told_before_the_circle() {
    let mut graph = Graph::default();
    let program = graph.add(Kind::Process, "program", Needs::All);
    let (a, b) = (task(&mut graph, "a", Needs::All), task(&mut graph, "b", Needs::All));
    graph.wait(program, a, "an answer", None);
    graph.wait(a, b, "a lock", None);
    graph.wait(b, a, "room in a channel", None);
    let story = graph.story(program).unwrap();
    assert_eq!((story.end.clone(), story.steps.len()), (StoryVerdict::Circle { start: 1 }, 3));
    assert_eq!(story.key(&graph), "process>task>task>circle:2");
}

#[test]
fn who_waits_for_any_of_two_waits_in_vain_only_if_neither_acts() {
    let mut graph = Graph::default();
    let poll = task(&mut graph, "poll", Needs::Any);
    let (silent, timer) =
        (graph.add(Kind::Process, "peer", Needs::All), graph.add(Kind::Timer, "hold", Needs::All));
    graph.set_inert(silent, "silent");
    graph.wait(poll, silent, "bytes", None);
    graph.wait(poll, timer, "its deadline", None);
    assert!(graph.can_act(poll));
    assert_eq!(graph.story(poll).unwrap().end, StoryVerdict::CanAct { node: silent });
    graph.set_inert(timer, "not armed");
    assert!(!graph.can_act(poll));
    let story = graph.story(poll).unwrap();
    assert_eq!(story.end, StoryVerdict::NeverActs { node: silent, why: "silent".into() });
}

#[test]
fn a_node_with_one_live_need_and_one_dead_one_is_told_by_the_dead_one() {
    let mut graph = Graph::default();
    let both = task(&mut graph, "both", Needs::All);
    let live = graph.add(Kind::Process, "live", Needs::All);
    let dead = graph.add(Kind::Process, "dead", Needs::All);
    graph.set_inert(dead, "ended");
    graph.wait(both, live, "one", None);
    graph.wait(both, dead, "the other", None);
    let story = graph.story(both).unwrap();
    assert_eq!(story.steps.len(), 1);
    assert_eq!(story.steps[0].what, "the other");
}

#[test]
fn the_key_knows_no_names_and_no_times() {
    let tell = |name: &str, since| {
        let mut graph = Graph::default();
        let program = graph.add(Kind::Process, name, Needs::All);
        let pipe = graph.add(Kind::Pipe, "a pipe", Needs::All);
        graph.set_inert(pipe, "nobody reads it");
        graph.wait(program, pipe, name, since);
        graph.story(program).unwrap().key(&graph)
    };
    assert_eq!(tell("one", Some(1)), tell("two", None));
    assert_eq!(tell("one", None), "process>nobody reads it:pipe");
}

#[test]
fn an_inert_circle_ends_at_the_inert_node() {
    let mut graph = Graph::default();
    let (a, b) = (task(&mut graph, "a", Needs::All), task(&mut graph, "b", Needs::All));
    graph.wait(a, b, "b", None);
    graph.wait(b, a, "a", None);
    graph.set_inert(b, "stopped");
    assert_eq!(graph.story(a).unwrap().end, StoryVerdict::NeverActs { node: b, why: "stopped".into() });
    assert_eq!(graph.story(b).unwrap().steps, []);
}

proptest! {
    /// Every step is a declared wait, each begins where the one before it ended, no node of the story can act, and the end is
    /// what it says.
    #[test]
    fn a_story_is_a_path_of_declared_waits_among_those_who_cannot_act(
        needs in proptest::collection::vec(any::<bool>(), 1..12),
        edges in proptest::collection::vec((0..12_usize, 0..12_usize), 0..40),
        inert in proptest::collection::vec(0..12_usize, 0..3),
    ) {
        let mut graph = Graph::default();
        let ids: Vec<NodeId> = needs
            .iter()
            .map(|any| task(&mut graph, "t", if *any { Needs::Any } else { Needs::All }))
            .collect();
        for (from, to) in edges {
            if let (Some(from), Some(to)) = (ids.get(from), ids.get(to)) {
                graph.wait(*from, *to, "it", None);
            }
        }
        inert.iter().filter_map(|at| ids.get(*at)).for_each(|id| graph.set_inert(*id, "ended"));
        for start in ids {
            let story = graph.story(start).unwrap();
            let mut at = start;
            for step in &story.steps {
                prop_assert_eq!(step.from, at);
                prop_assert!(graph.waits_of(at).iter().any(|edge| edge.to == step.to));
                at = step.to;
            }
            match story.end {
                StoryVerdict::Circle { start: first } => {
                    prop_assert_eq!(at, story.steps[first].from);
                    prop_assert!(story.steps.iter().all(|step| !graph.can_act(step.from)));
                }
                StoryVerdict::NeverActs { node, .. } => {
                    prop_assert_eq!(at, node);
                    prop_assert!(graph.node(node).unwrap().inert.is_some());
                    prop_assert!(story.steps.iter().all(|step| !graph.can_act(step.from)));
                }
                StoryVerdict::CanAct { node } => {
                    prop_assert_eq!(at, node);
                    prop_assert!(graph.can_act(start));
                }
            }
        }
    }
}
