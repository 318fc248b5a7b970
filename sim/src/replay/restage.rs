//! A recording as a scenario: peers and programs that say what they said, when they said it.
//!
//! Of a [recording](crate::replay::recorded) it is known what came to the speaker and when, what it had to say, and how much of that was taken. Whoever took no more,
//! though there was more for them, had stopped reading. Where a session was lost that nobody meant to end, the scenario wants it to stay. Ports become BGP's own; settings that are not the usual ones are lost.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use holdtime_core::config::{ConfigText, Settings};
use holdtime_core::speaker::{Action, ClosedKind, ExitStatus, Input, StreamId};
use holdtime_core::{Duration, Instant, Speaker};
use holdtime_machine::net::{Kernel, SocketOptions};

use crate::replay::course::RecordedCourse;
use crate::replay::lines::{PeerLines, ProgramLines};
use crate::replay::recorded::{Replay, ReplayStep};
use crate::scenario::mistake::Source;
use crate::scenario::script::{PeerScript, ProgramScript};
use crate::scenario::{
    Actor, Bounds, Expected, ExpectedEnd, PeerPlace, Play, PlayPeer, PlaySpeaker, Scenario, usual_prices,
};

/// How long the lab plays on after the recording has ended, at most: what was on its way to be late then must become late.
const LONGER: Duration = Duration::from_secs(600);
/// Who takes nothing for so long, though something is there for them, does not read.
const STALLED: Duration = Duration::from_secs(5);
/// The buffers of who does not read: the speaker feels it where it felt it.
const SMALL: usize = 4_096;

/// The scenario of a recording, and how a session was lost in it that nobody meant to end.
///
/// # Errors
/// It is no recording, its beginning is missing, no peer was connected in it, or both ends of a session have one address.
pub fn scenario_of(recording: &str, name: &str) -> Result<(Scenario, Option<String>), String> {
    let mut replay = Replay::open(recording)?;
    let began = replay.next_at().ok_or("it is empty")?;
    let head = replay.head().ok_or("its beginning is missing")?.clone();
    let mut staging = Staging { began, ..Staging::default() };
    while let Some(step) = replay.next() {
        let step = step?;
        staging.take(&step);
        staging.notice_stalls(replay.speaker_mut());
    }
    staging.finish();
    if staging.own.is_empty() {
        return Err("no peer was connected in it, so there is none to play".to_owned());
    }
    if let Some(both) = staging.own.iter().find(|own| staging.peers.contains_key(own)) {
        return Err(format!("both ends of a session have the address {both}, which no two machines have"));
    }
    let text = staging.leave_loopback(&with_usual_ports(&head.config.text));
    let mut scenario = staging.scenario(name, ConfigText { name: "speaker".to_owned(), text })?;
    let lost = RecordedCourse::read(recording, Instant::MAX)?.failure();
    scenario.play.ends = lost.as_ref().map(|_| ExpectedEnd::Never);
    Ok((scenario, lost))
}

/// The actors, as far as the recording has been heard.
#[derive(Debug, Default)]
struct Staging {
    began: Instant,
    now: Duration,
    peers: BTreeMap<IpAddr, PeerLines>,
    /// The programs' commands, in the order in which they were started, and each run of them.
    programs: Vec<(String, Vec<ProgramLines>)>,
    streams: BTreeMap<StreamId, Party>,
    own: Vec<IpAddr>,
}

/// Who has the other end of a stream.
#[derive(Debug)]
struct Party {
    who: Who,
    /// Since when something was there for them and they took nothing.
    stuck: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Peer(IpAddr),
    /// By its place among the programs, and the number of its run.
    Program(usize, usize),
}

impl Staging {
    fn take(&mut self, step: &ReplayStep) {
        self.now = step.now().monotonic.saturating_since(self.began);
        let now = self.now;
        match step.input() {
            Input::Connected { stream, local, remote } => {
                self.meet(stream, local, remote).begin(now, "accept");
            }
            Input::Accepted { stream, local, remote, .. } => {
                self.meet(stream, local, remote).begin(now, "connect");
            }
            Input::Received { stream, data } => match self.who(stream) {
                Some(Who::Peer(peer)) => self.peer(peer).said(now, data),
                Some(Who::Program(program, run)) => {
                    if let Some(lines) = self.run(program, run) {
                        lines.said(now, data);
                    }
                }
                None => {}
            },
            Input::Sent { stream, .. } => {
                if let Some(party) = self.streams.get_mut(&stream) {
                    party.stuck = None;
                }
            }
            Input::Closed { stream, how } => {
                if let Some(Party { who: Who::Peer(peer), .. }) = self.streams.remove(&stream) {
                    let end = if matches!(how, ClosedKind::Broken(_)) { "reset" } else { "close" };
                    self.peer(peer).end(now, end);
                }
            }
            Input::ProgramExited { stream, status } => {
                if let Some(Party { who: Who::Program(program, run), .. }) = self.streams.remove(&stream)
                    && let ExitStatus::Code(code) = status
                    && let Some(lines) = self.run(program, run)
                {
                    lines.exited(now, code);
                }
            }
            _ => {}
        }
        for action in &step.actions {
            match action {
                Action::StartProgram { stream, spec } => self.start(*stream, &spec.command),
                Action::Close { stream, .. } => {
                    if let Some(Party { who: Who::Peer(peer), .. }) = self.streams.remove(stream) {
                        self.peer(peer).ended(now);
                    }
                }
                _ => {}
            }
        }
    }

    fn meet(&mut self, stream: StreamId, local: SocketAddr, remote: SocketAddr) -> &mut PeerLines {
        if !self.own.contains(&local.ip()) {
            self.own.push(local.ip());
        }
        self.streams.insert(stream, Party { who: Who::Peer(remote.ip()), stuck: None });
        self.peer(remote.ip())
    }

    fn peer(&mut self, address: IpAddr) -> &mut PeerLines {
        self.peers.entry(address).or_default()
    }

    fn who(&self, stream: StreamId) -> Option<Who> {
        self.streams.get(&stream).map(|party| party.who)
    }

    fn run(&mut self, program: usize, run: usize) -> Option<&mut ProgramLines> {
        self.programs.get_mut(program)?.1.get_mut(run)
    }

    fn start(&mut self, stream: StreamId, command: &[String]) {
        let command = command.first().cloned().unwrap_or_default();
        let known = self.programs.iter().position(|(known, _)| *known == command);
        let place = known.unwrap_or_else(|| {
            self.programs.push((command, Vec::new()));
            self.programs.len() - 1
        });
        if let Some((_, runs)) = self.programs.get_mut(place) {
            runs.push(ProgramLines::since(self.now));
            let who = Who::Program(place, runs.len() - 1);
            self.streams.insert(stream, Party { who, stuck: None });
        }
    }

    /// Who takes nothing, though something is there for them.
    fn notice_stalls(&mut self, speaker: Option<&mut Speaker>) {
        let Some(speaker) = speaker else { return };
        let now = self.now;
        let mut stalled = Vec::new();
        for (stream, party) in &mut self.streams {
            let is_full = speaker.poll_transmit(*stream).is_some_and(|octets| !octets.is_empty());
            party.stuck = if is_full { party.stuck.or(Some(now)) } else { None };
            if let Some(since) = party.stuck.filter(|since| now >= *since + STALLED) {
                stalled.push((party.who, since));
            }
        }
        for (who, since) in stalled {
            match who {
                Who::Peer(peer) => self.peer(peer).stalled(since),
                Who::Program(program, run) => {
                    if let Some(lines) = self.run(program, run) {
                        lines.stalled(since);
                    }
                }
            }
        }
    }

    fn finish(&mut self) {
        let now = self.now;
        self.peers.values_mut().for_each(|peer| peer.finish(now));
        self.programs.iter_mut().flat_map(|(_, runs)| runs).for_each(|run| run.finish(now));
    }

    /// Gives everybody who has a loopback address another one, which machines of the lab can reach; the configuration with those.
    fn leave_loopback(&mut self, text: &str) -> String {
        let all: BTreeSet<IpAddr> = self.own.iter().chain(self.peers.keys()).copied().collect();
        let looped = all.into_iter().filter(IpAddr::is_loopback);
        let mut text = text.to_owned();
        for (number, old) in (1..=u8::MAX).zip(looped) {
            let new = IpAddr::from(Ipv4Addr::new(10, 127, 0, number));
            self.own.iter_mut().filter(|own| **own == old).for_each(|own| *own = new);
            if let Some(lines) = self.peers.remove(&old) {
                self.peers.insert(new, lines);
            }
            text = renamed(&text, &old.to_string(), &new.to_string());
        }
        text
    }

    fn scenario(self, name: &str, config: ConfigText) -> Result<Scenario, String> {
        let usual = SocketOptions::default();
        let stalls = self.peers.values().any(PeerLines::stalls);
        let speaker = PlaySpeaker {
            name: "speaker".to_owned(),
            addresses: self.own.clone(),
            files: vec![config],
            settings: Settings::default(),
            options: SocketOptions {
                send_buffer: if stalls { Some(SMALL) } else { usual.send_buffer },
                ..SocketOptions::default()
            },
        };
        let peers = self.peers.iter().enumerate().map(|(index, (address, lines))| {
            let addresses = vec![*address];
            Ok(PlayPeer {
                name: format!("peer-{}", index + 1),
                place: PeerPlace::of(&addresses, &self.own),
                addresses,
                options: SocketOptions {
                    receive_buffer: if lines.stalls() { SMALL } else { usual.receive_buffer },
                    ..SocketOptions::default()
                },
                actor: Actor::Script {
                    script: parsed("peer", &lines.text(), PeerScript::parse)?,
                    asn: lines.asn(),
                    router_id: match address {
                        IpAddr::V4(address) => *address,
                        IpAddr::V6(_) => Ipv4Addr::new(10, 0, 0, 1),
                    },
                },
            })
        });
        let programs = self.programs.iter().map(|(command, runs)| {
            let scripts = runs.iter().map(|run| parsed("program", &run.text(), ProgramScript::parse));
            Ok((command.clone(), scripts.collect::<Result<Vec<_>, String>>()?))
        });
        Ok(Scenario {
            title: format!("Recorded: {name}"),
            source: None,
            play: Play {
                name: "recorded".to_owned(),
                peers: peers.collect::<Result<_, String>>()?,
                programs: programs.collect::<Result<_, String>>()?,
                speakers: vec![speaker],
                clients: Vec::new(),
                guests: None,
                programs_count: true,
                rests: true,
                faults: Vec::new(),
                latency: Duration::from_millis(1),
                kernel: Kernel::default(),
                prices: usual_prices(),
                bounds: Bounds::default(),
                up: None,
                again_by: None,
                ends: None,
                run_for: Duration::from_secs(self.now.as_secs()) + LONGER,
            },
            expect: vec![("poll".to_owned(), Expected::Pass)],
        })
    }
}

/// A configuration in which everybody listens and is dialled on BGP's port, however its statements are spread over lines.
fn with_usual_ports(text: &str) -> String {
    let mut usual = String::new();
    for piece in text.split_inclusive([';', '{', '}']) {
        let (before, statement) = piece.split_at(piece.rfind('\n').map_or(0, |end| end + 1));
        let words: Vec<&str> = statement.split_whitespace().collect();
        let port = |word: &str| word.strip_suffix(';').is_some_and(|port| port.parse::<u16>().is_ok());
        usual.push_str(before);
        let is_comment = usual.rsplit('\n').next().is_some_and(|line| line.contains('#'));
        match words.as_slice() {
            _ if is_comment => usual.push_str(statement),
            ["listen" | "connect", word] if port(word) => {}
            ["neighbor", .., last] if last.ends_with('{') => {
                usual.push_str(statement);
                usual.push_str(" listen 179;");
            }
            _ => usual.push_str(statement),
        }
    }
    usual
}

/// A text in which an address is another one. Longer ones in which it stands are left.
fn renamed(text: &str, old: &str, new: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.' || c == ':');
    let mut all = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, behind) =
            (rest.get(..at).unwrap_or_default(), rest.get(at + old.len()..).unwrap_or_default());
        all.push_str(before);
        let stands_alone = !is_part(all.chars().next_back()) && !is_part(behind.chars().next());
        all.push_str(if stands_alone { new } else { old });
        rest = behind;
    }
    all + rest
}

fn parsed<T>(
    name: &str,
    text: &str,
    parse: impl Fn(&Source, std::ops::Range<usize>) -> Result<T, crate::scenario::mistake::Mistake>,
) -> Result<T, String> {
    parse(&Source::new(name, text.to_owned()), 0..text.len()).map_err(|mistake| mistake.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Verdict;
    use crate::scenario::{self, Oracle};
    use crate::stage::Run;
    use crate::subject::{self, Defect};
    use holdtime_core::speaker::OwnedInput;
    use holdtime_core::speaker::record::{self, Head};
    use holdtime_core::{Now, Timestamp};

    const CONFIG: &str = "process feed {\n\trun ./feed;\n\tencoder text;\n}\nneighbor 10.0.0.2 {\n\trouter-id 10.0.0.1;\n\t\
                          local-address 10.0.0.1;\n\tlocal-as 65001;\n\tpeer-as 65002;\n\tlisten 1790;\n\tpassive true;\n\t\
                          api {\n\t\tprocesses [ feed ];\n\t}\n}\n";

    /// A recording of these inputs, each at its milliseconds.
    fn recording(inputs: &[(u64, OwnedInput)]) -> String {
        let config = ConfigText { name: "feed.conf".to_owned(), text: CONFIG.to_owned() };
        let head = Head { config, files: vec!["feed.conf".to_owned()], ..Head::default() };
        let lines = inputs.iter().map(|(millis, input)| {
            let monotonic = Instant::ZERO + Duration::from_millis(*millis);
            record::line(Now { monotonic, wall: Timestamp::default() }, &input.borrow())
        });
        head.to_string() + &lines.collect::<String>()
    }

    #[test]
    fn a_peer_that_was_silent_is_silent_again_and_the_same_oracle_sounds() {
        use crate::scenario::codec::{KEEPALIVE, OPEN, framed};
        let (program, peer) = (StreamId::opened(0), StreamId::accepted(0));
        let open = framed(OPEN, &[4, 0xfd, 0xea, 0, 90, 10, 0, 0, 2, 0]);
        let text = recording(&[
            (0, OwnedInput::from(Input::Timeout)),
            (1, OwnedInput::from(Input::ProgramStarted { stream: program, pid: 7 })),
            (
                1_000,
                OwnedInput::from(Input::Accepted {
                    listener: holdtime_core::speaker::ListenerId(0),
                    stream: peer,
                    local: "10.0.0.1:1790".parse().unwrap(),
                    remote: "10.0.0.2:40000".parse().unwrap(),
                }),
            ),
            (1_001, OwnedInput::received(peer, open)),
            (1_002, OwnedInput::received(peer, framed(KEEPALIVE, &[]))),
            (
                8_000,
                OwnedInput::received(program, b"announce route 20.0.0.0/24 next-hop 10.0.0.1\n".to_vec()),
            ),
            (60_000, OwnedInput::from(Input::Timeout)),
        ]);
        let (scenario, _) = scenario_of(&text, "a test").unwrap();
        let written = scenario.write().unwrap();
        assert!(written.contains("listen 179;") && !written.contains("1790"), "{written}");
        let source = Source::new("recorded.toml", written);
        let read = scenario::read(&source, |_| None, &subject::names()).unwrap();
        let subject = subject::find("read-first").unwrap();
        let run = Run { play: &read.play, subject, defect: Defect::Present, choices: 0.into() };
        match run.go().unwrap().verdict {
            Verdict::Hang { alarm, .. } => {
                assert!([Oracle::Unsent, Oracle::Unanswered].contains(&alarm.oracle), "{alarm:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn loopback_addresses_become_ones_that_other_machines_can_reach() {
        assert_eq!(
            renamed("neighbor 127.0.0.2 { local-address 127.0.0.1; } 127.0.0.21", "127.0.0.2", "10.127.0.1"),
            "neighbor 10.127.0.1 { local-address 127.0.0.1; } 127.0.0.21"
        );
        let text = recording(&[(
            0,
            OwnedInput::from(Input::Accepted {
                listener: holdtime_core::speaker::ListenerId(0),
                stream: StreamId::accepted(0),
                local: "127.0.0.1:1790".parse().unwrap(),
                remote: "127.0.0.2:40000".parse().unwrap(),
            }),
        )]);
        let play = scenario_of(&text, "a test").unwrap().0.play;
        let addresses = (play.speakers[0].addresses[0].to_string(), play.peers[0].addresses[0].to_string());
        assert_eq!(addresses, ("10.127.0.1".to_owned(), "10.127.0.2".to_owned()));
    }

    #[test]
    fn every_port_becomes_bgps_own_wherever_its_statement_stands() {
        let one_line = "neighbor 10.0.0.2 { local-as 1; connect 19301; passive true; listen 1790; }\n";
        assert_eq!(
            with_usual_ports(one_line),
            "neighbor 10.0.0.2 { listen 179; local-as 1; passive true; }\n"
        );
        // A comment has no statements, and other numbers are no ports.
        let kept =
            "# neighbor 1.1.1.1 { connect 5; }\nprocess p { run ./connect 7; }\ntemplate { neighbor t {";
        assert_eq!(with_usual_ports(kept), format!("{kept} listen 179;"));
    }

    #[test]
    fn without_a_peer_there_is_nobody_to_play() {
        let text = recording(&[(0, OwnedInput::from(Input::Timeout))]);
        assert_eq!(
            scenario_of(&text, "a test").unwrap_err(),
            "no peer was connected in it, so there is none to play"
        );
    }

    #[test]
    fn two_ends_with_one_address_are_refused() {
        let text = recording(&[(
            0,
            OwnedInput::from(Input::Accepted {
                listener: holdtime_core::speaker::ListenerId(0),
                stream: StreamId::accepted(0),
                local: "127.0.0.1:1790".parse().unwrap(),
                remote: "127.0.0.1:40000".parse().unwrap(),
            }),
        )]);
        assert!(scenario_of(&text, "a test").unwrap_err().contains("127.0.0.1"));
    }
}
