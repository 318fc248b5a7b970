//! The arguments of `holdtime probe`, and which scenarios they name.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use holdtime_sim::probe::{self, Probe};
use holdtime_sim::scenario::NoScenario;
use holdtime_sim::scenario::script::format_duration;

use super::address::{PeerWish, peer_wish};
use crate::args;
use crate::error::CliError;
use crate::lab::drawing::DrawingArgs;

/// The arguments of `holdtime probe`.
#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// The daemon's address, alone or with its port, and then scenarios; without one, all that can be played there
    #[arg(value_name = "ADDRESS|SCENARIO")]
    pub(crate) words: Vec<String>,
    /// Where the daemon listens
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// Where the daemon dials its peers; 179 unless told
    #[arg(long, value_name = "N")]
    pub(crate) listen: Option<u16>,
    /// The address of a scenario's peer, and its AS number; on loopback 127.0.2.1 and up, and 65101 and up, unless told
    #[arg(long, value_name = "NAME=ADDRESS[,AS]", value_parser = peer_wish)]
    pub(crate) peer: Vec<PeerWish>,
    /// How long a scenario is looked on at most
    #[arg(long, value_name = "TIME", value_parser = args::duration)]
    pub(crate) observe: Option<Duration>,
    /// Play against each daemon of this file, which are started for it, in namespaces of their own; then no address is given
    #[arg(long, value_name = "FILE", conflicts_with_all = ["port", "listen", "peer"])]
    pub(crate) matrix: Option<PathBuf>,
    /// With a matrix: only these daemons
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "matrix")]
    pub(crate) daemon: Vec<String>,
    /// With a matrix: how many probes at a time, 10 unless told
    #[arg(long, value_name = "N", requires = "matrix")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// With a matrix: so many times, and whether each cell comes out alike
    #[arg(long, value_name = "N", requires = "matrix")]
    pub(crate) times: Option<NonZeroUsize>,
    /// The daemon of the one cell that this process plays, in its folder
    #[arg(long, value_name = "NAME", requires = "folder", hide = true)]
    pub(crate) cell: Option<String>,
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) folder: Option<PathBuf>,
    /// Write what the maintainer of a daemon needs into this folder: a report, the scenario and a capture for each probe
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Write the results to this file as JUnit XML
    #[arg(long, value_name = "F")]
    pub(crate) junit: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) drawing: DrawingArgs,
    /// Write what went over the wire to this file as pcapng: of one probe at an address, where this user may see it
    #[arg(long, value_name = "F", conflicts_with = "matrix")]
    pub(crate) pcap: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl ProbeArgs {
    /// Whether something is to be written that is of one probe. A page is of one or of several.
    pub(super) fn needs_one(&self) -> bool {
        let one = DrawingArgs { html: None, ..self.drawing.clone() };
        one.any() || self.pcap.is_some()
    }

    /// The command that plays a scenario again; `whom`: an address, or a daemon of a matrix.
    pub(super) fn again(&self, whom: &str, scenario: &str) -> String {
        let mut again = format!("holdtime probe {whom} {scenario}");
        for (name, port) in [("--port", self.port), ("--listen", self.listen)] {
            again.extend(port.map(|port| format!(" {name} {port}")));
        }
        self.peer.iter().for_each(|wish| again.push_str(&format!(" --peer {wish}")));
        again.extend(self.observe.map(|time| format!(" --observe {}", format_duration(time))));
        again
    }

    /// The same for one of a matrix's daemons.
    pub(super) fn again_in_matrix(&self, matrix: &Path, daemon: &str, scenario: &str) -> String {
        let file = args::quoted(&matrix.to_string_lossy());
        self.again(&format!("--matrix {file} --daemon {daemon}"), scenario)
    }
}

/// The scenarios of these names; all, where there are none.
pub(super) fn chosen(names: &[String]) -> Result<Vec<Probe>, CliError> {
    let all = || probe::names().map(str::to_owned).collect();
    let names: Vec<String> = if names.is_empty() { all() } else { names.to_vec() };
    names
        .iter()
        .map(|name| {
            probe::find(name).map_err(|error| match error {
                NoScenario::Unknown { .. } => {
                    CliError::unknown("scenario", name, &probe::names().collect::<Vec<_>>())
                }
                NoScenario::Wrong(mistake) => CliError::input(mistake.to_string()),
            })
        })
        .collect()
}
