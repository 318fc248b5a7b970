//! What the other end of the session must receive: the `.msg` format of ExaBGP's functional cases.
//!
//! One rule a line: `option:…` sets the checking peer up, the rest is `SEQ:raw:HEX`, `SEQ:notification:TEXT` or
//! `SEQ:signal:NAME`. Rules with one sequence number may be met in any order, all of them before the next number's;
//! a letter before the number orders the groups, all of A's before B's.

use std::collections::BTreeMap;
use std::ops::Range;

use holdtime_core::speaker::Signal;

use crate::scenario::codec;
use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::hex;

/// A parsed `.msg` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// How the checking peer is set up.
    pub options: Options,
    /// The groups, in the order in which they come up.
    pub groups: Vec<MessageGroup>,
}

/// Rules that may be met in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageGroup {
    /// Its sequence number as it was written, such as `A1`.
    pub name: String,
    /// Whole messages that must arrive.
    pub messages: Vec<Vec<u8>>,
    /// What the peer does when the group comes up.
    pub deeds: Vec<Deed>,
}

/// Something that the peer does rather than receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Sends NOTIFICATION 6/0 with this text as its data.
    Notify(String),
    /// Signals the speaker.
    Signal(Signal),
}

/// The peer's setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The peer's own AS number, where it is not the speaker's.
    pub asn: Option<u32>,
    /// Listen on `::1` rather than on 127.0.0.1.
    pub ipv6: bool,
    /// Check the OPEN by the rules too.
    pub inspect_open: bool,
    /// Add capability 66 to the peer's OPEN.
    pub unknown_capability: bool,
    /// Send a message of type 255 after the first KEEPALIVE.
    pub unknown_message: bool,
    /// Announce a route once OPEN is exchanged.
    pub default_route: bool,
    /// The value of `exabgp_tcp_connections`.
    pub connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            asn: None,
            ipv6: false,
            inspect_open: false,
            unknown_capability: false,
            unknown_message: false,
            default_route: false,
            connections: 1,
        }
    }
}

const OPTIONS: &[&str] = &[
    "asn:N",
    "bind:ipv6",
    "open:inspect-open-message",
    "open:send-unknown-capability",
    "open:send-unknown-message",
    "update:send-default-route",
    "tcp_connections:N",
];

impl Expectation {
    /// Parses a `.msg` file.
    ///
    /// # Errors
    /// The first line that is no rule.
    pub fn parse(source: &Source) -> Result<Self, Mistake> {
        let mut options = Options::default();
        let mut groups: BTreeMap<(Option<char>, u32), MessageGroup> = BTreeMap::new();
        let mut start = 0;
        for raw in source.text().split('\n') {
            let line = raw.trim();
            let at = start + (raw.len() - raw.trim_start().len());
            let range = at..at + line.len();
            start += raw.len() + 1;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(option) = line.strip_prefix("option:") {
                options
                    .set(option)
                    .map_err(|()| source.mistake(range, "unknown option").one_of(option, OPTIONS))?;
            } else {
                let rule = Line { source, range, text: line };
                let (key, name) = rule.sequence()?;
                let group =
                    groups.entry(key).or_insert_with(|| MessageGroup { name, ..MessageGroup::default() });
                rule.add_to(group)?;
            }
        }
        Ok(Self { options, groups: groups.into_values().collect() })
    }
}

impl Options {
    fn set(&mut self, option: &str) -> Result<(), ()> {
        match option {
            "bind:ipv6" => self.ipv6 = true,
            "open:inspect-open-message" => self.inspect_open = true,
            "open:send-unknown-capability" => self.unknown_capability = true,
            "open:send-unknown-message" => self.unknown_message = true,
            "update:send-default-route" => self.default_route = true,
            _ => match option.split_once(':') {
                Some(("asn", number)) => self.asn = Some(number.parse().map_err(drop)?),
                Some(("tcp_connections", number)) => self.connections = number.parse().map_err(drop)?,
                _ => return Err(()),
            },
        }
        Ok(())
    }
}

/// One rule's line.
struct Line<'a> {
    source: &'a Source,
    range: Range<usize>,
    text: &'a str,
}

impl Line<'_> {
    /// The place of the rule's group in the order, and its name.
    fn sequence(&self) -> Result<((Option<char>, u32), String), Mistake> {
        let name = self.text.split(':').next().unwrap_or_default();
        let letter = name.chars().next().filter(char::is_ascii_alphabetic);
        let number = name.get(usize::from(letter.is_some())..).and_then(|number| number.parse().ok());
        match number {
            Some(number) => Ok(((letter, number), name.to_owned())),
            None => Err(self
                .mistake(0, name.len(), "not a sequence number")
                .expected("a number, or a letter and a number, such as 1 or A1")),
        }
    }

    fn add_to(&self, group: &mut MessageGroup) -> Result<(), Mistake> {
        let mut parts = self.text.splitn(3, ':');
        let sequence = parts.next().unwrap_or_default();
        let kind = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value_at = sequence.len() + kind.len() + 2;
        match kind {
            "raw" => group.messages.push(self.message(value, value_at)?),
            "notification" => group.deeds.push(Deed::Notify(value.to_owned())),
            "signal" => {
                let names = Signal::ALL.map(Signal::name);
                let signal = Signal::ALL.into_iter().find(|signal| signal.name() == value);
                let signal = signal.ok_or_else(|| {
                    self.mistake(value_at, value.len(), "unknown signal").one_of(value, &names)
                })?;
                group.deeds.push(Deed::Signal(signal));
            }
            other => {
                let mistake =
                    self.mistake(sequence.len() + 1, other.len(), format!("unknown kind of rule `{other}`"));
                return Err(mistake.one_of(other, &["raw", "notification", "signal"]));
            }
        }
        Ok(())
    }

    /// A whole message, whose length field must agree with its length.
    fn message(&self, digits: &str, at: usize) -> Result<Vec<u8>, Mistake> {
        let bytes = hex(digits).ok_or_else(|| {
            self.mistake(at, digits.len(), "not hexadecimal")
                .expected("pairs of hexadecimal digits; colons are only for the eye")
        })?;
        let stated = codec::stated_length(&bytes);
        if bytes.len() < codec::HEADER || stated != Some(bytes.len()) {
            let problem = format!("the message is {} octets long", bytes.len());
            let expected = stated.map_or_else(
                || "at least the header's 19".to_owned(),
                |stated| format!("{stated}, as its length field says"),
            );
            return Err(self.mistake(at, digits.len(), problem).expected(expected));
        }
        Ok(bytes)
    }

    fn mistake(&self, at: usize, length: usize, problem: impl Into<String>) -> Mistake {
        let start = self.range.start + at;
        self.source.mistake(start..start + length, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EOR: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0017:02:00000000";

    fn parse(text: &str) -> Result<Expectation, Mistake> {
        Expectation::parse(&Source::new("case.msg", text))
    }

    #[test]
    fn groups_come_in_the_order_of_letters_then_numbers() {
        let text = format!(
            "# the order of lines means nothing\nB1:raw:{EOR}\n10:raw:{EOR}\nA2:signal:SIGUSR1\n2:raw:{EOR}\n2:raw:{EOR}\nA1:notification:go away\n"
        );
        let expectation = parse(&text).unwrap();
        let names: Vec<_> = expectation.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["2", "10", "A1", "A2", "B1"]);
        assert_eq!(expectation.groups[0].messages.len(), 2);
        assert_eq!(expectation.groups[2].deeds, [Deed::Notify("go away".into())]);
        assert_eq!(expectation.groups[3].deeds, [Deed::Signal(Signal::User1)]);
    }

    #[test]
    fn options_set_the_peer_up() {
        let options = parse("option:asn:65000\noption:bind:ipv6\noption:tcp_connections:3\noption:open:inspect-open-message\n").unwrap().options;
        assert_eq!(
            (options.asn, options.ipv6, options.connections, options.inspect_open),
            (Some(65000), true, 3, true)
        );
    }

    #[test]
    fn a_rule_that_is_wrong_is_shown_with_its_place() {
        for (text, complaint) in [
            ("1:rew:00", "did you mean `raw`?"),
            ("x:raw:00", "not a sequence number"),
            ("1:raw:FFFF", "the message is 2 octets long"),
            (
                "1:raw:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0018:02:00000000",
                "expected 24, as its length field says",
            ),
            ("option:open:inspect-open", "did you mean"),
            ("1:signal:SIGUSR3", "did you mean `SIGUSR1`?"),
        ] {
            let mistake = parse(text).unwrap_err().to_string();
            assert!(mistake.contains(complaint), "{mistake}");
        }
    }
}
