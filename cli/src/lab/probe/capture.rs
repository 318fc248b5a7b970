//! What goes over the wire between peers and a daemon, from a packet socket, as a capture file.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdtime_sim::report::pcap::{comments, write_frames};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, eth, recv, socket_with};

use super::player::JudgedProbe;

/// How long a read waits, and how long a capture is behind.
const LOOK: Duration = Duration::from_millis(50);
/// No packet of a loopback device is larger, with its header.
const LARGEST: usize = 1 << 17;
/// What may be kept of a run.
const MOST: usize = 64 << 20;

/// Frames with their times since 1970.
type SeenFrames = Vec<(Duration, Vec<u8>)>;

/// A capture at work.
pub(super) struct LiveCapture {
    over: Arc<AtomicBool>,
    thread: JoinHandle<SeenFrames>,
}

impl LiveCapture {
    /// Takes everything that TCP sends to or from this address, on every device.
    ///
    /// # Errors
    /// This user may not.
    pub(super) fn start(address: IpAddr) -> io::Result<Self> {
        let IpAddr::V4(address) = address else { return Err(io::ErrorKind::Unsupported.into()) };
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::PACKET, SocketType::RAW, flags, Some(eth::ALL))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(LOOK))?;
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let thread = std::thread::Builder::new().name("capture".to_owned());
        let thread = thread.spawn(move || take(&socket, address, &seen))?;
        Ok(Self { over, thread })
    }

    /// What was taken, as a pcapng file; what came of the probe, where there is a verdict, is in its comments.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn stop(self, judged: Option<&JudgedProbe>) -> io::Result<Vec<u8>> {
        // What is on its way yet.
        std::thread::sleep(LOOK);
        self.over.store(true, Ordering::Relaxed);
        let frames = self.thread.join().unwrap_or_default();
        let comments = judged.map(|judged| comments(&judged.timeline, judged.began)).unwrap_or_default();
        let mut file = Vec::new();
        write_frames(&mut file, frames.into_iter(), comments)?;
        Ok(file)
    }
}

fn take(socket: &OwnedFd, address: Ipv4Addr, over: &AtomicBool) -> SeenFrames {
    let mut frames = SeenFrames::new();
    let mut once: Vec<Vec<u8>> = Vec::new();
    let mut kept = 0;
    let mut room = vec![0; LARGEST];
    while !over.load(Ordering::Relaxed) {
        let Ok((count, _)) = recv(socket, room.as_mut_slice(), RecvFlags::empty()) else { continue };
        let frame = room.get(..count).unwrap_or_default();
        if !is_of(frame, address) || kept > MOST {
            continue;
        }
        // A loopback device shows every frame twice: as it leaves, and as it arrives.
        if is_loopback(frame) {
            if let Some(at) = once.iter().position(|seen| seen == frame) {
                once.swap_remove(at);
                continue;
            }
            once.push(frame.to_vec());
        }
        kept += frame.len();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        frames.push((now, frame.to_vec()));
    }
    frames
}

/// On a loopback device nobody has an address of Ethernet.
fn is_loopback(frame: &[u8]) -> bool {
    frame.get(..12).is_some_and(|addresses| addresses.iter().all(|octet| *octet == 0))
}

/// Whether this is a frame with a TCP segment to or from an address (RFC 791 §3.1).
fn is_of(frame: &[u8], address: Ipv4Addr) -> bool {
    const IPV4: [u8; 2] = [8, 0];
    const TCP: u8 = 6;
    let ends = [frame.get(26..30), frame.get(30..34)];
    frame.get(12..14) == Some(&IPV4) && frame.get(23) == Some(&TCP) && ends.contains(&Some(&address.octets()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_segments_of_the_daemon_are_taken() {
        let mut frame = vec![0; 54];
        frame[12] = 8;
        frame[23] = 6;
        frame[30..34].copy_from_slice(&[10, 0, 0, 1]);
        let is = |frame: &[u8]| is_of(frame, Ipv4Addr::new(10, 0, 0, 1));
        assert!(is(&frame) && is_loopback(&frame));
        assert!(!is_of(&frame, Ipv4Addr::new(10, 0, 0, 2)));
        frame[23] = 17;
        assert!(!is(&frame) && !is(&frame[..20]));
    }
}
