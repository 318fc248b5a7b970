//! Recordings: the sequence of `(Now, Input)` as readable lines, and back. A recording is complete: a speaker made from
//! its head and fed its lines asks for the same actions and sends the same octets.
//!
//! ```text
//! holdtime-record 1
//! identity "core1" 4711 1 "5.0.15"
//! setting "exabgp_tcp_port" "1790"
//! file "peer.conf"
//! config "peer.conf" "neighbor 10.0.0.2 {\n … }"
//! seed 7
//! 1000000 1700000000000000000 timeout
//! 2000000 1700000000001000000 connected 0 10.0.0.1:50000 10.0.0.2:179
//! 3000000 1700000000002000000 received 0 ffff…
//! ```
//!
//! An input's line begins with the monotonic and the wall clock, in nanoseconds.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use holdtime_host::{ConfigText, ExitStatus, IoError, ListenerId, PipePaths, Signal, StreamId};

use super::environment::Identity;
use super::input::{ClosedKind, Input, OwnedInput};
use super::setup::Setup;
use crate::config::{Config, Settings};
use crate::session::Fsm;
use crate::time::{Instant, Now, Timestamp};

const TITLE: &str = "holdtime-record 1";

/// What a recording begins with: all that the speaker was made from, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Who ran it.
    pub identity: Identity,
    /// The settings, as they were given.
    pub settings: Vec<(String, String)>,
    /// The configuration files of the command line.
    pub files: Vec<String>,
    /// The first of them.
    pub config: ConfigText,
    /// The command-line client's pipes.
    pub pipes: Option<PipePaths>,
    /// The seed.
    pub seed: u64,
}

/// An input of a recording, with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordEntry {
    /// When it happened.
    pub now: Now,
    input: OwnedInput,
}

/// A line that is not of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which, from 1.
    pub line: usize,
    /// What should have stood there.
    pub expected: &'static str,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the recording is not {}", self.line, self.expected)
    }
}

impl core::error::Error for BadLine {}

impl RecordEntry {
    /// What happened.
    pub fn input(&self) -> Input<'_> {
        self.input.borrow()
    }
}

impl Head {
    /// What the speaker was made from.
    ///
    /// # Errors
    /// A text for the user, where settings or configuration are not what they should be.
    pub fn setup(&self) -> Result<Setup, String> {
        let mut settings = Settings::default();
        let pairs = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        settings.apply(pairs).map_err(|error| error.to_string())?;
        let config = Config::parse(&self.config, &settings).map_err(|error| error.to_string())?;
        let Self { identity, files, pipes, seed, .. } = self.clone();
        Ok(Setup { identity, settings, files, config, pipes, seed, fsm: Fsm::default() })
    }
}

impl fmt::Display for Head {
    /// Its lines, the last one ended too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Identity { host, pid, ppid, version } = &self.identity;
        writeln!(f, "{TITLE}")?;
        writeln!(f, "identity {} {pid} {ppid} {}", Quoted(host), Quoted(version))?;
        for (name, value) in &self.settings {
            writeln!(f, "setting {} {}", Quoted(name), Quoted(value))?;
        }
        for file in &self.files {
            writeln!(f, "file {}", Quoted(file))?;
        }
        if let Some(pipes) = &self.pipes {
            writeln!(f, "pipes {} {}", Quoted(&pipes.read), Quoted(&pipes.write))?;
        }
        writeln!(f, "config {} {}", Quoted(&self.config.name), Quoted(&self.config.text))?;
        writeln!(f, "seed {}", self.seed)
    }
}

/// The line of one input, ended.
pub fn line(now: Now, input: &Input<'_>) -> String {
    let mut line = String::new();
    // Writing to a string does not fail.
    let _ = write_line(&mut line, now, input);
    line
}

fn write_line(out: &mut String, now: Now, input: &Input<'_>) -> fmt::Result {
    write!(out, "{} {} ", now.monotonic.as_nanos(), now.wall.as_nanos())?;
    match input {
        Input::Timeout => write!(out, "timeout")?,
        Input::Listening { listener, local } => write!(out, "listening {} {local}", listener.0)?,
        Input::ListenFailed { listener, error } => {
            write!(out, "listen-failed {} {}", listener.0, Name(*error))?;
        }
        Input::AcceptFailed { listener, error } => {
            write!(out, "accept-failed {} {}", listener.0, Name(*error))?;
        }
        Input::Connected { stream, local, remote } => {
            write!(out, "connected {} {local} {remote}", stream.as_u64())?;
        }
        Input::ConnectFailed { stream, error } => {
            write!(out, "connect-failed {} {}", stream.as_u64(), Name(*error))?;
        }
        Input::Accepted { stream, listener, local, remote } => {
            write!(out, "accepted {} {} {local} {remote}", stream.as_u64(), listener.0)?;
        }
        Input::Received { stream, data } => {
            write!(out, "received {} {}", stream.as_u64(), HEXLOWER.encode_display(data))?;
        }
        Input::Writable { stream, budget } => write!(out, "writable {} {budget}", stream.as_u64())?,
        Input::Sent { stream, count } => write!(out, "sent {} {count}", stream.as_u64())?,
        Input::Closed { stream, how } => match how {
            ClosedKind::ReadEnd => write!(out, "read-end {}", stream.as_u64())?,
            ClosedKind::WriteEnd => write!(out, "write-end {}", stream.as_u64())?,
            ClosedKind::Broken(error) => write!(out, "broken {} {}", stream.as_u64(), Name(*error))?,
        },
        Input::ProgramStarted { stream, pid } => write!(out, "program-started {} {pid}", stream.as_u64())?,
        Input::ProgramFailed { stream, error } => {
            write!(out, "program-failed {} {}", stream.as_u64(), Name(*error))?;
        }
        Input::ProgramExited { stream, status } => match status {
            ExitStatus::Code(code) => write!(out, "program-exited {} code {code}", stream.as_u64())?,
            ExitStatus::Signal(signal) => write!(out, "program-exited {} signal {signal}", stream.as_u64())?,
        },
        Input::Signal(signal) => write!(out, "signal {}", signal.name())?,
        Input::Reload(Ok(text)) => write!(out, "reload {} {}", Quoted(&text.name), Quoted(&text.text))?,
        Input::Reload(Err((name, error))) => write!(out, "reload-failed {} {}", Quoted(name), Name(*error))?,
    }
    writeln!(out)
}

/// Reads a recording: its head, then an iterator over its entries.
///
/// # Errors
/// The first line of the head that is wrong.
pub fn parse(text: &str) -> Result<(Head, impl Iterator<Item = Result<RecordEntry, BadLine>>), BadLine> {
    let mut head = Head::default();
    let mut lines = text.lines().enumerate();
    let bad = |line: usize, expected| BadLine { line: line + 1, expected };
    if lines.next().is_none_or(|(_, line)| line != TITLE) {
        return Err(bad(0, "the title of a recording"));
    }
    for (number, line) in lines.by_ref() {
        let mut words = Words(line);
        let wrong = || bad(number, "a line of a recording's head");
        match words.next().as_deref() {
            Some("identity") => head.identity = identity(&mut words).ok_or_else(wrong)?,
            Some("setting") => {
                let pair = words.next().zip(words.next());
                head.settings.push(pair.ok_or_else(wrong)?);
            }
            Some("file") => head.files.push(words.next().ok_or_else(wrong)?),
            Some("pipes") => {
                let pair = words.next().zip(words.next());
                head.pipes = Some(pair.map(|(read, write)| PipePaths { read, write }).ok_or_else(wrong)?);
            }
            Some("config") => head.config = config_text(&mut words).ok_or_else(wrong)?,
            Some("seed") => {
                head.seed = words.parse().ok_or_else(wrong)?;
                break;
            }
            _ => return Err(wrong()),
        }
    }
    Ok((head, read_entries(lines)))
}

/// Reads a part of a recording that has no head: its entries.
pub fn entries(text: &str) -> impl Iterator<Item = Result<RecordEntry, BadLine>> {
    read_entries(text.lines().enumerate())
}

fn read_entries<L: AsRef<str>>(
    lines: impl Iterator<Item = (usize, L)>,
) -> impl Iterator<Item = Result<RecordEntry, BadLine>> {
    lines.filter(|(_, line)| !line.as_ref().is_empty()).map(|(number, line)| {
        entry(line.as_ref()).ok_or(BadLine { line: number + 1, expected: "a time and an input" })
    })
}

fn identity(words: &mut Words<'_>) -> Option<Identity> {
    Some(Identity { host: words.next()?, pid: words.parse()?, ppid: words.parse()?, version: words.next()? })
}

fn config_text(words: &mut Words<'_>) -> Option<ConfigText> {
    Some(ConfigText { name: words.next()?, text: words.next()? })
}

fn entry(line: &str) -> Option<RecordEntry> {
    let mut words = Words(line);
    let monotonic = Instant::from_nanos(words.parse()?);
    let now = Now { monotonic, wall: Timestamp::from_nanos(words.parse()?) };
    let kind = words.next()?;
    let input = input(&kind, &mut words)?;
    words.0.is_empty().then_some(RecordEntry { now, input })
}

fn input(kind: &str, words: &mut Words<'_>) -> Option<OwnedInput> {
    Some(OwnedInput::from(match kind {
        "timeout" => Input::Timeout,
        "listening" => Input::Listening { listener: ListenerId(words.parse()?), local: words.parse()? },
        "listen-failed" => {
            Input::ListenFailed { listener: ListenerId(words.parse()?), error: words.error()? }
        }
        "accept-failed" => {
            Input::AcceptFailed { listener: ListenerId(words.parse()?), error: words.error()? }
        }
        "connected" => {
            Input::Connected { stream: words.stream()?, local: words.parse()?, remote: words.parse()? }
        }
        "connect-failed" => Input::ConnectFailed { stream: words.stream()?, error: words.error()? },
        "accepted" => Input::Accepted {
            stream: words.stream()?,
            listener: ListenerId(words.parse()?),
            local: words.parse()?,
            remote: words.parse()?,
        },
        "received" => {
            let stream = words.stream()?;
            let data = HEXLOWER_PERMISSIVE.decode(words.next()?.as_bytes()).ok()?;
            return Some(OwnedInput::received(stream, data));
        }
        "writable" => Input::Writable { stream: words.stream()?, budget: words.parse()? },
        "sent" => Input::Sent { stream: words.stream()?, count: words.parse()? },
        "read-end" => Input::Closed { stream: words.stream()?, how: ClosedKind::ReadEnd },
        "write-end" => Input::Closed { stream: words.stream()?, how: ClosedKind::WriteEnd },
        "broken" => Input::Closed { stream: words.stream()?, how: ClosedKind::Broken(words.error()?) },
        "program-started" => Input::ProgramStarted { stream: words.stream()?, pid: words.parse()? },
        "program-failed" => Input::ProgramFailed { stream: words.stream()?, error: words.error()? },
        "program-exited" => {
            let stream = words.stream()?;
            let status = match words.next()?.as_str() {
                "code" => ExitStatus::Code(words.parse()?),
                "signal" => ExitStatus::Signal(words.parse()?),
                _ => return None,
            };
            Input::ProgramExited { stream, status }
        }
        "signal" => {
            let name = words.next()?;
            Input::Signal(Signal::ALL.into_iter().find(|signal| signal.name() == name)?)
        }
        "reload" => Input::Reload(Ok(config_text(words)?)),
        "reload-failed" => Input::Reload(Err((words.next()?, words.error()?))),
        _ => return None,
    }))
}

/// The words of a line; one in quotes may hold anything.
struct Words<'a>(&'a str);

impl Words<'_> {
    fn next(&mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let Some(quoted) = self.0.strip_prefix('"') else {
            let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
            self.0 = rest;
            return Some(word.to_string());
        };
        let mut word = String::new();
        let mut characters = quoted.char_indices();
        loop {
            match characters.next()? {
                (at, '"') => {
                    let rest = quoted.get(at + 1..)?;
                    self.0 = rest.strip_prefix(' ').unwrap_or(rest);
                    return Some(word);
                }
                (_, '\\') => word.push(match characters.next()?.1 {
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                }),
                (_, other) => word.push(other),
            }
        }
    }

    fn parse<T: FromStr>(&mut self) -> Option<T> {
        self.next()?.parse().ok()
    }

    fn stream(&mut self) -> Option<StreamId> {
        self.parse().map(StreamId::from_u64)
    }

    fn error(&mut self) -> Option<IoError> {
        let name = self.next()?;
        let named = ERRORS.into_iter().find(|(_, known)| *known == name).map(|(error, _)| error);
        named.or_else(|| name.strip_prefix("errno-")?.parse().ok().map(IoError::Other))
    }
}

/// A text in quotes, on one line.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '"' | '\\' => write!(f, "\\{character}")?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// An error's word.
struct Name(IoError);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, ERRORS.iter().find(|(error, _)| *error == self.0)) {
            (_, Some((_, name))) => f.write_str(name),
            (IoError::Other(errno), None) => write!(f, "errno-{errno}"),
            (_, None) => f.write_str("errno-0"),
        }
    }
}

const ERRORS: [(IoError, &str); 15] = [
    (IoError::WouldBlock, "would-block"),
    (IoError::ConnectionRefused, "connection-refused"),
    (IoError::ConnectionReset, "connection-reset"),
    (IoError::ConnectionAborted, "connection-aborted"),
    (IoError::NotConnected, "not-connected"),
    (IoError::BrokenPipe, "broken-pipe"),
    (IoError::TimedOut, "timed-out"),
    (IoError::Unreachable, "unreachable"),
    (IoError::AddressInUse, "address-in-use"),
    (IoError::AddressNotAvailable, "address-not-available"),
    (IoError::PermissionDenied, "permission-denied"),
    (IoError::NotFound, "not-found"),
    (IoError::TooManyFiles, "too-many-files"),
    (IoError::Unsupported, "unsupported"),
    (IoError::TcpAo, "tcp-ao"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn now() -> Now {
        Now { monotonic: Instant::from_millis(5), wall: Timestamp::from_nanos(-7) }
    }

    #[test]
    fn every_input_is_read_back_as_it_was_written() {
        let stream = StreamId::accepted(3);
        let address = |text: &str| text.parse().unwrap();
        let text = ConfigText { name: "a b.conf".into(), text: "one \"two\"\n\\three\r\n".into() };
        let inputs = vec![
            Input::Timeout,
            Input::Listening { listener: ListenerId(1), local: address("[::1]:179") },
            Input::ListenFailed { listener: ListenerId(1), error: IoError::AddressInUse },
            Input::AcceptFailed { listener: ListenerId(1), error: IoError::TooManyFiles },
            Input::Connected { stream, local: address("10.0.0.1:1"), remote: address("10.0.0.2:2") },
            Input::ConnectFailed { stream, error: IoError::Other(71) },
            Input::Accepted {
                stream,
                listener: ListenerId(0),
                local: address("1.1.1.1:1"),
                remote: address("2.2.2.2:2"),
            },
            Input::Received { stream, data: &[0, 255, 16] },
            Input::Writable { stream, budget: 65_536 },
            Input::Sent { stream, count: 19 },
            Input::Closed { stream, how: ClosedKind::ReadEnd },
            Input::Closed { stream, how: ClosedKind::WriteEnd },
            Input::Closed { stream, how: ClosedKind::Broken(IoError::ConnectionReset) },
            Input::ProgramStarted { stream, pid: 9 },
            Input::ProgramFailed { stream, error: IoError::NotFound },
            Input::ProgramExited { stream, status: ExitStatus::Code(-1) },
            Input::ProgramExited { stream, status: ExitStatus::Signal(15) },
            Input::Signal(Signal::User1),
            Input::Reload(Ok(text)),
            Input::Reload(Err(("x".into(), IoError::PermissionDenied))),
        ];
        for input in inputs {
            let line = line(now(), &input);
            let entry = entry(line.trim_end()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((entry.now, entry.input()), (now(), input));
        }
    }

    #[test]
    fn a_head_is_read_back_as_it_was_written() {
        let head = Head {
            identity: Identity { host: "a \"b\"".into(), pid: 1, ppid: 2, version: "5".into() },
            settings: vec![("exabgp_tcp_port".into(), "1790".into())],
            files: vec!["a.conf".into(), "b c.conf".into()],
            config: ConfigText { name: "a.conf".into(), text: "neighbor 10.0.0.2 {\n}\n".into() },
            pipes: Some(PipePaths { read: "a.in".into(), write: "a.out".into() }),
            seed: u64::MAX,
        };
        let text = alloc::format!("{head}{}", line(now(), &Input::Timeout));
        let (read, entries) = parse(&text).unwrap();
        assert_eq!(read, head);
        assert_eq!(entries.count(), 1);
    }

    #[test]
    fn what_is_no_recording_is_refused_by_its_line() {
        assert_eq!(parse("hello").err().map(|bad| bad.line), Some(1));
        assert_eq!(parse("holdtime-record 1\nseed x\n").err().map(|bad| bad.line), Some(2));
        let (_, mut entries) =
            parse("holdtime-record 1\nseed 1\n1 2 received 0 fff\n1 2 timeout x\n").unwrap();
        assert!(entries.all(|entry| entry.is_err()));
    }
}
