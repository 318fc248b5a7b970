//! What the speaker is told of a state: a command for each network.

use super::network::IpNetwork;
use super::options::HealthcheckArgs;
use super::service::ServiceState;

/// The commands for a state, in the order of the networks; each network's metric is a step higher than the one before.
pub(super) fn lines<'a>(
    args: &'a HealthcheckArgs,
    networks: &'a [IpNetwork],
    state: ServiceState,
) -> impl Iterator<Item = String> + use<'a> {
    let prefix = neighbors(args);
    let announced = match state {
        ServiceState::Exit => false,
        _ if args.withdraw_on_down => state == ServiceState::Up,
        _ => true,
    };
    networks.iter().zip(0..).map(move |(network, index)| {
        let action = if announced { "announce" } else { "withdraw" };
        let next_hop = args.next_hop.map_or_else(|| "self".to_owned(), |address| address.to_string());
        let mut line = format!("{prefix} {action} route {network} next-hop {next_hop}");
        if announced {
            let metric = args.metric(state).saturating_add(args.increase.saturating_mul(index));
            line += &format!(" med {metric}");
            line += &attributes(args, state);
        }
        if let Some(path) = args.path_id.filter(|path| *path != 0) {
            line += &format!(" path-information {path}");
        }
        line
    })
}

/// The attributes after the metric, each with a space before it.
fn attributes(args: &HealthcheckArgs, state: ServiceState) -> String {
    let mut text = String::new();
    if args.local_preference >= 0 {
        text += &format!(" local-preference {}", args.local_preference);
    }
    let given = |option: &'_ Option<String>| option.clone().filter(|value| !value.is_empty());
    let failing = matches!(state, ServiceState::Down | ServiceState::Disabled);
    let disabled_community = given(&args.disabled_community).filter(|_| failing);
    let lists = [
        ("community", disabled_community.or_else(|| given(&args.community))),
        ("extended-community", given(&args.extended_community)),
        ("large-community", given(&args.large_community)),
        ("as-path", args.as_path_in(state).map(str::to_owned).filter(|path| !path.is_empty())),
    ];
    for (name, list) in lists {
        if let Some(list) = list {
            text += &format!(" {name} [ {list} ]");
        }
    }
    text
}

/// Whom the commands are for.
fn neighbors(args: &HealthcheckArgs) -> String {
    if args.neighbors.is_empty() || args.neighbors.iter().any(|neighbor| neighbor == "*") {
        return "neighbor *".to_owned();
    }
    let named: Vec<String> = args.neighbors.iter().map(|neighbor| format!("neighbor {neighbor}")).collect();
    named.join(", ")
}
