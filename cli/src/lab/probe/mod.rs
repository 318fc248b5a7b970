//! `holdtime probe ADDRESS [SCENARIO…]`: stalls against a daemon that runs, played by the lab's scripts over real sockets; and
//! `holdtime probe --matrix FILE`, against several that it starts.

mod address;
mod capture;
mod cell;
mod conclusion;
mod folders;
mod machine;
mod matrix;
mod player;
mod probe_args;

use std::path::Path;

use holdtime_sim::probe::Probe;
use holdtime_sim::report::probe::ProbeRow;
use holdtime_sim::timeline::Timeline;

use crate::console::Console;
use crate::error::{CliError, VerbResult};
use crate::interrupt;
use crate::lab::drawing::DrawingArgs;
use address::{Address, PlayedProbe};
use conclusion::conclude;
use folders::{MaintainerFolders, PICTURE};
use player::NoVerdict;
pub(crate) use probe_args::ProbeArgs;
use probe_args::chosen;

pub(crate) fn run(args: &ProbeArgs, console: &mut Console) -> VerbResult {
    interrupt::watch()?;
    match (&args.matrix, &args.cell, &args.folder) {
        (Some(path), Some(name), Some(folder)) => matrix::one_cell(args, path, name, folder),
        (Some(path), _, _) => matrix::run(args, path, console),
        (None, _, _) => at_address(args, console),
    }
}

/// One daemon, which runs already: one scenario after the other.
fn at_address(args: &ProbeArgs, console: &mut Console) -> VerbResult {
    let Some((address, names)) = args.words.split_first() else {
        let mistake = "whom? give the address of a daemon, such as 127.0.1.1, or a file with --matrix";
        return Err(CliError::input(mistake));
    };
    let probes = chosen(names)?;
    if probes.len() > 1 && args.needs_one() {
        return Err(CliError::input("a trace or a capture is of one probe: name one scenario"));
    }
    let address_of = Address::parse(address, args.port, args.listen, &args.peer)?;
    args.drawing.check(Path::new(address), args.pcap.as_deref())?;
    let mut kept = MaintainerFolders::at(args.report.as_deref())?;
    let progress = console.progress("probes", probes.len() as u64);
    let mut rows = Vec::new();
    let mut is_drawn = false;
    for probe in &probes {
        address_of.is_there()?;
        let PlayedProbe { outcome, capture, timeline } =
            address_of.play(probe, args.observe).map_err(|why| match why {
                NoVerdict::Because(why) => CliError::input(why),
                NoVerdict::Interrupted => {
                    CliError::Interrupted(format!("{} of {} probes are done", rows.len(), probes.len()))
                }
            })?;
        let row = ProbeRow {
            daemon: address.clone(),
            version: address_of.daemon.to_string(),
            scenario: probe.name.clone(),
            again: args.again(address, &probe.name),
            times: vec![Ok(outcome)],
            lab: None,
            jitter: 0,
        };
        let timeline = timeline.map(|mut timeline| {
            timeline.head.reactor = format!("the daemon at {}", address_of.daemon);
            timeline.head.again.clone_from(&row.again);
            timeline
        });
        if let Some(timeline) = &timeline {
            draw(args, timeline, &probes)?;
            is_drawn = probes.len() == 1;
        }
        if let Some(path) = &args.pcap {
            folders::write(path, capture.as_deref().ok_or_else(|| uncaptured(timeline.is_some()))?)?;
        }
        kept.keep(&row, probe, capture.as_deref(), || {
            let picture =
                timeline.iter().map(|timeline| Ok((PICTURE.to_owned(), folders::picture(timeline)?)));
            picture.collect()
        })?;
        progress.inc(1);
        rows.push(row);
    }
    progress.finish_and_clear();
    // A page is the picture of one probe, or the table of several.
    let table = args.drawing.html.as_deref().filter(|_| !is_drawn);
    conclude(args, &rows, table, console)
}

/// Why nothing was captured.
fn uncaptured(was_played: bool) -> CliError {
    CliError::input(match was_played {
        false => "nothing goes over the wire of a probe that is not played here",
        true => "what goes over the wire is not for this user to see: no capture was taken",
    })
}

/// Writes the log as what was asked for.
fn draw(args: &ProbeArgs, timeline: &Timeline, probes: &[Probe]) -> Result<(), CliError> {
    let html = args.drawing.html.clone().filter(|_| probes.len() == 1);
    DrawingArgs { html, ..args.drawing.clone() }.write(timeline, None)
}
