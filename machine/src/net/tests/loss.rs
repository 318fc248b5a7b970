//! TCP on links that lose, delay and narrow, drawn by proptest.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Losses, jitter and a narrow link cost time and nothing else: what is written arrives once, whole and in order.
    #[test]
    fn tcp_delivers_in_order_whatever_is_lost(
        seed: u64,
        loss_per_mille in 0..300_u32,
        jitter in 0..20_u64,
        bandwidth in prop::option::of(10_000..10_000_000_u64),
        receive_buffer in 2_048..65_536_usize,
        pieces in prop::collection::vec((1..20_000_usize, 0..3_000_u64), 1..8),
    ) {
        let mut rig = Rig::drawn_from(seed);
        let link = LinkOptions { jitter: Duration::from_millis(jitter), bandwidth, loss_per_mille, ..LinkOptions::default() };
        rig.net.set_link(rig.one, rig.two, link.clone());
        rig.net.set_link(rig.two, rig.one, link);
        let socket = SocketOptions { receive_buffer, ..SocketOptions::default() };
        let listener = rig.listen(ListenerOptions { socket, ..ListenerOptions::default() });
        let client = rig.dial(SocketOptions::default());
        let mut server = None;
        for _ in 0..130 {
            rig.run(secs(1));
            server = rig.net.accept(listener).ok();
            if server.is_some() {
                break;
            }
        }
        // A handshake may be lost until its end; that takes six losses in a row.
        let Some(server) = server else { return Ok(()) };
        let mut written = Vec::new();
        let mut read = Vec::new();
        let mut buffer = vec![0; 100_000];
        for (octets, millis) in pieces {
            let piece: Vec<u8> = (0..octets).map(|at| (written.len() + at) as u8).collect();
            if let Ok(taken) = rig.net.write(rig.now, client, &piece) {
                written.extend_from_slice(&piece[..taken]);
            }
            rig.run(Duration::from_millis(millis));
            while let Ok(count @ 1..) = rig.net.read(rig.now, server, &mut buffer) {
                read.extend_from_slice(&buffer[..count]);
            }
            prop_assert!(written.starts_with(&read));
        }
        rig.net.shutdown(rig.now, client);
        // A probe of a shut window is repeated every 120 s at last, and may be lost many times.
        for _ in 0..20_000 {
            rig.run(secs(1));
            match rig.net.read(rig.now, server, &mut buffer) {
                Ok(0) => break,
                Ok(count) => read.extend_from_slice(&buffer[..count]),
                Err(IoError::WouldBlock) => {}
                // Fifteen losses of one segment in a row end a connection, and say so.
                Err(_) => return Ok(()),
            }
        }
        // Then the writer is told, and a reader that has nothing to send waits for ever: half open, as on Linux.
        let is_dead = rig.net.read(rig.now, client, &mut buffer) == Err(IoError::TimedOut);
        prop_assert!(written == read || is_dead, "{} octets of {} arrived", read.len(), written.len());
    }
}

/// Linux's congestion window after a timeout is one segment, which the one that is sent again fills.
#[test]
fn once_it_has_retransmitted_nothing_new_leaves_before_an_acknowledgement() {
    let mut rig = Rig::new();
    let listener = rig.listen(ListenerOptions::default());
    let client = rig.dial(SocketOptions::default());
    rig.run(secs(1));
    let server = rig.net.accept(listener).unwrap();
    let mut buffer = [0; 100];
    // What the server answers is lost.
    rig.net.set_cut(rig.two, rig.one, true);
    let mut read_after = |rig: &mut Rig, octets: usize, millis: u64| {
        rig.net.write(rig.now, client, &[7; 100][..octets]).unwrap();
        rig.run(Duration::from_millis(millis));
        rig.net.read(rig.now, server, &mut buffer)
    };
    assert_eq!(read_after(&mut rig, 10, 20), Ok(10));
    assert_eq!(read_after(&mut rig, 5, 900), Ok(5));
    assert_eq!(read_after(&mut rig, 7, 900), Err(IoError::WouldBlock));
    rig.net.set_cut(rig.two, rig.one, false);
    rig.run(secs(4));
    assert_eq!(rig.net.read(rig.now, server, &mut buffer), Ok(7));
    rig.run(secs(4));
    assert!(rig.sent.len() < 40, "both ends rest: {} segments", rig.sent.len());
}
