//! The codec: framing, decoding with every value visited, encoding into the caller's buffer.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holdtime_benches::{Corpus, Shape, corpus, visit};
use holdtime_core::wire::frame::Framer;
use holdtime_core::wire::negotiated::MAX_MESSAGE;
use holdtime_core::wire::{Update, UpdateView, Writer};

const OCTETS: usize = 1_000_000;

fn framing(criterion: &mut Criterion) {
    over_each_shape(criterion, "frame", |corpus| {
        let mut framer = Framer::new(&corpus.bytes, MAX_MESSAGE);
        while let Ok(Some(frame)) = framer.next_frame() {
            black_box(frame);
        }
    });
}

fn decoding(criterion: &mut Criterion) {
    over_each_shape(criterion, "decode", |corpus| {
        let negotiated = visit::session(corpus.shape);
        let mut framer = Framer::new(&corpus.bytes, MAX_MESSAGE);
        while let Ok(Some(frame)) = framer.next_frame() {
            let _ = black_box(UpdateView::decode(frame.body(), &negotiated));
        }
    });
    over_each_shape(criterion, "decode and visit", |corpus| {
        black_box(visit::corpus(corpus, &visit::session(corpus.shape)));
    });
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    for shape in Shape::GENERATED {
        let negotiated = visit::session(shape);
        let corpus = corpus::generate(shape, OCTETS);
        let updates: Vec<Update> = corpus
            .messages()
            .filter_map(|message| UpdateView::decode(&message[19..], &negotiated).ok())
            .map(|view| Update::from(&view))
            .collect();
        let mut buffer = vec![0; MAX_MESSAGE];
        group.throughput(Throughput::Bytes(corpus.bytes.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(shape.label()), |bencher| {
            bencher.iter(|| {
                for update in &updates {
                    let mut out = Writer::new(&mut buffer);
                    let _ = black_box(update.encode(&negotiated, &mut out));
                }
            });
        });
    }
    group.finish();
}

fn over_each_shape(criterion: &mut Criterion, name: &str, mut work: impl FnMut(&Corpus)) {
    let mut group = criterion.benchmark_group(name);
    for shape in Shape::GENERATED {
        let corpus = corpus::generate(shape, OCTETS);
        group.throughput(Throughput::Bytes(corpus.bytes.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(shape.label()), |bencher| {
            bencher.iter(|| work(&corpus));
        });
    }
    group.finish();
}

criterion_group!(benches, framing, decoding, encoding);
criterion_main!(benches);
