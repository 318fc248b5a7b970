//! The API program that is measured with: this binary again, started by the speaker.

use std::fs;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use crate::contender::prefix;

/// The program begins once this file is there…
pub(crate) const GO: &str = "go";
/// …and makes this one once its last line is answered.
pub(crate) const ANSWERED: &str = "answered";

/// Announces that many routes, a line each, and reads as many answers.
pub(crate) fn run(lines: &str, folder: &Path) -> io::Result<()> {
    let lines: u32 = lines.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
    while !folder.join(GO).exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let answers = std::thread::spawn(move || {
        io::stdin()
            .lock()
            .lines()
            .filter(|line| line.as_ref().is_ok_and(|line| line == "done"))
            .take(lines as usize)
            .count()
    });
    let mut out = BufWriter::new(io::stdout().lock());
    (0..lines).try_for_each(|n| writeln!(out, "announce route {} next-hop 10.0.0.1", prefix(n)))?;
    out.flush()?;
    let answered = answers.join().unwrap_or_default();
    fs::write(folder.join(ANSWERED), answered.to_string())?;
    // Its end would be another event for the speaker: it waits to be ended.
    std::thread::sleep(Duration::from_secs(3600));
    Ok(())
}
