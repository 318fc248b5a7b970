//! The addresses on this machine's interfaces, by the `ip` command.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use super::network::IpNetwork;
use super::options::HealthcheckArgs;
use crate::error::CliError;

const LOOPBACK: &str = "lo";

/// The status with which `ip address add` says that the address is there already.
const EXISTS: i32 = 2;

/// The addresses of the loopback interface that may be announced.
pub(super) fn of_loopback(args: &HealthcheckArgs) -> Result<Vec<IpNetwork>, CliError> {
    let found = listed(&[LOOPBACK.to_owned()], args)?;
    Ok(found.into_iter().map(|(network, _)| network).collect())
}

/// Sets up every address of `networks` that is missing.
pub(super) fn set_up(args: &HealthcheckArgs, networks: &[IpNetwork]) -> Result<(), CliError> {
    for host in hosts(networks).difference(&present(args)?) {
        let interface = interface(args, host);
        tracing::debug!("setting {host} up on {interface}");
        let mut command = ip(args, &["address", "add", &host.to_string(), "dev", interface]);
        if let Some(label) = &args.label {
            command.args(["label", &format!("{interface}:{label}")]);
        }
        let status = command.status().map_err(|error| cannot_run(&error))?;
        let exists = !args.sudo && status.code() == Some(EXISTS);
        if !status.success() && !exists {
            return Err(CliError::input(format!(
                "cannot set {host} up on {interface}: ip failed with {status}"
            )));
        }
    }
    Ok(())
}

/// Removes every address of `networks` that is there.
pub(super) fn remove(args: &HealthcheckArgs, networks: &[IpNetwork]) {
    // Where the addresses cannot be listed, there is nobody to remove them either.
    let present = present(args).unwrap_or_default();
    for host in hosts(networks).intersection(&present) {
        let interface = interface(args, host);
        tracing::debug!("removing {host} from {interface}");
        let mut command = ip(args, &["address", "delete", &host.to_string(), "dev", interface]);
        // An address whose label only begins like ours was set up by somebody else.
        if let Some(label) = &args.label {
            command.args(["label", &format!("{interface}:{label}")]);
        }
        let status = command.status();
        if !status.is_ok_and(|status| status.success()) {
            tracing::warn!("cannot remove {host} from {interface}: is this running as root?");
        }
    }
}

fn hosts(networks: &[IpNetwork]) -> BTreeSet<IpNetwork> {
    networks.iter().flat_map(IpNetwork::hosts).collect()
}

/// The interface that an address belongs on.
fn interface<'a>(args: &'a HealthcheckArgs, host: &IpNetwork) -> &'a str {
    let named = args.interfaces.iter().rfind(|(network, _)| network == host);
    named.map_or(LOOPBACK, |(_, name)| name)
}

/// The addresses on loopback and on every interface that an option names; with a label, those that carry it.
fn present(args: &HealthcheckArgs) -> Result<BTreeSet<IpNetwork>, CliError> {
    let mut interfaces: Vec<String> = args.interfaces.iter().map(|(_, name)| name.clone()).collect();
    interfaces.push(LOOPBACK.to_owned());
    interfaces.sort();
    interfaces.dedup();
    Ok(listed(&interfaces, args)?.into_iter().map(|(network, _)| network).collect())
}

/// What `ip` lists, as far as it may be announced: no loopback address, no address with host bits, and the right label.
fn listed(
    interfaces: &[String],
    args: &HealthcheckArgs,
) -> Result<Vec<(IpNetwork, Option<String>)>, CliError> {
    let mut found = Vec::new();
    for interface in interfaces {
        let output = Command::new("ip")
            .args(["-o", "address", "show", "dev", interface])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|error| cannot_run(&error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        found.extend(text.lines().filter_map(|line| entry(line, interfaces)));
    }
    found.retain(|(network, label)| !network.address().is_loopback() && wanted(label.as_deref(), args));
    Ok(found)
}

fn wanted(label: Option<&str>, args: &HealthcheckArgs) -> bool {
    match (&args.label, label) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wanted), Some(label)) if args.label_exact_match => label == wanted,
        (Some(wanted), Some(label)) => label.starts_with(wanted),
    }
}

/// Reads a line such as `1: lo    inet 192.0.2.1/32 scope global lo:haproxy1\ …`: the address, and the label without its interface.
fn entry(line: &str, interfaces: &[String]) -> Option<(IpNetwork, Option<String>)> {
    let mut words = line.split([' ', '\\']).filter(|word| !word.is_empty()).skip(2);
    if !words.next()?.starts_with("inet") {
        return None;
    }
    let network = IpNetwork::parse(words.next()?).ok()?;
    let label = words.find_map(|word| {
        let (interface, label) = word.split_once(':')?;
        interfaces.iter().any(|name| name == interface).then(|| label.to_owned())
    });
    Some((network, label))
}

fn ip(args: &HealthcheckArgs, arguments: &[&str]) -> Command {
    let mut command = Command::new(if args.sudo { "sudo" } else { "ip" });
    if args.sudo {
        command.arg("ip");
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn cannot_run(error: &std::io::Error) -> CliError {
    CliError::input(format!("cannot run ip: {error}; --no-ip-setup and --ip do without it"))
}

#[cfg(test)]
mod tests {
    use super::entry;

    fn read(line: &str) -> Option<(String, Option<String>)> {
        entry(line, &["lo".to_owned()]).map(|(network, label)| (network.to_string(), label))
    }

    #[test]
    fn what_ip_lists_is_an_address_and_perhaps_a_label() {
        let plain =
            r"1: lo    inet 192.0.2.1/32 scope global lo\       valid_lft forever preferred_lft forever";
        assert_eq!(read(plain), Some(("192.0.2.1/32".to_owned(), None)));
        let labelled = r"1: lo    inet 192.0.2.2/32 scope global lo:web1\       valid_lft forever";
        assert_eq!(read(labelled), Some(("192.0.2.2/32".to_owned(), Some("web1".to_owned()))));
        let ipv6 = r"1: lo    inet6 2001:db8::1/128 scope global \       valid_lft forever";
        assert_eq!(read(ipv6), Some(("2001:db8::1/128".to_owned(), None)));
    }

    #[test]
    fn an_address_inside_its_network_is_not_taken_for_a_route() {
        assert_eq!(read("2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0"), None);
        assert_eq!(read("2: eth0    link/ether 00:00:00:00:00:00"), None);
        assert_eq!(read(""), None);
    }
}
