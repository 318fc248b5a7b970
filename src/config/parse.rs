//! The top of a configuration file: `process`, `template` and `neighbor` sections.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::neighbor::Neighbor;
use super::partial::Partial;
use super::process::Process;
use super::settings::{Encoder, Settings};
use super::{Config, ConfigError, ConfigText};
use super::{api, finish, options};
use crate::grammar::{
    Cursor, Result, RouteCollector, Span, SyntaxError, TextKind, Token, TokenKind, address_and_length,
    unexpected, unknown,
};

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, and where.
    pub fn parse(file: &ConfigText, settings: &Settings) -> Result<Self, ConfigError> {
        let mut cursor = Cursor::new(&file.text, TextKind::File);
        let mut parser = Parser::new(settings);
        let result = parser.file(&mut cursor).and_then(|()| parser.finish(&mut cursor));
        match result {
            Ok((processes, neighbors)) => {
                let locate = |fault: &SyntaxError| fault.locate(&file.name, &file.text);
                Ok(Self { processes, neighbors, warnings: cursor.warnings.iter().map(locate).collect() })
            }
            Err(fault) => Err(fault.locate(&file.name, &file.text).into()),
        }
    }
}

/// What was read so far.
struct Parser<'s> {
    settings: &'s Settings,
    processes: Vec<Process>,
    templates: BTreeMap<String, Partial>,
    neighbors: Vec<(Partial, Span)>,
    routes: RouteCollector,
}

const SECTIONS: &[&str] = &["process", "template", "neighbor"];

impl<'s> Parser<'s> {
    fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            processes: Vec::new(),
            templates: BTreeMap::new(),
            neighbors: Vec::new(),
            routes: RouteCollector::default(),
        }
    }

    fn file(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        loop {
            let token = cursor.take()?;
            match token.kind {
                TokenKind::End => return Ok(()),
                TokenKind::CloseBrace => Self::surplus(cursor, &token)?,
                TokenKind::Word => self.section(cursor, &token)?,
                _ => return Err(unexpected(&token).one_of("", SECTIONS)),
            }
        }
    }

    /// ExaBGP stops reading at a `}` too many. At the end of the file that does no harm.
    fn surplus(cursor: &mut Cursor<'_>, brace: &Token<'_>) -> Result<()> {
        let fault = SyntaxError::new(brace.span, "there is no open block that this `}` could close");
        if cursor.peek()?.kind == TokenKind::End {
            cursor.warn(fault);
            return Ok(());
        }
        Err(fault.one_of("", SECTIONS))
    }

    fn section(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<()> {
        match keyword.text.as_ref() {
            "process" => self.process(cursor),
            "template" => cursor.block("template", |cursor, keyword| {
                if keyword.is("neighbor") {
                    self.template(cursor)
                } else {
                    Err(unknown(&keyword, "a template", &["neighbor"]))
                }
            }),
            "neighbor" => {
                let expected = "the peer's address, or a prefix of passive peers";
                let peer = cursor.value("a peer's address", expected, address_and_length)?;
                let place = cursor.last();
                let mut partial = Partial::default();
                let address = Token {
                    kind: TokenKind::Word,
                    text: "peer-address".into(),
                    span: place,
                    after_newline: false,
                };
                partial.peer_address.set(cursor, &address, peer);
                self.options(cursor, &mut partial)?;
                self.neighbors.push((partial, place));
                Ok(())
            }
            _ => Err(unknown(keyword, "a section", SECTIONS)),
        }
    }

    fn options(&mut self, cursor: &mut Cursor<'_>, partial: &mut Partial) -> Result<()> {
        let routes = &mut self.routes;
        cursor.block("neighbor", |cursor, keyword| options::statement(cursor, &keyword, partial, routes))?;
        partial.routes = self.routes.take();
        partial.first_routes = core::mem::take(&mut self.routes.first);
        Ok(())
    }

    fn template(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let name = cursor.word("the template's name")?;
        if !name.text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)) {
            let problem = alloc::format!("`{}` cannot name a template", name.text);
            return Err(SyntaxError::new(name.span, problem).expected("letters, digits, `.`, `-` and `_`"));
        }
        if self.templates.contains_key(name.text.as_ref()) {
            let problem = alloc::format!("there is a template `{}` already", name.text);
            return Err(SyntaxError::new(name.span, problem).expected("another name"));
        }
        let mut partial = Partial::default();
        self.options(cursor, &mut partial)?;
        self.templates.insert(name.text.to_string(), partial);
        Ok(())
    }

    fn process(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let name = cursor.word("the program's name")?;
        if self.processes.iter().any(|process| process.name == name.text) {
            let problem = alloc::format!("there is a process `{}` already", name.text);
            return Err(SyntaxError::new(name.span, problem).expected("another name"));
        }
        let mut process = Process {
            name: name.text.to_string(),
            run: Vec::new(),
            encoder: self.settings.api.encoder,
            respawn: true,
        };
        cursor.block("process", |cursor, keyword| {
            match keyword.text.as_ref() {
                "run" => {
                    process.run = Vec::from([cursor.word("a program's path")?.text.to_string()]);
                    while !cursor.at_end()? {
                        process.run.push(argument(cursor)?);
                    }
                }
                "encoder" => {
                    process.encoder =
                        cursor.choice("an encoder", &[("text", Encoder::Text), ("json", Encoder::Json)])?;
                }
                "respawn" => process.respawn = cursor.boolean(true)?,
                _ => return Err(unknown(&keyword, "an option of a process", &["run", "encoder", "respawn"])),
            }
            cursor.end_statement()
        })?;
        if process.run.is_empty() {
            let problem = alloc::format!("the process `{}` says no program", name.text);
            return Err(SyntaxError::new(name.span, problem).expected("`run <path> <arguments>;`"));
        }
        self.processes.push(process);
        Ok(())
    }

    /// Applies the templates and checks each neighbor.
    fn finish(self, cursor: &mut Cursor<'_>) -> Result<(Vec<Process>, Vec<Neighbor>)> {
        let names: Vec<&str> = self.processes.iter().map(|process| process.name.as_str()).collect();
        let mut neighbors: Vec<Neighbor> = Vec::with_capacity(self.neighbors.len());
        let mut seen = alloc::collections::BTreeSet::new();
        for (mut partial, place) in self.neighbors {
            // ExaBGP takes nothing from a template that is not there. Where something is missing then, this is why.
            let mut unknown = None;
            for inherited in core::mem::take(&mut partial.inherits) {
                if let Some(template) = self.templates.get(&inherited.value) {
                    partial.inherit(template, cursor);
                    continue;
                }
                let known: Vec<&str> = self.templates.keys().map(String::as_str).collect();
                let problem =
                    alloc::format!("there is no template `{}`, so nothing is inherited", inherited.value);
                let define = alloc::format!("`template {{ neighbor {} {{ … }} }}`", inherited.value);
                unknown = Some(
                    SyntaxError::new(inherited.span, problem)
                        .expected(define)
                        .one_of(&inherited.value, &known),
                );
                unknown.iter().for_each(|fault| cursor.warn(fault.clone()));
            }
            let subscriptions = api::subscriptions(&partial.api, &names)?;
            let neighbor = finish::neighbor(partial, subscriptions, place, self.settings, cursor)
                .map_err(|fault| unknown.unwrap_or(fault))?;
            if !seen.insert(neighbor.identifier()) {
                let problem = alloc::format!("there is a neighbor {} like this already", neighbor.peer);
                return Err(SyntaxError::new(place, problem)
                    .expected("another address, port to listen on, AS number or router id"));
            }
            neighbors.push(neighbor);
        }
        Ok((self.processes, neighbors))
    }
}

/// An argument of a program. Commas and brackets stand for themselves there.
fn argument(cursor: &mut Cursor<'_>) -> Result<String> {
    let token = cursor.take()?;
    if token.after_newline {
        return Err(SyntaxError::new(token.span, "the statement above this line is not ended")
            .expected("`;` before it"));
    }
    Ok(token.text.to_string())
}
