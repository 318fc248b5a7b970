//! The vocabulary of scripted API programs. A file of such lines is a *dialogue*; with `#!/usr/bin/env -S holdtime dialogue`
//! as its first line and the execute permission, any speaker that runs API programs can run it.
//!
//! ```text
//! send TEXT                       write the line TEXT
//! send N times TEXT               … N times; {i} in TEXT is the round, from 0; {a}.{b} its two octets
//! loop [N times]                  the steps up to its `end`, N times or for ever; in it {i} of a `send TEXT` is its round
//! end
//! buffer · flush                  keep back what is sent from here on · write all of it at once
//! expect [within TIME] TEXT       wait for a line that contains TEXT; lines without it are passed over
//! also TEXT                       the same, but the line may have come before the one expected last
//! expect nothing for TIME         no line at all may come
//! wait TIME
//! stop reading · resume reading
//! close stdin · close stdout
//! exit N
//! ```
//!
//! After its last step a program reads on until a line says `shutdown` or its input ends, then exits with 0.

use std::ops::Range;
use std::sync::Arc;

use holdtime_core::Duration;

use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::blocks::{Blocks, parse_times};
use crate::scenario::script::lines::{Words, lines};

/// One thing that a program does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module's table says what each step does")]
pub enum ProgramStep {
    Send { times: u32, text: String },
    Buffer,
    Flush,
    Expect { text: String, within: Option<Duration> },
    Also(String),
    ExpectNothing(Duration),
    Wait(Duration),
    Reading(bool),
    CloseStdin,
    CloseStdout,
    Exit(i32),
    Loop(Option<u32>),
    End,
}

/// A program's steps, each with the line it was written as, for reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramScript {
    /// Shared by everybody who plays it.
    steps: Arc<Vec<(ProgramStep, String)>>,
}

const STEPS: &[&str] =
    &["send", "buffer", "flush", "expect", "also", "wait", "stop", "resume", "close", "exit", "loop", "end"];

impl ProgramScript {
    /// Parses the script at `range` of `source`.
    ///
    /// # Errors
    /// The first step that is none.
    pub fn parse(source: &Source, range: Range<usize>) -> Result<Self, Mistake> {
        let mut steps = Vec::new();
        let mut blocks = Blocks::default();
        for mut words in lines(source, range) {
            let whole = words.clone();
            let text = whole.clone().remainder().to_owned();
            let step = ProgramStep::parse(&mut words)?;
            words.end()?;
            match step {
                ProgramStep::Loop(_) => blocks.open(whole),
                ProgramStep::End => blocks.close(&whole)?,
                _ => {}
            }
            steps.push((step, text));
        }
        blocks.finish()?;
        Ok(Self { steps: Arc::new(steps) })
    }

    /// Whether the program stops reading for good what it is answered.
    pub fn stops_reading(&self) -> bool {
        let mut reading = self.steps.iter().rev().filter(|(step, _)| matches!(step, ProgramStep::Reading(_)));
        reading.next().is_some_and(|(step, _)| *step == ProgramStep::Reading(false))
    }

    /// The lines, without comments and blank ones.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.steps.iter().map(|(_, text)| text.clone()).collect()
    }

    /// The step number `index` and the line it was written as.
    pub fn step(&self, index: usize) -> Option<(&ProgramStep, &str)> {
        self.steps.get(index).map(|(step, text)| (step, text.as_str()))
    }
}

impl ProgramStep {
    /// The line that a `send` writes in its round number `round`, line end included.
    pub fn line(text: &str, round: u32) -> String {
        if !text.contains('{') {
            return format!("{text}\n");
        }
        let [_, _, high, low] = round.to_be_bytes();
        let text = text
            .replace("{i}", &round.to_string())
            .replace("{a}", &high.to_string())
            .replace("{b}", &low.to_string());
        format!("{text}\n")
    }

    fn parse(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let verb = words.demand("a step")?;
        Ok(match verb.text {
            "send" => {
                let mut ahead = words.clone();
                let count =
                    ahead.next().and_then(|word| word.text.parse().ok()).filter(|_| ahead.skip_word("times"));
                if count.is_some() {
                    *words = ahead;
                }
                Self::Send { times: count.unwrap_or(1), text: words.remainder().to_owned() }
            }
            "also" => {
                words.clone().demand("what the line must contain")?;
                Self::Also(words.remainder().to_owned())
            }
            "buffer" => Self::Buffer,
            "flush" => Self::Flush,
            "expect" => Self::parse_expect(words)?,
            "wait" => Self::Wait(words.duration()?),
            "stop" if words.skip_word("reading") => Self::Reading(false),
            "resume" if words.skip_word("reading") => Self::Reading(true),
            "close" if words.skip_word("stdin") => Self::CloseStdin,
            "close" if words.skip_word("stdout") => Self::CloseStdout,
            "exit" => Self::Exit(words.value("an exit code")?),
            "loop" => Self::Loop(parse_times(words)?),
            "end" => Self::End,
            "stop" | "resume" => {
                return Err(words
                    .mistake(&verb, "incomplete step")
                    .expected(format!("`{} reading`", verb.text)));
            }
            "close" => {
                return Err(words
                    .mistake(&verb, "incomplete step")
                    .expected("`close stdin` or `close stdout`"));
            }
            other => {
                return Err(words.mistake(&verb, format!("unknown step `{other}`")).one_of(other, STEPS));
            }
        })
    }

    fn parse_expect(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let mut ahead = words.clone();
        if ahead.skip_word("nothing") && ahead.skip_word("for") {
            *words = ahead;
            return Ok(Self::ExpectNothing(words.duration()?));
        }
        let within = if words.skip_word("within") { Some(words.duration()?) } else { None };
        words.clone().demand("what the line must contain")?;
        Ok(Self::Expect { text: words.remainder().to_owned(), within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<ProgramStep>, Mistake> {
        let script = ProgramScript::parse(&Source::new("program", text), 0..text.len())?;
        Ok(script.steps.iter().map(|(step, _)| step.clone()).collect())
    }

    #[test]
    fn a_dialogue_parses_and_its_lines_stay_verbatim() {
        let steps = parse(
            "#!/usr/bin/env -S holdtime dialogue\nsend announce route 10.0.0.0/24  next-hop 1.1.1.1\nexpect done\nexpect within 2s \"answer\": \"done\"\n\
             expect nothing for 1s\nwait 200ms\nstop reading\nresume reading\nclose stdin\nclose stdout\nsend 300 times x {a}.{b}\nbuffer\nflush\nexit 3\n",
        )
        .unwrap();
        assert_eq!(
            steps[0],
            ProgramStep::Send { times: 1, text: "announce route 10.0.0.0/24  next-hop 1.1.1.1".into() }
        );
        assert_eq!(
            steps[2],
            ProgramStep::Expect { text: "\"answer\": \"done\"".into(), within: Some(Duration::from_secs(2)) }
        );
        assert_eq!(steps[9], ProgramStep::Send { times: 300, text: "x {a}.{b}".into() });
        assert_eq!(steps[10..12], [ProgramStep::Buffer, ProgramStep::Flush]);
        assert_eq!(steps.len(), 13);
        assert_eq!(ProgramStep::line("x {a}.{b} {i}", 258), "x 1.2 258\n");
    }

    #[test]
    fn a_misspelt_step_is_answered_with_the_nearest_one() {
        assert_eq!(parse("sned x").unwrap_err().nearest.as_deref(), Some("send"));
        assert!(parse("expect within 2s").unwrap_err().to_string().contains("what the line must contain"));
    }
}
