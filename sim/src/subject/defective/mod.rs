//! Defective builds: each re-creates one documented bug by deciding one thing otherwise than what ships.
//!
//! They are measured, never tuned: what a build's figures are is what the lab finds. Each deviates in one place only, where it
//! asks for its [`Defect`](super::Defect), and a test that undoes it sees every case pass.

mod await_peers;
mod no_eof;
mod peer_turn;
mod read_first;
mod recv_timeout;
mod rows;
mod skip_outbound;
mod slow_show;
mod wall_clock;

pub use await_peers::AwaitPeers;
pub use no_eof::NoEof;
pub use read_first::ReadFirst;
pub use recv_timeout::RecvTimeout;
pub use rows::{HastyKeepalive, NoHoldTimer, WrongLoser};
pub use skip_outbound::SkipOutbound;
pub use slow_show::SlowShow;
pub use wall_clock::WallClock;
