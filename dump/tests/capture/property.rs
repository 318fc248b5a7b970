//! However a conversation is cut, ordered and repeated, the same messages are found in it.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::talk::{DIALLER, LISTENER, Talk, keepalive, long_update, open_with_paths, read, update};
use crate::write::{ETHERNET, Packet, pcap, plain};

/// What one end says.
fn speech() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let message =
        prop_oneof![Just(keepalive()), any::<u16>().prop_map(update), (30_u16..4_096).prop_map(long_update),];
    prop::collection::vec(message, 1..20)
}

/// Where packets go: each up to so many places later than it was sent, and some a second time.
#[derive(Clone, Debug)]
struct Journey {
    cuts: Vec<usize>,
    delays: Vec<usize>,
    again: Vec<Index>,
}

fn journey() -> impl Strategy<Value = Journey> {
    let cuts = prop::collection::vec(1_usize..1_500, 0..60);
    let delays = prop::collection::vec(0_usize..12, 1..40);
    let again = prop::collection::vec(any::<Index>(), 0..10);
    (cuts, delays, again).prop_map(|(cuts, delays, again)| Journey { cuts, delays, again })
}

impl Journey {
    /// The packets as they are captured. Times stay in order, as those of a capture do.
    fn captured(&self, packets: &[Packet]) -> Vec<Packet> {
        let mut order: Vec<(usize, usize)> = packets
            .iter()
            .enumerate()
            .map(|(index, _)| (index + self.delays[index % self.delays.len()], index))
            .collect();
        order.extend(
            self.again.iter().map(|again| again.index(packets.len())).map(|index| (index + 3, index)),
        );
        order.sort_unstable();
        let times = order.iter().enumerate().map(|(place, _)| packets[0].time + 1_000 * place as i64);
        times.zip(&order).map(|(time, (_, index))| Packet { time, ..packets[*index].clone() }).collect()
    }
}

proptest! {
    #[test]
    fn order_repetition_and_segmentation_change_no_message(
        dialler in speech(),
        listener in speech(),
        journey in journey(),
        start in any::<(u32, u32)>(),
    ) {
        let opening = Talk::bgp().at(start.0, start.1).handshake();
        let said = |open: Vec<u8>, speech: &[Vec<u8>]| [vec![open], speech.to_vec()].concat();
        let (dialler, listener) = (said(open_with_paths(1, 3), &dialler), said(open_with_paths(2, 3), &listener));
        let handshake = opening.packets.len();
        let talk = opening
            .say_in_pieces(DIALLER, &dialler.concat(), &journey.cuts)
            .say_in_pieces(LISTENER, &listener.concat(), &journey.cuts);
        let mut packets = talk.packets[..handshake].to_vec();
        packets.extend(journey.captured(&talk.packets[handshake..]));
        let told = read(&pcap(ETHERNET, true, false, &packets));
        prop_assert_eq!(&told.faults, &Vec::<String>::new());
        prop_assert_eq!(told.from("10.0.0.1"), dialler);
        prop_assert_eq!(told.from("10.0.0.2"), listener);
    }

    #[test]
    fn a_packet_that_is_lacking_costs_only_the_messages_in_it(
        speech in speech(),
        cuts in prop::collection::vec(1_usize..1_500, 1..60),
        lacking in any::<Index>(),
    ) {
        let whole = speech.concat();
        let talk = Talk::bgp().handshake().say_in_pieces(DIALLER, &whole, &cuts);
        let index = 3 + lacking.index(talk.packets.len() - 3);
        let mut packets = talk.packets.clone();
        packets.remove(index);
        let told = read(&plain(&packets));
        // Where the packet's octets stand in what was said.
        let length = |packet: &Packet| usize::from(u16::from_be_bytes([packet.octets[16], packet.octets[17]])) - 40;
        let start: usize = talk.packets[3..index].iter().map(length).sum();
        let end = start + length(&talk.packets[index]);
        let mut at = 0;
        let mut expected = Vec::new();
        for message in &speech {
            if at + message.len() <= start || at >= end {
                expected.push(message.clone());
            }
            at += message.len();
        }
        prop_assert_eq!(told.octets(), expected);
        // The last packet is missed by nobody.
        prop_assert!(told.faults.len() == 1 || index == talk.packets.len() - 1, "{:?}", told.faults);
    }

    #[test]
    fn whatever_is_garbled_in_a_file_it_is_read_to_its_end(
        speech in speech(),
        garbled in prop::collection::vec(any::<(Index, u8)>(), 1..10),
    ) {
        let talk = Talk::bgp().handshake().say_in_pieces(DIALLER, &speech.concat(), &[100, 200, 300, 400]);
        let mut file = plain(&talk.packets);
        for (index, octet) in garbled {
            let at = 24 + index.index(file.len() - 24);
            file[at] = octet;
        }
        read(&file);
    }
}
