//! What a clause demands of a speaker, as data: the table `[probe]` of a scenario.
//!
//! ```toml
//! [probe]
//! clause = "RFC 4271 §6.5"
//! requires = "in words, what the clause requires"
//! must = "end notification 4/0"     # or "end", "end notification 6", "stay": all scripts end, and a session is up
//! or = "notification 2/6"           # optional; what is right too
//! peer = "far"                      # optional; whose session it is about, the first peer's unless told
//! since = "last message"            # with "end"; or "connected", "stalled", "signal"
//! after = "6s"                      # optional; not before so much time since then
//! within = "6s"                     # and not later; with "stay": since the start, until the session is up
//! routes = 12288                    # optional; so many routes the daemon is to have for each peer
//! keepalives = 1                    # optional; so many KEEPALIVEs at most
//! refresh = true                    # optional; only for speakers that offer route refresh
//! stalls = true                     # optional; only where something stays unsent in the daemon's socket
//! ```

use std::ops::Range;

use holdtime_core::Duration;
use serde::Deserialize;
use toml::Spanned;

use crate::scenario::Play;
use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::parse_duration;

/// What must be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The clause, such as `RFC 4271 §6.5`.
    pub clause: String,
    /// What it requires, in words.
    pub requires: String,
    /// What must happen.
    pub must: Must,
    /// The NOTIFICATION that is right too.
    pub or: Option<(u8, u8)>,
    /// The peer whose session it is about, by its place among the peers.
    pub peer: usize,
    /// What times count from.
    pub since: Since,
    /// Not before.
    pub after: Option<Duration>,
    /// Not later.
    pub within: Option<Duration>,
    /// How many routes the daemon is to have for each peer; 0: it does not matter.
    pub routes: usize,
    /// How many KEEPALIVEs there may be.
    pub keepalives: Option<u32>,
    /// Only for speakers that offer route refresh.
    pub refresh: bool,
    /// Only where something stays unsent.
    pub stalls: bool,
}

/// What must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// The daemon ends the session, with a NOTIFICATION of this code, and this subcode, where they are named.
    End(Option<(u8, Option<u8>)>),
    /// Every script comes to its end, and a session is up then.
    Stay,
}

/// What times count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// The start of the run.
    Start,
    /// That the connection came up.
    Connected,
    /// The last whole message that the peer sent.
    LastMessage,
    /// That nothing more left the daemon's socket, in which something is.
    Stalled,
    /// That the daemon's process was signalled.
    Signal,
}

#[derive(Deserialize)]
struct ProbeFile {
    probe: ProbeTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeTable {
    clause: String,
    requires: String,
    must: Spanned<String>,
    or: Option<Spanned<String>>,
    peer: Option<Spanned<String>>,
    since: Option<Spanned<String>>,
    after: Option<Spanned<String>>,
    within: Option<Spanned<String>>,
    #[serde(default)]
    routes: usize,
    keepalives: Option<u32>,
    #[serde(default)]
    refresh: bool,
    #[serde(default)]
    stalls: bool,
}

impl Requirement {
    /// Reads the table of a scenario that is right otherwise.
    ///
    /// # Errors
    /// The first mistake in it.
    pub(super) fn parse(source: &Source, play: &Play) -> Result<Self, Mistake> {
        let file: ProbeFile = toml::from_str(source.text()).map_err(|error| {
            let place = error.span().unwrap_or(0..0);
            source.mistake(place, error.message()).expected("a table `[probe]`")
        })?;
        let table = file.probe;
        let must = read(source, &table.must, "`stay`, `end` or `end notification 4/0`", must)?;
        let needs_since = matches!(must, Must::End(_)) && table.since.is_none();
        if needs_since || (matches!(must, Must::End(_)) && table.within.is_none()) {
            let mistake = source.mistake(table.must.span(), "when must it end?");
            return Err(mistake.expected("`since` and `within` beside it"));
        }
        let names: Vec<&str> = play.peers.iter().map(|peer| peer.name.as_str()).collect();
        let peer = table.peer.as_ref().map(|peer| {
            let found = names.iter().position(|name| name == peer.get_ref());
            let mistake = || source.mistake(inside(peer.span()), "no peer is called so");
            found.ok_or_else(|| mistake().one_of(peer.get_ref(), &names))
        });
        let time = |time: &Option<Spanned<String>>| {
            let time = time.as_ref();
            time.map(|time| read(source, time, "a time such as `6s`", parse_duration)).transpose()
        };
        let or = table.or.as_ref();
        let or = or.map(|or| read(source, or, "a NOTIFICATION such as `notification 2/6`", notification));
        let since = table.since.as_ref();
        let since = since.map(|word| read(source, word, "`connected` or `last message`", since_of));
        Ok(Self {
            clause: table.clause,
            requires: table.requires,
            must,
            or: or.transpose()?.and_then(|(code, subcode)| Some((code, subcode?))),
            peer: peer.transpose()?.unwrap_or(0),
            since: since.transpose()?.unwrap_or(Since::Start),
            after: time(&table.after)?,
            within: time(&table.within)?,
            routes: table.routes,
            keepalives: table.keepalives,
            refresh: table.refresh,
            stalls: table.stalls,
        })
    }
}

fn read<T>(
    source: &Source,
    word: &Spanned<String>,
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, Mistake> {
    let text = word.get_ref();
    let mistake = || source.mistake(inside(word.span()), format!("`{text}` does not fit here"));
    parse(text).ok_or_else(|| mistake().expected(expected))
}

/// A quoted word without its quotes.
pub(super) fn inside(span: Range<usize>) -> Range<usize> {
    span.start + 1..span.end.saturating_sub(1).max(span.start + 1)
}

fn must(text: &str) -> Option<Must> {
    match text.split_once(' ') {
        None if text == "stay" => Some(Must::Stay),
        None if text == "end" => Some(Must::End(None)),
        Some(("end", how)) => Some(Must::End(Some(notification(how)?))),
        _ => None,
    }
}

fn notification(text: &str) -> Option<(u8, Option<u8>)> {
    let code = text.strip_prefix("notification ")?;
    match code.split_once('/') {
        None => Some((code.parse().ok()?, None)),
        Some((code, subcode)) => Some((code.parse().ok()?, Some(subcode.parse().ok()?))),
    }
}

fn since_of(text: &str) -> Option<Since> {
    match text {
        "connected" => Some(Since::Connected),
        "last message" => Some(Since::LastMessage),
        "stalled" => Some(Since::Stalled),
        "signal" => Some(Since::Signal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn a_mistake_in_the_table_is_shown_at_its_place() {
        let good = super::super::find("hold-time-3").unwrap().text;
        for (right, wrong, complaint) in [
            ("\"end notification 4/0\"", "\"and notification 4/0\"", "expected `stay`, `end`"),
            ("since = \"last message\"", "since = \"first message\"", "`connected` or `last message`"),
            ("since = \"last message\"\n", "", "when must it end?"),
            ("after = \"3s\"", "after = \"three\"", "a time such as `6s`"),
            ("after = \"3s\"", "peer = \"fra\"", "did you mean `far`?"),
            ("after = \"3s\"", "afterwards = \"3s\"", "unknown field"),
            ("notification 2/6", "notification x", "a NOTIFICATION such as"),
        ] {
            let text = good.replacen(right, wrong, 1);
            assert_ne!(text, good, "{right}");
            let mistake = read("one", &Source::new("one.toml", text)).unwrap_err().to_string();
            assert!(mistake.contains(complaint), "{wrong}: {mistake}");
        }
    }
}
