//! pcap and pcapng: byte orders, times, interfaces, and what is wrong in a file.

use crate::talk::{DIALLER, LISTENER, Talk, keepalive, read, update};
use crate::write::{ETHERNET, Packet, SECOND, Section, pcap, plain};

/// Three packets with a message each, a nanosecond beyond the millisecond.
fn packets() -> Vec<Packet> {
    let mut talk = Talk::bgp();
    for number in 1..=3 {
        talk = talk.wait(1).say_in_pieces(DIALLER, &update(number), &[]);
    }
    talk.packets
}

fn times(file: &[u8]) -> Vec<i64> {
    let told = read(file);
    assert_eq!((told.octets().len(), &told.faults), (3, &vec![]));
    told.messages.iter().map(|heard| heard.time.unwrap()).collect()
}

#[test]
fn pcap_is_read_in_either_byte_order_and_resolution() {
    let exact: Vec<i64> = packets().iter().map(|packet| packet.time).collect();
    for big_endian in [false, true] {
        assert_eq!(times(&pcap(ETHERNET, true, big_endian, &packets())), exact);
        let micro: Vec<i64> = exact.iter().map(|time| time / 1_000 * 1_000).collect();
        assert_eq!(times(&pcap(ETHERNET, false, big_endian, &packets())), micro);
    }
}

#[test]
fn the_length_of_a_frame_check_sequence_is_no_part_of_the_link_type() {
    let mut file = plain(&packets());
    file[23] = 0x24;
    assert_eq!(times(&file).len(), 3);
}

#[test]
fn pcapng_has_times_of_any_resolution_and_offset() {
    // (if_tsresol, if_tsoffset, units in a second): the absolute time, in the units that the file counts in.
    let cases: [(Option<u8>, Option<i64>, u128); 8] = [
        (None, None, 1_000_000),
        (Some(6), None, 1_000_000),
        (Some(9), None, 1_000_000_000),
        (Some(3), None, 1_000),
        (Some(0), None, 1),
        (Some(10), Some(1_600_000_000), 10_000_000_000),
        (Some(0x80 | 10), None, 1 << 10),
        (Some(0x80 | 32), Some(-100), 1 << 32),
    ];
    for big_endian in [false, true] {
        for (resolution, offset, units) in cases {
            let mut section = Section::new(big_endian);
            section.interface(ETHERNET, 0, resolution, offset);
            let mut expected = Vec::new();
            for packet in packets() {
                let offset = offset.unwrap_or(0) * SECOND;
                let count = (packet.time - offset) as u128 * units / SECOND as u128;
                section.enhanced(0, count as u64, &packet);
                expected.push(offset + (count * SECOND as u128 / units) as i64);
            }
            assert_eq!(times(&section.octets), expected, "{resolution:?} {offset:?} {big_endian}");
        }
    }
}

#[test]
fn pcapng_has_several_interfaces_sections_and_kinds_of_packets() {
    let [one, two, three] = packets().try_into().unwrap();
    let raw = Packet::new(two.time, two.octets[14..54 + 27].to_vec());
    let micro = |packet: &Packet| packet.time as u64 / 1_000;
    let mut file = Section::new(true);
    file.interface(101, 0, None, None);
    file.interface(ETHERNET, 0, Some(9), None);
    // A name resolution block, a custom one, and one that nobody knows.
    file.block(4, &[0; 4]);
    file.block(0xbad, &[0, 1, 2, 3, 4, 5, 6, 7]);
    file.block(0x4242, b"?");
    file.enhanced(1, one.time as u64, &one);
    file.obsolete(0, micro(&raw), &raw);
    let mut second = Section::new(false);
    second.interface(ETHERNET, 0, None, None);
    second.simple(&three);
    file.octets.append(&mut second.octets);
    let told = read(&file.octets);
    assert_eq!((told.octets(), told.faults), (vec![update(1), update(2), update(3)], vec![]));
    let times: Vec<Option<i64>> = told.messages.iter().map(|heard| heard.time).collect();
    assert_eq!(times, [Some(one.time), Some(raw.time / 1_000 * 1_000), None], "a simple packet has no time");
}

#[test]
fn a_simple_packet_is_as_long_as_its_interface_captures() {
    let [one, two, three] = packets().try_into().unwrap();
    let mut file = Section::new(false);
    // 54 octets of headers and 26 of a message of 27, which the block pads by nothing.
    file.interface(ETHERNET, 80, None, None);
    file.simple(&one.cut(80));
    file.simple(&two.cut(80));
    file.simple(&three.cut(80));
    let told = read(&file.octets);
    assert_eq!(told.messages.len(), 0);
    let [fault] = told.faults.as_slice() else { panic!("{:?}", told.faults) };
    assert!(
        fault.contains(
            "3 octets were cut off when they were captured; 78 octets are passed over, and no message follows"
        ),
        "{fault}"
    );
}

#[test]
fn a_block_that_cannot_be_read_is_named_and_passed_over() {
    let [one, two, three] = packets().try_into().unwrap();
    let mut file = Section::new(false);
    file.interface(ETHERNET, 0, None, None);
    file.enhanced(0, 1, &one);
    let bad = file.octets.len();
    file.enhanced(0, 2, &two);
    // Its content says that it is longer than its block.
    file.octets[bad + 20] = 0xff;
    file.enhanced(7, 3, &two);
    file.enhanced(0, 4, &three);
    let told = read(&file.octets);
    assert_eq!(told.octets(), [update(1), update(3)]);
    assert_eq!(
        told.faults[0],
        format!("packet 2 (octet {bad}): an Enhanced Packet Block that cannot be read")
    );
    assert!(
        told.faults[1].ends_with("a packet of interface 7, which the section does not describe"),
        "{:?}",
        told.faults
    );
    assert!(told.faults[2].contains("27 octets were not captured"), "{:?}", told.faults);
}

#[test]
fn a_block_without_a_length_ends_a_file_and_says_so() {
    let mut file = Section::new(false);
    file.interface(ETHERNET, 0, None, None);
    file.enhanced(0, 1, &packets()[0]);
    let bad = file.octets.len();
    file.octets.extend([6, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3, 4]);
    let told = read(&file.octets);
    assert_eq!(told.octets(), [update(1)]);
    let expected = format!("packet 2 (octet {bad}): a block says that it has 7 octets, which none can have");
    assert!(told.faults[0].starts_with(&expected), "{:?}", told.faults);
}

#[test]
fn a_file_that_is_cut_off_tells_of_what_is_there() {
    let mut pcapng = Section::new(false);
    pcapng.interface(ETHERNET, 0, None, None);
    packets().iter().for_each(|packet| pcapng.enhanced(0, 5, packet));
    for (file, header) in [(plain(&packets()), 24), (pcapng.octets, 52)] {
        for length in 64..file.len() {
            let told = read(&file[..length]);
            let whole = told.octets();
            assert_eq!(whole, [update(1), update(2), update(3)][..whole.len()], "{length}");
            assert!(told.faults.len() <= 2, "{:?}", told.faults);
            if told.faults.is_empty() {
                // Between two packets.
                assert_eq!((length - header) % ((file.len() - header) / 3), 0, "{length}");
            } else {
                assert!(
                    told.faults.iter().any(|fault| fault.contains("the file ends within")),
                    "{:?}",
                    told.faults
                );
            }
        }
    }
    // What is there of the last packet is looked at: here the message, without the padding of its frame.
    let talk = Talk::bgp().say_in_pieces(LISTENER, &[keepalive(), update(9)].concat(), &[]);
    let file = plain(&talk.packets);
    let told = read(&file[..file.len() - 3]);
    assert_eq!(told.octets(), [keepalive()]);
    assert!(
        told.faults[0].ends_with("the file ends within the packet: 97 of its 100 octets are there"),
        "{:?}",
        told.faults
    );
}

#[test]
fn a_packet_s_header_that_cannot_be_is_passed_over() {
    let packets = packets();
    let mut file = plain(&packets);
    let second = 24 + 16 + packets[0].octets.len();
    file[second + 10] = 0xff;
    let told = read(&file);
    assert_eq!(told.octets(), [update(1), update(3)]);
    let skipped = 16 + packets[1].octets.len();
    let expected = format!(
        "packet 2 (octet {second}): the header of a packet says that it has 16711761 octets, more than 1048576; {skipped} octets are passed over up to one that can be"
    );
    assert_eq!(told.faults[0], expected);
}
