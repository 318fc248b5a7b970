//! The text of a saved run: what was under test, what came of it, and every choice that was not 0.
//!
//! ```text
//! holdtime-finding 1                     the format, and its version
//! build 0.1.0                            the build that wrote it
//! reactor read-first                     what was under test
//! seed 17                                the seed that drew the run; `17@23500ms:9`: from then on another one
//! hash 00112233aabbccdd                  the hash of its trace
//! verdict O1                             what came of it
//! key O1 (…) peer > speaker > end        why, without names and times
//! command holdtime explore …             what found it
//! choices 2                              how many follow; `choices seed`: none were recorded, the seed draws them;
//!                                        `choices seed pct`: by this strategy of scheduling
//! slowness 0 2/4 plan                    SITE NUMBER VALUE/BOUND ACTOR, by site, actor and number
//! task 17 1/3 speaker
//! sum 0123456789abcdef                   FNV-1a of the plan and of every line above
//! ```

use std::fmt::Write as _;
use std::ops::Range;

use holdtime_machine::choices::{Choice, ChoiceSource, Site, Strategy};
use holdtime_machine::rng::word_of;

use crate::explore::Lineage;
use crate::scenario::mistake::{Mistake, Source};
use crate::stage::Detour;

/// The version of the format that this build writes, and the newest that it reads.
const VERSION: u32 = 1;
const FORMAT: &str = "holdtime-finding";

/// A run that can be played again with its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedRun {
    /// The build that wrote it.
    pub build: String,
    /// The name of what was under test.
    pub reactor: String,
    /// What drew it: a seed, and others from instants on.
    pub lineage: Lineage,
    /// The hash of its trace.
    pub hash: u64,
    /// What came of it, in one word.
    pub verdict: String,
    /// Why, without names and times.
    pub key: String,
    /// The command that found it.
    pub command: String,
    /// Its choices that were not 0.
    pub choices: SavedChoices,
}

/// What is saved of a run's choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SavedChoices {
    /// Those that were not 0.
    Recorded(Vec<Choice>),
    /// They were not recorded: the seed draws them by this strategy.
    Drawn(Strategy),
}

impl SavedRun {
    /// Where its choices come from when it is played again.
    pub fn source(&self) -> ChoiceSource {
        match &self.choices {
            SavedChoices::Recorded(list) => ChoiceSource::Saved(list.clone()),
            SavedChoices::Drawn(strategy) => self.lineage.choices(*strategy),
        }
    }

    /// And from instants on, where they were not recorded.
    pub fn detours(&self) -> Vec<Detour> {
        match self.choices {
            SavedChoices::Recorded(_) => Vec::new(),
            SavedChoices::Drawn(strategy) => self.lineage.detours(strategy),
        }
    }

    /// Its text, beside this plan.
    pub fn write(&self, plan: &str) -> String {
        let Self { build, reactor, lineage, hash, verdict, key, command, choices } = self;
        let mut text = format!(
            "{FORMAT} {VERSION}\nbuild {build}\nreactor {reactor}\nseed {lineage}\nhash {hash:016x}\n\
             verdict {verdict}\nkey {}\ncommand {}\n",
            one_line(key),
            one_line(command)
        );
        match choices {
            SavedChoices::Drawn(Strategy::Uniform) => text.push_str("choices seed\n"),
            SavedChoices::Drawn(strategy) => {
                let _ = writeln!(text, "choices seed {}", strategy.name());
            }
            SavedChoices::Recorded(list) => {
                let _ = writeln!(text, "choices {}", list.len());
                for choice in list {
                    let _ = writeln!(text, "{choice}");
                }
            }
        }
        let sum = sum(plan, &text);
        let _ = writeln!(text, "sum {sum:016x}");
        text
    }

    /// Reads what [`write`](Self::write) wrote beside this plan.
    ///
    /// # Errors
    /// The first thing that is wrong: a newer format, a line that is missing or none of this kind, a value out of its bound, or an
    /// edit of either text.
    pub fn read(source: &Source, plan: &str) -> Result<Self, Mistake> {
        let mut lines = Lines { source, at: 0 };
        let (version, range) = lines.word(FORMAT)?;
        match version.parse::<u32>() {
            Ok(1..=VERSION) => {}
            Ok(newer) => {
                return Err(source
                    .mistake(range, format!("format {newer} is newer than this build"))
                    .expected(format!("{VERSION} or older")));
            }
            Err(_) => return Err(source.mistake(range, "no version of the format").expected("a number")),
        }
        let run = Self {
            build: lines.word("build")?.0.to_owned(),
            reactor: lines.word("reactor")?.0.to_owned(),
            lineage: lines.parsed("seed", "a number, or SEED@TIME:SEED", |text| text.parse().ok())?,
            hash: lines.parsed("hash", "16 hexadecimal digits", hex)?,
            verdict: lines.word("verdict")?.0.to_owned(),
            key: lines.word("key")?.0.to_owned(),
            command: lines.word("command")?.0.to_owned(),
            choices: lines.choices()?,
        };
        let end = lines.at;
        let range = end..source.text().len();
        let found = lines.parsed("sum", "16 hexadecimal digits", hex)?;
        if found != sum(plan, source.at(0..end)) {
            return Err(source.mistake(range, "the plan or this file was edited since they were written"));
        }
        match source.at(lines.at..source.text().len()) {
            "" => Ok(run),
            _ => Err(source.mistake(lines.at..source.text().len(), "something follows the end")),
        }
    }
}

/// The lines of a saved run, read from the top.
struct Lines<'s> {
    source: &'s Source,
    at: usize,
}

impl<'s> Lines<'s> {
    /// The next line without its end, and where it stands. Every line has an end: one without is cut short.
    fn next(&mut self) -> Result<(&'s str, Range<usize>), Mistake> {
        let (source, at) = (self.source, self.at);
        let rest = source.at(at..source.text().len());
        let Some(end) = rest.find('\n') else {
            return Err(source.mistake(at..at + rest.len(), "the file is cut short here"));
        };
        self.at = at + end + 1;
        Ok((source.at(at..at + end), at..at + end))
    }

    /// What follows this word on the next line.
    fn word(&mut self, word: &str) -> Result<(&'s str, Range<usize>), Mistake> {
        let (line, range) = self.next()?;
        let value = line.strip_prefix(word).and_then(|rest| rest.strip_prefix(' '));
        match value {
            Some(value) => Ok((value, range.end - value.len()..range.end)),
            None => Err(self.source.mistake(range, "not what stands here in a saved run").expected(word)),
        }
    }

    fn parsed<T>(
        &mut self,
        word: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Mistake> {
        let (value, range) = self.word(word)?;
        parse(value).ok_or_else(|| self.source.mistake(range, format!("no {word}")).expected(expected))
    }

    fn choices(&mut self) -> Result<SavedChoices, Mistake> {
        let count = |text: &str| match text.strip_prefix("seed") {
            Some("") => Some(Err(Strategy::Uniform)),
            Some(strategy) => Strategy::find(strategy.strip_prefix(' ')?).map(Err),
            None => text.parse::<u64>().ok().map(Ok),
        };
        match self.parsed("choices", "a number, or `seed` and a strategy", count)? {
            Err(strategy) => Ok(SavedChoices::Drawn(strategy)),
            Ok(count) => {
                let list = (0..count).map(|_| self.choice()).collect::<Result<_, _>>()?;
                Ok(SavedChoices::Recorded(list))
            }
        }
    }

    fn choice(&mut self) -> Result<Choice, Mistake> {
        let (line, range) = self.next()?;
        let wrong = |problem: &str| self.source.mistake(range.clone(), problem);
        let mut parts = line.splitn(4, ' ');
        let mut part =
            || parts.next().ok_or_else(|| wrong("no choice").expected("SITE NUMBER VALUE/BOUND ACTOR"));
        let (site, n, value, actor) = (part()?, part()?, part()?, part()?);
        let names = Site::ALL.map(Site::name);
        let site = Site::find(site)
            .ok_or_else(|| wrong(&format!("there is no site `{site}`")).one_of(site, &names))?;
        let n = n.parse().map_err(|_| wrong("no number of a draw"))?;
        let value = value
            .split_once('/')
            .and_then(|(value, bound)| Some((value.parse::<u64>().ok()?, bound.parse::<u64>().ok()?)));
        let (value, bound) = value.ok_or_else(|| wrong("no value with its bound").expected("VALUE/BOUND"))?;
        if value >= bound {
            return Err(wrong(&format!("the value {value} is out of its bound {bound}")));
        }
        Ok(Choice { site, actor: actor.to_owned(), n, bound, value })
    }
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16)
}

fn sum(plan: &str, text: &str) -> u64 {
    word_of(plan) ^ word_of(text).rotate_left(1)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "title = \"a plan\"\n";

    fn run() -> SavedRun {
        let choice = |site, n, actor: &str| Choice { site, actor: actor.to_owned(), n, bound: 4, value: 2 };
        SavedRun {
            build: "0.1.0".to_owned(),
            reactor: "read-first".to_owned(),
            lineage: "17@23500ms:9".parse().unwrap(),
            hash: 0xab,
            verdict: "O1".to_owned(),
            key: "O1 (a clause) peer > speaker > end".to_owned(),
            command: "holdtime explore --swarm".to_owned(),
            choices: SavedChoices::Recorded(vec![
                choice(Site::Task, 9, "a speaker"),
                choice(Site::Slowness, 0, "plan"),
            ]),
        }
    }

    fn read(text: &str) -> Result<SavedRun, String> {
        SavedRun::read(&Source::new("run.txt", text), PLAN).map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let drawn = Strategy::ALL.map(SavedChoices::Drawn);
        for choices in drawn.into_iter().chain([SavedChoices::Recorded(Vec::new()), run().choices]) {
            let run = SavedRun { choices, ..run() };
            assert_eq!(read(&run.write(PLAN)), Ok(run));
        }
    }

    #[test]
    fn what_was_not_recorded_is_drawn_by_the_strategy_that_drew_it() {
        let run = SavedRun { choices: SavedChoices::Drawn(Strategy::FewestRecent), ..run() };
        let again = read(&run.write(PLAN)).unwrap();
        let scheduled = |seed| ChoiceSource::Scheduled { seed, strategy: Strategy::FewestRecent };
        assert_eq!(again.source(), scheduled(17));
        assert_eq!(again.detours().iter().map(|detour| &detour.choices).collect::<Vec<_>>(), [&scheduled(9)]);
        let unknown = read(&run.write(PLAN).replace("seed fewest-recently-run", "seed luck")).unwrap_err();
        assert!(unknown.contains("expected a number, or `seed` and a strategy"), "{unknown}");
    }

    #[test]
    fn one_that_is_cut_short_anywhere_is_refused() {
        let text = run().write(PLAN);
        for end in 0..text.len() {
            let refused = read(&text[..end]).unwrap_err();
            assert!(refused.starts_with("run.txt:"), "cut at {end}: {refused}");
        }
    }

    #[test]
    fn one_that_was_edited_anywhere_is_refused_and_so_is_one_beside_another_plan() {
        let text = run().write(PLAN);
        for at in 0..text.len() {
            let mut edited = text.clone().into_bytes();
            edited[at] = if edited[at] == b'7' { b'8' } else { b'7' };
            assert!(read(&String::from_utf8(edited).unwrap()).is_err(), "octet {at}");
        }
        let other = SavedRun::read(&Source::new("run.txt", text), "title = \"another\"\n");
        assert!(other.unwrap_err().to_string().contains("edited"));
    }

    #[test]
    fn a_newer_format_and_a_choice_out_of_its_bound_are_refused_with_their_places() {
        let newer = read(&run().write(PLAN).replacen("finding 1", "finding 2", 1)).unwrap_err();
        assert!(newer.starts_with("run.txt:1:18: format 2 is newer than this build"), "{newer}");
        let beyond = read(&run().write(PLAN).replacen("0 2/4", "0 4/4", 1)).unwrap_err();
        assert!(beyond.starts_with("run.txt:11:1: the value 4 is out of its bound 4"), "{beyond}");
        let unknown = read(&run().write(PLAN).replacen("task 9", "tusk 9", 1)).unwrap_err();
        assert!(unknown.contains("did you mean `task`?"), "{unknown}");
    }
}
