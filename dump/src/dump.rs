//! An input from its first octet to its last.

use std::io;

use crate::batch::Batch;
use crate::compression::{self, Compression, Peeked};
use crate::form::Form;
use crate::item::Found;
use crate::source::{BatchReader, BoxRead};
use crate::{capture, hex, mrt, raw};

/// An input, with what it was found to be.
pub struct Dump {
    /// How it was compressed.
    pub compression: Option<Compression>,
    /// Its form.
    pub form: Form,
    source: Box<dyn BatchReader>,
}

impl Dump {
    /// Looks at the first octets; `None`: there are none, or they are nothing that is known here.
    ///
    /// # Errors
    ///
    /// That of reading the first octet, or that nothing was compressed. Others are faults, behind what stands before them.
    pub fn open(octets: BoxRead) -> io::Result<Option<Self>> {
        let (plain, compression) = compression::decompress(octets);
        let mut plain = Peeked::new(plain, Form::MAGIC);
        plain.error()?;
        if compression.is_some() && plain.head().is_empty() {
            return Err(io::Error::other("it holds nothing once it is decompressed"));
        }
        let of_head = Form::of(plain.head()).filter(|_| !plain.head().is_empty());
        let Some(form) = of_head.or_else(|| mrt::is_chain(&mut plain).then_some(Form::Mrt)) else {
            return Ok(None);
        };
        let plain: BoxRead = Box::new(plain);
        let source: Box<dyn BatchReader> = match form {
            Form::Pcap | Form::Pcapng => capture::source(form, plain),
            Form::Hex => hex::source(plain),
            Form::Mrt => mrt::source(plain),
            Form::Raw => raw::source(plain),
        };
        Ok(Some(Self { compression, form, source }))
    }

    /// Hands over everything that is found, in order, on this thread.
    pub fn each(mut self, mut take: impl FnMut(Found<'_>)) {
        let mut batch = Batch::default();
        while self.fill(&mut batch) {
            batch.found().for_each(&mut take);
            batch.clear();
        }
    }
}

impl BatchReader for Dump {
    fn fill(&mut self, batch: &mut Batch) -> bool {
        self.source.fill(batch)
    }
}
