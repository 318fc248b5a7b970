//! Routes on their way out: of a configuration, and of an API program.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::contender::{ConfiguredSession, Contender, Workload};
use crate::program::{ANSWERED, GO};
use crate::receiver::{ReceivedRoutes, Receiver, listen};

/// How long all answers may take, once all routes were read. A reader of routes has a patience of its own.
const LONGEST: Duration = Duration::from_secs(180);

/// One speaker and one configuration.
#[derive(Debug)]
pub(crate) struct FromConfiguration {
    pub(crate) name: String,
    pub(crate) started: Instant,
    pub(crate) seen: ReceivedRoutes,
    /// kB
    pub(crate) memory: u64,
}

/// One speaker and one program.
#[derive(Debug)]
pub(crate) struct FromProgram {
    pub(crate) name: String,
    pub(crate) lines: u32,
    /// From the first line to the last answer.
    pub(crate) answered: Duration,
    /// From the first line to the last route at the peer.
    pub(crate) sent: Duration,
    pub(crate) updates: u32,
    /// kB
    pub(crate) memory: u64,
}

impl FromConfiguration {
    /// From the start to the last route.
    pub(crate) fn took(&self) -> Duration {
        self.seen.last.saturating_duration_since(self.started)
    }
}

impl FromProgram {
    /// Until all was sent and answered.
    pub(crate) fn took(&self) -> Duration {
        self.answered.max(self.sent)
    }
}

/// Starts a speaker with that many routes in its configuration and reads them all.
pub(crate) fn from_configuration(
    contender: &Contender,
    routes: u32,
    folder: &Path,
) -> io::Result<FromConfiguration> {
    let listener = listen([127, 0, 0, 1], 0)?;
    let session =
        ConfiguredSession { address: [127, 0, 0, 1], port: listener.local_addr()?.port(), hold_time: 180 };
    let mut running =
        contender.start(&Workload { sessions: vec![session], routes, program: None }, folder)?;
    let seen = Receiver::accept(&listener, || running.has_ended())?.read_routes(routes)?;
    Ok(FromConfiguration {
        name: contender.name(),
        started: running.since,
        seen,
        memory: running.most_memory(),
    })
}

/// Starts a speaker whose program announces that many routes, a line each.
pub(crate) fn from_program(contender: &Contender, lines: u32, folder: &Path) -> io::Result<FromProgram> {
    let (go, done) = (folder.join(GO), folder.join(ANSWERED));
    for file in [&go, &done] {
        // There is none the first time.
        let _ = fs::remove_file(file);
    }
    let listener = listen([127, 0, 0, 1], 0)?;
    let session =
        ConfiguredSession { address: [127, 0, 0, 1], port: listener.local_addr()?.port(), hold_time: 180 };
    let program = format!("{} --program {lines} {}", std::env::current_exe()?.display(), folder.display());
    let task = Workload { sessions: vec![session], routes: 0, program: Some(program) };
    let mut running = contender.start(&task, folder)?;
    let mut receiver = Receiver::accept(&listener, || running.has_ended())?;
    receiver.establish()?;
    fs::write(&go, "")?;
    let begun = Instant::now();
    let reading = std::thread::spawn(move || receiver.read_routes(lines));
    while !done.exists() {
        if running.has_ended() {
            return Err(io::Error::other("the speaker ended before every line was answered"));
        }
        if reading.is_finished() && begun.elapsed() > LONGEST {
            return Err(io::Error::other(format!(
                "not every line was answered after {} s",
                LONGEST.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let answered = begun.elapsed();
    let seen = reading.join().map_err(|_| io::Error::other("the receiver failed"))??;
    Ok(FromProgram {
        name: contender.name(),
        lines,
        answered,
        sent: seen.last.saturating_duration_since(begun),
        updates: seen.updates,
        memory: running.most_memory(),
    })
}
