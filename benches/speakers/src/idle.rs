//! A hundred sessions on which nothing happens but KEEPALIVEs.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::contender::{ConfiguredSession, Contender, Workload};
use crate::receiver::{Receiver, listen};

const SESSIONS: u8 = 100;
/// How long computing is measured.
const WATCHED: Duration = Duration::from_secs(10);

/// One speaker that idles.
#[derive(Debug)]
pub(crate) struct Idle {
    pub(crate) name: String,
    /// Seconds.
    pub(crate) hold_time: u16,
    /// Of one core.
    pub(crate) percent: f64,
    /// kB
    pub(crate) memory: u64,
}

pub(crate) fn measure(contender: &Contender, hold_time: u16, folder: &Path) -> io::Result<Idle> {
    let addresses = (1..=SESSIONS).map(|n| [127, 0, 1, n]);
    let first = listen([127, 0, 1, 1], 0)?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    for address in addresses.clone().skip(1) {
        listeners.push(listen(address, port)?);
    }
    let sessions = addresses.map(|address| ConfiguredSession { address, port, hold_time }).collect();
    let running = contender.start(&Workload { sessions, routes: 1, program: None }, folder)?;
    let up = std::sync::mpsc::channel();
    for listener in listeners {
        let established = up.0.clone();
        // Ends with the connection, when the speaker is ended.
        std::thread::spawn(move || -> io::Result<()> {
            let mut receiver = Receiver::accept(&listener, || false)?;
            receiver.establish()?;
            // Nobody listens any more once every session is up.
            let _ = established.send(());
            loop {
                receiver.read()?;
            }
        });
    }
    for _ in 0..SESSIONS {
        up.1.recv_timeout(Duration::from_secs(60))
            .map_err(|_| io::Error::other("not every session came up"))?;
    }
    // What follows the beginning of a session is not idling yet.
    std::thread::sleep(Duration::from_secs(2));
    let (begun, before) = (Instant::now(), running.ticks());
    std::thread::sleep(WATCHED);
    let computed = (running.ticks() - before) as f64 / 100.0;
    let percent = 100.0 * computed / begun.elapsed().as_secs_f64();
    Ok(Idle { name: contender.name(), hold_time, percent, memory: running.most_memory() })
}
