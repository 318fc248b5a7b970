//! The speaker that a case is played with, as a child process.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use holdtime_core::speaker::Signal;
use holdtime_sim::subject::SubjectRef;
use holdtime_sim::suite::Case;
use rustix::process;

use super::scratch::SETTINGS;
use crate::lab::suite::folder::file_name;

/// How often it is looked whether a speaker that was told to end has ended.
const LOOK: Duration = Duration::from_millis(10);
/// How long a speaker may take to shut down before it is killed.
const PATIENCE: Duration = Duration::from_secs(3);
/// What makes Python write every line by itself. ExaBGP's programs count on several of them in one write, whatever the shell has that
/// starts the suite.
const UNBUFFERED: &str = "PYTHONUNBUFFERED";

/// Whom a case is played with.
#[derive(Clone, Copy)]
pub(super) enum Whom<'a> {
    /// Our speaker on this reactor, with a recording where one is wanted.
    Ours(SubjectRef, Option<&'a Path>),
    /// What this command line starts.
    Another(&'a str),
}

impl Whom<'_> {
    /// What starts it; the configurations come last.
    fn command(self, program: &Path) -> Result<Command, String> {
        match self {
            Self::Ours(reactor, recording) => {
                let mut command = Command::new(program);
                command.arg("serve").arg("--reactor").arg(reactor.name());
                if let Some(file) = recording {
                    command.arg("--record").arg(file);
                }
                Ok(command)
            }
            Self::Another(line) => {
                let mut words = line.split_whitespace();
                let mut command = Command::new(words.next().ok_or("the other speaker has no name")?);
                command.args(words);
                Ok(command)
            }
        }
    }
}

/// A speaker at work.
pub(super) struct SpeakerProcess {
    child: Child,
}

impl SpeakerProcess {
    /// Starts the speaker of `case`, which is to dial `port`, in the folder of the case's configurations below `root`.
    pub(super) fn start(case: &Case, whom: Whom<'_>, root: &Path, port: u16) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = whom.command(&program)?;
        for config in &case.configs {
            command.arg(file_name(&config.name));
        }
        let folder =
            case.configs.first().and_then(|config| Path::new(&config.name).parent()).unwrap_or(Path::new(""));
        // Dialogues name this very program.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = program.parent().unwrap_or(Path::new("."));
        let path = std::env::join_paths(std::iter::once(own.to_owned()).chain(std::env::split_paths(&path)))
            .map_err(|error| error.to_string())?;
        command.env_remove(UNBUFFERED).env("EXABGP_ENVFILE", root.join(SETTINGS));
        command.envs(case.environment()).env("exabgp_tcp_port", port.to_string()).env("PATH", path);
        command
            .current_dir(root.join(folder))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let child =
            command.spawn().map_err(|error| format!("cannot start {:?}: {error}", command.get_program()))?;
        Ok(Self { child })
    }

    /// Signals it by its number; one that is gone is not there to mind.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = process::kill_process(process::Pid::from_child(&self.child), on_unix(signal));
    }

    /// Ends the speaker and returns what it logged.
    pub(super) fn stop(mut self) -> String {
        let mut log = String::new();
        let reader = self.child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        self.signal(Signal::Terminate);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > PATIENCE {
                let _ = self.child.kill();
                let _ = self.child.wait();
                log.push_str("(it did not shut down and was killed)\n");
                break;
            }
            std::thread::sleep(LOOK);
        }
        if let Some(text) = reader.and_then(|reader| reader.join().ok()) {
            log.insert_str(0, &text);
        }
        log
    }
}

/// A signal as Unix has it.
pub(crate) fn on_unix(signal: Signal) -> process::Signal {
    match signal {
        Signal::Terminate => process::Signal::TERM,
        Signal::Interrupt => process::Signal::INT,
        Signal::Hangup => process::Signal::HUP,
        Signal::Alarm => process::Signal::ALARM,
        Signal::User1 => process::Signal::USR1,
        Signal::User2 => process::Signal::USR2,
    }
}
