//! The `holdtime` command: reads the command line, hands it to the verb it names and turns the outcome into an
//! exit status. The verbs live in three rooms (`exabgp`, `codec`, `lab`); what they share is `console` (what is printed, and where),
//! `error` (how a verb fails) and `log`.

mod args;
mod codec;
mod colours;
mod completions;
mod console;
mod error;
mod exabgp;
mod interrupt;
mod lab;
mod log;
mod progress;
mod stderr;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use codec::{decode, encode};
use console::Console;
use error::{CliError, VerbResult};
use exabgp::healthcheck::HealthcheckArgs;
use exabgp::{client, healthcheck, serve, settings, validate};
use lab::{dialogue, explore, list, parity, probe, replay, run, shrink, suite, why};

/// A BGP speaker built so that no hang stays a mystery, and the lab that explains them.
#[derive(Debug, Parser)]
#[command(name = "holdtime", version, propagate_version = true, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    log: log::LogArgs,
    /// The file of settings, instead of etc/exabgp/exabgp.env
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    env_file: Option<PathBuf>,
}

const EXIT_STATUS: &str = "\
Exit status: 0 as expected; 1 a hang, a broken oracle or a failed case that was not expected; \
2 bad usage or bad input; 130 interrupted.";

// A verb that is not built yet is hidden: `hide = true` goes when the verb works.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Run one scenario or case in the lab; without a name: the report's hang, on every reactor
    Run(run::RunArgs),
    /// List scenarios, reactors, oracles and cases, one line each
    List(list::ListArgs),
    /// Run the conf-* and api-* cases: a table, reactor by reactor
    Suite(suite::SuiteArgs),
    /// Play worlds that nobody wrote, drawn from seeds: what hangs, and what took effect
    Explore(explore::ExploreArgs),
    /// Find the smallest scenario that fails for the same reason as a given one
    Shrink(shrink::ShrinkArgs),
    /// Say from when on a failure was inevitable, and which run that passes is nearest
    Why(why::WhyArgs),
    /// Play a finding, or a recording of `serve --record`, again: what happened, and what is owed to whom at its end
    Replay(replay::ReplayArgs),
    /// Compare the lab's simulated machine with this one, program by program
    Parity(parity::ParityArgs),
    /// Stall a BGP daemon's sessions in every way there is, and say whether it does what the RFCs require
    Probe(probe::ProbeArgs),
    /// Run the speaker, for real
    #[command(alias = "server")]
    Serve(serve::ServeArgs),
    /// Command a running speaker over its named pipes, as exabgpcli does
    Cli(client::ClientArgs),
    /// Watch a service and announce its addresses while it is well: an API program
    Healthcheck(Box<HealthcheckArgs>),
    /// Print the settings in effect: those of exabgp.env and of the environment
    Env(settings::EnvArgs),
    /// Check configuration files
    Validate(validate::ValidateArgs),
    /// Print BGP messages as JSON
    Decode(decode::DecodeArgs),
    /// Print the messages that a configuration would send, in hex
    Encode(encode::EncodeArgs),
    /// Play a scripted API program
    #[command(hide = true)]
    Dialogue(dialogue::DialogueArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(healthcheck::spelled_for_clap(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => return args::report(&error),
    };
    let mut console = Console::new();
    let json = cli.log.is_json();
    progress::in_json(json);
    let outcome = dispatch(cli, &mut console);
    // What was printed before a failure is part of the answer: it goes out before the error does.
    let outcome = console.finish().map_err(CliError::from).and(outcome);
    match outcome {
        Ok(verdict) => verdict.into(),
        Err(error) => console::report(&error, json),
    }
}

fn dispatch(cli: Cli, console: &mut Console) -> VerbResult {
    settings::read_from(cli.env_file);
    // The daemons answer signals themselves (an interrupt is a clean end) and log as their own options say.
    if !matches!(cli.verb, Verb::Serve(_) | Verb::Healthcheck(_)) {
        log::start(&cli.log)?;
        interrupt::exit_at_once()?;
    }
    match cli.verb {
        Verb::Run(args) => run::run(&args, console),
        Verb::List(args) => list::run(&args, console),
        Verb::Suite(args) => suite::run(&args, console),
        Verb::Explore(args) => explore::run(&args, console),
        Verb::Shrink(args) => shrink::run(&args, console),
        Verb::Why(args) => why::run(&args, console),
        Verb::Replay(args) => replay::run(&args, console),
        Verb::Parity(args) => parity::run(&args, console),
        Verb::Probe(args) => probe::run(&args, console),
        Verb::Serve(args) => serve::run(&args, &cli.log),
        Verb::Healthcheck(args) => healthcheck::run(*args, healthcheck_args, console),
        Verb::Cli(args) => client::run(&args, console),
        Verb::Env(args) => settings::print(&args, console),
        Verb::Validate(args) => validate::run(&args, console),
        Verb::Decode(args) => decode::run(&args, console),
        Verb::Encode(args) => encode::run(&args, console),
        Verb::Dialogue(args) => dialogue::run(&args),
        Verb::Completions(args) => completions::run(&args, Cli::command(), console),
    }
}

/// The options of `healthcheck` on a whole command line; `None`: it is one of another verb.
fn healthcheck_args(line: Vec<OsString>) -> Result<Option<HealthcheckArgs>, clap::Error> {
    Ok(match Cli::try_parse_from(line)?.verb {
        Verb::Healthcheck(args) => Some(*args),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_definitions_are_consistent() {
        Cli::command().debug_assert();
    }
}
