//! Mutated messages through our decoder and those of other crates, and what they disagree about.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --features differential --bin differential -- [--count N] [--seed N]
//! ```

use std::collections::BTreeMap;
use std::process::ExitCode;

use holdtime_benches::{Shape, corpus};
use holdtime_core::fuzzing::mutation::Mutator;
use holdtime_peers::differential::{Verdict, compare, crates};

fn main() -> ExitCode {
    let mut numbers = [100_000_u64, 1];
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for pair in arguments.chunks(2) {
        match pair {
            [name, number] if name == "--count" => numbers[0] = number.parse().unwrap_or(numbers[0]),
            [name, number] if name == "--seed" => numbers[1] = number.parse().unwrap_or(numbers[1]),
            _ => {
                eprintln!("differential: there are --count N and --seed N");
                return ExitCode::from(2);
            }
        }
    }
    let mut messages = Vec::new();
    for shape in Shape::GENERATED {
        messages.extend(corpus::generate(shape, 200_000).messages().map(<[u8]>::to_vec));
    }
    // Other crates' panics are counted, not printed.
    std::panic::set_hook(Box::new(|_| {}));
    let (crates, mut mutator) = (crates(), Mutator::new(numbers[1]));
    let mut seen: BTreeMap<(&str, String), (usize, String)> = BTreeMap::new();
    for _ in 0..numbers[0] {
        let mut message = messages[mutator.below(messages.len())].clone();
        let other = mutator.below(messages.len());
        mutator.mutate(&mut message, &messages[other]);
        for one in &crates {
            let Some(verdict) = compare(one.as_ref(), &message) else { continue };
            let what = match verdict {
                Verdict::Agree => "agree".to_owned(),
                Verdict::Faulty(_) => "not asked: we find a fault".to_owned(),
                Verdict::Justified(reason) => format!("justified: {reason}"),
                Verdict::Panicked => "it panics".to_owned(),
                Verdict::Open(difference) => {
                    format!("OPEN: {}", difference.split(':').next().unwrap_or_default())
                }
            };
            let entry = seen.entry((one.name(), what)).or_default();
            entry.0 += 1;
            if entry.1.is_empty() || message.len() * 2 < entry.1.len() {
                entry.1 = message.iter().map(|octet| format!("{octet:02x}")).collect();
            }
        }
    }
    let mut open = false;
    for ((name, what), (count, example)) in &seen {
        let is_open = what.starts_with("OPEN");
        open |= is_open;
        println!(
            "{name:<18} {count:>8}  {what}{}",
            if is_open { format!("  {example}") } else { String::new() }
        );
    }
    if open { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
