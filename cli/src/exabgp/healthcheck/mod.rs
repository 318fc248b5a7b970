//! `holdtime healthcheck`: an API program that watches a service and announces its addresses while it is well.
//!
//! The speaker starts it as a process. It runs a check command again and again, takes the service for up or down after so many equal
//! results ([`service`]), and writes the announcements for that state to its standard output ([`announce`]). Its
//! options, their defaults and what it writes are those of ExaBGP's own program of that name.

mod addresses;
mod announce;
mod command;
mod network;
mod options;
mod service;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use holdtime_reactor::user;

use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::log;
use command::{Interrupted, SignalAlarm};
use network::IpNetwork;
use options::ParseLine;
pub(crate) use options::{HealthcheckArgs, spelled_for_clap};
use service::{Service, ServiceState};

/// How long the answer to a withdrawal is waited for when the program was told to end.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// `parse`: how the command line is parsed again, with the options of a file in it.
pub(crate) fn run(args: HealthcheckArgs, parse: ParseLine, console: &mut Console) -> VerbResult {
    let args = args.with_file(parse)?;
    log::start_healthcheck(&args.logging())?;
    // Before anything is announced or set up: from here on a signal is answered in order.
    let alarm = SignalAlarm::install().map_err(|error| CliError::io("cannot answer signals", &error))?;
    if let Some(path) = &args.pid {
        fs::write(path, format!("{}\n", std::process::id()))
            .map_err(|error| CliError::io(format_args!("cannot write \"{}\"", path.display()), &error))?;
    }
    let networks = prepare(&args)?;
    Watcher { args: &args, networks, alarm, console, answers: Vec::new() }.watch()
}

/// Sets the addresses up, gives up privileges, and returns what is to be announced, in order.
fn prepare(args: &HealthcheckArgs) -> Result<Vec<IpNetwork>, CliError> {
    let mut networks = args.networks.clone();
    if networks.is_empty() {
        networks = addresses::of_loopback(args)?;
    }
    if networks.is_empty() {
        return Err(CliError::input("there is no address to announce: give --ip"));
    }
    if args.ip_setup() || args.dynamic_ip_setup || args.deaggregate_networks {
        network::check_sizes(&networks)?;
    }
    if args.ip_setup() {
        addresses::set_up(args, &networks)?;
    }
    if let Some(name) = &args.group {
        let group =
            user::find_group(name).ok_or_else(|| CliError::input(format!("there is no group \"{name}\"")))?;
        user::become_group(group)
            .map_err(|error| CliError::io(format_args!("cannot run as group {name}"), &error))?;
    }
    if let Some(name) = &args.user {
        let user = user::find(name).ok_or_else(|| CliError::input(format!("there is no user \"{name}\"")))?;
        user::become_user(user.uid)
            .map_err(|error| CliError::io(format_args!("cannot run as {name}"), &error))?;
    }
    if args.deaggregate_networks {
        networks = networks.iter().flat_map(IpNetwork::hosts).collect();
    }
    let start = args.start_ip.rem_euclid(networks.len().cast_signed() as i64);
    networks.rotate_left(usize::try_from(start).unwrap_or_default());
    Ok(networks)
}

/// The program while it runs.
struct Watcher<'a> {
    args: &'a HealthcheckArgs,
    networks: Vec<IpNetwork>,
    alarm: SignalAlarm,
    console: &'a mut Console,
    /// What came through the standard input and is not a whole line yet.
    answers: Vec<u8>,
}

/// Why watching stopped.
enum Stop {
    /// A signal: what was announced is withdrawn.
    Interrupted,
    Failed(CliError),
}

impl From<Interrupted> for Stop {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl From<CliError> for Stop {
    fn from(error: CliError) -> Self {
        Self::Failed(error)
    }
}

impl Watcher<'_> {
    /// Watches until the one announcement asked for was made, or until a signal.
    fn watch(&mut self) -> VerbResult {
        match self.rounds() {
            Ok(()) => Ok(VerbStatus::AsExpected),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Interrupted) => {
                // A second signal finds nothing that it could interrupt but the wait for an answer.
                self.alarm.reset();
                match self.tell(ServiceState::Exit) {
                    Ok(()) | Err(Stop::Interrupted) => Ok(VerbStatus::AsExpected),
                    Err(Stop::Failed(error)) => Err(error),
                }
            }
        }
    }

    fn rounds(&mut self) -> Result<(), Stop> {
        let mut service = Service::new(self.args.rise, self.args.fall);
        loop {
            let before = service.state();
            let disabled = self.args.disable.as_ref().is_some_and(|path| path.exists());
            let well = disabled || self.check()?;
            if let Some(entered) = service.observe(well, disabled) {
                self.run_hooks(entered)?;
            }
            let state = service.state();
            if state.is_announced() && (!self.args.debounce || state != before) {
                self.tell(state)?;
            }
            let pause = match state {
                ServiceState::Rising | ServiceState::Falling => self.args.fast_interval,
                _ if self.args.interval == 0.0 => {
                    tracing::info!("the interval is zero: ending after the announcement");
                    return Ok(());
                }
                _ => self.args.interval,
            };
            self.alarm.sleep(Duration::from_secs_f64(pause))?;
        }
    }

    /// Whether the check command succeeds; there being none is success.
    fn check(&self) -> Result<bool, Interrupted> {
        match &self.args.command {
            None => Ok(true),
            Some(command) => command::check(command, self.args.timeout, &self.alarm),
        }
    }

    /// Runs the commands for a state that was entered.
    fn run_hooks(&self, entered: ServiceState) -> Result<(), Interrupted> {
        for hook in self.args.hooks(entered) {
            tracing::debug!("{entered}: running `{hook}`");
            command::run_hook(hook, entered, &self.alarm)?;
        }
        Ok(())
    }

    /// Tells the speaker of a state, and sets the addresses up or removes them.
    fn tell(&mut self, state: ServiceState) -> Result<(), Stop> {
        if state == ServiceState::Up && self.args.dynamic_ip_setup {
            tracing::info!("the service is up: restoring the addresses");
            addresses::set_up(self.args, &self.networks)?;
        }
        tracing::info!("announcing the state {state}");
        let lines: Vec<String> = announce::lines(self.args, &self.networks, state).collect();
        for line in lines {
            tracing::debug!("writing: {line}");
            writeln!(self.console, "{line}").and_then(|()| self.console.flush()).map_err(CliError::from)?;
            // Whoever types at a terminal is no speaker, and answers nothing.
            if !self.args.no_ack && !io::stdout().is_terminal() {
                self.await_answer(state)?;
            }
        }
        let leaving = state == ServiceState::Exit && (self.args.dynamic_ip_setup || self.args.ip_setup());
        let failing =
            matches!(state, ServiceState::Down | ServiceState::Disabled) && self.args.dynamic_ip_setup;
        if leaving || failing {
            tracing::info!("removing the addresses");
            addresses::remove(self.args, &self.networks);
        }
        Ok(())
    }

    /// Waits for one line on the standard input, or for its end.
    fn await_answer(&mut self, state: ServiceState) -> Result<(), Stop> {
        let stdin = io::stdin();
        let until = (state == ServiceState::Exit).then(|| Instant::now() + LAST_ANSWER);
        loop {
            if let Some(end) = self.answers.iter().position(|&octet| octet == b'\n') {
                self.answers.drain(..=end);
                return Ok(());
            }
            if !self.alarm.wait(Some(stdin.as_fd()), until)? {
                tracing::warn!("the last command was not answered in time");
                return Ok(());
            }
            let mut bytes = [0; 4096];
            match rustix::io::read(&stdin, &mut bytes) {
                Ok(0) | Err(_) => return Ok(()),
                Ok(count) => self.answers.extend_from_slice(&bytes[..count]),
            }
        }
    }
}
