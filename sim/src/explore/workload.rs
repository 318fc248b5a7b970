//! What a world's programs do.

use std::net::Ipv4Addr;

use holdtime_core::Duration;

use crate::explore::cast::{DrawnCast, DrawnSpeaker};
use crate::explore::draw::Draw;
use crate::explore::kinds::{Behaviour, Kinds, Trouble, Verb};
use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::{ProgramScript, format_duration};

/// The octets that a pipe holds.
const PIPE: usize = 65_536;

/// The script of a speaker's program: rounds of one verb each, and then a wait, for the first speaker's to the end of the world.
pub(super) fn script(
    draw: &mut Draw,
    kinds: &Kinds,
    cast: &DrawnCast,
    speaker: &DrawnSpeaker,
) -> Result<ProgramScript, Mistake> {
    let text = Feed::new(draw, kinds, cast, speaker).write();
    ProgramScript::parse(&Source::new(speaker.run(), text.clone()), 0..text.len())
}

/// What a command-line client of the first speaker says, where there is one. What is started again may never answer what was asked before,
/// and who only reads half of an answer reads another's then.
pub(super) fn client(
    draw: &mut Draw,
    kinds: &Kinds,
    cast: &DrawnCast,
) -> Result<Option<ProgramScript>, Mistake> {
    const ENDS: [Trouble; 3] = [Trouble::Restart, Trouble::Kill, Trouble::Reboot];
    draw.at(Duration::ZERO);
    let may = kinds.behaviours.contains(&Behaviour::Client) && !ENDS.iter().any(|end| kinds.has(*end));
    let Some(speaker) = cast.speakers.first().filter(|_| may && draw.percent("client", "", 50)) else {
        return Ok(None);
    };
    let (own, name) = (speaker.address, "client");
    let (mut lines, mut waited) = (Vec::new(), Duration::ZERO);
    for _ in 0..draw.between("client's rounds", name, 1, 8) {
        draw.at(waited);
        let pause = draw.span("client's pause", name, cast.hold_of(speaker));
        if waited + pause > cast.healed {
            break;
        }
        waited += pause;
        lines.push(format!("wait {}", format_duration(pause)));
        let route = format!("route 60.0.{}.0/24 next-hop {own}", draw.below("client's route", name, 4));
        let says = [
            "version".to_owned(),
            "show neighbor summary".to_owned(),
            "show adj-rib out".to_owned(),
            format!("announce {route}"),
            format!("withdraw {route}"),
            "flush adj-rib out".to_owned(),
        ];
        let line = draw.below("client's line", name, says.len() as u64);
        let line = usize::try_from(line).ok().and_then(|line| says.get(line));
        lines.extend(line.map(|line| format!("send {line}")));
        // Nothing is flushed where no session is up, which is an error.
        let is_sure = line.is_some_and(|line| !line.starts_with("flush"));
        if draw.percent("client waits", name, 50) && is_sure {
            lines.push("expect done".to_owned());
        }
    }
    draw.at(Duration::ZERO);
    let text = lines.join("\n") + "\n";
    ProgramScript::parse(&Source::new(name, text.clone()), 0..text.len()).map(Some)
}

/// A program's script in the making.
struct Feed<'a> {
    draw: &'a mut Draw,
    kinds: &'a Kinds,
    cast: &'a DrawnCast,
    speaker: &'a DrawnSpeaker,
    name: &'a str,
    lines: Vec<String>,
    /// How long it has waited.
    waited: Duration,
    /// Single routes that it has announced and not withdrawn, by number; and ranges of many, by number and size.
    routes: Vec<u64>,
    ranges: Vec<(u64, u64)>,
    /// Whether its commands are answered, so that it may wait for an answer; and whether it can say more.
    is_answered: bool,
    speaks: bool,
}

impl<'a> Feed<'a> {
    fn new(draw: &'a mut Draw, kinds: &'a Kinds, cast: &'a DrawnCast, speaker: &'a DrawnSpeaker) -> Self {
        let name = speaker.program.as_deref().unwrap_or_default();
        Self {
            draw,
            kinds,
            cast,
            speaker,
            name,
            lines: Vec::new(),
            waited: Duration::ZERO,
            routes: Vec::new(),
            ranges: Vec::new(),
            is_answered: true,
            speaks: true,
        }
    }

    fn write(mut self) -> String {
        let hold = self.cast.hold_of(self.speaker);
        self.draw.at(self.waited);
        let rounds = self.draw.between("rounds", self.name, 2, 24);
        for round in 0..rounds {
            let left = self.cast.healed.saturating_sub(self.waited);
            let wait = match round {
                0 => Duration::from_millis(self.draw.between("first", self.name, 100, 5_000)),
                _ => self.draw.span("pause", self.name, hold),
            };
            if wait > left || !self.speaks {
                break;
            }
            self.wait(wait);
            let verb = self.draw.one_of("verb", self.name, &self.kinds.verbs).unwrap_or(Verb::Announce);
            self.round(verb);
        }
        if self.speaker.index == 0 {
            let left = self.cast.end.saturating_sub(self.waited);
            self.wait(left);
        }
        self.lines.join("\n") + "\n"
    }

    fn wait(&mut self, time: Duration) {
        if !time.is_zero() {
            self.lines.push(format!("wait {}", format_duration(time)));
            self.waited += time;
            self.draw.at(self.waited);
        }
    }

    fn say(&mut self, command: &str) {
        self.lines.push(format!("send {command}"));
    }

    /// Says it, and waits now and then until it is done, which an announcement always is.
    fn ask(&mut self, command: &str) {
        self.say(command);
        // What restarts a speaker ends its programs in the middle of their waits.
        if self.is_answered && !self.kinds.has(Trouble::Restart) && self.draw.percent("waits", self.name, 50)
        {
            self.lines.push("expect done".to_owned());
        }
    }

    fn own(&self) -> Ipv4Addr {
        self.speaker.address
    }

    fn route(&self, number: u64) -> String {
        format!("route 20.{}.{number}.0/24 next-hop {}", self.speaker.index, self.own())
    }

    fn range(&self, number: u64) -> String {
        format!(
            "route {}.{{a}}.{{b}}.0/24 next-hop {}",
            30 + 40 * (number % 4) + self.speaker.index as u64,
            self.own()
        )
    }

    fn round(&mut self, verb: Verb) {
        match verb {
            Verb::Announce => self.announce(""),
            Verb::OneNeighbor => {
                let neighbor = self.cast.first_neighbor(self.speaker);
                let selector = neighbor.map(|address| format!("neighbor {address} ")).unwrap_or_default();
                self.announce(&selector);
            }
            Verb::AnnounceMany => self.announce_many(),
            Verb::AnnounceAgain => self.with_a_route(|feed, route| feed.ask(&format!("announce {route}"))),
            Verb::Change => {
                let med = self.draw.below("med", self.name, 1_000);
                self.with_a_route(|feed, route| feed.ask(&format!("announce {route} med {med}")));
            }
            Verb::Withdraw => self.withdraw(),
            Verb::WithdrawMany => {
                if let Some((number, count)) = self.ranges.pop() {
                    let range = self.range(number);
                    self.say(&format!("{count} times withdraw {range}"));
                }
            }
            Verb::Flush => self.say("flush adj-rib out"),
            Verb::Clear => {
                self.say("clear adj-rib out");
                self.routes.clear();
                self.ranges.clear();
            }
            Verb::ShowAdjRibOut => self.say("show adj-rib out"),
            Verb::ShowNeighbor => {
                let form = self.draw.one_of("form", self.name, &["summary", "extensive", "configuration"]);
                self.say(&format!("show neighbor {}", form.unwrap_or("summary")));
            }
            Verb::Version => self.versions(),
            Verb::RouteRefresh => self.say("announce route-refresh ipv4 unicast"),
            Verb::EndOfRib => self.say("announce eor ipv4 unicast"),
            Verb::Teardown => {
                let subcode = self.draw.one_of("subcode", self.name, &[4, 2, 3, 6]).unwrap_or(4);
                if let Some(neighbor) = self.cast.first_neighbor(self.speaker) {
                    self.say(&format!("neighbor {neighbor} teardown {subcode}"));
                }
            }
            Verb::Reload => self.say("reload"),
            Verb::Ipv6 => {
                let number = self.draw.below("ipv6 route", self.name, 32);
                let verb =
                    self.draw.one_of("ipv6 verb", self.name, &["announce", "withdraw"]).unwrap_or("announce");
                let index = self.speaker.index;
                self.ask(&format!(
                    "{verb} route 2001:db8:{index}:{number:x}::/64 next-hop 2001:db8::{}",
                    index + 1
                ));
            }
            Verb::Watchdog => {
                let verb =
                    self.draw.one_of("watchdog", self.name, &["announce", "withdraw"]).unwrap_or("announce");
                self.say(&format!("{verb} watchdog guard"));
            }
            Verb::Wrong => self.say("announce rout 10.0.0.0/24 next-hop 10.0.0.1"),
            Verb::Burst => self.burst(),
            Verb::Acknowledge => {
                self.say(if self.is_answered { "disable-ack" } else { "enable-ack" });
                self.is_answered = !self.is_answered;
            }
            Verb::Deaf => self.deaf(),
            Verb::CloseStdout => {
                self.lines.push("close stdout".to_owned());
                self.speaks = false;
            }
        }
    }

    fn announce(&mut self, selector: &str) {
        let number = self.draw.below("route", self.name, 200);
        let route = self.route(number);
        self.ask(&format!("{selector}announce {route}"));
        if selector.is_empty() && !self.routes.contains(&number) {
            self.routes.push(number);
        }
    }

    fn with_a_route(&mut self, act: impl FnOnce(&mut Self, String)) {
        if self.routes.is_empty() {
            return self.announce("");
        }
        let number = self.draw.one_of("which route", self.name, &self.routes).unwrap_or(0);
        let route = self.route(number);
        act(self, route);
    }

    fn withdraw(&mut self) {
        self.with_a_route(|feed, route| feed.ask(&format!("withdraw {route}")));
        self.routes.pop();
    }

    fn announce_many(&mut self) {
        let number = self.ranges.len() as u64;
        let count = self.draw.one_of("how many", self.name, &[10, 30, 100, 300]).unwrap_or(10);
        let range = self.range(number);
        self.say(&format!("{count} times announce {range}"));
        self.ranges.push((number, count));
    }

    /// One question many times: a few, or as many as fill the pipe, or one more.
    fn versions(&mut self) {
        let full = (PIPE / "version\n".len()) as u64;
        let many = self.draw.one_of("versions", self.name, &[1, 1, 1, 10, 100, full / 8]).unwrap_or(1);
        self.say(&format!("{many} times version"));
    }

    fn burst(&mut self) {
        self.lines.push("buffer".to_owned());
        for _ in 0..self.draw.between("burst", self.name, 2, 6) {
            let number = self.draw.below("route", self.name, 200);
            if !self.routes.contains(&number) {
                let route = self.route(number);
                self.say(&format!("announce {route}"));
                self.routes.push(number);
            }
        }
        self.say("version");
        self.lines.push("flush".to_owned());
    }

    /// It asks and does not read the answers for a while.
    fn deaf(&mut self) {
        self.lines.push("stop reading".to_owned());
        let count = self.draw.one_of("deaf to", self.name, &[1, 10, 100]).unwrap_or(1);
        self.say(&format!("{count} times version"));
        let hold = self.cast.hold_of(self.speaker);
        let time = self.draw.span("deaf for", self.name, hold);
        self.wait(time);
        self.lines.push("resume reading".to_owned());
    }
}
