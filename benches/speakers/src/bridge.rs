//! An API program that only passes on: what it says and hears goes through a Unix socket, at whose other end somebody decides.
//!
//! The speaker starts this binary with `--bridge SOCKET`; [`BridgedProgram`] is the other end.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::link::is_nothing;

/// How long the speaker's program looks for the other end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The program: passes on until either side ends.
pub(crate) fn run(socket: &Path) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    let stream = loop {
        match UnixStream::connect(socket) {
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            outcome => break outcome?,
        }
    };
    let back = stream.try_clone()?;
    std::thread::spawn(move || {
        let _ = pass_on(&back, io::stdout().lock());
        // Its end is the program's: nobody is left to say anything.
        std::process::exit(0);
    });
    let passed = pass_on(io::stdin().lock(), &stream);
    let _ = stream.shutdown(Shutdown::Both);
    passed
}

fn pass_on(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..count).unwrap_or_default())?;
        to.flush()?;
    }
}

/// The other end of a program: what is said to the speaker, and what it answers.
#[derive(Debug)]
pub(crate) struct BridgedProgram<C> {
    listener: UnixListener,
    path: PathBuf,
    stream: Option<UnixStream>,
    heard: Vec<u8>,
    unsaid: VecDeque<u8>,
    /// Commands without an answer, oldest first, each with when it was said.
    pub(crate) pending: VecDeque<(C, Instant)>,
    /// Reads nothing before then.
    pub(crate) deaf_until: Option<Instant>,
    /// How often the speaker has started it.
    pub(crate) starts: u32,
    /// Lines that were no answers.
    pub(crate) events: u64,
}

/// What a program heard.
#[derive(Debug)]
pub(crate) enum Heard<C> {
    /// An answer to this command, and whether it was `done`.
    Answer { command: C, said: Instant, done: bool },
    /// An answer to nothing.
    Unasked(String),
    /// The program is gone, with these commands unanswered.
    Gone(Vec<C>),
}

impl<C> BridgedProgram<C> {
    pub(crate) fn listen(path: PathBuf) -> io::Result<Self> {
        let listener = UnixListener::bind(&path)?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            path,
            stream: None,
            heard: Vec::new(),
            unsaid: VecDeque::new(),
            pending: VecDeque::new(),
            deaf_until: None,
            starts: 0,
            events: 0,
        })
    }

    /// The command line that a configuration has for it.
    pub(crate) fn command_line(&self) -> io::Result<String> {
        Ok(format!("{} --bridge {}", std::env::current_exe()?.display(), self.path.display()))
    }

    /// Has the program die.
    pub(crate) fn hang_up(&mut self) {
        self.deaf_until = None;
        if let Some(stream) = &self.stream {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Forgets what was said and heard: the speaker is another one.
    pub(crate) fn forget(&mut self) {
        self.stream = None;
        self.pending.clear();
        self.unsaid.clear();
        self.heard.clear();
    }

    /// Says a command that will be answered.
    pub(crate) fn say(&mut self, now: Instant, line: &str, command: C) {
        self.pending.push_back((command, now));
        self.unsaid.extend(line.bytes().chain(*b"\n"));
    }

    /// How many octets wait until the speaker takes them.
    pub(crate) fn unsaid(&self) -> usize {
        self.unsaid.len()
    }

    /// What to wait for in the kernel.
    pub(crate) fn waits_for(&self, now: Instant) -> (BorrowedFd<'_>, PollFlags) {
        let Some(stream) = &self.stream else { return (self.listener.as_fd(), PollFlags::IN) };
        let mut flags = PollFlags::empty();
        if self.deaf_until.is_none_or(|until| until <= now) {
            flags |= PollFlags::IN;
        }
        if !self.unsaid.is_empty() {
            flags |= PollFlags::OUT;
        }
        (stream.as_fd(), flags)
    }

    /// Does what is ready.
    pub(crate) fn turn(&mut self, now: Instant, buffer: &mut [u8]) -> Vec<Heard<C>> {
        if self.stream.is_none()
            && let Ok((stream, _)) = self.listener.accept()
            && stream.set_nonblocking(true).is_ok()
        {
            self.stream = Some(stream);
            self.starts += 1;
        }
        let mut heard = Vec::new();
        let Some(stream) = &self.stream else { return heard };
        let mut gone = false;
        while !self.unsaid.is_empty() {
            match (&*stream).write(self.unsaid.as_slices().0) {
                Ok(count) => drop(self.unsaid.drain(..count)),
                Err(error) if is_nothing(&error) => break,
                Err(_) => {
                    gone = true;
                    break;
                }
            }
        }
        if self.deaf_until.is_none_or(|until| until <= now) {
            match (&*stream).read(buffer) {
                Ok(0) => gone = true,
                Ok(count) => self.heard.extend(buffer.iter().take(count)),
                Err(error) if is_nothing(&error) => {}
                Err(_) => gone = true,
            }
        }
        self.take_apart(&mut heard);
        if gone {
            self.stream = None;
            self.unsaid.clear();
            self.heard.clear();
            heard.push(Heard::Gone(self.pending.drain(..).map(|(command, _)| command).collect()));
        }
        heard
    }

    fn take_apart(&mut self, heard: &mut Vec<Heard<C>>) {
        let Some(end) = self.heard.iter().rposition(|octet| *octet == b'\n') else { return };
        let rest = self.heard.split_off(end + 1);
        let lines = String::from_utf8_lossy(&std::mem::replace(&mut self.heard, rest)).into_owned();
        for line in lines.lines() {
            let done = line == "done";
            if !done && line != "error" {
                self.events += 1;
                continue;
            }
            heard.push(match self.pending.pop_front() {
                Some((command, said)) => Heard::Answer { command, said, done },
                None => Heard::Unasked(line.to_owned()),
            });
        }
    }
}
