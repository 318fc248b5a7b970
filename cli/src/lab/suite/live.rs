//! The suite over real TCP: `holdtime serve` as a child process for each case, the checking peer in this one.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use holdtime_core::Instant as Moment;
use holdtime_core::session::Jitter;
use holdtime_core::speaker::Signal;
use holdtime_sim::actor::{CheckingPeer, Pieces};
use holdtime_sim::actor::{PeerAction, PeerInput, PeerRun, PeerState};
use holdtime_sim::subject::{self, SubjectRef};
use holdtime_sim::suite::{Case, Folder, LIMIT};
use rustix::process;

use super::case_result::CaseResult;
use super::folder::file_name;
use super::suite_args::SuiteArgs;
use crate::console::Console;
use crate::error::CliError;
use crate::interrupt;
use crate::lab::parallel::Pool;

/// How often a checking peer looks whether its time is up.
const LOOK: Duration = Duration::from_millis(10);
/// How long a speaker may take to shut down before it is killed.
const PATIENCE: Duration = Duration::from_secs(3);
/// The settings of the speakers that are started.
const SETTINGS: &str = "settings.env";
/// What makes Python write every line by itself. ExaBGP's programs count on several of them in one write, whatever the shell has that
/// starts the suite.
const UNBUFFERED: &str = "PYTHONUNBUFFERED";

/// How many cases are played at a time where nothing else is said: they mostly wait.
const LIVE_JOBS: usize = 8;

/// Every case on every reactor.
pub(super) fn run(
    folder: &dyn Folder,
    cases: &[Case],
    reactors: &[SubjectRef],
    args: &SuiteArgs,
    console: &Console,
) -> Result<Vec<CaseResult>, CliError> {
    let scratch = Scratch::fill(folder)?;
    let jobs: Vec<(SubjectRef, &Case)> =
        reactors.iter().flat_map(|reactor| cases.iter().map(|case| (*reactor, case))).collect();
    at_once(&jobs, args, console, |(reactor, case)| {
        let whom = args.against.as_deref().map_or(Whom::Ours(*reactor, None), Whom::Another);
        play(case, *reactor, whom, Pace::of(args, case), &scratch.root)
    })
}

/// Every case once, with the recording of its speaker.
pub(super) fn record(
    folder: &dyn Folder,
    cases: &[&Case],
    args: &SuiteArgs,
    console: &Console,
) -> Result<Vec<(CaseResult, String)>, CliError> {
    let scratch = Scratch::fill(folder)?;
    at_once(cases, args, console, |case| {
        let file = scratch.root.join(format!("{}.recording", case.name));
        let reactor = subject::POLL;
        let whom = Whom::Ours(reactor, Some(&file));
        let result = play(case, reactor, whom, Pace::of(args, case), &scratch.root);
        // Where the speaker did not come so far as to begin one, its case has failed.
        (result, fs::read_to_string(&file).unwrap_or_default())
    })
}

/// Does all the jobs, `--jobs` at a time, and returns what came of each in their order.
fn at_once<J: Sync, R: Send>(
    jobs: &[J],
    args: &SuiteArgs,
    console: &Console,
    work: impl Fn(&J) -> R + Sync,
) -> Result<Vec<R>, CliError> {
    let bar = console.progress("cases", jobs.len() as u64);
    let pool = Pool::new(args.jobs.map_or(LIVE_JOBS, NonZeroUsize::get).min(jobs.len().max(1)))?;
    let results = pool.each(jobs, &bar, work);
    bar.finish_and_clear();
    Ok(results.into_iter().flatten().collect())
}

/// A folder of our own with the configurations and the programs, since programs are found beside configurations.
struct Scratch {
    root: PathBuf,
}

impl Scratch {
    fn fill(folder: &dyn Folder) -> Result<Self, CliError> {
        let root = std::env::temp_dir().join(format!("holdtime-suite-{}", std::process::id()));
        let scratch = Self { root };
        // Neither the settings nor the named pipes of this machine, where another speaker may be at work.
        let pipename = format!("holdtime-suite-{}", std::process::id());
        scratch.write(SETTINGS, format!("[exabgp.api]\npipename = '{pipename}'\n").as_bytes())?;
        for name in folder.files() {
            if let Some(text) =
                folder.read(&name).filter(|_| !name.ends_with(".msg") && !name.ends_with(".ci"))
            {
                scratch.write(&name, text.as_bytes())?;
            }
        }
        Ok(scratch)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CliError> {
        let path = self.root.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        let executable = bytes.starts_with(b"#!");
        let written = written.and_then(|()| {
            if executable { fs::set_permissions(&path, fs::Permissions::from_mode(0o755)) } else { Ok(()) }
        });
        written.map_err(|error| CliError::io(format!("cannot write \"{}\"", path.display()), &error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the temporary folder is nobody's problem.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Whom a case is played with.
#[derive(Clone, Copy)]
enum Whom<'a> {
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

/// How the checking peer's messages follow each other.
#[derive(Clone, Copy)]
struct Pace {
    /// The longest pause before a message that is written by itself; `None`: what is said at once is written at once.
    spread: Option<Duration>,
    random: Jitter,
}

impl Pace {
    fn of(args: &SuiteArgs, case: &Case) -> Self {
        // Every case has pauses of its own.
        let name = case.name.bytes().fold(args.seed, |seed, octet| seed.rotate_left(7) ^ u64::from(octet));
        Self { spread: args.spread, random: Jitter::new(name) }
    }

    /// The pause before the next message.
    fn pause(&mut self) -> Option<Duration> {
        let micros = u64::try_from(self.spread?.as_micros()).unwrap_or(u64::MAX);
        Some(Duration::from_micros(self.random.next_u64() % micros.saturating_add(1)))
    }
}

fn play(case: &Case, reactor: SubjectRef, whom: Whom<'_>, pace: Pace, root: &Path) -> CaseResult {
    let began = Instant::now();
    let live = Live::begin(case, whom, pace, root);
    let ended = live.map_or_else(|why| Err(("failed", why)), |mut live| live.play());
    let (code, why) = match ended {
        Ok(()) => ("pass", String::new()),
        Err((code, why)) => (code, why),
    };
    CaseResult {
        case: case.clone(),
        reactor,
        code: code.to_owned(),
        expected: "pass",
        why,
        details: serde_json::json!({}),
        hash: None,
        took: began.elapsed(),
    }
}

/// One case at work.
struct Live {
    began: Instant,
    listener: TcpListener,
    connection: Option<TcpStream>,
    /// The checking peer wants the next connection.
    accepting: bool,
    child: Child,
    peer: CheckingPeer,
    pace: Pace,
}

impl Live {
    fn begin(case: &Case, whom: Whom<'_>, pace: Pace, root: &Path) -> Result<Self, String> {
        let address: IpAddr = if case.expectation.options.ipv6 {
            Ipv6Addr::LOCALHOST.into()
        } else {
            Ipv4Addr::LOCALHOST.into()
        };
        let said = |error: std::io::Error| error.to_string();
        let listener = TcpListener::bind(SocketAddr::new(address, 0)).map_err(said)?;
        listener.set_nonblocking(true).map_err(said)?;
        let port = listener.local_addr().map_err(said)?.port();
        let program = std::env::current_exe().map_err(said)?;
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
        // Another speaker may write as it likes.
        let pieces = if matches!(whom, Whom::Another(_)) { Pieces::Joined } else { Pieces::Refused };
        let peer = CheckingPeer::new(case.expectation.clone(), pieces);
        Ok(Self { began: Instant::now(), listener, connection: None, accepting: false, child, peer, pace })
    }

    fn play(&mut self) -> Result<(), (&'static str, String)> {
        self.feed(PeerInput::Timeout);
        let ended = loop {
            self.carry_out();
            match self.peer.state() {
                PeerState::Finished => break Ok(()),
                PeerState::Failed(why) => break Err(("failed", why)),
                PeerState::Waiting { step, .. } if self.began.elapsed() > LIMIT => {
                    break Err(("timeout", format!("{step} still missing after {} s", LIMIT.as_secs())));
                }
                PeerState::Waiting { .. } if interrupt::is_pressed() => {
                    break Err(("interrupted", String::new()));
                }
                PeerState::Waiting { .. } => {}
            }
            let looked = if self.connection.is_some() { self.read() } else { self.accept() };
            if let Err(error) = looked {
                break Err(("failed", error.to_string()));
            }
        };
        let log = self.stop();
        ended.map_err(|(code, why)| (code, format!("{why}\n{}", last_lines(&log))))
    }

    /// What is said at once is written at once, unless messages are to be spread.
    fn carry_out(&mut self) {
        let mut said = Vec::new();
        while let Some(action) = self.peer.poll_action() {
            if let PeerAction::Send(bytes) = action {
                said.extend(bytes);
                if let Some(pause) = self.pace.pause() {
                    std::thread::sleep(pause);
                    self.say(&mut said);
                }
                continue;
            }
            self.say(&mut said);
            match action {
                PeerAction::Accept => self.accepting = true,
                PeerAction::Signal(signal) => send_signal(&self.child, signal),
                _ => {
                    if let Some(connection) = self.connection.take() {
                        let _ = connection.shutdown(Shutdown::Both);
                    }
                }
            }
        }
        self.say(&mut said);
    }

    fn say(&mut self, said: &mut Vec<u8>) {
        if let Some(connection) = self.connection.as_mut().filter(|_| !said.is_empty()) {
            // A connection that is gone is noticed when it is read.
            let _ = connection.write_all(said);
        }
        said.clear();
    }

    fn accept(&mut self) -> std::io::Result<()> {
        match self.listener.accept() {
            Ok((connection, _)) if self.accepting => {
                connection.set_nonblocking(false)?;
                connection.set_nodelay(true)?;
                connection.set_read_timeout(Some(LOOK))?;
                self.accepting = false;
                self.connection = Some(connection);
                self.feed(PeerInput::Connected);
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(LOOK),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads as ExaBGP's own checking peer does: a header in one read, a body in another, and never once more.
    fn read(&mut self) -> std::io::Result<()> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let mut message = vec![0; 19];
        let header = match connection.read(&mut message) {
            Ok(count) => count,
            // A read with a timeout is not restarted after a signal, and children that end are signals.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) =>
            {
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => return Err(error),
        };
        if header == 0 {
            self.feed(PeerInput::Closed);
            return Ok(());
        }
        let length = message
            .get(16..18)
            .map_or(19, |length| length.iter().fold(0, |n, octet| n << 8 | usize::from(*octet)));
        let mut total = header;
        if header == 19 && length > 19 {
            message.resize(length, 0);
            total += connection.read(message.get_mut(19..).unwrap_or_default()).unwrap_or(0);
        }
        message.truncate(total);
        self.feed(PeerInput::Received(&message));
        Ok(())
    }

    fn feed(&mut self, input: PeerInput<'_>) {
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.peer.handle(Moment::from_nanos(now), input);
    }

    /// Ends the speaker and returns what it logged.
    fn stop(&mut self) -> String {
        self.connection = None;
        let mut log = String::new();
        let reader = self.child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        send_signal(&self.child, Signal::Terminate);
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

/// Signals a child by its number; a child that is gone is not there to mind.
fn send_signal(child: &Child, signal: Signal) {
    let _ = process::kill_process(process::Pid::from_child(child), on_unix(signal));
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

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(8);
    lines.get(from..).unwrap_or_default().join("\n")
}
