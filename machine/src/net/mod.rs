//! The simulated network: machines with addresses, the links between them, and TCP as Linux shows it to applications.
//!
//! Nothing here waits, runs tasks or knows what time it is: every call is handed the lab's time, and what must happen
//! later comes out as an [`Effect`] for the executor's agenda. [`Network`] is the way in; [`Tcp`] is one connection.

mod link;
mod network;
mod paths;
mod segment;
mod socket_id;
mod stack;
mod tcp;
#[cfg(test)]
mod tests;
mod timer;

pub use link::LinkOptions;
pub use network::{Network, PathState, Readiness};
pub use segment::{Flags, Segment};
pub use socket_id::SocketId;
pub use stack::MachineId;
pub use tcp::{Tcp, TcpState};

use holdtime_host::PeerRange;

use holdtime_host::time::Instant;

/// What the kernels of all machines are set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// `tcp_syn_linear_timeouts`: after so many equal intervals those between SYNs are doubled. 0: a kernel before 6.5.
    pub syn_linear_timeouts: u32,
}

impl Default for Kernel {
    /// Linux 6.5 and later.
    fn default() -> Self {
        Self { syn_linear_timeouts: 4 }
    }
}

/// What is set on a socket before it connects or listens; what a listener accepts inherits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// `SO_SNDBUF`, in octets of data; `None`: the kernel lets it grow with what the peer takes, up to `tcp_wmem`'s end.
    pub send_buffer: Option<usize>,
    /// `SO_RCVBUF`, in octets of data.
    pub receive_buffer: usize,
    /// The largest segment to send and to announce; 0 takes what the path's MTU allows.
    pub mss: u16,
    /// IP's time to live of what is sent.
    pub ttl: u8,
    /// The least time to live of what is taken (RFC 5082).
    pub min_ttl: u8,
    /// A digest of the key that signs what is sent and must sign what is taken (RFC 2385).
    pub key: Option<u64>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self { send_buffer: None, receive_buffer: 128 << 10, mss: 0, ttl: 64, min_ttl: 0, key: None }
    }
}

/// What a listener is set up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerOptions {
    /// What its connections inherit.
    pub socket: SocketOptions,
    /// `listen`'s backlog: one more than this many connections wait to be accepted.
    pub backlog: usize,
    /// `SO_REUSEADDR`: what is left of old connections does not keep the port.
    pub reuse_address: bool,
    /// Keys by peer, which replace the one in `socket`.
    pub keys: Vec<(PeerRange, u64)>,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self { socket: SocketOptions::default(), backlog: 128, reuse_address: true, keys: Vec::new() }
    }
}

/// What a call has set in motion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A segment left a machine.
    Sent {
        /// Which machine.
        from: MachineId,
        /// When it left.
        at: Instant,
        /// Where and when [`Network::deliver`] is to be called; `None`: it is lost on the way.
        arrival: Option<(MachineId, Instant)>,
        /// The segment.
        segment: Segment,
    },
    /// Call [`Network::on_alarm`] then.
    Alarm {
        /// With which socket.
        socket: SocketId,
        /// When.
        at: Instant,
    },
    /// Call [`Network::on_unreachable`] then.
    Unreachable {
        /// With which socket.
        socket: SocketId,
        /// When.
        at: Instant,
    },
    /// The socket's [`Readiness`] has gained something.
    Ready(SocketId),
}
