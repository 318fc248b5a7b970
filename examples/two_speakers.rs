//! Two speakers in one process, without a socket and without a clock: each has what the other sends handed to it, and time is a
//! number.
//!
//! ```text
//! cargo run -p holdtime-core --example two_speakers
//! ```

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "an example says what it sees, and may fail loudly"
)]

use std::collections::VecDeque;
use std::net::SocketAddr;

use holdtime_core::config::{Config, ConfigText, Settings};
use holdtime_core::session::Fsm;
use holdtime_core::speaker::{ClosedKind, Identity, ListenerId, Setup};
use holdtime_core::{Action, Input, Instant, Now, Speaker, StreamId, Timestamp};

/// What one side has to be told: the other's doing, or an answer to its own.
enum Told {
    Listening(ListenerId, SocketAddr),
    Accepted,
    Connected(StreamId),
    Writable,
    Received(Vec<u8>),
    Closed,
}

struct Side {
    name: &'static str,
    speaker: Speaker,
    /// The one connection that it has, if it has one.
    connection: Option<StreamId>,
    told: VecDeque<Told>,
}

impl Side {
    fn new(name: &'static str, config: &str, at: Now) -> Self {
        let settings = Settings::default();
        let file = ConfigText { name: name.into(), text: config.into() };
        let config = Config::parse(&file, &settings).expect("a configuration");
        let identity = Identity { host: name.into(), pid: 1, ppid: 0, version: "example".into() };
        let fsm = Fsm::default();
        let setup = Setup { identity, settings, files: vec![], config, seed: 1, pipes: None, fsm };
        Self { name, speaker: Speaker::new(at, setup), connection: None, told: VecDeque::new() }
    }

    /// Hands over one input, then carries out everything that comes of it.
    fn handle(&mut self, now: Now, input: Input<'_>, other: &mut VecDeque<Told>) {
        self.speaker.handle_input(now, input);
        loop {
            while let Some(action) = self.speaker.poll_action() {
                self.carry_out(&action, other);
            }
            let Some(stream) = self.speaker.poll_stream() else { break };
            while let Some(octets) = self.speaker.poll_transmit(stream) {
                let count = octets.len();
                other.push_back(Told::Received(octets.to_vec()));
                self.speaker.handle_input(now, Input::Sent { stream, count });
            }
        }
        while let Some(event) = self.speaker.poll_event() {
            println!("{:>7} s  {}: {}", now.monotonic.as_nanos() as f64 / 1e9, self.name, event.text);
        }
    }

    fn carry_out(&mut self, action: &Action, other: &mut VecDeque<Told>) {
        match action {
            Action::Listen { listener, address, .. } => {
                self.told.push_back(Told::Listening(*listener, *address));
            }
            Action::Connect { stream, .. } => {
                self.connection = Some(*stream);
                other.push_back(Told::Accepted);
                self.told.push_back(Told::Connected(*stream));
            }
            Action::Interest { write: true, .. } => self.told.push_back(Told::Writable),
            Action::Close { stream, .. } if self.connection == Some(*stream) => {
                self.connection = None;
                other.push_back(Told::Closed);
            }
            _ => {}
        }
    }

    /// Hears of the next thing that it has to be told; `false` where there is none.
    fn hear(&mut self, now: Now, addresses: [SocketAddr; 2], other: &mut VecDeque<Told>) -> bool {
        let Some(told) = self.told.pop_front() else { return false };
        let [dialler, listener] = addresses;
        let stream = self.connection.unwrap_or(StreamId::accepted(0));
        let input = match &told {
            Told::Listening(listener, local) => Input::Listening { listener: *listener, local: *local },
            Told::Connected(stream) => Input::Connected { stream: *stream, local: dialler, remote: listener },
            Told::Accepted => {
                self.connection = Some(stream);
                Input::Accepted { stream, listener: ListenerId(0), local: listener, remote: dialler }
            }
            Told::Writable => Input::Writable { stream, budget: 65_536 },
            Told::Received(data) => Input::Received { stream, data },
            Told::Closed => Input::Closed { stream, how: ClosedKind::ReadEnd },
        };
        self.handle(now, input, other);
        true
    }
}

fn main() {
    let at = |at: Instant| Now { monotonic: at, wall: Timestamp::from_nanos(at.as_nanos() as i64) };
    let mut now = Instant::from_secs(0);
    let neighbor = |us: u8, peer: u8, rest: &str| {
        format!(
            "neighbor 10.0.0.{peer} {{ local-address 10.0.0.{us}; router-id 10.0.0.{us}; local-as 65000; peer-as 65000; {rest} }}"
        )
    };
    let route = "static { route 192.0.2.0/24 next-hop 10.0.0.1; }";
    let mut one = Side::new("one", &neighbor(1, 2, route), at(now));
    let mut two = Side::new("two", &neighbor(2, 1, "passive; listen 179;"), at(now));
    let addresses = ["10.0.0.1:40000", "10.0.0.2:179"].map(|text| text.parse().expect("an address"));
    // Ten seconds pass, as fast as this machine computes.
    while now < Instant::from_secs(10) {
        two.handle(at(now), Input::Timeout, &mut one.told);
        one.handle(at(now), Input::Timeout, &mut two.told);
        while one.hear(at(now), addresses, &mut two.told) | two.hear(at(now), addresses, &mut one.told) {}
        let next = [&one, &two].into_iter().filter_map(|side| side.speaker.poll_timeout()).min();
        now = next.unwrap_or(Instant::from_secs(10)).max(now);
    }
    let routes = two.speaker.neighbors().map(|neighbor| neighbor.adj_rib_in.routes().count()).sum::<usize>();
    println!("two has heard of {routes} route");
    assert_eq!(routes, 1);
}
