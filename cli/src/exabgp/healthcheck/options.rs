//! The options of `holdtime healthcheck`, which are ExaBGP's, and its configuration file, whose lines are options.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};

use super::network::IpNetwork;
use super::service::ServiceState;
use crate::args;
use crate::error::CliError;
use crate::log::HealthcheckLog;

/// The longest name of an interface that the kernel takes.
const INTERFACE_NAME_MAX: usize = 15;

const CHECKING: &str = "Checking";
const ADVERTISING: &str = "Advertising";
const REPORTING: &str = "Reporting";

/// Parses a whole command line; `None`: it is one of another verb.
pub(crate) type ParseLine = fn(Vec<OsString>) -> Result<Option<HealthcheckArgs>, clap::Error>;

/// The arguments of `holdtime healthcheck`.
#[derive(Clone, Debug, Args)]
#[command(args_override_self = true, infer_long_args = true, allow_negative_numbers = true)]
pub(crate) struct HealthcheckArgs {
    /// Do not log to the standard error
    #[arg(long, short, conflicts_with_all = ["syslog_facility", "no_syslog"])]
    silent: bool,
    /// The facility of what is logged to syslog (also spelled -sF)
    #[arg(
        long,
        value_name = "FACILITY",
        num_args = 0..=1,
        default_missing_value = "daemon",
        conflicts_with = "no_syslog"
    )]
    syslog_facility: Option<String>,
    /// Do not log to syslog
    #[arg(long)]
    no_syslog: bool,
    /// Log more, and not to syslog
    #[arg(long, short)]
    debug: bool,
    /// Do not wait for an answer to each command (exabgp.api.ack false)
    #[arg(long, short = 'a')]
    pub(super) no_ack: bool,
    /// Set the addresses up with sudo
    #[arg(long)]
    pub(super) sudo: bool,
    /// The name under which it logs
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,
    /// Read options from this file too, one a line: `name = value`, or `name` alone
    #[arg(long, short = 'F', value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write the process id to this file
    #[arg(long, short, value_name = "FILE")]
    pub(super) pid: Option<PathBuf>,
    /// Run as this user once the addresses are set up
    #[arg(long, value_name = "USER")]
    pub(super) user: Option<String>,
    /// Run as this group once the addresses are set up
    #[arg(long, value_name = "GROUP")]
    pub(super) group: Option<String>,

    /// Seconds between two checks; 0: end after the first announcement
    #[arg(long, short, value_name = "N", default_value = "5", value_parser = seconds, help_heading = CHECKING)]
    pub(super) interval: f64,
    /// Seconds between two checks while a change is about to happen
    #[arg(long, short, value_name = "N", default_value = "1", value_parser = seconds, help_heading = CHECKING)]
    pub(super) fast_interval: f64,
    /// Seconds that the check command may take; 0: any time
    #[arg(long, short, value_name = "N", default_value_t = 5, help_heading = CHECKING)]
    pub(super) timeout: u32,
    /// Checks that must succeed in a row before the service is up
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = CHECKING)]
    pub(super) rise: u32,
    /// Checks that must fail in a row before the service is down
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = CHECKING)]
    pub(super) fall: u32,
    /// The service is disabled while this file exists
    #[arg(long, value_name = "FILE", help_heading = CHECKING)]
    pub(super) disable: Option<PathBuf>,
    /// The check: a shell command; without one the service is well
    #[arg(long, short, visible_alias = "cmd", value_name = "CMD", help_heading = CHECKING)]
    pub(super) command: Option<String>,

    /// The next hop; without one: self
    #[arg(long, short = 'N', value_name = "IP", help_heading = ADVERTISING)]
    pub(super) next_hop: Option<IpAddr>,
    /// An address or network to announce; without any: the addresses of the loopback interface
    #[arg(long = "ip", value_name = "IP", value_parser = IpNetwork::parse, action = ArgAction::Append, help_heading = ADVERTISING)]
    pub(super) networks: Vec<IpNetwork>,
    /// Set this address up on this interface instead of loopback
    #[arg(long = "ip-ifname", value_name = "IP%IFNAME", value_parser = interface, action = ArgAction::Append, help_heading = ADVERTISING)]
    pub(super) interfaces: Vec<(IpNetwork, String)>,
    /// The local preference
    #[arg(long, value_name = "P", default_value_t = -1, hide_default_value = true, help_heading = ADVERTISING)]
    pub(super) local_preference: i64,
    /// Announce every address of the networks by itself
    #[arg(long, help_heading = ADVERTISING)]
    pub(super) deaggregate_networks: bool,
    /// Do not set up addresses that are missing
    #[arg(long, help_heading = ADVERTISING)]
    no_ip_setup: bool,
    /// Remove the addresses while the service is down or disabled
    #[arg(long, help_heading = ADVERTISING)]
    pub(super) dynamic_ip_setup: bool,
    /// Only the addresses whose label begins so
    #[arg(long, value_name = "LABEL", help_heading = ADVERTISING)]
    pub(super) label: Option<String>,
    /// Only the addresses whose label is this one
    #[arg(long, help_heading = ADVERTISING)]
    pub(super) label_exact_match: bool,
    /// The index of the address that is announced first
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = ADVERTISING)]
    pub(super) start_ip: i64,
    /// The metric of the first address while the service is up
    #[arg(long, value_name = "M", default_value_t = 100, help_heading = ADVERTISING)]
    up_metric: i64,
    /// The metric of the first address while the service is down
    #[arg(long, value_name = "M", default_value_t = 1000, help_heading = ADVERTISING)]
    down_metric: i64,
    /// The metric of the first address while the service is disabled
    #[arg(long, value_name = "M", default_value_t = 500, help_heading = ADVERTISING)]
    disabled_metric: i64,
    /// How much higher the metric of each further address is
    #[arg(long, value_name = "M", default_value_t = 1, help_heading = ADVERTISING)]
    pub(super) increase: i64,
    /// Communities
    #[arg(long, value_name = "COMMUNITY", value_parser = one_line, help_heading = ADVERTISING)]
    pub(super) community: Option<String>,
    /// Extended communities
    #[arg(long, value_name = "COMMUNITY", value_parser = one_line, help_heading = ADVERTISING)]
    pub(super) extended_community: Option<String>,
    /// Large communities
    #[arg(long, value_name = "COMMUNITY", value_parser = one_line, help_heading = ADVERTISING)]
    pub(super) large_community: Option<String>,
    /// Communities while the service is down or disabled
    #[arg(long, value_name = "COMMUNITY", value_parser = one_line, help_heading = ADVERTISING)]
    pub(super) disabled_community: Option<String>,
    /// The AS path
    #[arg(long, value_name = "ASPATH", value_parser = one_line, help_heading = ADVERTISING)]
    as_path: Option<String>,
    /// The AS path while the service is up
    #[arg(long, value_name = "ASPATH", value_parser = one_line, help_heading = ADVERTISING)]
    up_as_path: Option<String>,
    /// The AS path while the service is down
    #[arg(long, value_name = "ASPATH", value_parser = one_line, help_heading = ADVERTISING)]
    down_as_path: Option<String>,
    /// The AS path while the service is disabled
    #[arg(long, value_name = "ASPATH", value_parser = one_line, help_heading = ADVERTISING)]
    disabled_as_path: Option<String>,
    /// Withdraw the routes while the service is not up, instead of raising their metric
    #[arg(long, help_heading = ADVERTISING)]
    pub(super) withdraw_on_down: bool,
    /// The path identifier of the routes
    #[arg(long, value_name = "PATHID", help_heading = ADVERTISING)]
    pub(super) path_id: Option<i64>,
    /// A neighbor to announce to, or * for all
    #[arg(long = "neighbor", value_name = "NEIGHBOR", value_parser = neighbor, action = ArgAction::Append, help_heading = ADVERTISING)]
    pub(super) neighbors: Vec<String>,
    /// Announce at changes only, instead of after every check
    #[arg(long, help_heading = ADVERTISING)]
    pub(super) debounce: bool,

    /// A shell command to run at every change; its environment has STATE
    #[arg(long, value_name = "CMD", action = ArgAction::Append, help_heading = REPORTING)]
    execute: Vec<String>,
    /// A shell command to run when the service becomes available
    #[arg(long, value_name = "CMD", action = ArgAction::Append, help_heading = REPORTING)]
    up_execute: Vec<String>,
    /// A shell command to run when the service becomes unavailable
    #[arg(long, value_name = "CMD", action = ArgAction::Append, help_heading = REPORTING)]
    down_execute: Vec<String>,
    /// A shell command to run when the service is disabled
    #[arg(long, value_name = "CMD", action = ArgAction::Append, help_heading = REPORTING)]
    disabled_execute: Vec<String>,
}

impl HealthcheckArgs {
    /// These options over those of the file that `--config` names.
    pub(super) fn with_file(self, parse: ParseLine) -> Result<Self, CliError> {
        let args = match &self.config {
            None => self,
            Some(path) => read_file(path, parse)?,
        };
        for (network, name) in &args.interfaces {
            if !args.networks.contains(network) {
                return Err(CliError::input(format!(
                    "--ip-ifname {network}%{name}: --ip {network} is missing"
                )));
            }
        }
        Ok(args)
    }

    pub(super) fn logging(&self) -> HealthcheckLog<'_> {
        let syslog = !self.no_syslog && !self.debug;
        HealthcheckLog {
            debug: self.debug,
            console: !self.silent,
            facility: syslog.then(|| self.syslog_facility.as_deref().unwrap_or("daemon")),
            name: self.name.as_deref(),
        }
    }

    /// Whether addresses that are missing are set up.
    pub(super) fn ip_setup(&self) -> bool {
        !self.no_ip_setup
    }

    /// The metric of the first address.
    pub(super) fn metric(&self, state: ServiceState) -> i64 {
        match state {
            ServiceState::Up => self.up_metric,
            ServiceState::Down => self.down_metric,
            ServiceState::Disabled => self.disabled_metric,
            _ => 0,
        }
    }

    pub(super) fn as_path_in(&self, state: ServiceState) -> Option<&str> {
        let own = match state {
            ServiceState::Up => &self.up_as_path,
            ServiceState::Down => &self.down_as_path,
            ServiceState::Disabled => &self.disabled_as_path,
            _ => &None,
        };
        own.as_deref().or(self.as_path.as_deref())
    }

    /// The commands to run when this state is entered.
    pub(super) fn hooks(&self, entered: ServiceState) -> impl Iterator<Item = &String> {
        let own: &[String] = match entered {
            ServiceState::Up => &self.up_execute,
            ServiceState::Down => &self.down_execute,
            ServiceState::Disabled => &self.disabled_execute,
            _ => &[],
        };
        own.iter().chain(&self.execute)
    }
}

/// Parses the command line again, after the options of a file: what it says itself wins.
fn read_file(path: &Path, parse: ParseLine) -> Result<HealthcheckArgs, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::io(format_args!("cannot read \"{}\"", path.display()), &error))?;
    let given: Vec<OsString> = spelled_for_clap(std::env::args_os());
    let verb = given.iter().position(|arg| arg == "healthcheck").map_or(given.len(), |index| index + 1);
    let (before, after) = given.split_at(verb);
    let all = before.iter().cloned().chain(options(&text).into_iter().map(OsString::from));
    parse(all.chain(after.iter().cloned()).collect())
        .map_err(|error| CliError::input(format!("{}: {}", path.display(), args::sentence(&error))))?
        .ok_or_else(|| CliError::input(format!("{} holds more than options", path.display())))
}

/// The options of a configuration file, as a command line has them.
fn options(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .flat_map(|line| match line.split_once('=') {
            Some((name, value)) => vec![format!("--{}", name.trim()), value.trim().to_owned()],
            None => vec![format!("--{line}")],
        })
        .collect()
}

/// The command line with the one option respelled that clap cannot have: `-sF`.
pub(crate) fn spelled_for_clap(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut watching = false;
    let respell = |arg: OsString| {
        watching |= arg == "healthcheck";
        if watching && arg == "-sF" { "--syslog-facility".into() } else { arg }
    };
    args.map(respell).collect()
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    // A day is more than any check waits, and far from what a duration cannot hold.
    if (0.0..=86_400.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("expected 0 to 86400 seconds".to_owned())
    }
}

/// Refuses what would end the command that it becomes a part of, and begin another.
fn one_line(text: &str) -> Result<String, String> {
    let odd = |c: &char| *c != '\t' && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    match text.chars().find(odd) {
        Some(c) => Err(format!("it contains the control character {c:?}")),
        None => Ok(text.to_owned()),
    }
}

fn neighbor(text: &str) -> Result<String, String> {
    match text.trim() {
        "*" => Ok("*".to_owned()),
        address => match address.parse::<IpAddr>() {
            Ok(address) => Ok(address.to_string()),
            Err(_) => Err("expected an IP address or *".to_owned()),
        },
    }
}

fn interface(text: &str) -> Result<(IpNetwork, String), String> {
    let (network, name) = text.split_once('%').ok_or("expected IP%IFNAME")?;
    let fits = (1..=INTERFACE_NAME_MAX).contains(&name.len());
    if !fits || !name.chars().all(|c| c.is_ascii_alphanumeric() || "._:-".contains(c)) {
        return Err(format!("\"{name}\" is no name of an interface"));
    }
    Ok((IpNetwork::parse(network)?, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{interface, one_line, options};

    #[test]
    fn a_line_of_the_file_is_an_option() {
        let text = "\n# a comment\ndebug\nname = haproxy\n  command = curl -sf http://127.0.0.1/?a=b\n";
        let expected = ["--debug", "--name", "haproxy", "--command", "curl -sf http://127.0.0.1/?a=b"];
        assert_eq!(options(text), expected);
    }

    #[test]
    fn an_attribute_cannot_smuggle_in_a_second_command() {
        assert!(one_line("65000:1\nshutdown").is_err());
        assert!(one_line("65000:1 65000:2").is_ok());
    }

    #[test]
    fn an_interface_is_named_after_a_percent_sign() {
        assert_eq!(interface("192.0.2.1%eth0").unwrap().1, "eth0");
        for wrong in ["192.0.2.1", "192.0.2.1%", "192.0.2.1%a b", "192.0.2.1%0123456789abcdef", "x%eth0"] {
            assert!(interface(wrong).is_err(), "{wrong}");
        }
    }
}
