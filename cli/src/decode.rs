//! `holdtime decode`: BGP messages as JSON, one object a message.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome};

/// The arguments of `holdtime decode`.
#[derive(Debug, Args)]
pub(crate) struct DecodeArgs {
    /// The address family that the session would have negotiated, such as "ipv4 unicast"
    #[arg(short, long, value_name = "FAMILY")]
    pub(crate) family: Vec<String>,
    /// An OPEN message, in hex
    #[arg(long, value_name = "HEX", group = "message")]
    pub(crate) open: Option<String>,
    /// An UPDATE message, in hex
    #[arg(long, value_name = "HEX", group = "message")]
    pub(crate) update: Option<String>,
    /// One family's NLRI, in hex
    #[arg(long, value_name = "HEX", group = "message", requires = "family")]
    pub(crate) nlri: Option<String>,
    /// A NOTIFICATION message, in hex
    #[arg(long, value_name = "HEX", group = "message")]
    pub(crate) notification: Option<String>,
    /// A file of messages (hex, raw, or MRT, also compressed with gzip); without it, the standard input
    #[arg(conflicts_with = "message")]
    pub(crate) file: Option<PathBuf>,
}

pub(crate) fn run(_args: DecodeArgs, _console: &mut Console) -> Outcome {
    Err(CliError::not_built("decode"))
}
