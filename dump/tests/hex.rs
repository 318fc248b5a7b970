//! Text with hex in it: what people paste, and what tools print.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::io::{Cursor, Read};

use holdtime_dump::{Batch, BatchReader, BoxRead, Content, Dump, Form, Found};
use proptest::prelude::*;

/// What was found in a text: messages with their line, faults, what was left out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    messages: Vec<(u64, Vec<u8>)>,
    faults: Vec<String>,
    left_out: usize,
}

impl Told {
    fn octets(&self) -> Vec<Vec<u8>> {
        self.messages.iter().map(|(_, octets)| octets.clone()).collect()
    }
}

fn read_from(octets: BoxRead) -> Told {
    let mut stream = Dump::open(octets).unwrap().expect("a text");
    assert_eq!(stream.form, Form::Hex);
    let mut told = Told::default();
    let mut batch = Batch::default();
    while stream.fill(&mut batch) {
        for found in batch.found() {
            match found {
                Found::Fault(fault) => told.faults.push(fault.to_string()),
                Found::LeftOut(_) => told.left_out += 1,
                Found::Item(item) => {
                    let message = match item.content {
                        Content::Message(message) => message,
                        #[allow(unreachable_patterns, reason = "a text has messages only")]
                        other => panic!("a text has messages only, not {other:?}"),
                    };
                    told.messages.push((item.place.number, message.octets.to_vec()));
                }
            }
        }
        batch.clear();
    }
    told
}

fn read(text: &str) -> Told {
    read_from(Box::new(Cursor::new(text.as_bytes().to_vec())))
}

fn keepalive() -> Vec<u8> {
    [&[0xff; 16][..], &[0, 19, 4]].concat()
}

fn update() -> Vec<u8> {
    [&[0xff; 16][..], &[0, 27, 2, 0, 4, 24, 10, 0, 1, 0, 0]].concat()
}

const KEEPALIVE: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0013:04";
const UPDATE: &str = "ffffffffffffffffffffffffffffffff001b02000418 0a0001 0000";

#[test]
fn messages_and_bodies_stand_a_line_each() {
    let text = format!("# two messages\n{KEEPALIVE}\n\n{UPDATE} ; and\n0x0004180a00010000  // a body\n");
    let told = read(&text);
    assert_eq!(
        told,
        Told { messages: vec![(2, keepalive()), (4, update()), (5, update())], ..Told::default() }
    );
}

#[test]
fn a_line_may_hold_several_messages() {
    let told = read(&format!("{KEEPALIVE}{UPDATE}{KEEPALIVE}\n"));
    assert_eq!((told.octets(), told.faults), (vec![keepalive(), update(), keepalive()], vec![]));
}

#[test]
fn a_message_may_be_folded_anywhere() {
    let whole: String = format!("{KEEPALIVE}{UPDATE}").chars().filter(char::is_ascii_hexdigit).collect();
    for width in 1..whole.len() {
        let lines: Vec<String> =
            whole.as_bytes().chunks(width).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
        let told = read(&format!("{}\n# and one more\n{KEEPALIVE}\n", lines.join("\n\n")));
        assert_eq!(
            (told.octets(), &told.faults),
            (vec![keepalive(), update(), keepalive()], &vec![]),
            "{width}"
        );
    }
}

#[test]
fn octets_are_written_in_many_ways() {
    let forms: [fn(&u8) -> String; 9] = [
        |octet| format!("{octet:02x}"),
        |octet| format!("{octet:02X} "),
        |octet| format!("{octet:02x}:"),
        |octet| format!("0x{octet:02x}, "),
        |octet| format!("0x{octet:x},"),
        |octet| format!("\\x{octet:02x}"),
        |octet| format!("{octet:02x}-"),
        |octet| format!("{octet:02x}."),
        |octet| format!("0x{octet:02x}"),
    ];
    for form in forms {
        let text: String = update().iter().map(form).collect();
        let told = read(&format!("\u{feff}{text}\r\n"));
        assert_eq!((told.octets(), told.faults), (vec![update()], vec![]), "{text}");
    }
}

#[test]
fn a_line_that_is_no_hex_is_named_and_the_rest_is_decoded() {
    let told = read(&format!("{KEEPALIVE}\nFFFF 00zz 11\n{UPDATE}\n  12 3\n{KEEPALIVE}\n"));
    assert_eq!(told.octets(), [keepalive(), update(), keepalive()]);
    let expected = [
        "line 2: \"00zz\" in column 6 is not hex: digits 0-9 and a-f, two for each octet",
        "line 4: hex has two digits for each octet, and one is missing",
    ];
    assert_eq!(told.faults, expected);
}

#[test]
fn a_message_that_does_not_have_the_length_it_says_is_named() {
    let cut = &UPDATE[..44];
    for (text, messages, fault) in [
        (format!("{cut}\n{KEEPALIVE}\n"), 1, "line 1: the message says that it has 27 octets and has 22"),
        (
            format!("{KEEPALIVE}00\n{KEEPALIVE}"),
            2,
            "line 1: 1 octets behind the message of 19 begin with no marker",
        ),
        (format!("{KEEPALIVE}\nffffffff"), 1, "line 2: the message has 4 octets, fewer than a header has"),
        (
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0012:04".to_owned(),
            0,
            "line 1: the message says that it has 18 octets, which none can have",
        ),
        (format!("1:raw:{cut}\n{KEEPALIVE}"), 1, "line 1: the message says that it has 27 octets and has 22"),
    ] {
        let told = read(&text);
        assert_eq!((told.messages.len(), told.faults), (messages, vec![fault.to_owned()]), "{text}");
    }
}

#[test]
fn a_bad_line_within_a_message_costs_that_message_alone() {
    let told = read(&format!("{}\n??\n{}\n\n{KEEPALIVE}\n00000000\n", &UPDATE[..20], &UPDATE[20..]));
    assert_eq!(told.messages, [(5, keepalive()), (6, [&[0xff; 16][..], &[0, 23, 2, 0, 0, 0, 0]].concat())]);
    let expected = [
        "line 1: the message has 10 octets, fewer than a header has",
        "line 2: \"??\" in column 1 is not hex: digits 0-9 and a-f, two for each octet",
    ];
    assert_eq!(told.faults, expected);
}

#[test]
fn exabgp_s_cases_hold_messages_in_their_raw_lines() {
    let told = read(&format!(
        "option:bind:ipv6\n# a comment\n1:raw:{KEEPALIVE}\nA1:raw:{UPDATE}\n2:notification:what\n2:json:{{}}\n3:signal:SIGUSR1\n2:raw:FFFF00:0y\n12:raw:{KEEPALIVE}\n"
    ));
    assert_eq!(told.messages, [(3, keepalive()), (4, update()), (9, keepalive())]);
    assert_eq!(told.left_out, 4);
    assert_eq!(told.faults.len(), 1, "{:?}", told.faults);
    assert!(told.faults[0].starts_with("line 8: "), "{:?}", told.faults);
}

#[test]
fn offsets_and_characters_are_no_octets() {
    let dumps = [
        (
            "hexdump -C",
            "00000000  ff ff ff ff ff ff ff ff  ff ff ff ff ff ff ff ff  |................|\n00000010  00 13 04 ff ff ff ff ff  ff ff ff ff ff ff ff ff  |................|\n00000020  ff ff ff 00 1b 02 00 04  18 0a 00 01 00 00        |..............|\n0000002e\n",
        ),
        (
            "hexdump",
            "0000000 ffff ffff ffff ffff ffff ffff ffff ffff\n0000010 1300 ff04 ffff ffff ffff ffff ffff ffff\n0000020 ffff 00ff 021b 0400 0a18 0100 0000     \n000002e\n",
        ),
        (
            "od -x",
            "0000000 ffff ffff ffff ffff ffff ffff ffff ffff\n0000020 1300 ff04 ffff ffff ffff ffff ffff ffff\n0000040 ffff 00ff 021b 0400 0a18 0100 0000\n0000056\n",
        ),
        (
            "od -t x1",
            "0000000 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n0000020 00 13 04 ff ff ff ff ff ff ff ff ff ff ff ff ff\n0000040 ff ff ff 00 1b 02 00 04 18 0a 00 01 00 00\n0000056\n",
        ),
        (
            "od -A x -t x1z",
            "000000 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff  >................<\n000010 00 13 04 ff ff ff ff ff ff ff ff ff ff ff ff ff  >................<\n000020 ff ff ff 00 1b 02 00 04 18 0a 00 01 00 00        >..............<\n00002e\n",
        ),
        (
            "xxd",
            "00000000: ffff ffff ffff ffff ffff ffff ffff ffff  ................\n00000010: 0013 04ff ffff ffff ffff ffff ffff ffff  ................\n00000020: ffff ff00 1b02 0004 180a 0001 0000       ..............\n",
        ),
        (
            "xxd -c 8, whose characters look like octets",
            "00000000: ffff ffff ffff ffff  abcdabcd\n00000008: ffff ffff ffff ffff  abcdabcd\n00000010: 0013 04ff ffff ffff  abcdabcd\n00000018: ffff ffff ffff ffff  abcdabcd\n00000020: ffff ff00 1b02 0004  abcdabcd\n00000028: 180a 0001 0000       abcdab\n",
        ),
        (
            "Wireshark",
            "0000   ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff   ................\n0010   00 13 04 ff ff ff ff ff ff ff ff ff ff ff ff ff   ................\n0020   ff ff ff 00 1b 02 00 04 18 0a 00 01 00 00         ..............\n",
        ),
    ];
    for (name, text) in dumps {
        for text in [text.to_owned(), format!("# {name}\n{text}\n{text}")] {
            let told = read(&text);
            let again = text.starts_with('#');
            let expected: Vec<_> =
                [keepalive(), update()].into_iter().cycle().take(if again { 4 } else { 2 }).collect();
            assert_eq!((told.octets(), told.faults), (expected, vec![]), "{name}");
        }
    }
}

#[test]
fn an_odd_number_of_octets_in_words_ends_at_the_last_offset() {
    let text = "0000000 ffff ffff ffff ffff ffff ffff ffff ffff\n0000010 1300 0004                              \n0000013\n";
    let told = read(text);
    assert_eq!((told.octets(), told.faults), (vec![keepalive()], vec![]));
}

#[test]
fn lines_that_hexdump_leaves_out_are_the_one_before() {
    let text = "00000000  ff ff ff ff ff ff ff ff  ff ff ff ff ff ff ff ff  |................|\n00000010  00 5b 02 00 00 00 44 d0  fa 00 40 ff ff ff ff ff  |.[....D...@.....|\n00000020  ff ff ff ff ff ff ff ff  ff ff ff ff ff ff ff ff  |................|\n*\n00000050  ff ff ff ff ff ff ff ff  ff ff ff                 |...........|\n0000005b\n";
    let told = read(text);
    assert_eq!(told.faults, Vec::<String>::new());
    assert_eq!(told.messages[0].1.len(), 91);
    assert!(told.messages[0].1[27..].iter().all(|octet| *octet == 0xff));
}

#[test]
fn packets_of_tcpdump_are_read_from_their_first_marker() {
    // tcpdump -r FILE -X: an acknowledgement, then a KEEPALIVE and an UPDATE.
    let text = "12:34:56.789012 IP 10.0.0.1.40000 > 10.0.0.2.179: Flags [.], ack 1, win 64, length 0\n\
        \t0x0000:  4500 0028 0001 4000 4006 0000 0a00 0001  E..(..@.@.......\n\
        \t0x0010:  0a00 0002 9c40 00b3 0000 0001 0000 0001  .....@..........\n\
        \t0x0020:  5010 ffff 0000 0000                      P.......\n\
        12:34:56.789013 IP 10.0.0.1.40000 > 10.0.0.2.179: Flags [P.], seq 1:47, ack 1, win 64, length 46: BGP\n\
        \t0x0000:  4500 0056 0001 4000 4006 0000 0a00 0001  E..V..@.@.......\n\
        \t0x0010:  0a00 0002 9c40 00b3 0000 0001 0000 0001  .....@..........\n\
        \t0x0020:  5018 ffff 0000 0000 ffff ffff ffff ffff  P...............\n\
        \t0x0030:  ffff ffff ffff ffff 0013 04ff ffff ffff  ................\n\
        \t0x0040:  ffff ffff ffff ffff ffff ff00 1b02 0004  ................\n\
        \t0x0050:  180a 0001 0000                           ......\n";
    let told = read(text);
    assert_eq!(
        (told.messages, told.left_out, told.faults),
        (vec![(6, keepalive()), (6, update())], 1, vec![])
    );
}

#[test]
fn packets_of_wireshark_without_a_message_are_no_bodies() {
    // tshark -x: an acknowledgement in an Ethernet frame.
    let text = "0000  02 00 0a 00 00 02 02 00 0a 00 00 01 08 00 45 c0   ..............E.\n\
        0010  00 28 00 00 40 00 40 06 26 0e 0a 00 00 01 0a 00   .(..@.@.&.......\n\
        0020  00 02 80 00 00 b3 46 b7 3b fa e1 0b f1 eb 50 10   ......F.;.....P.\n\
        0030  04 00 0f 53 00 00                                 ...S..\n";
    let told = read(text);
    assert_eq!((told.messages, told.left_out, told.faults), (vec![], 1, vec![]));
}

#[test]
fn a_line_without_an_end_is_bounded() {
    let long = "0".repeat(5 << 20);
    let told = read(&format!("{KEEPALIVE}\n{long}\n{UPDATE}\n"));
    assert_eq!(told.octets(), [keepalive(), update()]);
    assert_eq!(told.faults, ["line 2: the line has more than 1048576 octets"]);
}

#[test]
fn a_message_is_handed_over_before_more_is_waited_for() {
    /// A pipe that breaks if anybody reads on.
    struct Pipe(Cursor<Vec<u8>>);
    impl Read for Pipe {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(std::io::Error::other("somebody reads on")),
                read => Ok(read),
            }
        }
    }
    let text = format!(
        "{KEEPALIVE}\n{UPDATE}\n# so that the first octets tell what it is, there are enough of them\n"
    );
    let mut stream = Dump::open(Box::new(Pipe(Cursor::new(text.into_bytes())))).unwrap().unwrap();
    let mut batch = Batch::default();
    assert!(stream.fill(&mut batch));
    assert_eq!(batch.found().filter(|found| matches!(found, Found::Item(_))).count(), 2);
    assert_eq!(batch.found().filter(|found| matches!(found, Found::Fault(_))).count(), 0);
}

proptest! {
    #[test]
    fn any_text_is_read_to_its_end(text in "([0-9a-fA-F: xX#;/*.,|>\n\t-]|0x|raw|option|ff|\\PC){0,400}") {
        if !text.is_empty() {
            let _ = Dump::open(Box::new(Cursor::new(text.into_bytes()))).unwrap().map(|mut stream| {
                let mut batch = Batch::default();
                let mut rounds = 0;
                while stream.fill(&mut batch) {
                    batch.clear();
                    rounds += 1;
                    assert!(rounds < 1_000);
                }
            });
        }
    }
}
