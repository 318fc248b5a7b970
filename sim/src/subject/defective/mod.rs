//! Defective reactors: each re-creates one documented bug by re-ordering the pieces of the shipped ones.
//!
//! They are measured, never tuned: what a reactor's figures are is what the lab finds. Each deviates in one place only, the
//! `if shared.deviates` of its file, and a test that undoes it sees every case pass.

mod await_peers;
mod frame;
mod read_first;
mod recv_timeout;
mod skip_outbound;

use holdtime_core::Speaker;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::Recorder;
use holdtime_reactor::{AsyncHost, poll, tasks};

use crate::subject::ReactorName;

/// Whether a defective reactor has its defect. Undone only by tests, to show that it is the only thing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// As documented.
    Present,
    /// The single deviation is undone.
    Undone,
}

/// Runs a speaker on the reactor of this name; returns the exit status.
pub async fn run<H: AsyncHost + EventLog>(
    name: ReactorName,
    defect: Defect,
    host: H,
    speaker: Speaker,
    recorder: Recorder,
) -> u8 {
    let shared = |host, speaker, recorder| frame::Shared::new(host, speaker, recorder, defect);
    match name {
        ReactorName::Poll => poll::run(host, speaker, Some(recorder)).await,
        ReactorName::Async => tasks::run(host, speaker, Some(recorder)).await,
        ReactorName::AwaitPeers => await_peers::run(shared(host, speaker, recorder)).await,
        ReactorName::ReadFirst => read_first::run(shared(host, speaker, recorder)).await,
        ReactorName::SkipOutbound => skip_outbound::run(shared(host, speaker, recorder)).await,
        ReactorName::RecvTimeout => recv_timeout::run(shared(host, speaker, recorder)).await,
    }
}
