//! The UPDATEs of an MRT file (RFC 6396) as a corpus to measure decoders on.

use std::io;

use holdtime_dump::{BoxRead, Content, Dump, Found, Item, KnownTerms};

use crate::corpus::{Corpus, Shape};

/// The UPDATE messages with AS numbers of four octets and without path identifiers in `file`, an MRT file, compressed or not; everything
/// else is skipped.
///
/// # Errors
///
/// Where it is no file of records, and where some of it cannot be read: decoders are measured on files that are whole.
pub fn updates(file: BoxRead) -> io::Result<Corpus> {
    const UPDATE: u8 = 2;
    let stream = Dump::open(file)?.ok_or_else(|| io::Error::other("it is no MRT file"))?;
    let (mut corpus, mut fault) = (Corpus::new(Shape::Recorded), None);
    stream.each(|found| match found {
        Found::Item(Item { content: Content::Message(message), .. }) => {
            let plain = matches!(message.terms, KnownTerms::Told { asn4: true, add_path: false });
            if plain && message.octets.get(18) == Some(&UPDATE) {
                corpus.push(message.octets);
            }
        }
        Found::Fault(first) => fault = fault.take().or(Some(first)),
        Found::Item(_) | Found::LeftOut(_) => {}
    });
    fault.map_or(Ok(corpus), |fault| Err(io::Error::other(fault)))
}
