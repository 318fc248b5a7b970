//! What many routes for many neighbors cost in memory: resident some seconds after the last peer has all, and at its peak.
//!
//! The neighbors inherit their routes from one template, or a program announces them to all. Afterwards the first peer asks for all of
//! them once more, so that nothing was forgotten to save room.

use std::fmt::Write;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver as Channel};
use std::time::{Duration, Instant};

use crate::contender::{Running, keep};
use crate::note::note;
use crate::program::GO;
use crate::receiver::Receiver;
use crate::sharing::SharingForm;

/// Routes, neighbors, and the most that may be resident, in MB.
const SIZES: [(u32, u32, u64); 3] = [(1_000_000, 10, 300), (20_000, 204, 60), (1_000_000, 1, 150)];
/// How long after the last route the memory is looked at.
const REST: Duration = Duration::from_secs(10);
/// How long the last peer may take to get all.
const LONGEST: Duration = Duration::from_secs(600);

/// One cell of the table.
#[derive(Debug)]
pub(crate) struct MemoryCell {
    reactor: &'static str,
    routes: u32,
    neighbors: u32,
    most: u64,
    form: SharingForm,
    program: bool,
    took: Duration,
    /// kB
    resident: u64,
    peak: u64,
}

/// Measures every cell with each of these reactors of a binary. `small`: a hundredth of the routes.
pub(crate) fn measure(
    program: &Path,
    reactors: &[&'static str],
    small: bool,
    folder: &Path,
) -> io::Result<Vec<MemoryCell>> {
    let mut cells = Vec::new();
    for &reactor in reactors {
        for (routes, neighbors, most) in SIZES {
            let routes = if small { routes / 100 } else { routes };
            for (form, from_program) in [
                (SharingForm::All, false),
                (SharingForm::Ten, false),
                (SharingForm::All, true),
                (SharingForm::Ten, true),
            ] {
                let form_name = form.name();
                note(&format!(
                    "measuring {reactor}: {routes} routes, {neighbors} neighbors, form {form_name}"
                ));
                let mut cell = MemoryCell {
                    reactor,
                    routes,
                    neighbors,
                    most,
                    form,
                    program: from_program,
                    took: Duration::ZERO,
                    resident: 0,
                    peak: 0,
                };
                cell.fill(program, folder)?;
                cells.push(cell);
            }
        }
    }
    Ok(cells)
}

impl MemoryCell {
    fn fill(&mut self, program: &Path, folder: &Path) -> io::Result<()> {
        // A GO of the cell before would let the program begin at once.
        let _ = fs::remove_file(folder.join(GO));
        let listener = TcpListener::bind(("0.0.0.0", 0))?;
        fs::write(folder.join("speaker.conf"), self.configuration(listener.local_addr()?.port(), folder)?)?;
        let mut command = Command::new(program);
        command.args(["serve", "--reactor", self.reactor, "speaker.conf"]).env("exabgp_bgp_rest", "0");
        command.current_dir(folder);
        keep(&mut command, folder)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut begun = Instant::now();
        let mut running = Running::start(&mut command, begun)?;
        let (told, peers) = mpsc::channel();
        // As long as they are kept, the peers stay.
        let mut asks = Vec::new();
        for _ in 0..self.neighbors {
            let mut peer = Receiver::accept(&listener, || running.has_ended())?;
            peer.establish()?;
            let (asked, ask) = mpsc::channel();
            asks.push(asked);
            let (told, routes) = (told.clone(), self.routes);
            std::thread::spawn(move || read_all(peer, routes, &ask, |outcome| drop(told.send(outcome))));
        }
        if self.program {
            fs::write(folder.join(GO), "")?;
            begun = Instant::now();
        }
        for _ in 0..self.neighbors {
            next(&peers)?;
        }
        self.took = begun.elapsed();
        std::thread::sleep(REST);
        (self.resident, self.peak) = (running.memory(), running.most_memory());
        let _ = asks.first().map(|ask| ask.send(()));
        next(&peers)
    }

    /// All neighbors out of one template.
    fn configuration(&self, port: u16, folder: &Path) -> io::Result<String> {
        let mut text = String::new();
        let (routes, form) = (self.routes, self.form);
        if self.program {
            let program = std::env::current_exe()?;
            let form = if form == SharingForm::All { "" } else { " ten" };
            let (program, folder) = (program.display(), folder.display());
            text += &format!(
                "process lines {{ run {program} --program {routes} {folder}{form}; encoder text; }}\n"
            );
        }
        text += &format!(
            "template {{ neighbor all {{ router-id 10.0.0.1; local-address 127.0.0.1; local-as 65000; peer-as 65000;\n\
             connect {port}; hold-time 180; family {{ ipv4 unicast; }} capability {{ route-refresh enable; }}\n"
        );
        if self.program {
            text += "api { processes [ lines ]; }\n";
        } else {
            text += "static {\n";
            (0..routes).for_each(|n| text += &format!("{};\n", form.route(n)));
            text += "}\n";
        }
        text += "} }\n";
        for n in 0..self.neighbors {
            text += &format!("neighbor 127.0.{}.{} {{ inherit all; }}\n", 1 + n / 250, 1 + n % 250);
        }
        Ok(text)
    }
}

/// Reads all routes, and again once that is asked for; answers KEEPALIVEs until the speaker ends.
fn read_all(mut peer: Receiver, routes: u32, ask: &Channel<()>, tell: impl Fn(io::Result<()>)) {
    tell(peer.read_routes(routes).map(drop));
    if let Ok(()) = ask.recv() {
        tell(peer.refresh(routes).map(drop));
    }
}

/// Waits until one more peer has all.
fn next(peers: &Channel<io::Result<()>>) -> io::Result<()> {
    let late = |_| io::Error::other(format!("not every peer had all routes after {} s", LONGEST.as_secs()));
    peers.recv_timeout(LONGEST).map_err(late)?
}

/// The table of all cells, for people.
pub(crate) fn table(cells: &[MemoryCell]) -> String {
    let mut table = format!(
        "memory, {} s after the last peer had all, and at its peak (MB; every route was sent again on ROUTE-REFRESH)\n\
         {:<8} {:>8} {:>10} {:>6} {:>8} {:>8} {:>9} {:>7} {:>6} {:>6}\n",
        REST.as_secs(),
        "reactor",
        "routes",
        "neighbors",
        "shared",
        "from",
        "seconds",
        "resident",
        "allowed",
        "peak",
        "ratio"
    );
    for cell in cells {
        let from = if cell.program { "program" } else { "config" };
        // A String takes whatever is written to it.
        let _ = writeln!(
            table,
            "{:<8} {:>8} {:>10} {:>6} {:>8} {:>8.1} {:>9} {:>7} {:>6} {:>6.1}",
            cell.reactor,
            cell.routes,
            cell.neighbors,
            cell.form.name(),
            from,
            cell.took.as_secs_f64(),
            cell.resident / 1024,
            cell.most,
            cell.peak / 1024,
            cell.peak as f64 / cell.resident as f64,
        );
    }
    table
}
