//! Decodes one BGP message with the core, and prints its routes as ExaBGP's JSON.
//!
//! `cargo run -p holdtime-core --example decode`

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;

use holdtime_core::print;
use holdtime_core::wire::negotiated::MAX_MESSAGE;
use holdtime_core::wire::{Family, FamilyTerms, Framer, Message, MessageView, Negotiated};

/// An UPDATE that announces 192.0.2.0/24 by 10.0.0.1, from AS 65001.
const UPDATE: [u8; 47] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 47,
    2, // header
    0, 0, // no withdrawn routes
    0, 20, // attributes
    0x40, 1, 1, 0, // ORIGIN IGP
    0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9, // AS_PATH 65001
    0x40, 3, 4, 10, 0, 0, 1, // NEXT_HOP
    24, 192, 0, 2, // 192.0.2.0/24
];

fn main() -> Result<(), Box<dyn Error>> {
    // What the OPENs of both ends agreed on is an argument: without it nobody can say how long an AS number is.
    let mut negotiated = Negotiated::between(65_000, 65_001);
    negotiated.asn4 = true;
    negotiated.set_family(FamilyTerms::assumed(Family::IPV4_UNICAST));

    let frame = Framer::new(&UPDATE, MAX_MESSAGE).next_frame()?.ok_or("the message is not whole")?;
    let view = MessageView::decode(frame, &negotiated)?;
    if let MessageView::Update(update) = &view {
        // A fault that RFC 7606 lets a session survive is no error: it says what is to be done with the routes.
        println!("fault: {:?}", update.problem());
    }
    if let Message::Update(update) = Message::from(view) {
        let mut json = String::new();
        print::update_json(&mut json, &update, None, false);
        println!("{json}");
    }
    Ok(())
}
