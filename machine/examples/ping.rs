//! Two nodes of one's own on simulated machines: one asks every ten seconds, the other answers; then the cable is pulled, and what the
//! asker sees of it is what Linux would show. An hour takes a moment, and the same seed gives the same hour.
//!
//! `cargo run -p holdtime-machine --example ping`

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use holdtime_host::time::{Duration, Instant};
use holdtime_host::{AsyncHost, Host, IoError, ListenOptions, ListenerId, StreamId, TcpOptions};
use holdtime_machine::{Lab, LabSettings, SimHost};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: std::net::SocketAddr = "10.0.0.2:7".parse()?;
    let mut lab = Lab::new(1, LabSettings::default());
    let (near, far) = (lab.add_machine(&["10.0.0.1".parse()?]), lab.add_machine(&[address.ip()]));

    let host = lab.add_process(far, "answers");
    lab.spawn(&host.clone(), async move {
        let _ = answer(&host, address).await;
    });
    let host = lab.add_process(near, "asks");
    lab.spawn(&host.clone(), async move {
        let end = ask(&host, address).await;
        println!("{} the connection is over: {end:?}", host.now().monotonic);
    });

    lab.run_until(Instant::from_secs(35));
    lab.world_mut().power_off(far);
    println!("{} the other machine loses power", lab.world().now());
    lab.run_until(Instant::from_secs(3_600));
    println!("the trace's hash is {:016x}", lab.world_mut().trace().hash());
    Ok(())
}

async fn answer(host: &SimHost, address: std::net::SocketAddr) -> Result<(), IoError> {
    let (listener, stream) = (ListenerId(0), StreamId::accepted(0));
    host.listen(listener, address, &ListenOptions::default())?;
    host.acceptable(listener).await?;
    host.accept(listener, stream)?;
    host.set_interest(stream, true, true);
    let mut octets = [0; 64];
    loop {
        host.readable(stream).await?;
        let count = host.read(stream, &mut octets)?;
        host.write(stream, octets.get(..count).unwrap_or_default())?;
    }
}

async fn ask(host: &SimHost, address: std::net::SocketAddr) -> Result<(), IoError> {
    host.sleep_until(Instant::from_secs(1)).await;
    let stream = StreamId::opened(0);
    host.connect(stream, None, address, &TcpOptions::default())?;
    host.connected(stream).await?;
    host.finish_connect(stream)?;
    host.set_interest(stream, true, true);
    loop {
        let asked = host.now().monotonic;
        host.write(stream, b"there?")?;
        host.readable(stream).await?;
        let count = host.read(stream, &mut [0; 64])?;
        println!("{} {count} octets back", host.now().monotonic);
        host.sleep_until(asked + Duration::from_secs(10)).await;
    }
}
