//! The rows of the table, and strace(1), which makes calls fail.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::waiting::eventually;

/// A row of the table.
#[derive(Debug)]
pub(crate) struct ErrorRow {
    pub(crate) situation: &'static str,
    calls: &'static str,
    errno: &'static str,
    times: u32,
}

/// Calls fail for as long as this lives, unless they have failed often enough.
pub(crate) struct Injection {
    strace: Child,
    log: PathBuf,
}

pub(crate) fn rows() -> Vec<ErrorRow> {
    let table = include_str!("../../../reactor/errors.tsv");
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [situation, calls, errno, times, done, manual] = fields[..] else {
                panic!("a row has six fields: {line}")
            };
            assert!(["waits", "again", "costs one", "nothing"].contains(&done), "{line}");
            assert!(manual.contains('('), "{line}");
            ErrorRow { situation, calls, errno, times: times.parse().unwrap() }
        })
        .collect()
}

impl Injection {
    /// The next calls of a process fail as the row says.
    pub(crate) fn start(process: u32, row: &ErrorRow, log: PathBuf) -> Self {
        let _ = fs::remove_file(&log);
        let ErrorRow { calls, errno, times, .. } = row;
        let mut strace = Command::new("strace")
            .args(["-p", &process.to_string(), "-o"])
            .arg(&log)
            .args([
                "-e",
                &format!("trace={calls}"),
                "-e",
                &format!("inject={calls}:error={errno}:when=1..{times}"),
            ])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(strace.stderr.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("attached"), "{said}");
        Self { strace, log }
    }

    /// Waits until calls have failed as often as they are to.
    pub(crate) fn until_done(&self, row: &ErrorRow) {
        eventually(&format!("{row:?} is injected"), || {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            log.matches("(INJECTED)").count() >= row.times as usize
        });
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("strace saw:\n{}", fs::read_to_string(&self.log).unwrap_or_default());
        }
        let pid = rustix::process::Pid::from_child(&self.strace);
        // It lets go of the speaker at this.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = self.strace.wait();
    }
}
