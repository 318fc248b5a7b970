//! A scenario file, read and checked. Every complaint names the place, the offending text and what was expected.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::sync::Arc;

use holdtime_core::Duration;
use holdtime_core::config::{ConfigText, Settings};
use toml::Spanned;

use crate::scenario::Oracle;
use crate::scenario::check::Check;
use crate::scenario::file::{
    Addresses, BoundsTable, EndsTable, File, PeerTable, PricesTable, ProgramTable, SpeakerTable, WindowTable,
};
use crate::scenario::mistake::{Mistake, Source, nearest};
use crate::scenario::script::{Pattern, PeerScript, ProgramScript, parse_pattern};
use crate::scenario::{Actor, PeerPlace, Play, PlayGuests, PlayPeer, PlaySpeaker, usual_prices};
use crate::scenario::{Bounds, Expected, ExpectedEnd, Scenario, Window, clients, crowd, fault_lines, whole};
use holdtime_machine::guest::NoGuests;
use holdtime_machine::net::{Kernel, SocketOptions};
use holdtime_machine::world::Prices;

/// Programs by their commands, each with its scripts.
type Scripted = Vec<(String, Vec<ProgramScript>)>;

impl Scenario {
    /// Reads a scenario; `read` opens a file that stands next to it. `subjects` are the names that `[expect]` may have, `None`: any.
    ///
    /// # Errors
    /// The first mistake in the file.
    pub fn parse(
        source: &Source,
        read: impl Fn(&str) -> Option<String>,
        subjects: Option<&[&str]>,
    ) -> Result<Self, Mistake> {
        let file: File = toml::from_str(source.text()).map_err(|error| from_toml(source, &error))?;
        let check = Check { source };
        let run_for = check.run_for(&file.run_for)?;
        let tables = crowd::each_peer(source, &file.peer)?;
        let hosts = whole::hosts(&check, &file, &tables)?;
        let faults = match &file.faults {
            Some(faults) => fault_lines::parse(source, check.inside(faults), &hosts, run_for)?,
            None => Vec::new(),
        };
        let speakers = file.speaker.iter().map(|table| check.speaker(table, &read));
        let speakers = speakers.collect::<Result<Vec<_>, _>>()?;
        whole::programs(&check, &file, (&tables, &speakers))?;
        let first = speakers.first().map_or(&[][..], |speaker| &speaker.addresses);
        let peers = tables.iter().map(|table| check.peer(table, first));
        let peers = peers.collect::<Result<Vec<_>, _>>()?;
        let (programs, guests) = check.programs(&file.program)?;
        let clients = clients::of(&check, &file, &hosts)?;
        whole::listeners(&check, &tables, &peers)?;
        let window = |up: &WindowTable| check.window(&up.at, up.within.as_ref(), run_for);
        let up = file.up.as_ref().map(window).transpose()?;
        let again_by = file.up.as_ref().and_then(|up| up.again_by.as_ref());
        let kernel = Kernel::default();
        let play = Play {
            name: scenario_name(source.name()),
            speakers,
            peers,
            programs,
            clients,
            guests,
            programs_count: true,
            rests: true,
            faults,
            latency: check.price(file.network.latency.as_ref(), Duration::from_millis(1))?,
            kernel: Kernel {
                syn_linear_timeouts: file.network.syn_linear_timeouts.unwrap_or(kernel.syn_linear_timeouts),
            },
            prices: check.prices(&file.prices)?,
            bounds: check.bounds(&file.bounds)?,
            up,
            again_by: again_by.map(|by| check.moment(by, run_for)).transpose()?,
            ends: file.ends.map(|ends| check.ends(&ends, run_for)).transpose()?,
            run_for,
        };
        Ok(Self {
            title: file.title,
            source: file.source,
            play,
            expect: check.expect(&file.expect, subjects)?,
        })
    }
}

/// `folder/name.toml` is called `name`.
fn scenario_name(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name).to_owned()
}

impl Check<'_> {
    fn speaker(
        &self,
        table: &SpeakerTable,
        read: &impl Fn(&str) -> Option<String>,
    ) -> Result<PlaySpeaker, Mistake> {
        let name_of = |number: usize| match number {
            1 => format!("{} (configuration)", self.source.name()),
            _ => format!("{} (configuration {number})", self.source.name()),
        };
        let config = match (&table.config, &table.config_file) {
            (Some(text), None) => ConfigText { name: name_of(1), text: text.get_ref().clone() },
            (None, Some(file)) => {
                let name = file.get_ref().clone();
                let text = read(&name)
                    .ok_or_else(|| self.source.mistake(file.span(), format!("cannot read `{name}`")))?;
                ConfigText { name, text }
            }
            _ => {
                return Err(self
                    .source
                    .mistake(table.address.span(), "which configuration?")
                    .expected("either `config` or `config-file`"));
            }
        };
        let further = (2..).zip(&table.reloads);
        let further =
            further.map(|(number, text)| ConfigText { name: name_of(number), text: text.get_ref().clone() });
        let files = std::iter::once(config).chain(further).collect();
        let name =
            table.name.as_ref().map_or_else(|| whole::SPEAKER.to_owned(), |name| name.get_ref().clone());
        Ok(PlaySpeaker {
            name,
            addresses: self.addresses(&table.address)?,
            files,
            settings: Settings::default(),
            options: self.sockets(
                table.send_buffer.as_ref(),
                table.receive_buffer.as_ref(),
                table.mss.as_ref(),
            )?,
        })
    }

    fn sockets(
        &self,
        send_buffer: Option<&Spanned<usize>>,
        receive_buffer: Option<&Spanned<usize>>,
        mss: Option<&Spanned<u16>>,
    ) -> Result<SocketOptions, Mistake> {
        let usual = SocketOptions::default();
        Ok(SocketOptions {
            send_buffer: self.at_least_one(send_buffer, 0)?.or(usual.send_buffer),
            receive_buffer: self.at_least_one(receive_buffer, 0)?.unwrap_or(usual.receive_buffer),
            mss: self.at_least_one(mss, 0)?.unwrap_or(usual.mss),
            ..usual
        })
    }

    fn peer(&self, table: &PeerTable, speaker: &[IpAddr]) -> Result<PlayPeer, Mistake> {
        let addresses = table.address.as_ref().map_or(Ok(Vec::new()), |address| self.addresses(address))?;
        let actor = Actor::Script {
            script: PeerScript::parse(self.source, self.inside(&table.script))?,
            asn: table.asn,
            router_id: table.router_id.or(first_ipv4(&addresses)).unwrap_or(Ipv4Addr::new(10, 255, 255, 254)),
        };
        Ok(PlayPeer {
            name: table.name.get_ref().clone(),
            place: PeerPlace::of(&addresses, speaker),
            options: self.sockets(
                table.send_buffer.as_ref(),
                table.receive_buffer.as_ref(),
                table.mss.as_ref(),
            )?,
            actor,
            addresses,
        })
    }

    /// The programs that follow a script, each with it, and those that are real.
    fn programs(&self, tables: &[ProgramTable]) -> Result<(Scripted, Option<PlayGuests>), Mistake> {
        let (mut programs, mut commands) = (Vec::new(), Vec::new());
        for table in tables {
            let command = table.run.get_ref().clone();
            match (&table.script, table.real) {
                (Some(script), None) => {
                    programs.push((command, vec![ProgramScript::parse(self.source, self.inside(script))?]));
                }
                (None, Some(true)) => commands.push(command),
                _ => {
                    let place = self.inside(&table.run);
                    let mistake = self.source.mistake(place, format!("what is `{command}`?"));
                    return Err(mistake.expected("its `script`, or `real = true` for the program itself"));
                }
            }
        }
        let guests = (!commands.is_empty()).then(|| PlayGuests { commands, source: Arc::new(NoGuests) });
        Ok((programs, guests))
    }

    /// A number of octets, where there is one.
    fn at_least_one<T: Copy + PartialEq>(
        &self,
        number: Option<&Spanned<T>>,
        zero: T,
    ) -> Result<Option<T>, Mistake> {
        match number {
            Some(number) if *number.get_ref() == zero => {
                Err(self.source.mistake(number.span(), "this holds nothing").expected("at least 1 octet"))
            }
            number => Ok(number.map(|number| *number.get_ref())),
        }
    }

    fn addresses(&self, addresses: &Spanned<Addresses>) -> Result<Vec<IpAddr>, Mistake> {
        match addresses.get_ref().all() {
            [] => Err(self
                .source
                .mistake(addresses.span(), "a host has an address")
                .expected("an IP address, or a list of them")),
            many => Ok(many.to_vec()),
        }
    }

    fn prices(&self, table: &PricesTable) -> Result<Prices, Mistake> {
        let usual = usual_prices();
        Ok(Prices::new(
            self.price(table.poll.as_ref(), usual.poll())?,
            self.price(table.call.as_ref(), usual.call())?,
            self.price(table.byte.as_ref(), usual.octets(1))?,
            self.price(table.route.as_ref(), usual.routes(1))?,
        ))
    }

    fn bounds(&self, table: &BoundsTable) -> Result<Bounds, Mistake> {
        let usual = Bounds::default();
        Ok(Bounds {
            route: self.price(table.route.as_ref(), usual.route)?,
            answer: self.price(table.answer.as_ref(), usual.answer)?,
            wakeups: table.wakeups.unwrap_or(usual.wakeups),
        })
    }

    fn ends(&self, table: &EndsTable, run_for: Duration) -> Result<ExpectedEnd, Mistake> {
        let never = table.how.get_ref() == "never";
        match (&table.at, &table.within) {
            (Some(time), _) | (None, Some(time)) if never => Err(self
                .source
                .mistake(self.inside(time), "what never ends has no time")
                .expected("`how = \"never\"` alone")),
            _ if never => Ok(ExpectedEnd::Never),
            (Some(at), within) => {
                let how = parse_pattern(self.source, self.inside(&table.how));
                let ends = [Pattern::Close, Pattern::Type(3)];
                let is_end = |how: &Pattern| ends.contains(how) || matches!(how, Pattern::Notification(..));
                let how = how.ok().filter(is_end).ok_or_else(|| {
                    self.source
                        .mistake(self.inside(&table.how), "no session ends like this")
                        .one_of(table.how.get_ref(), &["notification", "close", "never"])
                })?;
                Ok(ExpectedEnd::With(how, self.window(at, within.as_ref(), run_for)?))
            }
            (None, _) => Err(self
                .source
                .mistake(self.inside(&table.how), "when does it end?")
                .expected("`at = \"90s\"` beside it, or `how = \"never\"`")),
        }
    }

    fn window(
        &self,
        at: &Spanned<String>,
        within: Option<&Spanned<String>>,
        run_for: Duration,
    ) -> Result<Window, Mistake> {
        let within = within.map_or(Ok(Duration::from_secs(1)), |within| self.duration(within))?;
        Ok(Window { at: self.moment(at, run_for)?, within })
    }

    /// A time of the run, before its end.
    fn moment(&self, at: &Spanned<String>, run_for: Duration) -> Result<Duration, Mistake> {
        let place = self.inside(at);
        let at = self.duration(at)?;
        whole::before_the_end(self.source, place, at, run_for)?;
        Ok(at)
    }

    fn expect(
        &self,
        table: &toml::Table,
        subjects: Option<&[&str]>,
    ) -> Result<Vec<(String, Expected)>, Mistake> {
        table
            .iter()
            .map(|(name, value)| {
                let place = self.place_of_key("expect", name);
                if let Some(subjects) = subjects.filter(|subjects| !subjects.contains(&name.as_str())) {
                    let problem = format!("no reactor is called `{name}`");
                    return Err(self.source.mistake(place, problem).one_of(name, subjects));
                }
                let verdict = value.as_str().unwrap_or_default();
                let expected = parse_expected(verdict).ok_or_else(|| {
                    self.source
                        .mistake(place, format!("`{verdict}` is no verdict"))
                        .expected("`pass`, or oracles such as `O1 O3`")
                })?;
                Ok((name.clone(), expected))
            })
            .collect()
    }

    /// Where `key = …` stands in the table `[table]`; tables keep no places of their own.
    fn place_of_key(&self, table: &str, key: &str) -> Range<usize> {
        let text = self.source.text();
        let start = text.find(&format!("[{table}]")).unwrap_or(0);
        let at = text
            .get(start..)
            .and_then(|rest| rest.find(&format!("\n{key}")))
            .map_or(start, |at| start + at + 1);
        at..at + key.len()
    }

    fn run_for(&self, text: &Spanned<String>) -> Result<Duration, Mistake> {
        match self.duration(text)? {
            Duration::ZERO => Err(self
                .source
                .mistake(self.inside(text), "in no time nothing happens")
                .expected("a time above zero, after which the run is over, such as `60s`")),
            time => Ok(time),
        }
    }
}

fn parse_expected(text: &str) -> Option<Expected> {
    if text == "pass" {
        return Some(Expected::Pass);
    }
    let oracles: Vec<Oracle> =
        text.split_whitespace().map(|code| code.parse().ok()).collect::<Option<_>>()?;
    let is_twice = oracles
        .iter()
        .enumerate()
        .any(|(at, oracle)| oracles.iter().skip(at + 1).any(|other| other == oracle));
    (!oracles.is_empty() && !is_twice).then_some(Expected::Hang(oracles))
}

/// The TOML reader's own complaint, with the nearest field where it does not know one.
fn from_toml(source: &Source, error: &toml::de::Error) -> Mistake {
    let message = error.message();
    let mistake = source.mistake(error.span().unwrap_or(0..0), message.lines().next().unwrap_or_default());
    if message.starts_with("unknown field") {
        let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        if let Some((found, known)) = names.split_first() {
            return mistake.nearest(nearest(found, known));
        }
    }
    mistake
}

/// The first address of IPv4: a peer's BGP identifier unless told.
pub(super) fn first_ipv4(addresses: &[IpAddr]) -> Option<Ipv4Addr> {
    addresses.iter().find_map(|address| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "title = 'a speaker and a peer'\nrun-for = '100s'\nfaults = '''\nat 1s suspend silent for 2s\n'''\n\n[[speaker]]\naddress = '10.0.0.1'\nconfig = 'process p { run ./announce; encoder text; } neighbor 10.0.0.2 { router-id 10.0.0.1; local-address 10.0.0.1; local-as 1; peer-as 2; }'\n\n\
        [[peer]]\nname = 'silent'\naddress = ['10.0.0.2', 'fd00::2']\nas = 65002\nscript = '''\naccept\nexpect open\n'''\n\n\
        [[program]]\nrun = './announce'\nscript = 'send version'\n\n[prices]\nbyte = '3ns'\n\n[ends]\nhow = 'notification 4/0'\nat = '90s'\n\n[expect]\npoll = 'pass'\nread-first = 'O1 O3'\n";

    fn parse(text: &str) -> Result<Scenario, Mistake> {
        Scenario::parse(
            &Source::new("folder/mute.toml", text),
            |_| None,
            Some(&["poll", "async", "read-first"]),
        )
    }

    #[test]
    fn a_scenario_is_read_whole() {
        let scenario = parse(GOOD).unwrap();
        assert_eq!(scenario.play.name, "mute");
        let Actor::Script { router_id, .. } = scenario.play.peers[0].actor else { panic!("no script") };
        assert_eq!(router_id, Ipv4Addr::new(10, 0, 0, 2));
        assert_eq!(scenario.play.prices.octets(1), Duration::from_nanos(3));
        let ends = Window { at: Duration::from_secs(90), within: Duration::from_secs(1) };
        assert_eq!(scenario.play.ends, Some(ExpectedEnd::With(Pattern::Notification(4, 0), ends)));
        assert_eq!(
            *scenario.expected("read-first"),
            Expected::Hang(vec![Oracle::Unsent, Oracle::Unanswered])
        );
        assert_eq!(*scenario.expected("await-peers"), Expected::Pass);
    }

    #[test]
    fn every_mistake_is_shown_at_its_place() {
        for (right, wrong, place, complaint) in [
            ("expect open", "expect opne", "17:8:", "did you mean `open`?"),
            ("run-for = '100s'", "run-for = '60 secs'", "2:12:", "not a time"),
            ("run-for = '100s'", "run-fro = '60s'", "2:1:", "did you mean `run-for`?"),
            ("byte = '3ns'", "byte = '0s'", "25:9:", "nothing is free"),
            ("suspend silent", "suspend silence", "4:15:", "did you mean `silent`?"),
            ("read-first = ", "red-first = ", "33:1:", "did you mean `read-first`?"),
            ("'O1 O3'", "'O1 O33'", "33:1:", "`O1 O33` is no verdict"),
            ("'notification 4/0'", "'notification 4-0'", "28:8:", "no session ends like this"),
            ("'notification 4/0'", "'nevr'", "28:8:", "did you mean `never`?"),
            ("'notification 4/0'", "'keepalive'", "28:8:", "no session ends like this"),
            ("'notification 4/0'", "'never'", "29:7:", "what never ends has no time"),
            ("at = '90s'", "", "28:8:", "when does it end?"),
            ("run-for = '100s'", "run-for = '0s'", "2:12:", "in no time nothing happens"),
            ("address = '10.0.0.1'", "address = 'ten'", "8:11:", "`ten` is no IP address"),
            ("'fd00::2']", "'fd00:2']", "13:11:", "`fd00:2` is no IP address"),
            ("address = '10.0.0.1'", "address = 10", "8:11:", "an IP address such as"),
        ] {
            let text = GOOD.replacen(right, wrong, 1);
            assert_ne!(text, GOOD);
            let mistake = parse(&text).unwrap_err().to_string();
            assert!(
                mistake.contains(&format!("mute.toml:{place}")) && mistake.contains(complaint),
                "{mistake}"
            );
        }
    }
}
