//! `holdtime replay FILE`: what a recorded speaker did, and what is owed to whom when the recording ends; or a finding, played again.

mod finding;
mod parties;
mod replay_args;
mod restaged;
mod series;
mod trace;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use data_encoding::HEXLOWER;
use holdtime_core::speaker::{Obligation, Speaker};
use holdtime_core::{Duration, Instant};
use holdtime_sim::replay::log::{ReplayEnding, ReplayLog};
use holdtime_sim::replay::recorded::Replay;
use holdtime_sim::report::{self, printable};
use holdtime_sim::stage::SpeakerState;
use serde_json::json;

use crate::args;
use crate::console::{Console, say};
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use parties::{Parties, PrintedEvent};
pub(crate) use replay_args::ReplayArgs;
use series::RecordedRun;

/// How much of a text is printed, in characters.
const SHOWN: usize = 400;

pub(crate) fn run(args: &ReplayArgs, console: &mut Console) -> VerbResult {
    args.drawing.check(&args.file, None)?;
    let is_scenario = args.file.extension().is_some_and(|extension| extension == "toml");
    if args.file.is_dir() || is_scenario {
        if args.run.is_some() {
            return Err(CliError::input("--run is for recordings: a scenario and a finding are one run"));
        }
        if args.until.is_some() && args.drawing.any() {
            return Err(CliError::input(
                "--until shows how everybody stands at one instant: a trace or a picture is of the whole run",
            ));
        }
        if is_scenario {
            return finding::run_scenario(args, console);
        }
        return finding::run(args, console);
    }
    if args.seed.is_some() || (args.reactor.is_some() && args.to_finding.is_none()) {
        return Err(CliError::input("--reactor and --seed are for scenarios"));
    }
    if let Some(timeline) = trace::read(&args.file)? {
        if args.until.is_some() || args.run.is_some() || args.json || args.to_finding.is_some() {
            return Err(CliError::input(
                "--until, --run, --to-finding and --json are for recordings: this is the trace of one run",
            ));
        }
        return trace::run(&args.file, &timeline, &args.drawing, console);
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    // The first Ctrl-C ends the replay where it is, the second one the process.
    interrupt::raise(&interrupted, &[(signal_hook::consts::SIGINT, 130)])?;
    let runs = series::runs(&args.file)?;
    let count = runs.len();
    if args.drawing.any() && count > 1 && args.run.is_none() {
        return Err(CliError::input("a trace or a picture is of one run: choose one of them with --run"));
    }
    let wanted = |index: usize| args.run.is_none_or(|run| run == index + 1);
    if args.run.is_some_and(|run| !(1..=count).contains(&run)) {
        let runs = if count == 1 { "run" } else { "runs" };
        return Err(CliError::input(format!("\"{}\" has {count} {runs}", args.file.display())));
    }
    if let Some(dir) = &args.to_finding {
        let run = args.run.unwrap_or(count) - 1;
        let run = runs.get(run).ok_or_else(|| CliError::input("it holds no run"))?;
        return restaged::write(args, run, dir, console);
    }
    for (index, run) in runs.iter().enumerate().filter(|(index, _)| wanted(*index)) {
        if count > 1 && !args.json {
            let heading = format!("run {} of {count}: {}", index + 1, run.name());
            writeln!(console, "{}", report::Paint::bold(&console.paint(), &heading))?;
        }
        let number = (count > 1).then_some(index + 1);
        ReplayedRun { args, run, number, interrupted: &interrupted }.play(console)?;
    }
    Ok(VerbStatus::AsExpected)
}

/// One run that is played again.
struct ReplayedRun<'a> {
    args: &'a ReplayArgs,
    run: &'a RecordedRun,
    /// Which of several it is.
    number: Option<usize>,
    interrupted: &'a AtomicBool,
}

impl ReplayedRun<'_> {
    fn play(&self, console: &mut Console) -> Result<(), CliError> {
        let text = self.run.text()?;
        let wrong = |error: String| CliError::input(format!("{}: {error}", self.run.name()));
        let mut replay = if self.run.is_whole {
            Replay::open(&text).map_err(wrong)?
        } else {
            say(&format!(
                "{}: the beginning of this run is gone: what came to the speaker is shown, and not what it did",
                self.run.name()
            ));
            Replay::open_without_beginning(&text)
        };
        let bar = console.progress("lines", text.lines().count() as u64);
        let mut parties = Parties::default();
        let mut log = self.args.drawing.any().then(ReplayLog::default);
        let began = replay.next_at().unwrap_or_default();
        let mut ended = began;
        let in_time = |at| self.args.until.is_none_or(|until| since_began(at, began) <= until);
        while replay.next_at().is_none_or(in_time) && !self.interrupted.load(Ordering::Relaxed) {
            let Some(step) = replay.next() else { break };
            bar.inc(1);
            let step = match (step, &log) {
                (Ok(step), _) => step,
                // What can be read of it is drawn.
                (Err(error), Some(_)) => {
                    self.draw(log.take(), ReplayEnding::Broken, replay.speaker(), began)?;
                    return Err(wrong(error));
                }
                (Err(error), None) => return Err(wrong(error)),
            };
            if let Some(log) = &mut log {
                log.take(&step, replay.speaker());
            }
            ended = step.now().monotonic;
            for told in parties.take(&step) {
                self.print(console, ended - began, &told)?;
            }
        }
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        let mut ending = if interrupted { ReplayEnding::Broken } else { ReplayEnding::End };
        if let (Some(until), Some(_), false) = (self.args.until, replay.next_at(), interrupted) {
            let lasts = Duration::from_nanos((until * 1e9) as u64);
            ended = began + lasts;
            ending = ReplayEnding::Stopped(lasts);
        }
        bar.finish_and_clear();
        self.draw(log, ending, replay.speaker(), began)?;
        if let Some(speaker) = replay.speaker() {
            if self.args.until.is_some() {
                self.print_state(console, speaker, began, ended)?;
            }
            self.print_owed(console, speaker, began, ended)?;
        }
        if interrupted {
            let at = since_began(ended, began);
            return Err(CliError::Interrupted(format!("{} was played up to {at:.3} s", self.run.name())));
        }
        Ok(())
    }

    /// Writes the log as what was asked for.
    fn draw(
        &self,
        log: Option<ReplayLog>,
        ending: ReplayEnding,
        speaker: Option<&Speaker>,
        began: Instant,
    ) -> Result<(), CliError> {
        let Some(log) = log else { return Ok(()) };
        let owed: Vec<String> = speaker
            .into_iter()
            .flat_map(Speaker::obligations)
            .map(|owed| {
                let since = since_began(owed.since, began);
                let waits = owed.waits_for.map_or(String::new(), |what| format!(", waits for {what}"));
                format!("{} owes {}: {}, since {since:.3} s{waits}", owed.debtor, owed.creditor, owed.what)
            })
            .collect();
        let name = self.run.name();
        let run = self.number.map_or(String::new(), |number| format!(" --run {number}"));
        let until = self.args.until.map_or(String::new(), |until| format!(" --until {until}"));
        let file = args::quoted(&self.args.file.display().to_string());
        let again = format!("holdtime replay {file}{run}{until}");
        self.args.drawing.write(&log.finish(&name, &again, ending, &owed), None)
    }

    fn print(&self, console: &mut Console, at: Duration, told: &PrintedEvent) -> Result<(), CliError> {
        if self.args.json {
            let mut object =
                json!({ "at": at.as_nanos(), "who": told.who, "what": told.what, "text": told.text });
            if let Some(octets) = &told.octets {
                object["octets"] = HEXLOWER.encode(octets).into();
            }
            self.print_json(console, object)
        } else {
            let seconds = at.as_nanos() as f64 / 1e9;
            let text = printable(&told.text, SHOWN);
            Ok(writeln!(console, "{seconds:>12.6}  {:<24} {:<9} {text}", told.who, told.what)?)
        }
    }

    fn print_json(&self, console: &mut Console, mut object: serde_json::Value) -> Result<(), CliError> {
        if let Some(number) = self.number {
            object["run"] = number.into();
        }
        Ok(writeln!(console, "{object}")?)
    }

    /// The sessions and their timers. A recording does not know sockets, pipes and waits.
    fn print_state(
        &self,
        console: &mut Console,
        speaker: &Speaker,
        began: Instant,
        now: Instant,
    ) -> Result<(), CliError> {
        let state = SpeakerState::of_speaker(speaker);
        if self.args.json {
            let all = report::snapshot::speaker_json(&state, began);
            let at = (now - began).as_nanos();
            return self.print_json(console, json!({ "at": at, "sessions": all["sessions"] }));
        }
        let heading = format!("\nthe sessions at {:.6} s", since_began(now, began));
        writeln!(console, "{}", report::Paint::bold(&console.paint(), &heading))?;
        let sessions = SpeakerState { owed: Vec::new(), ..state };
        Ok(write!(console, "{}", report::snapshot::speaker(&sessions, now, began))?)
    }

    fn print_owed(
        &self,
        console: &mut Console,
        speaker: &Speaker,
        began: Instant,
        ended: Instant,
    ) -> Result<(), CliError> {
        if !self.args.json {
            return print_end(console, speaker, began, ended);
        }
        speaker.obligations().try_for_each(|owed| self.print_json(console, owed_as_json(&owed, began)))
    }
}

/// Times are counted from the first line of the recording.
fn since_began(at: Instant, began: Instant) -> f64 {
    (at.as_nanos() as f64 - began.as_nanos() as f64) / 1e9
}

fn owed_as_json(owed: &Obligation, began: Instant) -> serde_json::Value {
    let nanos = |at: Instant| i128::from(at.as_nanos()) - i128::from(began.as_nanos());
    json!({
        "debtor": owed.debtor.to_string(),
        "creditor": owed.creditor.to_string(),
        "owes": owed.what,
        "waits-for": owed.waits_for,
        "since": nanos(owed.since) as i64,
        "until": owed.until.map(|until| nanos(until) as i64),
        "clause": owed.clause,
    })
}

fn print_end(
    console: &mut Console,
    speaker: &Speaker,
    began: Instant,
    ended: Instant,
) -> Result<(), CliError> {
    let paint = console.paint();
    let heading = format!("\nwhat is owed at {:.6} s", since_began(ended, began));
    writeln!(console, "{}", report::Paint::bold(&paint, &heading))?;
    let mut any = false;
    for owed in speaker.obligations() {
        any = true;
        let waits = owed.waits_for.as_ref().map_or(String::new(), |what| format!(", waits for {what}"));
        let until = owed.until.map_or(String::new(), |until| {
            let late = if until <= ended { ": overdue" } else { "" };
            format!(", due at {:.3} s{late}", since_began(until, began))
        });
        let since = since_began(owed.since, began);
        writeln!(
            console,
            "  {} owes {}  {} since {since:.3} s{until}{waits} ({})",
            owed.debtor,
            owed.creditor,
            printable(&owed.what, SHOWN),
            owed.clause
        )?;
    }
    if !any {
        writeln!(console, "  nothing")?;
    }
    Ok(())
}
