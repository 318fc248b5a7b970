//! A configuration with many routes: the same attributes on every line, as generators write it, and different ones.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use holdtime_core::config::{Config, ConfigText, Settings};

fn configuration(routes: u32, same_attributes: bool) -> ConfigText {
    let mut text =
        String::from("neighbor 192.0.2.1 { local-address 192.0.2.2; local-as 1; peer-as 1;\nstatic {\n");
    for i in 0..routes {
        let [_, a, b, c] = i.to_be_bytes();
        let med = if same_attributes { 0 } else { i };
        let _ = writeln!(
            text,
            "route 10.{a}.{b}.{c}/32 next-hop 192.0.2.2 med {med} as-path [ 64500 64501 ] community [ 64500:1 64500:2 ];"
        );
    }
    text.push_str("} }\n");
    ConfigText { name: String::from("bench.conf"), text }
}

fn parsing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("configuration");
    group.sample_size(10);
    for (name, same_attributes) in [("same attributes", true), ("different attributes", false)] {
        for routes in [10_000, 100_000] {
            let file = configuration(routes, same_attributes);
            group.throughput(Throughput::Elements(routes.into()));
            group.bench_function(BenchmarkId::new(name, routes), |bencher| {
                bencher.iter_batched(
                    Settings::default,
                    |settings| {
                        black_box(Config::parse(&file, &settings).map(|config| config.neighbors.len()))
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, parsing);
criterion_main!(benches);
