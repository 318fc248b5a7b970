//! What accept(2) may answer beside a connection, on both real hosts: the answers are put in its place, everything else is real.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use holdtime_host::{IoError, ListenOptions, ListenerId, StreamId};
use holdtime_reactor::EventLog;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration as Span;

use holdtime_core::config::{Config, ConfigText, Settings};
use holdtime_core::speaker::{Event, Setup, Speaker};
use holdtime_core::time::{Duration, Now};
use holdtime_reactor::driver::ACCEPT_BUDGET;
use holdtime_reactor::mio_host::run_blocking;
use holdtime_reactor::tokio_host::run_tokio;
use holdtime_reactor::turns::either;
use holdtime_reactor::{AsyncHost, Driver, Ends, Host, HostOptions, MioHost, poll, tasks};

/// A host on which accept(2) answers as it is told.
#[derive(Clone)]
struct Unlucky<H> {
    host: H,
    answers: Rc<RefCell<VecDeque<IoError>>>,
    /// Takes what accept(2) is to answer next.
    orders: Rc<Receiver<Order>>,
    /// Is told where the speaker listens, and what it logs.
    report: Sender<Report>,
    over: Rc<Cell<bool>>,
}

enum Order {
    Answer(Vec<IoError>),
    End,
}

#[derive(Debug)]
enum Report {
    Listening(SocketAddr),
    Log(String),
}

impl<H> Unlucky<H> {
    fn obey(&self) {
        for order in self.orders.try_iter() {
            match order {
                Order::Answer(errors) => self.answers.borrow_mut().extend(errors),
                Order::End => self.over.set(true),
            }
        }
    }
}

/// What it does otherwise than the host inside.
mod layer {
    use holdtime_host::layer::{AsyncLayer, Layer};

    use super::*;

    impl<H: Host> Layer for Unlucky<H> {
        type Inner = H;

        fn inner(&self) -> &H {
            &self.host
        }

        fn listen(
            &self,
            id: ListenerId,
            at: SocketAddr,
            options: &ListenOptions,
        ) -> Result<SocketAddr, IoError> {
            let bound = self.host.listen(id, at, options);
            let _ = bound.map(|at| self.report.send(Report::Listening(at)));
            bound
        }

        fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError> {
            self.obey();
            let answer = self.answers.borrow_mut().pop_front();
            answer.map_or_else(|| self.host.accept(listener, stream), Err)
        }
    }

    impl<H: AsyncHost> AsyncLayer for Unlucky<H> {}
}

impl<H> EventLog for Unlucky<H> {
    fn log(&self, event: &Event) {
        let _ = self.report.send(Report::Log(event.text.clone()));
    }
}

/// Two passive neighbors on loopback.
fn speaker(now: Now) -> Speaker {
    let mut settings = Settings::default();
    settings.tcp.bind = vec![[127, 0, 0, 1].into()];
    settings.tcp.port = 0;
    let neighbor = |n: u8| {
        format!(
            "neighbor 127.0.0.{n} {{ passive true; local-address 127.0.0.1; router-id 10.0.0.1; local-as 65000; peer-as 65000; }}\n"
        )
    };
    let text = ConfigText { name: "test.conf".into(), text: neighbor(2) + &neighbor(3) };
    let config = Config::parse(&text, &settings).unwrap();
    Speaker::new(now, Setup { settings, config, ..Setup::default() })
}

fn host_options() -> HostOptions {
    HostOptions::new(PathBuf::new(), |_| {})
}

/// Looks around at least this often whether the test is over.
const LOOK: Duration = Duration::from_millis(10);

/// Runs a speaker while `peers` plays its peers.
fn on_poll(peers: fn(&Sender<Order>, &Receiver<Report>)) {
    on(peers, |orders, report| {
        let host = MioHost::new(host_options()).unwrap();
        run_blocking(async {
            let now = host.now();
            let mut driver = Driver::new(unlucky(host, orders, report), speaker(now));
            driver.start(now);
            driver.drain(now);
            let mut ready = Vec::new();
            while !driver.host().over.get() {
                assert_eq!(driver.exit_code(), None, "it ends");
                let until = driver.host().now().monotonic + LOOK;
                let now = driver.host().wait(Some(until), &mut ready).await;
                poll::turn(&mut driver, now, &ready);
                driver.host().obey();
            }
        });
    });
}

fn on_tasks(peers: fn(&Sender<Order>, &Receiver<Report>)) {
    on(peers, |orders, report| {
        run_tokio(host_options(), |host| async move {
            let host = unlucky(host, orders, report);
            let until = host.clone();
            let over = async move {
                while !until.over.get() {
                    until.sleep_until(until.now().monotonic + LOOK).await;
                    until.obey();
                }
            };
            let running = async {
                let code = tasks::run(host.clone(), speaker(host.now()), None).await;
                assert!(host.over.get(), "it ends with {code}");
            };
            either(over, running).await;
        })
        .unwrap();
    });
}

fn unlucky<H>(host: H, orders: Receiver<Order>, report: Sender<Report>) -> Unlucky<H> {
    Unlucky { host, answers: Rc::default(), orders: Rc::new(orders), report, over: Rc::default() }
}

fn on(peers: fn(&Sender<Order>, &Receiver<Report>), reactor: impl FnOnce(Receiver<Order>, Sender<Report>)) {
    let (order, orders) = channel();
    let (report, reports) = channel();
    let playing = std::thread::spawn(move || {
        peers(&order, &reports);
        let _ = order.send(Order::End);
    });
    reactor(orders, report);
    playing.join().unwrap();
}

/// A peer in session, from 127.0.0.`n`.
fn establish(address: SocketAddr, n: u8) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, n], 0)).into()).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = [4, 0xfd, 0xe8, 0, 180, 10, 0, 0, n, 8, 2, 6, 1, 4, 0, 1, 0, 1];
    stream.write_all(&message(1, &body)).unwrap();
    stream.write_all(&message(4, &[])).unwrap();
    while read_message(&mut stream) != 4 {}
    stream
}

const PATIENCE: Span = Span::from_secs(10);

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[0xff; 16][..], &(19 + body.len() as u16).to_be_bytes(), &[kind], body].concat()
}

/// The type of the next message.
fn read_message(stream: &mut TcpStream) -> u8 {
    let mut header = [0; 19];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([header[16], header[17]])) - 19];
    stream.read_exact(&mut body).unwrap();
    header[18]
}

/// Whether a session is still up: an UPDATE that is malformed is answered, and by nobody else.
fn is_up(stream: &mut TcpStream) -> bool {
    stream.write_all(&message(2, &[])).unwrap();
    loop {
        match read_message(stream) {
            3 => return true,
            2 | 4 => {}
            other => panic!("a message of type {other}"),
        }
    }
}

fn address(reports: &Receiver<Report>) -> SocketAddr {
    loop {
        if let Report::Listening(address) = reports.recv_timeout(PATIENCE).unwrap() {
            return address;
        }
    }
}

/// Waits until the log says so.
fn said(reports: &Receiver<Report>, text: &str) {
    loop {
        match reports.recv_timeout(PATIENCE).unwrap() {
            Report::Log(line) if line.contains(text) => return,
            _ => {}
        }
    }
}

/// What accept(2) of Linux names, and a firewall's refusal.
const OF_ONE_CONNECTION: [IoError; 5] = [
    IoError::Unreachable,
    IoError::Other(71),
    IoError::Unsupported,
    IoError::PermissionDenied,
    IoError::ConnectionAborted,
];

fn errors_of_single_connections(order: &Sender<Order>, reports: &Receiver<Report>) {
    let at = address(reports);
    let mut first = establish(at, 2);
    order.send(Order::Answer(OF_ONE_CONNECTION.to_vec())).unwrap();
    let mut second = establish(at, 3);
    said(reports, "could not be taken: host unreachable");
    assert!(is_up(&mut second) && is_up(&mut first));
}

fn a_listener_that_only_fails(order: &Sender<Order>, reports: &Receiver<Report>) {
    let at = address(reports);
    let mut first = establish(at, 2);
    order.send(Order::Answer(vec![IoError::Other(9); ACCEPT_BUDGET])).unwrap();
    // Who knocks finds the listener gone, and later another one in its place.
    drop(TcpStream::connect(at));
    said(reports, "errno 9; it is tried again after 1 s");
    let mut second = establish(address(reports), 3);
    assert!(is_up(&mut second) && is_up(&mut first));
}

fn too_few_descriptors(order: &Sender<Order>, reports: &Receiver<Report>) {
    let at = address(reports);
    let mut first = establish(at, 2);
    order.send(Order::Answer(vec![IoError::TooManyFiles; 2])).unwrap();
    let mut second = establish(at, 3);
    said(reports, "too many open files");
    let again =
        reports.try_iter().filter(|report| matches!(report, Report::Log(text) if text.contains("too many")));
    assert_eq!(again.count(), 0, "it is said once");
    assert!(is_up(&mut second) && is_up(&mut first));
}

#[test]
fn an_error_of_one_connection_costs_poll_nothing_else() {
    on_poll(errors_of_single_connections);
}

#[test]
fn an_error_of_one_connection_costs_async_nothing_else() {
    on_tasks(errors_of_single_connections);
}

#[test]
fn a_listener_that_only_fails_is_replaced_on_poll_and_costs_no_session() {
    on_poll(a_listener_that_only_fails);
}

#[test]
fn a_listener_that_only_fails_is_replaced_on_async_and_costs_no_session() {
    on_tasks(a_listener_that_only_fails);
}

#[test]
fn too_few_descriptors_are_said_once_on_poll_and_the_connection_waits() {
    on_poll(too_few_descriptors);
}

#[test]
fn too_few_descriptors_are_said_once_on_async_and_the_connection_waits() {
    on_tasks(too_few_descriptors);
}
