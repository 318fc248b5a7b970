//! Defective reactors: each re-creates one documented bug by deciding one thing otherwise than the shipped ones.
//!
//! They are measured, never tuned: what a reactor's figures are is what the lab finds. Each deviates in one place only, the
//! `if` on its [`Defect`], and a test that undoes it sees every case pass.

mod await_peers;
mod read_first;
mod recv_timeout;
mod skip_outbound;
mod waits;

use std::rc::Rc;

use holdtime_core::Speaker;
use holdtime_core::speaker::StreamId;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::Recorder;
use holdtime_reactor::tasks::{Policy, Shared, run_with};
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
    let recorder = Some(recorder);
    match name {
        ReactorName::Poll => poll::run(host, speaker, recorder).await,
        ReactorName::Async => tasks::run(host, speaker, recorder).await,
        ReactorName::AwaitPeers => {
            run_with(host, speaker, recorder, await_peers::AwaitPeers::new(defect)).await
        }
        ReactorName::ReadFirst => run_with(host, speaker, recorder, read_first::ReadFirst::new(defect)).await,
        ReactorName::SkipOutbound => {
            run_with(host, speaker, recorder, skip_outbound::SkipOutbound::new(defect)).await
        }
        ReactorName::RecvTimeout => {
            run_with(host, speaker, recorder, recv_timeout::RecvTimeout(defect)).await
        }
    }
}

/// Reads from a stream, then sends on it: a peer's turn.
fn read_and_send<H: AsyncHost + EventLog, P: Policy>(shared: &Rc<Shared<H, P>>, stream: StreamId) {
    shared.work(|driver, now| {
        driver.read_stream(now, stream);
        driver.perform(now);
        driver.fill_stream(now, stream);
    });
}
