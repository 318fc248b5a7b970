//! The API program that is measured with: this binary again, started by the speaker.

use std::fs;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use crate::sharing::SharingForm;

/// The program begins once this file is there…
pub(crate) const GO: &str = "go";
/// …and makes this one once its last line is answered.
pub(crate) const ANSWERED: &str = "answered";

/// Announces that many routes, a line each, and reads as many answers.
pub(crate) fn run(lines: &str, folder: &Path, form: SharingForm) -> io::Result<()> {
    let lines: u32 = lines.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
    let answered = folder.join(ANSWERED);
    let answers = std::thread::spawn(move || read_answers(lines, &answered));
    while !folder.join(GO).exists() && !answers.is_finished() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    (0..lines).try_for_each(|n| writeln!(out, "announce {}", form.route(n)))?;
    out.flush()?;
    // Its end would be another event for the speaker: it waits for the speaker's.
    answers.join().unwrap_or_else(|_| Err(io::Error::other("reading the answers failed")))
}

/// Reads until the speaker is gone, and says when so many commands are answered.
fn read_answers(lines: u32, answered: &Path) -> io::Result<()> {
    let mut done = 0;
    for line in io::stdin().lock().lines() {
        done += u32::from(line? == "done");
        if done == lines {
            fs::write(answered, done.to_string())?;
            done += 1;
        }
    }
    Ok(())
}
