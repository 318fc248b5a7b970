//! What the codec allocates: nothing to decode and visit, nothing to encode, and for what is kept no more than the message warrants.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use allocation_counter::{AllocationInfo, measure};
use holdtime_benches::corpus::generate;
use holdtime_benches::{Corpus, Shape, visit};
use holdtime_core::wire::frame::HEADER;
use holdtime_core::wire::{Message, Negotiated, Update, UpdateView, Writer};

const OCTETS: usize = 200_000;

/// Octets allocated for each octet of a message whose owned form is kept, growing lists included: the worst is an AS path of many
/// short segments, each of which has a list of its own.
const MOST: u64 = 32;

/// Octets that even the shortest message may take: its lists start with room for a few.
const AT_LEAST: u64 = 512;

fn each_shape(test: impl Fn(&Corpus, &Negotiated)) {
    for shape in Shape::GENERATED {
        test(&generate(shape, OCTETS), &visit::session(shape));
    }
}

fn owned(message: &[u8], negotiated: &Negotiated) -> Update {
    Update::from(&UpdateView::decode(&message[HEADER..], negotiated).unwrap())
}

fn assert_nothing(measured: &AllocationInfo, what: &str, shape: Shape) {
    assert_eq!(measured.count_total, 0, "{what} {} allocates {measured:?}", shape.label());
}

#[test]
fn decoding_and_visiting_every_value_allocates_nothing() {
    each_shape(|corpus, negotiated| {
        let mut refused = 0;
        let measured = measure(|| refused = visit::corpus(corpus, negotiated).1);
        assert_nothing(&measured, "decoding", corpus.shape);
        assert_eq!(refused, 0, "{}", corpus.shape.label());
    });
}

#[test]
fn a_message_that_is_malformed_anywhere_is_refused_or_treated_without_allocating() {
    each_shape(|corpus, negotiated| {
        for message in corpus.messages().take(50) {
            let mut message = message.to_vec();
            for at in HEADER..message.len() {
                let octet = std::mem::replace(&mut message[at], 0xff);
                let mut problem = None;
                let measured = measure(|| {
                    problem =
                        UpdateView::decode(&message[HEADER..], negotiated).map(|view| view.problem()).ok();
                });
                assert_nothing(&measured, "refusing", corpus.shape);
                message[at] = octet;
            }
        }
    });
}

#[test]
fn encoding_into_the_callers_buffer_allocates_nothing_and_gives_back_the_octets() {
    each_shape(|corpus, negotiated| {
        let mut buffer = [0; 4096];
        for original in corpus.messages() {
            let message = Message::Update(owned(original, negotiated));
            let mut out = Writer::new(&mut buffer);
            let measured = measure(|| message.encode(negotiated, &mut out).unwrap());
            assert_nothing(&measured, "encoding", corpus.shape);
            assert_eq!(out.written(), original, "{}", corpus.shape.label());
        }
    });
}

#[test]
fn the_owned_form_of_a_message_takes_no_more_room_than_its_octets_warrant() {
    let check = |body: &[u8], negotiated: &Negotiated| {
        let view = UpdateView::decode(body, negotiated).unwrap();
        let mut update = Update::default();
        let measured = measure(|| update = Update::from(&view));
        let most = MOST * body.len() as u64 + AT_LEAST;
        assert!(measured.bytes_total <= most, "{} octets for {}: {body:?}", measured.bytes_total, body.len());
    };
    each_shape(|corpus, negotiated| {
        corpus.messages().for_each(|message| check(&message[HEADER..], negotiated));
    });
    // What costs most for its octets: prefixes of no octets, and path segments of one AS.
    let negotiated = visit::session(Shape::Ipv4);
    check(&[&[0x0f, 0x00][..], &[0; 0x0f00], &[0, 0]].concat(), &negotiated);
    let path = [[2, 1, 0, 0, 0, 9]; 600].concat();
    let length = u16::try_from(path.len()).unwrap().to_be_bytes();
    let attributes = [&[0x50, 2][..], &length, &path].concat();
    let total = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    check(&[&[0, 0][..], &total, &attributes].concat(), &negotiated);
}
