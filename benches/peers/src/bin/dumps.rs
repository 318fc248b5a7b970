//! Every route that `bgpdump` and `bgpkit-parser` print of MRT files, looked for in what `holdtime decode` prints of them, line by line.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin dumps -- [--holdtime PROGRAM] [FILE ...]
//! ```
//!
//! Without files, those of `../shared/mrt` beside the repository. A line is kind, time, peer, its AS, prefix, AS path, origin and next hop;
//! `dump/README.md` says why some differ. Status 1 where lines of another are not among ours.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use bgpkit_parser::BgpkitParser;
use bgpkit_parser::models::ElemType;
use serde_json::Value;

/// How often each line stands in a file.
type Lines = BTreeMap<String, i64>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut holdtime = PathBuf::from("target/release/holdtime");
    let (mut files, mut arguments) = (Vec::new(), std::env::args().skip(1));
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--holdtime" => holdtime = arguments.next().ok_or("--holdtime needs a program")?.into(),
            file => files.push(PathBuf::from(file)),
        }
    }
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mrt");
    if files.is_empty() && shared.is_dir() {
        files.extend(shared.read_dir()?.map_while(Result::ok).map(|entry| entry.path()));
        files.retain(|file| file.extension().is_some_and(|extension| extension == "gz"));
        files.sort();
    }
    let mut all = true;
    for file in &files {
        // Of a table's route bgpdump prints when the table was written, bgpkit-parser when the route came.
        let theirs =
            [("bgpdump", "dumped", bgpdump(file)?), ("bgpkit-parser", "originated", Some(bgpkit(file)?))];
        for (name, time, lines) in theirs {
            let Some(lines) = lines else {
                println!("{}: skipped: {name} is not installed", file.display());
                continue;
            };
            all &= compare(file, name, &ours(&holdtime, file, time)?, &lines);
        }
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints how many lines are alike, and some that are not; whether all of theirs are among ours.
fn compare(file: &Path, name: &str, ours: &Lines, theirs: &Lines) -> bool {
    let lacking = |of: &Lines, among: &Lines| {
        let more = |(line, count): (&String, &i64)| {
            let missing = count - among.get(line).copied().unwrap_or(0);
            (missing > 0).then(|| (missing, line.clone()))
        };
        of.iter().filter_map(more).collect::<Vec<_>>()
    };
    let (missing, beyond) = (lacking(theirs, ours), lacking(ours, theirs));
    let total = |lines: &[(i64, String)]| lines.iter().map(|(count, _)| count).sum::<i64>();
    println!(
        "{}: of {} lines of {name} {} are not among ours; {} of ours are not among its",
        file.display(),
        theirs.values().sum::<i64>(),
        total(&missing),
        total(&beyond)
    );
    for (mark, lines) in [('-', &missing), ('+', &beyond)] {
        for (count, line) in lines.iter().take(5) {
            println!("  {mark} {count} × {line}");
        }
    }
    missing.is_empty()
}

fn add(lines: &mut Lines, line: String) {
    *lines.entry(line).or_default() += 1;
}

/// What `holdtime decode` prints; `time`: which of a table's times stands before its routes.
fn ours(holdtime: &Path, file: &Path, time_of: &str) -> Result<Lines, Box<dyn Error>> {
    let mut child = Command::new(holdtime).arg("decode").arg(file).stdout(Stdio::piped()).spawn()?;
    let mut lines = Lines::new();
    for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
        let object: Value = serde_json::from_str(&line?)?;
        let (neighbor, mut time) = (&object["neighbor"], object["time"].as_f64().unwrap_or(0.0) as u64);
        if let Some(of_table) = neighbor["rib"][time_of].as_u64() {
            time = of_table;
        }
        let head = format!("{time}|{}|{}", text(&neighbor["address"]["peer"]), neighbor["asn"]["peer"]);
        let update = &neighbor["message"]["update"];
        let attributes = &update["attribute"];
        let tail = format!("{}|{}", path(&attributes["as-path"]), text(&attributes["origin"]).to_uppercase());
        for (_, hops) in update["announce"].as_object().into_iter().flatten() {
            let hops = hops.as_object().into_iter().flatten();
            // Of two next hops, the others print the first.
            let hops: Vec<_> = hops.collect();
            for (hop, routes) in hops.iter().filter(|(hop, _)| hops.len() < 2 || !hop.starts_with("fe80:")) {
                for route in routes.as_array().into_iter().flatten() {
                    add(&mut lines, format!("A|{head}|{}|{tail}|{hop}", text(&route["nlri"])));
                }
            }
        }
        for (_, routes) in update["withdraw"].as_object().into_iter().flatten() {
            for route in routes.as_array().into_iter().flatten() {
                add(&mut lines, format!("W|{head}|{}", text(&route["nlri"])));
            }
        }
    }
    child.wait()?;
    Ok(lines)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `65000 65001 {65002,65003}`
fn path(value: &Value) -> String {
    let segments = value.as_object().into_iter().flatten().map(|(_, segment)| {
        let asns = segment["value"].as_array().into_iter().flatten().map(ToString::to_string);
        let asns: Vec<String> = asns.collect();
        if segment["element"] == "as-set" { format!("{{{}}}", asns.join(",")) } else { asns.join(" ") }
    });
    segments.collect::<Vec<_>>().join(" ")
}

/// What `bgpdump -m` prints; `None`: it is not installed.
fn bgpdump(file: &Path) -> Result<Option<Lines>, Box<dyn Error>> {
    let child =
        Command::new("bgpdump").arg("-m").arg(file).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return Ok(None) };
    let mut lines = Lines::new();
    for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
        let line = line?;
        let fields: Vec<&str> = line.split('|').collect();
        let fields: Vec<&str> = match fields.as_slice() {
            // A path identifier stands behind the prefix.
            [kind, _, _, _, _, _, _, ..] if kind.ends_with("_AP") => {
                let mut fields = fields.clone();
                fields.remove(6);
                fields
            }
            other => other.to_vec(),
        };
        // Microseconds, which the others leave away.
        let whole = |time: &str| time.split('.').next().unwrap_or_default().to_owned();
        match fields.as_slice() {
            [_, time, "A" | "B", peer, asn, prefix, path, origin, next_hop, ..] => {
                // What it prints where there is none of either.
                let (origin, next_hop) = match (*path, *next_hop) {
                    ("", "255.255.255.255") => ("", "no-nexthop"),
                    (_, "255.255.255.255") => (*origin, "no-nexthop"),
                    (_, next_hop) => (*origin, next_hop),
                };
                let head = format!("{}|{peer}|{asn}|{prefix}", whole(time));
                add(&mut lines, format!("A|{head}|{path}|{origin}|{next_hop}"));
            }
            [_, time, "W", peer, asn, prefix, ..] => {
                add(&mut lines, format!("W|{}|{peer}|{asn}|{prefix}", whole(time)));
            }
            _ => {}
        }
    }
    child.wait()?;
    Ok(Some(lines))
}

/// What bgpkit-parser finds.
fn bgpkit(file: &Path) -> Result<Lines, Box<dyn Error>> {
    let (plain, _) = holdtime_dump::decompress(Box::new(File::open(file)?));
    let mut lines = Lines::new();
    for element in BgpkitParser::from_reader(plain) {
        let time = element.timestamp as u64;
        let (peer, asn, prefix) = (element.peer_ip, element.peer_asn, element.prefix.prefix);
        let head = format!("{time}|{peer}|{asn}|{prefix}");
        match element.elem_type {
            ElemType::ANNOUNCE => {
                let path = element.as_path.map(|path| path.to_string()).unwrap_or_default();
                let origin = element.origin.map(|origin| origin.to_string()).unwrap_or_default();
                let none = String::from("no-nexthop");
                let next_hop = element.next_hop.map_or(none, |hop: IpAddr| hop.to_string());
                add(&mut lines, format!("A|{head}|{path}|{origin}|{next_hop}"));
            }
            ElemType::WITHDRAW => add(&mut lines, format!("W|{head}")),
        }
    }
    Ok(lines)
}
