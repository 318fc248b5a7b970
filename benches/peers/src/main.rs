//! Decoders and encoders beside each other: holdtime, routecore, bgpkit-parser, netgauze-bgp-pkt, zettabgp, rustbgpd-wire and the floors that
//! no decoder can beat, on the same octets in one process, every attribute and NLRI visited.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- [--rounds N] [--shape NAME | --mrt FILE]
//! ```

use std::io::{self, Write};
use std::process::ExitCode;

use holdtime_benches::{Corpus, Shape, corpus, mrt};
use holdtime_peers::contest::{self, Contestant, Score};
use holdtime_peers::encoding::{self, Encoder};
use holdtime_peers::{bgpkit, floors, netgauze, ours, routecore, rustbgpd, zettabgp};

/// Large enough to leave the first two caches, small enough for many rounds.
const OCTETS: usize = 4_000_000;

struct Options {
    rounds: usize,
    shape: Option<Shape>,
    mrt: Option<String>,
}

fn main() -> ExitCode {
    match options().and_then(|options| contest_all(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(sentence) => {
            eprintln!("holdtime-peers: {sentence}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options { rounds: 25, shape: None, mrt: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--rounds" => {
                let text = value()?;
                options.rounds = text.parse().map_err(|_| format!("\"{text}\" is not a number of rounds"))?;
            }
            "--shape" => {
                let name = value()?;
                let shape = Shape::GENERATED.into_iter().find(|shape| shape.label() == name);
                options.shape = Some(shape.ok_or(format!("there is no shape \"{name}\""))?);
            }
            "--mrt" => options.mrt = Some(value()?),
            _ => {
                return Err(format!(
                    "there is no option \"{argument}\"; try --rounds N, --shape NAME or --mrt FILE"
                ));
            }
        }
    }
    Ok(options)
}

/// Whether all contestants agree on what they saw.
fn contest_all(options: &Options) -> Result<bool, String> {
    let contestants: Vec<Box<dyn Contestant>> = vec![
        Box::new(floors::VisitAll),
        Box::new(floors::Walk),
        Box::new(floors::Copy::default()),
        Box::new(ours::Holdtime),
        Box::new(routecore::Routecore),
        Box::new(rustbgpd::Rustbgpd),
        Box::new(bgpkit::Bgpkit),
        Box::new(netgauze::Netgauze),
        Box::new(zettabgp::Zettabgp),
    ];
    // routecore is missing: its builder is taken apart by writing, and puts IPv4 routes into MP_REACH_NLRI.
    let encoders: Vec<Box<dyn Encoder>> = vec![
        Box::new(floors::Copy::default()),
        Box::new(ours::Holdtime),
        Box::new(rustbgpd::Rustbgpd),
        Box::new(bgpkit::Bgpkit),
        Box::new(netgauze::Netgauze),
        Box::new(zettabgp::Zettabgp),
    ];
    let corpora = match &options.mrt {
        Some(file) => vec![recorded(file)?],
        None => Shape::GENERATED
            .into_iter()
            .filter(|shape| options.shape.is_none_or(|only| only == *shape))
            .map(|shape| corpus::generate(shape, OCTETS))
            .collect(),
    };
    let mut agree = true;
    for corpus in &corpora {
        let decoding = contest::run(&contestants, corpus, options.rounds);
        let encoding = encoding::run(&encoders, corpus, options.rounds);
        agree &= decoding.iter().chain(&encoding).all(|score| score.differs.is_none());
        let (messages, mean) = (corpus.len(), corpus.bytes.len() / corpus.len().max(1));
        let head = format!("{}: {messages} messages, {mean} octets in the mean\n", corpus.shape.label());
        let tables = [head, table("decoding", &decoding), table("encoding", &encoding)].concat();
        // A reader that went away is no reason to stop measuring, and none to fail.
        let _ = io::stdout().write_all(format!("{tables}\n").as_bytes());
    }
    Ok(agree)
}

/// MB/s, and the ratio to the fastest of the other crates.
fn table(what: &str, scores: &[Score]) -> String {
    let mut table = format!("  {what:<18} {:>8} {:>8}\n", "MB/s", "ratio");
    let fastest = scores
        .iter()
        .filter(|score| !score.name.starts_with("floor") && score.name != "holdtime")
        .map(|score| score.megabytes)
        .fold(f64::NAN, f64::max);
    for score in scores {
        let mut note =
            score.differs.as_ref().map_or(String::new(), |differs| format!("  DIFFERS: {differs}"));
        if score.refused > 0 {
            note += &format!("  refuses {} messages", score.refused);
        }
        table += &format!("  {:<18} {score} {:>8.2}{note}\n", score.name, score.megabytes / fastest);
    }
    table
}

fn recorded(file: &str) -> Result<Corpus, String> {
    let octets = std::fs::File::open(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let corpus = mrt::updates(Box::new(octets)).map_err(|error| format!("cannot read {file}: {error}"))?;
    if corpus.is_empty() {
        return Err(format!("{file} holds no UPDATE with AS numbers of four octets"));
    }
    Ok(corpus)
}
