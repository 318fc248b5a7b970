//! The files of a recording: `F`, then `F.1`, `F.2` and so on. A file that is there is never written to again: a speaker that is
//! started once more goes on with the next number, and so does one whose file is full. Together they take a limited room; the
//! oldest make place.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file is full when it has this part of the room of all of them.
const FILES: u64 = 8;

/// The first line of a file in which a run goes on. One in which a run begins has a recording's head there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Continuation {
    /// The seed in the head of the run.
    pub(crate) run: u64,
    /// Which file of the run this is, counted from 0.
    pub(crate) part: u32,
}

impl fmt::Display for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "holdtime-record 1 continues {} {}", self.run, self.part)
    }
}

impl Continuation {
    /// Reads the first line of a file, and what stands behind it; `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<(Self, &str)> {
        let (line, rest) = text.split_once('\n')?;
        let (run, part) = line.strip_prefix("holdtime-record 1 continues ")?.split_once(' ')?;
        Some((Self { run: run.parse().ok()?, part: part.parse().ok()? }, rest))
    }
}

/// The recording that is being written.
#[derive(Debug)]
pub(super) struct Segments {
    path: PathBuf,
    limit: u64,
    file: File,
    /// How many octets it has.
    size: u64,
    at: Continuation,
    /// Whether `path` is a device or a pipe, which is never full and has no numbers.
    endless: bool,
}

impl Segments {
    /// Begins a run, whose head has this seed.
    pub(super) fn begin(path: &Path, limit: u64, run: u64, head: &str) -> io::Result<Self> {
        let special = path.metadata().is_ok_and(|metadata| !metadata.is_file());
        let (file, name) = match special {
            true => (File::options().append(true).open(path)?, path.to_owned()),
            false => next(path)?,
        };
        match name == path {
            true => tracing::info!("recording in {}", name.display()),
            false => tracing::info!("recording in {}, since there are recordings before it", name.display()),
        }
        let at = Continuation { run, part: 0 };
        let mut segments = Self { path: path.to_owned(), limit, file, size: 0, at, endless: special };
        segments.put(head)?;
        segments.make_room()?;
        Ok(segments)
    }

    /// Writes a line, to the next file where this one is full.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let would_have = self.size.saturating_add(line.len() as u64);
        if !self.endless && would_have > self.limit / FILES {
            let at = Continuation { part: self.at.part + 1, ..self.at };
            (self.file, _) = next(&self.path)?;
            (self.size, self.at) = (0, at);
            self.put(&at.to_string())?;
            self.make_room()?;
        }
        self.put(line)
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.size = self.size.saturating_add(text.len() as u64);
        Ok(())
    }

    /// Removes the oldest files while all of them, this one full, would take more than they may.
    fn make_room(&self) -> io::Result<()> {
        if self.endless {
            return Ok(());
        }
        let mut files = series(&self.path)?;
        files.pop();
        let size = |file: &PathBuf| file.metadata().map_or(0, |metadata| metadata.len());
        let mut all: u64 = files.iter().map(size).sum::<u64>() + self.limit / FILES;
        for file in files {
            if all <= self.limit {
                break;
            }
            all = all.saturating_sub(size(&file));
            tracing::warn!("{} is removed: recordings may take {} octets", file.display(), self.limit);
            fs::remove_file(file)?;
        }
        Ok(())
    }
}

/// Makes the next file; nobody but its owner may read it.
fn next(path: &Path) -> io::Result<(File, PathBuf)> {
    let taken = series(path)?.last().and_then(|last| number(path, last));
    let mut free = taken.map_or(0, |last| last.saturating_add(1));
    loop {
        let name = numbered(path, free);
        match File::options().append(true).create_new(true).mode(0o600).open(&name) {
            // Somebody else who records there was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => free = free.saturating_add(1),
            other => return other.map(|file| (file, name)),
        }
    }
}

/// The files of a recording that are there, in their order.
pub(crate) fn series(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = path.with_file_name(entry?.file_name());
        if let Some(number) = number(path, &file) {
            files.push((number, file));
        }
    }
    files.sort();
    Ok(files.into_iter().map(|(_, file)| file).collect())
}

/// `F.3` is file 3, and `F` is file 0; `None`: it is none of them.
fn number(path: &Path, file: &Path) -> Option<u32> {
    let (name, whole) = (path.file_name()?.to_str()?, file.file_name()?.to_str()?);
    match whole.strip_prefix(name)? {
        "" => Some(0),
        ending => {
            let digits = ending.strip_prefix('.')?;
            let number: u32 = digits.parse().ok()?;
            (number > 0 && number.to_string() == digits).then_some(number)
        }
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_followed_by_the_next_and_the_oldest_make_place() {
        let folder = std::env::temp_dir().join(format!("holdtime-segments-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("flight");
        fs::write(&path, "from before\n").unwrap();
        fs::write(folder.join("flight.txt"), "somebody else's\n").unwrap();
        let mut segments = Segments::begin(&path, 800, 7, "the head\n").unwrap();
        let line = "a line of thirty octets, all in\n";
        for _ in 0..6 {
            segments.write(line).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read("flight"), "from before\n");
        assert_eq!(read("flight.1"), format!("the head\n{line}{line}"));
        assert_eq!(read("flight.2"), format!("holdtime-record 1 continues 7 1\n{line}{line}"));
        for _ in 0..30 {
            segments.write(line).unwrap();
        }
        let sizes = series(&path).unwrap().iter().map(|file| file.metadata().unwrap().len()).sum::<u64>();
        assert!(sizes <= 800, "{sizes}");
        assert!(!path.exists() && folder.join("flight.txt").exists());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_first_line_of_a_continuation_is_read_back() {
        let continuation = Continuation { run: u64::MAX, part: 3 };
        let text = format!("{continuation}the rest\n");
        assert_eq!(Continuation::parse(&text), Some((continuation, "the rest\n")));
        assert_eq!(Continuation::parse("holdtime-record 1\nidentity"), None);
    }
}
