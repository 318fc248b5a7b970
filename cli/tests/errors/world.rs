//! A speaker, two bystanders, and the one to whom things happen.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Socket, Type};

use crate::inject::{ErrorRow, Injection};
use crate::port::ReservedPort;
use crate::private;
use crate::waiting::{PATIENCE, eventually};

/// The program: what it is to say comes out of a named pipe, what it hears goes into a file.
const PROGRAM: &str = "#!/bin/sh\necho $$ >> starts\nexec 4<&0\ncat <&4 >> answers &\nexec cat <> orders\n";

pub(crate) struct ErrorWorld {
    speaker: Child,
    folder: PathBuf,
    /// Where the speaker listens.
    port: ReservedPort,
    /// One that dialled, and one that was dialled.
    bystanders: [TcpStream; 2],
    listener: TcpListener,
    /// Of the one to whom things happen: it dialled, or was dialled.
    taken: Option<TcpStream>,
    dialled: Option<TcpStream>,
    orders: File,
    answers: usize,
    /// The process that runs the program.
    program: u32,
    route: u32,
}

impl ErrorWorld {
    pub(crate) fn new(reactor: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("holdtime-errors-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("program"), PROGRAM).unwrap();
        fs::set_permissions(folder.join("program"), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Command::new("mkfifo").arg(folder.join("orders")).status().unwrap().success());
        let port = ReservedPort::at("127.0.0.1");
        let address = port.address();
        let [calm, listener] = ["127.0.0.3:0", "127.0.0.5:0"].map(|at| TcpListener::bind(at).unwrap());
        let neighbor = |n: u8, more: &str| {
            format!(
                "neighbor 127.0.0.{n} {{ router-id 10.0.0.1; local-address 127.0.0.1; local-as 65000; peer-as 65000; {more} \
                 family {{ ipv4 unicast; }} api {{ processes [ asks ]; }} }}\n"
            )
        };
        let connect = |listener: &TcpListener| format!("connect {};", listener.local_addr().unwrap().port());
        let text = "process asks { run ./program; encoder text; }\n".to_owned()
            + &neighbor(2, "passive true;")
            + &neighbor(3, &connect(&calm))
            + &neighbor(4, "passive true;")
            + &neighbor(5, &connect(&listener));
        fs::write(folder.join("speaker.conf"), text).unwrap();
        let said = File::create(folder.join("said")).unwrap();
        let mut command = private::holdtime_in(&folder);
        command.args(["--log", "warn", "serve", "--reactor", reactor, "speaker.conf"]).current_dir(&folder);
        command.env("exabgp_tcp_bind", "127.0.0.1").env("exabgp_tcp_port", address.port().to_string());
        // Sessions come and go here: nobody is to wait a minute, nor for the rest before the first route.
        command.env("exabgp_bgp_pause", "1").env("exabgp_bgp_rest", "0");
        let speaker = command.stdin(Stdio::null()).stderr(said).spawn().unwrap();
        let orders = File::options().read(true).write(true).open(folder.join("orders")).unwrap();
        let bystanders = [dial(2, address), accept(&calm)].map(|stream| {
            let log = || fs::read_to_string(folder.join("said")).unwrap();
            established(stream)
                .unwrap_or_else(|| panic!("no session with the speaker at {address}: {}", log()))
        });
        let mut world = Self {
            speaker,
            folder,
            port,
            bystanders,
            listener,
            taken: None,
            dialled: None,
            orders,
            answers: 0,
            program: 0,
            route: 0,
        };
        world.await_program();
        world.take_dialled();
        world.bystanders_live();
        world
    }

    /// What must stand before the situation begins.
    pub(crate) fn prepare(&mut self, situation: &str) {
        if matches!(situation, "hear" | "tell" | "end") && self.taken.is_none() {
            self.take();
        }
    }

    pub(crate) fn inject(&self, row: &ErrorRow) -> Injection {
        Injection::start(self.speaker.id(), row, self.folder.join("strace"))
    }

    /// Has the situation come about.
    pub(crate) fn act(&mut self, situation: &str) {
        match situation {
            // The one who dials is answered as soon as it is taken.
            "take" => self.taken = None,
            "dial" => self.dialled = None,
            "hear" => drop(self.taken.as_mut().unwrap().write_all(&message(4, &[]))),
            "tell" => self.order("neighbor 127.0.0.4 announce route 10.4.0.0/16 next-hop 10.0.0.1"),
            "end" => self.order("neighbor 127.0.0.4 teardown 2"),
            "start" => self.signal(rustix::process::Signal::USR2),
            "reload" => self.order("reload"),
            other => panic!("{other}"),
        }
        if situation == "take" {
            // Whatever becomes of this connection, another one is tried until there is a session.
            let first = dial(4, self.port.address());
            self.taken = established(first);
        }
    }

    /// Waits until everything is as it was before.
    pub(crate) fn is_whole_again(&mut self, situation: &str) {
        match situation {
            "take" => {
                if self.taken.is_none() {
                    self.take();
                }
                self.taken = None;
            }
            "dial" => self.take_dialled(),
            "start" => self.await_program(),
            "reload" => {
                // Whatever came of the first, the next one succeeds.
                self.order("reload");
                self.answers += 2;
                eventually("both reloads are answered", || self.count_answers() == self.answers);
                assert!(self.read("answers").ends_with("done\n"), "{}", self.read("answers"));
            }
            "end" => {
                self.answers += 1;
                let mut taken = self.taken.take().unwrap();
                while message_from(&mut taken).is_some() {}
            }
            _ => self.taken = None,
        }
        if situation == "tell" {
            self.answers += 1;
            self.take();
            let route = [0x10, 0x0a, 0x04];
            let taken = self.taken.as_mut().unwrap();
            assert!(hears(taken, &route), "the route is lost");
            self.order("neighbor 127.0.0.4 withdraw route 10.4.0.0/16 next-hop 10.0.0.1");
            self.answers += 1;
            self.taken = None;
        }
    }

    /// The bystanders are told of a route, each on the session that it has had all along.
    pub(crate) fn bystanders_live(&mut self) {
        assert!(self.speaker.try_wait().unwrap().is_none(), "the speaker has ended");
        self.route += 1;
        let n = self.route.to_be_bytes();
        self.order(&format!("announce route 10.9.{}.{}/32 next-hop 10.0.0.1", n[2], n[3]));
        for bystander in &mut self.bystanders {
            let route = [32, 10, 9, n[2], n[3]];
            assert!(hears(bystander, &route), "a bystander's session has ended");
        }
        self.answers += 1;
        eventually("the program is answered", || self.count_answers() >= self.answers);
    }

    /// The log.
    pub(crate) fn said(&self) -> String {
        self.read("said")
    }

    /// Dials until there is a session.
    fn take(&mut self) {
        eventually("a session comes about", || {
            self.taken = established(dial(4, self.port.address()));
            self.taken.is_some()
        });
    }

    /// Waits until it is dialled and there is a session.
    fn take_dialled(&mut self) {
        eventually("a session comes about with who is dialled", || {
            self.dialled = established(accept(&self.listener));
            self.dialled.is_some()
        });
    }

    /// Waits until one program runs, another one than before, and no other.
    fn await_program(&mut self) {
        let before = self.program;
        eventually("one program runs", || {
            let started = self.read("starts");
            let mut alive = started.lines().filter(|pid| Path::new("/proc").join(pid).is_dir());
            self.program = alive.next().and_then(|pid| pid.parse().ok()).unwrap_or(before);
            self.program != before && alive.next().is_none()
        });
    }

    fn order(&mut self, line: &str) {
        self.orders.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.speaker), signal).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    /// How many commands were answered.
    fn count_answers(&self) -> usize {
        self.read("answers").lines().filter(|line| matches!(*line, "done" | "error")).count()
    }
}

impl Drop for ErrorWorld {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the speaker said:\n{}answers:\n{}", self.said(), self.read("answers"));
        }
        let _ = self.speaker.kill();
        let _ = self.speaker.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Connects from 127.0.0.`n`, as soon as anybody listens.
fn dial(n: u8, to: SocketAddr) -> TcpStream {
    let mut stream = None;
    eventually("the speaker listens", || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, n], 0)).into()).unwrap();
        stream = socket.connect(&to.into()).is_ok().then(|| TcpStream::from(socket));
        stream.is_some()
    });
    stream.unwrap()
}

fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().unwrap().0
}

/// Opens a session; `None`: the connection ended before there was one.
fn established(mut stream: TcpStream) -> Option<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let last = stream.local_addr().unwrap().ip().to_string().bytes().last().unwrap();
    let open = [4, 0xfd, 0xe8, 0, 240, 10, 0, 0, last, 8, 2, 6, 1, 4, 0, 1, 0, 1];
    stream.write_all(&message(1, &open)).and_then(|()| stream.write_all(&message(4, &[]))).ok()?;
    while message_from(&mut stream)?[18] != 4 {}
    Some(stream)
}

/// Whether an UPDATE with this prefix comes before the session ends.
fn hears(stream: &mut TcpStream, prefix: &[u8]) -> bool {
    while let Some(message) = message_from(stream).filter(|message| message[18] != 3) {
        if message[18] == 2 && message.windows(prefix.len()).any(|octets| octets == prefix) {
            return true;
        }
    }
    false
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[0xff; 16][..], &(19 + body.len() as u16).to_be_bytes(), &[kind], body].concat()
}

fn message_from(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 19];
    stream.read_exact(&mut message).ok()?;
    message.resize(usize::from(u16::from_be_bytes([message[16], message[17]])), 0);
    stream.read_exact(&mut message[19..]).ok()?;
    Some(message)
}
