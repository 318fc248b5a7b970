//! Two network namespaces and a cable between them: the one that this process is in, and a far one. Both are gone when their last
//! process is.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, BufReader, Write as _};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use holdtime_machine::net::SocketOptions;
use holdtime_sim::scenario::Play;

/// What an IPv4 and a TCP header take.
const HEADERS: u16 = 40;
/// How many buckets a namespace's table of connections has: it holds a handful.
const SOCKET_BUCKETS: &str = "256";
/// How long the far namespace may take to come into being.
const PATIENCE: Duration = Duration::from_secs(5);

/// The options with which this user may make a namespace; `None`: it may not, or `unshare` and `ip` are not there.
pub(in crate::lab) fn unshare() -> Option<&'static [&'static str]> {
    let options: [&'static [&'static str]; 2] = [&["-n"], &["-r", "-n"]];
    options.into_iter().find(|options| {
        let tried = Command::new("unshare").args(*options).args(["ip", "link", "set", "lo", "up"]).output();
        tried.is_ok_and(|output| output.status.success())
    })
}

/// An end of the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum End {
    /// This process's.
    Near,
    /// The other one.
    Far,
}

/// What stands at one end of the cable.
pub(in crate::lab) struct CableEnd {
    pub(in crate::lab) addresses: Vec<IpAddr>,
    pub(in crate::lab) sockets: SocketOptions,
}

impl CableEnd {
    /// The end with the speakers of a play.
    pub(in crate::lab) fn of_speakers(play: &Play) -> Self {
        Self {
            addresses: play.speakers.iter().flat_map(|host| host.addresses.clone()).collect(),
            sockets: play.speakers.first().map_or_else(SocketOptions::default, |host| host.options.clone()),
        }
    }

    /// The end with its peers.
    pub(in crate::lab) fn of_peers(play: &Play) -> Self {
        Self {
            addresses: play.peers.iter().flat_map(|host| host.addresses.clone()).collect(),
            sockets: play.peers.first().map_or_else(SocketOptions::default, |host| host.options.clone()),
        }
    }
}

/// The far namespace, held by a shell that runs in it, and the cable to it.
pub(in crate::lab) struct Cable {
    shell: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Cable {
    /// Lays the cable between this process's own namespace, which is a fresh one, and another.
    pub(in crate::lab) fn lay(near: &CableEnd, far: &CableEnd) -> io::Result<Self> {
        // A table of sockets of its own, where the kernel has that (Linux 6.1): to list those of the whole machine's takes milliseconds
        // of a processor, and probes do it many times a second.
        let _ = fs::write("/proc/sys/net/ipv4/tcp_child_ehash_entries", SOCKET_BUCKETS);
        let mut shell = Command::new("unshare")
            .args(["-n", "sh"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (shell.stdin.take(), shell.stdout.take());
        let (Some(input), Some(output)) = (input, output) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut cable = Self { shell, input, output: BufReader::new(output) };
        cable.await_namespace()?;
        run_here(&format!("ip link add near type veth peer name far netns {}\n", cable.shell.id()))?;
        // Nought is what the path takes.
        let mss = [near.sockets.mss, far.sockets.mss].into_iter().filter(|mss| *mss > 0).min();
        run_here(&setup("near", &near.addresses, &far.addresses, &near.sockets, mss))?;
        cable.run_there(&setup("far", &far.addresses, &near.addresses, &far.sockets, mss))?;
        Ok(cable)
    }

    /// What starts a program at the far end.
    pub(in crate::lab) fn command_there(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.shell.id())).arg(program);
        command
    }

    /// Loses what arrives at one end from one address for another, or no longer.
    pub(in crate::lab) fn lose(&mut self, end: End, from: IpAddr, to: IpAddr, lose: bool) -> io::Result<()> {
        let (verb, device) =
            (if lose { "add" } else { "del" }, if end == End::Near { "near" } else { "far" });
        let family = if from.is_ipv4() { "-4" } else { "-6" };
        let line = format!("ip {family} rule {verb} pref 1 iif {device} from {from} to {to} blackhole\n");
        match end {
            End::Near => run_here(&line),
            End::Far => self.run_there(&line),
        }
    }

    /// Waits until the shell has left this process's namespace.
    fn await_namespace(&self) -> io::Result<()> {
        let own = fs::read_link("/proc/self/ns/net")?;
        let began = Instant::now();
        while fs::read_link(format!("/proc/{}/ns/net", self.shell.id()))? == own {
            if began.elapsed() > PATIENCE {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn run_there(&mut self, script: &str) -> io::Result<()> {
        let script = script.replace('\n', " || echo failed\n");
        self.input.write_all(format!("{script}echo done\n").as_bytes())?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line == "done\n" { Ok(()) } else { Err(io::Error::other("cannot set the far namespace up")) }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // The namespace goes with it.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn run_here(script: &str) -> io::Result<()> {
    let status = Command::new("sh").args(["-e", "-c", script]).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("cannot set this namespace up")) }
}

/// What sets one end up: its addresses, the way to the others, and buffers as `SO_SNDBUF` and `SO_RCVBUF` would make them, which is
/// twice as large as asked for. An address is looked at before a connection that a packet may belong to, so that rules can lose it.
fn setup(
    device: &str,
    own: &[IpAddr],
    others: &[IpAddr],
    sockets: &SocketOptions,
    mss: Option<u16>,
) -> String {
    let mut script = "ip link set lo up\n".to_owned();
    let mtu = mss.map_or(1_500, |mss| mss.saturating_add(HEADERS));
    // Who is at the other end is known for good: asking for it could be lost, and the kernel would say so (EHOSTUNREACH), as none
    // beyond a router does.
    let (own_link, other_link) = if device == "near" { ("1", "2") } else { ("2", "1") };
    let _ = writeln!(script, "ip link set {device} mtu {mtu} address 02:00:00:00:00:0{own_link} up");
    let bits = |address: &IpAddr| if address.is_ipv4() { 32 } else { 128 };
    for address in own {
        let nodad = if address.is_ipv4() { "" } else { " nodad" };
        let _ = writeln!(script, "ip addr add {address}/{} dev {device}{nodad}", bits(address));
    }
    for other in others {
        let source = own.iter().find(|address| address.is_ipv4() == other.is_ipv4());
        let source = source.map(|source| format!(" src {source}")).unwrap_or_default();
        let _ = writeln!(script, "ip route add {other}/{} dev {device}{source}", bits(other));
        let neighbor = format!("{other} lladdr 02:00:00:00:00:0{other_link}");
        let _ = writeln!(script, "ip neigh replace {neighbor} dev {device} nud permanent");
    }
    for family in ["-4", "-6"] {
        let _ = writeln!(script, "ip {family} rule add pref 100 lookup local\nip {family} rule del pref 0");
    }
    let receive_buffer = Some(sockets.receive_buffer);
    let receive_buffer = receive_buffer.filter(|set| *set != SocketOptions::default().receive_buffer);
    script.push_str("echo 0 > /proc/sys/net/ipv4/tcp_early_demux\n");
    for (name, octets, least) in
        [("tcp_wmem", sockets.send_buffer, 4_608), ("tcp_rmem", receive_buffer, 2_304)]
    {
        if let Some(octets) = octets {
            let octets = octets.saturating_mul(2).max(least);
            let _ = writeln!(script, "echo {octets} {octets} {octets} > /proc/sys/net/ipv4/{name}");
        }
    }
    script
}
