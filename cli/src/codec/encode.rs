//! `holdtime encode CONF`: the messages that a configuration would send, in hex or as JSON.

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use data_encoding::HEXUPPER;
use holdtime_core::api::{self, ApiEvent, Envelope, MessageDirection, Peer};
use holdtime_core::wire::{Framer, MessageView};

use crate::console::{Console, say};
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::exabgp::mirror::{self, MirrorSession};
use crate::exabgp::{serve, settings};

/// The arguments of `holdtime encode`.
#[derive(Debug, Args)]
pub(crate) struct EncodeArgs {
    /// The configuration; its API programs are not started
    #[arg(value_name = "CONF")]
    pub(crate) configuration: PathBuf,
    /// Only what is sent to this neighbor; without it, to all of them in turn
    #[arg(short, long, value_name = "ADDRESS")]
    pub(crate) neighbor: Option<IpAddr>,
    /// One JSON object a message, as `decode` prints them, instead of hex
    #[arg(long)]
    pub(crate) json: bool,
}

/// OPEN, UPDATEs and End-of-RIB, one message a line, as they go to a peer that offers in its OPEN what ours offers. KEEPALIVEs, which
/// are all alike, are left out.
pub(crate) fn run(args: &EncodeArgs, console: &mut Console) -> VerbResult {
    let settings = settings::find()?.settings;
    let mut config = serve::configuration(&args.configuration, &settings)?;
    if let Some(wanted) = args.neighbor {
        let all: Vec<String> = config.neighbors.iter().map(|known| known.peer.address.to_string()).collect();
        config.neighbors.retain(|known| known.peer.address == wanted);
        if config.neighbors.is_empty() {
            return Err(CliError::unknown("neighbor", &wanted.to_string(), &all));
        }
    }
    let file = args.configuration.display();
    if config.neighbors.is_empty() {
        return Err(CliError::input(format!("{file} has no neighbor to send anything to")));
    }
    let played = mirror::play(config, settings);
    for warning in &played.warnings {
        say(&format!("warning: {file}: {warning}"));
    }
    for session in &played.sessions {
        for (octets, counter) in session.sent.iter().zip(1..) {
            if args.json {
                writeln!(console, "{}", json(session, octets, counter)?)?;
            } else {
                writeln!(console, "{}", HEXUPPER.encode(octets))?;
            }
        }
    }
    Ok(VerbStatus::AsExpected)
}

/// The object that describes a message that we sent.
fn json(session: &MirrorSession, octets: &[u8], counter: u64) -> Result<String, CliError> {
    let negotiated = &session.read_with;
    let unreadable = || CliError::input("a message of our own cannot be read: this is a mistake in holdtime");
    let frame = Framer::new(octets, negotiated.max_message()).next_frame().ok().flatten();
    let view = MessageView::decode(frame.ok_or_else(unreadable)?, negotiated).map_err(|_| unreadable())?;
    let message = match view {
        MessageView::Update(view) => api::event::described(&view, negotiated, MessageDirection::Send).0,
        other => other.into(),
    };
    let envelope = Envelope { host: "localhost", pid: 0, ppid: 0, time: 0, counter };
    let event = ApiEvent::Message {
        direction: MessageDirection::Send,
        message: &message,
        problem: None,
        octets: None,
        negotiated: None,
    };
    let mut line = String::new();
    let peer: &Peer = &session.peer;
    if api::json::event(&mut line, &envelope, peer, &event, false) { Ok(line) } else { Err(unreadable()) }
}
