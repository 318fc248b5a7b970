//! What a world's peers do.

use holdtime_core::Duration;

use crate::explore::cast::{DrawnCast, DrawnPeer};
use crate::explore::draw::Draw;
use crate::explore::kinds::{Behaviour, Kinds, Trouble};
use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::{PeerScript, format_duration};

/// The script of a peer, which ends about when the world does.
pub(super) fn script(
    draw: &mut Draw,
    kinds: &Kinds,
    cast: &DrawnCast,
    peer: &DrawnPeer,
) -> Result<PeerScript, Mistake> {
    draw.at(Duration::ZERO);
    let mut part = Part { draw, kinds, peer, lines: Vec::new(), left: cast.end, end: cast.end };
    part.write();
    let text = part.lines.join("\n") + "\n";
    PeerScript::parse(&Source::new(peer.name.clone(), text.clone()), 0..text.len())
}

/// A peer's script in the making.
struct Part<'a> {
    draw: &'a mut Draw,
    kinds: &'a Kinds,
    peer: &'a DrawnPeer,
    lines: Vec<String>,
    /// How much of its time is left, and when that is over.
    left: Duration,
    end: Duration,
}

impl Part<'_> {
    fn write(&mut self) {
        match self.peer.behaviour {
            Behaviour::Plain | Behaviour::Crowd | Behaviour::Client => self.session(true),
            Behaviour::Looping => self.repeat(),
            Behaviour::Capable => self.choose(),
            Behaviour::Second => self.dial_too(),
            Behaviour::Talking => self.talk(),
            Behaviour::Slow => self.slow(),
            Behaviour::Dribbling => self.dribble(),
            Behaviour::Silent => self.silent(),
            Behaviour::Mute => self.mute(),
            Behaviour::Deaf => self.deaf(),
            Behaviour::Restarting => self.restart(),
            Behaviour::Refreshing => self.refresh(),
        }
        if !self.peer.ends_early {
            let left = self.left;
            self.wait(left);
        }
    }

    fn step(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Waits, for no longer than it has.
    fn wait(&mut self, time: Duration) {
        let time = time.min(self.left);
        self.pass(time);
        if !time.is_zero() {
            self.step(format!("wait {}", format_duration(time)));
        }
    }

    fn pass(&mut self, time: Duration) {
        self.left -= time;
        self.draw.at(self.end - self.left);
    }

    fn span(&mut self, site: &str) -> Duration {
        self.draw.span(site, &self.peer.name, self.peer.hold)
    }

    /// A session up to its first KEEPALIVE. Where nothing goes wrong the peer waits for what it should be sent.
    fn session(&mut self, is_first: bool) {
        self.open(is_first);
        self.greet(is_first);
        self.keepalives();
    }

    fn open(&mut self, is_first: bool) {
        self.step(if self.peer.dials { "connect" } else { "accept" });
        if is_first && self.kinds.troubles.is_empty() {
            self.step("expect open");
        }
        self.step(format!("send open hold {}", self.peer.hold));
    }

    fn greet(&mut self, is_first: bool) {
        if is_first && self.kinds.troubles.is_empty() {
            self.step("expect keepalive");
        }
        self.step("send keepalive");
    }

    /// One every third of the hold time, as it should be (RFC 4271 §4.4).
    fn keepalives(&mut self) {
        let every = Duration::from_millis(self.peer.hold * 1_000 / 3);
        self.step(format!("keepalives every {}", format_duration(every)));
    }

    fn talk(&mut self) {
        self.session(true);
        for round in 0..self.draw.between("talks", &self.peer.name, 1, 8) {
            let pause = self.span("talk pause");
            self.wait(pause);
            let Self { peer, .. } = self;
            let (own, asn) = (peer.address, peer.asn);
            let prefix = format!("40.{}.{}.0/24", own.octets()[3], round / 2);
            let line = match round % 2 {
                0 => format!("send update announce {prefix} next-hop {own} path {asn}"),
                _ => format!("send update withdraw {prefix}"),
            };
            self.step(line);
        }
    }

    fn slow(&mut self) {
        self.session(true);
        for _ in 0..self.draw.between("slow", &self.peer.name, 1, 5) {
            let pause = self.span("slow pause");
            self.wait(pause);
            self.step("stop reading");
            let stopped = self.span("slow stop");
            self.wait(stopped.min(Duration::from_secs(60)));
            self.step("resume reading");
        }
    }

    fn dribble(&mut self) {
        self.open_dribbled();
        self.greet(true);
        self.keepalives();
        for _ in 0..self.draw.between("dribbles", &self.peer.name, 0, 3) {
            let pause = self.span("dribble pause");
            self.wait(pause);
            let every = self.draw.between("dribble every", &self.peer.name, 1, 40);
            let (own, asn) = (self.peer.address, self.peer.asn);
            // KEEPALIVEs of their own would stand in the middle of the message.
            self.step("keepalives off");
            self.step(format!(
                "dribble update announce 41.{}.0.0/24 next-hop {own} path {asn} every {every}ms",
                own.octets()[3]
            ));
            self.keepalives();
        }
    }

    fn open_dribbled(&mut self) {
        self.step(if self.peer.dials { "connect" } else { "accept" });
        let every = self.draw.one_of("open every", &self.peer.name, &[10, 1, 100, 1_000]).unwrap_or(10);
        self.step(format!("dribble open hold {} every {every}ms", self.peer.hold));
    }

    /// The speaker's hold timer ends the session (RFC 4271 §6.5), and another one follows.
    fn silent(&mut self) {
        for round in 0..self.draw.between("silences", &self.peer.name, 1, 2) {
            self.open(round == 0);
            self.greet(round == 0);
            let hold = Duration::from_secs(self.peer.hold);
            if self.left < hold * 2 {
                break;
            }
            self.outlast(hold);
        }
        self.session(false);
    }

    /// The speaker waits no longer than this for an OPEN (ExaBGP's `openwait`), and a session follows.
    fn mute(&mut self) {
        const OPEN_WAIT: Duration = Duration::from_secs(60);
        if self.left > OPEN_WAIT * 3 {
            self.step(if self.peer.dials { "connect" } else { "accept" });
            self.outlast(OPEN_WAIT);
        }
        self.session(false);
    }

    /// Waits for the end that the speaker makes after this time. Where packets are lost it may never hear of it.
    fn outlast(&mut self, time: Duration) {
        if self.kinds.troubles.iter().any(|trouble| trouble.hides_an_end()) {
            self.wait(time * 2);
        } else {
            self.pass(time);
            self.step("expect close");
        }
    }

    fn deaf(&mut self) {
        self.session(true);
        let pause = self.span("deaf pause");
        self.wait(pause);
        self.step("stop reading");
        let third = self.left / 3;
        self.wait(third);
        self.step("resume reading");
    }

    fn restart(&mut self) {
        for round in 0..self.draw.between("restarts", &self.peer.name, 1, 4) {
            self.session(round == 0);
            let pause = self.span("up");
            self.wait(pause);
            let ends = ["send notification 6/2 bye", "close", "half-close", "reset"];
            match self.draw.one_of("ends", &self.peer.name, &ends).unwrap_or("close") {
                note @ "send notification 6/2 bye" => {
                    self.step(note);
                    self.step("close");
                }
                "half-close" => {
                    self.step("half-close");
                    self.wait(Duration::from_secs(1));
                    self.step("close");
                }
                other => self.step(other),
            }
            let pause = self.span("down");
            self.wait(pause);
        }
        self.session(false);
    }

    /// A session and its end a few times, in a loop.
    fn repeat(&mut self) {
        let times = self.draw.between("rounds of a loop", &self.peer.name, 2, 6);
        let (up, down) = (self.span("up"), self.span("down"));
        let rounds = self.left.as_nanos() / (up + down).as_nanos().max(1);
        let times = times.min(u64::try_from(rounds).unwrap_or(0).saturating_sub(1));
        if times > 1 {
            self.step(format!("loop {times} times"));
            self.session(false);
            let (before, end) = (self.left, self.draw.one_of("ends", &self.peer.name, &["close", "reset"]));
            self.wait(up);
            self.step("keepalives off");
            self.step(end.unwrap_or("close"));
            self.wait(down);
            self.step("end");
            self.pass((before - self.left) * u32::try_from(times - 1).unwrap_or(0));
        }
        self.session(false);
    }

    /// A session with capabilities of its own choice: an OPEN that has them, those of families and of the AS number among them or not.
    fn choose(&mut self) {
        const CAPABILITIES: [(&str, &str); 5] = [
            ("route refresh", "capability 2"),
            ("extended messages", "capability 6"),
            ("graceful restart", "capability 64 0078"),
            ("enhanced route refresh", "capability 70"),
            ("nobody's", "capability 239 cafe"),
        ];
        let name = &self.peer.name;
        let mut open = format!("send open hold {}", self.peer.hold);
        if self.draw.percent("both families", name, 30) {
            open += " family 1 1 family 2 1";
        }
        let mut asks = false;
        for (number, (what, words)) in CAPABILITIES.into_iter().enumerate() {
            if self.draw.percent(what, name, 50) {
                open = format!("{open} {words}");
                asks |= number == 0;
            }
        }
        if self.draw.percent("bare", name, 20) {
            open += " bare";
        }
        self.step(if self.peer.dials { "connect" } else { "accept" });
        self.step(open);
        self.greet(false);
        self.keepalives();
        if asks {
            let pause = self.span("refresh pause");
            self.wait(pause);
            self.step("send refresh");
        }
    }

    /// Connections beside the session that another one has from the same machine: each is one too many (RFC 4271 §6.8).
    fn dial_too(&mut self) {
        for _ in 0..self.draw.between("second connections", &self.peer.name, 1, 3) {
            let pause = self.span("before a second one") + Duration::from_secs(20);
            if pause + Duration::from_secs(10) > self.left {
                return;
            }
            self.wait(pause);
            self.step("connect");
            self.step(format!("send open hold {}", self.peer.hold));
            // It is the only one where the other one has lost its session.
            self.step("send keepalive");
            self.wait(Duration::from_secs(5));
            self.step("close");
        }
    }

    fn refresh(&mut self) {
        self.session(true);
        for _ in 0..self.draw.between("refreshes", &self.peer.name, 1, 6) {
            let pause = self.span("refresh pause");
            self.wait(pause);
            self.step("send refresh");
        }
    }
}

/// Whether a peer's machine may lose power: nobody waits for the rest of its script.
pub(super) fn may_go(kinds: &Kinds, peer: &DrawnPeer) -> bool {
    kinds.has(Trouble::Power) && peer.ends_early
}
