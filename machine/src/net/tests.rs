//! The network as an application sees it, driven without an executor: calls at chosen times, and everything due between.

use std::net::{IpAddr, SocketAddr};

use holdtime_host::time::{Duration, Instant};

use holdtime_host::{IoError, PeerRange};

mod loss;

use super::*;
use crate::choices::Choices;
use crate::executor::{Agenda, DueClass};

/// Two machines, 10.0.0.1 and 10.0.0.2, and the time.
struct Rig {
    net: Network,
    agenda: Agenda<Effect>,
    now: Instant,
    one: MachineId,
    two: MachineId,
    /// Every segment sent, and whether it arrives.
    sent: Vec<(Instant, Segment, bool)>,
}

const PORT: u16 = 179;

impl Rig {
    fn new() -> Self {
        Self::drawn_from(0)
    }

    /// The same with other choices of what is lost.
    fn drawn_from(seed: u64) -> Self {
        let mut net = Network::new(&Choices::new(&seed.into()), LinkOptions::default(), 0);
        let one = net.add_machine(vec![ip("10.0.0.1")]);
        let two = net.add_machine(vec![ip("10.0.0.2")]);
        Self { net, agenda: Agenda::default(), now: Instant::ZERO, one, two, sent: Vec::new() }
    }

    fn run(&mut self, span: Duration) {
        let limit = self.now + span;
        self.absorb();
        while let Some((at, _, effect)) = self.agenda.take_until(limit) {
            self.now = at;
            match effect {
                Effect::Sent { arrival: Some((machine, _)), segment, .. } => {
                    self.net.deliver(at, machine, segment);
                }
                Effect::Alarm { socket, .. } => self.net.on_alarm(at, socket),
                Effect::Unreachable { socket, .. } => self.net.on_unreachable(at, socket),
                _ => {}
            }
            self.absorb();
        }
        self.now = limit;
    }

    fn absorb(&mut self) {
        for effect in self.net.take_effects() {
            let due = match &effect {
                Effect::Sent { at, arrival, segment, .. } => {
                    self.sent.push((*at, segment.clone(), arrival.is_some()));
                    arrival.map(|(_, at)| at)
                }
                Effect::Alarm { at, .. } | Effect::Unreachable { at, .. } => Some(*at),
                Effect::Ready(_) => None,
            };
            if let Some(due) = due {
                self.agenda.enter(due, DueClass::Outside, effect);
            }
        }
    }

    fn listen(&mut self, options: ListenerOptions) -> SocketId {
        self.net.listen(self.two, SocketAddr::new(ip("10.0.0.2"), PORT), options).unwrap().0
    }

    fn dial(&mut self, options: SocketOptions) -> SocketId {
        let remote = SocketAddr::new(ip("10.0.0.2"), PORT);
        self.net.connect(self.now, self.one, None, remote, options).unwrap()
    }

    /// A connection between the two, with these receive buffers.
    fn connection(&mut self, receive_buffer: usize) -> (SocketId, SocketId) {
        let socket = SocketOptions { receive_buffer, ..SocketOptions::default() };
        let listener = self.listen(ListenerOptions { socket, ..ListenerOptions::default() });
        let client = self.dial(SocketOptions::default());
        self.run(Duration::from_millis(10));
        let server = self.net.accept(listener).unwrap();
        self.net.close(self.now, listener);
        (client, server)
    }

    fn write(&mut self, socket: SocketId, octets: usize) -> Result<usize, IoError> {
        self.net.write(self.now, socket, &vec![7; octets])
    }

    fn read(&mut self, socket: SocketId, octets: usize) -> Result<usize, IoError> {
        self.net.read(self.now, socket, &mut vec![0; octets])
    }

    fn partition(&mut self, cut: bool) {
        self.net.set_cut(self.one, self.two, cut);
        self.net.set_cut(self.two, self.one, cut);
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn two_ends_that_dial_each_other_at_once_share_one_connection() {
    let mut rig = Rig::new();
    let (a, b) = (SocketAddr::new(ip("10.0.0.1"), PORT), SocketAddr::new(ip("10.0.0.2"), PORT));
    let one = rig.net.connect_from(rig.now, rig.one, a, b, SocketOptions::default()).unwrap();
    let two = rig.net.connect_from(rig.now, rig.two, b, a, SocketOptions::default()).unwrap();
    rig.run(secs(1));
    for socket in [one, two] {
        assert_eq!(rig.net.tcp(socket).unwrap().state(), TcpState::Established);
        assert_eq!(rig.net.take_error(socket), None);
    }
    for (from, to) in [(one, two), (two, one)] {
        assert_eq!(rig.write(from, 5), Ok(5));
        rig.run(secs(1));
        assert_eq!(rig.read(to, 10), Ok(5));
    }
    assert!(rig.sent.len() < 12, "nobody repeats a SYN: {}", rig.sent.len());
}

#[test]
fn a_socket_that_dials_itself_is_connected_to_itself_as_on_linux() {
    let mut rig = Rig::new();
    let own = SocketAddr::new(ip("10.0.0.1"), PORT);
    let socket = rig.net.connect_from(rig.now, rig.one, own, own, SocketOptions::default()).unwrap();
    rig.run(secs(1));
    assert_eq!(rig.net.tcp(socket).unwrap().state(), TcpState::Established);
    assert_eq!(rig.write(socket, 5), Ok(5));
    rig.run(secs(1));
    assert_eq!(rig.read(socket, 10), Ok(5));
}

#[test]
fn a_simultaneous_open_survives_the_loss_of_a_syn() {
    let mut rig = Rig::new();
    let (a, b) = (SocketAddr::new(ip("10.0.0.1"), PORT), SocketAddr::new(ip("10.0.0.2"), PORT));
    rig.net.set_cut(rig.one, rig.two, true);
    let one = rig.net.connect_from(rig.now, rig.one, a, b, SocketOptions::default()).unwrap();
    let two = rig.net.connect_from(rig.now, rig.two, b, a, SocketOptions::default()).unwrap();
    rig.run(Duration::from_millis(500));
    rig.partition(false);
    rig.run(secs(10));
    for socket in [one, two] {
        assert_eq!(rig.net.tcp(socket).unwrap().state(), TcpState::Established);
    }
}

#[test]
fn what_a_peer_sends_within_a_second_of_a_graceful_close_is_thrown_away_and_later_reset() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(100_000);
    rig.net.close_and_linger(rig.now, server);
    rig.run(Duration::from_millis(500));
    assert_eq!(rig.write(client, 5), Ok(5));
    rig.run(Duration::from_millis(400));
    assert_eq!(rig.write(client, 5), Ok(5));
    rig.run(secs(1));
    assert_eq!(rig.write(client, 5), Ok(5), "nobody has said yet that this goes nowhere");
    rig.run(secs(1));
    assert_eq!(rig.write(client, 5), Err(IoError::BrokenPipe));
}

#[test]
fn a_window_that_stays_shut_is_probed_ever_more_rarely_and_never_given_up() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(1_000);
    assert_eq!(rig.write(client, 5_000), Ok(5_000));
    rig.run(secs(1));
    assert_eq!(rig.net.tcp(server).unwrap().unread(), 1_000, "the buffer is counted to the octet");
    let before = rig.sent.len();
    rig.run(secs(3_600));
    let probes = rig.sent.len() - before;
    assert!((30..100).contains(&probes), "an hour of probes and answers, at most 120 s apart: {probes}");
    assert_eq!(rig.net.tcp(client).unwrap().state(), TcpState::Established);
    assert_eq!(rig.net.tcp(client).unwrap().unacknowledged(), 4_000);
}

#[test]
fn a_reader_of_single_octets_gets_everything() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(10);
    rig.write(client, 100).unwrap();
    let mut read = 0;
    for _ in 0..1_000 {
        rig.run(Duration::from_millis(5));
        read += rig.read(server, 1).unwrap_or(0);
    }
    assert_eq!(read, 100);
}

#[test]
fn a_full_send_buffer_takes_no_more_until_the_reader_makes_room() {
    let mut rig = Rig::new();
    let listener = rig.listen(ListenerOptions {
        socket: SocketOptions { receive_buffer: 1_000, ..SocketOptions::default() },
        ..ListenerOptions::default()
    });
    let client = rig.dial(SocketOptions { send_buffer: Some(2_000), ..SocketOptions::default() });
    rig.run(secs(1));
    let server = rig.net.accept(listener).unwrap();
    let mut taken = 0;
    while let Ok(count) = rig.write(client, 777) {
        taken += count;
        rig.run(secs(1));
    }
    assert_eq!(taken, 3_000, "what the reader's buffer and ours hold, to the octet");
    assert!(!rig.net.readiness(client).write);
    rig.read(server, 1_000).unwrap();
    rig.run(secs(1));
    assert!(rig.net.readiness(client).write);
    assert_eq!(rig.write(client, 5_000), Ok(1_000));
}

#[test]
fn a_partition_heals_and_nothing_is_lost_or_doubled() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(100_000);
    rig.partition(true);
    rig.write(client, 20_000).unwrap();
    rig.run(secs(60));
    assert_eq!(rig.read(server, 1), Err(IoError::WouldBlock));
    rig.partition(false);
    rig.run(secs(120));
    assert_eq!(rig.read(server, 50_000), Ok(20_000));
    assert_eq!(rig.net.tcp(client).unwrap().unacknowledged(), 0);
}

#[test]
fn a_partition_of_one_direction_breaks_the_connection_in_the_end() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(100_000);
    rig.net.set_cut(rig.one, rig.two, true);
    rig.write(client, 100).unwrap();
    let mut last = Ok(0);
    for _ in 0..1_000 {
        rig.run(secs(1));
        let _ = rig.write(server, 1);
        last = rig.read(client, 100);
        if !matches!(last, Ok(1..) | Err(IoError::WouldBlock)) {
            break;
        }
    }
    assert_eq!(last, Err(IoError::TimedOut), "though the peer was heard of all the time");
}

#[test]
fn lost_segments_are_sent_again() {
    let mut rig = Rig::new();
    let lossy = LinkOptions { loss_per_mille: 200, ..LinkOptions::default() };
    rig.net.set_link(rig.one, rig.two, lossy.clone());
    rig.net.set_link(rig.two, rig.one, lossy);
    let listener = rig.listen(ListenerOptions::default());
    let client = rig.dial(SocketOptions { send_buffer: Some(128 << 10), ..SocketOptions::default() });
    rig.run(secs(60));
    let server = rig.net.accept(listener).unwrap();
    rig.write(client, 100_000).unwrap();
    rig.net.shutdown(rig.now, client);
    rig.run(secs(600));
    assert_eq!(rig.read(server, 200_000), Ok(100_000));
    assert_eq!(rig.read(server, 1), Ok(0));
    assert!(rig.sent.iter().any(|(.., arrives)| !arrives));
}

/// The seconds at which SYNs leave that nobody answers, and then that of the error.
fn syn_schedule(kernel: Kernel) -> Vec<u64> {
    let mut rig = Rig::new();
    rig.net.set_kernel(kernel);
    rig.partition(true);
    let client = rig.dial(SocketOptions::default());
    for _ in 0..200 {
        rig.run(secs(1));
        if rig.net.readiness(client).connected {
            break;
        }
    }
    assert_eq!(rig.net.take_error(client), Some(IoError::TimedOut));
    let syns = rig.sent.iter().map(|(at, ..)| at.as_nanos());
    syns.chain([rig.now.as_nanos()]).map(|nanos| nanos / 1_000_000_000).collect()
}

#[test]
fn a_dial_into_a_black_hole_repeats_its_syn_as_the_kernel_that_was_chosen_does() {
    assert_eq!(syn_schedule(Kernel::default()), [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 68, 134]);
    assert_eq!(syn_schedule(Kernel { syn_linear_timeouts: 0 }), [0, 1, 3, 7, 15, 31, 63, 127]);
}

#[test]
fn an_answer_to_a_syn_is_repeated_for_63_seconds() {
    let mut rig = Rig::new();
    let listener = rig.listen(ListenerOptions::default());
    rig.net.set_cut(rig.two, rig.one, true);
    let client = rig.dial(SocketOptions::default());
    rig.run(Duration::from_millis(10));
    rig.net.reset(rig.now, client);
    rig.run(secs(62));
    let answers = |rig: &Rig| rig.sent.iter().filter(|(_, segment, _)| segment.flags.bits() == 0x12).count();
    assert_eq!(answers(&rig), 6);
    rig.run(secs(600));
    assert_eq!(answers(&rig), 6);
    assert_eq!(rig.net.accept(listener), Err(IoError::WouldBlock));
}

/// How many seconds after its close nothing is left of a connection.
fn lifetime(rig: &mut Rig, socket: SocketId) -> u64 {
    (1..2_000)
        .find(|_| {
            rig.run(secs(1));
            rig.net.tcp(socket).is_none()
        })
        .unwrap_or(u64::MAX)
}

#[test]
fn an_orphan_behind_a_shut_window_dies_after_its_longest_interval_and_its_peer_reads_what_was_in_the_window()
{
    let mut rig = Rig::new();
    let (client, server) = rig.connection(1_152);
    while rig.write(client, 4_096).is_ok() {}
    rig.run(secs(2));
    rig.net.close(rig.now, client);
    // Linux 6.18: 338 s.
    let lived = lifetime(&mut rig, client);
    assert!((320..=345).contains(&lived), "{lived} s");
    assert!(rig.sent.iter().all(|(_, segment, _)| !segment.flags.rst), "nobody is told");
    assert_eq!(rig.net.tcp(server).unwrap().state(), TcpState::Established);
    assert_eq!(rig.read(server, 5_000), Ok(1_152));
    rig.run(secs(1));
    assert_eq!(rig.read(server, 5_000), Err(IoError::ConnectionReset));
}

#[test]
fn an_orphan_in_a_partition_dies_without_a_segment_and_its_last_words_are_never_read() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(65_536);
    rig.write(client, 5).unwrap();
    rig.run(secs(1));
    rig.read(server, 100).unwrap();
    rig.partition(true);
    rig.write(client, 12).unwrap();
    rig.net.close(rig.now, client);
    // Linux 6.18: 107 s.
    let lived = lifetime(&mut rig, client);
    assert!((100..=110).contains(&lived), "{lived} s");
    rig.partition(false);
    rig.run(secs(1_000));
    assert_eq!(rig.read(server, 100), Err(IoError::WouldBlock), "nothing ever arrives");
    assert_eq!(rig.write(server, 2), Ok(2));
    rig.run(secs(1));
    assert_eq!(rig.read(server, 100), Err(IoError::ConnectionReset));
}

#[test]
fn an_application_that_holds_on_keeps_its_connection_for_a_quarter_of_an_hour() {
    let mut rig = Rig::new();
    let (client, _) = rig.connection(65_536);
    rig.partition(true);
    rig.write(client, 12).unwrap();
    rig.run(secs(900));
    assert_eq!(rig.read(client, 1), Err(IoError::WouldBlock));
    rig.run(secs(40));
    assert_eq!(rig.read(client, 1), Err(IoError::TimedOut));
}

#[test]
fn a_black_hole_passes_what_is_small_and_stops_what_is_large_with_all_that_follows() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(65_536);
    rig.net.change_link(rig.one, rig.two, |link| link.black_hole_above = Some(576));
    rig.write(client, 300).unwrap();
    rig.run(secs(1));
    assert_eq!(rig.read(server, 5_000), Ok(300));
    rig.write(client, 1_400).unwrap();
    rig.write(client, 19).unwrap();
    rig.run(secs(300));
    assert_eq!(rig.read(server, 5_000), Err(IoError::WouldBlock));
    assert_eq!(rig.write(server, 1_400), Ok(1_400), "the other way is free");
    rig.run(secs(1));
    assert_eq!(rig.read(client, 5_000), Ok(1_400));
    rig.net.change_link(rig.one, rig.two, |link| link.black_hole_above = None);
    rig.run(secs(120));
    assert_eq!(rig.read(server, 5_000), Ok(1_419));
}

#[test]
fn a_send_buffer_that_nobody_set_grows_with_what_the_peer_takes_and_one_that_was_set_does_not() {
    for (send_buffer, wanted) in [(None, 500_000..1_000_000), (Some(20_000), 151_072..151_073)] {
        let mut rig = Rig::new();
        let listener = rig.listen(ListenerOptions::default());
        let client = rig.dial(SocketOptions { send_buffer, ..SocketOptions::default() });
        rig.run(secs(1));
        rig.net.accept(listener).unwrap();
        let mut taken = 0;
        while let Ok(count) = rig.write(client, 10_000) {
            taken += count;
            rig.run(secs(1));
        }
        // Linux 6.18 over Ethernet: 786,312 to 1,024,592, as the writes are cut.
        assert!(wanted.contains(&taken), "{taken}");
    }
}

#[test]
fn connecting_to_nobody_is_refused_and_to_no_machine_is_unreachable() {
    let mut rig = Rig::new();
    let refused = rig.dial(SocketOptions::default());
    let nowhere = SocketAddr::new(ip("10.0.0.77"), PORT);
    let lost = rig.net.connect(rig.now, rig.one, None, nowhere, SocketOptions::default()).unwrap();
    rig.run(secs(5));
    assert_eq!(rig.net.take_error(refused), Some(IoError::ConnectionRefused));
    assert_eq!(rig.net.take_error(lost), Some(IoError::Unreachable));
    let v6 = SocketAddr::new(ip("fd00::1"), PORT);
    let outcome = rig.net.connect(rig.now, rig.one, None, v6, SocketOptions::default());
    assert_eq!(outcome, Err(IoError::Unreachable));
}

#[test]
fn a_machine_that_lost_its_power_is_silent_and_resets_once_it_is_back() {
    let mut rig = Rig::new();
    let (client, _) = rig.connection(1_000);
    rig.net.power_off(rig.two);
    rig.write(client, 10).unwrap();
    rig.run(secs(30));
    assert_eq!(rig.read(client, 1), Err(IoError::WouldBlock), "half-open: nobody tells");
    rig.net.power_on(rig.two);
    rig.run(secs(60));
    assert_eq!(rig.read(client, 1), Err(IoError::ConnectionReset));
    assert_eq!(rig.read(client, 1), Ok(0), "an error is told once");
    assert_eq!(rig.write(client, 1), Err(IoError::BrokenPipe));
}

#[test]
fn a_reset_wakes_a_writer_that_waits_for_the_window() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(1_000);
    while rig.write(client, 10_000).is_ok() {}
    rig.run(secs(1));
    assert!(rig.net.tcp(client).unwrap().window_is_shut());
    assert!(!rig.net.readiness(client).write);
    rig.net.reset(rig.now, server);
    rig.run(secs(1));
    assert!(rig.net.readiness(client).write && rig.net.readiness(client).read);
    assert_eq!(rig.write(client, 1), Err(IoError::ConnectionReset));
}

#[test]
fn what_came_before_a_reset_is_read_first() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(1_000);
    rig.write(client, 100).unwrap();
    rig.run(secs(1));
    rig.net.reset(rig.now, client);
    rig.run(secs(1));
    assert_eq!(rig.read(server, 500), Ok(100));
    assert_eq!(rig.read(server, 500), Err(IoError::ConnectionReset));
    assert_eq!(rig.read(server, 500), Ok(0));
}

#[test]
fn closing_with_octets_unread_is_a_reset_and_without_a_fin() {
    for (octets, outcome) in [(100, Err(IoError::ConnectionReset)), (0, Ok(0))] {
        let mut rig = Rig::new();
        let (client, server) = rig.connection(1_000);
        let _ = rig.write(client, octets);
        rig.run(secs(1));
        rig.net.close(rig.now, server);
        rig.run(secs(1));
        assert_eq!(rig.read(client, 1), outcome, "{octets} octets unread");
    }
}

#[test]
fn each_direction_ends_on_its_own() {
    let mut rig = Rig::new();
    let (client, server) = rig.connection(1_000);
    rig.net.shutdown(rig.now, client);
    rig.run(secs(1));
    assert_eq!(rig.read(server, 1), Ok(0));
    assert_eq!(rig.write(client, 1), Err(IoError::BrokenPipe));
    assert_eq!(rig.write(server, 300), Ok(300));
    rig.run(secs(1));
    assert_eq!(rig.read(client, 500), Ok(300));
    rig.net.close(rig.now, server);
    rig.run(secs(1));
    assert_eq!(rig.read(client, 500), Ok(0));
    assert_eq!(rig.net.tcp(client).unwrap().state(), TcpState::TimeWait);
    rig.run(secs(60));
    assert_eq!(rig.net.tcp(client).unwrap().state(), TcpState::Closed);
}

#[test]
fn a_full_accept_queue_lets_one_more_in_than_the_backlog_and_the_next_waits() {
    let mut rig = Rig::new();
    let listener = rig.listen(ListenerOptions { backlog: 2, ..ListenerOptions::default() });
    let clients: Vec<_> = (0..5)
        .map(|_| {
            let client = rig.dial(SocketOptions::default());
            rig.run(Duration::from_millis(10));
            client
        })
        .collect();
    let connected = clients.iter().filter(|client| rig.net.readiness(**client).connected).count();
    assert_eq!(connected, 3);
    for _ in 0..3 {
        rig.net.accept(listener).unwrap();
    }
    rig.run(secs(10));
    let connected = clients.iter().filter(|client| rig.net.readiness(**client).connected).count();
    assert_eq!(connected, 5, "their SYNs were sent again");
}

#[test]
fn a_segment_signed_with_another_key_is_never_seen() {
    let mut rig = Rig::new();
    let keys = vec![(PeerRange { address: ip("10.0.0.0"), length: 24 }, 1)];
    rig.listen(ListenerOptions { keys, ..ListenerOptions::default() });
    let wrong = rig.dial(SocketOptions { key: Some(2), ..SocketOptions::default() });
    let right = rig.dial(SocketOptions { key: Some(1), ..SocketOptions::default() });
    rig.run(secs(200));
    assert_eq!(rig.net.take_error(wrong), Some(IoError::TimedOut));
    assert_eq!(rig.net.tcp(right).unwrap().state(), TcpState::Established);
}

#[test]
fn an_idle_connection_sends_nothing() {
    let mut rig = Rig::new();
    rig.connection(1_000);
    let before = rig.sent.len();
    rig.run(secs(86_400));
    assert_eq!(rig.sent.len(), before);
}
