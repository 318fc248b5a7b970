//! The speakers: how each is found, configured and started.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::note::note;

/// The release of ExaBGP to compare with.
const EXABGP: &str = "exabgp==5.0.15";

/// How long a speaker may take to end when it is told to.
const PATIENCE: Duration = Duration::from_secs(3);

/// A speaker that is installed.
#[derive(Clone, Debug)]
pub(crate) enum Contender {
    /// Without the rest before the first UPDATE, which is no speed of its own, unless it `rests` as it ships.
    Holdtime {
        program: PathBuf,
        reactor: &'static str,
        rests: bool,
    },
    Bird {
        program: PathBuf,
    },
    ExaBgp {
        program: PathBuf,
    },
}

/// A session to configure: the peer's address and port, and what our side says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConfiguredSession {
    pub(crate) address: [u8; 4],
    pub(crate) port: u16,
    pub(crate) hold_time: u16,
}

/// What a speaker is to do.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) sessions: Vec<ConfiguredSession>,
    /// How many routes the first session announces.
    pub(crate) routes: u32,
    /// The command line of an API program.
    pub(crate) program: Option<String>,
}

/// A started speaker, ended on drop.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) since: Instant,
}

/// The contenders that are asked for and installed; the others are named.
pub(crate) fn all(only: &[String], exabgp: Option<&Path>) -> io::Result<Vec<Contender>> {
    let mut found = Vec::new();
    let reactors = reactors(only);
    if !reactors.is_empty() {
        let program = binary(None)?;
        for reactor in reactors {
            found.push(Contender::Holdtime { program: program.clone(), reactor, rests: false });
            found.push(Contender::Holdtime { program: program.clone(), reactor, rests: true });
        }
    }
    if is_wanted(only, "bird") {
        match in_path("bird") {
            Some(program) => found.push(Contender::Bird { program }),
            None => note("SKIPPED BIRD: bird is not installed"),
        }
    }
    if is_wanted(only, "exabgp") {
        match installed(exabgp) {
            Ok(program) => found.push(Contender::ExaBgp { program }),
            Err(why) => note(&format!("SKIPPED ExaBGP: {why}")),
        }
    }
    Ok(found)
}

/// Whether this is among those that are asked for: all, where none is named.
pub(crate) fn is_wanted(only: &[String], name: &str) -> bool {
    only.is_empty() || only.iter().any(|other| other == name)
}

/// Our own reactors among them.
pub(crate) fn reactors(only: &[String]) -> Vec<&'static str> {
    ["poll", "async"].into_iter().filter(|reactor| is_wanted(only, reactor)).collect()
}

/// Our own binary: this one, or else the one beside us.
pub(crate) fn binary(given: Option<&Path>) -> io::Result<PathBuf> {
    given.map_or_else(holdtime, std::path::absolute)
}

/// The binary beside this one, built now where cargo runs us.
fn holdtime() -> io::Result<PathBuf> {
    if let Some(cargo) = std::env::var_os("CARGO") {
        let built =
            Command::new(cargo).args(["build", "--release", "--quiet", "--package", "holdtime"]).status()?;
        if !built.success() {
            return Err(io::Error::other("holdtime cannot be built"));
        }
    }
    let program = std::env::current_exe()?.with_file_name("holdtime");
    if program.exists() {
        Ok(program)
    } else {
        Err(io::Error::other("build holdtime first: cargo build --release"))
    }
}

/// ExaBGP in a Python environment of its own, installed where it is missing.
pub(crate) fn installed(folder: Option<&Path>) -> Result<PathBuf, String> {
    let own = || Some(std::env::current_exe().ok()?.ancestors().nth(2)?.join("exabgp-5.0.15"));
    let folder = folder.map(Path::to_path_buf).or_else(own).ok_or("there is no folder for it")?;
    let program = folder.join("bin/exabgp");
    if !program.exists() {
        note(&format!("installing {EXABGP} in {}", folder.display()));
        let run = |command: &mut Command| {
            let status = command.stdout(Stdio::null()).status();
            status.is_ok_and(|status| status.success()).then_some(()).ok_or("it cannot be installed with pip")
        };
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", EXABGP]))?;
    }
    Ok(program)
}

pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

impl Contender {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Holdtime { reactor, rests: false, .. } => format!("holdtime {reactor}"),
            Self::Holdtime { reactor, .. } => format!("... {reactor}, resting"),
            Self::Bird { .. } => "BIRD 2".to_owned(),
            Self::ExaBgp { .. } => "ExaBGP 5.0.15".to_owned(),
        }
    }

    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Holdtime { .. })
    }

    /// Whether it only shows what the rest before the first UPDATE costs.
    pub(crate) fn rests(&self) -> bool {
        matches!(self, Self::Holdtime { rests: true, .. })
    }

    /// Whether programs can drive it over pipes.
    pub(crate) fn has_api(&self) -> bool {
        !matches!(self, Self::Bird { .. })
    }

    /// Writes the configuration for a task into `folder` and starts the speaker there.
    pub(crate) fn start(&self, task: &Workload, folder: &Path) -> io::Result<Running> {
        let mut command;
        match self {
            Self::Bird { program } => {
                fs::write(folder.join("bird.conf"), bird(task))?;
                command = Command::new(program);
                command.args(["-f", "-c", "bird.conf", "-s", "bird.ctl", "-P", "bird.pid"]);
            }
            Self::Holdtime { program, reactor, rests } => {
                fs::write(folder.join("speaker.conf"), exabgp(task))?;
                command = Command::new(program);
                command.args(["serve", "--reactor", reactor, "speaker.conf"]);
                if !rests {
                    command.env("exabgp_bgp_rest", "0");
                }
            }
            Self::ExaBgp { program } => {
                fs::write(folder.join("speaker.conf"), exabgp(task))?;
                command = Command::new(program);
                // Its logs go to the standard error, which nobody reads here.
                command.args(["server", &folder.join("speaker.conf").display().to_string()]);
            }
        }
        command.current_dir(folder);
        keep(&mut command, folder)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let since = Instant::now();
        Running::start(&mut command, since)
    }
}

/// Keeps a speaker to settings of its own: neither those of this machine nor its named pipes are touched.
pub(crate) fn keep(command: &mut Command, folder: &Path) -> io::Result<()> {
    let settings = std::path::absolute(folder.join("settings.env"))?;
    let pipename = format!("holdtime-speakers-{}", std::process::id());
    // ExaBGP gives up root for the user that is named.
    let own = format!(
        "[exabgp.api]\ncli = false\npipename = '{pipename}'\n[exabgp.daemon]\ndrop = false\nuser = 'root'\n"
    );
    fs::write(&settings, own + "[exabgp.log]\nlevel = CRITICAL\n")?;
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_lowercase().starts_with("exabgp") {
            command.env_remove(name);
        }
    }
    command.env("EXABGP_ENVFILE", settings);
    Ok(())
}

/// The language that holdtime and ExaBGP share.
fn exabgp(task: &Workload) -> String {
    let mut text = String::new();
    if let Some(program) = &task.program {
        text += &format!("process lines {{ run {program}; encoder text; }}\n");
    }
    for (index, session) in task.sessions.iter().enumerate() {
        let ConfiguredSession { address: [a, b, c, d], port, hold_time } = session;
        text += &format!(
            "neighbor {a}.{b}.{c}.{d} {{ connect {port}; router-id 10.0.0.1; local-address 127.0.0.1; local-as 65000; peer-as 65000;\n\
             hold-time {hold_time}; family {{ ipv4 unicast; }}\n"
        );
        if task.program.is_some() {
            text += "api { processes [ lines ]; }\n";
        }
        if index == 0 && task.routes > 0 {
            text += "static {\n";
            (0..task.routes).for_each(|n| text += &format!("route {} next-hop 10.0.0.1;\n", prefix(n)));
            text += "}\n";
        }
        text += "}\n";
    }
    text
}

fn bird(task: &Workload) -> String {
    let mut text = "log stderr { fatal }; router id 10.0.0.1; protocol device {}\n".to_owned();
    text += "protocol static announced { ipv4;\n";
    (0..task.routes).for_each(|n| text += &format!("route {} blackhole;\n", prefix(n)));
    text += "}\n";
    for (index, session) in task.sessions.iter().enumerate() {
        let ConfiguredSession { address: [a, b, c, d], port, hold_time } = session;
        let export = if index == 0 { "all" } else { "none" };
        text += &format!(
            "protocol bgp peer{index} {{ local 127.0.0.1 port {} as 65000; neighbor {a}.{b}.{c}.{d} port {port} as 65000; multihop 2; strict bind yes;\n\
             hold time {hold_time}; connect delay time 1;\n\
             ipv4 {{ import none; export {export}; next hop address 10.0.0.1; }}; }}\n",
            port.wrapping_add(1)
        );
    }
    text
}

/// The Nth prefix that is announced.
pub(crate) fn prefix(n: u32) -> String {
    let address = std::net::Ipv4Addr::from_bits((1 << 24) + (n << 8));
    format!("{address}/24")
}

/// The processes that have not been ended.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Ends every speaker and this process; with a speaker go its programs. For whoever is interrupted.
pub(crate) fn end_all_and_exit(status: i32, clean_up: impl FnOnce()) -> ! {
    // The lock is kept to the end, so that none is started meanwhile.
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let signal = |name: &str| {
        for pid in running.iter().filter(|pid| is_alive(**pid)) {
            // Gone already is as good as ended.
            let _ = Command::new("kill").args([name, &pid.to_string()]).status();
        }
    };
    signal("-TERM");
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until && running.iter().any(|pid| is_alive(*pid)) {
        std::thread::sleep(Duration::from_millis(10));
    }
    signal("-KILL");
    clean_up();
    std::process::exit(status)
}

/// Whether a child runs still; one that has ended keeps its number until it is waited for.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

impl Running {
    pub(crate) fn start(command: &mut Command, since: Instant) -> io::Result<Self> {
        // Under the lock, so that an interrupt finds every one that was started.
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        running.insert(child.id());
        Ok(Self { child, since })
    }

    /// Whether it has ended, which none does by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end; `None`: it has not ended in that time.
    pub(crate) fn wait(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let until = Instant::now() + patience;
        while self.child.try_wait()?.is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.try_wait()
    }

    /// Signals it, unless it has ended: its number may be another process's by then.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if !self.has_ended()
            && let Some(pid) = Pid::from_raw(self.child.id().cast_signed())
        {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// The most memory that it had resident so far, in kB.
    pub(crate) fn most_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// The memory that it has resident, in kB.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    fn status(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }

    /// How long it has computed so far, in clock ticks (10 ms).
    pub(crate) fn ticks(&self) -> u64 {
        ticks(&self.child.id().to_string())
    }
}

/// How long a process has computed so far, in clock ticks (10 ms).
pub(crate) fn ticks(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<u64> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    fields.get(11..13).map_or(0, |times| times.iter().sum())
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let _ = self.wait(PATIENCE);
        let _ = self.child.kill();
        let _ = self.child.wait();
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.child.id());
    }
}
