//! The draws behind [`Choices`](super::Choices): a counter and a stream for each site of each actor.

use std::collections::BTreeMap;

use super::choice::{ActorId, Choice, ChoiceSource};
use super::schedule::{Scheduler, Strategy};
use super::site::Site;
use crate::rng::{Rng, word_of};

/// What a draw is made from.
pub(super) enum Weight {
    /// So many values, all alike.
    Even(u64),
    /// 1 so many times in a thousand, else 0.
    PerMille(u32),
}

impl Weight {
    fn bound(&self) -> u64 {
        match self {
            Self::Even(bound) => *bound,
            Self::PerMille(_) => 2,
        }
    }

    fn value_of(&self, rng: &mut Rng) -> u64 {
        match self {
            Self::Even(bound) => rng.below(*bound),
            Self::PerMille(per_mille) => u64::from(rng.chance(*per_mille)),
        }
    }
}

/// All draws of one run.
#[derive(Debug)]
pub(super) struct Draws {
    origin: Origin,
    actors: BTreeMap<String, ActorId>,
    /// [`Site::COUNT`] for each actor, in the order of both.
    streams: Vec<Stream>,
    recorded: Option<Vec<Made>>,
    tape: Option<Vec<u8>>,
    refused: Option<(Choice, u64)>,
    /// Who picks who runs next; `None`: it is drawn.
    scheduler: Option<Scheduler>,
}

/// The source, as it is drawn from.
#[derive(Debug)]
enum Origin {
    Seed(u64),
    Saved {
        /// What no actor has asked for yet, by actor.
        lists: BTreeMap<String, Vec<Choice>>,
        strict: bool,
    },
    Octets {
        octets: Vec<u8>,
        used: usize,
    },
}

impl Origin {
    fn of(source: &ChoiceSource) -> Self {
        let saved = |list: &[Choice], strict| {
            let mut lists = BTreeMap::<String, Vec<Choice>>::new();
            for choice in list {
                lists.entry(choice.actor.clone()).or_default().push(choice.clone());
            }
            lists.values_mut().for_each(|list| list.sort_by_key(|choice| std::cmp::Reverse(choice.n)));
            Self::Saved { lists, strict }
        };
        match source {
            ChoiceSource::Seed(seed) | ChoiceSource::Scheduled { seed, .. } => Self::Seed(*seed),
            ChoiceSource::Saved(list) => saved(list, true),
            ChoiceSource::Adapted(list) => saved(list, false),
            ChoiceSource::Octets(octets) => Self::Octets { octets: octets.clone(), used: 0 },
        }
    }

    /// The streams of an actor, one for each site.
    fn streams(&mut self, name: &str) -> impl Iterator<Item = Stream> + use<> {
        let (seed, saved) = match self {
            Self::Seed(seed) => (*seed, Vec::new()),
            Self::Saved { lists, .. } => (0, lists.remove(name).unwrap_or_default()),
            Self::Octets { .. } => (0, Vec::new()),
        };
        let actor = word_of(name);
        Site::ALL.into_iter().map(move |site| Stream {
            rng: Rng::keyed(seed, &[word_of(site.name()), actor]),
            made: 0,
            saved: saved.iter().filter(|choice| choice.site == site).cloned().collect(),
        })
    }
}

/// The draws of one site for one actor.
#[derive(Debug)]
struct Stream {
    rng: Rng,
    made: u64,
    /// What was saved of it, the next one last.
    saved: Vec<Choice>,
}

/// A draw that yielded something else than 0.
#[derive(Clone, Copy, Debug)]
struct Made {
    site: Site,
    actor: ActorId,
    n: u64,
    bound: u64,
    value: u64,
}

impl Draws {
    pub(super) fn new(source: &ChoiceSource) -> Self {
        Self {
            origin: Origin::of(source),
            actors: BTreeMap::new(),
            streams: Vec::new(),
            recorded: None,
            tape: None,
            refused: None,
            scheduler: scheduler(source),
        }
    }

    pub(super) fn actor(&mut self, name: &str) -> ActorId {
        if let Some(known) = self.actors.get(name) {
            return *known;
        }
        let id = ActorId(self.actors.len() as u32);
        self.actors.insert(name.to_owned(), id);
        let streams = self.origin.streams(name);
        self.streams.extend(streams);
        id
    }

    /// From now on draws from this source; what was counted stays counted.
    pub(super) fn turn_to(&mut self, source: &ChoiceSource) {
        self.origin = Origin::of(source);
        self.scheduler = scheduler(source);
        for (name, id) in &self.actors {
            let own = self.streams.iter_mut().skip(id.0 as usize * Site::COUNT);
            for (stream, fresh) in own.zip(self.origin.streams(name)) {
                let made = stream.made;
                *stream = Stream { made, ..fresh };
                stream.saved.retain(|choice| choice.n >= made);
            }
        }
    }

    pub(super) fn record(&mut self) {
        self.recorded = Some(Vec::new());
    }

    pub(super) fn record_octets(&mut self) {
        self.tape = Some(Vec::new());
    }

    pub(super) fn draw(&mut self, site: Site, actor: ActorId, weight: &Weight) -> u64 {
        let stream = &mut self.streams[actor.0 as usize * Site::COUNT + site as usize];
        let n = stream.made;
        stream.made += 1;
        let value = match &mut self.origin {
            Origin::Seed(_) => weight.value_of(&mut stream.rng),
            Origin::Octets { octets, used } => from_octets(octets, used, weight),
            Origin::Saved { strict, .. } => match stream.saved.pop_if(|next| next.n == n) {
                Some(choice) if choice.value < weight.bound() => choice.value,
                Some(choice) if *strict => {
                    self.refused.get_or_insert((choice, weight.bound()));
                    0
                }
                _ => 0,
            },
        };
        self.note(Made { site, actor, n, bound: weight.bound(), value });
        if let Some(tape) = &mut self.tape {
            to_octets(tape, weight, value);
        }
        value
    }

    /// Whether somebody picks who runs next.
    pub(super) fn is_scheduled(&self) -> bool {
        self.scheduler.is_some()
    }

    /// The place of who runs next among these, of whom there are at least two.
    pub(super) fn pick(&mut self, site: Site, actor: ActorId, ids: &[u32]) -> u64 {
        let Some(scheduler) = &mut self.scheduler else { return 0 };
        let (value, bound) = (scheduler.pick(site, actor.0, ids) as u64, ids.len() as u64);
        let stream = &mut self.streams[actor.0 as usize * Site::COUNT + site as usize];
        let n = stream.made;
        stream.made += 1;
        self.note(Made { site, actor, n, bound, value });
        if let Some(tape) = &mut self.tape {
            to_octets(tape, &Weight::Even(bound), value);
        }
        value
    }

    fn note(&mut self, made: Made) {
        if made.value != 0
            && let Some(recorded) = &mut self.recorded
        {
            recorded.push(made);
        }
    }

    pub(super) fn recorded(&self) -> Vec<Choice> {
        let names: BTreeMap<u32, &String> = self.actors.iter().map(|(name, id)| (id.0, name)).collect();
        let choice = |made: &Made| {
            let actor = names.get(&made.actor.0).map_or_else(String::new, |name| (*name).clone());
            Choice { site: made.site, actor, n: made.n, bound: made.bound, value: made.value }
        };
        let mut list: Vec<Choice> = self.recorded.iter().flatten().map(choice).collect();
        list.sort();
        list
    }

    pub(super) fn octets(&self) -> Vec<u8> {
        let tape = self.tape.as_deref().unwrap_or_default();
        let end = tape.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
        tape.iter().take(end).copied().collect()
    }

    pub(super) fn refused(&self) -> Option<(Choice, u64)> {
        self.refused.clone()
    }
}

fn scheduler(source: &ChoiceSource) -> Option<Scheduler> {
    match source {
        ChoiceSource::Scheduled { seed, strategy } if *strategy != Strategy::Uniform => {
            Some(Scheduler::new(*strategy, *seed))
        }
        _ => None,
    }
}

/// How many octets a draw of this bound takes.
fn width(bound: u64) -> usize {
    match bound - 1 {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

/// The least octet that makes a chance come about: at least one does, and 0 never.
fn threshold(per_mille: u32) -> u8 {
    (256 - per_mille * 256 / 1000).clamp(1, 255) as u8
}

fn from_octets(octets: &[u8], used: &mut usize, weight: &Weight) -> u64 {
    let width = width(weight.bound());
    let mut word = [0; 8];
    let left = octets.get(*used..).unwrap_or_default();
    word.iter_mut().zip(left.iter().take(width)).for_each(|(slot, octet)| *slot = *octet);
    *used = (*used + width).min(octets.len());
    match weight {
        Weight::Even(bound) => u64::from_le_bytes(word) % bound,
        Weight::PerMille(per_mille) => u64::from(word[0] >= threshold(*per_mille)),
    }
}

/// The octets from which this draw yields this value.
fn to_octets(tape: &mut Vec<u8>, weight: &Weight, value: u64) {
    match weight {
        Weight::Even(bound) => tape.extend(value.to_le_bytes().iter().take(width(*bound))),
        Weight::PerMille(_) => tape.push(if value == 0 { 0 } else { 255 }),
    }
}
