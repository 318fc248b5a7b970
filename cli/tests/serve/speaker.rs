//! `holdtime serve` as a test runs it: in a folder of its own, ended with the test.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::private;
use crate::waiting::eventually;

/// A folder with a configuration in it, removed with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

/// A running speaker.
pub(crate) struct Speaker {
    child: Child,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("holdtime-serve-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.0.join(name), text).unwrap();
        self
    }

    /// Writes a program that the configuration can name.
    pub(crate) fn write_program(&self, name: &str, script: &str) -> &Self {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.0.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Waits until a file that a program writes ends with a line's end, and returns it.
    pub(crate) fn await_file(&self, name: &str) -> String {
        let mut text = String::new();
        eventually(&format!("{name} is written"), || {
            text = fs::read_to_string(self.0.join(name)).unwrap_or_default();
            text.ends_with('\n')
        });
        text
    }

    fn command(&self, reactor: &str) -> Command {
        let mut command = self.holdtime();
        command.args(["serve", "--reactor", reactor, "speaker.conf"]).stdin(Stdio::null());
        command
    }

    /// `holdtime` in this folder, with settings of its own.
    fn holdtime(&self) -> Command {
        let mut command = private::holdtime_in(&self.0);
        command.current_dir(&self.0);
        command
    }

    /// Starts `holdtime serve speaker.conf`.
    pub(crate) fn serve(&self, reactor: &str) -> Speaker {
        self.serve_with(reactor, &[])
    }

    /// The same with a recording in the file `flight`.
    pub(crate) fn serve_recorded(&self, reactor: &str) -> Speaker {
        self.serve_recorded_with(reactor, &["--record", "flight"], &[])
    }

    /// The same with these arguments and variables.
    pub(crate) fn serve_recorded_with(
        &self,
        reactor: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Speaker {
        let mut command = self.command(reactor);
        self.spawn(command.args(arguments).envs(variables.iter().copied()))
    }

    /// Starts a speaker, and keeps what it says in the file `said`.
    fn spawn(&self, command: &mut Command) -> Speaker {
        let said = fs::File::options().create(true).append(true).open(self.0.join("said")).unwrap();
        // A daemon that gives up root goes on writing there.
        Speaker { child: command.stderr(said).spawn().unwrap() }
    }

    /// A file's text; empty where there is none.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }

    /// What `holdtime replay flight` prints with these arguments more, and its exit status.
    pub(crate) fn replay(&self, more: &[&str]) -> (String, Option<i32>) {
        let output = self.holdtime().args(["replay", "flight"]).args(more).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (String::from_utf8(said).unwrap(), output.status.code())
    }

    /// The same with these variables set.
    pub(crate) fn serve_with(&self, reactor: &str, variables: &[(&str, &str)]) -> Speaker {
        self.spawn(self.command(reactor).envs(variables.iter().copied()))
    }

    /// The same with pipes below its folder.
    pub(crate) fn serve_with_pipes(&self, reactor: &str) -> Speaker {
        self.spawn(self.command(reactor).env("EXABGP_ROOT", &self.0))
    }

    /// Runs it to its end, which must be soon.
    pub(crate) fn serve_in_vain(&self, reactor: &str) -> Output {
        self.serve_in_vain_with(reactor, &[])
    }

    /// The same with these variables set.
    pub(crate) fn serve_in_vain_with(&self, reactor: &str, variables: &[(&str, &str)]) -> Output {
        self.command(reactor).envs(variables.iter().copied()).output().unwrap()
    }

    /// Lets every user write to it.
    pub(crate) fn open_to_all(&self) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o777)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the speaker said:\n{}", self.read("said"));
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Speaker {
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Stops it, with nothing between the caller's last step and this.
    pub(crate) fn stop(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }

    /// Waits for its end; the exit status.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let mut status = None;
        eventually("the speaker ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }

    /// The folder of its file descriptors.
    pub(crate) fn descriptors(&self) -> PathBuf {
        format!("/proc/{}/fd", self.child.id()).into()
    }

    /// The user that it runs as.
    pub(crate) fn user(&self) -> String {
        let pid = self.child.id().to_string();
        let output = Command::new("ps").args(["-o", "user=", "-p", &pid]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// How long it has computed so far, in clock ticks (10 ms).
    pub(crate) fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
