//! Defective builds: each re-creates one documented bug by deciding one thing otherwise than what ships.
//!
//! They are measured, never tuned: what a build's figures are is what the lab finds. Each deviates in one place only, where it
//! asks for its [`Defect`](super::Defect), and a test that undoes it sees every case pass.

mod await_peers;
mod peer_turn;
mod read_first;
mod recv_timeout;
mod skip_outbound;

pub use await_peers::AwaitPeers;
pub use read_first::ReadFirst;
pub use recv_timeout::RecvTimeout;
pub use skip_outbound::SkipOutbound;
