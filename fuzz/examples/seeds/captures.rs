//! Captures of short sessions: pcap and pcapng, in order and not, cut, and late.

/// Link types of what is written here: packets without a link layer, and Ethernet.
const RAW: u16 = 101;
const ETHERNET: u16 = 1;

const SYN: u8 = 2;
const ACK: u8 = 16;

/// Each with its name.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let whole = session();
    let mut unordered = whole.clone();
    unordered.swap(4, 6);
    unordered.insert(7, whole[3].clone());
    let late = whole[3..].to_vec();
    let mut lacking = whole.clone();
    lacking.remove(4);
    let cut: Vec<_> = whole.iter().map(|packet| packet[..packet.len().min(60)].to_vec()).collect();
    let tagged: Vec<_> = whole
        .iter()
        .map(|packet| {
            [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 9, 8, 0], packet.as_slice()].concat()
        })
        .collect();
    vec![
        ("pcap", pcap(RAW, &whole, &whole)),
        ("pcap-out-of-order", pcap(RAW, &unordered, &unordered)),
        ("pcap-late", pcap(RAW, &late, &late)),
        ("pcap-lacking", pcap(RAW, &lacking, &lacking)),
        ("pcap-cut", pcap(RAW, &cut, &whole)),
        ("pcap-vlan", pcap(ETHERNET, &tagged, &tagged)),
        ("pcapng", pcapng(RAW, &whole)),
    ]
}

/// The packets of a session: its handshake, OPENs, an UPDATE in two segments, a KEEPALIVE.
fn session() -> Vec<Vec<u8>> {
    let open = |last: u8| message(1, &[4, 0, last, 0, 90, 10, 0, 0, last, 8, 2, 6, 1, 4, 0, 1, 0, 1]);
    let update = message(2, &[0, 4, 24, 10, 0, 1, 0, 0]);
    let (first, rest) = update.split_at(20);
    let said: [(bool, u8, &[u8]); 8] = [
        (true, SYN, &[]),
        (false, SYN | ACK, &[]),
        (true, ACK, &open(1)),
        (false, ACK, &open(2)),
        (true, ACK, first),
        (true, ACK, rest),
        (true, ACK, &message(4, &[])),
        (false, ACK, &message(4, &[])),
    ];
    let mut next = [7_u32, 70];
    let mut packets = Vec::new();
    for (dialler, flags, payload) in said {
        let side = usize::from(!dialler);
        packets.push(segment(dialler, next[side], next[1 - side], flags, payload));
        next[side] += payload.len() as u32 + u32::from(flags & SYN != 0);
    }
    packets
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (19 + body.len() as u16).to_be_bytes();
    [&[0xff; 16], &length[..], &[kind], body].concat()
}

fn segment(dialler: bool, sequence: u32, acknowledges: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (ports, hosts) = if dialler { ([40_000_u16, 179], [1, 2]) } else { ([179, 40_000], [2, 1]) };
    let mut packet = vec![0x45, 0];
    packet.extend((40 + payload.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    hosts.iter().for_each(|host| packet.extend([10, 0, 0, *host]));
    ports.iter().for_each(|port| packet.extend(port.to_be_bytes()));
    packet.extend(sequence.to_be_bytes());
    packet.extend(acknowledges.to_be_bytes());
    packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

/// `whole`: the packets before they were cut.
fn pcap(link: u16, packets: &[Vec<u8>], whole: &[Vec<u8>]) -> Vec<u8> {
    let mut file = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
    file.extend(u32::from(link).to_le_bytes());
    for (at, (packet, whole)) in packets.iter().zip(whole).enumerate() {
        for value in [1_700_000_000 + at, 0, packet.len(), whole.len()] {
            file.extend((value as u32).to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn pcapng(link: u16, packets: &[Vec<u8>]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padding = body.len().next_multiple_of(4) - body.len();
        let length = (12 + body.len() + padding) as u32;
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), body, &[0; 3][..padding], &length.to_le_bytes()]
            .concat()
    };
    let mut file =
        block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    let [low, high] = link.to_le_bytes();
    // Its times are in nanoseconds (if_tsresol, an option).
    file.extend(block(1, &[low, high, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]));
    for (at, packet) in packets.iter().enumerate() {
        let length = (packet.len() as u32).to_le_bytes();
        let head = [0_u32, 0x1797_9cfe, at as u32].map(u32::to_le_bytes).concat();
        file.extend(block(6, &[&head[..], &length, &length, packet].concat()));
    }
    file
}
