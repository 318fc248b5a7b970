//! Parity programs about how much fits between a writer and a reader that stands still, with buffers that nobody set.

use holdtime_reactor::Host;

use crate::parity::stage::ParityStage;

pub(super) async fn a_stopped_reader_lets_its_writer_write_about_four_megabytes<H: Host>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    let (filled, why) = stage.fill(pair.client, 65_536).await;
    stage.see(format!("4,100,000 to 4,400,000 octets: {}", (4_100_000..4_400_000).contains(&filled)));
    stage.see(format!("then {why}"));
}

pub(super) async fn of_what_a_stopped_reader_was_sent_about_128_kib_have_arrived<H: Host>(
    stage: &ParityStage<H>,
) {
    let pair = stage.pair().await;
    stage.fill(pair.client, 65_536).await;
    // What has not left yet is lost with the writer.
    stage.reset(pair.client);
    stage.pause().await;
    let (octets, end) = stage.drain(pair.server).await;
    stage.see(format!("110,000 to 135,000 octets: {}", (110_000..135_000).contains(&octets)));
    stage.see_count("then", end);
}
