//! The lines of a scenario that say what goes wrong, as `fault.rs` describes them, read and checked.

use std::ops::Range;

use holdtime_core::Duration;

use crate::scenario::fault::{Fault, FaultKind, PathChange};
use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::{Words, parse_duration, script_lines};
use crate::scenario::whole::{Hosts, before_the_end};

const KINDS: &[&str] = &[
    "cut",
    "mtu",
    "loss",
    "latency",
    "jitter",
    "bandwidth",
    "suspend",
    "clock",
    "power",
    "signal",
    "restart",
    "reboot",
];

/// Parses the faults at `range` of `source`; `hosts` are the names that exist, and the run ends after `run_for`.
pub(super) fn parse(
    source: &Source,
    range: Range<usize>,
    hosts: &Hosts<'_>,
    run_for: Duration,
) -> Result<Vec<Fault>, Mistake> {
    script_lines(source, range)
        .map(|mut words| {
            let time = words.clone().nth(1);
            let fault = parse_line(&mut words, hosts)?;
            words.end()?;
            let place = time.map_or(0..0, |time| time.range);
            before_the_end(source, place, fault.at, run_for)?;
            Ok(fault)
        })
        .collect()
}

fn parse_line(words: &mut Words<'_>, hosts: &Hosts<'_>) -> Result<Fault, Mistake> {
    let at = words.demand("`at` and a time")?;
    if at.text != "at" {
        return Err(words.mistake(&at, "a fault begins with its time").expected("`at` and a time"));
    }
    let at = words.duration()?;
    let verb = words.demand("a fault")?;
    let kind = match verb.text {
        "cut" => parse_cut(words, &hosts.all())?,
        change @ ("mtu" | "loss" | "latency" | "jitter" | "bandwidth") => {
            parse_path(words, &hosts.all(), change)?
        }
        "suspend" => {
            let host = parse_host(words, &hosts.all())?;
            let lasts = parse_for(words)?
                .ok_or_else(|| words.mistake(&verb, "for how long?").expected("`for` and a time"))?;
            FaultKind::Suspend { host, lasts }
        }
        "clock" => FaultKind::Clock { host: parse_host(words, &hosts.all())?, by: parse_jump(words)? },
        "power" => {
            let host = parse_host(words, &hosts.all())?;
            let off = words.demand("`off`")?;
            if off.text != "off" {
                return Err(words
                    .mistake(&off, format!("`{}` does not fit here", off.text))
                    .expected("`off`"));
            }
            FaultKind::Power { host, lasts: parse_for(words)? }
        }
        "signal" => {
            let host = parse_host(words, &hosts.all())?;
            FaultKind::Signal { host, signal: words.signal()? }
        }
        again @ ("restart" | "reboot") => parse_restart(words, hosts, again)?,
        other => return Err(words.mistake(&verb, format!("unknown fault `{other}`")).one_of(other, KINDS)),
    };
    Ok(Fault { at, kind })
}

fn parse_cut(words: &mut Words<'_>, hosts: &[&str]) -> Result<FaultKind, Mistake> {
    let (from, to, both) = parse_direction(words, hosts)?;
    Ok(FaultKind::Cut { from, to, both, lasts: parse_for(words)? })
}

fn parse_path(words: &mut Words<'_>, hosts: &[&str], verb: &str) -> Result<FaultKind, Mistake> {
    let (from, to, both) = parse_direction(words, hosts)?;
    let change = match verb {
        "loss" => {
            PathChange::Loss(parse_number(words, 1, 1_000, "how many packets of 1000 are lost, 1 to 1000")?)
        }
        "latency" => PathChange::Latency(words.positive_duration()?),
        "jitter" => PathChange::Jitter(words.positive_duration()?),
        "bandwidth" => {
            PathChange::Bandwidth(parse_number(words, 1, u64::MAX, "octets a second, at least 1")?)
        }
        _ => {
            let expected = "the largest packet that passes, in octets, at least 68 (RFC 791)";
            PathChange::Mtu(parse_number(words, 68, usize::MAX, expected)?)
        }
    };
    Ok(FaultKind::Path { from, to, both, change, lasts: parse_for(words)? })
}

fn parse_number<T>(words: &mut Words<'_>, least: T, most: T, expected: &str) -> Result<T, Mistake>
where
    T: std::str::FromStr + PartialOrd,
{
    let word = words.demand(expected)?;
    let number = word.text.parse().ok().filter(|number| (least..=most).contains(number));
    number
        .ok_or_else(|| words.mistake(&word, format!("`{}` does not fit here", word.text)).expected(expected))
}

fn parse_direction(words: &mut Words<'_>, hosts: &[&str]) -> Result<(String, String, bool), Mistake> {
    let from = parse_host(words, hosts)?;
    let arrow = words.demand("`->` or `<->`")?;
    let both = match arrow.text {
        "->" => false,
        "<->" => true,
        _ => return Err(words.mistake(&arrow, "no direction").expected("`->` or `<->`")),
    };
    let place = words.clone().next();
    let to = parse_host(words, hosts)?;
    if let Some(word) = place.filter(|_| from == to) {
        let others: Vec<&str> = hosts.iter().copied().filter(|host| *host != from).collect();
        let mistake = words.mistake(&word, "no host is cut off from itself");
        return Err(mistake.expected(format!("one of {}", others.join(", "))));
    }
    Ok((from, to, both))
}

fn parse_restart(words: &mut Words<'_>, hosts: &Hosts<'_>, verb: &str) -> Result<FaultKind, Mistake> {
    let host = parse_speaker(words, hosts)?;
    let after = words.demand("`after` and a time")?;
    if after.text != "after" {
        let mistake = words.mistake(&after, format!("`{}` does not fit here", after.text));
        return Err(mistake.expected("`after` and a time"));
    }
    Ok(FaultKind::Restart { host, machine: verb == "reboot", after: words.positive_duration()? })
}

/// What a scripted peer does after a session its script says: none is started again.
fn parse_speaker(words: &mut Words<'_>, hosts: &Hosts<'_>) -> Result<String, Mistake> {
    let mut ahead = words.clone();
    match ahead.next() {
        Some(word) if hosts.peers.contains(&word.text) => {
            let problem = format!("`{}` is a peer, and only a speaker is started again", word.text);
            Err(words.mistake(&word, problem).one_of(word.text, &hosts.speakers))
        }
        _ => parse_host(words, &hosts.all()),
    }
}

fn parse_host(words: &mut Words<'_>, hosts: &[&str]) -> Result<String, Mistake> {
    let word = words.demand("a host's name")?;
    if hosts.contains(&word.text) {
        return Ok(word.text.to_owned());
    }
    Err(words.mistake(&word, format!("no host is called `{}`", word.text)).one_of(word.text, hosts))
}

fn parse_for(words: &mut Words<'_>) -> Result<Option<Duration>, Mistake> {
    if words.skip_word("for") { words.positive_duration().map(Some) } else { Ok(None) }
}

fn parse_jump(words: &mut Words<'_>) -> Result<i64, Mistake> {
    const EXPECTED: &str = "a sign and a time, such as +1h or -30s";
    let word = words.demand(EXPECTED)?;
    let nanos = word
        .text
        .strip_prefix(['+', '-'])
        .and_then(parse_duration)
        .and_then(|by| i64::try_from(by.as_nanos()).ok());
    let nanos = nanos.ok_or_else(|| words.mistake(&word, "not a jump of the clock").expected(EXPECTED))?;
    Ok(if word.text.starts_with('-') { -nanos } else { nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Result<Vec<Fault>, Mistake> {
        let hosts = Hosts { speakers: vec!["speaker"], peers: vec!["far"] };
        parse(&Source::new("faults", text), 0..text.len(), &hosts, Duration::from_secs(60))
    }

    #[test]
    fn every_fault_of_the_table_parses() {
        let all = faults(
            "at 1s cut speaker -> far for 30s\nat 2s cut far <-> speaker\nat 3s suspend far for 1m\nat 4s clock speaker -1h\n\
             at 5s power far off\nat 6s signal speaker SIGUSR1\nat 7s mtu far -> speaker 576 for 10s\n\
             at 8s loss far <-> speaker 50 for 10s\nat 0s latency far -> speaker 80ms\nat 0s jitter far -> speaker 5ms\n\
             at 0s bandwidth speaker -> far 10000\nat 9s signal far SIGTERM\nat 10s restart speaker after 2s\n\
             at 20s reboot speaker after 1m\n",
        )
        .unwrap();
        assert_eq!(all.len(), 14);
        let heals: Vec<_> = all.iter().map(|fault| fault.heals().map(|at| at.as_secs())).collect();
        assert_eq!(heals[6..], [Some(17), Some(18), Some(0), Some(0), Some(0), Some(9), Some(12), Some(80)]);
        let peer = faults("at 1s restart far after 1s").unwrap_err();
        assert!(peer.to_string().contains("only a speaker is started again"), "{peer}");
        assert!(faults("at 1s reboot speaker").unwrap_err().to_string().contains("`after` and a time"));
        assert!(
            faults("at 1s reboot speaker for 1s").unwrap_err().to_string().contains("`for` does not fit")
        );
        assert!(faults("at 1s loss far -> speaker 1001").unwrap_err().to_string().contains("1 to 1000"));
        assert!(faults("at 1s bandwidth far -> speaker 0").unwrap_err().to_string().contains("at least 1"));
        assert!(faults("at 1s mtu far -> speaker 10").unwrap_err().to_string().contains("RFC 791"));
        assert_eq!(all[3].kind, FaultKind::Clock { host: "speaker".into(), by: -3_600_000_000_000 });
    }

    #[test]
    fn an_unknown_host_is_answered_with_the_nearest_one() {
        assert_eq!(faults("at 1s suspend speker for 1s").unwrap_err().nearest.as_deref(), Some("speaker"));
        assert_eq!(faults("at 1s suspnd far for 1s").unwrap_err().nearest.as_deref(), Some("suspend"));
        assert!(faults("at 1s suspend far").unwrap_err().to_string().contains("for how long?"));
    }
}
