//! A log in a file, which is kept from growing without end as ExaBGP keeps it: before a line would take it to a mebibyte it
//! becomes `FILE.1`, what was `FILE.1` becomes `FILE.2`, and so on; three are kept.
//!
//! The crates for this cut lines in two, or panic where a folder cannot be written to. A daemon that has given up root often
//! may not create files beside its log: then the log goes on in the file that it has.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that has this many octets is full.
const FULL: u64 = 1 << 20;
/// How many full ones are kept.
const KEPT: u32 = 3;

/// The file that is written to. Each write is one line.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// How many octets it has.
    size: u64,
    full: u64,
}

impl LogFile {
    /// Goes on with a file, or begins it.
    pub(super) fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::open_with(path.into(), FULL)
    }

    fn open_with(path: PathBuf, full: u64) -> io::Result<Self> {
        let (file, size) = open(&path)?;
        Ok(Self { path, file, size, full })
    }

    /// Begins the file anew and keeps what was in it. Where that cannot be done the old one is gone on with for as long again.
    fn rotate(&mut self) {
        self.size = 0;
        // A device, or a pipe, does not fill up.
        if !self.file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return;
        }
        for older in (1..KEPT).rev() {
            let _ = fs::rename(numbered(&self.path, older), numbered(&self.path, older + 1));
        }
        let _ = fs::rename(&self.path, numbered(&self.path, 1));
        if let Ok((file, size)) = open(&self.path) {
            (self.file, self.size) = (file, size);
        }
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.size > 0 && self.size.saturating_add(line.len() as u64) >= self.full {
            self.rotate();
        }
        let written = self.file.write(line)?;
        self.size = self.size.saturating_add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::options().create(true).append(true).open(path)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    Ok((file, size))
}

/// `FILE.1`
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test's own.
    fn folder(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("holdtime-log-{}-{test}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        folder
    }

    #[test]
    fn a_full_file_is_kept_three_times_and_no_line_is_cut() {
        let folder = folder("rotation");
        let path = folder.join("x.log");
        fs::write(&path, "from before\n").unwrap();
        let mut log = LogFile::open_with(path, 28).unwrap();
        for n in 0..9 {
            log.write_all(format!("line number {n}\n").as_bytes()).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let found = ["x.log", "x.log.1", "x.log.2", "x.log.3"].map(read);
        assert_eq!(found, ["line number 8\n", "line number 7\n", "line number 6\n", "line number 5\n"]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "what is older is gone");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_line_longer_than_a_file_is_written_all_the_same() {
        let folder = folder("long");
        let mut log = LogFile::open_with(folder.join("x.log"), 4).unwrap();
        log.write_all(b"a long line\n").unwrap();
        log.write_all(b"another\n").unwrap();
        assert_eq!(fs::read_to_string(folder.join("x.log")).unwrap(), "another\n");
        assert_eq!(fs::read_to_string(folder.join("x.log.1")).unwrap(), "a long line\n");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_begun_anew_is_gone_on_with() {
        let folder = folder("stuck");
        let path = folder.join("inner/x.log");
        fs::create_dir(folder.join("inner")).unwrap();
        let mut log = LogFile::open_with(path, 20).unwrap();
        log.write_all(b"the first line\n").unwrap();
        // Nobody may create files there any more, not even root.
        fs::rename(folder.join("inner"), folder.join("moved")).unwrap();
        log.write_all(b"the second line\n").unwrap();
        log.write_all(b"3\n").unwrap();
        let text = fs::read_to_string(folder.join("moved/x.log")).unwrap();
        assert_eq!(text, "the first line\nthe second line\n3\n");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_device_is_written_to_without_end() {
        let mut log = LogFile::open_with("/dev/null".into(), 4).unwrap();
        log.write_all(b"a line\n").unwrap();
        log.write_all(b"a line\n").unwrap();
        assert!(!Path::new("/dev/null.1").exists());
    }
}
