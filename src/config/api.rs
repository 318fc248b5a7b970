//! The `api` sections of a neighbor: which programs hear of what.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use regex::bytes::{Regex, RegexBuilder};

use super::neighbor::{Messages, Subscription};
use super::partial::{ApiSection, kept};
use super::setting::Given;
use crate::grammar::{Cursor, Result, SyntaxError, Token, TokenKind, unknown};

const OPTIONS: &[&str] =
    &["processes", "processes-match", "neighbor-changes", "negotiated", "fsm", "signal", "send", "receive"];

const MESSAGES: &[&str] = &[
    "parsed",
    "packets",
    "consolidate",
    "open",
    "update",
    "notification",
    "keepalive",
    "refresh",
    "operational",
];

/// A pattern may take this much memory when compiled, in octets.
const PATTERN_LIMIT: usize = 1 << 20;

/// `api { … }`, or with a name for the operator.
pub(super) fn section(cursor: &mut Cursor<'_>, sections: &mut Vec<ApiSection>) -> Result<()> {
    if cursor.peek()?.kind == TokenKind::Word {
        cursor.word("a name")?;
    }
    let mut section = ApiSection::default();
    cursor.block("api", |cursor, keyword| {
        match keyword.text.as_ref() {
            "processes" => names(cursor, &mut section.processes)?,
            "processes-match" => names(cursor, &mut section.matches)?,
            "neighbor-changes" => section.neighbor_changes = cursor.boolean(true)?,
            "negotiated" => section.negotiated = cursor.boolean(true)?,
            "fsm" => section.fsm = cursor.boolean(true)?,
            "signal" => section.signal = cursor.boolean(true)?,
            "send" => return cursor.block("send", |c, keyword| message(c, &keyword, &mut section.send)),
            "receive" => {
                return cursor.block("receive", |c, keyword| message(c, &keyword, &mut section.receive));
            }
            _ => return Err(unknown(&keyword, "an option of `api`", OPTIONS)),
        }
        cursor.end_statement()
    })?;
    sections.push(section);
    Ok(())
}

fn names(cursor: &mut Cursor<'_>, names: &mut Vec<Given<String>>) -> Result<()> {
    if cursor.peek()?.kind != TokenKind::OpenBracket {
        cursor.expect(TokenKind::OpenBracket, "`[`, names and `]`")?;
    }
    cursor.list("a process's name", |cursor| {
        names.push(kept(&cursor.word("a process's name")?));
        Ok(())
    })
}

fn message(cursor: &mut Cursor<'_>, keyword: &Token<'_>, messages: &mut Messages) -> Result<()> {
    let switch = match keyword.text.as_ref() {
        "parsed" => &mut messages.parsed,
        "packets" => &mut messages.packets,
        "consolidate" => &mut messages.consolidate,
        "open" => &mut messages.open,
        "update" => &mut messages.update,
        "notification" => &mut messages.notification,
        "keepalive" => &mut messages.keepalive,
        "refresh" => &mut messages.refresh,
        "operational" => &mut messages.operational,
        _ => return Err(unknown(keyword, "a message or its form", MESSAGES)),
    };
    *switch = cursor.boolean(true)?;
    cursor.end_statement()
}

/// What the sections come to, one subscription a program. `processes` are the names of all programs.
pub(super) fn subscriptions(sections: &[ApiSection], processes: &[&str]) -> Result<Vec<Subscription>> {
    let mut subscriptions: Vec<Subscription> = Vec::new();
    let by_name = sections.iter().any(|section| !section.processes.is_empty());
    for section in sections {
        if let (true, Some(pattern)) = (by_name, section.matches.first()) {
            let problem = "a neighbor has `processes` or `processes-match`, not both";
            return Err(SyntaxError::new(pattern.span, problem));
        }
        for process in members(section, processes)? {
            let mine = subscriptions.iter().position(|subscription| subscription.process == process);
            match mine.and_then(|at| subscriptions.get_mut(at)) {
                Some(subscription) => subscription.add(section),
                None => {
                    let mut subscription =
                        Subscription { process: process.to_string(), ..Subscription::default() };
                    subscription.add(section);
                    subscriptions.push(subscription);
                }
            }
        }
    }
    Ok(subscriptions)
}

/// The programs that a section names or matches.
fn members<'p>(section: &ApiSection, processes: &[&'p str]) -> Result<Vec<&'p str>> {
    let mut members: Vec<&str> = Vec::new();
    for given in &section.processes {
        let Some(process) = processes.iter().find(|process| **process == given.value) else {
            let problem = alloc::format!("there is no process `{}`", given.value);
            let define = alloc::format!("`process {} {{ … }}` in this file", given.value);
            return Err(SyntaxError::new(given.span, problem)
                .expected(define)
                .one_of(&given.value, processes));
        };
        members.push(process);
    }
    for given in &section.matches {
        let pattern = pattern(given)?;
        members.extend(processes.iter().filter(|process| pattern.is_match(process.as_bytes())));
    }
    if let (true, Some(given)) = (members.is_empty(), section.matches.first()) {
        let problem = alloc::format!("no process matches `{}`", given.value);
        return Err(SyntaxError::new(given.span, problem).one_of("", processes));
    }
    Ok(members)
}

/// The pattern, anchored at the start of the name as Python's `re.match` does.
fn pattern(given: &Given<String>) -> Result<Regex, Box<SyntaxError>> {
    let anchored = alloc::format!("^(?:{})", given.value);
    RegexBuilder::new(&anchored).unicode(false).size_limit(PATTERN_LIMIT).build().map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let problem = alloc::format!("`{}` is not a regular expression: {reason}", given.value);
        SyntaxError::new(given.span, problem)
    })
}

impl Subscription {
    /// Adds what `section` asks for.
    fn add(&mut self, section: &ApiSection) {
        self.neighbor_changes |= section.neighbor_changes;
        self.negotiated |= section.negotiated;
        self.fsm |= section.fsm;
        self.signal |= section.signal;
        self.receive.add(section.receive);
        self.send.add(section.send);
    }
}

impl Messages {
    fn add(&mut self, more: Self) {
        self.parsed |= more.parsed;
        self.packets |= more.packets;
        self.consolidate |= more.consolidate;
        self.open |= more.open;
        self.update |= more.update;
        self.notification |= more.notification;
        self.keepalive |= more.keepalive;
        self.refresh |= more.refresh;
        self.operational |= more.operational;
    }
}
