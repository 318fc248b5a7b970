//! The lanes of a run while it is collected, and their last order: each behind the one that it is part of.

use std::collections::BTreeMap;

use crate::timeline::{Lane, LaneKind, TimelineEvent};

/// The lanes so far. A name may be settled later than the lane is met, and two lanes of one name become one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
}

impl Lanes {
    /// Adds a lane.
    pub(crate) fn add(&mut self, is: LaneKind, name: impl Into<String>, of: Option<usize>) -> usize {
        self.lanes.push(Lane { name: name.into(), is, of });
        self.lanes.len() - 1
    }

    /// Adds a lane under a name that none has: a second `program feed` is called `program feed (2)`.
    pub(crate) fn add_another(&mut self, is: LaneKind, name: &str, of: Option<usize>) -> usize {
        let taken = |name: &str| self.lanes.iter().any(|lane| lane.name == name);
        let name = if taken(name) {
            (2..).map(|number| format!("{name} ({number})")).find(|name| !taken(name)).unwrap_or_default()
        } else {
            name.to_owned()
        };
        self.add(is, name, of)
    }

    /// The lane of this name, which is added where there is none.
    pub(crate) fn named(&mut self, is: LaneKind, name: &str, of: Option<usize>) -> usize {
        let known = self.lanes.iter().position(|lane| lane.name == name);
        known.unwrap_or_else(|| self.add(is, name, of))
    }

    /// The name of a lane.
    pub(crate) fn name(&self, lane: usize) -> &str {
        self.lanes.get(lane).map_or("somebody", |lane| &lane.name)
    }

    /// Calls a lane by another name.
    pub(crate) fn rename(&mut self, lane: usize, name: String) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.name = name;
        }
    }

    /// The lanes in their last order, those of one name as one, and the events with their places there.
    pub(crate) fn settle(self, events: &mut [TimelineEvent]) -> Vec<Lane> {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        let same: Vec<usize> = self
            .lanes
            .iter()
            .enumerate()
            .map(|(at, lane)| *first.entry(lane.name.as_str()).or_insert(at))
            .collect();
        let mut order = Vec::new();
        for (at, lane) in self.lanes.iter().enumerate() {
            if lane.of.is_none() {
                self.behind(at, &same, &mut order);
            }
        }
        let mut place = vec![0; self.lanes.len()];
        order.iter().enumerate().for_each(|(to, from)| place[*from] = to);
        let place: Vec<usize> = same.iter().map(|at| place[*at]).collect();
        for event in events {
            event.lane = place.get(event.lane).copied().unwrap_or_default();
            event.with = event.with.and_then(|with| place.get(with).copied());
        }
        let lane = |from: &usize| {
            let lane = &self.lanes[*from];
            Lane { of: lane.of.map(|of| place[of]), ..lane.clone() }
        };
        order.iter().map(lane).collect()
    }

    /// A lane and all that are part of it, those that are parts of their own last.
    fn behind(&self, at: usize, same: &[usize], order: &mut Vec<usize>) {
        if same[at] != at {
            return;
        }
        order.push(at);
        let mut parts: Vec<usize> = (0..self.lanes.len())
            .filter(|part| self.lanes[*part].of.map(|of| same[of]) == Some(at))
            .collect();
        parts.sort_by_key(|part| (self.lanes[*part].is, *part));
        parts.into_iter().for_each(|part| self.behind(part, same, order));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Happening;
    use holdtime_core::Instant;

    #[test]
    fn a_lane_stands_behind_the_one_that_it_is_part_of_and_equal_names_are_one_lane() {
        let mut lanes = Lanes::default();
        let near = lanes.add(LaneKind::Machine, "machine 10.0.0.1", None);
        let speaker = lanes.add(LaneKind::Speaker, "speaker", Some(near));
        lanes.add(LaneKind::Machine, "machine 10.0.0.2", None);
        let first = lanes.add(LaneKind::Task, "speaker: task", Some(speaker));
        let second = lanes.add(LaneKind::Task, "another", Some(speaker));
        lanes.rename(second, lanes.name(first).to_owned());
        let what = Happening::Log { text: String::new() };
        let mut events = [TimelineEvent { at: Instant::ZERO, lane: second, with: Some(near), what }];
        let settled = lanes.settle(&mut events);
        let names: Vec<&str> = settled.iter().map(|lane| lane.name.as_str()).collect();
        assert_eq!(names, ["machine 10.0.0.1", "speaker", "speaker: task", "machine 10.0.0.2"]);
        assert_eq!((events[0].lane, events[0].with, settled[2].of), (2, Some(0), Some(1)));
    }

    #[test]
    fn a_second_one_of_a_name_is_numbered() {
        let mut lanes = Lanes::default();
        lanes.add_another(LaneKind::Program, "program feed", None);
        let second = lanes.add_another(LaneKind::Program, "program feed", None);
        assert_eq!(lanes.name(second), "program feed (2)");
    }
}
