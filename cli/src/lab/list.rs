//! `holdtime list`: the scenarios, reactors, oracles and cases that there are, one line each.

use std::io::Write;

use clap::Args;
use holdtime_sim::oracle::Oracle;
use holdtime_sim::scenario;
use holdtime_sim::subject;
use holdtime_sim::suite::{OwnCases, read_cases};
use serde_json::json;

use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::lab::run::find_scenario;

/// The arguments of `holdtime list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &ListArgs, console: &mut Console) -> VerbResult {
    let mut lines: Vec<(&str, String, String)> = Vec::new();
    for name in scenario::embedded() {
        lines.push(("scenario", name.to_owned(), find_scenario(name)?.title));
    }
    for reactor in subject::ALL {
        lines.push(("reactor", reactor.name().to_owned(), reactor.summary().to_owned()));
    }
    for oracle in Oracle::ALL {
        lines.push(("oracle", oracle.code().to_owned(), oracle.summary().to_owned()));
    }
    for case in read_cases(&OwnCases).map_err(|error| CliError::input(error.to_string()))? {
        lines.push(("case", case.name, case.title));
    }
    let width = lines.iter().map(|(_, name, _)| name.len()).max().unwrap_or(0);
    for (kind, name, about) in &lines {
        if args.json {
            writeln!(console, "{}", json!({ "kind": kind, "name": name, "about": about }))?;
        } else {
            let indent = 12 + width;
            let about = match console.width() {
                Some(columns) => wrapped(about, columns.saturating_sub(indent), indent),
                None => about.clone(),
            };
            writeln!(console, "{kind:<9} {name:<width$}  {about}")?;
        }
    }
    Ok(VerbStatus::AsExpected)
}

/// A text on lines of so many columns, all but the first of them indented.
fn wrapped(text: &str, columns: usize, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_long_text_goes_on_below_its_beginning() {
        assert_eq!(wrapped("one two three", 7, 2), "one two\n  three");
        assert_eq!(wrapped("a-word-that-is-wider", 7, 2), "a-word-that-is-wider");
    }
}
