//! Processes that a test starts, watches and ends.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::waiting::eventually;

/// A folder of this test's own, removed when the test passes and nobody has it any more.
#[derive(Clone)]
pub(crate) struct Folder(Rc<Place>);

struct Place(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("holdtime-interop-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(Rc::new(Place(path)))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.as_path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn as_path(&self) -> &Path {
        &self.0.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("what the processes said is kept in {}", self.0.display());
        } else {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// A daemon, ended with the test.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with its output in `NAME.log`.
    pub(crate) fn start(folder: &Folder, name: &str, command: &mut Command) -> Self {
        let log = folder.path(&format!("{name}.log"));
        let file = File::create(&log).unwrap();
        let child = command
            .current_dir(folder.as_path())
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, log }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success(), "could not signal {name}");
    }

    /// Signals the process and those that it has forked.
    pub(crate) fn signal_all(&self, name: &str) {
        let parent = self.child.id().to_string();
        let mut ids = vec![parent.clone()];
        for task in fs::read_dir(format!("/proc/{parent}/task")).unwrap() {
            let children = fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default();
            ids.extend(children.split_whitespace().map(str::to_owned));
        }
        let status = Command::new("kill").arg(format!("-{name}")).args(&ids).status().unwrap();
        assert!(status.success(), "could not signal {name}");
    }

    /// Waits for the process to end by itself and returns its exit status.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let mut status = None;
        eventually("the process ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            println!("--- the end of {}:", self.log.display());
            tail.iter().rev().for_each(|line| println!("{line}"));
        }
        // Both the daemon and its children: some daemons fork workers that outlive a killed parent.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        }
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The standard output of a command that is expected to work.
pub(crate) fn output(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
