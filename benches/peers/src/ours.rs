//! holdtime.

use holdtime_benches::{Corpus, Shape, visit};
use holdtime_core::wire::negotiated::MAX_MESSAGE;
use holdtime_core::wire::{Message, Negotiated, Update, UpdateView, Writer};

use crate::contest::{Contestant, Visit};
use crate::encoding::{Encoder, OwnMessages, Sink};

pub struct Holdtime;

impl Contestant for Holdtime {
    fn name(&self) -> &'static str {
        "holdtime"
    }

    fn supports(&self, _shape: Shape) -> bool {
        true
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let negotiated = visit::session(corpus.shape);
        let mut visit = Visit::default();
        visit.start();
        (visit.tally, visit.refused) = visit::corpus(corpus, &negotiated);
        visit.stop();
        visit
    }
}

impl Encoder for Holdtime {
    fn name(&self) -> &'static str {
        "holdtime"
    }

    fn encodes(&self, _shape: Shape) -> bool {
        true
    }

    fn own(&self, corpus: &Corpus) -> Box<dyn OwnMessages> {
        let negotiated = visit::session(corpus.shape);
        let own = |message: &[u8]| {
            let view = UpdateView::decode(message.get(19..)?, &negotiated).ok()?;
            Some(Message::Update(Update::from(&view)))
        };
        let messages = corpus.messages().filter_map(own).collect();
        Box::new(Own { messages, negotiated })
    }
}

struct Own {
    messages: Vec<Message>,
    negotiated: Negotiated,
}

impl OwnMessages for Own {
    fn encode(&self, sink: &mut Sink) {
        let mut buffer = [0; MAX_MESSAGE];
        for message in &self.messages {
            let mut out = Writer::new(&mut buffer);
            match message.encode(&self.negotiated, &mut out) {
                Ok(()) => sink.take(out.written()),
                Err(_) => sink.refuse(),
            }
        }
    }
}
