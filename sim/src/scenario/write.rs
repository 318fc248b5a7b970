//! A scenario, written as the file that it could have been read from: what has its usual value is left out.

use std::fmt;
use std::net::IpAddr;

use holdtime_core::Duration;
use holdtime_machine::net::{Kernel, SocketOptions};
use holdtime_machine::world::Prices;

use crate::scenario::parse::first_ipv4;
use crate::scenario::script::{Pattern, ProgramScript, format_duration};
use crate::scenario::whole::SPEAKER;
use crate::scenario::{
    Actor, Bounds, Expected, ExpectedEnd, Fault, FaultKind, PathChange, PlayClient, PlayPeer, PlaySpeaker,
    Scenario, Window, usual_prices,
};

/// How long a scenario's latency is where it says nothing.
const LATENCY: Duration = Duration::from_millis(1);
/// How late what is expected at a time may be where nothing is said.
const WITHIN: Duration = Duration::from_secs(1);

impl Scenario {
    /// The file, which [`parse`](Self::parse) reads back as the same scenario. A configuration that was a file of its own stands in it.
    ///
    /// # Errors
    /// A peer is no scripted one.
    pub fn write(&self) -> Result<String, Unwritable> {
        let mut file = Writer::default();
        file.value("title", &quoted(&self.title));
        if let Some(source) = &self.source {
            file.value("source", &quoted(source));
        }
        let play = &self.play;
        file.time("run-for", play.run_for);
        if play.ends == Some(ExpectedEnd::Never) {
            file.value("ends.how", "\"never\"");
        }
        if !play.faults.is_empty() {
            let lines: Vec<String> = play.faults.iter().map(ToString::to_string).collect();
            file.script("faults", &lines);
        }
        play.speakers.iter().for_each(|speaker| file.speaker(speaker));
        for (index, peer) in play.peers.iter().enumerate() {
            let mut above = play.peers.iter().take(index);
            file.peer(peer, above.find(|host| host.addresses == peer.addresses))?;
        }
        play.programs.iter().for_each(|(run, scripts)| file.program(run, scripts));
        play.guests.iter().flat_map(|guests| &guests.commands).for_each(|run| file.guest(run));
        play.clients.iter().for_each(|client| file.client(client));
        file.network(play.latency, play.kernel);
        file.prices(&play.prices);
        file.bounds(&play.bounds);
        file.expected(self);
        Ok(file.text)
    }
}

/// What cannot be written into a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// This peer, which follows no script.
    Checks(String),
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checks(peer) => write!(f, "`{peer}` follows no script, as every peer of a scenario does"),
        }
    }
}

impl std::error::Error for Unwritable {}

#[derive(Default)]
struct Writer {
    text: String,
    /// The table that the next value opens.
    table: Option<&'static str>,
}

impl Writer {
    fn value(&mut self, key: &str, value: &str) {
        if let Some(table) = self.table.take() {
            self.text.push('\n');
            self.text.push_str(table);
            self.text.push('\n');
        }
        self.text.push_str(key);
        self.text.push_str(" = ");
        self.text.push_str(value);
        self.text.push('\n');
    }

    fn time(&mut self, key: &str, time: Duration) {
        self.value(key, &format!("\"{}\"", format_duration(time)));
    }

    /// A time that is left out where it is the usual one.
    fn unusual(&mut self, key: &str, time: Duration, usual: Duration) {
        if time != usual {
            self.time(key, time);
        }
    }

    fn script(&mut self, key: &str, lines: &[String]) {
        match lines {
            [line] if !line.contains(['"', '\\', '\'']) => self.value(key, &quoted(line)),
            lines => {
                let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
                self.value(key, &block(&lines));
            }
        }
    }

    fn addresses(&mut self, addresses: &[IpAddr]) {
        let all: Vec<String> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
        match all.as_slice() {
            [one] => self.value("address", one),
            all => self.value("address", &format!("[{}]", all.join(", "))),
        }
    }

    fn sockets(&mut self, sockets: &SocketOptions) {
        let (SocketOptions { send_buffer, receive_buffer, mss, .. }, usual) =
            (sockets, SocketOptions::default());
        let receive_buffer = Some(*receive_buffer).filter(|octets| *octets != usual.receive_buffer);
        let mss = Some(usize::from(*mss)).filter(|mss| *mss != usize::from(usual.mss));
        for (key, octets) in [("send-buffer", *send_buffer), ("receive-buffer", receive_buffer), ("mss", mss)]
        {
            if let Some(octets) = octets {
                self.value(key, &octets.to_string());
            }
        }
    }

    fn speaker(&mut self, speaker: &PlaySpeaker) {
        self.table = Some("[[speaker]]");
        if speaker.name != SPEAKER {
            self.value("name", &quoted(&speaker.name));
        }
        self.addresses(&speaker.addresses);
        self.sockets(&speaker.options);
        self.value("config", &block(speaker.files.first().map_or("", |file| &file.text)));
        let further: Vec<String> = speaker.files.iter().skip(1).map(|file| block(&file.text)).collect();
        if !further.is_empty() {
            self.value("reloads", &format!("[{}]", further.join(", ")));
        }
    }

    /// A peer, and the one above on whose machine it runs.
    fn peer(&mut self, peer: &PlayPeer, host: Option<&PlayPeer>) -> Result<(), Unwritable> {
        let Actor::Script { script, asn, router_id } = &peer.actor else {
            return Err(Unwritable::Checks(peer.name.clone()));
        };
        self.table = Some("[[peer]]");
        self.value("name", &quoted(&peer.name));
        match host {
            Some(host) => self.value("on", &quoted(&host.name)),
            None => self.addresses(&peer.addresses),
        }
        self.value("as", &asn.to_string());
        // It is the first address of IPv4 unless told.
        if host.is_some() || first_ipv4(&peer.addresses) != Some(*router_id) {
            self.value("router-id", &format!("\"{router_id}\""));
        }
        self.sockets(&peer.options);
        self.script("script", &script.lines());
        Ok(())
    }

    fn program(&mut self, run: &str, scripts: &[ProgramScript]) {
        self.table = Some("[[program]]");
        self.value("run", &quoted(run));
        self.script("script", &scripts.first().map(ProgramScript::lines).unwrap_or_default());
    }

    fn guest(&mut self, run: &str) {
        self.table = Some("[[program]]");
        self.value("run", &quoted(run));
        self.value("real", "true");
    }

    fn client(&mut self, client: &PlayClient) {
        self.table = Some("[[client]]");
        self.value("name", &quoted(&client.name));
        self.value("on", &quoted(&client.speaker));
        self.script("script", &client.script.lines());
    }

    fn network(&mut self, latency: Duration, kernel: Kernel) {
        self.table = Some("[network]");
        self.unusual("latency", latency, LATENCY);
        let Kernel { syn_linear_timeouts } = kernel;
        if kernel != Kernel::default() {
            self.value("syn-linear-timeouts", &syn_linear_timeouts.to_string());
        }
    }

    fn prices(&mut self, prices: &Prices) {
        let usual = usual_prices();
        self.table = Some("[prices]");
        self.unusual("poll", prices.poll(), usual.poll());
        self.unusual("call", prices.call(), usual.call());
        self.unusual("byte", prices.octets(1), usual.octets(1));
        self.unusual("route", prices.routes(1), usual.routes(1));
    }

    fn bounds(&mut self, bounds: &Bounds) {
        let (Bounds { route, answer, wakeups }, usual) = (*bounds, Bounds::default());
        self.table = Some("[bounds]");
        self.unusual("route", route, usual.route);
        self.unusual("answer", answer, usual.answer);
        if wakeups != usual.wakeups {
            self.value("wakeups", &wakeups.to_string());
        }
    }

    fn expected(&mut self, scenario: &Scenario) {
        if let Some(window) = &scenario.play.up {
            self.table = Some("[up]");
            self.window(window);
            if let Some(by) = scenario.play.again_by {
                self.time("again-by", by);
            }
        }
        if let Some(ExpectedEnd::With(how, window)) = &scenario.play.ends {
            self.table = Some("[ends]");
            self.value("how", &format!("\"{}\"", ending(*how)));
            self.window(window);
        }
        self.table = Some("[expect]");
        for (subject, expected) in &scenario.expect {
            let verdict = match expected {
                Expected::Pass => "pass".to_owned(),
                Expected::Hang(oracles) => {
                    oracles.iter().map(|oracle| oracle.code()).collect::<Vec<_>>().join(" ")
                }
            };
            self.value(subject, &format!("\"{verdict}\""));
        }
    }

    fn window(&mut self, window: &Window) {
        self.time("at", window.at);
        self.unusual("within", window.within, WITHIN);
    }
}

/// A session's end as `how` says it; only these patterns are ends.
fn ending(how: Pattern) -> String {
    match how {
        Pattern::Notification(code, subcode) => format!("notification {code}/{subcode}"),
        Pattern::Type(_) => "notification".to_owned(),
        _ => "close".to_owned(),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} {}", format_duration(self.at), self.kind)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = |both: bool| if both { "<->" } else { "->" };
        let lasts = match self {
            Self::Cut { from, to, both, lasts } => {
                write!(f, "cut {from} {} {to}", arrow(*both))?;
                *lasts
            }
            Self::Path { from, to, both, change, lasts } => {
                write!(f, "{} {from} {} {to} {change}", change.verb(), arrow(*both))?;
                *lasts
            }
            Self::Suspend { host, lasts } => {
                write!(f, "suspend {host}")?;
                Some(*lasts)
            }
            Self::Clock { host, by } => {
                let sign = if *by < 0 { '-' } else { '+' };
                return write!(
                    f,
                    "clock {host} {sign}{}",
                    format_duration(Duration::from_nanos(by.unsigned_abs()))
                );
            }
            Self::Power { host, lasts } => {
                write!(f, "power {host} off")?;
                *lasts
            }
            Self::Signal { host, signal } => {
                return write!(f, "signal {host} {}", signal.name());
            }
            Self::Restart { host, machine, after } => {
                let verb = if *machine { "reboot" } else { "restart" };
                return write!(f, "{verb} {host} after {}", format_duration(*after));
            }
        };
        lasts.map_or(Ok(()), |lasts| write!(f, " for {}", format_duration(lasts)))
    }
}

impl fmt::Display for PathChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mtu(octets) => write!(f, "{octets}"),
            Self::Loss(packets) => write!(f, "{packets}"),
            Self::Latency(time) | Self::Jitter(time) => f.write_str(&format_duration(*time)),
            Self::Bandwidth(octets) => write!(f, "{octets}"),
        }
    }
}

/// Text of several lines as it stands, where TOML lets it; otherwise with its escapes.
fn block(text: &str) -> String {
    let is_plain = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    if text.contains("'''") || text.ends_with('\'') || !text.chars().all(is_plain) {
        return quoted(text);
    }
    format!("'''\n{text}'''")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
