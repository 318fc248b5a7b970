//! The `poll` reactor: one loop, and one wait over peers, API programs, signals and the next deadline.

use holdtime_core::speaker::Speaker;
use holdtime_core::time::Now;

use holdtime_host::{Host, Ready};

use crate::driver::{Driver, Recorder};
use crate::event_log::EventLog;

/// Runs a speaker until it has finished; returns the exit status. On a host whose [`wait`](Host::wait) blocks
/// this completes the first time it is polled.
pub async fn run<H: Host + EventLog>(host: H, speaker: Speaker, recorder: Option<Recorder>) -> u8 {
    let mut driver = Driver::new(host, speaker);
    if let Some(recorder) = recorder {
        driver.record(recorder);
    }
    let mut ready = Vec::new();
    let now = driver.host().now();
    driver.start(now);
    driver.drain(now);
    if driver.exit_code().is_none() {
        driver.host().started();
    }
    loop {
        if let Some(code) = driver.exit_code() {
            driver.host().farewell().await;
            return code;
        }
        let deadline = driver.deadline();
        let now = driver.host().wait(deadline, &mut ready).await;
        turn(&mut driver, now, &ready);
    }
}

/// One turn: all that was ready, and the timers, at one instant.
///
/// Input comes before the timers, and the timers are judged as of the moment when the input was looked for: a
/// hold timer never fires while the KEEPALIVE that restarts it waits unread, however long the rest of the
/// turn takes, or the process stood still ([`Host::wait`]). So does what a stream had no room for before: the send hold timer waits for that. More output comes last,
/// because it is what can wait.
pub fn turn<H: Host + EventLog>(driver: &mut Driver<H>, now: Now, ready: &[Ready]) {
    let is_output = |ready: &&Ready| matches!(ready, Ready::Writable(_));
    for &input in ready.iter().filter(|ready| !is_output(ready)) {
        driver.handle(now, input);
        driver.drain(now);
    }
    for &output in ready.iter().filter(is_output) {
        if let Ready::Writable(stream) = output {
            driver.resume_stream(now, stream);
            driver.drain(now);
        }
    }
    driver.timeouts(now);
    driver.drain(now);
    for &output in ready.iter().filter(is_output) {
        driver.handle(now, output);
        driver.drain(now);
    }
}
