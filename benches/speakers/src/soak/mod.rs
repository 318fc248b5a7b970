//! A soak: one speaker among peers and programs that fail in every way, for as long as one likes.
//!
//! A round draws faults from the seed and plays them; then everything heals, and by the next checkpoint every session must be up
//! and every peer's table equal to what the configuration and the answered commands make of it. No session may have ended but
//! for a reason that was done to it.

mod account;
mod disturb;
mod fault;
mod model;
mod options;
mod subject;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use socket2::Socket;

use crate::bridge::{BridgedProgram, Heard};
use crate::contender::Running;
use crate::field::Field;
use crate::link::{self, ForwardedLink, PathWeather};
use crate::note::note;
use crate::peer::{BenchPeer, BenchPeerState, BenchPeerTerms, ConnectionWay};
use crate::wire::{self, BenchPrefix};
pub(crate) use account::HEADER;
use account::{Account, Checkpoint};
use fault::{FaultDraws, Scope, SoakFault};
use model::{Configuration, Model, Order, PrefixMeds, difference};
pub(crate) use options::SoakOptions;
use subject::{SoakFrame, end, panic_in};

const PEERS: usize = 16;
/// Nothing is ever done to the connections of so many peers.
const CALM: usize = 4;

/// How many prefixes the program draws from.
const TOLD: u64 = 1500;
/// How many prefixes configurations draw from.
const FIXED: u64 = 300;

/// How long everything may take until it is as it must be again: several hold times, and pauses between dials.
const HEALING: Duration = Duration::from_secs(90);

/// Who asks, and who only hears.
const ASKS: usize = 0;

/// Soaks until the time is up or somebody interrupts; whether everything was as it must be.
pub(crate) fn run(options: &SoakOptions, folder: &Path, interrupted: &Arc<AtomicBool>) -> io::Result<bool> {
    let mut soak = Soak::new(options, folder)?;
    let until = Instant::now() + options.lasts;
    soak.heal("the start")?;
    let is_over =
        |soak: &Soak| Instant::now() >= until || options.rounds.is_some_and(|rounds| soak.round >= rounds);
    while !is_over(&soak) && !interrupted.load(Ordering::Relaxed) && soak.account.is_worthwhile() {
        soak.round()?;
    }
    soak.account.conclude()
}

struct Soak {
    options: SoakOptions,
    draws: FaultDraws,
    frame: SoakFrame,
    subject: Running,
    field: Field<Order>,
    /// Where the speaker listens, also while there is none.
    _reserved: Socket,
    model: Model,
    /// What the file says.
    written: Arc<Configuration>,
    /// Until when each peer's session may end.
    excused: Vec<Instant>,
    /// Connections that are nobody's session.
    aside: Vec<Aside>,
    /// Goes on then, since it stands still.
    continues_at: Option<Instant>,
    killed_program: Instant,
    /// What is read and thrown away.
    scratch: Vec<u8>,
    round: u32,
    account: Account,
}

/// A connection that is nobody's session.
struct Aside {
    link: ForwardedLink,
    /// What it says, and when.
    says: Option<(Instant, Vec<u8>)>,
}

impl Soak {
    fn new(options: &SoakOptions, folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut draws = FaultDraws::new(options.seed);
        let (reserved, speaker) = link::reserve([127, 0, 0, 1])?;
        let (_peers, peers_at) = link::reserve(address(1))?;
        let peers_port = peers_at.port();
        let mut programs = Vec::new();
        for name in ["asks", "hears"] {
            programs.push(BridgedProgram::listen(folder.join(name))?);
        }
        let commands = [programs[ASKS].command_line()?, programs[1].command_line()?];
        let (mut peers, mut listed) = (Vec::new(), Vec::new());
        for index in 0..PEERS {
            // Every other one is dialled by the speaker.
            let dialled = index % 2 == 1;
            let address = address(index);
            let asn = 65_100 + index as u32;
            let way = if dialled {
                ConnectionWay::Listens(link::listen(address, peers_port)?)
            } else {
                ConnectionWay::Dials(speaker)
            };
            let terms = BenchPeerTerms {
                address,
                asn,
                hold_time: options.hold_time,
                way,
                buffer: None,
                keeps_table: true,
            };
            let mut peer = BenchPeer::new(terms);
            peer.announces = vec![wire::update(&own_prefixes(index), &[asn], Some(address))];
            peers.push(peer);
            listed.push((address, asn, dialled));
        }
        let frame = SoakFrame {
            folder: folder.to_path_buf(),
            binary: options.binary.clone(),
            reactor: options.reactor,
            port: speaker.port(),
            peers_port,
            hold_time: options.hold_time,
            peers: listed,
            programs: commands,
        };
        let written = Arc::new(configuration(&mut draws, None));
        frame.write(&written)?;
        let now = Instant::now();
        Ok(Self {
            subject: frame.start()?,
            account: Account::new(options)?,
            options: options.clone(),
            draws,
            frame,
            field: Field::new(peers, programs),
            _reserved: reserved,
            model: Model::of(&written),
            written,
            excused: vec![now; PEERS],
            aside: Vec::new(),
            continues_at: None,
            killed_program: now,
            scratch: Vec::new(),
            round: 0,
        })
    }

    /// Faults, healing, and a look at everything.
    fn round(&mut self) -> io::Result<()> {
        self.round += 1;
        let now = Instant::now();
        let scope = Scope {
            calm_peers: CALM,
            peers: PEERS,
            programs: self.field.programs.len(),
            round: self.options.round,
            may_kill: now - self.killed_program > Duration::from_secs(30),
        };
        let faults = self.draws.round(&scope);
        let mut due = faults.iter().peekable();
        let until = now + self.options.round;
        while Instant::now() < until || due.peek().is_some() {
            while let Some((_, fault)) = due.next_if(|(at, _)| now + *at <= Instant::now()) {
                self.disturb(*fault)?;
            }
            self.turn()?;
        }
        let restarts =
            self.options.restart_every > 0 && self.round.is_multiple_of(self.options.restart_every);
        if restarts {
            self.restart()?;
        }
        self.heal(&format!("{faults:?}"))
    }

    /// Lets everybody go on for a moment.
    fn turn(&mut self) -> io::Result<()> {
        for (program, heard) in self.field.turn()? {
            self.hear(program, heard);
        }
        let now = Instant::now();
        if self.continues_at.is_some_and(|at| at <= now) {
            self.continues_at = None;
            self.subject.signal(Signal::CONT);
        }
        for Aside { link, says } in &mut self.aside {
            if let Some((_, octets)) = says.take_if(|(at, _)| *at <= now) {
                link.send(now, octets);
            }
            // Where it has come to is of no interest; what it hears is thrown away.
            let _ = link.turn(now, &mut self.scratch);
        }
        for (index, peer) in self.field.peers.iter_mut().enumerate() {
            for end in peer.ends.drain(..) {
                self.account.ends += u64::from(end.was == BenchPeerState::Established);
                if end.was == BenchPeerState::Established && end.at > self.excused[index] {
                    self.account.fail(&format!(
                        "the session of peer {index} ended for no reason of ours: {}",
                        end.why
                    ));
                }
            }
        }
        if self.subject.has_ended() {
            self.account.fail("the speaker has ended by itself");
            self.start_again()?;
        }
        Ok(())
    }

    fn hear(&mut self, program: usize, heard: Heard<Order>) {
        match heard {
            Heard::Answer { command, done, said } => {
                self.account.answered(said.elapsed());
                if done != command.succeeds() {
                    let line = command.line(|peer| format!("{peer}"));
                    self.account
                        .fail(&format!("`{line}` was answered with {}", if done { "done" } else { "error" }));
                } else {
                    self.model.apply(&command);
                }
            }
            Heard::Unasked(line) => self.account.fail(&format!("an answer to nothing: {line}")),
            // What it asked for may have been done or not: it is asked for again, in the same order.
            Heard::Gone(orders) => orders.into_iter().for_each(|order| self.say(program, order)),
        }
    }

    fn say(&mut self, program: usize, order: Order) {
        let line =
            order.line(|peer| self.field.peers[peer].terms.address.map(|octet| octet.to_string()).join("."));
        self.field.programs[program].say(Instant::now(), &line, order);
    }

    /// This peer's session may end from now until the consequences of something that lasts so long are over.
    fn excuse(&mut self, peer: usize, lasts: Duration) {
        let until = Instant::now() + lasts + Duration::from_secs(u64::from(self.options.hold_time) * 2 + 4);
        self.excused[peer] = self.excused[peer].max(until);
    }

    fn excuse_all(&mut self) {
        (0..PEERS).for_each(|peer| self.excuse(peer, Duration::ZERO));
    }

    /// Ends the speaker in one way or the other, and starts it again.
    fn restart(&mut self) -> io::Result<()> {
        self.excuse_all();
        self.subject.signal(Signal::CONT);
        let kill = self.draws.chance(50);
        let ended = end(&mut self.subject, if kill { Signal::KILL } else { Signal::TERM })?;
        if !kill && ended != "exit status: 0" {
            self.account.fail(&format!("told to end, the speaker ended so: {ended}"));
        }
        self.start_again()
    }

    /// Starts a speaker, which knows nothing but the file.
    fn start_again(&mut self) -> io::Result<()> {
        self.excuse_all();
        self.continues_at = None;
        self.frame.write(&self.written)?;
        self.subject = self.frame.start()?;
        self.model = Model::of(&self.written);
        for program in &mut self.field.programs {
            program.forget();
        }
        self.account.begin_life();
        Ok(())
    }

    /// Ends every fault, and waits until everything is as it must be.
    fn heal(&mut self, faults: &str) -> io::Result<()> {
        let begun = Instant::now();
        self.subject.signal(Signal::CONT);
        self.continues_at = None;
        self.aside.clear();
        for peer in &mut self.field.peers {
            peer.set_weather(PathWeather::default());
            if peer.link.is_none() {
                peer.back_at = Some(begun);
            }
        }
        self.field.programs.iter_mut().for_each(|program| program.deaf_until = None);
        let answered = |soak: &Self| soak.field.programs.iter().all(|program| program.pending.is_empty());
        if !self.until(begun, answered)? {
            self.account.fail("commands are unanswered");
        }
        let before = self.written.clone();
        self.written = Arc::new(configuration(&mut self.draws, Some(&before)));
        for (index, (one, other)) in before.neighbors.iter().zip(&self.written.neighbors).enumerate() {
            if one.is_none() != other.is_none() {
                // Its session ends with the reload, or it has been refused until then.
                self.excused[index] = begun + HEALING;
            }
        }
        self.frame.write(&self.written)?;
        self.say(ASKS, Order::Reload(self.written.clone()));
        let settled = self.until(begun, |soak| answered(soak) && soak.trouble().is_none())?;
        if !settled {
            let trouble = self.trouble().unwrap_or_else(|| "commands are unanswered".to_owned());
            self.account.fail(&format!("{} s after everything healed {trouble}", HEALING.as_secs()));
        }
        if let Some(line) = panic_in(&self.frame.folder) {
            self.account.fail(&line);
        }
        self.check(begun.elapsed());
        if self.account.fails_anew() {
            note(&format!("{}: round {} was {faults}", self.options.reactor, self.round));
            // What is wrong now is not to be told again.
            self.restart()?;
        }
        Ok(())
    }

    fn until(&mut self, begun: Instant, done: impl Fn(&Self) -> bool) -> io::Result<bool> {
        while !done(self) {
            if begun.elapsed() > HEALING {
                return Ok(false);
            }
            self.turn()?;
        }
        Ok(true)
    }

    /// What is not yet as it must be.
    fn trouble(&self) -> Option<String> {
        self.field.peers.iter().enumerate().find_map(|(index, peer)| match self.model.table(index) {
            None => peer.is_up().then(|| format!("peer {index} has a session, and is in no configuration")),
            Some(_) if !peer.is_up() => Some(format!("peer {index} is {:?}", peer.state)),
            Some(must) => Some(format!("peer {index}: {}", difference(&peer.table, &must)?)),
        })
    }

    fn check(&mut self, healed: Duration) {
        let now = Instant::now();
        let gaps = self.field.peers.iter_mut().take(CALM).map(|peer| peer.take_gaps(now));
        let silence = gaps.map(|gaps| gaps.any).max().unwrap_or_default();
        self.account.checkpoint(&Checkpoint {
            round: self.round,
            sessions: self.field.peers.iter().filter(|peer| peer.is_up()).count(),
            routes: self.field.peers.iter().map(|peer| peer.table.len()).sum(),
            healed,
            silence,
            lag: std::mem::take(&mut self.field.lag),
            memory: self.subject.memory(),
        });
    }
}

/// The Nth peer's address.
fn address(index: usize) -> [u8; 4] {
    [127, 9, 0, u8::try_from(index + 1).unwrap_or(u8::MAX)]
}

/// What a peer announces itself.
fn own_prefixes(index: usize) -> Vec<BenchPrefix> {
    (0..40)
        .map(|n| BenchPrefix { address: (30 << 24) + ((index as u32) << 16) + (n << 8), length: 24 })
        .collect()
}

/// Another configuration: other routes, and sometimes another neighbor that is missing.
fn configuration(draws: &mut FaultDraws, before: Option<&Configuration>) -> Configuration {
    let common = fixed_routes(draws);
    let missing = match before {
        Some(_) if draws.chance(35) => Some(CALM + draws.index(PEERS - CALM)),
        _ => None,
    };
    let neighbors = (0..PEERS).map(|index| {
        let mut routes = common.clone();
        let own = BenchPrefix { address: (11 << 24) + ((index as u32) << 8), length: 24 };
        routes.insert(own, draws.below(3) as u32);
        (missing != Some(index)).then_some(routes)
    });
    Configuration { neighbors: neighbors.collect() }
}

fn fixed_routes(draws: &mut FaultDraws) -> PrefixMeds {
    let mut routes = PrefixMeds::new();
    for n in 0..FIXED {
        if draws.chance(60) {
            let prefix = BenchPrefix { address: (10 << 24) + ((n as u32) << 8), length: 24 };
            routes.insert(prefix, draws.below(3) as u32);
        }
    }
    routes
}
